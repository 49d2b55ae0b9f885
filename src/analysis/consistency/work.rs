//! Speed-ups: what cutting work into parts can bring, and what a speed-up means for the work of one operation.

use super::context::{Context, joined, n, percent, signed_percent};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, WorkEffect};
use crate::model::unit::{BaseUnit, Dimension, Unit};

const BOUND: f64 = 0.02;
/// Work that gets cheaper by less than this is not worth a word.
const CHEAPER: f64 = 0.1;

/// Speed-up ≤ 1 / (1 − f + f/n).
pub fn speedup(
    cx: &Context,
    speedup: &[FigureRef],
    parts: &FigureRef,
    shares: &[FigureRef],
    largest: Option<&FigureRef>,
) -> Checked {
    let (claims, parts, shares) = (cx.list(speedup)?, cx.figure(parts)?, cx.list(shares)?);
    let largest = largest.map(|name| cx.figure(name)).transpose()?;
    let first = *claims.first().ok_or_else(|| format!("no speed-up is stated for {}", parts.name))?;
    let count = parts.number_in(Unit::COUNT)?;
    let claimed = claims.iter().map(|claim| claim.factor()).collect::<Result<Vec<f64>, _>>()?;
    let claimed = claimed.into_iter().fold(f64::MIN, f64::max);
    if count < 1.0 {
        return Err(format!("{} are no parts", parts.text()));
    }
    let times = Unit::of(BaseUnit::Times);
    let mut share = 0.0;
    let mut bounds = Vec::new();
    for (index, figure) in shares.iter().enumerate() {
        share += figure.number_in(Unit::RATIO)?;
        // One share alone, then those that may come to it; a bound is told for two of them or more where there are more.
        if index + 1 >= shares.len().min(2) {
            bounds.push((share, 1.0 / (1.0 - share + share / count)));
        }
    }
    let by_cut = bounds.iter().map(|(_, bound)| *bound).reduce(f64::max);
    // The largest part takes as long as it takes, however many there are.
    let by_skew = largest.map(|figure| figure.number_in(Unit::RATIO)).transpose()?.map(|share| 1.0 / share);
    let most = by_cut.into_iter().chain(by_skew).fold(count, f64::min);
    let severity = if claimed > count * (1.0 + BOUND) {
        Severity::Contradiction
    } else if bounds.is_empty() && largest.is_none() || claimed > most * (1.0 + BOUND) {
        Severity::Bound
    } else {
        Severity::Rounding
    };
    let text =
        |(share, bound): &(f64, f64)| format!("{} of the work cut gives {} at most", percent(*share), n(*bound, times));
    let skew = largest.zip(by_skew);
    let skew =
        skew.map(|(figure, bound)| format!("a part with {} of the work allows {}", figure.text(), n(bound, times)));
    let bounds = joined(bounds.iter().map(text).chain(skew), ", ");
    let bounds = if bounds.is_empty() { String::from("how much can be cut is not said") } else { bounds };
    let mut message = format!("In {} parts: {bounds}; stated: {}.", parts.text(), first.text());
    match severity {
        Severity::Contradiction => message.push_str(" No more than the number of parts is possible."),
        Severity::Bound => {
            let all = format!(
                " {} needs all of the work to be cut, even parts, and {} free cores.",
                first.text(),
                parts.text()
            );
            message.push_str(&all);
        }
        _ => {}
    }
    let mut figures = claims.clone();
    figures.push(parts);
    figures.extend(shares.into_iter().chain(largest));
    let found = cx.found(RuleClass::SpeedupBound, severity, &figures).stated(first);
    Ok(vec![found.derived(most, times, "1 ÷ (1 − f + f/n)").say(message)])
}

/// Load and throughput change together: what one operation costs.
pub fn work(
    cx: &Context,
    load: &FigureRef,
    before: Option<&FigureRef>,
    throughput: &FigureRef,
    effect: WorkEffect,
) -> Checked {
    let (load, throughput) = (cx.figure(load)?, cx.figure(throughput)?);
    let before = before.map(|name| cx.figure(name)).transpose()?;
    let unit = load.unit;
    let (from, to) = match before {
        Some(before) => (before.number_in(unit)?, load.number_in(unit)?),
        None => load.ends_in(unit)?,
    };
    let gain = throughput.factor()?;
    let cost = to / from / gain - 1.0;
    if !cost.is_finite() {
        return Err(format!("{} and {} give no work for one operation", load.name, throughput.name));
    }
    let severity = match effect {
        _ if cost > -CHEAPER => Severity::Rounding,
        WorkEffect::Moves => Severity::Contradiction,
        WorkEffect::Unstated | WorkEffect::Removes => Severity::Bound,
    };
    let mut message = format!(
        "{} → {} at {} the throughput: {} of work for one operation.",
        n(from, unit),
        n(to, unit),
        times_text(throughput, gain),
        signed_percent(cost)
    );
    message.push_str(match effect {
        _ if severity == Severity::Rounding => "",
        WorkEffect::Moves => " What is to bring it moves work, and does away with none.",
        WorkEffect::Unstated => " Possible only if that much of the work goes away, which nothing says.",
        WorkEffect::Removes => " Possible only if that much of the work goes away.",
    });
    let figures: Vec<&Figure> = [load, throughput].into_iter().chain(before).collect();
    let class = if effect == WorkEffect::Moves { RuleClass::TargetVersusEffect } else { RuleClass::SpeedupBound };
    let found = cx.found(class, severity, &figures).stated(load);
    Ok(vec![found.derived(from * gain, unit, "load before × throughput").say(message)])
}

fn times_text(figure: &Figure, factor: f64) -> String {
    match figure.unit.dimension() {
        Dimension::Factor => figure.text(),
        _ => n(factor, Unit::of(BaseUnit::Times)),
    }
}
