//! Order statistics: quantiles, spread, ranks, and how neighbours in time resemble each other.

/// The quantile `q` (0 to 1) of ordered values, linear between neighbours (type 7 of Hyndman & Fan 1996); `None` of nothing.
pub fn of_sorted(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(below + (above - below) * at.fract())
}

/// The quantile `q` of values in any order, which are rearranged; `None` of nothing.
pub fn of(values: &mut [f64], q: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    let (_, &mut below, rest) = values.select_nth_unstable_by(at.floor() as usize, f64::total_cmp);
    let above = rest.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    Some(below + (above - below) * at.fract())
}

/// The quantile `q` of whole numbers in any order, which are rearranged: the nearest rank below; `None` of nothing.
pub fn of_whole(values: &mut [i64], q: f64) -> Option<i64> {
    let last = values.len().checked_sub(1)?;
    let at = (q.clamp(0.0, 1.0) * last as f64).round() as usize;
    Some(*values.select_nth_unstable(at).1)
}

/// The median; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    of(&mut values.to_vec(), 0.5)
}

/// The mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Median absolute deviation from the median, times 1.4826: the standard deviation where the values are normal.
pub fn spread(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let deviations: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&deviations).map(|deviation| 1.4826 * deviation)
}

/// Ranks from 1, equals sharing the mean of theirs.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && values[order[to]] == values[order[from]] {
            to += 1;
        }
        for &index in &order[from..to] {
            ranks[index] = (from + 1 + to) as f64 / 2.0;
        }
        from = to;
    }
    ranks
}

/// Pearson's correlation; 0 where one of the two does not vary.
pub fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len().min(y.len());
    let (Some(mean_x), Some(mean_y)) = (mean(&x[..n]), mean(&y[..n])) else { return 0.0 };
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        xy += (x - mean_x) * (y - mean_y);
        xx += (x - mean_x).powi(2);
        yy += (y - mean_y).powi(2);
    }
    if xx > 0.0 && yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

/// Spearman's rank correlation (1904).
pub fn rank_correlation(x: &[f64], y: &[f64]) -> f64 {
    correlation(&ranks(x), &ranks(y))
}

/// Correlation of a series with itself `lag` places later.
pub fn autocorrelation(values: &[f64], lag: usize) -> f64 {
    let Some(mean) = mean(values) else { return 0.0 };
    let total: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let shared: f64 = values.iter().zip(values.iter().skip(lag)).map(|(a, b)| (a - mean) * (b - mean)).sum();
    if total > 0.0 { shared / total } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let mut values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(of(&mut values, 0.5), Some(2.5));
        assert_eq!(of(&mut values, 1.0), Some(4.0));
        assert_eq!(of_sorted(&[1.0, 2.0, 3.0, 4.0], 0.25), Some(1.75));
        assert_eq!(of(&mut [], 0.5), None);
        assert_eq!(of_whole(&mut [5, 1, 9], 0.5), Some(5));
        assert!((spread(&[1.0, 2.0, 3.0, 4.0, 100.0]).unwrap() - 1.4826).abs() < 1e-12);
    }

    #[test]
    fn ranks_are_shared_by_equals() {
        assert_eq!(ranks(&[10.0, 30.0, 10.0, 20.0]), [1.5, 4.0, 1.5, 3.0]);
        assert!((rank_correlation(&[1.0, 2.0, 3.0], &[1.0, 8.0, 27.0]) - 1.0).abs() < 1e-12);
        assert!((rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
    }
}
