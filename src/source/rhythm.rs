//! When a live source measures: the interval, what its own work may cost, and how late it came.
//!
//! Pure: the moments come from outside, so that a night's suspend is tested without waiting for one.

use std::time::{Duration, Instant};

use super::StopSignal;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};

/// How often every process is listed, also those whose series are not kept.
const CENSUS_INTERVAL: Duration = Duration::from_secs(30);

/// The share of the interval that measuring may take.
const BUDGET_SHARE: f64 = 0.2;

/// So many ticks in a row must be over the budget before the interval grows: one slow tick proves nothing.
const TICKS_OVER: u32 = 3;

/// So many ticks in a row must leave room before it shrinks again.
const TICKS_UNDER: u32 = 10;

/// The interval never grows beyond this by itself.
const LONGEST: Duration = Duration::from_secs(60);

/// Beyond so many intervals without a measurement there is a gap.
const GAP_INTERVALS: u32 = 3;

/// A clock of the machine this far ahead of ours was set, or the machine slept.
const CLOCK_TOLERANCE_NS: i64 = 100_000_000;

/// The rhythm of one source.
pub(super) struct Rhythm {
    wanted: Duration,
    interval: Duration,
    next: Option<Instant>,
    ticks_over: u32,
    ticks_under: u32,
    clock: Option<Clock>,
    last: Option<(Instant, Timestamp)>,
    last_census: Option<Instant>,
}

/// One measurement's place in time.
pub(super) struct Tick {
    /// Its moment.
    pub at: Timestamp,
    /// Since the one before, without time asleep; `None` for the first.
    pub elapsed: Option<Duration>,
    /// Whether a census is due.
    pub census: bool,
    /// The stretch that was missed, if it is long.
    pub gap: Option<Gap>,
    /// What there is to say about the rhythm itself.
    pub notice: Option<String>,
}

/// Wall-clock time that never goes back: it follows the steady clock, and the machine's only forwards.
struct Clock {
    wall: Timestamp,
    steady: Instant,
}

impl Rhythm {
    /// Measures every `wanted`, first at once.
    pub fn new(wanted: Duration) -> Self {
        Self {
            wanted,
            interval: wanted,
            next: None,
            ticks_over: 0,
            ticks_under: 0,
            clock: None,
            last: None,
            last_census: None,
        }
    }

    /// Sleeps until the next measurement is due, the first one being due at once; true if the end was requested.
    pub fn sleep(&self, stop: &StopSignal) -> bool {
        match self.next {
            Some(next) => stop.sleep_until(next),
            None => stop.is_requested(),
        }
    }

    /// Takes note of a measurement that began and ended at these moments of the steady clock; `wall` is the machine's time at its end.
    pub fn measured(&mut self, began: Instant, ended: Instant, wall: Timestamp) -> Tick {
        let at = self.timestamp(ended, wall);
        let elapsed = self.last.map(|(before, _)| ended.saturating_duration_since(before));
        let allowed_ns = i64::try_from((self.interval * GAP_INTERVALS).as_nanos()).unwrap_or(i64::MAX);
        let gap = self.last.filter(|(_, before)| at.0.saturating_sub(before.0) > allowed_ns).map(|(_, before)| Gap {
            range: TimeRange::new(before, at),
            why: String::from("no measurements: the machine was asleep or overloaded"),
        });
        let census = self.last_census.is_none_or(|before| ended.saturating_duration_since(before) >= CENSUS_INTERVAL);
        if census {
            self.last_census = Some(ended);
        }
        self.last = Some((ended, at));
        let notice = self.adapt(ended.saturating_duration_since(began));
        // Ticks keep their beat; what was missed is not made up for.
        let beat = self.next.unwrap_or(began) + self.interval;
        self.next = Some(if beat > ended { beat } else { ended + self.interval });
        Tick { at, elapsed, census, gap, notice }
    }

    fn timestamp(&mut self, steady: Instant, wall: Timestamp) -> Timestamp {
        let clock = self.clock.get_or_insert(Clock { wall, steady });
        let passed_ns = i64::try_from(steady.saturating_duration_since(clock.steady).as_nanos()).unwrap_or(i64::MAX);
        let ours = clock.wall.plus_ns(passed_ns);
        if wall > ours.plus_ns(CLOCK_TOLERANCE_NS) {
            *clock = Clock { wall, steady };
            return wall;
        }
        ours
    }

    /// Doubles the interval when measuring costs too much of it, and halves it again when that leaves room.
    fn adapt(&mut self, cost: Duration) -> Option<String> {
        let share = cost.as_secs_f64() / self.interval.as_secs_f64();
        self.ticks_over = if share > BUDGET_SHARE { self.ticks_over + 1 } else { 0 };
        // Half the budget of the shorter interval, so that it does not swing to and fro.
        self.ticks_under = if share < BUDGET_SHARE / 4.0 { self.ticks_under + 1 } else { 0 };
        let longer = self.interval * 2;
        if self.ticks_over >= TICKS_OVER && longer <= LONGEST.max(self.wanted) {
            let text = format!(
                "measuring took {:.0} % of the interval of {:?}: now every {longer:?}",
                share * 100.0,
                self.interval
            );
            self.set_interval(longer);
            return Some(text);
        }
        if self.ticks_under >= TICKS_UNDER && self.interval > self.wanted {
            self.set_interval((self.interval / 2).max(self.wanted));
            return Some(format!("measuring costs less again: now every {:?}", self.interval));
        }
        None
    }

    fn set_interval(&mut self, interval: Duration) {
        self.interval = interval;
        (self.ticks_over, self.ticks_under) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::NS_PER_S;

    const WALL: Timestamp = Timestamp(1_764_000_000 * NS_PER_S);

    fn after(start: Instant, seconds: f64) -> Instant {
        start + Duration::from_secs_f64(seconds)
    }

    #[test]
    fn keeps_the_beat_and_takes_a_census_each_half_minute() {
        let start = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_secs(1));
        assert_eq!(rhythm.next, None, "the first measurement is taken at once");
        let mut censuses = Vec::new();
        for second in 0..65 {
            let began = rhythm.next.unwrap_or(start);
            let tick = rhythm.measured(began, began + Duration::from_millis(5), WALL.plus_seconds(f64::from(second)));
            assert_eq!(tick.elapsed.is_none(), second == 0);
            assert!(tick.gap.is_none() && tick.notice.is_none());
            if tick.census {
                censuses.push(second);
            }
        }
        assert_eq!(rhythm.next, Some(after(start, 65.0)));
        assert_eq!(censuses, [0, 30, 60]);
    }

    #[test]
    fn a_night_asleep_is_a_gap_and_no_elapsed_time() {
        let start = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_secs(1));
        let before = rhythm.measured(start, start, WALL).at;
        let late = rhythm.measured(after(start, 1.0), after(start, 1.0), WALL.plus_seconds(28_801.0));
        let gap = late.gap.unwrap();
        assert_eq!(gap.range, TimeRange::new(before, WALL.plus_seconds(28_801.0)));
        assert_eq!(late.elapsed, Some(Duration::from_secs(1)));
        let next = rhythm.measured(after(start, 2.0), after(start, 2.0), WALL.plus_seconds(28_802.0));
        assert!(next.gap.is_none());
    }

    #[test]
    fn an_overloaded_machine_is_a_gap_as_well_and_the_missed_ticks_are_not_made_up_for() {
        let start = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_secs(1));
        rhythm.measured(start, start, WALL);
        let late = after(start, 7.5);
        assert!(rhythm.measured(late, late, WALL.plus_seconds(7.5)).gap.is_some());
        assert_eq!(rhythm.next, Some(after(start, 8.5)));
    }

    #[test]
    fn time_never_goes_back_when_the_clock_is_set_back() {
        let start = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_secs(1));
        rhythm.measured(start, start, WALL);
        let tick = rhythm.measured(after(start, 1.0), after(start, 1.0), WALL.plus_seconds(-3600.0));
        assert_eq!(tick.at, WALL.plus_seconds(1.0));
        assert!(tick.gap.is_none());
    }

    #[test]
    fn slows_down_when_measuring_costs_too_much_and_says_so_both_ways() {
        let start = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_secs(1));
        let mut notices = Vec::new();
        for (ticks, cost_ms) in [(1, 900), (1, 5), (3, 300), (20, 20)] {
            for _ in 0..ticks {
                let began = rhythm.next.unwrap_or(start);
                let seconds = began.duration_since(start).as_secs_f64();
                let tick = rhythm.measured(began, began + Duration::from_millis(cost_ms), WALL.plus_seconds(seconds));
                notices.extend(tick.notice.map(|text| (rhythm.interval, text)));
            }
        }
        let intervals: Vec<u64> = notices.iter().map(|(interval, _)| interval.as_secs()).collect();
        assert_eq!(intervals, [2, 1], "{notices:?}");
        assert!(notices[0].1.contains("30 %"), "{notices:?}");
    }
}
