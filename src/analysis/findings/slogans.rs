//! What the slogan of a crash dump means, and what to try.
//!
//! Facts: "How to Interpret the Erlang Crash Dumps" in the ERTS User's Guide (OTP 22 to 28), and the places in the runtime and in
//! kernel's and stdlib's code where slogans are made.

/// What kind of end it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndKind {
    /// The operating system gave no more memory.
    OutOfMemory,
    /// A table of the runtime was full.
    Limit,
    /// It never came up.
    Start,
    /// Something that everything depends on ended.
    Application,
    /// Somebody wanted it.
    Wanted,
    /// The runtime found itself damaged.
    Damaged,
    /// The operating system refused something else.
    System,
    /// The slogan is not known.
    Unknown,
}

/// What a slogan means.
#[derive(Clone, Debug, PartialEq)]
pub struct Meaning {
    /// What kind of end.
    pub kind: EndKind,
    /// What it means, a sentence.
    pub means: String,
    /// What to try, a sentence.
    pub next: String,
}

/// A slogan that is known by what it contains; upper and lower case are the same.
struct Known {
    contains: &'static str,
    kind: EndKind,
    means: &'static str,
    next: &'static str,
}

/// The more particular ones first.
const KNOWN: &[Known] = &[
    Known {
        contains: "no more index entries in atom_tab",
        kind: EndKind::Limit,
        means: "The table of atoms was full. Atoms are never given back, so something made new ones of outside data.",
        next: "Find calls of binary_to_atom, list_to_atom and decoders that make atoms of keys; use the _existing_ variants. +t raises the limit, and puts the end off only.",
    },
    Known {
        contains: "no more index entries in",
        kind: EndKind::Limit,
        means: "A table of the runtime (modules, exported functions) was full; none of its entries is ever given back.",
        next: "Look for code that is compiled or loaded under ever new names.",
    },
    Known {
        contains: "crash dump requested by user",
        kind: EndKind::Wanted,
        means: "Somebody asked for the dump at the break menu (A).",
        next: "Nothing failed; read it for what the one who asked was after.",
    },
    Known {
        contains: "received sigusr1",
        kind: EndKind::Wanted,
        means: "The node got the signal SIGUSR1, which makes it write a dump and end; a person, a script or heart sent it.",
        next: "Find out who sends it: heart does when HEART_KILL_SIGNAL says so, container runtimes and watchdogs may too.",
    },
    Known {
        contains: "heart",
        kind: EndKind::Wanted,
        means: "The watchdog heart had not heard of the node for its time limit and ended it.",
        next: "See what kept it from answering: schedulers blocked by native code, a machine that swapped, a heap too large to be collected in time; HEART_BEAT_TIMEOUT is the limit.",
    },
    Known {
        contains: "duplicate_name",
        kind: EndKind::Start,
        means: "The node could not come up since another node with its name was running.",
        next: "End the other node or give this one another name; a restart may have come before the old node was gone.",
    },
    Known {
        contains: "eaddrinuse",
        kind: EndKind::Start,
        means: "The node could not come up since a port that it listens on was in use.",
        next: "See who listens there (ss -ltnp); a restart may have come before the old node was gone.",
    },
    Known {
        contains: "could not start kernel pid",
        kind: EndKind::Start,
        means: "One of the first processes of the kernel application could not start.",
        next: "Look for mistakes in the arguments and in the file that -config names, and read what was printed before.",
    },
    Known {
        contains: "runtime terminating during boot",
        kind: EndKind::Start,
        means: "An application that the release needs did not start, so that the node never came up.",
        next: "The reason behind it names the application and its error; read the log of that start.",
    },
    Known {
        contains: "init terminating in do_boot",
        kind: EndKind::Start,
        means: "The boot sequence failed: its script, an application or a call given with -eval, -s or -run.",
        next: "See that -boot names a script of this release, and read the error in the slogan and the log of that start.",
    },
    Known {
        contains: "kernel pid terminated",
        kind: EndKind::Application,
        means: "The application controller ended, and the node with it: an application that must run (started as permanent) gave up after too many restarts, or could not be started.",
        next: "Read the log before the end: the first error and the supervisor that gave up; the restart intensity of that supervisor decides how much is too much.",
    },
    Known {
        contains: "erl_child_setup closed",
        kind: EndKind::System,
        means: "The helper that starts programs for ports ended, and the node can't do without it.",
        next: "See whether the system killed it (dmesg, the memory limit of the container): it is small, but dies with its control group.",
    },
    Known {
        contains: "failed to create",
        kind: EndKind::System,
        means: "The operating system refused a thread, a pipe or a poll set when the node started.",
        next: "Look at the limits of threads, processes and open files (ulimit -u, ulimit -n, pids.max of the container).",
    },
    Known {
        contains: "too large file descriptor",
        kind: EndKind::Limit,
        means: "A file descriptor had a number larger than the runtime can poll.",
        next: "Lower the limit of open files, or find who opens so many sockets and files.",
    },
    Known {
        contains: "unexpected op code",
        kind: EndKind::Damaged,
        means: "Loaded code was not what the compiler makes: a damaged .beam file, or native code that wrote over memory.",
        next: "Install the release anew; suspect NIFs and drivers.",
    },
    Known {
        contains: "overrun stack and heap",
        kind: EndKind::Damaged,
        means: "A process' heap was damaged, mostly by native code.",
        next: "Suspect NIFs and drivers (the dump names them as taints); try without them, then a newer OTP.",
    },
    Known {
        contains: "unusable memory block",
        kind: EndKind::Damaged,
        means: "The system gave memory at an address that the runtime can't use.",
        next: "Look at overcommit and address-space settings of the system, and at options of mseg.",
    },
    Known {
        contains: "internal error",
        kind: EndKind::Damaged,
        means: "The runtime found a contradiction in itself: an error of its own, or of native code.",
        next: "Suspect NIFs and drivers first; then search OTP's issues for the text and try the latest patch of the release.",
    },
    Known {
        contains: "system process",
        kind: EndKind::Damaged,
        means: "A process of the runtime itself ended, without which it can't go on.",
        next: "Search OTP's issues for the text, and try the latest patch of the release.",
    },
    Known {
        contains: "undefined",
        kind: EndKind::Start,
        means: "A module or function of kernel or stdlib was not found, so that the node never came up.",
        next: "Install the release anew; see that its libraries and its boot script are of the same version.",
    },
    Known {
        contains: "no function",
        kind: EndKind::Start,
        means: "A function needed for the start was not found.",
        next: "Install the release anew; see that its libraries and its boot script are of the same version.",
    },
    Known {
        contains: "system_limit",
        kind: EndKind::Limit,
        means: "A limit of the runtime was met: of processes, ports, atoms or tables.",
        next: "See which share of its limit each has; find who makes more and more of them before raising +P, +Q or +t.",
    },
];

/// Allocators, and what lives in them.
const ALLOCATORS: &[(&str, &str, &str)] = &[
    (
        "eheap_alloc",
        "heaps of processes",
        "Look at the largest processes and longest queues: a heap grows by being copied into a larger block, so that for a moment both are needed. max_heap_size ends a process before it ends the node.",
    ),
    (
        "binary_alloc",
        "binaries beside the heaps",
        "Look at who keeps binaries alive: large parts kept by small ones (binary:copy/1), processes that are seldom collected (hibernate), queues of messages with binaries.",
    ),
    ("ets_alloc", "ETS tables", "Look at the largest tables: who fills them, and what deletes rows."),
    (
        "driver_alloc",
        "drivers, such as of sockets",
        "Look at ports with long queues: a peer that does not read; high_watermark and send_timeout limit it.",
    ),
    (
        "literal_alloc",
        "literals of code and persistent terms",
        "Look at persistent_term:put with large or ever new terms. Its space has a size of its own: +MIscs.",
    ),
    ("ll_alloc", "long-lived things such as code and atoms", "Look at loaded code and atoms."),
    (
        "temp_alloc",
        "work of a moment, such as encoding a huge term",
        "Look at who sent or encoded a huge term (term_to_binary, messages to other nodes).",
    ),
];

/// What it means, and what to try.
pub fn meaning(slogan: &str) -> Meaning {
    let lower = slogan.to_lowercase();
    if let Some(wanted) = out_of_memory(&lower) {
        return wanted;
    }
    let Some(known) = KNOWN.iter().find(|known| lower.contains(known.contains)) else { return unknown(slogan) };
    let mut means = known.means.to_owned();
    if let Some((application, what)) = application(slogan) {
        means.push_str(&format!(" The application is {application}: {what}."));
    }
    Meaning { kind: known.kind, means, next: known.next.to_owned() }
}

fn unknown(slogan: &str) -> Meaning {
    let (kind, means) = if slogan.trim().is_empty() {
        (EndKind::Unknown, "The dump does not say why the node ended.")
    } else {
        (
            EndKind::Unknown,
            "It is none of the runtime's own: most likely a program ended the node with this text (erlang:halt/1), or a library did.",
        )
    };
    let next = "Search the code of the system for the text, and read its log before the end.";
    Meaning { kind, means: means.to_owned(), next: next.to_owned() }
}

/// `eheap_alloc: Cannot allocate 306586976 bytes of memory (of type "heap").`
fn out_of_memory(lower: &str) -> Option<Meaning> {
    let (before, after) = lower.split_once("cannot allocate ").or_else(|| lower.split_once("cannot reallocate "))?;
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    let bytes: f64 = digits.parse().ok()?;
    let name = before.trim_end_matches([':', ' ']).rsplit(' ').next().unwrap_or_default();
    let known = ALLOCATORS.iter().find(|(allocator, ..)| *allocator == name);
    let place = known.map_or_else(|| format!("the runtime ({name})"), |(_, place, _)| (*place).to_owned());
    let next = known.map_or("Look at what fills the memory.", |(.., next)| next);
    let asked = crate::model::format::bytes_text(bytes);
    Some(Meaning {
        kind: EndKind::OutOfMemory,
        means: format!("The node ran out of memory: the operating system did not give {asked} more for {place}."),
        next: format!("{next} See also the limits of the system: of the container, ulimit -v, overcommit."),
    })
}

/// Which application a slogan names, and what happened to it.
fn application(slogan: &str) -> Option<(String, &'static str)> {
    let found = [
        ("application_start_failure,", "it could not be started"),
        ("application_terminated,", "it had run and ended"),
        ("shutdown,{failed_to_start_child,", "this child did not start"),
    ];
    found.into_iter().find_map(|(mark, what)| {
        let rest = &slogan[slogan.find(mark)? + mark.len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
        (!name.is_empty()).then_some((name, what))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_slogans_are_understood() {
        let kinds = [
            (r#"eheap_alloc: Cannot allocate 306586976 bytes of memory (of type "heap")."#, EndKind::OutOfMemory),
            (r#"binary_alloc: Cannot reallocate 17 bytes of memory (of type "binary")."#, EndKind::OutOfMemory),
            ("no more index entries in atom_tab (max=1048576)", EndKind::Limit),
            ("Kernel pid terminated (application_controller) (x)", EndKind::Application),
            ("Runtime terminating during boot (terminating)", EndKind::Start),
            ("init terminating in do_boot ({undef,[{shop,start,[],[]}]})", EndKind::Start),
            ("Received SIGUSR1", EndKind::Wanted),
            ("Crash dump requested by user", EndKind::Wanted),
            ("erl_child_setup closed", EndKind::System),
            ("<0.5.0>: Overrun stack and heap", EndKind::Damaged),
            ("the shop is closed", EndKind::Unknown),
            ("", EndKind::Unknown),
        ];
        for (slogan, kind) in kinds {
            let found = meaning(slogan);
            assert_eq!(found.kind, kind, "{slogan}");
            assert!(!found.means.is_empty() && found.next.ends_with(['.', ')']), "{slogan}");
        }
    }

    #[test]
    fn figures_and_names_in_a_slogan_are_told() {
        let memory = meaning(r#"eheap_alloc: Cannot allocate 306586976 bytes of memory (of type "old_heap")."#);
        assert!(memory.means.contains("307 MB more for heaps of processes"), "{}", memory.means);
        let ended = meaning("Kernel pid terminated (application_controller) ({application_terminated,shop,shutdown})");
        assert!(ended.means.ends_with("The application is shop: it had run and ended."), "{}", ended.means);
        let odd = meaning("foo_alloc: Cannot allocate 5 bytes");
        assert!(odd.means.contains("for the runtime (foo_alloc)"), "{}", odd.means);
    }
}
