//! What changed between two landscapes: who has grown, shrunk, come and gone, so that all changes add up to the change of the total.
//!
//! Somebody counts as new or gone only if its birth or end was seen. Who merely was not told one by one at one of the two moments is
//! part of its component's rest, whose change is what the others leave of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Landscape, Member, Outside, Part, Step, Whole};
use crate::model::entity::EntityId;
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::model::time::Timestamp;
use crate::model::unit::Unit;

/// How somebody changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// It has more than before.
    Grown,
    /// It has less.
    Shrunk,
    /// It was not there before.
    New,
    /// It is no longer there.
    Gone,
    /// Nothing to speak of.
    Same,
}

impl How {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            How::Grown => "grown",
            How::Shrunk => "shrunk",
            How::New => "new",
            How::Gone => "gone",
            How::Same => "unchanged",
        }
    }

    /// The sign beside a name, so that colour alone does not have to tell.
    pub fn sign(self) -> &'static str {
        match self {
            How::Grown => "▲",
            How::Shrunk => "▼",
            How::New => "+",
            How::Gone => "×",
            How::Same => "=",
        }
    }

    /// Of bytes before and after.
    fn by(before: f64, after: f64) -> Self {
        match after - before {
            change if change >= 1.0 => How::Grown,
            change if change <= -1.0 => How::Shrunk,
            _ => How::Same,
        }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Whose; `None` for what is not told one by one.
    pub entity: Option<EntityId>,
    /// Its name.
    pub name: String,
    /// Bytes before.
    pub before: f64,
    /// Bytes after.
    pub after: f64,
    /// How.
    pub how: How,
}

impl Change {
    /// Bytes more (positive) or less.
    pub fn bytes(&self) -> f64 {
        self.after - self.before
    }
}

/// The changes of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedPart {
    /// Which.
    pub component: ComponentId,
    /// All of it.
    pub all: Change,
    /// Its members that changed, the largest change first; then what is not told one by one. They add up to `all`.
    pub members: Vec<Change>,
    /// How many members did not change.
    pub unchanged: usize,
}

/// Bytes by direction, summed over all members; all of them positive.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Directions {
    /// What has grown.
    pub grown: f64,
    /// What has shrunk.
    pub shrunk: f64,
    /// What is new.
    pub new: f64,
    /// What is gone.
    pub gone: f64,
}

/// What changed between two moments.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The earlier moment.
    pub from: Timestamp,
    /// The later one.
    pub to: Timestamp,
    /// The total.
    pub total: Change,
    /// Components, the largest change first.
    pub parts: Vec<ChangedPart>,
    /// What belongs to no component, less what was counted twice.
    pub unattributed: Change,
    /// What lies between the total and the physical memory.
    pub outside: Vec<(Step, Change)>,
    /// Of all members.
    pub directions: Directions,
    /// What is missing or to be known.
    pub notes: Vec<String>,
    /// Everybody who was told of at both moments, or was seen to come or go: bytes before, after, and how.
    pub members: HashMap<EntityId, (f64, f64, How)>,
    /// The amounts of change, whatever their direction, in the form of a landscape: what a treemap of the difference is made of.
    pub amounts: Arc<Landscape>,
}

/// From when to when somebody lived, as far as that was seen.
pub type Life = (Option<Timestamp>, Option<Timestamp>);

/// The difference of two landscapes of one session; `None` if one of them has no moment. `life` tells of an entity when it lived.
pub fn difference(one: &Landscape, other: &Landscape, life: impl Fn(EntityId) -> Life) -> Option<Difference> {
    let (before, after) = if one.at? <= other.at? { (one, other) } else { (other, one) };
    let (from, to) = (before.at?, after.at?);
    let earlier: BTreeMap<&ComponentId, &Part> = before.parts.iter().map(|part| (&part.component, part)).collect();
    let later: BTreeMap<&ComponentId, &Part> = after.parts.iter().map(|part| (&part.component, part)).collect();
    let ids: BTreeSet<&ComponentId> = earlier.keys().chain(later.keys()).copied().collect();
    let mut directions = Directions::default();
    let mut members = HashMap::new();
    let mut parts: Vec<ChangedPart> = ids
        .into_iter()
        .map(|id| changed_part(id, earlier.get(id).copied(), later.get(id).copied(), (from, to), &life, &mut members))
        .inspect(|part| part.members.iter().for_each(|change| directions.add(change)))
        .collect();
    parts.retain(|part| part.all.how != How::Same || part.members.iter().any(|member| member.how != How::Same));
    parts.sort_by(|a, b| b.all.bytes().abs().total_cmp(&a.all.bytes().abs()).then_with(|| a.all.name.cmp(&b.all.name)));
    let no_part = |landscape: &Landscape| landscape.unattributed_bytes - landscape.counted_twice_bytes;
    let mut notes: Vec<String> = after.notes.clone();
    notes.extend(before.notes.iter().filter(|note| !after.notes.contains(note)).cloned());
    let unattributed = change("not attributed", no_part(before), no_part(after));
    let outside = outside(before, after);
    let amounts = Arc::new(amounts(to, &parts, &unattributed, &outside));
    Some(Difference {
        from,
        to,
        total: change("all", before.total_bytes(), after.total_bytes()),
        parts,
        unattributed,
        outside,
        members,
        amounts,
        directions,
        notes,
    })
}

/// How much has changed where, as boxes that add up to all that has changed.
fn amounts(at: Timestamp, parts: &[ChangedPart], unattributed: &Change, outside: &[(Step, Change)]) -> Landscape {
    let amount = |change: &Change| change.bytes().abs();
    let quantity =
        |bytes| Quantity::derived(bytes, Unit::BYTES, "sum of what has changed, whatever its direction", &[]);
    let part = |part: &ChangedPart| {
        let member =
            |change: &Change| Member { entity: change.entity, ..Member::new(change.name.clone(), amount(change)) };
        let members: Vec<Member> = part.members.iter().map(member).collect();
        let bytes = members.iter().map(|member| member.bytes).sum();
        Part::new(part.component.clone(), part.all.name.clone(), quantity(bytes), members)
    };
    let parts: Vec<Part> = parts.iter().map(part).collect();
    let sum: f64 = parts.iter().map(Part::bytes).sum();
    let mut found = Landscape::new(Some(at), Whole::Sum, Some(quantity(sum + amount(unattributed))), parts);
    let steps = outside.iter().filter(|(_, change)| amount(change) >= 1.0);
    found.outside =
        steps.map(|(step, change)| Outside { step: *step, bytes: amount(change), members: Vec::new() }).collect();
    found
}

fn change(name: &str, before: f64, after: f64) -> Change {
    Change { entity: None, name: name.to_owned(), before, after, how: How::by(before, after) }
}

/// Steps that were measured both times.
fn outside(before: &Landscape, after: &Landscape) -> Vec<(Step, Change)> {
    let earlier = |step: Step| before.outside.iter().find(|outside| outside.step == step);
    let both = after.outside.iter().filter_map(|now| Some((earlier(now.step)?, now)));
    both.map(|(then, now)| (now.step, change(now.step.title(), then.bytes, now.bytes))).collect()
}

fn changed_part(
    id: &ComponentId,
    before: Option<&Part>,
    after: Option<&Part>,
    (from, to): (Timestamp, Timestamp),
    life: &impl Fn(EntityId) -> Life,
    told: &mut HashMap<EntityId, (f64, f64, How)>,
) -> ChangedPart {
    let title = after.or(before).map_or_else(|| id.to_string(), |part| part.title.clone());
    let bytes = |part: Option<&Part>| part.map_or(0.0, Part::bytes);
    let mut all = change(&title, bytes(before), bytes(after));
    let (earlier, later) = (named(before), named(after));
    let mut members = Vec::new();
    let mut unchanged = 0;
    let (mut told_before, mut told_after) = (0.0, 0.0);
    let mut tell = |entity: EntityId, name: &str, before: f64, after: f64, how: How| {
        (told_before, told_after) = (told_before + before, told_after + after);
        told.insert(entity, (before, after, how));
        match how {
            How::Same => unchanged += 1,
            how => members.push(Change { entity: Some(entity), name: name.to_owned(), before, after, how }),
        }
    };
    for (&entity, now) in &later {
        match earlier.get(&entity) {
            Some(then) => tell(entity, &now.name, then.bytes, now.bytes, How::by(then.bytes, now.bytes)),
            None if life(entity).0.is_some_and(|started| started > from) => {
                tell(entity, &now.name, 0.0, now.bytes, How::New);
            }
            None => {}
        }
    }
    for (&entity, then) in earlier.iter().filter(|(entity, _)| !later.contains_key(entity)) {
        if life(entity).1.is_some_and(|ended| ended <= to) {
            tell(entity, &then.name, then.bytes, 0.0, How::Gone);
        }
    }
    members.sort_by(|a, b| b.bytes().abs().total_cmp(&a.bytes().abs()).then(a.entity.cmp(&b.entity)));
    let rest = change("others, not told one by one", all.before - told_before, all.after - told_after);
    match (before, after, rest.how) {
        // It came or went as a whole only if that was seen of every one of its members; else nobody looked.
        (None, Some(_), How::Same) => all.how = How::New,
        (Some(_), None, How::Same) => all.how = How::Gone,
        (_, _, How::Same) => {}
        _ => members.push(rest),
    }
    ChangedPart { component: id.clone(), all, members, unchanged }
}

/// Members that are somebody.
fn named(part: Option<&Part>) -> HashMap<EntityId, &Member> {
    let members = part.map_or(&[][..], |part| &part.members);
    members.iter().filter_map(|member| Some((member.entity?, member))).collect()
}

impl Difference {
    /// How a component changed; `None` if it did not.
    pub fn part(&self, component: &ComponentId) -> Option<&ChangedPart> {
        self.parts.iter().find(|part| part.component == *component)
    }
}

impl Directions {
    fn add(&mut self, change: &Change) {
        let sum = match change.how {
            How::Grown => &mut self.grown,
            How::Shrunk => &mut self.shrunk,
            How::New => &mut self.new,
            How::Gone => &mut self.gone,
            How::Same => return,
        };
        *sum += change.bytes().abs();
    }

    /// Bytes more (positive) or less.
    pub fn sum(&self) -> f64 {
        self.grown + self.new - self.shrunk - self.gone
    }
}

#[cfg(test)]
mod tests {
    use super::super::Whole;
    use super::*;
    use crate::model::quantity::Quantity;
    use crate::model::unit::Unit;

    /// A component: its name, its bytes, and those of members.
    type Told<'a> = (&'a str, f64, &'a [(u32, f64)]);

    fn landscape(at: i64, total: f64, parts: &[Told<'_>]) -> Landscape {
        let bytes = |bytes: f64| Quantity::measured(bytes, Unit::BYTES, "beam:a@b", None);
        let member =
            |&(id, bytes): &(u32, f64)| Member { entity: Some(EntityId(id)), ..Member::new(format!("p{id}"), bytes) };
        let part = |&(id, all, members): &Told<'_>| {
            let mut members: Vec<Member> = members.iter().map(member).collect();
            let rest = all - members.iter().map(|member| member.bytes).sum::<f64>();
            if rest >= 1.0 {
                members.push(Member::new(String::from("others"), rest));
            }
            Part::new(id.into(), id.to_uppercase(), bytes(all), members)
        };
        Landscape::new(Some(Timestamp(at)), Whole::Runtime, Some(bytes(total)), parts.iter().map(part).collect())
    }

    /// 1 to 9 lived before and after, tens were born at 50, twenties ended at 60.
    fn life(entity: EntityId) -> Life {
        match entity.0 {
            10..20 => (Some(Timestamp(50)), None),
            20..30 => (None, Some(Timestamp(60))),
            _ => (None, None),
        }
    }

    fn assert_adds_up(difference: &Difference) {
        for part in &difference.parts {
            let sum: f64 = part.members.iter().map(Change::bytes).sum();
            assert!((sum - part.all.bytes()).abs() < 1.0, "{part:?}");
        }
        let parts: f64 = difference.parts.iter().map(|part| part.all.bytes()).sum();
        let total = difference.total.bytes();
        assert!((parts + difference.unattributed.bytes() - total).abs() < 1.0, "{difference:?}");
        assert!((difference.directions.sum() - parts).abs() < 1.0, "{:?}", difference.directions);
        let boxes: f64 =
            difference.amounts.parts.iter().flat_map(|part| &part.members).map(|member| member.bytes).sum();
        let Directions { grown, shrunk, new, gone } = difference.directions;
        assert!((boxes - (grown + shrunk + new + gone)).abs() < 1.0, "{difference:?}");
    }

    fn changes(part: &ChangedPart) -> Vec<(&str, How, f64)> {
        part.members.iter().map(|change| (change.name.as_str(), change.how, change.bytes())).collect()
    }

    #[test]
    fn every_direction_is_told_and_all_adds_up() {
        let before =
            landscape(10, 2000.0, &[("a", 900.0, &[(1, 400.0), (2, 300.0), (20, 200.0)]), ("b", 500.0, &[(3, 500.0)])]);
        let after = landscape(
            90,
            2300.0,
            &[("a", 1000.0, &[(1, 700.0), (2, 100.0), (10, 200.0)]), ("b", 500.0, &[(3, 500.0)])],
        );
        let found = difference(&before, &after, life).unwrap();
        assert_adds_up(&found);
        assert_eq!(found.parts.len(), 1, "b did not change");
        let expected = [
            ("p1", How::Grown, 300.0),
            ("p2", How::Shrunk, -200.0),
            ("p10", How::New, 200.0),
            ("p20", How::Gone, -200.0),
        ];
        assert_eq!(changes(&found.parts[0]), expected);
        assert_eq!(found.directions, Directions { grown: 300.0, shrunk: 200.0, new: 200.0, gone: 200.0 });
        assert_eq!(found.unattributed.bytes(), 200.0);
        // The order of the two does not matter.
        assert_eq!(difference(&after, &before, life).unwrap(), found);
    }

    #[test]
    fn who_was_only_not_told_of_is_neither_new_nor_gone() {
        let before = landscape(10, 1000.0, &[("a", 1000.0, &[(1, 600.0)])]);
        let after = landscape(90, 1300.0, &[("a", 1300.0, &[(1, 600.0), (2, 650.0)])]);
        let found = difference(&before, &after, life).unwrap();
        assert_adds_up(&found);
        assert_eq!(changes(&found.parts[0]), [("others, not told one by one", How::Grown, 300.0)]);
        assert_eq!(found.parts[0].unchanged, 1);
    }

    #[test]
    fn a_component_comes_and_goes_as_a_whole() {
        let before = landscape(10, 300.0, &[("a", 300.0, &[(20, 300.0)])]);
        let after = landscape(90, 500.0, &[("b", 500.0, &[(10, 500.0)])]);
        let found = difference(&before, &after, life).unwrap();
        assert_adds_up(&found);
        let hows: Vec<How> = found.parts.iter().map(|part| part.all.how).collect();
        assert_eq!(hows, [How::New, How::Gone]);
        let stated = Landscape { at: None, ..before.clone() };
        assert_eq!(difference(&stated, &after, life), None);
    }

    #[test]
    fn a_component_that_nobody_looked_at_is_not_gone() {
        let before = landscape(10, 900.0, &[("a", 500.0, &[(1, 300.0), (20, 200.0)]), ("b", 400.0, &[(3, 400.0)])]);
        let after = landscape(90, 900.0, &[("b", 400.0, &[(3, 400.0)])]);
        let found = difference(&before, &after, life).unwrap();
        assert_adds_up(&found);
        assert_eq!(found.parts[0].all.how, How::Shrunk);
        let told = [("p20", How::Gone, -200.0), ("others, not told one by one", How::Shrunk, -300.0)];
        assert_eq!(changes(&found.parts[0]), told);
        assert_eq!(found.unattributed.bytes(), 500.0);
    }

    #[test]
    fn the_same_moment_differs_by_nothing() {
        let same = landscape(10, 300.0, &[("a", 200.0, &[(1, 150.0)])]);
        let found = difference(&same, &same, life).unwrap();
        assert_adds_up(&found);
        assert!(found.parts.is_empty() && found.total.how == How::Same);
    }
}
