//! How stated figures hang together, so that they can be held against each other (`analysis::consistency`).
//!
//! A relation says nothing about what the figures should be: it names which figures play which role in one piece of
//! arithmetic. Relations are written by whoever writes the document; nothing is guessed from words.

use std::fmt::{self, Display};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::id::{ComponentId, HorizonId, ItemId};

/// Names one figure: a statement and, if it gives several figures, which of them. Written `M-AgentPool.07` (the first
/// figure) or `M-AgentPool.07#3` (the third, in the order of the document).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FigureRef {
    /// The statement.
    pub item: ItemId,
    /// Which of its figures, from 1.
    pub number: usize,
}

impl Display for FigureRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            1 => write!(f, "{}", self.item),
            number => write!(f, "{}#{number}", self.item),
        }
    }
}

impl FromStr for FigureRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (item, number) = match text.rsplit_once('#') {
            None => (text, 1),
            Some((item, number)) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                (item, number.ok_or_else(|| format!("\"{text}\" names no figure: after # comes a number from 1"))?)
            }
        };
        Ok(Self { item: item.into(), number })
    }
}

impl From<&str> for FigureRef {
    /// For names in code; text that names no figure is taken as a statement's name, which then leads nowhere.
    fn from(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self { item: text.into(), number: 1 })
    }
}

impl Serialize for FigureRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FigureRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// One of several that a mean is taken over, or several alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its figure.
    pub figure: FigureRef,
    /// How many there are of it, if not one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<FigureRef>,
}

/// Whether a change lets each operation cost less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WorkEffect {
    /// Not said.
    #[default]
    Unstated,
    /// It spreads the same work differently (parts, replicas, balancing).
    Moves,
    /// It does away with work (better code, a cache).
    Removes,
}

impl WorkEffect {
    /// Whether the document does not say.
    pub fn is_unstated(&self) -> bool {
        *self == WorkEffect::Unstated
    }
}

/// What kind of judgement a score is, and with it what must be known to judge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScoreKind {
    /// A share of right ones: needs their number and when one is right.
    Accuracy,
    /// A return on investment: needs cost and period.
    Return,
    /// Points on a scale of one's own: needs its definition.
    Index,
}

/// A claim about how a runtime works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Mechanism {
    /// A collection stops the whole program.
    StopsTheWorld,
    /// Collection by the age of data is yet to come.
    NotYetGenerational,
    /// One process, goroutine or thread keeps more than one core busy.
    ProcessOnSeveralCores,
}

/// A runtime whose ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Runtime {
    /// Erlang's virtual machine.
    Beam,
    /// Java's.
    Jvm,
    /// Go's.
    Go,
}

/// Figures in their roles. Lists may be left out where they are optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Relation {
    // Over time
    /// `level` grows by `growth` and is said to reach `limit` in `reached_in`.
    Forecast { level: FigureRef, growth: FigureRef, limit: FigureRef, reached_in: FigureRef },
    /// `level` changes by `growth` in each `over`; after `after` it is said to be `projected`. `mean` is the level's mean, where
    /// `level` is a peak.
    Projection {
        level: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mean: Option<FigureRef>,
        growth: FigureRef,
        over: FigureRef,
        projected: FigureRef,
        after: FigureRef,
    },
    /// A figure went from one value to another (`values`) between two moments (`times`), said to be `rate`.
    Slope { values: FigureRef, times: FigureRef, rate: FigureRef },
    /// `period` and `rate` are of one event.
    Reciprocal { period: FigureRef, rate: FigureRef },
    /// Each cycle of length `period` moves `amount`; per time that is said to be `flow`.
    Cycle { amount: FigureRef, period: FigureRef, flow: FigureRef },
    /// What flows in (several statements of it) and out of a level, and how the level is said to move: `trend`, or `steady`.
    Balance {
        inflow: Vec<FigureRef>,
        outflow: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trend: Option<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steady: Option<ItemId>,
    },

    // Sums and ratios
    /// `number` tells how many there are of what other figures are stated for each (`each`, as in their field `each`).
    Count { each: String, number: FigureRef },
    /// `parts` exclude each other; together they are at most `whole`, and all of it if `complete`.
    Sum {
        whole: FigureRef,
        parts: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "is_false")]
        complete: bool,
    },
    /// `each`, for each of so many (`count`, or as a [`Relation::Count`] tells), makes `total`; of several statements of the total,
    /// any. With `is_part` it is only a part of the total.
    Product {
        each: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        count: Option<FigureRef>,
        total: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "is_false")]
        is_part: bool,
    },
    /// `part` of `whole` is the share `share`; `rest` is what remains of 100 %.
    Ratio {
        part: FigureRef,
        whole: FigureRef,
        share: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rest: Option<FigureRef>,
    },
    /// Amounts and numbers of the same things at different times: the amount for one should be the same.
    PerUnit { pairs: Vec<(FigureRef, FigureRef)> },
    /// From `before` to `after` is said to be the change `change`; of several, the first is meant. Without `after`, `before` is a
    /// figure that holds both.
    Change {
        before: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<FigureRef>,
        change: FigureRef,
    },
    /// Changes found `first` (in a test) and `then` (in production); the second are said to be better by `better`.
    Better { better: FigureRef, first: Vec<FigureRef>, then: Vec<FigureRef> },
    /// `change` led to `level`, from which `successes` are counted.
    Baseline { change: FigureRef, level: FigureRef, successes: Vec<FigureRef> },
    /// `effect` is on one part of an operation, which is `share` of `whole`; all such operations are `load` of the system.
    PartialEffect {
        effect: FigureRef,
        share: FigureRef,
        whole: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        load: Option<FigureRef>,
    },
    /// Statements of one quantity at one time, or of several that are easily taken for one.
    Same { figures: Vec<FigureRef> },
    /// Two lists of the same shares.
    SameList { one: Vec<FigureRef>, other: Vec<FigureRef> },
    /// `mean` is taken over `members`.
    Mean { mean: FigureRef, members: Vec<Member> },
    /// `variation` tells how far `members` differ; `seen_in` are statements that rest on it.
    Variation {
        variation: FigureRef,
        members: Vec<Member>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen_in: Vec<ItemId>,
    },
    /// A day at `baseline` with `peak` in the hours of the pattern `daily` has the mean `mean`; `spike` is how long a peak lasts.
    Profile {
        baseline: FigureRef,
        peak: FigureRef,
        daily: ItemId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mean: Option<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spike: Option<FigureRef>,
    },
    /// `share` of cases take `value`, the rest `otherwise`; on average `mean`, if that is stated.
    Mixture {
        share: FigureRef,
        value: FigureRef,
        otherwise: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mean: Option<FigureRef>,
    },

    // Load and machines
    /// `slots` for `users`.
    Capacity { slots: FigureRef, users: FigureRef },
    /// Exclusive shares of one machine, beside what is said of all of it.
    MachineShares {
        parts: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        whole: Vec<FigureRef>,
    },
    /// One process, as `said_in`, is said to keep `cores` busy.
    OneProcess { cores: FigureRef, said_in: ItemId, runtime: Runtime },
    /// Work cut into `parts` is said to become `speedup` times as fast; `shares` are the shares of work that can be cut, the surest
    /// first, and `largest` is the share of the work that falls to the largest part.
    Speedup {
        speedup: Vec<FigureRef>,
        parts: FigureRef,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shares: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        largest: Option<FigureRef>,
    },
    /// `load` (before and after, or after with `before`) while throughput becomes `throughput` times as high.
    Work {
        load: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<FigureRef>,
        throughput: FigureRef,
        #[serde(default, skip_serializing_if = "WorkEffect::is_unstated")]
        effect: WorkEffect,
    },
    /// `waiting` or in work while `throughput` is served; each stays for `time`.
    Queue { waiting: FigureRef, throughput: FigureRef, time: FigureRef },
    /// `throughput` keeps `busy` busy; each takes one of `times`. At most `servers` work at a time.
    Service {
        throughput: FigureRef,
        busy: FigureRef,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        times: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        servers: Option<FigureRef>,
    },

    // Effects and targets
    /// `effects` together are said to be `combined`; `potential` is said to be all that is possible, `reached` what has been.
    Combined {
        effects: Vec<FigureRef>,
        combined: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        potential: Option<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reached: Option<FigureRef>,
    },
    /// `effect` on `base` is said to be possible, by what is in `lanes`.
    Potential {
        effect: FigureRef,
        base: FigureRef,
        lanes: Vec<HorizonId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen_in: Vec<ItemId>,
    },
    /// `effects` on `now` are said to reach the target `target`.
    Reaches { target: FigureRef, now: FigureRef, effects: Vec<FigureRef> },
    /// The target `target` for all must hold at least `need` for each, at the stated efficiency `efficiency`.
    Need {
        target: FigureRef,
        need: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        efficiency: Option<FigureRef>,
    },
    /// `verdict` says that `expected` was reached or passed, by `reached`.
    Expectation { verdict: ItemId, expected: FigureRef, reached: Vec<FigureRef> },
    /// `verdicts` say that all `targets` are met, by `reached`.
    AllMet { verdicts: Vec<ItemId>, targets: Vec<ItemId>, reached: Vec<FigureRef> },
    /// `stated` is said to be how much of `goal` was reached by `reached`.
    GoalShare { stated: FigureRef, goal: FigureRef, reached: FigureRef },
    /// `change` is done, says `said_in`, with the effect `effect`; the same is still to be done by `opportunity` and `decision`.
    Done { said_in: ItemId, effect: FigureRef, opportunity: FigureRef, decision: ItemId },

    // Rules and states
    /// The rule `rule` looks at `values`: statements of one quantity.
    Watch { rule: ItemId, values: Vec<FigureRef> },
    /// Whenever one of the rules `triggers` holds, there is an event; they are said to come at `rate` and to last `duration`.
    Episodes { triggers: Vec<ItemId>, rate: FigureRef, duration: FigureRef },
    /// Events come at `rate`; `count` of them were seen in `over`.
    Events { rate: FigureRef, count: FigureRef, over: FigureRef },
    /// `verdict` says that nothing needs doing, while `rules` watch; `components` are those it speaks of.
    AllWell {
        verdict: ItemId,
        rules: Vec<ItemId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        components: Vec<ComponentId>,
    },
    /// `count` alerts are on, by the rule `rule`, for `value`.
    Alert { count: FigureRef, rule: ItemId, value: FigureRef },

    // Time and plans
    /// Something runs into its limit in `limit_in`. Until then: time to decide (`window`), or a beginning after `start` and then
    /// `work`.
    Deadline {
        limit_in: FigureRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        window: Option<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<FigureRef>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<FigureRef>,
    },
    /// `steps` follow one another in `total`, which has room for `beside` as well.
    Schedule {
        total: FigureRef,
        steps: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beside: Vec<FigureRef>,
    },
    /// What began at `since` is looked at `at`, over a stretch of `over`.
    Observed { over: FigureRef, since: FigureRef, at: FigureRef },

    // Judgements
    /// `score` is of this kind; `known` are figures that it could rest on, `seen_in` other statements of the same.
    Score {
        score: FigureRef,
        kind: ScoreKind,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        known: Vec<FigureRef>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seen_in: Vec<ItemId>,
    },
    /// The statements `said_in` say this of how `runtime` works.
    Claims { said_in: Vec<ItemId>, mechanism: Mechanism, runtime: Runtime },
}

fn is_false(value: &bool) -> bool {
    !*value
}
