//! The words of Vivarium as plain types: what is measured, what is stated, and the units that both come in.
//!
//! Nothing here does I/O, keeps time or draws; every other room uses this one, and this one uses none.

pub mod batch;
pub mod document;
pub mod entity;
pub mod format;
pub mod gc;
pub mod gc_logged;
pub mod id;
pub mod metric;
pub mod playback;
pub mod quantity;
pub mod request;
pub mod series;
pub mod time;
pub mod unit;
