//! What `whatif` tells, part by part: the public JSON format `vivarium.whatif/1`.
//!
//! Fields may be added, never renamed. A bound has one end only; the other is null.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::explore::{FrontierPart, TogetherPart, TornadoPart};
use super::goal::GoalPart;
use crate::model::unit::Unit;
use crate::whatif::code::ChangeAsCode;
use crate::whatif::combine::conflicts;
use crate::whatif::knob::KnobValue;
use crate::whatif::prediction::{Band, Confidence, Grade, Level, Outcome, Part};
use crate::whatif::scenario::Setting;

/// The name of the format.
pub const FORMAT: &str = "vivarium.whatif/1";

/// Everything.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub format: &'static str,
    #[serde(serialize_with = "by_path")]
    pub scenario: Vec<(String, KnobValue)>,
    pub outcomes: Vec<OutcomePart>,
    /// The worst of all parts.
    pub confidence: ConfidencePart,
    /// The same answer by component and model, each with its own confidence.
    pub parts: Vec<AnswerPart>,
    /// Of `--goal`: what was looked for; the rest is the answer at the best point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<GoalPart>,
    /// Of `--frontier`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontier: Option<FrontierPart>,
    /// Of `--tornado`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tornado: Option<TornadoPart>,
    /// Of several settings: what they do together, which is not the sum of what each does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub together: Vec<TogetherPart>,
    /// Settings that get into each other's way, and why.
    pub conflicts: Vec<String>,
    pub change_as_code: Vec<CodePart>,
}

#[derive(Debug, Serialize)]
pub struct AnswerPart {
    pub component: Option<String>,
    pub model: &'static str,
    pub confidence: ConfidencePart,
    pub notes: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct OutcomePart {
    pub metric: &'static str,
    pub component: Option<String>,
    pub baseline: Option<Baseline>,
    pub predicted: Predicted,
    pub model: &'static str,
}

/// A figure of the recording itself.
#[derive(Debug, Serialize)]
pub struct Baseline {
    pub value: f64,
    pub unit: Unit,
    pub provenance: &'static str,
    pub from: String,
}

#[derive(Debug, Serialize)]
pub struct Predicted {
    /// `None` of a bound.
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: Unit,
}

impl Predicted {
    /// A band; `is_point` unless only an end of it counts.
    pub fn of(band: Band, unit: Unit, is_point: bool) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self { value: finite(band.value).filter(|_| is_point), low: finite(band.low), high: finite(band.high), unit }
    }
}

#[derive(Debug, Serialize)]
pub struct ConfidencePart {
    pub grade: &'static str,
    pub level: Option<&'static str>,
    pub self_replay_error: BTreeMap<&'static str, f64>,
    pub reason: Option<String>,
    pub needs: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct CodePart {
    pub language: &'static str,
    pub text: String,
}

impl Answer {
    /// Puts together what the models say of `settings`, of what `source` measured.
    pub fn new(settings: &[Setting], parts: &[Part], code: Vec<ChangeAsCode>, source: &str) -> Self {
        let code = code.into_iter().map(|code| CodePart { language: code.language, text: code.text });
        Self {
            format: FORMAT,
            scenario: settings.iter().map(|setting| (setting.path(), setting.value)).collect(),
            outcomes: parts
                .iter()
                .flat_map(|part| part.outcomes.iter().map(move |outcome| (outcome, part.confidence.grade)))
                .map(|(outcome, grade)| outcome_part(outcome, grade, source))
                .collect(),
            confidence: worst(parts.iter().map(|part| &part.confidence)),
            parts: parts.iter().map(answer_part).collect(),
            goal: None,
            frontier: None,
            tornado: None,
            together: Vec::new(),
            conflicts: conflicts(settings).into_iter().map(|conflict| conflict.reason).collect(),
            change_as_code: code.collect(),
        }
    }
}

/// As JSON, with a line break behind.
pub fn json(answer: &Answer) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(answer)? + "\n")
}

fn outcome_part(outcome: &Outcome, grade: Grade, source: &str) -> OutcomePart {
    let finite = |value: f64| value.is_finite().then_some(value);
    let band = outcome.predicted;
    let is_point = grade != Grade::Bound || (band.low.is_finite() && band.high.is_finite());
    OutcomePart {
        metric: outcome.metric,
        component: outcome.component.as_ref().map(ToString::to_string),
        baseline: outcome.baseline.and_then(finite).map(|value| Baseline {
            value,
            unit: outcome.unit,
            provenance: "measured",
            from: source.to_owned(),
        }),
        predicted: Predicted::of(band, outcome.unit, is_point),
        model: outcome.model.word(),
    }
}

fn answer_part(part: &Part) -> AnswerPart {
    AnswerPart {
        component: part.component.as_ref().map(ToString::to_string),
        model: part.model.word(),
        confidence: worst([&part.confidence].into_iter()),
        notes: part.notes.clone(),
    }
}

/// The least that all of them can be trusted.
fn worst<'a>(all: impl Iterator<Item = &'a Confidence>) -> ConfidencePart {
    let all: Vec<&Confidence> = all.collect();
    let grade = all.iter().map(|confidence| confidence.grade).max().unwrap_or(Grade::Refused);
    let levels: Option<Vec<Level>> = all.iter().map(|confidence| confidence.level).collect();
    let mut errors: BTreeMap<&'static str, f64> = BTreeMap::new();
    for &(metric, error) in all.iter().flat_map(|confidence| &confidence.self_replay_error) {
        let known = errors.entry(metric).or_insert(error);
        if error.abs() > known.abs() {
            *known = error;
        }
    }
    let join = |sentences: Vec<&String>| {
        let mut distinct: Vec<&str> = Vec::new();
        for sentence in sentences {
            if !distinct.contains(&sentence.as_str()) {
                distinct.push(sentence);
            }
        }
        (!distinct.is_empty()).then(|| distinct.join("; "))
    };
    ConfidencePart {
        grade: grade.word(),
        level: levels.and_then(|levels| levels.into_iter().max()).map(Level::word),
        self_replay_error: errors,
        reason: join(all.iter().filter_map(|confidence| confidence.reason.as_ref()).collect()),
        needs: join(all.iter().filter_map(|confidence| confidence.needs.as_ref()).collect()),
    }
}

fn by_path<S: Serializer>(settings: &[(String, KnobValue)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(settings.iter().map(|(path, value)| (path, value_json(*value))))
}

/// A setting's value; whole numbers are written as such.
pub fn value_json(value: KnobValue) -> serde_json::Value {
    match value {
        KnobValue::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => serde_json::json!(number as i64),
        KnobValue::Number(number) => serde_json::json!(number),
        KnobValue::Unlimited => serde_json::json!("none"),
        KnobValue::Word(word) => serde_json::json!(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whatif::knob::ModelId;

    fn part(component: &str, grade: Grade, level: Option<Level>, error: f64, band: Band) -> Part {
        let confidence = Confidence {
            grade,
            level,
            self_replay_error: vec![("gc.count", error)],
            reason: Some(format!("because of {component}")),
            needs: None,
        };
        let outcome = Outcome {
            metric: "gc.count",
            unit: Unit::COUNT,
            component: Some(component.into()),
            baseline: Some(10.0),
            predicted: band,
            model: ModelId::BeamHeap,
        };
        Part {
            outcomes: vec![outcome],
            notes: vec!["a note".to_owned()],
            ..Part::refused(Some(component.into()), ModelId::BeamHeap, confidence)
        }
    }

    #[test]
    fn the_whole_is_trusted_no_more_than_its_worst_part() {
        let settings =
            [Setting::parse("*.gc.fullsweep_after=20").unwrap(), Setting::parse("a.gc.hibernate=no").unwrap()];
        let bound = Band { value: 4.0, low: f64::NEG_INFINITY, high: 5.0 };
        let parts = [
            part("a", Grade::Replayed, Some(Level::High), 0.01, Band { value: 8.0, low: 7.0, high: 9.0 }),
            part("b", Grade::Bound, Some(Level::Low), -0.1, bound),
        ];
        let answer = serde_json::to_value(Answer::new(&settings, &parts, Vec::new(), "beam:x@y")).unwrap();
        assert_eq!(answer["format"], "vivarium.whatif/1");
        assert_eq!(answer["scenario"], serde_json::json!({"*.gc.fullsweep_after": 20, "a.gc.hibernate": "no"}));
        assert_eq!(answer["confidence"]["grade"], "bound");
        assert_eq!(answer["confidence"]["level"], "low");
        assert_eq!(answer["confidence"]["self_replay_error"]["gc.count"], -0.1);
        assert_eq!(answer["confidence"]["reason"], "because of a; because of b");
        assert_eq!(answer["outcomes"][0]["predicted"]["low"], 7.0);
        assert_eq!(answer["outcomes"][0]["baseline"]["from"], "beam:x@y");
        assert!(answer["outcomes"][1]["predicted"]["value"].is_null(), "a bound is no point");
        assert!(answer["outcomes"][1]["predicted"]["low"].is_null());
        assert_eq!(answer["outcomes"][1]["predicted"]["high"], 5.0);
        assert_eq!(answer["parts"][1]["confidence"]["grade"], "bound");
        assert_eq!(answer["parts"][0]["notes"][0], "a note");
    }
}
