//! Who a process is and where it belongs: application, nearest registered ancestor, initial call, names.

use std::collections::{BTreeMap, HashMap};

use super::reading::{IdentityRow, Reading};
use super::terms::Pid;
use crate::model::id::ComponentId;

/// Where processes belong whose application is not known.
pub(super) const NO_APPLICATION: &str = "app:none";

/// More steps up the ancestors are not gone.
const MAX_STEPS: usize = 32;

/// What is known of processes' origins, for their life.
#[derive(Debug, Default)]
pub(in crate::source) struct Origins {
    known: HashMap<Pid, Origin>,
    /// Application masters.
    masters: HashMap<Pid, String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Origin {
    registered_name: Option<String>,
    initial_call: Option<String>,
    label: Option<String>,
    parent: Option<Pid>,
    group_leader: Option<Pid>,
}

/// How a process is presented.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::source) struct Identity {
    pub name: String,
    pub component: ComponentId,
    pub parent: Option<Pid>,
    pub attributes: BTreeMap<String, String>,
}

impl Origins {
    /// Takes in what an answer says of identities and applications; returns whose has changed since it was told first.
    pub(super) fn learn(&mut self, reading: &Reading) -> Vec<Pid> {
        if !reading.masters.is_empty() {
            self.masters = reading.masters.iter().map(|(application, master)| (*master, application.clone())).collect();
        }
        let mut before: HashMap<Pid, Origin> = HashMap::new();
        for row in &reading.identities {
            let IdentityRow { pid, registered_name, mut initial_call, parent, group_leader } = row.clone();
            let mut label = None;
            if let Some(known) = self.known.get(&pid) {
                // Not everybody is asked for these each time.
                (label, initial_call) = (known.label.clone(), known.initial_call.clone().or(initial_call));
                before.entry(pid).or_insert_with(|| known.clone());
            }
            self.known.insert(pid, Origin { registered_name, initial_call, label, parent, group_leader });
        }
        for detail in &reading.details {
            if let Some(known) = self.known.get_mut(&detail.pid) {
                before.entry(detail.pid).or_insert_with(|| known.clone());
                known.registered_name.clone_from(&detail.registered_name);
            }
        }
        for (pid, label) in &reading.labels {
            if let Some(origin) = self.known.get_mut(pid).filter(|_| !label.is_empty() && label != "undefined") {
                origin.label = Some(label.clone());
            }
        }
        // The function that a process of a library was really started with.
        for (pid, call) in &reading.calls {
            if let Some(origin) = self.known.get_mut(pid) {
                origin.initial_call = Some(call.clone());
            }
        }
        let mut changed: Vec<Pid> = before
            .into_iter()
            .filter(|(pid, origin)| self.known.get(pid) != Some(origin))
            .map(|(pid, _)| pid)
            .collect();
        changed.sort_unstable();
        changed
    }

    /// Takes in what is known of a process from elsewhere than a live node, where nobody can tell group leaders.
    pub fn put(
        &mut self,
        pid: Pid,
        registered_name: Option<String>,
        initial_call: Option<String>,
        label: Option<String>,
        parent: Option<Pid>,
    ) {
        self.known.insert(pid, Origin { registered_name, initial_call, label, parent, group_leader: None });
    }

    /// The master of an application.
    pub fn put_master(&mut self, master: Pid, application: String) {
        self.masters.insert(master, application);
    }

    pub fn forget(&mut self, pid: Pid) {
        self.known.remove(&pid);
    }

    pub fn is_known(&self, pid: Pid) -> bool {
        self.known.contains_key(&pid)
    }

    /// How the process is presented; `None` if it was not asked yet.
    pub fn identity(&self, pid: Pid) -> Option<Identity> {
        let origin = self.known.get(&pid)?;
        let application = self.application(pid);
        let supervisor = self.registered_ancestor(origin);
        let name = match (&origin.registered_name, &origin.label, &origin.initial_call, &supervisor) {
            (Some(name), ..) => name.clone(),
            (_, Some(label), ..) => format!("{label} {pid}"),
            (_, _, Some(call), Some(ancestor)) if is_library(call) => format!("{ancestor} › {pid}"),
            (_, _, Some(call), _) => format!("{call} {pid}"),
            _ => pid.to_string(),
        };
        let facts = [
            ("pid", Some(pid.to_string())),
            ("application", application.clone()),
            ("supervisor", supervisor),
            ("initial_call", origin.initial_call.clone()),
            ("registered_name", origin.registered_name.clone()),
            ("label", origin.label.clone()),
        ];
        Some(Identity {
            name,
            component: component(application.as_deref()),
            parent: origin.parent,
            attributes: facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        })
    }

    /// The application that a process belongs to: that of its group leader, or else of its nearest ancestor that has one.
    pub fn application(&self, pid: Pid) -> Option<String> {
        let mut at = Some(pid);
        for _ in 0..MAX_STEPS {
            let pid = at?;
            let of_leader = |leader: Pid| self.masters.get(&leader).cloned();
            let origin = self.known.get(&pid);
            let found = origin.and_then(|origin| origin.group_leader).and_then(of_leader).or_else(|| of_leader(pid));
            if found.is_some() {
                return found;
            }
            at = origin?.parent;
        }
        None
    }

    fn registered_ancestor(&self, origin: &Origin) -> Option<String> {
        let mut at = origin.parent;
        for _ in 0..MAX_STEPS {
            let ancestor = self.known.get(&at?)?;
            if ancestor.registered_name.is_some() {
                return ancestor.registered_name.clone();
            }
            at = ancestor.parent;
        }
        None
    }
}

/// The component of an application.
pub(in crate::source) fn component(application: Option<&str>) -> ComponentId {
    application.map_or_else(|| ComponentId::from(NO_APPLICATION), |name| ComponentId(format!("app:{name}")))
}

/// Such an initial call says nothing of the process' own code.
fn is_library(call: &str) -> bool {
    call.starts_with("proc_lib:") || call.starts_with("erlang:apply/")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn pid(id: u32) -> Pid {
        Pid { id, serial: 0, creation: 7 }
    }

    /// A process with its parent and group leader.
    pub fn row(id: u32, name: Option<&str>, parent: u32, leader: u32) -> IdentityRow {
        IdentityRow {
            pid: pid(id),
            registered_name: name.map(str::to_owned),
            initial_call: Some(String::from("proc_lib:init_p/5")),
            parent: Some(pid(parent)),
            group_leader: Some(pid(leader)),
        }
    }

    #[test]
    fn application_supervisor_and_name_come_from_group_leader_and_ancestors() {
        let mut origins = Origins::default();
        let reading = Reading {
            masters: vec![(String::from("shop"), pid(50))],
            identities: vec![
                row(50, None, 44, 50),
                row(52, Some("shop_sup"), 51, 50),
                row(60, None, 52, 50),
                row(61, None, 60, 9),
                row(70, None, 2, 9),
                row(71, Some("init"), 0, 0),
            ],
            calls: vec![(pid(60), String::from("shop_worker:init/1"))],
            labels: vec![(pid(61), String::from("agent 5")), (pid(70), String::from("undefined"))],
            ..crate::source::beam::processes::tests::empty_reading()
        };
        origins.learn(&reading);
        let worker = origins.identity(pid(60)).unwrap();
        assert_eq!(worker.component, "app:shop".into());
        assert_eq!(worker.name, "shop_worker:init/1 <0.60.0>");
        assert_eq!(worker.attributes["supervisor"], "shop_sup");
        assert_eq!(worker.attributes["application"], "shop");
        let child = origins.identity(pid(61)).unwrap();
        assert_eq!((child.component, child.name.as_str()), ("app:shop".into(), "agent 5 <0.61.0>"));
        assert_eq!(origins.identity(pid(70)).unwrap().component, NO_APPLICATION.into());
        assert_eq!(origins.identity(pid(71)).unwrap().name, "init");
        assert_eq!(origins.identity(pid(99)), None);
    }

    #[test]
    fn ancestors_in_a_circle_end() {
        let mut origins = Origins::default();
        let mut reading = crate::source::beam::processes::tests::empty_reading();
        reading.identities = vec![row(1, None, 2, 9), row(2, None, 1, 9)];
        origins.learn(&reading);
        assert_eq!(origins.application(pid(1)), None);
        assert_eq!(origins.identity(pid(1)).unwrap().attributes.get("supervisor"), None);
    }
}
