//! How long items are kept: what memory they hold, and how often one would be asked for after it is gone.
//!
//! Items are the keys of requests whose operation writes, reads or deletes. What nobody deleted while it was recorded is censored, so lives
//! come from Kaplan & Meier's estimate (1958), not from a mean.

use std::collections::HashMap;

use crate::analysis::stats::proportion;
use crate::model::request::Request;
use crate::model::unit::Unit;

use super::data::{ComponentData, SessionData};
use super::knob::{KnobValue, ModelId};
use super::prediction::{Band, Confidence, Effort, Grade, Level, Outcome, Part};
use super::scenario::Setting;

/// With fewer items shares are too coarse.
const FEWEST: usize = 50;

/// One item: when it was written and, where known, deleted; seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Written.
    pub born_s: f64,
    /// Deleted; `None`: it still lived at the end.
    pub died_s: Option<f64>,
}

/// What was recorded of the items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Items {
    /// All that were written.
    pub items: Vec<Item>,
    /// Age at each read, in seconds.
    pub read_ages_s: Vec<f64>,
    /// Seconds recorded.
    pub span_s: f64,
}

impl Items {
    /// Reads them off requests with keys: `write`, `put`, `insert`, … begin a life, `delete` and `remove` end one, others read.
    pub fn of(requests: &[Request]) -> Self {
        let mut found = Self::default();
        let Some(zero) = requests.first().map(|request| request.arrival) else { return found };
        let mut living: HashMap<u64, usize> = HashMap::new();
        for request in requests {
            let (Some(key), Some(operation)) = (request.key, request.operation.as_deref()) else { continue };
            let now = request.arrival.seconds_since(zero);
            found.span_s = found.span_s.max(now);
            match operation.to_ascii_lowercase().as_str() {
                "write" | "put" | "insert" | "set" | "create" | "update" => {
                    if let Some(before) = living.insert(key, found.items.len()) {
                        found.items[before].died_s = Some(now);
                    }
                    found.items.push(Item { born_s: now, died_s: None });
                }
                "delete" | "remove" => {
                    if let Some(item) = living.remove(&key) {
                        found.items[item].died_s = Some(now);
                    }
                }
                _ => {
                    if let Some(item) = living.get(&key) {
                        found.read_ages_s.push(now - found.items[*item].born_s);
                    }
                }
            }
        }
        found
    }

    /// Items held at a moment, when none is kept longer than `retention_s`.
    pub fn held_at(&self, at_s: f64, retention_s: f64) -> usize {
        let is_held = |item: &&Item| {
            let end = item.died_s.unwrap_or(f64::INFINITY).min(item.born_s + retention_s);
            item.born_s <= at_s && at_s < end
        };
        self.items.iter().filter(is_held).count()
    }

    /// The most items held at once.
    pub fn peak(&self, retention_s: f64) -> usize {
        let ends =
            self.items.iter().map(|item| (item.died_s.unwrap_or(f64::INFINITY).min(item.born_s + retention_s), -1));
        let mut moments: Vec<(f64, i64)> = self.items.iter().map(|item| (item.born_s, 1)).chain(ends).collect();
        moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut now = 0;
        let counts = moments.into_iter().filter(|(at, _)| *at <= self.span_s).map(|(_, change)| {
            now += change;
            now
        });
        counts.max().unwrap_or(0).max(0) as usize
    }

    /// Mean life up to an age, by Kaplan & Meier, and whether lives beyond that age were seen.
    pub fn mean_life_s(&self, retention_s: f64) -> (f64, bool) {
        let mut lives: Vec<(f64, bool)> = self
            .items
            .iter()
            .map(|item| (item.died_s.unwrap_or(self.span_s) - item.born_s, item.died_s.is_some()))
            .collect();
        lives.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        let (mut alive, mut survival, mut area, mut last) = (lives.len() as f64, 1.0, 0.0, 0.0);
        for (life, is_death) in lives {
            if life >= retention_s {
                return (area + survival * (retention_s - last), true);
            }
            area += survival * (life - last);
            last = life;
            if is_death {
                survival *= 1.0 - 1.0 / alive;
            }
            alive -= 1.0;
        }
        (area + survival * (retention_s.min(1e12) - last), survival <= 1e-9)
    }
}

/// Answers `state.retention_s`.
pub fn predict(data: &SessionData, settings: &[Setting], _effort: Effort, cancelled: &dyn Fn() -> bool) -> Vec<Part> {
    let mut parts = Vec::new();
    for component in &data.components {
        let wanted = settings.iter().filter(|s| s.knob.path == "state.retention_s" && s.place.includes(&component.id));
        let Some(value) = wanted.map(|setting| setting.value).next_back() else { continue };
        if cancelled() {
            return Vec::new();
        }
        let retention_s = if let KnobValue::Number(seconds) = value { seconds } else { f64::INFINITY };
        parts.push(answer(component, retention_s));
    }
    parts
}

fn answer(component: &ComponentData, retention_s: f64) -> Part {
    let items = Items::of(&component.requests);
    let mut part = Part::refused(Some(component.id.clone()), ModelId::Retention, Confidence::refused("", None));
    if items.items.len() < FEWEST {
        let reason = format!("Only {} items of {} were seen being written.", items.items.len(), component.title);
        let needs = "A request log with key and op (write, read, delete), over several times the period in question.";
        part.confidence = Confidence::refused(reason, Some(needs.to_owned()));
        return part;
    }
    let is_inside = retention_s <= items.span_s || retention_s.is_infinite();
    let is_seen = items.mean_life_s(retention_s).1;
    let grade = if is_inside && (is_seen || retention_s <= items.span_s) { Grade::Replayed } else { Grade::Bound };
    part.confidence = Confidence {
        grade,
        level: Some(if grade == Grade::Bound { Level::Low } else { Level::High }),
        self_replay_error: Vec::new(),
        reason: (grade == Grade::Bound).then(|| {
            String::from("The period is longer than the recording, so how many items live that long is unknown.")
        }),
        needs: (grade == Grade::Bound).then(|| String::from("A recording that is longer than the period.")),
    };
    let mut add = |metric, unit, baseline, predicted| {
        let component = part.component.clone();
        part.outcomes.push(Outcome { metric, unit, component, baseline, predicted, model: ModelId::Retention });
    };
    let (before, after) = (items.peak(f64::INFINITY) as f64, items.peak(retention_s) as f64);
    let held = if grade == Grade::Bound {
        // At least what was seen; at most everything written for so long stays.
        let most = items.items.len() as f64 / items.span_s.max(1e-9) * retention_s;
        Band { value: after, low: after, high: most.max(after) }
    } else {
        Band::exact(after)
    };
    add("items.peak", Unit::COUNT, Some(before), held);
    if let [table] = component.tables.as_slice()
        && let Some((_, rows, bytes)) = table.sizes.iter().rev().find(|(_, rows, _)| *rows > 0.0)
    {
        let each = bytes / rows;
        let bytes = Band { value: held.value * each, low: held.low * each, high: held.high * each };
        add("memory.peak_bytes", Unit::BYTES, Some(before * each), bytes);
    } else {
        part.notes.push(String::from(
            "How large an item is was not recorded (a table of the component would tell), so items are counted.",
        ));
    }
    let reads = items.read_ages_s.len();
    let is_told = retention_s <= items.span_s / 2.0 || retention_s.is_infinite();
    if reads >= FEWEST && is_told {
        let late = items.read_ages_s.iter().filter(|age| **age > retention_s).count();
        let (low, high) = proportion::wilson(late as u64, reads as u64, 1.2816);
        let component = part.component.clone();
        let predicted = Band { value: late as f64 / reads as f64, low, high };
        part.outcomes.push(Outcome {
            metric: "miss_share",
            unit: Unit::RATIO,
            component,
            baseline: Some(0.0),
            predicted,
            model: ModelId::Retention,
        });
    } else {
        part.notes.push(String::from(if is_told {
            "Too few reads were recorded to tell how often an item would be missed."
        } else {
            "How often an item would be missed is told for periods up to half of the recording."
        }));
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::stats::random::Random;
    use crate::model::entity::EntityId;
    use crate::model::request::RequestOutcome;
    use crate::model::time::Timestamp;

    fn request(at_s: f64, key: u64, operation: &str) -> Request {
        Request {
            arrival: Timestamp(0).plus_seconds(at_s),
            entity: EntityId(1),
            start: None,
            service_ns: None,
            ready: None,
            key: Some(key),
            operation: Some(operation.to_owned()),
            worker: None,
            reused: None,
            outcome: RequestOutcome::Ok,
        }
    }

    /// Ten items a second for 1000 s, read once at an exponential age of 20 s on average, never deleted.
    fn log() -> Vec<Request> {
        let mut random = Random::new(50);
        let mut requests = Vec::new();
        for number in 0..10_000 {
            let born = number as f64 / 10.0;
            requests.push(request(born, number, "write"));
            requests.push(request(born + 20.0 * random.exponential(), number, "read"));
        }
        requests.sort_by_key(|request| request.arrival);
        requests
    }

    fn ask(retention: &str) -> Part {
        let component = ComponentData { id: "archive".into(), requests: log(), ..ComponentData::default() };
        let data = SessionData { components: vec![component], ..SessionData::default() };
        let settings = [Setting::parse(&format!("archive.state.retention_s={retention}")).unwrap()];
        predict(&data, &settings, Effort::Full, &|| false).remove(0)
    }

    fn figure(part: &Part, metric: &str) -> Band {
        part.outcomes.iter().find(|outcome| outcome.metric == metric).unwrap_or_else(|| panic!("{part:?}")).predicted
    }

    #[test]
    fn shorter_keeping_holds_less_and_misses_more() {
        let part = ask("40");
        assert!((figure(&part, "items.peak").value - 400.0).abs() <= 1.0);
        let missed = figure(&part, "miss_share");
        let truth = (-2.0_f64).exp();
        assert!((missed.value - truth).abs() < 0.01 && missed.low < truth && truth < missed.high, "{missed:?}");
        assert!(figure(&ask("80"), "miss_share").value < missed.value);
    }

    #[test]
    fn longer_than_the_recording_is_a_limit_without_misses() {
        let part = ask("5000");
        assert_eq!(part.confidence.grade, Grade::Bound);
        assert!(figure(&part, "items.peak").high >= 40_000.0);
        assert!(part.outcomes.iter().all(|outcome| outcome.metric != "miss_share"));
        assert!(
            ask("700").outcomes.iter().all(|outcome| outcome.metric != "miss_share"),
            "beyond half of the recording"
        );
    }

    #[test]
    fn lives_that_had_no_time_to_end_count_for_what_was_seen() {
        let item = |born_s: f64, died_s: Option<f64>| Item { born_s, died_s };
        let items = Items {
            items: vec![item(0.0, Some(10.0)), item(0.0, None), item(95.0, None)],
            span_s: 100.0,
            ..Items::default()
        };
        // Two of three reach 5 s; of the two at 10 s one dies: 10 + 0.5 · 40.
        let (life, is_seen) = items.mean_life_s(50.0);
        assert!((life - 30.0).abs() < 1e-9 && is_seen);
        assert_eq!(items.held_at(20.0, f64::INFINITY), 1);
    }
}
