//! Files of `dbg:trace_port(file, …)`: trace messages as external terms, one a packet.
//!
//! A packet is `<<0, Size:32, Term>>`, or `<<1, Count:32>>` where the node dropped messages. Of the messages those of garbage
//! collections with a time stamp are used (`trace_ts`; monotonic, strictly monotonic or wall-clock), and starts, names and ends of
//! processes where they were traced too.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use super::complaints::Complaints;
use super::gc_pairs::{Edge, Pairs};
use super::input::Input;
use super::series::OF_HEAPS;
use super::slices::Slices;
use crate::model::batch::Batch;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::gc::{GcTracing, HeapSizes, TracingChange, TracingEnd};
use crate::model::time::Timestamp;
use crate::source::terms::{Decoder, Pid, Term};
use crate::source::{Source, SourceError, SourceInfo, StopSignal};

/// A larger packet is none of these.
const MAX_PACKET_BYTES: usize = 16 << 20;

/// Whether a file begins like one: a packet with a tuple that has an atom beginning with `trace`.
pub(super) fn tells(head: &[u8]) -> bool {
    let Some((&[kind, _, _, _, _, version, tuple], rest)) = head.split_first_chunk() else { return false };
    kind == 0 && version == 131 && tuple == 104 && rest.windows(5).take(8).any(|text| text == b"trace")
}

/// Opens one.
pub(super) fn open(input: Input) -> Result<Box<dyn Source>, SourceError> {
    let complaints = Complaints::new(input.name());
    let mut info = super::series::info(&input, &OF_HEAPS);
    info.limits.push(String::from(
        "Memory of a process is that of its heaps after its last collection, without binaries and its own structure; words are taken to be of 8 bytes.",
    ));
    Ok(Box::new(TracePort {
        info,
        stream: input.into_stream(),
        offset: 0,
        packet: Vec::new(),
        complaints,
        slices: Slices::default(),
        pairs: Pairs::default(),
        processes: HashMap::new(),
        next_id: 0,
        zero: None,
        now: Timestamp(0),
        without_time: 0,
        has_ended: false,
    }))
}

struct TracePort {
    info: SourceInfo,
    stream: Box<dyn BufRead + Send>,
    /// Bytes read.
    offset: u64,
    packet: Vec<u8>,
    complaints: Complaints,
    slices: Slices,
    pairs: Pairs,
    processes: HashMap<Pid, Process>,
    next_id: u32,
    /// The monotonic time that counts as 0.
    zero: Option<i64>,
    /// Of the newest message.
    now: Timestamp,
    without_time: u64,
    has_ended: bool,
}

#[derive(Default)]
struct Process {
    entity: Option<EntityId>,
    is_traced: bool,
    name: Option<String>,
    initial_call: Option<String>,
}

enum Packet {
    Term,
    Dropped(u64),
    End,
}

impl TracePort {
    fn read_packet(&mut self) -> Packet {
        match read_packet(&mut self.stream, &mut self.packet) {
            Ok(packet) => {
                self.offset += if let Packet::End = packet { 0 } else { 5 + self.packet.len() as u64 };
                packet
            }
            Err(error) => {
                self.complaints.say(format!("it can be read up to byte {} only: {error}", self.offset));
                Packet::End
            }
        }
    }

    /// A message; `None` if it is none that is of use.
    fn take(&mut self) -> Option<()> {
        let place = format!("byte {}", self.offset - self.packet.len() as u64);
        let term = match Decoder::new(&self.packet).versioned() {
            Ok(term) => term,
            Err(error) => {
                // Others may hold anything; only a collection's would be missed.
                if self.packet.windows(3).take(64).any(|text| text == b"gc_") {
                    self.complaints.leave_out(&place, &format!("a trace message was expected: {error}"));
                }
                return None;
            }
        };
        let [tag, pid, name, rest @ ..] = term.items() else { return None };
        let (pid, name) = (pid.pid()?, name.atom()?);
        let edge = Edge::from_name(name);
        if tag.atom() != Some("trace_ts") {
            self.without_time += u64::from(edge.is_some());
            return None;
        }
        let (stamp, arguments) = rest.split_last()?;
        let Some(at) = self.time(stamp) else {
            self.complaints.leave_out(&place, "a monotonic or wall-clock time stamp was expected");
            return None;
        };
        self.now = self.now.max(at);
        match (edge, name) {
            (Some(edge), _) => match arguments.first().and_then(sizes) {
                Some((words, sizes)) => self.collection(pid, at, edge, words, sizes),
                None => self.complaints.leave_out(&place, "the sizes of a heap were expected"),
            },
            (None, "spawned") => self.process(pid).initial_call = arguments.get(1).and_then(call),
            (None, "register") => self.process(pid).name = arguments.first().and_then(Term::text),
            (None, "exit") => self.exit(pid, at),
            (None, _) => {}
        }
        Some(())
    }

    fn time(&mut self, stamp: &Term) -> Option<Timestamp> {
        let monotonic = match stamp.items() {
            [] => stamp.int()?,
            [monotonic, _unique] => monotonic.int()?,
            [mega, seconds, micros] => {
                let seconds = mega.int()?.checked_mul(1_000_000)?.checked_add(seconds.int()?)?;
                return seconds.checked_mul(1_000_000)?.checked_add(micros.int()?)?.checked_mul(1_000).map(Timestamp);
            }
            _ => return None,
        };
        let zero = *self.zero.get_or_insert(monotonic);
        Some(Timestamp(monotonic.checked_sub(zero)?))
    }

    fn process(&mut self, pid: Pid) -> &mut Process {
        self.processes.entry(pid).or_default()
    }

    fn collection(&mut self, pid: Pid, at: Timestamp, edge: Edge, words: u64, sizes: HeapSizes) {
        let process = self.processes.entry(pid).or_default();
        let batch = self.slices.batch();
        let entity = *process.entity.get_or_insert_with(|| {
            let id = EntityId(self.next_id);
            self.next_id = self.next_id.saturating_add(1);
            batch.appeared.push(entity(id, pid, process.name.as_deref(), process.initial_call.as_deref()));
            id
        });
        let is_new = !std::mem::replace(&mut process.is_traced, true);
        if is_new {
            batch.gc_tracing.push(GcTracing { at, entity, change: TracingChange::Began(None) });
        }
        let fits = self.pairs.take(entity, at, edge, words, sizes, &mut batch.gc_events);
        self.slices.put_at(at);
        // Tracing may have begun amidst a collection.
        if fits || is_new {
            self.complaints.take();
        } else {
            self.complaints.leave_out(&format!("byte {}", self.offset), "the other half of a collection was expected");
        }
    }

    fn exit(&mut self, pid: Pid, at: Timestamp) {
        let Some(Process { entity: Some(entity), is_traced, .. }) = self.processes.remove(&pid) else { return };
        let batch = self.slices.batch();
        self.pairs.end(entity);
        if is_traced {
            let change = TracingChange::Ended(TracingEnd::Gone);
            batch.gc_tracing.push(GcTracing { at, entity, change });
        }
        batch.vanished.push(entity);
        self.slices.put_at(at);
    }

    /// From here on it is not known whose collections are missing: each stretch ends, and the next event begins another one.
    fn dropped(&mut self, count: u64) {
        self.complaints.say(format!("the node dropped {count} trace messages at byte {}", self.offset));
        let (now, batch) = (self.now, self.slices.batch());
        let mut traced: Vec<_> = self.processes.values_mut().filter(|process| process.is_traced).collect();
        traced.sort_by_key(|process| process.entity);
        for process in traced {
            process.is_traced = false;
            if let Some(entity) = process.entity {
                self.pairs.end(entity);
                let change = TracingChange::Ended(TracingEnd::Limited);
                batch.gc_tracing.push(GcTracing { at: now, entity, change });
            }
        }
    }
}

impl Source for TracePort {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        while !self.has_ended && !stop.is_requested() {
            match self.read_packet() {
                Packet::Term => {
                    let _of_no_use = self.take();
                }
                Packet::Dropped(count) => self.dropped(count),
                Packet::End => {
                    self.has_ended = true;
                    if self.without_time > 0 {
                        self.complaints.say(format!(
                            "{} collections have no time stamp and are left out; trace with monotonic_timestamp",
                            self.without_time
                        ));
                    }
                    self.complaints.finish()?;
                }
            }
            if self.slices.is_full_before(self.now) {
                break;
            }
        }
        Ok(self.slices.take(&mut self.complaints))
    }
}

fn read_packet(stream: &mut dyn BufRead, packet: &mut Vec<u8>) -> io::Result<Packet> {
    packet.clear();
    if stream.fill_buf()?.is_empty() {
        return Ok(Packet::End);
    }
    let mut header = [0; 5];
    let cut_off = || io::Error::other("the packet that begins there is cut off");
    stream.read_exact(&mut header).map_err(|_| cut_off())?;
    let [kind, size @ ..] = header;
    let size = u32::from_be_bytes(size);
    match kind {
        1 => return Ok(Packet::Dropped(u64::from(size))),
        0 if size as usize <= MAX_PACKET_BYTES => {}
        _ => return Err(io::Error::other("what follows is no packet of a trace")),
    }
    stream.take(u64::from(size)).read_to_end(packet)?;
    if packet.len() == size as usize { Ok(Packet::Term) } else { Err(cut_off()) }
}

/// The words of the event, and the heap's sizes.
fn sizes(info: &Term) -> Option<(u64, HeapSizes)> {
    let (mut words, mut sizes, mut found) = (0, HeapSizes::default(), 0);
    for pair in info.items() {
        let [name, value] = pair.items() else { return None };
        let target = match name.atom()? {
            "wordsize" => &mut words,
            "heap_size" => &mut sizes.heap,
            "heap_block_size" => &mut sizes.heap_block,
            "old_heap_size" => &mut sizes.old_heap,
            "old_heap_block_size" => &mut sizes.old_heap_block,
            "stack_size" => &mut sizes.stack,
            "recent_size" => &mut sizes.recent,
            "mbuf_size" => &mut sizes.mbuf,
            "bin_vheap_size" => &mut sizes.bin_vheap,
            "bin_vheap_block_size" => &mut sizes.bin_vheap_block,
            "bin_old_vheap_size" => &mut sizes.bin_old_vheap,
            "bin_old_vheap_block_size" => &mut sizes.bin_old_vheap_block,
            _ => continue,
        };
        *target = value.count()?;
        found += 1;
    }
    // All but the words asked for are in every event.
    (found >= 11).then_some((words, sizes))
}

/// `module:function/arity` of `{Module, Function, Arguments}`.
fn call(term: &Term) -> Option<String> {
    let [module, function, arguments] = term.items() else { return None };
    Some(format!("{}:{}/{}", module.text()?, function.text()?, arguments.items().len()))
}

fn entity(id: EntityId, pid: Pid, name: Option<&str>, initial_call: Option<&str>) -> Entity {
    let facts = [("pid", Some(pid.to_string())), ("registered_name", name.map(str::to_owned))];
    let facts = facts.into_iter().chain([("initial_call", initial_call.map(str::to_owned))]);
    Entity {
        id,
        kind: EntityKind::BeamProcess,
        key: format!("pid:{pid}"),
        name: match (name, initial_call) {
            (Some(name), _) => name.to_owned(),
            (None, Some(call)) => format!("{call} {pid}"),
            (None, None) => pid.to_string(),
        },
        parent: None,
        component: None,
        started: None,
        ended: None,
        attributes: facts.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
    }
}
