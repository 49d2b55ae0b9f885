//! The writer: takes batches, commits them, folds them into chunks when enough has gathered.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::model::batch::{Batch, Census, Notice, Sample, StackSample};
use crate::model::entity::{Entity, EntityId};
use crate::model::gc::{GcEvent, GcTracing};
use crate::model::metric::MetricKey;
use crate::model::request::Request;
use crate::model::series::{Gap, SeriesKey};
use crate::model::time::Timestamp;

use super::blob::series_seal;
use super::column::{Column, decode_tail_row, encode_tail_row};
use super::error::RecordingError;
use super::fold::Fold;
use super::{RecordingInfo, events, records, schema};

/// A series with this many values in the tail is worth a chunk.
const FOLD_LENGTH: usize = 1024;
/// So many values in the tail are folded however short the series are: readers go through all of them.
const FOLD_SAMPLES: usize = 2 << 20;
/// So many events wait in memory at most.
const MAX_WAITING_EVENTS: usize = 200_000;

/// Writes a recording. There is one writer of a file: a second one takes over, and the first is told at its next commit.
///
/// What was appended is safe from a kill of the process once [`Writer::commit`] has returned. Batches may come out of order
/// (a clock that was set back); queries always see values in order. Values that are no finite numbers are left out and counted.
#[derive(Debug)]
pub struct Writer {
    path: PathBuf,
    connection: Connection,
    /// Proves in every transaction that nobody else has taken over.
    token: i64,
    metrics: HashMap<MetricKey, i64>,
    /// The file's metrics are numbered from 1; some may be unknown to this program.
    last_metric: i64,
    slots: HashMap<SeriesKey, usize>,
    series: Vec<Series>,
    /// Where the samples of the batch before went: the next one mostly has the same.
    route: Vec<(SeriesKey, usize)>,
    waiting: Waiting,
    /// Values in all columns.
    samples: usize,
}

#[derive(Debug)]
struct Series {
    id: u32,
    column: Column,
}

/// What was appended since the last commit.
#[derive(Debug, Default)]
struct Waiting {
    metrics: Vec<(i64, MetricKey)>,
    series: Vec<(u32, SeriesKey)>,
    tail: Vec<(i64, Vec<u8>)>,
    samples: i64,
    first: Option<i64>,
    last: Option<i64>,
    longest: usize,
    entities: Vec<Entity>,
    vanished: Vec<(EntityId, Timestamp)>,
    censuses: Vec<Census>,
    gc_events: Vec<GcEvent>,
    gc_tracing: Vec<GcTracing>,
    requests: Vec<Request>,
    stack_samples: Vec<StackSample>,
    gaps: Vec<Gap>,
    notices: Vec<Notice>,
    skipped: i64,
    skipped_at: Option<i64>,
    any: bool,
}

impl Writer {
    /// Makes a new recording.
    ///
    /// # Errors
    /// When there is a file of that name already, or none can be made there.
    pub fn create(path: &Path, info: &RecordingInfo) -> Result<Self, RecordingError> {
        for suffix in ["-wal", "-journal"] {
            let left_over = schema::companion(path, suffix);
            if left_over.exists() && !path.exists() {
                // SQLite would take it for a part of the new file.
                return Err(RecordingError::Exists(left_over));
            }
        }
        let new = std::fs::File::create_new(path);
        drop(new.map_err(|error| RecordingError::of_io(path, "created", &error))?);
        let made = schema::connect_for_writing(path).and_then(|connection| {
            schema::create(&connection)?;
            connection.execute("INSERT INTO tally VALUES (1, 0, 0, 0, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, NULL)", [])?;
            records::put_info(&connection, info)
        });
        if let Err(error) = made {
            // Nothing is in it yet.
            for file in [path.to_owned(), schema::companion(path, "-wal"), schema::companion(path, "-shm")] {
                let _ = std::fs::remove_file(file);
            }
            return Err(RecordingError::of(path, "created", error));
        }
        Self::open_for_append(path)
    }

    /// Opens a recording to go on with it.
    ///
    /// # Errors
    /// When it is none, is damaged where it would be written, or can't be written to.
    pub fn open_for_append(path: &Path) -> Result<Self, RecordingError> {
        schema::check_file(path)?;
        let error = |error| RecordingError::of(path, "opened for writing", error);
        let connection = schema::connect_for_writing(path).map_err(error)?;
        let format = schema::check_format(&connection, path)?;
        schema::prepare_for_writing(&connection).map_err(error)?;
        schema::upgrade(&connection, format).map_err(error)?;
        let token = (RandomState::new().hash_one(std::process::id()) >> 1) as i64;
        connection.execute("UPDATE tally SET writer = ?1, finished = 0", [token]).map_err(error)?;
        let mut writer = Self {
            path: path.to_owned(),
            connection,
            token,
            metrics: HashMap::new(),
            last_metric: 0,
            slots: HashMap::new(),
            series: Vec::new(),
            route: Vec::new(),
            waiting: Waiting::default(),
            samples: 0,
        };
        writer.load().map_err(error)?;
        Ok(writer)
    }

    /// Learns the series and the tail of an existing file.
    fn load(&mut self) -> rusqlite::Result<()> {
        let names = records::metric_names(&self.connection)?;
        self.metrics = names.iter().filter_map(|(&id, name)| Some((MetricKey::find(name)?, id))).collect();
        self.last_metric = names.keys().copied().max().unwrap_or(0);
        let mut by_id = HashMap::new();
        let mut select = self.connection.prepare("SELECT id, entity, metric FROM series ORDER BY id")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (id, entity, metric) = (row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?);
            by_id.insert(id, self.series.len());
            // A metric of a later version: nothing more comes for it, what is there is kept.
            if let Some(metric) = names.get(&metric).and_then(|name| MetricKey::find(name)) {
                self.slots.insert(SeriesKey { entity: EntityId(entity), metric }, self.series.len());
            }
            self.series.push(Series { id, column: Column::default() });
        }
        let mut select = self.connection.prepare("SELECT at, data FROM tail ORDER BY id")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let (at, data): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
            let Some(samples) = decode_tail_row(at, &data) else {
                let text = String::from("The values of this moment were damaged and are lost.");
                self.waiting.notices.push(Notice { at: Timestamp(at), text });
                self.waiting.any = true;
                continue;
            };
            for (series, value) in samples {
                if let Some(series) = by_id.get(&series).and_then(|&slot| self.series.get_mut(slot)) {
                    series.column.push(at, value);
                    self.samples += 1;
                }
            }
        }
        self.waiting.longest = self.series.iter().map(|series| series.column.len()).max().unwrap_or(0);
        Ok(())
    }

    /// The file that it writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the document with the data; it is committed at once.
    ///
    /// # Errors
    /// When it is too long, or can't be written.
    pub fn set_document(&mut self, ron_text: &str) -> Result<(), RecordingError> {
        records::put_document(&self.connection, &self.path, ron_text)
    }

    /// Adds or replaces entities.
    pub fn add_entities(&mut self, entities: &[Entity]) {
        self.waiting.entities.extend_from_slice(entities);
        self.waiting.any |= !entities.is_empty();
    }

    /// Takes a batch. It is kept in memory until the next commit, which comes by itself when much has gathered.
    ///
    /// # Errors
    /// When such a commit fails; see [`Self::commit`].
    pub fn append(&mut self, batch: &Batch) -> Result<(), RecordingError> {
        let waiting = &mut self.waiting;
        waiting.any = true;
        waiting.entities.extend_from_slice(&batch.appeared);
        waiting.vanished.extend(batch.vanished.iter().map(|&id| (id, batch.at)));
        waiting.gc_events.extend_from_slice(&batch.gc_events);
        waiting.gc_tracing.extend_from_slice(&batch.gc_tracing);
        waiting.requests.extend_from_slice(&batch.requests);
        waiting.stack_samples.extend_from_slice(&batch.stack_samples);
        waiting.gaps.extend_from_slice(&batch.gaps);
        waiting.notices.extend_from_slice(&batch.notices);
        if let Some(census) = &batch.census {
            let mut census = census.clone();
            let all = census.rows.len();
            census.rows.retain(|row| row.value.is_finite());
            self.count_skipped(all - census.rows.len(), census.at);
            for row in &census.rows {
                self.metric(row.metric);
            }
            self.waiting.censuses.push(census);
        }
        self.append_samples(batch.at, &batch.samples);
        let waiting = &mut self.waiting;
        // Events may be all that there is, and say by themselves when they were.
        let ends = |event: &GcEvent| [event.at.0, event.at.0.saturating_add_unsigned(event.pause_ns)];
        waiting.extend_to(batch.gc_events.iter().flat_map(ends));
        waiting.extend_to(batch.gc_tracing.iter().map(|change| change.at.0));
        let ends = |request: &Request| [request.arrival.0, request.end().unwrap_or(request.arrival).0];
        waiting.extend_to(batch.requests.iter().flat_map(ends));
        let events = waiting.gc_events.len() + waiting.stack_samples.len() + waiting.requests.len();
        if self.samples >= FOLD_SAMPLES || events >= MAX_WAITING_EVENTS {
            self.commit()?;
        }
        Ok(())
    }

    fn append_samples(&mut self, at: Timestamp, samples: &[Sample]) {
        let mut row = Vec::with_capacity(samples.len());
        for (index, sample) in samples.iter().enumerate() {
            if !sample.value.is_finite() {
                continue;
            }
            let key = SeriesKey { entity: sample.entity, metric: sample.metric };
            let slot = match self.route.get(index) {
                Some(&(known, slot)) if known == key => slot,
                _ => {
                    let slot = self.slot(key);
                    match self.route.get_mut(index) {
                        Some(known) => *known = (key, slot),
                        None => self.route.push((key, slot)),
                    }
                    slot
                }
            };
            let Some(series) = self.series.get_mut(slot) else { continue };
            series.column.push(at.0, sample.value);
            self.waiting.longest = self.waiting.longest.max(series.column.len());
            row.push((series.id, sample.value));
        }
        self.count_skipped(samples.len() - row.len(), at);
        if !row.is_empty() {
            self.samples += row.len();
            let waiting = &mut self.waiting;
            waiting.samples += row.len() as i64;
            waiting.extend_to([at.0]);
            waiting.tail.push((at.0, encode_tail_row(at.0, &row)));
        }
    }

    fn count_skipped(&mut self, skipped: usize, at: Timestamp) {
        if skipped > 0 {
            self.waiting.skipped += skipped as i64;
            self.waiting.skipped_at = Some(at.0);
        }
    }

    fn metric(&mut self, key: MetricKey) -> i64 {
        *self.metrics.entry(key).or_insert_with(|| {
            self.last_metric += 1;
            self.waiting.metrics.push((self.last_metric, key));
            self.last_metric
        })
    }

    fn slot(&mut self, key: SeriesKey) -> usize {
        if let Some(&slot) = self.slots.get(&key) {
            return slot;
        }
        self.metric(key.metric);
        // Numbers come from this writer only, so the last one is the largest.
        let id = self.series.last().map_or(1, |last| last.id.saturating_add(1));
        self.waiting.series.push((id, key));
        self.series.push(Series { id, column: Column::default() });
        self.slots.insert(key, self.series.len() - 1);
        self.series.len() - 1
    }

    /// Makes everything that was appended safe from a kill of this process. Call it at least once a second.
    ///
    /// # Errors
    /// When the file can't be written: what was appended is still in memory, and the next call tries again.
    pub fn commit(&mut self) -> Result<(), RecordingError> {
        if !self.waiting.any {
            return Ok(());
        }
        let fold = self.waiting.longest >= FOLD_LENGTH || self.samples >= FOLD_SAMPLES;
        self.write(fold, false)
    }

    /// Commits, folds what is left, and leaves one file that is marked as finished.
    ///
    /// # Errors
    /// When the file can't be written; what was committed before is kept.
    pub fn finish(mut self) -> Result<(), RecordingError> {
        self.write(true, true)?;
        let error = |error| RecordingError::of(&self.path, "written", error);
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(error)?;
        // While somebody reads, the file stays in write-ahead mode; that is as good, only not as tidy.
        let _ = self.connection.busy_timeout(std::time::Duration::ZERO);
        let _ = self.connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()));
        self.connection.close().map_err(|(_, source)| RecordingError::of(&self.path, "written", source))
    }

    fn write(&mut self, fold: bool, finished: bool) -> Result<(), RecordingError> {
        let path = &self.path;
        let error = |error| RecordingError::of(path, "written", error);
        let transaction = Transaction::new(&mut self.connection, TransactionBehavior::Immediate).map_err(error)?;
        let claimed = transaction
            .execute("UPDATE tally SET finished = ?2 WHERE writer = ?1", params![self.token, finished])
            .map_err(error)?;
        if claimed != 1 {
            return Err(RecordingError::TakenOver(path.clone()));
        }
        self.waiting.put(&transaction, &self.metrics, !fold).map_err(error)?;
        if fold {
            let mut folding = Fold::new(&transaction);
            let columns = self.series.iter_mut().map(|series| (series.id, &mut series.column));
            folding.store(columns).map_err(error)?;
            if folding.damaged > 0 {
                let text =
                    format!("{} damaged stretches of older values were found and left as they are.", folding.damaged);
                records::put_notice(&transaction, &Notice { at: Timestamp(self.waiting.last.unwrap_or(0)), text })
                    .map_err(error)?;
            }
            transaction.execute_batch("DELETE FROM tail; UPDATE tally SET folds = folds + 1").map_err(error)?;
        }
        transaction.commit().map_err(error)?;
        // Only now: after a failure everything is still here for the next attempt.
        let longest = if fold { 0 } else { self.waiting.longest };
        self.waiting = Waiting { longest, ..Waiting::default() };
        if fold {
            self.series.iter_mut().for_each(|series| series.column.clear());
            self.samples = 0;
        }
        Ok(())
    }
}

impl Waiting {
    /// What is kept reaches from the first of these moments to the last one, if not further.
    fn extend_to(&mut self, moments: impl IntoIterator<Item = i64>) {
        for at in moments {
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
            self.last = Some(self.last.map_or(at, |last| last.max(at)));
        }
    }

    /// Writes everything; the values only if they are not folded right away.
    fn put(&self, connection: &Connection, metrics: &HashMap<MetricKey, i64>, tail: bool) -> rusqlite::Result<()> {
        for &(id, metric) in &self.metrics {
            let mut insert = connection.prepare_cached("INSERT INTO metric(id, name) VALUES (?1, ?2)")?;
            insert.execute(params![id, metric.id()])?;
        }
        for &(id, key) in &self.series {
            let metric = metrics.get(&key.metric).copied().unwrap_or_default();
            let mut insert =
                connection.prepare_cached("INSERT INTO series(id, entity, metric, seal) VALUES (?1, ?2, ?3, ?4)")?;
            insert.execute(params![id, key.entity.0, metric, series_seal(id, key.entity.0, metric)])?;
        }
        for (at, data) in self.tail.iter().filter(|_| tail) {
            connection.prepare_cached("INSERT INTO tail(at, data) VALUES (?1, ?2)")?.execute(params![at, data])?;
        }
        let entities = records::put_entities(connection, &self.entities)?;
        records::put_vanished(connection, &self.vanished)?;
        for census in &self.censuses {
            records::put_census(connection, census, metrics)?;
        }
        events::put_gc_events(connection, &self.gc_events)?;
        events::put_gc_tracing(connection, &self.gc_tracing)?;
        events::put_requests(connection, &self.requests)?;
        records::put_stack_samples(connection, &self.stack_samples)?;
        for gap in &self.gaps {
            records::put_gap(connection, gap)?;
        }
        for notice in &self.notices {
            records::put_notice(connection, notice)?;
        }
        let mut tally = connection.prepare_cached(
            "UPDATE tally SET first = CASE WHEN first IS NULL OR first > ?1 THEN coalesce(?1, first) ELSE first END,
             last = CASE WHEN last IS NULL OR last < ?2 THEN coalesce(?2, last) ELSE last END,
             entities = entities + ?3, series = series + ?4, samples = samples + ?5, gc_events = gc_events + ?6,
             stack_samples = stack_samples + ?7, censuses = censuses + ?8, skipped = skipped + ?9,
             skipped_at = coalesce(?10, skipped_at)",
        )?;
        tally.execute(params![
            self.first,
            self.last,
            entities,
            self.series.len() as i64,
            self.samples,
            self.gc_events.len() as i64,
            self.stack_samples.len() as i64,
            self.censuses.len() as i64,
            self.skipped,
            self.skipped_at,
        ])?;
        Ok(())
    }
}
