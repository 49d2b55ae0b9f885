//! One answer from all models: which knobs a session can answer, and what they say of a set of settings.
//!
//! Used by `whatif` on the command line and by the window.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::beam_heap;
use super::budget;
use super::data::{ComponentData, SessionData};
use super::heap_limit;
use super::knob::{KNOBS, Knob, KnobValue, ModelId};
use super::prediction::{Confidence, Effort, Part};
use super::redundancy;
use super::requests;
use super::retention;
use super::scenario::{Place, Setting};
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
        ModelId::BeamHeap => missing_of_heaps(component),
        ModelId::HeapLimit if knob.path == "heap.gogc_percent" && !is_of_go(component) => {
            Some(format!("it has no heap of Go; it takes {needs}"))
        }
        ModelId::HeapLimit => (!has_sized_heap(component)).then(|| format!("it has no such heap; it takes {needs}")),
        // Without keys partitions still have a bound.
        ModelId::Queue | ModelId::Pool | ModelId::Partition => no_requests().or_else(|| {
            let served = requests.iter().any(|request| request.service_ns.is_some());
            (!served).then(|| {
                "its requests do not say how long they were served; add service_s, or start_s and end_s".to_owned()
            })
        }),
        ModelId::Cache => no_requests().or_else(|| {
            let keyed = requests.iter().any(|request| request.key.is_some());
            (!keyed).then(|| "its requests do not say what they were about; add a column key or key_hash".to_owned())
        }),
        ModelId::Balance => no_requests().or_else(|| {
            let known = requests.iter().any(|request| request.worker.is_some());
            (!known).then(|| "its requests do not say who served them; add a column worker".to_owned())
        }),
        ModelId::Retention => no_requests().or_else(|| {
            let told = requests.iter().any(|request| request.key.is_some() && request.operation.is_some());
            let sentence = "its requests do not say which item they wrote, read or deleted; add columns key and op";
            (!told).then(|| sentence.to_owned())
        }),
        ModelId::Redundancy => {
            (component.tables.is_empty()).then(|| format!("it has no tables; it takes {needs}, from a live node"))
        }
    }
}

fn missing_of_heaps(component: &ComponentData) -> Option<String> {
    let traced = component.heaps.iter().any(|heap| heap.events.iter().any(|event| event.beam.is_some()));
    let id = &component.id;
    let sentence =
        || format!("none of its collections were traced; record with --gc-trace {id}, or open a trace of them");
    (!traced).then(sentence)
}

/// Whether it has a heap of a Go program.
fn is_of_go(component: &ComponentData) -> bool {
    component.heaps.iter().any(|heap| heap.collector.as_deref() == Some("Go"))
}

/// Whether sizes of a whole heap are known, before and after collections, outside of a BEAM.
fn has_sized_heap(component: &ComponentData) -> bool {
    component.heaps.iter().any(|heap| heap.events.iter().any(|event| event.beam.is_none()))
}

/// Models that were prepared for a session; preparing takes longer than answering. Make new ones when the data change.
#[derive(Debug, Default)]
pub struct Models {
    /// By the component's number: each is fitted once.
    heaps: BTreeMap<usize, Arc<beam_heap::Component>>,
}

impl Models {
    /// The heaps of the components that the settings mean.
    fn beam_heap(&mut self, data: &SessionData, settings: &[Setting]) -> beam_heap::Model {
        let is_meant = |component: &ComponentData| settings.iter().any(|setting| setting.place.includes(&component.id));
        let meant = data.components.iter().enumerate().filter(|(_, it)| is_meant(it)).map(|(index, _)| index);
        let fitted = meant.collect::<Vec<_>>().into_iter().filter_map(|index| self.fitted(data, index)).collect();
        beam_heap::Model::of(data, fitted)
    }

    /// A component's heaps with their laws; `None` where none of its collections were traced.
    fn fitted(&mut self, data: &SessionData, index: usize) -> Option<Arc<beam_heap::Component>> {
        let component = data.components.get(index).filter(|component| missing_of_heaps(component).is_none())?;
        let new = || Arc::new(beam_heap::Component::new(component, data.otp_release));
        Some(self.heaps.entry(index).or_insert_with(new).clone())
    }

    /// Prepares one more component before anybody asks; false when there is none left.
    pub fn prepare_one(&mut self, data: &SessionData) -> bool {
        let next = (0..data.components.len())
            .find(|index| !self.heaps.contains_key(index) && missing_of_heaps(&data.components[*index]).is_none());
        next.is_some_and(|index| self.fitted(data, index).is_some())
    }
}

/// The models that share requests: settings of them work together, as one run.
const OF_REQUESTS: [ModelId; 5] = [ModelId::Queue, ModelId::Pool, ModelId::Partition, ModelId::Cache, ModelId::Balance];

/// What the settings together would have done: the answer of each model, for each component that is meant. A setting that nothing can
/// be said of is answered by a refusal with its reason.
///
/// `cancelled` is asked now and then; once it says yes, the answer may be incomplete and is not to be used.
pub fn predict(
    models: &mut Models,
    data: &SessionData,
    settings: &[Setting],
    effort: Effort,
    cancelled: &dyn Fn() -> bool,
) -> Vec<Part> {
    let of = |wanted: &dyn Fn(ModelId) -> bool| -> Vec<Setting> {
        settings.iter().filter(|setting| wanted(setting.knob.model)).cloned().collect()
    };
    let mut parts = Vec::new();
    let of_requests = of(&|model| OF_REQUESTS.contains(&model));
    if !of_requests.is_empty() {
        parts.extend(requests::predict(data, &of_requests, effort, cancelled));
    }
    let of_limit = of(&|model| model == ModelId::HeapLimit);
    if !of_limit.is_empty() {
        parts.extend(heap_limit::predict(data, &of_limit, effort, cancelled));
        parts.extend(budget::predict(data, &of_limit, effort, cancelled));
    }
    parts.extend(retention::predict(data, &of(&|model| model == ModelId::Retention), effort, cancelled));
    parts.extend(redundancy::predict(data, &of(&|model| model == ModelId::Redundancy), effort, cancelled));
    let of_heaps = of(&|model| model == ModelId::BeamHeap);
    if !of_heaps.is_empty() && !cancelled() {
        parts.extend(models.beam_heap(data, &of_heaps).predict(&of_heaps, effort, cancelled));
    }
    if cancelled() {
        return parts;
    }
    for setting in settings {
        let is_meant = |component: &Option<ComponentId>| match (&setting.place, component) {
            (Place::Component(id), Some(component)) => id == component,
            _ => true,
        };
        let family = family(setting.knob.model);
        if !parts.iter().any(|part| self::family(part.model) == family && is_meant(&part.component)) {
            parts.push(refusal(setting, data));
        }
    }
    parts
}

/// What a recording itself says of the outcomes that the settings would change, whether or not there is a prediction: the parts'
/// `baseline`s count, nothing else.
pub fn measured(models: &mut Models, data: &SessionData, settings: &[Setting]) -> Vec<Part> {
    let (of_heaps, others): (Vec<Setting>, Vec<Setting>) =
        settings.iter().cloned().partition(|setting| setting.knob.model == ModelId::BeamHeap);
    let mut parts = predict(models, data, &others, Effort::Full, &|| false);
    if !of_heaps.is_empty() {
        let model = models.beam_heap(data, &of_heaps);
        let components = 0..model.components().len();
        parts.extend(components.filter_map(|index| Some(model.predict_regardless(index, &of_heaps)?.0)));
        // The sum over all components comes with an answer only.
        let whole = model.predict(&of_heaps, Effort::Full, &|| false);
        parts.extend(whole.into_iter().filter(|part| part.component.is_none()));
    }
    parts
}

/// Models that answer together count as one.
fn family(model: ModelId) -> ModelId {
    if OF_REQUESTS.contains(&model) { ModelId::Queue } else { model }
}

fn refusal(setting: &Setting, data: &SessionData) -> Part {
    let knob = setting.knob;
    let component = match &setting.place {
        Place::Component(id) => data.components.iter().find(|component| component.id == *id),
        Place::All => None,
    };
    let reason = match component {
        _ if is_of_session(knob) => missing_of_session(knob, data),
        Some(component) => missing(knob, component),
        None if data.components.iter().all(|component| missing(knob, component).is_some()) => {
            Some(format!("no component has what it takes: {}", knob.needs))
        }
        None => None,
    };
    let needs = reason.is_some().then(|| knob.needs.to_owned());
    let reason = reason.unwrap_or_else(|| match knob.default {
        Some(default) if default == setting.value => "that is how it is anyway".to_owned(),
        _ => format!("its model has nothing to say of {} = {}", setting.path(), setting.value),
    });
    let id = component.map(|component| component.id.clone());
    Part::refused(id, knob.model, Confidence::refused(reason, needs))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::entity::EntityId;
    use crate::model::request::{Request, RequestOutcome};
    use crate::model::time::Timestamp;
    use crate::whatif::prediction::Grade;

    fn request(at: i64, key: Option<u64>) -> Request {
        Request {
            arrival: Timestamp(at),
            entity: EntityId(0),
            start: Some(Timestamp(at)),
            service_ns: Some(1_000_000),
            ready: None,
            key,
            operation: None,
            worker: None,
            reused: None,
            outcome: RequestOutcome::Ok,
        }
    }

    fn data(key: Option<u64>) -> SessionData {
        let requests = (0..200).map(|index| request(index * 2_000_000, key)).collect();
        let jobs = ComponentData { id: "jobs".into(), title: "Jobs".to_owned(), requests, ..Default::default() };
        let idle = ComponentData { id: "idle".into(), title: "Idle".to_owned(), ..Default::default() };
        SessionData { word_bytes: 8, components: vec![jobs, idle], ..Default::default() }
    }

    fn missing_of<'a>(available: &'a [Availability], path: &str, component: &str) -> Option<&'a str> {
        let found = available
            .iter()
            .find(|it| it.knob.path == path && it.component.as_ref().is_some_and(|id| id.as_str() == component));
        match &found.unwrap().answerable {
            Answerable::Yes => None,
            Answerable::Missing(missing) => Some(missing),
        }
    }

    #[test]
    fn what_is_missing_is_said_for_each_component() {
        let available = availability(&data(None));
        assert_eq!(missing_of(&available, "workers.count", "jobs"), None);
        assert!(missing_of(&available, "workers.count", "idle").unwrap().contains("request log"));
        assert!(missing_of(&available, "cache.entries", "jobs").unwrap().contains("column key"));
        assert!(missing_of(&available, "balance.route_below_percent", "jobs").unwrap().contains("column worker"));
        assert!(missing_of(&available, "gc.min_heap_words", "jobs").unwrap().contains("--gc-trace jobs"));
        assert_eq!(missing_of(&availability(&data(Some(1))), "cache.entries", "jobs"), None);
        assert!(availability(&SessionData::default()).iter().all(|it| it.answerable != Answerable::Yes));
    }

    #[test]
    fn every_setting_gets_an_answer_or_a_refusal() {
        let settings = ["jobs.workers.count=2", "idle.gc.fullsweep_after=5", "*.gc.min_heap_words=500"];
        let settings = settings.map(|text| Setting::parse(text).unwrap());
        let parts = predict(&mut Models::default(), &data(None), &settings, Effort::Full, &|| false);
        let refused = |model| parts.iter().filter(move |part| part.model == model && part.outcomes.is_empty());
        assert!(parts.iter().any(|part| part.model == ModelId::Queue), "{parts:?}");
        let idle = refused(ModelId::BeamHeap).next().unwrap();
        assert_eq!((idle.component.clone(), idle.confidence.grade), (Some("idle".into()), Grade::Refused));
        assert!(idle.confidence.needs.is_some());
    }
}
