//! Where the boxes, groups and arrows of the system map lie.
//!
//! Coordinates are abstract units, y down, the origin at the top left. `session` has a map laid out once for each
//! document; the map view only scales and moves it.
//!
//! A document's pictures (its snapshots) are laid out one by one and packed into a landscape format, and so are the
//! islands of a picture: parts that no arrow connects. What is connected is laid out in layers from left to right
//! ([`layered`]); boxes without arrows stand in grids ([`pack`]).
//!
//! # Why `dagre`
//!
//! Two libraries were compared on a map of two pictures, each of 18 boxes (200 × 76) in 8 groups with 16 arrows
//! (`sessions/foundation.ron`; release build, one run on two cores). *Crossings* counts pairs of arrows,
//! *overlaps* counts boxes and groups that lie over a group which they are no part of; `rust-sugiyama` knows no groups
//! and returns no ways of arrows, so its groups are the hulls of their boxes and its arrows straight.
//!
//! | picture | library, direction | crossings | length | overlaps | size | µs |
//! |---|---|---|---|---|---|---|
//! | memory | `dagre` 0.1, down | 0 | 4499 | 0 | 2252 × 665 | 21 293 |
//! | memory | `dagre` 0.1, right | 0 | 4709 | 0 | 1285 × 1044 | 19 485 |
//! | memory | `rust-sugiyama` 0.4 | 0 | 3146 | 25 | 2040 × 500 | 164 |
//! | CPU | `dagre` 0.1, down | 4 | 4299 | 0 | 2022 × 680 | 15 836 |
//! | CPU | `dagre` 0.1, right | 4 | 4243 | 0 | 1300 × 938 | 15 817 |
//! | CPU | `rust-sugiyama` 0.4 | 0 | 3434 | 32 | 2328 × 394 | 166 |
//!
//! Groups that lie over each other can't be read, so `dagre` it is, to the right, which is nearest to the shape of a
//! window. Its cost grows steeply with groups (500 boxes and 600 arrows at random: 0.6 s without groups, 6.3 s in 60
//! groups), so a large island is laid out group by group.

mod layered;
mod pack;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::document::{Component, Document};
use crate::model::id::{ComponentId, GroupId};

use layered::Graph;
use pack::Block;

/// Groups nested deeper than this are left out; their boxes lie in the last one that is drawn.
const MAX_DEPTH: usize = 6;

/// Boxes in one container that have no arrow stand in a grid if they are at least so many.
const MIN_GRID: usize = 4;

/// Height of the heading of a picture.
const PICTURE_TITLE: f32 = 42.0;

/// A laid-out map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapLayout {
    /// Width and height of everything.
    pub size: (f32, f32),
    /// Pictures, if there is more than one or the document names it.
    pub pictures: Vec<PlacedPicture>,
    /// Containers, outermost first.
    pub groups: Vec<PlacedGroup>,
    /// Boxes.
    pub boxes: Vec<PlacedBox>,
    /// Arrows.
    pub edges: Vec<PlacedEdge>,
}

/// A rectangle: left, top, width, height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Width.
    pub width: f32,
    /// Height.
    pub height: f32,
}

impl Area {
    /// Right edge.
    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    /// Lower edge.
    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Its middle.
    pub fn center(&self) -> (f32, f32) {
        (self.x + self.width / 2.0, self.y + self.height / 2.0)
    }

    fn moved(&self, dx: f32, dy: f32) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..*self }
    }
}

/// A picture and where it is, its heading included.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedPicture {
    /// What is written over it; empty for what belongs to no named picture.
    pub title: String,
    /// Where.
    pub area: Area,
}

/// A container and where it is; its title has room in its uppermost [`GROUP_TITLE`] units.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedGroup {
    /// Which.
    pub group: GroupId,
    /// Where.
    pub area: Area,
    /// In how many others it lies.
    pub depth: usize,
}

/// A box and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedBox {
    /// Which.
    pub component: ComponentId,
    /// Where.
    pub area: Area,
}

/// An arrow's way.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedEdge {
    /// Its index in the document's list of edges.
    pub edge: usize,
    /// From start to end, at least two points.
    pub points: Vec<(f32, f32)>,
    /// Middle of its label.
    pub label: (f32, f32),
}

/// Height of the free strip for a group's title.
pub const GROUP_TITLE: f32 = 22.0;

/// A size that suits a component's box: room for its title and, if the document states figures, for three of them.
pub fn box_size(component: &Component) -> (f32, f32) {
    let lines = component.facts.len().clamp(1, 3) as f32;
    (164.0, 44.0 + 14.0 * lines)
}

/// Lays out the map of a document; `size_of` gives the width and height of a component's box.
///
/// Every component is placed exactly once. Boxes and groups never overlap others that they are no part of. Arrows to
/// components that do not exist are left out, and so are groups without boxes. The same document always gives the same
/// layout.
pub fn lay_out(document: &Document, size_of: impl Fn(&Component) -> (f32, f32)) -> MapLayout {
    let map = Map::of(document, size_of);
    let mut pictures: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for node in 0..map.sizes.len() {
        pictures.entry(map.picture_of(node)).or_default().push(node);
    }
    let islands: Vec<(usize, Vec<Block>)> =
        pictures.into_iter().map(|(picture, nodes)| (picture, map.islands(&nodes))).collect();
    let named = islands.len() > 1 || !document.snapshots.is_empty();
    let heading = if named { PICTURE_TITLE } else { 0.0 };

    // Narrow pictures side by side, or wide ones below each other: what suits the window best.
    let candidates = [1.0, 2.0, islands.len().max(1) as f32].map(|share| {
        let blocks = islands.iter().map(|(_, blocks)| pack::rows(blocks, pack::ASPECT / share, pack::GAP));
        let headed: Vec<Block> = blocks.map(|block| block.below(heading)).collect();
        pack::rows_placed(&headed, pack::ASPECT, pack::GAP * 1.5)
    });
    let best = candidates.into_iter().min_by(|a, b| pack::extent(a.0.size).total_cmp(&pack::extent(b.0.size)));
    let Some((whole, areas)) = best else { return MapLayout::default() };

    let title_of = |picture: usize| document.snapshots.get(picture).map_or(String::new(), |found| found.title.clone());
    let pictures = islands
        .iter()
        .zip(areas)
        .filter(|_| named)
        .map(|((picture, _), area)| PlacedPicture { title: title_of(*picture), area })
        .collect();
    let mut layout = MapLayout { size: whole.size, pictures, ..MapLayout::default() };
    layout.groups = whole
        .groups
        .into_iter()
        .map(|(index, area)| PlacedGroup { group: document.groups[index].id.clone(), area, depth: map.depth(index) })
        .collect();
    layout.groups.sort_by_key(|group| group.depth);
    layout.boxes = whole
        .boxes
        .into_iter()
        .map(|(index, area)| PlacedBox { component: document.components[index].id.clone(), area })
        .collect();
    layout.edges = whole.edges;
    layout.add_missing_edges(&map);
    layout
}

impl MapLayout {
    /// Arrows that no layer knows of (between parts that were laid out apart, and from a box to itself).
    fn add_missing_edges(&mut self, map: &Map) {
        let placed: HashSet<usize> = self.edges.iter().map(|edge| edge.edge).collect();
        let areas: HashMap<&ComponentId, Area> =
            self.boxes.iter().map(|placed| (&placed.component, placed.area)).collect();
        let area_of = |node: usize| areas.get(&map.document.components[node].id).copied().unwrap_or_default();
        for &(edge, from, to) in map.edges.iter().filter(|(edge, ..)| !placed.contains(edge)) {
            self.edges.push(layered::direct(edge, area_of(from), area_of(to)));
        }
        self.edges.sort_by_key(|edge| edge.edge);
    }
}

/// The document as numbers: indices of components and groups in their lists.
struct Map<'a> {
    document: &'a Document,
    /// Of each component.
    sizes: Vec<(f32, f32)>,
    /// The containers that a component lies in, outermost first.
    paths: Vec<Vec<usize>>,
    /// Of each group: its own containers, outermost first, itself last.
    group_paths: Vec<Vec<usize>>,
    /// Edges whose two ends exist: index in the document, from, to.
    edges: Vec<(usize, usize, usize)>,
}

impl<'a> Map<'a> {
    fn of(document: &'a Document, size_of: impl Fn(&Component) -> (f32, f32)) -> Self {
        // Of two things with one id the first counts, as in the document's own look-ups.
        let mut group_index = HashMap::new();
        for (index, group) in document.groups.iter().enumerate() {
            group_index.entry(&group.id).or_insert(index);
        }
        let mut component_index = HashMap::new();
        for (index, component) in document.components.iter().enumerate() {
            component_index.entry(&component.id).or_insert(index);
        }
        let mut parents: Vec<Option<usize>> = vec![None; document.groups.len()];
        for (group, parent) in document
            .groups
            .iter()
            .enumerate()
            .filter_map(|(index, group)| Some((index, *group.parent.as_ref().and_then(|id| group_index.get(id))?)))
        {
            // A container that would lie in itself lies in none.
            if !chain(&parents, parent).any(|outer| outer == group) {
                parents[group] = Some(parent);
            }
        }
        let group_path = |group: usize| {
            let mut path: Vec<usize> = chain(&parents, group).collect();
            path.reverse();
            path.truncate(MAX_DEPTH);
            path
        };
        let group_paths: Vec<Vec<usize>> = (0..document.groups.len()).map(group_path).collect();
        let path = |component: &Component| {
            let group = component.group.as_ref().and_then(|id| group_index.get(id));
            group.map_or(Vec::new(), |group| group_paths[*group].clone())
        };
        let sane = |value: f32| if value.is_finite() { value.clamp(10.0, 2000.0) } else { 100.0 };
        let edge = |(index, edge): (usize, &crate::model::document::Edge)| {
            Some((index, *component_index.get(&edge.from)?, *component_index.get(&edge.to)?))
        };
        Self {
            document,
            sizes: document.components.iter().map(size_of).map(|(w, h)| (sane(w), sane(h))).collect(),
            paths: document.components.iter().map(path).collect(),
            edges: document.edges.iter().enumerate().filter_map(edge).collect(),
            group_paths,
        }
    }

    fn depth(&self, group: usize) -> usize {
        self.group_paths[group].len().saturating_sub(1)
    }

    /// The place of its snapshot in the document's list; one more than the last for none of them.
    fn picture_of(&self, node: usize) -> usize {
        // A container lies in one picture as a whole.
        let id = match self.paths[node].first() {
            Some(group) => self.document.groups[*group].id.as_str(),
            None => self.document.components[node].id.as_str(),
        };
        let belongs = |prefix: &str| id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
        let found = self.document.snapshots.iter().position(|snapshot| belongs(&snapshot.prefix));
        found.unwrap_or(self.document.snapshots.len())
    }

    /// Lays out the parts of a picture that no edge connects, each by itself.
    fn islands(&self, nodes: &[usize]) -> Vec<Block> {
        let mut sets = Sets::new(self.document.components.len() + self.document.groups.len());
        let root = |node: usize| match self.paths[node].first() {
            Some(group) => self.document.components.len() + group,
            None => node,
        };
        let mut linked = HashSet::new();
        for &(_, from, to) in &self.edges {
            if from != to {
                linked.extend([from, to]);
                if self.picture_of(from) == self.picture_of(to) {
                    sets.unite(root(from), root(to));
                }
            }
        }
        let alone = |node: &usize| self.paths[*node].is_empty() && !linked.contains(node);
        let mut islands: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut place: HashMap<usize, usize> = HashMap::new();
        for &node in nodes.iter().filter(|node| !alone(node)) {
            let set = sets.find(root(node));
            let index = *place.entry(set).or_insert_with(|| {
                islands.push((set, Vec::new()));
                islands.len() - 1
            });
            islands[index].1.push(node);
        }
        let mut blocks: Vec<Block> = islands.iter().map(|(_, nodes)| self.island(nodes, &linked)).collect();
        let lonely: Vec<(usize, (f32, f32))> =
            nodes.iter().filter(|node| alone(node)).map(|&n| (n, self.sizes[n])).collect();
        if !lonely.is_empty() {
            blocks.push(pack::grid(&lonely));
        }
        blocks
    }

    fn island(&self, nodes: &[usize], linked: &HashSet<usize>) -> Block {
        let mut graph = Graph::default();
        // Boxes without arrows in one container are one node, a grid, if they are many.
        let mut unlinked: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        for &node in nodes {
            if linked.contains(&node) {
                graph.add(Block::of_box(node, self.sizes[node]), &self.paths[node]);
            } else {
                unlinked.entry(&self.paths[node]).or_default().push(node);
            }
        }
        for (path, members) in unlinked {
            if members.len() < MIN_GRID {
                members.iter().for_each(|&node| graph.add(Block::of_box(node, self.sizes[node]), path));
            } else {
                let sized: Vec<_> = members.iter().map(|&node| (node, self.sizes[node])).collect();
                graph.add(pack::grid(&sized), path);
            }
        }
        let inside: HashSet<usize> = nodes.iter().copied().collect();
        let is_inside =
            |&&(_, from, to): &&(usize, usize, usize)| inside.contains(&from) && inside.contains(&to) && from != to;
        graph.edges = self.edges.iter().filter(is_inside).copied().collect();
        graph.lay_out()
    }
}

/// A container and those that it lies in, from the inside out.
fn chain(parents: &[Option<usize>], group: usize) -> impl Iterator<Item = usize> {
    std::iter::successors(Some(group), |inner| parents[*inner])
}

/// Disjoint sets of numbers.
struct Sets(Vec<usize>);

impl Sets {
    fn new(count: usize) -> Self {
        Self((0..count).collect())
    }

    fn find(&mut self, mut of: usize) -> usize {
        while self.0[of] != of {
            self.0[of] = self.0[self.0[of]];
            of = self.0[of];
        }
        of
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.find(a), self.find(b));
        // The smaller number leads, so that the result does not depend on the order of edges.
        self.0[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests;
