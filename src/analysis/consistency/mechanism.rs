//! Claims about how a runtime works, against how it does. The facts are data, and hold for any program on that runtime.

use super::context::Context;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{FigureRef, Mechanism, Runtime};
use crate::model::id::ItemId;
use crate::model::unit::Unit;

/// A claim that is wrong of a runtime, and what is so instead.
const WRONG: [(Runtime, Mechanism, &str); 6] = [
    (
        Runtime::Beam,
        Mechanism::StopsTheWorld,
        "Every process has its own heap; a collection stops that process, and no world.",
    ),
    (
        Runtime::Beam,
        Mechanism::NotYetGenerational,
        "The collector is generational already: every process has an old heap, swept after fullsweep_after minor collections.",
    ),
    (Runtime::Beam, Mechanism::ProcessOnSeveralCores, "One process runs on one scheduler at a time: one core at most."),
    (
        Runtime::Jvm,
        Mechanism::NotYetGenerational,
        "G1, Parallel and Serial are generational already, and ZGC as well from JDK 21 on where it is switched on.",
    ),
    (Runtime::Jvm, Mechanism::ProcessOnSeveralCores, "One thread runs on one core at a time."),
    (Runtime::Go, Mechanism::ProcessOnSeveralCores, "One goroutine runs on one thread at a time: one core at most."),
];

fn fact(runtime: Runtime, mechanism: Mechanism) -> Option<&'static str> {
    let is_it = |(of, claim, _): &&(Runtime, Mechanism, &str)| (*of, *claim) == (runtime, mechanism);
    WRONG.iter().find(is_it).map(|(_, _, fact)| *fact)
}

fn claim_text(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::StopsTheWorld => "A collection is said to stop the world.",
        Mechanism::NotYetGenerational => "Collection by the age of data is planned as something new.",
        Mechanism::ProcessOnSeveralCores => "One process is said to use several cores.",
    }
}

/// Statements that say so.
pub fn claims(cx: &Context, said_in: &[ItemId], mechanism: Mechanism, runtime: Runtime) -> Checked {
    let Some(fact) = fact(runtime, mechanism) else { return Ok(Vec::new()) };
    let figures: Vec<_> = said_in.iter().flat_map(|item| cx.figures.of_item(item)).collect();
    let message = format!("{} {fact}", claim_text(mechanism));
    let found = cx.found(RuleClass::Mechanism, Severity::Contradiction, &figures).and(said_in);
    Ok(vec![found.say(message)])
}

/// One process on more than one core.
pub fn one_process(cx: &Context, cores: &FigureRef, said_in: &ItemId, runtime: Runtime) -> Checked {
    let figure = cx.figure(cores)?;
    let busy = figure.number_in(Unit::CORES)?;
    let Some(fact) = fact(runtime, Mechanism::ProcessOnSeveralCores) else { return Ok(Vec::new()) };
    let holds = busy <= 1.0;
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!("{} for one process ({said_in}). {fact}", figure.text());
    let found = cx.found(RuleClass::ResourceBound, severity, &[figure]).and([said_in]).stated(figure);
    Ok(vec![found.derived(1.0, Unit::CORES, "one process, one core").say(message)])
}
