//! One relation at a time, with figures for which it holds and figures for which it does not.

use vivarium::analysis::consistency::{Severity, check};
use vivarium::model::document::Document;

use crate::{document, told};

/// Relations between other figures than the seed's, each with figures for which it holds and figures for which it does not.
struct Case {
    class: &'static str,
    relation: &'static str,
    /// Name, value, unit, and what else belongs to the figure.
    figures: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Values that make it wrong.
    wrong: &'static [(&'static str, &'static str)],
    severity: Severity,
    /// What is said then.
    says: &'static str,
}

const CASES: &[Case] = &[
    Case {
        class: "forecast_versus_slope",
        relation: r#"Forecast(level: "now", growth: "growth", limit: "limit", reached_in: "time")"#,
        figures: &[
            ("now", "Exact(7.2)", "GB", ""),
            ("growth", "Exact(105)", "MB/d", ""),
            ("limit", "Exact(9.3)", "GB", ""),
            ("time", "Exact(3)", "wk", ""),
        ],
        wrong: &[("time", "Exact(3)"), ("growth", "Exact(10)")],
        severity: Severity::Contradiction,
        says: "9.30 GB − 7.20 GB = 2.10 GB; at 10.0 MB/d that takes 30 wk; stated: 3 wk",
    },
    Case {
        class: "forecast_versus_slope",
        relation: r#"Projection(level: "now", growth: "growth", over: "over", projected: "then", after: "after")"#,
        figures: &[
            ("now", "Exact(200)", "count/s", ""),
            ("growth", "Exact(10)", "%", ""),
            ("over", "Exact(1)", "mo", ""),
            ("then", "Exact(242)", "count/s", ""),
            ("after", "Exact(2)", "mo", ""),
        ],
        wrong: &[("then", "Exact(400)")],
        severity: Severity::Contradiction,
        says: "242 /s",
    },
    Case {
        class: "slope_versus_ends",
        relation: r#"Slope(values: "ends", times: "when", rate: "slope")"#,
        figures: &[
            ("ends", "Change(30, 50)", "kB", ""),
            ("when", "Change(0, 4)", "h", ""),
            ("slope", "Exact(5)", "kB/h", ""),
        ],
        wrong: &[("slope", "Exact(4)")],
        severity: Severity::Contradiction,
        says: "4.00 kB/h would follow from counting 5 intervals, one too many",
    },
    Case {
        class: "slope_versus_ends",
        relation: r#"Slope(values: "ends", times: "when", rate: "slope")"#,
        figures: &[
            ("ends", "Change(40, 60)", "%", ""),
            ("when", "Change(1, 2)", "d", ""),
            ("slope", "Exact(20)", "%/d", ""),
        ],
        wrong: &[("slope", "Exact(50)")],
        severity: Severity::Ambiguous,
        says: "only as a share of what it was",
    },
    Case {
        class: "frequency_versus_period",
        relation: r#"Reciprocal(period: "every", rate: "rate")"#,
        figures: &[("every", "Exact(250)", "ms", ""), ("rate", "Exact(4)", "count/s", "")],
        wrong: &[("rate", "Exact(25)")],
        severity: Severity::Contradiction,
        says: "One every 250 ms is 4 /s; stated: 25 /s",
    },
    Case {
        class: "flow_versus_cycle",
        relation: r#"Cycle(amount: "batch", period: "every", flow: "flow")"#,
        figures: &[
            ("batch", "Exact(600)", "count", ""),
            ("every", "Exact(5)", "min", ""),
            ("flow", "Exact(2)", "count/s", ""),
        ],
        wrong: &[("flow", "Exact(20)")],
        severity: Severity::Contradiction,
        says: "600 every 5 min is 2 /s",
    },
    Case {
        class: "inflow_versus_outflow",
        relation: r#"Balance(inflow: ["in"], outflow: "out", trend: "trend")"#,
        figures: &[
            ("in", "Exact(50)", "count/s", ""),
            ("out", "Exact(48)", "count/s", ""),
            ("trend", "Exact(120)", "count/min", ""),
        ],
        wrong: &[("out", "Exact(10)")],
        severity: Severity::Contradiction,
        says: "50 /s in − 10 /s out = 40 /s",
    },
    Case {
        class: "parts_versus_whole",
        relation: r#"Sum(whole: "all", parts: ["a", "b"], complete: true)"#,
        figures: &[("all", "Exact(1)", "kUSD", ""), ("a", "Exact(400)", "USD", ""), ("b", "Exact(600)", "USD", "")],
        wrong: &[("b", "Exact(300)")],
        severity: Severity::Contradiction,
        says: "$300 (30 %) are nowhere",
    },
    Case {
        class: "parts_versus_whole",
        relation: r#"Sum(whole: "all", parts: ["a", "b"])"#,
        figures: &[("all", "Exact(10)", "GB", ""), ("a", "Exact(4)", "GB", ""), ("b", "Exact(6)", "GB", "")],
        wrong: &[("b", "Exact(7)")],
        severity: Severity::Contradiction,
        says: "more than the whole",
    },
    Case {
        class: "parts_versus_whole",
        relation: r#"Count(each: "van", number: "vans")"#,
        figures: &[
            ("vans", "Exact(3)", "count", ""),
            ("all", "Exact(600)", "kB", ""),
            ("one", "Exact(200)", "kB", r#"each: "van", part_of: "all""#),
        ],
        wrong: &[("one", "Exact(250)")],
        severity: Severity::Contradiction,
        says: "3 × 250 kB = 750 kB",
    },
    Case {
        class: "product",
        relation: r#"Product(each: "one", count: "count", total: ["all"])"#,
        figures: &[
            ("one", "Exact(25)", "USD", ""),
            ("count", "Exact(40)", "count", ""),
            ("all", "Exact(1)", "kUSD", ""),
        ],
        wrong: &[("count", "Exact(80)")],
        severity: Severity::Contradiction,
        says: "80 × $25 = $2k",
    },
    Case {
        class: "ratio",
        relation: r#"Ratio(part: "part", whole: "whole", share: "share", rest: "rest")"#,
        figures: &[
            ("part", "Exact(3)", "h", ""),
            ("whole", "Exact(1)", "d", ""),
            ("share", "Exact(12.5)", "%", ""),
            ("rest", "Exact(87.5)", "%", ""),
        ],
        wrong: &[("rest", "Exact(80)")],
        severity: Severity::Contradiction,
        says: "The rest is 87.5 %; stated: 80 %",
    },
    Case {
        class: "ratio",
        relation: r#"PerUnit(pairs: [("sum1", "n1"), ("sum2", "n2")])"#,
        figures: &[
            ("sum1", "Exact(10)", "MB", ""),
            ("n1", "Exact(100)", "count", ""),
            ("sum2", "Exact(2)", "MB", ""),
            ("n2", "Exact(20)", "count", ""),
        ],
        wrong: &[("sum2", "Exact(4)")],
        severity: Severity::Ambiguous,
        says: "100 kB each; 4.00 MB ÷ 20 = 200 kB each",
    },
    Case {
        class: "relative_effect",
        relation: r#"Change(before: "then", after: "now", change: "change")"#,
        figures: &[("then", "Exact(80)", "ms", ""), ("now", "Exact(60)", "ms", ""), ("change", "Exact(-25)", "%", "")],
        wrong: &[("change", "Exact(-20)")],
        severity: Severity::Contradiction,
        says: "From 80 ms to 60 ms is −25 %",
    },
    Case {
        class: "relative_effect",
        relation: r#"Change(before: "ends", change: "change")"#,
        figures: &[("ends", "Change(20, 30)", "%", ""), ("change", "Exact(50)", "%", "")],
        wrong: &[("change", "Exact(10)")],
        severity: Severity::Ambiguous,
        says: "It holds in points",
    },
    Case {
        class: "relative_effect",
        relation: r#"Better(better: "better", first: ["test"], then: ["live"])"#,
        figures: &[
            ("test", "Change(100, 80)", "ms", ""),
            ("live", "Change(100, 78)", "ms", ""),
            ("better", "Exact(10)", "%", ""),
        ],
        wrong: &[("better", "Exact(40)")],
        severity: Severity::Contradiction,
        says: "−22 ms against −20 ms, +10 %",
    },
    Case {
        class: "sum_of_effects",
        relation: r#"Combined(effects: ["a", "b"], combined: "both")"#,
        figures: &[("a", "Exact(-50)", "%", ""), ("b", "Exact(-50)", "%", ""), ("both", "Exact(-75)", "%", "")],
        wrong: &[("both", "Exact(-100)")],
        severity: Severity::Contradiction,
        says: "= 0.25× at most",
    },
    Case {
        class: "target_versus_effect",
        relation: r#"Reaches(target: "goal", now: "now", effects: ["change"])"#,
        figures: &[
            ("goal", "Below(100)", "ms", r#"metric: "request.latency_s""#),
            ("now", "Exact(0.18)", "s", ""),
            ("change", "Exact(-50)", "%", ""),
        ],
        wrong: &[("change", "Exact(-10)")],
        severity: Severity::Contradiction,
        says: "180 ms with −10 % is 162 ms; the target of < 100 ms is missed",
    },
    Case {
        class: "target_versus_effect",
        relation: r#"Need(target: "goal", need: "need", efficiency: "used")"#,
        figures: &[("goal", "Exact(1)", "GB", ""), ("need", "Exact(600)", "MB", ""), ("used", "Exact(75)", "%", "")],
        wrong: &[("used", "Exact(40)")],
        severity: Severity::Contradiction,
        says: "1.50 GB at 40 %",
    },
    Case {
        class: "same_quantity",
        relation: r#"GoalShare(stated: "reached", goal: "goal", reached: "change")"#,
        figures: &[
            ("reached", "Exact(75)", "%", ""),
            ("goal", "Exact(4)", "x", ""),
            ("change", "Change(10, 30)", "count/s", ""),
        ],
        wrong: &[("reached", "Exact(200)")],
        severity: Severity::Contradiction,
        says: "75 % of the goal of 4×; stated: 200 %. +200 % is how much",
    },
    Case {
        class: "same_quantity",
        relation: r#"Events(rate: "rate", count: "count", over: "over")"#,
        figures: &[
            ("rate", "Exact(2)", "count/d", ""),
            ("count", "Exact(11)", "count", ""),
            ("over", "Exact(1)", "wk", ""),
        ],
        wrong: &[("count", "Exact(40)")],
        severity: Severity::Contradiction,
        says: "2 /d over 1 wk gives 14; 40 were seen",
    },
    Case {
        class: "same_quantity",
        relation: r#"Same(figures: ["a", "b"])"#,
        figures: &[("a", "Exact(1500)", "ms", "statistic: Mean"), ("b", "Exact(2)", "s", "statistic: Peak")],
        wrong: &[("a", "Exact(2500)")],
        severity: Severity::Contradiction,
        says: "2.5 s (a, mean) against 2 s (b, peak), 1.25 times as much",
    },
    Case {
        class: "same_quantity",
        relation: r#"Same(figures: ["a", "b"])"#,
        figures: &[("a", "Exact(3)", "d", ""), ("b", "Exact(72)", "h", "each: \"order\"")],
        wrong: &[("b", "Exact(20)")],
        severity: Severity::Ambiguous,
        says: "That they are different things is not said",
    },
    Case {
        class: "resource_bound",
        relation: r#"Capacity(slots: "desks", users: "people")"#,
        figures: &[("desks", "Exact(20)", "count", ""), ("people", "Exact(18)", "count", "")],
        wrong: &[("people", "Exact(30)")],
        severity: Severity::Bound,
        says: "10 have none",
    },
    Case {
        class: "resource_bound",
        relation: r#"MachineShares(parts: ["a", "b"], whole: ["all"])"#,
        figures: &[("a", "Exact(30)", "%", ""), ("b", "Exact(25)", "%", ""), ("all", "Exact(60)", "%", "")],
        wrong: &[("b", "Exact(85)")],
        severity: Severity::Contradiction,
        says: "30 % + 85 % = 115 %, more than the machine has",
    },
    Case {
        class: "resource_bound",
        relation: r#"OneProcess(cores: "cores", said_in: "cores", runtime: Go)"#,
        figures: &[("cores", "Exact(0.9)", "cores", "")],
        wrong: &[("cores", "Exact(2)")],
        severity: Severity::Contradiction,
        says: "One goroutine runs on one thread at a time",
    },
    Case {
        class: "speedup_bound",
        relation: r#"Speedup(speedup: ["claim"], parts: "parts", shares: ["cut"])"#,
        figures: &[("claim", "Exact(1.6)", "x", ""), ("parts", "Exact(8)", "count", ""), ("cut", "Exact(50)", "%", "")],
        wrong: &[("claim", "Exact(6)")],
        severity: Severity::Bound,
        says: "50 % of the work cut gives 1.78× at most; stated: 6×",
    },
    Case {
        class: "speedup_bound",
        relation: r#"Speedup(speedup: ["claim"], parts: "parts", largest: "hot")"#,
        figures: &[("claim", "Exact(2)", "x", ""), ("parts", "Exact(4)", "count", ""), ("hot", "Exact(50)", "%", "")],
        wrong: &[("claim", "Exact(5)")],
        severity: Severity::Contradiction,
        says: "No more than the number of parts is possible",
    },
    Case {
        class: "speedup_bound",
        relation: r#"Work(load: "load", throughput: "gain")"#,
        figures: &[("load", "Change(20, 38)", "%", ""), ("gain", "Exact(2)", "x", "")],
        wrong: &[("load", "Change(20, 20)")],
        severity: Severity::Bound,
        says: "−50 % of work for one operation",
    },
    Case {
        class: "queue_law",
        relation: r#"Queue(waiting: "waiting", throughput: "served", time: "stay")"#,
        figures: &[
            ("waiting", "Exact(12)", "count", ""),
            ("served", "Exact(4)", "count/min", ""),
            ("stay", "Exact(3)", "min", ""),
        ],
        wrong: &[("stay", "Exact(20)")],
        severity: Severity::Contradiction,
        says: "12 waiting ÷ 4 /min = 180 s for each; stated: 20 min",
    },
    Case {
        class: "service_law",
        relation: r#"Service(throughput: "served", busy: "busy", times: ["time"], servers: "clerks")"#,
        figures: &[
            ("served", "Exact(30)", "count/h", ""),
            ("busy", "Exact(2)", "count", ""),
            ("time", "Exact(4)", "min", ""),
            ("clerks", "Exact(3)", "count", ""),
        ],
        wrong: &[("busy", "Exact(5)")],
        severity: Severity::Contradiction,
        says: "there are only 3",
    },
    Case {
        class: "mean_versus_members",
        relation: r#"Mean(mean: "mean", members: [(figure: "a"), (figure: "b", count: "n")])"#,
        figures: &[
            ("mean", "Exact(30)", "ms", ""),
            ("a", "Exact(60)", "ms", ""),
            ("b", "Exact(20)", "ms", ""),
            ("n", "Exact(3)", "count", ""),
        ],
        wrong: &[("mean", "Exact(40)")],
        severity: Severity::Contradiction,
        says: "(60 ms + 3 × 20 ms) ÷ 4 = 30 ms; stated: 40 ms",
    },
    Case {
        class: "score_without_base",
        relation: r#"Variation(variation: "spread", members: [(figure: "a"), (figure: "b")])"#,
        figures: &[("spread", "Exact(50)", "%", ""), ("a", "Exact(10)", "ms", ""), ("b", "Exact(30)", "ms", "")],
        wrong: &[("spread", "Exact(10)")],
        severity: Severity::Ambiguous,
        says: "standard deviation of 10 ms around a mean of 20 ms, 50 % of it",
    },
    Case {
        class: "mixture",
        relation: r#"Mixture(share: "hits", value: "fast", otherwise: "slow", mean: "mean")"#,
        figures: &[
            ("hits", "Exact(90)", "%", ""),
            ("fast", "Exact(1)", "ms", ""),
            ("slow", "Exact(100)", "ms", ""),
            ("mean", "Exact(10.9)", "ms", ""),
        ],
        wrong: &[("mean", "Exact(2)")],
        severity: Severity::Contradiction,
        says: "90 % × 1 ms + 10 % × 100 ms = 10.9 ms on average",
    },
    Case {
        class: "schedule",
        relation: r#"Deadline(limit_in: "limit", start: "start", work: "work")"#,
        figures: &[("limit", "Exact(3)", "mo", ""), ("start", "Exact(2)", "wk", ""), ("work", "Range(6, 8)", "wk", "")],
        wrong: &[("start", "Exact(10)")],
        severity: Severity::Contradiction,
        says: "which is before that",
    },
    Case {
        class: "schedule",
        relation: r#"Schedule(total: "all", steps: ["a", "b"])"#,
        figures: &[("all", "Exact(1)", "d", ""), ("a", "Exact(16)", "h", ""), ("b", "Exact(8)", "h", "")],
        wrong: &[("b", "Exact(20)")],
        severity: Severity::Contradiction,
        says: "16 h + 20 h = 1.5 d; stated in all: 1 d",
    },
    Case {
        class: "schedule",
        relation: r#"Observed(over: "over", since: "since", at: "at")"#,
        figures: &[("over", "Exact(24)", "h", ""), ("since", "Exact(1)", "d", ""), ("at", "Exact(2)", "d", "")],
        wrong: &[("over", "Exact(72)")],
        severity: Severity::Contradiction,
        says: "24 h; stated: 72 h",
    },
];

/// A shop with these figures and relations.
fn shop(case: &Case, wrong: bool) -> Document {
    let facts = case.figures.iter().map(|(name, value, unit, more)| {
        let changed = case.wrong.iter().find(|(changed, _)| wrong && changed == name);
        let value = changed.map_or(value, |(_, value)| value);
        let comma = if more.is_empty() { "" } else { ", " };
        format!(r#"(item: "{name}", label: "{name}", value: {value}, unit: "{unit}"{comma}{more})"#)
    });
    let facts: Vec<String> = facts.collect();
    document(&format!(
        r#"#![enable(implicit_some)]
        (format: "vivarium-session", version: 1, title: "Shop", components: [
            (id: "S", title: "Shop", kind: System, facts: [{}])], relations: [{}])"#,
        facts.join(", "),
        case.relation
    ))
}

#[test]
fn other_documents_are_checked_as_well() {
    for case in CASES {
        let right = check(&shop(case, false));
        let at = case.relation;
        assert_eq!(right.not_checked, Vec::<String>::new(), "{at}");
        let alarms: Vec<String> = right.disagreements.iter().map(told).collect();
        assert_eq!(alarms, Vec::<String>::new(), "{at}");
        assert!(right.agreements.iter().any(|one| one.class.word() == case.class), "{at}: nothing was checked");

        let wrong = check(&shop(case, true));
        let found: Vec<String> = wrong.disagreements.iter().map(told).collect();
        assert_eq!(found.len(), 1, "{at}: {found:#?}");
        let one = &wrong.disagreements[0];
        assert_eq!((one.class.word(), one.severity), (case.class, case.severity), "{at}: {found:#?}");
        assert!(one.message.contains(case.says), "{at}: {}", one.message);
        assert!(one.evidence.len() >= one.about.len().min(1) && !one.about.is_empty(), "{at}");
    }
}
