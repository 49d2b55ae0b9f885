//! What is known of one process of a node: rates from two looks at it, its heaps, what it is doing.

use super::reading::{HeapRow, Row};
use crate::model::entity::EntityId;
use crate::model::metric::{self, MetricKey};
use crate::model::time::Timestamp;

/// What is delivered of a process.
pub(super) const METRICS: [MetricKey; 13] = [
    metric::MEMORY_USED,
    metric::QUEUE_LENGTH,
    metric::CPU_CORES,
    metric::BEAM_REDUCTIONS,
    metric::HEAP_HELD,
    metric::HEAP_LIVE,
    metric::HEAP_OLD_HELD,
    metric::HEAP_OLD_LIVE,
    metric::HEAP_FRAGMENTS,
    metric::HEAP_STACK,
    metric::BINARY_HELD,
    metric::MEMORY_EFFICIENCY,
    metric::GC_COUNTED,
];

/// What a process takes beside its heaps until it has told itself: its own structure, links and monitors.
const OVERHEAD_BYTES: f64 = 900.0;

/// Totals of the node that a process' share is taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct NodeTotals {
    pub steady_ns: i64,
    pub reductions: f64,
    /// Time that all schedulers together were busy, as far as known.
    pub busy_s: f64,
    /// The bytes of all processes together.
    pub memory_bytes: f64,
}

/// A process.
#[derive(Debug)]
pub(super) struct Known {
    pub entity: Option<EntityId>,
    pub reductions: u64,
    /// Of these, those that our own questions caused since the last look.
    pub caused: u64,
    pub queue: u64,
    /// At the last look.
    pub node: NodeTotals,
    pub rates: Option<Rates>,
    pub heap: Option<HeapRow>,
    pub overhead_bytes: f64,
    pub memory_bytes: Option<f64>,
    /// When it began, on the node's steady clock, if it did while we looked.
    pub born_ns: Option<i64>,
    /// When it was introduced, and when it began.
    pub introduced: Option<(Timestamp, Option<Timestamp>)>,
    /// Doing what, when it was asked last.
    pub doing: [Option<String>; 2],
    pub collections: Option<Collections>,
    /// Whether it ran or got messages since its heaps were looked at.
    pub moved: bool,
    pub round: u64,
}

/// What a process' own counter of minor collections said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Collections {
    pub since_sweep: u64,
    pub steady_ns: i64,
    pub per_s: Option<f64>,
}

/// From the last two looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rates {
    pub reductions_per_s: f64,
    pub cores: Option<f64>,
}

impl Known {
    /// As it was seen first.
    pub fn new(row: Row, node: NodeTotals, round: u64, born_ns: Option<i64>) -> Self {
        Self {
            entity: None,
            reductions: row.reductions,
            caused: 0,
            queue: row.queue,
            node,
            rates: None,
            heap: None,
            overhead_bytes: OVERHEAD_BYTES,
            memory_bytes: None,
            born_ns,
            introduced: None,
            doing: [None, None],
            collections: None,
            moved: true,
            round,
        }
    }

    /// Takes in another look at it.
    pub fn look(&mut self, row: Row, node: NodeTotals) {
        let ran = (row.reductions - self.reductions).saturating_sub(self.caused);
        self.moved |= ran > 0 || row.queue != self.queue;
        let seconds = (node.steady_ns - self.node.steady_ns) as f64 / 1e9;
        // Twice within an answer: the first look counts.
        if seconds > 1e-3 {
            let all = node.reductions - self.node.reductions;
            let busy_s = node.busy_s - self.node.busy_s;
            let cores = (all > 0.0 && busy_s > 0.0).then(|| (ran as f64 / all).min(1.0) * busy_s / seconds);
            // A process runs on one core at a time.
            let cores = cores.map(|cores| cores.min(1.0));
            self.rates = Some(Rates { reductions_per_s: ran as f64 / seconds, cores });
            (self.reductions, self.caused, self.node) = (row.reductions, 0, node);
        }
        self.queue = row.queue;
    }

    /// Takes in what its counter of minor collections says.
    pub fn count_collections(&mut self, since_sweep: u64, steady_ns: i64) {
        let per_s = self.collections.and_then(|before| {
            let seconds = (steady_ns - before.steady_ns) as f64 / 1e9;
            // A counter that began anew was set back by a full sweep.
            let seen =
                if since_sweep >= before.since_sweep { since_sweep - before.since_sweep } else { since_sweep + 1 };
            (seconds > 1e-3).then_some(seen as f64 / seconds)
        });
        self.collections = Some(Collections { since_sweep, steady_ns, per_s });
    }

    /// What is to be said of it now.
    pub fn values(&self, word_bytes: f64, mut put: impl FnMut(MetricKey, f64)) {
        put(metric::QUEUE_LENGTH, self.queue as f64);
        if let Some(rates) = self.rates {
            put(metric::BEAM_REDUCTIONS, rates.reductions_per_s);
            if let Some(cores) = rates.cores {
                put(metric::CPU_CORES, cores);
            }
        }
        let counted_now = self.collections.filter(|collections| collections.steady_ns == self.node.steady_ns);
        if let Some(per_s) = counted_now.and_then(|collections| collections.per_s) {
            put(metric::GC_COUNTED, per_s);
        }
        if let Some(bytes) = self.memory_bytes {
            put(metric::MEMORY_USED, bytes);
        }
        // What has moved since is not what was measured.
        if !self.moved {
            self.heaps(word_bytes, &mut put);
        }
        if let Some(heap) = self.heap.filter(|heap| !self.moved && heap.held > 0.0) {
            put(metric::MEMORY_EFFICIENCY, (heap.live / heap.held).min(1.0));
        }
    }

    /// The parts of its heaps as they were looked at last.
    pub fn heaps(&self, word_bytes: f64, mut put: impl FnMut(MetricKey, f64)) {
        let Some(heap) = self.heap else { return };
        for (metric, words) in [
            (metric::HEAP_HELD, heap.held),
            (metric::HEAP_LIVE, heap.live),
            (metric::HEAP_OLD_HELD, heap.old_held),
            (metric::HEAP_OLD_LIVE, heap.old_live),
            (metric::HEAP_FRAGMENTS, heap.fragments),
            (metric::HEAP_STACK, heap.stack),
            (metric::BINARY_HELD, heap.binaries),
        ] {
            put(metric, words * word_bytes);
        }
    }
}
