//! Documents as RON text.
