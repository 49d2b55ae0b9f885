//! Forecasts, projections and slopes against the figures that they rest on.

use super::arithmetic::Span;
use super::context::{Context, difference, n, percent};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, Relation};
use crate::model::unit::{Dimension, Unit};

/// How far a stated time to a limit may be off.
const FORECAST: f64 = 0.2;
/// How far a stated slope may be off.
const SLOPE: f64 = 0.1;

/// When a level reaches a limit.
struct Reach<'c, 'd> {
    level: &'c Figure<'d>,
    growth: &'c Figure<'d>,
    limit: &'c Figure<'d>,
    /// In the level's unit.
    distance: f64,
    /// In the level's unit per the growth's time.
    slope: f64,
    per: Unit,
    time_s: f64,
    /// By the slope of the growth's own ends, if they are stated: that slope, and the time.
    by_ends: Option<(f64, f64)>,
}

fn reach<'c, 'd>(
    cx: &'c Context<'d>,
    level: &FigureRef,
    growth: &FigureRef,
    limit: &FigureRef,
) -> Result<Reach<'c, 'd>, String> {
    let (level, growth, limit) = (cx.figure(level)?, cx.figure(growth)?, cx.figure(limit)?);
    let per = growth.unit.per.ok_or_else(|| format!("{} is a growth without a time", growth.name))?;
    let distance = limit.number_in(level.unit)? - level.number_in(level.unit)?;
    let rate = Unit { base: level.unit.base, per: Some(per) };
    let slope = growth.number_in(rate)?;
    let seconds = |slope: f64| distance / slope * per.factor();
    let ends = slope_of(cx, &growth.name, rate);
    Ok(Reach {
        level,
        growth,
        limit,
        distance,
        slope,
        per: rate,
        time_s: seconds(slope),
        by_ends: ends.map(|slope| (slope, seconds(slope))),
    })
}

/// The slope of the ends of which `rate` is said to be the slope.
fn slope_of(cx: &Context, rate: &FigureRef, unit: Unit) -> Option<f64> {
    cx.document.relations.iter().find_map(|relation| match relation {
        Relation::Slope { values, times, rate: stated } if stated == rate => ends_slope(cx, values, times, unit).ok(),
        _ => None,
    })
}

fn ends_slope(cx: &Context, values: &FigureRef, times: &FigureRef, unit: Unit) -> Result<f64, String> {
    let (first, last) = cx.figure(values)?.ends_in(Unit::of(unit.base))?;
    let per = Unit::of(unit.per.ok_or("a slope without a time")?);
    let (from, to) = cx.figure(times)?.ends_in(per)?;
    let slope = (last - first) / (to - from);
    if slope.is_finite() { Ok(slope) } else { Err(format!("{times} is no stretch of time")) }
}

/// Derived times, in seconds, to the limit that is said to be reached in `limit_in`, by each slope that is stated; with the sum.
pub fn times_to_limit(cx: &Context, limit_in: &FigureRef) -> Option<(Span, String)> {
    cx.document.relations.iter().find_map(|relation| match relation {
        Relation::Forecast { level, growth, limit, reached_in } if reached_in == limit_in => {
            let reach = reach(cx, level, growth, limit).ok()?;
            let other = reach.by_ends.map_or(reach.time_s, |(_, time)| time);
            let span = Span::between(reach.time_s, other);
            (span.is_finite() && span.low > 0.0).then(|| {
                let slope = difference(reach.slope, reach.per);
                let slopes = match reach.by_ends {
                    Some((ends, _)) => format!("{} to {slope}", difference(ends, reach.per)),
                    None => slope,
                };
                (span, format!("{} at {slopes}", difference(reach.distance, reach.level.unit)))
            })
        }
        _ => None,
    })
}

/// T ≈ (L − x) / s.
pub fn forecast(
    cx: &Context,
    level: &FigureRef,
    growth: &FigureRef,
    limit: &FigureRef,
    reached_in: &FigureRef,
) -> Checked {
    let reach = reach(cx, level, growth, limit)?;
    let stated = cx.figure(reached_in)?;
    let unit = stated.unit;
    let span = stated.span_in(unit)?;
    let in_unit = |seconds: f64| seconds / unit.factor();
    let sum = format!(
        "{} − {} = {}",
        reach.limit.text(),
        n(reach.level.number_in(reach.limit.unit)?, reach.limit.unit),
        difference(reach.distance, reach.level.unit)
    );
    let slope = difference(reach.slope, reach.per);
    let figures = [stated, reach.level, reach.growth, reach.limit];
    if !reach.time_s.is_finite() || reach.time_s < 0.0 {
        let message = format!("{sum}; at {slope} the limit is never reached; stated: in {}.", stated.text());
        let found = cx.found(RuleClass::ForecastVersusSlope, Severity::Contradiction, &figures).stated(stated);
        return Ok(vec![found.say(message)]);
    }
    let time = in_unit(reach.time_s);
    let holds = span.meets(Span::of(time).wider_by_share(FORECAST));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let mut message = format!("{sum}; at {slope} that takes {}; stated: {}.", n(time, unit), stated.text());
    if let Some((ends, seconds)) = reach.by_ends {
        let by =
            format!(" With the slope of its ends, {}: {}.", difference(ends, reach.per), n(in_unit(seconds), unit));
        message.push_str(&by);
    }
    if !holds {
        let per = reach.per.per.map_or(1.0, |per| per.factor());
        let needed = reach.distance / (span.high.min(f64::MAX) * unit.factor() / per);
        let needed = difference(needed, reach.per);
        message.push_str(&format!(" For {} the growth would have to be {needed}.", stated.text()));
    }
    let found = cx.found(RuleClass::ForecastVersusSlope, severity, &figures).stated(stated);
    Ok(vec![found.derived(time, unit, "(limit − level) ÷ growth").say(message)])
}

/// The roles of [`Relation::Projection`].
pub struct Projection<'r> {
    pub level: &'r FigureRef,
    pub mean: Option<&'r FigureRef>,
    pub growth: &'r FigureRef,
    pub over: &'r FigureRef,
    pub projected: &'r FigureRef,
    pub after: &'r FigureRef,
}

/// A level after a time, by a growth that may be relative or in points.
pub fn projection(cx: &Context, roles: &Projection) -> Checked {
    let (level, growth) = (cx.figure(roles.level)?, cx.figure(roles.growth)?);
    let (projected, after, over) = (cx.figure(roles.projected)?, cx.figure(roles.after)?, cx.figure(roles.over)?);
    let unit = projected.unit;
    let steps = after.number_in(Unit::SECONDS)? / over.number_in(Unit::SECONDS)?;
    if !steps.is_finite() {
        return Err(format!("{} is no stretch of time", over.name));
    }
    let is_share = growth.unit.dimension() == Dimension::Ratio;
    let grown = |from: f64| -> Result<Span, String> {
        let relative =
            is_share.then(|| from * (1.0 + growth.value.representative() * growth.unit.factor()).powf(steps));
        let added = growth.number_in(unit).ok().map(|growth| from + growth * steps);
        match (relative, added) {
            (Some(relative), Some(added)) => Ok(Span::between(relative, added)),
            (Some(one), None) | (None, Some(one)) => Ok(Span::of(one)),
            (None, None) => Err(format!("{} can't be added to {}", growth.name, level.name)),
        }
    };
    let said = |span: Span| {
        if span.low == span.high {
            n(span.low, unit)
        } else {
            format!("{} to {}", n(span.low, unit), n(span.high, unit))
        }
    };
    let stated = projected.span_in(unit)?;
    let from = level.number_in(unit)?;
    let derived = grown(from)?;
    let holds = stated.meets(derived.wider_by_share(FORECAST));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let mut figures = vec![projected, level, growth, after, over];
    let readings = if is_share { " (relative, or points)" } else { "" };
    let mut message = format!(
        "{}, changing by {} in {}, is {}{readings} after {}; stated: {}.",
        level.text(),
        growth.text(),
        over.text(),
        said(derived),
        after.text(),
        projected.text()
    );
    let grows = growth.value.representative() > 0.0;
    if !holds && (grows && stated.high < from || !grows && stated.low > from) {
        message.push_str(&format!(" That is already passed: it is {} now.", level.text()));
    }
    if let Some(mean) = roles.mean {
        let mean = cx.figure(mean)?;
        figures.push(mean);
        message.push_str(&format!(
            " From {} ({}) it would be {}.",
            mean.text(),
            mean.full_label(),
            said(grown(mean.number_in(unit)?)?)
        ));
    }
    let found = cx.found(RuleClass::ForecastVersusSlope, severity, &figures).stated(projected);
    Ok(vec![found.derived(derived.low, unit, "level, grown over the time ahead").say(message)])
}

/// Slope ≈ (x2 − x1) / (t2 − t1).
pub fn slope(cx: &Context, values: &FigureRef, times: &FigureRef, rate: &FigureRef) -> Checked {
    let (values, times, rate) = (cx.figure(values)?, cx.figure(times)?, cx.figure(rate)?);
    let per = rate.unit.per.ok_or_else(|| format!("{} is a slope without a time", rate.name))?;
    let unit = Unit { base: values.unit.base, per: Some(per) };
    let derived = ends_slope(cx, &values.name, &times.name, unit)?;
    let (first, last) = values.ends_in(values.unit)?;
    let (from, to) = times.ends_in(Unit::of(per))?;
    let stretch = to - from;
    let change = difference(last - first, values.unit);
    let sum = format!("{change} ÷ {} = {}", n(stretch, Unit::of(per)), difference(derived, unit));
    let figures = [rate, values, times];
    let found = |severity| cx.found(RuleClass::SlopeVersusEnds, severity, &figures).stated(rate);
    let tell = |severity, more: String| {
        let message = format!("From {}: {sum}; stated: {}.{more}", values.text(), rate.text());
        Ok(vec![found(severity).derived(derived, unit, "difference ÷ time between").say(message)])
    };
    let stated = rate.span_in(unit)?;
    if stated.meets(Span::of(derived).wider_by_share(SLOPE)) {
        return tell(Severity::Rounding, String::new());
    }
    let relative = ((last / first).powf(1.0 / stretch) - 1.0) / Unit::of(rate.unit.base).factor();
    if rate.unit.dimension() == Dimension::Ratio && stated.meets(Span::of(relative).wider_by_share(SLOPE)) {
        let share = percent(relative * Unit::of(rate.unit.base).factor());
        let more = format!(
            " It holds only as a share of what it was ({share} of it each time); points or relative is not said."
        );
        return tell(Severity::Ambiguous, more);
    }
    let one_more = (last - first) / (stretch + 1.0);
    let more = if stated.meets(Span::of(one_more).wider_by_share(0.02)) {
        let count = n(stretch + 1.0, Unit::COUNT);
        format!(" {} would follow from counting {count} intervals, one too many.", difference(one_more, unit))
    } else {
        String::new()
    };
    tell(Severity::Contradiction, more)
}
