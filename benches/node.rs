//! What measuring costs a real node: its processor time for each piece of its own work with and without Vivarium, alternately.
//!
//! `cargo bench --bench node` takes some minutes; without `erl` it is skipped. Ratios are of medians over rounds, so that they bear
//! a machine that others use too. The budgets are printed beside the figures; nothing fails here.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use vivarium::source::beam::{BeamOptions, BeamSource};
use vivarium::source::{Source, StopSignal};

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../tests/support/node.rs"]
mod node;

use node::{Node, is_available};

const SECOND: Duration = Duration::from_secs(1);
const ROUND: Duration = Duration::from_secs(4);
const ROUNDS: usize = 5;

fn main() {
    if std::env::args().any(|argument| argument == "--test" || argument == "--list") || !is_available("erl") {
        return;
    }
    census();
    tracing();
}

fn start(name: &str) -> Node {
    let mut node = Node::start(name);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/support/load.erl");
    node.eval(&format!(
        "{{ok, load, Code}} = compile:file(\"{file}\", [binary]), code:load_binary(load, \"load\", Code)"
    ));
    node
}

/// What a source has told while it ran.
#[derive(Default)]
struct Told {
    events: usize,
    notices: Vec<String>,
}

/// Does something while the node is measured at 1 Hz; `settle` is how long it was measured before.
fn measured<T>(options: &BeamOptions, name: &str, settle: Duration, body: impl FnOnce() -> T) -> (T, Told) {
    let mut source = BeamSource::open(name, options, SECOND).unwrap_or_else(|error| panic!("{error}"));
    let (stop, counts) = (StopSignal::default(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let mut told = Told::default();
            while let Ok(Some(batch)) = source.next_batch(&stop) {
                if counts.load(Ordering::Relaxed) {
                    told.events += batch.gc_events.len();
                }
                told.notices.extend(batch.notices.into_iter().map(|notice| notice.text));
            }
            told
        });
        std::thread::sleep(settle);
        counts.store(true, Ordering::Relaxed);
        let value = body();
        stop.request();
        (value, run.join().unwrap())
    })
}

/// Processor time of a round, in seconds a second, and of each piece of work, in µs.
fn round(node: &mut Node) -> (f64, f64) {
    let (began, cpu_s, done) = (Instant::now(), node.cpu_s(), node.number("load:done()"));
    std::thread::sleep(ROUND);
    let (cpu_s, done) = (node.cpu_s() - cpu_s, node.number("load:done()") - done);
    (cpu_s / began.elapsed().as_secs_f64(), 1e6 * cpu_s / done.max(1.0))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn census() {
    println!("census at 1 Hz (budgets: 1 % of a core, no stretch of more than 10 ms)");
    for processes in [1_000, 10_000, 100_000] {
        let name = format!("bench{processes}@localhost");
        let mut node = start(&name);
        node.eval(&format!("load:idle({processes})"));
        let options = node.options();
        // What attaching takes in its first ten seconds, beyond the budget.
        let before_s = node.cpu_s();
        measured(&options, &name, 10 * SECOND, || ());
        let start_ms = (node.cpu_s() - before_s - 0.1) * 1e3;
        node.eval("load:watch()");
        let idle = round(&mut node).0;
        // The first round of all processes takes a while.
        let settle = Duration::from_secs(if processes > 50_000 { 100 } else { 15 });
        let (share, _) = measured(&options, &name, settle, || {
            node.eval("load:long()");
            median((0..ROUNDS).map(|_| round(&mut node).0).collect()) - idle
        });
        let long = node.eval("load:long()");
        node.eval("load:work(2)");
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            without.push(round(&mut node).1);
            with.push(measured(&options, &name, Duration::from_secs(3), || round(&mut node).1).0);
        }
        let (without, with) = (median(without), median(with));
        println!(
            "{processes:>7} processes: start {start_ms:.0} ms beyond the budget (150 allowed), then {:.2} % of a core; stretches over 10 ms \
             {{number, ms}} {long}; work costs {without:.2} -> {with:.2} us ({:+.1} %)",
            share * 100.0,
            (with / without - 1.0) * 100.0
        );
    }
}

fn tracing() {
    println!("collections of all processes traced (limit 2,000 events a second; budget: 5 % of what the node can do)");
    for (processes, per_second) in [(10, 10), (50, 10), (100, 20), (200, 100)] {
        let name = format!("gc{processes}x{per_second}@localhost");
        let mut node = start(&name);
        node.eval(&format!("load:garbage({processes}, {per_second})"));
        let collections = "element(1, erlang:statistics(garbage_collection))";
        let (before, began) = (node.number(collections), Instant::now());
        std::thread::sleep(2 * SECOND);
        let rate = (node.number(collections) - before) / began.elapsed().as_secs_f64();
        let plain = node.options();
        let (mut without, mut with, mut events, mut limited) = (Vec::new(), Vec::new(), 0, false);
        for _ in 0..ROUNDS {
            let settle = Duration::from_secs(6);
            without.push(measured(&plain, &name, settle, || round(&mut node)).0);
            let traced = node.options();
            traced.gc_trace.set_all(true);
            let (cost, told) = measured(&traced, &name, settle, || round(&mut node));
            with.push(cost);
            events += told.events;
            limited |= told.notices.iter().any(|notice| notice.contains("events a second"));
        }
        let of = |rounds: &[(f64, f64)]| {
            (median(rounds.iter().map(|one| one.0).collect()), median(rounds.iter().map(|one| one.1).collect()))
        };
        let ((share, without), (share_with, with)) = (of(&without), of(&with));
        let traced = events as f64 / (ROUNDS as f64 * ROUND.as_secs_f64());
        println!(
            "{rate:>7.0} collections a second: {traced:.0} traced{}; work costs {without:.1} -> {with:.1} us, the node takes {:.1} % -> {:.1} % of a core",
            if limited { ", limited" } else { "" },
            share * 100.0,
            share_with * 100.0
        );
    }
}
