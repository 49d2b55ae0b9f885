//! What is kept: documents as RON text, recordings as one SQLite file each.

pub mod bundled;
pub mod document;
pub mod recording;
