//! The memory view: where memory is at one moment, as a treemap that adds up, and how that came about, as stacked areas.

mod areas;
mod squarify;
mod tiles;
mod treemap;

use egui::{RichText, Ui, vec2};

use super::View;
use crate::analysis::landscape::Landscape;
use crate::model::format::{bytes_text, share_text};
use crate::model::unit::Unit;
use crate::state::command::Command;
use crate::state::question::Topic;
use crate::state::{State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::provenance::quantity_ui;

/// What a session without measurements can't show, and what could.
const NOT_MEASURED: &str = "These figures are stated; nothing was measured over time. To see memory over time, watch a \
     source: host (this machine), pid:N (a process and its children) or beam:NAME@HOST (a BEAM node).";

/// The memory view.
pub struct Memory;

impl View for Memory {
    fn id(&self) -> ViewId {
        ViewId::Memory
    }

    fn help(&self) -> &'static str {
        "Boxes are as large as the memory they stand for, and add up to the total; what belongs to no component is a box of its \
         own. Below, the same over time: drag to pan, scroll to zoom, click to set the cursor that the boxes follow."
    }

    fn ui(&self, state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
        let Some(landscape) = &state.answers.landscape else {
            let advice =
                "Watch a source (host, pid:N) or open a recording, or a document that states figures of memory.";
            missing_ui(ui, state, Topic::Landscape, "No memory figures", advice);
            return;
        };
        ui.push_id("memory", |ui| {
            header(ui, landscape);
            let rest = ui.available_rect_before_wrap();
            if state.measured_span().is_none() {
                let (mut boxes, note) = rest.split_top_bottom_at_y((rest.bottom() - 36.0).max(rest.top()));
                boxes.max.y -= 6.0;
                treemap::treemap(ui, boxes, landscape, state, commands);
                ui.scope_builder(egui::UiBuilder::new().max_rect(note), |ui| {
                    ui.label(RichText::new(NOT_MEASURED).color(Theme::get(ui).text_weak));
                });
            } else {
                let boxes_height = (rest.height() * 0.58).round();
                let (boxes, below) = rest.split_top_bottom_at_y(rest.top() + boxes_height);
                treemap::treemap(ui, boxes, landscape, state, commands);
                areas::areas(ui, below.with_min_y(below.top() + 8.0), state, commands);
            }
            ui.allocate_rect(rest, egui::Sense::hover());
        });
    }
}

/// The total, its moment, and whether the parts add up to it.
fn header(ui: &mut Ui, landscape: &Landscape) {
    let weak = Theme::get(ui).text_weak;
    let total = landscape.total.number_in(Unit::BYTES).unwrap_or(0.0);
    let of_total = |bytes: f64| format!("{} ({})", bytes_text(bytes), share_text(bytes / total.max(1.0)));
    ui.horizontal_wrapped(|ui| {
        ui.label("Memory in use");
        quantity_ui(ui, &landscape.total);
        ui.label(RichText::new(match landscape.at {
            Some(at) => format!("at {}", at.local("%d %b %Y %H:%M:%S")),
            None => String::from("as stated"),
        }));
        ui.add_space(8.0);
        if landscape.unattributed_bytes > 0.0 {
            let text = format!("not attributed: {}", of_total(landscape.unattributed_bytes));
            ui.label(RichText::new(text).color(weak))
                .on_hover_text("The total minus all components: in use, but belonging to none that is known here.");
        }
        if landscape.counted_twice_bytes > 0.0 {
            let text = format!("counted twice: {}", of_total(landscape.counted_twice_bytes));
            ui.label(RichText::new(text).color(weak)).on_hover_text(
                "All components minus the total: pages that processes share count in each of them, so that the boxes \
                 together stand for more than the total.",
            );
        }
    });
    ui.allocate_space(vec2(0.0, 2.0));
}
