//! What views need to know, asked as values, and the answers that have arrived.
//!
//! A question is answered in the background by `session::prepare`; its answer carries it, so that stale ones are dropped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compare::{Against, Beside};
use super::memory::MemoryDetail;
use super::whatif::{Compared, ExploredAnswer, Predicted};
use super::{CpuDetail, Selection, State, ViewId, detail};
use crate::analysis::consistency::Consistency;
use crate::analysis::findings::Findings;
use crate::analysis::functions::Functions;
use crate::analysis::gc::GcFigures;
use crate::analysis::gc_timeline::Timeline;
use crate::analysis::heat_map::HeatMap;
use crate::analysis::landscape::difference::Difference;
use crate::analysis::landscape::{Landscape, part_metric};
use crate::analysis::layers::Layers;
use crate::analysis::lines::Lines;
use crate::analysis::map_layout::MapLayout;
use crate::analysis::matching::Matching;
use crate::analysis::overview::Overview;
use crate::analysis::status::Status;
use crate::analysis::vitals::Vital;
use crate::model::entity::EntityKind;
use crate::model::id::{ComponentId, ScenarioId};
use crate::model::metric::{CPU_CORES, MetricKey};
use crate::model::time::{NS_PER_S, TimeRange, Timestamp};
use crate::whatif::answer::Availability;
use crate::whatif::explore::Exploration;
use crate::whatif::prediction::Effort;

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
    /// What changed in memory between two moments.
    Change {
        /// The one.
        from: Timestamp,
        /// The other.
        to: Timestamp,
    },
    /// Single collections over time.
    Timeline {
        /// Over which time.
        range: TimeRange,
        /// In how wide columns.
        width_ns: i64,
    },
    /// A metric of all components, stacked over time.
    Layers {
        /// Of the members of this component instead.
        of: Option<ComponentId>,
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
    /// The functions that the selection executed.
    Functions {
        /// Whose; `None`: everybody's.
        about: Option<Selection>,
        /// Over which time.
        range: TimeRange,
    },
    /// What the selectors of a component of the document find.
    Matching {
        /// Whose selectors.
        component: ComponentId,
        /// Who exists at which moment.
        at: Option<Timestamp>,
    },
    /// Where the boxes of the map lie.
    MapLayout,
    /// Single collections, added up by component.
    Collections {
        /// Over which time.
        range: TimeRange,
    },
    /// Which knobs can be answered.
    Knobs {
        /// From which part of the recording.
        range: TimeRange,
    },
    /// What settings would have done.
    Predict {
        /// Paths of knobs with their values.
        settings: Vec<(String, String)>,
        /// From which part of the recording.
        range: TimeRange,
        /// At once, or well.
        effort: Effort,
    },
    /// The same of several scenarios, side by side.
    Compare {
        /// Each with its settings.
        scenarios: Vec<(ScenarioId, Vec<(String, String)>)>,
        /// From which part of the recording.
        range: TimeRange,
    },
    /// A question about many settings at once.
    Explore {
        /// Paths of knobs with their values, which hold unless moved.
        settings: Vec<(String, String)>,
        /// From which part of the recording.
        range: TimeRange,
        /// What is asked.
        exploration: Exploration,
    },
    /// The session beside another one, or what is shown before the cursor beside what comes after it.
    Beside {
        /// With what.
        against: Against,
        /// What is shown.
        range: TimeRange,
        /// Where it is divided, if it is.
        cursor: Option<Timestamp>,
    },
    /// What somebody should know.
    Findings {
        /// Over which time.
        range: TimeRange,
    },
    /// Which stated figures disagree: with each other, and with what was measured.
    Consistency {
        /// Measured over which time; `None` if nothing was.
        range: Option<TimeRange>,
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
    /// See [`Question::Change`].
    Change,
    /// See [`Question::Timeline`].
    Timeline,
    /// See [`Question::Layers`].
    Layers,
    /// See [`Question::HeatMap`].
    HeatMap,
    /// See [`Question::Lines`].
    Lines,
    /// See [`Question::Functions`].
    Functions,
    /// See [`Question::Matching`].
    Matching,
    /// See [`Question::MapLayout`].
    MapLayout,
    /// See [`Question::Collections`].
    Collections,
    /// See [`Question::Knobs`].
    Knobs,
    /// [`Question::Predict`] at once.
    Coarse,
    /// [`Question::Predict`] well.
    Predicted,
    /// See [`Question::Compare`].
    Compared,
    /// See [`Question::Explore`].
    Explored,
    /// See [`Question::Beside`].
    Beside,
    /// See [`Question::Findings`].
    Findings,
    /// See [`Question::Consistency`].
    Consistency,
}

impl Question {
    /// What it is about.
    pub fn topic(&self) -> Topic {
        match self {
            Question::Overview => Topic::Overview,
            Question::Vitals { .. } => Topic::Vitals,
            Question::Landscape { .. } => Topic::Landscape,
            Question::Change { .. } => Topic::Change,
            Question::Timeline { .. } => Topic::Timeline,
            Question::Layers { .. } => Topic::Layers,
            Question::HeatMap { .. } => Topic::HeatMap,
            Question::Lines { .. } => Topic::Lines,
            Question::Functions { .. } => Topic::Functions,
            Question::Matching { .. } => Topic::Matching,
            Question::MapLayout => Topic::MapLayout,
            Question::Collections { .. } => Topic::Collections,
            Question::Knobs { .. } => Topic::Knobs,
            Question::Predict { effort: Effort::Coarse, .. } => Topic::Coarse,
            Question::Predict { effort: Effort::Full, .. } => Topic::Predicted,
            Question::Compare { .. } => Topic::Compared,
            Question::Explore { .. } => Topic::Explored,
            Question::Beside { .. } => Topic::Beside,
            Question::Findings { .. } => Topic::Findings,
            Question::Consistency { .. } => Topic::Consistency,
        }
    }

    /// Whether it is for the models of what-if.
    pub fn is_what_if(&self) -> bool {
        matches!(
            self,
            Question::Knobs { .. } | Question::Predict { .. } | Question::Compare { .. } | Question::Explore { .. }
        )
    }

    /// Whether its answer changes when a recording grows.
    pub fn depends_on_data(&self) -> bool {
        // Those of findings, consistency, collections, comparisons and what-if ask about a stretch of time, which says by
        // itself what data there are.
        let of_range = matches!(
            self,
            Question::Findings { .. }
                | Question::Consistency { .. }
                | Question::Collections { .. }
                | Question::Timeline { .. }
                | Question::Beside { .. }
        ) || self.is_what_if();
        !matches!(self, Question::MapLayout) && !of_range
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
    /// See [`Question::Change`]; `None` if nothing is known of one of the moments.
    Change(Option<Difference>),
    /// See [`Question::Timeline`]; `None` where no collection was seen and none was counted.
    Timeline(Option<Timeline>),
    /// See [`Question::Layers`].
    Layers(Layers),
    /// See [`Question::HeatMap`].
    HeatMap(HeatMap),
    /// See [`Question::Lines`].
    Lines(Lines),
    /// See [`Question::Functions`], and whose they are.
    Functions(Option<Selection>, Functions),
    /// See [`Question::Matching`]; `None` if there is no such component.
    Matching(Option<Matching>),
    /// See [`Question::MapLayout`].
    MapLayout(MapLayout),
    /// See [`Question::Collections`]; `None` where none were traced.
    Collections(Option<Collections>),
    /// See [`Question::Knobs`].
    Knobs(Vec<Availability>),
    /// See [`Question::Predict`].
    Predicted(Predicted),
    /// See [`Question::Compare`].
    Compared(Vec<Compared>),
    /// See [`Question::Explore`].
    Explored(ExploredAnswer),
    /// See [`Question::Beside`]; a sentence where the other session can't be read.
    Beside(Result<Beside, String>),
    /// See [`Question::Findings`].
    Findings(Findings),
    /// See [`Question::Consistency`].
    Consistency(Consistency),
}

/// Collections, added up.
#[derive(Clone, Debug)]
pub struct Collections {
    /// Over which time.
    pub range: TimeRange,
    /// All of them.
    pub all: GcFigures,
    /// Those of each component.
    pub by_component: BTreeMap<ComponentId, GcFigures>,
    /// Whether they stop the world; `None` where nobody can tell.
    pub stops_the_world: Option<bool>,
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
    /// What changed in memory.
    pub change: Option<Arc<Difference>>,
    /// Collections over time.
    pub timeline: Option<Arc<Timeline>>,
    /// Memory of components over time.
    pub layers: Option<Arc<Layers>>,
    /// CPU of components over time.
    pub heat_map: Option<Arc<HeatMap>>,
    /// The selection over time.
    pub lines: Option<Arc<Lines>>,
    /// The functions of the selection, and whose they are.
    pub functions: Option<(Option<Selection>, Arc<Functions>)>,
    /// What the selectors of the selected component find.
    pub matching: Option<Arc<Matching>>,
    /// Where the boxes of the map lie.
    pub map_layout: Option<Arc<MapLayout>>,
    /// Collections, by component.
    pub collections: Option<Arc<Collections>>,
    /// Which knobs can be answered.
    pub knobs: Option<Arc<Vec<Availability>>>,
    /// What the settings asked last would have done.
    pub predicted: Option<Arc<Predicted>>,
    /// Scenarios side by side.
    pub compared: Arc<Vec<Compared>>,
    /// Many settings at once.
    pub explored: Option<Arc<ExploredAnswer>>,
    /// The session beside another one, or why that can't be read.
    pub beside: Option<Arc<Result<Beside, String>>>,
    /// What somebody should know.
    pub findings: Option<Arc<Findings>>,
    /// Which stated figures disagree.
    pub consistency: Option<Arc<Consistency>>,
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
            Answer::Change(change) => self.change = change.map(Arc::new),
            Answer::Timeline(timeline) => self.timeline = timeline.map(Arc::new),
            Answer::Layers(layers) => self.layers = Some(Arc::new(layers)),
            Answer::HeatMap(heat_map) => self.heat_map = Some(Arc::new(heat_map)),
            Answer::Lines(lines) => self.lines = Some(Arc::new(lines)),
            Answer::Functions(about, functions) => self.functions = Some((about, Arc::new(functions))),
            Answer::Matching(matching) => self.matching = matching.map(Arc::new),
            Answer::MapLayout(layout) => self.map_layout = Some(Arc::new(layout)),
            Answer::Collections(collections) => self.collections = collections.map(Arc::new),
            Answer::Knobs(knobs) => self.knobs = Some(Arc::new(knobs)),
            Answer::Predicted(predicted) => self.take_prediction(predicted),
            Answer::Compared(compared) => self.compared = Arc::new(compared),
            Answer::Beside(beside) => self.beside = Some(Arc::new(beside)),
            Answer::Explored(explored) => self.explored = Some(Arc::new(explored)),
            Answer::Findings(findings) => self.findings = Some(Arc::new(findings)),
            Answer::Consistency(consistency) => self.consistency = Some(Arc::new(consistency)),
        }
        self.failed.remove(&topic);
        self.answered.insert(topic, asked);
    }

    /// A better answer to the same question is not replaced by a coarse one.
    fn take_prediction(&mut self, new: Predicted) {
        let is_worse = self.predicted.as_ref().is_some_and(|known| {
            known.effort == Effort::Full
                && new.effort == Effort::Coarse
                && known.range == new.range
                && known.settings == new.settings
        });
        if !is_worse {
            self.predicted = Some(Arc::new(new));
        }
    }

    /// Whether an answer on this topic is on its way.
    pub fn is_pending(&self, topic: Topic) -> bool {
        self.pending.contains_key(&topic)
    }
}

/// Whose functions the window shows: the selected process, the selected component, or everybody's.
pub fn functions_about(state: &State) -> Option<Selection> {
    match &state.selection {
        Some(Selection::Entity(id)) => Some(Selection::Entity(*id)),
        _ => state.selected_component().map(Selection::Component),
    }
}

/// Whether a single process is selected, whose functions the inspector shows in every view.
fn process_is_selected(state: &State) -> bool {
    let Some(Selection::Entity(id)) = &state.selection else { return false };
    state.entity(*id).is_some_and(|entity| entity.kind == EntityKind::BeamProcess)
}

/// Everything that the window in this state needs to know.
pub fn wanted(state: &State) -> Vec<Question> {
    let Some(session) = &state.session else { return Vec::new() };
    let cursor = state.cursor();
    let measured = state.measured_span().map(|span| settled(span, state.is_live()));
    let mut questions = vec![Question::Vitals { at: cursor }, Question::Consistency { range: measured }];
    let Some(span) = state.measured_span() else {
        match state.view {
            ViewId::Map => questions.push(Question::MapLayout),
            ViewId::Memory => questions.push(Question::Landscape { at: None }),
            ViewId::Cpu | ViewId::WhatIf | ViewId::Roadmap | ViewId::Compare => {}
        }
        return questions;
    };
    questions.push(Question::Overview);
    if matches!(state.selection, None | Some(Selection::Component(_))) {
        questions.push(Question::Collections { range: steady_range(state) });
    }
    questions.push(Question::Findings { range: settled(span, state.is_live()) });
    let width_ns = detail::width_ns(state.range);
    let range = detail::fetch_range(state.range, span, width_ns);
    let about = state.selection.clone();
    let shows_functions = state.view == ViewId::Cpu && state.cpu_detail == CpuDetail::Functions;
    if shows_functions || process_is_selected(state) {
        questions.push(Question::Functions { about: functions_about(state), range: state.range });
    }
    if let Some(Selection::Component(id)) = &state.selection
        && state.document.component(id).is_some_and(|component| !component.selectors.is_empty())
    {
        questions.push(Question::Matching { component: id.clone(), at: cursor });
    }
    match state.view {
        ViewId::Map => questions.push(Question::MapLayout),
        ViewId::Memory => {
            questions.push(Question::Landscape { at: cursor });
            let of = state.memory.component().cloned();
            questions.push(Question::Layers { of, metric: part_metric(&session.entities), range, width_ns });
            if let (true, Some(from), Some(to)) = (state.memory.needs_change(), state.memory_base(), cursor) {
                questions.push(Question::Change { from, to });
            }
            if state.memory.detail == MemoryDetail::Collections {
                questions.push(timeline(state));
            }
        }
        ViewId::Cpu => {
            questions.push(Question::HeatMap { metric: CPU_CORES, range, width_ns });
            questions.push(Question::Lines { about, metric: CPU_CORES, range, width_ns });
        }
        ViewId::WhatIf => what_if(state, &mut questions),
        ViewId::Compare => questions.extend(beside(state)),
        ViewId::Roadmap => {}
    }
    questions
}

/// What is to be compared, if it was chosen.
fn beside(state: &State) -> Option<Question> {
    let against = state.against.clone()?;
    let cursor = match against {
        Against::Later(_) => None,
        // Without a cursor there is nothing to divide at.
        Against::AfterCursor => Some(state.cursor().filter(|at| state.range.from < *at && *at < state.range.to)?),
    };
    Some(Question::Beside { against, range: steady_range(state), cursor })
}

/// Collections of just the visible time, as their figures are shown too; of a live session in steps, since all events are read each time.
fn timeline(state: &State) -> Question {
    let range = steady_range(state);
    Question::Timeline { range, width_ns: detail::width_ns(range) }
}

/// First what can be answered, then a quick answer, then a good one.
fn what_if(state: &State, questions: &mut Vec<Question>) {
    let range = steady_range(state);
    questions.push(Question::Knobs { range });
    let settings = state.settings().to_vec();
    if !settings.is_empty() {
        let of_these = |known: &&Arc<Predicted>| known.range == range && known.settings == settings;
        let effort = state.answers.predicted.as_ref().filter(of_these).map_or(Effort::Coarse, |_| Effort::Full);
        questions.push(Question::Predict { settings, range, effort });
    }
    let compared = state.trying.compared.iter().filter_map(|id| {
        let scenario = state.document.scenarios.iter().find(|scenario| &scenario.id == id)?;
        Some((id.clone(), scenario.settings.clone()))
    });
    let scenarios: Vec<_> = compared.collect();
    if !scenarios.is_empty() {
        questions.push(Question::Compare { scenarios, range });
    }
    // What takes longest waits until the settings have their own answer.
    let is_answered = state.settings().is_empty()
        || state.prediction().is_some_and(|known| known.effort == Effort::Full && known.range == range);
    if let Some(exploration) = state.exploration().filter(|_| is_answered && state.answers.knobs.is_some()) {
        questions.push(Question::Explore { settings: state.settings().to_vec(), range, exploration });
    }
}

/// The range shown; of one that follows a live session full steps of ten seconds, so that what takes long is not asked each second.
pub fn steady_range(state: &State) -> TimeRange {
    const STEP_NS: i64 = 10 * NS_PER_S;
    if !(state.is_live() && state.follow) {
        return state.range;
    }
    let down = |at: Timestamp| Timestamp(at.0 - at.0.rem_euclid(STEP_NS));
    let range = TimeRange::new(down(state.range.from), down(state.range.to));
    if range.length_ns() > 0 { range } else { state.range }
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
