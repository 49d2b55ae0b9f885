//! The tables of memory: where it is, of what kinds, what changed, and the longest collections.

use super::Table;
use super::tables::{NOTHING, or_nothing, origin, table};
use crate::analysis::gc_timeline::Sort;
use crate::analysis::landscape::difference::Change;
use crate::analysis::landscape::kinds;
use crate::model::format::{bytes_text, duration_text, quantity_text, share_text};
use crate::model::quantity::Quantity;
use crate::model::unit::Unit;
use crate::state::State;

/// So many members of a component that changed are listed.
const CHANGED: usize = 5;

/// Components and all that it takes to the total and on to physical memory.
pub(super) fn landscape(state: &State) -> Option<Table> {
    let landscape = state.answers.landscape.as_ref()?;
    let total_bytes = landscape.total.number_in(Unit::BYTES).unwrap_or(f64::NAN);
    let share = |bytes: f64| if total_bytes > 0.0 { share_text(bytes / total_bytes) } else { NOTHING.to_owned() };
    let line = |title: &str, quantity: &Quantity| {
        let bytes = quantity.number_in(Unit::BYTES).unwrap_or(f64::NAN);
        let [word, from] = origin(&quantity.provenance);
        vec![title.to_owned(), quantity_text(quantity), share(bytes), word, from]
    };
    let rest = |title: &str, bytes: f64, formula: &str| {
        vec![title.to_owned(), bytes_text(bytes), share(bytes), String::from("derived"), formula.to_owned()]
    };
    let mut rows: Vec<Vec<String>> = landscape.parts.iter().map(|part| line(&part.title, &part.bytes)).collect();
    if landscape.unattributed_bytes > 0.0 {
        rows.push(rest("Not attributed", landscape.unattributed_bytes, "total − sum of the parts"));
    }
    if landscape.counted_twice_bytes > 0.0 {
        rows.push(rest("Counted twice", -landscape.counted_twice_bytes, "total − sum of the parts; shared pages"));
    }
    rows.push(line("Total", &landscape.total));
    rows.extend(landscape.outside.iter().map(|it| rest(it.title(), it.bytes, it.definition())));
    rows.extend(landscape.resident.iter().map(|resident| line("Physical memory", resident)));
    let caption = match landscape.at {
        Some(at) => format!("Memory at {}, adding up to the total", at.local("%F %T %:z")),
        None => String::from("Memory as stated, adding up to the total"),
    };
    table(&caption, &["Part", "#Bytes", "#Share", "Provenance", "From"], rows)
}

/// What processes consist of, as far as that was looked into.
pub(super) fn kinds(state: &State) -> Option<Table> {
    let landscape = state.answers.landscape.as_ref()?;
    let found = kinds::sum(landscape.parts.iter().map(|part| part.kinds.as_slice()));
    let sum: f64 = found.iter().map(|slice| slice.bytes).sum();
    let row = |slice: &kinds::Slice| {
        let share = share_text(slice.bytes / sum.max(1.0));
        vec![slice.kind.title().to_owned(), bytes_text(slice.bytes), share, slice.kind.definition().to_owned()]
    };
    table("Memory of processes, by kind", &["Kind", "#Bytes", "#Share", "Definition"], found.iter().map(row).collect())
}

/// What changed, where the difference is shown.
pub(super) fn change(state: &State) -> Option<Table> {
    let change = state.answers.change.as_ref().filter(|_| state.memory.difference)?;
    let row = |change: &Change, indent: &str| {
        let sign = if change.bytes() < 0.0 { "−" } else { "+" };
        let by = format!("{sign}{}", bytes_text(change.bytes().abs()));
        let name = format!("{indent}{}", change.name);
        vec![name, bytes_text(change.before), bytes_text(change.after), by, change.how.word().to_owned()]
    };
    let mut rows = Vec::new();
    for part in &change.parts {
        rows.push(row(&part.all, ""));
        rows.extend(part.members.iter().take(CHANGED).map(|member| row(member, "– ")));
    }
    rows.push(row(&change.unattributed, ""));
    rows.push(row(&change.total, ""));
    rows.extend(change.outside.iter().map(|(_, change)| row(change, "")));
    let caption =
        format!("Changes of memory from {} to {}", change.from.local("%F %T %:z"), change.to.local("%F %T %:z"));
    table(&caption, &["Part", "#Before", "#After", "#Change", "How"], rows)
}

/// The longest pauses of the visible time, with whose and when.
pub(super) fn worst(state: &State) -> Option<Table> {
    let collections = state.answers.collections.as_ref()?;
    let row = |pause: &crate::analysis::gc::Pause| {
        let entity = state.entity(pause.entity);
        let component =
            entity.and_then(|entity| entity.component.as_ref()).map(|id| state.component_title(id).to_owned());
        vec![
            duration_text(pause.pause_ns as f64 / 1e9),
            Sort::of(pause.kind, pause.cause).word().to_owned(),
            or_nothing(entity.map(|entity| entity.name.clone()).unwrap_or_default()),
            or_nothing(component.unwrap_or_default()),
            pause.at.local("%F %T"),
            bytes_text(pause.reclaimed_bytes as f64),
        ]
    };
    let rows = collections.all.pauses.worst.iter().map(row).collect();
    let columns = ["#Pause", "Collection", "Process", "Component", "When", "#Reclaimed"];
    table("Longest pauses by garbage collection", &columns, rows)
}
