//! Effects: percentages and the base that they are of, and effects taken together.

use std::collections::{BTreeMap, HashMap};

use super::arithmetic::{Span, half_digit};
use super::context::{Context, joined, listed, n, percent, signed_percent};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::{FigureRef, Opportunity, Statistic};
use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::unit::{BaseUnit, Unit};

const BASE: f64 = 0.02;
const TOGETHER: f64 = 0.05;
/// So many effects are told of in one sentence.
const MAX_TOLD: usize = 6;

/// An effect that a statement gives both as an amount and as a percentage.
struct Both<'c, 'd> {
    amount: &'c Figure<'d>,
    relative: &'c Figure<'d>,
    metric: MetricKey,
    /// What the percentage is of, in the amount's unit, as far as rounding tells.
    base: Span,
    nominal: f64,
}

fn both<'c, 'd>(cx: &'c Context<'d>) -> Vec<Both<'c, 'd>> {
    let mut by_item: BTreeMap<&ItemId, Vec<&Figure>> = BTreeMap::new();
    for figure in cx.figures.all.iter().filter(|figure| figure.is_change && figure.metric.is_some()) {
        by_item.entry(&figure.name.item).or_default().push(figure);
    }
    let mut found = Vec::new();
    for figures in by_item.into_values() {
        for relative in figures.iter().filter(|figure| figure.is_relative() && figure.unit.base == BaseUnit::Percent) {
            let is_amount = |figure: &&&Figure| {
                let metric = figure.metric.map(|metric| metric.metric().unit);
                figure.metric == relative.metric
                    && !figure.is_relative()
                    && matches!(figure.value, crate::model::quantity::Value::Exact(_))
                    && metric.is_some_and(|unit| unit.is_comparable_to(figure.unit))
            };
            let Some(amount) = figures.iter().find(is_amount) else { continue };
            let (size, share) = (amount.value.representative(), relative.value.representative());
            let half = half_digit(share);
            let low = size / (share + half.copysign(share)) * 100.0;
            let high = size / (share - half.copysign(share)) * 100.0;
            let nominal = size / share * 100.0;
            if let (Some(metric), true) = (amount.metric, nominal.is_finite() && nominal > 0.0 && high.is_finite()) {
                let base = Span::between(low, high).wider_by_share(BASE);
                found.push(Both { amount, relative, metric, base, nominal });
            }
        }
    }
    found
}

/// Known quantities that a percentage could be of, nearest first.
fn candidates<'c, 'd>(cx: &'c Context<'d>, both: &Both) -> Vec<(&'c Figure<'d>, f64)> {
    let unit = both.amount.unit;
    let fits = |figure: &'c Figure<'d>| {
        if figure.metric != Some(both.metric) || !figure.is_present() || figure.part_of.is_some() {
            return None;
        }
        let total = cx.total_in(figure, unit, None).ok()?;
        both.base.holds(total).then_some((figure, total))
    };
    let mut found: Vec<_> = cx.figures.all.iter().filter_map(fits).collect();
    found.sort_by(|a, b| (a.1 - both.nominal).abs().total_cmp(&(b.1 - both.nominal).abs()));
    found
}

/// The largest total of a metric: all there is.
fn whole<'c, 'd>(cx: &'c Context<'d>, metric: MetricKey, unit: Unit) -> Option<(&'c Figure<'d>, f64)> {
    let totals =
        cx.figures.all.iter().filter(|figure| {
            figure.metric == Some(metric) && figure.is_present() && figure.statistic == Statistic::Total
        });
    let totals = totals.filter_map(|figure| Some((figure, figure.number_in(unit).ok()?)));
    // Of equal ones the first.
    totals.fold(
        None,
        |most: Option<(&Figure, f64)>, one| if most.is_some_and(|most| most.1 >= one.1) { most } else { Some(one) },
    )
}

/// An effect in an amount and in per cent: of what?
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let opportunities = cx.document.opportunities.iter();
    let by_claim: HashMap<&ItemId, &Opportunity> =
        opportunities.flat_map(|it| it.claims.iter().map(move |claim| (&claim.item, it))).collect();
    // Effects of one lane, whose base is what each changes: those that are of something else.
    let mut lanes: BTreeMap<&str, Vec<(Both, &Figure, f64)>> = BTreeMap::new();
    for both in both(cx) {
        let item = &both.amount.name.item;
        let opportunity = by_claim.get(item);
        let horizon = cx.document.horizons.iter().find(|it| it.combined.iter().any(|claim| &claim.item == item));
        if let Some(opportunity) = opportunity {
            let own = opportunity.component.as_ref().and_then(|id| cx.main_figure(id, both.metric));
            let own = own.and_then(|figure| Some((figure, cx.total_in(figure, both.amount.unit, None).ok()?)));
            match own {
                Some((figure, total)) if both.base.holds(total) => found.push(right(cx, &both, figure, total)),
                Some((figure, total)) => {
                    lanes.entry(opportunity.horizon.as_str()).or_default().push((both, figure, total))
                }
                None => found.push(open(cx, &both)),
            }
        } else if let Some(horizon) = horizon {
            let members = cx.document.opportunities.iter().filter(|it| it.horizon == horizon.id);
            let members = members.filter(|it| it.claims.iter().any(|claim| claim.metric == Some(both.metric)));
            let mut components: Vec<&ComponentId> = members.filter_map(|it| it.component.as_ref()).collect();
            components.sort();
            components.dedup();
            found.push(together(cx, &both, &components));
        } else {
            found.push(open(cx, &both));
        }
    }
    for wrong in lanes.into_values() {
        found.extend(wrong.chunks(MAX_TOLD).map(|wrong| wrong_bases(cx, wrong)));
    }
    found
}

fn right<'d>(cx: &Context<'d>, both: &Both<'_, 'd>, own: &Figure<'d>, total: f64) -> Disagreement {
    let share = percent((both.amount.value.representative() / total).abs());
    let message = format!(
        "{} is {share} of {} ({}); stated: {}.",
        both.amount.text(),
        own.text(),
        own.label,
        both.relative.text()
    );
    cx.found(RuleClass::PercentageBase, Severity::Rounding, &[both.relative, both.amount, own]).say(message)
}

/// One of a lane's effects whose percentage is not of what it changes.
fn wrong_bases<'d>(cx: &Context<'d>, wrong: &[(Both<'_, 'd>, &Figure<'d>, f64)]) -> Disagreement {
    let mut figures = Vec::new();
    let mut terms = Vec::new();
    for (both, own, total) in wrong {
        let (unit, size) = (both.amount.unit, both.amount.value.representative());
        figures.extend([both.relative, both.amount]);
        terms.push(format!(
            "{} as {} is of {}; of what it changes, {} ({}), it is {}",
            both.amount.text(),
            both.relative.text(),
            n(both.nominal, unit),
            n(*total, unit),
            own.label,
            percent((size / total).abs())
        ));
    }
    let known = wrong.iter().find_map(|(both, _, _)| candidates(cx, both).into_iter().next());
    let hint = known.map(|(figure, _)| format!(" The base seems to be {} ({}).", figure.text(), figure.label));
    figures.extend(known.map(|(figure, _)| figure));
    figures.extend(wrong.iter().map(|(_, own, _)| *own));
    let message = format!("{}.{}", joined(terms, "; "), hint.unwrap_or_default());
    let found = cx.found(RuleClass::PercentageBase, Severity::Contradiction, &figures);
    match wrong.first() {
        Some((both, _, total)) => {
            let share = both.amount.value.representative() / total * 100.0;
            let unit = Unit::of(BaseUnit::Percent);
            found.stated(both.relative).derived(share, unit, "amount ÷ what it changes").say(message)
        }
        None => found.say(message),
    }
}

/// A combined effect: its base must hold all that is changed.
fn together<'d>(cx: &Context<'d>, both: &Both<'_, 'd>, components: &[&ComponentId]) -> Disagreement {
    let unit = both.amount.unit;
    let mains = components.iter().filter_map(|id| cx.main_figure(id, both.metric));
    let mains: Vec<(&Figure, f64)> =
        mains.filter_map(|figure| Some((figure, cx.total_in(figure, unit, None).ok()?))).collect();
    let changed: f64 = mains.iter().map(|(_, total)| total).sum();
    if mains.is_empty() {
        return open(cx, both);
    }
    let all = whole(cx, both.metric, unit);
    let holds = both.base.holds(changed) || all.is_some_and(|(_, total)| both.base.holds(total));
    let size = both.amount.value.representative().abs();
    let of = |figure: &Figure, total: f64| format!("{} of {} ({})", percent(size / total), figure.text(), figure.label);
    let mut terms = Vec::new();
    let mut figures = vec![both.relative, both.amount];
    if let Some((figure, total)) = candidates(cx, both).into_iter().next() {
        terms.push(of(figure, total));
        figures.push(figure);
    }
    if let Some((figure, total)) = all {
        terms.push(of(figure, total));
        figures.push(figure);
    }
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let names = joined(mains.iter().map(|(figure, _)| figure.label.to_owned()), ", ");
    let message = format!(
        "{} as {} is of {}: {}. What is changed ({names}) holds {}, of which it is {}.",
        both.amount.text(),
        both.relative.text(),
        n(both.nominal, unit),
        listed(terms),
        n(changed, unit),
        percent(size / changed)
    );
    let share = both.amount.value.representative() / all.map_or(changed, |(_, total)| total) * 100.0;
    let found = cx.found(RuleClass::PercentageBase, severity, &figures).stated(both.relative);
    found.derived(share, Unit::of(BaseUnit::Percent), "amount ÷ all of it").say(message)
}

/// Nobody says what the percentage is of.
fn open<'d>(cx: &Context<'d>, both: &Both<'_, 'd>) -> Disagreement {
    let unit = both.amount.unit;
    let size = both.amount.value.representative().abs();
    let mut figures = vec![both.relative, both.amount];
    let mut message = format!(
        "{} as {} is of {}, which is not named",
        both.amount.text(),
        both.relative.text(),
        n(both.nominal, unit)
    );
    if let Some((figure, _)) = candidates(cx, both).into_iter().next() {
        message.push_str(&format!("; about {} ({})", figure.text(), figure.label));
        figures.push(figure);
    }
    if let Some((figure, total)) = whole(cx, both.metric, unit).filter(|(_, total)| !both.base.holds(*total)) {
        message.push_str(&format!("; of {} ({}) it is {}", figure.text(), figure.label, percent(size / total)));
        figures.push(figure);
    }
    message.push('.');
    let found = cx.found(RuleClass::PercentageBase, Severity::Ambiguous, &figures).stated(both.relative);
    found.derived(both.nominal, unit, "amount ÷ percentage").say(message)
}

/// An effect on a part of an operation is smaller on all of it.
pub fn partial(
    cx: &Context,
    effect: &FigureRef,
    share: &FigureRef,
    whole: &FigureRef,
    load: Option<&FigureRef>,
) -> Checked {
    let (effect, share, whole) = (cx.figure(effect)?, cx.figure(share)?, cx.figure(whole)?);
    let load = load.map(|name| cx.figure(name)).transpose()?;
    let change = (effect.factor()? - 1.0) * share.number_in(Unit::RATIO)?;
    let before = whole.number_in(whole.unit)?;
    let mut message = format!(
        "{} of {} ({}) is {} of an operation: {} → {}.",
        effect.text(),
        share.text(),
        share.label,
        signed_percent(change),
        whole.text(),
        n(before * (1.0 + change), whole.unit)
    );
    if let Some(load) = load {
        let of_all = change * load.number_in(Unit::RATIO)?;
        message.push_str(&format!(
            " Of {} ({}) it is {} of the system.",
            load.text(),
            load.label,
            signed_percent(of_all)
        ));
    }
    message.push_str(" Which of these is meant is not said.");
    let figures: Vec<&Figure> = [effect, share, whole].into_iter().chain(load).collect();
    let found = cx.found(RuleClass::PercentageBase, Severity::Ambiguous, &figures).stated(effect);
    Ok(vec![found.derived(change * 100.0, Unit::of(BaseUnit::Percent), "effect × share").say(message)])
}

/// combined ≤ the product of the factors.
pub fn combined(
    cx: &Context,
    effects: &[FigureRef],
    combined: &FigureRef,
    potential: Option<&FigureRef>,
    reached: Option<&FigureRef>,
) -> Checked {
    let (effects, combined) = (cx.list(effects)?, cx.figure(combined)?);
    let potential = potential.map(|name| cx.figure(name)).transpose()?;
    let reached = reached.map(|name| cx.figure(name)).transpose()?;
    let factors = effects.iter().map(|effect| effect.factor()).collect::<Result<Vec<f64>, _>>()?;
    let product: f64 = factors.iter().product();
    let stated = combined.factor()?;
    // Seen as gains, whichever way they go.
    let (gain, most) = if product < 1.0 { (1.0 / stated, 1.0 / product) } else { (stated, product) };
    let times = |factor: f64| n(factor, Unit::of(BaseUnit::Times));
    let over = potential.map(|figure| figure.factor()).transpose()?.filter(|limit| {
        let limit = if product < 1.0 { 1.0 / limit } else { *limit };
        gain > limit * (1.0 + TOGETHER)
    });
    let severity = if gain > most * (1.0 + TOGETHER) {
        Severity::Contradiction
    } else if over.is_some() || gain < most * (1.0 - TOGETHER) {
        Severity::Ambiguous
    } else {
        Severity::Rounding
    };
    let product_text = format!("{} = {}", joined(effects.iter().map(|effect| effect.text()), " × "), times(product));
    let mut message = format!("{product_text} at most; stated together: {}.", combined.text());
    if let (Some(potential), Some(_)) = (potential, over) {
        message.push_str(&format!(" That is more than the {} that are said to be possible.", potential.text()));
    }
    if let Some(reached) = reached {
        let factor = reached.factor()?;
        message.push_str(&format!(
            " {} is {}; {} remain to {}.",
            reached.text(),
            times(factor),
            times(stated / factor),
            combined.text()
        ));
    }
    if severity == Severity::Ambiguous {
        message.push_str(" Of what each is a multiple is not said.");
    }
    let mut figures = vec![combined];
    figures.extend(effects);
    figures.extend(potential.into_iter().chain(reached));
    let found = cx.found(RuleClass::SumOfEffects, severity, &figures).stated(combined);
    Ok(vec![found.derived(product, Unit::of(BaseUnit::Times), "product of the factors").say(message)])
}
