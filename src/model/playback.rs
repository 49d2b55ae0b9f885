//! The clock of a replay: play, pause, speed, step and seek over a stretch of recorded time.
//!
//! It keeps no time itself: whoever owns it says how much real time has passed.

use super::time::{TimeRange, Timestamp};

/// Where a replay is and how fast it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Playback {
    /// What can be played.
    pub span: TimeRange,
    /// The present moment of the replay.
    pub position: Timestamp,
    /// Recorded seconds per real second; always positive.
    pub speed: f64,
    /// Whether time passes.
    pub playing: bool,
}

impl Playback {
    /// The speeds that a user can choose.
    pub const SPEEDS: [f64; 8] = [0.1, 0.5, 1.0, 2.0, 10.0, 60.0, 600.0, 3600.0];

    /// Paused at the start of `span`, at the speed of life.
    pub fn new(span: TimeRange) -> Self {
        Self { span, position: span.from, speed: 1.0, playing: false }
    }

    /// Lets `real_seconds` pass; stops at the end.
    pub fn advance(&mut self, real_seconds: f64) {
        if !self.playing {
            return;
        }
        self.seek(self.position.plus_seconds(real_seconds * self.speed));
        if self.position >= self.span.to {
            self.playing = false;
        }
    }

    /// Goes to a moment, or to the end of the span nearest to it.
    pub fn seek(&mut self, to: Timestamp) {
        self.position = to.clamp(self.span.from, self.span.to.max(self.span.from));
    }

    /// Starts, from the beginning if it stands at the end.
    pub fn play(&mut self) {
        if self.position >= self.span.to {
            self.position = self.span.from;
        }
        self.playing = true;
    }

    /// Stops the time.
    pub fn pause(&mut self) {
        self.playing = false;
    }

    /// Pauses and moves by `step_ns` nanoseconds, backwards if negative.
    pub fn step(&mut self, step_ns: i64) {
        self.pause();
        self.seek(self.position.plus_ns(step_ns));
    }

    /// The next faster (`1`) or slower (`-1`) speed of [`Self::SPEEDS`].
    pub fn change_speed(&mut self, by: i32) {
        let nearest = Self::SPEEDS.iter().rposition(|&speed| speed <= self.speed).unwrap_or(0);
        let index = (nearest as i32 + by).clamp(0, Self::SPEEDS.len() as i32 - 1);
        self.speed = Self::SPEEDS[index as usize];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::NS_PER_S;

    fn ten_seconds() -> Playback {
        Playback::new(TimeRange::new(Timestamp(0), Timestamp(10 * NS_PER_S)))
    }

    #[test]
    fn plays_at_speed_and_stops_at_the_end() {
        let mut playback = ten_seconds();
        playback.advance(1.0);
        assert_eq!(playback.position, Timestamp(0), "paused");
        playback.play();
        playback.speed = 2.0;
        playback.advance(3.0);
        assert_eq!(playback.position, Timestamp(6 * NS_PER_S));
        playback.advance(3.0);
        assert_eq!((playback.position, playback.playing), (Timestamp(10 * NS_PER_S), false));
        playback.play();
        assert_eq!(playback.position, Timestamp(0), "plays again from the start");
    }

    #[test]
    fn steps_and_seeks_stay_inside() {
        let mut playback = ten_seconds();
        playback.step(-NS_PER_S);
        assert_eq!(playback.position, Timestamp(0));
        playback.seek(Timestamp(99 * NS_PER_S));
        assert_eq!(playback.position, Timestamp(10 * NS_PER_S));
        for _ in 0..20 {
            playback.change_speed(1);
        }
        assert_eq!(playback.speed, 3600.0);
        playback.change_speed(-1);
        assert_eq!(playback.speed, 600.0);
    }
}
