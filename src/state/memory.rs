//! What the memory view shows: which box it is zoomed into, how boxes are coloured, what is searched, what is compared.

use crate::analysis::landscape::Step;
use crate::model::entity::EntityId;
use crate::model::id::ComponentId;
use crate::model::time::Timestamp;

/// A box of the landscape that can be zoomed into.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Zoom {
    /// A component.
    Component(ComponentId),
    /// One of its members.
    Entity(EntityId),
    /// A difference between the total and physical memory.
    Outside(Step),
}

/// What the colours of boxes tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colouring {
    /// Which component it is.
    #[default]
    Component,
    /// The status of the component, by rules.
    Status,
    /// How it has changed since the moment that is compared to.
    Growth,
    /// The share that is held and not in use.
    Waste,
    /// How long it has been there.
    Age,
}

impl Colouring {
    /// Every one.
    pub const ALL: [Colouring; 5] =
        [Colouring::Component, Colouring::Status, Colouring::Growth, Colouring::Waste, Colouring::Age];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Colouring::Component => "Component",
            Colouring::Status => "Status",
            Colouring::Growth => "Growth",
            Colouring::Waste => "Waste",
            Colouring::Age => "Age",
        }
    }
}

/// What lies below the landscape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryDetail {
    /// Memory over time, stacked.
    #[default]
    Areas,
    /// Collections over time.
    Collections,
}

impl MemoryDetail {
    /// Every one.
    pub const ALL: [MemoryDetail; 2] = [MemoryDetail::Areas, MemoryDetail::Collections];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            MemoryDetail::Areas => "Over time",
            MemoryDetail::Collections => "Collections",
        }
    }
}

/// What the memory view shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemoryView {
    /// The boxes that it is zoomed into, outermost first; empty: all.
    pub zoom: Vec<Zoom>,
    /// What is searched for; boxes that do not match are dimmed.
    pub search: String,
    /// What colours tell.
    pub colouring: Colouring,
    /// Whether the difference is shown instead of the landscape.
    pub difference: bool,
    /// The moment that is compared to; `None`: the beginning of the visible range.
    pub base: Option<Timestamp>,
    /// What lies below.
    pub detail: MemoryDetail,
}

/// A change of the memory view.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryCommand {
    /// Zooms into the innermost of these boxes, outermost first; none: shows all.
    Zoom(Vec<Zoom>),
    /// Zooms out by one box.
    ZoomOut,
    /// Searches.
    Search(String),
    /// Changes what colours tell.
    Colour(Colouring),
    /// Shows the difference, or the landscape.
    Difference(bool),
    /// Compares to this moment; `None`: the beginning of the visible range.
    Base(Option<Timestamp>),
    /// Changes what lies below.
    Show(MemoryDetail),
}

impl MemoryView {
    /// Carries a change out.
    pub fn apply(&mut self, command: MemoryCommand) {
        match command {
            MemoryCommand::Zoom(boxes) => self.zoom = boxes,
            MemoryCommand::ZoomOut => {
                self.zoom.pop();
            }
            MemoryCommand::Search(text) => self.search = text,
            MemoryCommand::Colour(colouring) => self.colouring = colouring,
            MemoryCommand::Difference(shown) => self.difference = shown,
            MemoryCommand::Base(base) => self.base = base,
            MemoryCommand::Show(detail) => self.detail = detail,
        }
    }

    /// The component that it is zoomed into.
    pub fn component(&self) -> Option<&ComponentId> {
        self.zoom.iter().find_map(|zoom| match zoom {
            Zoom::Component(id) => Some(id),
            Zoom::Entity(_) | Zoom::Outside(_) => None,
        })
    }

    /// Whether it needs to know what changed.
    pub fn needs_change(&self) -> bool {
        self.difference || self.colouring == Colouring::Growth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_out_goes_back_box_by_box() {
        let mut view = MemoryView::default();
        view.apply(MemoryCommand::Zoom(vec![Zoom::Component("a".into()), Zoom::Entity(EntityId(1))]));
        view.apply(MemoryCommand::ZoomOut);
        assert_eq!(view.zoom, [Zoom::Component("a".into())]);
        view.apply(MemoryCommand::ZoomOut);
        view.apply(MemoryCommand::ZoomOut);
        assert!(view.zoom.is_empty());
    }
}
