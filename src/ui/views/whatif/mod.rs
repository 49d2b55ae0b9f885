//! The what-if view: sliders at the left; at the right what they would have done, with its band, how far it can be trusted, and
//! the change as text to take away.

mod answer;
mod chart;
mod compared;
mod explore;
mod frontier;
mod knobs;
mod pins;
mod scenarios;

use egui::{RichText, Ui};

use super::View;
use crate::state::command::Command;
use crate::state::question::{Topic, steady_range};
use crate::state::{State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::{empty_ui, missing_ui};

/// The what-if view.
pub struct WhatIf;

impl View for WhatIf {
    fn id(&self) -> ViewId {
        ViewId::WhatIf
    }

    fn help(&self) -> &'static str {
        "What other settings would have done in the stretch of time that is shown. Move a slider; each figure has a band that should \
         hold eight times of ten, and says how far it can be trusted, or why there is no answer. Pin a prediction before the change, \
         and hold it against a later recording."
    }

    fn ui(&self, state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
        if state.measured_span().is_none() {
            empty_ui(
                ui,
                "Nothing to replay",
                "These figures are stated; nothing was measured. Record collections (record beam:NAME@HOST --gc-trace COMPONENT), or \
                 open a GC trace or a request log.",
            );
            return;
        }
        let Some(known) = &state.answers.knobs else {
            missing_ui(ui, state, Topic::Knobs, "No knobs", "Open a recording.");
            return;
        };
        let side = egui::Panel::left(ui.scope_id().with("sliders")).default_size(330.0).size_range(250.0..=460.0);
        side.show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("sliders").auto_shrink(false).show(ui, |ui| {
                scenarios::scenarios_ui(state, ui, commands);
                ui.separator();
                knobs::knobs_ui(state, known, ui, commands);
            });
        });
        let margin = egui::Frame::new().inner_margin(egui::Margin { left: 10, ..egui::Margin::ZERO });
        egui::CentralPanel::no_frame().frame(margin).show(ui, |ui| {
            egui::ScrollArea::vertical().id_salt("answers").auto_shrink(false).show(ui, |ui| {
                ui.add_space(2.0);
                answers_ui(state, ui, commands);
            });
        });
    }
}

fn answers_ui(state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
    let weak = Theme::get(ui).text_weak;
    if !state.trying.compared.is_empty() {
        compared::compared_ui(state, ui, commands);
        ui.separator();
    }
    if state.settings().is_empty() {
        ui.label(RichText::new("Nothing is changed yet").heading());
        ui.label(RichText::new("Move a slider at the left to see what it would have done.").color(weak));
    } else if let Some(why) = state.answers.failed.get(&Topic::Coarse) {
        ui.label(RichText::new("This could not be predicted").heading());
        ui.label(why);
    } else if let Some(predicted) = &state.answers.predicted {
        // While a newer answer is on its way, the one before stays, dimmed.
        let is_present = state.prediction().is_some_and(|present| present.range == steady_range(state));
        ui.scope(|ui| {
            if !is_present {
                ui.multiply_opacity(0.6);
            }
            answer::answer_ui(state, predicted, ui);
        });
    } else {
        ui.label(RichText::new("Preparing the models …").color(weak));
    }
    ui.separator();
    explore::explore_ui(state, ui, commands);
    ui.separator();
    pins::pins_ui(state, ui, commands);
}
