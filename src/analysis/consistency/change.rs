//! Changes against the values before and after.

use std::collections::BTreeMap;

use super::arithmetic::Span;
use super::context::{Context, difference, joined, n, signed_percent};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::FigureRef;
use crate::model::id::ItemId;
use crate::model::quantity::Value;
use crate::model::unit::{BaseUnit, Dimension, Unit};

const POINT: f64 = 0.01;

/// change ≈ after/before − 1.
pub fn change(cx: &Context, before: &FigureRef, after: Option<&FigureRef>, change: &FigureRef) -> Checked {
    let before = cx.figure(before)?;
    let after = after.map(|name| cx.figure(name)).transpose()?;
    hold(cx, before, after, cx.figure(change)?).map(|found| vec![found])
}

fn hold<'d>(
    cx: &Context<'d>,
    before: &Figure<'d>,
    after: Option<&Figure<'d>>,
    change: &Figure<'d>,
) -> Result<Disagreement, String> {
    let unit = before.unit;
    let (from, to) = match after {
        Some(after) => (before.number_in(unit)?, after.number_in(unit)?),
        None => before.ends_in(unit)?,
    };
    let relative = to / from - 1.0;
    if !relative.is_finite() {
        return Err(format!("{} begins at nothing, so no change of it can be told", before.name));
    }
    let is_share = unit.dimension() == Dimension::Ratio && unit.per.is_none();
    let points = (to - from) * unit.factor();
    let says_points = change.unit.dimension() == Dimension::RatioDifference;
    let stated = if says_points {
        change.span_in(Unit::of(BaseUnit::Point))?.map(|p| p / 100.0)
    } else {
        Span::of(change.factor()? - 1.0)
    };
    let fits = |derived: f64| stated.meets(Span::of(derived).wider(POINT));
    let (severity, reading) = match (says_points, fits(relative), is_share && fits(points)) {
        (false, true, _) => (Severity::Rounding, ""),
        (true, _, true) => (Severity::Rounding, ""),
        (false, false, true) => (Severity::Ambiguous, " It holds in points, not relative to what it was."),
        _ => (Severity::Contradiction, ""),
    };
    let also = if is_share { format!(" ({})", difference(to - from, unit)) } else { String::new() };
    let mut message = format!(
        "From {} to {} is {}{also}; stated: {}.{reading}",
        n(from, unit),
        n(to, unit),
        signed_percent(relative),
        change.text()
    );
    if severity == Severity::Contradiction && !says_points {
        let would = from * change.factor()?;
        message.push_str(&format!(" {} of {} would leave {}.", change.text(), n(from, unit), n(would, unit)));
    }
    let figures: Vec<&Figure> = [change, before].into_iter().chain(after).collect();
    let found = cx.found(RuleClass::RelativeEffect, severity, &figures).stated(change);
    Ok(found.derived(relative * 100.0, Unit::of(BaseUnit::Percent), "after ÷ before − 1").say(message))
}

/// A statement that gives both ends and the change between them.
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    let mut by_item: BTreeMap<&ItemId, (Vec<&Figure>, Vec<&Figure>)> = BTreeMap::new();
    for figure in &cx.figures.all {
        let (ends, changes) = by_item.entry(&figure.name.item).or_default();
        if matches!(figure.value, Value::Change(..)) && figure.metric.is_some() {
            ends.push(figure);
        } else if figure.is_relative() || figure.is_change && figure.unit.dimension() == Dimension::RatioDifference {
            changes.push(figure);
        }
    }
    let mut found = Vec::new();
    for (ends, changes) in by_item.into_values() {
        for end in ends {
            let of_it = changes.iter().filter(|change| change.metric == end.metric);
            found.extend(of_it.filter_map(|change| hold(cx, end, None, change).ok()));
        }
    }
    found
}

/// The second changes are better than the first by what is stated.
pub fn better(cx: &Context, better: &FigureRef, first: &[FigureRef], then: &[FigureRef]) -> Checked {
    let stated = cx.figure(better)?;
    let span = stated.span_in(Unit::RATIO)?;
    let (first, then) = (cx.list(first)?, cx.list(then)?);
    let mut gains = Vec::new();
    let mut terms = Vec::new();
    for (a, b) in first.iter().zip(&then) {
        let ((a_from, a_to), (b_from, b_to)) = (a.ends_in(a.unit)?, b.ends_in(a.unit)?);
        let gain = (b_to - b_from) / (a_to - a_from) - 1.0;
        if !gain.is_finite() {
            return Err(format!("{} does not change, so nothing can be better by a share of it", a.name));
        }
        gains.push(gain);
        let changes = format!("{} against {}", difference(b_to - b_from, a.unit), difference(a_to - a_from, a.unit));
        terms.push(format!("{}: {changes}, {}", a.label, signed_percent(gain)));
    }
    let least = gains.iter().copied().fold(f64::MAX, f64::min);
    let most = gains.iter().copied().fold(f64::MIN, f64::max);
    if gains.is_empty() {
        return Err(format!("{} is a comparison with nothing", stated.name));
    }
    let holds = span.meets(Span { low: least, high: most }.wider(POINT));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!("{}; stated: {}.", joined(terms, "; "), signed_percent(span.high));
    let figures: Vec<&Figure> = [stated].into_iter().chain(first).chain(then).collect();
    let found = cx.found(RuleClass::RelativeEffect, severity, &figures).stated(stated);
    Ok(vec![
        found.derived(most / stated.unit.factor(), stated.unit, "second change ÷ first − 1, the largest").say(message),
    ])
}

/// A success that is counted from a level to which something fell before.
pub fn baseline(cx: &Context, change: &FigureRef, level: &FigureRef, successes: &[FigureRef]) -> Checked {
    let (change, level, successes) = (cx.figure(change)?, cx.figure(level)?, cx.list(successes)?);
    let before = level.number_in(level.unit)? / change.factor()?;
    if !before.is_finite() {
        return Err(format!("{} leaves nothing, so what was before can't be told", change.name));
    }
    let mut message =
        format!("{} to {} means that it was {} before.", change.text(), level.text(), n(before, level.unit));
    for success in &successes {
        let (from, to) = success.ends_in(level.unit)?;
        message.push_str(&format!(
            " {} is {} from the lower figure, {} from the one before it fell.",
            success.text(),
            signed_percent(to / from - 1.0),
            signed_percent(to / before - 1.0)
        ));
    }
    let figures: Vec<&Figure> = [level, change].into_iter().chain(successes).collect();
    let found = cx.found(RuleClass::RelativeEffect, Severity::Ambiguous, &figures).stated(level);
    Ok(vec![found.derived(before, level.unit, "level ÷ (1 + change)").say(message)])
}
