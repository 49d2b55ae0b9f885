//! Stated against derived: a document states figures, arithmetic on them gives others; where the two disagree this says so, with
//! the sum spelled out.
//!
//! Knows units, relations between figures and their roles, and nothing of any particular document. Most relations are written
//! in the document ([`crate::model::document::Relation`]); some lie in its structure (parts of a whole, a claim in MB and in %, a
//! target inside a rule's alarm zone). Each family of rules is a file. The window, `inspect` and reports show what was found.

mod arithmetic;
mod balance;
mod capacity;
mod change;
mod context;
mod effect;
mod figures;
mod lane;
mod measured;
mod mechanism;
mod mixture;
mod queue;
mod ratio;
mod same;
mod schedule;
mod score;
mod status;
mod sum;
mod target;
mod threshold;
mod trend;
mod work;

use std::collections::BTreeMap;

use crate::analysis::findings::Evidence;
use crate::model::document::{Document, Relation};
use crate::model::format::quantity_text;
use crate::model::id::{ComponentId, ItemId};
use crate::model::quantity::{Provenance, Quantity};

use context::Context;

pub use measured::{MeasuredFigure, against_measured, wanted};

macro_rules! classes {
    ($($variant:ident $word:literal $title:literal $doc:literal;)*) => {
        /// Which rule two figures disagree by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleClass {
            $(#[doc = $doc] $variant,)*
        }

        impl RuleClass {
            /// The word for it in JSON and in ids.
            pub fn word(self) -> &'static str {
                match self { $(RuleClass::$variant => $word,)* }
            }

            /// Its name for people.
            pub fn title(self) -> &'static str {
                match self { $(RuleClass::$variant => $title,)* }
            }

            /// What must hold.
            pub fn law(self) -> &'static str {
                match self { $(RuleClass::$variant => $doc,)* }
            }
        }
    };
}

classes! {
    ForecastVersusSlope "forecast_versus_slope" "Forecast against slope"
        "Time to a limit is the distance to it divided by the slope.";
    SlopeVersusEnds "slope_versus_ends" "Slope against its ends"
        "A slope is the difference of its ends divided by the time between them.";
    FrequencyVersusPeriod "frequency_versus_period" "Frequency against period"
        "A frequency is one divided by the period.";
    FlowVersusCycle "flow_versus_cycle" "Flow against cycle"
        "A flow is the amount per cycle divided by the length of a cycle.";
    InflowVersusOutflow "inflow_versus_outflow" "Inflow, outflow and level"
        "A level rises by what flows in and falls by what flows out.";
    PartsVersusWhole "parts_versus_whole" "Parts and their whole"
        "Parts that exclude each other add up to at most their whole.";
    CountedTwice "counted_twice" "Counted twice"
        "A part of a part is counted once.";
    Product "product" "Number times each"
        "A total is the number times what each has.";
    Ratio "ratio" "Ratio"
        "A percentage is the part divided by the whole; a share and its rest make 100 %.";
    RelativeEffect "relative_effect" "Change against its ends"
        "A relative change is the value after divided by the value before, less one.";
    PercentageBase "percentage_base" "Base of a percentage"
        "An effect divided by its percentage is the base, which must be one known quantity.";
    SumOfEffects "sum_of_effects" "Effects together"
        "Effects together are at most what their structure allows.";
    TargetVersusEffect "target_versus_effect" "Target against effect"
        "A target is reached when all that is said to reach it is applied.";
    ThresholdVersusState "threshold_versus_state" "Threshold against state"
        "A status is what its rules say of the values; a trigger that always holds makes no single events.";
    ThresholdVersusTarget "threshold_versus_target" "Threshold against target"
        "A target satisfies the rules.";
    ResourceBound "resource_bound" "Bound of a resource"
        "Shares of one thing are at most all of it, and nobody uses more than there is.";
    SpeedupBound "speedup_bound" "Bound of a speed-up"
        "Of work cut into n parts, f of which can be cut, the speed-up is at most 1 / (1 − f + f/n) (Amdahl, 1967).";
    QueueLaw "queue_law" "Law of queues"
        "The number in a system is the throughput times the time that each stays (Little, 1961).";
    ServiceLaw "service_law" "Law of service"
        "Busy servers are the throughput times the service time.";
    SameQuantity "same_quantity" "One quantity, two figures"
        "Two statements of one quantity at one time are equal, or say how they differ.";
    MeanVersusMembers "mean_versus_members" "Mean against members"
        "A mean is the mean of its members.";
    ProfileVersusMean "profile_versus_mean" "Profile against mean"
        "The mean of a day is the mean of its hours.";
    Schedule "schedule" "Schedule"
        "Work fits into the time that there is for it.";
    ScoreWithoutBase "score_without_base" "Score without its base"
        "A score can be judged when its number, period, cost or definition is known.";
    Mixture "mixture" "Expected value"
        "A mean of cases is the sum of their shares times their values.";
    Mechanism "mechanism" "How the runtime works"
        "Claims about a runtime are true of that runtime.";
    MeasuredVersusStated "measured_versus_stated" "Measured against stated"
        "What is measured is what is stated.";
}

/// How sure it is that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Wrong in every reading.
    Contradiction,
    /// Holds in one reading, which is named.
    Ambiguous,
    /// Possible only under a condition that is not stated, and is named.
    Bound,
    /// It holds, exactly or within rounding; not shown unless asked for.
    Rounding,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Contradiction => "contradiction",
            Severity::Ambiguous => "ambiguous",
            Severity::Bound => "bound",
            Severity::Rounding => "rounding",
        }
    }

    /// A sign for it, so that it is told without colour.
    pub fn symbol(self) -> &'static str {
        match self {
            Severity::Contradiction => "≠",
            Severity::Ambiguous => "?",
            Severity::Bound => "≤",
            Severity::Rounding => "=",
        }
    }

    /// What to do about it.
    pub fn next(self) -> &'static str {
        match self {
            Severity::Contradiction => "Correct the statement that is wrong.",
            Severity::Ambiguous => "Say which reading is meant.",
            Severity::Bound => "State the condition that it needs, or give it up.",
            Severity::Rounding => "Nothing to do.",
        }
    }

    /// What it means, for tooltips.
    pub fn meaning(self) -> &'static str {
        match self {
            Severity::Contradiction => "Wrong in every reading",
            Severity::Ambiguous => "Holds in one reading only",
            Severity::Bound => "Possible only under a condition that is not stated",
            Severity::Rounding => "Holds, within rounding",
        }
    }
}

/// Stated figures held against the figure that follows from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    /// Stays the same from one look to the next: the rule and what is held against the others, e.g. `product:D.4`.
    pub id: String,
    /// By which rule.
    pub class: RuleClass,
    /// How sure.
    pub severity: Severity,
    /// The statements concerned; first those with figures.
    pub about: Vec<ItemId>,
    /// The components whose figures they are.
    pub components: Vec<ComponentId>,
    /// The figure that is held against the others.
    pub stated: Option<Quantity>,
    /// What the others give for it.
    pub derived: Option<Quantity>,
    /// The arithmetic, spelled out.
    pub message: String,
    /// The figures that went into it.
    pub evidence: Vec<Evidence>,
}

impl Disagreement {
    /// Whether it concerns a statement.
    pub fn is_about(&self, item: &ItemId) -> bool {
        self.about.contains(item)
    }

    /// Whether it concerns a stated quantity: of a statement with several figures, this one.
    pub fn is_about_quantity(&self, quantity: &Quantity) -> bool {
        let Provenance::Stated { item, .. } = &quantity.provenance else { return false };
        let of_item =
            |it: &&Evidence| matches!(&it.quantity.provenance, Provenance::Stated { item: of, .. } if of == item);
        let is_it = |it: &Evidence| {
            let number = it.quantity.number_in(quantity.unit);
            let own = quantity.value.representative();
            number.is_some_and(|number| (number - own).abs() <= 1e-9 * own.abs())
        };
        let mut figures = self.evidence.iter().filter(of_item).peekable();
        self.is_about(item) && (figures.peek().is_none() || figures.any(is_it))
    }

    /// Whether it concerns a component's figures, or a statement that the component itself is.
    pub fn is_about_component(&self, component: &ComponentId) -> bool {
        self.components.contains(component)
    }

    /// Its evidence as one line.
    pub fn evidence_text(&self) -> String {
        let parts = self.evidence.iter().map(|it| format!("{} {}", it.label, quantity_text(&it.quantity)));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// What the checker has to say of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consistency {
    /// What does not hold, or not in every reading; contradictions first.
    pub disagreements: Vec<Disagreement>,
    /// What holds, exactly or within rounding.
    pub agreements: Vec<Disagreement>,
    /// Relations that could not be checked, and why; sentences.
    pub not_checked: Vec<String>,
}

impl Consistency {
    /// How many of this severity are shown.
    pub fn count(&self, severity: Severity) -> usize {
        self.disagreements.iter().filter(|found| found.severity == severity).count()
    }

    /// What concerns a statement.
    pub fn about<'a>(&'a self, item: &'a ItemId) -> impl Iterator<Item = &'a Disagreement> {
        self.disagreements.iter().filter(move |found| found.is_about(item))
    }

    /// Adds what other rules found, and brings all into order.
    pub fn extend(&mut self, found: Vec<Disagreement>) {
        for one in found {
            let list = match one.severity {
                Severity::Rounding => &mut self.agreements,
                _ => &mut self.disagreements,
            };
            list.push(one);
        }
        for list in [&mut self.disagreements, &mut self.agreements] {
            list.sort_by_key(|one| (one.severity, one.class));
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for one in list {
                let base = id_of(one);
                let count = seen.entry(base.clone()).or_insert(0);
                *count += 1;
                one.id = if *count == 1 { base } else { format!("{base} ({count})") };
            }
        }
    }
}

fn id_of(found: &Disagreement) -> String {
    let first = found.about.first().map_or("", |item| item.as_str());
    format!("{}:{first}", found.class.word())
}

/// What one check came to: what it found, or why it could not be made.
type Checked = Result<Vec<Disagreement>, String>;

/// Checks a document by every rule.
pub fn check(document: &Document) -> Consistency {
    let cx = Context::new(document);
    let mut consistency = Consistency::default();
    let mut found = Vec::new();
    for relation in &document.relations {
        match by_relation(&cx, relation) {
            Ok(more) => found.extend(more),
            Err(why) => consistency.not_checked.push(why),
        }
    }
    found.extend(sum::by_structure(&cx));
    found.extend(ratio::by_structure(&cx));
    found.extend(change::by_structure(&cx));
    found.extend(effect::by_structure(&cx));
    found.extend(lane::by_structure(&cx));
    found.extend(threshold::by_structure(&cx));
    found.extend(capacity::by_structure(&cx));
    consistency.extend(found);
    consistency
}

fn by_relation(cx: &Context, relation: &Relation) -> Checked {
    use Relation as R;
    match relation {
        R::Forecast { level, growth, limit, reached_in } => trend::forecast(cx, level, growth, limit, reached_in),
        R::Projection { level, mean, growth, over, projected, after } => {
            trend::projection(cx, &trend::Projection { level, mean: mean.as_ref(), growth, over, projected, after })
        }
        R::Slope { values, times, rate } => trend::slope(cx, values, times, rate),
        R::Reciprocal { period, rate } => balance::reciprocal(cx, period, rate),
        R::Cycle { amount, period, flow } => balance::cycle(cx, amount, period, flow),
        R::Balance { inflow, outflow, trend, steady } => {
            balance::balance(cx, inflow, outflow, trend.as_ref(), steady.as_ref())
        }
        R::Count { number, .. } => cx.figure(number).map(|_| Vec::new()),
        R::Sum { whole, parts, complete } => sum::sum(cx, whole, parts, *complete),
        R::Product { each, count, total, is_part } => sum::product(cx, each, count.as_ref(), total, *is_part),
        R::Ratio { part, whole, share, rest } => ratio::ratio(cx, part, whole, share, rest.as_ref()),
        R::PerUnit { pairs } => ratio::per_unit(cx, pairs),
        R::Change { before, after, change } => change::change(cx, before, after.as_ref(), change),
        R::Better { better, first, then } => change::better(cx, better, first, then),
        R::Baseline { change, level, successes } => change::baseline(cx, change, level, successes),
        R::PartialEffect { effect, share, whole, load } => effect::partial(cx, effect, share, whole, load.as_ref()),
        R::Same { figures } => same::same(cx, figures),
        R::SameList { one, other } => same::lists(cx, one, other),
        R::Mean { mean, members } => mixture::mean(cx, mean, members),
        R::Variation { variation, members, seen_in } => mixture::variation(cx, variation, members, seen_in),
        R::Profile { baseline, peak, daily, mean, spike } => {
            mixture::profile(cx, baseline, peak, daily, mean.as_ref(), spike.as_ref())
        }
        R::Mixture { share, value, otherwise, mean } => mixture::mixture(cx, share, value, otherwise, mean.as_ref()),
        R::Capacity { slots, users } => capacity::capacity(cx, slots, users),
        R::MachineShares { parts, whole } => capacity::machine_shares(cx, parts, whole),
        R::OneProcess { cores, said_in, runtime } => mechanism::one_process(cx, cores, said_in, *runtime),
        R::Speedup { speedup, parts, shares, largest } => work::speedup(cx, speedup, parts, shares, largest.as_ref()),
        R::Work { load, before, throughput, effect } => work::work(cx, load, before.as_ref(), throughput, *effect),
        R::Queue { waiting, throughput, time } => queue::queue(cx, waiting, throughput, time),
        R::Service { throughput, busy, times, servers } => {
            queue::service(cx, throughput, busy, times, servers.as_ref())
        }
        R::Combined { effects, combined, potential, reached } => {
            effect::combined(cx, effects, combined, potential.as_ref(), reached.as_ref())
        }
        R::Potential { effect, base, lanes, seen_in } => lane::potential(cx, effect, base, lanes, seen_in),
        R::Reaches { target, now, effects } => target::reaches(cx, target, now, effects),
        R::Need { target, need, efficiency } => target::need(cx, target, need, efficiency.as_ref()),
        R::Expectation { verdict, expected, reached } => target::expectation(cx, verdict, expected, reached),
        R::AllMet { verdicts, targets, reached } => target::all_met(cx, verdicts, targets, reached),
        R::GoalShare { stated, goal, reached } => target::goal_share(cx, stated, goal, reached),
        R::Done { said_in, effect, opportunity, decision } => same::done(cx, said_in, effect, opportunity, decision),
        R::Watch { rule, values } => threshold::watch(cx, rule, values),
        R::Episodes { triggers, rate, duration } => threshold::episodes(cx, triggers, rate, duration),
        R::Events { rate, count, over } => same::events(cx, rate, count, over),
        R::AllWell { verdict, rules, components } => status::all_well(cx, verdict, rules, components),
        R::Alert { count, rule, value } => status::alert(cx, count, rule, value),
        R::Deadline { limit_in, window, start, work } => {
            schedule::deadline(cx, limit_in, window.as_ref(), start.as_ref(), work.as_ref())
        }
        R::Schedule { total, steps, beside } => schedule::schedule(cx, total, steps, beside),
        R::Observed { over, since, at } => schedule::observed(cx, over, since, at),
        R::Score { score, kind, known, seen_in } => score::score(cx, score, *kind, known, seen_in),
        R::Claims { said_in, mechanism, runtime } => mechanism::claims(cx, said_in, *mechanism, *runtime),
    }
}
