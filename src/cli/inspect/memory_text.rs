//! The memory part of `inspect` for people.

use super::memory::{ChangeOf, ChangePart, KindPart, MemoryPart};
use super::text::{clock, cut, letter, share};
use crate::model::format::{bytes_text, quantity_text};
use crate::model::unit::Unit;

/// So many members of a changed component are listed.
const MEMBERS: usize = 5;

/// So many kinds are named behind a component.
const KINDS: usize = 3;

/// Its heading.
pub fn heading(memory: &MemoryPart) -> String {
    let at = memory.at_s.map_or_else(String::new, |at_s| format!(" at {}", clock(at_s)));
    format!("Memory{at}: {}", quantity_text(&memory.total.quantity))
}

/// Components, and what it takes from them to the total and to physical memory.
pub fn parts(memory: &MemoryPart) -> Vec<Vec<String>> {
    let total = memory.total.quantity.number_in(Unit::BYTES).filter(|total| *total > 0.0);
    let of_total = |bytes: f64| share(total.map(|total| bytes / total));
    let mut rows: Vec<Vec<String>> = memory
        .parts
        .iter()
        .map(|part| {
            vec![
                cut(&part.title),
                bytes_text(part.bytes),
                share(part.share),
                letter(part.provenance),
                kinds(&part.kinds),
            ]
        })
        .collect();
    let mut besides = |title: &str, bytes: f64, letter: &str| {
        rows.push(vec![title.to_owned(), bytes_text(bytes), of_total(bytes), letter.to_owned()]);
    };
    if memory.unattributed_bytes != 0.0 {
        besides("not attributed", memory.unattributed_bytes, "D");
    }
    if memory.counted_twice_bytes != 0.0 {
        besides("counted twice (shared)", -memory.counted_twice_bytes, "D");
    }
    for outside in &memory.outside {
        besides(outside.title, outside.bytes, "D");
    }
    if let Some(bytes) = memory.resident.as_ref().and_then(|resident| resident.quantity.number_in(Unit::BYTES)) {
        besides("= physical memory", bytes, "M");
    }
    rows
}

/// `young heap, in use 3 MB, stack 1 MB, …`.
fn kinds(kinds: &[KindPart]) -> String {
    let named: Vec<String> =
        kinds.iter().take(KINDS).map(|kind| format!("{} {}", kind.title, bytes_text(kind.bytes))).collect();
    let more = if kinds.len() > KINDS { ", …" } else { "" };
    format!("{}{more}", named.join("; "))
}

/// The heading of what changed.
pub fn change_heading(change: &ChangePart) -> String {
    format!(
        "Memory changed from {} to {}: {} → {}; grown +{}, new +{}, shrunk −{}, gone −{}",
        clock(change.from_s),
        clock(change.to_s),
        bytes_text(change.before_bytes),
        bytes_text(change.after_bytes),
        bytes_text(change.grown_bytes),
        bytes_text(change.new_bytes),
        bytes_text(change.shrunk_bytes),
        bytes_text(change.gone_bytes)
    )
}

/// Components and their members, the largest changes first.
pub fn changes(change: &ChangePart, top: usize) -> Vec<Vec<String>> {
    let mut rows = vec![["changed", "before", "after", "change", "how"].map(str::to_owned).to_vec()];
    for part in change.parts.iter().take(top) {
        rows.push(row(&part.all, ""));
        rows.extend(part.members.iter().take(MEMBERS).map(|member| row(member, "  ")));
    }
    let besides = [&change.unattributed].into_iter().chain(&change.outside);
    rows.extend(besides.filter(|it| it.how != "unchanged").map(|it| row(it, "")));
    rows
}

fn row(change: &ChangeOf, indent: &str) -> Vec<String> {
    let by = change.after_bytes - change.before_bytes;
    let sign = if by < 0.0 { "−" } else { "+" };
    vec![
        format!("{indent}{} {}", change.sign, cut(&change.title)),
        bytes_text(change.before_bytes),
        bytes_text(change.after_bytes),
        format!("{sign}{}", bytes_text(by.abs())),
        change.how.to_owned(),
    ]
}
