//! Asks the port mapper (epmd) of a host which nodes run there and where they listen.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::super::SourceError;
use super::super::sysinfo_reader::SysinfoReader;

/// Where epmd listens unless the environment says otherwise.
const DEFAULT_PORT: u16 = 4369;

const TIMEOUT: Duration = Duration::from_secs(5);

/// An answer is never longer; a name takes some 30 bytes.
const MAX_ANSWER: u64 = 1 << 20;

const PORT_PLEASE2_REQ: u8 = 122;
const PORT2_RESP: u8 = 119;
const NAMES_REQ: u8 = 110;

/// A node that epmd knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// The part of its name before the `@`.
    pub name: String,
    /// Where it listens.
    pub port: u16,
}

/// The nodes that run on this machine, as far as they told epmd; in order of their names.
///
/// # Errors
/// When epmd does not answer, as when no node runs.
pub fn names() -> Result<Vec<NodeEntry>, SourceError> {
    names_at("localhost")
}

/// The full names of the nodes that run on this machine, with this host's short name, as nodes with short names have it; a node
/// with a long name says so when it is attached to. None if epmd does not answer, as when no node was ever started.
pub fn local_names() -> Vec<String> {
    let host = SysinfoReader::host_name().unwrap_or_else(|| String::from("localhost"));
    let host = host.split('.').next().unwrap_or(&host);
    names().unwrap_or_default().into_iter().map(|node| format!("{}@{host}", node.name)).collect()
}

/// The nodes that run on `host`.
pub(super) fn names_at(host: &str) -> Result<Vec<NodeEntry>, SourceError> {
    let answer = ask(host, &[NAMES_REQ])?;
    // Four bytes with epmd's own port go before.
    let text = String::from_utf8_lossy(answer.get(4..).unwrap_or_default()).into_owned();
    let mut entries: Vec<NodeEntry> = text.lines().filter_map(entry).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// From a line such as `name shop at port 41321`.
fn entry(line: &str) -> Option<NodeEntry> {
    let (name, port) = line.strip_prefix("name ")?.rsplit_once(" at port ")?;
    let name: String = name.chars().filter(|c| !c.is_control()).take(255).collect();
    Some(NodeEntry { name, port: port.trim().parse().ok()? })
}

/// Where the node `name` of `host` listens; `None` if epmd does not know it.
pub(super) fn port_of(host: &str, name: &str) -> Result<Option<u16>, SourceError> {
    let mut request = vec![PORT_PLEASE2_REQ];
    request.extend_from_slice(name.as_bytes());
    let answer = ask(host, &request)?;
    match answer[..] {
        [PORT2_RESP, 0, high, low, ..] => Ok(Some(u16::from_be_bytes([high, low]))),
        [PORT2_RESP, ..] => Ok(None),
        _ => Err(SourceError(format!(
            "what listens at {host}:{} is not epmd, it gave no usable answer; set ERL_EPMD_PORT to epmd's port, or give the node's own with --port",
            port()
        ))),
    }
}

fn port() -> u16 {
    std::env::var("ERL_EPMD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(DEFAULT_PORT)
}

fn ask(host: &str, request: &[u8]) -> Result<Vec<u8>, SourceError> {
    let port = port();
    exchange(host, port, request).map_err(|error| {
        SourceError(format!(
            "no epmd at {host}:{port} ({error}): start the node with a name (`erl -sname x`), or, if it runs without epmd, give its port with --port"
        ))
    })
}

fn exchange(host: &str, port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = connect(host, port, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let length = u16::try_from(request.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(request);
    stream.write_all(&message)?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(answer)
}

/// Tries every address of a host.
pub(super) fn connect(host: &str, port: u16, timeout: Duration) -> std::io::Result<TcpStream> {
    let addresses: Vec<SocketAddr> = (host, port).to_socket_addrs()?.collect();
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_epmd_are_read_and_others_passed_over() {
        let found = entry("name shop at port 41321").unwrap();
        assert_eq!(found, NodeEntry { name: String::from("shop"), port: 41321 });
        assert_eq!(entry("name a at port b at port 5").unwrap().name, "a at port b");
        for line in ["", "name shop", "name shop at port 99999", "shop at port 1"] {
            assert_eq!(entry(line), None, "{line}");
        }
    }
}
