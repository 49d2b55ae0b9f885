//! What views need to know, asked as values, and the answers that have arrived.
//!
//! A question is answered in the background by `session::prepare`; its answer carries it, so that stale ones are dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Selection, State, ViewId, detail};
use crate::analysis::findings::Findings;
use crate::analysis::heat_map::HeatMap;
use crate::analysis::landscape::{Landscape, part_metric};
use crate::analysis::layers::Layers;
use crate::analysis::lines::Lines;
use crate::analysis::map_layout::MapLayout;
use crate::analysis::overview::Overview;
use crate::analysis::status::Status;
use crate::analysis::vitals::Vital;
use crate::model::id::ComponentId;
use crate::model::metric::{CPU_CORES, MetricKey};
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};

/// Something that a view needs to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Question {
    /// The whole session at a glance.
    Overview,
    /// The figures at the head of the window, and the status of components.
    Vitals {
        /// At which moment; `None` for stated figures.
        at: Option<Timestamp>,
    },
    /// Where memory is.
    Landscape {
        /// At which moment; `None` for stated figures.
        at: Option<Timestamp>,
    },
    /// A metric of all components, stacked over time.
    Layers {
        /// Which metric.
        metric: MetricKey,
        /// Over which time.
        range: TimeRange,
        /// In how wide columns.
        width_ns: i64,
    },
    /// Components × time.
    HeatMap {
        /// Which metric.
        metric: MetricKey,
        /// Over which time.
        range: TimeRange,
        /// In how wide columns.
        width_ns: i64,
    },
    /// A metric of the selection and its members, over time.
    Lines {
        /// Whose.
        about: Option<Selection>,
        /// Which metric.
        metric: MetricKey,
        /// Over which time.
        range: TimeRange,
        /// In how wide columns.
        width_ns: i64,
    },
    /// Where the boxes of the map lie.
    MapLayout,
    /// What somebody should know.
    Findings {
        /// Over which time.
        range: TimeRange,
    },
}

/// What a question is about, whatever its details: one answer of each topic is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// See [`Question::Overview`].
    Overview,
    /// See [`Question::Vitals`].
    Vitals,
    /// See [`Question::Landscape`].
    Landscape,
    /// See [`Question::Layers`].
    Layers,
    /// See [`Question::HeatMap`].
    HeatMap,
    /// See [`Question::Lines`].
    Lines,
    /// See [`Question::MapLayout`].
    MapLayout,
    /// See [`Question::Findings`].
    Findings,
}

impl Question {
    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Question::Overview => Topic::Overview,
            Question::Vitals { .. } => Topic::Vitals,
            Question::Landscape { .. } => Topic::Landscape,
            Question::Layers { .. } => Topic::Layers,
            Question::HeatMap { .. } => Topic::HeatMap,
            Question::Lines { .. } => Topic::Lines,
            Question::MapLayout => Topic::MapLayout,
            Question::Findings { .. } => Topic::Findings,
        }
    }

    /// Whether its answer changes when a recording grows.
    pub fn depends_on_data(&self) -> bool {
        // The range of findings says by itself which data they are about.
        !matches!(self, Question::MapLayout | Question::Findings { .. })
    }
}

/// A question's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// See [`Question::Overview`].
    Overview(Overview),
    /// See [`Question::Vitals`].
    Vitals(Vec<Vital>, BTreeMap<ComponentId, Status>),
    /// See [`Question::Landscape`]; `None` if nothing is known.
    Landscape(Option<Landscape>),
    /// See [`Question::Layers`].
    Layers(Layers),
    /// See [`Question::HeatMap`].
    HeatMap(HeatMap),
    /// See [`Question::Lines`].
    Lines(Lines),
    /// See [`Question::MapLayout`].
    MapLayout(MapLayout),
    /// See [`Question::Findings`].
    Findings(Findings),
}

/// A question as it was sent: of which session and of which state of its data.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// Which state of the data: counts up when the session or its data change.
    pub data_version: u64,
}

/// The answers that have arrived, the last of each topic, kept while a newer one is on its way.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The whole session at a glance.
    pub overview: Option<Arc<Overview>>,
    /// Figures at the head of the window.
    pub vitals: Arc<Vec<Vital>>,
    /// Where memory is.
    pub landscape: Option<Arc<Landscape>>,
    /// Memory of components over time.
    pub layers: Option<Arc<Layers>>,
    /// CPU of components over time.
    pub heat_map: Option<Arc<HeatMap>>,
    /// The selection over time.
    pub lines: Option<Arc<Lines>>,
    /// Where the boxes of the map lie.
    pub map_layout: Option<Arc<MapLayout>>,
    /// What somebody should know.
    pub findings: Option<Arc<Findings>>,
    /// The question that each kept answer answers.
    pub answered: BTreeMap<Topic, Asked>,
    /// What is on its way.
    pub pending: BTreeMap<Topic, Asked>,
    /// Why an answer could not be had.
    pub failed: BTreeMap<Topic, String>,
}

impl Answers {
    /// Keeps an answer.
    pub fn take(&mut self, asked: Asked, answer: Answer) {
        let topic = asked.question.topic();
        match answer {
            Answer::Overview(overview) => self.overview = Some(Arc::new(overview)),
            Answer::Vitals(vitals, _) => self.vitals = Arc::new(vitals),
            Answer::Landscape(landscape) => self.landscape = landscape.map(Arc::new),
            Answer::Layers(layers) => self.layers = Some(Arc::new(layers)),
            Answer::HeatMap(heat_map) => self.heat_map = Some(Arc::new(heat_map)),
            Answer::Lines(lines) => self.lines = Some(Arc::new(lines)),
            Answer::MapLayout(layout) => self.map_layout = Some(Arc::new(layout)),
            Answer::Findings(findings) => self.findings = Some(Arc::new(findings)),
        }
        self.failed.remove(&topic);
        self.answered.insert(topic, asked);
    }

    /// Whether an answer on this topic is on its way.
    pub fn is_pending(&self, topic: Topic) -> bool {
        self.pending.contains_key(&topic)
    }
}

/// Everything that the window in this state needs to know.
pub fn wanted(state: &State) -> Vec<Question> {
    let Some(session) = &state.session else { return Vec::new() };
    let cursor = state.cursor();
    let mut questions = vec![Question::Vitals { at: cursor }];
    let Some(span) = state.measured_span() else {
        match state.view {
            ViewId::Map => questions.push(Question::MapLayout),
            ViewId::Memory => questions.push(Question::Landscape { at: None }),
            ViewId::Cpu | ViewId::Roadmap => {}
        }
        return questions;
    };
    questions.push(Question::Overview);
    questions.push(Question::Findings { range: settled(span, state.is_live()) });
    let width_ns = detail::width_ns(state.range);
    let range = detail::fetch_range(state.range, span, width_ns);
    let about = state.selection.clone();
    match state.view {
        ViewId::Map => questions.push(Question::MapLayout),
        ViewId::Memory => {
            questions.push(Question::Landscape { at: cursor });
            questions.push(Question::Layers { metric: part_metric(&session.entities), range, width_ns });
        }
        ViewId::Cpu => {
            questions.push(Question::HeatMap { metric: CPU_CORES, range, width_ns });
            questions.push(Question::Lines { about, metric: CPU_CORES, range, width_ns });
        }
        ViewId::Roadmap => {}
    }
    questions
}

/// The time that findings are looked for in: all of it, but of a live session only full steps of ten seconds or about a twentieth, so
/// that what takes long is not asked anew with every value that comes in.
fn settled(span: TimeRange, is_live: bool) -> TimeRange {
    let length_s = (span.length_ns() / NS_PER_S).max(0).unsigned_abs();
    let step_s = 10 * (length_s / 200).next_power_of_two();
    if !is_live || length_s < step_s {
        return span;
    }
    let steps_s = length_s / step_s * step_s;
    TimeRange::new(span.from, span.from.plus_ns(steps_s as i64 * NS_PER_S))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_a_live_session_are_asked_anew_in_steps() {
        let span = |seconds: i64| TimeRange::new(Timestamp(0), Timestamp(seconds * NS_PER_S));
        assert_eq!(settled(span(125), false), span(125));
        assert_eq!(settled(span(125), true), span(120));
        assert_eq!(settled(span(5), true), span(5));
        let asked: std::collections::BTreeSet<i64> = (3600..7200).map(|s| settled(span(s), true).to.0).collect();
        assert!((10..=30).contains(&asked.len()), "{}", asked.len());
    }
}
