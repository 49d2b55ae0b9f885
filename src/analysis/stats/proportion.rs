//! Shares with their uncertainty, and bands from errors made before.

/// Wilson's interval (1927) of a share, `k` of `n` seen; `z` is 1.96 for 95 %, 1.2816 for 80 %. All of it where nothing was seen.
pub fn wilson(k: u64, n: u64, z: f64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (n as f64, k as f64 / n as f64);
    let middle = (share + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    // What was seen always, or never, reaches the very end; rounding must not take it away.
    let low = if k == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if share >= 1.0 { 1.0 } else { (middle + half).min(1.0) };
    (low, high)
}

/// The error that a new prediction stays within with probability `level`, from the sizes of earlier errors in any order (split
/// conformal; Vovk, Gammerman & Shafer 2005). `None`: too few for this level.
pub fn conformal(errors: &[f64], level: f64) -> Option<f64> {
    let mut sorted = errors.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = ((errors.len() + 1) as f64 * level).ceil() as usize;
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;

    #[test]
    fn sixteen_of_seventeen_are_seventy_three_to_ninety_nine_percent() {
        let (low, high) = wilson(16, 17, 1.96);
        assert!((low - 0.73).abs() < 0.005 && (high - 0.99).abs() < 0.005, "{low} {high}");
        assert_eq!(wilson(0, 0, 1.96), (0.0, 1.0));
    }

    #[test]
    fn wilson_holds_the_true_share_as_often_as_it_says() {
        let mut random = Random::new(1);
        for share in [0.02, 0.3, 0.5] {
            let held = (0..4000).filter(|_| {
                let k = (0..60).filter(|_| random.unit() < share).count() as u64;
                let (low, high) = wilson(k, 60, 1.96);
                (low..=high).contains(&share)
            });
            let coverage = held.count() as f64 / 4000.0;
            assert!(coverage > 0.92, "{share}: {coverage}");
        }
    }

    #[test]
    fn conformal_bands_hold_and_refuse_levels_beyond_the_data() {
        let mut random = Random::new(2);
        let held = (0..4000).filter(|_| {
            let errors: Vec<f64> = (0..9).map(|_| random.normal().abs()).collect();
            random.normal().abs() <= conformal(&errors, 0.8).unwrap()
        });
        let coverage = held.count() as f64 / 4000.0;
        assert!((0.78..0.83).contains(&coverage), "{coverage}");
        assert_eq!(conformal(&[1.0; 8], 0.9), None);
        assert_eq!(conformal(&[1.0; 3], 0.8), None);
    }
}
