//! The connection after the handshake: frames in and out, ticks answered, what is not ours passed over.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use erl_dist::message::Message;
use erl_dist::term::{Atom, FixInteger, List, Map, Mfa, Pid as WirePid, Reference, Term as WireTerm, Tuple};

use super::super::StopSignal;
use super::connect::Attached;
use super::terms::{Decoder, Pid, Term, TermError};

/// A node sends some 2 MB at most; what is larger than this is no answer of ours.
const MAX_FRAME: usize = 64 << 20;

/// The request to end is looked at so often.
const STOP_INTERVAL: Duration = Duration::from_millis(50);

/// Every frame after the handshake begins with this, as neither side uses the atom cache.
const PASS_THROUGH: u8 = 112;

/// The forms that run on the node; made by `forms/make_forms.escript`.
const FORMS: &[u8] = include_bytes!("forms/collector.etf");
const REQUESTS_FORMS: &[u8] = include_bytes!("forms/requests.etf");
const MICROSTATES_FORMS: &[u8] = include_bytes!("forms/microstates.etf");

/// The collector may hold so many words, unless it was killed for it once.
pub(super) const HEAP_LIMIT_WORDS: i32 = 8 << 20;

mod operation {
    pub const SEND: i64 = 2;
    pub const EXIT: i64 = 3;
    pub const MONITOR_EXIT: i64 = 21;
    pub const SPAWN_REPLY: i64 = 31;
}

/// What came.
pub(super) enum Received {
    /// A message of the collector.
    Answer(Term),
    /// What was asked for by this number runs.
    Spawned(u32, Pid),
    /// It does not run, or does no longer, for this reason; `None`: it never has.
    Ended(Option<Pid>, String),
    /// Nothing within the time, or the end was requested.
    Nothing,
}

/// Why the connection is of no use any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the connection was lost ({0})")]
    Io(#[from] std::io::Error),
    #[error("the node sent what is not understood: {0}")]
    Term(#[from] TermError),
    #[error("the node sent what is not understood: {0}")]
    Protocol(&'static str),
}

/// A connection with the node that it leads to.
pub(super) struct Wire {
    tcp: TcpStream,
    node: Atom,
    owner: WirePid,
    spawns: u32,
    buffer: Vec<u8>,
    chunk: Vec<u8>,
}

fn atom(name: &str) -> WireTerm {
    Atom::from(name).into()
}

/// An integer for a request.
pub(super) fn int(value: i32) -> WireTerm {
    FixInteger::from(value).into()
}

/// Text for a request, as a list of characters.
pub(super) fn text(text: &str) -> WireTerm {
    // A character is at most 0x10ffff.
    List::from(text.chars().map(|c| int(c as i32)).collect::<Vec<_>>()).into()
}

/// A list for a request.
pub(super) fn list(elements: Vec<WireTerm>) -> WireTerm {
    List::from(elements).into()
}

/// A tuple for a request.
pub(super) fn tuple(elements: Vec<WireTerm>) -> WireTerm {
    Tuple::from(elements).into()
}

impl Wire {
    /// Takes over a connection that was let in to `node`.
    pub fn new(attached: Attached, node: &str) -> Result<Self, WireError> {
        attached.tcp.set_write_timeout(Some(Duration::from_secs(10)))?;
        Ok(Self {
            tcp: attached.tcp,
            node: Atom::from(node),
            // A pid that we made up: nobody else can have one of our node.
            owner: WirePid::new(attached.own_name, 1, 0, attached.own_creation),
            spawns: 0,
            buffer: Vec::new(),
            chunk: vec![0; 1 << 16],
        })
    }

    /// A pid of the node for a request.
    pub fn pid(&self, pid: Pid) -> WirePid {
        WirePid { node: self.node.clone(), id: pid.id, serial: pid.serial, creation: pid.creation }
    }

    /// A list of pids for a request.
    pub fn pids(&self, pids: &[Pid]) -> WireTerm {
        List::from(pids.iter().map(|pid| self.pid(*pid).into()).collect::<Vec<WireTerm>>()).into()
    }

    /// Starts the collector: linked to this connection, so that it ends with it, with us as its group leader, so that it can
    /// print nothing on the node, at low priority and with a bounded heap.
    pub fn spawn_collector(&mut self, heap_limit_words: i32) -> Result<u32, WireError> {
        self.spawn_forms(FORMS, true, "low", heap_limit_words)
    }

    /// Starts the process for one window of requests, in the same way, but not at low priority: it has to be in time.
    pub fn spawn_requests(&mut self) -> Result<u32, WireError> {
        self.spawn_forms(REQUESTS_FORMS, true, "normal", HEAP_LIMIT_WORDS * 2)
    }

    /// Starts the process for one second of microstate accounting; it ends by itself, and is not linked so that it can undo it.
    pub fn spawn_microstates(&mut self) -> Result<u32, WireError> {
        self.spawn_forms(MICROSTATES_FORMS, false, "normal", HEAP_LIMIT_WORDS)
    }

    fn spawn_forms(
        &mut self,
        forms: &[u8],
        is_linked: bool,
        priority: &str,
        heap_limit_words: i32,
    ) -> Result<u32, WireError> {
        let forms = WireTerm::decode(forms).map_err(|_| WireError::Protocol("the collector's forms are damaged"))?;
        let limits = [
            (atom("size"), int(heap_limit_words)),
            (atom("kill"), atom("true")),
            (atom("error_logger"), atom("false")),
        ];
        let limits = Map::from(limits.into_iter().collect::<std::collections::HashMap<_, _>>());
        let mut options = vec![
            atom("monitor"),
            tuple(vec![atom("priority"), atom(priority)]),
            tuple(vec![atom("max_heap_size"), limits.into()]),
        ];
        if is_linked {
            options.push(atom("link"));
        }
        let bindings = List::from(vec![tuple(vec![atom("owner"), self.owner.clone().into()])]);
        let function = Mfa { module: "erl_eval".into(), function: "exprs".into(), arity: 2.into() };
        self.spawn(function, List::from(vec![forms, bindings.into()]), options)
    }

    /// Starts a process of OTP's own code that hands on to us whatever it is sent, as fast as may be and with its messages
    /// outside of its heap. It ends with this connection.
    pub fn spawn_tracer(&mut self) -> Result<u32, WireError> {
        let options = vec![
            atom("monitor"),
            atom("link"),
            tuple(vec![atom("priority"), atom("high")]),
            tuple(vec![atom("message_queue_data"), atom("off_heap")]),
        ];
        let function = Mfa { module: "slave".into(), function: "relay".into(), arity: 1.into() };
        self.spawn(function, List::from(vec![self.owner.clone().into()]), options)
    }

    fn spawn(&mut self, function: Mfa, arguments: List, options: Vec<WireTerm>) -> Result<u32, WireError> {
        self.spawns = self.spawns.wrapping_add(1);
        let request =
            Reference { node: self.owner.node.clone(), id: vec![self.spawns, 0, 0], creation: self.owner.creation };
        let owner = self.owner.clone();
        self.write(Message::spawn_request(request, owner.clone(), owner, function, List::from(options), arguments))?;
        Ok(self.spawns)
    }

    /// Ends a process of ours at once.
    pub fn kill(&mut self, process: Pid) -> Result<(), WireError> {
        let process = self.pid(process);
        self.write(Message::exit2(self.owner.clone(), process, atom("kill")))
    }

    /// Sends a message to a process of the node.
    pub fn send(&mut self, to: Pid, message: WireTerm) -> Result<(), WireError> {
        let to = self.pid(to);
        self.write(Message::send(to, message))
    }

    /// One write a frame, so that nothing waits for an acknowledgement.
    fn write(&mut self, message: Message) -> Result<(), WireError> {
        let mut frame = vec![0, 0, 0, 0, PASS_THROUGH];
        message.write_into(&mut frame).map_err(|_| WireError::Protocol("a request can't be written"))?;
        let length = u32::try_from(frame.len() - 4).map_err(|_| WireError::Protocol("a request is too long"))?;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        Ok(self.tcp.write_all(&frame)?)
    }

    /// Waits for what comes next.
    pub fn receive(&mut self, deadline: Instant, stop: &StopSignal) -> Result<Received, WireError> {
        loop {
            while let Some(frame) = self.next_frame()? {
                if frame.is_empty() {
                    self.tcp.write_all(&[0; 4])?;
                } else if let Some(received) = understand(&frame)? {
                    return Ok(received);
                }
            }
            if stop.is_requested() || Instant::now() >= deadline {
                return Ok(Received::Nothing);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            self.tcp.set_read_timeout(Some(left.clamp(Duration::from_millis(1), STOP_INTERVAL)))?;
            match self.tcp.read(&mut self.chunk) {
                Ok(0) => return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into()),
                Ok(length) => self.buffer.extend_from_slice(self.chunk.get(..length).unwrap_or_default()),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A whole frame, if one has come; the buffer has grown with what came, not by what its header says.
    fn next_frame(&mut self) -> Result<Option<Vec<u8>>, WireError> {
        let Some(header) = self.buffer.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*header) as usize;
        if length > MAX_FRAME {
            return Err(WireError::Protocol("a message of more than 64 MiB"));
        }
        if self.buffer.len() < 4 + length {
            return Ok(None);
        }
        let rest = self.buffer.split_off(4 + length);
        let mut frame = std::mem::replace(&mut self.buffer, rest);
        frame.drain(..4);
        Ok(Some(frame))
    }
}

/// What a frame says to us; `None` if it is nothing of ours.
fn understand(frame: &[u8]) -> Result<Option<Received>, WireError> {
    let Some((&PASS_THROUGH, body)) = frame.split_first() else {
        return Err(WireError::Protocol("a frame of another kind"));
    };
    let mut decoder = Decoder::new(body);
    let control = decoder.versioned()?;
    let operation = control.items().first().and_then(Term::int);
    Ok(match (operation, control.items()) {
        (Some(operation::SEND), _) if !decoder.is_empty() => Some(Received::Answer(decoder.versioned()?)),
        (Some(operation::SPAWN_REPLY), [_, request, _, _, result]) => Some(match (request, result) {
            (Term::Reference(words), Term::Pid(pid)) => Received::Spawned(words.first().copied().unwrap_or(0), *pid),
            (_, other) => Received::Ended(None, reason(other)),
        }),
        (Some(operation::EXIT), [_, who, .., why]) | (Some(operation::MONITOR_EXIT), [_, who, .., why]) => {
            Some(Received::Ended(who.pid(), reason(why)))
        }
        _ => None,
    })
}

/// A reason in short: the first atom in it, which is what tells the cases apart.
fn reason(term: &Term) -> String {
    match term {
        Term::Atom(_) => term.text().unwrap_or_default(),
        term => term.items().first().map_or_else(|| String::from("unknown"), reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_are_not_understood_are_errors_and_strangers_are_passed_over() {
        assert!(understand(&[68, 1, 2]).is_err());
        assert!(understand(&[112]).is_err());
        assert!(understand(&[112, 131, 104, 1, 97]).is_err());
        // A link that somebody asks for.
        assert!(understand(&[112, 131, 104, 1, 97, 1]).unwrap().is_none());
        let exit = [112, 131, 104, 4, 97, 3, 97, 0, 97, 0, 119, 6, b'k', b'i', b'l', b'l', b'e', b'd'];
        assert!(matches!(understand(&exit).unwrap(), Some(Received::Ended(None, why)) if why == "killed"));
    }

    #[test]
    fn the_forms_are_whole_and_name_no_variable_of_ours() {
        for forms in [FORMS, REQUESTS_FORMS, MICROSTATES_FORMS] {
            assert!(WireTerm::decode(forms).is_ok());
            let mut decoder = Decoder::new(forms);
            let forms = decoder.versioned().unwrap();
            assert!(decoder.is_empty() && !forms.items().is_empty());
            assert_eq!(variables(&forms).iter().find(|name| name.starts_with(|c: char| c.is_uppercase())), None);
        }
    }

    /// The names in `{var, 0, Name}`.
    fn variables(term: &Term) -> Vec<String> {
        match term.items() {
            [Term::Atom(var), Term::Int(0), Term::Atom(name)] if var == "var" => vec![name.clone()],
            items => items.iter().flat_map(variables).collect(),
        }
    }
}
