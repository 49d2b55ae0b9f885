//! The component tree: groups and their components with status, filtered as one types.

use std::collections::BTreeSet;

use crate::model::document::{Component, Group};
use crate::model::id::GroupId;
use crate::state::command::{Command, DocumentCommand, NavigateCommand};
use crate::state::{Selection, State};
use crate::ui::theme::Theme;

/// Draws it.
pub fn tree_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    ui.add_space(4.0);
    filter_ui(state, ui, commands);
    let tree = Tree::new(state);
    egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        if tree.shown.is_empty() {
            let text = if state.tree_filter.is_empty() { "No components yet." } else { "No component matches." };
            ui.label(egui::RichText::new(text).color(Theme::get(ui).text_weak));
        }
        for snapshot in &state.document.snapshots {
            let groups: Vec<&Group> =
                tree.top_groups().filter(|group| group.id.0.starts_with(&snapshot.prefix)).collect();
            if groups.iter().any(|group| tree.has_shown(&group.id)) {
                ui.add_space(4.0);
                ui.add(egui::Label::new(egui::RichText::new(&snapshot.title).strong()).wrap());
                for group in groups {
                    tree.group_ui(group, ui, commands);
                }
            }
        }
        let in_snapshot = |group: &&Group| state.document.snapshots.iter().any(|s| group.id.0.starts_with(&s.prefix));
        for group in tree.top_groups().filter(|group| !in_snapshot(group)) {
            tree.group_ui(group, ui, commands);
        }
        for component in state.document.components.iter().filter(|component| component.group.is_none()) {
            tree.component_ui(component, ui, commands);
        }
        if !state.discovered.is_empty() {
            if !state.document.components.is_empty() {
                ui.add_space(4.0);
                ui.label(egui::RichText::new("Found by the source").strong());
            }
            for component in state.discovered.iter() {
                tree.component_ui(component, ui, commands);
            }
        }
        ui.add_space(6.0);
        let hint = "Adds a component to the document; its selectors say what belongs to it";
        if ui.small_button("New component").on_hover_text(hint).clicked() {
            commands.push(DocumentCommand::AddComponent(None).into());
        }
    });
}

fn filter_ui(state: &State, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    let mut text = state.tree_filter.clone();
    ui.horizontal(|ui| {
        let label = ui.label("Filter");
        let edit = egui::TextEdit::singleline(&mut text).hint_text("name of a component").desired_width(f32::INFINITY);
        if ui.add(edit).labelled_by(label.id).changed() {
            commands.push(NavigateCommand::FilterTree(text.clone()).into());
        }
    });
}

struct Tree<'a> {
    state: &'a State,
    /// Components that pass the filter.
    shown: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn new(state: &'a State) -> Self {
        let filter = state.tree_filter.to_lowercase();
        let matches = |component: &&Component| component.title.to_lowercase().contains(&filter);
        let shown = state.components().filter(matches).map(|component| component.id.as_str()).collect();
        Self { state, shown }
    }

    fn top_groups(&self) -> impl Iterator<Item = &'a Group> {
        self.state.document.groups.iter().filter(|group| group.parent.is_none())
    }

    fn children(&self, id: &'a GroupId) -> impl Iterator<Item = &'a Group> {
        self.state.document.groups.iter().filter(move |group| group.parent.as_ref() == Some(id))
    }

    fn members(&self, id: &'a GroupId) -> impl Iterator<Item = &'a Component> {
        self.state.document.components.iter().filter(move |component| component.group.as_ref() == Some(id))
    }

    fn has_shown(&self, id: &'a GroupId) -> bool {
        self.members(id).any(|component| self.shown.contains(component.id.as_str()))
            || self.children(id).any(|child| child.id != *id && self.has_shown(&child.id))
    }

    fn group_ui(&self, group: &'a Group, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
        if !self.has_shown(&group.id) {
            return;
        }
        let title = egui::RichText::new(&group.title).color(Theme::get(ui).text_weak);
        egui::CollapsingHeader::new(title).id_salt(("group", &group.id.0)).default_open(true).show(ui, |ui| {
            for child in self.children(&group.id).filter(|child| child.id != group.id) {
                self.group_ui(child, ui, commands);
            }
            for component in self.members(&group.id) {
                self.component_ui(component, ui, commands);
            }
        });
    }

    fn component_ui(&self, component: &Component, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
        if !self.shown.contains(component.id.as_str()) {
            return;
        }
        let theme = Theme::get(ui);
        let status = self.state.statuses.get(&component.id);
        let class = status.map(|status| status.class);
        let selection = Selection::Component(component.id.clone());
        let selected = self.state.selection.as_ref() == Some(&selection);
        let row = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let symbol = class.map_or("○", |class| class.symbol());
            let mark = ui.label(egui::RichText::new(symbol).small().color(theme.class(class).stroke));
            if let Some(status) = status {
                mark.on_hover_text(format!("{} ({})", status.class.word(), status.why));
            }
            ui.add(egui::Button::selectable(selected, component.title.as_str()).truncate())
        });
        if row.inner.clicked() {
            commands.push(NavigateCommand::Select(if selected { None } else { Some(selection) }).into());
        }
    }
}
