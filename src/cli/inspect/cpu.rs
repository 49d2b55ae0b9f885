//! The CPU part of `inspect`: who used how much, as a mean over the stretch of time, or as the document says.

use super::gather::{Gatherer, When};
use super::parts::{CpuPart, Figure, FunctionShare, Hotspot};
use crate::model::document::{Component, ComponentKind, Fact, ShareOf, Statistic};
use crate::model::entity::EntityKind;
use crate::model::id::ComponentId;
use crate::model::metric::{CPU_CORES, CPU_SHARE, MetricKey};
use crate::model::series::SeriesKey;
use crate::model::time::{TimeRange, Timestamp};
use crate::model::unit::Unit;
use crate::state::Selection;
use crate::state::detail;
use crate::state::question::{Answer, Question};

/// The part; `None` if nothing is known of CPU.
///
/// # Errors
/// When the recording can't be read.
pub fn gather(
    gatherer: &Gatherer<'_>,
    vitals: &[(MetricKey, Figure)],
    top: Option<usize>,
) -> anyhow::Result<Option<CpuPart>> {
    let mut part = match gatherer.when {
        Some(when) => measured(gatherer, when)?,
        None => stated(gatherer, vitals),
    };
    part.hotspots.sort_by(|a, b| order(b).total_cmp(&order(a)).then_with(|| a.title.cmp(&b.title)));
    for (index, hotspot) in part.hotspots.iter_mut().enumerate() {
        hotspot.rank = index + 1;
    }
    part.hotspots.truncate(top.unwrap_or(usize::MAX));
    Ok((part.total_share.is_some() || !part.hotspots.is_empty()).then_some(part))
}

/// Of so many hot spots the stack samples are read.
const WITH_FUNCTIONS: usize = 20;
/// So many functions of each are told.
const FUNCTIONS: usize = 5;

/// A component's functions by their own share of its stack samples; none if there are no samples.
fn sampled(gatherer: &Gatherer<'_>, component: &str, range: TimeRange) -> anyhow::Result<Vec<FunctionShare>> {
    let about = Some(Selection::Component(ComponentId(component.to_owned())));
    let Answer::Functions(_, found) = gatherer.answer(&Question::Functions { about, range })? else {
        return Ok(Vec::new());
    };
    let own = found.functions.into_iter().filter(|function| function.own.count > 0).take(FUNCTIONS);
    let share = |function: crate::analysis::functions::Function| FunctionShare {
        mfa: function.name,
        share: function.own.value,
        share_of: Some("component"),
        samples: Some(function.own.count),
    };
    Ok(own.map(share).collect())
}

fn order(hotspot: &Hotspot) -> f64 {
    hotspot.share.or(hotspot.cores).unwrap_or(0.0)
}

fn measured(gatherer: &Gatherer<'_>, when: When) -> anyhow::Result<CpuPart> {
    let width_ns = detail::width_ns(when.range);
    let from = Timestamp(when.range.from.0.div_euclid(width_ns) * width_ns);
    let range = TimeRange::new(from, when.range.to);
    let cores = gatherer.entities().iter().filter(|entity| entity.kind == EntityKind::Core).count();
    let mut hotspots = Vec::new();
    if let Answer::HeatMap(map) = gatherer.answer(&Question::HeatMap { metric: CPU_CORES, range, width_ns })? {
        hotspots.extend(map.rows.into_iter().map(|row| Hotspot {
            functions: functions(gatherer, &row.component),
            component: row.component.to_string(),
            title: row.title,
            share: (cores > 0).then(|| row.mean / cores as f64),
            cores: Some(row.mean),
            rank: 0,
            provenance: "measured",
        }));
    }
    hotspots.sort_by(|a, b| order(b).total_cmp(&order(a)));
    for hotspot in hotspots.iter_mut().take(WITH_FUNCTIONS) {
        let found = sampled(gatherer, &hotspot.component, when.range)?;
        // What a document states stands after what was measured.
        hotspot.functions.splice(0..0, found);
    }
    Ok(CpuPart {
        from_s: Some(when.seconds(when.range.from)),
        to_s: Some(when.seconds(when.range.to)),
        total_share: total_share(gatherer, range, width_ns)?,
        hotspots,
    })
}

/// The machine's share, as a mean over the range.
fn total_share(gatherer: &Gatherer<'_>, range: TimeRange, width_ns: i64) -> anyhow::Result<Option<f64>> {
    let is_whole = |kind: EntityKind| matches!(kind, EntityKind::Machine | EntityKind::Runtime);
    let whole = gatherer.entities().iter().find(|entity| is_whole(entity.kind));
    let (Some(recording), Some(whole)) = (gatherer.recording, whole) else { return Ok(None) };
    let buckets = recording.buckets(SeriesKey { entity: whole.id, metric: CPU_SHARE }, range, width_ns)?.buckets;
    let count: f64 = buckets.iter().map(|bucket| f64::from(bucket.count)).sum();
    let sum: f64 = buckets.iter().map(|bucket| bucket.sum).sum();
    Ok((count > 0.0).then(|| sum / count))
}

fn stated(gatherer: &Gatherer<'_>, vitals: &[(MetricKey, Figure)]) -> CpuPart {
    let total = vitals.iter().find(|(metric, _)| *metric == CPU_SHARE);
    let hotspots = gatherer.document.components.iter().filter_map(|component| {
        let fact = component.facts.iter().find(|fact| is_share(component, fact))?;
        Some(Hotspot {
            component: component.id.to_string(),
            title: component.title.clone(),
            share: fact.unit.convert(fact.value.representative(), Unit::RATIO),
            cores: None,
            rank: 0,
            provenance: "stated",
            functions: functions(gatherer, &component.id),
        })
    });
    CpuPart {
        from_s: None,
        to_s: None,
        total_share: total.and_then(|(_, figure)| figure.quantity.number_in(Unit::RATIO)),
        hotspots: hotspots.collect(),
    }
}

/// Whether the fact says how much of the processors the component uses now.
fn is_share(component: &Component, fact: &Fact) -> bool {
    let of_itself = fact.about.as_ref().is_none_or(|about| *about == component.id);
    let uses = component.kind == ComponentKind::System;
    let usual = matches!(fact.statistic, Statistic::Unspecified | Statistic::Current | Statistic::Mean);
    let whole = fact.each.is_none() && fact.part_of.is_none() && fact.period.is_none();
    fact.metric == Some(CPU_SHARE) && of_itself && uses && usual && whole
}

fn functions(gatherer: &Gatherer<'_>, id: &ComponentId) -> Vec<FunctionShare> {
    let functions = gatherer.document.component(id).map(|component| component.hot_functions.as_slice());
    let share = |function: &crate::model::document::HotFunction| FunctionShare {
        mfa: function.function.clone(),
        share: function.share,
        share_of: match function.share_of {
            ShareOf::Machine => Some("machine"),
            ShareOf::Component => Some("component"),
            ShareOf::Unstated => None,
        },
        samples: None,
    };
    functions.unwrap_or_default().iter().map(share).collect()
}
