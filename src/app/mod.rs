//! The program with its window: owns the state, carries out commands, runs work in the background, opens dialogs.
//!
//! The only place where [`State`] changes: commands from views (`commands/`), and what background work reports (`events.rs`).

mod commands;
mod dialog;
mod events;
mod jobs;
mod live;
mod recovery;
mod settings;
mod thinker;
mod watcher;
mod window;
mod workers;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::session::import::TemporaryRecording;
use crate::session::open::Session;
use crate::source::beam::BeamOptions;
use crate::source::spec::SourceSpec;
use crate::state::command::Command;
use crate::state::question::{Asked, Topic, wanted};
use crate::state::{LocalNodes, Message, Selection, State, ViewId};
use crate::store::bundled;
use crate::store::document::UnknownFields;
use crate::ui::shell::shell_ui;
use crate::ui::theme;

pub use window::run_window;

use jobs::Jobs;
use live::{Live, Map};
use settings::Settings;
use thinker::Thinker;
use watcher::Watcher;
use workers::{SessionContext, Workers};

/// What to open when the window starts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Start {
    /// A file, `host`, `pid:N`, `bundled:NAME`; `None`: the welcome page.
    pub source: Option<String>,
    /// The view to begin with; `None`: the one that suits the session.
    pub view: Option<ViewId>,
    /// A document to lay over the measurements.
    pub map: Option<PathBuf>,
    /// How a BEAM node is reached.
    pub beam: BeamOptions,
    /// Where settings and unsaved sessions are kept; `None`: the user's usual folders.
    pub home: Option<PathBuf>,
}

/// The program with its window.
pub struct App {
    /// What the window shows.
    state: State,
    /// Files and threads behind the open session.
    open: Option<Open>,
    /// Counts sessions, so that answers about an earlier one are dropped.
    session_number: u64,
    /// Short work: answering questions.
    workers: Workers,
    /// What-if questions.
    thinker: Thinker,
    /// Long work: opening, saving, dialogs.
    jobs: Jobs,
    settings: Settings,
    /// How BEAM nodes are reached.
    beam: BeamOptions,
    /// The view that the first session begins with.
    first_view: Option<ViewId>,
    last_frame: Option<Instant>,
    quit: bool,
}

/// What stands behind the open session.
struct Open {
    /// What workers need to know of it.
    context: Arc<SessionContext>,
    /// Fields of the document that this program does not know.
    unknown: UnknownFields,
    /// The file with the measurements.
    recording: Option<PathBuf>,
    /// Whether that file is only a temporary one of a live session.
    is_temporary: bool,
    /// That file, where it holds what was imported.
    _imported: Option<TemporaryRecording>,
    /// The thread that measures.
    live: Option<Live>,
    /// The thread that notices when the file grows.
    _watcher: Option<Watcher>,
}

impl App {
    /// A program with nothing open. `ctx` is woken when background work has something to show.
    pub fn new(ctx: &egui::Context, start: &Start) -> Self {
        theme::apply(ctx);
        let settings = Settings::load(start.home.as_deref());
        let wake = {
            let ctx = ctx.clone();
            // Answers come in flocks; a frame for each would cost more than it shows.
            Arc::new(move || ctx.request_repaint_after(Duration::from_millis(20)))
        };
        let jobs = Jobs::new(wake);
        let mut state = State { theme: settings.theme(), recent: settings.recent.clone(), ..State::default() };
        state.bundled = bundled::BUNDLED.iter().map(|entry| (entry.name.to_owned(), entry.title.to_owned())).collect();
        let workers = Workers::new(jobs.sender());
        let thinker = Thinker::new(jobs.sender());
        let mut app = Self {
            state,
            open: None,
            session_number: 0,
            workers,
            thinker,
            jobs,
            settings,
            beam: start.beam.clone(),
            first_view: start.view,
            last_frame: None,
            quit: false,
        };
        app.offer_recovery();
        if let Some(source) = &start.source {
            app.open_source(source, start.map.clone());
        }
        app
    }

    /// What the window shows.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Carries out commands as if a view had returned them.
    pub fn apply(&mut self, command: Command) {
        commands::apply(self, command);
    }

    /// Whether the user asked to end the program.
    pub fn wants_quit(&self) -> bool {
        self.quit
    }

    /// One frame: takes what background work reports, draws, carries out commands, asks for what is missing.
    pub fn frame(&mut self, ui: &mut egui::Ui) {
        self.take_dropped_files(ui);
        while let Some(event) = self.jobs.next_event() {
            events::apply(self, event);
        }
        self.advance_playback(ui);
        let ctx = ui.ctx().clone();
        ctx.set_theme(settings::egui_theme(self.state.theme));
        let mut commands = Vec::new();
        shell_ui(&self.state, ui, &mut commands);
        for command in commands {
            self.apply(command);
            // What a command changed is drawn at once, not with the next input.
            ctx.request_repaint();
        }
        if self.state.session.is_none() && self.state.local_nodes == LocalNodes::Unasked {
            self.find_nodes();
        }
        self.ask();
    }

    /// Sends the questions that the state raises and that are neither answered nor on their way.
    fn ask(&mut self) {
        let Some(open) = &self.open else { return };
        for question in wanted(&self.state) {
            let data_version = if question.depends_on_data() { self.state.data_version } else { 0 };
            let asked = Asked { question, data_version };
            let topic = asked.question.topic();
            let answers = &mut self.state.answers;
            if topic == Topic::Explored && answers.pending.get(&topic).is_some_and(|pending| *pending != asked) {
                self.thinker.change_mind();
            }
            if answers.answered.get(&topic) == Some(&asked) || answers.pending.contains_key(&topic) {
                continue;
            }
            answers.pending.insert(topic, asked.clone());
            match asked.question.is_what_if() {
                true => self.thinker.ask(open.context.clone(), asked),
                false => self.workers.ask(open.context.clone(), asked),
            }
        }
    }

    fn advance_playback(&mut self, ui: &egui::Ui) {
        let now = Instant::now();
        let passed = self.last_frame.replace(now).map_or(0.0, |last| now.duration_since(last).as_secs_f64());
        if self.state.playback.playing {
            self.state.playback.advance(passed.min(0.5));
            commands::keep_cursor_in_range(&mut self.state);
            ui.ctx().request_repaint_after(Duration::from_millis(33));
        }
    }

    fn take_dropped_files(&mut self, ui: &egui::Ui) {
        let dropped = ui.input(|input| input.raw.dropped_files.first().map(|file| file.path().to_owned()));
        if let Some(path) = dropped.filter(|path| !path.as_os_str().is_empty()) {
            self.apply(crate::state::command::SessionCommand::Open(path).into());
        }
    }

    /// Notes that the document differs from what is on disk and from what workers know.
    fn document_changed(&mut self) {
        self.state.unsaved = true;
        self.keep_for_recovery();
        events::refresh_context(self);
    }

    fn say(&mut self, text: impl Into<String>) {
        self.state.messages.push(Message { is_error: false, text: text.into() });
    }

    fn say_error(&mut self, text: impl Into<String>) {
        self.state.messages.push(Message { is_error: true, text: text.into() });
    }

    /// Starts to open a file or to watch a source.
    fn open_source(&mut self, source: &str, map: Option<PathBuf>) {
        if let Some(name) = source.strip_prefix("bundled:") {
            return self.jobs.open_bundled(name.to_owned());
        }
        match source.parse::<SourceSpec>() {
            Ok(SourceSpec::Path(path)) => self.jobs.open(path),
            Ok(spec) => self.watch(spec, map.map(Map::File)),
            Err(error) => self.say_error(error.to_string()),
        }
    }

    /// Begins to watch a source.
    fn watch(&mut self, spec: SourceSpec, map: Option<Map>) {
        self.jobs.watch(spec, map, self.beam.clone(), self.settings.live_folder());
    }

    /// Asks which BEAM nodes run here, in the background; those known so far stay in sight.
    fn find_nodes(&mut self) {
        let known = self.state.local_nodes.names().to_vec();
        self.state.local_nodes = LocalNodes::Asking(known);
        self.jobs.find_nodes();
    }

    /// Has the recorder keep the series of the selected entity, however small it is.
    fn pin_selection(&self) {
        let Some(live) = self.open.as_ref().and_then(|open| open.live.as_ref()) else { return };
        let selected = match self.state.selection {
            Some(Selection::Entity(id)) => Some(id),
            _ => None,
        };
        live.pins.set(selected.into_iter().collect());
    }

    /// Makes an opened session the present one; what was open before is put away.
    fn show(&mut self, session: Session, live: Option<Live>) {
        self.put_away();
        self.session_number += 1;
        events::show_session(self, session, live);
    }

    /// Closes the present session; unsaved changes stay recoverable.
    fn put_away(&mut self) {
        if let Some(open) = self.open.take()
            && let Some(live) = open.live
        {
            live.stop();
        }
        let kept = std::mem::take(&mut self.state);
        self.state = State {
            theme: kept.theme,
            recent: kept.recent,
            bundled: kept.bundled,
            jobs: kept.jobs,
            messages: kept.messages,
            palette: kept.palette,
            ..State::default()
        };
    }
}

impl eframe::App for App {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.frame(ui);
        if self.quit {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.put_away();
        self.settings.save();
    }
}
