//! The small grammar of a dump's lines: `Key: value`, numbers, pids, text for people. Nothing here trusts what it reads.

use memchr::memchr;

use crate::source::terms::Pid;

/// Text for people is cut to so many characters.
pub(super) const MAX_TEXT: usize = 256;

/// The lines of a section, without their ends.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: &'a [u8],
}

/// Splits into lines; the last one may lack its end.
pub(super) fn lines(body: &[u8]) -> Lines<'_> {
    Lines { rest: body }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}

/// `Key: value`; a value may be empty.
pub(super) fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr(b':', line)?;
    let value = &line[colon + 1..];
    Some((&line[..colon], value.strip_prefix(b" ").unwrap_or(value)))
}

/// The decimal number that a text begins with; the largest there is for one that is larger.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = |so_far: u64, digit: &u8| so_far.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    (digits > 0).then(|| text[..digits].iter().fold(0, value))
}

/// The hexadecimal number that a text begins with, and what comes behind it; of at most 16 digits.
pub(super) fn hex(text: &[u8]) -> Option<(u64, &[u8])> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let mut value = 0_u64;
    let mut digits = 0;
    for byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'F' => byte - b'A' + 10,
            b'a'..=b'f' => byte - b'a' + 10,
            _ => break,
        };
        value = value << 4 | u64::from(digit);
        digits += 1;
        if digits > 16 {
            return None;
        }
    }
    (digits > 0).then(|| (value, &text[digits..]))
}

/// `<0.84.0>`, a process of the node itself.
pub(super) fn pid(text: &[u8]) -> Option<Pid> {
    let inside = text.strip_prefix(b"<0.")?;
    let id = number(inside)?;
    let rest = &inside[inside.iter().take_while(|byte| byte.is_ascii_digit()).count()..];
    let serial = number(rest.strip_prefix(b".")?)?;
    Some(Pid { id: u32::try_from(id).ok()?, serial: u32::try_from(serial).ok()?, creation: 0 })
}

/// Text for people: no control characters, of bounded length.
pub(super) fn text(bytes: &[u8]) -> String {
    text_of(bytes, MAX_TEXT)
}

/// Text of at most `most` characters; one that was cut ends with `…`.
pub(super) fn text_of(bytes: &[u8], most: usize) -> String {
    // A character is of four bytes at most.
    let looked_at = &bytes[..bytes.len().min(most.saturating_mul(4).saturating_add(4))];
    let all = String::from_utf8_lossy(looked_at);
    let mut shown: String = all.chars().take(most).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if looked_at.len() < bytes.len() || all.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// An atom as `%T` prints it, without quotes: `'shop@host'` is `shop@host`.
pub(super) fn atom(bytes: &[u8]) -> String {
    let inside = bytes.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'"));
    text(inside.unwrap_or(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_they_like_and_fields_may_be_empty() {
        let all: Vec<_> = lines(b"a: 1\r\nb:\n\nc").collect();
        assert_eq!(all, [&b"a: 1"[..], b"b:", b"", b"c"]);
        assert_eq!(field(b"Link list: [<0.1.0>]"), Some((&b"Link list"[..], &b"[<0.1.0>]"[..])));
        assert_eq!(field(b"Taints: "), Some((&b"Taints"[..], &b""[..])));
        assert_eq!(field(b"no field"), None);
    }

    #[test]
    fn numbers_have_an_end_and_a_limit() {
        assert_eq!(number(b"12 0 0"), Some(12));
        assert_eq!(number(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!(number(b"-1"), None);
        assert_eq!(hex(b"7F1F:t2"), Some((0x7f1f, &b":t2"[..])));
        assert_eq!(hex(b"0x00007f1fc4808494 (init"), Some((0x7f1f_c480_8494, &b" (init"[..])));
        assert_eq!(hex(b"11112222333344445"), None, "no address is longer than 16 digits");
        assert_eq!(hex(b":"), None);
    }

    #[test]
    fn pids_are_the_nodes_own() {
        assert_eq!(pid(b"<0.84.2>, <0.9.0>").map(|pid| (pid.id, pid.serial)), Some((84, 2)));
        for stranger in [&b"<12.84.0>"[..], b"[]", b"<0.99999999999.0>", b"<0.1>", b"<0.", b""] {
            assert_eq!(pid(stranger), None, "{stranger:?}");
        }
    }

    #[test]
    fn text_is_clean_and_short() {
        assert_eq!(text(b"a\x1b[31m\xff"), "a\u{fffd}[31m\u{fffd}");
        assert_eq!(text(&[b'x'; 5000]).chars().count(), MAX_TEXT + 1);
        assert_eq!(atom(b"'shop@web 1'"), "shop@web 1");
    }
}
