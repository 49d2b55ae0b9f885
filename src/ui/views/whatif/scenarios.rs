//! Which scenario the sliders change: choosing, naming, duplicating, comparing, removing.

use egui::{RichText, TextEdit, Ui};

use crate::state::State;
use crate::state::command::{Command, DocumentCommand, ScenarioEdit, TryCommand};
use crate::ui::theme::Theme;

/// Draws it.
pub fn scenarios_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let present = state.scenario();
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Scenario").small());
        let words = present.map_or("As recorded", |scenario| scenario.title.as_str());
        let combo = egui::ComboBox::from_id_salt("scenario").selected_text(words).truncate().width(150.0);
        let shown = combo.show_ui(ui, |ui| {
            if ui.selectable_label(present.is_none(), "As recorded").clicked() {
                commands.push(TryCommand::Choose(None).into());
            }
            for scenario in &state.document.scenarios {
                let chosen = present.is_some_and(|present| present.id == scenario.id);
                if ui.selectable_label(chosen, &scenario.title).clicked() {
                    commands.push(TryCommand::Choose(Some(scenario.id.clone())).into());
                }
            }
        });
        shown.response.labelled_by(label.id);
        if ui.button("New").on_hover_text("A scenario in which nothing is changed yet").clicked() {
            commands.push(TryCommand::New(Vec::new()).into());
        }
    });
    let Some(scenario) = present else {
        let text = "The first slider that you move makes a scenario; it is kept in the session.";
        ui.label(RichText::new(text).small().color(Theme::get(ui).text_weak));
        return;
    };
    // What is typed reaches the document before the next frame, so no copy has to be kept.
    let mut title = scenario.title.clone();
    let field = ui.add(TextEdit::singleline(&mut title).id_salt("scenario title").desired_width(f32::INFINITY));
    field.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Name of the scenario"));
    if field.changed() {
        commands.push(DocumentCommand::EditScenario(scenario.id.clone(), ScenarioEdit::Title(title)).into());
    }
    if field.lost_focus() {
        commands.push(DocumentCommand::Seal.into());
    }
    ui.horizontal_wrapped(|ui| {
        if ui.button("Duplicate").clicked() {
            commands.push(TryCommand::New(scenario.settings.clone()).into());
        }
        let mut beside = state.trying.compared.contains(&scenario.id);
        if ui.checkbox(&mut beside, "Compare").on_hover_text("Show it side by side with others, up to four").changed() {
            commands.push(TryCommand::Compare(scenario.id.clone(), beside).into());
        }
        if ui.button("Remove").clicked() {
            commands.push(DocumentCommand::RemoveScenario(scenario.id.clone()).into());
        }
    });
}
