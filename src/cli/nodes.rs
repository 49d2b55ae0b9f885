//! `nodes`: the BEAM nodes that run on this machine, as far as they told epmd.

use std::io::Write;

use super::clean;
use crate::source::beam::epmd;

/// List the BEAM nodes on this machine
#[derive(Debug, clap::Args)]
pub struct Nodes {}

impl Nodes {
    /// Asks epmd and prints a node a line: its name without the host, and its port.
    pub fn run(self) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        for node in epmd::names()? {
            writeln!(out, "{}  port {}", clean::line(&node.name), node.port)?;
        }
        Ok(())
    }
}
