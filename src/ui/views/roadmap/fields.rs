//! Controls that edit one value of the document: each shows what the state says and reports what the user makes of it.

use egui::{TextEdit, Ui};

use crate::state::command::{Command, DocumentCommand};

/// A text with its name above it. Leaving it ends the step that undo takes back.
pub fn text_field(
    ui: &mut Ui,
    name: &str,
    hint: &'static str,
    rows: usize,
    value: &str,
    commands: &mut Vec<Command>,
    change: impl FnOnce(String) -> DocumentCommand,
) {
    let label = ui.label(egui::RichText::new(name).small());
    // What is typed reaches the document before the next frame, so no copy has to be kept.
    let mut text = value.to_owned();
    let field =
        if rows > 1 { TextEdit::multiline(&mut text).desired_rows(rows) } else { TextEdit::singleline(&mut text) };
    let response = ui.add(field.id_salt(name).hint_text(hint).desired_width(f32::INFINITY)).labelled_by(label.id);
    if response.changed() {
        commands.push(change(text).into());
    }
    if response.lost_focus() {
        commands.push(DocumentCommand::Seal.into());
    }
}

/// A choice among a few values; gives the new one.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, name: &str, options: &[(T, &str)], value: T) -> Option<T> {
    let words = options.iter().find(|(option, _)| *option == value).map_or("", |(_, words)| words);
    let mut chosen = None;
    ui.horizontal(|ui| {
        let label = ui.label(egui::RichText::new(name).small());
        let combo =
            egui::ComboBox::from_id_salt(name).selected_text(words).truncate().width(ui.available_width() - 4.0);
        let shown = combo.show_ui(ui, |ui| {
            for (option, words) in options {
                if ui.selectable_label(*option == value, *words).clicked() {
                    chosen = Some(*option);
                }
            }
        });
        shown.response.labelled_by(label.id);
    });
    chosen.filter(|chosen| *chosen != value)
}
