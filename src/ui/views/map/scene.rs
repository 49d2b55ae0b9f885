//! What the map shows of each component, looked up once a frame.

use std::collections::{HashMap, HashSet};

use crate::analysis::consistency::{Disagreement, Severity};
use crate::analysis::landscape::Part;
use crate::analysis::map_layout::MapLayout;
use crate::model::document::{Component, StatusClass};
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::state::{Selection, State};
use crate::ui::widgets::doubt::doubts_of;

/// Look-ups by component for one frame.
pub struct Scene<'a> {
    pub state: &'a State,
    pub layout: &'a MapLayout,
    components: HashMap<&'a ComponentId, &'a Component>,
    stated: HashMap<&'a ComponentId, StatusClass>,
    memory: HashMap<&'a ComponentId, &'a Part>,
    cpu: HashMap<&'a ComponentId, f64>,
    /// The component that is selected, directly or through what is about it.
    pub selected: Option<ComponentId>,
    /// The arrow that is selected.
    pub selected_edge: Option<usize>,
}

impl<'a> Scene<'a> {
    /// Looks everything up.
    pub fn of(state: &'a State, layout: &'a MapLayout) -> Self {
        let document = &state.document;
        let classes = document.class_assignments.iter().rev();
        let heat_map = state.answers.heat_map.as_deref();
        Self {
            state,
            layout,
            components: state.components().map(|component| (&component.id, component)).collect(),
            stated: classes.flat_map(|found| found.components.iter().map(|id| (id, found.class))).collect(),
            memory: state.answers.landscape.iter().flat_map(|found| &found.parts).map(|p| (&p.component, p)).collect(),
            cpu: heat_map.iter().flat_map(|map| &map.rows).map(|row| (&row.component, row.now)).collect(),
            selected: state.selected_component(),
            selected_edge: match state.selection {
                Some(Selection::Edge(edge)) => Some(edge),
                _ => None,
            },
        }
    }

    /// A component's name.
    pub fn title(&self, id: &'a ComponentId) -> &'a str {
        self.components.get(id).map_or(id.as_str(), |component| component.title.as_str())
    }

    /// What is known of it.
    pub fn component(&self, id: &ComponentId) -> Option<&'a Component> {
        self.components.get(id).copied()
    }

    /// How it stands: by rules, else as stated.
    pub fn class(&self, id: &ComponentId) -> Option<StatusClass> {
        self.state.statuses.get(id).map(|status| status.class).or_else(|| self.stated.get(id).copied())
    }

    /// Why it stands so.
    pub fn why(&self, id: &ComponentId) -> Option<&'a str> {
        self.state.statuses.get(id).map(|status| status.why.as_str())
    }

    /// At most `count` figures: what is measured now, then what the document states, wholes before their parts.
    pub fn figures(&self, id: &ComponentId, count: usize) -> Vec<(&'a str, Quantity)> {
        let mut figures = Vec::new();
        if let Some(part) = self.memory.get(id)
            && self.state.measured_span().is_some()
        {
            figures.push(("Memory", part.bytes.clone()));
        }
        if let (Some(&cores), Some(map)) = (self.cpu.get(id), self.state.answers.heat_map.as_deref())
            && cores.is_finite()
        {
            let source = self.state.session.as_ref().map_or("", |session| session.source.as_str());
            figures.push(("CPU", Quantity::measured(cores, map.metric.unit(), source, Some(map.range))));
        }
        let facts = self.component(id).map_or(&[][..], |component| &component.facts);
        let wholes = facts.iter().filter(|fact| fact.part_of.is_none());
        let parts = facts.iter().filter(|fact| fact.part_of.is_some());
        let stated = wholes.chain(parts).map(|fact| (fact.label.as_str(), self.state.document.quantity(fact)));
        figures.extend(stated.take(count));
        figures.truncate(count);
        figures
    }

    /// The worst that disagrees with a stated figure.
    pub fn doubt(&self, quantity: &Quantity) -> Option<Severity> {
        doubts_of(self.state, quantity).map(|found| found.severity).min()
    }

    /// What disagrees with the figures of a component.
    pub fn doubts(&self, id: &ComponentId) -> impl Iterator<Item = &'a Disagreement> {
        let found = self.state.answers.consistency.iter().flat_map(|consistency| &consistency.disagreements);
        found.filter(move |one| one.is_about_component(id))
    }

    /// The component and all that arrows join it to.
    pub fn neighbourhood(&self, id: &ComponentId) -> HashSet<&'a ComponentId> {
        let touching = self.state.document.edges.iter().filter(|edge| &edge.from == id || &edge.to == id);
        touching.flat_map(|edge| [&edge.from, &edge.to]).collect()
    }
}
