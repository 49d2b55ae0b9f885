//! The landscape as it was measured at one moment.

use std::collections::{BTreeMap, HashMap};

use super::kinds::{Sizes, split};
use super::{Landscape, MAX_MEMBERS, Member, Part, Whole};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::model::time::Timestamp;
use crate::model::unit::Unit;

/// What was measured at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub source: &'a str,
    /// All entities.
    pub entities: &'a [Entity],
    /// Bytes of single processes (or other things without parts of their own); not every one that exists needs to be among them.
    pub values: &'a [(EntityId, f64)],
    /// Bytes of whole components; what they exceed their members by becomes a rest.
    pub component_totals: &'a [(ComponentId, f64)],
    /// The whole, and of what.
    pub total_bytes: Option<f64>,
    /// What `total_bytes` is the total of.
    pub whole: Whole,
    /// What processes consist of.
    pub sizes: &'a HashMap<EntityId, Sizes>,
    /// Whether these tell generations, fragments and stack apart.
    pub has_generations: bool,
}

/// The landscape as it was measured at one moment by `source`, without anything known of the insides of processes.
pub fn measured(
    at: Timestamp,
    source: &str,
    entities: &[Entity],
    values: &[(EntityId, f64)],
    component_totals: &[(ComponentId, f64)],
    total_bytes: Option<f64>,
    title_of: impl Fn(&ComponentId) -> String,
) -> Landscape {
    let sizes = HashMap::new();
    let whole =
        if entities.iter().any(|entity| entity.kind == EntityKind::Runtime) { Whole::Runtime } else { Whole::Machine };
    let has_generations = false;
    let measured =
        Measured { at, source, entities, values, component_totals, total_bytes, whole, sizes: &sizes, has_generations };
    measured_in(&measured, title_of)
}

/// The landscape as it was measured at one moment.
pub fn measured_in(measured: &Measured<'_>, title_of: impl Fn(&ComponentId) -> String) -> Landscape {
    let &Measured { at, source, entities, .. } = measured;
    let by_id: HashMap<EntityId, &Entity> = entities.iter().map(|entity| (entity.id, entity)).collect();
    let mut members: BTreeMap<&ComponentId, Vec<Member>> = BTreeMap::new();
    for &(id, bytes) in measured.values.iter().filter(|(_, bytes)| is_size(*bytes)) {
        let Some(entity) = by_id.get(&id).filter(|entity| is_leaf(entity)) else { continue };
        let Some(component) = &entity.component else { continue };
        members.entry(component).or_default().push(member(measured, entity, bytes));
    }
    let mut totals: BTreeMap<&ComponentId, f64> = BTreeMap::new();
    for (component, bytes) in measured.component_totals.iter().filter(|(_, bytes)| is_size(*bytes)) {
        totals.insert(component, *bytes);
        members.entry(component).or_default();
    }
    let mut alive: HashMap<&ComponentId, usize> = HashMap::new();
    for entity in entities.iter().filter(|entity| is_leaf(entity)) {
        let has_begun = entity.started.is_none_or(|started| started <= at);
        let goes_on = entity.ended.is_none_or(|ended| ended > at);
        if let Some(component) = entity.component.as_ref().filter(|_| has_begun && goes_on) {
            *alive.entry(component).or_default() += 1;
        }
    }
    let parts = members.into_iter().map(|(component, members)| {
        let unkept = alive.get(component).map_or(0, |alive| alive.saturating_sub(members.len()));
        let total = totals.get(component).copied();
        measured_part(source, title_of(component), component.clone(), members, total, unkept)
    });
    let parts = parts.filter(|part| part.bytes() > 0.0).collect();
    let total = measured.total_bytes.filter(|bytes| is_size(*bytes));
    let total = total.map(|bytes| Quantity::measured(bytes, Unit::BYTES, source, None));
    Landscape::new(Some(at), measured.whole, total, parts)
}

fn is_size(bytes: f64) -> bool {
    bytes.is_finite() && bytes >= 0.0
}

fn is_leaf(entity: &Entity) -> bool {
    !matches!(entity.kind, EntityKind::Machine | EntityKind::Component)
}

fn member(measured: &Measured<'_>, entity: &Entity, bytes: f64) -> Member {
    // Only processes of the BEAM have insides that a source looks at.
    let sizes = match measured.sizes.is_empty() || entity.kind != EntityKind::BeamProcess {
        true => None,
        false => Some(measured.sizes.get(&entity.id).copied().unwrap_or_default()),
    };
    Member {
        entity: Some(entity.id),
        kinds: sizes.map(|sizes| split(bytes, &sizes, measured.has_generations)).unwrap_or_default(),
        binary_bytes: sizes.map(|sizes| sizes.binaries).filter(|bytes| *bytes > 0.0),
        started: entity.started,
        ..Member::new(entity.name.clone(), bytes)
    }
}

/// One component with its members and, if they are not all of it, a rest.
fn measured_part(
    source: &str,
    title: String,
    component: ComponentId,
    mut members: Vec<Member>,
    total: Option<f64>,
    unkept: usize,
) -> Part {
    members.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let sum: f64 = members.iter().map(|member| member.bytes).sum();
    let bytes = match total {
        // Members measured a moment apart may say a little more than the total; then they are right.
        Some(total) if total >= sum => Quantity::measured(total, Unit::BYTES, source, None),
        _ => Quantity::derived(sum, Unit::BYTES, "sum of its members", &[source]),
    };
    let not_kept = total.map_or(0.0, |total| total - sum);
    let joined = members.split_off(members.len().min(MAX_MEMBERS));
    let rest = joined.iter().map(|member| member.bytes).sum::<f64>() + not_kept.max(0.0);
    if rest >= 1.0 {
        let name = match (joined.len(), unkept) {
            (0, 0) => String::from("others"),
            (0, unkept) => format!("others ({unkept} not kept one by one)"),
            (joined, 0) => format!("others ({joined} smaller ones)"),
            (joined, unkept) => format!("others ({joined} smaller ones, {unkept} not kept one by one)"),
        };
        members.push(Member::new(name, rest));
    }
    Part::new(component, title, bytes, members)
}
