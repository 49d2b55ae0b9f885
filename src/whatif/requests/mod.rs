//! What queues, pools, partitions, caches and balancers would have done with the recorded requests under other settings.
//!
//! Every answer begins with a replay of the recording at its own settings; how far that misses is the confidence, or the refusal.
//! Nothing but the requests is needed: workers, limits, clients and the kind of service are read off them ([`recorded`]).

mod balance;
mod cache;
mod measure;
mod partition;
mod pool;
mod queue;
mod recorded;
mod replay;
#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;
mod trace;

use crate::analysis::stats::quantile;

use super::data::{ComponentData, SessionData};
use super::knob::{KnobValue, ModelId};
use super::prediction::{Confidence, Effort, Grade, Level, Part};
use super::scenario::Setting;

use recorded::Recorded;
use replay::WhenFull;
use trace::{Job, Trace};

/// The settings of one component that concern requests.
#[derive(Clone, Debug, PartialEq)]
struct Chosen {
    workers: Option<usize>,
    limit: Option<Option<usize>>,
    when_full: Option<WhenFull>,
    load: f64,
    slots: Option<usize>,
    start_ms: Option<f64>,
    spawn_ms: Option<f64>,
    partitions: Option<usize>,
    cache_entries: Option<usize>,
    cache_ttl_s: Option<f64>,
    route_below: Option<f64>,
    queue_above: Option<f64>,
    models: Vec<ModelId>,
}

impl Chosen {
    fn of(settings: &[Setting], component: &ComponentData) -> Option<Self> {
        let mut chosen = Self {
            workers: None,
            limit: None,
            when_full: None,
            load: 1.0,
            slots: None,
            start_ms: None,
            spawn_ms: None,
            partitions: None,
            cache_entries: None,
            cache_ttl_s: None,
            route_below: None,
            queue_above: None,
            models: Vec::new(),
        };
        let mut is_concerned = false;
        for setting in settings.iter().filter(|setting| setting.place.includes(&component.id)) {
            let number = setting.value.number();
            let whole = number.map(|number| number as usize);
            match setting.knob.path {
                "workers.count" => chosen.workers = whole,
                "queue.limit" => chosen.limit = Some(whole),
                "queue.policy" => {
                    let is_block = setting.value == KnobValue::Word("block");
                    chosen.when_full = Some(if is_block { WhenFull::Block } else { WhenFull::Drop });
                }
                "load.factor" => chosen.load = number.unwrap_or(1.0),
                "pool.slots" => chosen.slots = whole,
                "pool.start_ms" => chosen.start_ms = number,
                "pool.spawn_ms" => chosen.spawn_ms = number,
                "partition.count" => chosen.partitions = whole,
                "cache.entries" => chosen.cache_entries = whole,
                "cache.ttl_s" => chosen.cache_ttl_s = Some(number.unwrap_or(f64::INFINITY)),
                "balance.route_below_percent" => chosen.route_below = number,
                "balance.queue_above_percent" => chosen.queue_above = number,
                _ => continue,
            }
            is_concerned = true;
            // The load applies to every model, and limits to pools too.
            if setting.knob.path != "load.factor" && !chosen.models.contains(&setting.knob.model) {
                chosen.models.push(setting.knob.model);
            }
        }
        let is_pool = component.requests.iter().take(1000).any(|request| request.reused.is_some());
        if is_concerned && chosen.models.is_empty() {
            chosen.models.push(if is_pool { ModelId::Pool } else { ModelId::Queue });
        }
        // Whether a pool without a free slot waits or turns away is the pool's matter.
        if chosen.models.contains(&ModelId::Pool) && chosen.workers.is_none() {
            chosen.models.retain(|model| *model != ModelId::Queue);
        }
        is_concerned.then_some(chosen)
    }
}

/// What a model works on.
struct Input<'a> {
    component: &'a ComponentData,
    cores: Option<f64>,
    word_bytes: u64,
    trace: Trace,
    /// The jobs after what caches take off them.
    jobs: Vec<Job>,
    /// Whether they differ from the recorded ones.
    is_changed: bool,
    recorded: Recorded,
    chosen: Chosen,
    effort: Effort,
    /// So many requests of the recording stand behind one of the trace.
    thinning: f64,
    cancelled: &'a dyn Fn() -> bool,
}

/// Answers the settings that concern requests: one part for each component and model that they mean. Nothing when cancelled, and
/// nothing for components that are not meant.
pub fn predict(data: &SessionData, settings: &[Setting], effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for component in &data.components {
        let Some(chosen) = Chosen::of(settings, component) else { continue };
        if component.requests.is_empty() {
            // A setting for all components means those that have requests.
            let is_named = settings
                .iter()
                .any(|setting| setting.place != super::scenario::Place::All && setting.place.includes(&component.id));
            if is_named {
                parts.extend(chosen.models.iter().map(|model| without_requests(component, *model)));
            }
            continue;
        }
        let trace = Trace::new(&component.requests, effort);
        let busy: Vec<f64> = component.cpu_cores.iter().map(|(_, cores)| *cores).collect();
        let recorded = Recorded::of(&trace, quantile::mean(&busy), data.cores);
        let thinning = component.requests.len() as f64 / trace.jobs.len().max(1) as f64;
        let jobs = trace.jobs.clone();
        let mut input = Input {
            component,
            cores: data.cores,
            word_bytes: data.word_bytes,
            trace,
            jobs,
            is_changed: false,
            recorded,
            chosen,
            effort,
            thinning,
            cancelled,
        };
        match answer(&mut input) {
            Some(answers) => parts.extend(answers),
            None => return Vec::new(),
        }
    }
    parts
}

/// The parts of one component, in the order in which one thing changes the next: the cache takes work off whoever serves.
fn answer(input: &mut Input) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut models = input.chosen.models.clone();
    let mut is_limit = false;
    if models.contains(&ModelId::Cache) {
        let cached = cache::predict(input)?;
        parts.push(cached.part);
        let Some(jobs) = cached.jobs else { return Some(parts) };
        input.jobs = jobs;
        input.is_changed = true;
        is_limit = !cache::knows_hits(input);
        models.retain(|model| *model != ModelId::Cache);
        if models.is_empty() {
            models.push(ModelId::Queue);
        }
    }
    for model in models {
        let mut part = match model {
            ModelId::Queue => queue::predict(input)?,
            ModelId::Pool => pool::predict(input)?,
            ModelId::Partition => partition::predict(input)?,
            ModelId::Balance => balance::predict(input)?,
            _ => continue,
        };
        if is_limit && part.confidence.grade == Grade::Replayed {
            part.confidence.grade = Grade::Bound;
            part.confidence.level = Some(Level::Low);
            part.confidence.reason = Some(String::from("No hit was recorded, so a hit is taken to cost nothing."));
            let mut outcomes = measure::Outcomes::new(part);
            outcomes.make_bounds();
            part = outcomes.part;
        }
        parts.push(part);
    }
    Some(parts)
}

fn without_requests(component: &ComponentData, model: ModelId) -> Part {
    let reason = format!("No single requests of {} were recorded.", component.title);
    let needs = "A request log (arrival, start and end of each request), spans, or a trace window on a node.";
    Part::refused(Some(component.id.clone()), model, Confidence::refused(reason, Some(needs.to_owned())))
}

/// What makes every replay impossible.
fn refusal(trace: &Trace) -> Option<Confidence> {
    let served = trace.jobs.len() - trace.rejected();
    if served < measure::FEWEST {
        let reason = format!("Only {served} requests were served: too few to tell a rate to ± 45 %.");
        return Some(Confidence::refused(
            reason,
            Some(format!("A recording of {} requests at least.", measure::FEWEST)),
        ));
    }
    let unknown = trace.without_service.max(trace.fates.iter().filter(|fate| **fate == trace::Fate::Unknown).count());
    if unknown * 10 > served {
        let reason = format!("Of {unknown} of {served} requests it is not known when their service began and ended.");
        let needs = "A log with start and end (or start and service time) of each request.";
        return Some(Confidence::refused(reason, Some(needs.to_owned())));
    }
    None
}

/// Times below this are not told apart: a fiftieth of a service, or the delays of the system itself.
fn resolution_ns(trace: &Trace, recorded: &Recorded) -> f64 {
    let mean = trace.work_ns() / trace.jobs.len().max(1) as f64;
    (mean / 50.0).max(recorded.handover_ns as f64).max(1.0)
}
