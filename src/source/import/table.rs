//! Records with named columns, as CSV with a header or as JSON Lines, for the importers of logs.

use super::complaints::Complaints;
use super::input::{Input, Lines};
use crate::model::time::{NS_PER_S, Timestamp};
use crate::source::SourceError;

/// A column that an importer knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name, of times without the unit.
    pub name: &'static str,
    /// Whether it is a time: with `_s`, `_ms`, `_us` or `_ns` behind its name, or as RFC 3339 without.
    pub is_time: bool,
}

/// A plain column.
pub(super) const fn plain(name: &'static str) -> Field {
    Field { name, is_time: false }
}

/// A column of times.
pub(super) const fn time(name: &'static str) -> Field {
    Field { name, is_time: true }
}

/// What a number in a column of times counts; `None`: nothing, it is RFC 3339.
type UnitNs = Option<i64>;

/// The field that a column's name means, by its index.
fn find(fields: &[Field], column: &str) -> Option<(usize, UnitNs)> {
    let column = column.trim().to_ascii_lowercase();
    fields.iter().enumerate().find_map(|(index, field)| {
        let unit = match column.strip_prefix(field.name)? {
            "" => None,
            "_s" if field.is_time => Some(NS_PER_S),
            "_ms" if field.is_time => Some(1_000_000),
            "_us" if field.is_time => Some(1_000),
            "_ns" if field.is_time => Some(1),
            _ => return None,
        };
        Some((index, unit))
    })
}

/// Whether the beginning of a file has a header, or a first JSON object, with all these columns.
pub(super) fn has_columns(head: &[u8], fields: &[Field]) -> bool {
    let end = head.iter().position(|byte| *byte == b'\n');
    let line = &head[..end.unwrap_or(head.len())];
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let Ok(line) = std::str::from_utf8(line) else { return false };
    let names: Vec<String> = if line.trim_start().starts_with('{') {
        match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line) {
            Ok(object) => object.keys().cloned().collect(),
            Err(_) => return false,
        }
    } else if end.is_some() {
        split(line, delimiter(line)).into_iter().map(|(_, name)| name).collect()
    } else {
        return false;
    };
    let has = |field: &Field| names.iter().any(|name| find(std::slice::from_ref(field), name).is_some());
    fields.iter().all(has)
}

fn delimiter(header: &str) -> char {
    let count = |c: char| header.matches(c).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|c| count(*c)).unwrap_or(',')
}

/// The cells of a line with the columns, counted from 1, at which they begin.
fn split(line: &str, delimiter: char) -> Vec<(usize, String)> {
    let mut cells = Vec::new();
    if !line.contains('"') {
        let mut column = 1;
        for cell in line.split(delimiter) {
            cells.push((column, cell.trim().to_owned()));
            column += cell.len() + 1;
        }
        return cells;
    }
    let (mut start, mut cell, mut quoted) = (1, String::new(), false);
    let mut characters = line.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' if quoted && characters.peek().is_some_and(|(_, next)| *next == '"') => {
                cell.push('"');
                characters.next();
            }
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => {
                cells.push((start, std::mem::take(&mut cell).trim().to_owned()));
                start = at + 2;
            }
            c => cell.push(c),
        }
    }
    cells.push((start, cell.trim().to_owned()));
    cells
}

enum Style {
    /// Where each column of the file goes.
    Csv {
        delimiter: char,
        columns: Vec<Option<(usize, UnitNs)>>,
    },
    Json,
}

/// Reads records.
pub(super) struct Table {
    lines: Lines,
    fields: &'static [Field],
    style: Style,
    record: Record,
}

/// One record, by the index of its fields.
pub(super) struct Record {
    fields: &'static [Field],
    pub line: u64,
    cells: Vec<Option<Cell>>,
}

struct Cell {
    text: String,
    column: usize,
    unit: UnitNs,
}

/// What is wrong with a record: where, and what was expected.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub place: String,
    pub what: String,
}

impl Table {
    /// Reads the head of a file that has `fields`.
    pub fn open(input: Input, fields: &'static [Field], complaints: &mut Complaints) -> Result<Self, SourceError> {
        let name = input.name().to_owned();
        let is_json = input.head().trim_ascii_start().starts_with(b"{");
        let mut lines = input.into_lines();
        let style = if is_json {
            Style::Json
        } else {
            let header = lines.next(complaints).map(|(_, line)| line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line));
            let header = header.and_then(|line| std::str::from_utf8(line).ok());
            let header =
                header.ok_or_else(|| SourceError(format!("{name}, line 1: a header of columns was expected")))?;
            let delimiter = delimiter(header);
            let columns = split(header, delimiter).iter().map(|(_, column)| find(fields, column)).collect();
            Style::Csv { delimiter, columns }
        };
        let record = Record { fields, line: 0, cells: Vec::new() };
        Ok(Self { lines, fields, style, record })
    }

    /// The next record that has the form of one; `None` at the end.
    pub fn next(&mut self, complaints: &mut Complaints) -> Option<&Record> {
        loop {
            let (number, line) = self.lines.next(complaints)?;
            if line.iter().all(u8::is_ascii_whitespace) || line.starts_with(b"#") {
                continue;
            }
            let record = &mut self.record;
            record.line = number;
            record.cells.clear();
            record.cells.resize_with(self.fields.len(), || None);
            let place = |column: usize| format!("line {number}, column {column}");
            let line = match std::str::from_utf8(line) {
                Ok(line) => line,
                Err(error) => {
                    complaints.leave_out(&place(error.valid_up_to() + 1), "UTF-8 text was expected");
                    continue;
                }
            };
            match &self.style {
                Style::Csv { delimiter, columns } => {
                    for ((column, text), target) in split(line, *delimiter).into_iter().zip(columns) {
                        let Some((field, unit)) = *target else { continue };
                        record.put(field, text, column, unit);
                    }
                }
                Style::Json => {
                    let object = match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(line) {
                        Ok(object) => object,
                        Err(error) => {
                            complaints.leave_out(&place(error.column()), "a JSON object was expected");
                            continue;
                        }
                    };
                    for (name, value) in object {
                        let Some((field, unit)) = find(self.fields, &name) else { continue };
                        let text = match value {
                            serde_json::Value::Null => continue,
                            serde_json::Value::String(text) => text,
                            serde_json::Value::Bool(value) => u8::from(value).to_string(),
                            value => value.to_string(),
                        };
                        let column = line.find(&format!("\"{name}\"")).map_or(1, |at| at + 1);
                        record.put(field, text, column, unit);
                    }
                }
            }
            return Some(&self.record);
        }
    }
}

impl Record {
    fn put(&mut self, field: usize, text: String, column: usize, unit: UnitNs) {
        if let Some(cell) = self.cells.get_mut(field).filter(|_| !text.is_empty()) {
            *cell = Some(Cell { text, column, unit });
        }
    }

    fn cell(&self, field: usize) -> Option<&Cell> {
        self.cells.get(field)?.as_ref()
    }

    /// What a cell holds; `None` of an empty one.
    pub fn text(&self, field: usize) -> Option<&str> {
        self.cell(field).map(|cell| cell.text.as_str())
    }

    /// Something is wrong with a field.
    pub fn wrong(&self, field: usize, expected: &str) -> Wrong {
        let name = self.fields.get(field).map_or("", |field| field.name);
        let (column, what) = match self.cell(field) {
            Some(cell) => {
                let found: String = cell.text.chars().take(40).collect();
                (format!(", column {}", cell.column), format!("{name}: {expected} was expected, not \"{found}\""))
            }
            None => (String::new(), format!("{name} is missing: {expected} was expected")),
        };
        Wrong { place: format!("line {}{column}", self.line), what }
    }

    /// Nanoseconds: since 1970 where the file tells the time of day, else since its own zero.
    pub fn ns(&self, field: usize) -> Result<Option<i64>, Wrong> {
        let Some(cell) = self.cell(field) else { return Ok(None) };
        let found = match cell.unit {
            Some(unit) => decimal(&cell.text, unit),
            None => Timestamp::parse_rfc3339(&cell.text).map(|at| at.0),
        };
        let expected = if cell.unit.is_some() { "a number" } else { "a time by RFC 3339" };
        found.map(Some).ok_or_else(|| self.wrong(field, expected))
    }

    /// A number that is not negative.
    pub fn number(&self, field: usize) -> Result<Option<f64>, Wrong> {
        let Some(text) = self.text(field) else { return Ok(None) };
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        number.map(Some).ok_or_else(|| self.wrong(field, "a number not below 0"))
    }
}

/// A decimal number times `unit`, exactly where it fits; seconds since 1970 have more digits than an `f64`.
fn decimal(text: &str, unit: i64) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !is_plain(whole) || !is_plain(part) {
        let ns = text.parse::<f64>().ok()? * unit as f64;
        return (ns.is_finite() && ns.abs() < i64::MAX as f64).then_some(ns as i64);
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let (mut ns, mut weight) = (0, unit);
    for digit in part.bytes() {
        weight /= 10;
        ns += i64::from(digit - b'0') * weight;
    }
    whole.checked_mul(unit)?.checked_add(ns)?.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        assert_eq!(decimal("1764000000.123456789", NS_PER_S), Some(1_764_000_000_123_456_789));
        assert_eq!(decimal("-0.5", 1_000), Some(-500));
        assert_eq!(decimal("2.5e3", 1), Some(2500));
        assert_eq!(decimal(".25", 1_000_000), Some(250_000));
        for wrong in ["", ".", "-", "1.2.3", "x", "nan", "inf", "9e99", "99999999999999999999"] {
            assert_eq!(decimal(wrong, NS_PER_S), None, "{wrong}");
        }
    }

    #[test]
    fn quoted_cells_may_hold_delimiters_and_quotes() {
        let cells: Vec<_> = split(r#"a,"b, ""c""",d"#, ',');
        assert_eq!(cells, [(1, "a".to_owned()), (3, r#"b, "c""#.to_owned()), (14, "d".to_owned())]);
        assert_eq!(split("\"open,1", ',').len(), 1);
    }
}
