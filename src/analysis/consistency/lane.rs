//! What the opportunities of a lane bring together, against what is said of them all.

use super::context::{Context, joined, listed, n, percent, signed_percent};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::{FigureRef, Horizon, Opportunity, Relation};
use crate::model::id::{ComponentId, HorizonId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Value;
use crate::model::unit::Unit;

const TOGETHER: f64 = 0.05;
const SAME: f64 = 0.02;

/// Every lane with something said of all of it.
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for horizon in &cx.document.horizons {
        for combined in horizon.combined.iter().flat_map(|claim| cx.figures.of_item(&claim.item)) {
            let Some(metric) = combined.metric.filter(|_| combined.is_change && !combined.is_relative()) else {
                continue;
            };
            match combined.value {
                Value::Exact(_) => found.extend(added(cx, horizon, combined, metric)),
                Value::Change(before, after) => found.extend(from_to(cx, horizon, combined, metric, (before, after))),
                _ => {}
            }
        }
        found.extend(doubtful_bases(cx, horizon));
    }
    // A statement of two figures was looked at for each of them.
    let mut seen = Vec::new();
    found.retain(|one: &Disagreement| {
        let key = (one.class, one.message.clone());
        let is_new = !seen.contains(&key);
        seen.push(key);
        is_new
    });
    found
}

fn members<'d>(cx: &Context<'d>, horizon: &HorizonId) -> impl Iterator<Item = &'d Opportunity> {
    cx.document.opportunities.iter().filter(move |opportunity| &opportunity.horizon == horizon)
}

/// The figures that an opportunity claims for a metric.
fn claims<'c, 'd>(cx: &'c Context<'d>, opportunity: &'c Opportunity, metric: MetricKey) -> Vec<&'c Figure<'d>> {
    let mut items: Vec<&ItemId> = opportunity.claims.iter().map(|claim| &claim.item).collect();
    items.dedup();
    let figures = items.into_iter().flat_map(|item| cx.figures.of_item(item));
    figures.filter(|figure| figure.metric == Some(metric) && figure.is_change).collect()
}

/// Amounts that are said to add up.
fn added<'d>(cx: &Context<'d>, horizon: &Horizon, combined: &Figure<'d>, metric: MetricKey) -> Option<Disagreement> {
    let unit = combined.unit;
    let mut amounts = Vec::new();
    let mut others = Vec::new();
    for opportunity in members(cx, &horizon.id) {
        let of_metric = claims(cx, opportunity, metric);
        let amount = of_metric.iter().find(|figure| !figure.is_relative() && figure.unit.is_comparable_to(unit));
        match amount {
            Some(amount) => amounts.push(*amount),
            None => {
                let claimed = opportunity.claims.iter().flat_map(|claim| cx.figures.of_item(&claim.item)).next();
                others.extend(claimed.map(|figure| (opportunity, figure)));
            }
        }
    }
    if amounts.is_empty() {
        return None;
    }
    let numbers: Vec<f64> = amounts.iter().filter_map(|amount| amount.number_in(unit).ok()).collect();
    let sum: f64 = numbers.iter().sum();
    let stated = combined.number_in(unit).ok()?;
    let holds = (sum - stated).abs() <= TOGETHER * stated.abs();
    let severity = match (holds, others.is_empty()) {
        (true, true) => Severity::Rounding,
        (true, false) => Severity::Ambiguous,
        (false, _) if stated.abs() > sum.abs() && !others.is_empty() => Severity::Ambiguous,
        (false, _) => Severity::Contradiction,
    };
    let terms = joined(numbers.iter().map(|number| format!("({})", n(*number, unit))), " + ");
    let mut message = format!("{terms} = {}; stated together: {}.", n(sum, unit), combined.text());
    if !others.is_empty() {
        let named =
            listed(others.iter().map(|(it, figure)| format!("{} ({} {})", it.title, figure.label, figure.text())));
        message.push_str(&format!(" {named} can't be in that sum, being something else."));
    }
    let mut figures = vec![combined];
    figures.extend(&amounts);
    figures.extend(others.iter().map(|(_, figure)| *figure));
    let found = cx.found(RuleClass::SumOfEffects, severity, &figures).stated(combined);
    Some(found.derived(sum, unit, "sum of the effects").say(message))
}

/// A figure that all opportunities of a lane together bring from one level to another.
fn from_to<'d>(
    cx: &Context<'d>,
    horizon: &Horizon,
    combined: &Figure<'d>,
    metric: MetricKey,
    (before, after): (f64, f64),
) -> Vec<Disagreement> {
    let unit = combined.unit;
    let is_base = |figure: &&Figure| {
        figure.metric == Some(metric)
            && figure.is_present()
            && figure.each.is_none()
            && figure.number_in(unit).is_ok_and(|number| (number - before).abs() <= SAME * before.abs())
    };
    let Some(base) = cx.figures.all.iter().find(|figure| is_base(figure)) else { return Vec::new() };
    let mut found = Vec::new();
    let mut inside = Vec::new();
    let mut outside = Vec::new();
    for opportunity in members(cx, &horizon.id) {
        let Some(component) = &opportunity.component else { continue };
        for effect in claims(cx, opportunity, metric).into_iter().filter(|figure| figure.is_relative()) {
            let Ok(factor) = effect.factor() else { continue };
            let own = cx.main_figure(component, metric);
            let is_inside =
                base.component == Some(component) || own.is_some_and(|own| is_part_of(cx, own, base.component));
            if is_inside {
                inside.push((effect, factor, own, component))
            } else {
                outside.push((effect, factor, own, component))
            }
        }
    }
    // The effect on all of the base; those on parts of it come on top.
    let whole = inside.iter().filter(|(_, _, _, component)| base.component == Some(*component));
    let whole = whole.min_by(|a, b| a.1.total_cmp(&b.1));
    if let Some((effect, factor, _, _)) = whole.filter(|(_, factor, _, _)| before * factor < after * (1.0 - TOGETHER)) {
        let message = format!(
            "{} of {} alone leaves {}; all together are said to leave {}.",
            effect.text(),
            n(before, unit),
            n(before * factor, unit),
            n(after, unit)
        );
        let draft =
            cx.found(RuleClass::SumOfEffects, Severity::Contradiction, &[combined, effect, base]).stated(combined);
        found.push(draft.derived(before * factor, unit, "base × (1 − effect)").say(message));
    }
    let least = before * inside.iter().map(|(_, factor, _, _)| factor).product::<f64>();
    if !inside.is_empty() && after < least * (1.0 - TOGETHER) {
        let effects = joined(inside.iter().map(|(effect, ..)| effect.text()), ", ");
        let message =
            format!("{effects} of {} leave {} at least; stated: {}.", n(before, unit), n(least, unit), n(after, unit));
        let mut figures = vec![combined, base];
        figures.extend(inside.iter().map(|(effect, ..)| *effect));
        let draft = cx.found(RuleClass::SumOfEffects, Severity::Contradiction, &figures).stated(combined);
        found.push(draft.derived(least, unit, "base × Π (1 − effect)").say(message));
    }
    if !outside.is_empty() {
        let mut figures = vec![combined, base];
        figures.extend(outside.iter().chain(&inside).flat_map(|(effect, _, own, _)| [Some(*effect), *own]).flatten());
        let term = |(effect, factor, own, _): &(&Figure, f64, Option<&Figure>, &ComponentId)| {
            let total = own.and_then(|own| cx.total_in(own, unit, None).ok());
            let amount = total.map(|total| format!(" = {}", n(total * (factor - 1.0), unit))).unwrap_or_default();
            format!("{} {}{amount}", effect.label, effect.text())
        };
        let is_part = |one: &&(&Figure, f64, Option<&Figure>, &ComponentId)| base.component != Some(one.3);
        let parts: Vec<_> = inside.iter().filter(is_part).collect();
        let message = format!(
            "{} is of {} ({}), which does not hold {}.{}",
            combined.text(),
            base.text(),
            base.label,
            listed(outside.iter().map(term)),
            match parts.is_empty() {
                true => String::new(),
                false => format!(" It does hold {}.", listed(parts.into_iter().map(term))),
            }
        );
        found
            .push(cx.found(RuleClass::PercentageBase, Severity::Contradiction, &figures).stated(combined).say(message));
    }
    found
}

fn is_part_of(cx: &Context, figure: &Figure, component: Option<&ComponentId>) -> bool {
    let whole = figure.part_of.and_then(|item| cx.figures.of_item(item).next());
    whole.is_some_and(|whole| component.is_some() && whole.component == component)
}

/// An amount that is taken from something of which the document gives several sizes that do not agree.
fn doubtful_bases(cx: &Context, horizon: &Horizon) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for opportunity in members(cx, &horizon.id) {
        let Some(component) = &opportunity.component else { continue };
        for claim in opportunity.claims.iter().flat_map(|claim| cx.figures.of_item(&claim.item)) {
            let Some(metric) = claim.metric.filter(|_| claim.is_change && !claim.is_relative()) else { continue };
            let Some(own) = cx.main_figure(component, metric) else { continue };
            let same = cx.document.relations.iter().find_map(|relation| match relation {
                Relation::Same { figures } if figures.contains(&own.name) => Some(figures),
                _ => None,
            });
            let Some(others) = same.and_then(|names| cx.list(names).ok()) else { continue };
            let Ok(amount) = claim.number_in(claim.unit) else { continue };
            let sizes = others.iter().filter_map(|figure| Some((*figure, cx.total_in(figure, claim.unit, None).ok()?)));
            let sizes: Vec<(&Figure, f64)> = sizes.collect();
            let agrees = sizes.iter().all(|(_, size)| sizes.iter().all(|(_, other)| size <= &(other * (1.0 + SAME))));
            if agrees || sizes.len() < 2 {
                continue;
            }
            let term = |(figure, size): &(&Figure, f64)| {
                let share =
                    if amount.abs() > *size { String::from("more than all") } else { percent(amount.abs() / size) };
                format!("{share} of {} ({})", n(*size, claim.unit), figure.full_label())
            };
            let message = format!("{} is {}: which of them is meant?", claim.text(), listed(sizes.iter().map(term)));
            let mut figures = vec![claim];
            figures.extend(others.iter().copied());
            found.push(cx.found(RuleClass::SumOfEffects, Severity::Ambiguous, &figures).stated(claim).say(message));
        }
    }
    found
}

/// What is said to be possible, against all that is listed to reach it.
pub fn potential(
    cx: &Context,
    effect: &FigureRef,
    base: &FigureRef,
    lanes: &[HorizonId],
    seen_in: &[ItemId],
) -> Checked {
    let (effect, base) = (cx.figure(effect)?, cx.figure(base)?);
    let metric = base.metric.ok_or_else(|| format!("{} has no metric", base.name))?;
    let unit = base.unit;
    let now = base.number_in(unit)?;
    let wanted = now * effect.factor()?;
    let mut left = now;
    let mut terms = Vec::new();
    let mut lane_items = Vec::new();
    for id in lanes {
        let horizon = cx.document.horizon(id).ok_or_else(|| format!("There is no lane {id}."))?;
        for opportunity in members(cx, id) {
            let of_metric = claims(cx, opportunity, metric);
            let amount = of_metric.iter().find(|figure| !figure.is_relative() && figure.unit.is_comparable_to(unit));
            let saved = match amount {
                Some(amount) => Some(amount.number_in(unit)?),
                None => of_metric.iter().find(|figure| figure.is_relative()).and_then(|relative| {
                    let own = cx.main_figure(opportunity.component.as_ref()?, metric)?;
                    Some(cx.total_in(own, unit, None).ok()? * (relative.factor().ok()? - 1.0))
                }),
            };
            left += saved.unwrap_or(0.0);
        }
        lane_items.extend(horizon.component.as_ref().map(|id| ItemId(id.0.clone())));
        terms.push(format!("{} with {}", n(left, unit), horizon.title));
    }
    let holds = if wanted < now { left <= wanted * (1.0 + TOGETHER) } else { left >= wanted * (1.0 - TOGETHER) };
    let severity = if holds { Severity::Rounding } else { Severity::Bound };
    let only = if holds { "" } else { ", and that only if nothing is counted twice" };
    let message = format!(
        "{} of {} leaves {}. What is listed leaves {}{only}: {} in all.",
        effect.text(),
        base.text(),
        n(wanted, unit),
        joined(terms, ", then "),
        signed_percent(left / now - 1.0)
    );
    let found =
        cx.found(RuleClass::SumOfEffects, severity, &[effect, base]).and(&lane_items).and(seen_in).stated(effect);
    Ok(vec![
        found
            .derived(
                (left / now - 1.0) * 100.0,
                Unit::of(crate::model::unit::BaseUnit::Percent),
                "effects of all lanes ÷ base",
            )
            .say(message),
    ])
}
