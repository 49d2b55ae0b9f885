//! What the colours of a chart stand for: rows with a swatch, a name and a value; a click selects.

use egui::{Align2, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::paint::{line_of_text, outline};
use crate::ui::theme::Theme;

/// Width of a legend beside a chart; everything over time has the same, so that moments lie below each other.
pub const LEGEND_WIDTH: f32 = 176.0;

/// Height of one row in points.
const ROW_HEIGHT: f32 = 17.0;

/// One row.
pub struct Entry {
    /// The colour that it explains.
    pub colour: egui::Color32,
    /// Whose it is.
    pub name: String,
    /// The value at the cursor; may be empty.
    pub value: String,
    /// Whether it is selected.
    pub selected: bool,
}

/// Draws as many rows as fit into `rect`, and says how many did not; returns the index of the one that was clicked.
pub fn legend(ui: &mut Ui, rect: Rect, id_salt: &str, entries: &[Entry]) -> Option<usize> {
    let theme = Theme::get(ui);
    let fitting = (rect.height() / ROW_HEIGHT).floor().max(0.0) as usize;
    let shown = if entries.len() <= fitting { entries.len() } else { fitting.saturating_sub(1) };
    let row_rect =
        |row: usize| Rect::from_min_size(rect.min + vec2(0.0, row as f32 * ROW_HEIGHT), vec2(rect.width(), ROW_HEIGHT));
    let mut clicked = None;
    for (index, entry) in entries.iter().take(shown).enumerate() {
        if entry_ui(ui, row_rect(index), id_salt, index, entry).clicked() {
            clicked = Some(index);
        }
    }
    let hidden = &entries[shown..];
    if !hidden.is_empty() && fitting > 0 {
        let place = row_rect(shown);
        let text = format!("and {} more", hidden.len());
        line_of_text(
            ui.painter(),
            place.left_center(),
            Align2::LEFT_CENTER,
            &text,
            11.0,
            theme.text_weak,
            place.width(),
        );
        let names: Vec<&str> = hidden.iter().map(|entry| entry.name.as_str()).collect();
        ui.interact(place, ui.scope_id().with((id_salt, "more")), Sense::hover()).on_hover_text(names.join("\n"));
    }
    clicked
}

fn entry_ui(ui: &mut Ui, rect: Rect, id_salt: &str, index: usize, entry: &Entry) -> Response {
    let theme = Theme::get(ui);
    let response = ui.interact(rect, ui.scope_id().with((id_salt, index)), Sense::click());
    let label = if entry.value.is_empty() { entry.name.clone() } else { format!("{}: {}", entry.name, entry.value) };
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, entry.selected, &label));
    let painter = ui.painter();
    if entry.selected || response.hovered() {
        painter.rect_filled(rect, 2.0, theme.selection);
    }
    if response.has_focus() {
        outline(painter, rect, theme.accent);
    }
    let swatch = Rect::from_center_size(pos2(rect.left() + 8.0, rect.center().y), vec2(9.0, 9.0));
    painter.rect_filled(swatch, 1.0, entry.colour);
    let right = rect.right_center() - vec2(3.0, 0.0);
    let value =
        line_of_text(painter, right, Align2::RIGHT_CENTER, &entry.value, 11.0, theme.text_weak, rect.width() / 2.0);
    let name_place = pos2(rect.left() + 17.0, rect.center().y);
    let name_width = value.left() - name_place.x - 4.0;
    line_of_text(painter, name_place, Align2::LEFT_CENTER, &entry.name, 11.0, theme.text, name_width);
    response.on_hover_text(label)
}
