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

/// More causes of collections are in `inspect --json`.
const CAUSES_SHOWN: usize = 3;

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
    let stops_the_world = collections.stops_the_world == Some(true);
    let note = match (stops_the_world, figures.stops >= figures.count) {
        (true, true) => "most of each goes on beside the program; its pauses stop the whole program",
        (true, false) => "each stops the whole program",
        (false, _) => "each holds up one process only",
    };
    measured(ui, "Collections", figures.count as f64, Unit::COUNT, source, collections.range, Some(note));
    measured(ui, "minor", figures.minor as f64, Unit::COUNT, source, collections.range, None);
    measured(ui, "major", figures.major as f64, Unit::COUNT, source, collections.range, None);
    for (label, count) in
        [("stops of concurrent cycles", figures.stops), ("without room for survivors", figures.evacuation_failures)]
    {
        if count > 0 {
            measured(ui, label, count as f64, Unit::COUNT, source, collections.range, None);
        }
    }
    if figures.concurrent_s > 0.0 {
        measured(ui, "Beside the program", figures.concurrent_s, Unit::SECONDS, source, collections.range, None);
    }
    for (cause, count) in figures.causes.iter().take(CAUSES_SHOWN) {
        measured(ui, cause.word(), *count as f64, Unit::COUNT, source, collections.range, Some("cause"));
    }
    pauses(ui, figures, stops_the_world, source, collections.range);
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

fn pauses(ui: &mut egui::Ui, figures: &GcFigures, stops_the_world: bool, source: &str, range: TimeRange) {
    let pauses = &figures.pauses;
    let labels = match stops_the_world {
        true => ["Stop-the-world pause, median", "Stop-the-world pause, 99 of 100", "Stop-the-world pause, longest"],
        false => ["Pause, median", "Pause, 99 of 100", "Pause, longest"],
    };
    for (label, ns) in labels.into_iter().zip([pauses.p50_ns, pauses.p99_ns, pauses.max_ns]) {
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
