//! The memory landscape at one moment: parts that add up to a total, what is not attributed included.

use std::collections::{BTreeMap, HashMap};

use crate::model::document::{Component, ComponentKind, Document, Fact, Statistic};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::format::value_text;
use crate::model::id::ComponentId;
use crate::model::metric::{MEMBERS, MEMORY_RESIDENT, MEMORY_USED, MetricKey};
use crate::model::quantity::{Provenance, Quantity};
use crate::model::time::{TimeRange, Timestamp};
use crate::model::unit::Unit;

/// More members of one component than this are joined into one.
const MAX_MEMBERS: usize = 200;

/// Where memory is at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// When; `None` for stated figures, which have no moment.
    pub at: Option<Timestamp>,
    /// The whole, in bytes.
    pub total: Quantity,
    /// Components, largest first.
    pub parts: Vec<Part>,
    /// What belongs to no part: `total − Σ parts`, where that is positive.
    pub unattributed_bytes: f64,
    /// By how much the parts exceed the total (shared pages count in each process); 0 otherwise.
    pub counted_twice_bytes: f64,
}

/// One component's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whose.
    pub component: ComponentId,
    /// Its name.
    pub title: String,
    /// How much, in bytes, and from where.
    pub bytes: Quantity,
    /// Its members, largest first, and last whatever was joined or is not known one by one. Measured members add up to
    /// it; stated ones may say more or less than their whole.
    pub members: Vec<Member>,
}

/// One member of a component: an entity, or a stated part.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The entity, if it was measured.
    pub entity: Option<EntityId>,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub bytes: f64,
    /// The component that it is, where a document tells of it as one of its own.
    pub component: Option<ComponentId>,
    /// From where its bytes are known, if not from where its whole's are.
    pub provenance: Option<Provenance>,
}

impl Landscape {
    /// Puts parts in order and compares them with the total; without a total, their sum is it.
    fn new(at: Option<Timestamp>, total: Option<Quantity>, mut parts: Vec<Part>) -> Self {
        parts.sort_by(|a, b| b.bytes().total_cmp(&a.bytes()).then_with(|| a.title.cmp(&b.title)));
        let sum: f64 = parts.iter().map(Part::bytes).sum();
        let total = total.unwrap_or_else(|| Quantity::derived(sum, Unit::BYTES, "sum of the components", &[]));
        let difference = total.number_in(Unit::BYTES).unwrap_or(sum) - sum;
        // Sums of many floating-point numbers differ by a hair; less than a byte is no difference.
        let over = |difference: f64| if difference < 1.0 { 0.0 } else { difference };
        Self { at, total, parts, unattributed_bytes: over(difference), counted_twice_bytes: over(-difference) }
    }
}

/// The metric by which memory is divided among components: what a runtime says that its parts use, else resident memory.
pub fn part_metric(entities: &[Entity]) -> MetricKey {
    let is_managed = |entity: &Entity| matches!(entity.kind, EntityKind::Runtime | EntityKind::Heap);
    if entities.iter().any(is_managed) { MEMORY_USED } else { MEMORY_RESIDENT }
}

impl Part {
    /// How much, as a number of bytes.
    pub fn bytes(&self) -> f64 {
        self.bytes.number_in(Unit::BYTES).unwrap_or(0.0)
    }
}

impl Member {
    fn rest(name: String, bytes: f64) -> Self {
        Self { entity: None, name, bytes, component: None, provenance: None }
    }
}

/// The landscape as it was measured at one moment by `source`.
///
/// `values` are bytes of single processes (or other things without parts of their own); not every one that exists needs to
/// be among them. `component_totals` are bytes of whole components; what they exceed their members by becomes a rest.
pub fn measured(
    at: Timestamp,
    source: &str,
    entities: &[Entity],
    values: &[(EntityId, f64)],
    component_totals: &[(ComponentId, f64)],
    total_bytes: Option<f64>,
    title_of: impl Fn(&ComponentId) -> String,
) -> Landscape {
    let by_id: HashMap<EntityId, &Entity> = entities.iter().map(|entity| (entity.id, entity)).collect();
    let is_leaf = |entity: &Entity| !matches!(entity.kind, EntityKind::Machine | EntityKind::Component);
    let mut members: BTreeMap<ComponentId, Vec<Member>> = BTreeMap::new();
    for &(id, bytes) in values.iter().filter(|(_, bytes)| bytes.is_finite() && *bytes >= 0.0) {
        let Some(entity) = by_id.get(&id).filter(|entity| is_leaf(entity)) else { continue };
        let Some(component) = &entity.component else { continue };
        let name = entity.name.clone();
        let origin = Provenance::Measured { source: source.to_owned(), window: Some(TimeRange::new(at, at)) };
        let member = Member { entity: Some(id), name, bytes, component: None, provenance: Some(origin) };
        members.entry(component.clone()).or_default().push(member);
    }
    let mut totals: BTreeMap<ComponentId, f64> = BTreeMap::new();
    for (component, bytes) in component_totals.iter().filter(|(_, bytes)| bytes.is_finite() && *bytes >= 0.0) {
        totals.insert(component.clone(), *bytes);
        members.entry(component.clone()).or_default();
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
        let unkept = alive.get(&component).map_or(0, |alive| alive.saturating_sub(members.len()));
        let total = totals.get(&component).copied();
        measured_part(source, title_of(&component), component, members, total, unkept)
    });
    let parts = parts.filter(|part| part.bytes() > 0.0).collect();
    let total = total_bytes.filter(|bytes| bytes.is_finite() && *bytes >= 0.0);
    Landscape::new(Some(at), total.map(|bytes| Quantity::measured(bytes, Unit::BYTES, source, None)), parts)
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
        members.push(Member::rest(name, rest));
    }
    Part { component, title, bytes, members }
}

/// The landscape as the document states it; `None` if it states no component's memory.
///
/// The total is what a control says that the system uses in total. A component of the system has a part if it states its
/// memory in use and does not say that this is a part of something else; figures that hold for each member are multiplied by
/// the members of the component that has the part. Its members are the figures that say they are a part of it, wherever
/// they stand.
pub fn stated(document: &Document) -> Option<Landscape> {
    let parts: Vec<Part> = document
        .components
        .iter()
        .filter(|component| component.kind == ComponentKind::System)
        .filter_map(|component| stated_part(document, component))
        .collect();
    if parts.is_empty() {
        return None;
    }
    let controls = document.components.iter().filter(|component| component.kind == ComponentKind::Control);
    let total = controls
        .flat_map(|component| &component.facts)
        .find(|fact| is_present(fact, MEMORY_USED) && fact.statistic == Statistic::Total && fact.part_of.is_none())
        .map(|fact| document.quantity(fact));
    Some(Landscape::new(None, total, parts))
}

/// Whether a fact gives a usual, present value of the metric, in a unit that can be compared to the metric's.
fn is_present(fact: &Fact, metric: MetricKey) -> bool {
    let statistic = fact.statistic;
    fact.metric == Some(metric)
        && fact.period.is_none()
        && fact.unit.is_comparable_to(metric.unit())
        && matches!(statistic, Statistic::Unspecified | Statistic::Current | Statistic::Mean | Statistic::Total)
}

fn stated_part(document: &Document, component: &Component) -> Option<Part> {
    let fact = component.facts.iter().find(|fact| fact.part_of.is_none() && is_present(fact, MEMORY_USED))?;
    let count = component.facts.iter().find(|fact| is_present(fact, MEMBERS));
    let bytes = multiplied(document, fact, count)?;
    let mut members: Vec<Member> = Vec::new();
    for owner in &document.components {
        let of_this = |part: &&Fact| part.part_of.as_ref() == Some(&fact.item) && is_present(part, MEMORY_USED);
        for part in owner.facts.iter().filter(of_this) {
            let Some(quantity) = multiplied(document, part, count) else { continue };
            let is_own = owner.id == component.id;
            members.push(Member {
                entity: None,
                name: if is_own { part.label.clone() } else { owner.title.clone() },
                bytes: quantity.number_in(Unit::BYTES)?,
                component: (!is_own).then(|| owner.id.clone()),
                provenance: Some(quantity.provenance),
            });
        }
    }
    members.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let rest = bytes.number_in(Unit::BYTES)? - members.iter().map(|member| member.bytes).sum::<f64>();
    if !members.is_empty() && rest >= 1.0 {
        members.push(Member::rest(String::from("not broken down"), rest));
    }
    Some(Part { component: component.id.clone(), title: component.title.clone(), bytes, members })
}

/// A figure in bytes; one that holds for each member times their number, `None` where that is not stated.
fn multiplied(document: &Document, fact: &Fact, count: Option<&Fact>) -> Option<Quantity> {
    if fact.each.is_none() {
        return Some(document.quantity(fact));
    }
    let count = count?;
    let times = count.value.representative();
    let (value, unit) = (fact.value.map(|value| value * times), fact.unit);
    let formula = format!("{times} × {}", value_text(fact.value, fact.unit));
    let inputs = vec![count.item.to_string(), fact.item.to_string()];
    Some(Quantity { value, unit, provenance: Provenance::Derived { formula, inputs } })
}

#[cfg(test)]
mod tests;
