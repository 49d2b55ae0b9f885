//! One amount of memory divided among heaps so that collecting costs least: the square-root rule (Kirisame, Shenoy & Panchekha 2022).
//!
//! With live data L, allocation g, collection speed s and headroom E a heap spends g·L/(s·E) of the time collecting; the sum is least
//! where every E is in proportion to √(L·g/s).

use crate::model::id::ComponentId;
use crate::model::unit::Unit;

use super::data::SessionData;
use super::heap_limit::{Heap, LEAST_FOR_PAUSES};
use super::knob::ModelId;
use super::prediction::{Band, Confidence, Effort, Grade, Level, Outcome, Part};
use super::scenario::Setting;

/// One heap. Bytes and seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// What lives.
    pub live: f64,
    /// Allocated per second.
    pub allocation_per_s: f64,
    /// Live bytes that a full collection gets through in a second.
    pub speed_per_s: f64,
}

impl Load {
    /// Its weight √(L·g/s).
    pub fn weight(self) -> f64 {
        (self.live * self.allocation_per_s / self.speed_per_s.max(1e-9)).sqrt()
    }

    /// The share of time that it spends collecting with so much headroom.
    pub fn cost(self, headroom: f64) -> f64 {
        if headroom > 0.0 { self.weight().powi(2) / headroom } else { f64::INFINITY }
    }
}

/// The limit of each heap for a budget: live data and a share of the rest by weight, none below three times what lives; what is fixed at
/// that floor is taken out and the rest divided again. `None` where the floors alone exceed the budget.
pub fn divide(heaps: &[Load], budget: f64) -> Option<Vec<f64>> {
    let floor = |heap: &Load| LEAST_FOR_PAUSES * heap.live;
    if heaps.iter().map(floor).sum::<f64>() > budget {
        return None;
    }
    let mut fixed = vec![false; heaps.len()];
    loop {
        let (mut rest, mut weights) = (budget, 0.0);
        for (heap, fixed) in heaps.iter().zip(&fixed) {
            rest -= if *fixed { floor(heap) } else { heap.live };
            weights += if *fixed { 0.0 } else { heap.weight() };
        }
        let limit = |(heap, fixed): (&Load, &bool)| match fixed {
            true => floor(heap),
            false if weights > 0.0 => heap.live + rest * heap.weight() / weights,
            false => heap.live + rest / heaps.len() as f64,
        };
        let limits: Vec<f64> = heaps.iter().zip(&fixed).map(limit).collect();
        let mut changed = false;
        for ((heap, limit), fixed) in heaps.iter().zip(&limits).zip(&mut fixed) {
            if !*fixed && *limit < floor(heap) * (1.0 - 1e-12) {
                *fixed = true;
                changed = true;
            }
        }
        if !changed {
            return Some(limits);
        }
    }
}

/// Answers `heap.budget_bytes` over all heaps that it applies to: a limit for each, and the time spent collecting.
pub fn predict(data: &SessionData, settings: &[Setting], _effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let wanted = settings.iter().filter(|setting| setting.knob.path == "heap.budget_bytes");
    let Some((budget, place)) = wanted.filter_map(|s| Some((s.value.number()?, &s.place))).next_back() else {
        return Vec::new();
    };
    let mut known: Vec<(ComponentId, String, Heap)> = Vec::new();
    for component in data.components.iter().filter(|component| place.includes(&component.id)) {
        for traced in component.heaps.iter().filter(|heap| heap.events.iter().all(|event| event.beam.is_none())) {
            if cancelled() {
                return Vec::new();
            }
            if let Ok(heap) = Heap::of(traced, data.word_bytes.max(1), data.cores) {
                known.push((component.id.clone(), traced.name.clone(), heap));
            }
        }
    }
    vec![answer(&known, budget)]
}

fn answer(known: &[(ComponentId, String, Heap)], budget: f64) -> Part {
    let refused = |reason: String, needs: Option<&str>| {
        Part::refused(None, ModelId::HeapLimit, Confidence::refused(reason, needs.map(str::to_owned)))
    };
    if known.len() < 2 {
        let reason = format!("{} heaps have enough recorded collections; dividing needs two.", known.len());
        return refused(reason, Some("Collections of two heaps at least, 25 of each, with sizes before and after."));
    }
    let speeds: Vec<Option<f64>> = known.iter().map(|(_, _, heap)| speed(heap)).collect();
    let mut found: Vec<f64> = speeds.iter().flatten().copied().collect();
    let Some(usual) = crate::analysis::stats::quantile::of(&mut found, 0.5) else {
        return refused(
            String::from("No heap had a full collection, so how fast they are collected is unknown."),
            Some("A recording with full collections."),
        );
    };
    let loads: Vec<Load> = known
        .iter()
        .zip(&speeds)
        .map(|((_, _, heap), speed)| Load {
            live: heap.live,
            allocation_per_s: heap.allocation_per_s,
            speed_per_s: speed.unwrap_or(usual),
        })
        .collect();
    let live: f64 = loads.iter().map(|load| load.live).sum();
    let mib = |bytes: f64| bytes / 1_048_576.0;
    let Some(limits) = divide(&loads, budget) else {
        return refused(
            format!("{:.0} MiB is less than three times what lives in all heaps ({:.0} MiB).", mib(budget), mib(live)),
            None,
        );
    };
    let borrowed = speeds.iter().filter(|speed| speed.is_none()).count();
    let confidence = Confidence {
        grade: Grade::Replayed,
        level: Some(if borrowed == 0 { Level::High } else { Level::Medium }),
        self_replay_error: Vec::new(),
        reason: (borrowed > 0)
            .then(|| format!("{borrowed} heaps had no full collection; the speed of the others stands for theirs.")),
        needs: None,
    };
    let mut part = Part::refused(None, ModelId::HeapLimit, confidence);
    let share = |limits: &mut dyn Iterator<Item = f64>| {
        loads.iter().zip(limits).map(|(load, limit)| load.cost(limit - load.live)).sum::<f64>()
    };
    let before: f64 = known.iter().map(|(_, _, heap)| heap.limit).sum();
    let now = share(&mut known.iter().map(|(_, _, heap)| heap.limit));
    let best = share(&mut limits.iter().copied());
    let proportional = share(&mut loads.iter().map(|load| load.live * budget / live));
    let outcome = |metric, unit, component, baseline, predicted| Outcome {
        metric,
        unit,
        component,
        baseline: Some(baseline),
        predicted,
        model: ModelId::HeapLimit,
    };
    let factor = if borrowed == 0 { 1.3 } else { 1.6 };
    let band = Band { value: best, low: best / factor, high: best * factor };
    part.outcomes.push(outcome("gc.pause_share", Unit::RATIO, None, now, band));
    part.outcomes.push(outcome("memory.peak_bytes", Unit::BYTES, None, before, Band::exact(limits.iter().sum())));
    for ((id, name, heap), limit) in known.iter().zip(&limits) {
        part.outcomes.push(outcome("heap.max_bytes", Unit::BYTES, Some(id.clone()), heap.limit, Band::exact(*limit)));
        part.notes.push(format!("{name}: {:.0} → {:.0} MiB.", mib(heap.limit), mib(*limit)));
    }
    part.notes.push(format!(
        "Dividing in proportion to what lives would spend {:.2} % of the time collecting, this {:.2} %.",
        proportional * 100.0,
        best * 100.0
    ));
    part
}

/// Live bytes per second of a full collection; `None` without one.
fn speed(heap: &Heap) -> Option<f64> {
    let (least, slope) = heap.full_pause;
    let pause = least + slope * heap.live;
    (heap.counts.1 > 0 && pause > 0.0).then(|| heap.live / pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;

    fn loads(seed: u64) -> Vec<Load> {
        let mut random = Random::new(seed);
        let mut draw = |low: f64, high: f64| low * (high / low).powf(random.unit());
        (0..6)
            .map(|_| Load { live: draw(1e6, 1e9), allocation_per_s: draw(1e5, 1e9), speed_per_s: draw(1e8, 1e9) })
            .collect()
    }

    fn total(heaps: &[Load], limits: &[f64]) -> f64 {
        heaps.iter().zip(limits).map(|(heap, limit)| heap.cost(limit - heap.live)).sum()
    }

    #[test]
    fn an_ample_budget_gives_the_closed_form() {
        for seed in 0..50 {
            let heaps: Vec<Load> = loads(seed).into_iter().map(|heap| Load { live: 1e8, ..heap }).collect();
            let live: f64 = heaps.iter().map(|heap| heap.live).sum();
            let budget = 1e4 * live;
            let limits = divide(&heaps, budget).unwrap();
            let weights: f64 = heaps.iter().map(|heap| heap.weight()).sum();
            let least = weights * weights / (budget - live);
            assert!((total(&heaps, &limits) / least - 1.0).abs() < 1e-9, "{seed}");
        }
    }

    #[test]
    fn it_is_never_worse_than_dividing_by_what_lives_and_keeps_the_floors() {
        for seed in 0..200 {
            let heaps = loads(seed);
            let live: f64 = heaps.iter().map(|heap| heap.live).sum();
            for times in [3.0, 3.5, 5.0, 20.0] {
                let budget = live * times;
                let limits = divide(&heaps, budget * (1.0 + 1e-12)).unwrap();
                assert!((limits.iter().sum::<f64>() / budget - 1.0).abs() < 1e-9);
                assert!(heaps.iter().zip(&limits).all(|(heap, limit)| *limit >= 3.0 * heap.live * (1.0 - 1e-9)));
                let by_live: Vec<f64> = heaps.iter().map(|heap| heap.live * times).collect();
                assert!(total(&heaps, &limits) <= total(&heaps, &by_live) * (1.0 + 1e-9), "{seed} {times}");
            }
            assert_eq!(divide(&heaps, live * 2.9), None);
        }
    }
}
