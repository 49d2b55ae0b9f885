//! What `analysis::consistency` says of the open session: its document by itself, and against what was measured.

use super::answer::Known;
use crate::analysis::consistency::{Consistency, MeasuredFigure, against_measured, check, wanted};
use crate::model::entity::{Entity, EntityKind};
use crate::model::series::SeriesKey;
use crate::model::time::{NS_PER_S, TimeRange};
use crate::store::recording::{Recording, RecordingError};

/// A series is summed up from so many stretches at most.
const COLUMNS: i64 = 500;

/// Checks the document, and holds it against a range of the recording.
///
/// # Errors
/// When the recording can't be read.
pub fn consistency(
    known: Known<'_>,
    recording: Option<&Recording>,
    range: Option<TimeRange>,
) -> Result<Consistency, RecordingError> {
    let mut found = check(known.document);
    if let (Some(recording), Some(range)) = (recording, range.filter(|range| range.from < range.to)) {
        found.extend(against_measured(known.document, &measured(known, recording, range)?));
    }
    Ok(found)
}

/// The measured metrics of which the document states something as well.
fn measured(known: Known<'_>, recording: &Recording, range: TimeRange) -> Result<Vec<MeasuredFigure>, RecordingError> {
    let wanted = wanted(known.document);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let is_whole = |entity: &&Entity| matches!(entity.kind, EntityKind::Runtime | EntityKind::Machine);
    let whole = known.entities.iter().find(is_whole);
    let width_ns = (range.length_ns() / COLUMNS).max(NS_PER_S);
    let mut found = Vec::new();
    for (component, metric) in wanted {
        let entity = match &component {
            None => whole,
            Some(id) => {
                let is_it = |entity: &&Entity| entity.kind == EntityKind::Component && entity.key == id.0;
                known.entities.iter().find(is_it)
            }
        };
        let Some(entity) = entity else { continue };
        let summary = summary(recording, SeriesKey { entity: entity.id, metric }, range, width_ns)?;
        if let Some((mean, min, max)) = summary {
            let source = known.source.to_owned();
            found.push(MeasuredFigure { component, metric, mean, min, max, source, window: range });
        }
    }
    Ok(found)
}

/// Mean, minimum and maximum of a series; `None` if there is nothing in the range.
fn summary(
    recording: &Recording,
    key: SeriesKey,
    range: TimeRange,
    width_ns: i64,
) -> Result<Option<(f64, f64, f64)>, RecordingError> {
    let buckets = recording.buckets(key, range, width_ns)?.buckets;
    let (mut count, mut sum, mut min, mut max) = (0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY);
    for bucket in buckets.iter().filter(|bucket| bucket.count > 0) {
        count += bucket.count as f64;
        sum += bucket.sum;
        min = min.min(bucket.min);
        max = max.max(bucket.max);
    }
    Ok((count > 0.0).then(|| (sum / count, min, max)))
}
