//! Parts and wholes, and totals of many alike.

use std::collections::BTreeMap;

use super::context::{Context, joined, listed, n, percent, times};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::{ComponentKind, FigureRef, Relation};
use crate::model::id::ItemId;
use crate::model::unit::Unit;

const SUM: f64 = 0.02;

/// Σ parts ≤ whole; all of it, if they are said to be all.
pub fn sum(cx: &Context, whole: &FigureRef, parts: &[FigureRef], complete: bool) -> Checked {
    let whole = cx.figure(whole)?;
    let parts = cx.list(parts)?;
    add_up(cx, whole, &parts, complete).map(|found| found.into_iter().collect())
}

fn add_up<'d>(
    cx: &Context<'d>,
    whole: &Figure<'d>,
    parts: &[&Figure<'d>],
    complete: bool,
) -> Result<Option<Disagreement>, String> {
    let total = whole.number_in(whole.unit)?;
    // A part without a time may be meant per the whole's time; then it is not said.
    let timeless = Unit { per: None, ..whole.unit };
    let lacks_time = |part: &Figure| whole.unit.per.is_some() && part.unit.is_comparable_to(timeless);
    let (without, with): (Vec<&Figure>, Vec<&Figure>) = parts.iter().partition(|part| lacks_time(part));
    let mut figures = vec![whole];
    figures.extend(parts);
    let counted = parts.iter().filter(|part| part.each != whole.each);
    figures.extend(counted.filter_map(|part| cx.count_figure(part)));
    if !without.is_empty() && !with.is_empty() {
        let mut known = 0.0;
        for part in &with {
            known += cx.total_in(part, whole.unit, Some(whole))?;
        }
        let names = listed(without.iter().map(|part| format!("{} ({})", part.label, part.text())));
        let message = format!(
            "{} = {} of {}; {names} have no time, so the rest of {} can't be told.",
            joined(with.iter().map(|part| term(cx, part, whole)), " + "),
            n(known, whole.unit),
            whole.text(),
            n(total - known, whole.unit)
        );
        let found = cx.found(RuleClass::PartsVersusWhole, Severity::Ambiguous, &figures).stated(whole);
        return Ok(Some(found.derived(known, whole.unit, "sum of the parts with a time").say(message)));
    }
    let unit = if without.is_empty() { whole.unit } else { timeless };
    let mut sum = 0.0;
    for part in parts {
        sum += cx.total_in(part, unit, Some(whole))?;
    }
    let terms = joined(parts.iter().map(|part| term(cx, part, whole)), " + ");
    let rest = total - sum;
    let holds = rest.abs() <= SUM * total.abs();
    let per = if without.is_empty() {
        String::new()
    } else {
        String::from(" if the parts are per the same time, which is not said")
    };
    let found = |severity| {
        let draft = cx.found(RuleClass::PartsVersusWhole, severity, &figures).stated(whole);
        draft.derived(sum, whole.unit, "sum of the parts")
    };
    let sum_text = n(sum, whole.unit);
    if holds {
        return Ok(Some(
            found(Severity::Rounding).say(format!("{terms} = {sum_text}{per}; stated: {}.", whole.text())),
        ));
    }
    if !without.is_empty() {
        let message = format!("{terms} = {} without a time, against {}.", n(sum, timeless), whole.text());
        return Ok(Some(found(Severity::Ambiguous).say(message)));
    }
    if rest < 0.0 {
        let message = format!("{terms} = {sum_text}, more than the whole; stated: {}.", whole.text());
        return Ok(Some(found(Severity::Contradiction).say(message)));
    }
    if !complete {
        return Ok(None);
    }
    let missing = format!("{} ({}) are nowhere", n(rest, whole.unit), percent(rest / total));
    let message = format!("{terms} = {sum_text} of {}; {missing}.", whole.text());
    Ok(Some(found(Severity::Contradiction).say(message)))
}

/// `180 MB`, or `12 × 233 MB`.
fn term(cx: &Context, part: &Figure, whole: &Figure) -> String {
    match (part.each, cx.count_of(part)) {
        (Some(each), Some(count)) if whole.each != Some(each) => format!("{} × {}", n(count, Unit::COUNT), part.text()),
        _ => part.text(),
    }
}

/// total ≈ count × each; a part of it, if it is only that.
pub fn product(
    cx: &Context,
    each: &FigureRef,
    count: Option<&FigureRef>,
    totals: &[FigureRef],
    is_part: bool,
) -> Checked {
    let each = cx.figure(each)?;
    let totals = cx.list(totals)?;
    let first = *totals.first().ok_or_else(|| format!("the product of {} has no total", each.name))?;
    let count_figure = match count {
        Some(name) => Some(cx.figure(name)?),
        None => cx.count_figure(each),
    };
    let count = match (count, count_figure) {
        (Some(_), Some(figure)) => figure.number_in(Unit::COUNT)?,
        _ => cx.count_of(each).ok_or_else(|| format!("how many there are of {} is not said", each.name))?,
    };
    let unit = first.unit;
    let product = each.number_in(unit)? * count;
    let numbers = totals.iter().map(|total| total.number_in(unit)).collect::<Result<Vec<f64>, _>>()?;
    let most = numbers.iter().copied().fold(f64::MIN, f64::max);
    let equal = numbers.iter().any(|total| (product - total).abs() <= SUM * total.abs());
    let holds = equal || is_part && product <= most * (1.0 + SUM);
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let whole = if is_part { "of all together" } else { "in all" };
    let stated = joined(totals.iter().map(|total| total.text()), " or ");
    let against = match holds || most <= 0.0 {
        true => format!("; stated {whole}: {stated}"),
        false => format!(", {} what is stated {whole}: {stated}", times(product / most)),
    };
    let message = format!("{} × {} = {}{against}.", n(count, Unit::COUNT), each.text(), n(product, unit));
    let mut figures = totals.clone();
    figures.push(each);
    figures.extend(count_figure);
    let found = cx.found(RuleClass::Product, severity, &figures).stated(first);
    Ok(vec![found.derived(product, unit, "number × each").say(message)])
}

/// Figures that say what they are a part of.
pub fn by_structure(cx: &Context) -> Vec<Disagreement> {
    let mut parts: BTreeMap<&ItemId, Vec<&Figure>> = BTreeMap::new();
    for figure in &cx.figures.all {
        if let Some(whole) = figure.part_of.filter(|_| figure.is_present()) {
            parts.entry(whole).or_default().push(figure);
        }
    }
    let mut found = Vec::new();
    for (whole, parts) in parts {
        let is_told =
            |relation: &Relation| matches!(relation, Relation::Sum { whole: told, .. } if &told.item == whole);
        if cx.document.relations.iter().any(is_told) {
            continue;
        }
        let fits = |figure: &&Figure| {
            let timeless = Unit { per: None, ..figure.unit };
            parts.iter().all(|part| part.unit.is_comparable_to(figure.unit) || part.unit.is_comparable_to(timeless))
        };
        let Some(whole) = cx.figures.of_item(whole).find(fits) else { continue };
        // Figures that can't be reckoned with say nothing.
        let sum = add_up(cx, whole, &parts, false).unwrap_or_default();
        let adds_up = sum.as_ref().is_some_and(|found| found.severity == Severity::Rounding);
        found.extend(sum);
        if adds_up {
            found.extend(beside_their_whole(cx, whole, &parts));
        }
    }
    found
}

/// Parts that make up a whole and stand beside it on the map, as if they were more of it.
fn beside_their_whole<'d>(cx: &Context<'d>, whole: &Figure<'d>, parts: &[&Figure<'d>]) -> Option<Disagreement> {
    let place = |figure: &Figure| {
        let component = cx.document.component(figure.listed_by?)?;
        (component.kind == ComponentKind::System).then_some((component.id.clone(), component.group.clone()?))
    };
    let (home, group) = place(whole)?;
    let is_beside =
        |part: &&Figure| place(part).is_some_and(|(other, other_group)| other != home && other_group == group);
    if !parts.iter().all(is_beside) {
        return None;
    }
    let total = cx.total_in(whole, whole.unit, None).unwrap_or(whole.value.representative());
    let message = format!(
        "{} = {}: these are parts of {} ({}), yet stand beside it; counted with it, {} would count twice.",
        joined(parts.iter().map(|part| part.text()), " + "),
        whole.text(),
        whole.label,
        whole.name,
        n(total, whole.unit)
    );
    let mut figures = vec![whole];
    figures.extend(parts);
    let found = cx.found(RuleClass::CountedTwice, Severity::Ambiguous, &figures).stated(whole);
    Some(found.say(message))
}
