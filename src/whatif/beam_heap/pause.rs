//! How long collections take: a monotone law of the words copied, fitted to the recorded ones, and the scatter about it.

use super::facts::Fact;

/// Half octaves of copied words that are told apart.
const BINS: usize = 64;
/// Steps of an octave in which pauses are counted.
const STEPS: f64 = 8.0;
/// Places of a [`Pauses`]: 2^0 ns to 2^48 ns.
const PLACES: usize = 48 * STEPS as usize;
/// Major collections that follow each other closely copy memory that is in the cache: measured median of their factor.
const WARM: f64 = 0.85;
/// The factor of rare ones where fewer than three were recorded.
const COLD: f64 = 1.6;

/// The law.
#[derive(Clone, Debug)]
pub struct PauseLaw {
    /// Typical pause of each bin, in nanoseconds.
    typical: [f64; BINS],
    scale: f64,
    cold: f64,
    /// Of a failed minor collection.
    failed: f64,
    /// Logarithms (base 2) of what recorded pauses are of the law's, each with the share of the pauses that it stands for.
    scatter: Vec<(f64, f64)>,
}

fn bin(copied: f64) -> usize {
    ((copied.max(1.0).log2() * 2.0) as usize).min(BINS - 1)
}

impl PauseLaw {
    /// Fitted to the collections of one component.
    pub fn fit<'a>(facts: impl Iterator<Item = &'a Fact> + Clone) -> Self {
        let mut of_bins: Vec<Vec<f64>> = vec![Vec::new(); BINS];
        let (mut failed, mut failures) = (0.0, 0.0);
        for fact in facts.clone() {
            let list = &mut of_bins[bin(fact.copied() as f64)];
            // Minor ones make the law; where a bin has none, the major ones stand in.
            if (!fact.major || list.is_empty()) && list.len() < 4000 {
                list.push(fact.pause_ns as f64);
            }
            if let Some(ns) = fact.failed_ns {
                failed += ns as f64;
                failures += 1.0;
            }
        }
        // Pool adjacent violators (Ayer et al. 1955): medians made monotone.
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        for (at, list) in of_bins.iter_mut().enumerate().filter(|(_, list)| !list.is_empty()) {
            let weight = list.len() as f64;
            pools.push((super::law::median(list), weight, at));
            while let [.., before, last] = pools.as_slice()
                && before.0 > last.0
            {
                let merged = ((before.0 * before.1 + last.0 * last.1) / (before.1 + last.1), before.1 + last.1, last.2);
                pools.truncate(pools.len() - 2);
                pools.push(merged);
            }
        }
        let mut typical = [0.0; BINS];
        let mut pool = pools.iter().peekable();
        let mut before: Option<(f64, usize)> = None;
        for (at, place) in typical.iter_mut().enumerate() {
            while let Some((value, _, end)) = pool.next_if(|(_, _, end)| *end < at) {
                before = Some((*value, *end));
            }
            *place = match (pool.peek(), before) {
                (Some((value, _, _)), _) => *value,
                // Beyond the last bin in proportion to the words.
                (None, Some((value, end))) => value * 2_f64.powf((at - end) as f64 / 2.0),
                (None, None) => 0.0,
            };
        }
        let mut law = Self {
            typical,
            scale: 1.0,
            cold: COLD,
            failed: if failures > 0.0 { failed / failures } else { 0.0 },
            scatter: Vec::new(),
        };
        let (mut real, mut ours) = (0.0, 0.0);
        let mut factors = Vec::new();
        let mut scatter = Vec::new();
        for fact in facts {
            let typical = law.typical_of(fact.copied() as f64);
            let pause = fact.pause_ns as f64;
            if typical <= 0.0 {
                continue;
            }
            match fact.major {
                true => factors.push(pause / typical),
                false if pause <= 6.0 * typical => {
                    real += pause;
                    ours += typical;
                }
                false => {}
            }
            scatter.push((pause.max(1.0) / typical).log2());
        }
        if ours > 0.0 {
            law.scale = real / ours;
        }
        if factors.len() >= 3 {
            law.cold = super::law::median(&mut factors).clamp(0.7, 6.0);
        }
        law.scatter = quantiles(scatter);
        law
    }

    fn typical_of(&self, copied: f64) -> f64 {
        self.typical[bin(copied)]
    }

    /// The expected pause in nanoseconds, of a major collection so many collections after the one before.
    pub fn of(&self, copied: f64, major: bool, since_major: u32, failed_first: bool) -> f64 {
        let typical = self.typical_of(copied) * self.scale;
        let failed = if failed_first { self.failed } else { 0.0 };
        if !major {
            return typical + failed;
        }
        let rare = ((f64::from(since_major) - 2.0) / 18.0).clamp(0.0, 1.0);
        typical * (rare * self.cold + (1.0 - rare) * WARM) + failed
    }
}

/// Some values that stand for all: the middles of equal parts up to nine tenths, and of ever smaller ones beyond, so that a rare long
/// one stands for itself only.
fn quantiles(mut values: Vec<f64>) -> Vec<(f64, f64)> {
    const EVEN: usize = 45;
    const OF_A_DECADE: usize = 8;
    values.sort_by(f64::total_cmp);
    let even = (1..=EVEN).map(|part| 0.9 * part as f64 / EVEN as f64);
    let tail = (1..=4 * OF_A_DECADE).map(|part| 1.0 - 0.1 * 10_f64.powf(-(part as f64) / OF_A_DECADE as f64));
    let ends: Vec<f64> = even.chain(tail).chain([1.0]).collect();
    let starts = std::iter::once(0.0).chain(ends.iter().copied());
    let middle = |(from, to): (f64, &f64)| {
        let at = ((from + to) / 2.0 * values.len() as f64) as usize;
        values.get(at.min(values.len().saturating_sub(1))).map(|value| (*value, to - from))
    };
    starts.zip(&ends).filter_map(middle).collect()
}

/// How often pauses of which length occur.
#[derive(Clone, Debug)]
pub struct Pauses {
    places: Vec<f64>,
    total: f64,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { places: vec![0.0; PLACES], total: 0.0 }
    }
}

impl Pauses {
    /// Counts `weight` pauses of a length.
    pub fn add(&mut self, ns: f64, weight: f64) {
        let place = (ns.max(1.0).log2() * STEPS) as usize;
        self.places[place.min(PLACES - 1)] += weight;
        self.total += weight;
    }

    /// The same with the scatter that single pauses have about a law.
    pub fn scattered(&self, law: &PauseLaw) -> Pauses {
        let mut scattered = Pauses::default();
        if law.scatter.is_empty() {
            return self.clone();
        }
        for (place, weight) in self.places.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            for (scatter, share) in &law.scatter {
                let ns = 2_f64.powf((place as f64 + 0.5) / STEPS + scatter) / law.scale.max(0.1);
                scattered.add(ns, weight * share);
            }
        }
        scattered
    }

    /// The length in nanoseconds that a part of the pauses does not exceed; 0 of none.
    pub fn quantile(&self, part: f64) -> f64 {
        let mut left = part * self.total;
        for (place, weight) in self.places.iter().enumerate() {
            left -= weight;
            if *weight > 0.0 && left <= 1e-9 {
                return 2_f64.powf((place as f64 + 0.5) / STEPS);
            }
        }
        0.0
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Pauses) {
        self.places.iter_mut().zip(&other.places).for_each(|(ours, theirs)| *ours += theirs);
        self.total += other.total;
    }

    /// How many there are.
    pub fn count(&self) -> f64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rare_long_pause_stays_rare() {
        let mut values = vec![1.0; 9_990];
        values.extend([8.0; 10]);
        let chosen = quantiles(values);
        let long: f64 = chosen.iter().filter(|(value, _)| *value > 1.0).map(|(_, share)| share).sum();
        assert!((0.0005..0.002).contains(&long), "{long}");
        let all: f64 = chosen.iter().map(|(_, share)| share).sum();
        assert!((all - 1.0).abs() < 1e-12);
        assert!(quantiles(Vec::new()).is_empty());
        assert_eq!(quantiles(vec![2.0]).iter().map(|(value, _)| *value).fold(0.0, f64::max), 2.0);
    }
}
