//! The treemap of one landscape at one size: made once and kept, since it is the costly part of the view.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Mesh, Pos2, Rect, pos2, vec2};

use super::look::{Look, Paint};
use super::squarify::squarify;
use crate::analysis::landscape::{Landscape, Member, Outside, Part, Slice};
use crate::model::entity::EntityId;
use crate::model::id::ComponentId;
use crate::state::Selection;
use crate::state::memory::Zoom;
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::hatch;

/// Boxes of less than this many square points are joined into one.
const LEAST_AREA: f64 = 5.0;

/// Height of the strip with a component's name.
const HEADER_HEIGHT: f32 = 16.0;

/// Smaller members are not divided into kinds.
const LEAST_DIVIDED: egui::Vec2 = vec2(64.0, 44.0);

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
    /// A kind of memory of a member of a component.
    Slice(usize, usize, usize),
    /// The members of a component from this one on, too small to be drawn one by one.
    SmallMembers(usize, usize),
    /// The components from this one on, too small to be drawn one by one.
    SmallParts(usize),
    /// What belongs to no component.
    Unattributed,
    /// A difference between the total and physical memory.
    Outside(usize),
    /// A part of such a difference.
    OutsideMember(usize, usize),
}

/// One box.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// What it stands for.
    pub what: What,
    /// Where it is.
    pub rect: Rect,
    /// Where its text may be: of a box with others inside, the strip above them.
    pub label: Rect,
    /// What it is filled with.
    pub paint: Paint,
}

/// A laid-out treemap.
pub struct Tiles {
    /// What it shows.
    pub landscape: Arc<Landscape>,
    /// Where it lies.
    pub bounds: Rect,
    /// How it is drawn.
    pub look: Look,
    /// Each box is followed by those inside.
    tiles: Vec<Tile>,
    /// Where the boxes of entities and components are in `tiles`.
    entities: HashMap<EntityId, usize>,
    components: HashMap<ComponentId, usize>,
    /// Every box, ready to be drawn.
    pub mesh: Arc<Mesh>,
    /// Boxes with a label, largest first.
    pub labelled: Vec<Tile>,
    /// How many of `labelled`, from the first on, can be reached by keyboard.
    pub reachable: usize,
    /// What the search found; `None` without a search.
    pub found: Option<Found>,
}

/// What a search found.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Found {
    /// Components with this in their name.
    pub components: usize,
    /// Members with this in their name.
    pub members: usize,
    /// Bytes of both; a member of a component that was found counts once.
    pub bytes: f64,
}

/// What fills the whole picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    All,
    Part(usize),
    Member(usize, usize),
    Outside(usize),
}

/// The innermost of the boxes zoomed into that is there.
fn focus(landscape: &Landscape, zoom: &[Zoom]) -> Focus {
    let mut focus = Focus::All;
    for step in zoom {
        let inner = match (step, focus) {
            (Zoom::Component(id), _) => landscape.parts.iter().position(|part| part.component == *id).map(Focus::Part),
            (Zoom::Entity(id), Focus::Part(part)) => {
                let members = &landscape.parts[part].members;
                members.iter().position(|member| member.entity == Some(*id)).map(|member| Focus::Member(part, member))
            }
            (Zoom::Outside(step), _) => {
                landscape.outside.iter().position(|outside| outside.step == *step).map(Focus::Outside)
            }
            _ => None,
        };
        match inner {
            Some(inner) => focus = inner,
            None => break,
        }
    }
    focus
}

impl Tiles {
    /// Lays `landscape` out in `bounds`.
    pub fn new(landscape: Arc<Landscape>, bounds: Rect, look: Look) -> Self {
        let mut layout = Layout { landscape: &landscape, look: &look, query: look.query(), tiles: Vec::new() };
        match focus(&landscape, &look.zoom) {
            Focus::All => layout.all(bounds),
            Focus::Part(part) => layout.members(part, bounds),
            Focus::Member(part, member) => layout.slices(part, member, bounds),
            Focus::Outside(outside) => layout.outside_members(outside, bounds),
        }
        let tiles = layout.tiles;
        let mesh = Arc::new(mesh(&tiles, Theme::of(look.dark)));
        let labelled = labelled(&tiles);
        let reachable = labelled.len().min(MAX_REACHABLE);
        let (mut entities, mut components) = (HashMap::new(), HashMap::new());
        for (index, tile) in tiles.iter().enumerate() {
            match tile.what {
                What::Part(part) => {
                    components.insert(landscape.parts[part].component.clone(), index);
                }
                What::Member(part, member) => {
                    let member = &landscape.parts[part].members[member];
                    if let Some(entity) = member.entity {
                        entities.insert(entity, index);
                    }
                    if let Some(component) = &member.component {
                        components.insert(component.clone(), index);
                    }
                }
                _ => {}
            }
        }
        let found = found(&landscape, &look);
        Self { landscape, bounds, look, tiles, entities, components, mesh, labelled, reachable, found }
    }

    /// Whether this is the treemap of just this landscape, place and look.
    pub fn is_of(&self, landscape: &Arc<Landscape>, bounds: Rect, look: &Look) -> bool {
        Arc::ptr_eq(&self.landscape, landscape) && self.bounds == bounds && self.look.is_same(look)
    }

    /// The innermost box at a place.
    pub fn at(&self, place: Pos2) -> Option<&Tile> {
        self.tiles.iter().rev().find(|tile| tile.rect.contains(place))
    }

    /// The box of what is selected.
    pub fn find(&self, selection: &Selection) -> Option<&Tile> {
        let index = match selection {
            Selection::Entity(entity) => self.entities.get(entity),
            Selection::Component(component) => self.components.get(component),
            _ => None,
        };
        self.tiles.get(*index?)
    }

    /// What a click on a box selects.
    pub fn selects(&self, what: What) -> Option<Selection> {
        if let Some(entity) = self.outside_member(what).and_then(|member| member.entity) {
            return Some(Selection::Entity(entity));
        }
        let part = self.part(what)?;
        let selection = match self.member(what) {
            Some(Member { entity: Some(entity), .. }) => Selection::Entity(*entity),
            Some(Member { component: Some(component), .. }) => Selection::Component(component.clone()),
            _ => Selection::Component(part.component.clone()),
        };
        Some(selection)
    }

    /// Where a double click on a box zooms to: one box deeper than now.
    pub fn zooms(&self, what: What) -> Option<Vec<Zoom>> {
        let is_inside_part = !matches!(focus(&self.landscape, &self.look.zoom), Focus::All);
        if let What::Outside(outside) | What::OutsideMember(outside, _) = what {
            let outside = self.landscape.outside.get(outside)?;
            return (!is_inside_part && !outside.members.is_empty()).then(|| vec![Zoom::Outside(outside.step)]);
        }
        let part = self.part(what)?;
        let component = Zoom::Component(part.component.clone());
        if !is_inside_part {
            return (!part.members.is_empty()).then(|| vec![component]);
        }
        let member = self.member(what).filter(|member| member.kinds.len() > 1)?;
        Some(vec![component, Zoom::Entity(member.entity?)])
    }

    /// The component that a box is or lies in.
    pub fn part(&self, what: What) -> Option<&Part> {
        match what {
            What::Part(part) | What::Member(part, _) | What::SmallMembers(part, _) | What::Slice(part, ..) => {
                self.landscape.parts.get(part)
            }
            What::SmallParts(_) | What::Unattributed | What::Outside(_) | What::OutsideMember(..) => None,
        }
    }

    /// The member that a box is or lies in.
    pub fn member(&self, what: What) -> Option<&Member> {
        match what {
            What::Member(part, member) | What::Slice(part, member, _) => {
                self.landscape.parts.get(part)?.members.get(member)
            }
            _ => None,
        }
    }

    /// The kind of memory that a box is.
    pub fn slice(&self, what: What) -> Option<Slice> {
        match what {
            What::Slice(.., slice) => self.member(what)?.kinds.get(slice).copied(),
            _ => None,
        }
    }

    /// The difference to physical memory that a box is or lies in.
    pub fn outside(&self, what: What) -> Option<&Outside> {
        match what {
            What::Outside(outside) | What::OutsideMember(outside, _) => self.landscape.outside.get(outside),
            _ => None,
        }
    }

    /// The part of such a difference that a box is.
    pub fn outside_member(&self, what: What) -> Option<&Member> {
        match what {
            What::OutsideMember(outside, member) => self.landscape.outside.get(outside)?.members.get(member),
            _ => None,
        }
    }

    /// The name on a box.
    pub fn name(&self, what: What) -> String {
        let outside = || match self.outside(what) {
            Some(outside) if self.look.difference => outside.step.title().to_owned(),
            outside => outside.map_or("", Outside::title).to_owned(),
        };
        match what {
            What::Unattributed => String::from("not attributed"),
            What::SmallParts(first) => format!("{} smaller components", self.landscape.parts.len() - first),
            What::SmallMembers(part, first) => match self.landscape.parts[part].members[first..].split_last() {
                Some((rest, [])) => rest.name.clone(),
                Some((rest, small)) if rest.is_rest() => format!("{} and {} too small to draw", rest.name, small.len()),
                _ => String::from("others, each too small to draw"),
            },
            What::Part(part) => self.landscape.parts[part].title.clone(),
            What::Member(part, member) => self.landscape.parts[part].members[member].name.clone(),
            What::Slice(..) => self.slice(what).map_or("", |slice| slice.kind.title()).to_owned(),
            What::Outside(_) => outside(),
            What::OutsideMember(..) => self.outside_member(what).map_or_else(outside, |member| member.name.clone()),
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
            What::Slice(..) => self.slice(what).map_or(0.0, |slice| slice.bytes),
            What::Outside(_) => self.outside(what).map_or(0.0, |outside| outside.bytes),
            What::OutsideMember(..) => self.outside_member(what).map_or(0.0, |member| member.bytes),
        }
    }
}

/// What the search finds in all of the landscape, whatever is drawn.
fn found(landscape: &Landscape, look: &Look) -> Option<Found> {
    let query = look.query();
    if query.is_empty() {
        return None;
    }
    let mut found = Found::default();
    for part in &landscape.parts {
        let is_match = query.matches(&part.title);
        let members = part.members.iter().filter(|member| query.matches(&member.name));
        let (count, bytes) = members.fold((0, 0.0), |(count, bytes), member| (count + 1, bytes + member.bytes));
        found.components += usize::from(is_match);
        found.members += count;
        found.bytes += if is_match { part.bytes() } else { bytes };
    }
    Some(found)
}

/// The size of a box of [`LEAST_AREA`], where `whole` fills `bounds`.
fn least_size(whole: f64, bounds: Rect) -> f64 {
    whole * LEAST_AREA / f64::from(bounds.area()).max(LEAST_AREA)
}

/// A box with others inside: the strip for its name, if there is room, and what is left for them.
fn with_header(rect: Rect, height: f32) -> Option<(Rect, Rect)> {
    let inner = rect.shrink(1.0);
    let header = Rect::from_min_size(inner.min, vec2(inner.width(), height));
    let body = Rect::from_min_max(header.left_bottom(), inner.max);
    (inner.width() >= 44.0 && inner.height() >= height + 14.0).then_some((header, body))
}

/// Without a header a box's own label lies over those inside; theirs would lie over it.
fn no_label(rect: Rect) -> Rect {
    Rect::from_min_size(rect.min, egui::Vec2::ZERO)
}

struct Layout<'a> {
    landscape: &'a Landscape,
    look: &'a Look,
    query: super::look::Query,
    tiles: Vec<Tile>,
}

impl Layout<'_> {
    fn push(&mut self, what: What, rect: Rect, label: Rect, paint: Paint, is_match: bool) {
        let paint = if is_match || self.query.is_empty() { paint } else { paint.dimmed(self.look.dark) };
        self.tiles.push(Tile { what, rect, label, paint });
    }

    /// Components, what belongs to none, and what lies outside, side by side.
    fn all(&mut self, bounds: Rect) {
        let landscape = self.landscape;
        let parts = landscape.parts.iter().map(Part::bytes).enumerate().filter(|(_, bytes)| *bytes > 0.0);
        let mut boxes: Vec<(What, f64)> = parts.map(|(part, bytes)| (What::Part(part), bytes)).collect();
        let outside = landscape.outside.iter().map(|outside| outside.bytes).enumerate();
        let besides = outside.map(|(index, bytes)| (What::Outside(index), bytes));
        for (what, bytes) in besides.chain([(What::Unattributed, landscape.unattributed_bytes)]) {
            if bytes > 0.0 {
                // Parts are sorted already; this finds the place among them.
                let place = boxes.partition_point(|(_, other)| *other >= bytes);
                boxes.insert(place, (what, bytes));
            }
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
        for ((what, _), rect) in boxes.iter().zip(squarify(&sizes, bounds)) {
            match *what {
                What::Part(part) => self.part(part, rect),
                What::Outside(outside) => self.outside(outside, rect),
                What::Unattributed => {
                    let is_match = self.query.matches("not attributed");
                    self.push(What::Unattributed, rect, rect, self.look.unattributed(), is_match);
                }
                what => self.push(what, rect, rect, self.look.neutral(), false),
            }
        }
    }

    fn part(&mut self, index: usize, rect: Rect) {
        let part = &self.landscape.parts[index];
        let header = with_header(rect, HEADER_HEIGHT).filter(|_| !part.members.is_empty());
        let label = header.map_or(rect.shrink(1.0), |(header, _)| header);
        let paint = self.look.part(part, header.is_some());
        let is_match = self.query.matches(&part.title);
        self.push(What::Part(index), rect, label, paint, is_match);
        self.members_in(index, header.map_or(rect.shrink(1.0), |(_, body)| body), header.is_some(), is_match);
    }

    /// The members of a component that fills the picture.
    fn members(&mut self, part: usize, bounds: Rect) {
        let is_match = self.query.matches(&self.landscape.parts[part].title);
        self.members_in(part, bounds, true, is_match);
    }

    fn members_in(&mut self, index: usize, body: Rect, has_labels: bool, part_matches: bool) {
        let part = &self.landscape.parts[index];
        let sizes: Vec<f64> = part.members.iter().map(|member| member.bytes.max(0.0)).collect();
        // A rest that is last may be large; the small ones end where the sizes begin to be sorted no more.
        let least = least_size(sizes.iter().sum(), body);
        let drawn = sizes.iter().position(|size| *size < least || *size == 0.0).unwrap_or(sizes.len());
        let mut shown = sizes[..drawn].to_vec();
        let small: f64 = sizes[drawn..].iter().sum();
        if small > 0.0 {
            shown.push(small);
        }
        for (place, rect) in squarify(&shown, body).into_iter().enumerate() {
            let label = if has_labels { rect } else { no_label(rect) };
            if place >= drawn {
                let paint = self.look.rest(part);
                self.push(What::SmallMembers(index, drawn), rect, label, paint, part_matches);
                continue;
            }
            let member = &part.members[place];
            let is_match = part_matches || self.query.matches(&member.name);
            let is_divided = has_labels
                && member.kinds.len() > 1
                && rect.width() >= LEAST_DIVIDED.x
                && rect.height() >= LEAST_DIVIDED.y;
            let header = with_header(rect, 14.0).filter(|_| is_divided);
            let label = header.map_or(label, |(header, _)| header);
            // Neighbours differ a little, so that they can be told apart.
            let paint = self.look.member(part, member, place % 2 == 0);
            self.push(What::Member(index, place), rect, label, paint, is_match);
            if let Some((_, body)) = header {
                self.slices_in(index, place, body, is_match);
            }
        }
    }

    /// The kinds of a member that fills the picture; itself, if they are not known.
    fn slices(&mut self, part: usize, member: usize, bounds: Rect) {
        let found = &self.landscape.parts[part].members[member];
        let is_match = self.query.matches(&found.name);
        if found.kinds.is_empty() {
            let paint = self.look.member(&self.landscape.parts[part], found, true);
            return self.push(What::Member(part, member), bounds, bounds, paint, is_match);
        }
        self.slices_in(part, member, bounds, is_match);
    }

    fn slices_in(&mut self, part: usize, member: usize, body: Rect, member_matches: bool) {
        let found = &self.landscape.parts[part];
        let kinds = &found.members[member].kinds;
        let sizes: Vec<f64> = kinds.iter().map(|slice| slice.bytes).collect();
        for ((index, slice), rect) in kinds.iter().enumerate().zip(squarify(&sizes, body)) {
            let paint = self.look.slice(found, &found.members[member], slice.kind);
            let is_match = member_matches || self.query.matches(slice.kind.title());
            self.push(What::Slice(part, member, index), rect, rect, paint, is_match);
        }
    }

    fn outside(&mut self, index: usize, rect: Rect) {
        let outside = &self.landscape.outside[index];
        let is_match = self.query.matches(outside.title());
        let header = with_header(rect, HEADER_HEIGHT).filter(|_| !outside.members.is_empty());
        let label = header.map_or(rect.shrink(1.0), |(header, _)| header);
        self.push(What::Outside(index), rect, label, self.look.outside(outside, false), is_match);
        if let Some((_, body)) = header {
            self.outside_members(index, body);
        }
    }

    fn outside_members(&mut self, index: usize, body: Rect) {
        let outside = &self.landscape.outside[index];
        if outside.members.is_empty() {
            return self.push(What::Outside(index), body, body, self.look.outside(outside, false), true);
        }
        let sizes: Vec<f64> = outside.members.iter().map(|member| member.bytes).collect();
        for (place, rect) in squarify(&sizes, body).into_iter().enumerate() {
            let is_match = self.query.matches(&outside.members[place].name) || self.query.matches(outside.title());
            let paint = self.look.outside(outside, place % 2 == 0);
            self.push(What::OutsideMember(index, place), rect, rect, paint, is_match);
        }
    }
}

/// All boxes as one mesh; neighbours are kept apart by a thin seam, thinner for small ones.
fn mesh(tiles: &[Tile], theme: &Theme) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(tiles.len() * 4);
    mesh.reserve_triangles(tiles.len() * 2);
    for tile in tiles {
        let seam = (tile.rect.size().min_elem() * 0.12).clamp(0.0, 0.5);
        mesh.add_colored_rect(tile.rect.shrink(seam), tile.paint.fill);
        // Of a box with others inside the rest of it is covered by them.
        if tile.paint.hatched && tile.rect.area() >= 64.0 {
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
mod tests;
