//! One process in detail, on demand: its stack, links, and the terms in its queue and dictionary, at bounded cost.

use std::collections::HashSet;

use super::CrashDump;
use super::fields::{field, hex, lines, text, text_of};
use super::heap::{Heap, Objects, TermSize};
use super::index::Tag;
use super::process::Process;
use super::terms::{Element, Object};
use super::totals::function;
use crate::source::terms::Pid;

/// Links, monitors and frames that are kept of one process.
const MAX_KEPT: usize = 10_000;

/// Objects that are visited for the sizes of one request.
const MAX_VISITED: usize = 1_000_000;

/// A term as text.
const MAX_TERM_TEXT: usize = 300;

/// Everything that the dump says of one process but its terms.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessDetail {
    /// Its figures.
    pub process: Process,
    /// Its registered name.
    pub name: Option<String>,
    /// The function that it was started with.
    pub spawned_as: Option<String>,
    /// The function that it was in.
    pub current_function: Option<String>,
    /// When it was started, where the release tells (until OTP 24).
    pub started: Option<String>,
    /// Flags of the runtime, e.g. `ACT_PRIO_NORMAL | … | OFF_HEAP_MSGQ`.
    pub internal_state: Option<String>,
    /// Processes and ports that it is linked to, and monitors as `{to,…}` and `{from,…}`; the first ten thousand.
    pub links: Vec<String>,
    /// All of them.
    pub link_count: usize,
    /// Innermost first; the first ten thousand.
    pub stack: Vec<Frame>,
    /// Whether there are more.
    pub is_stack_cut: bool,
    /// Entries of its dictionary; `None` where the dump has none or lost it.
    pub dictionary_entries: Option<usize>,
    /// Whether the dump has its heap. Not of sensitive processes, of those that were collected just then, and of those
    /// behind the place where a dump was cut.
    pub has_heap: bool,
}

/// A place in code.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// `module:function/arity`, or how the runtime names a place of its own, e.g. `<terminate process normally>`.
    pub function: String,
    /// The address, as the dump gives it.
    pub address: u64,
    /// Words of the frame between this return address and the next outer one.
    pub variables: usize,
}

/// A term of a process.
#[derive(Clone, Debug, PartialEq)]
pub struct TermText {
    /// In Erlang's notation, cut where it is long.
    pub text: String,
    /// What it takes beside the terms before it in the list.
    pub size: TermSize,
}

/// The messages that waited for a process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages {
    /// The first ones, the oldest first.
    pub first: Vec<TermText>,
    /// All that the dump has.
    pub count: usize,
}

impl CrashDump {
    /// One process in detail; `None` if the dump does not list it.
    pub fn process(&self, pid: Pid) -> Option<ProcessDetail> {
        let process = self.find(pid)?.clone();
        let body = self.body_of(&process);
        let value =
            |wanted: &[u8]| lines(body).filter_map(field).find(|(key, _)| *key == wanted).map(|(_, value)| value);
        let links = value(b"Link list").unwrap_or_default();
        let (links, link_count) = split_list(links);
        let mut stack: Vec<Frame> = value(b"Program counter").and_then(frame).into_iter().collect();
        let is_stack_cut = self.deep(pid, Tag::ProcStack).is_some_and(|section| read_stack(section, &mut stack));
        let dictionary = self.deep(pid, Tag::ProcDictionary);
        Some(ProcessDetail {
            name: self.name(&process),
            spawned_as: self.spawned_as(&process),
            current_function: self.current_function(&process),
            started: process.started.text(body),
            internal_state: value(b"Internal State").map(text),
            links,
            link_count,
            stack,
            is_stack_cut,
            dictionary_entries: dictionary.map(|section| lines(section).filter(|line| !line.is_empty()).count()),
            has_heap: self.deep(pid, Tag::ProcHeap).is_some(),
            process,
        })
    }

    /// The functions on a process' stack, innermost first, at most `most`.
    pub(super) fn functions(&self, process: &Process, most: usize) -> Vec<String> {
        let current = self.current_function(process);
        let returns = self.deep(process.pid, Tag::ProcStack).into_iter().flat_map(lines).filter_map(return_address);
        let returns = returns.filter(|frame| !frame.function.starts_with('<')).map(|frame| frame.function);
        current.into_iter().chain(returns).take(most).collect()
    }

    /// The first `most` messages that waited for a process, with what each takes.
    pub fn messages(&self, pid: Pid, most: usize) -> Messages {
        let Some(section) = self.deep(pid, Tag::ProcMessages) else { return Messages::default() };
        let elements = lines(section).filter_map(|line| Element::read(line).map(|(message, _)| message));
        let first = self.show(pid, elements.take(most.min(MAX_KEPT)));
        Messages { first, count: lines(section).filter(|line| !line.is_empty()).count() }
    }

    /// The first `most` entries of a process' dictionary, each as `{Key,Value}`, with what each takes.
    pub fn dictionary(&self, pid: Pid, most: usize) -> Vec<TermText> {
        let section = self.deep(pid, Tag::ProcDictionary).unwrap_or_default();
        let elements = lines(section).filter_map(|line| Element::read(line).map(|(entry, _)| entry));
        self.show(pid, elements.take(most.min(MAX_KEPT)))
    }

    fn show<'a>(&self, pid: Pid, terms: impl Iterator<Item = Element<'a>>) -> Vec<TermText> {
        let body = self.deep(pid, Tag::ProcHeap).unwrap_or_default();
        let objects = Objects::of(body);
        let (literals, literal_objects) = self.literals();
        let heap = Heap {
            body,
            objects: &objects,
            literals,
            literal_objects,
            binary: &|address| self.binary(address),
            is_base64: self.is_base64(),
            word_bytes: self.head().word_bytes,
        };
        let (mut seen, mut budget) = (HashSet::new(), MAX_VISITED);
        terms
            .map(|term| {
                let mut size = heap.size(term, &mut seen, &mut budget);
                size.is_complete &= !objects.is_full;
                TermText { text: heap.show(term, MAX_TERM_TEXT), size }
            })
            .collect()
    }
}

/// The parts of `[<0.1.0>, {to,<0.2.0>,#Ref<0.1.2.3>}]`, and how many there are.
fn split_list(list: &[u8]) -> (Vec<String>, usize) {
    let inside = list.strip_prefix(b"[").unwrap_or(list);
    let inside = inside.strip_suffix(b"]").unwrap_or(inside);
    let (mut parts, mut count, mut depth, mut from) = (Vec::new(), 0, 0_i32, 0);
    let mut take = |part: &[u8]| {
        let part = part.trim_ascii();
        if !part.is_empty() {
            count += 1;
            if parts.len() < MAX_KEPT {
                parts.push(text(part));
            }
        }
    };
    for (at, byte) in inside.iter().enumerate() {
        match byte {
            b'{' | b'<' => depth += 1,
            b'}' | b'>' => depth -= 1,
            b',' if depth <= 0 => {
                take(&inside[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    take(&inside[from..]);
    (parts, count)
}

/// `0x00007f1f (timer:sleep/1 + 452)`.
fn frame(place: &[u8]) -> Option<Frame> {
    let (address, _) = hex(place)?;
    let function = text_of(function(place).unwrap_or(b"unknown function"), 512);
    Some(Frame { function, address, variables: 0 })
}

/// A line of a stack that is a return address: `0x00007f1f:SReturn addr 0xC4800C30 (init:boot/1 + 12)`.
fn return_address(line: &[u8]) -> Option<Frame> {
    let (_, rest) = hex(line)?;
    frame(rest.strip_prefix(b":SReturn addr ")?)
}

/// Adds the frames to what is known; true if there were too many.
fn read_stack(section: &[u8], stack: &mut Vec<Frame>) -> bool {
    for line in lines(section).filter(|line| !line.is_empty()) {
        match return_address(line) {
            Some(_) if stack.len() >= MAX_KEPT => return true,
            Some(frame) => stack.push(frame),
            // A variable, or a catch.
            None => {
                if let Some(last) = stack.last_mut() {
                    last.variables += 1;
                }
            }
        }
    }
    false
}

/// The application that a master of one runs: its state has a record `appl_data` with the name.
pub(super) fn application_in(heap: &[u8]) -> Option<String> {
    const RECORD: &[u8] = b":A9:appl_data,";
    let at = memchr::memmem::find(heap, RECORD)?;
    match Element::read(&heap[at + RECORD.len()..])? {
        (Element::Atom(name), _) => Some(text(name)),
        _ => None,
    }
}

/// Reads the object at an address of a heap that was not indexed.
pub(super) fn object_at(heap: &[u8], address: u64) -> Option<Object<'_>> {
    Object::read(super::heap::scan(heap, address)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_monitors_are_split() {
        let (parts, count) =
            split_list(b"[<0.9.0>, #Port<0.3>, {to,{a,'b@c'},#Ref<0.1.2.3>}, {from,<0.4.0>,#Ref<0.5.6.7>}]");
        assert_eq!(parts, ["<0.9.0>", "#Port<0.3>", "{to,{a,'b@c'},#Ref<0.1.2.3>}", "{from,<0.4.0>,#Ref<0.5.6.7>}"]);
        assert_eq!((count, split_list(b"[]").1, split_list(b"}}>,a").1), (4, 0, 2));
    }

    #[test]
    fn a_stack_is_read_from_the_inside_out() {
        let mut stack = vec![];
        let section = b"y0:N\ny1:SCatch 0xC4 (a:b/1 + 8)\n0x7f:SReturn addr 0xC4873864 (erlang:halt/1 + 140)\ny0:N\n\
            0x80:SReturn addr 0xC4800C30 (<terminate process normally>)\n";
        assert!(!read_stack(section, &mut stack));
        let frames: Vec<_> = stack.iter().map(|frame| (frame.function.as_str(), frame.variables)).collect();
        assert_eq!(frames, [("erlang:halt/1", 1), ("<terminate process normally>", 0)]);
    }

    #[test]
    fn an_application_is_told_by_its_masters_state() {
        assert_eq!(application_in(b"7F:t8:A9:appl_data,A4:shop,H1\n").as_deref(), Some("shop"));
        assert_eq!(application_in(b"7F:t8:A9:appl_data,AFF:sh"), None);
        assert_eq!(application_in(b"7F:t8:A9:appl_data,H12"), None);
    }
}
