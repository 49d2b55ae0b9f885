//! Points and ranges of wall-clock time.

use serde::{Deserialize, Serialize};

/// Nanoseconds in a second.
pub const NS_PER_S: i64 = 1_000_000_000;

/// A moment: nanoseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment `seconds` later (earlier if negative); saturates at the ends of the representable range.
    pub fn plus_seconds(self, seconds: f64) -> Self {
        Self(self.0.saturating_add((seconds * NS_PER_S as f64) as i64))
    }

    /// The moment `ns` nanoseconds later; saturates.
    pub fn plus_ns(self, ns: i64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Seconds from `earlier` to `self`; negative if `self` is before it.
    pub fn seconds_since(self, earlier: Timestamp) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / NS_PER_S as f64
    }

    /// RFC 3339 in UTC with milliseconds, e.g. `2026-11-24T05:21:34.000Z`.
    pub fn rfc3339(self) -> String {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(at) => format!("{at:.3}"),
            Err(_) => format!("{} ns", self.0),
        }
    }

    /// Reads RFC 3339 (`2026-11-24T05:21:34Z`); `None` if it is not.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let at: jiff::Timestamp = text.parse().ok()?;
        i64::try_from(at.as_nanosecond()).ok().map(Self)
    }

    /// Local wall-clock time by a `strftime` pattern, e.g. `%H:%M:%S`.
    pub fn local(self, pattern: &str) -> String {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime(pattern).to_string(),
            Err(_) => String::from("?"),
        }
    }
}

/// A half-open range of time: `from` belongs to it, `to` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeRange {
    /// First moment inside.
    pub from: Timestamp,
    /// First moment after the end.
    pub to: Timestamp,
}

impl TimeRange {
    /// The range between two moments, in either order.
    pub fn new(a: Timestamp, b: Timestamp) -> Self {
        Self { from: a.min(b), to: a.max(b) }
    }

    /// Length in nanoseconds; never negative.
    pub fn length_ns(self) -> i64 {
        self.to.0.saturating_sub(self.from.0).max(0)
    }

    /// Length in seconds.
    pub fn length_seconds(self) -> f64 {
        self.length_ns() as f64 / NS_PER_S as f64
    }

    /// Whether the moment lies inside.
    pub fn contains(self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Whether all of `other` lies inside.
    pub fn covers(self, other: TimeRange) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    /// The part that both ranges share, if there is one.
    pub fn intersection(self, other: TimeRange) -> Option<TimeRange> {
        let from = self.from.max(other.from);
        let to = self.to.min(other.to);
        (from < to).then_some(TimeRange { from, to })
    }

    /// The same middle, `factor` times as long, but never shorter than a millisecond.
    pub fn scaled_about(self, pivot: Timestamp, factor: f64) -> Self {
        let before = pivot.0.saturating_sub(self.from.0) as f64 * factor;
        let after = self.to.0.saturating_sub(pivot.0) as f64 * factor;
        let from = pivot.0.saturating_sub(before as i64);
        let to = pivot.0.saturating_add(after as i64).max(from.saturating_add(1_000_000));
        Self { from: Timestamp(from), to: Timestamp(to) }
    }

    /// The same length, moved by `ns`.
    pub fn shifted_ns(self, ns: i64) -> Self {
        Self { from: self.from.plus_ns(ns), to: self.to.plus_ns(ns) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_round_trip() {
        let at = Timestamp(1_764_000_000_123_000_000);
        assert_eq!(Timestamp::parse_rfc3339(&at.rfc3339()), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn zooming_keeps_the_pivot_in_place() {
        let range = TimeRange::new(Timestamp(0), Timestamp(100 * NS_PER_S));
        let zoomed = range.scaled_about(Timestamp(25 * NS_PER_S), 0.5);
        assert_eq!(zoomed.length_ns(), 50 * NS_PER_S);
        assert_eq!(zoomed.from, Timestamp(12_500_000_000));
    }

    #[test]
    fn extreme_moments_do_not_overflow() {
        let all = TimeRange::new(Timestamp(i64::MIN), Timestamp(i64::MAX));
        assert_eq!(all.length_ns(), i64::MAX);
        assert!(all.scaled_about(Timestamp(0), 2.0).covers(TimeRange::new(Timestamp(0), Timestamp(1))));
        assert!(!Timestamp(i64::MAX).rfc3339().is_empty());
    }
}
