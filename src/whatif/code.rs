//! Temporary.
use super::scenario::Setting;

/// A change in one language.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeChange {
    /// Which.
    pub language: &'static str,
    /// The text.
    pub text: String,
}

/// None.
pub fn as_code(_settings: &[Setting]) -> Vec<CodeChange> {
    Vec::new()
}
