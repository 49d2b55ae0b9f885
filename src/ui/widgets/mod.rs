//! What two views or more use.

pub mod chip;
pub mod empty;
pub mod provenance;
pub mod time_axis;
