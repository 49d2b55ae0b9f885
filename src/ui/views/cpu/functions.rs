//! The functions of the selection: a picture of the calls and a table, from stack samples.

use egui::{Align2, Rect, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::icicle;
use crate::analysis::functions::{FEW_SAMPLES, Function, Functions};
use crate::model::format::share_text;
use crate::state::State;
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::{Topic, functions_about};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::paint::line_of_text;

const ROW_HEIGHT: f32 = 18.0;

/// Where the columns of figures end, from the right edge: own share, interval, total share, samples; the place comes last.
const PLACE_WIDTH: f32 = 0.30;
const FIGURE_WIDTHS: [f32; 4] = [52.0, 92.0, 52.0, 60.0];
const FIGURES: [(&str, &str); 4] = [
    ("Self", "Share of samples in which this function itself was executing"),
    ("95 % interval", "The interval of Wilson (1927) that holds the true share of its own work with 95 % confidence"),
    ("Total", "Share of samples in which it was on the stack, with what it calls; once a stack"),
    ("Samples", "Samples in which this function itself was executing"),
];

/// Draws them into `rect`.
pub fn functions(ui: &mut Ui, rect: Rect, state: &State, commands: &mut Vec<Command>) {
    let about = functions_about(state);
    let answer = state.answers.functions.as_ref().filter(|(whose, found)| *whose == about && found.total > 0);
    let Some((_, found)) = answer else {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            let advice = "Stack samples come from a BEAM node (beam:NAME@HOST), of those of its processes that are busy. None was \
                          taken of what is selected in the visible time: select a busier one, nothing, or show all time.";
            missing_ui(ui, state, Topic::Functions, "No stack samples", advice);
        });
        return;
    };
    let (head, rest) = rect.split_top_bottom_at_y(rect.top() + 24.0);
    head_ui(ui, head, state, found, commands);
    let height = (icicle::wanted_height(found, state)).min(rest.height() * 0.5);
    let (picture, table) = rest.split_top_bottom_at_y(rest.top() + height);
    icicle::icicle(ui, picture, found, state, commands);
    table_ui(ui, table.with_min_y(table.top() + 4.0), state, found);
}

/// On how many samples all this rests, and the filter.
fn head_ui(ui: &mut Ui, rect: Rect, state: &State, found: &Functions, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.horizontal(|ui| {
            let mut text = format!("{} stack samples", found.total);
            if found.looked_at < 1.0 {
                text.push_str(&format!(", from {} of the visible time", share_text(found.looked_at)));
            }
            let hint = "Measured: what the busiest processes were executing at random moments. Where there are more samples than \
                        needed, a part is read that is spread evenly over the time.";
            ui.label(text).on_hover_text(hint);
            if found.total < FEW_SAMPLES {
                let text = format!("fewer than {FEW_SAMPLES}: shares tell little yet");
                ui.label(egui::RichText::new(text).color(theme.warning.stroke).strong());
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let mut filter = state.function_filter.clone();
                let field = egui::TextEdit::singleline(&mut filter).hint_text("module or function").desired_width(150.0);
                let response = ui.add(field);
                let label = ui.label("Filter");
                if response.labelled_by(label.id).changed() {
                    commands.push(NavigateCommand::FilterFunctions(filter).into());
                }
                if !state.function_zoom.is_empty() && ui.button("All calls").clicked() {
                    commands.push(NavigateCommand::ZoomFunctions(Vec::new()).into());
                }
            });
        });
    });
}

fn table_ui(ui: &mut Ui, rect: Rect, state: &State, found: &Functions) {
    let filter = state.function_filter.trim().to_lowercase();
    let shown: Vec<&Function> =
        found.functions.iter().filter(|function| function.name.to_lowercase().contains(&filter)).collect();
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        title_row(ui);
        if shown.is_empty() {
            ui.label(egui::RichText::new("No function matches the filter.").color(Theme::get(ui).text_weak));
        }
        let list = ScrollArea::vertical().id_salt("functions").auto_shrink(false);
        let more = usize::from(found.left_out > 0 && filter.is_empty());
        list.show_rows(ui, ROW_HEIGHT, shown.len() + more, |ui, rows| {
            for row in rows {
                match shown.get(row) {
                    Some(function) => function_row(ui, function),
                    None => {
                        let text = format!("and {} more with less than these", found.left_out);
                        ui.label(egui::RichText::new(text).color(Theme::get(ui).text_weak));
                    }
                }
            }
        });
    });
}

/// The columns of a row: name, the four figures, place.
fn columns(rect: Rect) -> [Rect; 6] {
    let place = (rect.width() * PLACE_WIDTH).min(260.0);
    let figures: f32 = FIGURE_WIDTHS.iter().sum();
    let mut left = rect.left();
    let name_width = (rect.width() - place - figures).max(80.0);
    let [own, interval, total, samples] = FIGURE_WIDTHS;
    [name_width, own, interval, total, samples, place].map(|width| {
        let column = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        column
    })
}

fn title_row(ui: &mut Ui) {
    let theme = Theme::get(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width() - 12.0, ROW_HEIGHT), Sense::hover());
    let [name, figures @ .., place] = columns(rect);
    let painter = ui.painter();
    let left = |rect: Rect| rect.left_center() + vec2(4.0, 0.0);
    line_of_text(painter, left(name), Align2::LEFT_CENTER, "Function", 11.0, theme.text_weak, name.width());
    line_of_text(painter, left(place), Align2::LEFT_CENTER, "Where", 11.0, theme.text_weak, place.width());
    for ((title, hint), rect) in FIGURES.into_iter().zip(figures) {
        let place = rect.right_center() - vec2(4.0, 0.0);
        line_of_text(ui.painter(), place, Align2::RIGHT_CENTER, title, 11.0, theme.text_weak, rect.width());
        ui.interact(rect, ui.scope_id().with(("title", title)), Sense::hover()).on_hover_text(hint);
    }
}

fn function_row(ui: &mut Ui, function: &Function) {
    let theme = Theme::get(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW_HEIGHT), Sense::hover());
    let (own, total) = (share_text(function.own.value), share_text(function.total.value));
    let interval = interval_text(function);
    response.widget_info(|| {
        let text = format!("{}: self {own} ({interval}), total {total}, {} samples", function.name, function.own.count);
        WidgetInfo::labeled(Role::Label, true, text)
    });
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 2.0, theme.selection);
    }
    let [name, figures @ .., place] = columns(rect);
    // A bar behind the name tells the share at a glance.
    let bar = name.shrink2(vec2(0.0, 2.0));
    let bar = bar.with_max_x(bar.left() + bar.width() * function.own.value as f32);
    painter.rect_filled(bar, 1.0, icicle::colour(theme, &function.name).gamma_multiply(0.30));
    let left = |rect: Rect| rect.left_center() + vec2(4.0, 0.0);
    line_of_text(painter, left(name), Align2::LEFT_CENTER, &function.name, 12.0, theme.text, name.width() - 8.0);
    let samples = function.own.count.to_string();
    for (text, rect) in [&own, &interval, &total, &samples].into_iter().zip(figures) {
        let at = rect.right_center() - vec2(4.0, 0.0);
        line_of_text(painter, at, Align2::RIGHT_CENTER, text, 12.0, theme.text, rect.width());
    }
    let where_text = where_text(function);
    line_of_text(painter, left(place), Align2::LEFT_CENTER, &where_text, 11.0, theme.text_weak, place.width() - 8.0);
    response.on_hover_text(format!(
        "{}\nself {own} (95 %: {interval}), total {total} (95 %: {} to {})\n{where_text}",
        function.name,
        share_text(function.total.low),
        share_text(function.total.high),
    ));
}

fn interval_text(function: &Function) -> String {
    format!("{:.0}–{:.0} %", function.own.low * 100.0, function.own.high * 100.0)
}

/// The line that was seen most; lines of the file's last folder suffice.
fn where_text(function: &Function) -> String {
    let Some(place) = &function.place else { return String::from("no line known") };
    let file = place.rsplit_once('/').map_or(place.as_str(), |(_, file)| file);
    match function.other_lines {
        0 => file.to_owned(),
        1 => format!("{file} and another line"),
        more => format!("{file} and {more} other lines"),
    }
}
