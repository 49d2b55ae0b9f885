//! Sessions as files for others: pictures and reports.

pub mod escape;
pub mod picture;
