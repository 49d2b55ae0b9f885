//! What the operating system tells, as plain readings; `host` and `process` make batches of them.
//!
//! Command lines and environments are never read: they often hold secrets.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System, ThreadKind, UpdateKind};

use super::SourceError;

/// The operating system's processor times are not worth reading more often than this.
pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_millis(250);

/// One process at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ProcessReading {
    pub pid: u32,
    pub parent_pid: Option<u32>,
    /// Seconds since the Unix epoch.
    pub started_s: u64,
    /// As the kernel knows it; of programs, Linux keeps 15 characters.
    pub name: String,
    /// Path of the executable, where it may be known.
    pub exe: Option<String>,
    /// Number of the user that it runs for.
    pub user: Option<String>,
    /// Whether it is a thread of the kernel, without memory or files of its own.
    pub is_kernel: bool,
    pub resident_bytes: u64,
    pub virtual_bytes: u64,
    /// Processor time used so far.
    pub cpu_ms: u64,
    pub threads: Option<u64>,
    /// Bytes read and written so far; `None` where that may not be known.
    pub io_bytes: Option<(u64, u64)>,
}

/// Who a process is and who started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kin {
    pub pid: u32,
    pub parent_pid: Option<u32>,
    /// Seconds since the Unix epoch.
    pub started_s: u64,
}

/// The machine at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MachineReading {
    pub memory_total_bytes: u64,
    pub memory_used_bytes: u64,
    pub memory_available_bytes: u64,
    pub swap_used_bytes: u64,
    pub load_1m: Option<f64>,
    /// Name and busy share of each logical processor since the reading before; of no meaning in the first reading.
    pub cores: Vec<(String, f64)>,
}

/// Reads processes and the machine.
pub(super) struct SysinfoReader {
    system: System,
    /// For each pid with its start, whether its I/O may be read.
    io_allowed: HashMap<(u32, u64), bool>,
}

impl SysinfoReader {
    /// # Errors
    /// When the operating system tells nothing at all.
    pub fn open() -> Result<Self, SourceError> {
        let system = System::new().map_err(|error| {
            SourceError(format!(
                "can't ask this machine about its processes: {error}; check that /proc is mounted and readable"
            ))
        })?;
        Ok(Self { system, io_allowed: HashMap::new() })
    }

    /// The machine's name.
    pub fn host_name() -> Option<String> {
        System::host_name().ok().filter(|name| !name.is_empty())
    }

    /// The machine now.
    pub fn machine(&mut self) -> MachineReading {
        self.system.refresh_memory();
        self.system.refresh_cpu_usage();
        MachineReading {
            memory_total_bytes: self.system.total_memory(),
            memory_used_bytes: self.system.used_memory(),
            memory_available_bytes: self.system.available_memory(),
            swap_used_bytes: self.system.used_swap(),
            // Windows has no load average.
            load_1m: System::load_average().ok().map(|load| load.one).filter(|_| !cfg!(windows)),
            cores: self
                .system
                .cpus()
                .iter()
                .map(|core| (core.name().to_owned(), f64::from(core.usage()) / 100.0))
                .collect(),
        }
    }

    /// Who descends from whom, of all processes; cheaper than reading them.
    pub fn kin(&mut self) -> Vec<Kin> {
        self.system.refresh_processes_specifics(
            ProcessesToUpdate::All,
            true,
            ProcessRefreshKind::nothing().without_tasks(),
        );
        self.system.processes().values().filter(|process| is_process(process)).map(kin).collect()
    }

    /// All processes, or those of `pids` that are still there.
    pub fn processes(&mut self, pids: Option<&[u32]>) -> Vec<ProcessReading> {
        let kind = ProcessRefreshKind::nothing()
            .without_tasks()
            .with_memory()
            .with_cpu()
            .with_disk_usage()
            .with_user(UpdateKind::OnlyIfNotSet)
            // A process can go on with another program at any time.
            .with_exe(UpdateKind::Always);
        let readings: Vec<ProcessReading> = match pids {
            None => {
                self.system.refresh_processes_specifics(ProcessesToUpdate::All, true, kind);
                let processes = self.system.processes().values().filter(|process| is_process(process));
                processes.map(|process| read(process, &mut self.io_allowed)).collect()
            }
            Some(pids) => {
                let pids: Vec<Pid> = pids.iter().copied().map(Pid::from_u32).collect();
                self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), true, kind);
                let processes = pids.iter().filter_map(|pid| self.system.process(*pid));
                processes.map(|process| read(process, &mut self.io_allowed)).collect()
            }
        };
        if self.io_allowed.len() > 2 * readings.len() + 64 {
            let alive: HashSet<(u32, u64)> = readings.iter().map(|reading| (reading.pid, reading.started_s)).collect();
            self.io_allowed.retain(|key, _| alive.contains(key));
        }
        readings
    }
}

/// Not a thread of another process.
fn is_process(process: &Process) -> bool {
    process.thread_kind() != Some(ThreadKind::Userland)
}

fn kin(process: &Process) -> Kin {
    Kin { pid: process.pid().as_u32(), parent_pid: process.parent().map(Pid::as_u32), started_s: process.start_time() }
}

fn read(process: &Process, io_allowed: &mut HashMap<(u32, u64), bool>) -> ProcessReading {
    let Kin { pid, parent_pid, started_s } = kin(process);
    let is_kernel = process.thread_kind() == Some(ThreadKind::Kernel);
    let io_bytes = (!is_kernel && *io_allowed.entry((pid, started_s)).or_insert_with(|| may_read_io(pid))).then(|| {
        let usage = process.disk_usage();
        (usage.total_read_bytes, usage.total_written_bytes)
    });
    let (name, threads) = match name_and_threads(pid) {
        Some((name, threads)) => (name, Some(threads)),
        None => (process.name().to_string_lossy().into_owned(), None),
    };
    ProcessReading {
        pid,
        parent_pid,
        started_s,
        name,
        exe: process.exe().map(|path| path.to_string_lossy().into_owned()).filter(|path| !path.is_empty()),
        user: process.user_id().map(|user| user.to_string()),
        is_kernel,
        resident_bytes: process.memory(),
        virtual_bytes: process.virtual_memory(),
        cpu_ms: process.accumulated_cpu_time(),
        threads,
        io_bytes,
    }
}

/// Linux answers 0 through sysinfo where the answer is forbidden, so the permission is looked at here.
#[cfg(target_os = "linux")]
fn may_read_io(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/io")).is_ok_and(|text| !text.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn may_read_io(_pid: u32) -> bool {
    true
}

/// The present name and number of threads, which sysinfo does not tell (the name only once).
#[cfg(target_os = "linux")]
fn name_and_threads(pid: u32) -> Option<(String, u64)> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&String::from_utf8_lossy(&stat))
}

#[cfg(not(target_os = "linux"))]
fn name_and_threads(_pid: u32) -> Option<(String, u64)> {
    None
}

/// `PID (NAME) STATE …`, where the name may hold anything, blanks and brackets too; the number of threads is field 20 (proc_pid_stat(5)).
#[cfg(target_os = "linux")]
fn parse_stat(stat: &str) -> Option<(String, u64)> {
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let threads = after.split_ascii_whitespace().nth(17)?.parse().ok()?;
    Some((name.to_owned(), threads))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = "812 (a) b (c) S 1 812 812 0 -1 4194560 1 0 0 0 5 6 0 0 20 0 17 0 4711 1000 25";
        assert_eq!(parse_stat(stat), Some((String::from("a) b (c"), 17)));
        assert_eq!(parse_stat("812 (cut"), None);
        assert_eq!(parse_stat("812 (cut) S 1"), None);
    }

    #[test]
    fn threads_are_counted_but_not_listed() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || wait.recv());
        let mut reader = SysinfoReader::open().unwrap();
        let readings = reader.processes(None);
        let own: Vec<_> = readings.iter().filter(|reading| reading.pid == std::process::id()).collect();
        assert_eq!(own.len(), 1);
        assert!(own[0].resident_bytes > 0 && own[0].exe.is_some() && own[0].io_bytes.is_some());
        if cfg!(target_os = "linux") {
            assert!(own[0].threads.unwrap() >= 2);
            let listed = |pid: u32| readings.iter().any(|reading| reading.pid == pid);
            let tasks = std::fs::read_dir("/proc/self/task").unwrap();
            let tids = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse::<u32>().ok());
            assert!(tids.filter(|tid| *tid != std::process::id()).all(|tid| !listed(tid)));
        }
        drop(done);
        let _ended = thread.join();
    }
}
