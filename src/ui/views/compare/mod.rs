//! The Compare view: the session beside a later one, or what is shown before the cursor beside what comes after it; and pinned
//! predictions held against what happened.

mod effects;

use egui::{RichText, Ui};

use super::View;
use crate::model::document::Check;
use crate::model::format::number_text;
use crate::state::command::{Command, DocumentCommand, NavigateCommand, SessionCommand};
use crate::state::compare::{Against, Beside};
use crate::state::question::Topic;
use crate::state::{State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::empty_ui;
use crate::whatif::outcome::OutcomeInfo;

/// The Compare view.
pub struct Compare;

impl View for Compare {
    fn id(&self) -> ViewId {
        ViewId::Compare
    }

    fn help(&self) -> &'static str {
        "Before and after: what differs, by how much, and whether that is more than noise. The session shown is the one before; choose a \
         later recording of the system, or divide what is shown at the cursor. Pinned predictions are held against the later recording."
    }

    fn ui(&self, state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
        if state.measured_span().is_none() {
            empty_ui(
                ui,
                "Nothing to compare",
                "These figures are stated; nothing was measured. Open a recording, and compare it with a later one.",
            );
            return;
        }
        choice_ui(state, ui, commands);
        ui.separator();
        egui::ScrollArea::vertical()
            .id_salt("compared")
            .auto_shrink(false)
            .show(ui, |ui| answer_ui(state, ui, commands));
    }
}

fn choice_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("This session, in the time shown, and").small());
        let is_divided = state.against == Some(Against::AfterCursor);
        let hover = "What is shown up to the cursor, and what comes after it";
        if ui.selectable_label(is_divided, "itself after the cursor").on_hover_text(hover).clicked() {
            commands.push(NavigateCommand::CompareWith(Some(Against::AfterCursor)).into());
        }
        if let Some(Against::Later(path)) = &state.against {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let _ = ui.selectable_label(true, name).on_hover_text(path.display().to_string());
        }
        if ui.button("Choose a later recording …").clicked() {
            commands.push(SessionCommand::CompareDialog.into());
        }
        let own = state.session.as_ref().and_then(|session| session.path.as_ref());
        let recent = state.recent.iter().filter(|path| Some(*path) != own).take(4);
        for path in recent.filter(|path| path.extension().is_some_and(|extension| extension == "vivarium")) {
            let against = Against::Later(path.clone());
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if state.against.as_ref() != Some(&against)
                && ui.link(name).on_hover_text(path.display().to_string()).clicked()
            {
                commands.push(NavigateCommand::CompareWith(Some(against)).into());
            }
        }
    });
}

fn answer_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    let Some(against) = &state.against else {
        ui.label(RichText::new("Nothing is compared yet").heading());
        ui.label(RichText::new(Compare.help()).color(weak));
        return;
    };
    if *against == Against::AfterCursor
        && state.cursor().is_none_or(|at| at <= state.range.from || at >= state.range.to)
    {
        ui.label("Click into the timeline to set the cursor where before ends and after begins.");
        return;
    }
    if let Some(why) = state.answers.failed.get(&Topic::Beside) {
        ui.label(why);
        return;
    }
    match state.answers.beside.as_deref() {
        Some(Ok(beside)) if beside.against == *against => {
            let is_pending = state.answers.is_pending(Topic::Beside);
            ui.scope(|ui| {
                if is_pending {
                    ui.multiply_opacity(0.6);
                }
                checks_ui(state, beside, ui, commands);
                effects::effects_ui(state, beside, ui, commands);
            });
        }
        Some(Err(why)) if !state.answers.is_pending(Topic::Beside) => {
            ui.label(RichText::new("This could not be compared").heading());
            ui.add(egui::Label::new(why).wrap());
        }
        _ => {
            ui.label(RichText::new("Comparing …").color(weak));
        }
    }
}

fn checks_ui(state: &State, beside: &Beside, ui: &mut Ui, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    if beside.checks.is_empty() {
        return;
    }
    ui.label(RichText::new("Predictions").heading());
    for (name, check) in &beside.checks {
        let held = check.results.iter().filter(|result| result.held()).count();
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(name).strong());
            match check.results.len() {
                0 => ui.label(
                    "Nothing here tells whether it came true: trace the same components in the later recording.",
                ),
                all => ui.label(format!("{held} of {all} bands held")),
            };
            if !check.counts {
                let text = "does not count: this was recorded before the prediction was pinned";
                ui.label(RichText::new(text).small().color(theme.warning.stroke));
            }
            let pinned = state.document.predictions.iter().find(|pinned| pinned.name == *name);
            let is_kept = pinned.is_some_and(|pinned| pinned.checks.contains(check));
            if !is_kept && !check.results.is_empty() && ui.button("Keep the outcome").clicked() {
                commands.push(DocumentCommand::KeepCheck(name.clone(), check.clone()).into());
            }
        });
        results_ui(state, name, check, ui);
    }
    ui.add_space(8.0);
}

fn results_ui(state: &State, name: &str, check: &Check, ui: &mut Ui) {
    let theme = Theme::get(ui);
    let pinned = state.document.predictions.iter().find(|pinned| pinned.name == *name);
    for result in &check.results {
        let of = pinned.and_then(|pinned| {
            pinned.outcomes.iter().find(|one| one.metric == result.metric && one.component == result.component)
        });
        let text = |value: f64| of.map_or_else(|| format!("{value:.3}"), |one| number_text(value, one.unit));
        let title = OutcomeInfo::find(&result.metric).map_or(result.metric.as_str(), |info| info.title);
        let whose = result.component.as_ref().map_or("all together", |id| state.component_title(id));
        let (word, colour) =
            if result.held() { ("held", theme.healthy.stroke) } else { ("missed", theme.critical.stroke) };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(word).color(colour));
            ui.label(format!(
                "{title}, {whose}: predicted {} ({} to {}), measured {}",
                text(result.predicted),
                text(result.low),
                text(result.high),
                text(result.measured)
            ));
        });
    }
}
