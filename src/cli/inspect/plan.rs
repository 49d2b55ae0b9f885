//! The plan's parts of `inspect`: opportunities, decisions, pipeline runs.

use super::parts::{ClaimPart, DecisionPart, Figure, GatePart, OpportunityPart, RunPart};
use crate::model::document::{Claim, Decision, Document, Gate, GateState, Message, Phase, PipelineRun};
use crate::model::quantity::Quantity;

/// What could be improved.
pub fn opportunities(document: &Document) -> Vec<OpportunityPart> {
    let opportunities = document.opportunities.iter();
    opportunities
        .map(|opportunity| {
            let by_horizon = || document.horizon(&opportunity.horizon)?.risk;
            OpportunityPart {
                id: opportunity.id.to_string(),
                title: opportunity.title.clone(),
                component: opportunity.component.as_ref().map(ToString::to_string),
                horizon: opportunity.horizon.to_string(),
                effort_h: opportunity.effort_h,
                risk: opportunity.risk.or_else(by_horizon).map(|risk| risk.word()),
                state: opportunity.state.words(),
                claimed: opportunity.claims.iter().map(|claim| claimed(document, claim)).collect(),
                predicted: None,
                roi: None,
            }
        })
        .collect()
}

fn claimed(document: &Document, claim: &Claim) -> ClaimPart {
    let quantity = Quantity { value: claim.value, unit: claim.unit, provenance: document.stated(&claim.item) };
    ClaimPart {
        label: claim.label.clone(),
        metric: claim.metric.map(|metric| metric.id()),
        is_level: claim.is_level,
        figure: Figure { statistic: claim.statistic, ..Figure::from(quantity) },
    }
}

/// What is to be decided, then what was decided in pipeline runs.
pub fn decisions(document: &Document) -> Vec<DecisionPart> {
    let in_runs = document.pipeline.iter().flat_map(messages).flat_map(|message| &message.decisions);
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let part = |decision: &Decision| DecisionPart {
        id: decision.id.to_string(),
        question: decision.question.clone(),
        about: decision.about.as_ref().map(ToString::to_string),
        state: decision.state.word(),
        by: some(&decision.by),
        at: some(&decision.at),
        why: some(&decision.why),
    };
    document.decisions.iter().chain(in_runs).map(part).collect()
}

/// The optimizations on their way.
pub fn pipeline(document: &Document) -> Vec<RunPart> {
    let run = |run: &PipelineRun| {
        let waits = |phase: &&Phase| gates(phase).any(|gate| gate.state != GateState::Passed);
        RunPart {
            run: run.id.to_string(),
            title: run.title.clone(),
            phase: run.phases.iter().find(waits).or(run.phases.last()).map(|phase| phase.title.clone()),
            gates: run.phases.iter().flat_map(gates).map(gate).collect(),
        }
    };
    document.pipeline.iter().map(run).collect()
}

fn messages(run: &PipelineRun) -> impl Iterator<Item = &Message> {
    run.phases.iter().flat_map(|phase| &phase.messages)
}

fn gates(phase: &Phase) -> impl Iterator<Item = &Gate> {
    phase.messages.iter().flat_map(|message| &message.gates)
}

fn gate(gate: &Gate) -> GatePart {
    let state = match gate.state {
        GateState::Open => "open",
        GateState::Passed => "passed",
        GateState::Failed => "failed",
    };
    let evidence = (!gate.evidence.is_empty()).then(|| gate.evidence.clone());
    GatePart { name: gate.title.clone(), state, evidence }
}
