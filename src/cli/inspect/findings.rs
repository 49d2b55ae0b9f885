//! Findings as `inspect` and `check` tell them.

use serde::Serialize;

use super::gather::When;
use super::parts::Figure;
use crate::analysis::consistency::{Consistency, Disagreement, Severity};
use crate::analysis::findings::{About, Evidence, Finding, Findings};
use crate::model::entity::Entity;

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingPart {
    pub id: String,
    pub rule_class: &'static str,
    #[serde(skip)]
    pub title: &'static str,
    /// `critical`, `warning` or `info` of what was measured; `contradiction`, `ambiguous`, `bound` or `rounding` of what is stated.
    pub severity: &'static str,
    /// `measured`, `derived`, `suspected` or `inferred`.
    pub grade: &'static str,
    /// Ids of components and keys of entities, or statements of the document.
    pub about: Vec<String>,
    /// `None` of what is stated, which has no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_s: Option<f64>,
    pub stated: Option<Figure>,
    pub derived: Option<Figure>,
    pub message: String,
    pub evidence: Vec<EvidencePart>,
    pub next: String,
}

#[derive(Debug, Serialize)]
pub struct EvidencePart {
    pub label: String,
    #[serde(flatten)]
    pub figure: Figure,
}

/// All of them, the worst first.
pub fn parts(found: &Findings, entities: &[Entity], when: &When) -> Vec<FindingPart> {
    found.list.iter().map(|finding| part(finding, entities, when)).collect()
}

fn part(finding: &Finding, entities: &[Entity], when: &When) -> FindingPart {
    let name = |about: &About| match about {
        About::Component(id) => id.to_string(),
        About::Entity(id) => {
            let known = entities.iter().find(|entity| entity.id == *id);
            known.map_or_else(|| format!("entity {}", id.0), |entity| entity.key.clone())
        }
    };
    let evidence = finding.evidence.iter();
    FindingPart {
        id: finding.id.clone(),
        rule_class: finding.rule_class.word(),
        title: finding.rule_class.title(),
        severity: finding.severity.word(),
        grade: finding.grade.word(),
        about: finding.about.iter().map(name).collect(),
        from_s: Some(when.seconds(finding.range.from)),
        to_s: Some(when.seconds(finding.range.to)),
        stated: finding.stated.clone().map(Figure::from),
        derived: finding.derived.clone().map(Figure::from),
        message: finding.message.clone(),
        evidence: evidence.map(evidence_part).collect(),
        next: finding.next.clone(),
    }
}

fn evidence_part(evidence: &Evidence) -> EvidencePart {
    EvidencePart { label: evidence.label.clone(), figure: Figure::from(evidence.quantity.clone()) }
}

/// Stated figures that disagree, as findings like others.
pub fn stated_parts(found: &[Disagreement]) -> Vec<FindingPart> {
    let part = |found: &Disagreement| FindingPart {
        id: found.id.clone(),
        rule_class: found.class.word(),
        title: found.class.title(),
        severity: found.severity.word(),
        grade: "derived",
        about: found.about.iter().map(ToString::to_string).collect(),
        from_s: None,
        to_s: None,
        stated: found.stated.clone().map(Figure::from),
        derived: found.derived.clone().map(Figure::from),
        message: found.message.clone(),
        evidence: found.evidence.iter().map(evidence_part).collect(),
        next: found.severity.next().to_owned(),
    };
    found.iter().map(part).collect()
}

/// How the stated figures fare that the document's relations hold against each other.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConsistencyPart {
    pub contradictions: usize,
    pub ambiguous: usize,
    pub bounds: usize,
    /// Those that hold, exactly or within rounding.
    pub hold: usize,
    /// Relations that could not be checked, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_checked: Vec<String>,
}

impl ConsistencyPart {
    /// `None` if there was nothing to check.
    pub fn of(known: &Consistency) -> Option<Self> {
        let part = Self {
            contradictions: known.count(Severity::Contradiction),
            ambiguous: known.count(Severity::Ambiguous),
            bounds: known.count(Severity::Bound),
            hold: known.agreements.len(),
            not_checked: known.not_checked.clone(),
        };
        let is_empty = known.disagreements.is_empty() && known.agreements.is_empty() && known.not_checked.is_empty();
        (!is_empty).then_some(part)
    }
}
