//! How values are written for people: the one place where numbers become text.

use super::quantity::{Quantity, Value};
use super::unit::{BaseUnit, Dimension, Unit};

/// A value with its unit, scaled to three digits, e.g. `4.30 GB`, `85.0 MB/min`, `45–180 ms`, `> 3.50 GB`.
pub fn value_text(value: Value, unit: Unit) -> String {
    match value {
        Value::Exact(value) => number_text(value, unit),
        Value::Range(low, high) => range_text(low, high, unit, "–"),
        Value::Below(limit) => format!("< {}", number_text(limit, unit)),
        Value::Above(limit) => format!("> {}", number_text(limit, unit)),
        Value::Change(before, after) => range_text(before, after, unit, " → "),
    }
}

/// The text of a quantity, without its provenance.
pub fn quantity_text(quantity: &Quantity) -> String {
    value_text(quantity.value, quantity.unit)
}

fn range_text(first: f64, second: f64, unit: Unit, between: &str) -> String {
    // Both ends in one unit, the one that suits the larger: "45–180 ms", not "45 ms–0.18 s".
    let scaled = if first.abs() > second.abs() { scaled_unit(first, unit) } else { scaled_unit(second, unit) };
    let text = |value: f64| match unit.convert(value, scaled).unwrap_or(value) {
        value if value.is_finite() => trimmed(value, scaled),
        _ => String::from("–"),
    };
    format!("{}{between}{}", text(first), with_symbol(&text(second), scaled))
}

/// A number with its unit, scaled, e.g. `1.21 GB`.
pub fn number_text(value: f64, unit: Unit) -> String {
    // Also what is too large for its unit.
    if !(value * unit.base.factor()).is_finite() {
        return String::from("–");
    }
    let scaled = scaled_unit(value, unit);
    with_symbol(&trimmed(unit.convert(value, scaled).unwrap_or(value), scaled), scaled)
}

/// Bytes, scaled: `1.21 GB`.
pub fn bytes_text(bytes: f64) -> String {
    number_text(bytes, Unit::BYTES)
}

/// A share of 1 as a percentage: `12.5 %`.
pub fn share_text(share: f64) -> String {
    number_text(share, Unit::RATIO)
}

/// A length of time for people: `850 ms`, `12.0 s`, `3 min 20 s`, `24 h`, `3 d 4 h`.
pub fn duration_text(seconds: f64) -> String {
    if !seconds.is_finite() {
        return String::from("–");
    }
    if seconds.abs() < 60.0 {
        return number_text(seconds, Unit::SECONDS);
    }
    let sign = if seconds < 0.0 { "−" } else { "" };
    let whole = seconds.abs().round() as u64;
    let (days, hours, minutes, secs) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    let (first, second) = match (days, hours) {
        (0, 0) => ((minutes, "min"), (secs, "s")),
        (0, _) => ((hours, "h"), (minutes, "min")),
        _ => ((days, "d"), (hours, "h")),
    };
    match second.0 {
        0 => format!("{sign}{} {}", first.0, first.1),
        _ => format!("{sign}{} {} {} {}", first.0, first.1, second.0, second.1),
    }
}

fn scaled_unit(value: f64, unit: Unit) -> Unit {
    use BaseUnit::*;
    let ladder: &[BaseUnit] = match (unit.base, unit.dimension()) {
        (Kibibyte | Mebibyte | Gibibyte, _) => &[Byte, Kibibyte, Mebibyte, Gibibyte],
        (_, Dimension::Information) => &[Byte, Kilobyte, Megabyte, Gigabyte],
        (Minute | Hour | Day | Week | Month, _) => return unit,
        (_, Dimension::Time) if unit.per.is_none() => &[Nanosecond, Microsecond, Millisecond, Second],
        (One, _) => &[Percent],
        (_, Dimension::Money) => &[Dollar, Kilodollar],
        _ => return unit,
    };
    let base = value.abs() * unit.base.factor();
    let fits = ladder.iter().copied().rfind(|step| base >= step.factor() * 0.9995);
    let base = match fits {
        Some(base) => base,
        None if base == 0.0 && unit.base != One => unit.base,
        None => ladder[0],
    };
    Unit { base, per: unit.per }
}

/// Three significant digits; counts and bytes below a thousand without decimals.
fn trimmed(value: f64, unit: Unit) -> String {
    let whole = value.fract() == 0.0 && matches!(unit.base, BaseUnit::Byte | BaseUnit::Count | BaseUnit::Word);
    let magnitude = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    if whole && magnitude < 1000.0 || value == 0.0 {
        return format!("{sign}{magnitude:.0}");
    }
    if magnitude >= 1000.0 {
        return format!("{sign}{}", grouped(magnitude.round()));
    }
    let decimals = if magnitude >= 99.95 {
        0
    } else if magnitude >= 9.995 {
        1
    } else if magnitude >= 0.9995 {
        2
    } else {
        // Three significant digits below 1 as well, as far as anybody wants to read them.
        (2.0 - magnitude.log10().floor()).clamp(2.0, 6.0) as usize
    };
    let text = format!("{magnitude:.decimals$}");
    let text = match text.split_once('.') {
        // "89 %" and "0.4 cores" read better than "89.0 %" and "0.40 cores", sizes keep their digits.
        Some(_) if unit.dimension() != Dimension::Information => {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text,
    };
    format!("{sign}{text}")
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

fn with_symbol(number: &str, unit: Unit) -> String {
    let per = unit.per.map(|per| format!("/{}", per.symbol())).unwrap_or_default();
    match unit.base {
        BaseUnit::Count if unit.per.is_none() => number.to_owned(),
        BaseUnit::Count => format!("{number} {per}"),
        BaseUnit::One => format!("{number}{per}"),
        BaseUnit::Times => format!("{number}×{per}"),
        BaseUnit::Microsecond => format!("{number} µs{per}"),
        BaseUnit::Dollar => format!("${number}{per}"),
        BaseUnit::Kilodollar => format!("${number}k{per}"),
        base => format!("{number} {}{per}", base.symbol()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(text: &str) -> Unit {
        text.parse().unwrap()
    }

    #[test]
    fn figures_read_like_a_person_wrote_them() {
        let cases = [
            (Value::Exact(4.3), "GB", "4.30 GB"),
            (Value::Exact(1_234.0), "B", "1.23 kB"),
            (Value::Exact(999.0), "B", "999 B"),
            (Value::Exact(0.0), "B", "0 B"),
            (Value::Exact(0.89), "1", "89 %"),
            (Value::Exact(0.0), "1", "0 %"),
            (Value::Exact(89.0), "%", "89 %"),
            (Value::Range(45.0, 180.0), "ms", "45–180 ms"),
            (Value::Below(50.0), "ms", "< 50 ms"),
            (Value::Above(3.5), "GB", "> 3.50 GB"),
            (Value::Change(15.0, 35.0), "count/s", "15 → 35 /s"),
            (Value::Exact(85.0), "MB/min", "85.0 MB/min"),
            (Value::Exact(12.0), "count", "12"),
            (Value::Exact(450_000.0), "count", "450\u{202f}000"),
            (Value::Exact(4.0), "x", "4×"),
            (Value::Exact(25.0), "kUSD/mo", "$25k/mo"),
            (Value::Exact(4.2), "cores", "4.2 cores"),
            (Value::Exact(-175.0), "MB", "−175 MB"),
            (Value::Exact(f64::NAN), "MB", "–"),
        ];
        for (value, symbol, expected) in cases {
            assert_eq!(value_text(value, unit(symbol)), expected, "{value:?} {symbol}");
        }
    }

    #[test]
    fn durations_have_two_parts_at_most() {
        let cases =
            [(0.85, "850 ms"), (12.0, "12 s"), (200.0, "3 min 20 s"), (86_400.0, "1 d"), (273_600.0, "3 d 4 h")];
        for (seconds, expected) in cases {
            assert_eq!(duration_text(seconds), expected);
        }
    }
}
