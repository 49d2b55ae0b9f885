//! `whatif` for people.

use std::fmt::Write;

use super::parts::Answer;
use crate::cli::clean;
use crate::cli::inspect::text::Style;
use crate::model::format::number_text;
use crate::model::unit::{Dimension, Unit};
use crate::whatif::prediction::{Grade, Outcome, Part};
use crate::whatif::scenario::Setting;

/// The answer: what is set, then for each part its figures, how far to trust them, and what else there is to say.
pub fn text(title: &str, settings: &[Setting], parts: &[Part], answer: &Answer, style: Style) -> String {
    let mut page = String::new();
    let set: Vec<String> = settings.iter().map(|setting| format!("{} = {}", setting.path(), setting.value)).collect();
    line(&mut page, &style.heading(&format!("What if {}", set.join(", "))));
    line(&mut page, &format!("  in {}", clean::line(title)));
    for conflict in &answer.conflicts {
        line(&mut page, &format!("  in each other's way: {}", clean::line(conflict)));
    }
    for part in parts {
        line(&mut page, "");
        part_text(&mut page, part, style);
    }
    if !answer.change_as_code.is_empty() {
        line(&mut page, "");
        line(&mut page, &style.heading("Change as code"));
        for code in &answer.change_as_code {
            line(&mut page, &format!("  {}", code.language));
            for text in code.text.lines() {
                line(&mut page, &format!("    {}", clean::line(text)));
            }
        }
    }
    page
}

fn line(page: &mut String, text: &str) {
    page.push_str(text.trim_end());
    page.push('\n');
}

fn part_text(page: &mut String, part: &Part, style: Style) {
    let about = part.component.as_ref().map_or_else(|| "all".to_owned(), |id| clean::line(id.as_str()));
    let confidence = &part.confidence;
    let trust = match confidence.level {
        Some(level) => format!("{}, {} confidence", confidence.grade.word(), level.word()),
        None => confidence.grade.word().to_owned(),
    };
    line(page, &style.heading(&format!("{about} ({}): {trust}", part.model.word())));
    let rows: Vec<[String; 4]> = part.outcomes.iter().map(|outcome| row(outcome, confidence.grade)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2].map(width);
    for [metric, baseline, predicted, band] in &rows {
        let [metric_width, baseline_width, predicted_width] = widths;
        let mut text = String::new();
        let _ = write!(
            text,
            "  {metric:<metric_width$}  {baseline:>baseline_width$}  →  {predicted:>predicted_width$}  {band}"
        );
        line(page, &text);
    }
    let errors: Vec<String> =
        confidence.self_replay_error.iter().map(|(metric, error)| format!("{metric} {:.2} %", error * 100.0)).collect();
    if !errors.is_empty() {
        line(page, &format!("  off on the recording itself by: {}", errors.join(", ")));
    }
    if let Some(reason) = &confidence.reason {
        line(page, &format!("  {}", clean::line(reason)));
    }
    if let Some(needs) = &confidence.needs {
        line(page, &format!("  to be answered it takes: {}", clean::line(needs)));
    }
    for note in &part.notes {
        line(page, &format!("  note: {}", clean::line(note)));
    }
}

/// Metric, baseline, prediction, band.
fn row(outcome: &Outcome, grade: Grade) -> [String; 4] {
    let number = |value: f64| figure(value, outcome.unit);
    let band = outcome.predicted;
    let baseline = outcome.baseline.map_or_else(|| "not known".to_owned(), number);
    let (predicted, range) = match (grade, band.low.is_finite(), band.high.is_finite()) {
        (Grade::Bound, true, false) => (format!("at least {}", number(band.low)), String::new()),
        (Grade::Bound, false, true) => (format!("at most {}", number(band.high)), String::new()),
        _ if band.low == band.high => (number(band.value), String::new()),
        _ => (number(band.value), format!("[{} .. {}]", number(band.low), number(band.high))),
    };
    [outcome.metric.to_owned(), baseline, predicted, range]
}

/// Counts whole, so that small changes of large ones are seen; everything else scaled.
pub fn figure(value: f64, unit: Unit) -> String {
    if unit.dimension() == Dimension::Count && unit == Unit::COUNT && value.is_finite() {
        return format!("{value:.0}");
    }
    number_text(value, unit)
}
