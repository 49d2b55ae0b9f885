//! Units of quantities: a base unit, optionally per a stretch of time, written as people write them (`MB/min`, `%`, `ms`).
//!
//! `kB`, `MB`, `GB` are powers of ten, `KiB`, `MiB`, `GiB` powers of two.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a unit measures; quantities of different dimensions can't be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// Memory or data, base unit byte.
    Information,
    /// Words of a VM heap; how many bytes depends on the VM.
    Words,
    /// Time, base unit second.
    Time,
    /// A share of something, base unit 1.
    Ratio,
    /// A difference between two shares, base unit 1.
    RatioDifference,
    /// "Times as much", base unit 1.
    Factor,
    /// Processor cores kept busy.
    Cores,
    /// Things that are counted.
    Count,
    /// Money, US dollars.
    Money,
}

macro_rules! base_units {
    ($($variant:ident $symbol:literal $dimension:ident $factor:expr, $doc:literal;)*) => {
        /// A unit without its "per time" part.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BaseUnit {
            $(#[doc = $doc] $variant,)*
        }

        impl BaseUnit {
            /// Every base unit.
            pub const ALL: &'static [BaseUnit] = &[$(BaseUnit::$variant),*];

            /// As it is written, e.g. `MB`.
            pub fn symbol(self) -> &'static str {
                match self { $(BaseUnit::$variant => $symbol,)* }
            }

            /// What it measures.
            pub fn dimension(self) -> Dimension {
                match self { $(BaseUnit::$variant => Dimension::$dimension,)* }
            }

            /// How many of the dimension's base unit one of these is.
            pub fn factor(self) -> f64 {
                match self { $(BaseUnit::$variant => $factor,)* }
            }
        }
    };
}

base_units! {
    Byte "B" Information 1.0, "Byte.";
    Kilobyte "kB" Information 1e3, "10³ bytes.";
    Megabyte "MB" Information 1e6, "10⁶ bytes.";
    Gigabyte "GB" Information 1e9, "10⁹ bytes.";
    Kibibyte "KiB" Information 1024.0, "2¹⁰ bytes.";
    Mebibyte "MiB" Information 1_048_576.0, "2²⁰ bytes.";
    Gibibyte "GiB" Information 1_073_741_824.0, "2³⁰ bytes.";
    Word "words" Words 1.0, "One word of a VM heap.";
    Nanosecond "ns" Time 1e-9, "10⁻⁹ s.";
    Microsecond "us" Time 1e-6, "10⁻⁶ s.";
    Millisecond "ms" Time 1e-3, "10⁻³ s.";
    Second "s" Time 1.0, "Second.";
    Minute "min" Time 60.0, "60 s.";
    Hour "h" Time 3600.0, "60 min.";
    Day "d" Time 86_400.0, "24 h.";
    Week "wk" Time 604_800.0, "7 days.";
    Month "mo" Time 2_629_746.0, "A twelfth of a mean Gregorian year (30.436875 days).";
    One "1" Ratio 1.0, "A share, 1 being all.";
    Percent "%" Ratio 0.01, "A hundredth.";
    Point "pp" RatioDifference 0.01, "A percentage point.";
    Times "x" Factor 1.0, "Times as much.";
    Core "cores" Cores 1.0, "One processor core, all the time.";
    Count "count" Count 1.0, "Things, counted.";
    Dollar "USD" Money 1.0, "US dollar.";
    Kilodollar "kUSD" Money 1e3, "1000 US dollars.";
}

/// A unit: a base unit, and for rates the time that it is per.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unit {
    /// The unit before the slash.
    pub base: BaseUnit,
    /// The time unit after the slash.
    pub per: Option<BaseUnit>,
}

impl Unit {
    /// Bytes.
    pub const BYTES: Unit = Unit::of(BaseUnit::Byte);
    /// Bytes per second.
    pub const BYTES_PER_S: Unit = Unit::rate(BaseUnit::Byte);
    /// Seconds.
    pub const SECONDS: Unit = Unit::of(BaseUnit::Second);
    /// A share of 1.
    pub const RATIO: Unit = Unit::of(BaseUnit::One);
    /// Processor cores.
    pub const CORES: Unit = Unit::of(BaseUnit::Core);
    /// Things.
    pub const COUNT: Unit = Unit::of(BaseUnit::Count);
    /// Things per second.
    pub const COUNT_PER_S: Unit = Unit::rate(BaseUnit::Count);

    /// A unit that is not a rate.
    pub const fn of(base: BaseUnit) -> Self {
        Self { base, per: None }
    }

    /// `base` per second.
    pub const fn rate(base: BaseUnit) -> Self {
        Self { base, per: Some(BaseUnit::Second) }
    }

    /// What the base unit measures.
    pub fn dimension(self) -> Dimension {
        self.base.dimension()
    }

    /// Whether values of the two units can be compared after scaling.
    pub fn is_comparable_to(self, other: Unit) -> bool {
        self.dimension() == other.dimension() && self.per.is_some() == other.per.is_some()
    }

    /// Factor from this unit to the dimension's base unit (per second, for rates).
    pub fn factor(self) -> f64 {
        self.base.factor() / self.per.map_or(1.0, BaseUnit::factor)
    }

    /// The same value in another unit; `None` where the two can't be compared.
    pub fn convert(self, value: f64, to: Unit) -> Option<f64> {
        self.is_comparable_to(to).then(|| value * self.factor() / to.factor())
    }
}

impl std::fmt::Display for Unit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.base.symbol())?;
        match self.per {
            Some(per) => write!(f, "/{}", per.symbol()),
            None => Ok(()),
        }
    }
}

impl std::str::FromStr for Unit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let find = |symbol: &str| BaseUnit::ALL.iter().copied().find(|unit| unit.symbol() == symbol);
        let (base, per) = match text.split_once('/') {
            Some((base, per)) => (base, Some(per)),
            None => (text, None),
        };
        let unknown = || format!("unknown unit \"{text}\" (known: {})", known_symbols());
        let base = find(base).ok_or_else(unknown)?;
        let per = match per {
            None => None,
            Some(symbol) => {
                let per = find(symbol).ok_or_else(unknown)?;
                if per.dimension() != Dimension::Time {
                    return Err(format!("\"{text}\" is not a rate: \"{symbol}\" is no unit of time"));
                }
                Some(per)
            }
        };
        Ok(Unit { base, per })
    }
}

fn known_symbols() -> String {
    let symbols: Vec<&str> = BaseUnit::ALL.iter().map(|unit| unit.symbol()).collect();
    symbols.join(", ")
}

impl Serialize for Unit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Unit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_reads_back_as_written() {
        for &base in BaseUnit::ALL {
            for unit in [Unit::of(base), Unit { base, per: Some(BaseUnit::Minute) }] {
                assert_eq!(unit.to_string().parse::<Unit>(), Ok(unit));
            }
        }
    }

    #[test]
    fn converts_within_a_dimension_only() {
        let mb_per_min: Unit = "MB/min".parse().unwrap();
        assert!((mb_per_min.convert(60.0, Unit::BYTES_PER_S).unwrap() - 1e6).abs() < 1e-6);
        assert_eq!(mb_per_min.convert(60.0, Unit::BYTES), None);
        assert_eq!("GB".parse::<Unit>().unwrap().convert(4.3, "MB".parse().unwrap()), Some(4300.0));
    }

    #[test]
    fn mistakes_are_named() {
        assert!("furlong".parse::<Unit>().unwrap_err().contains("furlong"));
        assert!("MB/MB".parse::<Unit>().unwrap_err().contains("no unit of time"));
    }
}
