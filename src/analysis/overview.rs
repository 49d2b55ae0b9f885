//! The whole session at a glance, for the timeline at the foot of the window.

use crate::model::batch::Notice;
use crate::model::series::{Buckets, Gap};
use crate::model::time::TimeRange;

/// The whole recording, coarsely.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// From the first value to the last.
    pub span: TimeRange,
    /// Memory in use of the whole.
    pub memory: Option<Buckets>,
    /// CPU share of the whole.
    pub cpu: Option<Buckets>,
    /// Where nothing was measured.
    pub gaps: Vec<Gap>,
    /// What source and recorder had to say.
    pub notices: Vec<Notice>,
}
