//! Tables as CSV: a header with the columns' names, commas, quotes as in RFC 4180, lines that end in a line feed.
//!
//! Times are RFC 3339 in UTC with as many decimals as they need, numbers read back as the same numbers, an empty cell is
//! nothing and an empty text is `""`. Text that a spreadsheet would take for a formula is preceded by an apostrophe.

use std::io::{BufWriter, Write};

use super::ExportError;
use super::table::{ColumnData, Table};
use crate::model::time::Timestamp;

/// Writes a table.
///
/// # Errors
/// When the table is not one (see [`Table::rows`]) or `out` fails; what was written until then is not a whole table.
pub fn write(table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
    let rows = table.rows()?;
    let header = write_header(table, out);
    header.and_then(|()| write_rows(table, rows, out)).map_err(|source| failed(table, source))
}

/// Writes further rows of a table whose beginning [`write`] has written, for tables too long to be held at once.
///
/// # Errors
/// As [`write`].
pub fn write_more(table: &Table, out: &mut dyn Write) -> Result<(), ExportError> {
    let rows = table.rows()?;
    write_rows(table, rows, out).map_err(|source| failed(table, source))
}

fn failed(table: &Table, source: std::io::Error) -> ExportError {
    ExportError::Io { table: table.name.clone(), source }
}

fn write_header(table: &Table, out: &mut dyn Write) -> std::io::Result<()> {
    let mut header = Vec::new();
    for (index, column) in table.columns.iter().enumerate() {
        separate(index, &mut header)?;
        write_text(&column.name, &mut header)?;
    }
    header.push(b'\n');
    out.write_all(&header)
}

fn write_rows(table: &Table, rows: usize, out: &mut dyn Write) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, out);
    for row in 0..rows {
        for (index, column) in table.columns.iter().enumerate() {
            separate(index, &mut out)?;
            // Every column has `rows` cells, `Table::rows` has looked.
            match &column.data {
                ColumnData::Time(cells) => write_time(cells[row], &mut out)?,
                ColumnData::Number(cells) => cells[row].map_or(Ok(()), |number| write_number(number, &mut out))?,
                ColumnData::Integer(cells) => cells[row].map_or(Ok(()), |number| write!(out, "{number}"))?,
                ColumnData::Text(cells) => cells[row].as_ref().map_or(Ok(()), |text| write_text(text, &mut out))?,
            }
        }
        out.write_all(b"\n")?;
    }
    out.flush()
}

fn separate(index: usize, out: &mut impl Write) -> std::io::Result<()> {
    if index > 0 { out.write_all(b",") } else { Ok(()) }
}

fn write_time(at: Timestamp, out: &mut impl Write) -> std::io::Result<()> {
    match jiff::Timestamp::from_nanosecond(i128::from(at.0)) {
        Ok(at) => write!(out, "{at}"),
        Err(_) => write!(out, "{}", at.0),
    }
}

/// The shortest text that reads back as the same number.
fn write_number(number: f64, out: &mut impl Write) -> std::io::Result<()> {
    let size = number.abs();
    if size != 0.0 && size.is_finite() && !(1e-5..1e16).contains(&size) {
        write!(out, "{number:e}")
    } else {
        write!(out, "{number}")
    }
}

fn write_text(text: &str, out: &mut impl Write) -> std::io::Result<()> {
    // OWASP, "CSV Injection": these let a spreadsheet run what follows.
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if is_formula { "'" } else { "" };
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        write!(out, "\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        write!(out, "{guard}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::table::Column;
    use crate::model::unit::Unit;

    fn column(name: &str, data: ColumnData) -> Column {
        Column { name: name.to_owned(), unit: Some(Unit::BYTES), data }
    }

    fn text(columns: Vec<Column>) -> String {
        let mut out = Vec::new();
        write(&Table { name: String::from("t"), columns }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_are_exact_and_empty_ones_empty() {
        let second = 1_764_000_000_000_000_000;
        let written = text(vec![
            column("time", ColumnData::Time(vec![Timestamp(second), Timestamp(second + 5), Timestamp(i64::MIN)])),
            column("memory.used_bytes", ColumnData::Number(vec![Some(0.1 + 0.2), None, Some(-1e300)])),
            column("count", ColumnData::Integer(vec![None, Some(i64::MIN), Some(0)])),
        ]);
        assert_eq!(
            written,
            "time,memory.used_bytes,count\n\
             2025-11-24T16:00:00Z,0.30000000000000004,\n\
             2025-11-24T16:00:00.000000005Z,,-9223372036854775808\n\
             1677-09-21T00:12:43.145224192Z,-1e300,0\n"
        );
        for number in [f64::MIN_POSITIVE, f64::MAX, 1e16, 123_456_789.125, -0.0, f64::INFINITY] {
            let mut out = Vec::new();
            write_number(number, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap().parse(), Ok(number));
        }
    }

    #[test]
    fn text_is_quoted_and_never_a_formula() {
        let cells = ["plain", "a,b", "say \"no\"", "two\nlines", "", "=1+1", "@x", "-5", "+\"a\"", "\tx", "a=b"];
        let mut cells: Vec<_> = cells.iter().map(|&cell| Some(cell.to_owned())).collect();
        cells.push(None);
        assert_eq!(
            text(vec![column("=name", ColumnData::Text(cells))]),
            "'=name\nplain\n\"a,b\"\n\"say \"\"no\"\"\"\n\"two\nlines\"\n\"\"\n'=1+1\n'@x\n'-5\n\"'+\"\"a\"\"\"\n'\tx\na=b\n\n"
        );
    }

    #[test]
    fn what_is_no_table_is_refused_before_anything_is_written() {
        let mut out = Vec::new();
        let short = column("short", ColumnData::Integer(vec![None]));
        let long = column("long", ColumnData::Integer(vec![None, None]));
        let ragged = Table { name: String::from("t"), columns: vec![short.clone(), long] };
        let error = write(&ragged, &mut out).unwrap_err().to_string();
        assert!(error.contains("column long has 2 rows, the first column has 1"), "{error}");
        let twice = Table { name: String::from("t"), columns: vec![short.clone(), short] };
        assert!(write(&twice, &mut out).unwrap_err().to_string().contains("two columns named short"));
        assert_eq!(out, b"");
    }
}
