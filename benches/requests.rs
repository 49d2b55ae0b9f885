//! What an answer about requests costs while a slider moves, and in full, on a million requests.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use vivarium::analysis::stats::random::Random;
use vivarium::model::entity::EntityId;
use vivarium::model::request::{Request, RequestOutcome};
use vivarium::model::time::Timestamp;
use vivarium::whatif::data::{ComponentData, SessionData};
use vivarium::whatif::prediction::Effort;
use vivarium::whatif::requests::predict;
use vivarium::whatif::scenario::Setting;

/// A day's worth of requests to `workers` that are busy for seven tenths of the time; keys are skewed.
fn requests(count: usize, workers: usize, is_pool: bool) -> Vec<Request> {
    let mut random = Random::new(1);
    let mut free = vec![0_i64; workers];
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            at += random.exponential() * 1e6 / (0.7 * workers as f64);
            let arrival = at as i64;
            let (worker, free_ns) = free.iter_mut().enumerate().min_by_key(|(_, free)| **free).unwrap();
            let start = (*free_ns).max(arrival);
            let service = (random.exponential() * 1e6) as i64 + 1;
            *free_ns = start + service;
            Request {
                arrival: Timestamp(arrival),
                entity: EntityId(1),
                start: Some(Timestamp(start)),
                service_ns: Some(service as u64),
                ready: None,
                key: Some((random.unit().powi(3) * 50_000.0) as u64),
                operation: None,
                worker: Some(worker as u32),
                reused: is_pool.then(|| random.unit() < 0.8),
                outcome: RequestOutcome::Ok,
            }
        })
        .collect()
}

fn answers(criterion: &mut Criterion) {
    let session = |requests| SessionData {
        cores: Some(2.0),
        components: vec![ComponentData {
            id: "jobs".into(),
            requests,
            cpu_cores: vec![(Timestamp(0), 0.01)],
            ..ComponentData::default()
        }],
        ..SessionData::default()
    };
    let queue = session(requests(1_000_000, 4, false));
    let single = session(requests(1_000_000, 1, false));
    let pool = session(requests(1_000_000, 4, true));
    let cases = [
        ("workers", &queue, "*.workers.count=3"),
        ("queue limit", &queue, "*.queue.limit=10"),
        ("pool", &pool, "*.pool.slots=3"),
        ("partitions", &single, "*.partition.count=4"),
        ("cache", &queue, "*.cache.entries=1000"),
        ("balancer", &queue, "*.balance.queue_above_percent=80"),
    ];
    for (name, data, setting) in cases {
        let settings = [Setting::parse(setting).unwrap()];
        for (word, effort) in [("coarse", Effort::Coarse), ("full", Effort::Full)] {
            let ask = || predict(data, &settings, effort, &|| false);
            assert!(!ask().is_empty());
            criterion.bench_function(&format!("{name}, 1 M requests, {word}"), |bencher| {
                bencher.iter_batched(|| (), |()| ask(), BatchSize::PerIteration);
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = answers
}
criterion_main!(benches);
