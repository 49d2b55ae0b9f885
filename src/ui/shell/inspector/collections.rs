//! Single garbage collections of a component or of everything, added up, and whether they are traced.

use super::section;
use super::stated::quantity_row;
use crate::analysis::gc::GcFigures;
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::model::time::TimeRange;
use crate::model::unit::{BaseUnit, Unit};
use crate::state::State;
use crate::state::command::{Command, SessionCommand};
use crate::ui::theme::Theme;

/// Draws the figures, if any collections were traced.
pub fn collections_ui(state: &State, component: Option<&ComponentId>, ui: &mut egui::Ui) {
    let Some(collections) = &state.answers.collections else { return };
    let figures = match component {
        None => Some(&collections.all),
        Some(id) => collections.by_component.get(id),
    };
    let Some(figures) = figures.filter(|figures| figures.count > 0) else { return };
    section(ui, "Collections");
    let source = state.session.as_ref().map_or("", |session| session.source.as_str());
    let note = match collections.stops_the_world {
        Some(true) => "each stops the whole program",
        _ => "each holds up one process only",
    };
    measured(ui, "Collections", figures.count as f64, Unit::COUNT, source, collections.range, Some(note));
    measured(ui, "minor", figures.minor as f64, Unit::COUNT, source, collections.range, None);
    measured(ui, "major", figures.major as f64, Unit::COUNT, source, collections.range, None);
    pauses(ui, figures, source, collections.range);
    for (label, value, unit, formula) in derived(figures) {
        if let Some(value) = value {
            quantity_row(
                ui,
                label,
                &Quantity::derived(value, unit, formula, &["collections in the range shown"]),
                None,
            );
        }
    }
}

fn measured(
    ui: &mut egui::Ui,
    label: &str,
    value: f64,
    unit: Unit,
    source: &str,
    range: TimeRange,
    note: Option<&str>,
) {
    quantity_row(ui, label, &Quantity::measured(value, unit, source, Some(range)), note);
}

fn pauses(ui: &mut egui::Ui, figures: &GcFigures, source: &str, range: TimeRange) {
    let pauses = &figures.pauses;
    let of = [("Pause, median", pauses.p50_ns), ("Pause, 99 of 100", pauses.p99_ns), ("Pause, longest", pauses.max_ns)];
    for (label, ns) in of {
        measured(ui, label, ns as f64 / 1e9, Unit::SECONDS, source, range, None);
    }
}

/// Label, value, unit, and how it is computed.
fn derived(figures: &GcFigures) -> [(&'static str, Option<f64>, Unit, &'static str); 8] {
    let of_all = |bytes: f64| (bytes > 0.0).then_some(bytes);
    [
        ("Interval", figures.interval_s(), Unit::SECONDS, "traced time / collections"),
        (
            "Allocation rate",
            figures.allocation_rate(),
            Unit::BYTES_PER_S,
            "bytes that came to be in use between collections / traced time",
        ),
        ("Reclaimed", of_all(figures.reclaimed_bytes), Unit::BYTES, "sum of what each gave back"),
        (
            "Copied",
            figures.copied_bytes,
            Unit::BYTES,
            "survivors of the young heap and what moved to the old one; of a major collection all that is live",
        ),
        ("Promoted", figures.promoted_bytes, Unit::BYTES, "growth of the old heap in minor collections"),
        ("GC efficiency", figures.efficiency(), Unit::of(BaseUnit::One), "reclaimed / examined"),
        (
            "Live after",
            of_all(figures.live_bytes),
            Unit::BYTES,
            "in use after the last collection, mean over time, summed over heaps",
        ),
        (
            "Heap efficiency",
            figures.heap_efficiency(),
            Unit::of(BaseUnit::One),
            "live / held after the last collection",
        ),
    ]
}

/// Lets the user trace the component's collections, where that can be done now.
pub fn trace_ui(state: &State, component: &ComponentId, ui: &mut egui::Ui, commands: &mut Vec<Command>) {
    if !state.can_trace() {
        return;
    }
    let mut traced = state.traced.contains(component);
    let hover = "Each collection of its processes is told by the node, within a limit; needed for What-if. It costs the node some \
                 microseconds for each.";
    if ui.checkbox(&mut traced, "Trace its collections").on_hover_text(hover).changed() {
        commands.push(SessionCommand::TraceCollections(component.clone(), traced).into());
    }
    if traced && state.answers.collections.as_ref().is_none_or(|known| !known.by_component.contains_key(component)) {
        ui.label(egui::RichText::new("None has happened yet.").small().color(Theme::get(ui).text_weak));
    }
}
