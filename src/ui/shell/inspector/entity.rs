//! One measured entity.

use crate::analysis::functions::FEW_SAMPLES;
use crate::model::entity::{EntityId, EntityKind};
use crate::model::format::{bytes_text, duration_text, number_text, share_text};
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::Topic;
use crate::state::{CpuDetail, Selection, State};

use super::{component_link, row, section, text, title_ui};

/// So many functions are named.
const TOP_FUNCTIONS: usize = 3;

pub fn entity_ui(state: &State, id: EntityId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let Some(entity) = state.entity(id) else {
        title_ui(ui, "Unknown entity", "not in this recording");
        return;
    };
    title_ui(ui, &entity.name, &format!("{} ({})", entity.kind.word().replace('_', " "), entity.key));
    if let Some(component) = &entity.component {
        ui.horizontal(|ui| {
            ui.label("Component");
            component_link(state, component, ui, commands);
        });
    }
    if let Some(parent) = entity.parent.and_then(|parent| state.entity(parent)) {
        ui.horizontal(|ui| {
            ui.label("Parent");
            if ui.link(&parent.name).clicked() {
                commands.push(NavigateCommand::Select(Some(Selection::Entity(parent.id))).into());
            }
        });
    }
    if let Some(started) = entity.started {
        row(ui, "Started", &started.local("%d %b %Y %H:%M:%S"));
    }
    if let Some(ended) = entity.ended {
        row(ui, "Ended", &ended.local("%d %b %Y %H:%M:%S"));
        if let Some(started) = entity.started {
            row(ui, "Lived", &duration_text(ended.seconds_since(started)));
        }
    }
    super::findings::findings_ui(state, ui, commands);
    section(ui, "Measured");
    if let Some(landscape) = state.answers.landscape.as_deref() {
        let member = landscape.parts.iter().flat_map(|part| &part.members).find(|member| member.entity == Some(id));
        if let Some(member) = member {
            row(ui, "Memory at the cursor", &bytes_text(member.bytes));
        }
    }
    if let Some(lines) = state.answers.lines.as_deref()
        && let Some(line) = lines.lines.iter().find(|line| line.entity == id)
        && let Some(peak) = line.buckets.buckets.iter().map(|bucket| bucket.max).reduce(f64::max)
    {
        row(ui, &format!("{}, peak", lines.metric.metric().title), &number_text(peak, lines.metric.unit()));
    }
    functions_ui(state, id, ui, commands);
    section(ui, "Attributes");
    for (name, value) in &entity.attributes {
        row(ui, name, value);
    }
}

/// What a BEAM process was executing most, by its own share.
fn functions_ui(state: &State, id: EntityId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if state.entity(id).is_none_or(|entity| entity.kind != EntityKind::BeamProcess) {
        return;
    }
    section(ui, "Functions");
    let about = Some(Selection::Entity(id));
    let found = state.answers.functions.as_ref().filter(|(whose, _)| *whose == about).map(|(_, found)| found);
    let Some(found) = found else {
        let why = state.answers.failed.get(&Topic::Functions).map_or("Reading …", String::as_str);
        text(ui, why);
        return;
    };
    if found.total == 0 {
        text(ui, "No stack samples in the visible time; they are taken of busy processes.");
        return;
    }
    for function in found.functions.iter().take(TOP_FUNCTIONS) {
        let interval = format!("{:.0}–{:.0} %", function.own.low * 100.0, function.own.high * 100.0);
        row(ui, &function.name, &format!("{} ({interval})", share_text(function.own.value)));
    }
    let few = if found.total < FEW_SAMPLES { ": too few to tell much" } else { "" };
    text(ui, &format!("Own share of {} stack samples{few}", found.total));
    if ui.link("All functions").clicked() {
        commands.push(NavigateCommand::ShowCpuDetail(CpuDetail::Functions).into());
    }
}
