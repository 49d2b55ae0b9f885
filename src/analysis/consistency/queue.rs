//! Little's law and the law of utilization.

use super::arithmetic::Span;
use super::context::{Context, joined, n, times};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::FigureRef;
use crate::model::unit::Unit;

const LITTLE: f64 = 0.5;
const SERVICE: f64 = 0.2;

/// N = λW.
pub fn queue(cx: &Context, waiting: &FigureRef, throughput: &FigureRef, time: &FigureRef) -> Checked {
    let (waiting, throughput, time) = (cx.figure(waiting)?, cx.figure(throughput)?, cx.figure(time)?);
    let stay_s = waiting.number_in(Unit::COUNT)? / throughput.number_in(Unit::COUNT_PER_S)?;
    if !stay_s.is_finite() {
        return Err(format!("with a throughput of {} nobody ever leaves", throughput.text()));
    }
    let stay = stay_s / time.unit.factor();
    let holds = time.span_in(time.unit)?.meets(Span::of(stay).wider_by_share(LITTLE));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!(
        "{} waiting ÷ {} = {} for each; stated: {} ({}).",
        waiting.text(),
        throughput.text(),
        n(stay_s, Unit::SECONDS),
        time.text(),
        time.full_label()
    );
    let found = cx.found(RuleClass::QueueLaw, severity, &[time, waiting, throughput]).stated(time);
    Ok(vec![found.derived(stay, time.unit, "number waiting ÷ throughput").say(message)])
}

/// Busy servers = throughput × service time ≤ number of servers.
pub fn service(
    cx: &Context,
    throughput: &FigureRef,
    busy: &FigureRef,
    stated: &[FigureRef],
    servers: Option<&FigureRef>,
) -> Checked {
    let (throughput, busy, stated) = (cx.figure(throughput)?, cx.figure(busy)?, cx.list(stated)?);
    let servers = servers.map(|name| cx.figure(name)).transpose()?;
    let busy_number = busy.value.representative() * busy.unit.factor();
    let work_s = busy_number / throughput.number_in(Unit::COUNT_PER_S)?;
    if !work_s.is_finite() {
        return Err(format!("a throughput of {} keeps nobody busy", throughput.text()));
    }
    let mut longest_s = f64::MIN;
    for figure in &stated {
        longest_s = longest_s.max(figure.span_in(Unit::SECONDS)?.high);
    }
    let too_long = !stated.is_empty() && work_s > longest_s * (1.0 + SERVICE);
    let limit = servers.map(|figure| figure.value.representative() * figure.unit.factor());
    let too_many = limit.is_some_and(|limit| busy_number > limit * (1.0 + SERVICE));
    let severity = if too_long || too_many { Severity::Contradiction } else { Severity::Rounding };
    let mut message =
        format!("{} ÷ {} = {} of work for each", busy.text(), throughput.text(), n(work_s, Unit::SECONDS));
    if !stated.is_empty() {
        let each = |figure: &&Figure| format!("{} ({})", figure.text(), figure.full_label());
        message.push_str(&format!("; stated: {}", joined(stated.iter().map(each), ", ")));
    }
    if let (Some(servers), true) = (servers, too_many) {
        message.push_str(&format!("; there are only {}", servers.text()));
    }
    if too_long && longest_s > 0.0 {
        message.push_str(&format!(". That is {} the longest", times(work_s / longest_s)));
    }
    message.push('.');
    let figures: Vec<&Figure> = [busy, throughput].into_iter().chain(stated).chain(servers).collect();
    let found = cx.found(RuleClass::ServiceLaw, severity, &figures).stated(busy);
    Ok(vec![found.derived(work_s, Unit::SECONDS, "busy ÷ throughput").say(message)])
}
