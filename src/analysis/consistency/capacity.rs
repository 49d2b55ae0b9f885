//! Bounds of machines: cores and shares of them, slots.

use super::arithmetic::{Span, rounded};
use super::context::{Context, joined, n, percent};
use super::figures::Figure;
use super::{Checked, Disagreement, RuleClass, Severity};
use crate::model::document::FigureRef;
use crate::model::metric::{CPU_CORES, CPU_SHARE};
use crate::model::unit::{BaseUnit, Unit};

const SHARES: f64 = 0.02;

/// As many slots as users.
pub fn capacity(cx: &Context, slots: &FigureRef, users: &FigureRef) -> Checked {
    let (slots, users) = (cx.figure(slots)?, cx.figure(users)?);
    let (there, wanted) = (slots.number_in(Unit::COUNT)?, users.number_in(Unit::COUNT)?);
    let holds = there >= wanted;
    let severity = if holds { Severity::Rounding } else { Severity::Bound };
    let mut message = format!("{} ({}) for {} ({})", slots.text(), slots.label, users.text(), users.label);
    if !holds {
        let without = n(wanted - there, Unit::COUNT);
        message.push_str(&format!(": {without} have none. Possible only if these go without, or come on top"));
    }
    message.push('.');
    Ok(vec![cx.found(RuleClass::ResourceBound, severity, &[slots, users]).stated(slots).say(message)])
}

/// Exclusive shares of one machine.
pub fn machine_shares(cx: &Context, parts: &[FigureRef], whole: &[FigureRef]) -> Checked {
    let (parts, whole) = (cx.list(parts)?, cx.list(whole)?);
    let shares = parts.iter().map(|part| part.number_in(Unit::RATIO)).collect::<Result<Vec<f64>, _>>()?;
    let sum: f64 = shares.iter().sum();
    let mut limit: f64 = 1.0;
    for figure in &whole {
        limit = limit.min(figure.span_in(Unit::RATIO)?.high);
    }
    let holds = sum <= limit * (1.0 + SHARES);
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let terms = joined(parts.iter().map(|part| part.text()), " + ");
    let over = if sum > 1.0 + SHARES { ", more than the machine has" } else { "" };
    let stated = match whole.is_empty() {
        true => String::new(),
        false => format!("; stated of all: {}", joined(whole.iter().map(|it| said(it)), ", ")),
    };
    let message = format!("{terms} = {}{over}{stated}.", percent(sum));
    let figures: Vec<&Figure> = whole.iter().chain(&parts).copied().collect();
    let mut found = cx.found(RuleClass::ResourceBound, severity, &figures);
    if let Some(first) = whole.first() {
        found = found.stated(first);
    }
    Ok(vec![found.derived(sum * 100.0, Unit::of(BaseUnit::Percent), "sum of the shares").say(message)])
}

fn said(figure: &Figure) -> String {
    match figure.statistic_word() {
        Some(word) => format!("{} ({word})", figure.text()),
        None => figure.text(),
    }
}

/// Statements that give the same load as a share of the machine and in cores: there is one size of machine.
pub fn by_structure(cx: &Context) -> Option<Disagreement> {
    let mut sizes: Vec<(&Figure, &Figure, f64, Span)> = Vec::new();
    for cores in cx.figures.all.iter().filter(|figure| figure.metric == Some(CPU_CORES) && figure.is_present()) {
        let is_share = |figure: &&Figure| figure.metric == Some(CPU_SHARE) && figure.is_present();
        let Some(share) = cx.figures.of_item(&cores.name.item).find(is_share) else { continue };
        let (Ok(used), Ok(part)) = (cores.number_in(Unit::CORES), share.number_in(Unit::of(BaseUnit::Percent))) else {
            continue;
        };
        let (used_span, part_span) = (rounded(used), rounded(part));
        if used_span.low > 0.0 && part_span.low > 0.0 {
            let span =
                Span { low: used_span.low / part_span.high * 100.0, high: used_span.high / part_span.low * 100.0 };
            sizes.push((share, cores, used / part * 100.0, span));
        }
    }
    if sizes.len() < 2 {
        return None;
    }
    let low = sizes.iter().map(|(_, _, _, span)| span.low).fold(f64::MIN, f64::max);
    let high = sizes.iter().map(|(_, _, _, span)| span.high).fold(f64::MAX, f64::min);
    let severity = if low <= high { Severity::Rounding } else { Severity::Contradiction };
    let term = |(share, cores, size, _): &(&Figure, &Figure, f64, Span)| {
        format!("{} ÷ {} = {}", cores.text(), share.text(), n(*size, Unit::CORES))
    };
    let end = if low <= high { "one machine, within rounding" } else { "no single machine" };
    let message = format!("{}: {end}.", joined(sizes.iter().map(term), "; "));
    let figures: Vec<&Figure> = sizes.iter().flat_map(|(share, cores, ..)| [*share, *cores]).collect();
    Some(cx.found(RuleClass::ResourceBound, severity, &figures).say(message))
}
