//! Connected parts of the map in layers from left to right, by `dagre`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dagre::graph::GraphOptions;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel, RankDir};

use super::pack::{self, Block};
use super::{Area, GROUP_TITLE, PlacedEdge};

/// Up to this cost (see [`Graph::cost`]) groups and boxes are laid out together, at best; above, group by group.
const MAX_COMPOUND_COST: usize = 160;

/// More boxes or arrows than these in one layered drawing take too long, and nobody could read it.
const MAX_FLAT: (usize, usize) = (600, 1200);

/// Room between a group's border and what is in it.
const PADDING: f32 = 12.0;

/// Room for an arrow's label. Labels of two short lines fit.
const LABEL: (f64, f64) = (56.0, 22.0);

type Dagre = dagre::graph::Graph<NodeLabel, EdgeLabel>;

/// A part of the map that is to be laid out.
#[derive(Default)]
pub struct Graph {
    /// Blocks with the containers that they lie in, outermost first.
    nodes: Vec<(Block, Vec<usize>)>,
    /// Arrows between boxes: index in the document, from, to.
    pub edges: Vec<(usize, usize, usize)>,
}

impl Graph {
    /// Adds a block that lies in these containers.
    pub fn add(&mut self, block: Block, path: &[usize]) {
        self.nodes.push((block, path.to_vec()));
    }

    /// Lays it out.
    pub fn lay_out(self) -> Block {
        if self.nodes.iter().all(|(_, path)| path.is_empty()) {
            return self.flat();
        }
        if self.cost() <= MAX_COMPOUND_COST {
            let block = self.compound();
            if self.is_sound(&block) {
                return block;
            }
        }
        self.group_by_group()
    }

    /// What `dagre`'s time grows with: boxes, and groups more than that.
    fn cost(&self) -> usize {
        self.nodes.len() + 2 * self.groups().len() + self.edges.len() / 2
    }

    fn groups(&self) -> BTreeSet<usize> {
        self.nodes.iter().flat_map(|(_, path)| path.iter().copied()).collect()
    }

    /// The node that each box lies in.
    fn node_of_box(&self) -> HashMap<usize, usize> {
        let boxes = |(index, (block, _)): (usize, &(Block, Vec<usize>))| {
            block.boxes.iter().map(move |(node, _)| (*node, index)).collect::<Vec<_>>()
        };
        self.nodes.iter().enumerate().flat_map(boxes).collect()
    }

    /// Everything at once: layers know of groups, and arrows find their way around them.
    fn compound(&self) -> Block {
        let mut graph = new_graph();
        let groups = self.groups();
        for group in &groups {
            graph.set_node(group_name(*group), Some(NodeLabel::default()));
        }
        for (index, (block, path)) in self.nodes.iter().enumerate() {
            graph.set_node(index.to_string(), Some(node_label(block.size)));
            if let Some(group) = path.last() {
                graph.set_parent(&index.to_string(), Some(&group_name(*group)));
            }
            for pair in path.windows(2) {
                graph.set_parent(&group_name(pair[1]), Some(&group_name(pair[0])));
            }
        }
        self.add_edges(&mut graph);
        dagre::layout(&mut graph, Some(options()));

        let areas: Vec<Area> = (0..self.nodes.len()).map(|index| area_of(&graph, &index.to_string())).collect();
        let group_areas: Vec<(usize, Area)> =
            groups.into_iter().map(|group| (group, area_of(&graph, &group_name(group)))).collect();
        let edges = self.ways(&graph);
        let spread = Spread::of(&group_areas);
        let mut whole = Block::default();
        for ((block, _), area) in self.nodes.iter().zip(areas) {
            whole.put(block.clone(), area.x, area.y + spread.at(area.y));
        }
        for (group, area) in group_areas {
            let (top, bottom) = (area.y + spread.before(area.y), area.bottom() + spread.at(area.bottom()));
            whole.groups.push((group, Area { y: top, height: bottom - top, ..area }));
        }
        whole.edges = edges;
        for edge in &mut whole.edges {
            edge.points.iter_mut().for_each(|point| point.1 += spread.at(point.1));
            edge.label.1 += spread.at(edge.label.1);
        }
        self.attach_ends(&mut whole);
        to_origin(whole)
    }

    /// Each outermost group by itself, then the groups as if they were boxes.
    fn group_by_group(self) -> Block {
        let node_of_box = self.node_of_box();
        let mut parts: BTreeMap<usize, Graph> = BTreeMap::new();
        let mut outer = Graph::default();
        let outermost: Vec<Option<usize>> = self.nodes.iter().map(|(_, path)| path.first().copied()).collect();
        for (block, path) in self.nodes {
            match path.split_first() {
                Some((group, rest)) => parts.entry(*group).or_default().add(block, rest),
                None => outer.add(block, &[]),
            }
        }
        let group_of = |node: usize| node_of_box.get(&node).and_then(|index| outermost[*index]);
        for edge in self.edges {
            match (group_of(edge.1), group_of(edge.2)) {
                (Some(from), Some(to)) if from == to => {
                    if let Some(part) = parts.get_mut(&from) {
                        part.edges.push(edge);
                    }
                }
                _ => outer.edges.push(edge),
            }
        }
        for (group, part) in parts {
            outer.add(in_group(group, part.lay_out()), &[]);
        }
        outer.flat()
    }

    /// Blocks in layers, without regard to groups.
    fn flat(self) -> Block {
        if self.nodes.len() > MAX_FLAT.0 || self.edges.len() > MAX_FLAT.1 {
            let blocks: Vec<Block> = self.nodes.into_iter().map(|(block, _)| block).collect();
            return pack::rows(&blocks, pack::ASPECT, pack::GAP);
        }
        let mut graph = new_graph();
        for (index, (block, _)) in self.nodes.iter().enumerate() {
            graph.set_node(index.to_string(), Some(node_label(block.size)));
        }
        self.add_edges(&mut graph);
        dagre::layout(&mut graph, Some(options()));
        let mut whole = Block::default();
        for (index, (block, _)) in self.nodes.iter().enumerate() {
            let area = area_of(&graph, &index.to_string());
            whole.put(block.clone(), area.x, area.y);
        }
        whole.edges.extend(self.ways(&graph));
        self.attach_ends(&mut whole);
        to_origin(whole)
    }

    fn add_edges(&self, graph: &mut Dagre) {
        let node_of_box = self.node_of_box();
        let mut between_blocks = BTreeSet::new();
        for (edge, from, to) in &self.edges {
            let (Some(from), Some(to)) = (node_of_box.get(from), node_of_box.get(to)) else { continue };
            // Several arrows between the same two blocks of many boxes pull no stronger than one.
            let are_boxes = self.nodes[*from].0.boxes.len() == 1 && self.nodes[*to].0.boxes.len() == 1;
            if from == to || !are_boxes && !between_blocks.insert((from, to)) {
                continue;
            }
            let label = EdgeLabel { width: LABEL.0, height: LABEL.1, ..EdgeLabel::default() };
            graph.set_edge(from.to_string(), to.to_string(), Some(label), Some(&edge.to_string()));
        }
    }

    /// The ways that arrows between single boxes take.
    fn ways(&self, graph: &Dagre) -> Vec<PlacedEdge> {
        let node_of_box = self.node_of_box();
        let way = |(edge, from, to): &(usize, usize, usize)| {
            let (from, to) = (*node_of_box.get(from)?, *node_of_box.get(to)?);
            if self.nodes[from].0.boxes.len() != 1 || self.nodes[to].0.boxes.len() != 1 {
                return None;
            }
            let label = graph.edge(&from.to_string(), &to.to_string(), Some(&edge.to_string()))?;
            let points: Vec<(f32, f32)> = label.points.iter().map(|point| (point.x as f32, point.y as f32)).collect();
            let is_whole = points.len() >= 2 && points.iter().all(|(x, y)| x.is_finite() && y.is_finite());
            let middle = points.get(points.len() / 2).copied()?;
            let label = match (label.x, label.y) {
                (Some(x), Some(y)) if x.is_finite() && y.is_finite() => (x as f32, y as f32),
                _ => middle,
            };
            is_whole.then_some(PlacedEdge { edge: *edge, points, label })
        };
        self.edges.iter().filter_map(way).collect()
    }

    /// Lets arrows begin and end at the sides of their boxes that face where they go.
    fn attach_ends(&self, whole: &mut Block) {
        let areas: HashMap<usize, Area> = whole.boxes.iter().copied().collect();
        let ends: HashMap<usize, (usize, usize)> =
            self.edges.iter().map(|(edge, from, to)| (*edge, (*from, *to))).collect();
        for edge in &mut whole.edges {
            let Some((from, to)) = ends.get(&edge.edge) else { continue };
            let (Some(from), Some(to)) = (areas.get(from), areas.get(to)) else { continue };
            let last = edge.points.len() - 1;
            let (second, last_but_one) = (edge.points[1], edge.points[last - 1]);
            edge.points[0] = facing(from, if last == 1 { to.center() } else { second });
            edge.points[last] = facing(to, if last == 1 { from.center() } else { last_but_one });
        }
    }

    /// Whether nothing lies over what it is no part of. `dagre` does not promise it.
    fn is_sound(&self, block: &Block) -> bool {
        let paths: HashMap<usize, &[usize]> = self
            .nodes
            .iter()
            .flat_map(|(block, path)| block.boxes.iter().map(move |(node, _)| (*node, path.as_slice())))
            .collect();
        let is_outer = |outer: usize, inner: usize| {
            self.nodes.iter().any(|(_, path)| {
                let place = |group: usize| path.iter().position(|found| *found == group);
                matches!((place(outer), place(inner)), (Some(outer), Some(inner)) if outer < inner)
            })
        };
        let boxes = &block.boxes;
        let groups = &block.groups;
        let finite = boxes
            .iter()
            .chain(groups)
            .all(|(_, area)| [area.x, area.y, area.width, area.height].iter().all(|value| value.is_finite()));
        let boxes_apart =
            boxes.iter().enumerate().all(|(index, a)| boxes[..index].iter().all(|b| !overlap(&a.1, &b.1)));
        let boxes_in_groups = boxes.iter().all(|(node, area)| {
            groups.iter().all(|(group, frame)| match paths[node].contains(group) {
                true => contains(frame, area),
                false => !overlap(frame, area),
            })
        });
        let groups_apart = groups.iter().enumerate().all(|(index, (a, a_area))| {
            groups[..index].iter().all(|(b, b_area)| {
                let (a_in_b, b_in_a) = (is_outer(*b, *a), is_outer(*a, *b));
                if a_in_b {
                    contains(b_area, a_area)
                } else if b_in_a {
                    contains(a_area, b_area)
                } else {
                    !overlap(a_area, b_area)
                }
            })
        });
        finite && boxes_apart && boxes_in_groups && groups_apart
    }
}

/// A straight arrow between two boxes, or a small loop at one.
pub fn direct(edge: usize, from: Area, to: Area) -> PlacedEdge {
    if from == to {
        let (x, y) = (from.right(), from.center().1);
        let reach = pack::GAP / 2.0 - 2.0;
        let points = vec![(x, y - 9.0), (x + reach, y - 9.0), (x + reach, y + 9.0), (x, y + 9.0)];
        return PlacedEdge { edge, points, label: (x + reach, y) };
    }
    let (start, end) = (facing(&from, to.center()), facing(&to, from.center()));
    let label = ((start.0 + end.0) / 2.0, (start.1 + end.1) / 2.0);
    PlacedEdge { edge, points: vec![start, end], label }
}

/// The point on a box's border where an arrow from or to `other` touches it: at a side, or else above or below.
fn facing(area: &Area, other: (f32, f32)) -> (f32, f32) {
    let inset = |low: f32, size: f32, value: f32| {
        let margin = (size / 4.0).min(10.0);
        value.clamp(low + margin, low + size - margin)
    };
    let y = inset(area.y, area.height, other.1);
    if other.0 >= area.right() {
        return (area.right(), y);
    }
    if other.0 <= area.x {
        return (area.x, y);
    }
    let x = inset(area.x, area.width, other.0);
    (x, if other.1 < area.center().1 { area.y } else { area.bottom() })
}

/// Whether two areas share more than a border.
pub fn overlap(a: &Area, b: &Area) -> bool {
    const SLACK: f32 = 0.5;
    a.x + SLACK < b.right() && b.x + SLACK < a.right() && a.y + SLACK < b.bottom() && b.y + SLACK < a.bottom()
}

/// Whether the second lies in the first.
pub fn contains(outer: &Area, inner: &Area) -> bool {
    const SLACK: f32 = 0.5;
    inner.x + SLACK >= outer.x
        && inner.y + SLACK >= outer.y
        && inner.right() <= outer.right() + SLACK
        && inner.bottom() <= outer.bottom() + SLACK
}

/// A block with a group around it.
fn in_group(group: usize, block: Block) -> Block {
    let size = (block.size.0 + 2.0 * PADDING, block.size.1 + 2.0 * PADDING + GROUP_TITLE);
    let area = Area { x: 0.0, y: 0.0, width: size.0, height: size.1 };
    let mut whole = Block { size, groups: vec![(group, area)], ..Block::default() };
    whole.put(block, PADDING, PADDING + GROUP_TITLE);
    whole
}

/// Moves everything so that the upper left corner is the origin, and sets the size.
fn to_origin(block: Block) -> Block {
    let points = block.edges.iter().flat_map(|edge| edge.points.iter().copied());
    let areas = block.boxes.iter().chain(&block.groups).map(|(_, area)| area);
    let corners = areas.flat_map(|area| [(area.x, area.y), (area.right(), area.bottom())]).chain(points);
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    for (x, y) in corners {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    if low.0 > high.0 {
        return Block::default();
    }
    let mut whole = Block { size: (high.0 - low.0, high.1 - low.1), ..Block::default() };
    whole.put(block, -low.0, -low.1);
    whole
}

/// Makes room for the titles of groups: at every height where a group begins, what lies below moves down.
///
/// Whatever was below another before still is afterwards, so that nothing comes to overlap.
struct Spread(Vec<f32>);

impl Spread {
    fn of(groups: &[(usize, Area)]) -> Self {
        let mut tops: Vec<f32> = groups.iter().map(|(_, area)| area.y).collect();
        tops.sort_by(f32::total_cmp);
        tops.dedup();
        Self(tops)
    }

    /// How far something at this height moves.
    fn at(&self, y: f32) -> f32 {
        self.0.partition_point(|top| *top <= y) as f32 * GROUP_TITLE
    }

    /// How far the upper border of a group at this height moves: its own title is below it.
    fn before(&self, y: f32) -> f32 {
        self.0.partition_point(|top| *top < y) as f32 * GROUP_TITLE
    }
}

fn new_graph() -> Dagre {
    Dagre::with_options(GraphOptions { directed: true, multigraph: true, compound: true })
}

fn options() -> LayoutOptions {
    LayoutOptions { rankdir: RankDir::LR, nodesep: 24.0, edgesep: 14.0, ranksep: 24.0, ..LayoutOptions::default() }
}

fn group_name(group: usize) -> String {
    format!("group {group}")
}

fn node_label((width, height): (f32, f32)) -> NodeLabel {
    NodeLabel { width: f64::from(width), height: f64::from(height), ..NodeLabel::default() }
}

/// Where `dagre` placed a node; it tells middles.
fn area_of(graph: &Dagre, name: &str) -> Area {
    let Some(node) = graph.node(name) else { return Area::default() };
    let (x, y) = (node.x.unwrap_or_default() - node.width / 2.0, node.y.unwrap_or_default() - node.height / 2.0);
    Area { x: x as f32, y: y as f32, width: node.width as f32, height: node.height as f32 }
}
