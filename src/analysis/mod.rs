//! What measurements and statements mean: pure functions from data to prepared answers.
//!
//! No clock, no I/O, no threads. `session` feeds it from the store; `state` keeps its answers; `ui` draws them.

pub mod consistency;
pub mod effects;
pub mod findings;
pub mod functions;
pub mod gc;
pub mod gc_timeline;
pub mod grid;
pub mod grouping;
pub mod heat_map;
pub mod landscape;
pub mod layers;
pub mod lines;
pub mod map_layout;
pub mod matching;
pub mod overview;
pub mod retention;
pub mod stats;
pub mod status;
pub mod vitals;
