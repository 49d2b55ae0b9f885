//! The newest values of each series, in memory: what the writer has not folded yet, and what a reader finds in the tail.

use crate::model::series::Point;
use crate::model::time::{TimeRange, Timestamp};

use super::blob::{Cell, seal, unseal};

/// Values of one series in the order of time; a value that comes late is put in its place when that is asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// When, in nanoseconds.
    pub(super) times: Vec<i64>,
    /// How much.
    pub(super) values: Vec<f64>,
    unsorted: bool,
}

impl Column {
    /// Of parallel columns in any order.
    pub(super) fn new(times: Vec<i64>, values: Vec<f64>) -> Self {
        let unsorted = !times.is_sorted();
        Self { times, values, unsorted }
    }

    /// Appends a value.
    pub(super) fn push(&mut self, at: i64, value: f64) {
        self.unsorted |= self.times.last().is_some_and(|&last| at < last);
        self.times.push(at);
        self.values.push(value);
    }

    /// Appends another column.
    pub(super) fn extend(&mut self, other: &Column) {
        self.unsorted |= other.unsorted
            || matches!((self.times.last(), other.times.first()), (Some(last), Some(first)) if first < last);
        self.times.extend_from_slice(&other.times);
        self.values.extend_from_slice(&other.values);
    }

    /// Puts everything into the order of time; of one moment, in the order of arrival.
    pub(super) fn sort(&mut self) {
        if !std::mem::take(&mut self.unsorted) {
            return;
        }
        let mut points: Vec<(i64, f64)> = self.times.iter().copied().zip(self.values.iter().copied()).collect();
        points.sort_by_key(|&(at, _)| at);
        (self.times, self.values) = points.into_iter().unzip();
    }

    /// How many values.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Forgets the values, keeps the room.
    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.unsorted = false;
    }

    /// The values of a sorted column in a range.
    pub(super) fn within(&self, range: TimeRange) -> impl Iterator<Item = Point> + '_ {
        let from = self.times.partition_point(|&at| at < range.from.0);
        let to = self.times.partition_point(|&at| at < range.to.0).max(from);
        let times = self.times.iter().take(to).skip(from);
        times.zip(self.values.iter().skip(from)).map(|(&at, &value)| Point { at: Timestamp(at), value })
    }

    /// The last value of a sorted column at or before a moment.
    pub(super) fn last_at(&self, at: i64) -> Option<Point> {
        let index = self.times.partition_point(|&time| time <= at).checked_sub(1)?;
        Some(Point { at: Timestamp(*self.times.get(index)?), value: *self.values.get(index)? })
    }
}

/// One row of the tail: the values of one batch, each with the number of its series.
pub(super) fn encode_tail_row(at: i64, samples: &[(u32, f64)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(samples.len() * 12 + 8);
    for &(series, value) in samples {
        series.put(&mut bytes);
        value.put(&mut bytes);
    }
    seal(bytes, &[at])
}

/// Reads a row of the tail; `None` if it is damaged.
pub(super) fn decode_tail_row(at: i64, data: &[u8]) -> Option<impl Iterator<Item = (u32, f64)> + '_> {
    let bytes = unseal(data, &[at])?;
    if bytes.len() % 12 != 0 {
        return None;
    }
    Some(bytes.chunks_exact(12).map(|sample| {
        let (series, value) = sample.split_at(4);
        (u32::get(series), f64::get(value))
    }))
}
