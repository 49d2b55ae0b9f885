//! Findings in the inspector: all of them while nothing is selected, else those about the selection.

use crate::analysis::findings::{About, Finding, Findings, Severity};
use crate::model::document::StatusClass;
use crate::state::command::{Command, NavigateCommand, TimeCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip;

use super::stated::quantity_row;
use super::{component_link, section, text};

/// Draws what concerns the selection, the worst first; with nothing selected also what could not be looked for.
pub fn findings_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(found) = state.answers.findings.as_deref() else { return };
    let concerned: Vec<&Finding> = found.list.iter().filter(|finding| concerns(finding, state)).collect();
    let everything = state.selection.is_none();
    if concerned.is_empty() && !(everything && state.measured_span().is_some()) {
        return;
    }
    section(ui, &format!("Findings ({})", concerned.len()));
    if concerned.is_empty() {
        text(ui, "Nothing that somebody should know.");
    }
    for finding in concerned {
        finding_ui(state, finding, ui, commands);
    }
    if everything {
        for sentence in &found.not_examined {
            ui.add(egui::Label::new(egui::RichText::new(sentence).small().color(Theme::get(ui).text_weak)).wrap());
        }
    }
}

fn concerns(finding: &Finding, state: &State) -> bool {
    match &state.selection {
        None => true,
        Some(Selection::Component(id)) => finding.is_about_component(id),
        Some(Selection::Entity(id)) => finding.is_about_entity(*id),
        Some(_) => false,
    }
}

fn finding_ui(state: &State, finding: &Finding, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.push_id(&finding.id, |ui| {
        ui.add_space(4.0);
        ui.horizontal_wrapped(|ui| {
            let word = format!("{} {}", symbol(finding.severity), finding.severity.word());
            chip::chip(ui, class(finding.severity), &word);
            ui.label(egui::RichText::new(finding.rule_class.title()).strong());
            let grade = egui::RichText::new(finding.grade.word()).small().color(Theme::get(ui).text_weak);
            ui.label(grade).on_hover_text("What kind of knowledge this is");
        });
        text(ui, &finding.message);
        egui::CollapsingHeader::new("Evidence").id_salt("evidence").show(ui, |ui| {
            if let Some(stated) = &finding.stated {
                quantity_row(ui, "Stated", stated, None);
            }
            for evidence in &finding.evidence {
                quantity_row(ui, &evidence.label, &evidence.quantity, None);
            }
        });
        ui.add(egui::Label::new(egui::RichText::new(&finding.next).italics()).wrap());
        ui.horizontal_wrapped(|ui| about_ui(state, finding, ui, commands));
        if ui.small_button("Show the time").on_hover_text("Show the stretch of time that this holds for").clicked() {
            commands.push(TimeCommand::SetRange { range: finding.range, keep_back: true }.into());
        }
    });
}

/// Links to whom it is about.
fn about_ui(state: &State, finding: &Finding, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    for about in finding.about.iter().take(6) {
        match about {
            About::Component(id) => component_link(state, id, ui, commands),
            About::Entity(id) => {
                let Some(entity) = state.entity(*id) else { continue };
                if ui.link(&entity.name).clicked() {
                    commands.push(NavigateCommand::Select(Some(Selection::Entity(*id))).into());
                }
            }
        }
    }
}

fn class(severity: Severity) -> Option<StatusClass> {
    match severity {
        Severity::Critical => Some(StatusClass::Critical),
        Severity::Warning => Some(StatusClass::Warning),
        Severity::Info => None,
    }
}

fn symbol(severity: Severity) -> &'static str {
    class(severity).map_or("•", StatusClass::symbol)
}

/// How many findings there are, in the colour of the worst; a click leads to their list. For the status line.
pub fn count_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(found) = state.answers.findings.as_deref().filter(|found| !found.list.is_empty()) else { return };
    let theme = Theme::get(ui);
    let worst = found.worst().unwrap_or(Severity::Info);
    let colour = match worst {
        Severity::Critical => theme.critical.stroke,
        Severity::Warning => theme.warning.stroke,
        Severity::Info => theme.text_weak,
    };
    let label = format!("{} {}", symbol(worst), count_text(found));
    let link = egui::Label::new(egui::RichText::new(label).small().color(colour)).sense(egui::Sense::click());
    let hint = "Show the findings in the inspector";
    if ui.add(link).on_hover_text(hint).on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        commands.push(NavigateCommand::Select(None).into());
    }
}

fn count_text(found: &Findings) -> String {
    if found.list.len() == 1 { String::from("1 finding") } else { format!("{} findings", found.list.len()) }
}
