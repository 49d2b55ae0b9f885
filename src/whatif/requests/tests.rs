//! Whole answers, on recordings whose truth is known.

use super::*;
use crate::model::request::Request;
use crate::whatif::prediction::{Outcome, Part};

fn session(requests: Vec<Request>) -> SessionData {
    let component = ComponentData { id: "jobs".into(), title: "Jobs".into(), requests, ..ComponentData::default() };
    SessionData { cores: Some(2.0), word_bytes: 8, components: vec![component], ..SessionData::default() }
}

fn ask(data: &SessionData, settings: &[&str]) -> Vec<Part> {
    let settings: Vec<Setting> = settings.iter().map(|text| Setting::parse(text).unwrap()).collect();
    predict(data, &settings, Effort::Full, &|| false)
}

fn figure<'a>(part: &'a Part, metric: &str) -> &'a Outcome {
    let found = part.outcomes.iter().find(|outcome| outcome.metric == metric);
    found.unwrap_or_else(|| panic!("no {metric} in {part:#?}"))
}

/// The p99 wait and the share turned away that these settings really give.
fn truth(jobs: &[Job], rules: &replay::Rules) -> (f64, f64) {
    let waits = replay::replay(jobs, rules, &|| false).unwrap().wait_ns;
    let rejected = waits.iter().filter(|wait| **wait == replay::REJECTED).count();
    (measure::quantiles(&waits, &[0.99])[0] / 1e3, rejected as f64 / waits.len() as f64)
}

#[test]
fn other_workers_and_limits_are_predicted_from_one_recording() {
    let jobs = synthetic::jobs(20_000, 4.0, 0.7, 20);
    let data = session(synthetic::recorded(&jobs, &replay::Rules::workers(4)));
    for (workers, limit) in [(3, None), (3, Some(5)), (6, None), (8, Some(0))] {
        let word = limit.map_or(String::from("none"), |limit: usize| limit.to_string());
        let parts = ask(&data, &[&format!("jobs.workers.count={workers}"), &format!("jobs.queue.limit={word}")]);
        let [part] = parts.as_slice() else { panic!("{parts:?}") };
        assert_eq!(part.confidence.grade, Grade::Replayed);
        assert_eq!(part.confidence.level, Some(Level::High));
        let (wait, rejected) = truth(&jobs, &replay::Rules { limit, ..replay::Rules::workers(workers) });
        let (said, share) = (figure(part, "wait_us.p99"), figure(part, "rejected_share"));
        assert!((said.predicted.value - wait).abs() <= 0.02 * wait + 20.0, "{workers} {limit:?}: {said:?} {wait}");
        assert!(said.predicted.low <= wait && wait <= said.predicted.high);
        assert!((share.predicted.value - rejected).abs() < 0.005);
    }
}

#[test]
fn the_recorded_setting_is_answered_by_the_recording() {
    let data = session(synthetic::waiting(5_000, 4, 0.7, 21));
    let parts = ask(&data, &["jobs.workers.count=4"]);
    assert_eq!(parts[0].confidence.grade, Grade::Measured);
    for outcome in &parts[0].outcomes {
        let Some(baseline) = outcome.baseline else { continue };
        assert!((outcome.predicted.value - baseline).abs() <= 1e-3 * baseline.abs() + 1e-9, "{outcome:?}");
    }
}

#[test]
fn refusals_say_why_and_what_to_record() {
    let refused = |requests: Vec<Request>, setting: &str| {
        let parts = ask(&session(requests), &[setting]);
        assert_eq!(parts[0].confidence.grade, Grade::Refused, "{setting}");
        assert!(parts[0].outcomes.is_empty());
        parts[0].confidence.reason.clone().unwrap()
    };
    assert!(refused(synthetic::waiting(10, 2, 0.5, 22), "jobs.workers.count=3").contains("too few"));
    assert!(refused(synthetic::waiting(5_000, 2, 0.5, 22), "jobs.workers.count=30").contains("four times"));
    assert!(refused(Vec::new(), "jobs.workers.count=3").contains("No single requests"));
    let without_ends =
        synthetic::waiting(5_000, 2, 0.5, 22).into_iter().map(|request| Request { service_ns: None, ..request });
    assert!(refused(without_ends.collect(), "jobs.workers.count=3").contains("not known"));
    // Waits that no queue explains.
    let odd = synthetic::waiting(5_000, 4, 0.7, 22).into_iter().enumerate().map(|(number, request)| {
        let late = request.start.map(|start| start.plus_ns(if number % 3 == 0 { 30_000_000 } else { 0 }));
        Request { start: late, worker: Some(number as u32 % 40), ..request }
    });
    assert!(refused(odd.collect(), "jobs.workers.count=30").contains("does not describe"));
    let keyless = synthetic::waiting(5_000, 1, 0.5, 22).into_iter().map(|request| Request { key: None, ..request });
    assert!(refused(keyless.clone().collect(), "jobs.cache.entries=10").contains("key"));
    let bound = ask(&session(keyless.collect()), &["jobs.partition.count=4"]);
    assert_eq!(bound[0].confidence.grade, Grade::Bound);
    assert!(refused(synthetic::waiting(5_000, 1, 0.5, 22), "jobs.pool.slots=4").contains("warm"));
    assert!(
        refused(synthetic::waiting(5_000, 4, 0.5, 22), "jobs.balance.route_below_percent=50").contains("who served")
    );
}

#[test]
fn no_gain_beyond_the_cores_where_service_computes() {
    let jobs = synthetic::jobs(10_000, 2.0, 0.7, 23);
    let data = session(synthetic::recorded(&jobs, &replay::Rules { cores: 2.0, ..replay::Rules::workers(4) }));
    let sojourn = |setting: &str| figure(&ask(&data, &[setting])[0], "sojourn_us.p99").predicted.value;
    let (four, eight) = (sojourn("jobs.workers.count=4"), sojourn("jobs.workers.count=8"));
    assert!(eight > 0.9 * four, "{four} {eight}");
    // With never more in service than there are cores nobody can tell, so there is no point to be had.
    let few = session(synthetic::recorded(&jobs, &replay::Rules::workers(2)));
    let part = &ask(&few, &["jobs.workers.count=8"])[0];
    assert_eq!(part.confidence.grade, Grade::Bound);
    assert!(figure(part, "sojourn_us.p99").predicted.high.is_infinite());
}

#[test]
fn a_queue_that_grows_has_no_wait() {
    let data = session(synthetic::waiting(5_000, 4, 0.8, 24));
    let part = &ask(&data, &["jobs.workers.count=2"])[0];
    assert!(part.outcomes.iter().all(|outcome| !outcome.metric.starts_with("wait")));
    assert!(part.notes.iter().any(|note| note.contains("grows by")), "{:?}", part.notes);
    assert!((figure(part, "utilization").predicted.value - 1.0).abs() < 0.05);
}

#[test]
fn partitions_divide_the_work_of_one_process() {
    let jobs = synthetic::jobs(20_000, 1.0, 0.7, 25);
    let requests = synthetic::recorded(&jobs, &replay::Rules::workers(1));
    let mut data = session(requests);
    // What service does must be known beyond the cores: here it hardly uses the processor.
    data.components[0].cpu_cores = vec![(crate::model::time::Timestamp(0), 0.01)];
    let part = &ask(&data, &["jobs.partition.count=4"])[0];
    assert_eq!(part.confidence.grade, Grade::Replayed, "{part:#?}");
    let wait = figure(part, "wait_us.p99");
    assert!(wait.predicted.value < 0.6 * wait.baseline.unwrap());
    data.components[0].cpu_cores = Vec::new();
    assert_eq!(ask(&data, &["jobs.partition.count=4"])[0].confidence.grade, Grade::Bound);
    assert_eq!(ask(&data, &["jobs.partition.count=2"])[0].confidence.grade, Grade::Replayed);
}

#[test]
fn a_cache_takes_work_off_the_workers() {
    let data = session(synthetic::waiting(20_000, 4, 0.85, 26));
    let parts = ask(&data, &["jobs.cache.entries=50"]);
    let hits = figure(&parts[0], "hit_share").predicted.value;
    // Keys are drawn evenly from a hundred.
    assert!((hits - 0.5).abs() < 0.02, "{hits}");
    let wait = figure(&parts[1], "wait_us.p90");
    assert!(wait.predicted.value < wait.baseline.unwrap());
    assert_eq!(parts[1].confidence.grade, Grade::Bound, "what a hit costs was not recorded");
}

#[test]
fn coarse_answers_resemble_full_ones_and_both_can_be_cancelled() {
    let data = session(synthetic::waiting(200_000, 4, 0.7, 27));
    let settings = [Setting::parse("*.workers.count=3").unwrap()];
    let wait = |effort| {
        let parts = predict(&data, &settings, effort, &|| false);
        figure(&parts[0], "wait_us.p90").predicted.value
    };
    let (coarse, full) = (wait(Effort::Coarse), wait(Effort::Full));
    assert!((coarse / full).ln().abs() < 0.4, "{coarse} {full}");
    assert!(predict(&data, &settings, Effort::Full, &|| true).is_empty());
}

#[test]
fn more_load_means_more_waiting() {
    let data = session(synthetic::waiting(20_000, 4, 0.6, 28));
    let wait =
        |factor: &str| figure(&ask(&data, &[&format!("jobs.load.factor={factor}")])[0], "wait_us.p90").predicted.value;
    assert!(wait("0.5") < wait("1.0") && wait("1.0") < wait("1.4"));
}
