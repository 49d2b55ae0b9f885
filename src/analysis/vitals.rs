//! The few figures at the head of the window: measured where the session can tell, else stated, else named as missing.

use crate::model::document::{ComponentKind, Document, Fact};
use crate::model::metric::{
    CPU_LOAD_1M, CPU_SHARE, GC_INTERVAL, GC_PAUSE, MEMORY_ALLOCATION_RATE, MEMORY_EFFICIENCY, MEMORY_USED, MetricKey,
    PRESSURE_RATE, SWAP_USED,
};
use crate::model::quantity::Quantity;

/// The metrics, in the order of the window.
pub const METRICS: [MetricKey; 9] = [
    MEMORY_USED,
    MEMORY_ALLOCATION_RATE,
    GC_INTERVAL,
    GC_PAUSE,
    PRESSURE_RATE,
    MEMORY_EFFICIENCY,
    CPU_SHARE,
    CPU_LOAD_1M,
    SWAP_USED,
];

/// Metrics that only some sources have: they are left out rather than named as missing.
const OPTIONAL: [MetricKey; 2] = [CPU_LOAD_1M, SWAP_USED];

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Vital {
    /// What it is.
    pub label: String,
    /// What exactly; for the tooltip.
    pub definition: String,
    /// The metric, where it is one.
    pub metric: Option<MetricKey>,
    /// How much and from where; `None` if the session can't tell.
    pub quantity: Option<Quantity>,
    /// Which source would tell, where the quantity is missing.
    pub needs: Option<String>,
}

/// The vital figures. `measured` gives the whole system's present value of a metric, `hottest` the component that uses
/// most processor time.
pub fn vitals(
    document: &Document,
    measured: impl Fn(MetricKey) -> Option<Quantity>,
    hottest: Option<(String, Quantity)>,
) -> Vec<Vital> {
    let mut vitals = Vec::new();
    for metric in METRICS {
        let quantity = measured(metric).or_else(|| stated(document, metric));
        if quantity.is_none() && OPTIONAL.contains(&metric) {
            continue;
        }
        vitals.push(Vital {
            label: metric.metric().title.to_owned(),
            definition: metric.metric().definition.to_owned(),
            metric: Some(metric),
            needs: quantity.is_none().then(|| needs(metric)),
            quantity,
        });
    }
    if let Some((name, quantity)) = hottest {
        vitals.push(Vital {
            label: format!("Hottest: {name}"),
            definition: "The component that used most processor time at the cursor.".to_owned(),
            metric: None,
            quantity: Some(quantity),
            needs: None,
        });
    }
    vitals
}

fn needs(metric: MetricKey) -> String {
    let title = metric.metric().title;
    match metric {
        MEMORY_USED | CPU_SHARE => format!("{title}: watch `host` to measure it."),
        _ => format!("{title}: this source can't tell; it takes a garbage-collected runtime that reports it."),
    }
}

/// What the document states of the whole system: first on dashboards, the present before an average before a peak.
pub fn stated(document: &Document, metric: MetricKey) -> Option<Quantity> {
    let of_kind = |kind: ComponentKind| document.components.iter().filter(move |component| component.kind == kind);
    let candidates = of_kind(ComponentKind::Control).chain(of_kind(ComponentKind::Monitor));
    let facts = candidates.flat_map(|component| &component.facts);
    let usable = |fact: &&Fact| {
        fact.metric == Some(metric) && fact.about.is_none() && fact.part_of.is_none() && fact.each.is_none()
    };
    let fact = facts.filter(usable).min_by_key(|fact| fact.statistic.rank())?;
    Some(document.quantity(fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Component, Statistic};
    use crate::model::quantity::Value;

    #[test]
    fn measured_before_stated_before_missing() {
        let mut document = Document::new("test");
        let mut dashboard = Component::new("dash".into(), "Dashboard", ComponentKind::Control);
        dashboard.facts.push(Fact {
            item: "D.1".into(),
            label: "GC every".to_owned(),
            value: Value::Exact(12.0),
            unit: "s".parse().unwrap(),
            metric: Some(GC_INTERVAL),
            statistic: Statistic::Unspecified,
            about: None,
            each: None,
            part_of: None,
            period: None,
            note: None,
        });
        document.components.push(dashboard);
        let memory = Quantity::measured(1e9, MEMORY_USED.unit(), "host", None);
        let found = vitals(&document, |metric| (metric == MEMORY_USED).then(|| memory.clone()), None);
        let of = |metric| found.iter().find(|vital| vital.metric == Some(metric));
        assert_eq!(of(MEMORY_USED).unwrap().quantity, Some(memory));
        assert_eq!(of(GC_INTERVAL).unwrap().quantity.as_ref().unwrap().provenance.word(), "stated");
        let missing = of(GC_PAUSE).unwrap();
        assert!(missing.quantity.is_none() && missing.needs.is_some());
        assert_eq!(of(SWAP_USED), None, "what only some sources have is not named as missing");
    }
}
