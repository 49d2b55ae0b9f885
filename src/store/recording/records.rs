//! Everything but series: what a recording says of itself, entities, censuses, stacks, gaps and notices, written and read.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use pco::ChunkConfig;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::model::batch::{Census, Notice, Sample, StackSample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};

use super::RecordingInfo;
use super::blob::{put_column, seal, take_column, unseal};
use super::error::RecordingError;
use super::schema::MAX_DOCUMENT_BYTES;

/// More rows than any census has; what claims more is damaged.
const MAX_CENSUS_ROWS: i64 = 1 << 25;

pub(super) fn put_info(connection: &Connection, info: &RecordingInfo) -> rusqlite::Result<()> {
    put_meta(connection, "source", &info.source)?;
    put_meta(connection, "title", &info.title)?;
    put_meta(connection, "started", &info.started.0.to_string())?;
    put_meta(connection, "notes", &json(&info.notes))
}

pub(super) fn info(connection: &Connection) -> rusqlite::Result<RecordingInfo> {
    let text = |key| Ok::<_, rusqlite::Error>(meta(connection, key)?.unwrap_or_default());
    Ok(RecordingInfo {
        source: text("source")?,
        title: text("title")?,
        started: Timestamp(text("started")?.parse().unwrap_or_default()),
        notes: serde_json::from_str(&text("notes")?).unwrap_or_default(),
    })
}

pub(super) fn put_document(connection: &Connection, path: &Path, text: &str) -> Result<(), RecordingError> {
    if text.len() > MAX_DOCUMENT_BYTES {
        let (path, bytes) = (path.to_owned(), text.len());
        return Err(RecordingError::DocumentTooLarge { path, bytes, limit: MAX_DOCUMENT_BYTES });
    }
    put_meta(connection, "document", text).map_err(|error| RecordingError::of(path, "written", error))
}

pub(super) fn document(connection: &Connection) -> rusqlite::Result<Option<String>> {
    meta(connection, "document")
}

fn put_meta(connection: &Connection, key: &str, value: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR REPLACE INTO meta(key, value) VALUES (?1, ?2)")?.execute([key, value])?;
    Ok(())
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    // Lists and maps of strings always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

/// The names of the file's metrics by their numbers, also those that this program does not know.
pub(super) fn metric_names(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, String>> {
    let mut select = connection.prepare_cached("SELECT id, name FROM metric")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// Adds or replaces entities; returns how many are new.
pub(super) fn put_entities(connection: &Connection, entities: &[Entity]) -> rusqlite::Result<i64> {
    let mut new = 0;
    for entity in entities {
        let mut exists = connection.prepare_cached("SELECT 1 FROM entity WHERE id = ?1")?;
        new += i64::from(!exists.exists([entity.id.0])?);
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO entity(id, kind, key, name, parent, component, started, ended, attributes)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        insert.execute(params![
            entity.id.0,
            entity.kind.word(),
            entity.key,
            entity.name,
            entity.parent.map(|parent| parent.0),
            entity.component.as_ref().map(ComponentId::as_str),
            entity.started.map(|at| at.0),
            entity.ended.map(|at| at.0),
            json(&entity.attributes),
        ])?;
    }
    Ok(new)
}

pub(super) fn put_vanished(connection: &Connection, vanished: &[(EntityId, Timestamp)]) -> rusqlite::Result<()> {
    for (id, at) in vanished {
        connection.prepare_cached("UPDATE entity SET ended = ?2 WHERE id = ?1")?.execute(params![id.0, at.0])?;
    }
    Ok(())
}

pub(super) const ENTITIES: &str =
    "SELECT id, kind, key, name, parent, component, started, ended, attributes FROM entity ORDER BY id";

/// Reads a row of [`ENTITIES`]; `None` for a kind that this program does not know.
pub(super) fn entity(row: &Row<'_>) -> rusqlite::Result<Option<Entity>> {
    let Some(kind) = EntityKind::from_word(&row.get::<_, String>(1)?) else { return Ok(None) };
    let attributes: String = row.get(8)?;
    Ok(Some(Entity {
        id: EntityId(row.get(0)?),
        kind,
        key: row.get(2)?,
        name: row.get(3)?,
        parent: row.get::<_, Option<u32>>(4)?.map(EntityId),
        component: row.get::<_, Option<String>>(5)?.map(ComponentId),
        started: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        ended: row.get::<_, Option<i64>>(7)?.map(Timestamp),
        attributes: serde_json::from_str(&attributes).unwrap_or_default(),
    }))
}

pub(super) fn put_census(
    connection: &Connection,
    census: &Census,
    metrics: &HashMap<MetricKey, i64>,
) -> rusqlite::Result<()> {
    let number = |key: &MetricKey| metrics.get(key).map_or(0, |&id| id as u32);
    let mut rows: Vec<_> = census.rows.iter().map(|row| (number(&row.metric), row.entity.0, row.value)).collect();
    // Like with like: that is what makes the columns small.
    rows.sort_by_key(|&(metric, entity, _)| (metric, entity));
    let config = ChunkConfig::default();
    let mut bytes = Vec::new();
    put_column(&mut bytes, &rows.iter().map(|row| row.0).collect::<Vec<_>>(), &config);
    put_column(&mut bytes, &rows.iter().map(|row| row.1).collect::<Vec<_>>(), &config);
    put_column(&mut bytes, &rows.iter().map(|row| row.2).collect::<Vec<_>>(), &config);
    let count = rows.len() as i64;
    let mut insert = connection.prepare_cached("INSERT INTO census(at, count, data) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![census.at.0, count, seal(bytes, &[census.at.0, count])])?;
    Ok(())
}

pub(super) const CENSUS_BEFORE: &str =
    "SELECT at, count, data FROM census WHERE at <= ?1 ORDER BY at DESC, id DESC LIMIT 8";

/// Reads a row of [`CENSUS_BEFORE`]; `None` if it is damaged. Values of unknown metrics are left out.
pub(super) fn census(row: &Row<'_>, metrics: &HashMap<i64, MetricKey>) -> rusqlite::Result<Option<Census>> {
    let (at, count, data): (i64, i64, Vec<u8>) = (row.get(0)?, row.get(1)?, row.get(2)?);
    Ok(census_rows(at, count, &data).map(|rows| {
        let rows = rows.filter_map(|(metric, entity, value)| {
            Some(Sample { entity: EntityId(entity), metric: *metrics.get(&i64::from(metric))?, value })
        });
        Census { at: Timestamp(at), rows: rows.collect() }
    }))
}

fn census_rows(at: i64, count: i64, data: &[u8]) -> Option<impl Iterator<Item = (u32, u32, f64)> + use<>> {
    let mut bytes = unseal(data, &[at, count])?;
    let length = (0..=MAX_CENSUS_ROWS).contains(&count).then_some(count as usize)?;
    let metrics: Vec<u32> = take_column(&mut bytes, length)?;
    let entities: Vec<u32> = take_column(&mut bytes, length)?;
    let values: Vec<f64> = take_column(&mut bytes, length)?;
    Some(metrics.into_iter().zip(entities).zip(values).map(|((metric, entity), value)| (metric, entity, value)))
}

/// Where, of a range and perhaps an entity, events are: by the index that fits.
pub(super) fn in_range(columns: &str, table: &str, entity: Option<EntityId>) -> String {
    let entity = if entity.is_some() { "entity = ?3 AND" } else { "?3 IS NULL AND" };
    format!("SELECT {columns} FROM {table} WHERE {entity} at >= ?1 AND at < ?2 ORDER BY at, id")
}

pub(super) fn put_stack_samples(connection: &Connection, samples: &[StackSample]) -> rusqlite::Result<()> {
    let mut insert = connection
        .prepare_cached("INSERT INTO stack_sample(at, id, entity, stack, weight) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let first = next_id(connection, "SELECT stack_samples FROM tally")?;
    // Kept for one transaction only: after a failed one the numbers would be wrong.
    let mut frames: HashMap<&str, i64> = HashMap::new();
    let mut stacks: HashMap<Vec<i64>, i64> = HashMap::new();
    for (id, sample) in (first..).zip(samples) {
        let mut stack = Vec::with_capacity(sample.frames.len());
        for name in &sample.frames {
            let frame = match frames.get(name.as_str()) {
                Some(&frame) => frame,
                None => interned(connection, "frame(name)", "name", name)?,
            };
            frames.insert(name, frame);
            stack.push(frame);
        }
        let number = match stacks.get(&stack) {
            Some(&number) => number,
            None => {
                let text: Vec<String> = stack.iter().map(i64::to_string).collect();
                interned(connection, "stack(frames)", "frames", &text.join(" "))?
            }
        };
        stacks.insert(stack, number);
        insert.execute(params![sample.at.0, id, sample.entity.0, number, sample.weight])?;
    }
    Ok(())
}

/// The number of a text in a table of distinct texts.
fn interned(connection: &Connection, table: &str, column: &str, text: &str) -> rusqlite::Result<i64> {
    let name = table.split('(').next().unwrap_or(table);
    let mut select = connection.prepare_cached(&format!("SELECT id FROM {name} WHERE {column} = ?1"))?;
    match select.query_row([text], |row| row.get(0)).optional()? {
        Some(id) => Ok(id),
        None => connection.prepare_cached(&format!("INSERT INTO {table} VALUES (?1)"))?.insert([text]),
    }
}

pub(super) fn next_id(connection: &Connection, count: &str) -> rusqlite::Result<i64> {
    connection.query_row(count, [], |row| row.get(0))
}

pub(super) const STACK_SAMPLE: &str = "at, entity, stack, weight";

/// Finds the frames of stacks by number, each once.
pub(super) struct Stacks<'a> {
    connection: &'a Connection,
    frames: HashMap<i64, String>,
    stacks: HashMap<i64, Vec<String>>,
}

impl<'a> Stacks<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, frames: HashMap::new(), stacks: HashMap::new() }
    }

    /// Reads a row of [`STACK_SAMPLE`]; `None` if its stack is not in the file.
    pub(super) fn sample(&mut self, row: &Row<'_>) -> rusqlite::Result<Option<StackSample>> {
        let frames = match self.stacks.get(&row.get(2)?) {
            Some(frames) => frames.clone(),
            None => match self.stack(row.get(2)?)? {
                Some(frames) => frames,
                None => return Ok(None),
            },
        };
        self.stacks.insert(row.get(2)?, frames.clone());
        let (at, entity) = (Timestamp(row.get(0)?), EntityId(row.get(1)?));
        Ok(Some(StackSample { at, entity, frames, weight: row.get(3)? }))
    }

    fn stack(&mut self, number: i64) -> rusqlite::Result<Option<Vec<String>>> {
        let mut select = self.connection.prepare_cached("SELECT frames FROM stack WHERE id = ?1")?;
        let Some(text) = select.query_row([number], |row| row.get::<_, String>(0)).optional()? else {
            return Ok(None);
        };
        text.split_ascii_whitespace().map(|frame| self.frame(frame)).collect()
    }

    fn frame(&mut self, number: &str) -> rusqlite::Result<Option<String>> {
        let Ok(number) = number.parse() else { return Ok(None) };
        if let Some(name) = self.frames.get(&number) {
            return Ok(Some(name.clone()));
        }
        let mut select = self.connection.prepare_cached("SELECT name FROM frame WHERE id = ?1")?;
        let name: Option<String> = select.query_row([number], |row| row.get(0)).optional()?;
        if let Some(name) = &name {
            self.frames.insert(number, name.clone());
        }
        Ok(name)
    }
}

pub(super) fn put_gap(connection: &Connection, gap: &Gap) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO gap(first, after, why) VALUES (?1, ?2, ?3)")?;
    insert.execute(params![gap.range.from.0, gap.range.to.0, gap.why])?;
    Ok(())
}

pub(super) fn gap(row: &Row<'_>) -> rusqlite::Result<Option<Gap>> {
    let range = TimeRange::new(Timestamp(row.get(0)?), Timestamp(row.get(1)?));
    Ok(Some(Gap { range, why: row.get(2)? }))
}

pub(super) fn put_notice(connection: &Connection, notice: &Notice) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO notice(at, text) VALUES (?1, ?2)")?;
    insert.execute(params![notice.at.0, notice.text])?;
    Ok(())
}

pub(super) fn notice(row: &Row<'_>) -> rusqlite::Result<Option<Notice>> {
    Ok(Some(Notice { at: Timestamp(row.get(0)?), text: row.get(1)? }))
}
