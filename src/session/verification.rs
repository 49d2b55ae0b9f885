//! Holding a pinned prediction against a later recording: what both of them saw, gathered for the ledger.

use std::collections::BTreeMap;

use super::gc::{Collections, summarize};
use super::whatif::gather;
use crate::analysis::gc::GcFigures;
use crate::model::document::{Check, Document, PinnedPrediction};
use crate::model::id::ComponentId;
use crate::model::time::{TimeRange, Timestamp};
use crate::plan::ledger;
use crate::state::whatif::parse;
use crate::store::recording::{Recording, RecordingError};
use crate::whatif::answer::{Models, measured};
use crate::whatif::data::SessionData;

/// How much work a recording saw: words allocated and requests served, at each component and in all.
struct Work {
    allocated: BTreeMap<Option<ComponentId>, f64>,
    requests: BTreeMap<Option<ComponentId>, f64>,
}

impl Work {
    fn of(recording: &Recording, data: &SessionData) -> Result<Self, RecordingError> {
        let mut work = Self { allocated: BTreeMap::new(), requests: BTreeMap::new() };
        if let Some(range) = data.range
            && let Some(Collections { summary, components }) = summarize(recording, &recording.entities()?, range)?
        {
            let mut add = |id, figures: &GcFigures| work.allocated.insert(id, figures.allocated_bytes);
            add(None, &summary.all);
            for (id, figures) in components.into_iter().zip(&summary.components) {
                if id.is_some() {
                    add(id, figures);
                }
            }
        }
        let mut all = 0.0;
        for component in &data.components {
            all += component.requests.len() as f64;
            work.requests.insert(Some(component.id.clone()), component.requests.len() as f64);
        }
        work.requests.insert(None, all);
        Ok(work)
    }

    /// As a multiple of another's, by what both have seen.
    fn relative_to(&self, before: &Work, component: Option<&ComponentId>) -> Option<f64> {
        let key = component.cloned();
        let ratio = |now: &BTreeMap<_, f64>, before: &BTreeMap<_, f64>| {
            let (now, before) = (now.get(&key)?, before.get(&key)?);
            (*now > 0.0 && *before > 0.0).then(|| now / before)
        };
        ratio(&self.allocated, &before.allocated).or_else(|| ratio(&self.requests, &before.requests))
    }
}

/// Checks predictions of `before` against `after`, one after the other.
///
/// # Errors
/// When a recording can't be read.
pub fn verify<'a>(
    predictions: impl Iterator<Item = &'a PinnedPrediction>,
    before: (&Document, &Recording),
    after: (&Document, &Recording),
) -> Result<Vec<Check>, RecordingError> {
    let data = gather(after.1, Some(after.0), None)?;
    let work = Work::of(after.1, &data)?;
    predictions.map(|pinned| check(pinned, before, after, &data, &work)).collect()
}

fn check(
    pinned: &PinnedPrediction,
    before: (&Document, &Recording),
    after: (&Document, &Recording),
    data: &SessionData,
    work: &Work,
) -> Result<Check, RecordingError> {
    let time = |text: &str| Timestamp::parse_rfc3339(text);
    let range = time(&pinned.from).zip(time(&pinned.to)).map(|(from, to)| TimeRange::new(from, to));
    let work_before = Work::of(before.1, &gather(before.1, Some(before.0), range)?)?;
    let summary = after.1.summary()?;
    let started = summary.span.map_or(summary.info.started, |span| span.from);
    // A setting that this version does not know has no outcome to measure.
    let settings: Vec<_> =
        pinned.settings.iter().filter_map(|one| parse(std::slice::from_ref(one)).ok()).flatten().collect();
    let parts = measured(&mut Models::default(), data, &settings);
    let ratio = |component: Option<&ComponentId>| work.relative_to(&work_before, component);
    Ok(ledger::check(pinned, &after.0.title, started, &ratio, &parts))
}
