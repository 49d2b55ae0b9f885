//! Which component an entity falls into, and what the members of a component add up to.
//!
//! The recorder runs every batch through an [`Aggregator`], so that components have series of their own, like any entity.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::batch::{Batch, Sample};
use crate::model::document::{Document, Selector};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{self, MetricKey, OverEntities};

/// Whether the entity is one of those that the selector means: every part that is given matches it, `*` standing for any text,
/// upper and lower case being different. A selector without parts means nobody.
pub fn matches(selector: &Selector, entity: &Entity) -> bool {
    let is_empty = selector.kind.is_none() && selector.name.is_none() && selector.attributes.is_empty();
    let fits = |pattern: &Option<String>, text: &str| pattern.as_ref().is_none_or(|pattern| glob(pattern, text));
    !is_empty
        && fits(&selector.kind, entity.kind.word())
        && fits(&selector.name, &entity.name)
        && selector
            .attributes
            .iter()
            .all(|(name, pattern)| entity.attributes.get(name).is_some_and(|value| glob(pattern, value)))
}

/// Whether `pattern`, with `*` for any text, is the whole of `text`. The pieces between stars are looked for from left to
/// right, each as early as possible, which never misses a match.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for piece in middle.split('*') {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

/// Assigns entities to components.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grouping {
    /// In the document's order.
    components: Vec<(ComponentId, String, Vec<Selector>)>,
}

impl Grouping {
    /// By the selectors of the document's components; without a document, only by what sources find.
    pub fn new(document: Option<&Document>) -> Self {
        let components = document.map_or(&[][..], |document| &document.components);
        let describe = |component: &crate::model::document::Component| {
            (component.id.clone(), component.title.clone(), component.selectors.clone())
        };
        Self { components: components.iter().map(describe).collect() }
    }

    /// The component that the entity falls into: the first of the document with a selector for it, else the one that its source
    /// has found. Components themselves belong to none.
    pub fn component_of(&self, entity: &Entity) -> Option<ComponentId> {
        if entity.kind == EntityKind::Component {
            return None;
        }
        let selected = self
            .components
            .iter()
            .find(|(_, _, selectors)| selectors.iter().any(|selector| matches(selector, entity)))
            .map(|(id, _, _)| id.clone());
        selected.or_else(|| entity.component.clone())
    }

    /// What the component is called: its title in the document, else its id without what comes before the first colon.
    pub fn title<'a>(&'a self, component: &'a ComponentId) -> &'a str {
        let stated = self.components.iter().find(|(id, title, _)| id == component && !title.is_empty());
        match (stated, component.as_str().split_once(':')) {
            (Some((_, title, _)), _) => title,
            (None, Some((_, name))) if !name.is_empty() => name,
            _ => component.as_str(),
        }
    }
}

/// Adds to each batch the values of components, from those of their members.
#[derive(Debug, Default)]
pub struct Aggregator {
    /// The entity that stands for each component; `None` where the source itself delivers the component.
    entities: BTreeMap<ComponentId, Option<EntityId>>,
    /// By that entity.
    groups: BTreeMap<EntityId, Group>,
    /// For each member, the entity of its component.
    group_of: HashMap<EntityId, EntityId>,
}

#[derive(Debug, Default)]
struct Group {
    members: BTreeSet<EntityId>,
    /// What each member said last: a source that has too many to ask each time asks them by turns.
    held: BTreeMap<MetricKey, BTreeMap<EntityId, f64>>,
    /// What is to be combined anew.
    changed: BTreeSet<MetricKey>,
    /// As combined last.
    values: BTreeMap<MetricKey, f64>,
}

/// What a batch is to be complemented by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aggregated {
    /// Components seen for the first time.
    pub appeared: Vec<Entity>,
    /// Their values.
    pub samples: Vec<Sample>,
}

impl Aggregator {
    /// The components' part of a batch whose appeared entities bear their final components. Metrics are combined as the
    /// registry says ([`OverEntities`]), of each member what it said last; a metric that a member lacks is not made up.
    /// `grouping` names components, `new_id` gives out numbers of entities.
    pub fn aggregate(
        &mut self,
        batch: &Batch,
        grouping: &Grouping,
        new_id: &mut dyn FnMut() -> EntityId,
    ) -> Aggregated {
        let mut out = Aggregated::default();
        let mut changed = BTreeSet::new();
        for component in batch.appeared.iter().filter(|entity| entity.kind == EntityKind::Component) {
            self.entities.entry(ComponentId(component.key.clone())).or_insert(None);
        }
        for member in &batch.appeared {
            let Some(component) = &member.component else { continue };
            let entity = *self.entities.entry(component.clone()).or_insert_with(|| {
                let id = new_id();
                out.appeared.push(component_entity(id, component, grouping.title(component).to_owned()));
                Some(id)
            });
            let Some(entity) = entity else { continue };
            let before = self.group_of.insert(member.id, entity);
            if before == Some(entity) {
                continue;
            }
            if let Some((before, group)) = before.and_then(|before| Some((before, self.groups.get_mut(&before)?))) {
                group.release(member.id);
                changed.insert(before);
            }
            self.groups.entry(entity).or_default().members.insert(member.id);
            changed.insert(entity);
        }
        let mut measured = self.hold(&batch.samples);
        // Those who vanish with this batch may still have values in it; what they said before is gone with them.
        let vanished: HashSet<EntityId> = batch.vanished.iter().copied().collect();
        let last_words: HashSet<(EntityId, MetricKey)> = batch
            .samples
            .iter()
            .filter(|sample| vanished.contains(&sample.entity))
            .map(|sample| (sample.entity, sample.metric))
            .collect();
        for id in &batch.vanished {
            let Some(group) = self.group_of.get(id).and_then(|entity| self.groups.get_mut(entity)) else { continue };
            for (&metric, held) in &mut group.held {
                if !last_words.contains(&(*id, metric)) && held.remove(id).is_some() {
                    group.changed.insert(metric);
                }
            }
        }
        self.combine();
        for id in &batch.vanished {
            let Some(entity) = self.group_of.remove(id) else { continue };
            if let Some(group) = self.groups.get_mut(&entity) {
                group.release(*id);
                changed.insert(entity);
            }
        }
        for (&entity, group) in &mut self.groups {
            let mut put = |metric, value| out.samples.push(Sample { entity, metric, value });
            let is_measured = measured.remove(&entity);
            if is_measured {
                group.values.iter().for_each(|(&metric, &value)| put(metric, value));
            } else if group.members.is_empty() {
                group.values.clear();
                let summed = std::mem::take(&mut group.held).into_keys();
                let summed = summed.filter(|metric| metric.metric().over_entities == OverEntities::Sum);
                summed.for_each(|metric| put(metric, 0.0));
            }
            if is_measured || changed.contains(&entity) {
                put(metric::MEMBERS, group.members.len() as f64);
            }
        }
        out
    }

    /// Takes note of the members' values; returns the entities of the components that have any.
    fn hold(&mut self, samples: &[Sample]) -> BTreeSet<EntityId> {
        let mut measured = BTreeSet::new();
        for sample in samples {
            let Some(&entity) = self.group_of.get(&sample.entity) else { continue };
            let over = sample.metric.metric().over_entities;
            if over == OverEntities::None || sample.metric == metric::MEMBERS {
                continue;
            }
            let Some(group) = self.groups.get_mut(&entity) else { continue };
            group.held.entry(sample.metric).or_default().insert(sample.entity, sample.value);
            group.changed.insert(sample.metric);
            measured.insert(entity);
        }
        measured
    }

    /// In the order of the members, so that the same stream always adds up alike.
    fn combine(&mut self) {
        for group in self.groups.values_mut() {
            for metric in std::mem::take(&mut group.changed) {
                let Some(held) = group.held.get(&metric) else { continue };
                let values = held.values().copied();
                let value = match metric.metric().over_entities {
                    OverEntities::Max => values.reduce(f64::max),
                    _ => values.reduce(|sum, value| sum + value),
                };
                match value {
                    Some(value) => group.values.insert(metric, value),
                    None => group.values.remove(&metric),
                };
            }
        }
    }
}

impl Group {
    /// One belongs to it no longer, nor does what it said.
    fn release(&mut self, member: EntityId) {
        self.members.remove(&member);
        for (metric, held) in &mut self.held {
            if held.remove(&member).is_some() {
                self.changed.insert(*metric);
            }
        }
    }
}

fn component_entity(id: EntityId, component: &ComponentId, name: String) -> Entity {
    Entity {
        id,
        kind: EntityKind::Component,
        key: component.0.clone(),
        name,
        parent: None,
        component: None,
        started: None,
        ended: None,
        attributes: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Component, ComponentKind};

    fn process(id: u32, name: &str) -> Entity {
        Entity {
            id: EntityId(id),
            kind: EntityKind::OsProcess,
            key: format!("os:{id}:0"),
            name: name.to_owned(),
            parent: None,
            component: Some(ComponentId(format!("exe:{name}"))),
            started: None,
            ended: None,
            attributes: [("user", "0"), ("exe", "/usr/bin/beam.smp")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        }
    }

    fn selector(kind: Option<&str>, name: Option<&str>, attributes: &[(&str, &str)]) -> Selector {
        Selector {
            kind: kind.map(str::to_owned),
            name: name.map(str::to_owned),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    #[test]
    fn stars_stand_for_any_text() {
        let cases = [
            ("postgres", "postgres", true),
            ("postgres", "postgres: writer", false),
            ("post*", "postgres", true),
            ("*gres", "postgres", true),
            ("p*g*s", "postgres", true),
            ("p*g*g*s", "postgres", false),
            ("*", "", true),
            ("**", "anything", true),
            ("", "", true),
            ("", "x", false),
            ("Post*", "postgres", false),
            ("ab*ba", "aba", false),
            ("*ab*ab", "ab", false),
            ("naïve*ü", "naïve – grün ü", true),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(glob(pattern, text), expected, "{pattern} on {text}");
        }
        assert!(!glob(&"a*".repeat(2000), &"a".repeat(1999)), "many stars take no longer than the text is");
    }

    #[test]
    fn all_parts_of_a_selector_must_match() {
        let beam = process(1, "beam.smp");
        assert!(matches(&selector(Some("os_process"), Some("beam*"), &[("exe", "*/beam.smp"), ("user", "0")]), &beam));
        assert!(!matches(&selector(Some("beam_process"), Some("beam*"), &[]), &beam));
        assert!(!matches(&selector(None, None, &[("user", "1000")]), &beam));
        assert!(!matches(&selector(None, None, &[("registered_name", "*")]), &beam), "it has no such attribute");
        assert!(!matches(&Selector::default(), &beam));
    }

    fn document() -> Document {
        let mut document = Document::new("shop");
        for (id, title, pattern) in [("M-Pool", "Agent pool", "beam*"), ("M-Rest", "The rest", "b*")] {
            let mut component = Component::new(id.into(), title, ComponentKind::System);
            component.selectors.push(selector(None, Some(pattern), &[]));
            document.components.push(component);
        }
        document
    }

    #[test]
    fn the_documents_first_selector_wins_over_what_the_source_found() {
        let document = document();
        let grouping = Grouping::new(Some(&document));
        assert_eq!(grouping.component_of(&process(1, "beam.smp")), Some("M-Pool".into()));
        assert_eq!(grouping.component_of(&process(1, "bash")), Some("M-Rest".into()));
        assert_eq!(grouping.component_of(&process(1, "sshd")), Some("exe:sshd".into()));
        assert_eq!(Grouping::new(None).component_of(&process(1, "bash")), Some("exe:bash".into()));
        assert_eq!(grouping.title(&"M-Pool".into()), "Agent pool");
        assert_eq!(grouping.title(&"exe:sshd".into()), "sshd");
        let itself = Entity { kind: EntityKind::Component, ..process(1, "beam.smp") };
        assert_eq!(grouping.component_of(&itself), None);
    }

    struct Feed {
        aggregator: Aggregator,
        next: u32,
    }

    impl Feed {
        fn new() -> Self {
            Self { aggregator: Aggregator::default(), next: 100 }
        }

        fn add(&mut self, batch: &Batch) -> Aggregated {
            let next = &mut self.next;
            self.aggregator.aggregate(batch, &Grouping::default(), &mut || {
                *next += 1;
                EntityId(*next)
            })
        }
    }

    fn sample(entity: u32, metric: MetricKey, value: f64) -> Sample {
        Sample { entity: EntityId(entity), metric, value }
    }

    #[test]
    fn members_add_up_and_what_is_missing_is_not_made_up() {
        let mut feed = Feed::new();
        let out = feed.add(&Batch {
            appeared: vec![process(1, "sh"), process(2, "sh"), process(3, "cc")],
            samples: vec![
                sample(1, metric::MEMORY_RESIDENT, 10.0),
                sample(2, metric::MEMORY_RESIDENT, 5.0),
                sample(2, metric::CPU_CORES, 0.5),
                sample(1, metric::GC_PAUSE, 0.25),
                sample(2, metric::GC_PAUSE, 0.125),
                sample(1, metric::CPU_UTILIZATION, 1.0),
                sample(9, metric::MEMORY_RESIDENT, 77.0),
            ],
            ..Batch::default()
        });
        let appeared: Vec<_> =
            out.appeared.iter().map(|entity| (entity.id.0, &entity.key[..], &entity.name[..])).collect();
        assert_eq!(appeared, [(101, "exe:sh", "sh"), (102, "exe:cc", "cc")]);
        assert_eq!(
            out.samples,
            [
                sample(101, metric::MEMORY_RESIDENT, 15.0),
                sample(101, metric::GC_PAUSE, 0.25),
                sample(101, metric::CPU_CORES, 0.5),
                sample(101, metric::MEMBERS, 2.0),
                sample(102, metric::MEMBERS, 1.0),
            ]
        );
    }

    #[test]
    fn members_that_are_asked_by_turns_count_with_what_they_said_last() {
        let mut feed = Feed::new();
        let all = vec![sample(1, metric::MEMORY_RESIDENT, 10.0), sample(2, metric::MEMORY_RESIDENT, 5.0)];
        feed.add(&Batch { appeared: vec![process(1, "sh"), process(2, "sh")], samples: all, ..Batch::default() });
        let sum = |out: &Aggregated| {
            out.samples.iter().find(|sample| sample.metric == metric::MEMORY_RESIDENT).unwrap().value
        };
        let one = vec![sample(2, metric::MEMORY_RESIDENT, 7.0)];
        assert_eq!(sum(&feed.add(&Batch { samples: one.clone(), ..Batch::default() })), 17.0);
        feed.add(&Batch { vanished: vec![EntityId(1)], ..Batch::default() });
        assert_eq!(sum(&feed.add(&Batch { samples: one, ..Batch::default() })), 7.0);
    }

    #[test]
    fn who_is_told_again_with_another_component_takes_what_it_said_along() {
        let mut feed = Feed::new();
        let both = vec![sample(1, metric::MEMORY_RESIDENT, 10.0), sample(2, metric::MEMORY_RESIDENT, 5.0)];
        feed.add(&Batch { appeared: vec![process(1, "sh"), process(2, "sh")], samples: both, ..Batch::default() });
        let samples = vec![sample(1, metric::MEMORY_RESIDENT, 11.0), sample(2, metric::MEMORY_RESIDENT, 5.0)];
        let told_again = Batch { appeared: vec![process(1, "cc")], samples, ..Batch::default() };
        let out = feed.add(&told_again);
        assert_eq!(
            out.samples,
            [
                sample(101, metric::MEMORY_RESIDENT, 5.0),
                sample(101, metric::MEMBERS, 1.0),
                sample(102, metric::MEMORY_RESIDENT, 11.0),
                sample(102, metric::MEMBERS, 1.0),
            ]
        );
        assert!(feed.add(&Batch { appeared: vec![process(1, "cc")], ..Batch::default() }).samples.is_empty());
    }

    #[test]
    fn a_component_without_members_falls_to_zero_once_and_is_found_again() {
        let mut feed = Feed::new();
        let samples = vec![sample(1, metric::MEMORY_RESIDENT, 10.0)];
        feed.add(&Batch { appeared: vec![process(1, "sh")], samples, ..Batch::default() });
        let gone = feed.add(&Batch { vanished: vec![EntityId(1)], ..Batch::default() });
        assert_eq!(gone.samples, [sample(101, metric::MEMORY_RESIDENT, 0.0), sample(101, metric::MEMBERS, 0.0)]);
        assert_eq!(feed.add(&Batch::default()), Aggregated::default());
        let again = feed.add(&Batch { appeared: vec![process(7, "sh")], ..Batch::default() });
        assert!(again.appeared.is_empty());
        assert_eq!(again.samples, [sample(101, metric::MEMBERS, 1.0)]);
    }

    #[test]
    fn components_that_the_source_delivers_are_left_alone() {
        let mut feed = Feed::new();
        let delivered = component_entity(EntityId(5), &"exe:sh".into(), String::from("sh"));
        let out = feed.add(&Batch {
            appeared: vec![delivered, process(1, "sh")],
            samples: vec![sample(5, metric::MEMORY_RESIDENT, 99.0), sample(1, metric::MEMORY_RESIDENT, 10.0)],
            ..Batch::default()
        });
        assert_eq!(out, Aggregated::default());
    }
}
