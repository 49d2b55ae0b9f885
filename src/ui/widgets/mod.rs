//! What two views or more use.

pub mod chip;
pub mod doubt;
pub mod empty;
pub mod legend;
pub mod paint;
pub mod provenance;
pub mod time_axis;
pub mod time_chart;
