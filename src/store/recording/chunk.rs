//! Folded values: chunks of one series, compressed, either as measured or as one level of its pyramid.

use pco::{ChunkConfig, DeltaSpec};

use crate::model::series::Bucket;
use crate::model::time::{NS_PER_S, Timestamp};

use super::blob::{put_column, seal, take_column, unseal};
use super::column::Column;

/// Bucket widths of the pyramid in nanoseconds, finest first; each is a multiple of the one before.
pub(super) const WIDTHS: [i64; 4] = [10 * NS_PER_S, 60 * NS_PER_S, 600 * NS_PER_S, 3600 * NS_PER_S];
/// Values or buckets that a chunk should have.
pub(super) const CHUNK_LENGTH: usize = 1024;
/// More than any chunk that is ever written has; what claims more is damaged.
const MAX_LENGTH: i64 = 1 << 16;

/// The row of a chunk without its data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Header {
    /// Number of the row.
    pub(super) id: i64,
    /// First value, or start of the first bucket.
    pub(super) first: i64,
    /// Last value, or start of the last bucket.
    pub(super) last: i64,
    /// Entries: values or buckets.
    pub(super) count: i64,
    /// All values summarized, those behind buckets too; it starts at `first`.
    pub(super) total: Bucket,
    /// The row with the times of the values.
    pub(super) times: Option<i64>,
}

impl Header {
    /// The columns of `chunk` that [`Self::read`] takes, in order.
    pub(super) const COLUMNS: &str = "id, first, last, count, total, min, max, sum, times";

    /// Reads a row that begins with [`Self::COLUMNS`].
    pub(super) fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let first = row.get(1)?;
        let (count, min, max, sum) = (row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?);
        let total = Bucket { start: Timestamp(first), count, min, max, sum };
        Ok(Self { id: row.get(0)?, first, last: row.get(2)?, count: row.get(3)?, total, times: row.get(8)? })
    }

    /// How many entries to expect; `None` if the number can't be true.
    pub(super) fn length(&self) -> Option<usize> {
        (1..=MAX_LENGTH).contains(&self.count).then_some(self.count as usize)
    }

    /// The row for sorted values, without number and times.
    pub(super) fn of_values(column: &Column) -> Self {
        let points = column.times.iter().zip(&column.values);
        let total = points.map(|(&at, &value)| of_value(at, value)).reduce(joined);
        Self::of(total, column.times.last().copied(), column.len())
    }

    /// The row for sorted buckets, without number.
    pub(super) fn of_buckets(buckets: &[Bucket]) -> Self {
        let total = buckets.iter().copied().reduce(joined);
        Self::of(total, buckets.last().map(|bucket| bucket.start.0), buckets.len())
    }

    fn of(total: Option<Bucket>, last: Option<i64>, count: usize) -> Self {
        let total = total.unwrap_or(Bucket { start: Timestamp(0), count: 0, min: 0.0, max: 0.0, sum: 0.0 });
        let first = total.start.0;
        Self { id: 0, first, last: last.unwrap_or(first), count: count as i64, total, times: None }
    }

    fn context(&self, series: u32, width: i64) -> [i64; 5] {
        [i64::from(series), width, self.first, self.last, self.count]
    }
}

/// What goes into one row.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Values as measured, sorted; never empty.
    Values(Column),
    /// Buckets of a level, sorted; never empty.
    Buckets(Vec<Bucket>),
}

impl Piece {
    /// The row for it, without number and times.
    pub(super) fn header(&self) -> Header {
        match self {
            Piece::Values(column) => Header::of_values(column),
            Piece::Buckets(buckets) => Header::of_buckets(buckets),
        }
    }

    /// Its data; times of values are kept in a row of their own, since many series share them.
    pub(super) fn encode(&self, series: u32, width: i64, header: &Header) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Piece::Values(column) => put_column(&mut bytes, &column.values, &ChunkConfig::default()),
            Piece::Buckets(buckets) => {
                let starts: Vec<i64> = buckets.iter().map(|bucket| bucket.start.0.div_euclid(width)).collect();
                let counts: Vec<u32> = buckets.iter().map(|bucket| bucket.count).collect();
                put_column(&mut bytes, &starts, &steps());
                put_column(&mut bytes, &counts, &ChunkConfig::default());
                for of in [|bucket: &Bucket| bucket.min, |bucket: &Bucket| bucket.max, |bucket: &Bucket| bucket.sum] {
                    let numbers: Vec<f64> = buckets.iter().map(of).collect();
                    put_column(&mut bytes, &numbers, &ChunkConfig::default());
                }
            }
        }
        seal(bytes, &header.context(series, width))
    }
}

/// The times of a chunk as the data of a row of `times`.
pub(super) fn encode_times(times: &[i64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_column(&mut bytes, times, &steps());
    seal(bytes, &[])
}

/// The times of a chunk; `None` if they are damaged.
pub(super) fn decode_times(data: &[u8], header: &Header) -> Option<Vec<i64>> {
    let times = take_column(&mut unseal(data, &[])?, header.length()?)?;
    times.is_sorted().then_some(times)
}

/// The values of a chunk; `None` if they are damaged.
pub(super) fn decode_values(data: &[u8], series: u32, header: &Header) -> Option<Vec<f64>> {
    take_column(&mut unseal(data, &header.context(series, 0))?, header.length()?)
}

/// The buckets of a chunk of a level; `None` if they are damaged.
pub(super) fn decode_buckets(data: &[u8], series: u32, width: i64, header: &Header) -> Option<Vec<Bucket>> {
    let mut bytes = unseal(data, &header.context(series, width))?;
    let length = header.length()?;
    let starts: Vec<i64> = take_column(&mut bytes, length)?;
    let counts: Vec<u32> = take_column(&mut bytes, length)?;
    let mut numbers = || take_column::<f64>(&mut bytes, length);
    let (mins, maxs, sums) = (numbers()?, numbers()?, numbers()?);
    let buckets = starts.into_iter().zip(counts).zip(mins).zip(maxs).zip(sums);
    Some(
        buckets
            .map(|((((start, count), min), max), sum)| Bucket {
                start: Timestamp(start.saturating_mul(width)),
                count,
                min,
                max,
                sum,
            })
            .collect(),
    )
}

/// Times come at regular steps.
fn steps() -> ChunkConfig {
    ChunkConfig::default().with_delta_spec(DeltaSpec::TryConsecutive(1))
}

/// One value as a bucket.
fn of_value(at: i64, value: f64) -> Bucket {
    Bucket { start: Timestamp(at), count: 1, min: value, max: value, sum: value }
}

/// Both buckets' values, beginning where the first one does.
fn joined(one: Bucket, other: Bucket) -> Bucket {
    Bucket {
        start: one.start,
        count: one.count.saturating_add(other.count),
        min: one.min.min(other.min),
        max: one.max.max(other.max),
        // Kept finite: infinities of both signs would become a sum that is no number at all.
        sum: (one.sum + other.sum).clamp(f64::MIN, f64::MAX),
    }
}

/// Start of the stretch of this width that a moment falls into.
pub(super) fn floor(at: i64, width: i64) -> i64 {
    at.div_euclid(width).saturating_mul(width)
}

/// Collects values and finer buckets into the stretches of one width.
#[derive(Debug)]
pub(super) struct Grid {
    width: i64,
    buckets: Vec<Bucket>,
}

impl Grid {
    /// An empty one; the width is positive.
    pub(super) fn new(width: i64) -> Self {
        Self { width, buckets: Vec::new() }
    }

    /// Takes a bucket that fits into one stretch. In order of time this is quick, out of order right.
    pub(super) fn take(&mut self, bucket: &Bucket) {
        let start = Timestamp(floor(bucket.start.0, self.width));
        match self.buckets.last_mut() {
            Some(last) if last.start == start => *last = joined(*last, *bucket),
            Some(last) if start < last.start => match self.buckets.binary_search_by_key(&start, |known| known.start) {
                Ok(index) => self.buckets[index] = joined(self.buckets[index], *bucket),
                Err(index) => self.buckets.insert(index, Bucket { start, ..*bucket }),
            },
            _ => self.buckets.push(Bucket { start, ..*bucket }),
        }
    }

    /// Takes one value.
    pub(super) fn take_value(&mut self, at: i64, value: f64) {
        self.take(&of_value(at, value));
    }

    /// What it has collected, in order.
    pub(super) fn finish(self) -> Vec<Bucket> {
        self.buckets
    }
}
