//! Rows of the tables of a recording, piece by piece: never all of them at once.

use std::collections::HashMap;

use anyhow::bail;

use crate::export::table::{Column, ColumnData, Table};
use crate::model::batch::Census;
use crate::model::entity::{Entity, EntityId};
use crate::model::gc::{HeapSettings, TracingChange, TracingEnd};
use crate::model::id::ComponentId;
use crate::model::time::{TimeRange, Timestamp};
use crate::source::StopSignal;
use crate::store::recording::{Recording, Summary};

/// So many rows are held at once, more only where a series or a moment has more.
const ROWS: usize = 1 << 17;

/// The tables that a recording can fill.
pub const TABLES: [&str; 8] =
    ["series", "entities", "censuses", "gc_events", "gc_heaps", "gc_tracing", "requests", "stack_samples"];

/// A recording as tables.
pub struct Rows<'a> {
    recording: &'a Recording,
    summary: Summary,
    entities: HashMap<EntityId, Entity>,
    stop: &'a StopSignal,
}

/// Takes the pieces of a table.
pub type Take<'a> = dyn FnMut(&Table) -> anyhow::Result<()> + 'a;

impl<'a> Rows<'a> {
    /// Reads what all tables need.
    ///
    /// # Errors
    /// When the recording can't be read.
    pub fn new(recording: &'a Recording, stop: &'a StopSignal) -> anyhow::Result<Self> {
        let entities = recording.entities()?.into_iter().map(|entity| (entity.id, entity)).collect();
        Ok(Self { recording, summary: recording.summary()?, entities, stop })
    }

    /// How many rows a table has; of `censuses` the number of censuses.
    pub fn count(&self, table: &str) -> u64 {
        match table {
            "series" => self.summary.values,
            "entities" => self.summary.entities,
            "censuses" => self.summary.censuses,
            "gc_events" | "gc_heaps" | "gc_tracing" => self.summary.gc_events,
            "requests" => self.summary.requests,
            "stack_samples" => self.summary.stack_samples,
            _ => 0,
        }
    }

    /// Hands over a table piece by piece, at least one.
    ///
    /// # Errors
    /// When the recording can't be read, `take` fails, or the user has interrupted.
    pub fn each(&self, table: &str, take: &mut Take<'_>) -> anyhow::Result<()> {
        match table {
            "series" => self.series(take),
            "entities" => self.entities(take),
            "censuses" => self.censuses(take),
            "gc_events" => self.gc_events(take),
            "gc_heaps" => self.gc_heaps(take),
            "gc_tracing" => self.gc_tracing(take),
            "requests" => self.requests(take),
            _ => self.stack_samples(take),
        }
    }

    fn series(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let everything = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
        let mut piece = Piece::new("series");
        for key in self.recording.series()? {
            self.go_on()?;
            let about = self.about(key.entity);
            for point in self.recording.points(key, everything)? {
                piece.time(point.at);
                piece.text("entity", Some(about.key.clone()));
                piece.text("kind", Some(about.kind.to_owned()));
                piece.text("component", about.component.clone());
                piece.text("metric", Some(key.metric.id().to_owned()));
                piece.text("unit", Some(key.metric.unit().to_string()));
                piece.number("value", point.value);
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    fn entities(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut entities: Vec<&Entity> = self.entities.values().collect();
        entities.sort_by_key(|entity| entity.id);
        let mut piece = Piece::new("entities");
        for entity in entities {
            let parent = entity.parent.and_then(|parent| self.entities.get(&parent));
            piece.text("entity", Some(entity.key.clone()));
            piece.text("kind", Some(entity.kind.word().to_owned()));
            piece.text("name", Some(entity.name.clone()));
            piece.text("parent", parent.map(|parent| parent.key.clone()));
            piece.text("component", entity.component.as_ref().map(ComponentId::to_string));
            piece.text("started", entity.started.map(Timestamp::rfc3339));
            piece.text("ended", entity.ended.map(Timestamp::rfc3339));
            piece.text("attributes", Some(serde_json::to_string(&entity.attributes)?));
            piece.hand_over_if_full(take)?;
        }
        piece.hand_over(take)
    }

    fn censuses(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("censuses");
        for at in self.recording.census_times()? {
            self.go_on()?;
            // A damaged one is passed over for the one before, which had its turn.
            let Some(Census { rows, .. }) = self.recording.census_before(at)?.filter(|census| census.at == at) else {
                continue;
            };
            for row in rows {
                let about = self.about(row.entity);
                piece.time(at);
                piece.text("entity", Some(about.key));
                piece.text("kind", Some(about.kind.to_owned()));
                piece.text("component", about.component);
                piece.text("metric", Some(row.metric.id().to_owned()));
                piece.text("unit", Some(row.metric.unit().to_string()));
                piece.number("value", row.value);
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    fn gc_events(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("gc_events");
        for range in self.slices(self.summary.gc_events) {
            self.go_on()?;
            for event in self.recording.gc_events(range, None)? {
                piece.time(event.at);
                piece.text("entity", Some(self.about(event.entity).key));
                piece.text("kind", Some(event.kind.word().to_owned()));
                piece.integer("pause_ns", event.pause_ns);
                piece.integer("before_words", event.before_words);
                piece.integer("after_words", event.after_words);
                piece.integer("held_words", event.held_words);
                piece.integer("reclaimed_words", event.reclaimed_words);
                let logged = event.logged.unwrap_or_default();
                piece.text("phase", event.logged.map(|logged| logged.phase.word().to_owned()));
                piece.text("cause", logged.cause.is_known().then(|| logged.cause.word().to_owned()));
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    /// All sizes before and after, in words, of the collections that have them.
    fn gc_heaps(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("gc_heaps");
        let columns = heap_columns();
        for range in self.slices(self.summary.gc_events) {
            self.go_on()?;
            for event in self.recording.gc_events(range, None)? {
                let Some(beam) = event.beam else { continue };
                piece.time(event.at);
                piece.text("entity", Some(self.about(event.entity).key));
                piece.text("kind", Some(event.kind.word().to_owned()));
                piece.integer("pause_ns", event.pause_ns);
                piece.integer("need_words", beam.need_words);
                let sizes = beam.start.to_array().into_iter().chain(beam.end.to_array());
                for (name, size) in columns.iter().zip(sizes) {
                    piece.integer(name, size);
                }
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    fn gc_tracing(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("gc_tracing");
        for change in self.recording.gc_tracing(Timestamp(i64::MAX))? {
            let (word, settings) = match change.change {
                TracingChange::Began(settings) => ("began", settings),
                TracingChange::Ended(TracingEnd::Gone) => ("gone", None),
                TracingChange::Ended(TracingEnd::Stopped) => ("stopped", None),
                TracingChange::Ended(TracingEnd::Limited) => ("limited", None),
                TracingChange::Ended(TracingEnd::Taken) => ("taken", None),
            };
            piece.time(change.at);
            piece.text("entity", Some(self.about(change.entity).key));
            piece.text("change", Some(word.to_owned()));
            let number = |of: fn(HeapSettings) -> u64| settings.map(of);
            piece.perhaps("min_heap_words", number(|it| it.min_heap_words));
            piece.perhaps("min_bin_vheap_words", number(|it| it.min_bin_vheap_words));
            piece.perhaps("fullsweep_after", number(|it| it.fullsweep_after));
            piece.perhaps("max_heap_words", number(|it| it.max_heap_words));
            piece.perhaps("heap_block_words", number(|it| it.heap_block_words));
            let queue = settings.map(|it| if it.off_heap_queue { "off_heap" } else { "on_heap" });
            piece.text("message_queue_data", queue.map(str::to_owned));
            piece.hand_over_if_full(take)?;
        }
        piece.hand_over(take)
    }

    /// As the importer of request logs reads them, with nanoseconds since 1970.
    fn requests(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("requests");
        let ns = |at: Timestamp| u64::try_from(at.0).ok();
        for range in self.slices(self.summary.requests) {
            self.go_on()?;
            for request in self.recording.requests(range, None)? {
                let about = self.about(request.entity);
                piece.time(request.arrival);
                piece.text("entity", Some(about.key));
                piece.text("component", about.component);
                piece.perhaps("arrival_ns", ns(request.arrival));
                piece.perhaps("start_ns", request.start.and_then(ns));
                piece.perhaps("service_ns", request.service_ns);
                piece.perhaps("ready_ns", request.ready.and_then(ns));
                // Text, as many programs know no integers of 64 bits.
                piece.text("key_hash", request.key.map(|key| format!("0x{key:016x}")));
                piece.text("op", request.operation);
                piece.perhaps("worker", request.worker.map(u64::from));
                piece.perhaps("reused", request.reused.map(u64::from));
                piece.text("outcome", Some(request.outcome.word().to_owned()));
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    fn stack_samples(&self, take: &mut Take<'_>) -> anyhow::Result<()> {
        let mut piece = Piece::new("stack_samples");
        for range in self.slices(self.summary.stack_samples) {
            self.go_on()?;
            for sample in self.recording.stack_samples(range, None)? {
                piece.time(sample.at);
                piece.text("entity", Some(self.about(sample.entity).key));
                // Outermost first, as in collapsed stacks.
                piece.text("stack", Some(sample.frames.join(";")));
                piece.integer("weight", u64::from(sample.weight));
                piece.hand_over_if_full(take)?;
            }
        }
        piece.hand_over(take)
    }

    /// All of time, cut so that about [`ROWS`] of `count` events fall into each part.
    fn slices(&self, count: u64) -> Vec<TimeRange> {
        let span = self.summary.span.unwrap_or(TimeRange::new(Timestamp(0), Timestamp(0)));
        let parts = i64::try_from(count / ROWS as u64 + 1).unwrap_or(i64::MAX).clamp(1, 100_000);
        let width_ns = (span.length_ns() / parts).max(1);
        let inner = (1..parts).map(|part| span.from.plus_ns(width_ns.saturating_mul(part)));
        let ends = [Timestamp(i64::MIN)].into_iter().chain(inner).chain([Timestamp(i64::MAX)]);
        let ends: Vec<Timestamp> = ends.collect();
        ends.windows(2).map(|pair| TimeRange::new(pair[0], pair[1])).collect()
    }

    fn about(&self, id: EntityId) -> About {
        match self.entities.get(&id) {
            Some(entity) => About {
                key: entity.key.clone(),
                kind: entity.kind.word(),
                component: entity.component.as_ref().map(ComponentId::to_string),
            },
            None => About { key: format!("entity {}", id.0), kind: "", component: None },
        }
    }

    fn go_on(&self) -> anyhow::Result<()> {
        if self.stop.is_requested() {
            bail!("interrupted; nothing was written");
        }
        Ok(())
    }
}

struct About {
    key: String,
    kind: &'static str,
    component: Option<String>,
}

/// Rows of one table that wait to be handed over. The cells of a row are put in the order of its columns.
struct Piece {
    table: Table,
    /// The column that gets the next cell.
    next: usize,
    handed_over: bool,
}

impl Piece {
    fn new(name: &'static str) -> Self {
        Self { table: columns(name), next: 0, handed_over: false }
    }

    fn time(&mut self, at: Timestamp) {
        self.put("time", |data| {
            if let ColumnData::Time(cells) = data {
                cells.push(at);
            }
        });
    }

    fn text(&mut self, name: &str, text: Option<String>) {
        self.put(name, |data| {
            if let ColumnData::Text(cells) = data {
                cells.push(text);
            }
        });
    }

    fn number(&mut self, name: &str, number: f64) {
        self.put(name, |data| {
            if let ColumnData::Number(cells) = data {
                cells.push(Some(number));
            }
        });
    }

    fn integer(&mut self, name: &str, number: u64) {
        self.put(name, |data| {
            if let ColumnData::Integer(cells) = data {
                cells.push(i64::try_from(number).ok());
            }
        });
    }

    fn perhaps(&mut self, name: &str, number: Option<u64>) {
        self.put(name, |data| {
            if let ColumnData::Integer(cells) = data {
                cells.push(number.and_then(|number| i64::try_from(number).ok()));
            }
        });
    }

    fn put(&mut self, name: &str, put: impl FnOnce(&mut ColumnData)) {
        let count = self.table.columns.len();
        if let Some(column) = self.table.columns.get_mut(self.next) {
            debug_assert_eq!(column.name, name, "cells are put in the order of the columns");
            put(&mut column.data);
        }
        self.next = (self.next + 1) % count.max(1);
    }

    fn rows(&self) -> usize {
        self.table.columns.first().map_or(0, |column| column.data.len())
    }

    fn hand_over_if_full(&mut self, take: &mut Take<'_>) -> anyhow::Result<()> {
        if self.rows() < ROWS {
            return Ok(());
        }
        take(&self.table)?;
        self.handed_over = true;
        for column in &mut self.table.columns {
            column.data.clear();
        }
        Ok(())
    }

    /// What is left; an empty table too, if nothing was handed over before.
    fn hand_over(self, take: &mut Take<'_>) -> anyhow::Result<()> {
        if self.rows() > 0 || !self.handed_over {
            take(&self.table)?;
        }
        Ok(())
    }
}

/// An empty table with the columns of its name.
fn columns(name: &'static str) -> Table {
    let column = |name: &str, data: ColumnData| Column { name: name.to_owned(), unit: None, data };
    let time = || column("time", ColumnData::Time(Vec::new()));
    let text = |name: &str| column(name, ColumnData::Text(Vec::new()));
    let number = |name: &str| column(name, ColumnData::Number(Vec::new()));
    let integer = |name: &str| column(name, ColumnData::Integer(Vec::new()));
    let values =
        || vec![time(), text("entity"), text("kind"), text("component"), text("metric"), text("unit"), number("value")];
    let columns = match name {
        "series" | "censuses" => values(),
        "entities" => {
            ["entity", "kind", "name", "parent", "component", "started", "ended", "attributes"].map(text).into()
        }
        "gc_events" => {
            let sizes = ["pause_ns", "before_words", "after_words", "held_words", "reclaimed_words"].map(integer);
            let head = [time(), text("entity"), text("kind")];
            head.into_iter().chain(sizes).chain(["phase", "cause"].map(text)).collect()
        }
        "gc_heaps" => {
            let head = [time(), text("entity"), text("kind"), integer("pause_ns"), integer("need_words")];
            head.into_iter().chain(heap_columns().iter().map(|name| integer(name))).collect()
        }
        "gc_tracing" => {
            let numbers =
                ["min_heap_words", "min_bin_vheap_words", "fullsweep_after", "max_heap_words", "heap_block_words"];
            let head = [time(), text("entity"), text("change")].into_iter();
            head.chain(numbers.map(integer)).chain([text("message_queue_data")]).collect()
        }
        "requests" => vec![
            time(),
            text("entity"),
            text("component"),
            integer("arrival_ns"),
            integer("start_ns"),
            integer("service_ns"),
            integer("ready_ns"),
            text("key_hash"),
            text("op"),
            integer("worker"),
            integer("reused"),
            text("outcome"),
        ],
        _ => vec![time(), text("entity"), text("stack"), integer("weight")],
    };
    Table { name: name.to_owned(), columns }
}

/// The columns of all sizes of a BEAM heap before a collection and after it, in words.
fn heap_columns() -> Vec<String> {
    let sizes = [
        "heap",
        "heap_block",
        "old_heap",
        "old_heap_block",
        "stack",
        "recent",
        "mbuf",
        "bin_vheap",
        "bin_vheap_block",
        "bin_old_vheap",
        "bin_old_vheap_block",
    ];
    ["start", "end"].into_iter().flat_map(|when| sizes.map(|size| format!("{when}_{size}_words"))).collect()
}
