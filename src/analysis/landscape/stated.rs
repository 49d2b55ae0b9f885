//! The landscape as a document states it.

use super::{Landscape, Member, Part, Whole};
use crate::model::document::{Component, ComponentKind, Document, Fact, Statistic};
use crate::model::format::value_text;
use crate::model::metric::{MEMBERS, MEMORY_USED, MetricKey};
use crate::model::quantity::{Provenance, Quantity};
use crate::model::unit::Unit;

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
    Some(Landscape::new(None, Whole::Stated, total, parts))
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
            let name = if is_own { part.label.clone() } else { owner.title.clone() };
            members.push(Member {
                component: (!is_own).then(|| owner.id.clone()),
                provenance: Some(quantity.provenance.clone()),
                ..Member::new(name, quantity.number_in(Unit::BYTES)?)
            });
        }
    }
    members.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let rest = bytes.number_in(Unit::BYTES)? - members.iter().map(|member| member.bytes).sum::<f64>();
    if !members.is_empty() && rest >= 1.0 {
        members.push(Member::new(String::from("not broken down"), rest));
    }
    Some(Part::new(component.id.clone(), component.title.clone(), bytes, members))
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
