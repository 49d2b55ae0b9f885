//! A table that another one seems to make superfluous: what dropping it would free.
//!
//! Whether two tables hold the same is not visible from outside: contents are never read. Equal numbers of rows of equal size over a stretch
//! of time are a suspicion, and are called one.

use crate::model::time::Timestamp;
use crate::model::unit::Unit;

use super::data::{SessionData, TableData};
use super::knob::{KnobValue, ModelId};
use super::prediction::{Band, Confidence, Effort, Grade, Level, Outcome, Part};
use super::scenario::Setting;

/// Rows that may differ.
const ROWS: f64 = 0.01;
/// Bytes per row that may differ.
const BYTES_PER_ROW: f64 = 0.05;
/// A suspicion needs so many moments at least.
const MOMENTS: usize = 3;

/// Answers `table.keep=no` for the tables of the components that are meant.
pub fn predict(data: &SessionData, settings: &[Setting], _effort: Effort, _cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for component in &data.components {
        let wanted = settings.iter().filter(|s| s.knob.path == "table.keep" && s.place.includes(&component.id));
        if wanted.map(|setting| setting.value).next_back() != Some(KnobValue::Word("no")) {
            continue;
        }
        let refused = |reason: String, needs: Option<&str>| {
            let confidence = Confidence::refused(reason, needs.map(str::to_owned));
            Part::refused(Some(component.id.clone()), ModelId::Redundancy, confidence)
        };
        if component.tables.is_empty() {
            parts.push(refused(
                format!("{} has no table.", component.title),
                Some("A recording of a node, with its tables."),
            ));
            continue;
        }
        for table in &component.tables {
            let others =
                data.components.iter().flat_map(|other| &other.tables).filter(|other| other.entity != table.entity);
            parts.push(match twin(table, others) {
                Ok(twin) => answer(data, component.id.clone(), table, twin),
                Err(reason) => {
                    refused(reason, Some("Evidence that all its rows are elsewhere, and that nobody reads it."))
                }
            });
        }
    }
    parts
}

/// The other table that holds as many rows of the same size all along.
///
/// # Errors
/// Why none does.
pub fn twin<'a>(table: &TableData, others: impl Iterator<Item = &'a TableData>) -> Result<&'a TableData, String> {
    if table.sizes.len() < MOMENTS {
        return Err(format!(
            "{} was measured only {} times: that can't show that another table is like it.",
            table.name,
            table.sizes.len()
        ));
    }
    if table.sizes.iter().all(|(_, rows, _)| *rows == 0.0) {
        return Err(format!("{} is empty: there is nothing to compare.", table.name));
    }
    let mut nearest: Option<(f64, &TableData)> = None;
    for other in others {
        let Some((rows, per_row)) = difference(table, other) else { continue };
        if rows <= ROWS && per_row <= BYTES_PER_ROW {
            return Ok(other);
        }
        let far = (rows / ROWS).max(per_row / BYTES_PER_ROW);
        if nearest.is_none_or(|(before, _)| far < before) {
            nearest = Some((far, other));
        }
    }
    Err(match nearest.and_then(|(_, other)| Some((difference(table, other)?, other))) {
        Some(((rows, per_row), other)) => format!(
            "No other table is like {}: the nearest, {}, differs by {:.0} % in rows and {:.0} % in bytes per row at some moment.",
            table.name,
            other.name,
            rows * 100.0,
            per_row * 100.0
        ),
        None => format!("No other table was measured at the same time as {}.", table.name),
    })
}

/// The largest relative differences in rows and in bytes per row over the moments of `table`.
fn difference(table: &TableData, other: &TableData) -> Option<(f64, f64)> {
    let (mut rows_apart, mut bytes_apart, mut moments) = (0.0_f64, 0.0_f64, 0);
    for (at, rows, bytes) in &table.sizes {
        let Some((other_rows, other_bytes)) = size_at(other, *at) else { continue };
        moments += 1;
        rows_apart = rows_apart.max((rows - other_rows).abs() / rows.max(other_rows).max(1.0));
        if *rows > 0.0 && other_rows > 0.0 {
            let (own, theirs) = (bytes / rows, other_bytes / other_rows);
            bytes_apart = bytes_apart.max((own - theirs).abs() / own.max(theirs).max(1e-9));
        }
    }
    (moments >= MOMENTS && moments * 10 >= table.sizes.len() * 9).then_some((rows_apart, bytes_apart))
}

/// The last size at or before a moment.
fn size_at(table: &TableData, at: Timestamp) -> Option<(f64, f64)> {
    let after = table.sizes.partition_point(|(moment, _, _)| *moment <= at);
    table.sizes.get(after.checked_sub(1)?).map(|(_, rows, bytes)| (*rows, *bytes))
}

fn answer(data: &SessionData, component: crate::model::id::ComponentId, table: &TableData, twin: &TableData) -> Part {
    let confidence = Confidence {
        grade: Grade::Bound,
        level: Some(Level::Low),
        self_replay_error: Vec::new(),
        reason: Some(format!(
            "{} is suspected to repeat {}: as many rows of the same size at every moment recorded. Contents were not compared.",
            table.name, twin.name
        )),
        needs: Some(String::from(
            "Compare keys on the node, see that nobody reads the table but in recovery, and name the other way to recover.",
        )),
    };
    let mut part = Part::refused(Some(component), ModelId::Redundancy, confidence);
    let freed = table.sizes.last().map_or(0.0, |(_, _, bytes)| *bytes);
    let all: f64 =
        data.components.iter().flat_map(|c| &c.tables).filter_map(|t| t.sizes.last()).map(|(_, _, bytes)| bytes).sum();
    let mut add = |metric, baseline, predicted| {
        let component = part.component.clone();
        part.outcomes.push(Outcome {
            metric,
            unit: Unit::BYTES,
            component,
            baseline,
            predicted,
            model: ModelId::Redundancy,
        });
    };
    add("memory.freed_bytes", Some(0.0), Band::exact(freed));
    add("memory.tables_bytes", Some(all), Band::exact(all - freed));
    add("memory.resident_freed_bytes", Some(0.0), Band { value: freed, low: 0.0, high: freed });
    part.notes.push(format!("That is {:.1} % of all tables' memory.", 100.0 * freed / all.max(1.0)));
    part.notes
        .push(String::from("The runtime is free of it at once; the operating system gets it back late or never."));
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entity::EntityId;
    use crate::whatif::data::ComponentData;

    fn table(id: u32, name: &str, rows: impl Fn(i64) -> f64, per_row: f64) -> TableData {
        let sizes = (0..10).map(|at| (Timestamp(at), rows(at), rows(at) * per_row)).collect();
        TableData { entity: EntityId(id), name: name.to_owned(), sizes }
    }

    fn ask(tables: Vec<TableData>) -> Vec<Part> {
        let component = |table: TableData| ComponentData {
            id: table.name.as_str().into(),
            tables: vec![table],
            ..ComponentData::default()
        };
        let data = SessionData { components: tables.into_iter().map(component).collect(), ..SessionData::default() };
        predict(&data, &[Setting::parse("backup.table.keep=no").unwrap()], Effort::Full, &|| false)
    }

    #[test]
    fn a_table_that_another_one_repeats_is_suspected_and_frees_exactly_its_memory() {
        let rows = |at: i64| 1000.0 + 100.0 * at as f64;
        let parts = ask(vec![table(1, "primary", rows, 100.0), table(2, "backup", |at| rows(at) - 5.0, 103.0)]);
        assert_eq!(parts[0].confidence.grade, Grade::Bound);
        assert!(parts[0].confidence.reason.as_ref().unwrap().contains("suspected"));
        assert_eq!(parts[0].outcomes[0].predicted, Band::exact(1895.0 * 103.0));
        assert_eq!(parts[0].outcomes[2].predicted.low, 0.0);
    }

    #[test]
    fn tables_that_differ_at_some_moment_are_no_twins() {
        let parts = ask(vec![
            table(1, "primary", |at| 1000.0 + at as f64, 100.0),
            table(2, "backup", |at| if at == 5 { 1300.0 } else { 1000.0 + at as f64 }, 100.0),
        ]);
        assert_eq!(parts[0].confidence.grade, Grade::Refused);
        assert!(parts[0].confidence.reason.as_ref().unwrap().contains("differs by"));
        assert!(
            ask(vec![table(2, "backup", |_| 5.0, 1.0)])[0]
                .confidence
                .reason
                .as_ref()
                .unwrap()
                .contains("No other table")
        );
    }
}
