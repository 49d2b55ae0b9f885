//! A small pool of threads that answer questions about the open session.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use super::events::Event;
use super::jobs::EventSender;
use crate::model::document::{Component, Document};
use crate::model::entity::Entity;
use crate::model::time::TimeRange;
use crate::session::answer::{Known, answer};
use crate::state::question::{Answer, Asked};
use crate::store::recording::Recording;

const THREADS: usize = 2;

/// What a worker needs to know of the open session; a new one is made when any of it changes.
#[derive(Debug)]
pub struct SessionContext {
    /// Which session.
    pub session_number: u64,
    /// Its document.
    pub document: Arc<Document>,
    /// Components that the source found.
    pub discovered: Arc<Vec<Component>>,
    /// Everything measured.
    pub entities: Arc<Vec<Entity>>,
    /// As on the command line.
    pub source: String,
    /// From the first value to the last.
    pub span: Option<TimeRange>,
    /// The file with the measurements.
    pub recording: Option<PathBuf>,
}

impl SessionContext {
    /// The recording, through a connection that the calling thread keeps in `open` for as long as it is asked about the same file.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn open_recording<'a>(
        &self,
        open: &'a mut Option<(PathBuf, Recording)>,
    ) -> Result<Option<&'a Recording>, String> {
        if open.as_ref().map(|(path, _)| path) != self.recording.as_ref() {
            *open = None;
            if let Some(path) = &self.recording {
                let opened = Recording::open(path).map_err(|error| error.to_string())?;
                *open = Some((path.clone(), opened.recording));
            }
        }
        Ok(open.as_ref().map(|(_, recording)| recording))
    }
}

/// The pool.
pub struct Workers {
    questions: Sender<(Arc<SessionContext>, Asked)>,
}

impl Workers {
    /// Starts the threads; they end when the pool is dropped.
    pub fn new(events: EventSender) -> Self {
        let (questions, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..THREADS {
            let (queue, events) = (queue.clone(), events.clone());
            let name = format!("answers {number}");
            // Without this thread the others still answer; without any, views say that they wait.
            let _ = thread::Builder::new().name(name).spawn(move || work(&queue, &events));
        }
        Self { questions }
    }

    /// Asks; the answer arrives as an [`Event::Answered`].
    pub fn ask(&self, context: Arc<SessionContext>, asked: Asked) {
        // Fails only if every thread has ended, which they do only with the program.
        let _ = self.questions.send((context, asked));
    }
}

type Queue = Mutex<Receiver<(Arc<SessionContext>, Asked)>>;

fn work(queue: &Queue, events: &EventSender) {
    // Each thread keeps a connection of its own to the recording that it was asked about last.
    let mut open: Option<(PathBuf, Recording)> = None;
    loop {
        let next = queue.lock().ok().and_then(|queue| queue.recv().ok());
        let Some((context, asked)) = next else { return };
        let result = answer_one(&context, &asked, &mut open);
        events.send(Event::Answered { session_number: context.session_number, asked, result: Box::new(result) });
    }
}

fn answer_one(
    context: &SessionContext,
    asked: &Asked,
    open: &mut Option<(PathBuf, Recording)>,
) -> Result<Answer, String> {
    let recording = context.open_recording(open)?;
    let known = Known {
        document: &context.document,
        discovered: &context.discovered,
        entities: &context.entities,
        source: &context.source,
        span: context.span,
    };
    answer(&asked.question, known, recording).map_err(|error| error.to_string())
}
