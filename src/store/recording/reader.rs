//! The reader: opens a recording, however it came to be as it is, and answers what it holds besides series.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, Params, Row, Transaction, params};

use crate::model::batch::{Census, Notice, StackSample};
use crate::model::entity::{Entity, EntityId};
use crate::model::gc::{GcEvent, GcTracing};
use crate::model::request::Request;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};

use super::error::{RecordingError, is_damage};
use super::query::Cache;
use super::{Summary, events, records, schema};

/// Files up to this size are checked from end to end, indexes too, when they are opened; of larger ones, each part is when it is read.
const CHECKED_AT_ONCE_BYTES: u64 = 4 << 20;
/// A badly damaged file is not worth more sentences than this.
const MAX_WARNINGS: usize = 50;

/// A recording that was opened, and what there is to say about its state.
#[derive(Debug)]
pub struct Opened {
    /// For asking.
    pub recording: Recording,
    /// What is not as it should be, one sentence each.
    pub warnings: Vec<String>,
}

/// Reads a recording. It has its own connection, so open one for each thread that asks; opening reads next to nothing.
///
/// Every answer is of one moment of the file, also while a writer goes on. Damaged parts are left out of answers and
/// named by [`Recording::take_warnings`].
#[derive(Debug)]
pub struct Recording {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    pub(super) cache: RefCell<Cache>,
    /// The format that the file was written in.
    format: i64,
    warnings: RefCell<Vec<String>>,
}

impl Recording {
    /// Opens a recording for reading; never changes it.
    ///
    /// # Errors
    /// When there is no recording at the path, or one that this program can't read at all.
    pub fn open(path: &Path) -> Result<Opened, RecordingError> {
        schema::check_file(path)?;
        let mut recording = match Self::connect(path, false) {
            Err(error) if is_about_access(&error) => {
                // A folder that can't be written to has no room for SQLite's lock file.
                let recording = Self::connect(path, true).map_err(|_| named(path, error))?;
                if schema::companion_bytes(path, "-wal") > 0 {
                    recording.warn(format!(
                        "The newest values of {} are in {} and can't be read from a folder without write permission; copy both files to another folder to see them.",
                        path.display(),
                        schema::companion(path, "-wal").display(),
                    ));
                }
                recording
            }
            other => other.map_err(|error| named(path, error))?,
        };
        recording.format = schema::check_format(&recording.connection, path)?;
        recording.check_whole()?;
        let warnings = recording.take_warnings();
        Ok(Opened { recording, warnings })
    }

    fn connect(path: &Path, immutable: bool) -> rusqlite::Result<Self> {
        let connect = |cut_short| {
            let connection = schema::connect_for_reading(path, immutable, cut_short)?;
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            let (cache, warnings) = (RefCell::default(), RefCell::default());
            Ok::<_, rusqlite::Error>(Self {
                path: path.to_owned(),
                connection,
                cache,
                format: schema::FORMAT,
                warnings,
            })
        };
        match connect(false) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                let recording = connect(true)?;
                recording.warn(format!(
                    "{} is damaged or was cut short: what can still be read is shown. Restore it from a copy if there is one.",
                    path.display()
                ));
                Ok(recording)
            }
            other => other,
        }
    }

    /// Makes sure that the tables are there, and looks through small files.
    fn check_whole(&self) -> Result<(), RecordingError> {
        match self.connection.prepare("SELECT folds, finished FROM tally JOIN meta JOIN series JOIN chunk JOIN tail") {
            Ok(_) => {}
            Err(error) if is_damage(&error) => return Err(self.error(error)),
            Err(_) => {
                let why = "its tables are not those of one";
                return Err(RecordingError::NotARecording { path: self.path.clone(), why });
            }
        }
        let statements = self.collect("the schema", schema::STATEMENTS, [], |row| row.get::<_, String>(0).map(Some))?;
        if statements != schema::statements(self.format) {
            self.warn_left_out("the description of the tables");
        }
        let size = std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
        if size <= CHECKED_AT_ONCE_BYTES && self.warnings.borrow().is_empty() {
            let found = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
            if !matches!(found.as_deref(), Ok("ok")) {
                self.warn(format!(
                    "{} is damaged: what can still be read is shown. Restore it from a copy if there is one.",
                    self.path.display()
                ));
            }
        }
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was left out of answers since the last call, and why, one sentence each.
    pub fn take_warnings(&self) -> Vec<String> {
        self.warnings.take()
    }

    /// A number that changes when a writer has committed; cheap to ask for, so that a growing file can be polled.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn data_version(&self) -> Result<u64, RecordingError> {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0));
        version.map(|version| version as u64).map_err(|error| self.error(error))
    }

    /// What the recording holds, from its running totals.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn summary(&self) -> Result<Summary, RecordingError> {
        let _snapshot = self.snapshot()?;
        let info = records::info(&self.connection).map_err(|error| self.error(error))?;
        let requests = match self.has_format(2)? {
            true => self.collect("the requests", "SELECT coalesce(max(id), 0) FROM request", [], |row| {
                row.get::<_, i64>(0).map(Some)
            })?,
            false => Vec::new(),
        };
        let requests = requests.first().map_or(0, |&count| u64::try_from(count).unwrap_or(0));
        let read = |row: &Row<'_>| {
            let number = |column| row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0));
            let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            let span =
                first.zip(last).map(|(first, last)| TimeRange::new(Timestamp(first), Timestamp(last).plus_ns(1)));
            Ok(Summary {
                info,
                span,
                finished: row.get(2)?,
                entities: number(3)?,
                series: number(4)?,
                values: number(5)?,
                gc_events: number(6)?,
                requests,
                stack_samples: number(7)?,
                censuses: number(8)?,
                bytes: std::fs::metadata(&self.path).map_or(0, |metadata| metadata.len())
                    + schema::companion_bytes(&self.path, "-wal"),
            })
        };
        let sql =
            "SELECT first, last, finished, entities, series, samples, gc_events, stack_samples, censuses FROM tally";
        self.connection.query_row(sql, [], read).map_err(|error| self.error(error))
    }

    /// The document, if one was kept with the data.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn document_text(&self) -> Result<Option<String>, RecordingError> {
        records::document(&self.connection).map_err(|error| self.error(error))
    }

    /// All entities, by number.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn entities(&self) -> Result<Vec<Entity>, RecordingError> {
        self.collect("the list of entities", records::ENTITIES, [], records::entity)
    }

    /// The last full census at or before a moment.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn census_before(&self, at: Timestamp) -> Result<Option<Census>, RecordingError> {
        let _snapshot = self.snapshot()?;
        let metrics = self.known_metrics()?;
        // Several are fetched, so that one that is damaged can be passed over for the one before.
        let read = |row: &Row<'_>| records::census(row, &metrics);
        Ok(self.collect("a census", records::CENSUS_BEFORE, [at.0], read)?.into_iter().next())
    }

    /// The moments of all censuses, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn census_times(&self) -> Result<Vec<Timestamp>, RecordingError> {
        let read = |row: &Row<'_>| Ok(Some(Timestamp(row.get(0)?)));
        self.collect("the list of censuses", "SELECT at FROM census ORDER BY at", [], read)
    }

    /// Collections in a range, of one entity or of all, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn gc_events(&self, range: TimeRange, entity: Option<EntityId>) -> Result<Vec<GcEvent>, RecordingError> {
        let (columns, tables) = events::gc_event_columns(self.has_format(2)?);
        let sql = records::in_range(columns, tables, entity);
        let values = params![range.from.0, range.to.0, entity.map(|entity| entity.0)];
        self.collect("the GC events", &sql, values, events::gc_event)
    }

    /// Whose collections began or ceased to be traced before a moment, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn gc_tracing(&self, until: Timestamp) -> Result<Vec<GcTracing>, RecordingError> {
        match self.has_format(2)? {
            true => self.collect("the traced processes", events::GC_TRACING, [until.0], events::gc_tracing),
            false => Ok(Vec::new()),
        }
    }

    /// Requests that arrived in a range, at one entity or at all, in order of arrival.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn requests(&self, range: TimeRange, entity: Option<EntityId>) -> Result<Vec<Request>, RecordingError> {
        if !self.has_format(2)? {
            return Ok(Vec::new());
        }
        let sql = records::in_range(events::REQUEST, "request", entity);
        let values = params![range.from.0, range.to.0, entity.map(|entity| entity.0)];
        self.collect("the requests", &sql, values, events::request)
    }

    /// Whether the file has what a format added; a writer may have brought it to a newer one meanwhile.
    fn has_format(&self, format: i64) -> Result<bool, RecordingError> {
        if self.format >= format {
            return Ok(true);
        }
        Ok(schema::check_format(&self.connection, &self.path)? >= format)
    }

    /// Stack samples in a range, of one entity or of all, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn stack_samples(
        &self,
        range: TimeRange,
        entity: Option<EntityId>,
    ) -> Result<Vec<StackSample>, RecordingError> {
        let _snapshot = self.snapshot()?;
        let sql = records::in_range(records::STACK_SAMPLE, "stack_sample", entity);
        let values = params![range.from.0, range.to.0, entity.map(|entity| entity.0)];
        let mut stacks = records::Stacks::new(&self.connection);
        self.collect("the stack samples", &sql, values, |row| stacks.sample(row))
    }

    /// All gaps, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn gaps(&self) -> Result<Vec<Gap>, RecordingError> {
        self.collect("the gaps", "SELECT first, after, why FROM gap ORDER BY first, id", [], records::gap)
    }

    /// All notices, in order; the last one tells of values that were left out for not being finite numbers, if there were any.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn notices(&self) -> Result<Vec<Notice>, RecordingError> {
        let _snapshot = self.snapshot()?;
        let mut notices =
            self.collect("the notices", "SELECT at, text FROM notice ORDER BY at, id", [], records::notice)?;
        let skipped = "SELECT skipped_at, skipped FROM tally WHERE skipped > 0 AND skipped_at IS NOT NULL";
        notices.extend(self.collect("the running totals", skipped, [], |row| {
            let text = match row.get(1)? {
                1 => String::from("1 value was left out: it was no finite number."),
                count => format!("{count} values were left out: they were no finite numbers."),
            };
            Ok(Some(Notice { at: Timestamp(row.get(0)?), text }))
        })?);
        Ok(notices)
    }

    /// All rows that can be read; what can't, or what `read` returns `None` for, is left out with a warning about `what`.
    pub(super) fn collect<T>(
        &self,
        what: &str,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<Option<T>>,
    ) -> Result<Vec<T>, RecordingError> {
        let mut found = Vec::new();
        let result = (|| {
            let mut select = self.connection.prepare_cached(sql)?;
            let mut rows = select.query(params)?;
            while let Some(row) = rows.next()? {
                match read(row) {
                    Ok(Some(item)) => found.push(item),
                    Ok(None) => self.warn_left_out(what),
                    Err(error) if is_damage(&error) => self.warn_left_out(what),
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })();
        match result {
            Err(error) if is_damage(&error) => self.warn_left_out(what),
            other => other.map_err(|error| self.error(error))?,
        }
        Ok(found)
    }

    /// Notes that something could not be read.
    pub(super) fn warn_left_out(&self, what: &str) {
        self.warn(format!(
            "Part of {what} in {} is damaged or not known to this version, and is left out.",
            self.path.display()
        ));
    }

    /// Notes a sentence, once.
    pub(super) fn warn(&self, sentence: String) {
        let mut warnings = self.warnings.borrow_mut();
        if warnings.len() < MAX_WARNINGS && !warnings.contains(&sentence) {
            warnings.push(sentence);
        }
    }

    /// Everything until it is dropped sees the file as of one moment.
    pub(super) fn snapshot(&self) -> Result<Transaction<'_>, RecordingError> {
        self.connection.unchecked_transaction().map_err(|error| self.error(error))
    }

    /// Puts an error of SQLite into words.
    pub(super) fn error(&self, error: rusqlite::Error) -> RecordingError {
        RecordingError::of(&self.path, "read", error)
    }
}

fn named(path: &Path, error: rusqlite::Error) -> RecordingError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            RecordingError::NotARecording { path: path.to_owned(), why: "it does not begin like one" }
        }
        _ => RecordingError::of(path, "opened", error),
    }
}

fn is_about_access(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::SystemIoFailure
                | ErrorCode::FileLockingProtocolFailed
        )
    )
}
