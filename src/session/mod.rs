//! Where store, sources and analysis come together: opening and saving sessions, recording, and answering questions.
//!
//! `app` and `cli` use it, so that the window and the command line show the same.

pub mod answer;
pub mod comparison;
pub mod consistency;
pub mod findings;
pub mod gc;
pub mod import;
pub mod intake;
mod landscape;
pub mod new_recording;
pub mod open;
pub mod recorder;
pub mod replay;
pub mod save;
pub mod scenarios;
mod stacks;
pub mod verification;
pub mod view_state;
pub mod whatif;
