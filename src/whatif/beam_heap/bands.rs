//! How far off predictions have been, and the bands that follow.

use super::confidence::Evidence;
use super::pause::PauseLaw;
use super::predict::{MICROSECONDS, WORDS, outcome};
use super::tally::Tally;
use crate::model::id::ComponentId;
use crate::model::unit::Unit;
use crate::whatif::prediction::{Band, Outcome};

/// The figures that have bands of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Figure {
    Count,
    Copied,
    Pause,
    LongPause,
    Memory,
}

/// Half-widths in logarithms, to which the spread of a prediction's own draws is added: about 80 % of the accepted predictions for the
/// programs `json`, `deep`, `bursts`, `queue` and `hibernating` of `examples/gc_workloads` (OTP 25.2.3, 2 busy cores), together with
/// those that the model was made with, were off by less. By figure, and by the predicted change of the count of collections: by less
/// than a tenth, to less than the triple or more than a third, beyond.
const OFF: [(Figure, [f64; 3]); 5] = [
    (Figure::Count, [0.03, 0.12, 0.12]),
    (Figure::Copied, [0.10, 0.14, 0.16]),
    (Figure::Pause, [0.9, 1.0, 1.1]),
    (Figure::LongPause, [1.1, 1.2, 1.3]),
    (Figure::Memory, [0.4, 0.48, 0.45]),
];

fn half_width(figure: Figure, evidence: &Evidence) -> f64 {
    let class = match evidence.change {
        change if change < 0.1 => 0,
        change if change < 1.1 => 1,
        _ => 2,
    };
    let off = OFF.iter().find(|(other, _)| *other == figure).map_or(0.5, |(_, widths)| widths[class]);
    let spread = match figure {
        Figure::Count => evidence.spread_count,
        Figure::Copied => evidence.spread_copied,
        Figure::Memory => evidence.spread_peak,
        Figure::Pause | Figure::LongPause => evidence.spread_copied.max(evidence.spread_count),
    };
    match (evidence.exact, figure) {
        (true, Figure::Count | Figure::Copied | Figure::Memory) => 0.0,
        _ if evidence.unchanged => 0.0,
        _ => off.hypot(spread),
    }
}

/// The outcomes of a component, with their bands.
pub(super) fn outcomes(
    component: Option<ComponentId>,
    baseline: &Tally,
    predicted: &Tally,
    pause: &PauseLaw,
    evidence: &Evidence,
    word_bytes: f64,
) -> Vec<Outcome> {
    let band = |figure: Figure, value: f64| {
        let width = half_width(figure, evidence);
        Band { value, low: value * (-width).exp(), high: value * width.exp() }
    };
    let real = &baseline.pauses;
    let scattered = if evidence.exact || evidence.unchanged { real.clone() } else { predicted.pauses.scattered(pause) };
    let last = |count: f64| 1.0 - 0.5 / count.max(1.0);
    let quantile = |part: f64| band(Figure::LongPause, scattered.quantile(part) / 1e3);
    let figure = |metric, unit, baseline, predicted| outcome(metric, unit, &component, baseline, predicted);
    let mut outcomes = vec![
        figure("gc.count", Unit::COUNT, baseline.count(), band(Figure::Count, predicted.count())),
        figure("gc.minor", Unit::COUNT, baseline.minors, band(Figure::Count, predicted.minors)),
        figure("gc.major", Unit::COUNT, baseline.majors, band(Figure::Count, predicted.majors)),
        figure("gc.copied_words", WORDS, baseline.copied, band(Figure::Copied, predicted.copied)),
        figure(
            "gc.pause_total_us",
            MICROSECONDS,
            baseline.pause_ns / 1e3,
            band(Figure::Pause, predicted.pause_ns / 1e3),
        ),
        figure("gc.pause_us.p50", MICROSECONDS, real.quantile(0.5) / 1e3, quantile(0.5)),
        figure("gc.pause_us.p99", MICROSECONDS, real.quantile(0.99) / 1e3, quantile(0.99)),
        figure(
            "gc.pause_us.max",
            MICROSECONDS,
            real.quantile(last(real.count())) / 1e3,
            quantile(last(scattered.count())),
        ),
        // The sum of each process' largest heap: blocks and fragments, between collections.
        figure(
            "memory.peak_bytes",
            Unit::BYTES,
            baseline.peak * word_bytes,
            band(Figure::Memory, predicted.peak * word_bytes),
        ),
        figure(
            "memory.mean_bytes",
            Unit::BYTES,
            baseline.timeline.mean() * word_bytes,
            band(Figure::Memory, predicted.timeline.mean() * word_bytes),
        ),
    ];
    // The same work in the same time: what is allocated and how long it takes stay as they were recorded.
    let interval = |count: f64| baseline.traced_ns / 1e9 / count;
    if baseline.count() > 0.0 && predicted.count() > 0.0 {
        let count = band(Figure::Count, predicted.count());
        let told = Band { value: interval(count.value), low: interval(count.high), high: interval(count.low) };
        outcomes.insert(1, figure("gc.interval_s", Unit::SECONDS, interval(baseline.count()), told));
    }
    let efficiency = |copied: f64| baseline.allocated / (baseline.allocated + copied);
    if baseline.allocated > 0.0 {
        let copied = band(Figure::Copied, predicted.copied);
        let told = Band { value: efficiency(copied.value), low: efficiency(copied.high), high: efficiency(copied.low) };
        outcomes.push(figure("gc.efficiency", Unit::RATIO, efficiency(baseline.copied), told));
    }
    outcomes
}
