//! One answer from all models: which knobs a session can answer, and what they say of a set of settings.
//!
//! Used by `whatif` on the command line and by the window.

use std::collections::BTreeMap;

use super::data::{ComponentData, SessionData};
use super::knob::{KNOBS, Knob, KnobValue, ModelId};
use super::prediction::{Confidence, Effort, Part};
use super::scenario::Setting;
use crate::model::gc::HeapSettings;
use crate::model::id::ComponentId;

/// Whether a knob of a component can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answerable {
    /// Yes.
    Yes,
    /// No: what is missing, as a sentence that says how to record it.
    Missing(String),
}

/// One knob of one component.
#[derive(Clone, Debug, PartialEq)]
pub struct Availability {
    /// Which.
    pub knob: &'static Knob,
    /// Of which component; `None` of knobs of the whole session.
    pub component: Option<ComponentId>,
    /// What was recorded, where all of its heaps had the same.
    pub present: Option<KnobValue>,
    /// Whether it can be answered.
    pub answerable: Answerable,
}

/// Every knob of every component; of a session without components each knob once.
pub fn availability(data: &SessionData) -> Vec<Availability> {
    let mut all = Vec::new();
    for knob in KNOBS {
        if is_of_session(knob) || data.components.is_empty() {
            let answerable = match missing_of_session(knob, data) {
                Some(missing) => Answerable::Missing(missing),
                None => Answerable::Yes,
            };
            all.push(Availability { knob, component: None, present: None, answerable });
            continue;
        }
        for component in &data.components {
            let answerable = match missing(knob, component) {
                Some(missing) => Answerable::Missing(missing),
                None => Answerable::Yes,
            };
            let present = present(knob, component);
            all.push(Availability { knob, component: Some(component.id.clone()), present, answerable });
        }
    }
    all
}

/// What the heaps of a component were set to; `None` where they differ or nobody asked.
fn present(knob: &Knob, component: &ComponentData) -> Option<KnobValue> {
    let of = |settings: &HeapSettings| {
        Some(match knob.path {
            "gc.fullsweep_after" => KnobValue::Number(settings.fullsweep_after as f64),
            "gc.min_heap_words" => KnobValue::Number(settings.min_heap_words as f64),
            "gc.min_bin_vheap_words" => KnobValue::Number(settings.min_bin_vheap_words as f64),
            "gc.max_heap_words" if settings.max_heap_words == 0 => KnobValue::Unlimited,
            "gc.max_heap_words" => KnobValue::Number(settings.max_heap_words as f64),
            "gc.message_queue_data" if settings.off_heap_queue => KnobValue::Word("off_heap"),
            "gc.message_queue_data" => KnobValue::Word("on_heap"),
            _ => return None,
        })
    };
    let mut values = component.heaps.iter().filter_map(|heap| of(heap.settings.as_ref()?));
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// Whether the knob is about all heaps together.
fn is_of_session(knob: &Knob) -> bool {
    knob.path == "heap.budget_bytes"
}

fn missing_of_session(knob: &Knob, data: &SessionData) -> Option<String> {
    if is_of_session(knob) {
        let heaps = data.components.iter().filter(|component| has_sized_heap(component)).count();
        let sentence = || format!("the session has {heaps} such heaps, and it takes {}", knob.needs);
        return (heaps < 2).then(sentence);
    }
    Some(format!("nothing was measured; it takes {}", knob.needs))
}

/// What is missing for a knob of a component, and how to record it.
fn missing(knob: &Knob, component: &ComponentData) -> Option<String> {
    let requests = &component.requests;
    let needs = knob.needs;
    let no_requests = || requests.is_empty().then(|| format!("none of its requests were recorded; it takes {needs}"));
    match knob.model {
        ModelId::BeamHeap => {
            let traced = component.heaps.iter().any(|heap| heap.events.iter().any(|event| event.beam.is_some()));
            let id = &component.id;
            let sentence =
                || format!("none of its collections were traced; record with --gc-trace {id}, or open a trace of them");
            (!traced).then(sentence)
        }
        ModelId::HeapLimit => (!has_sized_heap(component)).then(|| format!("it has no such heap; it takes {needs}")),
        ModelId::Queue | ModelId::Pool => no_requests().or_else(|| {
            let served = requests.iter().any(|request| request.service_ns.is_some());
            (!served).then(|| {
                "its requests do not say how long they were served; add service_s, or start_s and end_s".to_owned()
            })
        }),
        ModelId::Partition | ModelId::Cache => no_requests().or_else(|| {
            let keyed = requests.iter().any(|request| request.key.is_some());
            (!keyed).then(|| "its requests do not say what they were about; add a column key or key_hash".to_owned())
        }),
        ModelId::Balance => no_requests().or_else(|| {
            let known = requests.iter().any(|request| request.worker.is_some());
            (!known).then(|| "its requests do not say who served them; add a column worker".to_owned())
        }),
        ModelId::Retention => Some(format!("it takes {needs}, and no source delivers these yet")),
        ModelId::Redundancy => {
            (component.tables.is_empty()).then(|| format!("it has no tables; it takes {needs}, from a live node"))
        }
    }
}

/// Whether sizes of a whole heap are known, before and after collections, outside of a BEAM.
fn has_sized_heap(component: &ComponentData) -> bool {
    component.heaps.iter().any(|heap| heap.events.iter().any(|event| event.beam.is_none()))
}

/// Models that were prepared for a session; preparing takes longer than answering.
#[derive(Default)]
pub struct Models {}

/// What the settings together would have done: the answer of each model, for each component.
///
/// `cancelled` is asked now and then; once it says yes, the answer may be incomplete and is not to be used.
pub fn predict(
    models: &mut Models,
    data: &SessionData,
    settings: &[Setting],
    effort: Effort,
    cancelled: &dyn Fn() -> bool,
) -> Vec<Part> {
    let mut by_model: BTreeMap<ModelId, Vec<Setting>> = BTreeMap::new();
    for setting in settings {
        by_model.entry(setting.knob.model).or_default().push(setting.clone());
    }
    let mut parts = Vec::new();
    for (model, settings) in by_model {
        if cancelled() {
            break;
        }
        let _ = (&models, effort, &settings, &data);
        let reason = "its model is not part of this version";
        parts.push(Part::refused(None, model, Confidence::refused(reason, None)));
    }
    parts
}
