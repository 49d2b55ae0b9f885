//! What a dump says of the node as a whole: memory by kind, allocators, tables of the runtime, code, schedulers, nodes, ports, timers.

use std::collections::BTreeMap;

use super::fields::{atom, field, hex, lines, number, pid, text};
use super::index::{Index, Section, Tag};
use crate::source::terms::Pid;

/// More of a kind of small thing is not kept one by one.
const MAX_KEPT: usize = 100_000;

/// Lines of a small section that are looked at.
const MAX_LINES: usize = 10_000;

/// What the dump says of the whole node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// As `erlang:memory()` tells it, in bytes.
    pub memory: BTreeMap<String, u64>,
    /// Areas that the runtime allocated for itself, in bytes.
    pub areas: BTreeMap<String, u64>,
    /// By allocator, all instances together.
    pub allocators: BTreeMap<String, AllocatorTotal>,
    /// Atoms that exist, and the most that there can be.
    pub atoms: (Option<u64>, Option<u64>),
    /// Bytes of current and old code.
    pub code_bytes: (Option<u64>, Option<u64>),
    /// Modules, by their bytes of current and old code.
    pub modules: Vec<Module>,
    /// The node's name.
    pub node: Option<String>,
    /// Other nodes that it knew.
    pub nodes: Vec<OtherNode>,
    /// Its schedulers, dirty ones too.
    pub schedulers: Vec<Scheduler>,
    /// Run queues of dirty schedulers together.
    pub dirty_queued: u64,
    /// Its ports.
    pub ports: Vec<Port>,
    /// All of them, also those that are not kept.
    pub port_count: u64,
    /// Timers by the process that they will wake.
    pub timers: BTreeMap<Pid, u64>,
    /// All of them.
    pub timer_count: u64,
    /// Persistent terms.
    pub persistent_terms: u64,
    /// Functions as values (`=fun`), by kind.
    pub funs: u64,
    /// Why the runtime gave up writing, if it says so.
    pub aborted: Option<String>,
}

/// One allocator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AllocatorTotal {
    /// In use.
    pub blocks_bytes: u64,
    /// Held from the operating system.
    pub carriers_bytes: u64,
}

/// A loaded module.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Its name.
    pub name: String,
    /// Its code.
    pub current_bytes: u64,
    /// Code that it replaced and that somebody still runs.
    pub old_bytes: u64,
}

/// A node that this one knew.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherNode {
    /// `visible`, `hidden` or `not connected`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Who controls the connection.
    pub controller: Option<String>,
}

/// A scheduler.
#[derive(Clone, Debug, PartialEq)]
pub struct Scheduler {
    /// Its number.
    pub id: u64,
    /// `scheduler`, `dirty CPU scheduler` or `dirty I/O scheduler`.
    pub kind: &'static str,
    /// Whether it slept.
    pub is_asleep: bool,
    /// Who waits for it; nothing for dirty ones, which share their queues.
    pub queued: u64,
    /// Whom it ran.
    pub current: Option<Pid>,
    /// Where that was.
    pub current_function: Option<String>,
}

/// A port.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// `#Port<0.3>`.
    pub id: String,
    /// What it is to: a driver, a program, a file descriptor.
    pub name: String,
    /// Who owns it.
    pub connected: Option<Pid>,
    /// Bytes that came in.
    pub input_bytes: u64,
    /// Bytes that went out.
    pub output_bytes: u64,
    /// Bytes that wait to go out.
    pub queue_bytes: u64,
}

impl Totals {
    /// From all small sections.
    pub(super) fn read(bytes: &[u8], index: &Index) -> Self {
        let mut totals = Self::default();
        for number_of in 0..index.len() {
            // The large kinds, which come by the thousand, are read elsewhere.
            let Some(tag) = index.tag(number_of) else { continue };
            let is_large = matches!(
                tag,
                Tag::Proc
                    | Tag::ProcHeap
                    | Tag::ProcStack
                    | Tag::ProcDictionary
                    | Tag::ProcMessages
                    | Tag::Binary
                    | Tag::Ets
            );
            if tag == Tag::Fun {
                totals.funs += 1;
            } else if !is_large && let Some(section) = index.section(bytes, number_of) {
                totals.take(section);
            }
        }
        totals
    }

    fn take(&mut self, section: Section<'_>) {
        let pairs = || lines(section.body).take(MAX_LINES).filter_map(field);
        match section.tag {
            Tag::Memory => self.memory.extend(pairs().filter_map(|(key, value)| Some((text(key), number(value)?)))),
            Tag::AllocatedAreas => {
                self.areas.extend(pairs().filter_map(|(key, value)| Some((text(key), number(value)?))));
            }
            Tag::Allocator => self.take_allocator(section),
            Tag::IndexTable if section.argument == b"atom_tab" => {
                for (key, value) in pairs() {
                    match key {
                        b"entries" => self.atoms.0 = number(value),
                        b"limit" => self.atoms.1 = number(value),
                        _ => {}
                    }
                }
            }
            Tag::LoadedModules => {
                for (key, value) in pairs() {
                    match key {
                        b"Current code" => self.code_bytes.0 = number(value),
                        b"Old code" => self.code_bytes.1 = number(value),
                        _ => {}
                    }
                }
            }
            Tag::Mod if self.modules.len() < MAX_KEPT => {
                let size = |wanted: &[u8]| pairs().find(|(key, _)| *key == wanted).and_then(|(_, size)| number(size));
                let (current_bytes, old_bytes) = (size(b"Current size").unwrap_or(0), size(b"Old size").unwrap_or(0));
                self.modules.push(Module { name: atom(section.argument), current_bytes, old_bytes });
            }
            Tag::Node => self.node = Some(atom(section.argument)).filter(|name| !name.is_empty()),
            Tag::VisibleNode => self.take_node("visible", section),
            Tag::HiddenNode => self.take_node("hidden", section),
            Tag::NotConnected => self.take_node("not connected", section),
            Tag::Scheduler => self.take_scheduler("scheduler", section),
            Tag::DirtyCpuScheduler => self.take_scheduler("dirty CPU scheduler", section),
            Tag::DirtyIoScheduler => self.take_scheduler("dirty I/O scheduler", section),
            Tag::DirtyCpuRunQueue | Tag::DirtyIoRunQueue => self.dirty_queued += queued(section),
            Tag::Port => self.take_port(section),
            Tag::Timer => {
                self.timer_count += 1;
                if let Some(pid) = pid(section.argument)
                    && (self.timers.len() < MAX_KEPT || self.timers.contains_key(&pid))
                {
                    *self.timers.entry(pid).or_default() += 1;
                }
            }
            Tag::PersistentTerms => {
                self.persistent_terms = lines(section.body).filter(|line| !line.is_empty()).count() as u64
            }
            Tag::Abort => self.aborted = Some(text(section.argument)),
            _ => {}
        }
    }

    /// Its instances add up: `=allocator:binary_alloc[1]`. Until OTP 24 a line for all blocks, later one for each kind of block.
    fn take_allocator(&mut self, section: Section<'_>) {
        let name = section.argument.split(|byte| *byte == b'[').next().unwrap_or_default();
        if self.allocators.len() >= MAX_LINES {
            return;
        }
        let mut total = AllocatorTotal::default();
        for (key, value) in lines(section.body).take(MAX_LINES).filter_map(field) {
            let Some((carriers, what)) = split_word(key) else { continue };
            if !matches!(carriers, b"mbcs" | b"mbcs_pool" | b"sbcs") {
                continue;
            }
            let bytes = number(value).unwrap_or(0);
            if what == b"carriers size" {
                total.carriers_bytes = total.carriers_bytes.saturating_add(bytes);
            } else if what.starts_with(b"blocks") && what.ends_with(b" size") {
                total.blocks_bytes = total.blocks_bytes.saturating_add(bytes);
            }
        }
        // Some manage no carriers of their own, and have nothing to tell.
        if total != AllocatorTotal::default() {
            let all = self.allocators.entry(text(name)).or_default();
            all.blocks_bytes = all.blocks_bytes.saturating_add(total.blocks_bytes);
            all.carriers_bytes = all.carriers_bytes.saturating_add(total.carriers_bytes);
        }
    }

    fn take_node(&mut self, kind: &'static str, section: Section<'_>) {
        if self.nodes.len() >= MAX_KEPT {
            return;
        }
        let value = |wanted: &[u8]| value_of(section, wanted);
        let name = value(b"Name").map_or_else(|| format!("channel {}", text(section.argument)), atom);
        self.nodes.push(OtherNode { kind, name, controller: value(b"Controller").map(text) });
    }

    fn take_scheduler(&mut self, kind: &'static str, section: Section<'_>) {
        if self.schedulers.len() >= MAX_LINES {
            return;
        }
        let value = |wanted: &[u8]| value_of(section, wanted);
        let flags = value(b"Scheduler Sleep Info Flags").unwrap_or_default();
        self.schedulers.push(Scheduler {
            id: number(section.argument).unwrap_or(0),
            kind,
            is_asleep: flags.starts_with(b"SLEEPING"),
            queued: queued(section),
            current: value(b"Current Process").and_then(pid),
            current_function: value(b"Current Process Program counter").and_then(function).map(text),
        });
    }

    fn take_port(&mut self, section: Section<'_>) {
        self.port_count += 1;
        if self.ports.len() >= MAX_KEPT {
            return;
        }
        let mut port = Port {
            id: text(section.argument),
            name: String::new(),
            connected: None,
            input_bytes: 0,
            output_bytes: 0,
            queue_bytes: 0,
        };
        for (key, value) in lines(section.body).take(MAX_LINES).filter_map(field) {
            match key {
                b"Connected" => port.connected = pid(value),
                b"Input" => port.input_bytes = number(value).unwrap_or(0),
                b"Output" => port.output_bytes = number(value).unwrap_or(0),
                b"Queue" => port.queue_bytes = number(value).unwrap_or(0),
                b"Port is UNIX fd not opened by emulator" => port.name = format!("fd {}", text(value)),
                key if key.starts_with(b"Port ") => port.name = text(value),
                _ => {}
            }
        }
        self.ports.push(port);
    }

    /// How many processes the node was started for: an entry of the table takes a word and a number of four bytes, since
    /// OTP R16 (`erts_ptab`); only known of 64-bit systems. Measured on OTP 25 and 27 with several settings of `+P`.
    pub fn process_limit(&self, word_bytes: u64) -> Option<u64> {
        self.table_limit("process_table", word_bytes)
    }

    /// The same of ports (`+Q`).
    pub fn port_limit(&self, word_bytes: u64) -> Option<u64> {
        self.table_limit("port_table", word_bytes)
    }

    fn table_limit(&self, area: &str, word_bytes: u64) -> Option<u64> {
        let bytes = *self.areas.get(area)?;
        (word_bytes == 8 && bytes > 0 && bytes.is_multiple_of(12)).then_some(bytes / 12)
    }

    /// Processes and ports that waited for a scheduler.
    pub fn run_queue(&self) -> u64 {
        self.schedulers.iter().map(|scheduler| scheduler.queued).fold(self.dirty_queued, u64::saturating_add)
    }
}

fn split_word(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', key)?;
    Some((&key[..space], &key[space + 1..]))
}

/// `Run Queue Max Length` and the like.
fn queued(section: Section<'_>) -> u64 {
    let is_length = |key: &[u8]| key.starts_with(b"Run Queue ") && key.ends_with(b" Length");
    let lengths = lines(section.body).take(MAX_LINES).filter_map(field).filter(|(key, _)| is_length(key));
    lengths.filter_map(|(_, value)| number(value)).fold(0, u64::saturating_add)
}

/// The function that an address lies in: `0x00007f1f (timer:sleep/1 + 452)`.
pub(super) fn function(text: &[u8]) -> Option<&[u8]> {
    let (_, rest) = hex(text)?;
    let inside = rest.strip_prefix(b" (")?;
    let end = memchr::memmem::find(inside, b" + ").or_else(|| memchr::memrchr(b')', inside))?;
    Some(&inside[..end])
}

/// The first field of this name among a section's first lines.
fn value_of<'a>(section: Section<'a>, wanted: &[u8]) -> Option<&'a [u8]> {
    let mut fields = lines(section.body).take(MAX_LINES).filter_map(field);
    fields.find(|(key, _)| *key == wanted).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(text: &str) -> Totals {
        Totals::read(text.as_bytes(), &Index::build(text.as_bytes()))
    }

    #[test]
    fn instances_of_an_allocator_add_up_in_old_and_new_dumps() {
        // As OTP 22 to 24 have it, then as OTP 25 does.
        let totals = totals(
            "=allocator:sys_alloc\noption e: true\n=allocator:ets_alloc[0]\nmbcs blocks: 3 3 3\nmbcs blocks size: 10 99 99\n\
             mbcs carriers size: 100 200 200\nmbcs mseg carriers size: 100\nsbcs blocks size: 5 5 5\nsbcs carriers size: 7 7 7\n\
             =allocator:ets_alloc[1]\nmbcs blocks[ets_alloc] size: 20 99 99\nmbcs blocks[ets_alloc] count: 77 77 77\n\
             mbcs_pool blocks[ets_alloc] size: 1\nmbcs_pool carriers size: 1000\n=end\n",
        );
        let expected = AllocatorTotal { blocks_bytes: 36, carriers_bytes: 1107 };
        assert_eq!(totals.allocators, [("ets_alloc".to_owned(), expected)].into());
    }

    #[test]
    fn small_sections_are_read() {
        let totals = totals(
            "=memory\ntotal: 100\nprocesses: 40\n=allocated_areas\natom_space: 131104 108961\nprocess_table: 3145728\n\
             =index_table:atom_tab\nsize: 9\nlimit: 1048576\nentries: 9227\n=index_table:export_list\nlimit: 5\n\
             =node:'shop@web1'\n=visible_node:3\nName: 'b@web2'\nController: #Port<0.7>\nCreation: 2\n=not_connected:4\nName: c@x\n\
             =scheduler:1\nScheduler Sleep Info Flags: \nRun Queue Max Length: 1\nRun Queue Normal Length: 30\nRun Queue Flags: NONEMPTY\n\
             Current Process: <0.9.0>\nCurrent Process Program counter: 0x00007f1fc4c64b14 (timer:sleep/1 + 452)\n\
             =dirty_io_run_queue\nRun Queue Normal Length: 4\n\
             =port:#Port<0.3>\nConnected: <0.63.0>\nPort controls linked-in driver: tcp_inet\nInput: 5\nOutput: 6\nQueue: 7\n\
             =timer:<0.87.0>\nMessage: x\n=timer:<0.87.0>\nMessage: y\n=persistent_terms\nA1:a|I1\nA1:b|I2\n=fun\nModule: a\n\
             =loaded_modules\nCurrent code: 500\nOld code: 20\n=mod:lists\nCurrent size: 40\nOld size: 2\n=abort:it took too long\n=end\n",
        );
        assert_eq!(totals.memory["processes"], 40);
        assert_eq!(totals.process_limit(8), Some(262_144));
        assert_eq!((totals.process_limit(4), totals.port_limit(8)), (None, None));
        assert_eq!(totals.atoms, (Some(9227), Some(1_048_576)));
        assert_eq!(totals.node.as_deref(), Some("shop@web1"));
        assert_eq!(
            totals.nodes.iter().map(|node| (node.kind, node.name.as_str())).collect::<Vec<_>>(),
            [("visible", "b@web2"), ("not connected", "c@x")]
        );
        assert_eq!((totals.run_queue(), totals.schedulers[0].queued), (35, 31));
        assert_eq!(totals.schedulers[0].current_function.as_deref(), Some("timer:sleep/1"));
        assert_eq!((totals.ports[0].name.as_str(), totals.ports[0].queue_bytes), ("tcp_inet", 7));
        assert_eq!((totals.timer_count, totals.timers.len()), (2, 1));
        assert_eq!((totals.persistent_terms, totals.funs, totals.code_bytes), (2, 1, (Some(500), Some(20))));
        assert_eq!(totals.modules[0], Module { name: "lists".to_owned(), current_bytes: 40, old_bytes: 2 });
        assert_eq!(totals.aborted.as_deref(), Some("it took too long"));
    }
}
