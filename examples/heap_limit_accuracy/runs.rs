//! One recorded run, and the figures that do not depend on how fast the machine happened to be: per GiB that the program allocated.

use std::path::Path;

use vivarium::model::gc::GcEvent;
use vivarium::session::open::open_path;
use vivarium::session::whatif::gather;
use vivarium::whatif::data::SessionData;
use vivarium::whatif::heap_limit::after_start_up;

const GIB: f64 = 1_073_741_824.0;

pub struct Run {
    pub data: SessionData,
    pub count_per_gib: f64,
    pub pause_per_gib: f64,
    /// Processor time of collecting as a share of what there was.
    pub cpu_share: f64,
    pub live_bytes: f64,
}

impl Run {
    pub fn read(path: &Path) -> Result<Self, String> {
        let told = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let session = open_path(path).map_err(|error| told(&error))?;
        let recording = session.recording.as_ref().ok_or_else(|| told(&"there is nothing in it"))?;
        let data = gather(recording, Some(&session.document), None).map_err(|error| told(&error))?;
        let heap = data.components.iter().flat_map(|component| &component.heaps).next();
        let heap = heap.ok_or_else(|| told(&"there is no heap in it"))?;
        let all: Vec<&GcEvent> = heap.events.iter().filter(|event| event.kind.is_collection()).collect();
        // The same part is left out of predictions.
        let collections = after_start_up(&all);
        let (Some(first), Some(last)) = (collections.first(), collections.last()) else {
            return Err(told(&"there is no collection in it"));
        };
        let between = collections.windows(2);
        let allocated: f64 = between.map(|pair| pair[1].before_words.saturating_sub(pair[0].after_words) as f64).sum();
        let gib = (allocated / GIB).max(1e-9);
        let in_span = |event: &&GcEvent| event.at > first.at && event.at <= last.at;
        let pauses = heap.events.iter().filter(in_span).filter(|event| event.is_pause());
        let cpu_ns: u64 = collections[1..].iter().filter_map(|event| event.logged).map(|logged| logged.user_ns).sum();
        let span_s = last.at.seconds_since(first.at).max(1e-9);
        let after = collections.iter().map(|event| event.after_words).min().unwrap_or(0);
        let run = Self {
            count_per_gib: (collections.len() - 1) as f64 / gib,
            pause_per_gib: pauses.map(|event| event.pause_ns as f64 / 1e9).sum::<f64>() / gib,
            cpu_share: cpu_ns as f64 / 1e9 / span_s / data.cores.unwrap_or(1.0),
            live_bytes: after as f64,
            data: SessionData::default(),
        };
        Ok(Self { data, ..run })
    }
}
