//! A plain table: what every exporter of rows takes.

use std::collections::HashSet;

use crate::model::time::Timestamp;
use crate::model::unit::Unit;

/// Why a table can't be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Its columns differ in length.
    #[error("table {table} can't be written: column {column} has {found} rows, the first column has {expected}")]
    Ragged {
        /// The table's name.
        table: String,
        /// The column that differs.
        column: String,
        /// Rows of the first column.
        expected: usize,
        /// Rows of this one.
        found: usize,
    },
    /// Two columns have one name.
    #[error("table {table} can't be written: it has two columns named {column}. Leave one of them out")]
    SameName {
        /// The table's name.
        table: String,
        /// The name.
        column: String,
    },
    /// The place that it is written to fails.
    #[error("table {table} was not written to its end: {source}. Look whether there is space left, and write it again")]
    Io {
        /// The table's name.
        table: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The Parquet writer fails.
    #[error("table {table} was not written to its end: {source}. Look whether there is space left, or choose CSV")]
    Parquet {
        /// The table's name.
        table: String,
        /// What the writer says.
        source: ::parquet::errors::ParquetError,
    },
}

/// Columns of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it holds, e.g. `series`; also a good file name.
    pub name: String,
    /// Its columns, each with another name.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// With the unit in it, as in `memory.used_bytes`.
    pub name: String,
    /// The unit of numbers, for formats that have a place for it.
    pub unit: Option<Unit>,
    /// The cells.
    pub data: ColumnData,
}

/// The cells of a column; `None` is an empty cell.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnData {
    /// Moments.
    Time(Vec<Timestamp>),
    /// Numbers.
    Number(Vec<Option<f64>>),
    /// Whole numbers.
    Integer(Vec<Option<i64>>),
    /// Text.
    Text(Vec<Option<String>>),
}

impl ColumnData {
    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            ColumnData::Time(cells) => cells.len(),
            ColumnData::Number(cells) => cells.len(),
            ColumnData::Integer(cells) => cells.len(),
            ColumnData::Text(cells) => cells.len(),
        }
    }

    /// Removes all cells.
    pub fn clear(&mut self) {
        match self {
            ColumnData::Time(cells) => cells.clear(),
            ColumnData::Number(cells) => cells.clear(),
            ColumnData::Integer(cells) => cells.clear(),
            ColumnData::Text(cells) => cells.clear(),
        }
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    /// Number of rows.
    ///
    /// # Errors
    /// When the columns differ in length or two have one name.
    pub fn rows(&self) -> Result<usize, ExportError> {
        let expected = self.columns.first().map_or(0, |column| column.data.len());
        let mut names = HashSet::new();
        for column in &self.columns {
            let (table, found) = (self.name.clone(), column.data.len());
            if found != expected {
                return Err(ExportError::Ragged { table, column: column.name.clone(), expected, found });
            }
            if !names.insert(&column.name) {
                return Err(ExportError::SameName { table, column: column.name.clone() });
            }
        }
        Ok(expected)
    }
}
