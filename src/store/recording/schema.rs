//! The tables of a recording, and how connections to it are opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::error::RecordingError;

/// "Viva" in ASCII; tells a recording from other SQLite files.
pub(super) const APPLICATION_ID: i64 = 0x5669_7661;
/// The format that is written; the newest that is read.
pub(super) const FORMAT: i64 = 2;
/// Longest text or blob of a row, in bytes.
pub(super) const MAX_FIELD_BYTES: i32 = 256 << 20;
/// Longest document, in bytes.
pub(super) const MAX_DOCUMENT_BYTES: usize = 64 << 20;
/// Chunks of three kilobytes fill a page of this size better than one of four, and a commit a second still writes little.
const PAGE_BYTES: i64 = 8192;
const BUSY: Duration = Duration::from_secs(5);

/// Times are nanoseconds since the Unix epoch. `chunk.width` is 0 for values as measured and otherwise the width of a
/// pyramid level's buckets; chunks of one series and width never overlap, they touch at most. `tail` holds what is not
/// folded into chunks yet, a row a batch. `tally` is one row of running totals, so that opening counts nothing.
const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tally(id INTEGER PRIMARY KEY CHECK (id = 1), writer INTEGER NOT NULL, finished INTEGER NOT NULL,
    folds INTEGER NOT NULL, first INTEGER, last INTEGER, entities INTEGER NOT NULL, series INTEGER NOT NULL,
    samples INTEGER NOT NULL, gc_events INTEGER NOT NULL, stack_samples INTEGER NOT NULL, censuses INTEGER NOT NULL,
    skipped INTEGER NOT NULL, skipped_at INTEGER);
CREATE TABLE entity(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL, parent INTEGER,
    component TEXT, started INTEGER, ended INTEGER, attributes TEXT NOT NULL);
CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE series(id INTEGER PRIMARY KEY, entity INTEGER NOT NULL, metric INTEGER NOT NULL,
    seal INTEGER NOT NULL, UNIQUE(entity, metric));
CREATE TABLE times(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE chunk(id INTEGER PRIMARY KEY, series INTEGER NOT NULL, width INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, count INTEGER NOT NULL, total INTEGER NOT NULL, min REAL NOT NULL, max REAL NOT NULL,
    sum REAL NOT NULL, times INTEGER, data BLOB NOT NULL);
CREATE INDEX chunk_by_time ON chunk(series, width, last, first);
CREATE TABLE tail(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE census(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, count INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX census_by_time ON census(at);
CREATE TABLE gc_event(at INTEGER NOT NULL, id INTEGER NOT NULL, entity INTEGER NOT NULL, major INTEGER NOT NULL,
    pause_ns INTEGER NOT NULL, before_words INTEGER NOT NULL, after_words INTEGER NOT NULL, held_words INTEGER NOT NULL,
    reclaimed_words INTEGER NOT NULL, PRIMARY KEY(at, id)) WITHOUT ROWID;
CREATE INDEX gc_event_by_entity ON gc_event(entity, at);
CREATE TABLE frame(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE stack(id INTEGER PRIMARY KEY, frames TEXT NOT NULL UNIQUE);
CREATE TABLE stack_sample(at INTEGER NOT NULL, id INTEGER NOT NULL, entity INTEGER NOT NULL, stack INTEGER NOT NULL,
    weight INTEGER NOT NULL, PRIMARY KEY(at, id)) WITHOUT ROWID;
CREATE INDEX stack_sample_by_entity ON stack_sample(entity, at);
CREATE TABLE gap(id INTEGER PRIMARY KEY, first INTEGER NOT NULL, after INTEGER NOT NULL, why TEXT NOT NULL);
CREATE TABLE notice(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
";

/// What format 2 added: the heaps of a collection (`gc_event.major` is the kind's number, as it was), who is traced, and
/// single requests.
const TABLES_OF_2: &str = "
CREATE TABLE gc_heap(id INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE gc_tracing(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, entity INTEGER NOT NULL, change TEXT NOT NULL);
CREATE TABLE request(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, entity INTEGER NOT NULL, start INTEGER,
    service_ns INTEGER, ready INTEGER, key INTEGER, operation TEXT, worker INTEGER, reused INTEGER, outcome INTEGER NOT NULL);
CREATE INDEX request_by_time ON request(at, id);
";

/// Asks for the statements that made the tables of a file.
pub(super) const STATEMENTS: &str = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid";

/// What [`STATEMENTS`] finds in a whole recording of a format.
pub(super) fn statements(format: i64) -> Vec<String> {
    let added = if format >= 2 { TABLES_OF_2 } else { "" };
    TABLES
        .split(';')
        .chain(added.split(';'))
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

/// Makes the tables in a new file.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    prepare_for_writing(connection)?;
    connection.execute_batch(&format!(
        "BEGIN; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; {TABLES} {TABLES_OF_2} COMMIT;"
    ))
}

/// Brings a file of an older format, as it is, to the one that is written.
pub(super) fn upgrade(connection: &Connection, format: i64) -> rusqlite::Result<()> {
    match format {
        1 => connection.execute_batch(&format!("BEGIN; PRAGMA user_version = {FORMAT}; {TABLES_OF_2} COMMIT;")),
        _ => Ok(()),
    }
}

/// A connection that may write.
pub(super) fn connect_for_writing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    distrust(&connection)?;
    Ok(connection)
}

/// Puts a file into write-ahead mode: commits are appended to a second file, and readers are never in the way.
pub(super) fn prepare_for_writing(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -32_000)
}

/// A connection that can't write. `immutable` also takes no locks and looks at no second file, for folders that may not
/// be written to. `cut_short` reads files that have fewer pages than they should.
pub(super) fn connect_for_reading(path: &Path, immutable: bool, cut_short: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match immutable {
        false => Connection::open_with_flags(path, flags)?,
        true => {
            let uri = format!("file:{}?immutable=1", percent_encoded(path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        }
    };
    // SQLite refuses such files as a whole, except to those who may mend the schema; this connection can't write anyway.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, cut_short)?;
    distrust(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    Ok(connection)
}

/// A file may come from a stranger: nothing in it is run, and nothing in it may be larger than it should.
fn distrust(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_FIELD_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.pragma_update(None, "cell_size_check", true)
}

/// Checks that the file is a recording of a format that this program knows, and says of which.
pub(super) fn check_format(connection: &Connection, path: &Path) -> Result<i64, RecordingError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let error = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => {
            RecordingError::NotARecording { path: path.to_owned(), why: "it does not begin like one" }
        }
        _ => RecordingError::of(path, "opened", error),
    };
    if number("application_id").map_err(error)? != APPLICATION_ID {
        let why = "it is a database of another program";
        return Err(RecordingError::NotARecording { path: path.to_owned(), why });
    }
    let found = number("user_version").map_err(error)?;
    match found {
        1..=FORMAT => Ok(found),
        _ if found > FORMAT => Err(RecordingError::Future { path: path.to_owned(), found, known: FORMAT }),
        _ => Err(RecordingError::NotARecording { path: path.to_owned(), why: "it has no format number" }),
    }
}

/// Checks what the file system tells, without opening the file: closing a second handle would release SQLite's locks.
pub(super) fn check_file(path: &Path) -> Result<(), RecordingError> {
    let metadata = std::fs::metadata(path).map_err(|error| RecordingError::of_io(path, "opened", &error))?;
    if metadata.is_dir() {
        return Err(RecordingError::Folder(path.to_owned()));
    }
    // A first transaction may still be in the write-ahead file only.
    if metadata.len() == 0 && companion_bytes(path, "-wal") == 0 {
        return Err(RecordingError::Empty(path.to_owned()));
    }
    Ok(())
}

/// The path of the file that SQLite keeps beside a recording, by its suffix.
pub(super) fn companion(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Its size in bytes, 0 if there is none.
pub(super) fn companion_bytes(path: &Path, suffix: &str) -> u64 {
    std::fs::metadata(companion(path, suffix)).map_or(0, |metadata| metadata.len())
}

fn percent_encoded(path: &Path) -> String {
    let mut out = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02x}")),
        }
    }
    out
}
