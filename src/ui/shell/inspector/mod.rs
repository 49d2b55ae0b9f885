//! The inspector: everything known about the selection, with the provenance of each figure.

mod collections;
mod component;
pub mod consistency;
mod editor;
mod entity;
pub mod findings;
mod lifecycle;
mod plan;
mod stated;

use crate::model::format::duration_text;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;

/// Draws it.
pub fn inspector_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_space(4.0);
        // The scroll bar, while it is wide, must not lie over what can be clicked at the end of a line.
        ui.set_max_width(ui.available_width() - 10.0);
        match &state.selection {
            None => session_ui(state, ui, commands),
            Some(Selection::Component(id)) => component::component_ui(state, id, ui, commands),
            Some(Selection::Entity(id)) => entity::entity_ui(state, *id, ui, commands),
            Some(Selection::Opportunity(id)) => plan::opportunity_ui(state, id, ui, commands),
            Some(Selection::Decision(id)) => plan::decision_ui(state, id, ui, commands),
            Some(Selection::Edge(index)) => edge_ui(state, *index, ui, commands),
            Some(Selection::Statement(item)) => consistency::statement_ui(state, item, ui, commands),
        }
    });
}

fn session_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(session) = &state.session else { return };
    title_ui(ui, &session.title, "the session; select something to see its facts");
    if !state.document.about.is_empty() {
        ui.add(egui::Label::new(&state.document.about).wrap());
    }
    if let Some(span) = session.span {
        section(ui, "Measured");
        row(ui, "From", &span.from.local("%d %b %Y %H:%M:%S"));
        row(ui, "To", &span.to.local("%d %b %Y %H:%M:%S"));
        row(ui, "Length", &duration_text(span.length_seconds()));
        row(ui, "Entities", &session.entities.len().to_string());
    }
    collections::collections_ui(state, None, ui);
    findings::findings_ui(state, ui, commands);
    consistency::consistency_ui(state, ui, commands);
    if let Some(overview) = &state.answers.overview {
        if !overview.gaps.is_empty() {
            section(ui, "Gaps");
            for gap in &overview.gaps {
                let length = duration_text(gap.range.length_seconds());
                text(ui, &format!("{}, {length}: {}", gap.range.from.local("%H:%M:%S"), gap.why));
            }
        }
        if !overview.notices.is_empty() {
            section(ui, "Notices");
            for notice in overview.notices.iter().rev().take(50) {
                text(ui, &format!("{} {}", notice.at.local("%H:%M:%S"), notice.text));
            }
        }
    }
    if !session.warnings.is_empty() {
        section(ui, "Limits and losses");
        for warning in &session.warnings {
            text(ui, warning);
        }
    }
    lifecycle::lifecycle_ui(state, ui, commands);
    if !state.document.insights.is_empty() {
        section(ui, "Insights");
        for insight in &state.document.insights {
            let title = egui::RichText::new(&insight.title);
            let title = if insight.under.is_none() { title.strong() } else { title };
            let hover = match insight.answered_by.as_str() {
                "" => format!("{}\n{}", insight.item, insight.text),
                by => format!("{}\n{}\nAnswered by: {by}", insight.item, insight.text),
            };
            ui.add(egui::Label::new(title).wrap()).on_hover_text(hover);
        }
    }
}

fn edge_ui(state: &State, index: usize, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(edge) = state.document.edges.get(index) else { return };
    title_ui(ui, &edge.label, &format!("arrow {} of the map ({:?})", edge.item, edge.kind).to_lowercase());
    for (word, id) in [("From", &edge.from), ("To", &edge.to)] {
        ui.horizontal(|ui| {
            ui.label(egui::RichText::new(word).color(Theme::get(ui).text_weak));
            component_link(state, id, ui, commands);
        });
    }
}

/// A component's name that selects it when clicked.
fn component_link(state: &State, id: &crate::model::id::ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if ui.link(state.component_title(id)).clicked() {
        commands.push(NavigateCommand::Select(Some(Selection::Component(id.clone()))).into());
    }
}

fn title_ui(ui: &mut egui::Ui, title: &str, below: &str) {
    ui.add(egui::Label::new(egui::RichText::new(title).heading()).wrap());
    ui.add(egui::Label::new(egui::RichText::new(below).small().color(Theme::get(ui).text_weak)).wrap());
}

fn section(ui: &mut egui::Ui, title: &str) {
    ui.add_space(6.0);
    ui.label(egui::RichText::new(title).strong().color(Theme::get(ui).accent));
}

fn row(ui: &mut egui::Ui, label: &str, value: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new(label).color(Theme::get(ui).text_weak));
        ui.add(egui::Label::new(value).wrap());
    });
}

fn text(ui: &mut egui::Ui, text: &str) -> egui::Response {
    ui.add(egui::Label::new(text).wrap())
}
