//! Several settings at once: one joint run, never a sum of effects; what they do to each other, and who contributes what.
//!
//! Works with any model: it only asks a function that answers settings. That function runs its models in the order in which one changes the
//! next (demand, cache, queue or pool or partitions, memory, collections).

use std::collections::HashMap;

use crate::model::id::ComponentId;

use super::knob::ModelId;
use super::prediction::{Grade, Outcome, Part};
use super::scenario::{Place, Setting};

/// More settings than this have too many subsets.
pub const MOST_SETTINGS: usize = 8;

/// Settings that get into each other's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Which, by their places in the list.
    pub settings: (usize, usize),
    /// Whether one makes the other meaningless.
    pub excludes: bool,
    /// Why, in a sentence.
    pub reason: String,
}

/// What a setting does alone and in company.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Its effect when nothing else is set.
    pub alone: f64,
    /// Its part of the joint effect (Shapley 1953).
    pub attributed: f64,
}

/// One metric under all settings together.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Which.
    pub metric: &'static str,
    /// Whose.
    pub component: Option<ComponentId>,
    /// As recorded.
    pub baseline: f64,
    /// The change under all of them.
    pub joint: f64,
    /// The changes of each alone, added up: to be shown struck through, since effects do not add.
    pub sum_of_parts: f64,
    /// Of each setting, in order.
    pub shares: Vec<Share>,
}

impl Joint {
    /// What the settings do to each other.
    pub fn interaction(&self) -> f64 {
        self.joint - self.sum_of_parts
    }
}

/// The joint answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// The answer to all settings together.
    pub parts: Vec<Part>,
    /// Each metric that the joint run and the recording both tell.
    pub joint: Vec<Joint>,
    /// Settings in each other's way.
    pub conflicts: Vec<Conflict>,
    /// Why there is no attribution, where there is none or not of everything.
    pub without_shares: Option<String>,
}

/// Runs all settings together, and every subset of them for the attribution: 2ⁿ runs, each once.
pub fn combine(settings: &[Setting], answer: &dyn Fn(&[Setting]) -> Vec<Part>) -> Combined {
    let conflicts = conflicts(settings);
    let parts = answer(settings);
    if settings.len() > MOST_SETTINGS {
        let without_shares = Some(format!("Contributions are told of up to {MOST_SETTINGS} settings."));
        return Combined { joint: Vec::new(), parts, conflicts, without_shares };
    }
    let subsets = 1_usize << settings.len();
    let chosen = |subset: usize| -> Vec<Setting> {
        let is_in = |at: &usize| subset >> at & 1 == 1;
        (0..settings.len()).filter(is_in).map(|at| settings[at].clone()).collect()
    };
    let mut told: Vec<Told> = vec![Told::default()];
    for subset in 1..subsets {
        told.push(if subset + 1 == subsets { Told::of(&parts) } else { Told::of(&answer(&chosen(subset))) });
    }
    let mut keys: Vec<Key> = told[subsets - 1].figures.keys().cloned().collect();
    keys.sort();
    let all = keys.len();
    let joint: Vec<Joint> = keys.into_iter().filter_map(|key| joint_of(&key, settings.len(), &told)).collect();
    let without = all - joint.len();
    let without_shares = (without > 0).then(|| {
        format!("Of {without} of {all} figures there are no contributions: without one of the settings there is no answer of the same components.")
    });
    Combined { parts, joint, conflicts, without_shares }
}

type Key = (&'static str, Option<ComponentId>);

/// What an answer tells.
#[derive(Default)]
struct Told {
    /// Baseline and predicted value of each metric, and who says so; a later model's answer replaces an earlier one's.
    figures: HashMap<Key, (f64, f64, ModelId)>,
    /// Who refused.
    refused: Vec<(Option<ComponentId>, ModelId)>,
}

impl Told {
    fn of(parts: &[Part]) -> Self {
        let (refused, told): (Vec<&Part>, Vec<&Part>) =
            parts.iter().partition(|part| part.confidence.grade == Grade::Refused);
        let figure = |outcome: &Outcome| {
            let key = (outcome.metric, outcome.component.clone());
            Some((key, (outcome.baseline?, outcome.predicted.value, outcome.model)))
        };
        Self {
            figures: told.into_iter().flat_map(|part| &part.outcomes).filter_map(figure).collect(),
            refused: refused.into_iter().map(|part| (part.component.clone(), part.model)).collect(),
        }
    }

    /// By how much a figure changes; `None` where that is not known. A model that is not asked changes nothing.
    fn effect(&self, key: &Key, baseline: f64, model: ModelId) -> Option<f64> {
        match self.figures.get(key) {
            // A sum over other components is another figure.
            Some((other, predicted, _)) => (other == &baseline).then_some(predicted - baseline),
            None => {
                let is_meant = |(component, by): &&(Option<ComponentId>, ModelId)| {
                    *by == model && (key.1.is_none() || *component == key.1)
                };
                self.refused.iter().find(is_meant).is_none().then_some(0.0)
            }
        }
    }
}

fn joint_of(key: &Key, count: usize, told: &[Told]) -> Option<Joint> {
    let (baseline, predicted, model) = *told.last()?.figures.get(key)?;
    let effects: Vec<f64> = told.iter().map(|told| told.effect(key, baseline, model)).collect::<Option<_>>()?;
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let share = |at: usize| {
        let without = (0..told.len()).filter(|subset| subset >> at & 1 == 0);
        let attributed = without.map(|subset| {
            let size = subset.count_ones() as usize;
            let weight = factorial(size) * factorial(count - size - 1) / factorial(count);
            weight * (effects[subset | 1 << at] - effects[subset])
        });
        Share { alone: effects[1 << at], attributed: attributed.sum() }
    };
    let shares: Vec<Share> = (0..count).map(share).collect();
    let sum_of_parts = shares.iter().map(|share| share.alone).sum();
    Some(Joint { metric: key.0, component: key.1.clone(), baseline, joint: predicted - baseline, sum_of_parts, shares })
}

/// Settings that are about the same thing, or that one makes meaningless for the other.
pub fn conflicts(settings: &[Setting]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (a, first) in settings.iter().enumerate() {
        for (b, second) in settings.iter().enumerate().skip(a + 1) {
            if !meet(&first.place, &second.place) {
                continue;
            }
            if let Some((excludes, reason)) = conflict(first, second).or_else(|| conflict(second, first)) {
                found.push(Conflict { settings: (a, b), excludes, reason });
            }
        }
    }
    found
}

fn meet(a: &Place, b: &Place) -> bool {
    a == b || *a == Place::All || *b == Place::All
}

fn conflict(first: &Setting, second: &Setting) -> Option<(bool, String)> {
    let (a, b) = (first.knob, second.knob);
    let pair = (a.path, b.path);
    if a.path == b.path {
        return Some((true, format!("{} is set twice; the later one holds.", a.title)));
    }
    let is_no = second.value == super::knob::KnobValue::Word("no");
    match pair {
        ("state.retention_s", "table.keep") if is_no => {
            Some((true, String::from("A table that is gone keeps nothing for any time.")))
        }
        ("cache.entries" | "cache.ttl_s", "table.keep") if is_no => {
            Some((true, String::from("A cache kept in the table goes with it.")))
        }
        ("heap.max_bytes", "heap.budget_bytes") => {
            Some((true, String::from("The budget sets the limit of each heap; a limit of its own contradicts it.")))
        }
        ("partition.count", "workers.count") => Some((
            true,
            String::from("A partition is one process that serves one request after the other: it has no workers."),
        )),
        ("partition.count" | "workers.count", "balance.route_below_percent" | "balance.queue_above_percent")
            if a.path == "partition.count" =>
        {
            Some((true, String::from("A key decides the partition, so a balancer has nothing to decide.")))
        }
        ("pool.slots", "gc.hibernate" | "gc.min_heap_words" | "gc.fullsweep_after") => Some((
            false,
            format!(
                "{} and {} both act on the memory of the same processes: what one saves the other can't save again.",
                a.title, b.title
            ),
        )),
        ("gc.hibernate", "gc.min_heap_words") => {
            Some((false, String::from("Hibernating gives back the heap that a larger minimum would keep.")))
        }
        _ if a.model == ModelId::BeamHeap && b.model == ModelId::HeapLimit => {
            Some((false, String::from("Both are limits of the same memory.")))
        }
        _ => None,
    }
}

/// What remains of one base after savings that each were claimed for all of it: shares that remain multiply, they are not added.
pub fn remaining(base: f64, savings: &[f64]) -> f64 {
    savings.iter().fold(base, |left, saving| left * (1.0 - saving))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;
    use crate::whatif::prediction::{Band, Confidence, Level};

    /// Memory of agents: slots × state, from 10 × 100; settings say how many slots and how much state.
    fn answer(settings: &[Setting]) -> Vec<Part> {
        let value = |path: &str, default: f64| {
            settings.iter().find(|s| s.knob.path == path).and_then(|s| s.value.number()).unwrap_or(default)
        };
        let memory = value("pool.slots", 10.0) * value("gc.min_heap_words", 100.0) + value("cache.entries", 0.0);
        let confidence = Confidence {
            grade: Grade::Replayed,
            level: Some(Level::High),
            self_replay_error: Vec::new(),
            reason: None,
            needs: None,
        };
        let mut part = Part::refused(None, ModelId::Pool, confidence);
        part.outcomes.push(Outcome {
            metric: "memory.peak_bytes",
            unit: Unit::BYTES,
            component: None,
            baseline: Some(1000.0),
            predicted: Band::exact(memory),
            model: ModelId::Pool,
        });
        vec![part]
    }

    fn settings(texts: &[&str]) -> Vec<Setting> {
        texts.iter().map(|text| Setting::parse(text).unwrap()).collect()
    }

    #[test]
    fn effects_on_the_same_base_do_not_add_and_shares_sum_to_the_joint_one() {
        let combined = combine(&settings(&["*.pool.slots=4", "*.gc.min_heap_words=70", "*.cache.entries=30"]), &answer);
        let joint = &combined.joint[0];
        assert_eq!(joint.joint, 4.0 * 70.0 + 30.0 - 1000.0);
        assert_eq!(joint.sum_of_parts, -600.0 - 300.0 + 30.0);
        assert!(joint.interaction() > 0.0, "together they save less than both claims");
        let sum: f64 = joint.shares.iter().map(|share| share.attributed).sum();
        assert!((sum - joint.joint).abs() < 1e-9);
        assert!((joint.shares[2].attributed - 30.0).abs() < 1e-9, "what does not interact keeps its own effect");
        assert!((remaining(1000.0, &[0.6, 0.3]) - 280.0).abs() < 1e-9);
        assert_eq!(combined.conflicts.len(), 1, "{:?}", combined.conflicts);
        assert!(!combined.conflicts[0].excludes);
    }

    #[test]
    fn what_is_refused_alone_has_no_contributions_and_sums_over_others_are_not_compared() {
        let confidence = |grade| Confidence { grade, ..Confidence::refused("too far", None) };
        let one = |component: Option<&str>, grade, figures: Option<(f64, f64)>| {
            let component = component.map(ComponentId::from);
            let mut part = Part::refused(component.clone(), ModelId::BeamHeap, confidence(grade));
            part.outcomes.extend(figures.map(|(baseline, value)| Outcome {
                metric: "gc.count",
                unit: Unit::COUNT,
                component,
                baseline: Some(baseline),
                predicted: Band::exact(value),
                model: ModelId::BeamHeap,
            }));
            part
        };
        // Both together only `a` is told of; a sweep alone tells of both.
        let answer = |settings: &[Setting]| match settings {
            [only] if only.knob.path == "gc.fullsweep_after" => vec![
                one(Some("a"), Grade::Replayed, Some((10.0, 12.0))),
                one(Some("b"), Grade::Replayed, Some((90.0, 95.0))),
                one(None, Grade::Replayed, Some((100.0, 107.0))),
            ],
            [_] => vec![one(Some("a"), Grade::Replayed, Some((10.0, 9.0))), one(Some("b"), Grade::Refused, None)],
            _ => vec![
                one(Some("a"), Grade::Replayed, Some((10.0, 11.0))),
                one(Some("b"), Grade::Refused, None),
                one(None, Grade::Replayed, Some((10.0, 11.0))),
            ],
        };
        let combined = combine(&settings(&["*.gc.fullsweep_after=5", "*.gc.min_heap_words=70"]), &answer);
        let [joint] = &combined.joint[..] else { panic!("{:?}", combined.joint) };
        assert_eq!((joint.component.clone(), joint.joint, joint.sum_of_parts), (Some("a".into()), 1.0, 1.0));
        assert!(combined.without_shares.unwrap().contains("1 of 2"));
    }

    #[test]
    fn contradictions_are_named() {
        let found = conflicts(&settings(&["a.partition.count=4", "a.workers.count=3", "b.workers.count=3"]));
        assert_eq!(found.len(), 1);
        assert!(found[0].excludes && found[0].settings == (0, 1));
        assert_eq!(conflicts(&settings(&["a.table.keep=no", "a.state.retention_s=60"]))[0].settings, (0, 1));
        assert_eq!(conflicts(&settings(&["a.pool.slots=4", "*.pool.slots=8"])).len(), 1);
        assert!(conflicts(&settings(&["a.pool.slots=4", "a.queue.limit=8"])).is_empty());
    }

    #[test]
    fn very_many_settings_have_a_joint_answer_without_shares() {
        let many: Vec<String> = (0..9).map(|number| format!("c{number}.cache.entries=5")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let combined = combine(&settings(&many), &answer);
        assert!(combined.joint.is_empty() && combined.without_shares.is_some() && combined.parts.len() == 1);
    }
}
