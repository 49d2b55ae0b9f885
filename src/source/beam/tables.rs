//! The ETS tables of one life of a node.

use std::collections::{BTreeMap, BTreeSet};

use super::super::process_table::EntityIds;
use super::identity::{Origins, component};
use super::processes::Place;
use super::reading::{Reading, TableFacts, TableId};
use super::terms::Pid;
use crate::model::batch::{Batch, Sample};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::metric::{self, MetricKey};

/// What [`Tables::update`] delivers of a table.
pub(super) const METRICS: [MetricKey; 2] = [metric::MEMORY_USED, metric::TABLE_OBJECTS];

/// After so many seconds it is looked whether the names still mean the same tables.
const REFRESH_S: f64 = 60.0;

#[derive(Debug)]
struct Known {
    entity: EntityId,
    facts: TableFacts,
    values: Option<(f64, f64)>,
}

/// The tables known.
#[derive(Debug, Default)]
pub(super) struct Tables {
    known: BTreeMap<TableId, Known>,
    has_strangers: bool,
    /// Owners whose application is to be asked for before their tables are introduced.
    owners: BTreeSet<Pid>,
    refreshed_ns: Option<i64>,
}

impl Tables {
    /// Whether the next request should ask what the tables are.
    pub fn needs_facts(&self, steady_ns: i64) -> bool {
        let is_due = |refreshed: i64| (steady_ns - refreshed) as f64 / 1e9 >= REFRESH_S;
        self.has_strangers || self.refreshed_ns.is_none_or(is_due)
    }

    /// Owners of tables whose identity is to be asked for.
    pub fn owners_wanted(&self, origins: &Origins) -> Vec<Pid> {
        self.owners.iter().copied().filter(|owner| !origins.is_known(*owner)).take(500).collect()
    }

    /// Puts what an answer says of tables into `batch`.
    pub fn update(
        &mut self,
        reading: &Reading,
        origins: &Origins,
        place: &Place<'_>,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) {
        if !reading.table_facts.is_empty() {
            self.refreshed_ns = Some(reading.moment.steady_ns);
            for facts in &reading.table_facts {
                self.introduce(facts, origins, place, ids, batch);
            }
        }
        self.owners.retain(|owner| !origins.is_known(*owner));
        // No tables at all: they were not asked for, as every node has some.
        if reading.tables.is_empty() {
            return;
        }
        let present: BTreeSet<&TableId> = reading.tables.iter().map(|row| &row.id).collect();
        self.known.retain(|id, known| {
            let stays = present.contains(id);
            if !stays {
                batch.vanished.push(known.entity);
            }
            stays
        });
        self.has_strangers = false;
        for row in &reading.tables {
            let Some(known) = self.known.get_mut(&row.id) else {
                self.has_strangers = true;
                continue;
            };
            let bytes = row.words * place.word_bytes;
            known.values = Some((bytes, row.objects));
            let entity = known.entity;
            batch.samples.push(Sample { entity, metric: metric::MEMORY_USED, value: bytes });
            batch.samples.push(Sample { entity, metric: metric::TABLE_OBJECTS, value: row.objects });
        }
    }

    fn introduce(
        &mut self,
        facts: &TableFacts,
        origins: &Origins,
        place: &Place<'_>,
        ids: &mut EntityIds,
        batch: &mut Batch,
    ) {
        if let Some(known) = self.known.get(&facts.id) {
            if (&known.facts.reference, known.facts.owner) == (&facts.reference, facts.owner) {
                return;
            }
            batch.vanished.push(known.entity);
        }
        // Once; an owner that does not answer is gone.
        let stranger = facts.owner.filter(|owner| !origins.is_known(*owner));
        if stranger.is_some_and(|owner| self.owners.insert(owner)) {
            self.known.remove(&facts.id);
            return;
        }
        let entity = ids.next();
        let application = facts.owner.and_then(|owner| origins.application(owner));
        let owner = facts.owner.map(|owner| owner.to_string());
        let number = match &facts.reference {
            Some(words) => words.iter().map(u32::to_string).collect::<Vec<_>>().join("."),
            None => String::from("?"),
        };
        let attributes = [
            ("table", Some(facts.name.clone())),
            ("application", application.clone()),
            ("owner", owner),
            ("type", facts.kind.clone()),
            ("protection", facts.protection.clone()),
            ("read_concurrency", facts.read_concurrency.clone()),
            ("write_concurrency", facts.write_concurrency.clone()),
            ("compressed", facts.compressed.clone()),
        ];
        batch.appeared.push(Entity {
            id: entity,
            kind: EntityKind::EtsTable,
            key: format!("{}/ets/{}/{number}/{}", place.key, facts.name, place.at.0.div_euclid(1_000_000_000)),
            name: facts.name.clone(),
            parent: Some(place.runtime),
            component: Some(component(application.as_deref())),
            started: None,
            ended: None,
            attributes: attributes.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        });
        self.known.insert(facts.id.clone(), Known { entity, facts: facts.clone(), values: None });
    }

    /// All of them have vanished with their node.
    pub fn drop_all(&mut self, batch: &mut Batch) {
        batch.vanished.extend(std::mem::take(&mut self.known).into_values().map(|known| known.entity));
        (self.has_strangers, self.refreshed_ns) = (false, None);
    }

    /// All tables, as last known.
    pub fn census(&self, rows: &mut Vec<Sample>) {
        for known in self.known.values() {
            let Some((bytes, objects)) = known.values else { continue };
            rows.push(Sample { entity: known.entity, metric: metric::MEMORY_USED, value: bytes });
            rows.push(Sample { entity: known.entity, metric: metric::TABLE_OBJECTS, value: objects });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::identity::tests::{pid, row as identity};
    use super::super::processes::tests::empty_reading;
    use super::super::reading::TableRow;
    use super::*;
    use crate::model::time::Timestamp;

    #[derive(Default)]
    struct Feed {
        tables: Tables,
        origins: Origins,
        ids: EntityIds,
        second: i64,
    }

    impl Feed {
        fn add(&mut self, mut reading: Reading) -> Batch {
            self.second += 1;
            let at = Timestamp(self.second * 1_000_000_000);
            reading.moment.steady_ns = at.0;
            self.origins.learn(&reading);
            let mut batch = Batch { at, ..Batch::default() };
            let place = Place { key: "beam:x@y", runtime: EntityId(1000), at, word_bytes: 8.0 };
            self.tables.update(&reading, &self.origins, &place, &mut self.ids, &mut batch);
            batch
        }
    }

    fn size(name: &str, words: f64) -> TableRow {
        TableRow { id: TableId::Named(name.to_owned()), objects: 3.0, words }
    }

    fn facts(name: &str, owner: u32, reference: u32) -> TableFacts {
        TableFacts {
            id: TableId::Named(name.to_owned()),
            name: name.to_owned(),
            owner: Some(pid(owner)),
            reference: Some(vec![reference]),
            kind: Some(String::from("set")),
            protection: None,
            read_concurrency: None,
            write_concurrency: None,
            compressed: None,
        }
    }

    #[test]
    fn a_table_belongs_to_its_owners_application_once_that_is_known() {
        let mut feed = Feed::default();
        let sizes = Reading { tables: vec![size("orders", 100.0)], ..empty_reading() };
        let with_facts = Reading { table_facts: vec![facts("orders", 60, 1)], ..sizes.clone() };
        assert!(feed.add(with_facts.clone()).appeared.is_empty(), "its owner is not known");
        assert_eq!(feed.tables.owners_wanted(&feed.origins), [pid(60)]);
        let masters = vec![(String::from("shop"), pid(50))];
        let identities = vec![identity(60, None, 52, 50)];
        let batch = feed.add(Reading { masters, identities, ..with_facts.clone() });
        assert_eq!(batch.appeared[0].component, Some("app:shop".into()));
        assert_eq!(batch.samples[0].value, 800.0);
        assert!(feed.add(with_facts).appeared.is_empty(), "it is the same");
        assert!(!feed.tables.needs_facts(5_000_000_000));
        // The same name, another table.
        let anew = Reading { table_facts: vec![facts("orders", 60, 2)], ..sizes };
        let batch = feed.add(anew);
        assert_eq!((batch.vanished.len(), batch.appeared.len()), (1, 1));
    }

    #[test]
    fn tables_vanish_when_they_are_not_listed_but_not_when_nobody_asked() {
        let mut feed = Feed::default();
        let identities = vec![identity(60, None, 52, 50)];
        let tables = vec![size("a", 1.0), size("b", 1.0)];
        let table_facts = vec![facts("a", 60, 1), facts("b", 60, 2)];
        assert_eq!(feed.add(Reading { identities, tables, table_facts, ..empty_reading() }).appeared.len(), 2);
        assert!(feed.add(empty_reading()).vanished.is_empty());
        assert_eq!(feed.add(Reading { tables: vec![size("b", 1.0)], ..empty_reading() }).vanished.len(), 1);
        feed.add(Reading { tables: vec![size("b", 1.0), size("c", 1.0)], ..empty_reading() });
        assert!(feed.tables.needs_facts(5_000_000_000), "one is new");
    }
}
