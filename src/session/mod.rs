//! Where the rooms meet: sources, store and analysis joined into sessions, for the window and the command line.

pub mod recorder;
