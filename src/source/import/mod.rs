//! Recordings that others wrote, as sources: one importer a format, each streaming, bounded and free of panics.

pub mod gc_text;
