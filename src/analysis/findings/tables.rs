//! Tables that seem to be there twice: as many rows, as large rows, all the time. Rows are never read, so it stays a suspicion.

use super::observed::{Observed, Subject, Track, derived};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::entity::EntityKind;
use crate::model::format::{bytes_text, number_text, share_text};
use crate::model::metric;
use crate::model::unit::Unit;

/// Smaller tables are alike by chance, and it does not matter.
const LEAST_ROWS: f64 = 1_000.0;
const LEAST_BYTES: f64 = 1e6;
/// Rows this short are all alike, whatever is in them: a number as key and another as value take just so much.
const LEAST_ROW_WORDS: f64 = 16.0;
const WORD_BYTES: f64 = 8.0;
const ROWS_TOLERANCE: f64 = 0.01;
const ROW_BYTES_TOLERANCE: f64 = 0.05;
/// Alike at fewer moments tells nothing.
const LEAST_MOMENTS: usize = 3;
/// Over less time even that tells little.
const LEAST_S: f64 = 10.0;
/// From this share of all memory on it is worth a warning.
const WARNING_SHARE: f64 = 0.05;

/// All of them; one finding a set of tables that are alike.
pub fn find(observed: &Observed) -> Vec<Finding> {
    let tables: Vec<Table<'_>> = observed.subjects.iter().filter_map(Table::of).collect();
    let mut taken = vec![false; tables.len()];
    let mut found = Vec::new();
    for first in 0..tables.len() {
        if taken[first] {
            continue;
        }
        let mut set = vec![&tables[first]];
        for second in first + 1..tables.len() {
            if !taken[second] && tables[first].is_like(&tables[second]) {
                taken[second] = true;
                set.push(&tables[second]);
            }
        }
        if set.len() > 1 {
            found.extend(redundant(observed, &set));
        }
    }
    found
}

struct Table<'a> {
    subject: &'a Subject,
    rows: &'a Track,
    bytes: &'a Track,
    last_rows: f64,
    last_bytes: f64,
}

impl<'a> Table<'a> {
    /// A table that is worth a look.
    fn of(subject: &'a Subject) -> Option<Self> {
        let is_table = subject.kind == EntityKind::EtsTable;
        let (rows, bytes) = (subject.track(metric::TABLE_OBJECTS)?, subject.track(metric::MEMORY_USED)?);
        let (last_rows, last_bytes) = (rows.last()?.mean, bytes.last()?.mean);
        let is_worth_it = last_rows >= LEAST_ROWS && last_bytes >= LEAST_BYTES;
        let tells = last_bytes / last_rows > LEAST_ROW_WORDS * WORD_BYTES;
        (is_table && is_worth_it && tells).then_some(Self { subject, rows, bytes, last_rows, last_bytes })
    }

    /// Whether the other had as many and as large rows at every moment that both were looked at.
    fn is_like(&self, other: &Table<'_>) -> bool {
        let mut moments = 0;
        for level in &self.rows.levels {
            let at_s = level.at_s + self.rows.width_s / 2.0;
            let Some(others) = other.rows.mean_at(at_s) else { continue };
            let each = |table: &Table<'_>, rows: f64| Some(table.bytes.mean_at(at_s)? / rows.max(1.0));
            let (Some(mine), Some(theirs)) = (each(self, level.mean), each(other, others)) else { continue };
            if !is_near(level.mean, others, ROWS_TOLERANCE) || !is_near(mine, theirs, ROW_BYTES_TOLERANCE) {
                return false;
            }
            moments += 1;
        }
        // Of two that are only equal in number, the one that changes gives itself away.
        moments >= LEAST_MOMENTS && self.rows.span_s() >= LEAST_S && self.changes() == other.changes()
    }

    fn changes(&self) -> bool {
        let low = self.rows.levels.iter().map(|level| level.min).fold(f64::INFINITY, f64::min);
        self.rows.peak() > low
    }
}

fn is_near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs())
}

fn redundant(observed: &Observed, set: &[&Table<'_>]) -> Option<Finding> {
    let subjects: Vec<&Subject> = set.iter().map(|table| table.subject).collect();
    let all: f64 = set.iter().map(|table| table.last_bytes).sum();
    let largest = set.iter().map(|table| table.last_bytes).fold(0.0, f64::max);
    let freed = all - largest;
    let share = observed.memory_bytes().filter(|memory| *memory > 0.0).map(|memory| freed / memory);
    let severity = if share.is_some_and(|share| share >= WARNING_SHARE) { Severity::Warning } else { Severity::Info };
    let mut finding = finding(RuleClass::RedundantTables, severity, Grade::Suspected, &subjects, observed.range);
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let first = set.first()?;
    let each = first.last_bytes / first.last_rows;
    let of_all = share.map_or_else(String::new, |share| format!(" ({} of all memory)", share_text(share)));
    finding.message = format!(
        "{} seem to hold the same: {} rows of {} each, alike all the time. Without the copy {}{of_all} would be free. \
         Rows were not read: this is a suspicion.",
        names.join(" and "),
        number_text(first.last_rows, Unit::COUNT),
        bytes_text(each),
        bytes_text(freed),
    );
    for table in set {
        let label = |what: &str| format!("{}, {what}", table.subject.name);
        finding.evidence.push(observed.measured(&label("rows"), table.last_rows, Unit::COUNT, observed.range));
        finding.evidence.push(observed.measured(&label("memory"), table.last_bytes, Unit::BYTES, observed.range));
    }
    let freed = derived("would be free", freed, Unit::BYTES, "all of them less the largest");
    finding.derived = Some(freed.quantity.clone());
    finding.evidence.push(freed);
    finding.next = String::from(
        "Look who reads each of them. If one is a copy for safety, the same process or node loses both at once; drop it or move it.",
    );
    Some(finding)
}
