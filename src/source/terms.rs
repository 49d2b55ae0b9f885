//! Decoder of the external term format for what a node sends and what trace files hold.
//!
//! Whoever made the bytes is not trusted: every count is held against the bytes that are left, nesting and the number of terms are limited,
//! compressed and unknown terms are refused. Nothing is reserved on the word of a header, and nothing panics.

/// Terms nested deeper than this are refused.
const MAX_DEPTH: u32 = 64;

/// More terms than this in one message are refused; a census of a million processes has some six million.
const MAX_TERMS: u32 = 16_000_000;

/// A process identifier of the node, without the node's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid {
    /// Its number.
    pub id: u32,
    /// How often the numbers began anew.
    pub serial: u32,
    /// Which life of the node it belongs to; 0 where that is not told.
    pub creation: u32,
}

impl std::fmt::Display for Pid {
    /// As the node itself shows it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<0.{}.{}>", self.id, self.serial)
    }
}

/// A decoded term.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Int(i64),
    /// Also integers that 64 bits do not hold.
    Float(f64),
    Atom(String),
    Pid(Pid),
    /// The words of a reference.
    Reference(Vec<u32>),
    /// A port or a function, of which nothing is needed.
    Opaque,
    Tuple(Vec<Term>),
    /// A map is a list of pairs.
    List(Vec<Term>),
    Binary(Vec<u8>),
}

impl Term {
    /// The elements of a tuple or list; nothing of anything else.
    pub fn items(&self) -> &[Term] {
        match self {
            Term::Tuple(items) | Term::List(items) => items,
            _ => &[],
        }
    }

    pub fn int(&self) -> Option<i64> {
        if let Term::Int(value) = self { Some(*value) } else { None }
    }

    /// A number that can't be negative.
    pub fn count(&self) -> Option<u64> {
        self.int().and_then(|value| u64::try_from(value).ok())
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Term::Int(value) => Some(*value as f64),
            Term::Float(value) => Some(*value),
            _ => None,
        }
    }

    pub fn atom(&self) -> Option<&str> {
        if let Term::Atom(name) = self { Some(name) } else { None }
    }

    pub fn pid(&self) -> Option<Pid> {
        if let Term::Pid(pid) = self { Some(*pid) } else { None }
    }

    /// Text for people: an atom, a binary or a list of characters, without control characters and of bounded length.
    pub fn text(&self) -> Option<String> {
        let text = match self {
            Term::Atom(name) => name.clone(),
            Term::Binary(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Term::List(items) => {
                let character = |item: &Term| char::from_u32(u32::try_from(item.int()?).ok()?);
                items.iter().map(character).collect::<Option<String>>()?
            }
            _ => return None,
        };
        Some(clean(&text))
    }

    /// `module:function/arity`.
    pub fn function(&self) -> Option<String> {
        match self.items() {
            [module, function, arity, ..] => {
                Some(format!("{}:{}/{}", clean(module.atom()?), clean(function.atom()?), arity.int()?))
            }
            _ => None,
        }
    }
}

fn clean(text: &str) -> String {
    text.chars().take(256).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Why bytes are no acceptable term.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum TermError {
    #[error("a term is cut off")]
    Truncated,
    #[error("a term is nested too deeply")]
    TooDeep,
    #[error("a message has too many parts")]
    TooMany,
    #[error("a list has a tail that is no list")]
    Improper,
    #[error("terms of kind {0} are not accepted")]
    Tag(u8),
    #[error("terms of version {0} are not known")]
    Version(u8),
}

/// Reads terms one after the other.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    terms_left: u32,
}

type Decoded<T> = Result<T, TermError>;

impl<'a> Decoder<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, terms_left: MAX_TERMS }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A term behind its version byte, as messages hold them.
    pub fn versioned(&mut self) -> Decoded<Term> {
        match self.byte()? {
            131 => self.term(MAX_DEPTH),
            version => Err(TermError::Version(version)),
        }
    }

    fn take(&mut self, length: usize) -> Decoded<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(TermError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Decoded<u8> {
        let (&byte, rest) = self.bytes.split_first().ok_or(TermError::Truncated)?;
        self.bytes = rest;
        Ok(byte)
    }

    /// A big-endian number of at most eight bytes.
    fn uint(&mut self, width: usize) -> Decoded<u64> {
        Ok(self.take(width)?.iter().fold(0, |so_far, byte| so_far << 8 | u64::from(*byte)))
    }

    fn word(&mut self) -> Decoded<u32> {
        Ok(self.uint(4)? as u32)
    }

    fn length(&mut self, width: usize) -> Decoded<usize> {
        usize::try_from(self.uint(width)?).map_err(|_| TermError::Truncated)
    }

    fn terms(&mut self, count: usize, depth: u32) -> Decoded<Vec<Term>> {
        // Every term takes a byte at least.
        if count > self.bytes.len() {
            return Err(TermError::Truncated);
        }
        let mut terms = Vec::new();
        for _ in 0..count {
            terms.push(self.term(depth)?);
        }
        Ok(terms)
    }

    /// Passes over an atom whose name is not needed, such as the node's in each of its pids.
    fn skip_atom(&mut self) -> Decoded<()> {
        let width = match self.byte()? {
            115 | 119 => 1,
            100 | 118 => 2,
            tag => return Err(TermError::Tag(tag)),
        };
        let length = self.length(width)?;
        self.take(length)?;
        Ok(())
    }

    fn big(&mut self, width: usize) -> Decoded<Term> {
        let length = self.length(width)?;
        let is_negative = self.byte()? != 0;
        let digits = self.take(length)?;
        let exact =
            digits.iter().rev().try_fold(0i64, |so_far, digit| so_far.checked_mul(256)?.checked_add(i64::from(*digit)));
        Ok(match exact {
            Some(value) => Term::Int(if is_negative { -value } else { value }),
            None => {
                let value = digits.iter().rev().fold(0.0, |so_far, digit| so_far * 256.0 + f64::from(*digit));
                Term::Float(if is_negative { -value } else { value })
            }
        })
    }

    fn term(&mut self, depth: u32) -> Decoded<Term> {
        let depth = depth.checked_sub(1).ok_or(TermError::TooDeep)?;
        self.terms_left = self.terms_left.checked_sub(1).ok_or(TermError::TooMany)?;
        Ok(match self.byte()? {
            97 => Term::Int(i64::from(self.byte()?)),
            98 => Term::Int(i64::from(self.word()? as i32)),
            70 => Term::Float(f64::from_bits(self.uint(8)?)),
            110 => self.big(1)?,
            111 => self.big(4)?,
            tag @ (100 | 115 | 118 | 119) => {
                let length = self.length(if tag == 115 || tag == 119 { 1 } else { 2 })?;
                Term::Atom(String::from_utf8_lossy(self.take(length)?).into_owned())
            }
            88 => {
                self.skip_atom()?;
                Term::Pid(Pid { id: self.word()?, serial: self.word()?, creation: self.word()? })
            }
            90 => {
                let count = self.length(2)?;
                self.skip_atom()?;
                self.word()?;
                let words = self.take(count.checked_mul(4).ok_or(TermError::Truncated)?)?;
                let word = |word: &[u8]| word.iter().fold(0, |so_far, byte| so_far << 8 | u32::from(*byte));
                Term::Reference(words.chunks_exact(4).map(word).collect())
            }
            tag @ (89 | 120) => {
                self.skip_atom()?;
                self.take(if tag == 89 { 8 } else { 12 })?;
                Term::Opaque
            }
            104 => {
                let count = self.length(1)?;
                Term::Tuple(self.terms(count, depth)?)
            }
            105 => {
                let count = self.length(4)?;
                Term::Tuple(self.terms(count, depth)?)
            }
            106 => Term::List(Vec::new()),
            107 => {
                let length = self.length(2)?;
                Term::List(self.take(length)?.iter().map(|byte| Term::Int(i64::from(*byte))).collect())
            }
            108 => {
                let count = self.length(4)?;
                let items = self.terms(count, depth)?;
                match self.term(depth)? {
                    Term::List(tail) if tail.is_empty() => Term::List(items),
                    _ => return Err(TermError::Improper),
                }
            }
            116 => {
                let count = self.length(4)?;
                if count > self.bytes.len() / 2 {
                    return Err(TermError::Truncated);
                }
                let mut pairs = Vec::new();
                for _ in 0..count {
                    pairs.push(Term::Tuple(vec![self.term(depth)?, self.term(depth)?]));
                }
                Term::List(pairs)
            }
            109 => {
                let length = self.length(4)?;
                Term::Binary(self.take(length)?.to_vec())
            }
            tag => return Err(TermError::Tag(tag)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Decoded<Term> {
        let mut decoder = Decoder::new(bytes);
        decoder.versioned()
    }

    #[test]
    fn terms_of_a_node_are_read() {
        let cases: Vec<(&[u8], Term)> = vec![
            (&[131, 97, 7], Term::Int(7)),
            (&[131, 98, 255, 255, 255, 254], Term::Int(-2)),
            (&[131, 110, 5, 0, 0, 0, 0, 0, 1], Term::Int(1 << 32)),
            (&[131, 110, 1, 1, 9], Term::Int(-9)),
            (&[131, 110, 8, 0, 0, 0, 0, 0, 0, 0, 0, 128], Term::Float(9_223_372_036_854_775_808.0)),
            (&[131, 119, 2, b'o', b'k'], Term::Atom(String::from("ok"))),
            (&[131, 104, 1, 106], Term::Tuple(vec![Term::List(vec![])])),
            (&[131, 107, 0, 2, 65, 66], Term::List(vec![Term::Int(65), Term::Int(66)])),
            (&[131, 109, 0, 0, 0, 1, 9], Term::Binary(vec![9])),
            (
                &[131, 88, 119, 1, b'n', 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 7],
                Term::Pid(Pid { id: 5, serial: 6, creation: 7 }),
            ),
            (&[131, 90, 0, 1, 119, 1, b'n', 0, 0, 0, 7, 0, 0, 1, 0], Term::Reference(vec![256])),
            (&[131, 116, 0, 0, 0, 1, 97, 1, 97, 2], Term::List(vec![Term::Tuple(vec![Term::Int(1), Term::Int(2)])])),
        ];
        for (bytes, term) in cases {
            assert_eq!(decode(bytes), Ok(term), "{bytes:?}");
            for length in 0..bytes.len() {
                assert!(decode(&bytes[..length]).is_err(), "{bytes:?} cut to {length}");
            }
        }
    }

    #[test]
    fn hostile_bytes_are_refused_without_panic_or_large_allocations() {
        let huge = [131, 108, 255, 255, 255, 255, 106];
        assert_eq!(decode(&huge), Err(TermError::Truncated));
        assert_eq!(decode(&[131, 116, 255, 255, 255, 255, 97]), Err(TermError::Truncated));
        assert_eq!(decode(&[131, 109, 255, 255, 255, 255]), Err(TermError::Truncated));
        assert_eq!(decode(&[131, 111, 255, 255, 255, 255, 0]), Err(TermError::Truncated));
        let deep: Vec<u8> = std::iter::once(131).chain([104, 1].repeat(100_000)).collect();
        assert_eq!(decode(&deep), Err(TermError::TooDeep));
        for tag in [68, 80, 82, 0, 255] {
            assert_eq!(decode(&[131, tag, 0, 0, 0, 0]), Err(TermError::Tag(tag)));
        }
        assert_eq!(decode(&[130, 97, 1]), Err(TermError::Version(130)));
        assert_eq!(decode(&[131, 108, 0, 0, 0, 1, 97, 1, 97, 2]), Err(TermError::Improper));
    }

    #[test]
    fn random_bytes_never_panic() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        for length in 0..3000usize {
            let mut bytes = vec![131];
            for _ in 0..length % 97 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Mostly tags that are known, so that nesting is reached.
                let tags = [97, 98, 104, 108, 106, 116, 88, 90, 109, 119, 110, (state >> 40) as u8];
                bytes.push(tags[(state >> 33) as usize % tags.len()]);
            }
            let _any = decode(&bytes);
        }
    }

    #[test]
    fn text_for_people_has_no_control_characters() {
        assert_eq!(Term::Atom(String::from("a\u{1b}[31m")).text().unwrap(), "a\u{fffd}[31m");
        let list = Term::List(vec![Term::Int(104), Term::Int(105)]);
        assert_eq!(list.text().unwrap(), "hi");
        assert_eq!(Term::List(vec![Term::Int(-1)]).text(), None);
    }
}
