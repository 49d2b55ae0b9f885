//! Stated figures that disagree, in the inspector: all of them while nothing is selected, else those of the selection; and one
//! statement with everything that disagrees with it.

use crate::analysis::consistency::{Consistency, Disagreement, RuleClass, Severity};
use crate::model::document::Opportunity;
use crate::model::id::ItemId;
use crate::model::quantity::Provenance;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip;
use crate::ui::widgets::doubt::{class, colour, doubts};

use super::stated::quantity_row;
use super::{component_link, section, text, title_ui};

/// What is shown, worst first; what holds comes last, folded.
const SHOWN: [Severity; 3] = [Severity::Contradiction, Severity::Ambiguous, Severity::Bound];

/// Draws what concerns the selection.
pub fn consistency_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(consistency) = state.answers.consistency.as_deref() else { return };
    let concerned = |found: &&Disagreement| concerns(found, state);
    let found: Vec<&Disagreement> = consistency.disagreements.iter().filter(concerned).collect();
    let holds: Vec<&Disagreement> = consistency.agreements.iter().filter(concerned).collect();
    let everything = state.selection.is_none();
    let not_checked: &[String] = if everything { &consistency.not_checked } else { &[] };
    if found.is_empty() && holds.is_empty() && not_checked.is_empty() {
        return;
    }
    section(ui, &format!("Stated against derived ({})", found.len()));
    if found.is_empty() {
        text(ui, "No figures disagree.");
    }
    for severity in SHOWN {
        let of_it: Vec<&&Disagreement> = found.iter().filter(|one| one.severity == severity).collect();
        if of_it.is_empty() {
            continue;
        }
        let title = format!("{} {}", severity.symbol(), count_text(of_it.len(), severity));
        let title = egui::RichText::new(title).color(colour(ui, severity));
        let header = egui::CollapsingHeader::new(title).id_salt((severity.word(), everything));
        // Of a whole session only what is surely wrong is unfolded.
        let header = header.default_open(!everything || severity == Severity::Contradiction);
        let shown = header.show(ui, |ui| of_it.iter().for_each(|one| disagreement_ui(state, one, ui, commands)));
        shown.header_response.on_hover_text(severity.meaning());
    }
    if !holds.is_empty() {
        let title = egui::RichText::new(format!("= {}", count_text(holds.len(), Severity::Rounding)));
        let header = egui::CollapsingHeader::new(title.color(Theme::get(ui).text_weak)).id_salt("holds");
        let shown = header.show(ui, |ui| holds.iter().for_each(|one| disagreement_ui(state, one, ui, commands)));
        shown.header_response.on_hover_text(Severity::Rounding.meaning());
    }
    for sentence in not_checked {
        ui.add(egui::Label::new(egui::RichText::new(sentence).small().color(Theme::get(ui).text_weak)).wrap());
    }
}

fn concerns(found: &Disagreement, state: &State) -> bool {
    match &state.selection {
        None => true,
        Some(Selection::Component(id)) => found.is_about_component(id),
        // What was measured stands beside the claims already.
        Some(Selection::Opportunity(id)) if found.class != RuleClass::MeasuredVersusStated => {
            state.document.opportunity(id).is_some_and(|it| claims_items(it).any(|item| found.is_about(item)))
        }
        Some(Selection::Decision(id)) => {
            let item = state.document.decision(id).and_then(|decision| decision.item.as_ref());
            item.is_some_and(|item| found.is_about(item))
        }
        _ => false,
    }
}

/// The statements of an opportunity.
fn claims_items(opportunity: &Opportunity) -> impl Iterator<Item = &ItemId> {
    opportunity.item.iter().chain(opportunity.claims.iter().map(|claim| &claim.item))
}

/// What was measured of that which an opportunity claims to change, beside the claim.
pub fn measured_base_ui(state: &State, opportunity: &Opportunity, ui: &mut egui::Ui) {
    let Some(consistency) = state.answers.consistency.as_deref() else { return };
    let all = consistency.disagreements.iter().chain(&consistency.agreements);
    let measured = all.filter(|one| one.class == RuleClass::MeasuredVersusStated);
    let found: Vec<&Disagreement> =
        measured.filter(|one| claims_items(opportunity).any(|item| one.is_about(item))).collect();
    if found.is_empty() {
        return;
    }
    section(ui, "Measured base");
    for one in found {
        let symbol = egui::RichText::new(one.severity.symbol()).strong().color(colour(ui, one.severity));
        ui.horizontal_wrapped(|ui| {
            ui.label(symbol).on_hover_text(one.severity.meaning());
            text(ui, &one.message);
        });
    }
}

/// `1 contradiction`, `20 ambiguous`.
fn count_text(count: usize, severity: Severity) -> String {
    match (severity, count) {
        (Severity::Contradiction, 1) => String::from("1 contradiction"),
        (Severity::Contradiction, count) => format!("{count} contradictions"),
        (Severity::Ambiguous, count) => format!("{count} ambiguous"),
        (Severity::Bound, count) => format!("{count} possible only under a condition"),
        (Severity::Rounding, 1) => String::from("1 that holds"),
        (Severity::Rounding, count) => format!("{count} that hold"),
    }
}

fn disagreement_ui(state: &State, found: &Disagreement, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.push_id(&found.id, |ui| {
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            let word = format!("{} {}", found.severity.symbol(), found.severity.word());
            let hint = format!("{}. {}", found.severity.meaning(), found.severity.next());
            chip::chip(ui, class(found.severity), &word).on_hover_text(hint);
            ui.label(egui::RichText::new(found.class.title()).strong()).on_hover_text(found.class.law());
        });
        text(ui, &found.message);
        egui::CollapsingHeader::new("Figures").id_salt("figures").show(ui, |ui| {
            for evidence in &found.evidence {
                quantity_row(ui, &evidence.label, &evidence.quantity, None);
            }
            if let Some(derived) = &found.derived {
                quantity_row(ui, "Derived", derived, None);
            }
            ui.horizontal_wrapped(|ui| {
                ui.label(egui::RichText::new("Stated in").small().color(Theme::get(ui).text_weak));
                for item in &found.about {
                    statement_link(state, item, ui, commands);
                }
            });
        });
        ui.horizontal_wrapped(|ui| {
            for id in found.components.iter().take(6) {
                if state.selected_component().as_ref() != Some(id) {
                    component_link(state, id, ui, commands);
                }
            }
        });
    });
}

fn statement_link(state: &State, item: &ItemId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let selection = Selection::Statement(item.clone());
    if state.selection.as_ref() == Some(&selection) {
        ui.label(item.as_str());
    } else if ui.link(item.as_str()).clicked() {
        commands.push(NavigateCommand::Select(Some(selection)).into());
    }
}

/// One statement: its figures, and everything that disagrees with it.
pub fn statement_ui(state: &State, item: &ItemId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let found: Vec<&Disagreement> = doubts(state, item).collect();
    let evidence = found.iter().flat_map(|one| &one.evidence);
    let of_it =
        evidence.filter(|it| matches!(&it.quantity.provenance, Provenance::Stated { item: of, .. } if of == item));
    let mut figures: Vec<_> = Vec::new();
    for figure in of_it {
        if !figures.contains(&figure) {
            figures.push(figure);
        }
    }
    let title = figures.first().map_or(item.as_str(), |figure| figure.label.as_str());
    let document = if state.document.stated_in.is_empty() { &state.document.title } else { &state.document.stated_in };
    title_ui(ui, title, &format!("statement {item} of {document}"));
    for figure in &figures {
        quantity_row(ui, &figure.label, &figure.quantity, None);
    }
    section(ui, &format!("Disagrees ({})", found.len()));
    if found.is_empty() {
        text(ui, "No figure disagrees with this statement.");
    }
    for one in &found {
        disagreement_ui(state, one, ui, commands);
    }
    ui.add_space(6.0);
    if ui.button("Show all").on_hover_text("Everything that disagrees in this session").clicked() {
        commands.push(NavigateCommand::Select(None).into());
    }
}

/// How many contradictions there are; a click leads to their list. For the status line.
pub fn contradictions_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let count = |consistency: &Consistency| consistency.count(Severity::Contradiction);
    let Some(count) = state.answers.consistency.as_deref().map(count).filter(|count| *count > 0) else { return };
    let severity = Severity::Contradiction;
    let label = format!("{} {}", severity.symbol(), count_text(count, severity));
    let label = egui::RichText::new(label).small().color(colour(ui, severity));
    let link = egui::Label::new(label).sense(egui::Sense::click());
    let hint = "Show the figures that disagree in the inspector";
    if ui.add(link).on_hover_text(hint).on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        commands.push(NavigateCommand::Select(None).into());
    }
}
