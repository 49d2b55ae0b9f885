//! Opening, watching, saving, closing.

use std::path::PathBuf;

use crate::app::App;
use crate::app::jobs::{SaveOrder, suggested_name};
use crate::app::live::Map;
use crate::source::spec::SourceSpec;
use crate::state::SessionKind;
use crate::state::command::SessionCommand;
use crate::store::document::LoadedDocument;

/// Carries one out.
pub fn apply(app: &mut App, command: SessionCommand) {
    match command {
        SessionCommand::OpenDialog => app.jobs.ask_open(false),
        SessionCommand::CompareDialog => app.jobs.ask_open(true),
        SessionCommand::Open(path) => app.jobs.open(path),
        SessionCommand::OpenBundled(name) => app.jobs.open_bundled(name),
        SessionCommand::Watch(source) => app.open_source(&source, None),
        SessionCommand::WatchAgain => watch_again(app),
        SessionCommand::FindNodes => app.find_nodes(),
        SessionCommand::TraceCollections(component, on) => {
            let traced = &mut app.state.traced;
            if on {
                traced.insert(component)
            } else {
                traced.remove(&component)
            };
            if let Some(live) = app.open.as_ref().and_then(|open| open.live.as_ref()) {
                live.gc_trace.set(traced.iter().map(ToString::to_string));
            }
        }
        SessionCommand::StopWatching => stop_watching(app),
        SessionCommand::Save => match app.state.session.as_ref().and_then(|session| session.path.clone()) {
            Some(path) => save_to(app, path),
            None => ask_where(app),
        },
        SessionCommand::SaveAsDialog => ask_where(app),
        SessionCommand::SaveAs(path) => save_to(app, path),
        SessionCommand::Close => app.put_away(),
        SessionCommand::CancelJob(id) => {
            app.jobs.cancel(id);
            app.state.jobs.retain(|job| job.id != id);
        }
    }
}

/// What was measured before stays where live recordings are kept.
fn watch_again(app: &mut App) {
    let (Some(open), Some(session)) = (&app.open, &app.state.session) else { return };
    let document =
        LoadedDocument { document: (*app.state.document).clone(), unknown: open.unknown.clone(), warnings: Vec::new() };
    match session.source.parse::<SourceSpec>() {
        Ok(spec) => app.watch(spec, Some(Map::Document(Box::new(document)))),
        Err(error) => app.say_error(error.to_string()),
    }
}

fn stop_watching(app: &mut App) {
    let Some(live) = app.open.as_mut().and_then(|open| open.live.take()) else { return };
    // Ending waits for the last commit; that is not the window's business.
    app.jobs.quietly(move || live.stop());
    if let Some(session) = &mut app.state.session {
        session.kind = SessionKind::Recorded;
    }
    app.state.follow = false;
}

fn ask_where(app: &mut App) {
    let Some(open) = &app.open else { return };
    let has_recording = open.recording.is_some();
    app.jobs.ask_save(&suggested_name(&app.state.document.title, has_recording), has_recording);
}

fn save_to(app: &mut App, to: PathBuf) {
    let Some(open) = &app.open else { return };
    app.jobs.save(SaveOrder {
        document: app.state.document.clone(),
        unknown: open.unknown.clone(),
        recording: open.recording.clone(),
        to,
    });
}
