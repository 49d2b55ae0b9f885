//! Why a document can't be read or written, in sentences that say where and what to do next.

use std::collections::HashSet;

use ron::error::Error as RonError;

use super::outline::{Fault, FaultKind, MAX_DEPTH, MAX_VALUES, NodeId, Outline, Shape};
use super::unknown::{Step, path_text, shown, steps};
use crate::model::document::{FORMAT, VERSION};

/// Why a document can't be read or written. Whenever one of these is returned, no file has been changed.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Something in the text is not as it must be.
    #[error("{file}, line {line}, column {column}{}: {problem}. Correct it there and open the file again; nothing in it was changed", in_field(.field))]
    Mistake {
        /// The file's name.
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// The field that it is in, e.g. `components[M-AgentPool].facts[2].unit`; empty for the document itself.
        field: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// It is some other kind of file.
    #[error(
        "{file} is not a Vivarium document: {reason}. A document begins with (format: \"{FORMAT}\", version: {VERSION}, …)"
    )]
    NotADocument {
        /// The file's name.
        file: String,
        /// What tells.
        reason: String,
    },
    /// It was written by a newer program.
    #[error(
        "{file} is a document of version {version}, this program reads versions up to {VERSION}. Open it with a newer Vivarium; nothing in it was changed"
    )]
    Newer {
        /// The file's name.
        file: String,
        /// The version that it needs.
        version: u64,
    },
    /// It is not text.
    #[error(
        "{file}, line {line}, column {column}: this is not text in UTF-8. Save it as UTF-8 in a text editor, or choose another file"
    )]
    NotUtf8 {
        /// The file's name.
        file: String,
        /// Line of the first bad byte, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// It is larger than a document may be.
    #[error("{file} is larger than a document may be ({} MB). Is it a recording? Those end in .vivarium", super::MAX_BYTES / 1_000_000)]
    TooLarge {
        /// The file's name.
        file: String,
    },
    /// The file can't be read.
    #[error("{file} can't be read: {reason}")]
    Unreadable {
        /// The file's name.
        file: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The file can't be written.
    #[error(
        "{file} can't be written: {reason}. What was there before is still there; save under another name or in another folder"
    )]
    CannotWrite {
        /// The file's name.
        file: String,
        /// Why.
        reason: String,
    },
    /// The document can't be put into words.
    #[error("the document can't be written as text: {0}. Remove what was added last and save again")]
    Unwritable(String),
}

fn in_field(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!(", in {field}") }
}

/// Line and column, from 1, of a place in a text.
pub(super) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
    (line, column)
}

/// Makes mistakes of one text.
pub(super) struct Mistakes<'a> {
    pub outline: &'a Outline<'a>,
    pub text: &'a str,
    pub file: &'a str,
}

impl Mistakes<'_> {
    /// A mistake at a place, in the field of the innermost of `around`.
    fn mistake(&self, at: usize, around: &[NodeId], problem: String) -> DocumentError {
        let (line, column) = line_and_column(self.text, at);
        let mut way: Vec<Step> = Vec::new();
        for pair in around.windows(2) {
            // Places in a tuple, such as a range's ends, have no names.
            let is_tuple = self.outline.shape(pair[0]) == Shape::Group && self.outline.name(pair[1]).is_none();
            if !is_tuple {
                way.extend(
                    steps(self.outline, pair[0], &HashSet::new())
                        .into_iter()
                        .find(|(child, _)| *child == pair[1])
                        .and_then(|x| x.1),
                );
            }
        }
        DocumentError::Mistake { file: self.file.to_owned(), line, column, field: path_text(&way), problem }
    }

    /// A mistake in a value that was found by name.
    pub fn of_field(&self, node: NodeId, problem: String) -> DocumentError {
        let at = self.outline.start(node);
        self.mistake(at, &self.outline.around(at), problem)
    }

    /// What the outline could not get over.
    pub fn of_fault(&self, fault: Fault) -> DocumentError {
        let problem = match fault.kind {
            FaultKind::Unclosed => format!("this {} is never closed", self.found(fault.begins)),
            FaultKind::Mismatched => {
                let (line, column) = line_and_column(self.text, fault.begins);
                let open = self.found(fault.begins);
                format!("{} does not close the {open} of line {line}, column {column}", self.found(fault.noticed))
            }
            FaultKind::Quote => String::from("the text that begins here has no closing quote"),
            FaultKind::Comment => String::from("the comment that begins here has no end (*/)"),
            FaultKind::TooDeep => format!("brackets are nested deeper than {MAX_DEPTH}"),
            FaultKind::TooMany => format!("there are more than {MAX_VALUES} values"),
        };
        let at = if fault.kind == FaultKind::Mismatched { fault.noticed } else { fault.begins };
        let mut around = self.outline.around(at);
        around.retain(|&node| self.outline.start(node) <= at);
        self.mistake(at, &around, problem)
    }

    /// What the RON reader stopped at, `at` bytes from the start.
    pub fn of_reader(&self, error: RonError, at: usize) -> DocumentError {
        let around = self.outline.around(at);
        let found = self.found(at);
        match error {
            RonError::Message(text) => self.of_value(at, &around, text),
            RonError::InvalidValueForType { expected, found } => {
                self.of_value(at, &around, format!("expected {expected}, found {found}"))
            }
            RonError::NoSuchEnumVariant { expected, found, .. } => {
                self.of_value(at, &around, format!("\"{}\" is none of {}", shown(&found), expected.join(", ")))
            }
            RonError::IntegerOutOfBounds => {
                self.of_value(at, &around, String::from("this number is too large or too small"))
            }
            RonError::MissingStructField { field, .. } => {
                self.of_holder(at, &around, format!("the field `{field}` is missing"))
            }
            RonError::ExpectedDifferentLength { expected, found } => {
                self.of_holder(at, &around, format!("expected {expected}, found {found}"))
            }
            RonError::DuplicateStructField { field, .. } => {
                let start = self.text.get(..at).and_then(|before| before.rfind(field)).unwrap_or(at);
                self.between(start, &around, format!("the field `{field}` is given twice"))
            }
            RonError::ExpectedIdentifier | RonError::InvalidIdentifier(_) | RonError::SuggestRawIdentifier(_) => {
                if self.begins_value(&around, at) && !self.is_in_group(&around) {
                    self.of_value(at, &around, format!("expected a word such as Exact or Critical, found {found}"))
                } else {
                    self.between(at, &around, format!("expected the name of a field, found {found}"))
                }
            }
            RonError::ExpectedComma => self.between(at, &around, format!("a comma is missing before {found}")),
            RonError::ExpectedMapColon => {
                self.between(at, &around, format!("a colon is missing after the field's name, found {found}"))
            }
            RonError::TrailingCharacters => {
                self.mistake(at, &[], format!("nothing may follow the end of the document, found {found}"))
            }
            RonError::Eof => self.between(at, &around, String::from("the file ends in the middle of the document")),
            RonError::ExceededRecursionLimit => self.mistake(at, &around, String::from("brackets are nested too deep")),
            RonError::NoSuchExtension(name) => {
                self.mistake(at, &[], format!("there is no RON extension named `{}`", shown(&name)))
            }
            other => match (expectation(&other), around.last()) {
                (Some(expected), Some(&node)) if self.outline.start(node) == at => {
                    self.of_value(at, &around, format!("expected {expected}, found {}", self.describe(node)))
                }
                (Some(expected), _) => self.between(at, &around, format!("expected {expected}, found {found}")),
                (None, _) => self.mistake(at, &around, shown(&other.to_string().to_lowercase())),
            },
        }
    }

    fn begins_value(&self, around: &[NodeId], at: usize) -> bool {
        around.last().is_some_and(|&node| self.outline.start(node) == at)
    }

    /// Whether the innermost value stands in a group without a field's name.
    fn is_in_group(&self, around: &[NodeId]) -> bool {
        let [.., parent, node] = around else { return false };
        self.outline.shape(*parent) == Shape::Group && self.outline.name(*node).is_none()
    }

    /// A mistake between values: in the field of the value that goes on there.
    fn between(&self, at: usize, around: &[NodeId], problem: String) -> DocumentError {
        let depth = around.iter().take_while(|&&node| self.outline.holds(node, at)).count();
        self.mistake(at, &around[..depth], problem)
    }

    /// A mistake in the value that ends or begins at the place: points to its beginning.
    fn of_value(&self, at: usize, around: &[NodeId], problem: String) -> DocumentError {
        let start = around.last().map_or(at, |&node| self.outline.start(node));
        self.mistake(start, around, problem)
    }

    /// A mistake in what a group holds, noticed before its end: points to its beginning.
    fn of_holder(&self, at: usize, around: &[NodeId], problem: String) -> DocumentError {
        let holds = |&node: &NodeId| self.outline.shape(node) == Shape::Group && self.outline.holds(node, at);
        let depth = around.iter().rposition(holds).map_or(0, |index| index + 1);
        let around = &around[..depth];
        let start = around.last().map_or(at, |&node| self.outline.start(node));
        self.mistake(start, around, problem)
    }

    fn describe(&self, node: NodeId) -> String {
        match self.outline.shape(node) {
            Shape::Scalar => {
                let raw = self.outline.raw(node);
                match raw.bytes().next() {
                    None => String::from("nothing"),
                    Some(b'"') => format!("the text {}", shown(raw)),
                    Some(b'0'..=b'9' | b'-' | b'+' | b'.') => format!("the number {}", shown(raw)),
                    _ => shown(raw),
                }
            }
            Shape::Group if self.outline.head(node).is_empty() => String::from("a group in ( )"),
            Shape::Group => format!("{}( )", shown(self.outline.head(node))),
            Shape::List => String::from("a list in [ ]"),
            Shape::Map => String::from("a map in { }"),
        }
    }

    /// The bracket, mark or word at a place.
    fn found(&self, at: usize) -> String {
        let rest = self.text.get(at..).unwrap_or_default();
        let Some(first) = rest.chars().next() else { return String::from("the end of the file") };
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+');
        let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len()).max(first.len_utf8());
        format!("`{}`", shown(&rest[..length]))
    }
}

/// What the reader waited for, in words; `None` if its own are as good.
fn expectation(error: &RonError) -> Option<&'static str> {
    Some(match error {
        RonError::ExpectedInteger => "a whole number",
        RonError::ExpectedFloat => "a number",
        RonError::ExpectedBoolean => "true or false",
        RonError::ExpectedString => "a text in quotes",
        RonError::ExpectedArray => "a list in [ ]",
        RonError::ExpectedMap => "a map in { }",
        RonError::ExpectedStructLike | RonError::ExpectedNamedStructLike(_) => "a group in ( )",
        RonError::ExpectedStructLikeEnd | RonError::ExpectedOptionEnd => "`)`",
        RonError::ExpectedArrayEnd => "`]`",
        RonError::ExpectedMapEnd => "`}`",
        RonError::UnexpectedChar(_) => "a value",
        _ => return None,
    })
}
