//! Findings as `inspect` and `check` tell them.

use serde::Serialize;

use super::gather::When;
use super::parts::Figure;
use crate::analysis::findings::{About, Finding, Findings};
use crate::model::entity::Entity;

/// One finding.
#[derive(Debug, Serialize)]
pub struct FindingPart {
    pub id: String,
    pub rule_class: &'static str,
    #[serde(skip)]
    pub title: &'static str,
    /// `critical`, `warning` or `info`.
    pub severity: &'static str,
    /// `measured`, `derived`, `suspected` or `inferred`.
    pub grade: &'static str,
    /// Ids of components and keys of entities.
    pub about: Vec<String>,
    pub from_s: f64,
    pub to_s: f64,
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
        from_s: when.seconds(finding.range.from),
        to_s: when.seconds(finding.range.to),
        stated: finding.stated.clone().map(Figure::from),
        derived: finding.derived.clone().map(Figure::from),
        message: finding.message.clone(),
        evidence: evidence
            .map(|it| EvidencePart { label: it.label.clone(), figure: Figure::from(it.quantity.clone()) })
            .collect(),
        next: finding.next.clone(),
    }
}
