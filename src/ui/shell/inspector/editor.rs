//! The component editor: a component's name, the selectors that say which entities belong to it, and what they find.

use egui::{ComboBox, RichText, TextEdit, Ui};

use super::{section, text};
use crate::analysis::matching::Matching;
use crate::model::document::{Component, Selector};
use crate::model::entity::EntityKind;
use crate::state::command::{Command, ComponentEdit, DocumentCommand, NavigateCommand, SessionCommand};
use crate::state::{Selection, SessionKind, State};
use crate::ui::theme::Theme;

/// Attributes that sources give; any other can be found in a document.
const ATTRIBUTES: [&str; 9] =
    ["application", "supervisor", "registered_name", "initial_call", "label", "table", "owner", "exe", "user"];

/// Kinds that components are made of.
const KINDS: [EntityKind; 4] =
    [EntityKind::BeamProcess, EntityKind::EtsTable, EntityKind::OsProcess, EntityKind::Allocator];

/// Draws it; every change becomes a command.
pub fn editor_ui(state: &State, component: &Component, ui: &mut Ui, commands: &mut Vec<Command>) {
    let id = &component.id;
    section(ui, "Which entities belong to it");
    if state.document.component(id).is_none() {
        text(ui, "The source found it; the document does not name it.");
        if ui.button("Add it to the document").clicked() {
            commands.push(DocumentCommand::AddComponent(Some(id.clone())).into());
        }
        return;
    }
    ui.push_id(("editor", id), |ui| {
        title_ui(component, ui, commands);
        let matching = state.answers.matching.as_deref().filter(|matching| &matching.component == id);
        for (index, selector) in component.selectors.iter().enumerate() {
            ui.push_id(index, |ui| selector_ui(component, index, selector, matching, ui, commands));
        }
        ui.horizontal(|ui| {
            if ui.button("Add a selector").clicked() {
                let mut selectors = component.selectors.clone();
                selectors.push(Selector { name: Some(String::new()), ..Selector::default() });
                commands.push(change(component, selectors, false));
            }
        });
        if component.selectors.is_empty() {
            let none = "None, as it has no selector: it shows what the document states.";
            ui.add(egui::Label::new(RichText::new(none).small().color(Theme::get(ui).text_weak)).wrap());
        } else {
            found_ui(state, matching, ui, commands);
        }
        when_ui(state, ui, commands);
    });
}

fn change(component: &Component, selectors: Vec<Selector>, typed: bool) -> Command {
    DocumentCommand::EditComponent(component.id.clone(), ComponentEdit::Selectors { selectors, typed }).into()
}

/// A field for one text; gives what was typed into it.
fn field(ui: &mut Ui, name: &str, hint: &'static str, value: &str, commands: &mut Vec<Command>) -> Option<String> {
    let mut text = value.to_owned();
    let field = TextEdit::singleline(&mut text).id_salt(name).hint_text(hint).desired_width(f32::INFINITY);
    let response = ui.add(field);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, value, value, hint);
        info.label = Some(name.to_owned());
        info
    });
    if response.lost_focus() {
        commands.push(DocumentCommand::Seal.into());
    }
    response.changed().then_some(text)
}

fn title_ui(component: &Component, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.label(RichText::new("Name").small());
    if let Some(title) = field(ui, "Name of the component", "its name", &component.title, commands) {
        commands.push(DocumentCommand::EditComponent(component.id.clone(), ComponentEdit::Title(title)).into());
    }
}

fn selector_ui(
    component: &Component,
    index: usize,
    selector: &Selector,
    matching: Option<&Matching>,
    ui: &mut Ui,
    commands: &mut Vec<Command>,
) {
    let theme = Theme::get(ui);
    let changed = |selector: Option<Selector>, typed: bool, commands: &mut Vec<Command>| {
        let mut selectors = component.selectors.clone();
        match selector {
            Some(selector) => selectors[index] = selector,
            None => {
                selectors.remove(index);
            }
        }
        commands.push(change(component, selectors, typed));
    };
    let frame = egui::Frame::new().stroke((1.0, theme.outline)).corner_radius(4).inner_margin(5);
    frame.show(ui, |ui| {
        ui.horizontal(|ui| {
            let kinds = KINDS.iter().map(|kind| kind.word());
            if let Some(kind) = choice(ui, "Kind", selector.kind.as_deref(), "any kind", kinds) {
                changed(Some(Selector { kind, ..selector.clone() }), false, commands);
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui
                    .small_button("×")
                    .on_hover_text("Remove this selector")
                    .accessible_name("Remove this selector")
                    .clicked()
                {
                    changed(None, false, commands);
                }
                let count = matching.and_then(|matching| matching.by_selector.get(index));
                if let Some(count) = count.filter(|_| component.selectors.len() > 1) {
                    ui.label(RichText::new(format!("matches {count}")).small().color(theme.text_weak));
                }
            });
        });
        if let Some(name) = &selector.name {
            ui.horizontal(|ui| {
                ui.label(RichText::new("name").small());
                if remove(ui, "the name") {
                    changed(Some(Selector { name: None, ..selector.clone() }), false, commands);
                }
                if let Some(name) = field(ui, "Name pattern", "agent_*", name, commands) {
                    changed(Some(Selector { name: Some(name), ..selector.clone() }), true, commands);
                }
            });
        }
        for (row, (name, pattern)) in selector.attributes.iter().enumerate() {
            ui.push_id(("attribute", row), |ui| {
                let with = |name: String, pattern: String| {
                    let mut selector = selector.clone();
                    selector.attributes[row] = (name, pattern);
                    Some(selector)
                };
                ui.horizontal(|ui| {
                    if let Some(Some(chosen)) = choice(ui, "Attribute", Some(name), "", ATTRIBUTES.into_iter()) {
                        changed(with(chosen, pattern.clone()), false, commands);
                    }
                    if remove(ui, name) {
                        let mut selector = selector.clone();
                        selector.attributes.remove(row);
                        changed(Some(selector), false, commands);
                    }
                    if let Some(typed) = field(ui, &format!("Pattern of {name}"), "* is any text", pattern, commands) {
                        changed(with(name.clone(), typed), true, commands);
                    }
                });
            });
        }
        ui.horizontal(|ui| {
            if ui.small_button("+ attribute").clicked() {
                let mut selector = selector.clone();
                let used = |name: &&&str| selector.attributes.iter().any(|(used, _)| used == *name);
                let free = ATTRIBUTES.iter().find(|name| !used(name)).unwrap_or(&ATTRIBUTES[0]);
                selector.attributes.push(((*free).to_owned(), String::from("*")));
                changed(Some(selector), false, commands);
            }
            if selector.name.is_none() && ui.small_button("+ name").clicked() {
                changed(Some(Selector { name: Some(String::new()), ..selector.clone() }), false, commands);
            }
        });
    });
}

fn remove(ui: &mut Ui, what: &str) -> bool {
    let name = format!("Remove {what}");
    ui.small_button("−").on_hover_text(&name).accessible_name(&name).clicked()
}

/// A choice among words, with none where `none` has a word for it; gives the new one. A word that is not offered stays.
fn choice<'a>(
    ui: &mut Ui,
    label: &str,
    value: Option<&str>,
    none: &str,
    words: impl Iterator<Item = &'a str>,
) -> Option<Option<String>> {
    let mut chosen = None;
    let shown = ComboBox::from_id_salt(label).selected_text(value.unwrap_or(none)).width(104.0).show_ui(ui, |ui| {
        if !none.is_empty() && ui.selectable_label(value.is_none(), none).clicked() {
            chosen = Some(None);
        }
        for word in words {
            if ui.selectable_label(value == Some(word), word).clicked() {
                chosen = Some(Some(word.to_owned()));
            }
        }
    });
    let said = format!("{label}: {}", value.unwrap_or(none));
    shown.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &said));
    shown.response.on_hover_text(label);
    chosen.filter(|chosen| chosen.as_deref() != value)
}

/// What the selectors find at the cursor.
fn found_ui(state: &State, matching: Option<&Matching>, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    if state.measured_span().is_none() {
        text(ui, "Nothing was measured here that they could be tried on; watch a source or open a recording.");
        return;
    }
    let Some(matching) = matching else {
        ui.label(RichText::new("Looking …").color(weak));
        return;
    };
    let note = match (matching.count(), matching.ever) {
        (0, 0) => String::from("None matched at any time."),
        (count, ever) if ever > count => format!("Now; over all time {ever} matched."),
        _ => String::new(),
    };
    ui.label(RichText::new(matches_text(matching)).strong());
    if matching.taken > 0 {
        let words = format!("{} of them fall to a component that comes earlier in the document.", matching.taken);
        ui.add(egui::Label::new(RichText::new(words).small().color(weak)).wrap());
    }
    if !note.is_empty() {
        ui.label(RichText::new(note).small().color(weak));
    }
    for (id, name) in &matching.first {
        if ui.add(egui::Link::new(name)).clicked() {
            commands.push(NavigateCommand::Select(Some(Selection::Entity(*id))).into());
        }
    }
    if matching.count() > matching.first.len() {
        ui.label(RichText::new(format!("and {} more", matching.count() - matching.first.len())).color(weak));
    }
}

/// As in "matches 12 processes, 2 tables".
fn matches_text(matching: &Matching) -> String {
    let words = |kind: EntityKind, count: usize| {
        let word = match kind {
            EntityKind::BeamProcess => "process",
            EntityKind::EtsTable => "table",
            EntityKind::OsProcess => "process of the operating system",
            kind => kind.word(),
        };
        match (count, word) {
            (1, word) => format!("1 {word}"),
            (count, "process of the operating system") => format!("{count} processes of the operating system"),
            (count, word) if word.ends_with('s') => format!("{count} {word}es"),
            (count, word) => format!("{count} {word}s"),
        }
    };
    let parts: Vec<String> = matching.kinds.iter().map(|(kind, count)| words(*kind, *count)).collect();
    if parts.is_empty() { String::from("matches nothing") } else { format!("matches {}", parts.join(", ")) }
}

/// From when on a change counts.
fn when_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let words = match state.session.as_ref().map(|session| session.kind) {
        Some(SessionKind::Live) => {
            "What is being recorded keeps the components that it began with; changes apply to new recordings."
        }
        Some(SessionKind::Recorded) => {
            "This recording keeps the components that it was made with; changes apply to new recordings with this document."
        }
        _ => "Applies to recordings that are made with this document (--map).",
    };
    ui.add(egui::Label::new(RichText::new(words).small().color(Theme::get(ui).text_weak)).wrap());
    if state.is_live() {
        let hint = "Begins a new live session with the components as they are now; what was measured so far is kept in its file";
        if ui.button("Measure anew with these").on_hover_text(hint).clicked() {
            commands.push(SessionCommand::WatchAgain.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_is_said_in_words() {
        let matching = |kinds: &[(EntityKind, usize)]| Matching {
            component: "a".into(),
            kinds: kinds.to_vec(),
            ever: 0,
            taken: 0,
            first: Vec::new(),
            by_selector: Vec::new(),
        };
        let both = matching(&[(EntityKind::BeamProcess, 12), (EntityKind::EtsTable, 2)]);
        assert_eq!(matches_text(&both), "matches 12 processes, 2 tables");
        assert_eq!(matches_text(&matching(&[(EntityKind::BeamProcess, 1)])), "matches 1 process");
        assert_eq!(matches_text(&matching(&[])), "matches nothing");
    }
}
