//! Reads the stack samples that a question about functions needs: all if they are few, else a part spread evenly over the time.
//!
//! A day holds tens of millions of samples; some thousand tell shares to a percent. The cost of an answer is bounded so.

use std::collections::HashSet;

use crate::model::batch::StackSample;
use crate::model::entity::EntityId;
use crate::model::time::TimeRange;
use crate::store::recording::{Recording, RecordingError};

/// No more samples than about this are wanted: then an interval of 95 % reaches 1.4 % to both sides at most.
const WANTED: u64 = 5_000;

/// No more samples than about this are read to find as many.
const READ_AT_MOST: u64 = 20_000;

/// The time is cut into so many windows, of each of which the same part is read.
const WINDOWS: i64 = 64;

/// Samples, and the share of the time that they were taken from.
pub(super) struct Taken {
    pub samples: Vec<StackSample>,
    pub looked_at: f64,
}

/// Whose samples are wanted.
pub(super) enum Whose {
    Everybody,
    Entity(EntityId),
    Members(HashSet<EntityId>),
}

/// The samples of a stretch of time.
///
/// # Errors
/// When the recording can't be read.
pub(super) fn take(recording: &Recording, range: TimeRange, whose: &Whose) -> Result<Taken, RecordingError> {
    let summary = recording.summary()?;
    let range = summary.span.and_then(|span| range.intersection(span)).unwrap_or(range);
    let length_ns = range.length_ns().max(1);
    let span_ns = summary.span.map_or(1, |span| span.length_ns().max(1));
    let expected = summary.stack_samples as f64 * length_ns as f64 / span_ns as f64;
    let parts = parts(expected, length_ns);
    let entity = match whose {
        Whose::Entity(id) => Some(*id),
        _ => None,
    };
    let (mut samples, mut read, mut done) = (Vec::new(), 0, 0);
    while done < parts && (samples.len() as u64) < WANTED && read < READ_AT_MOST {
        for window in 0..if parts == 1 { 1 } else { WINDOWS } {
            let slice = if parts == 1 { range } else { slice(range, window, turned(done, parts), parts) };
            let found = recording.stack_samples(slice, entity)?;
            read += found.len() as u64;
            let is_wanted = |sample: &StackSample| match whose {
                Whose::Members(members) => members.contains(&sample.entity),
                Whose::Everybody | Whose::Entity(_) => true,
            };
            samples.extend(found.into_iter().filter(is_wanted));
        }
        done += 1;
    }
    Ok(Taken { samples, looked_at: f64::from(done) / f64::from(parts.max(1)) })
}

/// Into how many parts each window is cut, a power of two; 1 if all can be read at once.
fn parts(expected: f64, length_ns: i64) -> u32 {
    if expected <= WANTED as f64 || length_ns < WINDOWS * 1024 {
        return 1;
    }
    // A pass over all windows reads a quarter of what is wanted.
    let needed = (expected * 4.0 / WANTED as f64).clamp(1.0, 1024.0 * 1024.0);
    let most = u32::try_from(length_ns / WINDOWS).unwrap_or(u32::MAX).max(1);
    (needed as u32).next_power_of_two().min(1 << most.ilog2())
}

/// The number with its bits turned about, so that parts read one after the other lie far from each other.
fn turned(part: u32, parts: u32) -> u32 {
    if parts <= 1 { 0 } else { part.reverse_bits() >> (32 - parts.ilog2()) }
}

/// One part of one window.
fn slice(range: TimeRange, window: i64, part: u32, parts: u32) -> TimeRange {
    let length = i128::from(range.length_ns());
    let pieces = i128::from(WINDOWS) * i128::from(parts);
    let piece = i128::from(window) * i128::from(parts) + i128::from(part);
    // Both ends by the same rule, so that slices meet without a gap.
    let at = |piece: i128| range.from.plus_ns((length * piece / pieces) as i64);
    TimeRange::new(at(piece), at(piece + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{NS_PER_S, Timestamp};

    #[test]
    fn all_slices_together_are_the_range() {
        let range = TimeRange::new(Timestamp(7), Timestamp(7 + 1001 * NS_PER_S));
        let parts = 8;
        let mut slices: Vec<TimeRange> = (0..WINDOWS)
            .flat_map(|window| (0..parts).map(move |part| slice(range, window, turned(part, parts), parts)))
            .collect();
        slices.sort_by_key(|slice| slice.from);
        assert_eq!((slices[0].from, slices[slices.len() - 1].to), (range.from, range.to));
        assert!(slices.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn few_samples_are_read_whole_and_many_in_small_parts() {
        let hour = 3600 * NS_PER_S;
        assert_eq!(parts(4_000.0, hour), 1);
        let day = parts(26e6, 24 * hour);
        assert!(26e6 / f64::from(day) <= WANTED as f64 / 4.0, "{day}");
        assert_eq!(parts(1e9, 10), 1, "a stretch too short to be cut");
    }
}
