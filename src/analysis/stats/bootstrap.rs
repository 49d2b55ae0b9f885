//! What another recording of the same length would have shown: series put together anew from blocks of the recorded one.

use super::quantile;
use super::random::Random;

/// How long blocks must be for neighbours to keep their resemblance: grows with the length (Politis & White 2004 for the exponent)
/// and with the autocorrelation at lag 1.
pub fn block_length(length: usize, lag_one: f64) -> usize {
    let by_length = 1.75 * (length as f64).cbrt();
    let memory = lag_one.clamp(0.0, 0.95);
    let by_memory = 3.0 * (1.0 + memory) / (1.0 - memory);
    (by_length.max(by_memory).ceil() as usize).clamp(1, length.max(1))
}

/// Places of a series, drawn in blocks with replacement until the length is reached (moving blocks; Künsch 1989).
pub fn moving_blocks(length: usize, block: usize, random: &mut Random) -> Vec<usize> {
    let block = block.clamp(1, length.max(1));
    let mut places = Vec::with_capacity(length + block);
    while places.len() < length {
        let from = random.below(length - block + 1);
        places.extend(from..from + block);
    }
    places.truncate(length);
    places
}

/// A series that resembles residuals with strong memory: innovations of a first-order autoregression drawn anew (sieve of order
/// one; Bühlmann 1997). `memory` is the coefficient, corrected for bias by whoever asks.
pub fn sieve(residuals: &[f64], memory: f64, random: &mut Random) -> Vec<f64> {
    let pairs = residuals.iter().zip(residuals.iter().skip(1));
    let mut innovations: Vec<f64> = pairs.map(|(before, now)| now - memory * before).collect();
    let mean = quantile::mean(&innovations).unwrap_or(0.0);
    innovations.iter_mut().for_each(|innovation| *innovation -= mean);
    let mut level = 0.0;
    let mut step = |random: &mut Random| {
        let innovation = innovations.get(random.below(innovations.len())).copied().unwrap_or(0.0);
        level = memory * level + innovation;
        level
    };
    (0..50).for_each(|_| _ = step(random));
    (0..residuals.len()).map(|_| step(random)).collect()
}

/// From which to which value the middle share `level` of the replicates reaches; they are rearranged. `None` of nothing.
pub fn middle(replicates: &mut [f64], level: f64) -> Option<(f64, f64)> {
    let tail = (1.0 - level) / 2.0;
    Some((quantile::of(replicates, tail)?, quantile::of(replicates, 1.0 - tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_stay_together() {
        let mut random = Random::new(3);
        let places = moving_blocks(100, 10, &mut random);
        assert_eq!(places.len(), 100);
        let joined = places.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
        assert!(joined >= 90, "{joined}");
        assert_eq!(moving_blocks(0, 5, &mut random), Vec::<usize>::new());
        assert!(block_length(1000, 0.9) > block_length(1000, 0.0));
        assert_eq!(block_length(0, 0.9), 1);
    }

    /// The mean of a series with memory: a band from single draws would hold it far less often.
    #[test]
    fn bands_from_blocks_hold_the_mean_of_a_series_with_memory() {
        let mut random = Random::new(4);
        let runs = 300;
        let held = (0..runs).filter(|_| {
            let mut level = 0.0;
            let series: Vec<f64> = (0..400)
                .map(|_| {
                    level = 0.5 * level + random.normal();
                    level
                })
                .collect();
            let block = block_length(series.len(), quantile::autocorrelation(&series, 1));
            let mut means: Vec<f64> = (0..200)
                .map(|_| {
                    moving_blocks(series.len(), block, &mut random).iter().map(|&at| series[at]).sum::<f64>() / 400.0
                })
                .collect();
            let (low, high) = middle(&mut means, 0.8).unwrap();
            (low..=high).contains(&0.0)
        });
        let coverage = held.count() as f64 / f64::from(runs);
        assert!((0.70..=0.90).contains(&coverage), "{coverage}");
    }
}
