//! What adds up, and what does not.

use std::collections::BTreeMap;

use super::kinds::Sizes;
use super::*;
use crate::model::document::{Component, ComponentKind, Document, Fact, Statistic};
use crate::model::metric::MEMBERS;
use crate::model::quantity::Value;

fn entity(id: u32, component: Option<&str>) -> Entity {
    Entity {
        id: EntityId(id),
        kind: EntityKind::OsProcess,
        key: format!("os:{id}"),
        name: format!("process {id}"),
        parent: None,
        component: component.map(ComponentId::from),
        started: None,
        ended: None,
        attributes: BTreeMap::new(),
    }
}

fn landscape(
    entities: &[Entity],
    values: &[(u32, f64)],
    component_totals: &[(&str, f64)],
    total: Option<f64>,
) -> Landscape {
    let values: Vec<(EntityId, f64)> = values.iter().map(|&(id, bytes)| (EntityId(id), bytes)).collect();
    let totals: Vec<(ComponentId, f64)> =
        component_totals.iter().map(|&(id, bytes)| (ComponentId::from(id), bytes)).collect();
    measured(Timestamp(10), "host", entities, &values, &totals, total, |id| id.as_str().to_uppercase())
}

/// Checks that boxes fill what they lie in: members their component, parts and the rest the total.
fn assert_adds_up(landscape: &Landscape) {
    for part in landscape.parts.iter().filter(|part| !part.members.is_empty()) {
        let sum: f64 = part.members.iter().map(|member| member.bytes).sum();
        assert!((sum - part.bytes()).abs() < 1.0, "{}: {sum} of {}", part.title, part.bytes());
    }
    let parts: f64 = landscape.parts.iter().map(Part::bytes).sum();
    let total = landscape.total.number_in(Unit::BYTES).unwrap();
    let sum = parts + landscape.unattributed_bytes - landscape.counted_twice_bytes;
    assert!((sum - total).abs() < 1.0, "{sum} of {total}");
}

#[test]
fn what_no_component_has_is_not_attributed() {
    let entities = [entity(1, Some("a")), entity(2, Some("a")), entity(3, Some("b")), entity(4, None)];
    let values = [(1, 100.0), (2, 300.0), (3, 50.0), (4, 70.0)];
    let landscape = landscape(&entities, &values, &[], Some(1000.0));
    assert_adds_up(&landscape);
    assert_eq!(landscape.unattributed_bytes, 550.0);
    let titles: Vec<&str> = landscape.parts.iter().map(|part| part.title.as_str()).collect();
    assert_eq!(titles, ["A", "B"], "largest first");
    let names: Vec<&str> = landscape.parts[0].members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!(names, ["process 2", "process 1"]);
}

#[test]
fn members_that_were_not_kept_are_a_rest() {
    let mut entities: Vec<Entity> = (1..=5).map(|id| entity(id, Some("a"))).collect();
    entities[4].ended = Some(Timestamp(9));
    let landscape = landscape(&entities, &[(1, 100.0), (2, 50.0)], &[("a", 180.0)], Some(180.0));
    assert_adds_up(&landscape);
    let rest = landscape.parts[0].members.last().unwrap();
    assert_eq!((rest.name.as_str(), rest.bytes), ("others (2 not kept one by one)", 30.0));
    assert_eq!((landscape.unattributed_bytes, landscape.counted_twice_bytes), (0.0, 0.0));
}

#[test]
fn shared_pages_show_as_counted_twice() {
    let entities = [entity(1, Some("a")), entity(2, Some("b"))];
    let landscape = landscape(&entities, &[(1, 600.0), (2, 700.0)], &[], Some(1000.0));
    assert_adds_up(&landscape);
    assert_eq!((landscape.unattributed_bytes, landscape.counted_twice_bytes), (0.0, 300.0));
}

#[test]
fn many_members_are_bounded_and_still_add_up() {
    let count = MAX_MEMBERS as u32 + 4800;
    let entities: Vec<Entity> = (0..count).map(|id| entity(id, Some("a"))).collect();
    let values: Vec<(u32, f64)> = (0..count).map(|id| (id, f64::from(id) + 1.0)).collect();
    let landscape = landscape(&entities, &values, &[], None);
    assert_adds_up(&landscape);
    let members = &landscape.parts[0].members;
    assert_eq!(members.len(), MAX_MEMBERS + 1);
    assert_eq!(members.last().unwrap().name, "others (4800 smaller ones)");
}

#[test]
fn a_component_has_the_kinds_of_its_processes() {
    let mut entities = [entity(1, Some("a")), entity(2, Some("a")), entity(3, Some("a"))];
    entities.iter_mut().for_each(|entity| entity.kind = EntityKind::BeamProcess);
    let values = [(EntityId(1), 1000.0), (EntityId(2), 500.0), (EntityId(3), 100.0)];
    let held = |held: f64, live: f64, binaries: f64| Sizes { held: Some(held), live, binaries, ..Sizes::default() };
    let sizes = [(EntityId(1), held(900.0, 300.0, 7e6)), (EntityId(2), held(400.0, 400.0, 0.0))].into();
    let measured = Measured {
        at: Timestamp(10),
        source: "beam:a@b",
        entities: &entities,
        values: &values,
        component_totals: &[("a".into(), 2000.0)],
        total_bytes: Some(2000.0),
        whole: Whole::Runtime,
        sizes: &sizes,
        has_generations: true,
    };
    let landscape = measured_in(&measured, |id| id.to_string());
    assert_adds_up(&landscape);
    let part = &landscape.parts[0];
    let kinds: Vec<(Kind, f64)> = part.kinds.iter().map(|slice| (slice.kind, slice.bytes)).collect();
    let expected =
        [(Kind::HeapLive, 700.0), (Kind::HeapSlack, 600.0), (Kind::Structure, 200.0), (Kind::Unknown, 100.0)];
    assert_eq!(kinds, expected);
    assert_eq!(part.members[0].binary_bytes, Some(7e6));
    assert_eq!(part.members[0].waste(), Some(0.6));
    assert!(part.members.last().unwrap().kinds.is_empty(), "nothing is known of the rest");
}

#[test]
fn values_that_mean_nothing_are_left_out() {
    let mut machine = entity(3, Some("a"));
    machine.kind = EntityKind::Machine;
    let entities = [entity(1, Some("a")), entity(2, Some("a")), machine];
    let landscape = landscape(&entities, &[(1, f64::NAN), (2, -1.0), (3, 1e9), (99, 5.0)], &[("b", f64::NAN)], None);
    assert!(landscape.parts.is_empty(), "{landscape:?}");
}

fn fact(item: &str, value: f64, unit: &str, metric: MetricKey) -> Fact {
    Fact {
        item: item.into(),
        label: format!("label of {item}"),
        value: Value::Exact(value),
        unit: unit.parse().unwrap(),
        metric: Some(metric),
        statistic: Statistic::Unspecified,
        each: None,
        about: None,
        part_of: None,
        period: None,
        note: None,
    }
}

fn part(item: &str, value: f64, of: &str) -> Fact {
    Fact { part_of: Some(of.into()), ..fact(item, value, "MB", MEMORY_USED) }
}

fn component(id: &str, kind: ComponentKind, facts: Vec<Fact>) -> Component {
    Component { facts, ..Component::new(id.into(), &format!("The {id}"), kind) }
}

/// A pool of 12 with 233 MB each, whose parts are told by other components; a store; and a total that is more than both.
fn document() -> Document {
    let each = |fact: Fact| Fact { each: Some("agent".to_owned()), ..fact };
    let total = Fact { statistic: Statistic::Total, ..fact("C.02", 4.3, "GB", MEMORY_USED) };
    let target = Fact { period: Some("target".to_owned()), ..total.clone() };
    let peak = Fact { statistic: Statistic::Peak, ..each(fact("P.05", 347.0, "MB", MEMORY_USED)) };
    let mean = Fact { statistic: Statistic::Mean, ..each(fact("P.04", 233.0, "MB", MEMORY_USED)) };
    let mut document = Document::new("test");
    document.components = vec![
        component("control", ComponentKind::Control, vec![target, total]),
        component("pool", ComponentKind::System, vec![peak, fact("P.03", 12.0, "count", MEMBERS), mean]),
        component("queues", ComponentKind::System, vec![each(part("Q.03", 185.0, "P.04"))]),
        component("state", ComponentKind::System, vec![each(part("S.03", 48.0, "P.04"))]),
        component(
            "store",
            ComponentKind::System,
            vec![fact("T.03", 425.0, "MB", MEMORY_USED), part("T.04", 180.0, "T.03"), part("T.05", 45.0, "T.03")],
        ),
        component("unclear", ComponentKind::System, vec![each(fact("U.01", 10.0, "MB", MEMORY_USED))]),
        component("plan", ComponentKind::Plan, vec![fact("X.01", 9.0, "GB", MEMORY_USED)]),
    ];
    document
}

#[test]
fn stated_parts_are_multiplied_and_what_is_left_is_shown() {
    let landscape = stated(&document()).unwrap();
    assert_adds_up(&landscape);
    assert_eq!(landscape.at, None);
    assert!(matches!(&landscape.total.provenance, Provenance::Stated { item, .. } if item.as_str() == "C.02"));
    let titles: Vec<&str> = landscape.parts.iter().map(|part| part.title.as_str()).collect();
    assert_eq!(titles, ["The pool", "The store"]);
    let pool = &landscape.parts[0];
    assert!((pool.bytes() - 2796e6).abs() < 1.0);
    let derived =
        Provenance::Derived { formula: "12 × 233 MB".to_owned(), inputs: vec!["P.03".into(), "P.04".into()] };
    assert_eq!(pool.bytes.provenance, derived);
    assert!((landscape.unattributed_bytes - (4300.0 - 2796.0 - 425.0) * 1e6).abs() < 1.0);
}

#[test]
fn stated_members_come_from_wherever_they_are_told() {
    let landscape = stated(&document()).unwrap();
    let members = |index: usize| -> Vec<(&str, f64)> {
        let part: &Part = &landscape.parts[index];
        part.members.iter().map(|member| (member.name.as_str(), (member.bytes / 1e6).round())).collect()
    };
    assert_eq!(members(0), [("The queues", 2220.0), ("The state", 576.0)]);
    assert_eq!(landscape.parts[0].members[0].component, Some("queues".into()));
    let expected = [("label of T.04", 180.0), ("label of T.05", 45.0), ("not broken down", 200.0)];
    assert_eq!(members(1), expected);
}

#[test]
fn a_document_without_memory_has_no_landscape() {
    assert_eq!(stated(&Document::new("empty")), None);
}
