//! From settings to outcomes: runs every heap under its new rules, with draws and a rival law to see how much hangs on details.

use std::sync::Arc;

use super::bands;
use super::confidence::{self, Evidence};
use super::fitted::{Component, Heap};
use super::pause::PauseLaw;
use super::policy::{self, DEFAULT_MIN_HEAP, DEFAULT_MIN_VHEAP, Rules};
use super::simulate::Run;
use super::tally::{PIECES, Tally};
use crate::model::id::ComponentId;
use crate::model::time::Timestamp;
use crate::model::unit::{BaseUnit, Unit};
use crate::whatif::data::SessionData;
use crate::whatif::knob::{KnobValue, ModelId};
use crate::whatif::prediction::{Band, Confidence, Curve, Effort, Grade, Outcome, Part};
use crate::whatif::scenario::Setting;

/// Recorded collections that a coarse answer goes through.
const COARSE_COLLECTIONS: usize = 12_000;
/// Pieces of a heap's recording that a coarse answer looks at.
const COARSE_WINDOWS: usize = 4;
/// Killed processes that are named.
const NAMED: usize = 5;

/// Everything fitted to a session's heaps; see [`Model::predict`].
#[derive(Debug)]
pub struct Model {
    components: Vec<Arc<Component>>,
    word_bytes: f64,
}

/// What the settings ask of one component.
#[derive(Clone, Copy, Debug, Default)]
struct Wanted {
    fullsweep_after: Option<u64>,
    min_heap: Option<u64>,
    min_vheap: Option<u64>,
    max_heap: Option<u64>,
    off_heap_queue: Option<bool>,
    hibernate: Option<bool>,
}

/// How a component is asked.
struct Ask {
    effort: Effort,
    /// Recorded collections of all components that are asked.
    total: usize,
    /// Give the figures of refusals as well.
    regardless: bool,
}

/// A component's part with what stands behind it.
struct Judged {
    part: Part,
    /// `None` of a refusal.
    predicted: Option<Tally>,
    evidence: Evidence,
}

/// The answer of one run of a component.
struct Answer {
    tally: Tally,
    killed: Vec<(String, f64)>,
    /// How many those stand for.
    killed_count: f64,
    all_on_rails: bool,
}

/// How to run a component.
#[derive(Clone, Copy)]
struct How {
    draw: u64,
    rails: bool,
    rival: bool,
    coarse: bool,
}

impl Model {
    /// Fits the chosen components (indices of the session's), once; seconds for a million collections.
    pub fn new(data: &SessionData, components: &[usize]) -> Self {
        let chosen = components.iter().filter_map(|index| data.components.get(*index));
        let with_heaps = chosen.filter(|component| !component.heaps.is_empty());
        Self::of(data, with_heaps.map(|component| Arc::new(Component::new(component, data.otp_release))).collect())
    }

    /// Of components that were fitted before, of the same session.
    pub fn of(data: &SessionData, components: Vec<Arc<Component>>) -> Self {
        Self { components, word_bytes: if data.word_bytes == 0 { 8.0 } else { data.word_bytes as f64 } }
    }

    /// The components that can be answered for.
    pub fn components(&self) -> &[Arc<Component>] {
        &self.components
    }

    /// What [`Self::predict`] says of one component, but with the figures of refusals: to see whether they are worth refusing.
    pub fn predict_regardless(&self, component: usize, settings: &[Setting]) -> Option<(Part, Evidence)> {
        let component = self.components.get(component)?;
        let total = component.heaps.iter().map(|heap| heap.facts.len()).sum();
        let settings: Vec<&Setting> = settings.iter().collect();
        let ask = Ask { effort: Effort::Full, total, regardless: true };
        let judged = self.component(component, &settings, &ask, &|| false)?;
        Some((judged.part, judged.evidence))
    }

    /// What the settings would have done: a part for each component with heaps that they include, and, of several, one for all of
    /// them. Empty when cancelled.
    pub fn predict(&self, settings: &[Setting], effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
        let included: Vec<(&Arc<Component>, Vec<&Setting>)> = self
            .components
            .iter()
            .filter_map(|component| {
                let of_it =
                    settings.iter().filter(|s| s.knob.model == ModelId::BeamHeap && s.place.includes(&component.id));
                let of_it: Vec<&Setting> = of_it.collect();
                (!of_it.is_empty()).then_some((component, of_it))
            })
            .collect();
        let total: usize = included.iter().map(|(c, _)| c.heaps.iter().map(|h| h.facts.len()).sum::<usize>()).sum();
        let mut parts = Vec::new();
        let mut sum: Option<Summed> = None;
        for (component, settings) in &included {
            if cancelled() {
                return Vec::new();
            }
            let ask = Ask { effort, total, regardless: false };
            let Some(Judged { part, predicted, .. }) = self.component(component, settings, &ask, cancelled) else {
                return Vec::new();
            };
            if let Some(predicted) = predicted {
                let of_it = Summed { predicted, baseline: component.baseline.clone(), part: part.clone() };
                sum = Some(match sum {
                    None => of_it,
                    Some(before) => before.with(of_it, self.word_bytes, &component.pause),
                });
            }
            parts.push(part);
        }
        if included.len() > 1 {
            parts.extend(sum.map(|sum| {
                let mut part = sum.part;
                part.component = None;
                part.outcomes.iter_mut().for_each(|outcome| outcome.component = None);
                part.notes = vec![format!("The sum of {} components.", included.len())];
                let refused = parts.iter().filter(|part| part.confidence.grade == Grade::Refused).count();
                if refused > 0 {
                    part.notes.push(format!("Without the {refused} for which there is no answer."));
                }
                part
            }));
        }
        parts
    }

    fn component(
        &self,
        component: &Component,
        settings: &[&Setting],
        ask: &Ask,
        cancelled: &dyn Fn() -> bool,
    ) -> Option<Judged> {
        let Ask { effort, total, regardless } = *ask;
        let id = Some(component.id.clone());
        let mut notes = Vec::new();
        let wanted = wanted(settings);
        let wanted = self.without_ignored(component, wanted, &mut notes);
        let changes = wanted.fullsweep_after.is_some()
            || wanted.min_heap.is_some()
            || wanted.min_vheap.is_some()
            || wanted.max_heap.is_some();
        if let Some(confidence) = confidence::refusal(component, wanted.off_heap_queue, wanted.hibernate, changes) {
            let mut part = Part::refused(id, ModelId::BeamHeap, confidence);
            part.notes = notes;
            return Some(Judged { part, predicted: None, evidence: Evidence::default() });
        }
        let coarse = effort == Effort::Coarse;
        let how = How { draw: 0, rails: true, rival: false, coarse };
        let first = self.run(component, &wanted, how, total, cancelled)?;
        let mut answers = Vec::new();
        let mut rival = None;
        if !first.all_on_rails && !coarse {
            let draws = match total {
                0..=100_000 => 6,
                100_001..=300_000 => 3,
                _ => 0,
            };
            for draw in 1..=draws {
                answers.push(self.run(component, &wanted, How { draw, ..how }, total, cancelled)?);
            }
            if component.heaps.iter().any(|heap| heap.rival.is_some()) && total <= 300_000 {
                rival = Some(self.run(component, &wanted, How { rival: true, ..how }, total, cancelled)?);
            }
        }
        let exact = first.all_on_rails && !coarse;
        let evidence = Evidence::new(
            component,
            &first.tally,
            &answers_of(&answers),
            rival.as_ref().map(|a| &a.tally),
            exact,
            !changes,
        );
        let mut confidence = confidence::judge(component, &evidence);
        if confidence.grade == Grade::Refused && !regardless {
            let mut part = Part::refused(id, ModelId::BeamHeap, confidence);
            part.notes = notes;
            return Some(Judged { part, predicted: None, evidence });
        }
        if !changes {
            confidence.grade = Grade::Measured;
        }
        let counts = || answers.iter().chain([&first]).map(|answer| answer.killed_count);
        let (fewest, most) = (counts().fold(f64::INFINITY, f64::min), counts().fold(0.0, f64::max));
        // The first run stands, unless its count lies outside the middle half of the draws.
        let chosen = middle(first, answers);
        if !chosen.killed.is_empty() {
            let named: Vec<String> =
                chosen.killed.iter().take(NAMED).map(|(name, s)| format!("{name} after {s:.1} s")).collect();
            let more = chosen.killed.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!("Would have been killed: {}{more}. What follows ends there.", named.join(", ")));
        } else if wanted.max_heap.is_some_and(|limit| limit > 0) {
            notes.push(String::from("No process would have been killed."));
        }
        let tally = if changes { &chosen.tally } else { &component.baseline };
        let mut outcomes =
            bands::outcomes(id.clone(), &component.baseline, tally, &component.pause, &evidence, self.word_bytes);
        if wanted.max_heap.is_some() {
            outcomes.push(killed(id.clone(), Band { value: chosen.killed_count, low: fewest, high: most }));
        }
        let part = Part {
            component: id,
            model: ModelId::BeamHeap,
            outcomes,
            confidence,
            notes,
            curves: vec![curve(&component.baseline, tally, self.word_bytes)],
        };
        let predicted = Some(tally.clone());
        Some(Judged { part, predicted, evidence })
    }

    /// Takes out what the VM would ignore, and says so.
    fn without_ignored(&self, component: &Component, mut wanted: Wanted, notes: &mut Vec<String>) -> Wanted {
        if let Some(words) = wanted.min_heap.filter(|words| *words < DEFAULT_MIN_HEAP) {
            notes.push(format!("Ignored by the VM: min_heap_size {words} is below the least, {DEFAULT_MIN_HEAP} words, which takes its place."));
            wanted.min_heap = Some(DEFAULT_MIN_HEAP);
        }
        if let Some(words) = wanted.min_vheap.filter(|words| *words < DEFAULT_MIN_VHEAP) {
            notes.push(format!("Ignored by the VM: min_bin_vheap_size {words} is below the least, {DEFAULT_MIN_VHEAP} words, which takes its place."));
            wanted.min_vheap = Some(DEFAULT_MIN_VHEAP);
        }
        if wanted.min_vheap.is_some()
            && wanted.min_heap.is_none()
            && wanted.fullsweep_after.is_none()
            && wanted.max_heap.is_none()
        {
            notes.push(String::from(
                "Ignored by the VM: among the options of spawn min_bin_vheap_size has no effect alone; add {fullsweep_after, 65535}.",
            ));
            wanted.min_vheap = None;
        }
        // What all processes have already is no change.
        let same = |of: &dyn Fn(&Heap) -> bool| component.heaps.iter().all(of);
        wanted.min_heap =
            wanted.min_heap.map(policy::next).filter(|words| !same(&|heap| heap.rules.min_heap == *words));
        wanted.min_vheap =
            wanted.min_vheap.map(policy::next).filter(|words| !same(&|heap| heap.rules.min_vheap == *words));
        wanted.fullsweep_after =
            wanted.fullsweep_after.filter(|count| !same(&|heap| heap.rules.fullsweep_after == *count));
        wanted.off_heap_queue = wanted.off_heap_queue.filter(|off| !same(&|heap| heap.off_heap_queue == *off));
        wanted.hibernate = wanted.hibernate.filter(|yes| *yes || component.hibernations > 0);
        wanted
    }

    fn run(
        &self,
        component: &Component,
        wanted: &Wanted,
        how: How,
        total: usize,
        cancelled: &dyn Fn() -> bool,
    ) -> Option<Answer> {
        let timeline = &component.baseline.timeline;
        let mut answer = Answer {
            tally: Tally::new(timeline.from_ns, timeline.to_ns),
            killed: Vec::new(),
            killed_count: 0.0,
            all_on_rails: true,
        };
        let thin = how.coarse && total > COARSE_COLLECTIONS;
        // Of many heaps every so manieth stands for its neighbours, which are about as large.
        let single = component.heaps.iter().take_while(|heap| heap.facts.len() * 100 > total).count();
        let rest = component.heaps.len() - single;
        let step = if thin && rest > 200 { rest / 100 } else { 1 };
        let mut index = 0;
        while let Some(heap) = component.heaps.get(index) {
            if index % 64 == 0 && cancelled() {
                return None;
            }
            let stride = if index < single { 1 } else { step.min(component.heaps.len() - index) };
            let heap = component.heaps.get(index + stride / 2).unwrap_or(heap);
            let n = heap.facts.len();
            let share = (COARSE_COLLECTIONS as f64 * (n * stride) as f64 / total.max(1) as f64) as usize;
            let windows =
                (thin && n > share + 80 * COARSE_WINDOWS).then(|| (COARSE_WINDOWS, (share / COARSE_WINDOWS).max(80)));
            let rules = Rules {
                min_heap: wanted.min_heap.unwrap_or(heap.rules.min_heap),
                min_vheap: wanted.min_vheap.unwrap_or(heap.rules.min_vheap),
                fullsweep_after: wanted.fullsweep_after.unwrap_or(heap.rules.fullsweep_after),
                ..heap.rules
            };
            let max_heap = wanted.max_heap.unwrap_or(heap.max_heap);
            let run = Run { rules, max_heap, rails: how.rails, draw: how.draw, from: 0, to: n };
            let ending = heap.run(&component.pause, &run, how.rival, windows, stride as f64, &mut answer.tally);
            answer.all_on_rails &= ending.all_on_rails;
            if let Some(clock) = ending.killed_at {
                answer.killed.push((heap.name.clone(), heap.seconds_at(clock)));
                answer.killed_count += stride as f64;
            }
            index += stride;
        }
        Some(answer)
    }
}

/// How many would have been killed; a recording doesn't say why processes ended.
fn killed(component: Option<ComponentId>, predicted: Band) -> Outcome {
    Outcome { metric: "gc.killed", unit: Unit::COUNT, component, baseline: None, predicted, model: ModelId::BeamHeap }
}

fn answers_of(answers: &[Answer]) -> Vec<&Tally> {
    answers.iter().map(|answer| &answer.tally).collect()
}

fn middle(first: Answer, mut draws: Vec<Answer>) -> Answer {
    draws.sort_by(|a, b| a.tally.count().total_cmp(&b.tally.count()));
    let n = draws.len();
    if n < 4 {
        return first;
    }
    let inside = draws[n / 4].tally.count()..=draws[3 * n / 4].tally.count();
    if inside.contains(&first.tally.count()) { first } else { draws.swap_remove(n / 2) }
}

fn wanted(settings: &[&Setting]) -> Wanted {
    let mut wanted = Wanted::default();
    for setting in settings {
        let words = setting.value.number().map(|number| number as u64);
        match setting.knob.path {
            "gc.fullsweep_after" => wanted.fullsweep_after = words,
            "gc.min_heap_words" => wanted.min_heap = words,
            "gc.min_bin_vheap_words" => wanted.min_vheap = words,
            "gc.max_heap_words" => wanted.max_heap = Some(words.unwrap_or(0)),
            "gc.message_queue_data" => wanted.off_heap_queue = Some(setting.value == KnobValue::Word("off_heap")),
            "gc.hibernate" => wanted.hibernate = Some(setting.value == KnobValue::Word("yes")),
            _ => {}
        }
    }
    wanted
}

fn curve(baseline: &Tally, predicted: &Tally, word_bytes: f64) -> Curve {
    let points = |tally: &Tally| {
        let timeline = &tally.timeline;
        let step = (timeline.to_ns - timeline.from_ns) as f64 / PIECES as f64;
        let at = |i: usize| Timestamp(timeline.from_ns + ((i as f64 + 0.5) * step) as i64);
        timeline.pieces.iter().enumerate().map(|(i, words)| (at(i), words * word_bytes)).collect()
    };
    Curve { metric: "memory.mean_bytes", unit: Unit::BYTES, baseline: points(baseline), predicted: points(predicted) }
}

/// Several components together.
struct Summed {
    predicted: Tally,
    baseline: Tally,
    part: Part,
}

impl Summed {
    fn with(mut self, other: Summed, word_bytes: f64, pause: &PauseLaw) -> Self {
        self.predicted.join(&other.predicted);
        self.baseline.join(&other.baseline);
        let evidence = Evidence::exact();
        let mut outcomes = bands::outcomes(None, &self.baseline, &self.predicted, pause, &evidence, word_bytes);
        let band = |part: &Part, metric: &str| {
            part.outcomes.iter().find(|outcome| outcome.metric == metric).map(|outcome| outcome.predicted)
        };
        let both = |metric: &str| band(&self.part, metric).zip(band(&other.part, metric));
        for outcome in &mut outcomes {
            let Some((a, b)) = both(outcome.metric) else { continue };
            let value = outcome.predicted.value;
            let adds_up = ((a.value + b.value) - value).abs() <= 1e-6 * value.abs().max(1.0);
            // Errors of different components are taken as independent where figures add up.
            let (below, above) = match adds_up {
                true => ((a.value - a.low).hypot(b.value - b.low), (a.high - a.value).hypot(b.high - b.value)),
                false => {
                    let ratio = |to: fn(&Band) -> f64| {
                        let of = |band: &Band| if band.value > 0.0 { to(band) / band.value } else { 1.0 };
                        (of(&a), of(&b))
                    };
                    let (low, high) = (ratio(|band| band.low), ratio(|band| band.high));
                    (value * (1.0 - low.0.min(low.1)), value * (high.0.max(high.1) - 1.0))
                }
            };
            outcome.predicted = Band { value, low: (value - below).max(0.0), high: value + above };
        }
        if let Some((a, b)) = both("gc.killed") {
            let predicted = Band { value: a.value + b.value, low: a.low + b.low, high: a.high + b.high };
            outcomes.push(killed(None, predicted));
        }
        self.part.outcomes = outcomes;
        let worse = |a: &Confidence, b: &Confidence| (b.grade, b.level) > (a.grade, a.level);
        if worse(&self.part.confidence, &other.part.confidence) {
            self.part.confidence = other.part.confidence;
        }
        self.part.curves = vec![curve(&self.baseline, &self.predicted, word_bytes)];
        self
    }
}

/// For outcomes of a component.
pub(super) const MICROSECONDS: Unit = Unit::of(BaseUnit::Microsecond);
pub(super) const WORDS: Unit = Unit::of(BaseUnit::Word);

/// Whose an outcome is.
pub(super) fn outcome(
    metric: &'static str,
    unit: Unit,
    component: &Option<ComponentId>,
    baseline: f64,
    predicted: Band,
) -> Outcome {
    Outcome {
        metric,
        unit,
        component: component.clone(),
        baseline: Some(baseline),
        predicted,
        model: ModelId::BeamHeap,
    }
}
