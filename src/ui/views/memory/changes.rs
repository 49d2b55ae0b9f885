//! The table beside the treemap of a difference: who changed how much, the largest change first.

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::look::Look;
use crate::analysis::landscape::difference::{Change, Difference};
use crate::model::format::bytes_text;
use crate::state::command::{Command, NavigateCommand};
use crate::state::memory::Zoom;
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::line_of_text;

const ROW_HEIGHT: f32 = 18.0;

/// So many members of a component are listed; all of one that is zoomed into.
const MEMBERS: usize = 8;

/// Width that the table asks for.
pub const WIDTH: f32 = 330.0;

const FIGURE_WIDTH: f32 = 70.0;

struct Row<'a> {
    change: &'a Change,
    selects: Option<Selection>,
    is_inner: bool,
}

/// Draws it into `rect`; a click selects.
pub fn changes(
    ui: &mut Ui,
    rect: Rect,
    difference: &Difference,
    look: &Look,
    state: &State,
    commands: &mut Vec<Command>,
) {
    let rows = rows(difference, state);
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let theme = Theme::get(ui);
        let (head, _) = ui.allocate_exact_size(vec2(ui.available_width() - 12.0, ROW_HEIGHT), Sense::hover());
        let [name, figures @ ..] = columns(head);
        let text = |ui: &Ui, rect: Rect, text: &str, anchor: Align2| {
            line_of_text(ui.painter(), anchor.pos_in_rect(&rect), anchor, text, 11.0, theme.text_weak, rect.width());
        };
        text(ui, name, "Changed", Align2::LEFT_CENTER);
        for (title, rect) in ["before", "after", "change"].into_iter().zip(figures) {
            text(ui, rect, title, Align2::RIGHT_CENTER);
        }
        if rows.is_empty() {
            ui.label(egui::RichText::new("Nothing has changed between the two moments.").color(theme.text_weak));
        }
        let list = ScrollArea::vertical().id_salt("memory_changes").auto_shrink(false);
        list.show_rows(ui, ROW_HEIGHT, rows.len(), |ui, range| {
            for row in &rows[range] {
                row_ui(ui, row, look, state, commands);
            }
        });
    });
}

/// Components with their members, or all members of the component that is zoomed into.
fn rows<'a>(difference: &'a Difference, state: &State) -> Vec<Row<'a>> {
    let zoomed = state.memory.zoom.iter().find_map(|zoom| match zoom {
        Zoom::Component(id) => Some(id),
        _ => None,
    });
    let mut rows = Vec::new();
    for part in difference.parts.iter().filter(|part| zoomed.is_none_or(|id| *id == part.component)) {
        let component = Selection::Component(part.component.clone());
        rows.push(Row { change: &part.all, selects: Some(component.clone()), is_inner: false });
        let most = if zoomed.is_some() { usize::MAX } else { MEMBERS };
        rows.extend(part.members.iter().take(most).map(|change| Row {
            change,
            selects: change.entity.map(Selection::Entity).or(Some(component.clone())),
            is_inner: true,
        }));
    }
    if zoomed.is_none() {
        let besides = [&difference.unattributed].into_iter().chain(difference.outside.iter().map(|(_, change)| change));
        rows.extend(besides.filter(|change| change.bytes().abs() >= 1.0).map(|change| Row {
            change,
            selects: None,
            is_inner: false,
        }));
    }
    rows
}

fn columns(rect: Rect) -> [Rect; 4] {
    let name = (rect.width() - 3.0 * FIGURE_WIDTH).max(60.0);
    let mut left = rect.left();
    [name, FIGURE_WIDTH, FIGURE_WIDTH, FIGURE_WIDTH].map(|width| {
        let column = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        column
    })
}

fn row_ui(ui: &mut Ui, row: &Row<'_>, look: &Look, state: &State, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let change = row.change;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    let sense = if row.selects.is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.next_auto_id().with(&change.name), sense);
    let sign = if change.bytes() < 0.0 { "−" } else { "+" };
    let amount = format!("{sign}{}", bytes_text(change.bytes().abs()));
    let text = format!("{}: {}, {amount}", change.name, change.how.word());
    let is_selected = row.selects.is_some() && row.selects == state.selection;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, &text));
    let painter = ui.painter();
    if response.hovered() || is_selected {
        painter.rect_filled(rect, 2.0, theme.selection);
    }
    let [name, before, after, difference] = columns(rect);
    let indent = if row.is_inner { 22.0 } else { 12.0 };
    let swatch = Rect::from_center_size(pos2(name.left() + indent - 7.0, name.center().y), vec2(8.0, 8.0));
    painter.rect_filled(swatch, 1.0, look.direction(change.how));
    let size = if row.is_inner { 11.0 } else { 12.0 };
    let place = name.left_center() + vec2(indent, 0.0);
    let label = format!("{} {}", change.how.sign(), change.name);
    line_of_text(painter, place, Align2::LEFT_CENTER, &label, size, theme.text, name.width() - indent - 4.0);
    for (text, rect, colour) in [
        (bytes_text(change.before), before, theme.text_weak),
        (bytes_text(change.after), after, theme.text_weak),
        (amount, difference, theme.text),
    ] {
        line_of_text(
            painter,
            rect.right_center() - vec2(2.0, 0.0),
            Align2::RIGHT_CENTER,
            &text,
            size,
            colour,
            rect.width(),
        );
    }
    if response.clicked()
        && let Some(selection) = &row.selects
    {
        commands.push(NavigateCommand::Select(Some(selection.clone())).into());
    }
    response.on_hover_text(text);
}
