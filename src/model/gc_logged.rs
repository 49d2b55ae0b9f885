//! What the log of a JVM or of Go tells of one of its collections, pauses or concurrent phases.
//!
//! Such collectors stop the whole program, or work beside it; [`super::gc::GcKind`] tells the two apart. Importers of logs fill this in,
//! recordings keep it beside the event, analysis and what-if read it.

macro_rules! phases {
    ($($variant:ident $word:literal;)*) => {
        /// Which phase of which kind of collector. Recordings keep its place in [`GcPhase::ALL`]: new ones go to the end.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum GcPhase {
            /// None that is known.
            #[default]
            Other,
            $(#[doc = $word] $variant,)*
        }

        impl GcPhase {
            /// Every phase.
            pub const ALL: &'static [GcPhase] = &[GcPhase::Other, $(GcPhase::$variant),*];

            /// The word for it in files, JSON and for people.
            pub fn word(self) -> &'static str {
                match self { GcPhase::Other => "other", $(GcPhase::$variant => $word,)* }
            }
        }
    };
}

phases! {
    Young "young";
    Mixed "mixed";
    Full "full";
    ConcurrentStart "concurrent start";
    PrepareMixed "prepare mixed";
    InitialMark "initial mark";
    Remark "remark";
    Cleanup "cleanup";
    MarkStart "mark start";
    MarkEnd "mark end";
    RelocateStart "relocate start";
    FinalMark "final mark";
    InitUpdateRefs "init update refs";
    FinalUpdateRefs "final update refs";
    Degenerated "degenerated";
    SweepTermination "sweep termination";
    MarkTermination "mark termination";
    Cycle "cycle";
    ConcurrentMark "concurrent mark";
    ConcurrentRelocate "concurrent relocate";
    ConcurrentSweep "concurrent sweep";
    ConcurrentPreclean "concurrent preclean";
    ConcurrentReset "concurrent reset";
    ConcurrentUpdateRefs "concurrent update refs";
    ConcurrentCleanup "concurrent cleanup";
}

/// Causes by the names that HotSpot and Go's runtime give them; recordings keep the place in this table: new ones go to the end.
const CAUSES: &[&str] = &[
    "unknown",
    "Allocation Failure",
    "G1 Evacuation Pause",
    "G1 Humongous Allocation",
    "G1 Periodic Collection",
    "G1 Preventive Collection",
    "G1 Compaction Pause",
    "System.gc()",
    "Metadata GC Threshold",
    "Metadata GC Clear Soft References",
    "Ergonomics",
    "GCLocker Initiated GC",
    "CMS Initial Mark",
    "CMS Final Remark",
    "CMS Generation Full",
    "CodeCache GC Threshold",
    "CodeCache GC Aggressive",
    "Heap Dump Initiated GC",
    "Heap Inspection Initiated GC",
    "Diagnostic Command",
    "JvmtiEnv ForceGarbageCollection",
    "Last ditch collection",
    "Full GC for -Xshare:dump",
    "WhiteBox Initiated Young GC",
    "WhiteBox Initiated Concurrent Mark",
    "WhiteBox Initiated Full GC",
    "Update Allocation Context Stats",
    "FullGCAlot",
    "ScavengeAlot",
    "No GC",
    "Warmup",
    "Timer",
    "Proactive",
    "Allocation Rate",
    "Allocation Stall",
    "High Usage",
    "Metaspace GC Threshold",
    "Concurrent GC",
    "Upgrade To Full GC",
    "Allocation Failure During Evacuation",
    "heap growth",
    "forced",
    "Proactive GC",
    "Z Warmup",
    "Outside of Cycle",
    "Mark",
    "Evacuation",
    "Update Refs",
    "concurrent mode failure",
    "promotion failed",
];

/// Why something was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GcCause(u8);

impl GcCause {
    /// The cause with this name; unknown names are the unknown cause.
    pub fn named(name: &[u8]) -> Self {
        let at = CAUSES.iter().position(|cause| cause.as_bytes() == name);
        Self(at.and_then(|at| u8::try_from(at).ok()).unwrap_or_default())
    }

    /// Its name, as its runtime calls it.
    pub fn word(self) -> &'static str {
        CAUSES.get(usize::from(self.0)).copied().unwrap_or("unknown")
    }

    /// Whether a name was told and is known.
    pub fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// See the module. Sizes in bytes, as every word of these heaps is one byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoggedCollection {
    /// Which phase.
    pub phase: GcPhase,
    /// Why.
    pub cause: GcCause,
    /// There was no room to move survivors to (G1: "evacuation failure" or "to-space exhausted"; CMS and Serial: "promotion failed").
    pub evacuation_failed: bool,
    /// Processor time in user mode, in nanoseconds; of Go what assists and background workers took.
    pub user_ns: u64,
    /// Processor time in the kernel; of Go that of idle processors, which nobody pays for.
    pub system_ns: u64,
    /// Time that the collection went on beside the program, in nanoseconds; 0 of collections that stop it all along.
    pub concurrent_ns: u64,
    /// In use by the young generation before and after.
    pub young_before_bytes: Option<u64>,
    /// After.
    pub young_after_bytes: Option<u64>,
    /// What moved to the old generation.
    pub promoted_bytes: Option<u64>,
    /// What marking found alive.
    pub marked_bytes: Option<u64>,
    /// The size at which the next collection is meant to have ended (Go's goal).
    pub goal_bytes: Option<u64>,
    /// In use by large objects afterwards (G1's humongous regions).
    pub humongous_bytes: Option<u64>,
}

/// Numbers of [`LoggedCollection::to_array`].
pub const LOGGED_NUMBERS: usize = 11;

impl LoggedCollection {
    /// Every number, for keeping; what is not known is 0, what is known one more than it is.
    pub fn to_array(self) -> [u64; LOGGED_NUMBERS] {
        let known = |bytes: Option<u64>| bytes.map_or(0, |bytes| bytes.saturating_add(1));
        let phase = GcPhase::ALL.iter().position(|&phase| phase == self.phase).unwrap_or_default() as u64;
        [
            phase << 1 | u64::from(self.evacuation_failed),
            u64::from(self.cause.0),
            self.user_ns,
            self.system_ns,
            self.concurrent_ns,
            known(self.young_before_bytes),
            known(self.young_after_bytes),
            known(self.promoted_bytes),
            known(self.marked_bytes),
            known(self.goal_bytes),
            known(self.humongous_bytes),
        ]
    }

    /// The reverse; phases and causes of a later version are unknown ones.
    pub fn from_array(numbers: [u64; LOGGED_NUMBERS]) -> Self {
        let [phase, cause, user_ns, system_ns, concurrent_ns, before, after, promoted, marked, goal, humongous] =
            numbers;
        let known = |number: u64| number.checked_sub(1);
        let place = usize::try_from(phase >> 1).unwrap_or_default();
        Self {
            phase: GcPhase::ALL.get(place).copied().unwrap_or_default(),
            cause: GcCause(u8::try_from(cause).unwrap_or_default()),
            evacuation_failed: phase & 1 == 1,
            user_ns,
            system_ns,
            concurrent_ns,
            young_before_bytes: known(before),
            young_after_bytes: known(after),
            promoted_bytes: known(promoted),
            marked_bytes: known(marked),
            goal_bytes: known(goal),
            humongous_bytes: known(humongous),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let logged = LoggedCollection {
            phase: GcPhase::Mixed,
            cause: GcCause::named(b"G1 Humongous Allocation"),
            evacuation_failed: true,
            young_after_bytes: Some(0),
            goal_bytes: Some(u64::MAX - 1),
            ..LoggedCollection::default()
        };
        assert_eq!(LoggedCollection::from_array(logged.to_array()), logged);
        assert_eq!(logged.cause.word(), "G1 Humongous Allocation");
        assert_eq!((GcCause::named(b"A new one").word(), GcCause::default().is_known()), ("unknown", false));
        assert_eq!(LoggedCollection::from_array([u64::MAX; LOGGED_NUMBERS]).phase, GcPhase::Other);
    }
}
