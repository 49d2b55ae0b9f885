//! The answer: how far it can be trusted, every figure as recorded and as predicted with its band, memory over time, what else
//! there is to say, and the change as code.

use egui::{Align2, Grid, Rect, RichText, Sense, Ui, pos2, vec2};

use super::chart::curve_ui;
use crate::model::document::StatusClass;
use crate::model::format::number_text;
use crate::model::quantity::{Provenance, Quantity};
use crate::plan::ledger;
use crate::state::State;
use crate::state::whatif::{Predicted, parse};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip::chip;
use crate::ui::widgets::provenance::mark_ui;
use crate::whatif::code::change_as_code;
use crate::whatif::outcome::OutcomeInfo;
use crate::whatif::prediction::{Effort, Grade, Level, Outcome, Part};

/// Draws it.
pub fn answer_ui(state: &State, predicted: &Predicted, ui: &mut Ui) {
    if predicted.parts.is_empty() {
        ui.label(RichText::new("No model answers these settings here").heading());
        ui.label("Nothing was recorded at the components that they are for.");
        return;
    }
    for (index, part) in predicted.parts.iter().enumerate() {
        ui.push_id(index, |ui| part_ui(state, predicted, part, ui));
        ui.add_space(8.0);
    }
    code_ui(predicted, ui);
}

fn part_ui(state: &State, predicted: &Predicted, part: &Part, ui: &mut Ui) {
    let weak = Theme::get(ui).text_weak;
    let title = part.component.as_ref().map_or("All together", |id| state.component_title(id));
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(title).heading());
        confidence_ui(part, ui);
        if predicted.effort == Effort::Coarse && part.confidence.grade != Grade::Refused {
            ui.label(RichText::new("rough; a better answer is on its way").small().color(weak));
        }
    });
    for sentence in part.confidence.reason.iter().chain(&part.confidence.needs) {
        ui.add(egui::Label::new(sentence).wrap());
    }
    if !part.outcomes.is_empty() {
        outcomes_ui(state, part, ui);
        let score =
            ledger::scores(&state.document.predictions).into_iter().find(|score| score.model == part.model.word());
        if let Some(score) = score {
            let text = format!("Pinned predictions of this model: {} of {} bands held.", score.held, score.checked);
            ui.label(RichText::new(text).small().color(weak));
        }
    }
    for curve in &part.curves {
        curve_ui(state, curve, ui);
    }
    for note in &part.notes {
        ui.add(egui::Label::new(RichText::new(format!("→ {note}"))).wrap());
    }
}

/// Grade and level, in words and colour; hovering tells what they rest on.
pub fn confidence_ui(part: &Part, ui: &mut Ui) {
    let confidence = &part.confidence;
    let (class, text) = match (confidence.grade, confidence.level) {
        (Grade::Refused, _) => (Some(StatusClass::Critical), String::from("no answer")),
        (grade, Some(Level::High)) => (Some(StatusClass::Healthy), format!("{}, high confidence", grade.word())),
        (grade, Some(level)) => (Some(StatusClass::Warning), format!("{}, {} confidence", grade.word(), level.word())),
        (grade, None) => (None, grade.word().to_owned()),
    };
    let errors: Vec<String> = confidence
        .self_replay_error
        .iter()
        .map(|(metric, error)| format!("{}: {:.1} % off", name(metric), error * 100.0))
        .collect();
    let hover = match errors.is_empty() {
        true => format!("Answer of the model {}.", part.model.word()),
        false => format!("The model on the recording itself, unchanged:\n{}", errors.join("\n")),
    };
    chip(ui, class, &text).on_hover_text(hover);
}

/// An outcome's name for people.
pub fn name(metric: &str) -> &str {
    OutcomeInfo::find(metric).map_or(metric, |info| info.title)
}

fn outcomes_ui(state: &State, part: &Part, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let source = state.session.as_ref().map_or("", |session| session.source.as_str());
    let is_bound = part.confidence.grade == Grade::Bound;
    // A narrow window has shorter bands, and scrolls where that is not enough.
    let room = ui.available_width();
    let (gap, band_width) = if room < 600.0 { (8.0, (room - 410.0).clamp(40.0, 150.0)) } else { (14.0, 150.0) };
    let grid = Grid::new("outcomes").num_columns(5).striped(true).spacing(vec2(gap, 4.0));
    let table = |ui: &mut Ui| {
        for head in ["", "recorded", "predicted", "change", "80 % band"] {
            ui.label(RichText::new(head).small().color(theme.text_weak));
        }
        ui.end_row();
        for outcome in &part.outcomes {
            let info = OutcomeInfo::find(outcome.metric);
            let label = ui.label(name(outcome.metric));
            if let Some(info) = info {
                label.on_hover_text(info.definition);
            }
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 3.0;
                match outcome.baseline {
                    Some(baseline) => {
                        ui.label(number_text(baseline, outcome.unit));
                        mark_ui(ui, &Quantity::measured(baseline, outcome.unit, source, Some(state.range)).provenance);
                    }
                    None => {
                        ui.label(RichText::new("not known").color(theme.text_weak));
                    }
                }
            });
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 3.0;
                ui.label(RichText::new(predicted_text(outcome, is_bound)).strong());
                mark_ui(ui, &provenance(part, outcome));
            });
            change_ui(outcome, info, ui);
            band_ui(outcome, band_width, ui);
            ui.end_row();
        }
    };
    egui::ScrollArea::horizontal().id_salt("outcomes").show(ui, |ui| grid.show(ui, table));
}

fn provenance(part: &Part, outcome: &Outcome) -> Provenance {
    let formula = format!("the model {} ({})", outcome.model.word(), part.confidence.grade.word());
    Provenance::Derived { formula, inputs: vec![String::from("the recording in the range shown")] }
}

/// The number; of a bound, the side that is known.
pub fn predicted_text(outcome: &Outcome, is_bound: bool) -> String {
    let band = outcome.predicted;
    let text = |value| number_text(value, outcome.unit);
    match (is_bound, band.low.is_finite(), band.high.is_finite()) {
        (true, true, false) => format!("at least {}", text(band.low)),
        (true, false, true) => format!("at most {}", text(band.high)),
        (true, true, true) if band.low < band.high => format!("{} to {}", text(band.low), text(band.high)),
        _ => text(band.value),
    }
}

/// The band as numbers and, over it, as a bar with the recorded value marked.
fn band_ui(outcome: &Outcome, width: f32, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let band = outcome.predicted;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 16.0), Sense::hover());
    if !(band.low.is_finite() && band.high.is_finite() && band.value.is_finite()) {
        return;
    }
    let most = [band.high, outcome.baseline.unwrap_or(0.0)].into_iter().fold(f64::MIN_POSITIVE, f64::max);
    let x = |value: f64| rect.left() + (value.max(0.0) / most) as f32 * rect.width();
    let painter = ui.painter();
    painter.rect_filled(
        Rect::from_x_y_ranges(rect.x_range(), rect.center().y - 1.0..=rect.center().y + 1.0),
        0.0,
        theme.grid,
    );
    let bar = Rect::from_x_y_ranges(
        x(band.low)..=x(band.high).max(x(band.low) + 2.0),
        rect.center().y - 4.0..=rect.center().y + 4.0,
    );
    painter.rect_filled(bar, 2.0, theme.optimization.stroke.gamma_multiply(0.45));
    painter.vline(x(band.value), rect.shrink(2.0).y_range(), (2.0, theme.optimization.stroke));
    if let Some(baseline) = outcome.baseline {
        let at = pos2(x(baseline), rect.center().y);
        painter.text(at, Align2::CENTER_CENTER, "◆", egui::FontId::proportional(9.0), theme.text);
    }
    let text = |value| number_text(value, outcome.unit);
    response.on_hover_text(format!("{} to {}; ◆ as recorded", text(band.low), text(band.high)));
}

fn change_ui(outcome: &Outcome, info: Option<&OutcomeInfo>, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let Some(baseline) = outcome.baseline.filter(|baseline| *baseline > 0.0) else {
        ui.label("");
        return;
    };
    let ratio = outcome.predicted.value / baseline;
    if !ratio.is_finite() {
        ui.label("");
        return;
    }
    let text = match ratio {
        ratio if (ratio - 1.0).abs() < 0.005 => String::from("no change"),
        ratio if ratio >= 3.0 => format!("× {ratio:.1}"),
        ratio => format!("{:+.0} %", (ratio - 1.0) * 100.0),
    };
    let better = info.and_then(|info| info.lower_is_better).map(|lower| lower == (ratio < 1.0));
    let colour = match better {
        Some(_) if text == "no change" => theme.text_weak,
        Some(true) => theme.healthy.stroke,
        Some(false) => theme.warning.stroke,
        None => theme.text,
    };
    ui.label(RichText::new(text).color(colour));
}

/// The change in the languages in which it can be made; the program changes nothing by itself.
fn code_ui(predicted: &Predicted, ui: &mut Ui) {
    let Ok(settings) = parse(&predicted.settings) else { return };
    let changes = change_as_code(&settings);
    if changes.is_empty() {
        return;
    }
    ui.label(RichText::new("The change as code").strong().color(Theme::get(ui).accent));
    for change in changes {
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(change.language).small().color(Theme::get(ui).text_weak));
            if ui.small_button("Copy").clicked() {
                ui.ctx().copy_text(change.text.clone());
            }
        });
        ui.add(egui::Label::new(RichText::new(&change.text).monospace()).wrap().selectable(true));
    }
}
