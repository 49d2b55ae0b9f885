//! The bundled session of the seed document carries every statement, each in its proper type, with the figures as stated.
//!
//! `fixtures/seed_items.tsv` numbers the statements: id, kind, and the figures in it (ordinals and names left out).

use std::collections::{BTreeMap, BTreeSet};

use vivarium::model::document::{CarriedAs, Claim, Decision, Document, Fact, HotFunction, Message, Severity, ShareOf};
use vivarium::model::id::{ComponentId, ItemId};
use vivarium::model::quantity::Value;
use vivarium::model::unit::{Dimension, Unit};

const SEED: &str = include_str!("../sessions/foundation.ron");
const ITEMS: &str = include_str!("fixtures/seed_items.tsv");

/// The bundled session; fields that the schema does not know are named with it.
fn parse_seed() -> (Document, Vec<String>) {
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let mut deserializer = ron::de::Deserializer::from_str_with_options(SEED, &options).unwrap();
    let mut unknown = Vec::new();
    let document =
        serde_ignored::deserialize(&mut deserializer, |path| unknown.push(path.to_string())).unwrap_or_else(|error| {
            let error = deserializer.span_error(error);
            panic!("sessions/foundation.ron: {error}")
        });
    (document, unknown)
}

fn seed() -> Document {
    parse_seed().0
}

/// One statement as the fixture numbers it.
struct Stated {
    id: ItemId,
    kind: &'static str,
    figures: Vec<f64>,
}

fn stated() -> Vec<Stated> {
    let mut lines = ITEMS.lines();
    assert_eq!(lines.next(), Some("item\tkind\tfigures"));
    let items = lines.map(|line| {
        let [id, kind, figures] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("not three columns: {line}") };
        let figures = figures.split(' ').filter(|text| *text != "-").map(|text| text.parse().unwrap()).collect();
        Stated { id: id.into(), kind, figures }
    });
    items.collect()
}

fn carried(document: &Document) -> BTreeMap<ItemId, BTreeSet<CarriedAs>> {
    let mut carried: BTreeMap<ItemId, BTreeSet<CarriedAs>> = BTreeMap::new();
    document.for_each_item(|item, carrier| {
        carried.entry(item.clone()).or_default().insert(carrier);
    });
    carried
}

fn messages(document: &Document) -> impl Iterator<Item = &Message> {
    document.pipeline.iter().flat_map(|run| &run.phases).flat_map(|phase| &phase.messages)
}

fn facts(document: &Document) -> impl Iterator<Item = &Fact> {
    let of_components = document.components.iter().flat_map(|component| &component.facts);
    of_components.chain(messages(document).flat_map(|message| &message.facts))
}

fn claims(document: &Document) -> impl Iterator<Item = &Claim> {
    let of_components = document.components.iter().flat_map(|component| &component.claims);
    let of_horizons = document.horizons.iter().flat_map(|horizon| &horizon.combined);
    let of_opportunities = document.opportunities.iter().flat_map(|opportunity| &opportunity.claims);
    let of_messages = messages(document).flat_map(|message| &message.claims);
    let of_options = messages(document).flat_map(|message| &message.options).flat_map(|option| &option.impact);
    let of_insights = document.insights.iter().flat_map(|insight| &insight.claims);
    of_components.chain(of_horizons).chain(of_opportunities).chain(of_messages).chain(of_options).chain(of_insights)
}

fn decisions(document: &Document) -> impl Iterator<Item = &Decision> {
    document.decisions.iter().chain(messages(document).flat_map(|message| &message.decisions))
}

fn hot_functions(document: &Document) -> impl Iterator<Item = &HotFunction> {
    let of_components = document.components.iter().flat_map(|component| &component.hot_functions);
    of_components.chain(messages(document).flat_map(|message| &message.hot_functions))
}

fn numbers(value: Value) -> Vec<f64> {
    match value {
        Value::Exact(one) | Value::Below(one) | Value::Above(one) => vec![one],
        Value::Range(first, second) | Value::Change(first, second) => vec![first, second],
    }
}

/// Every number that the document carries for a statement, without signs.
fn carried_figures(document: &Document) -> BTreeMap<ItemId, Vec<f64>> {
    let mut figures: BTreeMap<ItemId, Vec<f64>> = BTreeMap::new();
    let mut add = |item: &ItemId, numbers: Vec<f64>| {
        figures.entry(item.clone()).or_default().extend(numbers.into_iter().map(f64::abs));
    };
    for fact in facts(document) {
        add(&fact.item, numbers(fact.value));
    }
    for claim in claims(document) {
        add(&claim.item, numbers(claim.value));
    }
    for function in hot_functions(document) {
        add(&function.item, vec![(function.share * 100.0).round()]);
    }
    for rule in &document.rules {
        add(&rule.item, rule.condition.iter().map(|condition| condition.threshold).collect());
    }
    for target in &document.targets {
        add(&target.item, target.value.map(numbers).unwrap_or_default());
    }
    for pattern in document.components.iter().flat_map(|component| &component.patterns) {
        add(&pattern.item, pattern.peaks.iter().flat_map(|peak| [peak.from_hour, peak.to_hour]).collect());
    }
    for option in messages(document).flat_map(|message| &message.options) {
        for (item, number) in [&option.weeks, &option.effort_h].into_iter().flatten() {
            add(item, vec![*number]);
        }
    }
    for decision in decisions(document) {
        let item = decision.item.as_ref().unwrap();
        add(item, decision.window_weeks.iter().flat_map(|&(first, last)| [first, last]).collect());
        add(item, decision.question.split(' ').filter_map(|word| word.parse().ok()).collect());
    }
    for numbers in figures.values_mut() {
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
    }
    figures
}

fn listed(problems: Vec<String>) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn no_field_is_misspelt() {
    listed(parse_seed().1);
}

#[test]
fn every_statement_is_carried_in_its_proper_type_and_no_other() {
    let carried = carried(&seed());
    let stated = stated();
    assert_eq!(stated.len(), 573);
    let mut problems = Vec::new();
    for Stated { id, kind, .. } in &stated {
        let Some(carriers) = carried.get(id) else {
            problems.push(format!("{id} ({kind}) is missing"));
            continue;
        };
        use CarriedAs::*;
        let of_structure =
            [Group, Component, Edge, StatusClass, ClassAssignment, Run, Participant, Phase, Message, Insight];
        let fits = |carrier: &CarriedAs| match *kind {
            "group" => *carrier == Group,
            "node" => *carrier == Component,
            "edge" => *carrier == Edge,
            "code" => *carrier == Code,
            "decision" => *carrier == Decision,
            "classDef" => *carrier == StatusClass,
            "class" => *carrier == ClassAssignment,
            "participant" => *carrier == Participant,
            "phase" => matches!(carrier, Run | Phase),
            "message" => *carrier == Message,
            "insight" => matches!(carrier, Insight | Claim),
            "fact" => !of_structure.contains(carrier),
            other => panic!("{id} is of the unknown kind {other}"),
        };
        if !carriers.iter().all(fits) {
            problems.push(format!("{id} ({kind}) is carried as {carriers:?}"));
        }
        if *kind == "insight" && !carriers.contains(&Insight) {
            problems.push(format!("{id} is not carried as an insight"));
        }
    }
    let known: BTreeSet<&ItemId> = stated.iter().map(|statement| &statement.id).collect();
    problems.extend(carried.keys().filter(|id| !known.contains(id)).map(|id| format!("{id} is not in the fixture")));
    listed(problems);
}

#[test]
fn every_figure_is_carried_as_a_number_and_none_is_made_up() {
    let carried = carried_figures(&seed());
    let mut problems = Vec::new();
    for Stated { id, mut figures, .. } in stated() {
        if id == "C-AgentUtilization.07".into() {
            figures.push(9.0); // nine agents, stated as letters
        }
        figures.sort_by(f64::total_cmp);
        figures.dedup();
        let found = carried.get(&id).cloned().unwrap_or_default();
        if found != figures {
            problems.push(format!("{id} states {figures:?}, the document carries {found:?}"));
        }
    }
    listed(problems);
}

#[test]
fn only_statements_without_a_figure_are_mere_notes() {
    let carried = carried(&seed());
    let only_note = BTreeSet::from([CarriedAs::Note]);
    let notes: Vec<Stated> =
        stated().into_iter().filter(|statement| carried.get(&statement.id) == Some(&only_note)).collect();
    listed(notes.iter().filter(|note| !note.figures.is_empty()).map(|note| note.id.to_string()).collect());
    assert_eq!(notes.len(), 60, "statements that are only notes");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = seed();
    let carried = carried(&document);
    let mut problems = Vec::new();
    let mut component = |at: &dyn std::fmt::Display, id: Option<&ComponentId>| {
        if let Some(id) = id.filter(|id| document.component(id).is_none()) {
            problems.push(format!("{at}: there is no component {id}"));
        }
    };
    for edge in &document.edges {
        component(&edge.item, Some(&edge.from));
        component(&edge.item, Some(&edge.to));
    }
    for assignment in &document.class_assignments {
        assignment.components.iter().for_each(|id| component(&assignment.item, Some(id)));
    }
    for rule in &document.rules {
        component(&rule.item, Some(&rule.owner));
        component(&rule.item, rule.applies_to.as_ref());
    }
    for target in &document.targets {
        component(&target.item, Some(&target.owner));
        component(&target.item, target.applies_to.as_ref());
    }
    document.horizons.iter().for_each(|horizon| component(&horizon.id, horizon.component.as_ref()));
    document.opportunities.iter().for_each(|opportunity| component(&opportunity.id, opportunity.component.as_ref()));
    decisions(&document).for_each(|decision| component(&decision.id, decision.about.as_ref()));
    facts(&document).for_each(|fact| component(&fact.item, fact.about.as_ref()));

    let groups = document.components.iter().map(|component| (&component.id.0, component.group.as_ref()));
    let parents = document.groups.iter().map(|group| (&group.id.0, group.parent.as_ref()));
    for (at, group) in groups.chain(parents) {
        if let Some(group) = group.filter(|id| document.group(id).is_none()) {
            problems.push(format!("{at}: there is no group {group}"));
        }
    }
    for opportunity in &document.opportunities {
        if document.horizon(&opportunity.horizon).is_none() {
            problems.push(format!("{}: there is no horizon {}", opportunity.id, opportunity.horizon));
        }
        for id in opportunity.depends_on.iter().filter(|id| document.opportunity(id).is_none()) {
            problems.push(format!("{}: there is no opportunity {id}", opportunity.id));
        }
    }
    for fact in facts(&document) {
        let is_whole = |whole: &&ItemId| carried.get(*whole).is_some_and(|found| found.contains(&CarriedAs::Fact));
        if let Some(whole) = fact.part_of.as_ref().filter(|whole| !is_whole(whole)) {
            problems.push(format!("{}: {whole} is no figure", fact.item));
        }
    }
    let component_headings = document.components.iter().flat_map(|component| &component.headings);
    for heading in component_headings.chain(messages(&document).flat_map(|message| &message.headings)) {
        assert!(!heading.over.is_empty(), "{} heads nothing", heading.item);
        for item in heading.over.iter().filter(|item| !carried.contains_key(item)) {
            problems.push(format!("{}: {item} is not in the document", heading.item));
        }
    }
    for run in &document.pipeline {
        let known: BTreeSet<_> = run.participants.iter().map(|participant| &participant.id).collect();
        for message in run.phases.iter().flat_map(|phase| &phase.messages) {
            for id in [&message.from, &message.to].into_iter().filter(|id| !known.contains(id)) {
                problems.push(format!("{}: nobody is called {id}", message.item));
            }
        }
    }
    for insight in &document.insights {
        let heads = |id: &ItemId| document.insights.iter().any(|other| &other.item == id && other.under.is_none());
        if let Some(heading) = insight.under.as_ref().filter(|id| !heads(id)) {
            problems.push(format!("{}: {heading} heads no insights", insight.item));
        }
    }
    for option in decisions(&document).flat_map(|decision| &decision.options) {
        let words = option.evidence.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '.');
        let items = words.filter(|word| ["M-", "C-", "L-"].iter().any(|prefix| word.starts_with(prefix)));
        for item in items.filter(|item| !carried.contains_key(&ItemId::from(item.trim_end_matches('.')))) {
            problems.push(format!("\"{}\" gives evidence by {item}, which is not in the document", option.title));
        }
    }
    listed(problems);
}

#[test]
fn ids_are_unique() {
    let document = seed();
    fn unique<'a>(what: &str, ids: impl Iterator<Item = &'a str>) {
        let mut seen = BTreeSet::new();
        listed(ids.filter(|id| !seen.insert(*id)).map(|id| format!("{what} {id} is there twice")).collect());
    }
    unique("group", document.groups.iter().map(|group| group.id.as_str()));
    unique("component", document.components.iter().map(|component| component.id.as_str()));
    unique("edge", document.edges.iter().map(|edge| edge.item.as_str()));
    unique("horizon", document.horizons.iter().map(|horizon| horizon.id.as_str()));
    unique("opportunity", document.opportunities.iter().map(|opportunity| opportunity.id.as_str()));
    unique("decision", decisions(&document).map(|decision| decision.id.as_str()));
    unique("message", messages(&document).map(|message| message.item.as_str()));
}

#[test]
fn units_suit_their_metrics() {
    let document = seed();
    let mut problems = Vec::new();
    let mut check = |item: &ItemId, unit: Unit, metric: Unit| {
        if !unit.is_comparable_to(metric) {
            problems.push(format!("{item}: {unit} can't be compared with {metric}"));
        }
    };
    for fact in facts(&document) {
        fact.metric.iter().for_each(|metric| check(&fact.item, fact.unit, metric.unit()));
    }
    for rule in &document.rules {
        rule.condition.iter().for_each(|condition| check(&rule.item, condition.unit, condition.metric.unit()));
    }
    for target in &document.targets {
        assert_eq!(target.value.is_some(), target.unit.is_some(), "{}", target.item);
        target.metric.iter().zip(target.unit).for_each(|(metric, unit)| check(&target.item, unit, metric.unit()));
    }
    for claim in claims(&document) {
        // A change may also be given relative to the level before; a level may not.
        let is_relative = matches!(claim.unit.dimension(), Dimension::Ratio | Dimension::Factor) && !claim.is_level;
        if !is_relative {
            claim.metric.iter().for_each(|metric| check(&claim.item, claim.unit, metric.unit()));
        }
    }
    listed(problems);
}

#[test]
fn parts_add_up_where_the_seed_says_so() {
    let document = seed();
    let sum_of_parts = |whole: &str| -> f64 {
        let megabytes: Unit = "MB".parse().unwrap();
        let parts = facts(&document).filter(|fact| fact.part_of == Some(whole.into()) && fact.metric.is_some());
        parts.map(|fact| fact.unit.convert(fact.value.representative(), megabytes).unwrap()).sum()
    };
    assert_eq!(sum_of_parts("M-ETSTables.03"), 425.0);
    assert_eq!(sum_of_parts("M-CoordinationMemory.03"), 320.0);
    assert_eq!(sum_of_parts("M-AgentPool.04"), 233.0);
}

#[test]
fn the_map_is_whole() {
    let document = seed();
    assert_eq!(
        (document.groups.len(), document.components.len(), document.edges.len(), document.status_classes.len()),
        (16, 36, 32, 10)
    );
    for component in &document.components {
        assert!(component.group.is_some(), "{} lies in no group", component.id);
        assert!(document.stated_class(&component.id).is_some(), "{} is in no class", component.id);
        assert!(!component.about.is_empty(), "{} is not explained", component.id);
    }
    let style = &document.status_classes[0];
    assert_eq!((style.fill.as_str(), style.stroke.as_str(), style.stroke_width_px), ("#ffcdd2", "#d32f2f", 4.0));
}

#[test]
fn the_plan_is_whole() {
    let document = seed();
    let weeks: Vec<_> = document.horizons.iter().map(|horizon| horizon.weeks).collect();
    assert_eq!(weeks, [(1.0, 2.0), (4.3, 8.7), (13.0, 26.0), (1.0, 2.0), (4.3, 13.0), (13.0, 26.0)]);
    for horizon in &document.horizons {
        let count = document.opportunities.iter().filter(|opportunity| opportunity.horizon == horizon.id).count();
        assert_eq!(count, 4, "opportunities of {}", horizon.id);
        assert!(horizon.risk.is_some() && !horizon.combined.is_empty(), "{}", horizon.id);
    }
    assert_eq!(document.decisions.len(), 32);

    let run = &document.pipeline[0];
    assert_eq!(run.participants.len(), 7);
    let starts_h: Vec<f64> = run.phases.iter().map(|phase| phase.starts_h).collect();
    assert_eq!(starts_h, [0.0, 0.5, 1.0, 168.0, 336.0, 504.0]);
    let mut chosen: Vec<_> = messages(&document)
        .flat_map(|message| &message.options)
        .map(|option| (option.chosen.as_ref().unwrap().1, option.title.as_str()))
        .collect();
    chosen.sort();
    assert_eq!(chosen, [(1, "Backend integration"), (2, "Memory optimization"), (3, "Registry partitioning")]);
}

#[test]
fn figures_are_as_stated() {
    let document = seed();
    let fact = |item: &str| -> Vec<(Value, String)> {
        let found = facts(&document).filter(|fact| fact.item.as_str() == item);
        found.map(|fact| (fact.value, fact.unit.to_string())).collect()
    };
    let claim = |item: &str| -> Vec<(Value, String)> {
        let found = claims(&document).filter(|claim| claim.item.as_str() == item);
        found.map(|claim| (claim.value, claim.unit.to_string())).collect()
    };
    let one = |value: f64, unit: &str| (Value::Exact(value), unit.to_owned());
    let change = |before: f64, after: f64, unit: &str| (Value::Change(before, after), unit.to_owned());

    assert_eq!(fact("M-PerfEngineer.02"), [one(4.3, "GB")]);
    assert_eq!(fact("M-PerfEngineer.04"), [(Value::Range(45.0, 180.0), "ms".to_owned())]);
    assert_eq!(fact("M-AgentPool.07"), [one(77.0, "%"), one(233.0, "MB"), one(50.0, "MB")]);
    assert_eq!(fact("M-MessageQueues.05"), [one(12.0, "count"), one(450.0, "kB")]);
    assert_eq!(fact("C-ProcessRegistryHotspot.03"), [one(89.0, "%"), one(4.2, "cores")]);
    assert_eq!(fact("C-HotspotEvolution.03")[0], change(67.0, 89.0, "%"));
    assert_eq!(fact("L-M12.02"), [change(89.0, 67.0, "%")]);
    assert_eq!(fact("L-M21.07"), [one(25.0, "kUSD/mo")]);

    assert_eq!(claim("M-QuickWins.01"), [one(-175.0, "MB"), one(-41.0, "%")]);
    assert_eq!(claim("M-MediumTerm.05"), [change(2.8, 1.2, "GB"), one(-57.0, "%")]);
    assert_eq!(claim("C-ImmediateActions.01"), [one(4.0, "x")]);
    assert_eq!(claim("L-M12.02"), [one(-25.0, "%")]);
    assert_eq!(claim("I-05"), [one(340.0, "%")]);
    assert_eq!(claim("I-17"), [one(153.0, "%"), one(-64.0, "%")]);

    let rule = document.rules.iter().find(|rule| rule.item.as_str() == "M-MemoryDecisions.01").unwrap();
    assert_eq!(rule.severity, Severity::Critical);
    assert_eq!(rule.condition.as_ref().unwrap().threshold, 200.0);
    let discover = hot_functions(&document).find(|function| function.function.starts_with("discover")).unwrap();
    assert_eq!((discover.share, discover.share_of), (0.65, ShareOf::Component));
    let system: Vec<_> = document.components[0].facts.iter().map(|fact| document.quantity(fact)).collect();
    assert_eq!(system[0].provenance.origin(), "M-PerfEngineer.02 of 078 Living system snapshots");
}
