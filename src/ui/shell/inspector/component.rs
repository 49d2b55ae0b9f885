//! Facts, rules, targets, members, decisions of one component.

use crate::model::document::{Component, ComponentKind};
use crate::model::format::{bytes_text, share_text};
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::state::command::{Command, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;

use super::stated::{claim_row, fact_row, function_row, quantity_row, rule_row, target_row, text_row};
use super::{collections, component_link, editor, row, section, text, title_ui};

const MAX_MEMBERS: usize = 40;

pub fn component_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(component) = state.component(id) else {
        title_ui(ui, id.as_str(), "not in this session any more");
        return;
    };
    let group = component.group.as_ref().and_then(|group| state.document.group(group));
    let below = group.map_or_else(|| id.to_string(), |group| format!("{id}, in {}", group.title));
    title_ui(ui, &component.title, &below);
    status_ui(state, id, ui);
    if !component.about.is_empty() {
        text(ui, &component.about);
    }
    if let Some(code) = &component.code {
        let lines = code.lines.map(|(first, last)| format!(":{first}-{last}")).unwrap_or_default();
        row(ui, "Code", &format!("{}{lines}", code.place));
    }
    super::findings::findings_ui(state, ui, commands);
    measured_ui(state, id, ui, commands);
    collections::collections_ui(state, Some(id), ui);
    collections::trace_ui(state, id, ui, commands);
    facts_ui(state, component, ui, commands);
    targets_and_rules_ui(state, id, ui, commands);
    super::consistency::consistency_ui(state, ui, commands);
    notes_ui(state, component, ui, commands);
    plans_ui(state, id, ui, commands);
    edges_ui(state, id, ui, commands);
    if component.kind == ComponentKind::System {
        editor::editor_ui(state, component, ui, commands);
    }
}

fn status_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui) {
    let Some(status) = state.statuses.get(id) else { return };
    let colours = Theme::get(ui).class(Some(status.class));
    let label = format!("{} {}", status.class.symbol(), status.class.word());
    egui::Frame::new().fill(colours.fill).stroke((1.0, colours.stroke)).corner_radius(4).inner_margin(4).show(
        ui,
        |ui| {
            ui.label(egui::RichText::new(label).color(colours.text).strong()).on_hover_text(&status.why);
            ui.add(egui::Label::new(egui::RichText::new(&status.why).small().color(colours.text)).wrap());
        },
    );
}

fn measured_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if state.measured_span().is_none() {
        return;
    }
    section(ui, "Measured");
    let landscape = state.answers.landscape.as_deref();
    let part = landscape.and_then(|landscape| landscape.parts.iter().find(|part| &part.component == id));
    let hot = state.answers.heat_map.as_deref().and_then(|map| map.rows.iter().find(|row| &row.component == id));
    if let Some(part) = part {
        quantity_row(ui, "Memory", &part.bytes, None);
    }
    if let (Some(row), Some(map)) = (hot, state.answers.heat_map.as_deref()) {
        let window = map.range;
        for (label, value) in [("CPU, last", row.now), ("CPU, mean", row.mean), ("CPU, peak", row.peak)] {
            let source = state.session.as_ref().map_or("", |session| session.source.as_str());
            let quantity = Quantity::measured(value, map.metric.unit(), source, Some(window));
            quantity_row(ui, label, &quantity, None);
        }
    }
    let Some(part) = part else {
        let entities = state.session.iter().flat_map(|session| session.entities.iter());
        let members = entities.filter(|entity| entity.component.as_ref() == Some(id)).count();
        row(ui, "Entities", &members.to_string());
        return;
    };
    for member in part.members.iter().take(MAX_MEMBERS) {
        ui.horizontal(|ui| {
            match member.entity {
                Some(entity) => {
                    if ui.link(&member.name).clicked() {
                        commands.push(NavigateCommand::Select(Some(Selection::Entity(entity))).into());
                    }
                }
                None => {
                    ui.label(&member.name);
                }
            }
            ui.label(egui::RichText::new(bytes_text(member.bytes)).color(Theme::get(ui).text_weak));
        });
    }
    if part.members.len() > MAX_MEMBERS {
        text(ui, &format!("and {} more", part.members.len() - MAX_MEMBERS));
    }
}

fn facts_ui(state: &State, component: &Component, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let document = &state.document;
    let elsewhere = document.components.iter().filter(|other| other.id != component.id).flat_map(|other| &other.facts);
    let elsewhere: Vec<_> = elsewhere.filter(|fact| fact.about.as_ref() == Some(&component.id)).collect();
    let nothing = component.facts.is_empty()
        && component.claims.is_empty()
        && component.hot_functions.is_empty()
        && component.patterns.is_empty()
        && elsewhere.is_empty();
    if nothing {
        return;
    }
    section(ui, "Stated");
    component.facts.iter().chain(elsewhere).for_each(|fact| fact_row(state, fact, ui, commands));
    component.claims.iter().for_each(|claim| claim_row(state, claim, ui, commands));
    component.hot_functions.iter().for_each(|function| function_row(state, function, ui, commands));
    for pattern in &component.patterns {
        let hours: Vec<String> =
            pattern.peaks.iter().map(|daily| format!("{}–{} h", daily.from_hour, daily.to_hour)).collect();
        let words = format!("{} {}", pattern.title, hours.join(", "));
        text_row(state, &words, &document.stated(&pattern.item), ui, commands);
    }
}

fn targets_and_rules_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let concerns = |owner: &ComponentId, subject: &Option<ComponentId>| owner == id || subject.as_ref() == Some(id);
    let targets: Vec<_> =
        state.document.targets.iter().filter(|target| concerns(&target.owner, &target.applies_to)).collect();
    if !targets.is_empty() {
        section(ui, "Targets");
        targets.iter().for_each(|target| target_row(state, target, ui, commands));
    }
    let rules: Vec<_> = state.document.rules.iter().filter(|rule| concerns(&rule.owner, &rule.applies_to)).collect();
    if !rules.is_empty() {
        section(ui, "Rules");
        rules.iter().for_each(|rule| rule_row(state, rule, ui, commands));
    }
}

fn notes_ui(state: &State, component: &Component, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if component.notes.is_empty() {
        return;
    }
    section(ui, "Notes");
    for note in &component.notes {
        let words = format!("{:?}: {}", note.kind, note.text);
        text_row(state, &words, &state.document.stated(&note.item), ui, commands);
    }
}

fn plans_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let decisions: Vec<_> =
        state.document.decisions.iter().filter(|decision| decision.about.as_ref() == Some(id)).collect();
    if !decisions.is_empty() {
        section(ui, "Decisions");
        for decision in decisions {
            ui.horizontal_wrapped(|ui| {
                if ui.link(&decision.question).clicked() {
                    commands.push(NavigateCommand::Select(Some(Selection::Decision(decision.id.clone()))).into());
                }
                ui.label(egui::RichText::new(decision.state.word()).small().color(Theme::get(ui).text_weak));
            });
        }
    }
    let opportunities: Vec<_> = state
        .document
        .opportunities
        .iter()
        .filter(|opportunity| {
            let lane = state.document.horizon(&opportunity.horizon).and_then(|horizon| horizon.component.as_ref());
            opportunity.component.as_ref() == Some(id) || lane == Some(id)
        })
        .collect();
    if !opportunities.is_empty() {
        section(ui, "Opportunities");
        for opportunity in opportunities {
            if ui.link(&opportunity.title).clicked() {
                commands.push(NavigateCommand::Select(Some(Selection::Opportunity(opportunity.id.clone()))).into());
            }
        }
    }
    let lanes = state.document.horizons.iter().filter(|horizon| horizon.component.as_ref() == Some(id));
    for horizon in lanes {
        horizon.combined.iter().for_each(|claim| claim_row(state, claim, ui, commands));
    }
}

fn edges_ui(state: &State, id: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let edges: Vec<_> = state.document.edges.iter().filter(|edge| &edge.from == id || &edge.to == id).collect();
    if edges.is_empty() {
        return;
    }
    section(ui, "Arrows");
    for edge in edges {
        let (sign, other) = if &edge.from == id { ("→", &edge.to) } else { ("←", &edge.from) };
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{} {sign}", edge.label));
            component_link(state, other, ui, commands);
        });
    }
    let shares = state.answers.landscape.as_deref().and_then(|landscape| {
        let part = landscape.parts.iter().find(|part| &part.component == id)?;
        Some(part.bytes.value.representative() / landscape.total.value.representative())
    });
    if let Some(share) = shares.filter(|share| share.is_finite()) {
        row(ui, "Share of memory", &share_text(share));
    }
}
