//! The one registry of settings that can be changed in thought: where they apply, in what range, and which model answers for them.

use crate::model::unit::{BaseUnit, Unit};

/// Which model answers a knob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ModelId {
    /// Replay of the BEAM's collections of single processes.
    BeamHeap,
    /// Laws of one garbage-collected heap under a limit.
    HeapLimit,
    /// Replay of requests through workers and a queue.
    Queue,
    /// Replay of sessions through a pool of slots.
    Pool,
    /// Replay of keyed requests through partitions.
    Partition,
    /// Replay of keyed accesses through a cache.
    Cache,
    /// Replay of requests through a balancer.
    Balance,
    /// Survival of what is stored.
    Retention,
    /// A table that another one makes superfluous.
    Redundancy,
}

impl ModelId {
    /// Its name in files and JSON.
    pub fn word(self) -> &'static str {
        match self {
            ModelId::BeamHeap => "beam_heap",
            ModelId::HeapLimit => "heap_limit",
            ModelId::Queue => "queue",
            ModelId::Pool => "pool",
            ModelId::Partition => "partition",
            ModelId::Cache => "cache",
            ModelId::Balance => "balance",
            ModelId::Retention => "retention",
            ModelId::Redundancy => "redundancy",
        }
    }
}

/// A value of a knob.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KnobValue {
    /// A number in the knob's unit.
    Number(f64),
    /// `none`: no limit.
    Unlimited,
    /// One of the knob's words.
    Word(&'static str),
}

impl KnobValue {
    /// The number, if it is one.
    pub fn number(self) -> Option<f64> {
        match self {
            KnobValue::Number(number) => Some(number),
            KnobValue::Unlimited | KnobValue::Word(_) => None,
        }
    }
}

impl std::fmt::Display for KnobValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KnobValue::Number(number) => write!(f, "{number}"),
            KnobValue::Unlimited => f.write_str("none"),
            KnobValue::Word(word) => f.write_str(word),
        }
    }
}

/// One setting.
#[derive(Debug, PartialEq)]
pub struct Knob {
    /// Its path after the component, e.g. `gc.fullsweep_after`.
    pub path: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The unit of its numbers.
    pub unit: Unit,
    /// The smallest and the largest number that may be set.
    pub range: (f64, f64),
    /// Whether a slider moves by factors rather than by steps.
    pub by_factors: bool,
    /// Whether only whole numbers make sense.
    pub whole: bool,
    /// Whether `none` may be set.
    pub may_be_unlimited: bool,
    /// The words that may be set instead of numbers; empty for knobs of numbers.
    pub words: &'static [&'static str],
    /// What holds where nothing is set; `None` where only the recording can tell.
    pub default: Option<KnobValue>,
    /// Whose answer it is.
    pub model: ModelId,
    /// What must have been recorded.
    pub needs: &'static str,
    /// What it does, in a sentence or two.
    pub about: &'static str,
}

impl Knob {
    /// The knob with this path.
    pub fn find(path: &str) -> Option<&'static Knob> {
        KNOBS.iter().find(|knob| knob.path == path)
    }

    /// Reads a value; the sentence says what may be set.
    ///
    /// # Errors
    /// When it is none that may be set.
    pub fn parse(&self, text: &str) -> Result<KnobValue, String> {
        if let Some(&word) = self.words.iter().find(|word| **word == text) {
            return Ok(KnobValue::Word(word));
        }
        if self.may_be_unlimited && text == "none" {
            return Ok(KnobValue::Unlimited);
        }
        let (low, high) = self.range;
        match text.replace('_', "").parse::<f64>() {
            Ok(number) if self.words.is_empty() && (low..=high).contains(&number) => {
                if self.whole && number.fract() != 0.0 {
                    return Err(format!("{} takes whole numbers only", self.path));
                }
                Ok(KnobValue::Number(number))
            }
            _ if !self.words.is_empty() => Err(format!("{} is one of: {}", self.path, self.words.join(", "))),
            _ => {
                let none = if self.may_be_unlimited { ", or none" } else { "" };
                Err(format!("{} is a number from {low} to {high} ({}){none}", self.path, self.unit))
            }
        }
    }
}

const WORDS: Unit = Unit::of(BaseUnit::Word);
const MILLISECONDS: Unit = Unit::of(BaseUnit::Millisecond);
const PERCENT: Unit = Unit::of(BaseUnit::Percent);
const TRACE: &str = "collections traced: record with --gc-trace COMPONENT";
const REQUESTS: &str = "single requests: a request log, spans, or a trace window";
const KEYED: &str = "single requests with their keys";

/// A knob of numbers; entries below say what differs.
const BASE: Knob = Knob {
    path: "",
    title: "",
    unit: Unit::COUNT,
    range: (0.0, 0.0),
    by_factors: false,
    whole: true,
    may_be_unlimited: false,
    words: &[],
    default: None,
    model: ModelId::BeamHeap,
    needs: TRACE,
    about: "",
};

/// Every knob.
pub const KNOBS: &[Knob] = &[
    Knob {
        path: "gc.fullsweep_after",
        title: "Full sweep after",
        range: (0.0, 65_535.0),
        by_factors: true,
        default: Some(KnobValue::Number(65_535.0)),
        about: "Minor collections until a major one. Fewer let garbage in the old heap go earlier and copy all live data more often.",
        ..BASE
    },
    Knob {
        path: "gc.min_heap_words",
        title: "Minimum heap",
        unit: WORDS,
        range: (12.0, 100_000_000.0),
        by_factors: true,
        default: Some(KnobValue::Number(233.0)),
        about: "The heap of a process never gets smaller than this. Larger ones are collected less often and hold more.",
        ..BASE
    },
    Knob {
        path: "gc.min_bin_vheap_words",
        title: "Minimum virtual binary heap",
        unit: WORDS,
        range: (0.0, 1_000_000_000.0),
        by_factors: true,
        default: Some(KnobValue::Number(46_422.0)),
        about: "So many words of large binaries may be referred to before that alone causes a collection.",
        ..BASE
    },
    Knob {
        path: "gc.max_heap_words",
        title: "Maximum heap",
        unit: WORDS,
        range: (233.0, 10_000_000_000.0),
        by_factors: true,
        may_be_unlimited: true,
        default: Some(KnobValue::Unlimited),
        about: "A process whose collection would need more than this is killed; garbage and both spaces count.",
        ..BASE
    },
    Knob {
        path: "gc.hibernate",
        title: "Hibernate when idle",
        words: &["no", "yes"],
        default: Some(KnobValue::Word("no")),
        about: "A process that waits gives back all but its live data, and pays with a full sweep each time.",
        ..BASE
    },
    Knob {
        path: "gc.message_queue_data",
        title: "Message queue data",
        words: &["on_heap", "off_heap"],
        default: Some(KnobValue::Word("on_heap")),
        about: "Whether messages that wait are part of the heap and examined by each collection.",
        ..BASE
    },
    Knob {
        path: "heap.max_bytes",
        title: "Heap limit",
        unit: Unit::BYTES,
        range: (1e6, 1e13),
        by_factors: true,
        model: ModelId::HeapLimit,
        needs: "collections of one heap with its size before and after, from a GC log or a CSV",
        about: "The most that one garbage-collected heap may hold.",
        ..BASE
    },
    Knob {
        path: "heap.gogc_percent",
        title: "GOGC",
        unit: PERCENT,
        range: (5.0, 10_000.0),
        by_factors: true,
        default: Some(KnobValue::Number(100.0)),
        model: ModelId::HeapLimit,
        needs: "a trace of Go's collections (GODEBUG=gctrace=1)",
        about: "Go: how much may be allocated before the next collection, as a percentage of what lives.",
        ..BASE
    },
    Knob {
        path: "heap.budget_bytes",
        title: "Budget of all heaps",
        unit: Unit::BYTES,
        range: (1e6, 1e14),
        by_factors: true,
        model: ModelId::HeapLimit,
        needs: "collections of two heaps at least, with sizes before and after",
        about: "One amount of memory, divided among heaps so that collecting costs least.",
        ..BASE
    },
    Knob {
        path: "workers.count",
        title: "Workers",
        range: (1.0, 10_000.0),
        by_factors: true,
        model: ModelId::Queue,
        needs: REQUESTS,
        about: "How many requests are served at the same time.",
        ..BASE
    },
    Knob {
        path: "queue.limit",
        title: "Queue limit",
        range: (0.0, 10_000_000.0),
        by_factors: true,
        may_be_unlimited: true,
        default: Some(KnobValue::Unlimited),
        model: ModelId::Queue,
        needs: REQUESTS,
        about: "How many requests may wait.",
        ..BASE
    },
    Knob {
        path: "queue.policy",
        title: "When the queue is full",
        words: &["drop", "block"],
        default: Some(KnobValue::Word("drop")),
        model: ModelId::Queue,
        needs: REQUESTS,
        about: "Whether requests that find the queue full are turned away, or hold up whoever sends them.",
        ..BASE
    },
    Knob {
        path: "load.factor",
        title: "Load",
        unit: Unit::of(BaseUnit::Times),
        range: (0.1, 10.0),
        by_factors: true,
        whole: false,
        default: Some(KnobValue::Number(1.0)),
        model: ModelId::Queue,
        needs: REQUESTS,
        about: "So many times the recorded requests, with their bursts.",
        ..BASE
    },
    Knob {
        path: "pool.slots",
        title: "Pool slots",
        range: (0.0, 100_000.0),
        by_factors: true,
        model: ModelId::Pool,
        needs: REQUESTS,
        about: "How many slots are kept ready.",
        ..BASE
    },
    Knob {
        path: "pool.start_ms",
        title: "Warm start",
        unit: MILLISECONDS,
        range: (0.0, 100_000.0),
        by_factors: true,
        whole: false,
        model: ModelId::Pool,
        needs: REQUESTS,
        about: "What it takes to put a ready slot to work.",
        ..BASE
    },
    Knob {
        path: "pool.spawn_ms",
        title: "Cold start",
        unit: MILLISECONDS,
        range: (0.0, 100_000.0),
        by_factors: true,
        whole: false,
        model: ModelId::Pool,
        needs: REQUESTS,
        about: "What it takes to make a new slot.",
        ..BASE
    },
    Knob {
        path: "partition.count",
        title: "Partitions",
        range: (1.0, 1024.0),
        by_factors: true,
        model: ModelId::Partition,
        needs: KEYED,
        about: "One process' work divided by key among so many.",
        ..BASE
    },
    Knob {
        path: "cache.entries",
        title: "Cache entries",
        range: (0.0, 100_000_000.0),
        by_factors: true,
        model: ModelId::Cache,
        needs: KEYED,
        about: "How many answers are kept, the least recently used one giving way.",
        ..BASE
    },
    Knob {
        path: "cache.ttl_s",
        title: "Cache lifetime",
        unit: Unit::SECONDS,
        range: (0.001, 10_000_000.0),
        by_factors: true,
        whole: false,
        may_be_unlimited: true,
        default: Some(KnobValue::Unlimited),
        model: ModelId::Cache,
        needs: KEYED,
        about: "How long an answer may be used.",
        ..BASE
    },
    Knob {
        path: "balance.route_below_percent",
        title: "Route below",
        unit: PERCENT,
        range: (1.0, 100.0),
        whole: false,
        model: ModelId::Balance,
        needs: "single requests with their workers",
        about: "Workers busier than this get no new request while another one is less busy.",
        ..BASE
    },
    Knob {
        path: "balance.queue_above_percent",
        title: "Queue above",
        unit: PERCENT,
        range: (1.0, 100.0),
        whole: false,
        model: ModelId::Balance,
        needs: "single requests with their workers",
        about: "When all workers are busier than this, requests wait in one queue.",
        ..BASE
    },
    Knob {
        path: "state.retention_s",
        title: "Retention",
        unit: Unit::SECONDS,
        range: (1.0, 1e9),
        by_factors: true,
        whole: false,
        may_be_unlimited: true,
        model: ModelId::Retention,
        needs: "single items with the times at which they were written, read and deleted",
        about: "How long an item is kept.",
        ..BASE
    },
    Knob {
        path: "table.keep",
        title: "Keep the table",
        words: &["yes", "no"],
        default: Some(KnobValue::Word("yes")),
        model: ModelId::Redundancy,
        needs: "tables over a stretch of time",
        about: "Whether a table is kept that another one seems to make superfluous.",
        ..BASE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_the_sentence_says_what_may_be_set() {
        let sweep = Knob::find("gc.fullsweep_after").unwrap();
        assert_eq!(sweep.parse("20"), Ok(KnobValue::Number(20.0)));
        assert!(sweep.parse("-1").unwrap_err().contains("0 to 65535"));
        assert!(sweep.parse("1.5").unwrap_err().contains("whole"));
        assert_eq!(Knob::find("queue.limit").unwrap().parse("none"), Ok(KnobValue::Unlimited));
        assert_eq!(Knob::find("queue.policy").unwrap().parse("block"), Ok(KnobValue::Word("block")));
        assert!(Knob::find("queue.policy").unwrap().parse("7").unwrap_err().contains("drop, block"));
    }

    #[test]
    fn paths_are_distinct() {
        let paths: std::collections::BTreeSet<_> = KNOBS.iter().map(|knob| knob.path).collect();
        assert_eq!(paths.len(), KNOBS.len());
    }
}
