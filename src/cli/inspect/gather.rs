//! Puts the parts of `inspect` together: the same prepared answers as the window's, at one moment or over one stretch of time.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;

use super::findings::{self, ConsistencyPart, FindingPart};
use super::parts::*;
use super::{Inspect, cpu, gc, memory, processes};
use crate::analysis::consistency::Consistency;
use crate::analysis::findings::Findings;
use crate::analysis::status::Status;
use crate::analysis::vitals::Vital;
use crate::cli::moment::Moment;
use crate::model::document::{Component, Document, Fact, StatusClass};
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::quantity::Quantity;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};
use crate::session::answer::{self, MAX_AGE_NS, answer};
use crate::session::open::{Session, describe, discovered};
use crate::state::SessionInfo;
use crate::state::question::{Answer, Question};
use crate::store::recording::{Recording, Summary};

/// Everything that `inspect` tells about a session.
///
/// # Errors
/// When the recording can't be read, or a moment lies outside of it.
pub fn gather(session: &Session, asked: &Inspect) -> anyhow::Result<Parts> {
    let mut info = describe(session, false)?;
    let components = discovered(&session.document, &info.entities);
    let recording = session.recording.as_ref();
    let summary = recording.map(Recording::summary).transpose()?;
    let when = When::resolve(asked, info.span)?;
    let gatherer = Gatherer { document: &session.document, found: &components, info: &info, recording, when };
    let (vitals, statuses) = gatherer.vitals()?;
    let gaps = recording.map(Recording::gaps).transpose()?.unwrap_or_default();
    let found = gatherer.findings()?;
    let known = gatherer.consistency()?;
    let consistency = ConsistencyPart::of(&known);
    let mut stated = findings::stated_parts(&known.disagreements);
    if asked.rounding {
        stated.extend(findings::stated_parts(&known.agreements));
    }
    let vitals: Vec<_> = vitals
        .into_iter()
        .filter_map(|vital| Some((vital.metric?, Figure::of_metric(vital.quantity?, vital.metric?))))
        .collect();
    let mut parts = Parts {
        format: FORMAT,
        session: gatherer.session(summary.as_ref(), &gaps),
        stored: summary.as_ref().map(stored),
        crash: processes::crash(gatherer.entities()),
        components: gatherer.components(&statuses)?,
        edges: gatherer.edges(),
        memory: memory::gather(&gatherer, &vitals, asked.top)?,
        processes: processes::processes(&gatherer, asked.top)?,
        gc: gc::gather(&gatherer)?,
        cpu: cpu::gather(&gatherer, &vitals, asked.top)?,
        findings: gatherer.all_findings(&found, stated, consistency.is_some()),
        consistency,
        findings_not_examined: found.not_examined,
        opportunities: super::plan::opportunities(&session.document),
        decisions: super::plan::decisions(&session.document),
        pipeline: super::plan::pipeline(&session.document),
        vitals,
    };
    // What turned out to be damaged while all this was read.
    if let Some(recording) = recording {
        info.warnings.extend(recording.take_warnings());
        info.warnings.dedup();
        parts.session.warnings = info.warnings;
    }
    Ok(parts)
}

/// What rules and findings say.
pub struct Known {
    /// By rules, and as stated.
    pub statuses: BTreeMap<ComponentId, Status>,
    /// The worst first.
    pub findings: Vec<FindingPart>,
    /// What was not looked for.
    pub not_examined: Vec<String>,
}

/// Rules as of the end of a session, findings over all of it.
///
/// # Errors
/// When the recording can't be read.
pub fn known(session: &Session) -> anyhow::Result<Known> {
    let info = describe(session, false)?;
    let found = discovered(&session.document, &info.entities);
    let when = info.span.map(|span| When { start: span.from, at: span.to, range: span, since: None });
    let recording = session.recording.as_ref();
    let gatherer = Gatherer { document: &session.document, found: &found, info: &info, recording, when };
    let (_, statuses) = gatherer.vitals()?;
    let found = gatherer.findings()?;
    let stated = findings::stated_parts(&gatherer.consistency()?.disagreements);
    let findings = gatherer.all_findings(&found, stated, true).unwrap_or_default();
    Ok(Known { statuses, findings, not_examined: found.not_examined })
}

/// The moment and the stretch of time to tell of.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// The session's start, which times count from.
    pub start: Timestamp,
    /// The moment.
    pub at: Timestamp,
    /// The stretch.
    pub range: TimeRange,
    /// The moment that memory is compared to.
    pub since: Option<Timestamp>,
}

impl When {
    /// `None` if nothing was measured.
    fn resolve(asked: &Inspect, span: Option<TimeRange>) -> anyhow::Result<Option<Self>> {
        let Some(span) = span else {
            if asked.at.or(asked.from).or(asked.to).or(asked.since).is_some() {
                bail!(
                    "this session has no measurements, so that --at, --from, --to and --since mean nothing; leave them out"
                );
            }
            return Ok(None);
        };
        let within = |moment: Option<Moment>| moment.map(|moment| moment.within(span)).transpose();
        let from = within(asked.from)?.unwrap_or(span.from);
        let to = within(asked.to)?.unwrap_or(span.to);
        if from >= to {
            bail!("--from must be earlier than --to");
        }
        let at = within(asked.at)?.unwrap_or(to);
        let since = within(asked.since)?;
        Ok(Some(Self { start: span.from, at, range: TimeRange::new(from, to), since }))
    }

    /// Seconds since the session's start, to the microsecond.
    pub fn seconds(&self, at: Timestamp) -> f64 {
        rounded(at.seconds_since(self.start))
    }
}

/// To the microsecond: a session's end lies a nanosecond after its last value.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1e6).round() / 1e6
}

/// What is known of the session.
pub struct Gatherer<'a> {
    pub document: &'a Document,
    found: &'a [Component],
    info: &'a SessionInfo,
    pub recording: Option<&'a Recording>,
    pub when: Option<When>,
}

impl Gatherer<'_> {
    /// A prepared answer, as the window gets it.
    pub fn answer(&self, question: &Question) -> anyhow::Result<Answer> {
        let known = answer::Known {
            document: self.document,
            discovered: self.found,
            entities: &self.info.entities,
            source: &self.info.source,
            span: self.info.span,
        };
        Ok(answer(question, known, self.recording)?)
    }

    /// What the component is called.
    pub fn title(&self, id: &ComponentId) -> String {
        let known = self.document.component(id).or_else(|| self.found.iter().find(|found| found.id == *id));
        known.map_or_else(|| id.to_string(), |component| component.title.clone())
    }

    /// A figure that follows from what the source measured in the stretch.
    pub fn derived(&self, value: f64, metric: MetricKey, formula: &str) -> Figure {
        Figure::of_metric(Quantity::derived(value, metric.unit(), formula, &[]), metric)
    }

    /// All entities.
    pub fn entities(&self) -> &[Entity] {
        &self.info.entities
    }

    fn vitals(&self) -> anyhow::Result<(Vec<Vital>, BTreeMap<ComponentId, Status>)> {
        match self.answer(&Question::Vitals { at: self.when.map(|when| when.at) })? {
            Answer::Vitals(vitals, statuses) => Ok((vitals, statuses)),
            _ => Ok((Vec::new(), BTreeMap::new())),
        }
    }

    fn findings(&self) -> anyhow::Result<Findings> {
        let Some(when) = self.when else { return Ok(Findings::default()) };
        match self.answer(&Question::Findings { range: when.range })? {
            Answer::Findings(findings) => Ok(findings),
            _ => Ok(Findings::default()),
        }
    }

    fn consistency(&self) -> anyhow::Result<Consistency> {
        match self.answer(&Question::Consistency { range: self.when.map(|when| when.range) })? {
            Answer::Consistency(consistency) => Ok(consistency),
            _ => Ok(Consistency::default()),
        }
    }

    /// What was measured first, then what is stated; `None` if nothing was looked for.
    fn all_findings(&self, found: &Findings, stated: Vec<FindingPart>, is_checked: bool) -> Option<Vec<FindingPart>> {
        let measured = self.when.map(|when| findings::parts(found, self.entities(), &when));
        (measured.is_some() || is_checked).then(|| measured.into_iter().flatten().chain(stated).collect())
    }

    fn session(&self, summary: Option<&Summary>, gaps: &[Gap]) -> SessionPart {
        let start = self.info.span.map(|span| span.from).or(summary.map(|summary| summary.info.started));
        let seconds = |at: Timestamp| start.map_or(0.0, |start| rounded(at.seconds_since(start)));
        let gap =
            |gap: &Gap| GapPart { from_s: seconds(gap.range.from), to_s: seconds(gap.range.to), why: gap.why.clone() };
        SessionPart {
            title: self.info.title.clone(),
            kind: self.info.kind.word(),
            source: self.info.source.clone(),
            started: start.map(Timestamp::rfc3339),
            duration_s: self.info.span.map(|span| rounded(span.length_seconds())),
            gaps: gaps.iter().map(gap).collect(),
            warnings: self.info.warnings.clone(),
        }
    }

    fn components(&self, statuses: &BTreeMap<ComponentId, Status>) -> anyhow::Result<Vec<ComponentPart>> {
        let mut measured = self.measured_by_component()?;
        let components = self.document.components.iter().chain(self.found);
        Ok(components
            .map(|component| {
                let status = statuses.get(&component.id);
                let mut metrics = self.stated_metrics(component);
                for (metric, figure) in measured.remove(&component.id).unwrap_or_default() {
                    metrics.insert(metric, figure);
                }
                let decisions = self.document.decisions.iter();
                let opportunities = self.document.opportunities.iter();
                let is_this = |id: &Option<ComponentId>| id.as_ref() == Some(&component.id);
                ComponentPart {
                    id: component.id.to_string(),
                    title: component.title.clone(),
                    kind: component.kind.word(),
                    group: component.group.as_ref().map(ToString::to_string),
                    code: component.code.as_ref().map(|code| match code.lines {
                        Some((first, last)) => format!("{}:{first}-{last}", code.place),
                        None => code.place.clone(),
                    }),
                    entities: self.when.map(|when| self.members(&component.id, when.at)),
                    status: status_word(status),
                    why: status.map(|status| status.why.clone()),
                    metrics: metrics.into_iter().collect(),
                    decisions: decisions.filter(|it| is_this(&it.about)).map(|it| it.id.to_string()).collect(),
                    opportunities: opportunities
                        .filter(|it| is_this(&it.component))
                        .map(|it| it.id.to_string())
                        .collect(),
                }
            })
            .collect())
    }

    fn members(&self, id: &ComponentId, at: Timestamp) -> usize {
        let members = self.entities().iter().filter(|entity| entity.component.as_ref() == Some(id));
        members.filter(|entity| entity.kind != EntityKind::Component && is_alive(entity, at)).count()
    }

    /// The last values of components' own series.
    fn measured_by_component(&self) -> anyhow::Result<BTreeMap<ComponentId, Vec<(MetricKey, Figure)>>> {
        let mut found: BTreeMap<ComponentId, Vec<(MetricKey, Figure)>> = BTreeMap::new();
        let (Some(recording), Some(when)) = (self.recording, self.when) else { return Ok(found) };
        let components = self.entities().iter().filter(|entity| entity.kind == EntityKind::Component);
        let by_entity: BTreeMap<EntityId, &Entity> =
            components.filter(|entity| is_alive(entity, when.at)).map(|entity| (entity.id, entity)).collect();
        let series = recording.series()?;
        let metrics: BTreeSet<MetricKey> =
            series.iter().filter(|key| by_entity.contains_key(&key.entity)).map(|key| key.metric).collect();
        for metric in metrics {
            for (id, point) in recording.values_at(metric, when.at, MAX_AGE_NS)? {
                let Some(entity) = by_entity.get(&id) else { continue };
                let window = Some(TimeRange::new(point.at, point.at));
                let quantity = Quantity::measured(point.value, metric.unit(), &self.info.source, window);
                let component = ComponentId(entity.key.clone());
                found.entry(component).or_default().push((metric, quantity.into()));
            }
        }
        Ok(found)
    }

    /// What the document says of a component's metrics: of several figures the present and general before others.
    fn stated_metrics(&self, component: &Component) -> BTreeMap<MetricKey, Figure> {
        let own = component.facts.iter().filter(|fact| fact.about.as_ref().is_none_or(|about| *about == component.id));
        let elsewhere = self.document.components.iter().filter(|other| other.id != component.id);
        let by_others =
            elsewhere.flat_map(|other| &other.facts).filter(|fact| fact.about.as_ref() == Some(&component.id));
        // What it says of itself comes before what others say of it.
        let by_others = by_others.map(|fact| (true, fact));
        let mut facts: Vec<(bool, &Fact)> = own.map(|fact| (false, fact)).chain(by_others).collect();
        facts.sort_by_key(|(by_other, fact)| {
            (fact.period.is_some(), *by_other, fact.part_of.is_some(), fact.statistic.rank())
        });
        let mut found = BTreeMap::new();
        for (_, fact) in facts {
            let Some(metric) = fact.metric else { continue };
            found.entry(metric).or_insert_with(|| Figure {
                each: fact.each.clone(),
                statistic: fact.statistic,
                ..Figure::of_metric(self.document.quantity(fact), metric)
            });
        }
        found
    }

    fn edges(&self) -> Vec<EdgePart> {
        let edges = self.document.edges.iter();
        edges
            .map(|edge| EdgePart {
                from: edge.from.to_string(),
                to: edge.to.to_string(),
                label: edge.label.clone(),
                rate: None,
            })
            .collect()
    }
}

fn stored(summary: &Summary) -> StoredPart {
    StoredPart {
        entities: summary.entities,
        series: summary.series,
        values: summary.values,
        gc_events: summary.gc_events,
        requests: summary.requests,
        stack_samples: summary.stack_samples,
        censuses: summary.censuses,
        bytes: summary.bytes,
    }
}

fn is_alive(entity: &Entity, at: Timestamp) -> bool {
    entity.started.is_none_or(|started| started <= at) && entity.ended.is_none_or(|ended| ended > at)
}

fn status_word(status: Option<&Status>) -> &'static str {
    match status.map(|status| status.class) {
        Some(class @ (StatusClass::Critical | StatusClass::Warning | StatusClass::Healthy)) => class.word(),
        _ => "unknown",
    }
}
