//! Attaching to a node: finding its port, the handshake as a hidden node that the target names, and a sentence for each way to fail.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use erl_dist::DistributionFlags as Flags;
use erl_dist::handshake::{ClientSideHandshake, HandshakeError, HandshakeStatus};
use erl_dist::node::{Creation, LocalNode, NodeName};
use futures::executor::block_on;
use futures::io::AllowStdIo;

use super::super::SourceError;
use super::cookie::Cookie;
use super::{BeamOptions, epmd};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the node may take for each step of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(7);

/// The only protocol version of releases since OTP 23.
const PROTOCOL_VERSION: u16 = 6;

/// First byte of a TLS alert, which is how a node with TLS answers a plain handshake.
const TLS_ALERT: u8 = 21;

/// The name of a node, `NAME@HOST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub name: String,
    pub host: String,
}

impl Target {
    /// # Errors
    /// When it isn't a name and a host with an `@` between them.
    pub fn parse(text: &str) -> Result<Self, SourceError> {
        match text.split_once('@') {
            Some((name, host)) if !name.is_empty() && !host.is_empty() && text.len() <= 255 && !host.contains('@') => {
                Ok(Self { name: name.to_owned(), host: host.to_owned() })
            }
            _ => Err(SourceError(format!("`{text}` is not a node's full name: give NAME@HOST, as in `beam:shop@db1`"))),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

/// A connection that has been let in.
pub(super) struct Attached {
    pub tcp: TcpStream,
    /// The name that the node gave us.
    pub own_name: String,
    /// And the number of that name's life.
    pub own_creation: u32,
    /// The number of the node's present life.
    pub creation: u32,
}

/// Notes the first byte that comes, which tells TLS from the plain protocol.
struct Tap {
    tcp: TcpStream,
    first: Option<u8>,
}

impl Read for Tap {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.tcp.read(buffer)?;
        if self.first.is_none() && read > 0 {
            self.first = buffer.first().copied();
        }
        // The first byte of a plain answer is the high half of a short length.
        if self.first == Some(TLS_ALERT) {
            return Err(std::io::Error::new(ErrorKind::InvalidData, "TLS"));
        }
        Ok(read)
    }
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.tcp.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.tcp.flush()
    }
}

/// Attaches to the node.
///
/// # Errors
/// When it can't be found or doesn't let us in; the sentence says which and what to do.
pub(super) fn attach(target: &Target, options: &BeamOptions, cookie: &Cookie) -> Result<Attached, SourceError> {
    let host = address(target, options);
    let port = match options.port {
        Some(port) => port,
        None => epmd::port_of(&host, &target.name)?.ok_or_else(|| no_such_node(target, &host))?,
    };
    let tcp = epmd::connect(&host, port, CONNECT_TIMEOUT).map_err(|error| {
        SourceError(format!(
            "can't reach {target} at {host}:{port} ({error}): check that the node runs and that no firewall is between, or give another --address or --port"
        ))
    })?;
    let set = |error: std::io::Error| SourceError(format!("can't use the connection to {target}: {error}; try again"));
    tcp.set_nodelay(true).map_err(set)?;
    tcp.set_read_timeout(Some(HANDSHAKE_TIMEOUT)).map_err(set)?;
    tcp.set_write_timeout(Some(HANDSHAKE_TIMEOUT)).map_err(set)?;
    shake_hands(tcp, target, cookie)
}

/// The host that the user named, or the node's own, or this machine where that has no address here.
fn address(target: &Target, options: &BeamOptions) -> String {
    use std::net::ToSocketAddrs as _;
    match &options.address {
        Some(address) => address.clone(),
        None if (target.host.as_str(), 0).to_socket_addrs().is_ok() => target.host.clone(),
        // Whoever answers there must bear the full name that was asked for.
        None => String::from("localhost"),
    }
}

fn no_such_node(target: &Target, host: &str) -> SourceError {
    let known: Vec<String> = epmd::names_at(host)
        .unwrap_or_default()
        .into_iter()
        .map(|entry| format!("{}@{}", entry.name, target.host))
        .collect();
    SourceError(match known.as_slice() {
        [] => format!("no node {target}: epmd at {host} knows of no node at all; start it with a name and try again"),
        known => format!("no node {target}: epmd at {host} knows {}; give one of these", known.join(", ")),
    })
}

fn shake_hands(tcp: TcpStream, target: &Target, cookie: &Cookie) -> Result<Attached, SourceError> {
    let broken = |error: erl_dist::node::NodeNameError| SourceError(format!("can't attach to {target}: {error}"));
    // The target makes our name of this host part; nodes with short and with long names both take it.
    let mut local = LocalNode::new("nonode@localhost".parse().map_err(broken)?, Creation::random());
    // Hidden (not PUBLISHED), named by the target, and able to spawn.
    local.flags |= Flags::NAME_ME | Flags::SPAWN | Flags::DIST_MONITOR | Flags::DIST_MONITOR_NAME;
    let own_host = local.name.host().to_owned();
    let tap = AllowStdIo::new(Tap { tcp, first: None });
    let mut handshake = ClientSideHandshake::new(tap, local, cookie.secret());
    let status =
        block_on(handshake.execute_send_name(PROTOCOL_VERSION)).map_err(|error| before_name(target, &error))?;
    let HandshakeStatus::Named { name, creation: own_creation } = status else {
        return Err(match status {
            HandshakeStatus::NotAllowed => not_allowed(target),
            _ => too_old(target),
        });
    };
    let own_name = NodeName::new(&name, &own_host).map_err(broken)?.to_string();
    let (tap, peer) = block_on(handshake.execute_rest(true)).map_err(|error| after_name(target, &error, cookie))?;
    if peer.name.to_string() != target.to_string() {
        return Err(SourceError(format!(
            "the node there is called {}, not {target} (the host part is what the node itself says, short or long): give `beam:{}`",
            peer.name, peer.name
        )));
    }
    if !peer.flags.contains(Flags::SPAWN) {
        return Err(too_old(target));
    }
    let creation = peer.creation.map_or(0, Creation::get);
    Ok(Attached { tcp: tap.into_inner().tcp, own_name, own_creation: own_creation.get(), creation })
}

pub(super) fn too_old(target: &Target) -> SourceError {
    SourceError(format!("{target} runs a release that is too old to be watched: it must be Erlang/OTP 25 or later"))
}

fn not_allowed(target: &Target) -> SourceError {
    SourceError(format!(
        "{target} lets only certain nodes in (`net_kernel:allow/1`): let it allow nodes of the host `localhost`, or watch another node"
    ))
}

fn timed_out(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn no_answer(target: &Target) -> SourceError {
    SourceError(format!(
        "{target} accepted the connection but did not answer within {} s: it is suspended or overloaded; try again once it runs",
        HANDSHAKE_TIMEOUT.as_secs()
    ))
}

/// What went wrong before the node told its name.
fn before_name(target: &Target, error: &HandshakeError) -> SourceError {
    match error {
        HandshakeError::Io(error) if timed_out(error) => no_answer(target),
        HandshakeError::Io(error) if matches!(error.kind(), ErrorKind::InvalidData) => only_tls(target),
        HandshakeError::Io(_) => SourceError(format!(
            "{target} closed the connection without a word: it takes connections over TLS only (`-proto_dist inet_tls`), or what listens there is no node; let it listen without TLS on the loopback address, or give another --port"
        )),
        HandshakeError::NotAllowed => not_allowed(target),
        error => SourceError(format!("{target} does not speak the distribution protocol ({error}): check --port")),
    }
}

fn only_tls(target: &Target) -> SourceError {
    SourceError(format!(
        "{target} takes connections over TLS only (`-proto_dist inet_tls`), which can't be watched yet: let it listen without TLS on the loopback address and give that --port"
    ))
}

/// What went wrong when each had to prove that it knows the cookie.
fn after_name(target: &Target, error: &HandshakeError, cookie: &Cookie) -> SourceError {
    match error {
        HandshakeError::Io(error) if timed_out(error) => no_answer(target),
        // A node closes the connection when the proof is wrong.
        HandshakeError::CookieMismatch | HandshakeError::Io(_) => SourceError(format!(
            "{target} has another cookie than the one from {}: set VIVARIUM_COOKIE or name the right file with --cookie-file",
            cookie.origin()
        )),
        HandshakeError::NotAllowed => not_allowed(target),
        error => SourceError(format!("{target} broke off the handshake ({error}); try again")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_name_is_needed() {
        assert_eq!(Target::parse("shop@db1.example").unwrap().to_string(), "shop@db1.example");
        for text in ["shop", "@db1", "shop@", "a@b@c", &format!("{}@h", "x".repeat(300))] {
            assert!(Target::parse(text).unwrap_err().to_string().contains("NAME@HOST"));
        }
    }
}
