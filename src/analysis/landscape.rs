//! The memory landscape at one moment: parts that add up to a total, what is not attributed included.

use crate::model::entity::EntityId;
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::model::time::Timestamp;

/// Where memory is at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// When; `None` for stated figures, which have no moment.
    pub at: Option<Timestamp>,
    /// The whole, in bytes.
    pub total: Quantity,
    /// Components, largest first.
    pub parts: Vec<Part>,
    /// What belongs to no part: `total − Σ parts`, where that is positive.
    pub unattributed_bytes: f64,
    /// By how much the parts exceed the total (shared pages count in each process); 0 otherwise.
    pub counted_twice_bytes: f64,
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
    /// Its members, largest first; they add up to it, except for a rest that has no name.
    pub members: Vec<Member>,
}

/// One member of a component: an entity, or a stated part.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The entity, if it was measured.
    pub entity: Option<EntityId>,
    /// Its name.
    pub name: String,
    /// Bytes.
    pub bytes: f64,
}
