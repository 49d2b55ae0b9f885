//! An opened session as the state that views draw: the same for the window and for pictures without one.

use std::sync::Arc;

use super::answer::{Known, answer};
use super::open::{Session, describe, discovered};
use crate::model::playback::Playback;
use crate::state::memory::MemoryView;
use crate::state::question::{Answer, Asked, wanted};
use crate::state::{State, ViewId};
use crate::store::recording::{Recording, RecordingError};

/// Fills `state` from a session that was just opened: all of its time, the end of it, and the view that suits it.
///
/// # Errors
/// When the recording can't be read; `state` is as it was then.
pub fn show(state: &mut State, session: &Session, live: bool) -> Result<(), RecordingError> {
    let mut info = describe(session, live)?;
    if live {
        info.path = None;
    }
    state.document = Arc::new(session.document.clone());
    state.discovered = Arc::new(discovered(&state.document, &info.entities));
    state.trying.scenario = state.document.scenarios.last().map(|scenario| scenario.id.clone());
    state.follow = live;
    state.unsaved = live;
    state.memory = MemoryView::default();
    state.view = if info.span.is_some() || live { ViewId::Memory } else { ViewId::Map };
    if let Some(span) = info.span {
        state.range = span;
        state.playback = Playback::new(span);
        state.playback.seek(span.to);
    }
    state.session = Some(info);
    Ok(())
}

/// Answers everything that the view of `state` needs to know, here and now.
///
/// # Errors
/// When the recording can't be read.
pub fn answer_all(state: &mut State, recording: Option<&Recording>) -> Result<(), RecordingError> {
    for question in wanted(state) {
        let Some(session) = &state.session else { break };
        let known = Known {
            document: &state.document,
            discovered: &state.discovered,
            entities: &session.entities,
            source: &session.source,
            span: session.span,
        };
        let found = answer(&question, known, recording)?;
        if let Answer::Vitals(_, statuses) = &found {
            state.statuses = Arc::new(statuses.clone());
        }
        state.answers.take(Asked { question, data_version: state.data_version }, found);
    }
    Ok(())
}
