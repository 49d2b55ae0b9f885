//! The thread that answers what-if questions: its models are prepared once for a stretch of a recording and then kept, and an
//! answer that nobody waits for any more is given up.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;

use super::events::Event;
use super::jobs::EventSender;
use super::workers::SessionContext;
use crate::session::scenarios::Scenarios;
use crate::state::question::{Asked, Topic};
use crate::store::recording::Recording;

type Order = (Arc<SessionContext>, Asked, u64);

/// The thread, as the window knows it.
pub struct Thinker {
    orders: Sender<Order>,
    /// The number of the newest change of mind: what belongs to an earlier one may be given up.
    newest: Arc<AtomicU64>,
}

impl Thinker {
    /// Starts the thread; it ends with the window.
    pub fn new(events: EventSender) -> Self {
        let (orders, queue) = channel();
        let newest = Arc::new(AtomicU64::new(0));
        let of_thread = newest.clone();
        // Without it the view says that it waits.
        let _ = thread::Builder::new().name("what-if".to_owned()).spawn(move || work(&queue, &of_thread, &events));
        Self { orders, newest }
    }

    /// What was asked before, but for quick answers, is not waited for any more.
    pub fn change_mind(&self) {
        self.newest.fetch_add(1, Ordering::SeqCst);
    }

    /// Asks; the answer arrives as an [`Event::Answered`], or else [`Event::GivenUp`].
    pub fn ask(&self, context: Arc<SessionContext>, asked: Asked) {
        // A quick answer is asked for when the settings have changed: what belongs to earlier ones is not wanted any more.
        let number = match asked.question.topic() {
            Topic::Coarse => {
                self.change_mind();
                self.newest.load(Ordering::SeqCst)
            }
            _ => self.newest.load(Ordering::SeqCst),
        };
        // Fails only if the thread has ended, which it does only with the program.
        let _ = self.orders.send((context, asked, number));
    }
}

fn work(queue: &Receiver<Order>, newest: &AtomicU64, events: &EventSender) {
    let mut open: Option<(PathBuf, Recording)> = None;
    let mut scenarios = Scenarios::default();
    let mut next = queue.recv().ok();
    while let Some((context, asked, number)) = next.take() {
        let session_number = context.session_number;
        let may_be_given_up = matches!(asked.question.topic(), Topic::Predicted | Topic::Compared | Topic::Explored);
        let cancelled = || may_be_given_up && newest.load(Ordering::SeqCst) > number;
        if cancelled() {
            events.send(Event::GivenUp { session_number, asked });
            next = queue.recv().ok();
            continue;
        }
        let result = context.open_recording(&mut open).and_then(|recording| {
            scenarios
                .answer(&asked.question, &context.document, recording, &cancelled)
                .map_err(|error| error.to_string())
        });
        let event = match result {
            Ok(None) => Event::GivenUp { session_number, asked },
            Ok(Some(answer)) => Event::Answered { session_number, asked, result: Box::new(Ok(answer)) },
            Err(why) => Event::Answered { session_number, asked, result: Box::new(Err(why)) },
        };
        events.send(event);
        // Until somebody asks again, models are prepared for it.
        next = loop {
            match queue.try_recv() {
                Ok(order) => break Some(order),
                Err(TryRecvError::Disconnected) => break None,
                Err(TryRecvError::Empty) if scenarios.prepare_one() => {}
                Err(TryRecvError::Empty) => break queue.recv().ok(),
            }
        };
    }
}
