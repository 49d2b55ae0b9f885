//! Sessions as files for others: pictures and reports.

pub mod escape;
mod file;
pub mod html;
pub mod markdown;
pub mod picture;
pub mod report;

pub use file::{ReportError, ReportFormat, report_bytes, write_report};
