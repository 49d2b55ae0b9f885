//! What a source measures: processes, cores, tables, heaps, and the components that they fall into.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::id::ComponentId;
use super::time::Timestamp;

/// An entity's number within one recording; never reused, unlike a pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntityId(pub u32);

macro_rules! entity_kinds {
    ($($variant:ident $word:literal $doc:literal;)*) => {
        /// What kind of thing an entity is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum EntityKind {
            $(#[doc = $doc] $variant,)*
        }

        impl EntityKind {
            /// Every kind.
            pub const ALL: &'static [EntityKind] = &[$(EntityKind::$variant),*];

            /// The word for it in files and JSON.
            pub fn word(self) -> &'static str {
                match self { $(EntityKind::$variant => $word,)* }
            }

            /// The kind with this word.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.word() == word)
            }
        }
    };
}

entity_kinds! {
    Machine "machine" "A computer.";
    Core "core" "One logical processor.";
    OsProcess "os_process" "A process of the operating system.";
    Runtime "runtime" "A virtual machine, such as one BEAM node.";
    Scheduler "scheduler" "A BEAM scheduler.";
    BeamProcess "beam_process" "A BEAM process.";
    EtsTable "ets_table" "An ETS table.";
    Allocator "allocator" "A BEAM memory allocator.";
    Heap "heap" "One garbage-collected heap.";
    Component "component" "A component: the sum of the entities that belong to it.";
}

/// One thing that a source measures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// Its number in this recording.
    pub id: EntityId,
    /// What it is.
    pub kind: EntityKind,
    /// What identifies it for ever, e.g. `os:812:1764000000` (pid and start time).
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// The entity that it belongs to or was started by.
    pub parent: Option<EntityId>,
    /// The component that it falls into.
    pub component: Option<ComponentId>,
    /// When it began, where known.
    pub started: Option<Timestamp>,
    /// When it was gone.
    pub ended: Option<Timestamp>,
    /// Further facts that selectors and the inspector use: `exe`, `pid`, `user`, `registered_name` …
    pub attributes: BTreeMap<String, String>,
}
