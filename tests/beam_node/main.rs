//! The source `beam:NAME@HOST` against real nodes that the tests start themselves.

#![cfg(target_os = "linux")]

mod attach;
mod findings;
mod gc;
mod measure;
#[path = "../support/node.rs"]
mod node;
mod requests;
mod robust;
mod watch;
