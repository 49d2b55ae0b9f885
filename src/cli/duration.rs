//! Lengths of time as people type them: `500ms`, `10s`, `10m`, `24h`, `7d`, `1h30m`.

use std::time::Duration;

const UNITS: [(&str, f64); 5] = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];

/// More than this (1000 days) is a mistake.
const LONGEST_S: f64 = 86_400_000.0;

/// Reads a length of time longer than zero.
///
/// # Errors
/// A sentence that shows how it is written.
pub fn parse(text: &str) -> Result<Duration, String> {
    let seconds = seconds(text).ok_or("write it like 500ms, 10s, 10m, 24h, 7d or 1h30m")?;
    if seconds <= 0.0 {
        return Err("it must be longer than zero".to_owned());
    }
    if seconds > LONGEST_S {
        return Err("it can be 1000 days at most".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Seconds of a text like `1h30m`; a unit may be left out only if nothing else is there.
pub fn seconds(text: &str) -> Option<f64> {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    if text.chars().all(is_number) {
        return text.parse().ok();
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c| !is_number(c))?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let (_, factor) = UNITS.iter().find(|(word, _)| *word == unit)?;
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_form_is_read() {
        let cases = [
            ("500ms", 0.5),
            ("10s", 10.0),
            ("10", 10.0),
            ("1.5s", 1.5),
            ("10m", 600.0),
            ("24h", 86_400.0),
            ("7d", 604_800.0),
            ("1h30m", 5400.0),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_with_the_forms() {
        for text in ["", "s", "10x", "10 s", "-5s", "1h30", "1..5s", "nan", "inf", "1e9d"] {
            assert!(parse(text).unwrap_err().contains("500ms"), "{text}");
        }
        assert!(parse("0s").unwrap_err().contains("longer than zero"));
        assert!(parse("99999d").unwrap_err().contains("1000 days"));
    }
}
