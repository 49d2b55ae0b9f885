//! Targets and expectations against what is said to reach them.

use super::arithmetic::Span;
use super::context::{Context, joined, listed, n, percent, signed_percent};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::FigureRef;
use crate::model::format::value_text;
use crate::model::id::ItemId;
use crate::model::metric::{Direction, MetricKey};
use crate::model::quantity::Value;
use crate::model::unit::{BaseUnit, Unit};

const REACHED: f64 = 0.02;

/// Whether all of a span meets a target. `None` where it is not said which way is good.
pub fn meets(target: Value, metric: Option<MetricKey>, now: Span) -> Option<bool> {
    let wanted = Span::of_value(target).wider_by_share(REACHED);
    let direction = metric.map_or(Direction::Neutral, |metric| metric.metric().direction);
    match (target, direction) {
        (Value::Below(_), _) => Some(now.high <= wanted.high),
        (Value::Above(_), _) => Some(now.low >= wanted.low),
        (Value::Range(..), _) => Some(wanted.holds(now.low) && wanted.holds(now.high)),
        (_, Direction::LowerIsBetter) => Some(now.high <= wanted.high),
        (_, Direction::HigherIsBetter) => Some(now.low >= wanted.low),
        (_, Direction::Neutral) => None,
    }
}

/// The effects on what it is now reach the target.
pub fn reaches(cx: &Context, target: &FigureRef, now: &FigureRef, effects: &[FigureRef]) -> Checked {
    let (target, now, effects) = (cx.figure(target)?, cx.figure(now)?, cx.list(effects)?);
    let unit = now.unit;
    let factors = effects.iter().map(|effect| effect.factor()).collect::<Result<Vec<f64>, _>>()?;
    let factor: f64 = factors.iter().product();
    let (from, wanted) = (now.span_in(unit)?, target.span_in(unit)?);
    let then = from.map(|number| number * factor);
    // In the now's unit, with the target's own shape.
    let goal = match target.value {
        Value::Below(_) => Value::Below(wanted.high),
        Value::Above(_) => Value::Above(wanted.low),
        Value::Range(..) => Value::Range(wanted.low, wanted.high),
        _ => Value::Exact(wanted.high),
    };
    let holds =
        meets(goal, target.metric.or(now.metric), then).unwrap_or_else(|| then.wider_by_share(REACHED).meets(wanted));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let applied = joined(effects.iter().map(|effect| effect.text()), ", ");
    let after = if then.low == then.high { Value::Exact(then.low) } else { Value::Range(then.low, then.high) };
    let verdict = if holds { "reached" } else { "missed" };
    let message = format!(
        "{} with {applied} is {}; the target of {} is {verdict}.",
        now.text(),
        value_text(after, unit),
        target.text()
    );
    let mut figures = vec![target, now];
    figures.extend(effects);
    let found = cx.found(RuleClass::TargetVersusEffect, severity, &figures).stated(target);
    Ok(vec![found.derived(then.high, unit, "now × (1 + effect)").say(message)])
}

/// A target for all must hold what each needs.
pub fn need(cx: &Context, target: &FigureRef, need: &FigureRef, efficiency: Option<&FigureRef>) -> Checked {
    let (target, need) = (cx.figure(target)?, cx.figure(need)?);
    let efficiency = efficiency.map(|name| cx.figure(name)).transpose()?;
    let unit = target.unit;
    let at_best = cx.total_in(need, unit, None)?;
    let count = cx.count_of(need).unwrap_or(1.0);
    let limit = target.span_in(unit)?.high;
    let share = efficiency.map(|figure| figure.number_in(Unit::RATIO)).transpose()?.filter(|share| *share > 0.0);
    let needed = at_best / share.unwrap_or(1.0);
    let holds = needed <= limit * (1.0 + REACHED);
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let times = format!("{} × {}", n(count, Unit::COUNT), need.text());
    let mut message = format!("{times} = {}", n(at_best, unit));
    if let (Some(figure), true) = (efficiency, share.is_some()) {
        message.push_str(&format!(" at 100 %, {} at {}", n(needed, unit), figure.text()));
    }
    message.push_str(&format!("; the target for all is {}.", target.text()));
    let figures: Vec<&Figure> = [target, need].into_iter().chain(efficiency).collect();
    let found = cx.found(RuleClass::TargetVersusEffect, severity, &figures).stated(target);
    Ok(vec![found.derived(needed, unit, "number × need ÷ efficiency").say(message)])
}

/// A verdict that something came out as expected or better.
pub fn expectation(cx: &Context, verdict: &ItemId, expected: &FigureRef, reached: &[FigureRef]) -> Checked {
    let (expected, reached) = (cx.figure(expected)?, cx.list(reached)?);
    let wanted = expected.factor()?;
    let factors = reached.iter().map(|figure| figure.factor()).collect::<Result<Vec<f64>, _>>()?;
    let best = if wanted < 1.0 {
        factors.iter().copied().fold(f64::MAX, f64::min)
    } else {
        factors.iter().copied().fold(f64::MIN, f64::max)
    };
    if reached.is_empty() {
        return Err(format!("nothing is said to have reached {}", expected.name));
    }
    let holds = if wanted < 1.0 { best <= wanted * (1.0 + REACHED) } else { best >= wanted * (1.0 - REACHED) };
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let times = Unit::of(BaseUnit::Times);
    let terms =
        reached.iter().zip(&factors).map(|(figure, factor)| format!("{} is {}", figure.text(), n(*factor, times)));
    let message =
        format!("{}; expected: {}. {verdict} says that expectations were met.", joined(terms, ", "), expected.text());
    let mut figures = vec![expected];
    figures.extend(reached);
    let found = cx.found(RuleClass::TargetVersusEffect, severity, &figures).and([verdict]).stated(expected);
    Ok(vec![found.derived(best, times, "after ÷ before, the best").say(message)])
}

/// A verdict that all targets are met.
pub fn all_met(cx: &Context, verdicts: &[ItemId], targets: &[ItemId], reached: &[FigureRef]) -> Checked {
    let reached = cx.list(reached)?;
    let mut figures = Vec::new();
    let (mut met, mut missed, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
    for item in targets {
        let target = cx.document.targets.iter().find(|target| &target.item == item);
        let target = target
            .ok_or_else(|| format!("A relation names the target {item}, but the document has no such target."))?;
        let about = target.applies_to.as_ref();
        let of_target = |figure: &&&Figure| {
            target.metric.is_some() && figure.metric == target.metric && (about.is_none() || figure.component == about)
        };
        let now: Vec<&Figure> = reached.iter().filter(of_target).copied().collect();
        let goal = target.value.zip(target.unit);
        let verdict = goal.filter(|_| !now.is_empty()).and_then(|(value, unit)| {
            let spans = now.iter().map(|figure| figure.span_in(unit).ok()).collect::<Option<Vec<Span>>>()?;
            let all = spans.into_iter().map(|span| meets(value, target.metric, span)).collect::<Option<Vec<bool>>>()?;
            Some(all.into_iter().all(|met| met))
        });
        match verdict {
            Some(true) => met.push(format!("{} ({})", target.title, joined(now.iter().map(|it| it.text()), ", "))),
            Some(false) => missed.push(format!("{} ({})", target.title, joined(now.iter().map(|it| it.text()), ", "))),
            None => unknown.push(target.title.clone()),
        }
        figures.extend(now);
    }
    let severity = match (missed.is_empty(), unknown.is_empty()) {
        (false, _) => Severity::Contradiction,
        (true, false) => Severity::Ambiguous,
        (true, true) => Severity::Rounding,
    };
    let part = |list: Vec<String>, words: &str| {
        if list.is_empty() { None } else { Some(format!("{words} {}", listed(list))) }
    };
    let parts = [part(missed, "not met"), part(unknown, "not measured"), part(met, "met")];
    let message = format!("All targets are said to be met: {}.", joined(parts.into_iter().flatten(), "; "));
    Ok(vec![cx.found(RuleClass::TargetVersusEffect, severity, &figures).and(verdicts).and(targets).say(message)])
}

/// How much of a goal was reached.
pub fn goal_share(cx: &Context, stated: &FigureRef, goal: &FigureRef, reached: &FigureRef) -> Checked {
    let (stated, goal, reached) = (cx.figure(stated)?, cx.figure(goal)?, cx.figure(reached)?);
    let (wanted, got) = (goal.factor()?, reached.factor()?);
    let share = got / wanted;
    if !share.is_finite() {
        return Err(format!("{} is no goal to take a share of", goal.name));
    }
    let span = stated.span_in(Unit::RATIO)?;
    let holds = span.meets(Span::of(share).wider_by_share(REACHED));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let times = Unit::of(BaseUnit::Times);
    let mut message = format!(
        "{} is {}, {} of the goal of {}; stated: {}.",
        reached.text(),
        n(got, times),
        percent(share),
        goal.text(),
        stated.text()
    );
    if !holds && span.wider(0.01).holds(got - 1.0) {
        message.push_str(&format!(" {} is how much {} grew.", signed_percent(got - 1.0), reached.label));
    }
    let found = cx.found(RuleClass::SameQuantity, severity, &[stated, goal, reached]).stated(stated);
    Ok(vec![found.derived(share / stated.unit.factor(), stated.unit, "reached ÷ goal").say(message)])
}
