//! How a BEAM node is reached, for every command that may watch one.

use std::path::PathBuf;

use crate::source::beam::BeamOptions;

/// How a BEAM node is reached. The options are told in `vivarium record --help`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NodeOptions {
    /// The file with the node's cookie
    #[arg(long, value_name = "FILE", hide = true)]
    cookie_file: Option<PathBuf>,
    /// Where to connect, if not to the host in the node's name
    #[arg(long, value_name = "HOST", hide = true)]
    address: Option<String>,
    /// Where the node listens, for nodes without epmd
    #[arg(long, value_name = "PORT", hide = true)]
    port: Option<u16>,
}

impl From<NodeOptions> for BeamOptions {
    fn from(NodeOptions { cookie_file, address, port }: NodeOptions) -> Self {
        Self { cookie_file, address, port, ..Self::default() }
    }
}
