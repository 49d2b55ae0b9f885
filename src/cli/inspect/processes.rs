//! What `inspect` tells of single processes of a BEAM node, and of the end of one that left a crash dump.

use std::collections::HashMap;

use serde::Serialize;

use super::gather::Gatherer;
use super::text::cut;
use crate::analysis::findings::slogans::meaning;
use crate::model::entity::{Entity, EntityId, EntityKind};
use crate::model::format::{bytes_text, number_text};
use crate::model::metric::{BEAM_REDUCTIONS_DONE, MEMORY_USED, MetricKey, QUEUE_LENGTH};
use crate::model::unit::Unit;
use crate::session::answer::MAX_AGE_NS;

/// More are not told of without `--top`, also in JSON.
const MOST: usize = 1_000;

/// A process of a node.
#[derive(Debug, Serialize)]
pub struct ProcessPart {
    pub key: String,
    pub name: String,
    pub component: Option<String>,
    pub memory_bytes: f64,
    pub queue_length: Option<f64>,
    /// Since it was started; only a crash dump tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reductions: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_function: Option<String>,
}

/// How a node ended.
#[derive(Debug, Serialize)]
pub struct CrashPart {
    pub slogan: String,
    pub means: String,
    pub next: String,
    /// As the dump tells it: local time of its machine.
    pub at: Option<String>,
    pub system_version: Option<String>,
    /// Native code that was loaded.
    pub taints: Option<String>,
    pub connected_nodes: Option<String>,
    /// What the dump should have and has not.
    pub lost: Option<String>,
}

/// The largest processes at the moment, by memory.
///
/// # Errors
/// When the recording can't be read.
pub fn processes(gatherer: &Gatherer<'_>, top: Option<usize>) -> anyhow::Result<Vec<ProcessPart>> {
    let (Some(recording), Some(when)) = (gatherer.recording, gatherer.when) else { return Ok(Vec::new()) };
    let is_there =
        |entity: &&Entity| entity.kind == EntityKind::BeamProcess && entity.ended.is_none_or(|ended| ended > when.at);
    let entities: HashMap<EntityId, &Entity> =
        gatherer.entities().iter().filter(is_there).map(|entity| (entity.id, entity)).collect();
    if entities.is_empty() {
        return Ok(Vec::new());
    }
    let metrics = [MEMORY_USED, QUEUE_LENGTH, BEAM_REDUCTIONS_DONE];
    let mut values: HashMap<(EntityId, MetricKey), f64> = HashMap::new();
    for metric in metrics {
        let known = recording.values_at(metric, when.at, MAX_AGE_NS)?.into_iter();
        values.extend(known.map(|(id, point)| ((id, metric), point.value)));
    }
    // Those without series of their own are in the census.
    for row in recording.census_before(when.at)?.into_iter().flat_map(|census| census.rows) {
        if metrics.contains(&row.metric) {
            values.entry((row.entity, row.metric)).or_insert(row.value);
        }
    }
    let mut ranked: Vec<(f64, &Entity)> =
        entities.into_iter().filter_map(|(id, entity)| Some((*values.get(&(id, MEMORY_USED))?, entity))).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.id.cmp(&b.1.id)));
    let part = |(memory_bytes, entity): (f64, &Entity)| ProcessPart {
        key: entity.key.clone(),
        name: entity.name.clone(),
        component: entity.component.as_ref().map(ToString::to_string),
        memory_bytes,
        queue_length: values.get(&(entity.id, QUEUE_LENGTH)).copied(),
        reductions: values.get(&(entity.id, BEAM_REDUCTIONS_DONE)).copied(),
        status: entity.attributes.get("status").cloned(),
        current_function: entity.attributes.get("current_function").cloned(),
    };
    Ok(ranked.into_iter().take(top.unwrap_or(MOST)).map(part).collect())
}

/// The end of the node that left a dump; `None` if the session is of none.
pub fn crash(entities: &[Entity]) -> Option<CrashPart> {
    let node = entities.iter().find(|entity| entity.kind == EntityKind::Runtime)?;
    let fact = |name: &str| node.attributes.get(name).cloned();
    let slogan = fact("slogan")?;
    let meaning = meaning(&slogan);
    Some(CrashPart {
        slogan,
        means: meaning.means,
        next: meaning.next,
        at: fact("crashed_at"),
        system_version: fact("system_version"),
        taints: fact("taints"),
        connected_nodes: fact("connected_nodes"),
        lost: fact("lost"),
    })
}

/// Rows of text about the end.
pub fn crash_rows(crash: &CrashPart) -> Vec<Vec<String>> {
    let row = |name: &str, value: &Option<String>| Some(vec![name.to_owned(), value.clone()?]);
    let rows = [
        Some(vec!["slogan".to_owned(), crash.slogan.clone()]),
        Some(vec!["means".to_owned(), crash.means.clone()]),
        Some(vec!["next".to_owned(), crash.next.clone()]),
        row("at", &crash.at),
        row("system", &crash.system_version),
        row("native code", &crash.taints),
        row("connected", &crash.connected_nodes),
        row("lost", &crash.lost),
    ];
    rows.into_iter().flatten().map(|row| row.iter().map(|cell| crate::cli::clean::line(cell)).collect()).collect()
}

/// Rows of text about processes; the second and third columns are figures.
pub fn process_rows(processes: &[ProcessPart]) -> Vec<Vec<String>> {
    let count = |value: Option<f64>| value.map_or_else(String::new, |value| number_text(value, Unit::COUNT));
    let mut rows = vec![["process", "memory", "queue", "reductions", "status", "in"].map(str::to_owned).to_vec()];
    rows.extend(processes.iter().map(|process| {
        vec![
            cut(&process.name),
            bytes_text(process.memory_bytes),
            count(process.queue_length),
            count(process.reductions),
            process.status.clone().unwrap_or_default(),
            process.current_function.as_deref().map(cut).unwrap_or_default(),
        ]
    }));
    rows
}
