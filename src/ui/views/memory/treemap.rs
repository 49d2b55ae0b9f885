//! Draws the treemap: boxes from one mesh, labels, tooltips, what is selected, clicks and zooming.

use std::sync::Arc;

use egui::{Align2, Rect, Response, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2};

use super::look::Look;
use super::prepared::prepared;
use super::tiles::{Tile, Tiles, What, text_area};
use crate::analysis::landscape::difference::{Change, How};
use crate::analysis::landscape::{Landscape, Member};
use crate::model::format::{bytes_text, duration_text, share_text};
use crate::model::quantity::Provenance;
use crate::state::command::{Command, NavigateCommand};
use crate::state::memory::MemoryCommand;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::{line_of_text, outline, text_on};
use crate::ui::widgets::provenance::tooltip;

/// Draws the landscape into `rect`; a click on a box selects what it stands for, a double click zooms into it.
pub fn treemap(
    ui: &mut Ui,
    rect: Rect,
    landscape: &Arc<Landscape>,
    look: Look,
    state: &State,
    commands: &mut Vec<Command>,
) -> Arc<Tiles> {
    let tiles = prepared(ui, rect, landscape, look);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, Theme::get(ui).panel);
    painter.add(Shape::Mesh(Arc::clone(&tiles.mesh)));
    for tile in &tiles.labelled {
        label(ui, &tiles, tile);
    }
    let (mut clicked, mut zoomed) = (None, None);
    let whole = ui.interact(rect, ui.scope_id().with("treemap"), Sense::click());
    let title = if tiles.look.difference { "Memory that changed:" } else { "Memory landscape of" };
    let total = bytes_text(tiles.landscape.shown_bytes());
    whole.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("{title} {total}")));
    let pointed = whole.interact_pointer_pos().and_then(|place| tiles.at(place)).map(|tile| tile.what);
    if whole.double_clicked() {
        zoomed = pointed;
    } else if whole.clicked() {
        clicked = pointed;
    }
    if let Some(tile) = whole.hover_pos().and_then(|place| tiles.at(place)) {
        let what = tile.what;
        whole.on_hover_ui_at_pointer(|ui| explain(ui, &tiles, what));
    }
    for tile in &tiles.labelled[..tiles.reachable] {
        let response = reachable(ui, &tiles, tile);
        if response.double_clicked() {
            zoomed = Some(tile.what);
        } else if response.clicked() {
            clicked = Some(tile.what);
        }
    }
    for rect in selected(&tiles, state) {
        outline(&painter, rect, Theme::get(ui).text);
    }
    if let Some(selection) = clicked.and_then(|what| tiles.selects(what)) {
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
    if let Some(zoom) = zoomed.and_then(|what| tiles.zooms(what)) {
        commands.push(NavigateCommand::Memory(MemoryCommand::Zoom(zoom)).into());
    }
    tiles
}

/// A box as something to click, with a name for the keyboard and for screen readers.
fn reachable(ui: &Ui, tiles: &Arc<Tiles>, tile: &Tile) -> Response {
    let what = tile.what;
    let sense = if tiles.selects(what).is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(tile.label, ui.scope_id().with(("treemap", key(what))), sense);
    let text = format!("{}, {}", tiles.name(what), amount(tiles, what));
    let role = if sense == Sense::click() { Role::Button } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, &text));
    if response.has_focus() {
        outline(ui.painter(), tile.rect, Theme::get(ui).accent);
    }
    response.on_hover_ui_at_pointer(|ui| explain(ui, tiles, what))
}

fn key(what: What) -> (u8, usize, usize, usize) {
    match what {
        What::Part(part) => (0, part, 0, 0),
        What::Member(part, member) => (1, part, member, 0),
        What::SmallMembers(part, first) => (2, part, first, 0),
        What::SmallParts(first) => (3, first, 0, 0),
        What::Unattributed => (4, 0, 0, 0),
        What::Slice(part, member, slice) => (5, part, member, slice),
        What::Outside(outside) => (6, outside, 0, 0),
        What::OutsideMember(outside, member) => (7, outside, member, 0),
    }
}

/// Name and size, as far as there is room: side by side in a header, else one above the other.
fn label(ui: &Ui, tiles: &Tiles, tile: &Tile) {
    let painter = ui.painter();
    let colour = text_on(tile.paint.fill);
    let area = text_area(tile.label);
    let is_outer = matches!(tile.what, What::Part(_) | What::Unattributed | What::Outside(_));
    let name_size = if is_outer { 12.0 } else { 11.0 };
    let figure = figure(tiles, tile.what);
    let name = tiles.name(tile.what);
    let has_two_lines = area.height() >= 30.0;
    if has_two_lines {
        line_of_text(painter, area.min, Align2::LEFT_TOP, &name, name_size, colour, area.width());
        let below = area.min + vec2(0.0, 14.0);
        line_of_text(painter, below, Align2::LEFT_TOP, &figure, 10.0, colour, area.width());
    } else if area.width() >= 150.0 {
        let right = pos2(area.right(), area.top() + 2.0);
        let taken = line_of_text(painter, right, Align2::RIGHT_TOP, &figure, 10.0, colour, area.width());
        let width = taken.left() - area.left() - 6.0;
        line_of_text(painter, area.min, Align2::LEFT_TOP, &name, name_size, colour, width);
    } else {
        line_of_text(painter, area.min, Align2::LEFT_TOP, &name, name_size, colour, area.width());
    }
}

/// How much: bytes, or how they changed.
fn amount(tiles: &Tiles, what: What) -> String {
    match changed(tiles, what) {
        Some((before, after, how)) => change_text(before, after, how),
        None => bytes_text(tiles.bytes(what)),
    }
}

/// `▲ +12 MB`.
pub fn change_text(before: f64, after: f64, how: How) -> String {
    let sign = if after < before { "−" } else { "+" };
    format!("{} {sign}{}", how.sign(), bytes_text((after - before).abs()))
}

/// How much, with the mark of where it is known from.
fn figure(tiles: &Tiles, what: What) -> String {
    let amount = amount(tiles, what);
    match provenance(tiles, what).filter(|_| !tiles.look.difference) {
        Some(provenance) => format!("{amount} {}", provenance.mark()),
        None => amount,
    }
}

/// In a picture of the difference: bytes before and after.
fn changed(tiles: &Tiles, what: What) -> Option<(f64, f64, How)> {
    let change = tiles.look.change.as_ref().filter(|_| tiles.look.difference)?;
    let of = |change: &Change| (change.before, change.after, change.how);
    match what {
        What::Part(_) => Some(of(&change.part(&tiles.part(what)?.component)?.all)),
        What::Member(..) => match tiles.member(what)?.entity {
            Some(entity) => change.members.get(&entity).copied(),
            None => Some(of(change.part(&tiles.part(what)?.component)?.members.last()?)),
        },
        What::Unattributed => Some(of(&change.unattributed)),
        What::Outside(_) => {
            let step = tiles.outside(what)?.step;
            Some(of(&change.outside.iter().find(|(known, _)| *known == step)?.1))
        }
        _ => None,
    }
}

/// Where a box's figure is known from: a member without an origin of its own has its component's.
fn provenance(tiles: &Tiles, what: What) -> Option<&Provenance> {
    let part = tiles.part(what)?;
    match (what, tiles.member(what)) {
        (What::Part(_), _) => Some(&part.bytes.provenance),
        (_, Some(member)) => member.provenance.as_ref().or(member.entity.map(|_| &part.bytes.provenance)),
        _ => None,
    }
}

/// What a tooltip tells of a box.
fn explain(ui: &mut Ui, tiles: &Tiles, what: What) {
    ui.set_max_width(420.0);
    ui.strong(tiles.name(what));
    if let Some((before, after, how)) = changed(tiles, what) {
        ui.label(format!("{}: {}", how.word(), change_text(before, after, how)));
        ui.label(format!("{} before, {} after", bytes_text(before), bytes_text(after)));
        return;
    }
    let total = tiles.landscape.total_bytes();
    let bytes = tiles.bytes(what);
    let share = |of: f64| share_text(bytes / of.max(1.0));
    if let (What::Slice(..), Some(member)) = (what, tiles.member(what)) {
        ui.label(format!("{} of {} ({})", bytes_text(bytes), member.name, share(member.bytes)));
    } else if let Some(part) = tiles.part(what).filter(|_| !matches!(what, What::Part(_))) {
        ui.label(format!("{} of {} ({})", bytes_text(bytes), part.title, share(part.bytes())));
    }
    match tiles.outside(what) {
        Some(_) => ui.label(format!("{}, besides what is counted as in use", bytes_text(bytes))),
        None => ui.label(format!("{} of all ({})", bytes_text(bytes), share(total))),
    };
    let weak = Theme::get(ui).text_weak;
    let mut note = |text: &str| {
        ui.label(egui::RichText::new(text).color(weak));
    };
    if what == What::Unattributed {
        note(tiles.landscape.whole.unattributed());
    } else if let Some(outside) = tiles.outside(what) {
        note(outside.definition());
    } else if let Some(slice) = tiles.slice(what) {
        note(slice.kind.definition());
    } else if let Some(provenance) = provenance(tiles, what) {
        note(&tooltip(provenance));
    } else {
        note("what is left of the whole");
    }
    if let (What::Part(_), Some(part)) = (what, tiles.part(what)) {
        note(&match part.members.len() {
            0 => String::from("not broken down"),
            members => format!("{members} parts"),
        });
        kinds(ui, part.kinds.iter().map(|slice| (slice.kind.title(), slice.bytes)));
    }
    if let (What::Member(..), Some(member)) = (what, tiles.member(what)) {
        explain_member(ui, tiles, member);
    }
    if tiles.zooms(what).is_some_and(|zoom| zoom.len() > tiles.look.zoom.len()) {
        ui.label(egui::RichText::new("double click: zoom in").small().color(weak));
    }
}

fn explain_member(ui: &mut Ui, tiles: &Tiles, member: &Member) {
    kinds(ui, member.kinds.iter().map(|slice| (slice.kind.title(), slice.bytes)));
    let weak = Theme::get(ui).text_weak;
    let mut note = |text: String| {
        ui.label(egui::RichText::new(text).color(weak));
    };
    if let Some(waste) = member.waste() {
        note(format!("{} of it is held and not in use", share_text(waste)));
    }
    if let Some(bytes) = member.binary_bytes {
        let bytes = bytes_text(bytes);
        note(format!(
            "keeps {bytes} of off-heap binaries alive, which are counted there, as several may keep the same"
        ));
    }
    if let (Some(at), Some(started)) = (tiles.landscape.at, member.started) {
        note(format!("there for {}", duration_text(at.seconds_since(started).max(0.0))));
    }
}

fn kinds<'a>(ui: &mut Ui, kinds: impl Iterator<Item = (&'a str, f64)>) {
    for (title, bytes) in kinds {
        ui.label(format!("  {title}: {}", bytes_text(bytes)));
    }
}

/// Rectangles of what is selected: a member, and the component that it lies in or that is selected itself.
fn selected(tiles: &Tiles, state: &State) -> Vec<Rect> {
    let component = state.selected_component().map(Selection::Component);
    let wanted = [state.selection.clone(), component];
    let mut rects: Vec<Rect> = wanted.iter().flatten().filter_map(|it| tiles.find(it)).map(|tile| tile.rect).collect();
    rects.dedup();
    rects
}
