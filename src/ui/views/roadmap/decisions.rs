//! The questions put to the human: a list, open ones first, and the editor of the selected one.

use egui::{Label, RichText, Sense, Ui, UiBuilder, WidgetInfo};

use super::fields::{choice, text_field};
use crate::model::document::{Decision, DecisionKind, DecisionState, StatusClass};
use crate::model::id::DecisionId;
use crate::state::command::{Command, DecisionEdit, DocumentCommand, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;
use crate::ui::widgets::chip::chip;
use crate::ui::widgets::provenance::mark_ui;

/// Draws heading, filter and list. `arrived`: the selection is new, so it is scrolled to.
pub fn decisions_ui(state: &State, arrived: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let memory = ui.scope_id().with("decision filter");
    let mut filter: Option<DecisionState> = ui.data(|data| data.get_temp(memory)).unwrap_or_default();
    let decisions = &state.document.decisions;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Decisions").heading());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.small_button("+ Add").on_hover_text("Add a question").accessible_name("Add a decision").clicked() {
                commands.push(DocumentCommand::AddDecision.into());
            }
        });
    });
    let count = |state: DecisionState| decisions.iter().filter(|decision| decision.state == state).count();
    let mut names = vec![(None, format!("all ({})", decisions.len()))];
    names.extend(DecisionState::ALL.map(|state| (Some(state), format!("{} ({})", state.word(), count(state)))));
    let options: Vec<(Option<DecisionState>, &str)> =
        names.iter().map(|(state, name)| (*state, name.as_str())).collect();
    if let Some(chosen) = choice(ui, "Show", &options, filter) {
        filter = chosen;
        ui.data_mut(|data| data.insert_temp(memory, filter));
    }
    let shown =
        |decision: &&Decision| filter.is_none_or(|state| decision.state == state) || is_selected(state, &decision.id);
    let (open, settled): (Vec<_>, Vec<_>) =
        decisions.iter().filter(shown).partition(|decision| decision.state == DecisionState::Open);
    if open.is_empty() && settled.is_empty() {
        ui.label(RichText::new("Nothing here.").color(Theme::get(ui).text_weak));
    }
    for decision in open.into_iter().chain(settled) {
        row_ui(state, decision, arrived, ui, commands);
        if is_selected(state, &decision.id) {
            ui.indent(("editor", &decision.id), |ui| editor_ui(state, decision, ui, commands));
        }
    }
}

fn is_selected(state: &State, id: &DecisionId) -> bool {
    matches!(&state.selection, Some(Selection::Decision(selected)) if selected == id)
}

fn row_ui(state: &State, decision: &Decision, arrived: bool, ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let is_selected = is_selected(state, &decision.id);
    let builder = UiBuilder::new().id_salt(("row", &decision.id)).sense(Sense::click());
    let response = ui
        .scope_builder(builder, |ui| {
            let seen = ui.response();
            let fill = if is_selected || seen.hovered() { theme.selection } else { theme.raised };
            let outline = if seen.has_focus() { (2.0, theme.accent) } else { (1.0, theme.outline) };
            egui::Frame::new().fill(fill).stroke(outline).corner_radius(4).inner_margin(5).show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.style_mut().interaction.selectable_labels = false;
                ui.spacing_mut().item_spacing.y = 2.0;
                ui.add(Label::new(&decision.question).wrap());
                ui.horizontal_wrapped(|ui| {
                    ui.spacing_mut().item_spacing.x = 4.0;
                    chip(ui, class_of(decision.state), decision.state.word());
                    let about = decision.about.as_ref().map(|id| state.component_title(id));
                    let text =
                        [Some(kind_words(decision.kind)), about].into_iter().flatten().collect::<Vec<_>>().join(" · ");
                    ui.add(Label::new(RichText::new(text).small().color(theme.text_weak)).truncate());
                });
            });
        })
        .response;
    response.widget_info(|| {
        let name = format!("{}, {}", decision.question, decision.state.word());
        WidgetInfo::selected(egui::accesskit::Role::Button, true, is_selected, name)
    });
    if is_selected && arrived {
        response.scroll_to_me(None);
    }
    if response.clicked() {
        let selection = (!is_selected).then(|| Selection::Decision(decision.id.clone()));
        commands.push(NavigateCommand::Select(selection).into());
    }
}

fn editor_ui(state: &State, decision: &Decision, ui: &mut Ui, commands: &mut Vec<Command>) {
    let id = &decision.id;
    let weak = Theme::get(ui).text_weak;
    let edit = |edit: DecisionEdit| DocumentCommand::EditDecision(id.clone(), edit);
    ui.push_id(id, |ui| {
        if let Some(component) = &decision.about {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("About").small());
                if ui.link(state.component_title(component)).clicked() {
                    commands.push(NavigateCommand::Select(Some(Selection::Component(component.clone()))).into());
                }
                if let Some(item) = &decision.item {
                    mark_ui(ui, &state.document.stated(item));
                }
            });
        }
        if let Some((least, most)) = decision.window_weeks {
            let weeks = if least == most { format!("{least}") } else { format!("{least} to {most}") };
            ui.label(RichText::new(format!("Time to decide: {weeks} weeks")).small());
        }
        for option in &decision.options {
            ui.add(Label::new(RichText::new(format!("– {}", option.title)).small().strong()).wrap());
            if !option.evidence.is_empty() {
                ui.add(Label::new(RichText::new(&option.evidence).small().color(weak)).wrap());
            }
        }
        let states = DecisionState::ALL.map(|state| (state, state.word()));
        if let Some(chosen) = choice(ui, "State", &states, decision.state) {
            commands.push(edit(DecisionEdit::State(chosen)).into());
        }
        text_field(ui, "Question", "what is to be decided", 1, &decision.question, commands, |text| {
            edit(DecisionEdit::Question(text))
        });
        text_field(ui, "Why", "what speaks for it", 2, &decision.why, commands, |text| edit(DecisionEdit::Why(text)));
        text_field(ui, "Decided by", "who", 1, &decision.by, commands, |text| edit(DecisionEdit::By(text)));
        text_field(ui, "Decided on", "2026-03-31", 1, &decision.at, commands, |text| edit(DecisionEdit::At(text)));
        date_hint(ui, &decision.at);
        text_field(ui, "Look again on", "2026-03-31", 1, &decision.revisit, commands, |text| {
            edit(DecisionEdit::Revisit(text))
        });
        date_hint(ui, &decision.revisit);
        if ui.small_button("Remove").accessible_name("Remove this decision").clicked() {
            commands.push(DocumentCommand::RemoveDecision(id.clone()).into());
            commands.push(NavigateCommand::Select(None).into());
        }
        ui.add_space(6.0);
    });
}

/// Says so where a date can't be read as one; it is kept all the same.
fn date_hint(ui: &mut Ui, text: &str) {
    if !text.is_empty() && text.parse::<jiff::civil::Date>().is_err() {
        ui.label(RichText::new("not a date such as 2026-03-31").small().color(Theme::get(ui).warning.stroke));
    }
}

fn class_of(state: DecisionState) -> Option<StatusClass> {
    match state {
        DecisionState::Open => Some(StatusClass::Human),
        DecisionState::Accepted => Some(StatusClass::Healthy),
        DecisionState::Rejected => None,
        DecisionState::Deferred => Some(StatusClass::Warning),
    }
}

fn kind_words(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Question => "question",
        DecisionKind::Status => "status to confirm",
        DecisionKind::Confidence => "confidence to confirm",
        DecisionKind::Insight => "insight to answer",
        DecisionKind::Window => "time to decide",
    }
}
