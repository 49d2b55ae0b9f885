//! Stated things, one line each: facts, claims, hot functions, rules, targets. Used for components and for the lifecycle.

use crate::model::document::{Claim, Fact, HotFunction, Rule, Statistic, Target};
use crate::model::format::{number_text, value_text};
use crate::model::quantity::{Provenance, Quantity, Value};
use crate::model::unit::Unit;
use crate::state::State;
use crate::state::command::Command;
use crate::ui::theme::Theme;
use crate::ui::widgets::doubt::{doubt_ui, statement_doubt_ui};
use crate::ui::widgets::provenance;

use super::text;

/// A label, a quantity with its mark, and what else is said of it.
pub fn quantity_row(ui: &mut egui::Ui, label: &str, quantity: &Quantity, note: Option<&str>) {
    ui.horizontal_wrapped(|ui| {
        quantity_parts(ui, label, quantity);
        note_part(ui, note);
    });
}

fn quantity_parts(ui: &mut egui::Ui, label: &str, quantity: &Quantity) {
    ui.spacing_mut().item_spacing.x = 4.0;
    ui.label(label);
    ui.label(egui::RichText::new(value_text(quantity.value, quantity.unit)).strong());
    provenance::mark_ui(ui, &quantity.provenance);
}

fn note_part(ui: &mut egui::Ui, note: Option<&str>) {
    if let Some(note) = note {
        ui.label(egui::RichText::new(format!("({note})")).color(Theme::get(ui).text_weak));
    }
}

/// The same for a stated quantity, with a sign if it disagrees with others.
pub fn stated_row(
    state: &State,
    label: &str,
    quantity: &Quantity,
    note: Option<&str>,
    ui: &mut egui::Ui,
    commands: &mut Vec<Command>,
) {
    ui.horizontal_wrapped(|ui| {
        quantity_parts(ui, label, quantity);
        doubt_ui(state, quantity, ui, commands);
        note_part(ui, note);
    });
}

/// A text with its mark.
pub fn text_row(state: &State, words: &str, provenance: &Provenance, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        text(ui, words);
        provenance::mark_ui(ui, provenance);
        statement_doubt_ui(state, provenance, ui, commands);
    });
}

pub fn fact_row(state: &State, fact: &Fact, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let quantity = state.document.quantity(fact);
    stated_row(state, &fact_label(fact), &quantity, fact.note.as_deref(), ui, commands);
}

pub fn claim_row(state: &State, claim: &Claim, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let provenance = state.document.stated(&claim.item);
    let quantity = Quantity { value: claim.value, unit: claim.unit, provenance };
    let label = if claim.is_level { format!("{} to", claim.label) } else { claim.label.clone() };
    stated_row(state, &label, &quantity, None, ui, commands);
}

pub fn function_row(state: &State, function: &HotFunction, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let provenance = state.document.stated(&function.item);
    let quantity = Quantity { value: Value::Exact(function.share), unit: Unit::RATIO, provenance };
    stated_row(state, &function.function, &quantity, function.note.as_deref(), ui, commands);
}

pub fn target_row(state: &State, target: &Target, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let provenance = state.document.stated(&target.item);
    // A title that names its goal does not need it twice.
    let is_named = |value, unit| target.title.contains(value_text(value, unit).trim_start_matches(['<', '>', ' ']));
    match target.value.zip(target.unit).filter(|(value, unit)| !is_named(*value, *unit)) {
        Some((value, unit)) => {
            stated_row(state, &target.title, &Quantity { value, unit, provenance }, None, ui, commands);
        }
        None => text_row(state, &target.title, &provenance, ui, commands),
    }
}

pub fn rule_row(state: &State, rule: &Rule, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let condition = rule.condition.as_ref().map(|condition| {
        let sign = match condition.comparison {
            crate::model::document::Comparison::Above => ">",
            crate::model::document::Comparison::Below => "<",
        };
        let metric = condition.metric.metric().title;
        format!(": {metric} {sign} {}", number_text(condition.threshold, condition.unit))
    });
    let action = if rule.action.is_empty() { String::new() } else { format!(" → {}", rule.action) };
    let words = format!("{:?}: {}{}{action}", rule.severity, rule.title, condition.unwrap_or_default());
    text_row(state, &words, &state.document.stated(&rule.item), ui, commands);
}

/// What a fact is a figure of, with its statistic and "each".
fn fact_label(fact: &Fact) -> String {
    let statistic = match fact.statistic {
        Statistic::Unspecified => "",
        Statistic::Current => ", now",
        Statistic::Mean => ", mean",
        Statistic::Peak => ", peak",
        Statistic::Baseline => ", baseline",
        Statistic::P99 => ", p99",
        Statistic::Total => ", total",
    };
    let each = fact.each.as_ref().map(|each| format!(", each {each}")).unwrap_or_default();
    let period = fact.period.as_ref().map(|period| format!(" ({period})")).unwrap_or_default();
    format!("{}{statistic}{each}{period}", fact.label)
}
