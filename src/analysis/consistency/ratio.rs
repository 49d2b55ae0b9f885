//! Shares: of what, and whether they are the quotient that they claim to be.

use super::arithmetic::Span;
use super::context::{Context, joined, n, percent};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::{Component, FigureRef, ShareOf};
use crate::model::metric::CPU_SHARE;
use crate::model::unit::Unit;

/// A percentage may be off by so much.
const POINT: f64 = 0.01;
/// Amounts for one of the same things may differ by so much.
const PER_UNIT: f64 = 0.1;

/// p ≈ n/d; what remains ≈ 1 − p.
pub fn ratio(
    cx: &Context,
    part: &FigureRef,
    whole: &FigureRef,
    share: &FigureRef,
    rest: Option<&FigureRef>,
) -> Checked {
    let (part, whole, share) = (cx.figure(part)?, cx.figure(whole)?, cx.figure(share)?);
    let rest = rest.map(|name| cx.figure(name)).transpose()?;
    let derived = part.number_in(whole.unit)? / whole.number_in(whole.unit)?;
    if !derived.is_finite() {
        return Err(format!("{} is nothing, so no share of it can be told", whole.name));
    }
    let fits = |figure: &Figure, derived: f64| -> Result<bool, String> {
        Ok(figure.span_in(Unit::RATIO)?.meets(Span::of(derived).wider(POINT)))
    };
    let mut holds = fits(share, derived)?;
    let mut message = format!("{} of {} is {}; stated: {}.", part.text(), whole.text(), percent(derived), share.text());
    let mut figures = vec![share, part, whole];
    if let Some(rest) = rest {
        holds &= fits(rest, 1.0 - derived)?;
        message.push_str(&format!(" The rest is {}; stated: {}.", percent(1.0 - derived), rest.text()));
        figures.push(rest);
    }
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let found = cx.found(RuleClass::Ratio, severity, &figures).stated(share);
    Ok(vec![found.derived(derived / share.unit.factor(), share.unit, "part ÷ whole").say(message)])
}

/// Of the same things, each should have the same amount.
pub fn per_unit(cx: &Context, pairs: &[(FigureRef, FigureRef)]) -> Checked {
    let mut terms = Vec::new();
    let mut figures = Vec::new();
    let mut each = Vec::new();
    for (amount, count) in pairs {
        let (amount, count) = (cx.figure(amount)?, cx.figure(count)?);
        let one = amount.number_in(amount.unit)? / count.number_in(count.unit)?;
        if !one.is_finite() {
            return Err(format!("{} is nothing, so {} can't be divided by it", count.name, amount.name));
        }
        terms.push(format!("{} ÷ {} = {} each", amount.text(), count.text(), n(one, amount.unit)));
        each.push(one * amount.unit.factor());
        figures.extend([amount, count]);
    }
    let most = each.iter().copied().fold(f64::MIN, f64::max);
    let least = each.iter().copied().fold(f64::MAX, f64::min);
    let apart = most / least - 1.0;
    if !apart.is_finite() {
        return Ok(Vec::new());
    }
    let holds = apart <= PER_UNIT;
    let severity = if holds { Severity::Rounding } else { Severity::Ambiguous };
    let message = format!(
        "{}: {} apart{}.",
        joined(terms, "; "),
        percent(apart),
        if holds { "" } else { ", unless they are not alike" }
    );
    Ok(vec![cx.found(RuleClass::Ratio, severity, &figures).say(message)])
}

/// Shares of functions of which the document does not say what they are shares of, and shares that are too many.
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    cx.document.components.iter().filter_map(|component| functions(cx, component)).collect()
}

fn functions(cx: &Context, component: &Component) -> Option<Disagreement> {
    let functions = &component.hot_functions;
    let of = functions.first()?.share_of;
    if !functions.iter().all(|function| function.share_of == of) {
        return None;
    }
    let sum: f64 = functions.iter().map(|function| function.share).sum();
    let open = POINT / 2.0 * (functions.len() + 1) as f64;
    let figures = functions.iter().flat_map(|function| cx.figures.of_item(&function.item));
    let mut figures: Vec<&Figure> = figures.collect();
    let terms = joined(functions.iter().map(|function| percent(function.share)), " + ");
    let whole = cx.main_figure(&component.id, CPU_SHARE);
    let share = whole.and_then(|figure| figure.number_in(Unit::RATIO).ok());
    figures.extend(whole);
    let say = |severity, more: String| {
        let message = format!("{terms} = {}: {more}", percent(sum));
        Some(cx.found(RuleClass::Ratio, severity, &figures).say(message))
    };
    let of_machine = whole.zip(share).filter(|(_, share)| (sum - share).abs() <= open);
    match of {
        ShareOf::Unstated if sum > 1.0 + open => {
            say(Severity::Contradiction, String::from("more than all of anything."))
        }
        ShareOf::Unstated => {
            let (whole, _) = of_machine?;
            let more =
                format!("the {} of {}, so they are shares of the machine; it is not said.", whole.text(), whole.label);
            say(Severity::Ambiguous, more)
        }
        ShareOf::Component if sum > 1.0 + open => {
            say(Severity::Contradiction, String::from("more than all of the component's time."))
        }
        ShareOf::Machine if share.is_some_and(|share| sum > share + open) => {
            let whole = whole?;
            say(Severity::Contradiction, format!("more than the component's own {}.", whole.text()))
        }
        _ => None,
    }
}
