//! A value with its unit and where it comes from.

use serde::{Deserialize, Serialize};

use super::id::ItemId;
use super::time::TimeRange;
use super::unit::Unit;

/// A number, or what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// One number.
    Exact(f64),
    /// Somewhere from the first to the second.
    Range(f64, f64),
    /// Less than this.
    Below(f64),
    /// More than this.
    Above(f64),
    /// It went from the first to the second.
    Change(f64, f64),
}

impl Value {
    /// The one number to place on an axis: of a range its middle, of a change its end.
    pub fn representative(self) -> f64 {
        match self {
            Value::Exact(value) | Value::Below(value) | Value::Above(value) => value,
            Value::Range(low, high) => (low + high) / 2.0,
            Value::Change(_, after) => after,
        }
    }

    /// Applies `f` to every number in it.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        match self {
            Value::Exact(value) => Value::Exact(f(value)),
            Value::Range(low, high) => Value::Range(f(low), f(high)),
            Value::Below(limit) => Value::Below(f(limit)),
            Value::Above(limit) => Value::Above(f(limit)),
            Value::Change(before, after) => Value::Change(f(before), f(after)),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Provenance {
    /// A source measured it.
    Measured {
        /// Which source, e.g. `host`.
        source: String,
        /// When.
        window: Option<TimeRange>,
    },
    /// It was computed from other values.
    Derived {
        /// The formula, in words or symbols.
        formula: String,
        /// What went into it.
        inputs: Vec<String>,
    },
    /// A document says so.
    Stated {
        /// Which document.
        document: String,
        /// Which statement of it.
        item: ItemId,
    },
    /// Somebody assumed it.
    Assumed {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl Provenance {
    /// `measured`, `derived`, `stated` or `assumed`: the word used in JSON and tooltips.
    pub fn word(&self) -> &'static str {
        match self {
            Provenance::Measured { .. } => "measured",
            Provenance::Derived { .. } => "derived",
            Provenance::Stated { .. } => "stated",
            Provenance::Assumed { .. } => "assumed",
        }
    }

    /// One letter for the mark beside a figure: M, D, S, A.
    pub fn mark(&self) -> &'static str {
        match self {
            Provenance::Measured { .. } => "M",
            Provenance::Derived { .. } => "D",
            Provenance::Stated { .. } => "S",
            Provenance::Assumed { .. } => "A",
        }
    }

    /// A short sentence part: from where.
    pub fn origin(&self) -> String {
        match self {
            Provenance::Measured { source, window: None } => source.clone(),
            Provenance::Measured { source, window: Some(window) } if window.from == window.to => {
                format!("{source} at {}", window.from.rfc3339())
            }
            Provenance::Measured { source, window: Some(window) } => {
                format!("{source}, {} to {}", window.from.rfc3339(), window.to.rfc3339())
            }
            Provenance::Derived { formula, inputs } if inputs.is_empty() => formula.clone(),
            Provenance::Derived { formula, inputs } => format!("{formula} (from {})", inputs.join(", ")),
            Provenance::Stated { document, item } => format!("{item} of {document}"),
            Provenance::Assumed { by, why } => format!("{why} ({by})"),
        }
    }
}

/// A value, its unit, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The number.
    pub value: Value,
    /// Its unit.
    pub unit: Unit,
    /// Its origin.
    pub provenance: Provenance,
}

impl Quantity {
    /// A measured number.
    pub fn measured(value: f64, unit: Unit, source: &str, window: Option<TimeRange>) -> Self {
        let provenance = Provenance::Measured { source: source.to_owned(), window };
        Self { value: Value::Exact(value), unit, provenance }
    }

    /// A computed number.
    pub fn derived(value: f64, unit: Unit, formula: &str, inputs: &[&str]) -> Self {
        let inputs = inputs.iter().map(|&input| input.to_owned()).collect();
        let provenance = Provenance::Derived { formula: formula.to_owned(), inputs };
        Self { value: Value::Exact(value), unit, provenance }
    }

    /// The representative number in another unit; `None` where the units can't be compared.
    pub fn number_in(&self, unit: Unit) -> Option<f64> {
        self.unit.convert(self.value.representative(), unit)
    }
}
