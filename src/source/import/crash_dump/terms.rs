//! Terms as dumps write them, one object a line: `7F1F:t2:A4:name,H7F30` is a tuple at an address, an element of which is an atom
//! and another an object elsewhere. Written by the runtime's `erl_process_dump.c`; formats before 0.5 differ in how bytes are written.

use super::fields::hex;

/// An object has at most so many elements that are looked at.
pub(super) const MAX_ELEMENTS: usize = 1 << 16;

/// A word in a register, on a stack, or inside of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Element<'a> {
    Nil,
    /// Its digits.
    Int(&'a [u8]),
    Atom(&'a [u8]),
    /// As it is shown, `<0.84.0>`.
    Pid(&'a [u8]),
    /// `<0.5>`.
    Port(&'a [u8]),
    /// An object elsewhere.
    Pointer(u64),
    /// A term in the external format, of so many bytes.
    External(u64),
}

/// Something on a heap.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Object<'a> {
    Cons(Element<'a>, Element<'a>),
    Tuple(Vec<Element<'a>>),
    /// As it was printed.
    Float(&'a [u8]),
    /// Digits.
    Big(&'a [u8]),
    /// A binary on the heap: length, and its bytes as they are encoded in this format.
    HeapBinary(u64, &'a [u8]),
    /// A binary elsewhere.
    OffHeapBinary(Part),
    /// A part of another binary, on the heap or elsewhere.
    SubBinary(Part),
    Pid(&'a [u8]),
    Port(&'a [u8]),
    /// References and functions, of so many bytes in the external format.
    External(u64),
    /// A small map: its keys, a tuple, and its values.
    FlatMap(Element<'a>, Vec<Element<'a>>),
    /// The root of a large map, with the number of its pairs, or an inner node of one.
    MapNode(Option<u64>, Vec<Element<'a>>),
}

/// A part of a binary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// The binary's address.
    pub of: u64,
    /// Bytes before the part.
    pub offset: u64,
    /// Bytes of the part.
    pub length: u64,
}

impl<'a> Element<'a> {
    /// Reads one; returns what comes behind it.
    pub fn read(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (kind, rest) = text.split_first()?;
        Some(match kind {
            b'N' => (Self::Nil, rest),
            b'H' => hex(rest).map(|(address, rest)| (Self::Pointer(address), rest))?,
            b'A' => {
                let (length, rest) = hex(rest)?;
                let name = rest.strip_prefix(b":")?;
                let (name, rest) = name.split_at_checked(usize::try_from(length).ok()?)?;
                (Self::Atom(name), rest)
            }
            b'I' => {
                let end = rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'-').unwrap_or(rest.len());
                (Self::Int(&rest[..end]), &rest[end..])
            }
            b'P' => angled(rest).map(|(shown, rest)| (Self::Pid(shown), rest))?,
            b'p' => angled(rest).map(|(shown, rest)| (Self::Port(shown), rest))?,
            b'E' => external(rest).map(|(bytes, rest)| (Self::External(bytes), rest))?,
            b'D' => {
                // A message from another node that nobody has decoded: a table of atoms, then the term.
                let (count, rest) = hex(rest)?;
                let mut rest = rest.strip_prefix(b":")?;
                for _ in 0..count.min(MAX_ELEMENTS as u64) {
                    rest = Self::read_atom(rest)?;
                }
                external(rest.strip_prefix(b"E")?).map(|(bytes, rest)| (Self::External(bytes), rest))?
            }
            _ => return None,
        })
    }

    fn read_atom(text: &'a [u8]) -> Option<&'a [u8]> {
        match Self::read(text.starts_with(b"A").then_some(text)?)? {
            (Self::Atom(_), rest) => Some(rest),
            _ => None,
        }
    }
}

impl<'a> Object<'a> {
    /// Reads what stands behind an address and its colon.
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let (kind, rest) = text.split_first()?;
        Some(match kind {
            b'l' => {
                let (head, rest) = Element::read(rest)?;
                let (tail, _) = Element::read(rest.strip_prefix(b"|")?)?;
                Self::Cons(head, tail)
            }
            b't' => {
                let (arity, rest) = hex(rest)?;
                Self::Tuple(elements(rest.strip_prefix(b":")?, arity))
            }
            b'F' => {
                let (_, rest) = hex(rest)?;
                Self::Float(rest.strip_prefix(b":")?)
            }
            b'B' => Self::Big(rest),
            b'Y' => Self::read_binary(rest)?,
            b'P' => Self::Pid(angled(rest)?.0),
            b'p' => Self::Port(angled(rest)?.0),
            b'E' => Self::External(external(rest)?.0),
            b'M' => Self::read_map(rest)?,
            _ => return None,
        })
    }

    fn read_binary(text: &'a [u8]) -> Option<Self> {
        let (kind, rest) = text.split_first()?;
        let (first, rest) = hex(rest)?;
        let rest = rest.strip_prefix(b":")?;
        if *kind == b'h' {
            return Some(Self::HeapBinary(first, rest));
        }
        let (offset, rest) = hex(rest)?;
        let (length, _) = hex(rest.strip_prefix(b":")?)?;
        let part = Part { of: first, offset, length };
        match kind {
            b'c' => Some(Self::OffHeapBinary(part)),
            b's' => Some(Self::SubBinary(part)),
            _ => None,
        }
    }

    fn read_map(text: &'a [u8]) -> Option<Self> {
        let (kind, rest) = text.split_first()?;
        let (count, rest) = hex(rest)?;
        let rest = rest.strip_prefix(b":")?;
        Some(match kind {
            b'f' => {
                let (keys, rest) = Element::read(rest)?;
                Self::FlatMap(keys, elements(rest.strip_prefix(b":")?, count))
            }
            b'h' => {
                let (nodes, rest) = hex(rest)?;
                Self::MapNode(Some(count), elements(rest.strip_prefix(b":")?, nodes))
            }
            b'n' => Self::MapNode(None, elements(rest, count)),
            _ => return None,
        })
    }
}

/// At most `count` of them, as far as they can be read.
fn elements(mut text: &[u8], count: u64) -> Vec<Element<'_>> {
    let mut found = Vec::new();
    while (found.len() as u64) < count.min(MAX_ELEMENTS as u64) {
        let Some((element, rest)) = Element::read(text) else { break };
        found.push(element);
        text = rest.strip_prefix(b",").unwrap_or_default();
    }
    found
}

/// `<0.84.0>` and what comes behind it.
fn angled(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().take(64).position(|byte| *byte == b'>')?;
    text.starts_with(b"<").then(|| text.split_at(end + 1))
}

/// The length of a term in the external format and what comes behind it; `text` begins behind the `E`.
fn external(text: &[u8]) -> Option<(u64, &[u8])> {
    let (bytes, rest) = hex(text)?;
    let coded = rest.strip_prefix(b":")?;
    let end = coded.iter().position(|byte| matches!(byte, b',' | b':' | b'|')).unwrap_or(coded.len());
    Some((bytes, &coded[end..]))
}

/// At most `most` bytes of a binary from an offset on: base64 since format 0.5, pairs of hexadecimal digits before.
pub(super) fn decode(coded: &[u8], is_base64: bool, offset: u64, most: usize) -> Vec<u8> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    if !is_base64 {
        let coded = coded.get(offset.saturating_mul(2)..).unwrap_or_default();
        return coded.chunks_exact(2).take(most).map_while(|pair| hex(pair).map(|(byte, _)| byte as u8)).collect();
    }
    let value = |byte: u8| {
        Some(match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    // Four digits are three bytes.
    let coded = coded.get((offset / 3).saturating_mul(4)..).unwrap_or_default();
    let (skip, mut bytes, mut bits, mut held) = (offset % 3, Vec::new(), 0_u32, 0);
    for six in coded.iter().map_while(|byte| value(*byte)) {
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            if bytes.len() >= most.saturating_add(skip) {
                break;
            }
        }
    }
    bytes.drain(..skip.min(bytes.len()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_a_real_heap_are_read() {
        use Element::{Atom, Int, Nil, Pid, Pointer, Port};
        let cases: Vec<(&[u8], Object<'_>)> = vec![
            (b"lI47|H7F1FC35CEC68", Object::Cons(Int(b"47"), Pointer(0x7f1f_c35c_ec68))),
            (b"t3:A4:a,b:,I-5,P<0.9.0>", Object::Tuple(vec![Atom(b"a,b:"), Int(b"-5"), Pid(b"<0.9.0>")])),
            (b"t0:", Object::Tuple(vec![])),
            (b"F1A:1.50000000000000000000e+00", Object::Float(b"1.50000000000000000000e+00")),
            (b"B123456789012345678901234567890", Object::Big(b"123456789012345678901234567890")),
            (b"Yh3:YWJj", Object::HeapBinary(3, b"YWJj")),
            (b"Yc55B1E6CF81C0:0:214", Object::OffHeapBinary(Part { of: 0x55b1_e6cf_81c0, offset: 0, length: 0x214 })),
            (b"Ys7F00:5:10", Object::SubBinary(Part { of: 0x7f00, offset: 5, length: 16 })),
            (b"E24:g1oAA2QADW5vbm9k", Object::External(0x24)),
            (b"Mf1:H7F1F:p<0.5>", Object::FlatMap(Pointer(0x7f1f), vec![Port(b"<0.5>")])),
            (b"Mh411A:2:H1,N", Object::MapNode(Some(0x411a), vec![Pointer(1), Nil])),
            (b"Mn1:H2", Object::MapNode(None, vec![Pointer(2)])),
        ];
        for (text, object) in cases {
            assert_eq!(Object::read(text), Some(object), "{}", String::from_utf8_lossy(text));
            for length in 0..text.len() {
                let _any = Object::read(&text[..length]);
            }
        }
        assert_eq!(Object::read(b"l|N"), None);
        assert_eq!(
            Object::read(b"tFFFFFFFFFFFFFFFF:N,N"),
            Some(Object::Tuple(vec![Nil, Nil])),
            "counts are no promise"
        );
        let (message, rest) = Element::read(b"D1:A1:xE4:g2EH:N").unwrap();
        assert_eq!((message, rest), (Element::External(4), &b":N"[..]));
    }

    #[test]
    fn bytes_of_both_encodings_are_read() {
        assert_eq!(decode(b"eHh4eA==", true, 0, 100), b"xxxx");
        assert_eq!(decode(b"eHh4eA==", true, 0, 2), b"xx");
        for (offset, rest) in
            [(0, "abcdefgh"), (1, "bcdefgh"), (2, "cdefgh"), (5, "fgh"), (8, ""), (99, ""), (u64::MAX, "")]
        {
            assert_eq!(decode(b"YWJjZGVmZ2g=", true, offset, 100), rest.as_bytes(), "from {offset}");
            assert_eq!(decode(b"6162636465666768", false, offset, 100), rest.as_bytes(), "from {offset}");
        }
        assert_eq!(decode(b"4142zz", false, 0, 100), b"AB");
        assert_eq!(decode(b"\xff", true, 0, 100), b"");
    }
}
