//! What leaves the program for others: pictures and reports for people, tables for notebooks, diagrams for documents.
//!
//! Everything here turns prepared data into bytes or text; only [`write_report`] writes a file.

pub mod csv;
pub mod escape;
mod file;
pub mod html;
pub mod markdown;
pub mod mermaid;
pub mod parquet;
pub mod picture;
pub mod report;
pub mod table;

pub use file::{ReportError, ReportFormat, report_bytes, write_report};
pub use table::ExportError;
