//! Traces of the harness as data of the models.

use std::collections::BTreeMap;
use std::path::Path;

use vivarium::model::entity::{EntityId, EntityKind};
use vivarium::model::gc::TracingChange;
use vivarium::model::time::Timestamp;
use vivarium::source::import::gc_text::GcText;
use vivarium::source::{Source, StopSignal};
use vivarium::whatif::data::{ComponentData, SessionData, TracedHeap};

/// Reads one trace as a session with one component.
pub fn read(path: &Path) -> Result<SessionData, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut source = GcText::new(std::io::BufReader::new(file), &name, &name, Timestamp(0));
    let mut heaps: BTreeMap<EntityId, TracedHeap> = BTreeMap::new();
    let mut otp_release = None;
    let stop = StopSignal::default();
    while let Some(batch) = source.next_batch(&stop).map_err(|error| error.to_string())? {
        for entity in &batch.appeared {
            match entity.kind {
                EntityKind::BeamProcess => {
                    let heap = TracedHeap {
                        entity: entity.id,
                        name: entity.name.clone(),
                        collector: None,
                        settings: None,
                        from: entity.started.unwrap_or_default(),
                        to: Timestamp::default(),
                        end: None,
                        events: Vec::new(),
                    };
                    heaps.insert(entity.id, heap);
                }
                _ => otp_release = entity.attributes.get("release").and_then(|release| release.parse().ok()),
            }
        }
        for tracing in &batch.gc_tracing {
            if let Some(heap) = heaps.get_mut(&tracing.entity) {
                match tracing.change {
                    TracingChange::Began(settings) => (heap.settings, heap.from) = (settings, tracing.at),
                    TracingChange::Ended(end) => (heap.end, heap.to) = (Some(end), tracing.at),
                }
            }
        }
        for event in batch.gc_events {
            if let Some(heap) = heaps.get_mut(&event.entity) {
                heap.from = heap.from.min(event.at);
                heap.events.push(event);
            }
        }
    }
    let component = ComponentData {
        id: "traced".into(),
        title: name,
        heaps: heaps.into_values().collect(),
        ..ComponentData::default()
    };
    Ok(SessionData { word_bytes: 8, otp_release, components: vec![component], ..SessionData::default() })
}
