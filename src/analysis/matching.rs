//! What a component's selectors find among the measured entities: the test of the component editor.

use std::collections::BTreeMap;

use super::grouping::{Grouping, matches};
use crate::model::document::Document;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::time::Timestamp;

/// So many names are listed.
const FIRST: usize = 8;

/// What matches.
#[derive(Clone, Debug, PartialEq)]
pub struct Matching {
    /// Whose selectors.
    pub component: ComponentId,
    /// How many of each kind, of those that exist at the moment asked about.
    pub kinds: Vec<(EntityKind, usize)>,
    /// How many matched at any time.
    pub ever: usize,
    /// Of those that exist, how many fall to a component that comes earlier in the document.
    pub taken: usize,
    /// The first by name.
    pub first: Vec<(EntityId, String)>,
    /// For each selector, how many of those that exist it matches.
    pub by_selector: Vec<usize>,
}

impl Matching {
    /// How many exist at the moment asked about.
    pub fn count(&self) -> usize {
        self.kinds.iter().map(|(_, count)| count).sum()
    }
}

/// Tests the selectors of a component of `document`; `None` if it has no such component. Entities count that exist at `at`.
pub fn matching(
    document: &Document,
    component: &ComponentId,
    entities: &[Entity],
    at: Option<Timestamp>,
) -> Option<Matching> {
    let selectors = &document.component(component)?.selectors;
    let grouping = Grouping::new(Some(document));
    let exists = |entity: &Entity| {
        at.is_none_or(|at| {
            entity.started.is_none_or(|started| started <= at) && entity.ended.is_none_or(|ended| ended > at)
        })
    };
    let (mut ever, mut taken) = (0, 0);
    let mut kinds: BTreeMap<EntityKind, usize> = BTreeMap::new();
    let mut by_selector = vec![0; selectors.len()];
    let mut found: Vec<&Entity> = Vec::new();
    for entity in entities.iter().filter(|entity| entity.kind != EntityKind::Component) {
        let of_selector: Vec<bool> = selectors.iter().map(|selector| matches(selector, entity)).collect();
        if !of_selector.contains(&true) {
            continue;
        }
        ever += 1;
        if !exists(entity) {
            continue;
        }
        for (count, matched) in by_selector.iter_mut().zip(of_selector) {
            *count += usize::from(matched);
        }
        *kinds.entry(entity.kind).or_default() += 1;
        taken += usize::from(grouping.component_of(entity).as_ref() != Some(component));
        found.push(entity);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    let first = found.iter().take(FIRST).map(|entity| (entity.id, entity.name.clone())).collect();
    Some(Matching { component: component.clone(), kinds: kinds.into_iter().collect(), ever, taken, first, by_selector })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Component, ComponentKind, Selector};

    fn entity(id: u32, kind: EntityKind, name: &str, ended: Option<i64>) -> Entity {
        Entity {
            id: EntityId(id),
            kind,
            key: id.to_string(),
            name: name.to_owned(),
            parent: None,
            component: None,
            started: None,
            ended: ended.map(Timestamp),
            attributes: BTreeMap::new(),
        }
    }

    fn document() -> Document {
        let mut document = Document::new("shop");
        for (id, names) in [("cache", &["cache_hot"][..]), ("all", &["cache*", "agent_*"][..])] {
            let mut component = Component::new(id.into(), id, ComponentKind::System);
            let selector = |name: &&str| Selector { name: Some((*name).to_owned()), ..Selector::default() };
            component.selectors = names.iter().map(selector).collect();
            document.components.push(component);
        }
        document
    }

    #[test]
    fn counts_by_kind_who_exists_and_who_falls_to_another() {
        let entities = [
            entity(1, EntityKind::BeamProcess, "agent_b", None),
            entity(2, EntityKind::BeamProcess, "agent_a", None),
            entity(3, EntityKind::BeamProcess, "agent_c", Some(5)),
            entity(4, EntityKind::EtsTable, "cache_hot", None),
            entity(5, EntityKind::EtsTable, "orders", None),
            entity(6, EntityKind::Component, "agent_pool", None),
        ];
        let found = matching(&document(), &"all".into(), &entities, Some(Timestamp(9))).unwrap();
        assert_eq!(found.kinds, [(EntityKind::BeamProcess, 2), (EntityKind::EtsTable, 1)]);
        assert_eq!((found.count(), found.ever, found.taken), (3, 4, 1));
        assert_eq!(found.by_selector, [1, 2]);
        let names: Vec<&str> = found.first.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["agent_a", "agent_b", "cache_hot"]);
        assert_eq!(matching(&document(), &"none".into(), &entities, None), None);
    }
}
