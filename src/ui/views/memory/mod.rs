//! The memory view: where memory is at one moment, as a treemap that adds up, or what changed between two; below it how that came about:
//! stacked areas, or the collections.

mod areas;
mod changes;
mod collections;
mod collections_side;
mod look;
mod prepared;
mod squarify;
mod tiles;
mod toolbar;
mod treemap;

use std::sync::Arc;

use egui::{Align, Layout, Rect, RichText, Ui, UiBuilder, vec2};

use super::View;
use crate::state::command::{Command, NavigateCommand};
use crate::state::memory::{Colouring, MemoryCommand, MemoryDetail};
use crate::state::question::Topic;
use crate::state::{State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use look::Look;

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
        "Boxes are as large as the memory they stand for: components, in them processes and tables, in these kinds of memory. They add up to \
         the total and on to the physical memory; what belongs to no component is a box of its own. A double click zooms in, Esc zooms out; \
         \"Difference\" shows what changed. Below, the same over time, or collections: drag to pan, scroll to zoom, click to set the \
         cursor that the boxes follow."
    }

    fn ui(&self, state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
        ui.push_id("memory", |ui| {
            let is_measured = state.measured_span().is_some();
            if state.memory.difference && is_measured {
                difference(ui, state, commands);
            } else {
                landscape(ui, state, is_measured, commands);
            }
        });
    }
}

/// What decides how boxes look, as the state has it.
fn look(ui: &Ui, state: &State, difference: bool) -> Look {
    let memory = &state.memory;
    let needs_change = difference || memory.colouring == Colouring::Growth;
    let at = state.cursor().filter(|_| memory.colouring == Colouring::Age && !difference);
    Look {
        dark: ui.visuals().dark_mode,
        zoom: memory.zoom.clone(),
        search: memory.search.clone(),
        colouring: memory.colouring,
        statuses: Arc::clone(&state.statuses),
        change: state.answers.change.clone().filter(|_| needs_change),
        difference,
        at,
    }
}

/// Where memory is at the cursor.
fn landscape(ui: &mut Ui, state: &State, is_measured: bool, commands: &mut Vec<Command>) {
    let Some(landscape) = &state.answers.landscape else {
        let advice = "Watch a source (host, pid:N) or open a recording, or a document that states figures of memory.";
        let (above, below) = halves(ui.available_rect_before_wrap(), state, is_measured);
        ui.scope_builder(UiBuilder::new().max_rect(above), |ui| {
            missing_ui(ui, state, Topic::Landscape, "No memory figures", advice);
        });
        return lower(ui, below, state, &look(ui, state, false), commands);
    };
    toolbar::header(ui, landscape);
    let (bar, rest) = with_bar(ui);
    let (boxes, below) = halves(rest, state, is_measured);
    let tiles = treemap::treemap(ui, boxes, landscape, look(ui, state, false), state, commands);
    controls(ui, bar, state, &tiles, commands);
    lower(ui, below, state, &tiles.look, commands);
}

/// What changed between two moments, with a table beside.
fn difference(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let Some(change) = &state.answers.change else {
        let (bar, rest) = with_bar(ui);
        let (above, below) = halves(rest, state, true);
        ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| {
            toolbar::controls(ui, state, &look(ui, state, true), None, commands);
        });
        ui.scope_builder(UiBuilder::new().max_rect(above), |ui| {
            let advice = "Memory was measured at one of the two moments at most. Move the cursor, or choose another moment to compare to.";
            missing_ui(ui, state, Topic::Change, "No difference to show", advice);
        });
        return lower(ui, below, state, &look(ui, state, true), commands);
    };
    toolbar::difference_header(ui, change);
    let (bar, rest) = with_bar(ui);
    let (above, below) = halves(rest, state, true);
    let table_width = changes::WIDTH.min(above.width() * 0.45);
    let (boxes, table) = above.split_left_right_at_x(above.right() - table_width);
    let look = look(ui, state, true);
    let boxes = boxes.with_max_x(boxes.right() - 8.0);
    let tiles = treemap::treemap(ui, boxes, &change.amounts, look.clone(), state, commands);
    controls(ui, bar, state, &tiles, commands);
    changes::changes(ui, table, change, &look, state, commands);
    lower(ui, below, state, &look, commands);
}

/// Room for the controls, and what is left below them.
fn with_bar(ui: &Ui) -> (Rect, Rect) {
    let rest = ui.available_rect_before_wrap();
    let (bar, rest) = rest.split_top_bottom_at_y(rest.top() + 24.0);
    (bar, rest.with_min_y(rest.top() + 3.0))
}

fn controls(ui: &mut Ui, bar: Rect, state: &State, tiles: &tiles::Tiles, commands: &mut Vec<Command>) {
    ui.scope_builder(UiBuilder::new().max_rect(bar), |ui| {
        toolbar::controls(ui, state, &tiles.look, tiles.found, commands);
    });
}

/// Boxes above, time below, collections with more room; of stated figures only a note lies below.
fn halves(rest: Rect, state: &State, is_measured: bool) -> (Rect, Rect) {
    if is_measured {
        let share = if state.memory.detail == MemoryDetail::Areas { 0.56 } else { 0.46 };
        return rest.split_top_bottom_at_y(rest.top() + (rest.height() * share).round());
    }
    let (boxes, note) = rest.split_top_bottom_at_y((rest.bottom() - 36.0).max(rest.top()));
    (boxes.with_max_y(boxes.bottom() - 6.0), note)
}

/// Over time, or the collections; without measurements what would give them.
fn lower(ui: &mut Ui, rect: Rect, state: &State, look: &Look, commands: &mut Vec<Command>) {
    if state.measured_span().is_none() {
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            ui.label(RichText::new(NOT_MEASURED).color(Theme::get(ui).text_weak));
        });
    } else {
        let (tabs, below) = rect.split_top_bottom_at_y(rect.top() + 25.0);
        ui.scope_builder(UiBuilder::new().max_rect(tabs.with_min_y(tabs.top() + 4.0)), |ui| {
            ui.horizontal(|ui| {
                for detail in MemoryDetail::ALL {
                    if ui.selectable_label(state.memory.detail == detail, detail.title()).clicked() {
                        commands.push(NavigateCommand::Memory(MemoryCommand::Show(detail)).into());
                    }
                }
                // Just below the boxes, where there is room for it.
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| toolbar::legend(ui, look));
            });
        });
        match state.memory.detail {
            MemoryDetail::Areas => areas::areas(ui, below, state, commands),
            MemoryDetail::Collections => collections::collections(ui, below, state, commands),
        }
    }
    ui.allocate_rect(rect, egui::Sense::hover());
    ui.allocate_space(vec2(0.0, 0.0));
}
