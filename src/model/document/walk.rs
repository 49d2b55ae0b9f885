//! Every statement that a document carries, with the type that carries it.

use super::{Component, Document, Message};
use crate::model::id::ItemId;

/// The type in which a document carries a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CarriedAs {
    /// Container of the map.
    Group,
    /// Box of the map.
    Component,
    /// Arrow of the map.
    Edge,
    /// How a class is drawn.
    StatusClass,
    /// Who is in a class.
    ClassAssignment,
    /// A figure.
    Fact,
    /// A line over others.
    Heading,
    /// A function's share.
    HotFunction,
    /// Something that recurs.
    Pattern,
    /// A place in code.
    Code,
    /// A threshold.
    Rule,
    /// A goal.
    Target,
    /// A possible improvement.
    Opportunity,
    /// A claimed effect.
    Claim,
    /// A lane's risk.
    Horizon,
    /// A question.
    Decision,
    /// A pipeline run.
    Run,
    /// Who takes part in one.
    Participant,
    /// A phase of one.
    Phase,
    /// A step of one.
    Message,
    /// A criterion of one.
    Gate,
    /// Something found.
    Finding,
    /// A way to go on.
    Option,
    /// Something learned.
    Insight,
    /// A statement without a figure.
    Note,
}

impl Document {
    /// Calls `visit` for every statement that the document carries; one statement may be carried by several values.
    pub fn for_each_item(&self, mut visit: impl FnMut(&ItemId, CarriedAs)) {
        let visit = &mut visit;
        for group in &self.groups {
            visit(&ItemId(group.id.0.clone()), CarriedAs::Group);
        }
        for component in &self.components {
            component.for_each_item(visit);
        }
        for edge in &self.edges {
            visit(&edge.item, CarriedAs::Edge);
        }
        for style in &self.status_classes {
            visit(&style.item, CarriedAs::StatusClass);
        }
        for assignment in &self.class_assignments {
            visit(&assignment.item, CarriedAs::ClassAssignment);
        }
        for rule in &self.rules {
            visit(&rule.item, CarriedAs::Rule);
        }
        for target in &self.targets {
            visit(&target.item, CarriedAs::Target);
        }
        for horizon in &self.horizons {
            if let Some(item) = &horizon.risk_item {
                visit(item, CarriedAs::Horizon);
            }
            for claim in &horizon.combined {
                visit(&claim.item, CarriedAs::Claim);
            }
        }
        for opportunity in &self.opportunities {
            if let Some(item) = &opportunity.item {
                visit(item, CarriedAs::Opportunity);
            }
            for claim in &opportunity.claims {
                visit(&claim.item, CarriedAs::Claim);
            }
        }
        for item in self.decisions.iter().filter_map(|decision| decision.item.as_ref()) {
            visit(item, CarriedAs::Decision);
        }
        for run in &self.pipeline {
            if let Some(item) = &run.item {
                visit(item, CarriedAs::Run);
            }
            for participant in &run.participants {
                visit(&participant.item, CarriedAs::Participant);
            }
            for phase in &run.phases {
                visit(&phase.item, CarriedAs::Phase);
                for message in &phase.messages {
                    message.for_each_item(visit);
                }
            }
        }
        for insight in &self.insights {
            visit(&insight.item, CarriedAs::Insight);
            for claim in &insight.claims {
                visit(&claim.item, CarriedAs::Claim);
            }
        }
    }
}

impl Component {
    fn for_each_item(&self, visit: &mut impl FnMut(&ItemId, CarriedAs)) {
        visit(&ItemId(self.id.0.clone()), CarriedAs::Component);
        if let Some(code) = &self.code {
            visit(&code.item, CarriedAs::Code);
        }
        for heading in &self.headings {
            visit(&heading.item, CarriedAs::Heading);
        }
        for fact in &self.facts {
            visit(&fact.item, CarriedAs::Fact);
        }
        for claim in &self.claims {
            visit(&claim.item, CarriedAs::Claim);
        }
        for function in &self.hot_functions {
            visit(&function.item, CarriedAs::HotFunction);
        }
        for pattern in &self.patterns {
            visit(&pattern.item, CarriedAs::Pattern);
        }
        for note in &self.notes {
            visit(&note.item, CarriedAs::Note);
        }
    }
}

impl Message {
    fn for_each_item(&self, visit: &mut impl FnMut(&ItemId, CarriedAs)) {
        visit(&self.item, CarriedAs::Message);
        if let Some(code) = &self.code {
            visit(&code.item, CarriedAs::Code);
        }
        for heading in &self.headings {
            visit(&heading.item, CarriedAs::Heading);
        }
        for fact in &self.facts {
            visit(&fact.item, CarriedAs::Fact);
        }
        for claim in &self.claims {
            visit(&claim.item, CarriedAs::Claim);
        }
        for function in &self.hot_functions {
            visit(&function.item, CarriedAs::HotFunction);
        }
        for finding in &self.findings {
            visit(&finding.item, CarriedAs::Finding);
        }
        for option in &self.options {
            visit(&option.item, CarriedAs::Option);
            for claim in &option.impact {
                visit(&claim.item, CarriedAs::Claim);
            }
            let items = [
                option.risk.as_ref().map(|(item, _)| item),
                option.weeks.as_ref().map(|(item, _)| item),
                option.effort_h.as_ref().map(|(item, _)| item),
                option.chosen.as_ref().map(|(item, _)| item),
            ];
            for item in items.into_iter().flatten() {
                visit(item, CarriedAs::Option);
            }
        }
        for gate in &self.gates {
            visit(&gate.item, CarriedAs::Gate);
        }
        for item in self.decisions.iter().filter_map(|decision| decision.item.as_ref()) {
            visit(item, CarriedAs::Decision);
        }
        for note in &self.notes {
            visit(&note.item, CarriedAs::Note);
        }
    }
}
