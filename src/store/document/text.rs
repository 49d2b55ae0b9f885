//! A document as RON text for people: what fits on a line stays on it, everything else has a line for each part.

use std::collections::{HashMap, HashSet};

use ron::extensions::Extensions;

use super::DocumentError;
use super::outline::{NodeId, Outline, Shape};
use super::unknown::{Step, UnknownFields, steps};
use crate::model::document::Document;

/// Longest line that holds more than one value.
const WIDTH: usize = 120;

const INDENT: usize = 4;

/// The text of a document, fields in the order of the schema, with the unknown fields of its file put back where they were.
/// A kept field whose element is gone is left out.
///
/// # Errors
/// When the text would be too large to be opened again.
pub fn document_text(document: &Document, unknown: &UnknownFields) -> Result<String, DocumentError> {
    let options = ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let compact = options.to_string(document).map_err(|error| DocumentError::Unwritable(error.to_string()))?;
    super::check_size(compact.len() as u64, &document.title)?;
    let (outline, fault) = Outline::scan(&compact);
    let (Some(root), None) = (outline.root(), fault) else {
        return Err(DocumentError::Unwritable(String::from("it holds more than a file can")));
    };
    let kept = unknown.by_place();
    let mut layout = Layout { outline: &outline, kept, place: Vec::new(), out: String::new() };
    layout.out.push_str("#![enable(implicit_some)]\n");
    layout.broken(root, 0);
    layout.out.push('\n');
    super::check_size(layout.out.len() as u64, &document.title)?;
    Ok(layout.out)
}

struct Layout<'a> {
    outline: &'a Outline<'a>,
    kept: HashMap<&'a [Step], Vec<(Option<&'a str>, &'a str)>>,
    /// The way to the value that is being written.
    place: Vec<Step>,
    out: String,
}

/// What a value consists of.
enum Part<'a> {
    Value(NodeId, Option<Step>),
    Kept(&'a str),
}

impl<'a> Layout<'a> {
    fn parts(&self, node: NodeId) -> Vec<Part<'a>> {
        let kept = self.kept.get(self.place.as_slice()).map_or(&[][..], Vec::as_slice);
        let mut parts = Vec::new();
        let mut is_placed = vec![false; kept.len()];
        let mut place = |after: Option<&str>, parts: &mut Vec<Part<'a>>| {
            for (done, &(wanted, text)) in is_placed.iter_mut().zip(kept) {
                if !*done && wanted == after {
                    *done = true;
                    parts.push(Part::Kept(text));
                }
            }
        };
        place(None, &mut parts);
        for (child, step) in steps(self.outline, node, &HashSet::new()) {
            let name = self.outline.name(child);
            parts.push(Part::Value(child, step));
            if name.is_some() {
                place(name, &mut parts);
            }
        }
        // Their predecessor is not written any more.
        parts.extend(kept.iter().zip(&is_placed).filter(|(_, done)| !**done).map(|(&(_, text), _)| Part::Kept(text)));
        parts
    }

    /// Writes a value that begins at `column` of a line indented by `indent`.
    fn value(&mut self, node: NodeId, indent: usize, column: usize) {
        let room = WIDTH.saturating_sub(column + 1);
        // Text on one line is never shorter than this by more than its escapes.
        if self.outline.raw(node).len() <= 4 * WIDTH {
            let mut line = String::new();
            if self.flat(node, &mut line) && line.chars().count() <= room {
                self.out.push_str(&line);
                return;
            }
        }
        if self.outline.shape(node) == Shape::Scalar {
            self.scalar(node);
        } else {
            self.broken(node, indent);
        }
    }

    fn broken(&mut self, node: NodeId, indent: usize) {
        let (open, close) = brackets(self.outline.shape(node));
        self.out.push_str(self.outline.head(node));
        self.out.push(open);
        for part in self.parts(node) {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent + INDENT));
            match part {
                Part::Kept(text) => self.out.push_str(text),
                Part::Value(child, step) => {
                    let mut column = indent + INDENT;
                    if let Some(name) = self.outline.name(child) {
                        self.out.push_str(name);
                        self.out.push_str(": ");
                        column += name.len() + 2;
                    }
                    let steps = self.place.len();
                    self.place.extend(step);
                    self.value(child, indent + INDENT, column);
                    self.place.truncate(steps);
                }
            }
            self.out.push(',');
        }
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.push(close);
    }

    fn scalar(&mut self, node: NodeId) {
        write_scalar(self.outline, node, &mut self.out);
    }

    /// Writes a value without a line break; false if it has to have one.
    fn flat(&mut self, node: NodeId, line: &mut String) -> bool {
        if self.outline.shape(node) == Shape::Scalar {
            write_scalar(self.outline, node, line);
            return true;
        }
        let (open, close) = brackets(self.outline.shape(node));
        line.push_str(self.outline.head(node));
        line.push(open);
        for (index, part) in self.parts(node).into_iter().enumerate() {
            if index > 0 {
                line.push_str(", ");
            }
            match part {
                Part::Kept(text) if text.contains('\n') => return false,
                Part::Kept(text) => line.push_str(text),
                Part::Value(child, step) => {
                    if let Some(name) = self.outline.name(child) {
                        line.push_str(name);
                        line.push_str(": ");
                    }
                    let steps = self.place.len();
                    self.place.extend(step);
                    let fits = self.flat(child, line);
                    self.place.truncate(steps);
                    if !fits {
                        return false;
                    }
                }
            }
        }
        line.push(close);
        true
    }
}

fn brackets(shape: Shape) -> (char, char) {
    match shape {
        Shape::Scalar | Shape::Group => ('(', ')'),
        Shape::List => ('[', ']'),
        Shape::Map => ('{', '}'),
    }
}

/// Writes a number or word as it is, text with no more escapes than it needs (the serializer escapes `'` and emoji as well).
fn write_scalar(outline: &Outline, node: NodeId, out: &mut String) {
    let Some(text) = outline.string(node) else {
        out.push_str(outline.raw(node));
        return;
    };
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Also marks that change the direction of text, which would make a line look like another.
            c if c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') => {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
