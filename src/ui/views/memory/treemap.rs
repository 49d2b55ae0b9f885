//! Draws the treemap: boxes from one mesh, labels, tooltips, what is selected, and clicks.

use std::sync::Arc;

use egui::{Align2, Id, Rect, Response, Role, Sense, Shape, Ui, WidgetInfo, pos2, vec2};

use super::tiles::{Tile, Tiles, What, text_area};
use crate::analysis::landscape::Landscape;
use crate::model::format::{bytes_text, share_text};
use crate::model::quantity::Provenance;
use crate::model::unit::Unit;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::{line_of_text, outline, text_on};
use crate::ui::widgets::provenance::tooltip;

/// Draws the landscape into `rect`; a click on a box selects what it stands for.
pub fn treemap(ui: &mut Ui, rect: Rect, landscape: &Arc<Landscape>, state: &State, commands: &mut Vec<Command>) {
    let tiles = prepared(ui, rect, landscape);
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, Theme::get(ui).panel);
    painter.add(Shape::Mesh(Arc::clone(&tiles.mesh)));
    for tile in &tiles.labelled {
        label(ui, &tiles, tile);
    }
    let mut clicked = None;
    let whole = ui.interact(rect, ui.scope_id().with("treemap"), Sense::click());
    let total = tiles.landscape.total.number_in(Unit::BYTES).unwrap_or(0.0);
    whole.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Memory landscape of {}", bytes_text(total))));
    if whole.clicked() {
        clicked = whole.interact_pointer_pos().and_then(|place| tiles.at(place)).map(|tile| tile.what);
    }
    if let Some(tile) = whole.hover_pos().and_then(|place| tiles.at(place)) {
        let what = tile.what;
        whole.on_hover_ui_at_pointer(|ui| explain(ui, &tiles, what));
    }
    for tile in &tiles.labelled[..tiles.reachable] {
        if reachable(ui, &tiles, tile).clicked() {
            clicked = Some(tile.what);
        }
    }
    for rect in selected(&tiles, state) {
        outline(&painter, rect, Theme::get(ui).text);
    }
    if let Some(selection) = clicked.and_then(|what| tiles.selects(what)) {
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

/// The treemap of the frame before, if it is still right, else a new one.
fn prepared(ui: &Ui, rect: Rect, landscape: &Arc<Landscape>) -> Arc<Tiles> {
    let id = Id::unique("memory_treemap_tiles");
    let dark = ui.visuals().dark_mode;
    let kept: Option<Arc<Tiles>> = ui.data(|data| data.get_temp(id));
    if let Some(kept) = kept.filter(|kept| kept.is_of(landscape, rect, dark)) {
        return kept;
    }
    let tiles = Arc::new(Tiles::new(Arc::clone(landscape), rect, dark));
    ui.data_mut(|data| data.insert_temp(id, Arc::clone(&tiles)));
    tiles
}

/// A box as something to click, with a name for the keyboard and for screen readers.
fn reachable(ui: &Ui, tiles: &Arc<Tiles>, tile: &Tile) -> Response {
    let what = tile.what;
    let sense = if tiles.selects(what).is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(tile.label, ui.scope_id().with(("treemap", key(what))), sense);
    let text = format!("{}, {}", tiles.name(what), bytes_text(tiles.bytes(what)));
    let role = if sense == Sense::click() { Role::Button } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, &text));
    if response.has_focus() {
        outline(ui.painter(), tile.rect, Theme::get(ui).accent);
    }
    response.on_hover_ui_at_pointer(|ui| explain(ui, tiles, what))
}

fn key(what: What) -> (u8, usize, usize) {
    match what {
        What::Part(part) => (0, part, 0),
        What::Member(part, member) => (1, part, member),
        What::SmallMembers(part, first) => (2, part, first),
        What::SmallParts(first) => (3, first, 0),
        What::Unattributed => (4, 0, 0),
    }
}

/// Name and size, as far as there is room: side by side in a header, else one above the other.
fn label(ui: &Ui, tiles: &Tiles, tile: &Tile) {
    let painter = ui.painter();
    let colour = text_on(tile.fill);
    let area = text_area(tile.label);
    let is_component = matches!(tile.what, What::Part(_) | What::Unattributed);
    let name_size = if is_component { 12.0 } else { 11.0 };
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

/// How much, with the mark of where it is known from.
fn figure(tiles: &Tiles, what: What) -> String {
    let bytes = bytes_text(tiles.bytes(what));
    match provenance(tiles, what) {
        Some(provenance) => format!("{bytes} {}", provenance.mark()),
        None => bytes,
    }
}

/// Where a box's figure is known from: a member without an origin of its own has its component's.
fn provenance(tiles: &Tiles, what: What) -> Option<&Provenance> {
    let part = tiles.part(what)?;
    match (what, tiles.member(what)) {
        (What::Part(_), _) => Some(&part.bytes.provenance),
        (_, Some(member)) if member.entity.is_some() => Some(&part.bytes.provenance),
        (_, Some(member)) => member.provenance.as_ref(),
        _ => None,
    }
}

/// What a tooltip tells of a box.
fn explain(ui: &mut Ui, tiles: &Tiles, what: What) {
    let total = tiles.landscape.total.number_in(Unit::BYTES).unwrap_or(0.0);
    let bytes = tiles.bytes(what);
    ui.strong(tiles.name(what));
    if let Some(part) = tiles.part(what).filter(|_| !matches!(what, What::Part(_))) {
        let share = share_text(bytes / part.bytes().max(1.0));
        ui.label(format!("{} of {} ({share})", bytes_text(bytes), part.title));
    }
    ui.label(format!("{} of all ({})", bytes_text(bytes), share_text(bytes / total.max(1.0))));
    match (what, provenance(tiles, what)) {
        (What::Unattributed, _) => ui.label("In use, but belonging to no component that is known here."),
        (_, Some(provenance)) => ui.label(tooltip(provenance)),
        _ => ui.label("what is left of the whole"),
    };
    if let Some(part) = tiles.part(what).filter(|_| matches!(what, What::Part(_))) {
        ui.label(match part.members.len() {
            0 => String::from("not broken down"),
            members => format!("{members} parts"),
        });
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
