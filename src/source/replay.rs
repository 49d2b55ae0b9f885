//! A recorded stream as a source: whatever handles live measurements handles recorded ones the same way.
//!
//! The stream is played by a [`Playback`]; [`ReplayControls`] are the buttons, shared with whoever shows them. Where the replay
//! jumps, the next batch tells which entities appeared and vanished by the jump, so that the receiver never meets a stranger.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{Source, SourceError, SourceInfo, StopSignal};
use crate::model::batch::Batch;
use crate::model::entity::{Entity, EntityId};
use crate::model::playback::Playback;
use crate::model::series::Gap;
use crate::model::time::{TimeRange, Timestamp};

/// Reads recorded batches in order of time.
pub trait BatchReader: Send {
    /// What was recorded, as a source.
    fn info(&self) -> &SourceInfo;

    /// From the first batch to the last one; `None` if there is none.
    fn span(&self) -> Option<TimeRange>;

    /// The first batch later than `after`, whichever was read before; `None` after the last one.
    ///
    /// # Errors
    /// When the recording can't be read.
    fn next_after(&mut self, after: Timestamp) -> Result<Option<Batch>, SourceError>;

    /// The entities that appeared before `at` and did not vanish before it.
    ///
    /// # Errors
    /// When the recording can't be read.
    fn alive_before(&mut self, at: Timestamp) -> Result<Vec<Entity>, SourceError>;
}

/// Tells the steady clock's moment; tests bring their own.
type Now = dyn Fn() -> Instant + Send + Sync;

/// The buttons of a replay; clones press the same ones.
#[derive(Clone)]
pub struct ReplayControls {
    shared: Arc<Shared>,
}

struct Shared {
    now: Box<Now>,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    playback: Playback,
    /// When `playback` was last brought up to date.
    updated: Instant,
    /// Deliver at once, whatever the speed.
    unpaced: bool,
    /// Where it jumped to, while the source has not followed yet.
    jumped_to: Option<Timestamp>,
    /// Grows with every press.
    presses: u64,
}

impl ReplayControls {
    /// Paused at the start of `span`.
    pub fn new(span: TimeRange) -> Self {
        Self::with_clock(span, Box::new(Instant::now))
    }

    /// Without any waiting, for conversion: everything in order, as fast as it can be read.
    pub fn as_fast_as_possible(span: TimeRange) -> Self {
        let controls = Self::new(span);
        controls.state().unpaced = true;
        controls
    }

    fn with_clock(span: TimeRange, now: Box<Now>) -> Self {
        let state =
            State { playback: Playback::new(span), updated: now(), unpaced: false, jumped_to: None, presses: 0 };
        Self { shared: Arc::new(Shared { now, state: Mutex::new(state), changed: Condvar::new() }) }
    }

    /// Where it is and how fast it goes.
    pub fn playback(&self) -> Playback {
        self.up_to_date().playback
    }

    /// Starts, from the beginning if it stands at the end.
    pub fn play(&self) {
        self.press(Playback::play);
    }

    /// Stops the time.
    pub fn pause(&self) {
        self.press(Playback::pause);
    }

    /// Recorded seconds per real second; what is not a positive number is ignored.
    pub fn set_speed(&self, speed: f64) {
        if speed.is_finite() && speed > 0.0 {
            self.press(|playback| playback.speed = speed);
        }
    }

    /// Jumps to a moment; what lies between is left out.
    pub fn seek(&self, to: Timestamp) {
        self.press(|playback| playback.seek(to));
    }

    /// Pauses and goes on by `step_ns` nanoseconds with everything in between, or jumps back if negative.
    pub fn step(&self, step_ns: i64) {
        let mut state = self.up_to_date();
        state.playback.step(step_ns);
        if step_ns < 0 {
            state.jumped_to = Some(state.playback.position);
        }
        self.pressed(state);
    }

    fn press(&self, change: impl FnOnce(&mut Playback)) {
        let mut state = self.up_to_date();
        let from = state.playback.position;
        change(&mut state.playback);
        if state.playback.position != from {
            state.jumped_to = Some(state.playback.position);
        }
        self.pressed(state);
    }

    fn pressed(&self, mut state: MutexGuard<'_, State>) {
        state.presses += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn up_to_date(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        let now = (self.shared.now)();
        let passed = now.saturating_duration_since(state.updated);
        state.playback.advance(passed.as_secs_f64());
        state.updated = now;
        state
    }

    /// Sleeps until a button is pressed after the `seen`th time, the end is requested, or `longest` has passed.
    fn wait(&self, seen: u64, longest: Option<Duration>, stop: &StopSignal) {
        let shared = Arc::clone(&self.shared);
        let _wake_on_stop = stop.on_request(move || {
            // With the lock, the request can't fall between the check and the sleep below.
            let _guard = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            shared.changed.notify_all();
        });
        let until = longest.map(|longest| Instant::now() + longest);
        let mut state = self.state();
        while state.presses == seen && !stop.is_requested() {
            state = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(Duration::ZERO) => return,
                Some(left) => self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }
}

/// Plays what a [`BatchReader`] reads; ends with the last batch.
pub struct ReplaySource<R> {
    reader: R,
    info: SourceInfo,
    controls: ReplayControls,
    /// Everything up to here was delivered.
    delivered_to: Timestamp,
    /// What comes next begins after this.
    read_to: Timestamp,
    pending: Option<Batch>,
    /// Whom the receiver takes for alive.
    told: BTreeSet<EntityId>,
    /// What a jump adds to the next batch: who appears and vanishes by it, and what it leaves out.
    jump: Batch,
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
enum Next {
    Deliver(Box<Batch>),
    /// Nothing before so much time has passed, or before a button is pressed if `None`.
    Wait(Option<Duration>),
    End,
}

impl<R: BatchReader> ReplaySource<R> {
    /// A replay of what `reader` reads under `controls`, which were made for its span.
    pub fn new(reader: R, controls: ReplayControls) -> Self {
        let read_to = controls.playback().span.from.plus_ns(-1);
        let info = reader.info().clone();
        Self {
            reader,
            info,
            controls,
            delivered_to: read_to,
            read_to,
            pending: None,
            told: BTreeSet::new(),
            jump: Batch::default(),
        }
    }

    fn next(&mut self) -> Result<(Next, u64), SourceError> {
        let (playback, unpaced, jumped_to, presses) = {
            let mut state = self.controls.up_to_date();
            (state.playback, state.unpaced, state.jumped_to.take(), state.presses)
        };
        if let Some(to) = jumped_to {
            self.jump(to)?;
        }
        if self.pending.is_none() {
            self.pending = self.reader.next_after(self.read_to)?;
        }
        let Some(batch) = self.pending.take_if(|batch| unpaced || batch.at <= playback.position) else {
            let next = match &self.pending {
                Some(batch) if playback.playing => {
                    let seconds = batch.at.seconds_since(playback.position) / playback.speed;
                    // However far away it is: a wait of at most an hour, then it is looked at again.
                    Next::Wait(Some(Duration::from_secs_f64(seconds.clamp(0.0, 3600.0))))
                }
                Some(batch) if batch.at <= playback.span.to => Next::Wait(None),
                _ => Next::End,
            };
            return Ok((next, presses));
        };
        if unpaced {
            self.controls.state().playback.seek(batch.at);
        }
        (self.read_to, self.delivered_to) = (batch.at, batch.at);
        Ok((Next::Deliver(Box::new(self.complete(batch))), presses))
    }

    /// Follows a jump: a batch at exactly `to` comes next.
    fn jump(&mut self, to: Timestamp) -> Result<(), SourceError> {
        let left_out = self.reader.next_after(self.delivered_to)?.filter(|batch| batch.at < to);
        let alive = self.reader.alive_before(to)?;
        self.read_to = to.plus_ns(-1);
        self.pending = self.reader.next_after(self.read_to)?;
        let is_alive: BTreeSet<EntityId> = alive.iter().map(|entity| entity.id).collect();
        self.jump = Batch {
            vanished: self.told.difference(&is_alive).copied().collect(),
            appeared: alive.into_iter().filter(|entity| !self.told.contains(&entity.id)).collect(),
            ..Batch::default()
        };
        if left_out.is_some() {
            let from = self.delivered_to.max(self.controls.playback().span.from);
            let range = TimeRange::new(from, self.pending.as_ref().map_or(to, |next| next.at));
            self.jump.gaps.push(Gap { range, why: String::from("left out: the replay was moved on") });
        }
        Ok(())
    }

    /// Adds what a jump made necessary, and takes note of who is alive.
    fn complete(&mut self, mut batch: Batch) -> Batch {
        let mut jump = std::mem::take(&mut self.jump);
        // Of those who appear in this batch, some may be known from its having been shown before.
        jump.vanished.retain(|id| !batch.appeared.iter().any(|entity| entity.id == *id));
        batch.appeared.retain(|entity| !self.told.contains(&entity.id));
        jump.appeared.append(&mut batch.appeared);
        jump.vanished.append(&mut batch.vanished);
        jump.gaps.append(&mut batch.gaps);
        (batch.appeared, batch.vanished, batch.gaps) = (jump.appeared, jump.vanished, jump.gaps);
        self.told.extend(batch.appeared.iter().map(|entity| entity.id));
        for id in &batch.vanished {
            self.told.remove(id);
        }
        batch
    }
}

impl<R: BatchReader> Source for ReplaySource<R> {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn next_batch(&mut self, stop: &StopSignal) -> Result<Option<Batch>, SourceError> {
        while !stop.is_requested() {
            match self.next()? {
                (Next::Deliver(batch), _) => return Ok(Some(*batch)),
                (Next::End, _) => return Ok(None),
                (Next::Wait(longest), presses) => self.controls.wait(presses, longest, stop),
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::batch::Sample;
    use crate::model::entity::EntityKind;
    use crate::model::metric;
    use crate::model::time::NS_PER_S;

    /// Ten batches, one a second; entity `n` lives from second `n` on, for three seconds.
    struct Recorded {
        info: SourceInfo,
        batches: Vec<Batch>,
    }

    fn entity(number: u32) -> Entity {
        Entity {
            id: EntityId(number),
            kind: EntityKind::OsProcess,
            key: format!("os:{number}:0"),
            name: format!("process {number}"),
            parent: None,
            component: None,
            started: None,
            ended: None,
            attributes: Default::default(),
        }
    }

    fn second(second: u32) -> Timestamp {
        Timestamp(i64::from(second) * NS_PER_S)
    }

    fn recorded() -> Recorded {
        let batches = (0..10).map(|n| Batch {
            at: second(n),
            appeared: vec![entity(n)],
            vanished: n.checked_sub(3).map(EntityId).into_iter().collect(),
            samples: vec![Sample { entity: EntityId(n), metric: metric::CPU_CORES, value: f64::from(n) }],
            ..Batch::default()
        });
        let info = SourceInfo {
            spec: String::from("day.vivarium"),
            title: String::from("a day"),
            metrics: vec![metric::CPU_CORES],
            has_census: false,
            has_gc_events: false,
            has_stack_samples: false,
            limits: Vec::new(),
        };
        Recorded { info, batches: batches.collect() }
    }

    impl BatchReader for Recorded {
        fn info(&self) -> &SourceInfo {
            &self.info
        }

        fn span(&self) -> Option<TimeRange> {
            Some(TimeRange::new(self.batches.first()?.at, self.batches.last()?.at))
        }

        fn next_after(&mut self, after: Timestamp) -> Result<Option<Batch>, SourceError> {
            Ok(self.batches.iter().find(|batch| batch.at > after).cloned())
        }

        fn alive_before(&mut self, at: Timestamp) -> Result<Vec<Entity>, SourceError> {
            let earlier: Vec<&Batch> = self.batches.iter().take_while(|batch| batch.at < at).collect();
            let vanished: BTreeSet<EntityId> = earlier.iter().flat_map(|batch| batch.vanished.clone()).collect();
            let appeared = earlier.iter().flat_map(|batch| batch.appeared.clone());
            Ok(appeared.filter(|entity| !vanished.contains(&entity.id)).collect())
        }
    }

    /// A replay with a clock that is moved by hand.
    struct Bench {
        source: ReplaySource<Recorded>,
        controls: ReplayControls,
        now: Arc<Mutex<Instant>>,
    }

    impl Bench {
        fn new() -> Self {
            let now = Arc::new(Mutex::new(Instant::now()));
            let clock = Arc::clone(&now);
            let reader = recorded();
            let span = reader.span().unwrap();
            let controls = ReplayControls::with_clock(span, Box::new(move || *clock.lock().unwrap()));
            Self { source: ReplaySource::new(reader, controls.clone()), controls, now }
        }

        fn pass(&self, seconds: f64) {
            *self.now.lock().unwrap() += Duration::from_secs_f64(seconds);
        }

        /// All that is delivered before it waits or ends, and how it waits.
        fn drain(&mut self) -> (Vec<Batch>, Next) {
            let mut batches = Vec::new();
            loop {
                match self.source.next().unwrap().0 {
                    Next::Deliver(batch) => batches.push(*batch),
                    other => return (batches, other),
                }
            }
        }

        fn drain_seconds(&mut self) -> Vec<i64> {
            self.drain().0.iter().map(|batch| batch.at.0 / NS_PER_S).collect()
        }
    }

    #[test]
    fn keeps_to_the_speed_that_is_set() {
        let mut bench = Bench::new();
        bench.controls.play();
        assert_eq!(bench.drain_seconds(), [0]);
        bench.pass(0.75);
        assert_eq!(bench.drain(), (vec![], Next::Wait(Some(Duration::from_millis(250)))));
        bench.pass(0.25);
        assert_eq!(bench.drain_seconds(), [1]);
        bench.controls.set_speed(2.0);
        bench.controls.set_speed(f64::NAN);
        bench.controls.set_speed(-1.0);
        let (batches, wait) = bench.drain();
        assert_eq!((batches.len(), wait), (0, Next::Wait(Some(Duration::from_millis(500)))));
        bench.pass(1.5);
        assert_eq!(bench.drain_seconds(), [2, 3, 4]);
        bench.pass(100.0);
        let (batches, end) = bench.drain();
        assert_eq!((batches.len(), end), (5, Next::End));
    }

    #[test]
    fn pauses_and_steps() {
        let mut bench = Bench::new();
        assert_eq!(bench.drain_seconds(), [0], "it stands at the first batch");
        bench.pass(60.0);
        assert_eq!(bench.drain(), (vec![], Next::Wait(None)));
        bench.controls.step(NS_PER_S);
        assert_eq!(bench.drain_seconds(), [1]);
        bench.controls.step(3 * NS_PER_S);
        let (batches, wait) = bench.drain();
        assert_eq!((batches.len(), wait), (3, Next::Wait(None)));
        assert!(batches.iter().all(|batch| batch.gaps.is_empty()));
        bench.controls.step(-NS_PER_S);
        assert_eq!(bench.drain_seconds(), [3]);
        bench.controls.play();
        bench.pass(1.0);
        bench.controls.pause();
        bench.pass(5.0);
        assert_eq!(bench.drain_seconds(), [4]);
        assert!(!bench.controls.playback().playing);
    }

    #[test]
    fn a_jump_tells_who_appears_and_vanishes_by_it_and_what_is_left_out() {
        let ids = |batch: &Batch| batch.appeared.iter().map(|entity| entity.id.0).collect::<Vec<_>>();
        let mut bench = Bench::new();
        bench.drain();
        bench.controls.seek(second(6));
        let (batches, _) = bench.drain();
        assert_eq!(batches.len(), 1);
        assert_eq!(ids(&batches[0]), [3, 4, 5, 6]);
        assert_eq!(batches[0].vanished, [EntityId(0), EntityId(3)]);
        assert_eq!(batches[0].gaps[0].range, TimeRange::new(second(0), second(6)));
        bench.controls.seek(second(2));
        let (batches, _) = bench.drain();
        assert_eq!((batches.len(), batches[0].at), (1, second(2)));
        assert_eq!(ids(&batches[0]), [0, 1, 2]);
        assert_eq!(batches[0].vanished, [EntityId(4), EntityId(5), EntityId(6)]);
        assert!(batches[0].gaps.is_empty());
        bench.controls.step(NS_PER_S);
        let (batches, _) = bench.drain();
        assert_eq!((ids(&batches[0]), batches[0].vanished.clone()), (vec![3], vec![EntityId(0)]));
    }

    #[test]
    fn one_step_back_introduces_nobody_twice() {
        let mut bench = Bench::new();
        bench.controls.step(6 * NS_PER_S);
        bench.drain();
        bench.controls.step(-NS_PER_S);
        let (batches, _) = bench.drain();
        let appeared: Vec<u32> = batches[0].appeared.iter().map(|entity| entity.id.0).collect();
        assert_eq!((batches[0].at, appeared), (second(5), vec![2, 3]));
        assert_eq!(batches[0].vanished, [EntityId(6), EntityId(2)]);
    }

    #[test]
    fn two_jumps_in_a_row_leave_out_all_that_lies_before_the_last() {
        let mut bench = Bench::new();
        bench.drain();
        bench.controls.seek(second(4));
        assert!(matches!(bench.source.next().unwrap().0, Next::Deliver(_)));
        bench.controls.seek(Timestamp(6 * NS_PER_S + 1));
        assert_eq!(bench.drain().0.len(), 0, "nothing was measured at that very moment");
        bench.controls.seek(second(8));
        let (batches, _) = bench.drain();
        assert_eq!(batches[0].gaps[0].range, TimeRange::new(second(4), second(8)));
    }

    #[test]
    fn conversion_waits_for_nothing_and_loses_nothing() {
        let reader = recorded();
        let expected = reader.batches.clone();
        let controls = ReplayControls::as_fast_as_possible(reader.span().unwrap());
        let mut source = ReplaySource::new(reader, controls.clone());
        let stop = StopSignal::default();
        let mut got = Vec::new();
        while let Some(batch) = source.next_batch(&stop).unwrap() {
            got.push(batch);
        }
        assert_eq!(got, expected);
        assert_eq!(controls.playback().position, second(9));
    }

    #[test]
    fn a_press_and_the_stop_signal_wake_a_paused_replay() {
        let reader = recorded();
        let controls = ReplayControls::new(reader.span().unwrap());
        let mut source = ReplaySource::new(reader, controls.clone());
        let stop = StopSignal::default();
        let stop_of_source = stop.clone();
        let (sender, batches) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            while let Some(batch) = source.next_batch(&stop_of_source).unwrap() {
                sender.send(batch.at).unwrap();
            }
        });
        assert_eq!(batches.recv().unwrap(), second(0));
        controls.step(NS_PER_S);
        assert_eq!(batches.recv().unwrap(), second(1));
        stop.request();
        thread.join().unwrap();
        assert!(batches.recv().is_err(), "nothing comes after the stop");
    }
}
