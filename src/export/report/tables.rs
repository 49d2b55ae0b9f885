//! The tables of a report. Each is `None` where there is nothing to list.

use super::{Column, Table, class_text};
use crate::model::document::{Claim, DecisionKind, GateState, PipelineRun, ShareOf, Statistic};
use crate::model::format::{duration_text, number_text, quantity_text, share_text, value_text};
use crate::model::id::ComponentId;
use crate::model::quantity::Provenance;
use crate::state::State;

pub(super) const NOTHING: &str = "–";

/// A table with these columns (figures begin with `#`), unless it has no rows.
pub(super) fn table(caption: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Option<Table> {
    let column =
        |title: &&str| Column { title: title.trim_start_matches('#').to_owned(), is_figure: title.starts_with('#') };
    let columns = columns.iter().map(column).collect();
    (!rows.is_empty()).then(|| Table { caption: caption.to_owned(), columns, rows })
}

pub(super) fn or_nothing(text: impl Into<String>) -> String {
    let text = text.into();
    if text.is_empty() { NOTHING.to_owned() } else { text }
}

/// Word and origin of a provenance.
pub(super) fn origin(provenance: &Provenance) -> [String; 2] {
    [provenance.word().to_owned(), provenance.origin()]
}

pub(super) fn vitals(state: &State) -> Option<Table> {
    let row = |vital: &crate::analysis::vitals::Vital| {
        let [word, from] = match (&vital.quantity, &vital.needs) {
            (Some(quantity), _) => origin(&quantity.provenance),
            (None, Some(needs)) => [String::from("unknown"), format!("needs {needs}")],
            (None, None) => [String::from("unknown"), NOTHING.to_owned()],
        };
        let value = vital.quantity.as_ref().map_or_else(|| NOTHING.to_owned(), quantity_text);
        vec![vital.label.clone(), value, word, from, vital.definition.clone()]
    };
    let rows = state.answers.vitals.iter().map(row).collect();
    table("The whole system", &["Figure", "#Value", "Provenance", "From", "Definition"], rows)
}

pub(super) fn findings(state: &State) -> Option<Table> {
    let found = state.answers.findings.as_ref()?;
    let row = |finding: &crate::analysis::findings::Finding| {
        vec![
            finding.severity.word().to_owned(),
            finding.rule_class.title().to_owned(),
            finding.grade.word().to_owned(),
            finding.message.clone(),
            or_nothing(finding.evidence_text()),
            finding.next.clone(),
        ]
    };
    let rows = found.list.iter().map(row).collect();
    table("What was found", &["Severity", "Finding", "Grade", "What", "Evidence", "Next"], rows)
}

pub(super) fn disagreements(state: &State) -> Option<Table> {
    let known = state.answers.consistency.as_ref()?;
    let row = |found: &crate::analysis::consistency::Disagreement| {
        let items: Vec<&str> = found.about.iter().map(|item| item.as_str()).collect();
        vec![
            found.severity.word().to_owned(),
            found.class.title().to_owned(),
            found.message.clone(),
            found.stated.as_ref().map_or_else(|| NOTHING.to_owned(), quantity_text),
            found.derived.as_ref().map_or_else(|| NOTHING.to_owned(), quantity_text),
            or_nothing(found.evidence_text()),
            items.join(", "),
        ]
    };
    let rows = known.disagreements.iter().map(row).collect();
    let columns = ["Severity", "Rule", "What", "#Stated", "#Derived", "Figures", "Items"];
    table("Figures that disagree", &columns, rows)
}

pub(super) fn components(state: &State) -> Option<Table> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for component in state.components() {
        let status = state.statuses.get(&component.id);
        let class = status.map(|status| status.class).or_else(|| state.document.stated_class(&component.id));
        let group = component.group.as_ref().and_then(|group| state.document.group(group));
        rows.push(vec![
            component.title.clone(),
            component.kind.word().to_owned(),
            or_nothing(group.map(|group| group.title.clone()).unwrap_or_default()),
            class_text(class),
            or_nothing(status.map(|status| status.why.clone()).unwrap_or_default()),
        ]);
    }
    table("Components and their status", &["Component", "Kind", "Group", "Status", "Why"], rows)
}

pub(super) fn edges(state: &State) -> Option<Table> {
    let row = |edge: &crate::model::document::Edge| {
        vec![
            state.component_title(&edge.from).to_owned(),
            state.component_title(&edge.to).to_owned(),
            or_nothing(edge.label.clone()),
            edge.item.to_string(),
        ]
    };
    let rows = state.document.edges.iter().map(row).collect();
    table("Flows between components", &["From", "To", "What", "Item"], rows)
}

pub(super) fn stated(state: &State) -> Option<Table> {
    let mut rows = Vec::new();
    for component in &state.document.components {
        for fact in &component.facts {
            let mut what = Vec::new();
            what.extend(statistic_words(fact.statistic).map(str::to_owned));
            what.extend(fact.each.as_ref().map(|each| format!("each {each}")));
            what.extend(fact.period.clone());
            what.extend(fact.note.clone());
            rows.push(vec![
                component.title.clone(),
                fact.label.clone(),
                value_text(fact.value, fact.unit),
                or_nothing(what.join("; ")),
                state.document.stated(&fact.item).word().to_owned(),
                fact.item.to_string(),
            ]);
        }
    }
    table("Stated figures", &["Component", "Figure", "#Value", "Which", "Provenance", "Item"], rows)
}

fn statistic_words(statistic: Statistic) -> Option<&'static str> {
    match statistic {
        Statistic::Unspecified => None,
        Statistic::Current => Some("current"),
        Statistic::Mean => Some("average"),
        Statistic::Peak => Some("peak"),
        Statistic::Baseline => Some("baseline"),
        Statistic::P99 => Some("99th percentile"),
        Statistic::Total => Some("total"),
    }
}

pub(super) fn hottest(state: &State) -> Option<Table> {
    let map = state.answers.heat_map.as_ref()?;
    let text = |value: f64| number_text(value, map.metric.unit());
    let row = |(index, row): (usize, &crate::analysis::heat_map::HeatRow)| {
        vec![(index + 1).to_string(), row.title.clone(), text(row.mean), text(row.peak), text(row.now)]
    };
    let rows = map.rows.iter().enumerate().map(row).collect();
    let title = map.metric.metric().title;
    let caption = format!("Hottest components by {title}, {}", super::picture::range_text(map.range));
    table(&caption, &["#Rank", "Component", "#Mean", "#Peak", "#Last"], rows)
}

pub(super) fn hot_functions(state: &State) -> Option<Table> {
    let mut rows = Vec::new();
    for component in &state.document.components {
        for function in &component.hot_functions {
            let of = match function.share_of {
                ShareOf::Machine => "of the machine",
                ShareOf::Component => "of the component",
                ShareOf::Unstated => "not said of what",
            };
            rows.push(vec![
                component.title.clone(),
                function.function.clone(),
                share_text(function.share),
                of.to_owned(),
                or_nothing(function.note.clone().unwrap_or_default()),
                function.item.to_string(),
            ]);
        }
    }
    table("Hot functions, as stated", &["Component", "Function", "#Share", "Share of", "Note", "Item"], rows)
}

/// Claimed effects in one text: `memory −175 MB; pause 180 → 50 ms`.
fn claims_text(claims: &[Claim]) -> String {
    let texts: Vec<String> =
        claims.iter().map(|claim| format!("{} {}", claim.label, value_text(claim.value, claim.unit))).collect();
    or_nothing(texts.join("; "))
}

pub(super) fn opportunities(state: &State) -> Option<Table> {
    let document = &state.document;
    let mut rows = Vec::new();
    let known = |id| document.horizons.iter().position(|horizon| &horizon.id == id).unwrap_or(usize::MAX);
    let mut opportunities: Vec<_> = document.opportunities.iter().collect();
    opportunities.sort_by_key(|opportunity| known(&opportunity.horizon));
    for opportunity in opportunities {
        let horizon = document.horizon(&opportunity.horizon);
        let risk = opportunity.risk.or(horizon.and_then(|horizon| horizon.risk));
        let effort = opportunity.effort_h.map(|hours| duration_text(hours * 3600.0));
        rows.push(vec![
            horizon.map_or_else(|| opportunity.horizon.to_string(), |horizon| horizon.title.clone()),
            opportunity.title.clone(),
            or_nothing(
                opportunity.component.as_ref().map(|id| state.component_title(id).to_owned()).unwrap_or_default(),
            ),
            claims_text(&opportunity.claims),
            or_nothing(effort.unwrap_or_default()),
            risk.map_or(NOTHING, |risk| risk.word()).to_owned(),
            opportunity.state.words().to_owned(),
            or_nothing(opportunity.item.as_ref().map(ToString::to_string).unwrap_or_default()),
        ]);
    }
    let columns = ["Horizon", "Opportunity", "Component", "Claimed effect", "#Effort", "Risk", "State", "Item"];
    table("Opportunities by horizon", &columns, rows)
}

pub(super) fn horizons(state: &State) -> Option<Table> {
    let row = |horizon: &crate::model::document::Horizon| {
        let (shortest, longest) = horizon.weeks;
        let weeks = if shortest == longest { format!("{shortest}") } else { format!("{shortest}–{longest}") };
        vec![
            horizon.title.clone(),
            weeks,
            horizon.risk.map_or(NOTHING, |risk| risk.word()).to_owned(),
            claims_text(&horizon.combined),
        ]
    };
    let rows = state.document.horizons.iter().map(row).collect();
    table("Horizons and what all of each is said to bring", &["Horizon", "#Ends in weeks", "Risk", "Together"], rows)
}

pub(super) fn decisions(state: &State) -> Option<Table> {
    let row = |decision: &crate::model::document::Decision| {
        let about = |id: &ComponentId| state.component_title(id).to_owned();
        let options: Vec<&str> = decision.options.iter().map(|option| option.title.as_str()).collect();
        vec![
            decision.question.clone(),
            decision_kind_words(decision.kind).to_owned(),
            or_nothing(decision.about.as_ref().map(about).unwrap_or_default()),
            or_nothing(options.join("; ")),
            decision.state.word().to_owned(),
            or_nothing(decision.by.clone()),
            or_nothing(decision.at.clone()),
            or_nothing(decision.why.clone()),
        ]
    };
    let rows = state.document.decisions.iter().map(row).collect();
    table("Decisions", &["Question", "Kind", "About", "Options", "State", "By", "When", "Why"], rows)
}

fn decision_kind_words(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Question => "question",
        DecisionKind::Status => "status to confirm",
        DecisionKind::Confidence => "confidence to confirm",
        DecisionKind::Insight => "insight to answer",
        DecisionKind::Window => "time to decide",
    }
}

pub(super) fn steps(run: &PipelineRun) -> Option<Table> {
    let name = |id| run.participants.iter().find(|found| &found.id == id).map_or("?", |found| found.title.as_str());
    let mut rows = Vec::new();
    for phase in &run.phases {
        for message in &phase.messages {
            rows.push(vec![
                phase.title.clone(),
                duration_text(phase.starts_h * 3600.0),
                name(&message.from).to_owned(),
                name(&message.to).to_owned(),
                message.title.clone(),
                message.item.to_string(),
            ]);
        }
    }
    table("Steps", &["Phase", "#Begins after", "From", "To", "Step", "Item"], rows)
}

pub(super) fn gates(run: &PipelineRun) -> Option<Table> {
    let mut rows = Vec::new();
    for phase in &run.phases {
        for gate in phase.messages.iter().flat_map(|message| &message.gates) {
            let state = match gate.state {
                GateState::Open => "open",
                GateState::Passed => "passed",
                GateState::Failed => "failed",
            };
            let evidence = or_nothing(gate.evidence.clone());
            rows.push(vec![phase.title.clone(), gate.title.clone(), state.to_owned(), evidence, gate.item.to_string()]);
        }
    }
    table("Gates", &["Phase", "Criterion", "State", "Evidence", "Item"], rows)
}

pub(super) fn gaps(state: &State) -> Option<Table> {
    let overview = state.answers.overview.as_ref()?;
    let row = |gap: &crate::model::series::Gap| {
        let length = duration_text(gap.range.length_seconds());
        vec![super::picture::range_text(gap.range), length, gap.why.clone()]
    };
    table("Times in which nothing was measured", &["When", "#Length", "Why"], overview.gaps.iter().map(row).collect())
}
