//! Single events: collections, who is traced, and requests, written and read.

use rusqlite::types::{FromSql, FromSqlError, ValueRef};
use rusqlite::{Connection, Row, params};

use crate::model::entity::EntityId;
use crate::model::gc::{BeamCollection, GcEvent, GcKind, GcTracing, HeapSizes};
use crate::model::gc_logged::{LOGGED_NUMBERS, LoggedCollection};
use crate::model::request::{Request, RequestOutcome};
use crate::model::time::Timestamp;

use super::blob::{seal, unseal};
use super::records::{json, next_id};

/// Numbers in a row of `gc_heap` that the BEAM told: the request, and both ends' sizes. Rows that were read from logs have
/// [`LOGGED_NUMBERS`]: how many there are tells which it is.
const HEAP_NUMBERS: usize = 23;

pub(super) fn put_gc_events(connection: &Connection, events: &[GcEvent]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO gc_event(at, id, entity, major, pause_ns, before_words, after_words, held_words, reclaimed_words)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let mut insert_heap = connection.prepare_cached("INSERT INTO gc_heap(id, data) VALUES (?1, ?2)")?;
    let first = next_id(connection, "SELECT gc_events FROM tally")?;
    for (id, event) in (first..).zip(events) {
        // SQLite's integers are signed; no real size or pause comes near the difference.
        let sizes = [event.before_words, event.after_words, event.held_words, event.reclaimed_words];
        let [before, after, held, reclaimed] = sizes.map(|words| i64::try_from(words).unwrap_or(i64::MAX));
        let pause = i64::try_from(event.pause_ns).unwrap_or(i64::MAX);
        let kind = GcKind::ALL.iter().position(|&kind| kind == event.kind).unwrap_or_default() as i64;
        insert.execute(params![event.at.0, id, event.entity.0, kind, pause, before, after, held, reclaimed])?;
        let detail = match (&event.beam, event.logged) {
            (Some(beam), _) => encode_heaps(beam),
            (None, Some(logged)) => encode(logged.to_array().into_iter()),
            (None, None) => continue,
        };
        insert_heap.execute(params![id, seal(detail, &[id])])?;
    }
    Ok(())
}

/// The columns of a collection and where they come from; `with_heaps` in files that may have them.
pub(super) fn gc_event_columns(with_heaps: bool) -> (&'static str, &'static str) {
    match with_heaps {
        true => (
            "at, entity, major, pause_ns, before_words, after_words, held_words, reclaimed_words, id, data",
            "gc_event LEFT JOIN gc_heap USING (id)",
        ),
        false => (
            "at, entity, major, pause_ns, before_words, after_words, held_words, reclaimed_words, id, NULL",
            "gc_event",
        ),
    }
}

/// Reads a row of [`gc_event_columns`]; `None` if it is damaged.
pub(super) fn gc_event(row: &Row<'_>) -> rusqlite::Result<Option<GcEvent>> {
    let size = |column| row.get::<_, Unsigned>(column).map(|number| number.0);
    let Some(&kind) = usize::try_from(row.get::<_, i64>(2)?).ok().and_then(|kind| GcKind::ALL.get(kind)) else {
        return Ok(None);
    };
    let (beam, logged) = match row.get::<_, Option<Vec<u8>>>(9)? {
        Some(data) => match unseal(&data, &[row.get(8)?]).and_then(decode_detail) {
            Some(detail) => detail,
            None => return Ok(None),
        },
        None => (None, None),
    };
    Ok(Some(GcEvent {
        at: Timestamp(row.get(0)?),
        entity: EntityId(row.get(1)?),
        kind,
        pause_ns: size(3)?,
        before_words: size(4)?,
        after_words: size(5)?,
        held_words: size(6)?,
        reclaimed_words: size(7)?,
        beam,
        logged,
    }))
}

fn encode_heaps(beam: &BeamCollection) -> Vec<u8> {
    let sizes = beam.start.to_array().into_iter().chain(beam.end.to_array());
    encode(std::iter::once(beam.need_words).chain(sizes))
}

/// Most sizes are small: seven bits a byte, the eighth says that more follow.
fn encode(numbers: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(3 * HEAP_NUMBERS);
    for mut number in numbers {
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
    bytes
}

fn decode_detail(bytes: &[u8]) -> Option<(Option<BeamCollection>, Option<LoggedCollection>)> {
    match bytes.iter().filter(|byte| **byte < 0x80).count() {
        LOGGED_NUMBERS => Some((None, Some(LoggedCollection::from_array(decode(bytes)?)))),
        _ => Some((Some(decode_heaps(bytes)?), None)),
    }
}

fn decode<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut bytes = bytes.iter();
    let mut numbers = [0u64; N];
    for number in &mut numbers {
        let mut shift = 0;
        loop {
            let &byte = bytes.next()?;
            *number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
    }
    bytes.next().is_none().then_some(numbers)
}

fn decode_heaps(bytes: &[u8]) -> Option<BeamCollection> {
    let numbers: [u64; HEAP_NUMBERS] = decode(bytes)?;
    let (need, sizes) = numbers.split_first()?;
    let (start, end) = sizes.split_first_chunk::<11>()?;
    Some(BeamCollection {
        need_words: *need,
        start: HeapSizes::from_array(*start),
        end: HeapSizes::from_array(end.try_into().ok()?),
    })
}

pub(super) fn put_gc_tracing(connection: &Connection, changes: &[GcTracing]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO gc_tracing(at, entity, change) VALUES (?1, ?2, ?3)")?;
    for tracing in changes {
        insert.execute(params![tracing.at.0, tracing.entity.0, json(&tracing.change)])?;
    }
    Ok(())
}

pub(super) const GC_TRACING: &str = "SELECT at, entity, change FROM gc_tracing WHERE at < ?1 ORDER BY at, id";

/// Reads a row of [`GC_TRACING`]; `None` if it is damaged.
pub(super) fn gc_tracing(row: &Row<'_>) -> rusqlite::Result<Option<GcTracing>> {
    let (at, entity) = (Timestamp(row.get(0)?), EntityId(row.get(1)?));
    Ok(serde_json::from_str(&row.get::<_, String>(2)?).ok().map(|change| GcTracing { at, entity, change }))
}

pub(super) fn put_requests(connection: &Connection, requests: &[Request]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO request(at, entity, start, service_ns, ready, key, operation, worker, reused, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for request in requests {
        let outcome = RequestOutcome::ALL.iter().position(|&outcome| outcome == request.outcome).unwrap_or_default();
        insert.execute(params![
            request.arrival.0,
            request.entity.0,
            request.start.map(|at| at.0),
            request.service_ns.map(|ns| i64::try_from(ns).unwrap_or(i64::MAX)),
            request.ready.map(|at| at.0),
            // Of a hash only the bits matter.
            request.key.map(|key| key as i64),
            request.operation,
            request.worker,
            request.reused,
            outcome as i64,
        ])?;
    }
    Ok(())
}

pub(super) const REQUEST: &str = "at, entity, start, service_ns, ready, key, operation, worker, reused, outcome";

/// Reads a row of [`REQUEST`]; `None` if it is damaged.
pub(super) fn request(row: &Row<'_>) -> rusqlite::Result<Option<Request>> {
    let time = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
    let outcome = usize::try_from(row.get::<_, i64>(9)?).ok().and_then(|index| RequestOutcome::ALL.get(index));
    let Some(&outcome) = outcome else { return Ok(None) };
    Ok(Some(Request {
        arrival: Timestamp(row.get(0)?),
        entity: EntityId(row.get(1)?),
        start: time(2)?,
        service_ns: row.get::<_, Option<Unsigned>>(3)?.map(|number| number.0),
        ready: time(4)?,
        key: row.get::<_, Option<i64>>(5)?.map(|bits| bits as u64),
        operation: row.get(6)?,
        worker: row.get(7)?,
        reused: row.get(8)?,
        outcome,
    }))
}

/// A number that is never negative.
struct Unsigned(u64);

impl FromSql for Unsigned {
    fn column_result(value: ValueRef<'_>) -> Result<Self, FromSqlError> {
        let number = value.as_i64()?;
        u64::try_from(number).map(Self).map_err(|_| FromSqlError::OutOfRange(number))
    }
}
