//! What leaves the program for others: tables for notebooks and spreadsheets, diagrams for documents.
//!
//! Everything here turns plain data into bytes or text; who calls it decides where they go.

pub mod csv;
pub mod mermaid;
pub mod parquet;
pub mod table;

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
