//! The memory landscape at one moment: component → entity → kind of memory, in parts that add up to what the runtime counts, and on to
//! what the operating system gives it; what is not attributed has a box of its own.
//!
//! `session::landscape` gathers what it is made of, the memory view, `inspect` and the reports show it.

pub mod difference;
pub mod kinds;
mod measured;
pub mod outside;
mod stated;

use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::{MEMORY_RESIDENT, MEMORY_USED, MetricKey};
use crate::model::quantity::{Provenance, Quantity};
use crate::model::time::Timestamp;
use crate::model::unit::Unit;

pub use kinds::{Kind, Slice};
pub use measured::{Measured, measured, measured_in};
pub use outside::{Outside, Step};
pub use stated::stated;

/// More members of one component than this are joined into one.
pub const MAX_MEMBERS: usize = 100_000;

/// Where memory is at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// When; `None` for stated figures, which have no moment.
    pub at: Option<Timestamp>,
    /// What the total is a total of.
    pub whole: Whole,
    /// The whole, in bytes.
    pub total: Quantity,
    /// Components, largest first.
    pub parts: Vec<Part>,
    /// What belongs to no part: `total − Σ parts`, where that is positive.
    pub unattributed_bytes: f64,
    /// By how much the parts exceed the total (shared pages count in each process); 0 otherwise.
    pub counted_twice_bytes: f64,
    /// What lies between the total and the physical memory; see [`outside`].
    pub outside: Vec<Outside>,
    /// The physical memory of the runtime, where its machine tells it.
    pub resident: Option<Quantity>,
    /// When everybody was counted last; who has no series of its own is shown as of then.
    pub census_at: Option<Timestamp>,
    /// What is missing or to be known, a sentence each.
    pub notes: Vec<String>,
}

/// What a landscape's total is a total of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whole {
    /// What a document states.
    #[default]
    Stated,
    /// All that a runtime has allocated, as it counts itself.
    Runtime,
    /// All memory in use of a machine.
    Machine,
    /// Nothing was measured as a whole: the sum of the parts.
    Sum,
}

impl Whole {
    /// What the box of what no part has can be.
    pub fn unattributed(self) -> &'static str {
        match self {
            Whole::Stated => "The stated total minus all stated parts.",
            Whole::Runtime => {
                "What the runtime says it has allocated, minus all processes, tables and parts that are known: processes that were not \
                 looked at yet or have grown since, and memory that the runtime counts for processes and tables as a whole only."
            }
            Whole::Machine => {
                "Memory in use on the machine, minus the resident memory of all processes: the kernel, its caches that can't be given \
                 back, and shared memory that nobody has mapped."
            }
            Whole::Sum => "Nothing: the total is the sum of the parts.",
        }
    }
}

/// One component's memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Whose.
    pub component: ComponentId,
    /// Its name.
    pub title: String,
    /// How much, in bytes, and from where.
    pub bytes: Quantity,
    /// Its members, largest first, and last whatever was joined or is not known one by one. Measured members add up to
    /// it; stated ones may say more or less than their whole.
    pub members: Vec<Member>,
    /// The kinds of all members together, as far as known, largest first.
    pub kinds: Vec<Slice>,
}

/// One member of a component: an entity, or a stated part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Member {
    /// The entity, if it was measured.
    pub entity: Option<EntityId>,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub bytes: f64,
    /// The component that it is, where a document tells of it as one of its own.
    pub component: Option<ComponentId>,
    /// From where its bytes are known, if not from where its whole's are.
    pub provenance: Option<Provenance>,
    /// What its bytes consist of, adding up to them; empty where that was not measured.
    pub kinds: Vec<Slice>,
    /// Off-heap binaries that it keeps alive; they are counted elsewhere, for several may keep the same.
    pub binary_bytes: Option<f64>,
    /// When it began, where known.
    pub started: Option<Timestamp>,
}

impl Landscape {
    /// Puts parts in order and compares them with the total; without a total, their sum is it.
    pub fn new(at: Option<Timestamp>, whole: Whole, total: Option<Quantity>, mut parts: Vec<Part>) -> Self {
        parts.sort_by(|a, b| b.bytes().total_cmp(&a.bytes()).then_with(|| a.title.cmp(&b.title)));
        let sum: f64 = parts.iter().map(Part::bytes).sum();
        let whole = if total.is_some() || whole == Whole::Stated { whole } else { Whole::Sum };
        let total = total.unwrap_or_else(|| Quantity::derived(sum, Unit::BYTES, "sum of the components", &[]));
        let difference = total.number_in(Unit::BYTES).unwrap_or(sum) - sum;
        // Sums of many floating-point numbers differ by a hair; less than a byte is no difference.
        let over = |difference: f64| if difference < 1.0 { 0.0 } else { difference };
        Self {
            at,
            whole,
            total,
            parts,
            unattributed_bytes: over(difference),
            counted_twice_bytes: over(-difference),
            outside: Vec::new(),
            resident: None,
            census_at: None,
            notes: Vec::new(),
        }
    }

    /// The total as a number of bytes.
    pub fn total_bytes(&self) -> f64 {
        self.total.number_in(Unit::BYTES).unwrap_or(0.0)
    }

    /// What all boxes together stand for: parts, what is not attributed, and what lies outside, as far as that adds something.
    pub fn shown_bytes(&self) -> f64 {
        let outside: f64 = self.outside.iter().map(|outside| outside.bytes.max(0.0)).sum();
        self.parts.iter().map(Part::bytes).sum::<f64>() + self.unattributed_bytes + outside
    }
}

/// The metric by which memory is divided among components: what a runtime says that its parts use, else resident memory.
pub fn part_metric(entities: &[Entity]) -> MetricKey {
    let is_managed = |entity: &Entity| matches!(entity.kind, EntityKind::Runtime | EntityKind::Heap);
    if entities.iter().any(is_managed) { MEMORY_USED } else { MEMORY_RESIDENT }
}

impl Part {
    /// A part whose kinds are those of its members.
    pub fn new(component: ComponentId, title: String, bytes: Quantity, members: Vec<Member>) -> Self {
        let kinds = kinds::sum(members.iter().map(|member| member.kinds.as_slice()));
        Self { component, title, bytes, members, kinds }
    }

    /// How much, as a number of bytes.
    pub fn bytes(&self) -> f64 {
        self.bytes.number_in(Unit::BYTES).unwrap_or(0.0)
    }
}

impl Member {
    /// So many bytes under a name, of which nothing else is known.
    pub fn new(name: String, bytes: f64) -> Self {
        Self { name, bytes, ..Self::default() }
    }

    /// Whether it is what is left of its component rather than somebody.
    pub fn is_rest(&self) -> bool {
        self.entity.is_none() && self.component.is_none() && self.provenance.is_none()
    }

    /// The share of its bytes that are held and not in use; `None` where that was not measured.
    pub fn waste(&self) -> Option<f64> {
        kinds::waste(&self.kinds)
    }
}

#[cfg(test)]
mod tests;
