//! When a line was written: the decorations of unified logs in any order, the stamps of legacy ones, and how one clock follows from them.
//!
//! The wall clock is taken if the log has it, else the time since the JVM began, which then begins at 0 here. A log without either has
//! an order only: its moments are the sum of what its collections took, and its reader is told that they mean nothing.

use super::scan::Scan;
use crate::model::time::{NS_PER_S, Timestamp};

/// A monotonic clock that goes back by more has been started anew.
const RESTART_NS: i64 = 1_000_000_000;

/// What a line says of its moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since 1970.
    pub wall_ns: Option<i64>,
    /// Nanoseconds since the JVM began.
    pub uptime_ns: Option<i64>,
}

impl Stamp {
    /// Where a line stands among those of other files.
    pub fn key(self) -> Option<(bool, i64)> {
        self.wall_ns.map(|wall| (true, wall)).or(self.uptime_ns.map(|uptime| (false, uptime)))
    }
}

/// Splits a line of a unified log into its decorations and its message; without decorations all is message.
pub fn split(line: &[u8]) -> (&[u8], &[u8]) {
    if line.first() != Some(&b'[') || line.starts_with(b"[GC") || line.starts_with(b"[Full GC") {
        return (&[], line);
    }
    let mut at = 0;
    while let Some(close) = line[at..].iter().position(|byte| *byte == b']') {
        at += close + 1;
        match line.get(at) {
            Some(b' ') => return (&line[..at], &line[at + 1..]),
            Some(b'[') => {}
            _ => break,
        }
    }
    (&[], line)
}

/// Reads decorations.
pub fn decorations(text: &[u8]) -> Stamp {
    let mut stamp = Stamp::default();
    for part in text.split(|byte| *byte == b']') {
        let Some(part) = part.strip_prefix(b"[").map(<[u8]>::trim_ascii) else { continue };
        if !part.first().is_some_and(u8::is_ascii_digit) {
            continue;
        }
        if let Some(ns) = date(&mut Scan(part)) {
            stamp.wall_ns.get_or_insert(ns);
            continue;
        }
        let mut scan = Scan(part);
        let Some(number) = scan.number().filter(|number| *number < 9e18) else { continue };
        match scan.0 {
            b"s" => stamp.uptime_ns = Some((number * 1e9).round() as i64),
            // Milliseconds since 1970, or since the JVM began: none has run for thirty years.
            b"ms" if number > 1e12 => {
                stamp.wall_ns.get_or_insert((number as i64).saturating_mul(1_000_000));
            }
            b"ms" => {
                stamp.uptime_ns.get_or_insert((number * 1e6) as i64);
            }
            // Of two such clocks the smaller one began with the JVM.
            b"ns" => stamp.uptime_ns = Some(stamp.uptime_ns.map_or(number as i64, |before| before.min(number as i64))),
            _ => {}
        }
    }
    stamp
}

/// Reads the stamps before a legacy line, `2015-05-26T16:23:07.219-0200: 64.322: `, and passes over them.
pub fn legacy(line: &mut Scan<'_>) -> Stamp {
    let mut stamp = Stamp::default();
    let mut scan = *line;
    if let Some(ns) = date(&mut scan).filter(|_| scan.eat(b": ")) {
        stamp.wall_ns = Some(ns);
        *line = scan;
    }
    let mut scan = *line;
    if let Some(seconds) = scan.number().filter(|number| *number < 9e9 && scan.eat(b": ")) {
        stamp.uptime_ns = Some((seconds * 1e9).round() as i64);
        *line = scan;
    }
    stamp
}

/// `2026-11-24T12:34:13.175+0000`, also with a colon in the offset, or `Z`.
fn date(scan: &mut Scan<'_>) -> Option<i64> {
    let text = scan.0;
    let is_date =
        text.len() >= 19 && text[4] == b'-' && text[7] == b'-' && matches!(text[10], b'T' | b' ') && text[13] == b':';
    if !is_date {
        return None;
    }
    let two = |at: usize| Scan(text.get(at..at + 2)?).integer();
    let year = Scan(&text[..4]).integer()? as i64;
    let (month, day, hour, minute) = (two(5)?, two(8)?, two(11)?, two(14)?);
    let mut rest = Scan(&text[17..]);
    let second = rest.number()?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second >= 61.0 {
        return None;
    }
    let sign = match rest.0.first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => 0,
    };
    let mut offset_min = 0;
    if sign != 0 {
        rest.0 = &rest.0[1..];
        let digits = rest.0;
        let pair = |at: usize| Scan(digits.get(at..at + 2)?).integer();
        let colon = usize::from(digits.get(2) == Some(&b':'));
        offset_min = sign * (60 * pair(0)? + pair(2 + colon)?) as i64;
        rest.0 = &digits[4 + colon..];
    } else {
        rest.eat(b"Z");
    }
    *scan = rest;
    let minutes = days(year, month as i64, day as i64) * 1440 + (60 * hour + minute) as i64 - offset_min;
    minutes.checked_mul(60 * NS_PER_S)?.checked_add((second * 1e9).round() as i64)
}

/// Days since 1970-01-01 of the Gregorian calendar; years are counted from March, so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Makes one clock of the stamps of a log.
#[derive(Debug, Default)]
pub struct Clock {
    /// Which clock the log has; told by its first stamp.
    has_wall: Option<bool>,
    /// Where the time since the beginning begins, after a restart.
    base_ns: i64,
    uptime_ns: Option<i64>,
    now: Timestamp,
}

impl Clock {
    /// Whether moments mean anything.
    pub fn is_timed(&self) -> bool {
        self.has_wall.is_some()
    }

    /// The moment of a line, and whether the JVM was started anew before it.
    pub fn moment(&mut self, stamp: Stamp) -> (Timestamp, bool) {
        let mut restarted = false;
        if let Some(uptime) = stamp.uptime_ns {
            restarted = self.uptime_ns.is_some_and(|before| uptime.saturating_add(RESTART_NS) < before);
            if restarted {
                self.base_ns = self.now.0.saturating_sub(uptime);
            }
            self.uptime_ns = Some(if restarted { uptime } else { uptime.max(self.uptime_ns.unwrap_or(uptime)) });
        }
        match (self.has_wall, stamp.wall_ns, stamp.uptime_ns) {
            (None | Some(true), Some(wall), _) => {
                self.has_wall = Some(true);
                self.now = Timestamp(wall);
            }
            (None | Some(false), _, Some(uptime)) => {
                self.has_wall = Some(false);
                self.now = Timestamp(self.base_ns.saturating_add(uptime));
            }
            _ => {}
        }
        (self.now, restarted)
    }

    /// A JVM began with this line: its own clock goes on after what was before.
    pub fn anew(&mut self, stamp: Stamp) {
        if let Some(uptime) = stamp.uptime_ns.filter(|uptime| self.uptime_ns.is_some_and(|before| *uptime < before)) {
            self.base_ns = self.now.0.saturating_sub(uptime);
            self.uptime_ns = Some(uptime);
        }
    }

    /// The moment of the last line that had one.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Without stamps, time is what the collections took.
    pub fn took(&mut self, ns: u64) {
        if self.has_wall.is_none() {
            self.now = Timestamp(self.now.0.saturating_add_unsigned(ns.max(1)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decorations_in_any_order() {
        let (text, message) = split(b"[2026-11-24T12:34:13.175+0100][0.061s][info][gc,start    ] GC(0) Pause [x] y");
        assert_eq!(message, b"GC(0) Pause [x] y");
        let stamp = decorations(text);
        assert_eq!(stamp, Stamp { wall_ns: Some(1_795_520_053_175_000_000), uptime_ns: Some(61_000_000) });
        let both = decorations(b"[info][gc][1700000000123ms][host7][42][77][61ms][61000123ns]");
        assert_eq!(both, Stamp { wall_ns: Some(1_700_000_000_123_000_000), uptime_ns: Some(61_000_000) });
        assert_eq!(split(b"GC(0) Pause Young"), (&b""[..], &b"GC(0) Pause Young"[..]));
        assert_eq!(split(b"[GC (Allocation Failure) 1K->0K(2K), 0.1 secs]").0, b"");
        assert_eq!(decorations(b"[2026-13-99T12:34:13.175+0100]"), Stamp::default());
        assert_eq!(decorations(b"[1970-01-02T00:00:00.000Z]").wall_ns, Some(86_400 * NS_PER_S));
        assert_eq!(decorations(b"[2000-02-29T00:00:00.000-01:30]").wall_ns, Some((951_782_400 + 5400) * NS_PER_S));
    }

    #[test]
    fn legacy_stamps_are_optional() {
        let stamp = |text: &str| {
            let mut scan = Scan(text.as_bytes());
            (legacy(&mut scan), scan.0.len())
        };
        let day = 1_432_664_587_219_000_000;
        let both = Stamp { wall_ns: Some(day), uptime_ns: Some(64_322_000_000) };
        assert_eq!(stamp("2015-05-26T16:23:07.219-0200: 64.322: [GC"), (both, 3));
        assert_eq!(stamp("64.322: [GC"), (Stamp { wall_ns: None, ..both }, 3));
        assert_eq!(stamp("[GC"), (Stamp::default(), 3));
        assert_eq!(stamp("12 apples"), (Stamp::default(), 9));
    }

    #[test]
    fn a_restart_goes_on_after_what_was_before() {
        let mut clock = Clock::default();
        let at = |seconds: i64| Stamp { wall_ns: None, uptime_ns: Some(seconds * NS_PER_S) };
        assert_eq!(clock.moment(at(5)), (Timestamp(5 * NS_PER_S), false));
        assert_eq!(clock.moment(at(50)), (Timestamp(50 * NS_PER_S), false));
        assert_eq!(clock.moment(at(1)), (Timestamp(50 * NS_PER_S), true));
        assert_eq!(clock.moment(at(3)), (Timestamp(52 * NS_PER_S), false));
    }
}
