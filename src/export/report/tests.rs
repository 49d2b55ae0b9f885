use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::analysis::heat_map::{HeatMap, HeatRow};
use crate::analysis::landscape::{Landscape, Part, Whole};
use crate::analysis::overview::Overview;
use crate::analysis::status::Status;
use crate::analysis::vitals::Vital;
use crate::model::batch::Notice;
use crate::model::document::*;
use crate::model::id::ComponentId;
use crate::model::metric::CPU_CORES;
use crate::model::quantity::{Quantity, Value};
use crate::model::series::Gap;
use crate::model::time::{NS_PER_S, TimeRange};
use crate::model::unit::Unit;
use crate::state::SessionInfo;

/// A name that tries to be HTML, SVG, a table's cell and a new line.
const HOSTILE: &str = "<img src=x onerror=alert(1)></svg></td>|a`b`\n# c\u{202e}d<script>e</script>";

fn range() -> TimeRange {
    TimeRange::new(Timestamp(0), Timestamp(3600 * NS_PER_S))
}

fn document() -> Document {
    let pool = ComponentId::from("pool");
    let mut document = Document::new(HOSTILE);
    document.about = HOSTILE.to_owned();
    document.stated_in = HOSTILE.to_owned();
    let mut component = Component::new(pool.clone(), HOSTILE, ComponentKind::System);
    component.facts.push(Fact {
        item: HOSTILE.into(),
        label: String::from("memory"),
        value: Value::Exact(4.3),
        unit: "GB".parse().unwrap(),
        metric: None,
        statistic: Statistic::Peak,
        about: None,
        each: None,
        part_of: None,
        period: Some(HOSTILE.to_owned()),
        note: None,
    });
    component.hot_functions.push(HotFunction {
        item: "F1".into(),
        function: HOSTILE.to_owned(),
        share: 0.25,
        share_of: ShareOf::Machine,
        note: None,
    });
    document.components.push(component);
    document.edges.push(Edge {
        item: "E1".into(),
        from: pool.clone(),
        to: "nowhere".into(),
        label: HOSTILE.to_owned(),
        kind: EdgeKind::Flow,
    });
    document.horizons.push(Horizon {
        id: "near".into(),
        title: HOSTILE.to_owned(),
        component: None,
        lane: Lane::Near,
        weeks: (1.0, 2.0),
        risk: Some(Risk::Low),
        risk_item: None,
        risk_note: None,
        combined: Vec::new(),
    });
    document.opportunities.push(Opportunity {
        id: "o".into(),
        item: None,
        title: HOSTILE.to_owned(),
        about: String::new(),
        horizon: "near".into(),
        component: Some(pool.clone()),
        claims: Vec::new(),
        effort_h: Some(40.0),
        risk: None,
        state: OpportunityState::Proposed,
        depends_on: Vec::new(),
    });
    document.decisions.push(Decision {
        id: "d".into(),
        item: None,
        question: HOSTILE.to_owned(),
        kind: DecisionKind::Question,
        about: Some(pool),
        options: Vec::new(),
        state: DecisionState::Open,
        window_weeks: None,
        by: HOSTILE.to_owned(),
        at: String::new(),
        why: HOSTILE.to_owned(),
        revisit: String::new(),
    });
    let participant = Participant { id: "a".into(), item: "P1".into(), title: HOSTILE.to_owned() };
    let gate = Gate { item: "G1".into(), title: HOSTILE.to_owned(), state: GateState::Passed, evidence: String::new() };
    let message = Message {
        item: "M1".into(),
        from: "a".into(),
        to: "b".into(),
        title: HOSTILE.to_owned(),
        code: None,
        headings: Vec::new(),
        facts: Vec::new(),
        claims: Vec::new(),
        hot_functions: Vec::new(),
        findings: Vec::new(),
        options: Vec::new(),
        gates: vec![gate],
        decisions: Vec::new(),
        notes: Vec::new(),
    };
    let phase = Phase { item: "S1".into(), title: HOSTILE.to_owned(), starts_h: 48.0, messages: vec![message] };
    document.pipeline.push(PipelineRun {
        id: "r".into(),
        title: HOSTILE.to_owned(),
        item: None,
        participants: vec![participant],
        phases: vec![phase],
    });
    document
}

fn state() -> State {
    let pool = ComponentId::from("pool");
    let mut state = State { document: Arc::new(document()), range: range(), ..Default::default() };
    state.session = Some(SessionInfo {
        title: HOSTILE.to_owned(),
        kind: SessionKind::Recorded,
        source: HOSTILE.to_owned(),
        path: None,
        span: Some(range()),
        entities: Arc::default(),
        warnings: vec![HOSTILE.to_owned()],
        values: 7,
        bytes: 4096,
    });
    let why = HOSTILE.to_owned();
    let status = Status { class: StatusClass::Warning, why, rule: None };
    state.statuses = Arc::new(BTreeMap::from([(pool.clone(), status)]));
    state.answers.vitals = Arc::new(vec![
        Vital {
            metric: None,
            label: HOSTILE.to_owned(),
            definition: HOSTILE.to_owned(),
            quantity: Some(Quantity::measured(5e9, Unit::BYTES, HOSTILE, None)),
            needs: None,
        },
        Vital {
            metric: None,
            label: String::from("GC interval"),
            definition: String::new(),
            quantity: None,
            needs: Some(String::from("a BEAM source")),
        },
    ]);
    let bytes = Quantity::derived(7.5e9, Unit::BYTES, HOSTILE, &[]);
    state.answers.landscape = Some(Arc::new(Landscape::new(
        Some(Timestamp(0)),
        Whole::Runtime,
        Some(Quantity::measured(10e9, Unit::BYTES, HOSTILE, None)),
        vec![Part::new(pool.clone(), HOSTILE.to_owned(), bytes, Vec::new())],
    )));
    let row =
        HeatRow { component: pool, title: HOSTILE.to_owned(), values: vec![0.5, 1.5], now: 1.5, mean: 1.0, peak: 1.5 };
    let width_ns = range().length_ns() / 2;
    state.answers.heat_map = Some(Arc::new(HeatMap {
        metric: CPU_CORES,
        range: range(),
        width_ns,
        columns: 2,
        rows: vec![row],
        max: 1.5,
        measured: vec![true, true],
    }));
    state.answers.overview = Some(Arc::new(Overview {
        span: range(),
        memory: None,
        cpu: None,
        gaps: vec![Gap { range: range(), why: HOSTILE.to_owned() }],
        notices: vec![Notice { at: Timestamp(0), text: HOSTILE.to_owned() }],
    }));
    state
}

/// A report with every table, in which every name that a file can give is hostile.
pub(in crate::export) fn hostile_report() -> Report {
    build(&state(), &Contents { size: (800.0, 500.0), ..Default::default() })
}

fn find<'a>(report: &'a Report, section: &str, caption: &str) -> &'a Table {
    let section = report.sections.iter().find(|found| found.id == section).expect("section");
    section.tables.iter().find(|table| table.caption.starts_with(caption)).expect("table")
}

#[test]
fn figures_say_where_they_come_from() {
    let report = hostile_report();
    let vitals = find(&report, "figures", "The whole system");
    assert_eq!(vitals.rows[0][1..4], ["5.00 GB", "measured", HOSTILE]);
    assert_eq!(vitals.rows[1][1..4], ["–", "unknown", "needs a BEAM source"]);
    let stated = find(&report, "map", "Stated figures");
    assert_eq!(stated.rows[0][2], "4.30 GB");
    assert_eq!(stated.rows[0][4..], ["stated", HOSTILE]);
}

#[test]
fn memory_adds_up() {
    let report = hostile_report();
    let memory = find(&report, "memory", "Memory at");
    let shares: Vec<&str> = memory.rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(shares, ["75 %", "25 %", "100 %"]);
    assert_eq!(memory.rows[1][0], "Not attributed");
}

#[test]
fn a_run_tells_its_steps_and_gates() {
    let report = hostile_report();
    let steps = find(&report, "run-1", "Steps");
    assert_eq!(steps.rows[0][1..4], ["2 d", HOSTILE, "?"]);
    let gates = find(&report, "run-1", "Gates");
    assert_eq!(gates.rows[0][2..], ["passed", "–", "G1"]);
}

#[test]
fn only_wanted_views_are_in_it() {
    let contents = Contents { views: &[ViewId::Cpu], ..Default::default() };
    let report = build(&state(), &contents);
    let ids: Vec<&str> = report.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(ids, ["figures", "cpu", "limits"]);
    let hottest = find(&report, "cpu", "Hottest components");
    assert_eq!(hottest.rows[0][2..4], ["1 cores", "1.5 cores"]);
}

#[test]
fn a_session_with_nothing_in_it_still_has_a_report() {
    let report = build(&State::default(), &Contents::default());
    let ids: Vec<&str> = report.sections.iter().map(|section| section.id.as_str()).collect();
    assert_eq!(ids, ["map", "memory", "cpu", "roadmap"]);
    assert_eq!(report.title, "Untitled");
}
