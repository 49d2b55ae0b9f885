//! Time that there is, and time that is needed.

use super::arithmetic::Span;
use super::context::{Context, joined, listed, n};
use super::figures::Figure;
use super::trend::times_to_limit;
use super::{Checked, RuleClass, Severity};
use crate::model::document::FigureRef;
use crate::model::format::value_text;
use crate::model::quantity::Value;
use crate::model::unit::Unit;

const SUM: f64 = 0.05;

fn span_text(span: Span, unit: Unit) -> String {
    let value = if span.low == span.high { Value::Exact(span.low) } else { Value::Range(span.low, span.high) };
    value_text(value, unit)
}

/// Before the limit comes: a window to decide in, or a beginning and then the work.
pub fn deadline(
    cx: &Context,
    limit_in: &FigureRef,
    window: Option<&FigureRef>,
    start: Option<&FigureRef>,
    work: Option<&FigureRef>,
) -> Checked {
    let limit = cx.figure(limit_in)?;
    let unit = limit.unit;
    let stated = limit.span_in(unit)?;
    let mut found = Vec::new();
    let window = window.map(|name| cx.figure(name)).transpose()?;
    if let Some((work, start)) = work.zip(start) {
        let (start, work) = (cx.figure(start)?, cx.figure(work)?);
        let (first, length) = (start.span_in(unit)?, work.span_in(unit)?);
        let end = Span { low: first.low + length.low, high: first.high + length.high };
        let holds = end.low <= stated.high;
        let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
        let verdict = if holds { "" } else { ", which is before that" };
        let message = format!(
            "A start in {} and {} of work ({}) end in {}; the limit is stated for {}{verdict}.",
            start.text(),
            work.text(),
            work.label,
            span_text(end, unit),
            limit.text()
        );
        let figures: Vec<&Figure> = [limit, start, work].into_iter().chain(window).collect();
        let draft = cx.found(RuleClass::Schedule, severity, &figures).stated(limit);
        found.push(draft.derived(end.low, unit, "start + work").say(message));
    } else if let Some(window) = window {
        let opens = window.span_in(unit)?;
        let (limit_at, sum, is_derived) = match times_to_limit(cx, limit_in) {
            Some((seconds, sum)) => (seconds.map(|seconds| seconds / unit.factor()), sum, true),
            None => (stated, limit.text(), false),
        };
        // The window must open, and leave time, before the limit.
        let holds = opens.low <= limit_at.high;
        let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
        let when = if is_derived {
            format!("{sum}: the limit comes in {}", span_text(limit_at, unit))
        } else {
            format!("The limit comes in {sum}")
        };
        let message = format!("{when}; the time to act is said to be {}.", window.text());
        let draft = cx.found(RuleClass::Schedule, severity, &[window, limit]).stated(window);
        found.push(draft.derived(limit_at.high, unit, "time to the limit").say(message));
    }
    Ok(found)
}

/// total ≈ Σ steps, with room for what comes beside.
pub fn schedule(cx: &Context, total: &FigureRef, steps: &[FigureRef], beside: &[FigureRef]) -> Checked {
    let (total, steps, beside) = (cx.figure(total)?, cx.list(steps)?, cx.list(beside)?);
    let unit = total.unit;
    let stated = total.number_in(unit)?;
    let numbers = steps.iter().map(|step| step.number_in(unit)).collect::<Result<Vec<f64>, _>>()?;
    let sum: f64 = numbers.iter().sum();
    let others = beside.iter().map(|other| other.number_in(unit)).collect::<Result<Vec<f64>, _>>()?;
    let more: f64 = others.iter().sum();
    let equal = (sum - stated).abs() <= SUM * stated;
    let severity = match (equal, sum > stated, more > 0.0) {
        (true, _, false) => Severity::Rounding,
        (false, false, _) if sum + more <= stated * (1.0 + SUM) => Severity::Rounding,
        (false, true, _) => Severity::Contradiction,
        _ => Severity::Ambiguous,
    };
    let mut message = format!(
        "{} = {}; stated in all: {}.",
        joined(steps.iter().map(|it| it.text()), " + "),
        n(sum, unit),
        total.text()
    );
    if severity == Severity::Ambiguous {
        let names = listed(beside.iter().map(|it| format!("{} ({})", it.label, it.text())));
        message.push_str(&format!(" {names} would come on top; whether the total holds them is not said."));
    }
    let figures: Vec<&Figure> = [total].into_iter().chain(steps).chain(beside).collect();
    let found = cx.found(RuleClass::Schedule, severity, &figures).stated(total);
    Ok(vec![found.derived(sum + more, unit, "sum of all steps").say(message)])
}

/// A look back can't be longer than what it looks at has been there.
pub fn observed(cx: &Context, over: &FigureRef, since: &FigureRef, at: &FigureRef) -> Checked {
    let (over, since, at) = (cx.figure(over)?, cx.figure(since)?, cx.figure(at)?);
    let unit = over.unit;
    let there = at.number_in(unit)? - since.number_in(unit)?;
    let wanted = over.number_in(unit)?;
    let holds = wanted <= there * (1.0 + SUM);
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!(
        "From “{}” to “{}”: {}; stated: {} ({}).",
        since.label,
        at.label,
        n(there, unit),
        over.text(),
        over.label
    );
    let found = cx.found(RuleClass::Schedule, severity, &[over, since, at]).stated(over);
    Ok(vec![found.derived(there, unit, "then − since").say(message)])
}
