//! Vivarium shows where the memory and the processor time of a running system go, live or recorded.
//!
//! The rooms of the program and who may use whom are in `ARCHITECTURE.md`.

pub mod analysis;
pub mod app;
pub mod cli;
pub mod export;
pub mod model;
pub mod plan;
pub mod session;
pub mod source;
pub mod state;
pub mod store;
pub mod ui;
pub mod whatif;
