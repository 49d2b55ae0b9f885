//! Rates, cycles and balances: what comes in a time, and what that does to a level.

use super::arithmetic::Span;
use super::context::{Context, is_time, joined, n, times};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, Relation};
use crate::model::id::ItemId;
use crate::model::metric::MetricKey;
use crate::model::unit::{BaseUnit, Dimension, Unit};

const FREQUENCY: f64 = 0.1;
const FLOW: f64 = 0.2;
/// Of the inflow: a level that is off by more does not move as stated.
const LEVEL: f64 = 0.1;

/// A figure as a rate of events: a period becomes one event per period.
pub fn as_rate(figure: &Figure, unit: Unit) -> Result<(Span, bool), String> {
    let is_frequency = unit.dimension() == Dimension::Count && unit.per.is_some();
    if is_time(figure.unit) && is_frequency {
        let period = figure.span_in(Unit::SECONDS)?;
        let rate = period.map(|seconds| 1.0 / seconds / unit.factor());
        return Ok((rate, true));
    }
    figure.span_in(unit).map(|span| (span, false))
}

/// f = 1/p.
pub fn reciprocal(cx: &Context, period: &FigureRef, rate: &FigureRef) -> Checked {
    let (period, rate) = (cx.figure(period)?, cx.figure(rate)?);
    let unit = rate.unit;
    let derived = 1.0 / period.number_in(Unit::SECONDS)? / unit.factor();
    if !derived.is_finite() || unit.per.is_none() {
        return Err(format!("{} and {} are no period and rate", period.name, rate.name));
    }
    let holds = rate.span_in(unit)?.meets(Span::of(derived).wider_by_share(FREQUENCY));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!("One every {} is {}; stated: {}.", period.text(), n(derived, unit), rate.text());
    let found = cx.found(RuleClass::FrequencyVersusPeriod, severity, &[rate, period]).stated(rate);
    Ok(vec![found.derived(derived, unit, "1 ÷ period").say(message)])
}

/// What the cycles move in a time, in `unit`.
fn cycle_flow(amount: &Figure, period: &Figure, unit: Unit) -> Result<f64, String> {
    let per = unit.per.ok_or("a flow without a time")?;
    let flow = amount.number_in(Unit::of(unit.base))? / period.number_in(Unit::of(per))?;
    if flow.is_finite() { Ok(flow) } else { Err(format!("{} is no length of a cycle", period.name)) }
}

/// q ≈ a/p.
pub fn cycle(cx: &Context, amount: &FigureRef, period: &FigureRef, flow: &FigureRef) -> Checked {
    let (amount, period, flow) = (cx.figure(amount)?, cx.figure(period)?, cx.figure(flow)?);
    let derived = cycle_flow(amount, period, flow.unit)?;
    let holds = flow.span_in(flow.unit)?.meets(Span::of(derived).wider_by_share(FLOW));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let stated = match flow.number_in(flow.unit)? {
        rate if !holds && rate > 0.0 => format!(", {} what is stated", times(derived / rate)),
        _ => String::from("; stated"),
    };
    let message =
        format!("{} every {} is {}{stated}: {}.", amount.text(), period.text(), n(derived, flow.unit), flow.text());
    let found = cx.found(RuleClass::FlowVersusCycle, severity, &[flow, amount, period]).stated(flow);
    Ok(vec![found.derived(derived, flow.unit, "amount per cycle ÷ period").say(message)])
}

/// d(level)/dt ≈ in − out.
pub fn balance(
    cx: &Context,
    inflow: &[FigureRef],
    outflow: &FigureRef,
    trend: Option<&FigureRef>,
    steady: Option<&ItemId>,
) -> Checked {
    let (all_in, out) = (cx.list(inflow)?, cx.figure(outflow)?);
    let main = *all_in.first().ok_or_else(|| format!("the balance of {outflow} has no inflow"))?;
    let unit = main.unit;
    let coming = main.number_in(unit)?;
    let net = coming - out.number_in(unit)?;
    let mut found = Vec::new();
    let trend = trend.map(|name| cx.figure(name)).transpose()?;
    let expected = trend.map(|figure| figure.number_in(unit)).transpose()?;
    let wanted = expected.or(steady.map(|_| 0.0));
    if let Some(expected) = wanted {
        let holds = (net - expected).abs() <= LEVEL * coming.abs();
        let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
        let hourly = Unit { base: unit.base, per: Some(BaseUnit::Hour) };
        let an_hour = unit.convert(net, hourly).map(|net| n(net, hourly)).unwrap_or_default();
        let figures: Vec<&Figure> = trend.into_iter().chain([main, out]).collect();
        let said = trend.map(|figure| figure.text()).into_iter().chain(steady.map(|item| format!("steady ({item})")));
        let message = format!(
            "{} in − {} out = {}, {an_hour}; stated: {}.",
            main.text(),
            out.text(),
            n(net, unit),
            joined(said, ", ")
        );
        let mut draft = cx.found(RuleClass::InflowVersusOutflow, severity, &figures).and(steady);
        if let Some(trend) = trend {
            draft = draft.stated(trend);
        }
        found.push(draft.derived(net, unit, "inflow − outflow").say(message));
    }
    for relation in &cx.document.relations {
        let Relation::Cycle { amount, period, flow } = relation else { continue };
        if flow != outflow {
            continue;
        }
        let (amount, period) = (cx.figure(amount)?, cx.figure(period)?);
        let freed = cycle_flow(amount, period, unit)?;
        let rates = all_in.iter().map(|figure| figure.number_in(unit)).collect::<Result<Vec<f64>, _>>()?;
        if freed <= rates.iter().copied().fold(f64::MIN, f64::max) * (1.0 + FLOW) {
            continue;
        }
        let against = all_in.iter().zip(&rates);
        let against = against.map(|(figure, rate)| format!("{} the {}", times(freed / rate), described(figure)));
        let figures: Vec<&Figure> = [amount, period].into_iter().chain(all_in.iter().copied()).collect();
        let message = format!(
            "{} every {} is {} going out: {} coming in.",
            amount.text(),
            period.text(),
            n(freed, unit),
            joined(against, ", ")
        );
        let draft = cx.found(RuleClass::InflowVersusOutflow, Severity::Contradiction, &figures).stated(amount);
        let most = rates.iter().copied().fold(f64::MIN, f64::max);
        let bound = most * Unit { base: unit.base, per: unit.per }.factor() * period.number_in(Unit::SECONDS)?;
        let derived = bound / amount.unit.factor();
        found.push(draft.derived(derived, amount.unit, "inflow × period: the most that a cycle can free").say(message));
    }
    Ok(found)
}

fn described(figure: &Figure) -> String {
    match figure.statistic_word() {
        Some(word) => format!("{} ({word})", figure.text()),
        None => figure.text(),
    }
}

/// What flows in less what flows out, where the document says how the level of this metric moves: the change in `unit`, its
/// figures, and the sum in words.
pub fn net<'c, 'd>(cx: &'c Context<'d>, metric: MetricKey, unit: Unit) -> Option<(f64, Vec<&'c Figure<'d>>, String)> {
    cx.document.relations.iter().find_map(|relation| {
        let Relation::Balance { inflow, outflow, trend: Some(trend), .. } = relation else { return None };
        let trend = cx.figure(trend).ok()?;
        let (main, out) = (cx.figure(inflow.first()?).ok()?, cx.figure(outflow).ok()?);
        if trend.metric != Some(metric) {
            return None;
        }
        let net = main.number_in(unit).ok()? - out.number_in(unit).ok()?;
        Some((net, vec![main, out], format!("{} in − {} out = {}", main.text(), out.text(), n(net, unit))))
    })
}
