//! Series of one or several garbage-collected heaps: one record a collection, as CSV or JSON Lines.
//!
//! Columns: `at` with its unit (`at_s` …) or as RFC 3339, `before_bytes`, `after_bytes`; `committed_bytes`, `pause_ms`, `kind` (`young`,
//! `minor`, `mixed`; `full`, `major`, `old`, and what is not told), `limit_bytes` and `heap` (a name) where they are known.
//! Events count in words; the words of these heaps are of one byte, and each entity says so (`word_bytes`).

use std::collections::HashMap;

use super::complaints::Complaints;
use super::input::Input;
use super::series::OF_HEAPS;
use super::slices::Slices;
use super::table::{Field, Record, Table, Wrong, has_columns, plain, time};
use crate::model::batch::Batch;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::gc::{GcEvent, GcKind, GcTracing, HeapSettings, TracingChange};
use crate::model::id::ComponentId;
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

const FIELDS: &[Field] = &[
    time("at"),
    plain("before_bytes"),
    plain("after_bytes"),
    plain("committed_bytes"),
    time("pause"),
    plain("kind"),
    plain("limit_bytes"),
    plain("heap"),
];
const AT: usize = 0;
const BEFORE: usize = 1;
const AFTER: usize = 2;
const COMMITTED: usize = 3;
const PAUSE: usize = 4;
const KIND: usize = 5;
const LIMIT: usize = 6;
const HEAP: usize = 7;

/// More heaps are none that one file is about.
const MAX_HEAPS: usize = 10_000;

/// The heap of a file that names none.
const ONLY_HEAP: &str = "heap";

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    has_columns(head, &FIELDS[..=AFTER])
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let mut complaints = Complaints::new(input.name());
    let info = super::series::info(&input, &OF_HEAPS);
    let table = Table::open(input, FIELDS, &mut complaints)?;
    let (heaps, slices) = (HashMap::new(), Slices::default());
    Ok(Box::new(HeapSeries { info, table, complaints, slices, heaps, has_ended: false }))
}

struct HeapSeries {
    info: SourceInfo,
    table: Table,
    complaints: Complaints,
    slices: Slices,
    heaps: HashMap<String, EntityId>,
    has_ended: bool,
}

impl Source for HeapSeries {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        while !self.has_ended && !stop.is_requested() {
            let Some(record) = self.table.next(&mut self.complaints) else {
                self.has_ended = true;
                self.complaints.finish()?;
                break;
            };
            let name = record.text(HEAP).unwrap_or(ONLY_HEAP);
            let known = self.heaps.get(name).copied();
            if known.is_none() && self.heaps.len() >= MAX_HEAPS {
                let wrong = record.wrong(HEAP, "one of at most 10000 heaps");
                self.complaints.leave_out(&wrong.place, &wrong.what);
                continue;
            }
            let id = known.unwrap_or(EntityId(self.heaps.len() as u32));
            match event(record, id) {
                Ok((event, limit)) => {
                    self.complaints.take();
                    let full = if self.slices.is_full_before(event.at) {
                        self.slices.take(&mut self.complaints)
                    } else {
                        None
                    };
                    if known.is_none() {
                        self.heaps.insert(name.to_owned(), id);
                        let batch = self.slices.batch();
                        batch.appeared.push(heap(id, name, limit));
                        let settings = limit.map(|limit| HeapSettings { max_heap_words: limit, ..Default::default() });
                        let change = TracingChange::Began(settings);
                        batch.gc_tracing.push(GcTracing { at: event.at, entity: id, change });
                    }
                    self.slices.put_at(event.at);
                    self.slices.batch().gc_events.push(event);
                    if full.is_some() {
                        return Ok(full);
                    }
                }
                Err(wrong) => self.complaints.leave_out(&wrong.place, &wrong.what),
            }
        }
        Ok(self.slices.take(&mut self.complaints))
    }
}

fn heap(id: EntityId, name: &str, limit: Option<u64>) -> Entity {
    let name: String = name.chars().take(200).collect();
    let facts = [("word_bytes", Some("1".to_owned())), ("limit_bytes", limit.map(|limit| limit.to_string()))];
    Entity {
        id,
        kind: EntityKind::Heap,
        key: format!("heap:{name}"),
        component: Some(ComponentId(name.clone())),
        name,
        parent: None,
        started: None,
        ended: None,
        attributes: facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    }
}

/// One collection, and the heap's limit.
fn event(record: &Record, entity: EntityId) -> Result<(GcEvent, Option<u64>), Wrong> {
    let at = record.ns(AT)?.ok_or_else(|| record.wrong(AT, "a time"))?;
    let bytes = |field| Ok::<_, Wrong>(record.number(field)?.map(|number| number as u64));
    let before = bytes(BEFORE)?.ok_or_else(|| record.wrong(BEFORE, "a size"))?;
    let after = bytes(AFTER)?.ok_or_else(|| record.wrong(AFTER, "a size"))?;
    let pause = record.ns(PAUSE)?.unwrap_or(0);
    let kind = match record.text(KIND).map(str::to_ascii_lowercase).as_deref() {
        Some("young" | "minor" | "mixed") => GcKind::Minor,
        Some("full" | "major" | "old") | None => GcKind::Major,
        Some(_) => return Err(record.wrong(KIND, "young, minor, mixed, full, major or old")),
    };
    let event = GcEvent {
        at: Timestamp(at),
        entity,
        kind,
        pause_ns: u64::try_from(pause).map_err(|_| record.wrong(PAUSE, "a length of time"))?,
        before_words: before,
        after_words: after,
        held_words: bytes(COMMITTED)?.unwrap_or(before.max(after)),
        reclaimed_words: before.saturating_sub(after),
        beam: None,
        logged: None,
    };
    Ok((event, bytes(LIMIT)?.filter(|limit| *limit > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_are_told_apart_by_name_and_sizes_are_bytes() {
        let text = "heap,at_s,before_bytes,after_bytes,committed_bytes,pause_ms,kind,limit_bytes\n\
                    a,1,1000,400,2000,1.5,young,4000\nb,1.5,10,20,,,,\na,2,1200,300,2000,9,full,4000\na,3,x,1,,,,\n";
        let mut source = open(Input::of_bytes("h.csv", text.as_bytes())).unwrap();
        let mut batches = Vec::new();
        while let Some(batch) = source.next_batch(&StopSignal::default()).unwrap() {
            batches.push(batch);
        }
        let entities: Vec<_> = batches.iter().flat_map(|batch| &batch.appeared).collect();
        assert_eq!(entities.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(entities[0].attributes["limit_bytes"], "4000");
        let events: Vec<_> = batches.iter().flat_map(|batch| &batch.gc_events).collect();
        assert_eq!(events.len(), 3);
        assert_eq!((events[0].kind, events[0].pause_ns, events[0].reclaimed_words), (GcKind::Minor, 1_500_000, 600));
        assert_eq!((events[1].kind, events[1].held_words, events[1].reclaimed_words), (GcKind::Major, 20, 0));
        let said: Vec<_> = batches.iter().flat_map(|batch| &batch.notices).collect();
        assert!(said[0].text.contains("line 5, column 5: before_bytes"), "{said:?}");
    }
}
