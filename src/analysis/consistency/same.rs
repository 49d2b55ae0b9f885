//! One quantity stated more than once.

use super::context::{Context, joined, listed, n, percent, times};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{DecisionState, FigureRef, OpportunityState, Statistic};
use crate::model::id::ItemId;
use crate::model::unit::{BaseUnit, Unit};

const EQUAL: f64 = 0.02;
/// What is rarer than this does not happen by chance.
const CHANCE: f64 = 0.01;

/// Where a summary lies among the others: no usual low is above a mean, no mean above a peak.
fn order(statistic: Statistic) -> Option<u8> {
    match statistic {
        Statistic::Baseline => Some(0),
        Statistic::Mean => Some(1),
        Statistic::P99 => Some(2),
        Statistic::Peak => Some(3),
        Statistic::Unspecified | Statistic::Current | Statistic::Total => None,
    }
}

/// Whether the first may be larger than the second.
fn may_exceed(a: &Figure, b: &Figure) -> bool {
    match (order(a.statistic), order(b.statistic)) {
        (Some(a), Some(b)) => a > b,
        // What is said without a word may be anything up to the highest.
        (None, Some(b)) => b < 2,
        (Some(a), None) => a > 0,
        (None, None) => false,
    }
}

/// Equal, or labelled differently and in their order.
pub fn same(cx: &Context, names: &[FigureRef]) -> Checked {
    let figures = cx.list(names)?;
    let Some(first) = figures.first().copied() else { return Ok(Vec::new()) };
    let unit = first.unit;
    let mut worst: Option<(&Figure, &Figure, f64, bool)> = None;
    for a in &figures {
        for b in &figures {
            let (low, high) = (b.span_in(unit)?, a.span_in(unit)?);
            if may_exceed(a, b) || high.low <= low.high + EQUAL * low.high.abs() {
                continue;
            }
            let ratio = high.low / low.high;
            let named = a.each == b.each;
            if worst.is_none_or(|(_, _, worst, _)| ratio > worst) {
                worst = Some((*a, *b, ratio, named));
            }
        }
    }
    let described = |figure: &Figure| format!("{} ({})", figure.text(), figure.full_label());
    let Some((larger, smaller, ratio, one_thing)) = worst else {
        let message = format!("{}: these agree.", joined(figures.iter().map(|it| described(it)), ", "));
        return Ok(vec![cx.found(RuleClass::SameQuantity, Severity::Rounding, &figures).say(message)]);
    };
    let ratio = if ratio.is_finite() && ratio > 0.0 { format!(", {} as much", times(ratio)) } else { String::new() };
    let (severity, more) = if one_thing {
        (Severity::Contradiction, String::from("."))
    } else {
        let rare = if smaller.statistic == Statistic::P99 { ", unless rarer than 1 %" } else { "" };
        (
            Severity::Ambiguous,
            format!(": one can't be part of the other{rare}. That they are different things is not said."),
        )
    };
    let message = format!("{} against {}{ratio}{more}", described(larger), described(smaller));
    let mut all = vec![larger, smaller];
    all.extend(figures.iter().copied());
    let found = cx.found(RuleClass::SameQuantity, severity, &all).stated(larger);
    Ok(vec![found.derived(smaller.number_in(unit)?, unit, "the other statement").say(message)])
}

/// Two lists of the same shares: what is in one only.
pub fn lists(cx: &Context, one: &[FigureRef], other: &[FigureRef]) -> Checked {
    let (one, other) = (cx.list(one)?, cx.list(other)?);
    let is_like = |a: &Figure, b: &Figure| match (a.number_in(Unit::RATIO), b.number_in(Unit::RATIO)) {
        (Ok(a), Ok(b)) => (a - b).abs() <= EQUAL * a.abs(),
        _ => false,
    };
    let missing = |from: &[&Figure], to: &[&Figure]| {
        let only = from.iter().filter(|figure| !to.iter().any(|other| is_like(figure, other)));
        only.map(|figure| format!("{} ({})", figure.label, figure.text())).collect::<Vec<_>>()
    };
    let (only_one, only_other) = (missing(&one, &other), missing(&other, &one));
    let holds = only_one.is_empty() && only_other.is_empty();
    let severity = if holds { Severity::Rounding } else { Severity::Ambiguous };
    let sides = [(only_one, "the second"), (only_other, "the first")];
    let sides = sides.into_iter().filter(|(only, _)| !only.is_empty());
    let sides = joined(sides.map(|(only, side)| format!("{} is missing in {side}", listed(only))), "; ");
    let mut message = format!("A list of {} and one of {} of the same", one.len(), other.len());
    message.push_str(&if holds { String::from(" agree.") } else { format!(": {sides}.") });
    let figures: Vec<&Figure> = one.iter().chain(&other).copied().collect();
    Ok(vec![cx.found(RuleClass::SameQuantity, severity, &figures).say(message)])
}

/// What is done is no longer to be done.
pub fn done(cx: &Context, said_in: &ItemId, effect: &FigureRef, opportunity: &FigureRef, decision: &ItemId) -> Checked {
    let (effect, promised) = (cx.figure(effect)?, cx.figure(opportunity)?);
    let item = &promised.name.item;
    let still = cx.document.opportunities.iter().find(|it| it.item.as_ref() == Some(item));
    let open = cx.document.decisions.iter().find(|it| it.item.as_ref() == Some(decision));
    let is_proposed = still.is_some_and(|it| it.state != OpportunityState::Done);
    let is_open = open.is_some_and(|it| it.state == DecisionState::Open);
    if !is_proposed && !is_open {
        return Ok(Vec::new());
    }
    let unit = promised.unit;
    let rest = promised.number_in(unit)? - effect.number_in(unit)?;
    let mut states = Vec::new();
    states.extend(open.filter(|_| is_open).map(|it| format!("“{}” is still open", it.question)));
    states.extend(still.filter(|_| is_proposed).map(|it| format!("“{}” still promises {}", it.title, promised.text())));
    let message =
        format!("Done, with {} ({said_in}); yet {}: {} would remain.", effect.text(), listed(states), n(rest, unit));
    let found = cx.found(RuleClass::SameQuantity, Severity::Contradiction, &[promised, effect]);
    let found = found.and([said_in, decision]).stated(promised);
    Ok(vec![found.derived(rest, unit, "promised − done").say(message)])
}

/// Events seen against their rate; chance by Poisson's law.
pub fn events(cx: &Context, rate: &FigureRef, count: &FigureRef, over: &FigureRef) -> Checked {
    let (rate, count, over) = (cx.figure(rate)?, cx.figure(count)?, cx.figure(over)?);
    let expected = rate.number_in(Unit::COUNT_PER_S)? * over.number_in(Unit::SECONDS)?;
    let seen = count.number_in(Unit::COUNT)?;
    if !(expected >= 0.0 && (0.0..=1e6).contains(&seen) && expected <= 1e6) {
        return Err(format!("{} and {} are no events", rate.text(), count.text()));
    }
    let chance = poisson_tail(seen.round() as u64, expected);
    let holds = chance >= CHANCE;
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let more = if seen < expected { "or fewer" } else { "or more" };
    let events = format!("{} {more}", n(seen, Unit::COUNT));
    let events = if seen == 0.0 { String::from("none") } else { events };
    let message = format!(
        "{} over {} gives {}; {} were seen. By chance, {events} come in {}.",
        rate.text(),
        over.text(),
        n(expected, Unit::COUNT),
        count.text(),
        percent(chance)
    );
    let found = cx.found(RuleClass::SameQuantity, severity, &[count, rate, over]).stated(count);
    Ok(vec![found.derived(expected, Unit::of(BaseUnit::Count), "rate × time").say(message)])
}

/// How likely so few, or so many, events are.
fn poisson_tail(seen: u64, expected: f64) -> f64 {
    // Term by term in logarithms, so that large numbers do not overflow.
    let rate = expected.max(f64::MIN_POSITIVE).ln();
    let mut log_term = -expected;
    let mut below = 0.0;
    for k in 0..seen {
        below += log_term.exp();
        log_term += rate - ((k + 1) as f64).ln();
    }
    if (seen as f64) <= expected { (below + log_term.exp()).min(1.0) } else { (1.0 - below).max(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_poissons() {
        assert!((poisson_tail(0, 6.0) - 0.002_478_752).abs() < 1e-8);
        assert!((poisson_tail(1, 1.0) - 0.735_758_882).abs() < 1e-8);
        assert!((poisson_tail(5, 1.0) - 0.003_659_847).abs() < 1e-8);
    }
}
