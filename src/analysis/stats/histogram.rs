//! Counts in buckets that are 2 % wide: quantiles of sums of windows without sorting them again, as bootstraps need them.

/// How much wider each bucket is than the one before.
const STEP: f64 = 1.02;
/// Buckets, from 1 to 1.02^1400 ≈ 10^12.
const BUCKETS: usize = 1400;

/// Counts of numbers from 1 to 10^12; what is smaller counts as 0.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; BUCKETS], total: 0 }
    }
}

impl Histogram {
    /// Counts one number.
    pub fn add(&mut self, value: f64) {
        let bucket = if value < 1.0 { 0 } else { 1 + (value.ln() / STEP.ln()) as usize };
        self.counts[bucket.min(BUCKETS - 1)] += 1;
        self.total += 1;
    }

    /// Adds all that another one has counted.
    pub fn add_all(&mut self, other: &Histogram) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine += theirs;
        }
        self.total += other.total;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The quantile `q`, right to 1 %; `None` if nothing was counted.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let rank = (q * (self.total - 1) as f64).round() as u64;
        let mut seen = 0;
        let bucket = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen > rank
        })?;
        Some(if bucket == 0 { 0.0 } else { STEP.powf(bucket as f64 - 0.5) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_hundredth() {
        let (mut one, mut two) = (Histogram::default(), Histogram::default());
        (0..=5_000).for_each(|value| one.add(f64::from(value)));
        (5_001..=10_000).for_each(|value| two.add(f64::from(value)));
        one.add_all(&two);
        for q in [0.1, 0.5, 0.99] {
            let found = one.quantile(q).unwrap();
            assert!((found / (q * 10_000.0) - 1.0).abs() < 0.011, "{q}: {found}");
        }
        one.clear();
        assert_eq!((one.total(), one.quantile(0.5)), (0, None));
    }
}
