//! The status of components by the document's rules, and by what the document states.

use std::collections::BTreeMap;

use crate::model::document::{Comparison, Condition, Document, Severity, StatusClass};
use crate::model::format::number_text;
use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;

/// How a component stands, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The class.
    pub class: StatusClass,
    /// A sentence: which rule, which value; or that it is stated.
    pub why: String,
    /// The rule that gave it; `None` if it is only stated.
    pub rule: Option<ItemId>,
}

/// Whether a condition holds for a value in the metric's own unit.
///
/// `None` if the condition's unit can't be compared to the metric's.
pub fn fires(condition: &Condition, value: f64) -> Option<bool> {
    let threshold = condition.unit.convert(condition.threshold, condition.metric.unit())?;
    Some(match condition.comparison {
        Comparison::Above => value > threshold,
        Comparison::Below => value < threshold,
    })
}

/// The status of every component that has one: by rules where a value was measured, else as stated.
///
/// `measured` gives a component's present value of a metric; the component `None` is the whole system.
pub fn statuses(
    document: &Document,
    measured: impl Fn(Option<&ComponentId>, MetricKey) -> Option<f64>,
) -> BTreeMap<ComponentId, Status> {
    let mut found: BTreeMap<ComponentId, Status> = BTreeMap::new();
    for component in &document.components {
        if let Some(class) = document.stated_class(&component.id) {
            let why = format!("stated: {}", class.word());
            found.insert(component.id.clone(), Status { class, why, rule: None });
        }
    }
    let mut by_rule: BTreeMap<ComponentId, Status> = BTreeMap::new();
    for rule in &document.rules {
        let Some(condition) = &rule.condition else { continue };
        let Some(value) = measured(rule.applies_to.as_ref(), condition.metric) else { continue };
        let Some(firing) = fires(condition, value) else { continue };
        let class = match (firing, rule.severity) {
            (true, Severity::Critical) => StatusClass::Critical,
            (true, Severity::Warning) => StatusClass::Warning,
            _ => StatusClass::Healthy,
        };
        let verb = if firing { "fires" } else { "holds off" };
        let value = number_text(value, condition.metric.unit());
        let why = format!("rule \"{}\" {verb}: {} is {value}", rule.title, condition.metric.metric().title);
        let subject = rule.applies_to.clone().unwrap_or_else(|| rule.owner.clone());
        let status = Status { class, why, rule: Some(rule.item.clone()) };
        match by_rule.get(&subject) {
            Some(worse) if worse.class <= class => {}
            _ => {
                by_rule.insert(subject, status);
            }
        }
    }
    found.extend(by_rule);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{ClassAssignment, Component, ComponentKind, Rule};
    use crate::model::metric::MEMORY_USED;

    fn document() -> Document {
        let mut document = Document::new("test");
        let pool = ComponentId::from("pool");
        document.components.push(Component::new(pool.clone(), "Pool", ComponentKind::System));
        document.class_assignments.push(ClassAssignment {
            item: "K1".into(),
            class: StatusClass::Warning,
            components: vec![pool.clone()],
        });
        document.rules.push(Rule {
            item: "R1".into(),
            title: "too large".to_owned(),
            severity: Severity::Critical,
            owner: pool.clone(),
            applies_to: Some(pool),
            condition: Some(Condition {
                metric: MEMORY_USED,
                comparison: Comparison::Above,
                threshold: 3.5,
                unit: "GB".parse().unwrap(),
                for_s: 0.0,
                hysteresis: 0.0,
            }),
            action: String::new(),
        });
        document
    }

    #[test]
    fn a_rule_with_a_value_overrules_what_is_stated() {
        let pool = ComponentId::from("pool");
        let without = statuses(&document(), |_, _| None);
        assert_eq!(without[&pool].class, StatusClass::Warning);
        assert!(without[&pool].why.starts_with("stated"));
        let over = statuses(&document(), |_, _| Some(4e9));
        assert_eq!(over[&pool].class, StatusClass::Critical);
        let under = statuses(&document(), |_, _| Some(3e9));
        assert_eq!(under[&pool].class, StatusClass::Healthy);
    }
}
