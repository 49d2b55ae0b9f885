//! Work that goes through one process, which is at its limit while other schedulers have room.
//!
//! One process runs on one scheduler at a time. Where it takes nearly all of that, and messages wait or callers wait for its
//! answers, more cores do not help. Its share of a core is derived: its share of the node's reductions times the schedulers' busy time.

use std::collections::BTreeSet;

use super::observed::{Observed, Subject, derived, leading};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::analysis::stats::quantile;
use crate::model::entity::EntityKind;
use crate::model::format::{duration_text, number_text, share_text};
use crate::model::metric;
use crate::model::unit::Unit;

/// From this share of a core on a process is at its limit.
const FULL_CORES: f64 = 0.8;
/// Shorter stretches at the limit are bursts that nobody waits long for.
const LEAST_RUN_S: f64 = 5.0;
/// A look may come so late on a busy machine.
const LATE_S: f64 = 3.0;
/// In all.
const LEAST_TOTAL_S: f64 = 8.0;
/// So many messages waiting at the end of a stretch are a queue.
const LEAST_QUEUE: f64 = 10.0;
/// Callers found waiting, of those who were sampled at all.
const LEAST_CALLERS: usize = 3;
/// Schedulers busier than this have no room.
const NO_ROOM: f64 = 0.95;
/// At its limit for so long at a stretch, or such a share of the time, it is critical.
const CRITICAL_RUN_S: f64 = 60.0;
const CRITICAL_SHARE: f64 = 0.5;

/// A stretch in which a process was at its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    from_s: f64,
    to_s: f64,
    /// Messages waiting when it began.
    queue: f64,
    /// The most that waited, and when.
    peak: f64,
    peak_s: f64,
}

/// All of them.
pub fn find(observed: &Observed) -> Vec<Finding> {
    // With one scheduler everything shares it, and nobody else has room.
    if observed.schedulers < 2 {
        return Vec::new();
    }
    let processes = observed.subjects.iter().filter(|subject| subject.kind == EntityKind::BeamProcess);
    processes.filter_map(|process| bottleneck(observed, process)).collect()
}

fn bottleneck(observed: &Observed, process: &Subject) -> Option<Finding> {
    let cores = process.track(metric::CPU_CORES)?;
    let runs: Vec<Run> = runs(process).into_iter().filter(|run| has_room(observed, run)).collect();
    let total_s: f64 = runs.iter().map(|run| run.to_s - run.from_s).sum();
    if total_s < LEAST_TOTAL_S {
        return None;
    }
    let peak = runs.iter().map(|run| run.peak).fold(0.0, f64::max);
    let callers = callers(observed, process);
    let growing: Vec<&Run> = runs.iter().filter(|run| run.peak - run.queue >= LEAST_QUEUE).collect();
    let stands = runs.iter().any(|run| run.queue >= LEAST_QUEUE);
    if growing.is_empty() && !stands && callers.len() < LEAST_CALLERS {
        return None;
    }
    let longest_s = runs.iter().map(|run| run.to_s - run.from_s).fold(0.0, f64::max);
    let seen_s = cores.span_s().max(total_s);
    let share = total_s / seen_s;
    let is_critical = longest_s >= CRITICAL_RUN_S || share >= CRITICAL_SHARE;
    let severity = if is_critical { Severity::Critical } else { Severity::Warning };
    let (from_s, to_s) = (runs.first()?.from_s, runs.last()?.to_s);
    let range = observed.stretch(from_s, to_s);
    let mut finding = finding(RuleClass::Serialization, severity, Grade::Derived, &[process], range);

    let in_runs = |at_s: f64| runs.iter().any(|run| (run.from_s..run.to_s).contains(&at_s));
    let busy: Vec<f64> = cores.levels.iter().filter(|level| in_runs(level.at_s)).map(|level| level.mean).collect();
    let busy = quantile::median(&busy)?;
    let whole = observed.whole().and_then(|whole| whole.track(metric::CPU_UTILIZATION));
    let others: Vec<f64> =
        whole.iter().flat_map(|track| &track.levels).filter(|level| in_runs(level.at_s)).map(|l| l.mean).collect();
    let schedulers = observed.schedulers as f64;
    let spare = quantile::median(&others).map(|utilization| (1.0 - utilization) * schedulers);

    let formula = "share of the node's reductions × busy time of all schedulers";
    finding.evidence.push(derived("share of one core while at its limit", busy, Unit::CORES, formula));
    finding.evidence.push(derived(
        "time at its limit",
        total_s,
        Unit::SECONDS,
        "stretches of 5 s or more at 0.8 cores or more",
    ));
    finding.evidence.push(observed.measured("most messages waiting", peak, Unit::COUNT, range));
    if let Some(spare) = spare {
        finding.evidence.push(derived(
            "room on schedulers meanwhile",
            spare,
            Unit::CORES,
            "(1 − utilization) × schedulers",
        ));
    }
    let mut why = Vec::new();
    if let Some(net) = net_rate(&growing) {
        why.push(format!("{} more messages came than it handled", number_text(net, Unit::COUNT_PER_S)));
        finding.evidence.push(derived(
            "arrivals less what it handled",
            net,
            Unit::COUNT_PER_S,
            "rise of the queue ÷ time",
        ));
    }
    if peak >= LEAST_QUEUE {
        why.push(format!("up to {} waited", number_text(peak, Unit::COUNT)));
    }
    if callers.len() >= LEAST_CALLERS {
        why.push(format!("{} processes were found waiting for its answer", callers.len()));
        finding.evidence.push(observed.measured("processes found waiting", callers.len() as f64, Unit::COUNT, range));
    }
    let functions = functions(observed, process);
    let at_work = if functions.is_empty() { String::new() } else { format!(" It was in {}.", functions.join(", ")) };
    let room = spare.map_or_else(String::new, |spare| {
        format!(", while the schedulers together had room for {} more", number_text(spare, Unit::CORES))
    });
    finding.message = format!(
        "{} is a bottleneck: it took {} of the one core that a process can have for {} in {} ({}){room}; {}.{at_work}",
        process.name,
        share_text(busy.min(1.0)),
        duration_text(total_s.round()),
        stretches(runs.len()),
        share_text(share),
        why.join(", "),
    );
    finding.derived = Some(derived("share of a core", busy, Unit::CORES, formula).quantity);
    finding.stated = observed.stated(process, metric::CPU_CORES);
    finding.next = String::from(
        "Let callers read from a table instead of asking, do less in each call, or split the process by key; a What-if on the \
         number of partitions says how many.",
    );
    Some(finding)
}

fn stretches(count: usize) -> String {
    if count == 1 { String::from("one stretch") } else { format!("{count} stretches") }
}

/// Stretches at the limit.
fn runs(process: &Subject) -> Vec<Run> {
    let Some(cores) = process.track(metric::CPU_CORES) else { return Vec::new() };
    let queue = process.track(metric::QUEUE_LENGTH);
    let waiting = |at_s: f64| queue.and_then(|queue| queue.mean_at(at_s)).unwrap_or(0.0);
    // Who measures less often, by choice or on a loaded node, still looks one time after the other.
    let spaces = cores.levels.windows(2).map(|pair| pair[1].at_s - pair[0].at_s - cores.width_s);
    let space_s = quantile::median(&spaces.collect::<Vec<f64>>()).unwrap_or(0.0);
    let joined_s = cores.width_s.max(LATE_S).max(1.5 * space_s);
    let mut found: Vec<Run> = Vec::new();
    let mut before: Option<f64> = None;
    for level in &cores.levels {
        let to_s = level.at_s + cores.width_s;
        let joins = before.is_some_and(|end_s: f64| level.at_s - end_s <= joined_s);
        if level.mean < FULL_CORES {
            before = None;
            continue;
        }
        let waits = waiting(level.at_s);
        match found.last_mut().filter(|_| joins) {
            Some(run) => {
                run.to_s = to_s;
                if waits > run.peak {
                    (run.peak, run.peak_s) = (waits, to_s);
                }
            }
            None => found.push(Run { from_s: level.at_s, to_s, queue: waits, peak: waits, peak_s: to_s }),
        }
        before = Some(to_s);
    }
    found.retain(|run| run.to_s - run.from_s >= LEAST_RUN_S);
    found
}

/// Whether others could have run: schedulers were not all busy, or nobody waited for one.
fn has_room(observed: &Observed, run: &Run) -> bool {
    let Some(whole) = observed.whole() else { return false };
    let within = |metric| {
        let levels = whole.track(metric).into_iter().flat_map(|track| &track.levels);
        let values = levels.filter(|level| (run.from_s..run.to_s).contains(&level.at_s)).map(|level| level.mean);
        quantile::median(&values.collect::<Vec<f64>>())
    };
    let is_idle = within(metric::CPU_UTILIZATION).is_some_and(|utilization| utilization <= NO_ROOM);
    let nobody_waits = within(metric::BEAM_RUN_QUEUE).is_some_and(|queue| queue <= observed.schedulers as f64 / 2.0);
    is_idle || nobody_waits
}

/// The rise of queues to the most that waited, per second.
fn net_rate(growing: &[&Run]) -> Option<f64> {
    let rise: f64 = growing.iter().map(|run| run.peak - run.queue).sum();
    let time_s: f64 = growing.iter().map(|run| run.peak_s - run.from_s).sum();
    (time_s > 0.0).then(|| rise / time_s)
}

/// Who was found waiting in a function of one of the process' own modules, which is how a server is asked.
fn callers<'a>(observed: &'a Observed, process: &Subject) -> Vec<&'a str> {
    let Some(own) = observed.stacks.get(&process.entity) else { return Vec::new() };
    let module = |function: &str| function.split(':').next().unwrap_or_default().to_owned();
    let generic = ["gen", "gen_server", "gen_statem", "gen_event", "proc_lib", "lists", "maps", "ets", "erlang"];
    let modules: BTreeSet<String> = own
        .anywhere
        .keys()
        .map(|function| module(function))
        .filter(|module| !generic.contains(&module.as_str()))
        .collect();
    let is_caller = |subject: &&Subject| {
        let stacks = observed.stacks.get(&subject.entity);
        let asks = |stacks: &super::Stacks| stacks.waits_in.keys().any(|function| modules.contains(&module(function)));
        subject.entity != process.entity && stacks.is_some_and(asks)
    };
    observed.subjects.iter().filter(is_caller).map(|subject| subject.name.as_str()).collect()
}

/// Where it was, without what every server does.
fn functions(observed: &Observed, process: &Subject) -> Vec<String> {
    let Some(stacks) = observed.stacks.get(&process.entity) else { return Vec::new() };
    let is_frame = |function: &str| {
        ["proc_lib:", "gen_server:", "gen_statem:", "gen_event:", "gen:"]
            .iter()
            .any(|module| function.starts_with(module))
    };
    let own = stacks.anywhere.iter().filter(|(function, _)| !is_frame(function) && !function.contains(":-"));
    let own = own.map(|(function, count)| (function.clone(), *count)).collect();
    // What is in nearly every sample is how work is handed out; what it is handed to tells more.
    let all = leading(&own, stacks.samples, 12);
    let parts: Vec<&(String, f64)> = all.iter().filter(|(_, share)| (0.1..0.8).contains(share)).collect();
    let many = if parts.is_empty() { all.iter().collect() } else { parts };
    many.into_iter().take(4).map(|(function, share)| format!("{function} {}", share_text(*share))).collect()
}
