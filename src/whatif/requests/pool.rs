//! A pool of slots: the recorded sessions, replayed with another number of slots that are kept ready.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::analysis::stats::quantile;
use crate::analysis::stats::random::Random;
use crate::model::request::RequestOutcome;
use crate::model::unit::Unit;
use crate::whatif::knob::ModelId;
use crate::whatif::prediction::{Band, Confidence, Grade, Part};

use super::Input;
use super::measure::{self, Doubt, Outcomes, SelfReplay};
use super::queue::cap;
use super::replay::{REJECTED, WhenFull};

/// With fewer sessions shares are too coarse.
const FEWEST_SESSIONS: usize = 50;

/// One session.
#[derive(Clone, Copy, Debug)]
struct Session {
    arrival_ns: i64,
    /// From readiness of its slot to its end.
    hold_ns: i64,
    /// What its own start-up took, and whether it was warm.
    start_up_ns: i64,
    is_warm: bool,
}

/// What a session without a free slot does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenBusy {
    /// It gets a fresh slot, which is thrown away at its end.
    Spawn,
    /// It waits for one.
    Wait,
    /// It is turned away.
    Reject,
}

/// Start-up times to draw from.
struct StartUps {
    warm: Vec<i64>,
    cold: Vec<i64>,
}

#[derive(Default)]
struct Occupied {
    /// From arrival to readiness; [`REJECTED`] of those turned away.
    start_up_ns: Vec<i64>,
    wait_ns: Vec<i64>,
    reused: Vec<bool>,
    busy_ns: f64,
    peak_overflow: usize,
}

/// The answer; `None` when cancelled.
pub(super) fn predict(input: &Input) -> Option<Part> {
    let refused = |confidence| Some(measure::empty_part(&input.component.id, ModelId::Pool, confidence));
    let sessions = match sessions(input) {
        Ok(sessions) => sessions,
        Err(confidence) => return refused(confidence),
    };
    let chosen = &input.chosen;
    let recorded_slots = recorded_slots(input, &sessions);
    let slots = chosen.slots.unwrap_or(recorded_slots);
    let when_busy = match (chosen.limit, chosen.when_full) {
        (_, Some(WhenFull::Block)) => WhenBusy::Wait,
        (Some(_), _) | (_, Some(WhenFull::Drop)) => WhenBusy::Reject,
        _ => WhenBusy::Spawn,
    };
    let mut start_ups = StartUps {
        warm: sessions.iter().filter(|session| session.is_warm).map(|session| session.start_up_ns).collect(),
        cold: sessions.iter().filter(|session| !session.is_warm).map(|session| session.start_up_ns).collect(),
    };
    let own = occupy(&sessions, recorded_slots, WhenBusy::Spawn, &start_ups, input.cancelled)?;
    let is_given = chosen.start_ms.is_some() || chosen.spawn_ms.is_some();
    set_mean(&mut start_ups.warm, chosen.start_ms);
    set_mean(&mut start_ups.cold, chosen.spawn_ms);
    let scaled = scaled(&sessions, chosen.load);
    let mut prepared = scaled;
    if is_given {
        // Times of one's own no longer hold.
        prepared.iter_mut().for_each(|session| session.start_up_ns = REJECTED);
    }
    let result = occupy(&prepared, slots, when_busy, &start_ups, input.cancelled)?;
    let lacks = |times: &[i64], wanted: bool| times.is_empty() && result.reused.contains(&wanted);
    if lacks(&start_ups.cold, false) || lacks(&start_ups.warm, true) {
        let (what, knob) =
            if start_ups.cold.is_empty() { ("cold", "pool.spawn_ms") } else { ("warm", "pool.start_ms") };
        let reason = format!("There would be {what} starts, and none was recorded.");
        return refused(Confidence::refused(reason, Some(format!("A recording with {what} starts, or set {knob}."))));
    }
    let confidence = trust(&sessions, &own, input, slots == recorded_slots && !is_given && chosen.load == 1.0);
    if confidence.grade == Grade::Refused {
        return refused(confidence);
    }
    let is_bound = confidence.grade == Grade::Bound;
    let mut outcomes = Outcomes::new(measure::empty_part(&input.component.id, ModelId::Pool, confidence));
    figures(input, &mut outcomes, &sessions, &result, slots, recorded_slots);
    if is_bound {
        outcomes
            .note("Sessions take longer while there are more of them, so the replay is too kind: these are limits.");
        outcomes.make_bounds();
    }
    let sessions_in_use =
        prepared.iter().map(|session| session.hold_ns as f64).sum::<f64>() / input.trace.span_ns.max(1) as f64;
    outcomes.note(format!(
        "On average {sessions_in_use:.1} sessions are in use at once; {slots} slots can serve so many warm."
    ));
    Some(outcomes.part)
}

fn sessions(input: &Input) -> Result<Vec<Session>, Confidence> {
    let refuse = |reason: String, needs: &str| Err(Confidence::refused(reason, Some(needs.to_owned())));
    let requests = super::trace::stretch_of(&input.component.requests, input.effort);
    let Some(zero) = requests.first().map(|request| request.arrival.0) else {
        return refuse(String::from("No sessions were recorded."), "A request log with ready_s and reused.");
    };
    let mut sessions = Vec::with_capacity(requests.len());
    let mut open = 0_usize;
    for request in requests.iter().filter(|request| request.outcome != RequestOutcome::Rejected) {
        let ready = request.ready.or(request.start);
        let (Some(ready), Some(end), Some(is_warm)) = (ready, request.end(), request.reused) else {
            open += 1;
            continue;
        };
        sessions.push(Session {
            arrival_ns: request.arrival.0 - zero,
            hold_ns: (end.0 - ready.0).max(0),
            start_up_ns: (ready.0 - request.arrival.0).max(0),
            is_warm,
        });
    }
    if sessions.len() < FEWEST_SESSIONS {
        let reason = format!(
            "Only {} sessions were recorded from arrival to end, with whether their slot was warm.",
            sessions.len()
        );
        return refuse(
            reason,
            "A request log of 50 sessions at least, with arrival_s, ready_s, start_s, end_s and reused.",
        );
    }
    if open * 10 > sessions.len() {
        let reason =
            format!("{open} of {} sessions have no end: how long sessions last can't be told.", sessions.len() + open);
        return refuse(reason, "A longer recording, in which most sessions end.");
    }
    Ok(sessions)
}

/// Slots by their names where warm ones have some, else by how many warm sessions there were at once.
fn recorded_slots(input: &Input, sessions: &[Session]) -> usize {
    let requests = super::trace::stretch_of(&input.component.requests, input.effort);
    let warm = requests.iter().filter(|request| request.reused == Some(true));
    let names: Option<std::collections::HashSet<u32>> = warm.map(|request| request.worker).collect();
    let mut moments: Vec<(i64, i64)> = sessions
        .iter()
        .filter(|session| session.is_warm)
        .flat_map(|session| [(session.arrival_ns, 1), (session.arrival_ns + session.start_up_ns + session.hold_ns, -1)])
        .collect();
    moments.sort_unstable();
    let mut now = 0;
    let peak = moments.iter().map(|(_, change)| {
        now += change;
        now
    });
    let peak = peak.max().unwrap_or(0).max(0) as usize;
    match names {
        Some(names) if names.len() * 4 <= sessions.len() => names.len().max(peak),
        _ => peak,
    }
}

/// Makes the mean what the user says; the shape stays.
fn set_mean(times: &mut Vec<i64>, mean_ms: Option<f64>) {
    let Some(mean_ms) = mean_ms else { return };
    let wanted = mean_ms * 1e6;
    let mean = times.iter().map(|time| *time as f64).sum::<f64>() / times.len() as f64;
    if mean > 0.0 {
        times.iter_mut().for_each(|time| *time = (*time as f64 * wanted / mean) as i64);
    } else {
        *times = vec![wanted as i64];
    }
}

fn scaled(sessions: &[Session], factor: f64) -> Vec<Session> {
    let job = |(number, session): (usize, &Session)| super::trace::Job {
        arrival_ns: session.arrival_ns,
        service_ns: session.hold_ns,
        key: number as u64,
    };
    let trace = super::trace::Trace { jobs: sessions.iter().enumerate().map(job).collect(), ..Default::default() };
    let session = |job: super::trace::Job| Session { arrival_ns: job.arrival_ns, ..sessions[job.key as usize] };
    trace.scaled(factor).into_iter().map(session).collect()
}

fn occupy(
    sessions: &[Session],
    slots: usize,
    when_busy: WhenBusy,
    start_ups: &StartUps,
    cancelled: &dyn Fn() -> bool,
) -> Option<Occupied> {
    let mut random = Random::new(41);
    let mut busy: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let mut overflow: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let mut waiting: VecDeque<usize> = VecDeque::new();
    let mut result = Occupied {
        start_up_ns: vec![REJECTED; sessions.len()],
        wait_ns: vec![0; sessions.len()],
        reused: vec![false; sessions.len()],
        ..Occupied::default()
    };
    // A session keeps its own time where it starts as it did: common random numbers.
    let mut start_up = |session: &Session, warm: bool| {
        if session.is_warm == warm && session.start_up_ns >= 0 {
            return session.start_up_ns;
        }
        let times = if warm { &start_ups.warm } else { &start_ups.cold };
        times.get(random.below(times.len())).copied().unwrap_or(0)
    };
    for (number, session) in sessions.iter().enumerate() {
        if number % 65_536 == 0 && cancelled() {
            return None;
        }
        let now = session.arrival_ns;
        while let Some(Reverse(end)) = busy.peek().copied().filter(|end| end.0 <= now) {
            busy.pop();
            if let Some(first) = waiting.pop_front() {
                let time = start_up(&sessions[first], true);
                result.wait_ns[first] = end - sessions[first].arrival_ns;
                result.start_up_ns[first] = time;
                result.busy_ns += (time + sessions[first].hold_ns) as f64;
                busy.push(Reverse(end + time + sessions[first].hold_ns));
            }
        }
        while overflow.peek().is_some_and(|end| end.0 <= now) {
            overflow.pop();
        }
        if busy.len() < slots {
            let time = start_up(session, true);
            result.start_up_ns[number] = time;
            result.reused[number] = true;
            result.busy_ns += (time + session.hold_ns) as f64;
            busy.push(Reverse(now + time + session.hold_ns));
            continue;
        }
        match when_busy {
            WhenBusy::Spawn => {
                let time = start_up(session, false);
                result.start_up_ns[number] = time;
                overflow.push(Reverse(now + time + session.hold_ns));
                result.peak_overflow = result.peak_overflow.max(overflow.len());
            }
            WhenBusy::Wait if slots > 0 => {
                result.reused[number] = true;
                waiting.push_back(number);
            }
            WhenBusy::Wait | WhenBusy::Reject => {}
        }
    }
    while let Some(first) = waiting.pop_front() {
        let Some(Reverse(end)) = busy.pop() else { break };
        let time = start_up(&sessions[first], true);
        result.wait_ns[first] = end - sessions[first].arrival_ns;
        result.start_up_ns[first] = time;
        result.busy_ns += (time + sessions[first].hold_ns) as f64;
        busy.push(Reverse(end + time + sessions[first].hold_ns));
    }
    Some(result)
}

fn trust(sessions: &[Session], own: &Occupied, input: &Input, is_same: bool) -> Confidence {
    let count = sessions.len() as f64;
    let recorded_reuse = sessions.iter().filter(|session| session.is_warm).count() as f64 / count;
    let reuse = own.reused.iter().filter(|reused| **reused).count() as f64 / count;
    let recorded: Vec<i64> = sessions.iter().map(|session| session.start_up_ns).collect();
    let mean = |times: &[i64]| times.iter().map(|time| *time as f64).sum::<f64>() / times.len().max(1) as f64;
    let (mean_before, mean_again) = (mean(&recorded), mean(&own.start_up_ns));
    let mut self_replay = SelfReplay::compare(&[], &recorded, &own.start_up_ns, 1e3, input.effort);
    self_replay.errors = vec![
        ("reuse_share", (reuse - recorded_reuse).abs()),
        ("startup_us.mean", ((mean_again + 1e3) / (mean_before + 1e3)).ln().abs()),
    ];
    // How many are in use when each session comes, against how long it lasts.
    let mut ends: BinaryHeap<Reverse<i64>> = BinaryHeap::new();
    let in_use: Vec<f64> = sessions
        .iter()
        .map(|session| {
            while ends.peek().is_some_and(|end| end.0 <= session.arrival_ns) {
                ends.pop();
            }
            ends.push(Reverse(session.arrival_ns + session.start_up_ns + session.hold_ns));
            ends.len() as f64
        })
        .collect();
    let step = sessions.len().div_ceil(20_000).max(1);
    let holds: Vec<f64> = sessions.iter().step_by(step).map(|session| session.hold_ns as f64).collect();
    let in_use: Vec<f64> = in_use.into_iter().step_by(step).collect();
    let disturb = quantile::rank_correlation(&holds, &in_use) > 0.3;
    let grade = match (is_same, disturb || input.chosen.load > 2.0) {
        (true, _) => Grade::Measured,
        (false, true) => Grade::Bound,
        (false, false) => Grade::Replayed,
    };
    self_replay.confidence(grade, 0.0)
}

fn figures(
    input: &Input,
    outcomes: &mut Outcomes,
    sessions: &[Session],
    result: &Occupied,
    slots: usize,
    recorded_slots: usize,
) {
    let doubt = Doubt { model: 0.01, resolution: 0.005, effort: input.effort };
    let share = |list: &[bool]| list.iter().map(|yes| f64::from(u8::from(*yes))).collect::<Vec<f64>>();
    let warm: Vec<bool> = sessions.iter().map(|session| session.is_warm).collect();
    let before = quantile::mean(&share(&warm));
    outcomes.add(
        "reuse_share",
        Unit::RATIO,
        before,
        cap(measure::banded_mean(share(&result.reused).into_iter(), doubt)),
    );
    let recorded: Vec<i64> = sessions.iter().map(|session| session.start_up_ns).collect();
    let mean_before = recorded.iter().map(|time| *time as f64).sum::<f64>() / recorded.len() as f64;
    let ns = Doubt { resolution: 1e4, ..doubt };
    let served = || result.start_up_ns.iter().filter(|time| **time != REJECTED);
    outcomes.add_time(
        "startup_us.mean",
        Some(mean_before),
        measure::banded_mean(served().map(|time| *time as f64), ns),
    );
    if sessions.len() >= measure::FEWEST_FOR_P99 {
        let before = measure::quantiles(&recorded, &[0.99])[0];
        outcomes.add_time(
            "startup_us.p99",
            Some(before),
            measure::banded_quantiles(&result.start_up_ns, &[0.99], ns)[0],
        );
    }
    let rejected = result.start_up_ns.iter().map(|time| f64::from(u8::from(*time == REJECTED)));
    let rejected = measure::banded_mean(rejected, Doubt { resolution: 0.0, ..doubt });
    outcomes.add("rejected_share", Unit::RATIO, Some(0.0), cap(rejected));
    if result.wait_ns.iter().any(|wait| *wait > 0) {
        for (metric, band) in ["wait_us.p50", "wait_us.p90", "wait_us.p99"].into_iter().zip(measure::banded_quantiles(
            &result.wait_ns,
            &[0.5, 0.9, 0.99],
            ns,
        )) {
            outcomes.add_time(metric, None, band);
        }
    }
    let span = input.trace.span_ns.max(1) as f64;
    if slots > 0 {
        let used = result.busy_ns / (span * slots as f64);
        outcomes.add("utilization", Unit::RATIO, None, cap(Band { value: used, low: used * 0.95, high: used * 1.05 }));
    }
    let sizes: Vec<f64> = input
        .component
        .heaps
        .iter()
        .filter_map(|heap| heap.events.iter().map(|event| event.held_words).max())
        .map(|words| words as f64)
        .collect();
    match quantile::of(&mut sizes.clone(), 0.95) {
        Some(words) => {
            let bytes = |held: usize| held as f64 * words * input.word_bytes as f64;
            let middle = quantile::median(&sizes).unwrap_or(words) * input.word_bytes as f64;
            let held = slots + result.peak_overflow;
            let band = Band { value: bytes(held), low: held as f64 * middle, high: bytes(held) };
            outcomes.add("memory.peak_bytes", Unit::BYTES, Some(bytes(recorded_slots)), band);
        }
        None => outcomes.note("No heap of a slot was traced, so what the slots hold in memory is not told."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(arrival_ns: i64, hold_ns: i64) -> Session {
        Session { arrival_ns, hold_ns, start_up_ns: 50, is_warm: true }
    }

    fn start_ups() -> StartUps {
        StartUps { warm: vec![50], cold: vec![250] }
    }

    #[test]
    fn sessions_without_a_free_slot_start_cold_wait_or_go() {
        let sessions = [session(0, 1000), session(10, 1000), session(20, 1000), session(5000, 1000)];
        let run = |slots, when_busy| occupy(&sessions, slots, when_busy, &start_ups(), &|| false).unwrap();
        let spawned = run(1, WhenBusy::Spawn);
        assert_eq!(spawned.reused, [true, false, false, true]);
        assert_eq!(spawned.start_up_ns, [50, 250, 250, 50]);
        assert_eq!(spawned.peak_overflow, 2);
        let waiting = run(1, WhenBusy::Wait);
        assert_eq!(waiting.wait_ns, [0, 1040, 2080, 0]);
        assert_eq!(waiting.reused, [true; 4]);
        let rejected = run(2, WhenBusy::Reject);
        assert_eq!(rejected.start_up_ns, [50, 50, REJECTED, 50]);
        assert_eq!(run(0, WhenBusy::Spawn).reused, [false; 4]);
    }

    #[test]
    fn the_mean_start_up_is_that_of_the_mixture() {
        let mut random = Random::new(3);
        let sessions: Vec<Session> =
            (0..5000).map(|number| session(number * 1000, (random.exponential() * 8000.0) as i64)).collect();
        let result = occupy(&sessions, 8, WhenBusy::Spawn, &start_ups(), &|| false).unwrap();
        let reuse = result.reused.iter().filter(|reused| **reused).count() as f64 / 5000.0;
        let mean = result.start_up_ns.iter().sum::<i64>() as f64 / 5000.0;
        assert!((mean - (50.0 * reuse + 250.0 * (1.0 - reuse))).abs() < 1e-9);
        assert!((0.5..0.95).contains(&reuse), "{reuse}");
    }
}
