//! The figures that models answer with: their names, what they mean, and which way is good.

/// What an outcome is called and means.
#[derive(Debug, PartialEq, Eq)]
pub struct OutcomeInfo {
    /// Its id in files and JSON.
    pub id: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// Whether less is better; `None`: neither way is.
    pub lower_is_better: Option<bool>,
    /// What exactly it is.
    pub definition: &'static str,
}

macro_rules! outcomes {
    ($($id:literal $title:literal $lower:expr, $definition:literal;)*) => {
        /// Every outcome, in the order in which they are shown.
        pub const OUTCOMES: &[OutcomeInfo] = &[
            $(OutcomeInfo { id: $id, title: $title, lower_is_better: $lower, definition: $definition },)*
        ];
    };
}

outcomes! {
    "memory.peak_bytes" "Peak memory" Some(true),
        "The most that is held. Of BEAM processes: of each process its largest heap and old heap blocks with fragments, summed over \
         processes; the moment inside a collection when both spaces exist is not part of it.";
    "memory.mean_bytes" "Mean memory" Some(true), "Memory held, averaged over time.";
    "gc.count" "Collections" Some(true), "Minor and major collections; a minor one that fails and becomes major counts once.";
    "gc.interval_s" "GC interval" Some(false),
        "The time that a process runs from one collection to the next, on the average over all that were traced.";
    "gc.minor" "Minor collections" Some(true), "Collections of the young generation only.";
    "gc.major" "Major collections" Some(true), "Collections of all generations.";
    "gc.copied_words" "Copied words" Some(true), "Words that collections moved: the work that collecting is.";
    "gc.pause_total_us" "Time in collections" Some(true), "The sum of all pauses. On the BEAM each holds up one process only.";
    "gc.pause_us.p50" "Pause, median" Some(true), "Half of the collections are shorter.";
    "gc.pause_us.p99" "Pause, 99th percentile" Some(true), "One collection of a hundred is longer.";
    "gc.pause_us.max" "Pause, longest" Some(true), "The longest collection.";
    "gc.count_per_min" "Collections per minute" Some(true), "Collections of all generations in a minute.";
    "gc.pause_share" "Time in stop-the-world pauses" Some(true), "Pauses that stop the whole program, as a share of the time.";
    "gc.pause_ms.p99" "Stop-the-world pause, 99th percentile" Some(true), "One pause of a hundred stops the whole program for longer.";
    "gc.cpu_share" "CPU share of collecting" Some(true), "Time in collections as a share of all processor time.";
    "gc.efficiency" "GC efficiency" Some(false),
        "Words allocated as a share of words allocated and copied: 1 where collecting moves nothing (Appel 1987).";
    "gc.killed" "Processes killed" Some(true), "Processes that would have grown beyond the maximum heap.";
    "run_time_s" "Run time" Some(true), "How long the same work takes.";
    "wait_us.p50" "Wait, median" Some(true), "From arrival to the start of service; half of the requests wait less.";
    "wait_us.p90" "Wait, 90th percentile" Some(true), "One request of ten waits longer.";
    "wait_us.p99" "Wait, 99th percentile" Some(true), "One request of a hundred waits longer.";
    "sojourn_us.p50" "Response, median" Some(true), "From arrival to the end of service; half are faster.";
    "sojourn_us.p90" "Response, 90th percentile" Some(true), "One request of ten takes longer.";
    "sojourn_us.p99" "Response, 99th percentile" Some(true), "One request of a hundred takes longer.";
    "throughput_per_s" "Throughput" Some(false), "Requests served per second.";
    "rejected_share" "Turned away" Some(true), "Requests that found the queue full, as a share of all.";
    "rejected" "Requests turned away" Some(true), "Requests that found the queue full.";
    "utilization" "Utilization" None, "Busy time of workers as a share of all their time.";
    "reuse_share" "Reuse" Some(false), "Requests that found a warm slot, as a share of all.";
    "startup_us.mean" "Start-up, mean" Some(true), "From getting a slot to its being ready, averaged.";
    "startup_us.p99" "Start-up, 99th percentile" Some(true), "One of a hundred takes longer.";
    "hit_share" "Cache hits" Some(false), "Requests answered from the cache, as a share of all.";
}

impl OutcomeInfo {
    /// What is known of an outcome.
    pub fn find(id: &str) -> Option<&'static OutcomeInfo> {
        OUTCOMES.iter().find(|info| info.id == id)
    }
}
