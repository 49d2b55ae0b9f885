//! Rules against the values that they look at, and against targets.

use super::arithmetic::Span;
use super::balance::as_rate;
use super::context::{Context, joined, listed, n, percent};
use super::figures::Figure;
use super::target::meets;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::{Comparison, Condition, FigureRef, Rule};
use crate::model::id::ItemId;
use crate::model::metric::{GC_INTERVAL, GC_RATE, MetricKey};
use crate::model::quantity::Value;
use crate::model::unit::Unit;

/// Metrics of which each is one divided by the other.
const RECIPROCAL: [(MetricKey, MetricKey); 1] = [(GC_INTERVAL, GC_RATE)];

/// A value whose target leaves this factor to the threshold is warned of late.
const GAP: f64 = 2.0;

/// What a rule says of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It holds.
    Fires,
    /// It does not.
    Quiet,
    /// For some of the values.
    Either,
}

/// What a rule says of a value in the threshold's unit.
pub fn says(condition: &Condition, value: Span) -> Says {
    let fires = |number: f64| match condition.comparison {
        Comparison::Above => number > condition.threshold,
        Comparison::Below => number < condition.threshold,
    };
    match (fires(value.low), fires(value.high)) {
        (true, true) => Says::Fires,
        (false, false) => Says::Quiet,
        _ => Says::Either,
    }
}

/// `> 3.5 GB`.
pub fn condition_text(condition: &Condition) -> String {
    let sign = if condition.comparison == Comparison::Above { ">" } else { "<" };
    format!("{sign} {}", n(condition.threshold, condition.unit))
}

/// A rule looks at several statements of one quantity, and does not say which.
pub fn watch(cx: &Context, rule: &ItemId, values: &[FigureRef]) -> Checked {
    let (rule, condition) = cx.rule(rule)?;
    let values = cx.list(values)?;
    let mut says_of = Vec::new();
    for value in &values {
        let (span, _) = as_rate(value, condition.unit)?;
        says_of.push(says(condition, span));
    }
    let fires = says_of.contains(&Says::Fires);
    if !fires || says_of.iter().all(|says| *says == Says::Fires) {
        return Ok(Vec::new());
    }
    let of = |wanted: Says| {
        let of = values.iter().zip(&says_of).filter(move |(_, says)| **says == wanted);
        listed(of.map(|(value, _)| format!("{} ({})", value.text(), value.statistic_word().unwrap_or(value.label))))
    };
    let message = format!(
        "{} ({}): at {} it holds, at {} it does not; which of them it looks at is not said.",
        rule.title,
        condition_text(condition),
        of(Says::Fires),
        of(Says::Quiet)
    );
    Ok(vec![cx.found(RuleClass::ThresholdVersusState, Severity::Ambiguous, &values).and([&rule.item]).say(message)])
}

/// A trigger that always holds makes no single events.
pub fn episodes(cx: &Context, triggers: &[ItemId], rate: &FigureRef, duration: &FigureRef) -> Checked {
    let (rate, duration) = (cx.figure(rate)?, cx.figure(duration)?);
    let share = rate.number_in(Unit::COUNT_PER_S)? * duration.number_in(Unit::SECONDS)?;
    let mut direct: Vec<(&Rule, &Condition, &Figure, String)> = Vec::new();
    let mut by_period: Vec<(&Rule, &Condition, &Figure, String)> = Vec::new();
    for trigger in triggers {
        let (rule, condition) = cx.rule(trigger)?;
        // A peak over the threshold is an event; what is so on average, or now, is always so.
        for value in cx.watched(trigger).into_iter().filter(|value| value.is_present()) {
            let (span, is_period) = as_rate(value, condition.unit)?;
            if says(condition, span) == Says::Fires {
                let list = if is_period { &mut by_period } else { &mut direct };
                list.push((rule, condition, value, n(span.low, condition.unit)));
            }
        }
    }
    if share > 0.95 {
        return Ok(Vec::new());
    }
    let tell = |class, always: Vec<(&Rule, &Condition, &Figure, String)>| {
        if always.is_empty() {
            return None;
        }
        let term = |(rule, condition, value, as_rate): &(&Rule, &Condition, &Figure, String)| {
            let text = value.text();
            let value = if &text == as_rate { text } else { format!("{text}, which is {as_rate}") };
            format!("{} ({}) holds at {value}", rule.title, condition_text(condition))
        };
        let message = format!(
            "{}: all the time. {} of {} each are {} of the time.",
            joined(always.iter().map(term), "; "),
            rate.text(),
            duration.text(),
            percent(share)
        );
        let mut figures = vec![rate, duration];
        figures.extend(always.iter().map(|(_, _, value, _)| *value));
        let rules: Vec<&ItemId> = always.iter().map(|(rule, ..)| &rule.item).collect();
        Some(cx.found(class, Severity::Contradiction, &figures).and(rules).stated(rate).say(message))
    };
    let by_period = tell(RuleClass::FrequencyVersusPeriod, by_period);
    Ok(by_period.into_iter().chain(tell(RuleClass::ThresholdVersusState, direct)).collect())
}

/// Targets against rules on the same metric of the same component.
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for target in &cx.document.targets {
        let Some(metric) = target.metric else { continue };
        let figure = cx.figures.of_item(&target.item).find(|figure| figure.metric == Some(metric));
        let Some(figure) = figure.filter(|figure| Some(figure.value) == target.value) else { continue };
        let is_about = |rule: &&Rule| rule.applies_to == target.applies_to;
        let rules = cx.document.rules.iter().filter(is_about).filter_map(|rule| Some((rule, rule.condition.as_ref()?)));
        let rules: Vec<(&Rule, &Condition)> =
            rules.filter(|(_, condition)| is_same(condition.metric, metric)).collect();
        for (rule, condition) in &rules {
            found.extend(inside(cx, figure, rule, condition));
        }
        found.extend(gap(cx, figure, &rules));
    }
    found
}

fn is_same(a: MetricKey, b: MetricKey) -> bool {
    a == b || RECIPROCAL.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
}

/// A target in the zone in which a rule raises an alarm.
fn inside<'d>(cx: &Context<'d>, target: &Figure<'d>, rule: &Rule, condition: &Condition) -> Option<Disagreement> {
    // What is merely below or above something has a good side, where it need not be in the zone.
    if matches!(target.value, Value::Below(_) | Value::Above(_)) {
        return None;
    }
    let (span, is_period) = as_rate(target, condition.unit).ok()?;
    if says(condition, span) != Says::Fires {
        return None;
    }
    let as_rate = if is_period { format!(", which is {},", n(span.low, condition.unit)) } else { String::new() };
    let message = format!(
        "Reaching the target of {}{as_rate} would still set off “{}” ({}).",
        target.text(),
        rule.title,
        condition_text(condition)
    );
    let figures: Vec<&Figure> = [target].into_iter().chain(cx.figures.of_item(&rule.item)).collect();
    let found = cx.found(RuleClass::ThresholdVersusTarget, Severity::Contradiction, &figures).stated(target);
    Some(found.say(message))
}

/// A value that misses its target by far and sets off nothing.
fn gap<'d>(cx: &Context<'d>, target: &Figure<'d>, rules: &[(&Rule, &Condition)]) -> Option<Disagreement> {
    let metric = target.metric?;
    let now = cx.figures.all.iter().find(|figure| {
        figure.metric == Some(metric)
            && figure.is_present()
            && figure.name.item != target.name.item
            && figure.each.is_none()
            && figure.part_of.is_none()
            && match target.component {
                Some(id) => figure.component == Some(id),
                None => figure.component == figure.listed_by,
            }
            && cx.rule(&figure.name.item).is_err()
    })?;
    let (rule, condition) = rules.iter().find(|(_, condition)| condition.metric == metric)?;
    let span = now.span_in(condition.unit).ok()?;
    let goal = target.number_in(condition.unit).ok()?;
    let misses = meets(target.value, target.metric, now.span_in(target.unit).ok()?) == Some(false);
    let quiet = rules
        .iter()
        .all(|(_, condition)| as_rate(now, condition.unit).is_ok_and(|(span, _)| says(condition, span) == Says::Quiet));
    let wide = match condition.comparison {
        Comparison::Above => condition.threshold >= goal * GAP,
        Comparison::Below => condition.threshold * GAP <= goal,
    };
    if !(misses && quiet && wide && span.is_finite()) {
        return None;
    }
    let message = format!(
        "The target is {}, the only warning comes at {}; it is {} now: in between nothing warns.",
        target.text(),
        condition_text(condition),
        now.text()
    );
    let figures: Vec<&Figure> = [target, now].into_iter().chain(cx.figures.of_item(&rule.item)).collect();
    Some(cx.found(RuleClass::ThresholdVersusTarget, Severity::Ambiguous, &figures).stated(target).say(message))
}
