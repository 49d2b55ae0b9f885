//! How much of what a process allocated is still alive: births of long-lived data along the clock of allocated words, and a law by
//! which they die, both fitted to what survived the recorded collections.

use super::facts::Fact;

/// How the part of the data that dies does so with its age, in allocated words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Family {
    /// Never.
    Immortal,
    /// At random: exp(-age/tau).
    Random(f64),
    /// In the order of births, at age tau.
    Fifo(f64),
}

/// Survival after an age: `kept + (1 - kept) · family`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Law {
    /// How the mortal part dies.
    pub family: Family,
    /// The part that never dies.
    pub kept: f64,
}

impl Law {
    /// Everything lives for ever.
    pub const IMMORTAL: Law = Law { family: Family::Immortal, kept: 1.0 };

    /// The part of steady births that is alive after a span of the clock.
    pub fn survival_over(&self, span: f64) -> f64 {
        if span > 0.0 { self.integral(span) / span } else { 1.0 }
    }

    /// The integral of survival over ages from 0 to `age`.
    fn integral(&self, age: f64) -> f64 {
        let mortal = match self.family {
            Family::Immortal => age,
            Family::Random(tau) => tau * -(-age / tau).exp_m1(),
            Family::Fifo(tau) => age.min(tau),
        };
        self.kept * age + (1.0 - self.kept) * mortal
    }
}

/// Births along the clock under one law, and what they leave unexplained.
#[derive(Clone, Debug)]
pub struct History {
    law: Law,
    /// The clock at the beginning and at each collection.
    knots: Vec<f64>,
    /// Births of long-lived data per allocated word in the interval that ends with a collection.
    density: Vec<f64>,
    /// Words born up to each knot.
    born: Vec<f64>,
    /// The same, dying by exp(-age/tau).
    decayed: Vec<f64>,
    /// Words that survived each collection beyond the long-lived ones; may be negative.
    pub transient: Vec<f64>,
    /// What the model's live size at each collection is to be multiplied by, from the major ones.
    pub live_anchor: Vec<f64>,
    /// The same of promotions.
    pub promotion_anchor: Vec<f64>,
    /// How badly the law explains the recording; only to be compared with other laws of it.
    pub misfit: f64,
}

impl History {
    /// Births under `law` that explain the survivors. `initial` words were there at the beginning.
    pub fn new(facts: &[Fact], law: Law, initial: f64) -> Self {
        let (density, transient) = births(facts, &law);
        let n = facts.len();
        let mut history = Self {
            law,
            knots: Vec::with_capacity(n + 1),
            density,
            born: Vec::with_capacity(n + 1),
            decayed: Vec::with_capacity(n + 1),
            transient: vec![0.0; n],
            live_anchor: vec![1.0; n],
            promotion_anchor: vec![1.0; n],
            misfit: 0.0,
        };
        history.knots.push(0.0);
        history.born.push(initial);
        history.decayed.push(initial);
        let (mut born, mut decayed) = (initial, initial);
        for (fact, density) in facts.iter().zip(&history.density) {
            let span = fact.allocated as f64;
            born += density * span;
            if let Family::Random(tau) = law.family {
                let keep = (-span / tau).exp();
                decayed = decayed * keep + density * tau * (1.0 - keep);
            }
            history.knots.push(fact.clock as f64);
            history.born.push(born);
            history.decayed.push(decayed);
        }
        history.explain(facts, transient);
        history
    }

    /// Compares with the recording: misfit, anchors and transients.
    fn explain(&mut self, facts: &[Fact], typical: f64) {
        let (mut at_majors, mut weight) = (0.0, 0.0);
        let (mut after_majors, mut weight_after) = (0.0, 0.0);
        let (mut at_minors, mut minors) = (0.0, 0.0);
        let mut anchors: Vec<(usize, f64)> = Vec::new();
        let mut promotions: Vec<(usize, f64)> = Vec::new();
        let mut since_major = 0.0;
        let bound = |ratio: f64| if ratio.is_finite() { ratio.clamp(0.1, 10.0) } else { 1.0 };
        for (i, fact) in facts.iter().enumerate() {
            let x = fact.clock as f64;
            let x1 = self.knots[i];
            since_major += fact.allocated as f64;
            if fact.major {
                let model = self.alive(-1.0, x, x);
                let live = fact.end.heap as f64;
                let error = (model + typical - live) / (live + 200.0);
                at_majors += since_major * error * error;
                weight += since_major;
                since_major = 0.0;
                if model > 0.0 {
                    anchors.push((i, bound((live - typical) / model)));
                }
                self.transient[i] = (live - bound((live - typical) / model.max(1.0)) * model).clamp(-live, live);
                continue;
            }
            let newborn = self.alive(x1, x, x);
            self.transient[i] = fact.end.heap as f64 - newborn;
            let after_major = i > 0 && facts[i - 1].major;
            let old =
                if after_major { self.alive(-1.0, x1, x) } else { self.alive(self.knots[i.saturating_sub(1)], x1, x) };
            let promoted = fact.promoted as f64;
            if after_major {
                let error = (old - promoted) / (promoted + 200.0);
                after_majors += error * error;
                weight_after += 1.0;
                if old > 0.0 {
                    anchors.push((i, bound(promoted / old)));
                }
            } else if i > 1 {
                let survivors = (fact.end.heap as f64 - newborn - typical) / (fact.end.heap as f64 + 50.0);
                let promotion = (old - promoted) / (promoted + 50.0);
                at_minors += 0.3 * survivors * survivors + promotion * promotion;
                minors += 1.0;
                if old > 20.0 {
                    promotions.push((i, (promoted / old).clamp(0.2, 5.0)));
                }
            }
        }
        self.misfit = at_majors / weight.max(1.0)
            + after_majors / f64::max(weight_after, 1.0)
            + at_minors / f64::max(minors, 1.0);
        spread(&anchors, &mut self.live_anchor);
        spread(&promotions, &mut self.promotion_anchor);
    }

    /// Words born up to a moment, of them those alive by the mortal law at that moment.
    fn at(&self, x: f64) -> (f64, f64) {
        if x < 0.0 {
            return (0.0, 0.0);
        }
        let i = self.knots.partition_point(|knot| *knot <= x).saturating_sub(1);
        let past = x - self.knots[i];
        let Some(density) = self.density.get(i) else { return (self.born[i], self.decayed[i]) };
        let decayed = match self.law.family {
            Family::Random(tau) => {
                let keep = (-past / tau).exp();
                self.decayed[i] * keep + density * tau * (1.0 - keep)
            }
            _ => 0.0,
        };
        (self.born[i] + density * past, decayed)
    }

    /// Words born after `from` and up to `to` that are alive at `when`; from -1 on: with those of the beginning.
    pub fn alive(&self, from: f64, to: f64, when: f64) -> f64 {
        let (born_from, decayed_from) = self.at(from);
        let (born_to, decayed_to) = self.at(to);
        let mortal = match self.law.family {
            Family::Immortal => born_to - born_from,
            Family::Random(tau) => {
                let first = if from < 0.0 { 0.0 } else { decayed_from * (-(when - from) / tau).exp() };
                decayed_to * (-(when - to) / tau).exp() - first
            }
            Family::Fifo(tau) if when - tau >= to => 0.0,
            Family::Fifo(tau) if when - tau > from => born_to - self.at(when - tau).0,
            Family::Fifo(_) => born_to - born_from,
        };
        (self.law.kept * (born_to - born_from) + (1.0 - self.law.kept) * mortal).max(0.0)
    }

    /// The law.
    pub fn law(&self) -> Law {
        self.law
    }
}

/// Linear between known places, constant beyond them.
fn spread(known: &[(usize, f64)], into: &mut [f64]) {
    let Some(first) = known.first() else { return };
    let mut before = *first;
    let mut next = known.iter().copied().peekable();
    for (i, value) in into.iter_mut().enumerate() {
        while let Some(passed) = next.next_if(|(at, _)| *at <= i) {
            before = passed;
        }
        *value = match next.peek() {
            Some((at, after)) if before.0 <= i => {
                let part = (i - before.0) as f64 / (at - before.0) as f64;
                before.1 + part * (after - before.1)
            }
            _ => before.1,
        };
    }
}

/// The density of long-lived births of each interval, and the words that typically survive one collection beside them.
fn births(facts: &[Fact], law: &Law) -> (Vec<f64>, f64) {
    let n = facts.len();
    let mut density: Vec<Option<f64>> = vec![None; n];
    let pair = |i: usize| {
        let (this, next) = (facts.get(i)?, facts.get(i + 1)?);
        if this.major || next.major || this.allocated == 0 || next.after_hibernation {
            return None;
        }
        let (a, b) = (this.allocated as f64, next.allocated as f64);
        let g1 = law.integral(a + b) - law.integral(b);
        Some((law.integral(a), g1, g1 / a))
    };
    let mut transients = Vec::new();
    for i in 0..n {
        if let Some((g0, g1, w)) = pair(i)
            && w > 0.6
        {
            let beta = facts[i + 1].promoted as f64 / g1;
            density[i] = Some(beta);
            transients.push(facts[i].end.heap as f64 - beta * g0);
        }
    }
    let typical = median(&mut transients);
    for i in 0..n {
        if let Some((g0, g1, w)) = pair(i)
            && w <= 0.6
        {
            let promoted = if g1 > 1e-9 { w * facts[i + 1].promoted as f64 / g1 } else { 0.0 };
            let survived = (facts[i].end.heap as f64 - typical).max(0.0) / g0.max(1.0);
            density[i] = Some(promoted + (1.0 - w) * survived);
        }
    }
    if let (Some(first), Some(second)) = (facts.first(), facts.get(1))
        && first.allocated > 0
        && first.major
    {
        let alive = if second.major { first.end.heap } else { second.promoted };
        density[0] = Some(alive as f64 / first.allocated as f64);
    }
    let mut result: Vec<f64> = Vec::with_capacity(n);
    let mut upcoming = 0;
    for i in 0..n {
        // Next to a major one the neighbour's; the next known one where there is none before.
        let value = density[i].or_else(|| if i > 1 { result.last().copied() } else { None }).or_else(|| {
            upcoming = upcoming.max(i);
            while upcoming < n && density[upcoming].is_none() {
                upcoming += 1;
            }
            density.get(upcoming).copied().flatten()
        });
        let fact = &facts[i];
        let fallback = if fact.major { 0.0 } else { fact.end.heap as f64 / (fact.allocated as f64).max(1.0) };
        let most = if fact.major { 1.0 } else { fallback.min(1.0) };
        result.push(value.unwrap_or(fallback).clamp(0.0, most));
    }
    (result, typical)
}

/// The middle value; 0 of none.
pub fn median(values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}

/// Laws that explain the recording, best first; only [`Law::IMMORTAL`] where the recording can't tell.
pub fn fit(facts: &[Fact], initial: f64) -> Vec<(Law, f64)> {
    let majors = facts.iter().filter(|fact| fact.major).count();
    if !(majors >= 3 && facts.len() >= 20 || facts.len() >= 60) {
        return vec![(Law::IMMORTAL, 0.0)];
    }
    let mut intervals: Vec<f64> = facts.iter().map(|fact| fact.allocated as f64).collect();
    let shortest = (median(&mut intervals) / 2.0).max(16.0);
    let span = facts.last().map_or(1.0, |fact| fact.clock as f64).max(shortest);
    let steps = 16;
    let factor = (10.0 * span / shortest).powf(1.0 / f64::from(steps - 1));
    let mut laws = vec![Law::IMMORTAL];
    for step in 0..steps {
        let tau = shortest * factor.powi(step);
        for kept in [0.0, 0.15, 0.4] {
            laws.push(Law { family: Family::Random(tau), kept });
            laws.push(Law { family: Family::Fifo(tau), kept });
        }
    }
    let mut fitted: Vec<(Law, f64)> =
        laws.into_iter().map(|law| (law, History::new(facts, law, initial).misfit)).collect();
    fitted.sort_by(|a, b| a.1.total_cmp(&b.1));
    fitted
}
