//! Stated figures against measured ones of the same metric, and claimed effects against the measured base.

use std::collections::BTreeSet;

use super::arithmetic::Span;
use super::context::{Context, n, percent};
use super::figures::Figure;
use super::{Disagreement, RuleClass, Severity};
use crate::analysis::findings::Evidence;
use crate::model::document::{ComponentKind, Document, Statistic};
use crate::model::id::ComponentId;
use crate::model::metric::{BINARY_HELD, MEMBERS, MEMORY_USED, MetricKey, MetricKind, OverEntities};
use crate::model::quantity::{Quantity, Value};
use crate::model::time::TimeRange;
use crate::model::unit::Unit;

/// A stated figure may be off by so much.
const MEASURED: f64 = 0.2;

/// A metric as it was measured over a time, in the metric's unit.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredFigure {
    /// Of which component; `None`: the whole system.
    pub component: Option<ComponentId>,
    /// What.
    pub metric: MetricKey,
    /// On average.
    pub mean: f64,
    /// At least.
    pub min: f64,
    /// At most.
    pub max: f64,
    /// Where it comes from, e.g. `host`.
    pub source: String,
    /// Over which time.
    pub window: TimeRange,
}

/// The metrics, and of which components, that a document states something of and that a recording could tell; with the number of
/// members where a figure is for each.
pub fn wanted(document: &Document) -> BTreeSet<(Option<ComponentId>, MetricKey)> {
    let cx = Context::new(document);
    let mut wanted = BTreeSet::new();
    for figure in cx.figures.all.iter().filter(|figure| is_statement(&cx, figure)) {
        let Some(metric) = figure.metric.filter(|metric| metric.metric().kind == MetricKind::Gauge) else { continue };
        let Some(component) = whose(document, figure) else { continue };
        if figure.each.is_some() && component.is_some() {
            wanted.insert((component.clone(), MEMBERS));
        }
        if figure.is_change && metric == MEMORY_USED {
            wanted.insert((component.clone(), BINARY_HELD));
        }
        wanted.insert((component, metric));
    }
    wanted
}

/// Stated figures that measurements do not bear out, and those that they do.
pub fn against_measured(document: &Document, measured: &[MeasuredFigure]) -> Vec<Disagreement> {
    if measured.is_empty() {
        return Vec::new();
    }
    let cx = Context::new(document);
    let of = |component: &Option<ComponentId>, metric: MetricKey| {
        measured.iter().find(|it| it.metric == metric && &it.component == component)
    };
    let mut found = Vec::new();
    for figure in cx.figures.all.iter().filter(|figure| is_statement(&cx, figure)) {
        let Some(metric) = figure.metric else { continue };
        let Some(component) = whose(document, figure) else { continue };
        let Some(known) = of(&component, metric) else { continue };
        let members = of(&component, MEMBERS).map(|members| members.mean);
        found.extend(if figure.is_change {
            // What a process keeps alive outside of its heap can be saved as well.
            let held = component.as_ref().filter(|_| metric == MEMORY_USED).and_then(|_| of(&component, BINARY_HELD));
            let with_held = held.map(|held| MeasuredFigure {
                mean: known.mean + held.mean,
                min: known.min + held.min,
                max: known.max + held.max,
                ..known.clone()
            });
            base(&cx, figure, with_held.as_ref().unwrap_or(known))
        } else {
            level(&cx, figure, known, members)
        });
    }
    found
}

/// A level or an effect that a measurement can be held against: no rule, no goal, no other time.
fn is_statement(cx: &Context, figure: &Figure) -> bool {
    let is_goal =
        cx.document.targets.iter().any(|target| target.item == figure.name.item && target.metric == figure.metric)
            && figure.statistic == Statistic::Unspecified
            && figure.each.is_none();
    let is_now = figure.is_change || figure.is_present() || figure.statistic == Statistic::Peak;
    is_now && figure.period.is_none() && figure.part_of.is_none() && !is_goal && cx.rule(&figure.name.item).is_err()
}

/// The component that a figure is of, or the whole system, of which dashboards tell; `None` where nobody can know.
fn whose(document: &Document, figure: &Figure) -> Option<Option<ComponentId>> {
    let component = document.component(figure.component?)?;
    match component.kind {
        ComponentKind::System => Some(Some(component.id.clone())),
        ComponentKind::Control | ComponentKind::Monitor => Some(None),
        ComponentKind::Optimizer | ComponentKind::Plan => None,
    }
}

fn quantity(number: f64, unit: Unit, known: &MeasuredFigure) -> Quantity {
    Quantity::measured(number, unit, &known.source, Some(known.window))
}

fn level<'d>(
    cx: &Context<'d>,
    figure: &Figure<'d>,
    known: &MeasuredFigure,
    members: Option<f64>,
) -> Option<Disagreement> {
    let from = known.metric.unit();
    let share = match figure.each {
        None => 1.0,
        // A sum is of all members; other metrics are of one as they are.
        Some(_) if known.metric.metric().over_entities == OverEntities::Sum => {
            members.filter(|members| *members > 0.0)?
        }
        Some(_) => 1.0,
    };
    let convert = |number: f64| from.convert(number / share, figure.unit).filter(|number| number.is_finite());
    let (mean, min, max) = (convert(known.mean)?, convert(known.min)?, convert(known.max)?);
    let (one, word) = if figure.statistic == Statistic::Peak { (max, "at most") } else { (mean, "on average") };
    let stated = figure.span_in(figure.unit).ok()?;
    let severity = if stated.meets(Span::of(one).wider_by_share(MEASURED)) {
        Severity::Rounding
    } else if stated.meets(Span::between(min, max)) && figure.statistic != Statistic::Peak {
        // It was so at times.
        Severity::Ambiguous
    } else {
        Severity::Contradiction
    };
    let each = figure.each.map(|each| format!(" for each {each}")).unwrap_or_default();
    let range = match figure.statistic == Statistic::Peak || min == max {
        true => String::new(),
        false => format!(", {} to {}", n(min, figure.unit), n(max, figure.unit)),
    };
    let message = format!(
        "{}{each}: stated {}; measured {} {word}{range} ({}).",
        figure.label,
        figure.text(),
        n(one, figure.unit),
        known.source
    );
    let mut found = cx.found(RuleClass::MeasuredVersusStated, severity, &[figure]).stated(figure).say(message);
    let derived = quantity(one, figure.unit, known);
    found.evidence.push(Evidence {
        label: format!("{}, measured {word}", known.metric.metric().title),
        quantity: derived.clone(),
    });
    found.derived = Some(derived);
    Some(found)
}

/// A claimed effect beside what there is to be had.
fn base<'d>(cx: &Context<'d>, claim: &Figure<'d>, known: &MeasuredFigure) -> Option<Disagreement> {
    if matches!(claim.value, Value::Change(..)) {
        return None;
    }
    let unit = known.metric.unit();
    let (severity, message) = if claim.is_relative() {
        let change = known.mean * (claim.factor().ok()? - 1.0);
        let message = format!(
            "{} claims {}; of the measured {} that is {}.",
            claim.label,
            claim.text(),
            n(known.mean, unit),
            n(change, unit)
        );
        (Severity::Rounding, message)
    } else {
        let amount = claim.number_in(unit).ok()?;
        let is_too_much = amount < 0.0 && -amount > known.max;
        let share = if known.mean > 0.0 { percent(amount.abs() / known.mean) } else { String::from("no share") };
        let message = format!(
            "{} claims {}; measured are {}, {}.",
            claim.label,
            claim.text(),
            n(known.mean, unit),
            if is_too_much { String::from("less than that") } else { format!("of which it is {share}") }
        );
        (if is_too_much { Severity::Contradiction } else { Severity::Rounding }, message)
    };
    let mut found = cx.found(RuleClass::MeasuredVersusStated, severity, &[claim]).stated(claim).say(message);
    let measured = quantity(known.mean, unit, known);
    found.evidence.push(Evidence {
        label: format!("{}, measured on average", known.metric.metric().title),
        quantity: measured.clone(),
    });
    found.derived = Some(measured);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Claim, Component, Fact, Horizon, Lane, Opportunity, Selector};
    use crate::model::time::Timestamp;

    fn fact(item: &str, value: f64, unit: &str, metric: MetricKey) -> Fact {
        Fact {
            item: item.into(),
            label: item.to_owned(),
            value: Value::Exact(value),
            unit: unit.parse().unwrap(),
            metric: Some(metric),
            statistic: Statistic::Unspecified,
            about: None,
            each: None,
            part_of: None,
            period: None,
            note: None,
        }
    }

    fn pool() -> Document {
        let mut document = Document::new("test");
        let mut pool = Component::new("pool".into(), "Pool", ComponentKind::System);
        pool.selectors.push(Selector::default());
        pool.facts.push(fact("all", 400.0, "MB", MEMORY_USED));
        pool.facts.push(Fact { each: Some(String::from("worker")), ..fact("each", 30.0, "MB", MEMORY_USED) });
        pool.facts.push(Fact { statistic: Statistic::Peak, ..fact("peak", 1.0, "GB", MEMORY_USED) });
        document.components.push(pool);
        let claim = |item: &str, value: f64, unit: &str| Claim {
            item: item.into(),
            label: String::from("Memory"),
            value: Value::Exact(value),
            is_level: false,
            unit: unit.parse().unwrap(),
            metric: Some(MEMORY_USED),
            statistic: Statistic::Unspecified,
        };
        document.horizons.push(Horizon {
            id: "soon".into(),
            title: String::from("Soon"),
            component: None,
            lane: Lane::Near,
            weeks: (1.0, 2.0),
            risk: None,
            risk_item: None,
            risk_note: None,
            combined: Vec::new(),
        });
        document.opportunities.push(Opportunity {
            id: "less".into(),
            item: None,
            title: String::from("Less"),
            about: String::new(),
            horizon: "soon".into(),
            component: Some("pool".into()),
            claims: vec![claim("too much", -900.0, "MB"), claim("possible", -100.0, "MB")],
            effort_h: None,
            risk: None,
            state: Default::default(),
            depends_on: Vec::new(),
        });
        document
    }

    #[test]
    fn stated_figures_are_held_against_measured_ones_and_claims_against_their_base() {
        let document = pool();
        let component = Some(ComponentId::from("pool"));
        let wanted = wanted(&document);
        assert!(
            [MEMORY_USED, MEMBERS].iter().all(|metric| wanted.contains(&(component.clone(), *metric))),
            "{wanted:?}"
        );
        let window = TimeRange::new(Timestamp(0), Timestamp(1));
        let measured = |metric, mean: f64, min: f64, max: f64| MeasuredFigure {
            component: component.clone(),
            metric,
            mean,
            min,
            max,
            source: String::from("test"),
            window,
        };
        let measured = [measured(MEMORY_USED, 600e6, 380e6, 700e6), measured(MEMBERS, 20.0, 20.0, 20.0)];
        let found = against_measured(&document, &measured);
        let of = |item: &str| found.iter().find(|one| one.is_about(&item.into())).unwrap();
        assert_eq!(of("all").severity, Severity::Ambiguous, "it was so at times: {}", of("all").message);
        assert_eq!(of("each").severity, Severity::Rounding, "600 MB of 20: {}", of("each").message);
        assert_eq!(of("peak").severity, Severity::Contradiction, "{}", of("peak").message);
        assert_eq!(of("too much").severity, Severity::Contradiction, "{}", of("too much").message);
        assert_eq!(of("possible").severity, Severity::Rounding);
        assert!(of("possible").message.contains("600 MB, of which it is 16.7 %"), "{}", of("possible").message);
        assert_eq!(of("peak").derived.as_ref().unwrap().provenance.word(), "measured");
        assert!(against_measured(&document, &[]).is_empty());
    }
}
