//! Rows of the tables of a recording, piece by piece: never all of them at once.

use std::collections::HashMap;

use anyhow::bail;

use crate::export::table::{Column, ColumnData, Table};
use crate::model::batch::Census;
use crate::model::entity::{Entity, EntityId};
use crate::model::id::ComponentId;
use crate::model::time::{TimeRange, Timestamp};
use crate::source::StopSignal;
use crate::store::recording::{Recording, Summary};

/// So many rows are held at once, more only where a series or a moment has more.
const ROWS: usize = 1 << 17;

/// The tables that a recording can fill.
pub const TABLES: [&str; 5] = ["series", "entities", "censuses", "gc_events", "stack_samples"];

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
            "gc_events" => self.summary.gc_events,
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
            [time(), text("entity"), text("kind")].into_iter().chain(sizes).collect()
        }
        _ => vec![time(), text("entity"), text("stack"), integer("weight")],
    };
    Table { name: name.to_owned(), columns }
}
