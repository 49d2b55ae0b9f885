//! Crash dumps of Erlang nodes (`erl_crash.dump`), of every format that OTP has written since R12, cut off ones too.
//!
//! [`CrashDump`] maps the file, finds its sections on all cores ([`index`]), and reads the list of processes ([`process`]), the
//! tables and the totals at once; a process' stack and terms ([`detail`], [`heap`]) are read when they are asked for. As an importer
//! ([`source`]) it delivers the same entities, attributes and metrics as one census of a live node does.
//! Everything is bounded, and nothing in a file can make it panic.

mod bytes;
mod detail;
mod fields;
mod head;
mod heap;
mod identity;
mod index;
mod process;
mod source;
mod tables;
mod terms;
mod totals;

use std::fs::File;
use std::path::Path;
use std::sync::OnceLock;

pub use self::detail::{Frame, Messages, ProcessDetail, TermText};
pub use self::head::Head;
pub use self::heap::TermSize;
pub use self::index::Tag;
pub use self::process::{Process, ProcessState};
pub use self::tables::Table;
pub use self::totals::{AllocatorTotal, Module, OtherNode, Port, Scheduler, Totals};
pub use crate::source::terms::Pid;

use self::bytes::Bytes;
use self::heap::Objects;
use self::index::Index;
use super::input::Input;
use crate::model::time::Timestamp;
use crate::source::{Source, SourceError};

/// Whether a file begins like one.
pub(super) fn tells(head: &[u8]) -> bool {
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).starts_with(b"=erl_crash_dump:")
}

/// Opens one as a source.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let (name, progress) = (input.name().to_owned(), input.progress());
    let (file, cut_short) = input.into_file()?;
    let mut dump = CrashDump::of_file(&file, &name)?;
    dump.lost.extend(cut_short);
    Ok(source::source(dump, progress))
}

/// A dump, open for questions.
#[derive(Debug)]
pub struct CrashDump {
    name: String,
    bytes: Bytes,
    index: Index,
    head: Head,
    totals: Totals,
    processes: Vec<Process>,
    tables: Vec<Table>,
    /// What there is of each process: its number, the kind of section, and the section's number.
    by_pid: OnceLock<Vec<(u64, Tag, u32)>>,
    literals: OnceLock<Objects>,
    /// Binaries beside the heaps: their addresses, and the numbers of their sections.
    binaries: OnceLock<Vec<(u64, u32)>>,
    lost: Vec<String>,
}

impl CrashDump {
    /// Opens a file that is not compressed.
    ///
    /// # Errors
    /// When it can't be read, or is no crash dump; the sentence names it.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| SourceError(format!("can't read {name}: {error}")))?;
        Self::of_file(&file, &name)
    }

    fn of_file(file: &File, name: &str) -> Result<Self, SourceError> {
        let bytes = Bytes::of_file(file).map_err(|error| SourceError(format!("can't read {name}: {error}")))?;
        if !tells(&bytes) {
            return Err(SourceError(format!(
                "{name} is no Erlang crash dump: it does not begin with `=erl_crash_dump:`"
            )));
        }
        Ok(Self::new(bytes, name))
    }

    /// From memory.
    pub fn of_bytes(bytes: Vec<u8>, name: &str) -> Self {
        Self::new(Bytes::Owned(bytes), name)
    }

    /// As a source of batches: who there was, and one census.
    pub fn into_source(self) -> Box<dyn Source> {
        source::source(self, super::Progress::default())
    }

    fn new(bytes: Bytes, name: &str) -> Self {
        let index = Index::build(&bytes);
        let nothing = index::Section { tag: Tag::Head, at: 0, argument: &[], body: &[] };
        let mut dump = Self {
            name: name.to_owned(),
            head: Head::read(index.first(&bytes, Tag::Head).unwrap_or(nothing)),
            totals: Totals::read(&bytes, &index),
            processes: process::read_all(&bytes, &index),
            tables: tables::read_all(&bytes, &index),
            by_pid: OnceLock::new(),
            literals: OnceLock::new(),
            binaries: OnceLock::new(),
            lost: Vec::new(),
            index,
            bytes,
        };
        dump.lost = dump.what_is_lost();
        dump
    }

    /// The file's name.
    pub fn file_name(&self) -> &str {
        &self.name
    }

    /// When, why, which system.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The node as a whole.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// All processes, in the order of the dump.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// All ETS tables.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// What the dump should have and has not, sentences; empty for a whole one.
    pub fn lost(&self) -> &[String] {
        &self.lost
    }

    /// How many bytes it has.
    pub fn size_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// How many sections of a kind there are.
    pub fn count(&self, tag: Tag) -> usize {
        self.index.numbers(tag).count()
    }

    /// Its registered name.
    pub fn name(&self, process: &Process) -> Option<String> {
        process.name.text(self.body_of(process)).map(|name| fields::atom(name.as_bytes()))
    }

    /// When it was started, in the same clock as [`Head::at`]; releases until OTP 24 tell.
    pub fn started(&self, process: &Process) -> Option<Timestamp> {
        process.started.text(self.body_of(process)).and_then(|text| head::moment(&text))
    }

    /// The function that it was started with.
    pub fn spawned_as(&self, process: &Process) -> Option<String> {
        process.spawned_as.text(self.body_of(process))
    }

    /// The function that it was in.
    pub fn current_function(&self, process: &Process) -> Option<String> {
        process.current.text(self.body_of(process))
    }

    fn body_of(&self, process: &Process) -> &[u8] {
        self.index.section(&self.bytes, process.section as usize).map_or(&[], |section| section.body)
    }

    /// Since format 0.5 bytes are in base64.
    fn is_base64(&self) -> bool {
        !matches!(self.head.format.as_str(), "0.0" | "0.1" | "0.2" | "0.3" | "0.4")
    }

    /// The process with this number.
    pub fn find(&self, pid: Pid) -> Option<&Process> {
        let section = u32::try_from(self.section_of(pid, Tag::Proc)?).ok()?;
        let at = self.processes.binary_search_by_key(&section, |process| process.section).ok()?;
        self.processes.get(at)
    }

    /// A section of a process beside its first one.
    fn deep(&self, pid: Pid, tag: Tag) -> Option<&[u8]> {
        self.index.section(&self.bytes, self.section_of(pid, tag)?).map(|section| section.body)
    }

    /// The number of the first section of a kind that a process has.
    fn section_of(&self, pid: Pid, tag: Tag) -> Option<usize> {
        let all = self.by_pid.get_or_init(|| {
            let is_of_process = |tag: &Tag| {
                matches!(tag, Tag::Proc | Tag::ProcHeap | Tag::ProcStack | Tag::ProcDictionary | Tag::ProcMessages)
            };
            let sections = (0..self.index.len()).filter_map(|number| {
                let tag = self.index.tag(number).filter(is_of_process)?;
                let section = self.index.section(&self.bytes, number)?;
                Some((number_of(fields::pid(section.argument)?), tag, u32::try_from(number).ok()?))
            });
            let mut all: Vec<(u64, Tag, u32)> = sections.collect();
            all.sort_unstable();
            all
        });
        let wanted = (number_of(pid), tag);
        let at = all.partition_point(|(pid, tag, _)| (*pid, *tag) < wanted);
        all.get(at).filter(|(pid, tag, _)| (*pid, *tag) == wanted).map(|(.., section)| *section as usize)
    }

    fn literals(&self) -> (&[u8], &Objects) {
        let body = self.index.first(&self.bytes, Tag::Literals).map_or(&[][..], |section| section.body);
        (body, self.literals.get_or_init(|| Objects::of(body)))
    }

    /// The encoded bytes of a binary beside the heaps.
    fn binary(&self, address: u64) -> Option<&[u8]> {
        let all = self.binaries.get_or_init(|| {
            let mut all: Vec<(u64, u32)> = self
                .index
                .numbers(Tag::Binary)
                .filter_map(|number| {
                    let section = self.index.section(&self.bytes, number)?;
                    Some((fields::hex(section.argument)?.0, u32::try_from(number).ok()?))
                })
                .collect();
            all.sort_unstable();
            all
        });
        let at = all.binary_search_by_key(&address, |(known, _)| *known).ok()?;
        let (_, coded) = fields::hex(self.index.section(&self.bytes, all.get(at)?.1 as usize)?.body)?;
        fields::lines(coded.strip_prefix(b":")?).next()
    }

    fn what_is_lost(&self) -> Vec<String> {
        let mut lost = Vec::new();
        if self.index.is_full {
            lost.push("it has more sections than can be held; those behind are left out".to_owned());
        }
        if self.index.numbers(Tag::Proc).nth(process::MAX_PROCESSES).is_some() {
            lost.push(format!("it has more processes than {}; those behind are left out", process::MAX_PROCESSES));
        }
        if let Some(why) = &self.totals.aborted {
            lost.push(format!("the node gave up writing it: {why}"));
        }
        if self.index.first(&self.bytes, Tag::End).is_none() {
            let last = self.index.len().checked_sub(1).and_then(|number| self.index.section(&self.bytes, number));
            let place = last.map_or_else(String::new, |section| {
                let argument = fields::text(section.argument);
                let colon = if argument.is_empty() { "" } else { ":" };
                format!(", in the section ={}{colon}{argument}", section.tag.word())
            });
            let parts: [(&str, &[Tag]); 6] = [
                ("memory by kind", &[Tag::Memory]),
                ("allocators", &[Tag::Allocator]),
                ("processes", &[Tag::Proc]),
                ("ETS tables", &[Tag::Ets]),
                ("loaded code", &[Tag::LoadedModules]),
                ("stacks and heaps of processes", &[Tag::ProcStack, Tag::ProcHeap]),
            ];
            let is_missing = |tags: &[Tag]| tags.iter().all(|tag| self.index.numbers(*tag).next().is_none());
            let mut missing: Vec<&str> =
                parts.into_iter().filter(|(_, tags)| is_missing(tags)).map(|(name, _)| name).collect();
            if missing.is_empty() {
                missing.push("whatever came behind that");
            }
            lost.push(format!(
                "it is cut off after {} bytes{place}: the node was killed while it wrote, or had no more room or time \
                 (ERL_CRASH_DUMP_SECONDS, ERL_CRASH_DUMP_BYTES, heart). Lost: {}",
                self.bytes.len(),
                missing.join(", ")
            ));
        }
        lost
    }
}

fn number_of(pid: Pid) -> u64 {
    u64::from(pid.id) << 32 | u64::from(pid.serial)
}

#[cfg(test)]
mod tests;
