//! Signs that processes hold each other up: many are found in ets functions, or waiting for the same server.
//!
//! An ordinary emulator does not count lock waits, so this is inferred from stack samples and never called measured.

use std::collections::{BTreeMap, BTreeSet};

use super::observed::{Observed, Subject, derived, leading};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::entity::EntityKind;
use crate::model::format::share_text;
use crate::model::metric;
use crate::model::unit::Unit;

/// Fewer samples tell nothing.
const LEAST_SAMPLES: u64 = 200;
/// So many different processes make it a common matter.
const LEAST_PROCESSES: usize = 3;
const ETS_SHARE: f64 = 0.2;
const WAITING_SHARE: f64 = 0.2;

/// Whether there were stacks.
pub fn not_examined(observed: &Observed) -> Option<String> {
    let samples = total(observed);
    (observed.schedulers > 0 && samples < LEAST_SAMPLES).then(|| {
        format!(
            "Signs of contention were not looked for: that takes {LEAST_SAMPLES} stack samples of busy processes, and there are {samples}."
        )
    })
}

/// All of them.
pub fn find(observed: &Observed) -> Vec<Finding> {
    if total(observed) < LEAST_SAMPLES {
        return Vec::new();
    }
    tables(observed).into_iter().chain(servers(observed)).collect()
}

fn total(observed: &Observed) -> u64 {
    observed.stacks.values().map(|stacks| stacks.samples).sum()
}

fn tables(observed: &Observed) -> Option<Finding> {
    let is_ets = |function: &str| function.starts_with("ets:");
    let mut inside: BTreeMap<String, u64> = BTreeMap::new();
    let mut users = BTreeSet::new();
    for (entity, stacks) in &observed.stacks {
        for (function, count) in stacks.innermost.iter().filter(|(function, _)| is_ets(function)) {
            *inside.entry(function.clone()).or_default() += count;
            users.insert(*entity);
        }
    }
    let samples = total(observed);
    let share = inside.values().sum::<u64>() as f64 / samples as f64;
    if share < ETS_SHARE || users.len() < LEAST_PROCESSES {
        return None;
    }
    let components: BTreeSet<_> = observed
        .subjects
        .iter()
        .filter(|subject| users.contains(&subject.entity))
        .filter_map(|subject| subject.component.clone())
        .collect();
    let is_plain = |subject: &&Subject| {
        let is_off = |name: &str| subject.attributes.get(name).is_none_or(|value| value == "false");
        let is_private = subject.attributes.get("protection").is_some_and(|protection| protection == "private");
        let is_theirs = subject.component.as_ref().is_some_and(|component| components.contains(component));
        let is_table = subject.kind == EntityKind::EtsTable;
        is_table && is_theirs && !is_private && is_off("read_concurrency") && is_off("write_concurrency")
    };
    let mut plain: Vec<&Subject> = observed.subjects.iter().filter(is_plain).collect();
    let rows =
        |subject: &Subject| subject.track(metric::TABLE_OBJECTS).and_then(|rows| rows.last()).map_or(0.0, |it| it.mean);
    plain.sort_by(|a, b| rows(b).total_cmp(&rows(a)).then_with(|| a.name.cmp(&b.name)));
    plain.truncate(3);
    let mut finding = finding(RuleClass::Contention, Severity::Info, Grade::Inferred, &plain, observed.range);
    finding.id = format!("{}:ets", RuleClass::Contention.word());
    let names: Vec<&str> = plain.iter().map(|subject| subject.name.as_str()).collect();
    let which = match names.is_empty() {
        true => String::from("Their tables have read_concurrency or write_concurrency on already."),
        false => {
            format!("Without read_concurrency and write_concurrency are, the largest first: {}.", names.join(", "))
        }
    };
    let functions =
        leading(&inside, samples, 3).into_iter().map(|(name, share)| format!("{name} {}", share_text(share)));
    finding.message = format!(
        "{} processes are found in ets functions in {} of all stack samples ({}); they may wait for a table's lock. {which}",
        users.len(),
        share_text(share),
        functions.collect::<Vec<_>>().join(", "),
    );
    finding.evidence = vec![
        derived("samples in ets functions", share, Unit::RATIO, "samples with an ets function innermost ÷ all samples"),
        observed.measured("stack samples", samples as f64, Unit::COUNT, observed.range),
    ];
    finding.derived = Some(finding.evidence[0].quantity.clone());
    finding.next = String::from(
        "Try read_concurrency or write_concurrency on the busiest table and measure again; lcnt on an emulator built for it tells for certain.",
    );
    Some(finding)
}

/// Servers that many wait for, by the function in which they ask.
fn servers(observed: &Observed) -> Vec<Finding> {
    let mut waits: BTreeMap<&str, (u64, BTreeSet<_>)> = BTreeMap::new();
    for (entity, stacks) in &observed.stacks {
        for (function, count) in &stacks.waits_in {
            let (samples, who) = waits.entry(function.as_str()).or_default();
            *samples += count;
            who.insert(*entity);
        }
    }
    let samples = total(observed);
    let mut found = Vec::new();
    for (function, (count, who)) in waits {
        let share = count as f64 / samples as f64;
        if share < WAITING_SHARE || who.len() < LEAST_PROCESSES {
            continue;
        }
        let callers: Vec<&Subject> =
            observed.subjects.iter().filter(|subject| who.contains(&subject.entity)).take(8).collect();
        let mut finding = finding(RuleClass::Contention, Severity::Info, Grade::Inferred, &callers, observed.range);
        finding.id = format!("{}:{function}", RuleClass::Contention.word());
        finding.message = format!(
            "{} processes are found waiting for an answer in {function} in {} of all stack samples: they wait for the same server.",
            who.len(),
            share_text(share),
        );
        finding.evidence = vec![
            derived("samples waiting", share, Unit::RATIO, "samples in gen:do_call below this function ÷ all samples"),
            observed.measured("processes found waiting", who.len() as f64, Unit::COUNT, observed.range),
        ];
        finding.derived = Some(finding.evidence[0].quantity.clone());
        finding.next = String::from("See whether the server is at its limit (CPU view), or waits for somebody itself.");
        found.push(finding);
    }
    found
}
