//! Where a dump's sections begin, found by all cores at once.
//!
//! A section begins with a line `=tag:argument` and ends where the next one begins. Lines of unknown tags do not end a section:
//! a slogan may hold such lines (`=CRASH REPORT====`), and what a later release adds is passed over.

use std::num::NonZero;

use memchr::memmem;

/// Eight bytes each; more sections have only files made to be too large.
const MAX_SECTIONS: usize = 64 << 20;

/// A thread has at least so many bytes to look through.
const LEAST_PART: usize = 4 << 20;

/// More threads than this wait for the disk only.
const MAX_THREADS: usize = 16;

/// Tags are short.
const MAX_TAG: usize = 24;

macro_rules! tags {
    ($($variant:ident $word:literal;)*) => {
        /// What a section is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Tag {
            $(#[doc = concat!("`=", $word, "`")] $variant,)*
        }

        impl Tag {
            const ALL: &'static [Tag] = &[$(Tag::$variant),*];

            /// As it is written.
            pub fn word(self) -> &'static str {
                match self { $(Tag::$variant => $word,)* }
            }

            fn of(word: &[u8]) -> Option<Self> {
                Self::ALL.iter().copied().find(|tag| tag.word().as_bytes() == word)
            }
        }
    };
}

tags! {
    // The most frequent ones first.
    ProcHeap "proc_heap";
    ProcStack "proc_stack";
    ProcDictionary "proc_dictionary";
    Proc "proc";
    ProcMessages "proc_messages";
    Binary "binary";
    Fun "fun";
    Mod "mod";
    Ets "ets";
    Port "port";
    Timer "timer";
    Allocator "allocator";
    Head "erl_crash_dump";
    Abort "abort";
    AllocatedAreas "allocated_areas";
    Atoms "atoms";
    DebuggerData "debug_proc_dictionary";
    DirtyCpuRunQueue "dirty_cpu_run_queue";
    DirtyCpuScheduler "dirty_cpu_scheduler";
    DirtyIoRunQueue "dirty_io_run_queue";
    DirtyIoScheduler "dirty_io_scheduler";
    End "end";
    HashTable "hash_table";
    HiddenNode "hidden_node";
    IndexTable "index_table";
    InstrumentationData "instr_data";
    InternalEts "internal_ets";
    Literals "literals";
    LoadedModules "loaded_modules";
    Memory "memory";
    MemoryMap "memory_map";
    MemoryStatus "memory_status";
    NoDistribution "no_distribution";
    Node "node";
    NotConnected "not_connected";
    OldInstrumentationData "old_instr_data";
    PersistentTerms "persistent_terms";
    Scheduler "scheduler";
    VisibleNode "visible_node";
}

/// One section, as it lies in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Section<'a> {
    pub tag: Tag,
    /// Where it begins in the file.
    pub at: u64,
    /// Behind the tag's colon.
    pub argument: &'a [u8],
    /// The lines below.
    pub body: &'a [u8],
}

/// All sections of a dump, in their order.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The tag in the upper byte, below it where the section begins.
    entries: Vec<u64>,
    /// Whether there were more than are kept.
    pub is_full: bool,
}

const TAG_SHIFT: u32 = 56;
const OFFSET: u64 = (1 << TAG_SHIFT) - 1;

impl Index {
    /// Looks through the whole dump.
    pub fn build(bytes: &[u8]) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(MAX_THREADS);
        Self::build_with(bytes, cores.min(bytes.len() / LEAST_PART + 1))
    }

    fn build_with(bytes: &[u8], threads: usize) -> Self {
        let length = bytes.len().div_ceil(threads.max(1)).max(1);
        let starts: Vec<usize> = (0..bytes.len()).step_by(length).collect();
        let part = |from: usize| scan(bytes, from, (from + length).min(bytes.len()));
        let parts: Vec<Vec<u64>> = match starts.as_slice() {
            [] => Vec::new(),
            [only] => vec![part(*only)],
            several => std::thread::scope(|scope| {
                let running: Vec<_> = several.iter().map(|from| scope.spawn(move || part(*from))).collect();
                // A scan has nothing that could panic.
                running.into_iter().map(|thread| thread.join().unwrap_or_default()).collect()
            }),
        };
        let mut entries = parts.concat();
        let is_full = entries.len() >= MAX_SECTIONS;
        entries.truncate(MAX_SECTIONS);
        entries.shrink_to_fit();
        Self { entries, is_full }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The tag of the section with this number.
    pub fn tag(&self, number: usize) -> Option<Tag> {
        let entry = self.entries.get(number)?;
        Tag::ALL.get((entry >> TAG_SHIFT) as usize).copied()
    }

    fn offset(&self, number: usize) -> Option<usize> {
        self.entries.get(number).map(|entry| (entry & OFFSET) as usize)
    }

    /// The section with this number.
    pub fn section<'a>(&self, bytes: &'a [u8], number: usize) -> Option<Section<'a>> {
        let (tag, from) = (self.tag(number)?, self.offset(number)?);
        let to = self.offset(number + 1).unwrap_or(bytes.len());
        let whole = bytes.get(from..to)?;
        let end = memchr::memchr(b'\n', whole).unwrap_or(whole.len());
        let head = whole.get(1 + tag.word().len()..end).unwrap_or_default();
        let head = head.strip_suffix(b"\r").unwrap_or(head);
        let body = whole.get(end + 1..).unwrap_or_default();
        Some(Section { tag, at: from as u64, argument: head.strip_prefix(b":").unwrap_or(head), body })
    }

    /// The numbers of all sections with a tag.
    pub fn numbers(&self, tag: Tag) -> impl Iterator<Item = usize> + '_ {
        let wanted = tag as u64;
        self.entries.iter().enumerate().filter(move |(_, entry)| **entry >> TAG_SHIFT == wanted).map(|(at, _)| at)
    }

    /// All sections with a tag.
    pub fn of<'a>(&'a self, bytes: &'a [u8], tag: Tag) -> impl Iterator<Item = Section<'a>> {
        self.numbers(tag).filter_map(move |number| self.section(bytes, number))
    }

    /// The first section with a tag.
    pub fn first<'a>(&'a self, bytes: &'a [u8], tag: Tag) -> Option<Section<'a>> {
        self.of(bytes, tag).next()
    }
}

/// The sections that begin in a part of the dump: those whose line's end before lies in it, or the file's begin.
fn scan(bytes: &[u8], from: usize, to: usize) -> Vec<u64> {
    let mut found = Vec::new();
    let mut take = |at: usize| {
        if let Some(tag) = tag_at(bytes, at)
            && found.len() < MAX_SECTIONS
        {
            found.push((tag as u64) << TAG_SHIFT | at as u64 & OFFSET);
        }
    };
    if from == 0 {
        // Behind a byte order mark, if an editor left one.
        take(if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 });
    }
    let part = &bytes[from..(to + 1).min(bytes.len())];
    for at in memmem::find_iter(part, b"\n=") {
        take(from + at + 1);
    }
    found
}

fn tag_at(bytes: &[u8], at: usize) -> Option<Tag> {
    let rest = bytes.get(at..)?.strip_prefix(b"=")?;
    let rest = &rest[..rest.len().min(MAX_TAG + 1)];
    let end = rest.iter().position(|byte| matches!(byte, b':' | b'\n' | b'\r')).unwrap_or(rest.len());
    Tag::of(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &[u8] = b"=erl_crash_dump:0.5\nSlogan: x\n=CRASH REPORT==== 1\n=memory\r\ntotal: 5\r\n=proc:<0.1.0>\nState: Waiting\n=end\n";

    #[test]
    fn sections_are_the_same_however_many_look_for_them() {
        let whole = Index::build_with(DUMP, 1);
        assert_eq!(whole.len(), 4);
        for threads in 2..DUMP.len() + 3 {
            assert_eq!(Index::build_with(DUMP, threads).entries, whole.entries, "{threads} threads");
        }
        let memory = whole.first(DUMP, Tag::Memory).unwrap();
        assert_eq!((memory.argument, memory.body), (&b""[..], &b"total: 5\r\n"[..]));
        let process = whole.first(DUMP, Tag::Proc).unwrap();
        assert_eq!((process.argument, process.body), (&b"<0.1.0>"[..], &b"State: Waiting\n"[..]));
        let head = whole.section(DUMP, 0).unwrap();
        assert!(head.body.ends_with(b"=CRASH REPORT==== 1\n"), "an unknown line ends no section");
    }

    #[test]
    fn tags_are_told_apart_from_longer_words() {
        let index = Index::build(b"=proc_heap:<0.1.0>\n=processes\n=proc:<0.1.0>\n=proc_stack:<0.1.0>\n=proc");
        let tags: Vec<_> = (0..index.len()).filter_map(|number| index.tag(number)).collect();
        assert_eq!(tags, [Tag::ProcHeap, Tag::Proc, Tag::ProcStack, Tag::Proc]);
    }
}
