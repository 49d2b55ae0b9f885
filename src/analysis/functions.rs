//! Which functions a process or a component was executing, from stack samples: shares with their uncertainty, and a tree.
//!
//! Asked by the CPU view, the inspector and `inspect`. Samples are observations at random moments, so that a share of samples
//! estimates a share of time.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::analysis::stats::proportion::wilson;
use crate::model::batch::StackSample;
use crate::model::time::TimeRange;

/// Fewer observations than this tell little; views say so.
pub const FEW_SAMPLES: u64 = 20;

/// More functions than this are not kept: the rest have next to no share.
const MAX_FUNCTIONS: usize = 400;

/// The tree has no more boxes than this.
const MAX_BOXES: usize = 3000;

/// Deeper calls than this are not in the tree.
const MAX_DEPTH: usize = 128;

/// The quantile of the normal distribution for an interval of 95 %.
const Z_95: f64 = 1.959_963_984_540_054;

/// A share of observations with the interval that holds the true share with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// How many observations.
    pub count: u64,
    /// As a share of all.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Share {
    /// `count` of `total` observations, with the score interval of Wilson (1927), which also holds near 0 and 1.
    pub fn of(count: u64, total: u64) -> Self {
        let (low, high) = wilson(count, total, Z_95);
        let value = if total == 0 { 0.0 } else { count as f64 / total as f64 };
        Self { count, value, low, high }
    }
}

/// One function.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// `module:function/arity`.
    pub name: String,
    /// Where it was seen most, as `file:line`, where the source says.
    pub place: Option<String>,
    /// In how many other lines it was seen.
    pub other_lines: usize,
    /// How often it was the innermost: the work that it does itself.
    pub own: Share,
    /// How often it was on the stack, once a stack: with what it calls.
    pub total: Share,
}

/// One box of the picture of calls: a function as called by the box above it.
#[derive(Clone, Debug, PartialEq)]
pub struct CallBox {
    /// `module:function/arity`; empty for the root, which stands for all samples.
    pub name: String,
    /// The caller's box; the root is its own.
    pub parent: usize,
    /// 0 for the root.
    pub depth: usize,
    /// Observations before it, from the left.
    pub start: u64,
    /// Observations in it.
    pub count: u64,
}

/// The functions of some samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Functions {
    /// The stretch of time.
    pub range: TimeRange,
    /// Observations that shares are of.
    pub total: u64,
    /// The share of the stretch that was looked at; less than 1 where there were more samples than needed.
    pub looked_at: f64,
    /// Functions, by their own share.
    pub functions: Vec<Function>,
    /// Functions without a row, for being too many.
    pub left_out: usize,
    /// Boxes; parents come before their children, and the first is the root.
    pub tree: Vec<CallBox>,
}

/// A frame's function and, where it has one, its `file:line`.
fn split(frame: &str) -> (&str, Option<&str>) {
    match frame.strip_suffix(')').and_then(|frame| frame.rsplit_once(" (")) {
        Some((function, place)) => (function, Some(place)),
        None => (frame, None),
    }
}

/// The module of a function's name: what stands before its first colon.
pub fn module(name: &str) -> &str {
    name.split_once(':').map_or(name, |(module, _)| module)
}

#[derive(Default)]
struct Tally<'a> {
    own: u64,
    total: u64,
    places: BTreeMap<&'a str, u64>,
}

/// Counts the functions of samples. `looked_at` is the share of `range` that they were taken from.
pub fn functions<'a>(
    samples: impl IntoIterator<Item = &'a StackSample>,
    range: TimeRange,
    looked_at: f64,
) -> Functions {
    let mut tallies: HashMap<&str, Tally<'_>> = HashMap::new();
    let mut tree = Tree::default();
    let mut total = 0_u64;
    let mut seen: HashSet<&str> = HashSet::new();
    for sample in samples.into_iter().filter(|sample| !sample.frames.is_empty()) {
        let weight = u64::from(sample.weight);
        total += weight;
        seen.clear();
        let mut at = 0;
        tree.nodes[0].count += weight;
        for (depth, frame) in sample.frames.iter().enumerate() {
            let (name, place) = split(frame);
            let tally = tallies.entry(name).or_default();
            if seen.insert(name) {
                tally.total += weight;
            }
            if depth + 1 == sample.frames.len() {
                tally.own += weight;
            }
            if let Some(place) = place {
                *tally.places.entry(place).or_default() += weight;
            }
            if depth < MAX_DEPTH {
                at = tree.child(at, name);
                tree.nodes[at].count += weight;
            }
        }
    }
    let mut functions: Vec<Function> = tallies
        .into_iter()
        .map(|(name, tally)| {
            let place = tally.places.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
            Function {
                name: name.to_owned(),
                place: place.map(|(place, _)| (*place).to_owned()),
                other_lines: tally.places.len().saturating_sub(1),
                own: Share::of(tally.own, total),
                total: Share::of(tally.total, total),
            }
        })
        .collect();
    let order = |function: &Function| (function.own.count, function.total.count);
    functions.sort_by(|a, b| order(b).cmp(&order(a)).then_with(|| a.name.cmp(&b.name)));
    let left_out = functions.len().saturating_sub(MAX_FUNCTIONS);
    functions.truncate(MAX_FUNCTIONS);
    Functions { range, total, looked_at, functions, left_out, tree: tree.boxes() }
}

/// Calls while they are counted; the first node is the root.
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
}

#[derive(Default)]
struct Node<'a> {
    name: &'a str,
    count: u64,
    children: HashMap<&'a str, usize>,
}

impl Default for Tree<'_> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl<'a> Tree<'a> {
    fn child(&mut self, parent: usize, name: &'a str) -> usize {
        let next = self.nodes.len();
        let child = *self.nodes[parent].children.entry(name).or_insert(next);
        if child == next {
            self.nodes.push(Node { name, ..Node::default() });
        }
        child
    }

    /// Level by level, the widest first below each caller, until there are enough; narrow boxes could not be seen anyway.
    fn boxes(&self) -> Vec<CallBox> {
        let root = &self.nodes[0];
        let least = root.count / MAX_BOXES as u64;
        let mut boxes = vec![CallBox { name: String::new(), parent: 0, depth: 0, start: 0, count: root.count }];
        let mut nodes = vec![0];
        let mut next = 0;
        while next < boxes.len() {
            let (parent, node) = (boxes[next].clone(), &self.nodes[nodes[next]]);
            let mut children: Vec<usize> = node.children.values().copied().collect();
            children.retain(|child| self.nodes[*child].count > least);
            let order = |child: usize| (u64::MAX - self.nodes[child].count, self.nodes[child].name);
            children.sort_unstable_by(|a, b| order(*a).cmp(&order(*b)));
            let mut start = parent.start;
            for child in children {
                if boxes.len() >= MAX_BOXES {
                    return boxes;
                }
                let Node { name, count, .. } = &self.nodes[child];
                let (name, count) = ((*name).to_owned(), *count);
                boxes.push(CallBox { name, parent: next, depth: parent.depth + 1, start, count });
                nodes.push(child);
                start += count;
            }
            next += 1;
        }
        boxes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entity::EntityId;
    use crate::model::time::Timestamp;

    fn sample(frames: &[&str], weight: u32) -> StackSample {
        let frames = frames.iter().map(|frame| (*frame).to_owned()).collect();
        StackSample { at: Timestamp(0), entity: EntityId(1), frames, weight }
    }

    fn count(samples: &[StackSample]) -> Functions {
        functions(samples, TimeRange::new(Timestamp(0), Timestamp(1)), 1.0)
    }

    fn find<'a>(found: &'a Functions, name: &str) -> &'a Function {
        found.functions.iter().find(|function| function.name == name).unwrap()
    }

    #[test]
    fn own_work_is_told_from_that_of_callees_and_recursion_counts_once() {
        let found = count(&[
            sample(&["gen_server:loop/7 (gen_server.erl:10)", "shop:sell/2 (shop.erl:7)"], 3),
            sample(
                &["gen_server:loop/7 (gen_server.erl:10)", "shop:sell/2 (shop.erl:9)", "shop:sell/2 (shop.erl:9)"],
                1,
            ),
            sample(&["gen_server:loop/7"], 4),
        ]);
        assert_eq!(found.total, 8);
        let sell = find(&found, "shop:sell/2");
        assert_eq!((sell.own.count, sell.total.count), (4, 4));
        assert_eq!((sell.place.as_deref(), sell.other_lines), (Some("shop.erl:7"), 1));
        let server = find(&found, "gen_server:loop/7");
        assert_eq!((server.own.value, server.total.value), (0.5, 1.0));
        let own: u64 = found.functions.iter().map(|function| function.own.count).sum();
        assert_eq!(own, found.total, "each observation has one innermost function");
    }

    #[test]
    fn the_interval_is_that_of_wilson() {
        // 10 of 20: (0.299, 0.701); 0 of 20: (0, 0.161), as in the tables of Brown, Cai and DasGupta (2001).
        let half = Share::of(10, 20);
        assert!((half.low - 0.2993).abs() < 1e-3 && (half.high - 0.7007).abs() < 1e-3, "{half:?}");
        let none = Share::of(0, 20);
        assert!(none.low == 0.0 && (none.high - 0.1611).abs() < 1e-3, "{none:?}");
        let all = Share::of(20, 20);
        assert!(all.high == 1.0 && (all.low - 0.8389).abs() < 1e-3, "{all:?}");
        let nothing = Share::of(0, 0);
        assert_eq!((nothing.low, nothing.high), (0.0, 1.0));
    }

    #[test]
    fn boxes_lie_within_their_callers() {
        let found = count(&[
            sample(&["a:a/0", "b:b/0", "c:c/0"], 5),
            sample(&["a:a/0", "b:b/0"], 2),
            sample(&["a:a/0", "d:d/0"], 1),
            sample(&["e:e/0"], 1),
        ]);
        assert_eq!(found.tree[0].count, 9);
        for (index, found_box) in found.tree.iter().enumerate().skip(1) {
            let parent = &found.tree[found_box.parent];
            assert!(found_box.parent < index && found_box.depth == parent.depth + 1);
            assert!(found_box.start >= parent.start);
            assert!(found_box.start + found_box.count <= parent.start + parent.count, "{found_box:?} in {parent:?}");
        }
        let names: Vec<&str> = found.tree.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["", "a:a/0", "e:e/0", "b:b/0", "d:d/0", "c:c/0"]);
    }

    #[test]
    fn a_place_is_split_off_but_not_a_name_with_brackets() {
        assert_eq!(split("m:f/1 (src/m.erl:4)"), ("m:f/1", Some("src/m.erl:4")));
        assert_eq!(split("m:'-f/1-fun-0-'/2"), ("m:'-f/1-fun-0-'/2", None));
        assert_eq!((module("demo:f/1"), module("odd")), ("demo", "odd"));
        assert_eq!(count(&[]).functions, []);
    }
}
