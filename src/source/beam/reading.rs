//! What the collector's answers say, taken apart and checked.
//!
//! The order of parts is that of `forms/collector.exprs`. A row of another shape is left out; an answer of another shape is an error.

use super::terms::{Pid, Term};

/// What does not change while a node lives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub release: u32,
    pub version: String,
    pub word_bytes: f64,
    pub process_limit: f64,
    pub port_limit: f64,
    pub atom_limit: f64,
    pub table_limit: f64,
    pub processors: f64,
    pub schedulers_online: u64,
    pub schedulers: u64,
    pub process_count: u64,
    /// Units of the node's own clock in a second.
    pub native_per_s: f64,
}

impl Facts {
    /// From an answer to `{info}`.
    pub fn read(answer: &Term) -> Option<Self> {
        let [
            release,
            version,
            word,
            processes,
            ports,
            atoms,
            tables,
            processors,
            schedulers_online,
            schedulers,
            process_count,
            native,
        ] = answer.items()
        else {
            return None;
        };
        let online = schedulers_online.count()?;
        Some(Self {
            release: release.text()?.parse().ok()?,
            version: version.text()?,
            word_bytes: word.number()?,
            process_limit: processes.number()?,
            port_limit: ports.number()?,
            atom_limit: atoms.number()?,
            table_limit: tables.number()?,
            // `unknown` where the node can't tell.
            processors: processors.number().unwrap_or(online as f64),
            schedulers_online: online,
            schedulers: schedulers.count()?,
            process_count: process_count.count()?,
            native_per_s: native.number().filter(|native| *native > 0.0)?,
        })
    }
}

/// Two clocks of the node, read one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    /// Steady, in nanoseconds.
    pub steady_ns: i64,
    /// Its machine's wall clock.
    pub wall_ns: i64,
}

impl Moment {
    /// `{Steady, Wall}`, both in nanoseconds.
    pub fn read(term: &Term) -> Option<Self> {
        let [steady, wall] = term.items() else { return None };
        Some(Self { steady_ns: steady.int()?, wall_ns: wall.int()? })
    }
}

/// How long the collector took for its parts, in seconds, waiting for a scheduler included.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spent {
    pub globals_s: f64,
    pub census_s: f64,
    pub detail_s: f64,
    /// Of the answer before.
    pub send_s: f64,
}

/// What a process answers at no cost to itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub pid: Pid,
    pub reductions: u64,
    pub queue: u64,
}

/// Who a process is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct IdentityRow {
    pub pid: Pid,
    pub registered_name: Option<String>,
    pub initial_call: Option<String>,
    pub parent: Option<Pid>,
    pub group_leader: Option<Pid>,
}

/// A process' heaps, in words.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct HeapRow {
    /// Blocks and fragments held.
    pub held: f64,
    /// In use.
    pub live: f64,
    /// Of what is held: the block of the old generation.
    pub old_held: f64,
    /// Of what is in use: the old generation.
    pub old_live: f64,
    /// Held and in use outside of the blocks: mostly messages.
    pub fragments: f64,
    /// The stack, which lies in the block of the young generation and does not count as in use.
    pub stack: f64,
    /// Off-heap binaries held.
    pub binaries: f64,
}

/// What a watched process answers itself.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct DetailRow {
    pub pid: Pid,
    pub memory_bytes: f64,
    /// `waiting`, `running`, …
    pub status: Option<String>,
    pub current_function: Option<String>,
    pub registered_name: Option<String>,
    /// Minor collections since its last full sweep.
    pub minor_collections: u64,
}

/// A table's identity within a node's life.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum TableId {
    Named(String),
    Reference(Vec<u32>),
}

impl TableId {
    fn read(term: &Term) -> Option<Self> {
        match term {
            Term::Atom(_) => term.text().map(Self::Named),
            Term::Reference(words) => Some(Self::Reference(words.clone())),
            _ => None,
        }
    }
}

/// A table's size.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableRow {
    pub id: TableId,
    pub objects: f64,
    pub words: f64,
}

/// What a table is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TableFacts {
    pub id: TableId,
    pub name: String,
    pub owner: Option<Pid>,
    /// Differs for tables that bear the same name one after the other.
    pub reference: Option<Vec<u32>>,
    pub kind: Option<String>,
    pub protection: Option<String>,
    pub read_concurrency: Option<String>,
    pub write_concurrency: Option<String>,
    pub compressed: Option<String>,
}

/// One allocator over all its instances, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AllocatorRow {
    pub name: String,
    pub blocks_bytes: f64,
    pub carriers_bytes: f64,
}

/// The node as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Globals {
    /// `erlang:memory()`, in bytes.
    pub memory: Vec<(String, f64)>,
    /// Scheduler, time active, time in all.
    pub schedulers: Vec<(u64, f64, f64)>,
    pub run_queue: f64,
    pub collections: f64,
    pub reclaimed_words: f64,
    pub reductions: f64,
    pub input_bytes: f64,
    pub output_bytes: f64,
    /// Processor time of all threads.
    pub runtime_s: f64,
    pub processes: f64,
    pub ports: f64,
    pub atoms: f64,
    pub tables: f64,
    pub context_switches: f64,
}

impl Globals {
    /// One of the figures of `erlang:memory()`.
    pub fn memory(&self, name: &str) -> Option<f64> {
        self.memory.iter().find(|(known, _)| known == name).map(|(_, bytes)| *bytes)
    }

    fn read(term: &Term) -> Option<Self> {
        let [memory, schedulers, queues, gc, reductions, io, runtime, processes, ports, atoms, tables, switches] =
            term.items()
        else {
            return None;
        };
        let pair = |term: &Term| Some((term.items().first()?.text()?, term.items().get(1)?.number()?));
        let first = |term: &Term| term.items().first().and_then(Term::number);
        let direction = |index: usize| io.items().get(index)?.items().get(1)?.number();
        let scheduler = |term: &Term| match term.items() {
            [id, active, total] => Some((id.count()?, active.number()?, total.number()?)),
            _ => None,
        };
        Some(Self {
            memory: memory.items().iter().filter_map(pair).collect(),
            // Not a list until the counting is on.
            schedulers: schedulers.items().iter().filter_map(scheduler).collect(),
            run_queue: queues.items().iter().filter_map(Term::number).sum(),
            collections: first(gc)?,
            reclaimed_words: gc.items().get(1)?.number()?,
            reductions: first(reductions)?,
            input_bytes: direction(0)?,
            output_bytes: direction(1)?,
            runtime_s: first(runtime)? / 1000.0,
            processes: processes.number()?,
            ports: ports.number()?,
            atoms: atoms.number()?,
            tables: tables.number()?,
            context_switches: first(switches)?,
        })
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub sequence: i64,
    /// Answers that the node could not send, so far.
    pub lost: u64,
    pub spent: Spent,
    pub moment: Moment,
    pub globals: Globals,
    /// Application and its master; empty if they were not asked for.
    pub masters: Vec<(String, Pid)>,
    pub allocators: Vec<AllocatorRow>,
    /// Physical memory of the node's process, told together with the allocators, where its machine tells it.
    pub resident_bytes: Option<f64>,
    pub tables: Vec<TableRow>,
    pub table_facts: Vec<TableFacts>,
    /// The chunk of the round.
    pub rows: Vec<Row>,
    /// Those who were asked for besides.
    pub others: Vec<Row>,
    pub identities: Vec<IdentityRow>,
    pub labels: Vec<(Pid, String)>,
    pub calls: Vec<(Pid, String)>,
    pub heaps: Vec<(Pid, HeapRow)>,
    pub details: Vec<DetailRow>,
    pub skipped: u64,
    /// Processes not yet visited in this round.
    pub left: u64,
}

impl Reading {
    /// From an answer to a measurement.
    pub fn read(answer: &Term, native_per_s: f64) -> Option<Self> {
        let [
            sequence,
            spent,
            moment,
            globals,
            masters,
            areas,
            tables,
            rows,
            others,
            known,
            sizes,
            detail,
            skipped,
            left,
        ] = answer.items()
        else {
            return None;
        };
        let [lost, begin, middle, end, detailed, sent] = spent.items() else { return None };
        let [begin, middle, end, detailed] = [begin.number()?, middle.number()?, end.number()?, detailed.number()?];
        let seconds = |from: f64, to: f64| ((to - from) / native_per_s).max(0.0);
        let [areas, status] = areas.items() else { return None };
        let [tables, owners] = tables.items() else { return None };
        let [identities, labels, calls] = known.items() else { return None };
        let send_s = sent.number()? / native_per_s;
        Some(Self {
            sequence: sequence.int()?,
            lost: lost.count()?,
            spent: Spent {
                globals_s: seconds(begin, middle),
                census_s: seconds(middle, end),
                detail_s: seconds(end, detailed),
                send_s: if send_s > 0.0 { send_s } else { 0.0 },
            },
            moment: Moment::read(moment)?,
            globals: Globals::read(globals)?,
            masters: rows_of(masters, |row| match row {
                [application, master] => Some((application.text()?, master.pid()?)),
                _ => None,
            }),
            allocators: areas.items().iter().filter_map(allocator).collect(),
            resident_bytes: match status.items() {
                [_, Term::Binary(text)] => resident_bytes(&String::from_utf8_lossy(text)),
                _ => None,
            },
            tables: rows_of(tables, |row| match row {
                [id, objects, words] => {
                    Some(TableRow { id: TableId::read(id)?, objects: objects.number()?, words: words.number()? })
                }
                _ => None,
            }),
            table_facts: owners.items().iter().filter_map(table_facts).collect(),
            rows: rows_of(rows, row),
            others: rows_of(others, row),
            identities: rows_of(identities, identity),
            labels: rows_of(labels, |row| Some((row.first()?.pid()?, row.get(1)?.text()?))),
            calls: rows_of(calls, |row| Some((row.first()?.pid()?, row.get(1)?.function()?))),
            heaps: rows_of(sizes, heap),
            details: detail.items().iter().flat_map(|slice| rows_of(slice, details)).collect(),
            skipped: skipped.count()?,
            left: left.count()?,
        })
    }
}

fn rows_of<T>(list: &Term, read: impl Fn(&[Term]) -> Option<T>) -> Vec<T> {
    list.items().iter().filter_map(|row| read(row.items())).collect()
}

fn row(row: &[Term]) -> Option<Row> {
    let [pid, reductions, queue] = row else { return None };
    Some(Row { pid: pid.pid()?, reductions: reductions.count()?, queue: queue.count()? })
}

fn identity(row: &[Term]) -> Option<IdentityRow> {
    let [pid, name, call, parent, leader] = row else { return None };
    Some(IdentityRow {
        pid: pid.pid()?,
        registered_name: name.atom().and_then(|_| name.text()),
        initial_call: call.function(),
        parent: parent.pid(),
        group_leader: leader.pid(),
    })
}

fn heap(row: &[Term]) -> Option<(Pid, HeapRow)> {
    let [pid, old_block, block, fragments, old_used, used, binaries, old_binaries, stack] = row else { return None };
    let (old_held, old_live) = (old_block.number()?, old_used.number()?);
    let (fragments, stack) = (fragments.number()?, stack.number()?);
    let held = old_held + block.number()? + fragments;
    let live = old_live + used.number()? + fragments;
    let binaries = binaries.number()? + old_binaries.number()?;
    Some((pid.pid()?, HeapRow { held, live, old_held, old_live, fragments, stack, binaries }))
}

fn details(row: &[Term]) -> Option<DetailRow> {
    let [pid, memory, status, function, name, collections] = row else { return None };
    Some(DetailRow {
        pid: pid.pid()?,
        memory_bytes: memory.number()?,
        status: status.text(),
        current_function: function.function(),
        registered_name: name.atom().and_then(|_| name.text()),
        minor_collections: collections.count()?,
    })
}

fn table_facts(row: &Term) -> Option<TableFacts> {
    let [first, second, third] = row.items() else { return None };
    let ([id, name, owner], [kind, protection, reference], [read, write, compressed]) =
        (first.items(), second.items(), third.items())
    else {
        return None;
    };
    Some(TableFacts {
        id: TableId::read(id)?,
        name: name.text()?,
        owner: owner.pid(),
        reference: if let Term::Reference(words) = reference { Some(words.clone()) } else { None },
        kind: kind.text(),
        protection: protection.text(),
        read_concurrency: read.text(),
        write_concurrency: write.text(),
        compressed: compressed.text(),
    })
}

/// The line `VmRSS:   39580 kB` of what Linux tells of a process.
fn resident_bytes(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    Some(kilobytes * 1024.0)
}

/// Adds up the instances of an allocator: `{Name, [{instance, N, [{mbcs, [{blocks, …}, {carriers_size, …}]}, …]}]}`.
fn allocator(term: &Term) -> Option<AllocatorRow> {
    let [name, instances] = term.items() else { return None };
    let mut total = AllocatorRow { name: name.text()?, blocks_bytes: 0.0, carriers_bytes: 0.0 };
    let parts = instances.items().iter().filter_map(|instance| instance.items().get(2)).flat_map(Term::items);
    for part in parts {
        let [kind, figures] = part.items() else { continue };
        if !matches!(kind.atom(), Some("mbcs" | "mbcs_pool" | "sbcs")) {
            continue;
        }
        for figure in figures.items() {
            match (figure.items().first().and_then(Term::atom), figure.items().get(1)) {
                (Some("carriers_size"), Some(bytes)) => total.carriers_bytes += bytes.number().unwrap_or(0.0),
                (Some("blocks"), Some(types)) => {
                    let sizes = types.items().iter().filter_map(|of_type| of_type.items().get(1));
                    let figures = sizes.flat_map(Term::items).map(Term::items);
                    let sizes = figures.filter(|figure| figure.first().and_then(Term::atom) == Some("size"));
                    total.blocks_bytes += sizes.filter_map(|figure| figure.get(1)?.number()).sum::<f64>();
                }
                _ => {}
            }
        }
    }
    Some(total)
}

/// What processes were executing: who, whether it was not waiting, and its frames, outermost first.
pub(super) struct Stacks {
    pub moment: Moment,
    pub rows: Vec<(Pid, bool, Vec<String>)>,
}

impl Stacks {
    /// From an answer to a request for stacks.
    pub fn read(answer: &Term) -> Option<Self> {
        let [_sequence, moment, rows] = answer.items() else { return None };
        let stack = |row: &[Term]| match row {
            [pid, status, frames] => {
                let frames = frames.items().iter().rev().filter_map(frame).collect();
                Some((pid.pid()?, status.atom()? != "waiting", frames))
            }
            _ => None,
        };
        Some(Self { moment: Moment::read(moment)?, rows: rows_of(rows, stack) })
    }
}

/// `module:function/arity`, with `(file:line)` where the node gives it.
fn frame(term: &Term) -> Option<String> {
    let function = term.function()?;
    let place = term.items().get(3).map_or(&[][..], Term::items);
    let of =
        |name: &str| place.iter().find(|pair| pair.items().first().and_then(Term::atom) == Some(name))?.items().get(1);
    match (of("file").and_then(Term::text), of("line").and_then(Term::int)) {
        (Some(file), Some(line)) => Some(format!("{function} ({file}:{line})")),
        _ => Some(function),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atom(name: &str) -> Term {
        Term::Atom(name.to_owned())
    }

    fn tuple(items: &[Term]) -> Term {
        Term::Tuple(items.to_vec())
    }

    fn list(items: &[Term]) -> Term {
        Term::List(items.to_vec())
    }

    #[test]
    fn an_allocators_instances_add_up() {
        let size = |bytes| list(&[tuple(&[atom("size"), Term::Int(bytes), Term::Int(999), Term::Int(999)])]);
        let carriers = |kind: &str, blocks: i64, bytes: i64| {
            let blocks = tuple(&[atom("blocks"), list(&[tuple(&[atom("eheap_alloc"), size(blocks)])])]);
            let carriers = tuple(&[atom("carriers_size"), Term::Int(bytes), Term::Int(999)]);
            tuple(&[atom(kind), list(&[blocks, carriers])])
        };
        let instance = |parts: &[Term]| tuple(&[atom("instance"), Term::Int(0), list(parts)]);
        let both = list(&[
            instance(&[carriers("mbcs", 10, 100), carriers("other", 7, 7)]),
            instance(&[carriers("sbcs", 5, 20)]),
        ]);
        let row = allocator(&tuple(&[atom("eheap_alloc"), both])).unwrap();
        assert_eq!((row.blocks_bytes, row.carriers_bytes), (15.0, 120.0));
    }

    #[test]
    fn physical_memory_is_a_line_of_what_linux_tells() {
        assert_eq!(resident_bytes("Name:\tbeam.smp\nVmRSS:\t   39580 kB\nRssAnon:\t 1 kB\n"), Some(39_580.0 * 1024.0));
        assert_eq!(resident_bytes("VmRSS:\tmany kB"), None);
        assert_eq!(resident_bytes(""), None);
    }

    #[test]
    fn frames_say_where_they_are_in_the_code() {
        let place = |name: &str, value: Term| tuple(&[atom(name), value]);
        let file = list(&"shop.erl".chars().map(|c| Term::Int(c as i64)).collect::<Vec<_>>());
        let known = list(&[place("file", file), place("line", Term::Int(12))]);
        let with = tuple(&[atom("shop"), atom("sell"), Term::Int(2), known]);
        let without = tuple(&[atom("shop"), atom("sell"), Term::Int(2), list(&[])]);
        assert_eq!(frame(&with).unwrap(), "shop:sell/2 (shop.erl:12)");
        assert_eq!(frame(&without).unwrap(), "shop:sell/2");
    }

    #[test]
    fn answers_of_another_shape_are_refused() {
        for answer in [Term::Int(1), tuple(&[]), tuple(&vec![Term::Int(1); 14]), tuple(&vec![atom("x"); 12])] {
            assert!(Reading::read(&answer, 1e9).is_none());
            assert!(Facts::read(&answer).is_none());
            assert!(Stacks::read(&answer).is_none());
        }
    }
}
