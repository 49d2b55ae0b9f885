//! Questions about many settings at once: which reach a goal, which are worth having at all, which matter, and what several do
//! together. Joins [`goal`](super::goal), [`frontier`](super::frontier()), [`sensitivity`](super::sensitivity) and
//! [`combine`](super::combine()) with the models; used by the window and by the command line.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::answer::{Models, predict};
use super::combine::{Combined, combine};
use super::data::SessionData;
use super::frontier::{Frontier, frontier};
use super::goal::{Lever, Side, Sought, Target, seek};
use super::knob::KnobValue;
use super::outcome::OutcomeInfo;
use super::prediction::{Band, Effort, Grade, Outcome, Part};
use super::scenario::Setting;
use super::sensitivity::{Tornado, by_knob};
use crate::model::document::{self, Document};
use crate::model::id::ComponentId;
use crate::model::metric;
use crate::model::unit::Unit;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Exploration {
    /// Which values of the levers reach all targets.
    Goal {
        /// What may be moved.
        levers: Vec<Lever>,
        /// What is wanted.
        targets: Vec<Target>,
    },
    /// Which values of the levers no others beat.
    Frontier {
        /// What may be moved.
        levers: Vec<Lever>,
    },
    /// How far each lever moves an outcome, halved and doubled.
    Tornado {
        /// What is moved, one after the other.
        levers: Vec<Lever>,
        /// Of which outcome.
        metric: String,
    },
    /// What the settings do together, and what each contributes.
    Together,
}

/// What was found, of the components that most points tell of: sums over others would not be comparable.
#[derive(Clone, Debug, PartialEq)]
pub struct Explored {
    /// What was found.
    pub found: Found,
    /// Components that some points tell of, and that are left out of all.
    pub left_out: Vec<ComponentId>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// See [`Exploration::Goal`]; `None` where no point has an answer about all targets. With the answer at the best point.
    Goal(Option<(Sought, Vec<Part>)>),
    /// See [`Exploration::Frontier`]; `None` where nothing that costs can be told.
    Frontier(Option<Tradeoff>),
    /// See [`Exploration::Tornado`], with the outcome's unit; `None` where the settings themselves have no answer about it.
    Tornado(Option<(Tornado, Unit)>),
    /// See [`Exploration::Together`].
    Together(Combined),
}

/// A frontier, and where one stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Tradeoff {
    /// The outcomes that are costs, with their units.
    pub objectives: Vec<(&'static str, Unit)>,
    /// All points looked at.
    pub frontier: Frontier,
    /// As recorded, by objective; `None` where the recording can't tell all of them.
    pub recorded: Option<Vec<f64>>,
    /// Under the settings as they are set.
    pub present: Option<Vec<Band>>,
}

/// What a point may cost; of these as many as the models tell of, up to three.
const COSTS: [&str; 9] = [
    "memory.peak_bytes",
    "gc.pause_us.p99",
    "gc.pause_ms.p99",
    "gc.pause_total_us",
    "gc.pause_share",
    "wait_us.p99",
    "startup_us.p99",
    "rejected_share",
    "miss_share",
];

/// Answers one. Settings that no lever moves hold throughout. `None` when cancelled.
pub fn explore(
    models: &mut Models,
    data: &SessionData,
    settings: &[Setting],
    exploration: &Exploration,
    cancelled: &dyn Fn() -> bool,
) -> Option<Explored> {
    let models = RefCell::new(models);
    let answer = |point: &[Setting], effort| predict(&mut models.borrow_mut(), data, point, effort, cancelled);
    let fixed = |levers: &[Lever]| -> Vec<Setting> {
        let is_moved = |one: &Setting| levers.iter().any(|lever| lever.knob == one.knob && lever.place == one.place);
        settings.iter().filter(|one| !is_moved(one)).cloned().collect()
    };
    let comparable = |levers: &[Lever]| Comparable::new(levers, &fixed(levers), &|point| answer(point, Effort::Coarse));
    let (found, left_out) = match exploration {
        Exploration::Goal { levers, targets } => {
            let comparable = comparable(levers);
            let coarse = |point: &[Setting]| comparable.of(answer(point, Effort::Coarse));
            let sought = seek(levers, targets, &fixed(levers), &coarse, cancelled);
            let found = sought.map(|sought| {
                let parts = answer(&sought.settings, Effort::Full);
                (sought, parts)
            });
            (Found::Goal(found), comparable.left_out)
        }
        Exploration::Frontier { levers } => {
            let comparable = comparable(levers);
            let coarse = |point: &[Setting]| comparable.of(answer(point, Effort::Coarse));
            (Found::Frontier(tradeoff(levers, settings, &fixed(levers), &coarse, cancelled)), comparable.left_out)
        }
        Exploration::Tornado { levers, metric } => {
            // Where nothing is set, a knob at its default stands for the recording.
            let neutral = |lever: &Lever| {
                let value = lever.knob.default.filter(|value| value.number().is_some())?;
                Some(vec![Setting { place: lever.place.clone(), knob: lever.knob, value }])
            };
            let unset = if settings.is_empty() { levers.iter().find_map(neutral) } else { None };
            let settings = unset.as_deref().unwrap_or(settings);
            let levers: Vec<Lever> = levers.iter().filter_map(|lever| around(lever, settings)).collect();
            let comparable = comparable(&levers);
            let coarse = |point: &[Setting]| comparable.of(answer(point, Effort::Coarse));
            let unit = of_metric(&coarse(settings), metric).next().map(|outcome| outcome.unit);
            (Found::Tornado(by_knob(&levers, settings, metric, &coarse).zip(unit)), comparable.left_out)
        }
        Exploration::Together => {
            // Of many settings there are many subsets.
            let effort = if settings.len() <= 3 { Effort::Full } else { Effort::Coarse };
            (Found::Together(combine(settings, &|point| answer(point, effort))), Vec::new())
        }
    };
    (!cancelled()).then_some(Explored { found, left_out })
}

/// Components that can be compared over the points of some levers. A model refuses one component here and another there, so that
/// sums over all that have an answer would be sums over different things.
struct Comparable {
    /// Who has to have an answer.
    components: BTreeSet<ComponentId>,
    left_out: Vec<ComponentId>,
}

impl Comparable {
    /// Looks at some points, ends and middles, and takes the components that most of them tell of.
    fn new(levers: &[Lever], fixed: &[Setting], answer: &dyn Fn(&[Setting]) -> Vec<Part>) -> Self {
        const LOOKS: usize = 7;
        let mut times: BTreeMap<BTreeSet<ComponentId>, usize> = BTreeMap::new();
        for look in 0..LOOKS {
            let at = |lever: &Lever| {
                let points = lever.points(LOOKS);
                points.get(look * points.len().saturating_sub(1) / (LOOKS - 1)).cloned()
            };
            let point: Vec<Setting> = fixed.iter().cloned().chain(levers.iter().filter_map(at)).collect();
            *times.entry(told_of(&answer(&point))).or_default() += 1;
        }
        let all: BTreeSet<ComponentId> = times.keys().flatten().cloned().collect();
        let most =
            times.into_iter().filter(|(told, _)| !told.is_empty()).max_by_key(|(told, times)| (*times, told.len()));
        let components = most.map(|(told, _)| told).unwrap_or_default();
        let left_out = all.difference(&components).cloned().collect();
        Self { components, left_out }
    }

    /// An answer, if it is about the same components as the others; nothing if not.
    fn of(&self, parts: Vec<Part>) -> Vec<Part> {
        if told_of(&parts) == self.components { parts } else { Vec::new() }
    }
}

fn told_of(parts: &[Part]) -> BTreeSet<ComponentId> {
    let told = parts.iter().filter(|part| part.confidence.grade != Grade::Refused);
    told.filter_map(|part| part.component.clone()).collect()
}

fn tradeoff(
    levers: &[Lever],
    settings: &[Setting],
    fixed: &[Setting],
    answer: &dyn Fn(&[Setting]) -> Vec<Part>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Tradeoff> {
    // Any point tells which figures there are; the first ends of ranges may be refused.
    let probe = |share: f64| {
        let chosen = levers.iter().filter_map(|lever| {
            let points = lever.points(9);
            points.get(((points.len() - 1) as f64 * share) as usize).cloned()
        });
        answer(&fixed.iter().cloned().chain(chosen).collect::<Vec<_>>())
    };
    let tells = |parts: &Vec<Part>| COSTS.iter().any(|cost| of_metric(parts, cost).next().is_some());
    let told = [0.5, 0.25, 0.75, 0.0, 1.0].into_iter().map(probe).find(tells)?;
    let costs = COSTS.into_iter().filter_map(|cost| Some((cost, of_metric(&told, cost).next()?.unit)));
    let objectives: Vec<(&'static str, Unit)> = costs.take(3).collect();
    let metrics: Vec<&'static str> = objectives.iter().map(|(metric, _)| *metric).collect();
    let frontier = frontier(levers, &metrics, fixed, answer, cancelled)?;
    let recorded = metrics.iter().map(|cost| recorded(&told, cost)).collect();
    let present = (!settings.is_empty()).then(|| answer(settings));
    let present = present.and_then(|parts| metrics.iter().map(|cost| worst(&parts, cost)).collect());
    Some(Tradeoff { objectives, frontier, recorded, present })
}

fn of_metric<'a>(parts: &'a [Part], metric: &'a str) -> impl Iterator<Item = &'a Outcome> {
    let told = parts.iter().filter(|part| part.confidence.grade != Grade::Refused).flat_map(|part| &part.outcomes);
    told.filter(move |outcome| outcome.metric == metric)
}

/// The worst of all that tell of it: the sum over components, where there is one.
fn worst(parts: &[Part], metric: &str) -> Option<Band> {
    of_metric(parts, metric).map(|outcome| outcome.predicted).max_by(|a, b| a.value.total_cmp(&b.value))
}

fn recorded(parts: &[Part], metric: &str) -> Option<f64> {
    of_metric(parts, metric).filter_map(|outcome| outcome.baseline).reduce(f64::max)
}

/// From half to the double of where a lever stands: where it is set, or else its default; `None` where that is no number.
fn around(lever: &Lever, settings: &[Setting]) -> Option<Lever> {
    if !lever.knob.words.is_empty() {
        return None;
    }
    let (low, high) = lever.knob.range;
    let set = settings.iter().find(|one| one.knob == lever.knob && one.place == lever.place);
    let stands = set.map(|one| one.value).or(lever.knob.default).and_then(KnobValue::number)?;
    let whole = |value: f64| if lever.knob.whole { value.round() } else { value };
    let range = (whole((stands / 2.0).max(low)), whole((stands * 2.0).min(high)));
    (range.0 < range.1).then(|| Lever { range, ..lever.clone() })
}

/// Targets of a document that models can tell of, as goals: what is to be reached of a metric there becomes a bound of an outcome here.
pub fn goals_of(document: &Document) -> Vec<Target> {
    let goal = |target: &document::Target| {
        let key = target.metric?;
        let (outcome, factor) = match key {
            metric::GC_INTERVAL => ("gc.interval_s", 1.0),
            metric::GC_PAUSE => ("gc.pause_us.p99", 1e6),
            metric::GC_EFFICIENCY => ("gc.efficiency", 1.0),
            metric::MEMORY_USED => ("memory.peak_bytes", 1.0),
            metric::LATENCY => ("sojourn_us.p99", 1e6),
            _ => return None,
        };
        let value = target.value?.representative();
        let value = target.unit.map_or(Some(value), |unit| unit.convert(value, key.unit()))? * factor;
        let side = if OutcomeInfo::find(outcome)?.lower_is_better? { Side::AtMost } else { Side::AtLeast };
        Some(Target { metric: outcome.to_owned(), component: None, side, value })
    };
    document.targets.iter().filter_map(goal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatif::knob::{Knob, ModelId};
    use crate::whatif::prediction::Confidence;
    use crate::whatif::scenario::Place;

    fn lever(path: &str) -> Lever {
        Lever::of(Place::All, Knob::find(path).unwrap())
    }

    /// Both components have an answer up to 1,000 words; beyond, only the small one.
    fn answer(settings: &[Setting]) -> Vec<Part> {
        let words = settings[0].value.number().unwrap();
        let part = |id: &str, refused: bool, bytes: f64| {
            let grade = if refused { Grade::Refused } else { Grade::Replayed };
            let confidence = Confidence { grade, ..Confidence::refused("", None) };
            let mut part = Part::refused(Some(id.into()), ModelId::BeamHeap, confidence);
            part.outcomes.push(Outcome {
                metric: "memory.peak_bytes",
                unit: Unit::BYTES,
                component: Some(id.into()),
                baseline: Some(bytes),
                predicted: Band::exact(bytes + words),
                model: ModelId::BeamHeap,
            });
            part
        };
        vec![part("large", words > 1e6, 1e6), part("small", false, 10.0)]
    }

    #[test]
    fn a_point_that_says_nothing_of_the_largest_is_not_the_cheapest() {
        let levers = [Lever { range: (233.0, 2e6), ..lever("gc.min_heap_words") }];
        let comparable = Comparable::new(&levers, &[], &answer);
        assert_eq!(comparable.components.len(), 2, "most points tell of both");
        let target = Target::parse("memory.peak_bytes<=1000").unwrap();
        let sought = seek(&levers, &[target], &[], &|point| comparable.of(answer(point)), &|| false).unwrap();
        assert!(sought.standings[0].predicted.value > 1e6 && sought.points.1 > 0, "{sought:?}");
    }

    #[test]
    fn levers_are_halved_and_doubled_where_they_stand_and_what_has_no_number_stays() {
        let set = [Setting::parse("*.gc.min_heap_words=1000").unwrap()];
        assert_eq!(around(&lever("gc.min_heap_words"), &set).unwrap().range, (500.0, 2000.0));
        assert_eq!(around(&lever("gc.fullsweep_after"), &set).unwrap().range, (32_768.0, 65_535.0));
        assert_eq!(around(&lever("gc.max_heap_words"), &set), None);
        assert_eq!(around(&lever("gc.hibernate"), &set), None);
    }

    #[test]
    fn a_documents_targets_become_goals_of_outcomes() {
        let target = |metric, value, unit| document::Target {
            item: "T.01".into(),
            title: String::from("to be reached"),
            owner: "T".into(),
            applies_to: None,
            metric: Some(metric),
            value: Some(crate::model::quantity::Value::Exact(value)),
            unit: Some(unit),
        };
        let mut of = Document::new("shop");
        let milliseconds = Unit::of(crate::model::unit::BaseUnit::Millisecond);
        of.targets = vec![
            target(metric::GC_INTERVAL, 30.0, Unit::SECONDS),
            target(metric::GC_PAUSE, 50.0, milliseconds),
            target(metric::THREADS, 3.0, Unit::COUNT),
        ];
        let goals: Vec<(String, Side, f64)> =
            goals_of(&of).into_iter().map(|goal| (goal.metric, goal.side, goal.value)).collect();
        let expected = [("gc.interval_s", Side::AtLeast, 30.0), ("gc.pause_us.p99", Side::AtMost, 50_000.0)];
        assert_eq!(goals, expected.map(|(metric, side, value)| (metric.to_owned(), side, value)));
    }
}
