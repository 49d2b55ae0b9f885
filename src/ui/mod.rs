//! Drawing: functions from the state to shapes on the screen and commands. Nothing here changes state, reads files or computes
//! over raw samples.

pub mod shell;
pub mod theme;
pub mod views;
pub mod widgets;
