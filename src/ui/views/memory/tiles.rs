//! The treemap of one landscape at one size: made once and kept, since it is the costly part of the view.

use std::sync::Arc;

use egui::{Color32, Mesh, Pos2, Rect, pos2, vec2};

use super::squarify::squarify;
use crate::analysis::landscape::{Landscape, Member, Part};
use crate::state::Selection;
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::hatch;

/// Boxes of less than this many square points are joined into one.
const LEAST_AREA: f64 = 2.0;

/// Height of the strip with a component's name.
const HEADER_HEIGHT: f32 = 16.0;

/// More boxes than this never get a label.
const MAX_LABELS: usize = 300;

/// So many boxes, the largest, can be reached with the keyboard and by a screen reader.
const MAX_REACHABLE: usize = 50;

/// What a box stands for; numbers are places in the landscape's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A component.
    Part(usize),
    /// A member of a component.
    Member(usize, usize),
    /// The members of a component from this one on, too small to be drawn one by one.
    SmallMembers(usize, usize),
    /// The components from this one on, too small to be drawn one by one.
    SmallParts(usize),
    /// What belongs to no component.
    Unattributed,
}

/// One box.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// What it stands for.
    pub what: What,
    /// Where it is.
    pub rect: Rect,
    /// Where its text may be: of a component with members, the strip above them.
    pub label: Rect,
    /// What it is filled with.
    pub fill: Color32,
}

/// A laid-out treemap.
pub struct Tiles {
    /// What it shows.
    pub landscape: Arc<Landscape>,
    /// Where it lies.
    pub bounds: Rect,
    dark: bool,
    /// Components and what belongs to none; each is followed by its members.
    tiles: Vec<Tile>,
    /// Every box, ready to be drawn.
    pub mesh: Arc<Mesh>,
    /// Boxes with a label, largest first.
    pub labelled: Vec<Tile>,
    /// How many of `labelled`, from the first on, can be reached by keyboard.
    pub reachable: usize,
}

impl Tiles {
    /// Lays `landscape` out in `bounds`.
    pub fn new(landscape: Arc<Landscape>, bounds: Rect, dark: bool) -> Self {
        let mut tiles = Vec::new();
        let theme = Theme::of(dark);
        for (what, rect) in outer(&landscape, bounds) {
            lay_out(&landscape, theme, what, rect, &mut tiles);
        }
        let mesh = Arc::new(mesh(&tiles, theme));
        let labelled = labelled(&tiles);
        let reachable = labelled.len().min(MAX_REACHABLE);
        Self { landscape, bounds, dark, tiles, mesh, labelled, reachable }
    }

    /// Whether this is the treemap of just this landscape, place and theme.
    pub fn is_of(&self, landscape: &Arc<Landscape>, bounds: Rect, dark: bool) -> bool {
        Arc::ptr_eq(&self.landscape, landscape) && self.bounds == bounds && self.dark == dark
    }

    /// The innermost box at a place.
    pub fn at(&self, place: Pos2) -> Option<&Tile> {
        self.tiles.iter().rev().find(|tile| tile.rect.contains(place))
    }

    /// The box of what is selected.
    pub fn find(&self, selection: &Selection) -> Option<&Tile> {
        self.tiles.iter().find(|tile| self.selects(tile.what).as_ref() == Some(selection))
    }

    /// What a click on a box selects.
    pub fn selects(&self, what: What) -> Option<Selection> {
        let part = self.part(what)?;
        let selection = match self.member(what) {
            Some(Member { entity: Some(entity), .. }) => Selection::Entity(*entity),
            Some(Member { component: Some(component), .. }) => Selection::Component(component.clone()),
            _ => Selection::Component(part.component.clone()),
        };
        Some(selection)
    }

    /// The component that a box is or lies in.
    pub fn part(&self, what: What) -> Option<&Part> {
        match what {
            What::Part(part) | What::Member(part, _) | What::SmallMembers(part, _) => self.landscape.parts.get(part),
            What::SmallParts(_) | What::Unattributed => None,
        }
    }

    /// The member that a box is.
    pub fn member(&self, what: What) -> Option<&Member> {
        match what {
            What::Member(part, member) => self.landscape.parts.get(part)?.members.get(member),
            _ => None,
        }
    }

    /// The name on a box.
    pub fn name(&self, what: What) -> String {
        match what {
            What::Unattributed => String::from("not attributed"),
            What::SmallParts(first) => format!("{} smaller components", self.landscape.parts.len() - first),
            What::SmallMembers(..) => String::from("others, each too small to draw"),
            What::Part(part) => self.landscape.parts[part].title.clone(),
            What::Member(part, member) => self.landscape.parts[part].members[member].name.clone(),
        }
    }

    /// How many bytes a box stands for.
    pub fn bytes(&self, what: What) -> f64 {
        let parts = &self.landscape.parts;
        match what {
            What::Unattributed => self.landscape.unattributed_bytes,
            What::SmallParts(first) => parts[first..].iter().map(Part::bytes).sum(),
            What::SmallMembers(part, first) => parts[part].members[first..].iter().map(|member| member.bytes).sum(),
            What::Part(part) => parts[part].bytes(),
            What::Member(part, member) => parts[part].members[member].bytes,
        }
    }
}

/// Components and what belongs to none, side by side.
fn outer(landscape: &Landscape, bounds: Rect) -> Vec<(What, Rect)> {
    let parts = landscape.parts.iter().map(Part::bytes).enumerate().filter(|(_, bytes)| *bytes > 0.0);
    let mut boxes: Vec<(What, f64)> = parts.map(|(part, bytes)| (What::Part(part), bytes)).collect();
    if landscape.unattributed_bytes > 0.0 {
        // Parts are sorted already; this finds the place among them.
        let place = boxes.partition_point(|(_, bytes)| *bytes >= landscape.unattributed_bytes);
        boxes.insert(place, (What::Unattributed, landscape.unattributed_bytes));
    }
    let whole: f64 = boxes.iter().map(|(_, bytes)| bytes).sum();
    let least = least_size(whole, bounds);
    let small = boxes.iter().position(|(what, bytes)| *bytes < least && matches!(what, What::Part(_)));
    if let Some((What::Part(first), _)) = small.and_then(|place| boxes.get(place).copied()) {
        boxes.retain(|(what, _)| !matches!(what, What::Part(part) if *part >= first));
        let rest = landscape.parts[first..].iter().map(Part::bytes).sum();
        boxes.push((What::SmallParts(first), rest));
    }
    let sizes: Vec<f64> = boxes.iter().map(|(_, bytes)| *bytes).collect();
    boxes.iter().map(|(what, _)| *what).zip(squarify(&sizes, bounds)).collect()
}

/// The size of a box of [`LEAST_AREA`], where `whole` fills `bounds`.
fn least_size(whole: f64, bounds: Rect) -> f64 {
    whole * LEAST_AREA / f64::from(bounds.area()).max(LEAST_AREA)
}

/// Adds a box and the members inside.
fn lay_out(landscape: &Landscape, theme: &Theme, what: What, rect: Rect, tiles: &mut Vec<Tile>) {
    let What::Part(index) = what else {
        let fill = if what == What::Unattributed { theme.unknown.fill } else { theme.raised };
        tiles.push(Tile { what, rect, label: rect, fill });
        return;
    };
    let part = &landscape.parts[index];
    let colour = theme.series_colour(part.component.as_str());
    let member_fill = |strength: f32| theme.panel.lerp_to_gamma(colour, strength);
    let inner = rect.shrink(1.0);
    let has_members = !part.members.is_empty();
    let has_header = has_members && inner.width() >= 44.0 && inner.height() >= HEADER_HEIGHT + 14.0;
    let header = Rect::from_min_size(inner.min, vec2(inner.width(), HEADER_HEIGHT));
    let body = if has_header { Rect::from_min_max(header.left_bottom(), inner.max) } else { inner };
    let label = if has_header { header } else { inner };
    let fill = member_fill(if has_header { 0.8 } else { 0.36 });
    tiles.push(Tile { what, rect, label, fill });
    let sizes: Vec<f64> = part.members.iter().map(|member| member.bytes.max(0.0)).collect();
    // A rest that is last may be large; the small ones end where the sizes begin to be sorted no more.
    let least = least_size(sizes.iter().sum(), body);
    let drawn = sizes.iter().position(|size| *size < least || *size == 0.0).unwrap_or(sizes.len());
    let mut shown = sizes[..drawn].to_vec();
    let small: f64 = sizes[drawn..].iter().sum();
    if small > 0.0 {
        shown.push(small);
    }
    for (member, rect) in squarify(&shown, body).into_iter().enumerate() {
        let is_rest =
            |member: &Member| member.entity.is_none() && member.component.is_none() && member.provenance.is_none();
        let (what, strength) = match member {
            member if member >= drawn => (What::SmallMembers(index, drawn), 0.16),
            member if part.members.get(member).is_some_and(is_rest) => (What::Member(index, member), 0.16),
            // Neighbours differ a little, so that they can be told apart.
            member => (What::Member(index, member), if member % 2 == 0 { 0.40 } else { 0.30 }),
        };
        // Without a header the component's own label lies over its members; theirs would lie over it.
        let label = if has_header { rect } else { Rect::from_min_size(rect.min, egui::Vec2::ZERO) };
        tiles.push(Tile { what, rect, label, fill: member_fill(strength) });
    }
}

/// All boxes as one mesh; neighbours are kept apart by a thin seam, thinner for small ones.
fn mesh(tiles: &[Tile], theme: &Theme) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(tiles.len() * 4);
    mesh.reserve_triangles(tiles.len() * 2);
    for tile in tiles {
        let seam = (tile.rect.size().min_elem() * 0.12).clamp(0.0, 0.5);
        mesh.add_colored_rect(tile.rect.shrink(seam), tile.fill);
        if tile.what == What::Unattributed {
            hatch(&mut mesh, tile.rect.shrink(seam), 9.0, theme.unknown.stroke.gamma_multiply(0.45));
        }
    }
    mesh
}

/// The boxes that have room for text, largest first.
fn labelled(tiles: &[Tile]) -> Vec<Tile> {
    let has_room = |tile: &&Tile| tile.label.width() >= 28.0 && tile.label.height() >= 13.0;
    let mut labelled: Vec<Tile> = tiles.iter().filter(has_room).copied().collect();
    labelled.sort_by(|a, b| b.rect.area().total_cmp(&a.rect.area()));
    labelled.truncate(MAX_LABELS);
    labelled
}

/// The smallest piece of `rect` that text at its upper left corner needs; used to keep text off the edges.
pub fn text_area(rect: Rect) -> Rect {
    Rect::from_min_max(rect.min + vec2(4.0, 1.0), pos2(rect.right() - 3.0, rect.bottom()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::landscape::Whole;
    use crate::model::entity::EntityId;
    use crate::model::quantity::Quantity;
    use crate::model::unit::Unit;

    fn landscape(parts: usize, members: usize, unattributed_bytes: f64) -> Arc<Landscape> {
        let member = |part: usize, member: usize| Member {
            entity: Some(EntityId((part * members + member) as u32)),
            ..Member::new(format!("process {member}"), 1e6 / (member + 1) as f64)
        };
        let part = |index: usize| {
            let members: Vec<Member> = (0..members).map(|place| member(index, place)).collect();
            let bytes = members.iter().map(|member| member.bytes).sum();
            let bytes = Quantity::measured(bytes, Unit::BYTES, "host", None);
            Part::new(format!("c{index}").as_str().into(), format!("Component {index}"), bytes, members)
        };
        let parts: Vec<Part> = (0..parts).map(part).collect();
        let total = parts.iter().map(Part::bytes).sum::<f64>() + unattributed_bytes;
        let total = Quantity::measured(total, Unit::BYTES, "host", None);
        Arc::new(Landscape::new(None, Whole::Stated, Some(total), parts))
    }

    fn tiles(landscape: Arc<Landscape>) -> Tiles {
        Tiles::new(landscape, Rect::from_min_size(pos2(10.0, 20.0), vec2(800.0, 400.0)), false)
    }

    #[test]
    fn boxes_of_components_are_as_large_as_their_share() {
        let tiles = tiles(landscape(3, 4, 2e6));
        let whole = tiles.landscape.total.number_in(Unit::BYTES).unwrap();
        let outer = tiles.tiles.iter().filter(|tile| matches!(tile.what, What::Part(_) | What::Unattributed));
        for tile in outer {
            let share = f64::from(tile.rect.area() / tiles.bounds.area());
            assert!((share - tiles.bytes(tile.what) / whole).abs() < 1e-3, "{:?}: {share}", tile.what);
        }
    }

    #[test]
    fn a_place_finds_the_innermost_box_and_a_selection_its_own() {
        let tiles = tiles(landscape(3, 4, 2e6));
        let selection = Selection::Entity(EntityId(5));
        let tile = tiles.find(&selection).unwrap();
        assert_eq!(tile.what, What::Member(1, 1));
        assert_eq!(tiles.at(tile.rect.center()).map(|tile| tile.what), Some(tile.what));
        assert_eq!(tiles.selects(What::Part(2)), Some(Selection::Component("c2".into())));
        assert_eq!(tiles.selects(What::Unattributed), None);
        assert!(tiles.at(pos2(0.0, 0.0)).is_none());
    }

    #[test]
    fn what_is_too_small_is_joined_and_labels_are_bounded() {
        let tiles = tiles(landscape(400, 500, 0.0));
        assert!(tiles.tiles.len() < 160_000, "{}", tiles.tiles.len());
        assert!(tiles.labelled.len() <= MAX_LABELS);
        let small = tiles.tiles.iter().find(|tile| matches!(tile.what, What::SmallMembers(..))).unwrap();
        assert!(tiles.bytes(small.what) > 0.0);
        let many = super::tests::tiles(landscape(300_000, 1, 5e6));
        assert!(many.tiles.iter().any(|tile| matches!(tile.what, What::SmallParts(_))));
        assert!(many.tiles.len() < 1000, "{}", many.tiles.len());
    }
}
