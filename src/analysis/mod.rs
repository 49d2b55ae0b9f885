//! What can be told from measured values. Pure: data in, data out; no clock, no input or output, no threads.

pub mod grouping;
pub mod retention;
