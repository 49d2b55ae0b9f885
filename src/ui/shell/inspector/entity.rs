//! One measured entity.

use crate::model::entity::EntityId;
use crate::model::format::{bytes_text, duration_text, number_text};
use crate::state::Selection;
use crate::state::State;
use crate::state::command::{Command, NavigateCommand};

use super::{component_link, row, section, title_ui};

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
    section(ui, "Attributes");
    for (name, value) in &entity.attributes {
        row(ui, name, value);
    }
}
