//! Numbers with what is left open about them: ranges, tolerances, the last digit.

use crate::model::quantity::Value;

/// All numbers from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub low: f64,
    pub high: f64,
}

impl Span {
    /// One number.
    pub fn of(number: f64) -> Self {
        Self { low: number, high: number }
    }

    /// From the smaller to the larger.
    pub fn between(a: f64, b: f64) -> Self {
        Self { low: a.min(b), high: a.max(b) }
    }

    /// What a stated value leaves open; of a change, where it ends.
    pub fn of_value(value: Value) -> Self {
        match value {
            Value::Exact(number) | Value::Change(_, number) => Self::of(number),
            Value::Range(a, b) => Self::between(a, b),
            Value::Below(limit) => Self { low: f64::NEG_INFINITY, high: limit },
            Value::Above(limit) => Self { low: limit, high: f64::INFINITY },
        }
    }

    /// Both ends by `f`, which must rise or fall throughout.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self::between(f(self.low), f(self.high))
    }

    /// Wider by `amount` on both sides.
    pub fn wider(self, amount: f64) -> Self {
        Self { low: self.low - amount, high: self.high + amount }
    }

    /// Wider by a share of each end.
    pub fn wider_by_share(self, share: f64) -> Self {
        Self { low: self.low - self.low.abs() * share, high: self.high + self.high.abs() * share }
    }

    /// Whether they have a number in common.
    pub fn meets(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    pub fn holds(self, number: f64) -> bool {
        self.low <= number && number <= self.high
    }

    pub fn is_finite(self) -> bool {
        self.low.is_finite() && self.high.is_finite()
    }
}

/// Half of the last digit that a number is written with: 0.05 for 4.3, 0.5 for 58.
pub fn half_digit(number: f64) -> f64 {
    let text = format!("{}", number.abs());
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len().min(12));
    0.5 * 10f64.powi(-(decimals as i32))
}

/// What rounding leaves open about a stated number.
pub fn rounded(number: f64) -> Span {
    Span::of(number).wider(half_digit(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_is_the_last_written() {
        assert_eq!(half_digit(58.0), 0.5);
        assert!((half_digit(-4.3) - 0.05).abs() < 1e-12);
        assert!(rounded(2.8).holds(2.796) && !rounded(23.0).holds(21.5));
    }

    #[test]
    fn ranges_agree_if_any_value_does() {
        assert!(Span::of_value(Value::Range(4.0, 6.0)).meets(Span::of(5.0)));
        assert!(Span::of_value(Value::Below(50.0)).meets(Span::between(45.0, 180.0)));
        assert!(!Span::of_value(Value::Above(50.0)).meets(Span::of(49.0)));
        assert!(Span::of(-10.0).wider_by_share(0.2).holds(-12.0));
    }
}
