//! Moments as people type them: seconds or a length of time from the session's start, from its end with a minus, or RFC 3339.

use anyhow::bail;

use super::duration;
use crate::model::format::duration_text;
use crate::model::time::{TimeRange, Timestamp};

/// A moment, relative to a session whose span is not known yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// So many seconds after the start.
    AfterStart(f64),
    /// So many seconds before the end.
    BeforeEnd(f64),
    /// By the clock.
    At(Timestamp),
}

impl std::str::FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(at) = Timestamp::parse_rfc3339(text) {
            return Ok(Self::At(at));
        }
        let found = match text.strip_prefix('-') {
            Some(before_end) => duration::seconds(before_end).map(Self::BeforeEnd),
            None => duration::seconds(text).map(Self::AfterStart),
        };
        found.ok_or_else(|| {
            "write seconds or a time from the start (90, 10m), from the end (-30s), or RFC 3339 (2026-11-24T05:21:34Z)"
                .to_owned()
        })
    }
}

impl Moment {
    /// The moment in a session that was measured over `span`.
    ///
    /// # Errors
    /// When it lies outside; a sentence.
    pub fn within(self, span: TimeRange) -> anyhow::Result<Timestamp> {
        let at = match self {
            Self::AfterStart(seconds) => span.from.plus_seconds(seconds),
            Self::BeforeEnd(seconds) => span.to.plus_seconds(-seconds),
            Self::At(at) => at,
        };
        // Seconds are typed with fewer digits than moments have.
        const TOLERANCE_NS: i64 = 1_000_000;
        if at < span.from.plus_ns(-TOLERANCE_NS) || at > span.to.plus_ns(TOLERANCE_NS) {
            bail!(
                "{} is outside of the session, which was measured from {} to {} ({})",
                at.rfc3339(),
                span.from.rfc3339(),
                span.to.rfc3339(),
                duration_text(span.length_seconds())
            );
        }
        Ok(at.clamp(span.from, span.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::NS_PER_S;

    #[test]
    fn moments_are_told_from_start_from_end_and_by_the_clock() {
        let start = 1_764_000_000 * NS_PER_S;
        let span = TimeRange::new(Timestamp(start), Timestamp(start + 100 * NS_PER_S));
        let at = |text: &str| text.parse::<Moment>().unwrap().within(span).map(|at| (at.0 - start) / NS_PER_S);
        assert_eq!(at("10").unwrap(), 10);
        assert_eq!(at("1m").unwrap(), 60);
        assert_eq!(at("-30s").unwrap(), 70);
        assert_eq!(at("-0").unwrap(), 100);
        assert_eq!(at("2025-11-24T16:00:05Z").unwrap(), 5);
        for outside in ["101", "-2m", "2025-11-24T15:00:00Z"] {
            assert!(at(outside).unwrap_err().to_string().contains("outside"), "{outside}");
        }
        assert!("soon".parse::<Moment>().unwrap_err().contains("RFC 3339"));
    }
}
