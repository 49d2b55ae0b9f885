//! What somebody says of the state of things, against the rules.

use super::balance;
use super::balance::as_rate;
use super::context::{Context, joined, listed, n};
use super::figures::Figure;
use super::threshold::{Says, condition_text, says};
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, StatusClass};
use crate::model::id::{ComponentId, ItemId};
use crate::model::unit::Unit;

use super::arithmetic::Span;

/// Nothing needs doing: then no rule may hold.
pub fn all_well(cx: &Context, verdict: &ItemId, rules: &[ItemId], components: &[ComponentId]) -> Checked {
    let mut found = Vec::new();
    let mut firing = Vec::new();
    let mut figures: Vec<&Figure> = Vec::new();
    let mut fired: Vec<&ItemId> = Vec::new();
    for item in rules {
        let (rule, condition) = cx.rule(item)?;
        for value in cx.watched(item).into_iter().filter(|value| value.is_present()) {
            let (span, _) = as_rate(value, condition.unit)?;
            if says(condition, span) == Says::Fires {
                firing.push(format!(
                    "{} is {} ({}: {})",
                    value.label,
                    value.text(),
                    rule.title,
                    condition_text(condition)
                ));
                figures.push(value);
                fired.push(&rule.item);
            }
        }
        let net = balance::net(cx, condition.metric, condition.unit);
        if let Some((net, flows, sum)) = net.filter(|(net, _, _)| says(condition, Span::of(*net)) == Says::Fires) {
            let message = format!(
                "{sum}, so “{}” ({}) holds; {verdict} says that nothing needs doing.",
                rule.title,
                condition_text(condition)
            );
            let draft = cx.found(RuleClass::ThresholdVersusState, Severity::Contradiction, &flows);
            let draft = draft.and([&rule.item, verdict]).derived(net, condition.unit, "inflow − outflow");
            found.push(draft.say(message));
        }
    }
    let critical = components.iter().filter(|id| cx.document.stated_class(id) == Some(StatusClass::Critical));
    let critical: Vec<&ComponentId> = critical.collect();
    if firing.is_empty() && critical.is_empty() {
        return Ok(found);
    }
    let names = listed(critical.iter().filter_map(|id| Some(cx.document.component(id)?.title.clone())));
    let named = (!critical.is_empty()).then(|| format!("{names} are said to be critical"));
    let message =
        format!("{}; {verdict} says that nothing needs doing.", joined(firing.into_iter().chain(named), "; "));
    let draft = cx.found(RuleClass::ThresholdVersusState, Severity::Contradiction, &figures);
    found.push(draft.and([verdict]).and(fired).of(critical).say(message));
    Ok(found)
}

/// An alert is on exactly if its rule holds.
pub fn alert(cx: &Context, count: &FigureRef, rule: &ItemId, value: &FigureRef) -> Checked {
    let (count, value) = (cx.figure(count)?, cx.figure(value)?);
    let (rule, condition) = cx.rule(rule)?;
    let is_on = count.number_in(Unit::COUNT)? > 0.0;
    let (span, _) = as_rate(value, condition.unit)?;
    let says = says(condition, span);
    let severity = match (is_on, says) {
        (true, Says::Quiet) | (false, Says::Fires) => Severity::Contradiction,
        _ => Severity::Rounding,
    };
    let verb = if says == Says::Fires { "does" } else { "does not" };
    let message = format!(
        "{} at {}: “{}” ({}) {verb} hold; alerts that are on: {}.",
        value.label,
        value.text(),
        rule.title,
        condition_text(condition),
        n(count.number_in(Unit::COUNT)?, Unit::COUNT)
    );
    let found = cx.found(RuleClass::ThresholdVersusState, severity, &[count, value]).and([&rule.item]).stated(count);
    let found = found.with(&cx.watched(&rule.item));
    Ok(vec![found.say(message)])
}
