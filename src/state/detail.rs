//! Levels of detail: which column width suits a visible range, as a pure decision.

use crate::model::time::{NS_PER_S, TimeRange, Timestamp};

/// Column widths that queries may use, in seconds; each divides the next or nearly so, so that pyramids can serve them.
const WIDTHS_S: [i64; 14] = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/// More columns than this are never drawn.
pub const MAX_COLUMNS: i64 = 1200;

/// The finest column width (ns) that shows `range` in at most [`MAX_COLUMNS`] columns.
pub fn width_ns(range: TimeRange) -> i64 {
    let fits = |width_s: &&i64| range.length_ns() / (**width_s * NS_PER_S) <= MAX_COLUMNS;
    let widest = *WIDTHS_S.last().unwrap_or(&1) * NS_PER_S;
    match WIDTHS_S.iter().find(fits) {
        Some(width_s) => width_s * NS_PER_S,
        None => {
            let columns = range.length_ns() / widest;
            widest * (columns / MAX_COLUMNS + 1)
        }
    }
}

/// The stretch to ask for, so that `visible` can be panned a little without asking again: half its length more
/// on each side, on the grid of `width_ns`, inside `span`.
pub fn fetch_range(visible: TimeRange, span: TimeRange, width_ns: i64) -> TimeRange {
    let margin = visible.length_ns() / 2;
    let coarse = width_ns.saturating_mul(64).max(1);
    let floor = |at: i64| at.div_euclid(coarse).saturating_mul(coarse);
    let from = floor(visible.from.0.saturating_sub(margin).max(span.from.0));
    let to = visible.to.0.saturating_add(margin).min(span.to.0);
    let to = floor(to.saturating_add(coarse)).max(from.saturating_add(coarse));
    TimeRange { from: Timestamp(from), to: Timestamp(to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_s(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from * NS_PER_S), Timestamp(to * NS_PER_S))
    }

    #[test]
    fn widths_follow_the_range() {
        let cases = [(60, 1), (1200, 1), (1300, 2), (3600, 5), (86_400, 120), (7 * 86_400, 600)];
        for (length_s, width_s) in cases {
            assert_eq!(width_ns(range_s(0, length_s)), width_s * NS_PER_S, "{length_s} s");
        }
        let decades = range_s(0, 40 * 365 * 86_400);
        assert!(decades.length_ns() / width_ns(decades) <= MAX_COLUMNS);
    }

    #[test]
    fn a_small_pan_asks_for_the_same_stretch() {
        let span = range_s(0, 86_400);
        let width = width_ns(range_s(40_000, 43_600));
        let first = fetch_range(range_s(40_000, 43_600), span, width);
        assert_eq!(first, fetch_range(range_s(40_010, 43_610), span, width));
        assert!(first.covers(range_s(38_300, 45_300)));
    }
}
