//! Rotated logs: `gc.log`, `gc.log.0`, `gc.log.1.current` … are one. When one of them is opened, all are read, in order of time.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::clock::{self, Stamp};
use super::scan::Scan;
use crate::source::import::complaints::Complaints;
use crate::source::import::input::{Input, Lines};

/// More files of one log are not looked at.
const MAX_FILES: usize = 1000;

/// The lines of several files, one after the other.
pub struct Joined {
    files: VecDeque<Input>,
    lines: Option<Lines>,
}

impl Joined {
    /// The files that belong to a log; those that can't be read or are none are left out.
    pub fn of(input: Input, complaints: &mut Complaints) -> Self {
        let mut files: Vec<(Option<(bool, i64)>, Input)> = Vec::new();
        for path in siblings(input.path()) {
            let sibling = Input::open_beside(&path, &input.progress());
            files.extend(sibling.ok().filter(|sibling| super::tells(sibling.head())).map(|it| (first(it.head()), it)));
        }
        files.push((first(input.head()), input));
        // Where one has another clock than the rest there is no order; the opened one is then alone.
        let clocks = |has_wall| files.iter().any(|(key, _)| key.is_some_and(|(wall, _)| wall == has_wall));
        if files.iter().any(|(key, _)| key.is_none()) || (clocks(true) && clocks(false)) {
            files.drain(..files.len() - 1);
        }
        files.sort_by_key(|(key, _)| *key);
        if files.len() > 1 {
            let names: Vec<&str> = files.iter().map(|(_, input)| input.name()).collect();
            let shown = names.iter().take(10).copied().collect::<Vec<_>>().join(", ");
            let more = if names.len() > 10 { ", …" } else { "" };
            complaints
                .say(format!("{} files of one rotated log are read in order of time: {shown}{more}", names.len()));
        }
        Self { files: files.into_iter().map(|(_, input)| input).collect(), lines: None }
    }

    /// The next line.
    pub fn next(&mut self, complaints: &mut Complaints) -> Option<&[u8]> {
        loop {
            if self.lines.is_none() {
                self.lines = Some(self.files.pop_front()?.into_lines());
            }
            // The borrow checker can't see that a line that is found ends the loop.
            let lines = self.lines.as_mut()?;
            if lines.advance(complaints) {
                break;
            }
            self.lines = None;
        }
        self.lines.as_ref().map(Lines::current)
    }
}

/// The moment of the first line that has one.
fn first(head: &[u8]) -> Option<(bool, i64)> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (stamps, _) = clock::split(line);
        let stamp = match stamps {
            [] => clock::legacy(&mut Scan(line)),
            stamps => clock::decorations(stamps),
        };
        Stamp::key(stamp)
    })
}

/// Other files of the same log, beside the one that is opened.
fn siblings(path: Option<&Path>) -> Vec<PathBuf> {
    let Some((folder, name)) = path.and_then(|path| Some((path.parent()?, path.file_name()?.to_str()?))) else {
        return Vec::new();
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Some(base) = base(name) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let other = entry.file_name();
            let other = other.to_str().unwrap_or_default();
            other != name && self::base(other) == Some(base) && entry.file_type().is_ok_and(|kind| kind.is_file())
        })
        .map(|entry| entry.path())
        .take(MAX_FILES)
        .collect();
    found.sort();
    found
}

/// The name without what rotation and packing add.
fn base(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".gz").or(name.strip_suffix(".zst")).unwrap_or(name);
    let name = name.strip_suffix(".current").unwrap_or(name);
    let base = match name.rsplit_once('.') {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    };
    (!base.is_empty()).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_log() {
        for name in ["gc.log", "gc.log.0", "gc.log.12", "gc.log.1.current", "gc.log.3.gz", "gc.log.zst"] {
            assert_eq!(base(name), Some("gc.log"), "{name}");
        }
        assert_eq!(base("gc.log.old"), Some("gc.log.old"));
        assert_eq!(base(".5"), None);
    }
}
