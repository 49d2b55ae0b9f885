//! Stated things, one line each: facts, claims, hot functions, rules, targets. Used for components and for the lifecycle.

use crate::model::document::{Claim, Document, Fact, HotFunction, Rule, Statistic, Target};
use crate::model::format::{number_text, value_text};
use crate::model::quantity::{Provenance, Quantity, Value};
use crate::model::unit::Unit;
use crate::ui::theme::Theme;
use crate::ui::widgets::provenance;

use super::text;

/// A label, a quantity with its mark, and what else the document says.
pub fn quantity_row(ui: &mut egui::Ui, label: &str, quantity: &Quantity, note: Option<&str>) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(label);
        ui.label(egui::RichText::new(value_text(quantity.value, quantity.unit)).strong());
        provenance::mark_ui(ui, &quantity.provenance);
        if let Some(note) = note {
            ui.label(egui::RichText::new(format!("({note})")).color(Theme::get(ui).text_weak));
        }
    });
}

/// A text with its mark.
pub fn text_row(ui: &mut egui::Ui, words: &str, provenance: &Provenance) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        text(ui, words);
        provenance::mark_ui(ui, provenance);
    });
}

pub fn fact_row(ui: &mut egui::Ui, document: &Document, fact: &Fact) {
    quantity_row(ui, &fact_label(fact), &document.quantity(fact), fact.note.as_deref());
}

pub fn claim_row(ui: &mut egui::Ui, document: &Document, claim: &Claim) {
    let quantity = Quantity { value: claim.value, unit: claim.unit, provenance: document.stated(&claim.item) };
    let label = if claim.is_level { format!("{} to", claim.label) } else { claim.label.clone() };
    quantity_row(ui, &label, &quantity, None);
}

pub fn function_row(ui: &mut egui::Ui, document: &Document, function: &HotFunction) {
    let provenance = document.stated(&function.item);
    let quantity = Quantity { value: Value::Exact(function.share), unit: Unit::RATIO, provenance };
    quantity_row(ui, &function.function, &quantity, function.note.as_deref());
}

pub fn target_row(ui: &mut egui::Ui, document: &Document, target: &Target) {
    let provenance = document.stated(&target.item);
    // A title that names its goal does not need it twice.
    let is_named = |value, unit| target.title.contains(value_text(value, unit).trim_start_matches(['<', '>', ' ']));
    match target.value.zip(target.unit).filter(|(value, unit)| !is_named(*value, *unit)) {
        Some((value, unit)) => quantity_row(ui, &target.title, &Quantity { value, unit, provenance }, None),
        None => text_row(ui, &target.title, &provenance),
    }
}

pub fn rule_row(ui: &mut egui::Ui, document: &Document, rule: &Rule) {
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
    text_row(ui, &words, &document.stated(&rule.item));
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
