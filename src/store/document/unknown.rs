//! Fields that this version does not know: found on reading, put back on writing.
//!
//! They are kept as the text that they are. Their place is told by the identity of the elements around them and not by
//! position, so that they follow their element when it is moved, and go only when it goes. Elements of one list with the same
//! identity are told apart by their order.

use std::collections::{HashMap, HashSet};
use std::fmt::{self, Display};

use super::outline::{NodeId, Outline, Shape};

/// Fields kept for a document, see the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnknownFields {
    fields: Vec<UnknownField>,
}

#[derive(Clone, Debug, PartialEq)]
struct UnknownField {
    /// The way from the root to the struct that it is in.
    place: Vec<Step>,
    /// The known field that it came after.
    after: Option<String>,
    name: String,
    /// Name and value, as they were written.
    text: String,
}

/// One step from a value to one that lies in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// To a field.
    Field(String),
    /// To an element, by its id; `repeat` counts earlier ones of the same id.
    Element { id: String, repeat: u32 },
    /// To an element that has no id.
    Index(usize),
}

/// A path for people: `components[M-AgentPool].facts[2].unit`.
pub(super) fn path_text(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        if !text.is_empty() && matches!(step, Step::Field(_)) {
            text.push('.');
        }
        text.push_str(&step.to_string());
    }
    text
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Field(name) => f.write_str(&shown(name)),
            Step::Element { id, repeat: 0 } => write!(f, "[{}]", shown(id)),
            Step::Element { id, repeat } => write!(f, "[{} #{}]", shown(id), repeat + 1),
            Step::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// Text from a file, fit for a message: one line, not too long.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_default()) } else { out.push(c) }
    }
    out
}

/// What lies directly in a value, with the step to it. `Some( )` is no step of its own. A field among `unknown` identifies
/// nothing, since it is not there in the document that the text becomes.
pub(super) fn steps(outline: &Outline, node: NodeId, unknown: &HashSet<NodeId>) -> Vec<(NodeId, Option<Step>)> {
    let mut repeats: HashMap<String, u32> = HashMap::new();
    let is_option = is_option(outline, node);
    let step = |(index, child): (usize, NodeId)| {
        let step = match outline.name(child) {
            Some(name) => Some(Step::Field(name.to_owned())),
            None if is_option => None,
            None => match identity(outline, child, unknown) {
                Some(id) => {
                    let count = repeats.entry(id.clone()).or_insert(0);
                    let repeat = *count;
                    *count += 1;
                    Some(Step::Element { id, repeat })
                }
                None => Some(Step::Index(index)),
            },
        };
        (child, step)
    };
    outline.children(node).enumerate().map(step).collect()
}

/// What tells an element of a list from its neighbours.
fn identity(outline: &Outline, node: NodeId, unknown: &HashSet<NodeId>) -> Option<String> {
    if outline.shape(node) != Shape::Group {
        return None;
    }
    let known = |name| outline.field(node, name).filter(|field| !unknown.contains(field));
    outline.string(known("id").or_else(|| known("item"))?)
}

/// A step as the RON reader counts it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ReaderStep {
    Field(String),
    Index(usize),
}

/// The reader's path as steps.
pub(super) fn reader_steps(path: &serde_ignored::Path) -> Vec<ReaderStep> {
    use serde_ignored::Path;
    let mut steps = Vec::new();
    let mut at = path;
    loop {
        at = match at {
            Path::Root => break,
            Path::Seq { parent, index } => {
                steps.push(ReaderStep::Index(*index));
                parent
            }
            Path::Map { parent, key } => {
                steps.push(ReaderStep::Field(key.clone()));
                parent
            }
            Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => parent,
        };
    }
    steps.reverse();
    steps
}

impl UnknownFields {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// The path of each, e.g. `components[M-AgentPool].colour`.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.fields.iter().map(|field| {
            let separator = if field.place.is_empty() { "" } else { "." };
            format!("{}{separator}{}", path_text(&field.place), shown(&field.name))
        })
    }

    /// Takes from the outline what the reader passed over: `ignored`, in the order of the text.
    pub(super) fn collect(outline: &Outline, ignored: &[Vec<ReaderStep>]) -> Self {
        let mut passed_over = PassedOver { outline, ignored, nodes: HashSet::new() };
        let mut collector = Self::default();
        if let Some(root) = outline.root().filter(|_| !ignored.is_empty()) {
            passed_over.visit(root, 0);
            collector.collect_from(outline, root, &passed_over.nodes, &mut Vec::new());
        }
        collector
    }

    fn collect_from(&mut self, outline: &Outline, node: NodeId, unknown: &HashSet<NodeId>, place: &mut Vec<Step>) {
        let mut after: Option<&str> = None;
        for (child, step) in steps(outline, node, unknown) {
            let name = outline.name(child);
            if unknown.contains(&child) {
                self.fields.push(UnknownField {
                    place: place.clone(),
                    after: after.map(str::to_owned),
                    name: name.unwrap_or_default().to_owned(),
                    text: outline.raw_with_name(child).to_owned(),
                });
                continue;
            }
            let depth = place.len();
            place.extend(step);
            self.collect_from(outline, child, unknown, place);
            place.truncate(depth);
            after = name;
        }
    }

    /// The texts of the fields of each place, with the field that each comes after.
    pub(super) fn by_place(&self) -> HashMap<&[Step], Vec<(Option<&str>, &str)>> {
        let mut map: HashMap<&[Step], Vec<(Option<&str>, &str)>> = HashMap::new();
        for field in &self.fields {
            map.entry(&field.place).or_default().push((field.after.as_deref(), &field.text));
        }
        map
    }
}

/// Finds the values that the reader passed over.
struct PassedOver<'a> {
    outline: &'a Outline<'a>,
    /// The paths that are still to be found, in the order of the text.
    ignored: &'a [Vec<ReaderStep>],
    nodes: HashSet<NodeId>,
}

impl PassedOver<'_> {
    /// Goes through the text beside the list; each value is visited at most once.
    fn visit(&mut self, node: NodeId, depth: usize) {
        let is_option = is_option(self.outline, node);
        for (index, child) in self.outline.children(node).enumerate() {
            let Some(next) = self.ignored.first() else { return };
            if is_option {
                self.visit(child, depth);
                continue;
            }
            let is_on_the_way = match (next.get(depth), self.outline.name(child)) {
                (Some(ReaderStep::Field(field)), Some(name)) => field == name,
                (Some(ReaderStep::Index(wanted)), None) => *wanted == index,
                _ => false,
            };
            if is_on_the_way && next.len() == depth + 1 {
                self.nodes.insert(child);
                self.ignored = &self.ignored[1..];
            } else if is_on_the_way {
                self.visit(child, depth + 1);
            }
        }
    }
}

fn is_option(outline: &Outline, node: NodeId) -> bool {
    outline.shape(node) == Shape::Group && outline.head(node) == "Some"
}
