//! Who processes are and where they belong, as far as a dump tells: `proc_lib` leaves the initial call, the label and the ancestors
//! in the dictionary, application masters have their application's name in their state. Group leaders are not in a dump.

use std::collections::HashMap;

use memchr::memmem::{Finder, find};

use super::CrashDump;
use super::detail::{application_in, object_at};
use super::fields::text;
use super::heap::{Heap, Objects};
use super::index::Tag;
use super::process::Process;
use super::terms::{Element, Object};
use crate::source::beam::identity::Origins;
use crate::source::terms::Pid;

/// Ancestors that are looked at.
const MAX_ANCESTORS: usize = 32;

/// So much of a heap is looked through: its end, as dictionaries are written last.
const MAX_LOOKED_THROUGH: usize = 32 << 20;

/// Labels that are compound terms are only shown from heaps that can be indexed at once.
const MAX_LABEL_HEAP: usize = 1 << 20;

/// Their text.
const MAX_LABEL: usize = 60;

/// What is looked for in dictionaries.
struct Keys {
    initial_call: Finder<'static>,
    label: Finder<'static>,
    ancestors: Finder<'static>,
}

/// The origins of all processes.
pub(super) fn origins(dump: &CrashDump) -> Origins {
    let keys = Keys {
        initial_call: Finder::new(b":t2:AD:$initial_call,"),
        label: Finder::new(b":t2:AE:$process_label,"),
        ancestors: Finder::new(b":t2:AA:$ancestors,"),
    };
    let names: HashMap<String, Pid> =
        dump.processes().iter().filter_map(|process| Some((dump.name(process)?, process.pid))).collect();
    let mut origins = Origins::default();
    for process in dump.processes() {
        // A damaged dump may list one many times.
        if origins.is_known(process.pid) {
            continue;
        }
        let told = told(dump, process, &keys, &names);
        let call = told.initial_call.or_else(|| dump.spawned_as(process));
        if call.as_deref().is_some_and(|call| call.starts_with("application_master:"))
            && let Some(application) = dump.deep(process.pid, Tag::ProcHeap).and_then(application_in)
        {
            origins.put_master(process.pid, application);
        }
        origins.put(process.pid, dump.name(process), call, told.label, told.parent);
    }
    origins
}

#[derive(Default)]
struct Told {
    initial_call: Option<String>,
    label: Option<String>,
    parent: Option<Pid>,
}

fn told(dump: &CrashDump, process: &Process, keys: &Keys, names: &HashMap<String, Pid>) -> Told {
    let is_there = |pid: &Pid| dump.find(*pid).is_some();
    let mut told = Told { parent: process.parent, ..Told::default() };
    let (Some(dictionary), Some(heap)) =
        (dump.deep(process.pid, Tag::ProcDictionary), dump.deep(process.pid, Tag::ProcHeap))
    else {
        return told;
    };
    let heap = &heap[heap.len().saturating_sub(MAX_LOOKED_THROUGH)..];
    told.initial_call = entry(dictionary, heap, &keys.initial_call).and_then(|value| function(heap, value));
    told.label = entry(dictionary, heap, &keys.label).and_then(|value| label(dump, heap, value));
    // Whoever started it may be gone, a grandparent still there.
    if !told.parent.as_ref().is_some_and(is_there) {
        let list = entry(dictionary, heap, &keys.ancestors);
        let found = list.and_then(|list| ancestors(heap, list, names).into_iter().find(is_there));
        told.parent = found.or(told.parent);
    }
    told
}

/// The value of a dictionary's entry. Its pair lies in the heap; other pairs that look alike are not listed in the dictionary.
fn entry<'a>(dictionary: &[u8], heap: &'a [u8], key: &Finder<'_>) -> Option<Element<'a>> {
    key.find_iter(heap).take(100).find_map(|at| {
        let begin = memchr::memrchr(b'\n', &heap[..at]).map_or(0, |end| end + 1);
        let address = &heap[begin..at];
        let is_listed = find(dictionary, &[b"H", address, b"\n"].concat()).is_some();
        let value = &heap[at + key.needle().len()..];
        is_listed.then(|| Element::read(value).map(|(value, _)| value)).flatten()
    })
}

/// `{Module, Function, Arity}`.
fn function(heap: &[u8], value: Element<'_>) -> Option<String> {
    let Element::Pointer(address) = value else { return None };
    match object_at(heap, address)? {
        Object::Tuple(items) => match items.as_slice() {
            [Element::Atom(module), Element::Atom(function), Element::Int(arity)] => {
                Some(format!("{}:{}/{}", text(module), text(function), text(arity)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn label(dump: &CrashDump, heap: &[u8], value: Element<'_>) -> Option<String> {
    match value {
        Element::Atom(name) => Some(text(name)).filter(|name| name != "undefined"),
        Element::Nil => None,
        value if heap.len() <= MAX_LABEL_HEAP => {
            let objects = Objects::of(heap);
            let (literals, literal_objects) = dump.literals();
            let (is_base64, word_bytes) = (dump.is_base64(), dump.head().word_bytes);
            let binary = &|address| dump.binary(address);
            let heap = Heap { body: heap, objects: &objects, literals, literal_objects, binary, is_base64, word_bytes };
            let shown = heap.show(value, MAX_LABEL);
            // Text is shown as such.
            let inside = shown.strip_prefix("<<\"").and_then(|rest| rest.strip_suffix("\">>"));
            let inside = inside.or_else(|| shown.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
            Some(inside.map(str::to_owned).unwrap_or(shown))
        }
        _ => None,
    }
}

/// Pids, and registered names of processes that are there.
fn ancestors(heap: &[u8], list: Element<'_>, names: &HashMap<String, Pid>) -> Vec<Pid> {
    let (mut found, mut rest) = (Vec::new(), list);
    for _ in 0..MAX_ANCESTORS {
        let Element::Pointer(address) = rest else { break };
        let Some(Object::Cons(head, tail)) = object_at(heap, address) else { break };
        match head {
            Element::Pid(shown) => found.extend(super::fields::pid(shown)),
            Element::Atom(name) => found.extend(names.get(&text(name))),
            _ => {}
        }
        rest = tail;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "=erl_crash_dump:0.5\n=proc:<0.50.0>\nSpawned as: proc_lib:init_p/5\nSpawned by: <0.44.0>\n\
        =proc:<0.52.0>\nName: shop_sup\nSpawned as: proc_lib:init_p/5\nSpawned by: <0.50.0>\n\
        =proc:<0.60.0>\nSpawned as: proc_lib:init_p/5\nSpawned by: <0.59.0>\n\
        =proc_dictionary:<0.50.0>\nHA0\n=proc_heap:<0.50.0>\nA0:t2:AD:$initial_call,HB0\nB0:t3:A12:application_master,A4:init,I4\n\
        C0:t3:A5:state,HD0,N\nD0:t8:A9:appl_data,A4:shop,N,N,N,N,N,N\n\
        =proc_dictionary:<0.60.0>\nHA0\nHA1\nHA2\n=proc_heap:<0.60.0>\n90:t2:AD:$initial_call,H91\n91:t3:A5:wrong,A3:one,I1\n\
        A0:t2:AD:$initial_call,HB0\nB0:t3:A6:worker,A4:init,I1\nA1:t2:AE:$process_label,HB1\nB1:t2:A4:item,I7\n\
        A2:t2:AA:$ancestors,HB2\nB2:lP<0.59.0>|HB3\nB3:lA8:shop_sup|N\n=end\n";

    #[test]
    fn initial_calls_labels_and_ancestors_come_from_the_dictionary() {
        let dump = CrashDump::of_bytes(DUMP.as_bytes().to_vec(), "d");
        let pid = |id| Pid { id, serial: 0, creation: 0 };
        let identity = origins(&dump).identity(pid(60)).unwrap();
        assert_eq!(identity.attributes["initial_call"], "worker:init/1", "not the one that only looks like it");
        assert_eq!((identity.attributes["label"].as_str(), identity.name.as_str()), ("{item,7}", "{item,7} <0.60.0>"));
        assert_eq!(identity.attributes["supervisor"], "shop_sup", "its parent is gone, its grandparent is there");
        assert_eq!((identity.parent, identity.component), (Some(pid(52)), "app:shop".into()));
    }
}
