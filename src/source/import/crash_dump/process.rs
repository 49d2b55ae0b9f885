//! The list of processes, read by all cores at once: what each `=proc` section says in figures, and where its texts lie.

use std::num::NonZero;

use super::fields::{field, number, pid, text};
use super::index::{Index, Tag};
use super::totals::function;
use crate::source::terms::Pid;

/// More processes than this had no node; they would take 1.5 GB of our memory.
pub(super) const MAX_PROCESSES: usize = 10_000_000;

/// A thread has at least so many processes to read.
const LEAST_PART: usize = 500;

/// More threads than this wait for the disk only.
const MAX_THREADS: usize = 16;

/// What a process was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessState {
    /// For a message or a timer.
    Waiting,
    /// It ran.
    Running,
    /// It could have run.
    Scheduled,
    /// Its heap was collected.
    Garbing,
    /// Somebody had suspended it.
    Suspended,
    /// It was about to end.
    Exiting,
    /// The dump does not tell, or tells something unknown.
    Unknown,
}

impl ProcessState {
    fn read(word: &[u8]) -> Self {
        match word {
            b"Waiting" => Self::Waiting,
            b"Running" => Self::Running,
            b"Scheduled" => Self::Scheduled,
            b"Garbing" | b"Garbing (limited info)" => Self::Garbing,
            b"Suspended" => Self::Suspended,
            b"Exiting" => Self::Exiting,
            _ => Self::Unknown,
        }
    }

    /// As `process_info(Pid, status)` words it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Scheduled => "runnable",
            Self::Garbing => "garbage_collecting",
            Self::Suspended => "suspended",
            Self::Exiting => "exiting",
            Self::Unknown => "unknown",
        }
    }
}

/// A text in a section, from its body's begin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Span {
    at: u32,
    length: u16,
}

impl Span {
    /// Where `part` lies in `body`, a slice of which it is; nowhere if that is too far away to be told.
    fn of(body: &[u8], part: &[u8]) -> Self {
        let at = (part.as_ptr() as usize).wrapping_sub(body.as_ptr() as usize);
        match u32::try_from(at) {
            Ok(at) => Self { at, length: part.len().min(usize::from(u16::MAX)) as u16 },
            Err(_) => Self::default(),
        }
    }

    /// The text; `None` if there is none.
    pub fn text(self, body: &[u8]) -> Option<String> {
        let from = self.at as usize;
        let part = body.get(from..from + usize::from(self.length))?;
        (!part.is_empty()).then(|| text(part))
    }
}

/// One process, as the list of them has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Process {
    /// Who.
    pub pid: Pid,
    /// The number of its section.
    pub(super) section: u32,
    /// What it was doing.
    pub state: ProcessState,
    pub(super) name: Span,
    pub(super) spawned_as: Span,
    pub(super) current: Span,
    pub(super) started: Span,
    /// Who started it, if the dump tells.
    pub parent: Option<Pid>,
    /// Messages waiting.
    pub queue: u64,
    /// Reductions since it was started.
    pub reductions: u64,
    /// The block of its young heap and stack.
    pub heap_words: u64,
    /// The block of its old heap.
    pub old_heap_words: u64,
    /// Of the young block, what is free.
    pub heap_unused_words: u64,
    /// Of the old block, what is free.
    pub old_heap_unused_words: u64,
    /// Fragments beside the blocks; those of messages that wait are not counted here, but in all its memory.
    pub fragment_words: u64,
    /// Off-heap binaries that it keeps alive.
    pub binary_words: u64,
    /// All its memory as the runtime counts it; not told by the oldest formats.
    pub memory_bytes: Option<u64>,
}

impl Process {
    /// Words of heap that it held: blocks of young and old heap, and fragments.
    pub fn held_words(&self) -> u64 {
        self.heap_words.saturating_add(self.old_heap_words).saturating_add(self.fragment_words)
    }

    /// Words of heap that it had in use, garbage since its last collection included.
    pub fn live_words(&self) -> u64 {
        self.held_words().saturating_sub(self.heap_unused_words).saturating_sub(self.old_heap_unused_words)
    }

    /// All its memory: as counted by the runtime, else its heaps.
    pub fn bytes(&self, word_bytes: u64) -> u64 {
        self.memory_bytes.unwrap_or_else(|| self.held_words().saturating_mul(word_bytes))
    }

    fn read(bytes: &[u8], index: &Index, section: usize) -> Option<Self> {
        let found = index.section(bytes, section)?;
        let mut process = Self {
            pid: pid(found.argument)?,
            section: u32::try_from(section).ok()?,
            state: ProcessState::Unknown,
            name: Span::default(),
            spawned_as: Span::default(),
            current: Span::default(),
            started: Span::default(),
            parent: None,
            queue: 0,
            reductions: 0,
            heap_words: 0,
            old_heap_words: 0,
            heap_unused_words: 0,
            old_heap_unused_words: 0,
            fragment_words: 0,
            binary_words: 0,
            memory_bytes: None,
        };
        let body = found.body;
        for line in super::fields::lines(body) {
            if let Some((key, value)) = field(line) {
                process.take(body, key, value);
            }
        }
        Some(process)
    }

    fn take(&mut self, body: &[u8], key: &[u8], value: &[u8]) {
        let count = || number(value).unwrap_or(0);
        match key {
            b"State" => self.state = ProcessState::read(value),
            b"Name" => self.name = Span::of(body, value),
            b"Spawned as" => self.spawned_as = Span::of(body, value),
            b"Spawned by" => self.parent = pid(value),
            b"Started" => self.started = Span::of(body, value),
            b"Message queue length" => self.queue = count(),
            b"Heap fragment data" => self.fragment_words = count(),
            b"Reductions" => self.reductions = count(),
            b"Stack+heap" => self.heap_words = count(),
            b"OldHeap" => self.old_heap_words = count(),
            b"Heap unused" => self.heap_unused_words = count(),
            b"OldHeap unused" => self.old_heap_unused_words = count(),
            b"BinVHeap" | b"OldBinVHeap" => self.binary_words = self.binary_words.saturating_add(count()),
            b"Memory" => self.memory_bytes = number(value),
            // A function of the runtime itself that it was in comes before the address in code.
            b"Current call" | b"Last scheduled in for" => self.current = Span::of(body, value),
            b"Program counter" if self.current == Span::default() => {
                if let Some(function) = function(value) {
                    self.current = Span::of(body, function);
                }
            }
            _ => {}
        }
    }
}

/// All processes, in the order of the dump, which is that of the process table.
pub(super) fn read_all(bytes: &[u8], index: &Index) -> Vec<Process> {
    let sections: Vec<usize> = index.numbers(Tag::Proc).take(MAX_PROCESSES).collect();
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
    let threads = cores.min(sections.len() / LEAST_PART + 1);
    let read = |part: &[usize]| -> Vec<Process> {
        part.iter().filter_map(|section| Process::read(bytes, index, *section)).collect()
    };
    if threads < 2 {
        return read(&sections);
    }
    let read = &read;
    let mut all = Vec::with_capacity(sections.len());
    std::thread::scope(|scope| {
        let parts = sections.chunks(sections.len().div_ceil(threads));
        let running: Vec<_> = parts.map(|part| scope.spawn(move || read(part))).collect();
        for thread in running {
            // Reading has nothing that could panic.
            all.extend(thread.join().unwrap_or_default());
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn processes(text: &str) -> Vec<Process> {
        read_all(text.as_bytes(), &Index::build(text.as_bytes()))
    }

    #[test]
    fn a_process_of_a_recent_release_is_read() {
        let text = "=proc:<0.84.0>\nState: Running\nName: shop_sup\nSpawned as: proc_lib:init_p/5\nSpawned by: <0.83.0>\n\
            Message queue length: 3\nNumber of heap fragments: 1\nHeap fragment data: 5\nLink list: [<0.83.0>]\nReductions: 137\n\
            Stack+heap: 610\nOldHeap: 987\nHeap unused: 528\nOldHeap unused: 792\nBinVHeap: 4\nOldBinVHeap: 66\nMemory: 13712\n\
            Program counter: 0x00007f1fc4808494 (gen_server:loop/7 + 92)\narity = 0\nInternal State: ACT_PRIO_NORMAL\n";
        let all = processes(text);
        let [process] = all.as_slice() else { panic!("{all:?}") };
        let body = Index::build(text.as_bytes()).section(text.as_bytes(), 0).unwrap().body;
        assert_eq!(process.name.text(body).as_deref(), Some("shop_sup"));
        assert_eq!(process.current.text(body).as_deref(), Some("gen_server:loop/7"));
        assert_eq!((process.state, process.parent.map(|pid| pid.id)), (ProcessState::Running, Some(83)));
        assert_eq!((process.queue, process.reductions, process.binary_words), (3, 137, 70));
        assert_eq!((process.held_words(), process.live_words(), process.bytes(8)), (1602, 282, 13712));
    }

    #[test]
    fn what_is_missing_or_nonsense_is_zero() {
        let all = processes(
            "=proc:<0.1.0>\nState: Dancing\nReductions: many\nStack+heap: 99999999999999999999999\n=proc:nobody\n=proc:<0.2.0>",
        );
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].state, all[0].reductions, all[0].heap_words), (ProcessState::Unknown, 0, u64::MAX));
        assert_eq!((all[0].held_words(), all[0].bytes(8)), (u64::MAX, u64::MAX));
        assert_eq!(all[1].name.text(b""), None);
    }

    #[test]
    fn many_threads_keep_the_order() {
        let text: String = (0..5_000).map(|id| format!("=proc:<0.{id}.0>\nReductions: {id}\n")).collect();
        let all = processes(&text);
        assert!(
            all.iter()
                .enumerate()
                .all(|(at, process)| process.pid.id as usize == at && process.reductions == at as u64)
        );
        assert_eq!(all.len(), 5_000);
    }
}
