//! Parts of a map that are laid out already, as rigid blocks, and how they are put beside each other.

use super::{Area, PlacedEdge};

/// Width to height of the window that a map should suit.
pub const ASPECT: f32 = 16.0 / 9.0;

/// Free space between blocks.
pub const GAP: f32 = 28.0;

/// A part of the map with its own origin at its top left; boxes and groups by their indices in the document.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Width and height.
    pub size: (f32, f32),
    /// Containers.
    pub groups: Vec<(usize, Area)>,
    /// Boxes.
    pub boxes: Vec<(usize, Area)>,
    /// Arrows.
    pub edges: Vec<PlacedEdge>,
}

impl Block {
    /// A single box.
    pub fn of_box(node: usize, (width, height): (f32, f32)) -> Self {
        let area = Area { x: 0.0, y: 0.0, width, height };
        Self { size: (width, height), boxes: vec![(node, area)], ..Self::default() }
    }

    /// Itself under a strip of free space.
    pub fn below(self, height: f32) -> Self {
        let mut whole = Self { size: (self.size.0, self.size.1 + height), ..Self::default() };
        whole.put(self, 0.0, height);
        whole
    }

    /// Takes in the parts of another, moved by so much. Its own size stays.
    pub fn put(&mut self, other: Block, dx: f32, dy: f32) {
        self.groups.extend(other.groups.into_iter().map(|(group, area)| (group, area.moved(dx, dy))));
        self.boxes.extend(other.boxes.into_iter().map(|(node, area)| (node, area.moved(dx, dy))));
        self.edges.extend(other.edges.into_iter().map(|mut edge| {
            edge.points.iter_mut().for_each(|point| *point = (point.0 + dx, point.1 + dy));
            edge.label = (edge.label.0 + dx, edge.label.1 + dy);
            edge
        }));
    }
}

/// How large a window of height 1 and width [`ASPECT`] must be made to hold this size.
pub fn extent((width, height): (f32, f32)) -> f32 {
    (width / ASPECT).max(height)
}

/// Boxes in a grid of equal cells, row by row, about as wide as a window.
pub fn grid(nodes: &[(usize, (f32, f32))]) -> Block {
    let width = nodes.iter().map(|(_, size)| size.0).fold(0.0, f32::max) + GAP;
    let height = nodes.iter().map(|(_, size)| size.1).fold(0.0, f32::max) + GAP;
    let columns = (nodes.len() as f32 * height * ASPECT / width).sqrt().round().max(1.0) as usize;
    let rows = nodes.len().div_ceil(columns);
    // As few columns as these rows need, so that the last row is not nearly empty.
    let columns = nodes.len().div_ceil(rows.max(1)).max(1);
    let mut whole = Block { size: (columns as f32 * width - GAP, rows as f32 * height - GAP), ..Block::default() };
    for (place, (node, size)) in nodes.iter().enumerate() {
        let (x, y) = ((place % columns) as f32 * width, (place / columns) as f32 * height);
        whole.put(Block::of_box(*node, *size), x, y);
    }
    whole
}

/// Blocks in rows, in their order, so that the whole suits a format of `aspect` best.
pub fn rows(blocks: &[Block], aspect: f32, gap: f32) -> Block {
    rows_placed(blocks, aspect, gap).0
}

/// The same, and where each block came to lie.
pub fn rows_placed(blocks: &[Block], aspect: f32, gap: f32) -> (Block, Vec<Area>) {
    let widest = blocks.iter().map(|block| block.size.0).fold(0.0, f32::max);
    let total: f32 = blocks.iter().map(|block| block.size.0 + gap).sum();
    const STEPS: usize = 32;
    let arranged = (0..=STEPS)
        .map(|step| arrange(blocks, widest + (total - widest).max(0.0) * step as f32 / STEPS as f32, gap))
        .min_by(|a, b| {
            let extent = |(width, height): (f32, f32)| (width / aspect).max(height);
            extent(a.0).total_cmp(&extent(b.0))
        });
    let (size, corners) = arranged.unwrap_or_default();
    let mut whole = Block { size, ..Block::default() };
    let mut areas = Vec::with_capacity(blocks.len());
    for (block, (x, y)) in blocks.iter().zip(corners) {
        areas.push(Area { x, y, width: block.size.0, height: block.size.1 });
        whole.put(block.clone(), x, y);
    }
    (whole, areas)
}

/// Size of the whole, and the upper left corner of each block, if no row is wider than `limit`.
fn arrange(blocks: &[Block], limit: f32, gap: f32) -> ((f32, f32), Vec<(f32, f32)>) {
    let (mut x, mut y, mut row_height, mut right) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    let mut corners = Vec::with_capacity(blocks.len());
    for block in blocks {
        if x > 0.0 && x + block.size.0 > limit {
            x = 0.0;
            y += row_height + gap;
            row_height = 0.0;
        }
        corners.push((x, y));
        right = right.max(x + block.size.0);
        row_height = row_height.max(block.size.1);
        x += block.size.0 + gap;
    }
    ((right, y + row_height), corners)
}
