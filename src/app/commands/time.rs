//! Range, cursor, playback.

use crate::model::time::{NS_PER_S, TimeRange};
use crate::state::command::TimeCommand;
use crate::state::{State, detail};

const MAX_EARLIER_RANGES: usize = 50;
/// No range is shorter than this.
const MIN_LENGTH_NS: i64 = NS_PER_S;

/// Carries one out.
pub fn apply(state: &mut State, command: TimeCommand) {
    let Some(span) = state.measured_span() else { return };
    match command {
        TimeCommand::SetRange { range, keep_back } => set_range(state, span, range, keep_back),
        TimeCommand::Zoom(factor) => {
            let middle = state.range.from.plus_ns(state.range.length_ns() / 2);
            let cursor = state.playback.position;
            let pivot = if state.range.contains(cursor) { cursor } else { middle };
            set_range(state, span, state.range.scaled_about(pivot, factor), true);
        }
        TimeCommand::Pan(share) => {
            let by = (state.range.length_ns() as f64 * share) as i64;
            set_range(state, span, state.range.shifted_ns(by), false);
        }
        TimeCommand::ShowAll => set_range(state, span, span, true),
        TimeCommand::Back => {
            if let Some(range) = state.earlier_ranges.pop() {
                state.follow = false;
                state.range = clamped(range, span);
            }
        }
        TimeCommand::SetCursor(at) => {
            state.follow = false;
            state.playback.seek(at);
        }
        TimeCommand::Follow(follow) => {
            state.follow = follow;
            if follow {
                state.playback.pause();
                state.playback.seek(span.to);
                let length_ns = state.range.length_ns();
                state.range = clamped(TimeRange::new(span.to.plus_ns(-length_ns), span.to), span);
            }
        }
        TimeCommand::TogglePlay => {
            state.follow = false;
            if state.playback.playing { state.playback.pause() } else { state.playback.play() }
        }
        TimeCommand::ChangeSpeed(by) => state.playback.change_speed(by),
        TimeCommand::Step(columns) => {
            state.follow = false;
            state.playback.step(detail::width_ns(state.range).saturating_mul(i64::from(columns)));
            keep_cursor_in_range(state);
        }
    }
}

fn set_range(state: &mut State, span: TimeRange, range: TimeRange, keep_back: bool) {
    if keep_back {
        state.earlier_ranges.push(state.range);
        let excess = state.earlier_ranges.len().saturating_sub(MAX_EARLIER_RANGES);
        state.earlier_ranges.drain(..excess);
    }
    state.range = clamped(range, span);
    if state.range.to < span.to {
        state.follow = false;
    }
}

/// The range moved, and shortened where need be, so that it lies inside `span`.
fn clamped(range: TimeRange, span: TimeRange) -> TimeRange {
    let length_ns = range.length_ns().max(MIN_LENGTH_NS).min(span.length_ns().max(MIN_LENGTH_NS));
    let latest = span.to.plus_ns(-length_ns).max(span.from);
    let from = range.from.clamp(span.from, latest);
    TimeRange::new(from, from.plus_ns(length_ns))
}

/// Moves the range along when playback has left it.
pub fn keep_cursor_in_range(state: &mut State) {
    let (range, cursor) = (state.range, state.playback.position);
    if range.contains(cursor) || cursor == range.to {
        return;
    }
    let Some(span) = state.measured_span() else { return };
    let from = cursor.plus_ns(-range.length_ns() / 2);
    state.range = clamped(TimeRange::new(from, from.plus_ns(range.length_ns())), span);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::playback::Playback;
    use crate::model::time::Timestamp;
    use crate::state::{SessionInfo, SessionKind};

    fn range_s(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from * NS_PER_S), Timestamp(to * NS_PER_S))
    }

    fn hundred_seconds() -> State {
        let span = range_s(0, 100);
        let session = SessionInfo {
            title: "test".to_owned(),
            kind: SessionKind::Recorded,
            source: "host".to_owned(),
            path: None,
            span: Some(span),
            entities: Arc::new(Vec::new()),
            warnings: Vec::new(),
            values: 1,
            bytes: 1,
        };
        State { session: Some(session), range: span, playback: Playback::new(span), ..State::default() }
    }

    #[test]
    fn the_range_never_leaves_what_was_measured() {
        let mut state = hundred_seconds();
        apply(&mut state, TimeCommand::SetRange { range: range_s(90, 120), keep_back: true });
        assert_eq!(state.range, range_s(70, 100));
        apply(&mut state, TimeCommand::Pan(-10.0));
        assert_eq!(state.range, range_s(0, 30));
        apply(&mut state, TimeCommand::Zoom(100.0));
        assert_eq!(state.range, range_s(0, 100));
        apply(&mut state, TimeCommand::SetRange { range: range_s(50, 50), keep_back: false });
        assert_eq!(state.range.length_ns(), MIN_LENGTH_NS);
    }

    #[test]
    fn back_returns_to_the_range_before() {
        let mut state = hundred_seconds();
        apply(&mut state, TimeCommand::SetRange { range: range_s(10, 20), keep_back: true });
        apply(&mut state, TimeCommand::SetRange { range: range_s(12, 14), keep_back: true });
        apply(&mut state, TimeCommand::Back);
        assert_eq!(state.range, range_s(10, 20));
        apply(&mut state, TimeCommand::Back);
        assert_eq!(state.range, range_s(0, 100));
    }

    #[test]
    fn stepping_out_of_the_range_moves_it() {
        let mut state = hundred_seconds();
        apply(&mut state, TimeCommand::SetRange { range: range_s(0, 10), keep_back: true });
        apply(&mut state, TimeCommand::SetCursor(Timestamp(10 * NS_PER_S)));
        apply(&mut state, TimeCommand::Step(2));
        assert!(state.range.contains(state.playback.position), "{:?}", state.range);
    }
}
