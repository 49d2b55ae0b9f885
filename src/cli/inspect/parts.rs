//! What `inspect` tells, part by part: the public JSON format `vivarium.inspect/1`, which the text shows as well.
//!
//! Fields may be added, never renamed. Shares are fractions of 1, times are seconds since the session's start.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::findings::{ConsistencyPart, FindingPart};
use super::memory::MemoryPart;
use super::processes::{CrashPart, ProcessPart};
use crate::model::document::Statistic;
use crate::model::metric::MetricKey;
use crate::model::quantity::{Quantity, Value};
use crate::model::unit::Unit;

/// The name of the format.
pub const FORMAT: &str = "vivarium.inspect/1";

/// Everything.
#[derive(Debug, Serialize)]
pub struct Parts {
    pub format: &'static str,
    pub session: SessionPart,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<StoredPart>,
    /// How the node ended that left a crash dump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash: Option<CrashPart>,
    #[serde(serialize_with = "by_metric")]
    pub vitals: Vec<(MetricKey, Figure)>,
    pub components: Vec<ComponentPart>,
    pub edges: Vec<EdgePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryPart>,
    /// The largest first; of BEAM nodes only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gc: Option<GcPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<CpuPart>,
    /// `None` if nothing was measured, and no stated figures were held against each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<FindingPart>>,
    /// `None` if no stated figures were held against each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consistency: Option<ConsistencyPart>,
    /// What was not looked for, and what it would take.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings_not_examined: Vec<String>,
    pub opportunities: Vec<OpportunityPart>,
    pub decisions: Vec<DecisionPart>,
    pub pipeline: Vec<RunPart>,
}

/// A quantity, and whose or which summary it is where a document says so.
#[derive(Clone, Debug)]
pub struct Figure {
    /// As it was measured or stated; the text shows it so.
    pub quantity: Quantity,
    /// The unit of JSON: of one metric always the same.
    pub unit: Unit,
    /// If it holds for each of several: each what.
    pub each: Option<String>,
    pub statistic: Statistic,
}

#[derive(Debug, Serialize)]
pub struct SessionPart {
    pub title: String,
    /// `live`, `recording` or `document`.
    pub kind: &'static str,
    pub source: String,
    pub started: Option<String>,
    pub duration_s: Option<f64>,
    pub gaps: Vec<GapPart>,
    pub warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct GapPart {
    pub from_s: f64,
    pub to_s: f64,
    pub why: String,
}

#[derive(Debug, Serialize)]
pub struct StoredPart {
    pub entities: u64,
    pub series: u64,
    pub values: u64,
    pub gc_events: u64,
    pub requests: u64,
    pub stack_samples: u64,
    pub censuses: u64,
    pub bytes: u64,
}

#[derive(Debug, Serialize)]
pub struct ComponentPart {
    pub id: String,
    pub title: String,
    pub kind: &'static str,
    pub group: Option<String>,
    pub code: Option<String>,
    /// Members alive at the moment; `None` if nothing was measured.
    pub entities: Option<usize>,
    /// `healthy`, `warning`, `critical` or `unknown`.
    pub status: &'static str,
    /// Why, if it has a status or another class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    #[serde(serialize_with = "by_metric")]
    pub metrics: Vec<(MetricKey, Figure)>,
    pub decisions: Vec<String>,
    pub opportunities: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct EdgePart {
    pub from: String,
    pub to: String,
    pub label: String,
    pub rate: Option<Figure>,
}

/// Collections that were seen one by one.
#[derive(Debug, Serialize)]
pub struct GcPart {
    pub from_s: f64,
    pub to_s: f64,
    #[serde(flatten)]
    pub all: GcFiguresPart,
    pub by_component: Vec<GcComponentPart>,
    /// On the BEAM a pause holds up one process, of a JVM or of Go the whole program; `None` where the recording does not tell.
    pub stops_the_world: Option<bool>,
    /// The longest pauses, longest first.
    pub worst: Vec<WorstPart>,
    /// How many pauses were shorter than each limit and not shorter than the one before.
    pub pauses: Vec<PauseCount>,
}

#[derive(Debug, Serialize)]
pub struct WorstPart {
    pub at_s: f64,
    pub entity: u32,
    pub name: String,
    pub component: Option<String>,
    /// `minor`, `major` or `forced`.
    pub sort: &'static str,
    pub pause_us: f64,
    pub reclaimed_bytes: u64,
    pub live_bytes: u64,
}

#[derive(Debug, Serialize)]
pub struct PauseCount {
    pub under_us: f64,
    pub count: u64,
}

#[derive(Debug, Serialize)]
pub struct GcComponentPart {
    pub component: Option<String>,
    pub title: String,
    #[serde(flatten)]
    pub figures: GcFiguresPart,
}

#[derive(Debug, Serialize)]
pub struct GcFiguresPart {
    pub heaps: u64,
    pub count: u64,
    pub minor: u64,
    pub major: u64,
    pub failed_minor: u64,
    pub over_limit: u64,
    /// Stop-the-world pauses of collectors that else work beside the program.
    pub stops: u64,
    /// Seconds in which collectors worked beside the program.
    pub concurrent_s: f64,
    pub evacuation_failures: u64,
    /// Why it was collected and how often, the most frequent cause first.
    pub causes: Vec<CausePart>,
    /// Of all, those that the program asked for.
    pub forced: u64,
    /// Seen only by the blocks of the heap afterwards.
    pub hibernations: u64,
    pub interval_s: Option<f64>,
    pub pause_us: PausePart,
    /// Reclaimed as a share of what was examined.
    pub efficiency: Option<f64>,
    pub reclaimed_bytes: f64,
    pub copied_bytes: Option<f64>,
    pub promoted_bytes: Option<f64>,
    pub allocation_rate: Option<Figure>,
    pub live_bytes: f64,
    pub held_bytes: f64,
    /// Live as a share of held.
    pub heap_efficiency: Option<f64>,
}

/// A cause of collections.
#[derive(Debug, Serialize)]
pub struct CausePart {
    pub cause: &'static str,
    pub count: u64,
}

#[derive(Debug, Serialize)]
pub struct PausePart {
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
    pub total: f64,
}

#[derive(Debug, Serialize)]
pub struct CpuPart {
    /// What the figures are means over; `None` for stated ones.
    pub from_s: Option<f64>,
    pub to_s: Option<f64>,
    pub total_share: Option<f64>,
    pub hotspots: Vec<Hotspot>,
}

#[derive(Debug, Serialize)]
pub struct Hotspot {
    pub component: String,
    pub title: String,
    /// Of all cores of the machine; `None` if their number is not known.
    pub share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cores: Option<f64>,
    pub rank: usize,
    pub provenance: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionShare>,
}

#[derive(Debug, Serialize)]
pub struct FunctionShare {
    pub mfa: String,
    /// Where measured, of samples in which the function itself was executing.
    pub share: f64,
    /// `machine` or `component`; `None` if the document does not say.
    pub share_of: Option<&'static str>,
    pub samples: Option<u64>,
}

#[derive(Debug, Serialize)]
pub struct OpportunityPart {
    pub id: String,
    pub title: String,
    pub component: Option<String>,
    pub horizon: String,
    pub effort_h: Option<f64>,
    pub risk: Option<&'static str>,
    pub state: &'static str,
    pub claimed: Vec<ClaimPart>,
    pub predicted: Option<Figure>,
    pub roi: Option<Figure>,
}

#[derive(Debug, Serialize)]
pub struct ClaimPart {
    pub label: String,
    pub metric: Option<&'static str>,
    /// Whether it is the level that is reached, not the change.
    pub is_level: bool,
    #[serde(flatten)]
    pub figure: Figure,
}

#[derive(Debug, Serialize)]
pub struct DecisionPart {
    pub id: String,
    pub question: String,
    pub about: Option<String>,
    pub state: &'static str,
    pub by: Option<String>,
    pub at: Option<String>,
    pub why: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct RunPart {
    pub run: String,
    pub title: String,
    /// The first phase with a gate that has not been passed; the last one if all have.
    pub phase: Option<String>,
    pub gates: Vec<GatePart>,
}

#[derive(Debug, Serialize)]
pub struct GatePart {
    pub name: String,
    /// `open`, `passed` or `failed`.
    pub state: &'static str,
    pub evidence: Option<String>,
}

impl From<Quantity> for Figure {
    fn from(quantity: Quantity) -> Self {
        let unit = quantity.unit;
        Self { quantity, unit, each: None, statistic: Statistic::Unspecified }
    }
}

impl Figure {
    /// A value of a metric, in whatever unit it comes.
    pub fn of_metric(quantity: Quantity, metric: MetricKey) -> Self {
        let unit = if quantity.unit.is_comparable_to(metric.unit()) { metric.unit() } else { quantity.unit };
        Self { unit, ..Self::from(quantity) }
    }

    /// The word for its statistic; `None` if none was stated.
    pub fn statistic_word(&self) -> Option<&'static str> {
        match self.statistic {
            Statistic::Unspecified => None,
            Statistic::Current => Some("current"),
            Statistic::Mean => Some("mean"),
            Statistic::Peak => Some("peak"),
            Statistic::Baseline => Some("baseline"),
            Statistic::P99 => Some("p99"),
            Statistic::Total => Some("total"),
        }
    }
}

impl Serialize for Figure {
    /// A number that is not a single one has `value` null, and what is known of it beside it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Quantity { value, unit: from, provenance } = &self.quantity;
        let unit = self.unit;
        let value = &value.map(|value| from.convert(value, unit).unwrap_or(value));
        let mut map = serializer.serialize_map(None)?;
        let single = if let Value::Exact(value) = value { Some(value) } else { None };
        map.serialize_entry("value", &single)?;
        match value {
            Value::Exact(_) => {}
            Value::Range(low, high) => {
                map.serialize_entry("low", low)?;
                map.serialize_entry("high", high)?;
            }
            Value::Below(limit) => map.serialize_entry("below", limit)?,
            Value::Above(limit) => map.serialize_entry("above", limit)?,
            Value::Change(before, after) => {
                map.serialize_entry("before", before)?;
                map.serialize_entry("after", after)?;
            }
        }
        map.serialize_entry("unit", &unit)?;
        map.serialize_entry("provenance", provenance.word())?;
        map.serialize_entry("from", &provenance.origin())?;
        if let Some(each) = &self.each {
            map.serialize_entry("each", each)?;
        }
        if let Some(statistic) = self.statistic_word() {
            map.serialize_entry("statistic", statistic)?;
        }
        map.end()
    }
}

fn by_metric<S: Serializer>(figures: &[(MetricKey, Figure)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(figures.iter().map(|(metric, figure)| (metric.id(), figure)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;

    #[test]
    fn what_is_no_single_number_has_none() {
        let json = |value: Value| {
            let figure = Figure::from(Quantity { value, ..Quantity::measured(0.0, Unit::SECONDS, "host", None) });
            serde_json::to_string(&figure).unwrap()
        };
        assert_eq!(json(Value::Exact(1.5)), r#"{"value":1.5,"unit":"s","provenance":"measured","from":"host"}"#);
        let range = r#"{"value":null,"low":45.0,"high":180.0,"unit":"s","provenance":"measured","from":"host"}"#;
        assert_eq!(json(Value::Range(45.0, 180.0)), range);
        assert!(json(Value::Below(3.0)).contains(r#""value":null,"below":3.0"#));
        assert!(json(Value::Change(1.0, 2.0)).contains(r#""value":null,"before":1.0,"after":2.0"#));
        assert!(json(Value::Exact(f64::NAN)).contains(r#""value":null"#));
    }
}
