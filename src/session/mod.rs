//! Where the rooms meet: sources, store and analysis joined into sessions, for the window and the command line.

mod intake;
pub mod recorder;
