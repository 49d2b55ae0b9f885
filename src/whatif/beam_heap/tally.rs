//! What one run of one component amounts to: counts, words, pauses, and memory over time.

use super::facts::Fact;
use super::pause::{PauseLaw, Pauses};
use super::simulate::Collected;

/// Pieces into which the recording is cut for curves.
pub const PIECES: usize = 1000;

/// Words held over time, as means of equal pieces of the recording.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The first moment, in nanoseconds.
    pub from_ns: i64,
    /// The last one.
    pub to_ns: i64,
    /// Mean words held in each piece.
    pub pieces: Vec<f64>,
}

impl Timeline {
    /// Nothing held from one moment to another.
    pub fn new(from_ns: i64, to_ns: i64) -> Self {
        Self { from_ns, to_ns: to_ns.max(from_ns + 1), pieces: vec![0.0; PIECES] }
    }

    /// Holds `words` for a while.
    pub fn hold(&mut self, from_ns: i64, to_ns: i64, words: f64) {
        let length = (self.to_ns - self.from_ns) as f64 / PIECES as f64;
        let place = |ns: i64| (ns.clamp(self.from_ns, self.to_ns) - self.from_ns) as f64 / length;
        let (from, to) = (place(from_ns), place(to_ns));
        let mut at = from;
        while at < to {
            let piece = (at as usize).min(PIECES - 1);
            let end = ((piece + 1) as f64).min(to);
            if end <= at {
                break;
            }
            self.pieces[piece] += words * (end - at);
            at = end;
        }
    }

    /// The mean over the whole.
    pub fn mean(&self) -> f64 {
        self.pieces.iter().sum::<f64>() / PIECES as f64
    }
}

/// The sums of a run.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Minor collections.
    pub minors: f64,
    /// Major collections.
    pub majors: f64,
    /// Words copied.
    pub copied: f64,
    /// All pauses, in nanoseconds.
    pub pause_ns: f64,
    /// Their lengths: of recorded ones as they were, of simulated ones by the law.
    pub pauses: Pauses,
    /// The sum of each heap's largest size, in words.
    pub peak: f64,
    /// Memory over time, in words.
    pub timeline: Timeline,
    /// How long the processes were traced, together, in nanoseconds; of a recording only.
    pub traced_ns: f64,
    /// Words that they allocated meanwhile; of a recording only.
    pub allocated: f64,
}

impl Tally {
    /// Nothing yet.
    pub fn new(from_ns: i64, to_ns: i64) -> Self {
        Self {
            minors: 0.0,
            majors: 0.0,
            copied: 0.0,
            pause_ns: 0.0,
            pauses: Pauses::default(),
            peak: 0.0,
            timeline: Timeline::new(from_ns, to_ns),
            traced_ns: 0.0,
            allocated: 0.0,
        }
    }

    /// Minor and major collections.
    pub fn count(&self) -> f64 {
        self.minors + self.majors
    }

    /// Counts a recorded collection.
    pub fn recorded(&mut self, fact: &Fact) {
        *(if fact.major { &mut self.majors } else { &mut self.minors }) += 1.0;
        self.copied += fact.copied() as f64;
        self.pause_ns += (fact.pause_ns + fact.failed_ns.unwrap_or(0)) as f64;
        self.pauses.add(fact.pause_ns as f64, 1.0);
    }

    /// Counts a simulated one as `weight` of its like.
    pub fn simulated(&mut self, collected: &Collected, law: &PauseLaw, weight: f64) {
        *(if collected.major { &mut self.majors } else { &mut self.minors }) += weight;
        self.copied += weight * collected.copied;
        let pause = law.of(collected.copied, collected.major, collected.since_major, collected.failed_first);
        self.pause_ns += weight * pause;
        self.pauses.add(pause, weight);
    }

    /// Adds another component's, whose recording may have begun and ended at other moments.
    pub fn join(&mut self, other: &Tally) {
        let (ours, theirs) = (&self.timeline, &other.timeline);
        let mut timeline = Timeline::new(ours.from_ns.min(theirs.from_ns), ours.to_ns.max(theirs.to_ns));
        for part in [ours, theirs] {
            let step = (part.to_ns - part.from_ns) as f64 / PIECES as f64;
            for (i, words) in part.pieces.iter().enumerate() {
                let at = |i: usize| part.from_ns + (i as f64 * step) as i64;
                timeline.hold(at(i), at(i + 1), *words);
            }
        }
        self.timeline = timeline;
        self.minors += other.minors;
        self.majors += other.majors;
        self.copied += other.copied;
        self.pause_ns += other.pause_ns;
        self.pauses.merge(&other.pauses);
        self.peak += other.peak;
        self.traced_ns += other.traced_ns;
        self.allocated += other.allocated;
    }
}
