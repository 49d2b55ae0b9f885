//! What background work reports, and what it changes.

use std::path::PathBuf;
use std::sync::Arc;

use super::live::Live;
use super::watcher::Watcher;
use super::workers::SessionContext;
use super::{App, Open};
use crate::model::document::Document;
use crate::model::entity::Entity;
use crate::model::playback::Playback;
use crate::model::time::{NS_PER_S, TimeRange};
use crate::session::open::{Session, discovered};
use crate::session::view_state;
use crate::state::command::{Command, NavigateCommand, SessionCommand};
use crate::state::compare::Against;
use crate::state::question::{Answer, Asked, Topic};
use crate::state::{Job, LocalNodes, SessionKind, State};
use crate::store::recording::Summary;

/// How long a live session shows when it follows the present.
const FOLLOWED_NS: i64 = 300 * NS_PER_S;

/// A growing recording as it is now.
#[derive(Debug)]
pub struct Growth {
    /// Counts and span.
    pub summary: Summary,
    /// Everything measured.
    pub entities: Arc<Vec<Entity>>,
}

/// Something that background work reports.
pub enum Event {
    /// Work has begun.
    Started(Job),
    /// How far it is.
    Progress {
        /// Which job.
        job: u64,
        /// Share done.
        share: f32,
    },
    /// It could not be done.
    Failed {
        /// Which job.
        job: u64,
        /// Why.
        why: String,
    },
    /// A file was opened, or not.
    Opened {
        /// Which job.
        job: u64,
        /// Which file; `None` for a bundled session.
        path: Option<PathBuf>,
        /// The session, or why not.
        result: Box<Result<Session, String>>,
    },
    /// A source is being watched, or not.
    Watching {
        /// Which job.
        job: u64,
        /// The thread and the session, or why not.
        result: Box<Result<(Live, Session), String>>,
    },
    /// The BEAM nodes of this machine, by their full names.
    NodesFound(Vec<String>),
    /// A recorder has ended, by itself or because it was asked to.
    RecorderEnded {
        /// Its file.
        path: PathBuf,
        /// Why, if it had to.
        result: Result<(), String>,
    },
    /// An open recording has grown.
    Grew {
        /// Which session.
        session_number: u64,
        /// How it is now.
        growth: Box<Growth>,
    },
    /// A question was answered, or could not be.
    Answered {
        /// Of which session.
        session_number: u64,
        /// The question.
        asked: Asked,
        /// The answer, or why not.
        result: Box<Result<Answer, String>>,
    },
    /// A question was given up, because nobody waits for its answer.
    GivenUp {
        /// Of which session.
        session_number: u64,
        /// The question.
        asked: Asked,
    },
    /// A session was saved, or not.
    Saved {
        /// Which job.
        job: u64,
        /// Where to.
        to: PathBuf,
        /// What was saved.
        document: Arc<Document>,
        /// Why not.
        result: Result<(), String>,
    },
    /// The user chose a file to open, or none.
    Chosen {
        /// Which job.
        job: u64,
        /// The file.
        chosen: Option<PathBuf>,
        /// Whether the open session is to be compared with it.
        to_compare: bool,
    },
    /// The user chose a file to save to, or none.
    ChosenToSave {
        /// Which job.
        job: u64,
        /// The file.
        chosen: Option<PathBuf>,
    },
}

/// Changes the state as the event says.
pub fn apply(app: &mut App, event: Event) {
    match event {
        Event::Started(job) => app.state.jobs.push(job),
        Event::Progress { job, share } => {
            if let Some(job) = app.state.jobs.iter_mut().find(|known| known.id == job) {
                job.progress = Some(share);
            }
        }
        Event::Failed { job, why } => {
            if finish(app, job) {
                app.say_error(why);
            }
        }
        Event::Opened { job, path, result } => {
            if finish(app, job) {
                opened(app, path, *result);
            }
        }
        Event::Watching { job, result } => match (finish(app, job), *result) {
            (true, Ok((live, session))) => app.show(session, Some(live)),
            (true, Err(why)) => app.say_error(why),
            (false, _) => {}
        },
        Event::NodesFound(names) => app.state.local_nodes = LocalNodes::Known(names),
        Event::RecorderEnded { path, result } => recorder_ended(app, &path, result),
        Event::Grew { session_number, growth } if session_number == app.session_number => grew(app, *growth),
        Event::Grew { .. } => {}
        Event::Answered { session_number, asked, result } if session_number == app.session_number => {
            answered(app, asked, *result);
        }
        Event::Answered { .. } => {}
        Event::GivenUp { session_number, asked } => {
            let pending = &mut app.state.answers.pending;
            let topic = asked.question.topic();
            if session_number == app.session_number && pending.get(&topic) == Some(&asked) {
                pending.remove(&topic);
            }
        }
        Event::Saved { job, to, document, result } => {
            if finish(app, job) {
                saved(app, to, &document, result);
            }
        }
        Event::Chosen { job, chosen, to_compare } => {
            if let (true, Some(path)) = (finish(app, job), chosen) {
                app.apply(match to_compare {
                    true => NavigateCommand::CompareWith(Some(Against::Later(path))).into(),
                    false => SessionCommand::Open(path).into(),
                });
            }
        }
        Event::ChosenToSave { job, chosen } => {
            if let (true, Some(path)) = (finish(app, job), chosen) {
                app.apply(Command::Session(SessionCommand::SaveAs(path)));
            }
        }
    }
}

/// Takes a job off the list; false if it had been cancelled.
fn finish(app: &mut App, job: u64) -> bool {
    app.state.jobs.retain(|known| known.id != job);
    app.jobs.finish(job)
}

fn opened(app: &mut App, path: Option<PathBuf>, result: Result<Session, String>) {
    match result {
        Ok(session) => {
            if let Some(path) = &path {
                app.settings.remember(path);
                app.state.recent = app.settings.recent.clone();
            }
            app.show(session, None);
        }
        Err(why) => app.say_error(why),
    }
}

/// Fills the state from a session that was just opened.
pub fn show_session(app: &mut App, session: Session, live: Option<Live>) {
    let is_live = live.is_some();
    if let Err(error) = view_state::show(&mut app.state, &session, is_live) {
        return app.say_error(error.to_string());
    }
    if let Some(view) = app.first_view.take() {
        app.state.view = view;
    }
    let recording = session.recording.as_ref().map(|recording| recording.path().to_owned());
    let watcher = recording.as_ref().map(|path| Watcher::start(app.session_number, path.clone(), app.jobs.sender()));
    app.open = Some(Open {
        context: Arc::new(context(app, recording.clone())),
        unknown: session.unknown,
        recording,
        is_temporary: is_live,
        _imported: session.temporary,
        live,
        _watcher: watcher,
    });
}

/// What workers need to know of the session as it is now.
pub fn context(app: &App, recording: Option<PathBuf>) -> SessionContext {
    let session = app.state.session.as_ref();
    SessionContext {
        session_number: app.session_number,
        document: app.state.document.clone(),
        discovered: app.state.discovered.clone(),
        entities: session.map(|session| session.entities.clone()).unwrap_or_default(),
        source: session.map(|session| session.source.clone()).unwrap_or_default(),
        span: session.and_then(|session| session.span),
        recording,
    }
}

/// Gives workers the session as it is now, and lets every question be asked again.
pub fn refresh_context(app: &mut App) {
    let Some(recording) = app.open.as_ref().map(|open| open.recording.clone()) else { return };
    let context = Arc::new(context(app, recording));
    if let Some(open) = &mut app.open {
        open.context = context;
    }
    app.state.data_version += 1;
}

fn recorder_ended(app: &mut App, path: &std::path::Path, result: Result<(), String>) {
    let is_present = app.open.as_ref().is_some_and(|open| open.recording.as_deref() == Some(path));
    if let Err(why) = result {
        app.say_error(format!("measuring has ended: {why}"));
    }
    if is_present {
        if let Some(open) = &mut app.open {
            open.live = None;
        }
        if let Some(session) = &mut app.state.session {
            session.kind = SessionKind::Recorded;
        }
        app.state.follow = false;
    }
}

fn grew(app: &mut App, growth: Growth) {
    let Some(session) = &mut app.state.session else { return };
    let unchanged = session.span == growth.summary.span && session.values == growth.summary.values;
    if unchanged && session.entities.len() == growth.entities.len() {
        return;
    }
    let began = session.span.is_none();
    let shown_all = session.span == Some(app.state.range);
    session.span = growth.summary.span;
    session.values = growth.summary.values;
    session.bytes = growth.summary.bytes;
    session.entities = growth.entities;
    discover(&mut app.state);
    if let Some(span) = growth.summary.span {
        follow(app, span, began, shown_all);
    }
    refresh_context(app);
}

/// Finds what was measured and is not in the document, which either may have changed.
pub fn discover(state: &mut State) {
    let Some(session) = &state.session else { return };
    let found = discovered(&state.document, &session.entities);
    if found != *state.discovered {
        state.discovered = Arc::new(found);
        state.answers.answered.remove(&Topic::MapLayout);
    }
}

/// Moves range and cursor along with a session that grows, where the user wants that.
fn follow(app: &mut App, span: TimeRange, began: bool, shown_all: bool) {
    let state = &mut app.state;
    state.playback.span = span;
    if began {
        state.playback = Playback::new(span);
    }
    if state.follow || began {
        state.playback.seek(span.to);
        let length_ns = match state.range.length_ns() {
            0 => FOLLOWED_NS,
            length_ns if shown_all => length_ns.max(span.length_ns()).min(FOLLOWED_NS),
            length_ns => length_ns,
        };
        let from = span.to.plus_ns(-length_ns).max(span.from);
        state.range = TimeRange::new(from, span.to);
    }
}

fn answered(app: &mut App, asked: Asked, result: Result<Answer, String>) {
    let topic = asked.question.topic();
    let answers = &mut app.state.answers;
    if answers.pending.get(&topic) == Some(&asked) {
        answers.pending.remove(&topic);
    }
    match result {
        Ok(answer) => {
            if let Answer::Vitals(_, statuses) = &answer {
                app.state.statuses = Arc::new(statuses.clone());
            }
            answers.take(asked, answer);
        }
        Err(why) => {
            answers.failed.insert(topic, why);
            // Asking the same again would fail again; a later state of the data may not.
            answers.answered.insert(topic, asked);
        }
    }
}

fn saved(app: &mut App, to: PathBuf, document: &Arc<Document>, result: Result<(), String>) {
    if let Err(why) = result {
        return app.say_error(why);
    }
    app.settings.remember(&to);
    app.state.recent = app.settings.recent.clone();
    let is_live = app.state.is_live();
    if Arc::ptr_eq(document, &app.state.document) {
        app.state.unsaved = is_live;
        app.forget_recovery();
    }
    if is_live {
        app.say(format!("Saved what was measured so far to {}; measuring goes on", to.display()));
        return;
    }
    if let Some(open) = &mut app.open {
        if let Some(recording) = &mut open.recording {
            *recording = to.clone();
        }
        open.is_temporary = false;
    }
    if let Some(session) = &mut app.state.session {
        session.path = Some(to.clone());
    }
    refresh_context(app);
    app.say(format!("Saved to {}", to.display()));
}
