//! Workers and the limit of their queue: the recorded arrivals and services, replayed with another number of either.

use crate::model::unit::Unit;
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Band, Confidence, Grade, Part};

use super::Input;
use super::measure::{self, Outcomes, SelfReplay};
use super::recorded::{Service, unshared};
use super::replay::{REJECTED, Replayed, Rules, WhenFull, replay};
use super::trace::{Fate, Job, Trace};

/// What is compared with the recording before anything is changed.
const SELF: [(&str, f64); 3] = [("wait_us.p50", 0.5), ("wait_us.p90", 0.9), ("wait_us.p99", 0.99)];
/// One recording tells about up to four times as many workers, or a quarter.
const FARTHEST: f64 = 1.386_294_4;

/// The answer; `None` when cancelled.
pub(super) fn predict(input: &Input) -> Option<Part> {
    let trace = &input.trace;
    let refused = |confidence| Some(measure::empty_part(&input.component.id, ModelId::Queue, confidence));
    if let Some(refusal) = super::refusal(trace) {
        return refused(refusal);
    }
    let recorded = &input.recorded;
    let chosen = &input.chosen;
    let workers = chosen.workers.unwrap_or(recorded.workers);
    let distance = (workers as f64 / recorded.workers as f64).ln().abs();
    if distance > FARTHEST + 1e-9 {
        let reason = format!(
            "{workers} workers are more than four times, or less than a quarter of, the recorded {}.",
            recorded.workers
        );
        let needs = format!("A recording with about {} workers.", midway(workers, recorded.workers));
        return refused(Confidence::refused(reason, Some(needs)));
    }
    let own_rules = recorded.rules();
    let rules = Rules {
        workers,
        limit: chosen.limit.unwrap_or(recorded.limit),
        when_full: chosen.when_full.unwrap_or(WhenFull::Drop),
        ..own_rules.clone()
    };
    let work = if own_rules.cores.is_finite() { Some(unshared(trace, own_rules.cores)) } else { None };
    let with_work = |jobs: &[Job]| -> Vec<Job> {
        match &work {
            Some(work) => jobs.iter().zip(work).map(|(job, work)| Job { service_ns: *work, ..*job }).collect(),
            None => jobs.to_vec(),
        }
    };
    let own = replay(&with_work(&trace.jobs), &own_rules, input.cancelled)?;
    let waits = recorded_waits(trace);
    let resolution_ns = super::resolution_ns(trace, recorded);
    let mut self_replay = SelfReplay::compare(&SELF, &waits, &own.wait_ns, resolution_ns, input.effort);
    let count = trace.jobs.len() as f64;
    let rejected_before = trace.rejected() as f64 / count;
    let rejected_again = own.wait_ns.iter().filter(|wait| **wait == REJECTED).count() as f64 / count;
    self_replay.errors.push(("rejected_share", (rejected_again - rejected_before).abs()));

    let load = chosen.load;
    let (is_same, mut grade) = (
        workers == recorded.workers && rules.limit == recorded.limit && load == 1.0 && !input.is_changed,
        Grade::Replayed,
    );
    let mut notes = Vec::new();
    if is_same && rules.when_full == WhenFull::Drop {
        grade = Grade::Measured;
    } else if load > 2.0 {
        grade = Grade::Bound;
        notes.push(String::from("Beyond twice the recorded load only limits can be told."));
    } else if let Some(note) = beyond_cores(input, workers) {
        grade = Grade::Bound;
        notes.push(note);
    }
    let confidence = self_replay.confidence(grade, distance);
    if confidence.grade == Grade::Refused {
        return refused(confidence);
    }
    let scaled = if load == 1.0 {
        with_work(&input.jobs)
    } else {
        Trace { jobs: with_work(&input.jobs), ..trace.clone() }.scaled(load)
    };
    let result = if grade == Grade::Measured { own } else { replay(&scaled, &rules, input.cancelled)? };
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Queue, confidence));
    outcomes.part.notes = notes;
    describe(input, &mut outcomes);
    let capacity = workers as f64;
    let capacity = if rules.cores.is_finite() { capacity.min(rules.cores) } else { capacity };
    let offered = scaled.iter().map(|job| job.service_ns as f64).sum::<f64>() / (trace.span_ns as f64 * capacity);
    let grows = offered >= 1.0 && rules.limit.is_none() && rules.clients.is_none() && grade != Grade::Measured;
    let doubt = self_replay.doubt.at_distance(distance);
    figures(input, &mut outcomes, &result, &scaled, &rules, doubt, grows, grade == Grade::Measured);
    if grows {
        let per_s = scaled.len() as f64 / (trace.span_ns as f64 / 1e9) * (1.0 - 1.0 / offered);
        outcomes.note(format!(
            "The workers can't keep up: the queue grows by about {per_s:.1} requests a second, so there is no wait to tell."
        ));
    }
    if grade == Grade::Bound {
        outcomes.make_bounds();
    }
    Some(outcomes.part)
}

fn midway(a: usize, b: usize) -> usize {
    ((a as f64 * b as f64).sqrt().round() as usize).max(1)
}

/// Waits of jobs, [`REJECTED`] of those turned away.
pub(super) fn recorded_waits(trace: &Trace) -> Vec<i64> {
    let wait = |fate: &Fate| if let Fate::Waited(wait) = fate { *wait } else { REJECTED };
    trace.fates.iter().map(wait).collect()
}

/// More workers than cores, and nothing tells whether they compute: then only a limit can be told.
pub(super) fn beyond_cores(input: &Input, workers: usize) -> Option<String> {
    if input.recorded.service != Service::Unknown || workers <= input.recorded.workers {
        return None;
    }
    let cores = input.cores.unwrap_or(1.0);
    (workers as f64 > cores).then(|| {
        format!(
            "The recording can't tell whether service computes or waits. If it computes, more than {cores} at once gain nothing: \
             a recording with processor time, or with more than {cores} in service, would tell."
        )
    })
}

/// What the replay takes for granted.
fn describe(input: &Input, outcomes: &mut Outcomes) {
    let recorded = &input.recorded;
    if input.trace.workers.is_none() {
        outcomes
            .note(format!("The log names no workers; never more than {} requests were in service.", recorded.workers));
    }
    if let Some(clients) = &recorded.clients {
        outcomes.note(format!(
            "{} clients wait for each answer before they ask again; so they were replayed.",
            clients.first_ns.len()
        ));
    }
    if let Service::Computing { cores } = recorded.service {
        outcomes.note(format!("Service computes: those in service share {cores} cores."));
    }
    if let Some(retries) = recorded.retries {
        let percent = retries.probability * 100.0;
        outcomes.note(format!(
            "{percent:.0} % of those turned away come again after {:.1} ms.",
            retries.backoff_ns as f64 / 1e6
        ));
    }
}

#[expect(clippy::too_many_arguments, reason = "the figures need both replays and what was changed")]
fn figures(
    input: &Input,
    outcomes: &mut Outcomes,
    result: &Replayed,
    jobs: &[Job],
    rules: &Rules,
    doubt: measure::Doubt,
    grows: bool,
    is_measured: bool,
) {
    let trace = &input.trace;
    let waits = recorded_waits(trace);
    let sojourns: Vec<i64> = waits
        .iter()
        .zip(&trace.jobs)
        .map(|(wait, job)| if *wait == REJECTED { REJECTED } else { wait + job.service_ns })
        .collect();
    let (wait_ns, sojourn_ns) = if is_measured { (&waits, &sojourns) } else { (&result.wait_ns, &result.sojourn_ns) };
    let ns = measure::Doubt { resolution: doubt.resolution * 1e3, ..doubt };
    if !grows {
        let enough = wait_ns.len() >= measure::FEWEST_FOR_P99;
        let qs = if enough { &[0.5, 0.9, 0.99][..] } else { &[0.5, 0.9][..] };
        let before = measure::quantiles(&waits, qs);
        let names = ["wait_us.p50", "wait_us.p90", "wait_us.p99"];
        for ((name, before), band) in names.into_iter().zip(before).zip(measure::banded_quantiles(wait_ns, qs, ns)) {
            outcomes.add_time(name, Some(before), band);
        }
        let qs = if enough { &[0.5, 0.99][..] } else { &[0.5][..] };
        let before = measure::quantiles(&sojourns, qs);
        let names = ["sojourn_us.p50", "sojourn_us.p99"];
        for ((name, before), band) in names.into_iter().zip(before).zip(measure::banded_quantiles(sojourn_ns, qs, ns)) {
            outcomes.add_time(name, Some(before), band);
        }
        if !enough {
            outcomes.note(format!("A 99th percentile needs {} requests.", measure::FEWEST_FOR_P99));
        }
    }
    let span_s = trace.span_ns as f64 / 1e9;
    let shares = measure::Doubt { resolution: 0.002, ..doubt };
    let is_rejected = |wait: &i64| f64::from(u8::from(*wait == REJECTED));
    let share = measure::banded_mean(wait_ns.iter().map(is_rejected), shares);
    let before = trace.rejected() as f64;
    let count = jobs.len() as f64;
    outcomes.add("rejected_share", Unit::RATIO, Some(before / trace.jobs.len() as f64), cap(share));
    outcomes.add("rejected", Unit::COUNT, Some(before * input.thinning), measure::scale(share, count * input.thinning));
    let served = trace.jobs.len() as f64 - before;
    let closed_span = rules.clients.as_ref().map(|_| (result.end_ns as f64 / 1e9).max(1e-9));
    let mut rate = count * (1.0 - share.value) / closed_span.unwrap_or(span_s);
    if grows {
        rate = capacity(rules) / mean_service_s(jobs);
    }
    let few = (count * (1.0 - share.value)).max(1.0).sqrt().recip();
    let half = rate * few.hypot(if rules.clients.is_some() { doubt.model } else { 0.0 });
    outcomes.add(
        "throughput_per_s",
        Unit::COUNT_PER_S,
        Some(served / span_s),
        Band { value: rate, low: rate - 1.28 * half, high: rate + 1.28 * half },
    );
    let busy = |jobs: &[Job], waits: &[i64]| {
        jobs.iter().zip(waits).filter(|(_, wait)| **wait != REJECTED).map(|(job, _)| job.service_ns as f64).sum::<f64>()
    };
    let recorded_workers = input.recorded.workers as f64;
    let before = busy(&trace.jobs, &waits) / (trace.span_ns as f64 * recorded_workers);
    let used = if rules.cores.is_finite() { result.busy_ns } else { busy(jobs, wait_ns) };
    let used = used / (closed_span.unwrap_or(span_s) * 1e9 * rules.workers as f64);
    let used = Band { value: used, low: used * (1.0 - doubt.model), high: used * (1.0 + doubt.model) };
    outcomes.add("utilization", Unit::RATIO, Some(before.min(1.0)), cap(used));
    outcomes.add("queue.peak", Unit::COUNT, None, Band::exact(result.peak_waiting as f64));
    if !result.blocked_ns.is_empty() {
        let blocked = measure::banded_quantiles(&result.blocked_ns, &[0.99], ns)[0];
        outcomes.add_time("blocked_us.p99", None, blocked);
    }
    let arrivals: Vec<i64> = jobs.iter().map(|job| job.arrival_ns).collect();
    outcomes.part.curves.push(measure::wait_curve(trace, &waits, &arrivals, wait_ns));
}

fn capacity(rules: &Rules) -> f64 {
    (rules.workers as f64).min(rules.cores)
}

fn mean_service_s(jobs: &[Job]) -> f64 {
    jobs.iter().map(|job| job.service_ns as f64).sum::<f64>() / jobs.len().max(1) as f64 / 1e9
}

/// A share is never more than all.
pub(super) fn cap(band: Band) -> Band {
    Band { value: band.value.min(1.0), low: band.low.min(1.0), high: band.high.min(1.0) }
}
