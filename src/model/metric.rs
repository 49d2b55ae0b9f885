//! The registry of everything that can be measured.
//!
//! A metric is one entry of [`REGISTRY`]; sources, store, analysis and views refer to it by [`MetricKey`], files by its id.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::unit::Unit;

/// How successive values of a metric relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// A level or rate that stands for its moment.
    Gauge,
    /// A total that only grows until its entity ends.
    Counter,
}

/// How a metric of several entities becomes one of their component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverEntities {
    /// Values add up.
    Sum,
    /// The largest counts.
    Max,
    /// It has no meaning for a group.
    None,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Neither.
    Neutral,
}

/// One kind of measurement.
#[derive(Debug, PartialEq)]
pub struct Metric {
    /// Its id in files and on the command line.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// The unit of stored values.
    pub unit: Unit,
    /// Gauge or counter.
    pub kind: MetricKind,
    /// How it sums over entities.
    pub over_entities: OverEntities,
    /// Which way is good.
    pub direction: Direction,
    /// What exactly is measured; shown in tooltips.
    pub definition: &'static str,
}

macro_rules! registry {
    ($($name:ident $id:literal $title:literal $unit:expr, $kind:ident $over:ident $direction:ident $definition:literal;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u16)]
        enum Index { $($name),* }

        /// Every metric.
        pub const REGISTRY: &[Metric] = &[$(Metric {
            id: $id,
            title: $title,
            unit: $unit,
            kind: MetricKind::$kind,
            over_entities: OverEntities::$over,
            direction: Direction::$direction,
            definition: $definition,
        }),*];

        $(#[doc = $definition] pub const $name: MetricKey = MetricKey(Index::$name as u16);)*
    };
}

registry! {
    MEMORY_TOTAL "memory.total_bytes" "Memory installed" Unit::BYTES, Gauge None Neutral
        "Memory that the machine or the runtime has in all.";
    MEMORY_USED "memory.used_bytes" "Memory in use" Unit::BYTES, Gauge Sum LowerIsBetter
        "Memory in use: of a machine, all that is not available to new work; of a runtime, what it has allocated.";
    MEMORY_AVAILABLE "memory.available_bytes" "Memory available" Unit::BYTES, Gauge None HigherIsBetter
        "Memory that new work can have without swapping.";
    MEMORY_RESIDENT "memory.resident_bytes" "Resident memory" Unit::BYTES, Gauge Sum LowerIsBetter
        "Physical memory mapped by a process; pages shared with others count in each of them.";
    MEMORY_VIRTUAL "memory.virtual_bytes" "Virtual memory" Unit::BYTES, Gauge Sum Neutral
        "Address space of a process, whether backed by memory or not.";
    MEMORY_EFFICIENCY "memory.efficiency" "Memory efficiency" Unit::RATIO, Gauge None HigherIsBetter
        "Share of held heap that is live.";
    MEMORY_GROWTH "memory.growth_bytes_per_s" "Memory growth" Unit::BYTES_PER_S, Gauge Sum LowerIsBetter
        "Change of memory in use over time.";
    MEMORY_ALLOCATION_RATE "memory.allocated_bytes_per_s" "Allocation rate" Unit::BYTES_PER_S, Gauge Sum LowerIsBetter
        "Memory newly allocated per second.";
    MEMORY_RELEASE_RATE "memory.released_bytes_per_s" "Release rate" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Memory given back per second.";
    MEMORY_RELEASE_LAG "memory.release_lag_s" "Release lag" Unit::SECONDS, Gauge None LowerIsBetter
        "Time between allocation and release.";
    SWAP_USED "swap.used_bytes" "Swap in use" Unit::BYTES, Gauge Sum LowerIsBetter
        "Memory moved out to swap space.";
    PRESSURE_RATE "pressure.events_per_s" "Pressure episodes" Unit::COUNT_PER_S, Gauge Sum LowerIsBetter
        "Episodes of memory pressure in a time, by the session's rules.";
    GC_INTERVAL "gc.interval_s" "GC interval" Unit::SECONDS, Gauge None HigherIsBetter
        "Time between two collections.";
    GC_RATE "gc.collections_per_s" "GC rate" Unit::COUNT_PER_S, Gauge Sum LowerIsBetter
        "Collections in a time.";
    GC_PAUSE "gc.pause_s" "GC pause" Unit::SECONDS, Gauge Max LowerIsBetter
        "How long a collection holds up what it collects: on the BEAM one process, of a JVM or of Go the whole program (stop-the-world).";
    GC_EFFICIENCY "gc.efficiency" "GC efficiency" Unit::RATIO, Gauge None HigherIsBetter
        "Memory reclaimed by a collection, as a share of the memory that it examined.";
    GC_RECLAIMED "gc.reclaimed_bytes" "Reclaimed by GC" Unit::BYTES, Gauge Sum HigherIsBetter
        "Memory that a collection gave back.";
    GC_COUNTED "gc.counted_per_s" "Collections counted" Unit::COUNT_PER_S, Gauge None LowerIsBetter
        "Collections of one process by its own counter, which begins anew with each full sweep: at least so many in a time.";
    CPU_SHARE "cpu.share" "CPU share" Unit::RATIO, Gauge Sum LowerIsBetter
        "Processor time used, as a share of all cores of the machine.";
    CPU_CORES "cpu.cores" "CPU use" Unit::CORES, Gauge Sum LowerIsBetter
        "Processor time used per second of wall-clock time: 1 is one core kept busy.";
    CPU_LOAD_1M "cpu.load_1m" "Load, 1 min" Unit::COUNT, Gauge None LowerIsBetter
        "Runnable and uninterruptible tasks of the machine, averaged over a minute by the kernel.";
    CPU_OVERHEAD "cpu.overhead_share" "CPU overhead" Unit::RATIO, Gauge Sum LowerIsBetter
        "Processor time spent on running the runtime itself.";
    CPU_UTILIZATION "cpu.utilization" "Utilization" Unit::RATIO, Gauge None Neutral
        "Busy time of one member (an agent, a core) as a share of wall-clock time.";
    CPU_VARIATION "cpu.variation" "Load imbalance" Unit::RATIO, Gauge None LowerIsBetter
        "How unevenly load is spread over members.";
    IO_READ_RATE "io.read_bytes_per_s" "Read rate" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Bytes read from storage per second.";
    IO_WRITE_RATE "io.written_bytes_per_s" "Write rate" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Bytes written to storage per second.";
    THREADS "process.threads" "Threads" Unit::COUNT, Gauge Sum Neutral
        "Operating-system threads.";
    MEMBERS "component.members" "Members" Unit::COUNT, Gauge Sum Neutral
        "Entities that belong to a component.";
    QUEUE_LENGTH "queue.length" "Queue length" Unit::COUNT, Gauge Sum LowerIsBetter
        "Messages or requests waiting.";
    LATENCY "request.latency_s" "Latency" Unit::SECONDS, Gauge Max LowerIsBetter
        "Time from request to answer.";
    LOCK_WAIT "lock.wait_s" "Lock wait" Unit::SECONDS, Gauge Max LowerIsBetter
        "Time spent waiting for a lock.";
    THROUGHPUT "request.throughput_per_s" "Throughput" Unit::COUNT_PER_S, Gauge Sum HigherIsBetter
        "Requests answered in a time.";
    ERROR_RATE "request.errors_per_s" "Error rate" Unit::COUNT_PER_S, Gauge Sum LowerIsBetter
        "Requests that failed, in a time.";
    GC_RECLAIMED_RATE "gc.reclaimed_bytes_per_s" "Reclaimed by GC, rate" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Memory that collections gave back in a time, as the runtime counts it.";
    BEAM_REDUCTIONS "beam.reductions_per_s" "Reductions" Unit::COUNT_PER_S, Gauge Sum Neutral
        "Steps of work as the BEAM counts them; the share of them is not exactly the share of processor time.";
    BEAM_RUN_QUEUE "beam.run_queue" "Run queue" Unit::COUNT, Gauge None LowerIsBetter
        "Processes and ports that are ready to run and wait for a scheduler.";
    BEAM_CONTEXT_SWITCHES "beam.context_switches_per_s" "Context switches" Unit::COUNT_PER_S, Gauge None Neutral
        "Times that schedulers took up a process, per second.";
    BEAM_PROCESSES "beam.processes" "Processes" Unit::COUNT, Gauge None Neutral
        "BEAM processes that exist.";
    BEAM_PROCESS_LIMIT_SHARE "beam.process_limit_share" "Processes of limit" Unit::RATIO, Gauge None LowerIsBetter
        "BEAM processes that exist, as a share of the most that the node was started for.";
    BEAM_PORTS "beam.ports" "Ports" Unit::COUNT, Gauge None Neutral
        "Ports that exist.";
    BEAM_PORT_LIMIT_SHARE "beam.port_limit_share" "Ports of limit" Unit::RATIO, Gauge None LowerIsBetter
        "Ports that exist, as a share of the most that the node was started for.";
    BEAM_ATOMS "beam.atoms" "Atoms" Unit::COUNT, Gauge None LowerIsBetter
        "Atoms that exist; they are never given back.";
    BEAM_ATOM_LIMIT_SHARE "beam.atom_limit_share" "Atoms of limit" Unit::RATIO, Gauge None LowerIsBetter
        "Atoms that exist, as a share of the most that the node was started for; at 1 it dies.";
    BEAM_TABLES "beam.ets_tables" "ETS tables" Unit::COUNT, Gauge None Neutral
        "ETS tables that exist.";
    BEAM_TABLE_LIMIT_SHARE "beam.ets_limit_share" "ETS tables of limit" Unit::RATIO, Gauge None LowerIsBetter
        "ETS tables that exist, as a share of the limit that the node states (which it does not enforce).";
    HEAP_HELD "heap.held_bytes" "Heap held" Unit::BYTES, Gauge Sum LowerIsBetter
        "Blocks of young and old heap that a process holds.";
    HEAP_LIVE "heap.live_bytes" "Heap in use" Unit::BYTES, Gauge Sum LowerIsBetter
        "What of its heaps a process has in use, garbage since the last collection included.";
    HEAP_OLD_HELD "heap.old_held_bytes" "Old heap held" Unit::BYTES, Gauge Sum LowerIsBetter
        "Block of the old generation that a process holds; a part of the heap held.";
    HEAP_OLD_LIVE "heap.old_live_bytes" "Old heap in use" Unit::BYTES, Gauge Sum LowerIsBetter
        "What has survived two collections or more, garbage since the last major one included; a part of the heap in use.";
    HEAP_FRAGMENTS "heap.fragment_bytes" "Heap fragments" Unit::BYTES, Gauge Sum LowerIsBetter
        "Pieces of heap outside of the blocks, mostly messages that came lately; a part of the heap held and of that in use.";
    HEAP_STACK "heap.stack_bytes" "Stack" Unit::BYTES, Gauge Sum Neutral
        "Stack of a process; it lies in the block of its young heap and does not count as heap in use.";
    BINARY_HELD "binary.held_bytes" "Binaries held" Unit::BYTES, Gauge Sum LowerIsBetter
        "Off-heap binaries that a process keeps alive; one that several keep counts in each of them.";
    TABLE_OBJECTS "table.objects" "Rows" Unit::COUNT, Gauge Sum Neutral
        "Objects in a table.";
    PORT_INPUT_RATE "port.input_bytes_per_s" "Port input" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Bytes that came in through all ports of a node, per second.";
    PORT_OUTPUT_RATE "port.output_bytes_per_s" "Port output" Unit::BYTES_PER_S, Gauge Sum Neutral
        "Bytes that went out through all ports of a node, per second.";
    ALLOCATOR_CARRIERS "allocator.carrier_bytes" "Carriers" Unit::BYTES, Gauge None LowerIsBetter
        "Memory that an allocator holds from the operating system.";
    ALLOCATOR_UTILIZATION "allocator.utilization" "Carrier utilization" Unit::RATIO, Gauge None HigherIsBetter
        "Blocks in use as a share of the carriers that hold them; the rest is fragmentation or reserve.";
    BEAM_EMULATOR_SHARE "beam.emulator_share" "Time in code" Unit::RATIO, Gauge None Neutral
        "Share of the BEAM threads' time, sleep left out, in which processes execute code; by microstate accounting.";
    BEAM_GC_SHARE "beam.gc_share" "Time in GC" Unit::RATIO, Gauge None LowerIsBetter
        "Share of the BEAM threads' time, sleep left out, in which heaps are collected; by microstate accounting.";
    BEAM_PORT_SHARE "beam.port_share" "Time in ports" Unit::RATIO, Gauge None LowerIsBetter
        "Share of the BEAM threads' time, sleep left out, in which ports work; by microstate accounting.";
    BEAM_CHECK_IO_SHARE "beam.check_io_share" "Time looking for I/O" Unit::RATIO, Gauge None LowerIsBetter
        "Share of the BEAM threads' time, sleep left out, in which they look for input and output that is ready; by microstate accounting.";
    BEAM_AUX_SHARE "beam.aux_share" "Time in auxiliary jobs" Unit::RATIO, Gauge None LowerIsBetter
        "Share of the BEAM threads' time, sleep left out, for jobs such as freeing memory for each other; by microstate accounting.";
    BEAM_OTHER_SHARE "beam.other_share" "Time in other work" Unit::RATIO, Gauge None LowerIsBetter
        "Share of the BEAM threads' time, sleep left out, for scheduling, busy waiting and all else; by microstate accounting.";
    BEAM_REDUCTIONS_DONE "beam.reductions" "Reductions so far" Unit::COUNT, Counter Sum Neutral
        "Steps of work that a process has done since it was started, as the BEAM counts them.";
    GC_PROMOTION_RATE "gc.promoted_bytes_per_s" "Promotion rate" Unit::BYTES_PER_S, Gauge Sum LowerIsBetter
        "Memory that collections move from the young to the old generation, per second.";
    HEAP_YOUNG "heap.young_bytes" "Young generation" Unit::BYTES, Gauge Sum Neutral
        "In use by the young generation after a collection: the survivors.";
    HEAP_OLD "heap.old_bytes" "Old generation" Unit::BYTES, Gauge Sum LowerIsBetter
        "In use by the old generation after a collection, garbage in it included; without large objects where those are told apart.";
    HEAP_HUMONGOUS "heap.humongous_bytes" "Humongous objects" Unit::BYTES, Gauge Sum LowerIsBetter
        "Regions of a heap that single large objects take up, after a collection.";
    METASPACE_USED "jvm.metaspace_bytes" "Metaspace" Unit::BYTES, Gauge Sum LowerIsBetter
        "What a JVM holds of its loaded classes, outside the heap.";
    SAFEPOINT_STOP "jvm.safepoint_s" "Safepoint" Unit::SECONDS, Gauge Max LowerIsBetter
        "The longest time for which a JVM held all its threads, for a collection or for anything else, reaching the safepoint included.";
    SAFEPOINT_REACH "jvm.safepoint_reach_s" "Time to safepoint" Unit::SECONDS, Gauge Max LowerIsBetter
        "The longest time from asking a JVM's threads to stop until all had stopped.";
    COLLECTOR_CORES "collector.node_cores" "Cost of measuring" Unit::CORES, Gauge None LowerIsBetter
        "Time that the collector took on the watched node per second; waiting for a scheduler counts too.";
}

/// A metric, by its place in [`REGISTRY`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricKey(u16);

impl MetricKey {
    /// The metric with this id, if there is one.
    pub fn find(id: &str) -> Option<Self> {
        let index = REGISTRY.iter().position(|metric| metric.id == id)?;
        u16::try_from(index).ok().map(Self)
    }

    /// Every key.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..REGISTRY.len() as u16).map(Self)
    }

    /// The registry's entry.
    pub fn metric(self) -> &'static Metric {
        // A key is only made by the registry itself or by `find`, so it is always inside.
        &REGISTRY[usize::from(self.0)]
    }

    /// Its id.
    pub fn id(self) -> &'static str {
        self.metric().id
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        self.metric().unit
    }
}

impl std::fmt::Debug for MetricKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for MetricKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for MetricKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Self::find(&id).ok_or_else(|| D::Error::custom(format!("unknown metric \"{id}\"")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_found() {
        for key in MetricKey::all() {
            assert_eq!(MetricKey::find(key.id()), Some(key));
        }
        assert_eq!(CPU_CORES.id(), "cpu.cores");
        assert_eq!(MetricKey::find("cpu.magic"), None);
    }
}
