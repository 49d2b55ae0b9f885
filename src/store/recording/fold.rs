//! Folding: what has gathered in memory becomes compressed chunks and the levels of the pyramid above them.
//!
//! Every level keeps its chunks apart in time. A piece that is small, or that comes late, is merged with its neighbours;
//! as only pieces of like length are merged, each value is written again a few times at most, however long the recording.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::chunk::{
    CHUNK_LENGTH, Grid, Header, Piece, WIDTHS, decode_buckets, decode_times, decode_values, encode_times,
};
use super::column::Column;

/// One fold, within one transaction.
pub(super) struct Fold<'a> {
    connection: &'a Connection,
    /// Times that this fold has stored: series measured together share them.
    times: HashMap<Vec<i64>, i64>,
    latest: (Vec<i64>, i64),
    /// Rows that had to be merged and were damaged; they are left alone.
    pub(super) damaged: usize,
}

/// A chunk to be written.
struct Job {
    series: u32,
    width: i64,
    piece: Piece,
}

impl<'a> Fold<'a> {
    /// Begins.
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, times: HashMap::new(), latest: (Vec::new(), 0), damaged: 0 }
    }

    /// Stores the values of some series; the columns are sorted by it and otherwise left alone.
    pub(super) fn store<'c>(&mut self, columns: impl Iterator<Item = (u32, &'c mut Column)>) -> rusqlite::Result<()> {
        let mut jobs = Vec::new();
        let mut waiting = 0;
        for (series, column) in columns {
            if column.len() == 0 {
                continue;
            }
            column.sort();
            self.plan(series, column, &mut jobs)?;
            waiting += column.len();
            if waiting > 500_000 {
                self.write(std::mem::take(&mut jobs))?;
                waiting = 0;
            }
        }
        self.write(jobs)
    }

    /// Cuts the values and their levels into chunks, merged with the chunks that they overlap or should join.
    fn plan(&mut self, series: u32, column: &Column, jobs: &mut Vec<Job>) -> rusqlite::Result<()> {
        let mut level: Vec<_> = Vec::new();
        for width in WIDTHS {
            let mut grid = Grid::new(width);
            match width == WIDTHS[0] {
                true => column.times.iter().zip(&column.values).for_each(|(&at, &value)| grid.take_value(at, value)),
                false => level.iter().for_each(|bucket| grid.take(bucket)),
            }
            level = grid.finish();
            let mut buckets = level.clone();
            for (header, data) in self.neighbours(series, width, &Header::of_buckets(&level))? {
                match decode_buckets(&data, series, width, &header) {
                    Some(known) => {
                        self.delete(&header)?;
                        buckets.extend(known);
                    }
                    None => self.damaged += 1,
                }
            }
            if buckets.len() > level.len() {
                buckets.sort_by_key(|bucket| bucket.start);
                let mut grid = Grid::new(width);
                buckets.iter().for_each(|bucket| grid.take(bucket));
                buckets = grid.finish();
            }
            for part in parts(buckets.len()) {
                jobs.push(Job { series, width, piece: Piece::Buckets(buckets[part].to_vec()) });
            }
        }

        let mut merged = Column::default();
        for (header, data) in self.neighbours(series, 0, &Header::of_values(column))? {
            let times = self.times_of(&header)?;
            match times.zip(decode_values(&data, series, &header)) {
                Some((times, values)) => {
                    self.delete(&header)?;
                    merged.extend(&Column::new(times, values));
                }
                None => self.damaged += 1,
            }
        }
        // Old values first: of one moment, the order of arrival is kept.
        merged.extend(column);
        merged.sort();
        for part in parts(merged.len()) {
            let piece = Column::new(merged.times[part.clone()].to_vec(), merged.values[part].to_vec());
            jobs.push(Job { series, width: 0, piece: Piece::Values(piece) });
        }
        Ok(())
    }

    /// The chunks that a new one overlaps in time, and those before it that are no longer than it and fill up a chunk with it.
    fn neighbours(&self, series: u32, width: i64, new: &Header) -> rusqlite::Result<Vec<(Header, Vec<u8>)>> {
        let columns = Header::COLUMNS;
        let mut found = Vec::new();
        let mut overlapping = self.connection.prepare_cached(&format!(
            "SELECT {columns}, data FROM chunk WHERE series = ?1 AND width = ?2 AND last > ?3 ORDER BY last, first"
        ))?;
        let mut rows = overlapping.query(params![series, width, new.first])?;
        while let Some(row) = rows.next()? {
            let header = Header::read(row)?;
            if header.first >= new.last {
                break;
            }
            found.push((header, row.get(9)?));
        }
        let mut length = new.count + found.iter().map(|(header, _)| header.count).sum::<i64>();
        let mut before = self.connection.prepare_cached(&format!(
            "SELECT {columns}, data FROM chunk WHERE series = ?1 AND width = ?2 AND last <= ?3
             ORDER BY last DESC, id DESC"
        ))?;
        let mut rows = before.query(params![series, width, new.first])?;
        while let Some(row) = rows.next()? {
            let header = Header::read(row)?;
            if header.count > length || header.count + length > CHUNK_LENGTH as i64 {
                break;
            }
            length += header.count;
            found.push((header, row.get(9)?));
        }
        found.sort_by_key(|(header, _)| (header.last, header.id));
        Ok(found)
    }

    fn times_of(&self, header: &Header) -> rusqlite::Result<Option<Vec<i64>>> {
        let mut select = self.connection.prepare_cached("SELECT data FROM times WHERE id = ?1")?;
        let data: Option<Vec<u8>> = select.query_row([header.times], |row| row.get(0)).optional()?;
        Ok(data.and_then(|data| decode_times(&data, header)))
    }

    fn delete(&self, header: &Header) -> rusqlite::Result<()> {
        self.connection.prepare_cached("DELETE FROM chunk WHERE id = ?1")?.execute([header.id])?;
        Ok(())
    }

    /// Compresses on all processors, then writes.
    fn write(&mut self, jobs: Vec<Job>) -> rusqlite::Result<()> {
        for (job, header, data) in encoded(jobs) {
            let times = match &job.piece {
                Piece::Values(column) => Some(self.store_times(&column.times)?),
                Piece::Buckets(_) => None,
            };
            let mut insert = self.connection.prepare_cached(
                "INSERT INTO chunk(series, width, first, last, count, total, min, max, sum, times, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?;
            let Header { first, last, count, total, .. } = header;
            insert.execute(params![
                job.series,
                job.width,
                first,
                last,
                count,
                total.count,
                total.min,
                total.max,
                total.sum,
                times,
                data
            ])?;
        }
        Ok(())
    }

    fn store_times(&mut self, times: &[i64]) -> rusqlite::Result<i64> {
        if self.latest.0 == times {
            return Ok(self.latest.1);
        }
        let id = match self.times.get(times) {
            Some(&id) => id,
            None => {
                let mut insert = self.connection.prepare_cached("INSERT INTO times(data) VALUES (?1)")?;
                let id = insert.insert([encode_times(times)])?;
                self.times.insert(times.to_vec(), id);
                id
            }
        };
        self.latest = (times.to_vec(), id);
        Ok(id)
    }
}

/// Even parts of at most about a chunk's length.
fn parts(length: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    // A little more than a chunk stays one: two halves would cost more than they help.
    let parts = (length + CHUNK_LENGTH / 2) / CHUNK_LENGTH;
    let parts = parts.max(1);
    (0..parts).map(move |part| length * part / parts..length * (part + 1) / parts).filter(|part| !part.is_empty())
}

fn encoded(jobs: Vec<Job>) -> Vec<(Job, Header, Vec<u8>)> {
    let encode = |job: Job| {
        let header = job.piece.header();
        let data = job.piece.encode(job.series, job.width, &header);
        (job, header, data)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    if jobs.len() < 256 || threads < 2 {
        return jobs.into_iter().map(encode).collect();
    }
    let share = jobs.len().div_ceil(threads);
    let mut jobs = jobs.into_iter();
    let shares: Vec<Vec<Job>> = (0..threads).map(|_| jobs.by_ref().take(share).collect()).collect();
    std::thread::scope(|scope| {
        let running: Vec<_> = shares
            .into_iter()
            .map(|share| scope.spawn(move || share.into_iter().map(encode).collect::<Vec<_>>()))
            .collect();
        let finished =
            running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        finished.flatten().collect()
    })
}
