//! Where the boxes, groups and arrows of the system map lie.
//!
//! Coordinates are abstract units, y down, the origin at the top left.

use crate::model::id::{ComponentId, GroupId};

/// A laid-out map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapLayout {
    /// Width and height of everything.
    pub size: (f32, f32),
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

/// A container and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedGroup {
    /// Which.
    pub group: GroupId,
    /// Where.
    pub area: Area,
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

use crate::model::document::{Component, Document};
/// STUB
pub fn lay_out(_document: &Document, _size_of: impl Fn(&Component) -> (f32, f32)) -> MapLayout {
    MapLayout::default()
}
