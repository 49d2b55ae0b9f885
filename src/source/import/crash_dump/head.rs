//! The head of a dump: when, why, and which system.

use jiff::civil::DateTime;
use memchr::memmem;

use super::fields::{field, lines, number, text, text_of};
use super::index::Section;
use crate::model::time::Timestamp;

/// A slogan may be a whole error report; more of it is not kept.
const MAX_SLOGAN: usize = 4_000;

/// A head is short; no more of it is looked through.
const MAX_HEAD: usize = 1 << 20;

/// What a dump says of itself and of the system that wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The version of the format, `0.1` to `0.5`; OTP 22 to 28 write 0.5.
    pub format: String,
    /// When it was written, as it says: local time of its machine, without a zone.
    pub written: Option<String>,
    /// That time as if it were UTC, since its zone is not told.
    pub at: Option<Timestamp>,
    /// Why the node died.
    pub slogan: String,
    /// The system's whole version line.
    pub system_version: String,
    /// The OTP release, e.g. `25` or `R16B03`.
    pub release: Option<String>,
    /// The version of the runtime, e.g. `13.1.5`.
    pub erts: Option<String>,
    /// Normal schedulers online.
    pub schedulers: Option<u64>,
    /// Bytes of a word of heap.
    pub word_bytes: u64,
    /// Native code that was loaded: NIF modules and linked-in drivers.
    pub taints: Vec<String>,
    /// Atoms, as the head counts them.
    pub atoms: Option<u64>,
    /// The thread that called for the dump.
    pub calling_thread: Option<String>,
}

impl Head {
    /// From the first section; of another one, a head that knows nothing.
    pub(super) fn read(section: Section<'_>) -> Self {
        let body = &section.body[..section.body.len().min(MAX_HEAD)];
        let value = |key: &[u8]| lines(body).filter_map(field).find(|(name, _)| *name == key).map(|(_, value)| value);
        let written = lines(body).next().filter(|line| !line.is_empty() && line.len() < 40);
        let system = value(b"System version").unwrap_or_default();
        let system_version = text(system);
        let taints = String::from_utf8_lossy(value(b"Taints").unwrap_or_default()).into_owned();
        let taints = taints.split([',', ' ']).filter(|name| !name.is_empty() && *name != "(none)");
        Self {
            format: text_of(section.argument, 8),
            written: written.map(text).filter(|text| moment(text).is_some()),
            at: written.map(text).and_then(|text| moment(&text)),
            slogan: slogan(body),
            release: between(&system_version, "OTP ", " ")
                .or_else(|| between(&system_version, "Erlang ", " ").filter(|word| word.starts_with('R'))),
            erts: system_version
                .split("erts-")
                .nth(1)
                .map(|rest| rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect()),
            schedulers: between(&system_version, "[smp:", "]")
                .and_then(|pair| number(pair.rsplit(':').next()?.as_bytes())),
            word_bytes: if system_version.contains("[64-bit]") { 8 } else { 4 },
            system_version,
            taints: taints.take(200).map(|name| text_of(name.as_bytes(), 80)).collect(),
            atoms: value(b"Atoms").and_then(number),
            calling_thread: value(b"Calling Thread").map(text),
        }
    }
}

/// From behind `Slogan: ` to the line with the system's version; a slogan may be of several lines.
fn slogan(body: &[u8]) -> String {
    const KEY: &[u8] = b"Slogan: ";
    let Some(from) = memmem::find(body, KEY) else { return String::new() };
    let rest = &body[from + KEY.len()..];
    let rest = &rest[..memmem::find(rest, b"\nSystem version:").unwrap_or(rest.len().min(MAX_SLOGAN))];
    let joined: Vec<_> = lines(rest).map(|line| text_of(line, MAX_SLOGAN)).filter(|line| !line.is_empty()).collect();
    text_of(joined.join(" ").as_bytes(), MAX_SLOGAN)
}

/// A time as C's `ctime` writes it: `Tue Nov 24 12:32:19 2026`.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [_, month, day, clock, year] = words.as_slice() else { return None };
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i8::try_from(months.iter().position(|name| name == month)? + 1).ok()?;
    let mut parts = clock.split(':').map(str::parse::<i8>);
    let mut part = || parts.next()?.ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    let local = DateTime::new(year.parse().ok()?, month, day.parse().ok()?, hour, minute, second.min(59), 0).ok()?;
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(i64::try_from(utc.timestamp().as_nanosecond()).ok()?))
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(rest[..rest.find(after)?].to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::index::{Index, Tag};
    use super::*;

    fn head(text: &str) -> Head {
        let bytes = text.as_bytes();
        Head::read(Index::build(bytes).first(bytes, Tag::Head).unwrap())
    }

    #[test]
    fn a_slogan_may_be_of_several_lines() {
        let head = head(
            "=erl_crash_dump:0.5\nTue Nov 24 12:32:19 2026\nSlogan: Kernel pid terminated (x) (\n{a,b})\n\
             System version: Erlang/OTP 25 [erts-13.1.5] [source] [64-bit] [smp:4:2] [ds:4:2:10] [async-threads:1]\n\
             Taints: crypto,asn1rt_nif\nAtoms: 12\nCalling Thread: scheduler:2\n=end\n",
        );
        assert_eq!(head.slogan, "Kernel pid terminated (x) ( {a,b})");
        assert_eq!((head.release.as_deref(), head.erts.as_deref()), (Some("25"), Some("13.1.5")));
        assert_eq!((head.schedulers, head.word_bytes, head.atoms), (Some(2), 8, Some(12)));
        assert_eq!(head.taints, ["crypto", "asn1rt_nif"]);
        assert_eq!(head.at.unwrap().rfc3339(), "2026-11-24T12:32:19.000Z");
    }

    #[test]
    fn an_old_head_and_one_that_is_cut_off_are_read_as_far_as_they_go() {
        let old = head(
            "=erl_crash_dump:0.1\r\nSat Feb  9 01:02:03 2013\r\nSlogan: out of luck\r\n\
             System version: Erlang R15B03 (erts-5.9.3.1) [source] [smp:2:2] [async-threads:0]\r\nAtoms: 7\r\n=end\r\n",
        );
        assert_eq!((old.release.as_deref(), old.erts.as_deref()), (Some("R15B03"), Some("5.9.3.1")));
        assert_eq!((old.word_bytes, old.slogan.as_str()), (4, "out of luck"));
        let cut = head("=erl_crash_dump:0.5\nTue Nov 24 12:3");
        assert_eq!((cut.at, cut.slogan.as_str()), (None, ""));
        for nonsense in
            ["Tue Nov 31 12:00:00 2026", "Tue Foo 1 12:00:00 2026", "a b c d 99999999", "Tue Nov 1 1:2 2026"]
        {
            assert_eq!(moment(nonsense), None, "{nonsense}");
        }
    }
}
