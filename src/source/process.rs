//! The source `pid:N`: a process of the operating system with its children, found again at every measurement.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::host::limits;
use super::process_table::{self, EntityIds, ProcessTable};
use super::rhythm::Rhythm;
use super::sysinfo_reader::{Kin, SHORTEST_INTERVAL, SysinfoReader};
use super::{Source, SourceError, SourceInfo, StopSignal, wall_clock};
use crate::model::batch::{Batch, Notice};

/// Measures one process and all that descend from it, also those that outlive it.
pub struct ProcessSource {
    info: SourceInfo,
    root_pid: u32,
    reader: SysinfoReader,
    rhythm: Rhythm,
    ids: EntityIds,
    members: Members,
    processes: ProcessTable,
    ended: bool,
}

impl ProcessSource {
    /// Measures every `every`, but not more often than four times a second.
    ///
    /// # Errors
    /// When there is no such process, or the operating system does not tell about processes.
    pub fn open(pid: u32, every: Duration) -> Result<Self, SourceError> {
        let mut reader = SysinfoReader::open()?;
        let root = reader.kin().into_iter().find(|kin| kin.pid == pid).ok_or_else(|| {
            SourceError(format!(
                "no process {pid} on this machine: it may have ended, or it is a thread or in another container; \
                 look its number up again, or watch `host`"
            ))
        })?;
        let name = reader.processes(Some(&[pid])).into_iter().next().map(|process| process.name).unwrap_or_default();
        Ok(Self {
            info: SourceInfo {
                spec: format!("pid:{pid}"),
                title: format!("process {pid} ({name}) and its children"),
                metrics: process_table::METRICS.to_vec(),
                has_census: true,
                has_gc_events: false,
                has_stack_samples: false,
                limits: limits(every),
            },
            root_pid: pid,
            reader,
            rhythm: Rhythm::new(every.max(SHORTEST_INTERVAL)),
            ids: EntityIds::default(),
            members: Members { alive: HashSet::from([(root.pid, root.started_s)]) },
            processes: ProcessTable::default(),
            ended: false,
        })
    }
}

impl Source for ProcessSource {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        if self.ended || self.rhythm.sleep(stop) {
            return Ok(None);
        }
        let began = Instant::now();
        let pids = self.members.find(&self.reader.kin());
        let mut processes = self.reader.processes(Some(&pids));
        // A pid can have gone to a stranger between the two looks.
        processes.retain(|process| self.members.alive.contains(&(process.pid, process.started_s)));
        self.ended = processes.is_empty();
        let tick = self.rhythm.measured(began, Instant::now(), wall_clock());
        let mut batch = Batch { at: tick.at, ..Batch::default() };
        self.processes.update(processes, &tick, None, &mut self.ids, &mut batch);
        batch.gaps.extend(tick.gap);
        let ended = self.ended.then(|| format!("process {} and all its children have ended", self.root_pid));
        batch.notices.extend(tick.notice.into_iter().chain(ended).map(|text| Notice { at: tick.at, text }));
        Ok(Some(batch))
    }
}

/// Who belongs to the process: pid and start.
struct Members {
    alive: HashSet<(u32, u64)>,
}

impl Members {
    /// Keeps those that still live, adds their descendants, and returns all pids in order.
    /// One whose parent has died stays a member although it now descends from somebody else.
    fn find(&mut self, everybody: &[Kin]) -> Vec<u32> {
        let mut children: HashMap<u32, Vec<&Kin>> = HashMap::new();
        for kin in everybody {
            if let Some(parent) = kin.parent_pid {
                children.entry(parent).or_default().push(kin);
            }
        }
        let alive = everybody.iter().filter(|kin| self.alive.contains(&(kin.pid, kin.started_s)));
        let mut open: Vec<&Kin> = alive.collect();
        self.alive.clear();
        while let Some(kin) = open.pop() {
            if self.alive.insert((kin.pid, kin.started_s)) {
                open.extend(children.get(&kin.pid).into_iter().flatten());
            }
        }
        let mut pids: Vec<u32> = self.alive.iter().map(|&(pid, _)| pid).collect();
        pids.sort_unstable();
        pids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kin(pid: u32, parent_pid: u32) -> Kin {
        Kin { pid, parent_pid: Some(parent_pid), started_s: 100 }
    }

    #[test]
    fn children_are_found_and_kept_when_their_parent_dies() {
        let mut members = Members { alive: HashSet::from([(10, 100)]) };
        assert_eq!(members.find(&[kin(1, 0), kin(10, 1), kin(11, 10), kin(12, 11), kin(20, 1)]), [10, 11, 12]);
        assert_eq!(members.find(&[kin(1, 0), kin(12, 1), kin(13, 12), kin(20, 1)]), [12, 13]);
        assert!(members.find(&[kin(1, 0), kin(20, 1)]).is_empty());
    }

    #[test]
    fn a_stranger_with_the_same_pid_is_no_member() {
        let mut members = Members { alive: HashSet::from([(10, 100)]) };
        assert!(members.find(&[Kin { started_s: 200, ..kin(10, 1) }]).is_empty());
    }

    #[test]
    fn a_process_that_is_not_there_is_told_by_its_number() {
        // Larger than any pid that a system gives out.
        let error = ProcessSource::open(2_000_000_000, Duration::from_secs(1)).err().unwrap();
        assert!(error.to_string().starts_with("no process 2000000000 on this machine:"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_process_that_ends_ends_its_source() {
        let mut child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
        let mut source = ProcessSource::open(child.id(), SHORTEST_INTERVAL).unwrap();
        let stop = StopSignal::default();
        let first = source.next_batch(&stop).unwrap().unwrap();
        assert_eq!(first.appeared.len(), 1);
        assert_eq!(first.appeared[0].attributes["pid"], child.id().to_string());
        child.kill().unwrap();
        child.wait().unwrap();
        let last = source.next_batch(&stop).unwrap().unwrap();
        assert_eq!(last.vanished, [first.appeared[0].id]);
        assert!(last.notices[0].text.contains("have ended"));
        assert_eq!(source.next_batch(&stop).unwrap(), None);
    }
}
