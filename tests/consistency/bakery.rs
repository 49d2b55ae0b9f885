//! A whole document of another trade: everything in it holds, until one thing in it is changed.

use vivarium::analysis::consistency::check;

use crate::{document, told};

/// Everything else that a document can have: rules, targets, lanes, functions, patterns. All of it holds.
const BAKERY: &str = r#"#![enable(implicit_some)]
(
  format: "vivarium-session", version: 1, title: "Bakery",
  groups: [(id: "G", title: "Back"), (id: "H", title: "Front")],
  components: [
    (id: "Board", title: "Board", kind: Control, facts: [
      (item: "B.1", label: "Latency", value: Exact(80), unit: "ms", metric: "request.latency_s"),
      (item: "B.2", label: "Alerts", value: Exact(0), unit: "count"),
      (item: "B.3", label: "Slow spells", value: Exact(1), unit: "count/h"),
      (item: "B.4", label: "Length of a slow spell", value: Exact(2), unit: "min"),
      (item: "B.5", label: "Memory", value: Exact(800), unit: "MB", metric: "memory.used_bytes", statistic: Total),
      (item: "B.6", label: "Latency of the new version", value: Change(80, 50), unit: "ms", metric: "request.latency_s"),
      (item: "B.7", label: "Orders", value: Change(10, 20), unit: "count/s"),
      (item: "B.8", label: "Right forecasts", value: Exact(90), unit: "%"),
      (item: "B.9", label: "Forecasts", value: Exact(200), unit: "count"),
      (item: "B.10", label: "Busiest", value: Exact(90), unit: "ms", metric: "request.latency_s", statistic: Peak),
    ], notes: [(item: "B.11", kind: Remark, text: "Collections stop everything."), (item: "B.12", kind: Remark, text: "")]),
    (id: "Oven", title: "Oven", kind: System, group: "G", facts: [
      (item: "O.1", label: "Memory of the oven", value: Exact(300), unit: "MB", metric: "memory.used_bytes"),
      (item: "O.2", label: "CPU of the oven", value: Exact(40), unit: "%", metric: "cpu.share"),
      (item: "O.3", label: "Steam", value: Exact(100), unit: "MB", metric: "memory.used_bytes", part_of: "O.1"),
      (item: "O.4", label: "Dough", value: Exact(200), unit: "MB", metric: "memory.used_bytes", part_of: "O.1"),
    ], hot_functions: [
      (item: "O.5", function: "bake/1", share: 0.6, share_of: Component),
      (item: "O.6", function: "rest/0", share: 0.4, share_of: Component),
    ]),
    (id: "Till", title: "Till", kind: System, group: "H", facts: [
      (item: "T.1", label: "Memory of the till", value: Exact(500), unit: "MB", metric: "memory.used_bytes"),
    ]),
    (id: "Day", title: "Day", kind: Monitor, facts: [
      (item: "D.1", label: "Night", value: Exact(10), unit: "%", statistic: Baseline),
      (item: "D.2", label: "Morning", value: Exact(70), unit: "%", statistic: Peak),
      (item: "D.3", label: "On average", value: Exact(25), unit: "%", statistic: Mean),
      (item: "D.4", label: "Length of the morning", value: Exact(6), unit: "h"),
    ], patterns: [(item: "D.5", title: "Mornings", peaks: [(from_hour: 6, to_hour: 12)])]),
    (id: "Plan", title: "Plan", kind: Plan),
  ],
  rules: [
    (item: "R.1", title: "Slow", severity: Warning, owner: "Board",
      condition: (metric: "request.latency_s", comparison: Above, threshold: 100, unit: "ms")),
  ],
  targets: [
    (item: "G.1", title: "Fast", owner: "Board", metric: "request.latency_s", value: Below(60), unit: "ms"),
  ],
  horizons: [
    (id: "soon", title: "Soon", component: "Plan", lane: Near, weeks: (1, 2), combined: [
      (item: "P.1", label: "Memory", value: Exact(-80), unit: "MB", metric: "memory.used_bytes"),
      (item: "P.1", label: "Memory, relative", value: Exact(-10), unit: "%", metric: "memory.used_bytes"),
    ]),
  ],
  opportunities: [
    (id: "less-steam", item: "P.2", title: "Less steam", horizon: "soon", component: "Oven", state: Done, claims: [
      (item: "P.2", label: "Memory", value: Exact(-30), unit: "MB", metric: "memory.used_bytes"),
      (item: "P.2", label: "Memory, relative", value: Exact(-10), unit: "%", metric: "memory.used_bytes"),
    ]),
    (id: "short-bills", item: "P.3", title: "Short bills", horizon: "soon", component: "Till", claims: [
      (item: "P.3", label: "Memory", value: Exact(-50), unit: "MB", metric: "memory.used_bytes"),
      (item: "P.3", label: "Memory, relative", value: Exact(-10), unit: "%", metric: "memory.used_bytes"),
    ]),
  ],
  decisions: [
    (id: "well", item: "S.1", question: "All is well", kind: Status, about: "Board"),
    (id: "steam", item: "S.2", question: "Less steam?", kind: Question, about: "Oven", state: Accepted),
  ],
  insights: [
    (item: "I.1", title: "Twice the orders", claims: [(item: "I.1", label: "Orders", value: Exact(2), unit: "x")]),
    (item: "I.2", title: "A tenth", claims: [(item: "I.2", label: "Memory", value: Exact(-10), unit: "%")]),
    (item: "I.3", title: "Done", claims: [(item: "I.3", label: "Memory", value: Exact(-30), unit: "MB")]),
  ],
  relations: [
    Watch(rule: "R.1", values: ["B.1", "B.10"]),
    AllWell(verdict: "S.1", rules: ["R.1"]),
    Alert(count: "B.2", rule: "R.1", value: "B.1"),
    Episodes(triggers: ["R.1"], rate: "B.3", duration: "B.4"),
    Profile(baseline: "D.1", peak: "D.2", daily: "D.5", mean: "D.3", spike: "D.4"),
    Score(score: "B.8", kind: Accuracy, known: ["B.9"]),
    Claims(said_in: ["B.11"], mechanism: StopsTheWorld, runtime: Jvm),
    Expectation(verdict: "B.12", expected: "I.1", reached: ["B.7"]),
    AllMet(verdicts: ["B.12"], targets: ["G.1"], reached: ["B.6"]),
    Potential(effect: "I.2", base: "B.5", lanes: ["soon"]),
    Done(said_in: "B.12", effect: "I.3", opportunity: "P.2", decision: "S.2"),
    SameList(one: ["O.5", "O.6"], other: ["O.6", "O.5"]),
  ],
)"#;

/// Rule and severity of what is said.
type Said = &'static [(&'static str, &'static str)];

/// What is changed in the bakery, into what, and what is said of it then.
const BURNT: &[(&str, &str, Said)] = &[
    ("value: Exact(90), unit: \"ms\"", "value: Exact(140), unit: \"ms\"", &[("threshold_versus_state", "ambiguous")]),
    (
        "value: Exact(80), unit: \"ms\"",
        "value: Exact(120), unit: \"ms\"",
        // No alert, yet the rule holds; all is said to be well; the spells never end; the mean is above the peak of 90 ms.
        &[
            ("threshold_versus_state", "contradiction"),
            ("threshold_versus_state", "contradiction"),
            ("threshold_versus_state", "contradiction"),
            ("threshold_versus_state", "ambiguous"),
        ],
    ),
    (
        "value: Exact(0), unit: \"count\"",
        "value: Exact(2), unit: \"count\"",
        &[("threshold_versus_state", "contradiction")],
    ),
    ("threshold: 100", "threshold: 300", &[("threshold_versus_target", "ambiguous")]),
    ("value: Below(60)", "value: Exact(110)", &[("threshold_versus_target", "contradiction")]),
    ("value: Exact(25), unit: \"%\"", "value: Exact(50), unit: \"%\"", &[("profile_versus_mean", "contradiction")]),
    ("value: Exact(6), unit: \"h\"", "value: Exact(1), unit: \"h\"", &[("profile_versus_mean", "ambiguous")]),
    (", known: [\"B.9\"]", "", &[("score_without_base", "bound")]),
    ("kind: Accuracy", "kind: Return", &[("score_without_base", "bound")]),
    ("runtime: Jvm", "runtime: Beam", &[("mechanism", "contradiction")]),
    ("Change(10, 20)", "Change(10, 15)", &[("target_versus_effect", "contradiction")]),
    ("Change(80, 50)", "Change(80, 70)", &[("target_versus_effect", "contradiction")]),
    ("value: Exact(-10), unit: \"%\")])", "value: Exact(-40), unit: \"%\")])", &[("sum_of_effects", "bound")]),
    ("component: \"Oven\", state: Done", "component: \"Oven\"", &[("same_quantity", "contradiction")]),
    ("other: [\"O.6\", \"O.5\"]", "other: [\"O.5\"]", &[("same_quantity", "ambiguous")]),
    ("share: 0.6", "share: 0.9", &[("ratio", "contradiction")]),
    ("share_of: Component", "share_of: Unstated", &[]),
    (
        "value: Exact(-50), unit: \"MB\", metric: \"memory.used_bytes\"),\n      (item: \"P.3\", label: \"Memory, relative\", value: Exact(-10)",
        "value: Exact(-50), unit: \"MB\", metric: \"memory.used_bytes\"),\n      (item: \"P.3\", label: \"Memory, relative\", value: Exact(-25)",
        &[("percentage_base", "contradiction")],
    ),
    (
        "value: Exact(-80)",
        "value: Exact(-120)",
        &[("percentage_base", "contradiction"), ("sum_of_effects", "contradiction")],
    ),
    ("value: Exact(200), unit: \"MB\"", "value: Exact(290), unit: \"MB\"", &[("parts_versus_whole", "contradiction")]),
];

#[test]
fn rules_targets_and_lanes_of_another_document_are_checked() {
    let right = check(&document(BAKERY));
    assert_eq!(right.not_checked, Vec::<String>::new());
    assert_eq!(right.disagreements.iter().map(told).collect::<Vec<_>>(), Vec::<String>::new());
    assert!(right.agreements.len() >= 11, "{}", right.agreements.len());

    for (from, to, expected) in BURNT {
        assert_eq!(
            BAKERY.matches(from).count().min(2),
            BAKERY.matches(from).count().clamp(1, 2),
            "{from} is not there"
        );
        let wrong = check(&document(&BAKERY.replace(from, to)));
        let mut found: Vec<(&str, &str)> =
            wrong.disagreements.iter().map(|one| (one.class.word(), one.severity.word())).collect();
        let mut expected = expected.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        let told: Vec<String> = wrong.disagreements.iter().map(told).collect();
        assert_eq!(found, expected, "{to}: {told:#?}");
    }
}
