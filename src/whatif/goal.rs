//! Goal seek: which settings reach given targets, and when none does, how near one comes and which target stands in the way.
//!
//! Works on whatever answers settings, bands included; knows no model.

use crate::model::id::ComponentId;

use super::knob::{KNOBS, Knob, KnobValue};
use super::outcome::OutcomeInfo;
use super::prediction::{Band, Grade, Part};
use super::scenario::{Place, Setting};

/// Points along the range of one setting.
const POINTS_OF_ONE: usize = 200;
/// Points in all, when there are several settings.
const POINTS: usize = 1_000;

/// On which side of a target is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// No more than the target.
    AtMost,
    /// No less.
    AtLeast,
}

/// What is wanted of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// Its id.
    pub metric: String,
    /// Of this component only; `None`: of every one that has it.
    pub component: Option<ComponentId>,
    /// On which side.
    pub side: Side,
    /// In the metric's unit.
    pub value: f64,
}

impl Target {
    /// Reads `METRIC<=VALUE`, `METRIC<VALUE`, `METRIC>=VALUE` or `METRIC>VALUE`; of `METRIC=VALUE` the side is the good one of the
    /// metric. `COMPONENT:METRIC` is for one component.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text
            .find(['<', '>', '='])
            .ok_or_else(|| format!("\"{text}\" is no goal: it is METRIC<=VALUE or METRIC>=VALUE"))?;
        let number = text[at + 1..].trim_start_matches('=').trim();
        let value = number.parse::<f64>().ok().filter(|value| value.is_finite());
        let value = value.ok_or_else(|| format!("\"{number}\" in \"{text}\" is no number"))?;
        let name = text[..at].trim();
        let (component, metric) = match name.rsplit_once(':') {
            Some((component, metric)) => (Some(ComponentId::from(component)), metric),
            None => (None, name),
        };
        if metric.is_empty() {
            return Err(format!("\"{text}\" names no metric"));
        }
        let good = || OutcomeInfo::find(metric).and_then(|info| info.lower_is_better);
        let side = match (&text[at..=at], good()) {
            ("<", _) | ("=", Some(true)) => Side::AtMost,
            (">", _) | ("=", Some(false)) => Side::AtLeast,
            _ => {
                return Err(format!(
                    "of {metric} it is not known whether less is better: write {metric}<={number} or {metric}>={number}"
                ));
            }
        };
        Ok(Self { metric: metric.to_owned(), component, side, value })
    }

    /// By which part of the target a value misses it; 0 where it is met.
    fn miss(&self, value: f64) -> f64 {
        let over = match self.side {
            Side::AtMost => value - self.value,
            Side::AtLeast => self.value - value,
        };
        (over / self.value.abs().max(1e-12)).max(0.0)
    }

    /// The worst end of the band.
    fn worst(&self, band: Band) -> f64 {
        if self.side == Side::AtMost { band.high } else { band.low }
    }

    /// The band of its metric in an answer, the worst one where several have it; `None`: not told.
    fn band(&self, parts: &[Part]) -> Option<Band> {
        let told = parts.iter().filter(|part| part.confidence.grade != Grade::Refused).flat_map(|part| &part.outcomes);
        let bands = told
            .filter(|outcome| outcome.metric == self.metric)
            .filter(|outcome| self.component.is_none() || outcome.component == self.component)
            .map(|outcome| outcome.predicted);
        bands.max_by(|a, b| self.miss(a.value).total_cmp(&self.miss(b.value)))
    }
}

/// A setting that may be moved, in a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Lever {
    /// Where.
    pub place: Place,
    /// What.
    pub knob: &'static Knob,
    /// From which to which value.
    pub range: (f64, f64),
}

impl Lever {
    /// The whole range of a knob.
    pub fn of(place: Place, knob: &'static Knob) -> Self {
        Self { place, knob, range: knob.range }
    }

    /// Reads `PATH` or `PATH=LOW..HIGH`: a setting whose value is looked for.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, range) = text.split_once('=').map_or((text, None), |(path, range)| (path, Some(range)));
        let is_it = |knob: &&Knob| {
            path.trim().strip_suffix(knob.path).is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        // Without a knob of this name the sentence about the setting says which there are.
        let some_value = KNOBS
            .iter()
            .find(is_it)
            .and_then(|knob| knob.words.first().map(|word| (*word).to_owned()).or(Some(knob.range.0.to_string())));
        let Setting { place, knob, .. } = Setting::parse(&format!("{path}={}", some_value.unwrap_or_default()))?;
        let mut lever = Self::of(place, knob);
        if let Some(range) = range {
            let ends = range
                .split_once("..")
                .and_then(|(low, high)| Some((low.trim().parse().ok()?, high.trim().parse().ok()?)));
            lever.range = ends
                .filter(|(low, high): &(f64, f64)| low < high && knob.words.is_empty())
                .ok_or_else(|| format!("\"{text}\" is no range of values: it is PATH=LOW..HIGH"))?;
        }
        Ok(lever)
    }

    /// So many settings along the range, by factors where the knob goes by factors; all words of a knob of words.
    pub fn points(&self, count: usize) -> Vec<Setting> {
        let setting = |value| Setting { place: self.place.clone(), knob: self.knob, value };
        if !self.knob.words.is_empty() {
            return self.knob.words.iter().map(|word| setting(KnobValue::Word(word))).collect();
        }
        let (low, high) = (self.range.0.max(self.knob.range.0), self.range.1.min(self.knob.range.1));
        let at = |share: f64| {
            let value = if self.knob.by_factors {
                let floor = low.max(if self.knob.whole { 1.0 } else { high * 1e-6 });
                floor * (high / floor).max(1.0).powf(share)
            } else {
                low + (high - low) * share
            };
            if self.knob.whole { value.round() } else { value }
        };
        let steps = count.max(2) - 1;
        let mut values: Vec<f64> = (0..=steps).map(|step| at(step as f64 / steps as f64)).collect();
        if low < values[0] {
            values.insert(0, low);
        }
        values.dedup();
        let mut settings: Vec<Setting> = values.into_iter().map(|value| setting(KnobValue::Number(value))).collect();
        if self.knob.may_be_unlimited {
            settings.push(setting(KnobValue::Unlimited));
        }
        settings
    }
}

/// How surely a point meets its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    /// Even the worse end of every band does.
    Robustly,
    /// The middle does.
    Probably,
    /// It does not.
    Missed,
}

/// One target at the best point.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Which.
    pub target: Target,
    /// What the point gives.
    pub predicted: Band,
    /// By which part of the target the middle misses it.
    pub miss: f64,
    /// The value at which the other targets could all be met (with this one), if any point meets the others: what to relax it to.
    pub relaxed: Option<f64>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    /// How surely the best point meets all targets.
    pub reached: Reached,
    /// The best point.
    pub settings: Vec<Setting>,
    /// Each target there.
    pub standings: Vec<Standing>,
    /// Of the targets the one that stands in the way: which is missed most there.
    pub obstacle: Option<usize>,
    /// Of one numeric lever: from which to which value all targets are met (in the middle of the bands).
    pub feasible: Option<(f64, f64)>,
    /// Points looked at, and those of them without an answer.
    pub points: (usize, usize),
}

/// Looks for settings of `levers` that meet `targets`; `fixed` holds throughout. `None` where no point has an answer about all targets, or when cancelled.
pub fn seek(
    levers: &[Lever],
    targets: &[Target],
    fixed: &[Setting],
    answer: &dyn Fn(&[Setting]) -> Vec<Part>,
    cancelled: &dyn Fn() -> bool,
) -> Option<Sought> {
    let each = if levers.len() <= 1 { POINTS_OF_ONE } else { (POINTS as f64).powf(1.0 / levers.len() as f64) as usize };
    let mut points: Vec<Vec<Setting>> = vec![fixed.to_vec()];
    for lever in levers {
        let along = lever.points(each);
        points = points
            .into_iter()
            .flat_map(|point| along.iter().map(move |at| [point.clone(), vec![at.clone()]].concat()))
            .collect();
    }
    let looked_at = points.len();
    let mut found: Vec<(Vec<Setting>, Vec<Band>)> = Vec::new();
    for point in points {
        if cancelled() {
            return None;
        }
        let parts = answer(&point);
        let bands: Option<Vec<Band>> = targets.iter().map(|target| target.band(&parts)).collect();
        found.extend(bands.map(|bands| (point, bands)));
    }
    let reached = |bands: &[Band]| {
        let all =
            |ok: &dyn Fn(&Target, Band) -> bool| targets.iter().zip(bands).all(|(target, band)| ok(target, *band));
        if all(&|target, band| target.miss(target.worst(band)) == 0.0) {
            Reached::Robustly
        } else if all(&|target, band| target.miss(band.value) == 0.0) {
            Reached::Probably
        } else {
            Reached::Missed
        }
    };
    let largest = |bands: &[Band]| targets.iter().zip(bands).map(|(t, band)| t.miss(band.value)).fold(0.0, f64::max);
    // Among points that meet everything, the one with most room to the nearest target.
    let room = |bands: &[Band]| {
        let margins = targets.iter().zip(bands).map(|(target, band)| match target.side {
            Side::AtMost => (target.value - target.worst(*band)) / target.value.abs().max(1e-12),
            Side::AtLeast => (target.worst(*band) - target.value) / target.value.abs().max(1e-12),
        });
        margins.fold(f64::INFINITY, f64::min)
    };
    let order = |a: &&(Vec<Setting>, Vec<Band>), b: &&(Vec<Setting>, Vec<Band>)| {
        let by_reach = reached(&a.1).cmp(&reached(&b.1));
        by_reach.then(largest(&a.1).total_cmp(&largest(&b.1))).then(room(&b.1).total_cmp(&room(&a.1)))
    };
    let (settings, bands) = found.iter().min_by(order)?;
    let standing = |(number, target): (usize, &Target)| {
        let meets_others = |bands: &[Band]| {
            targets.iter().zip(bands).enumerate().all(|(other, (t, band))| other == number || t.miss(band.value) == 0.0)
        };
        let values = found.iter().filter(|(_, bands)| meets_others(bands)).map(|(_, bands)| bands[number].value);
        let best = match target.side {
            Side::AtMost => values.min_by(f64::total_cmp),
            Side::AtLeast => values.max_by(f64::total_cmp),
        };
        let predicted = bands[number];
        Standing { target: target.clone(), predicted, miss: target.miss(predicted.value), relaxed: best }
    };
    let standings: Vec<Standing> = targets.iter().enumerate().map(standing).collect();
    let obstacle =
        standings.iter().enumerate().filter(|(_, s)| s.miss > 0.0).max_by(|a, b| a.1.miss.total_cmp(&b.1.miss));
    let feasible = (levers.len() == 1).then(|| {
        let met = found.iter().filter(|(_, bands)| reached(bands) != Reached::Missed);
        let values: Vec<f64> = met.filter_map(|(point, _)| point.last()?.value.number()).collect();
        Some((values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?))
    });
    Some(Sought {
        reached: reached(bands),
        settings: settings.clone(),
        obstacle: obstacle.map(|(number, _)| number),
        standings,
        feasible: feasible.flatten(),
        points: (looked_at, looked_at - found.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::unit::Unit;
    use crate::whatif::knob::ModelId;
    use crate::whatif::prediction::{Confidence, Outcome};

    /// A heap with live data L and allocation g under a limit H: interval (H−L)/g, efficiency L/(L + (H−L)/2), pause 20 ms + 1 ms per 10 MB of headroom.
    fn heap(settings: &[Setting]) -> Vec<Part> {
        let (live, rate) = (500e6, 20e6);
        let limit = settings[0].value.number().unwrap();
        let confidence = Confidence::refused("", None);
        if limit <= live {
            return vec![Part::refused(None, ModelId::HeapLimit, confidence)];
        }
        let headroom = limit - live;
        let outcome = |metric, value: f64| Outcome {
            metric,
            unit: Unit::RATIO,
            component: None,
            baseline: None,
            predicted: Band { value, low: value * 0.98, high: value * 1.02 },
            model: ModelId::HeapLimit,
        };
        let mut part = Part::refused(None, ModelId::HeapLimit, Confidence { grade: Grade::Replayed, ..confidence });
        part.outcomes = vec![
            outcome("interval_s", headroom / rate),
            outcome("efficiency", live / (live + headroom / 2.0)),
            outcome("pause_ms", 20.0 + headroom / 1e7),
        ];
        vec![part]
    }

    fn run(targets: &[&str]) -> Sought {
        let targets: Vec<Target> = targets.iter().map(|text| Target::parse(text).unwrap()).collect();
        let lever = Lever { range: (1e8, 5e9), ..Lever::of(Place::All, Knob::find("heap.max_bytes").unwrap()) };
        seek(&[lever], &targets, &[], &heap, &|| false).unwrap()
    }

    #[test]
    fn the_set_that_meets_everything_is_the_analytic_one() {
        // E ≥ g·I = 400 MB; E ≤ 2L(1/η − 1) = 667 MB; E ≤ 10 MB·(P − 20) = 800 MB.
        let found = run(&["interval_s>=20", "efficiency>=0.6", "pause_ms<100"]);
        assert_eq!(found.reached, Reached::Robustly);
        let (low, high) = found.feasible.unwrap();
        // The grid's points are two percent apart.
        assert!((low / 900e6).ln().abs() < 0.021 && low >= 900e6, "{low}");
        assert!((high / 1_166.7e6).ln().abs() < 0.021 && high <= 1_166.7e6, "{high}");
        assert!(found.points.1 > 0, "limits below what lives have no answer");
    }

    #[test]
    fn out_of_reach_names_the_obstacle_and_what_to_relax() {
        let found = run(&["interval_s>=60", "efficiency>=0.6", "pause_ms<100"]);
        assert_eq!(found.reached, Reached::Missed);
        let target = &found.standings[found.obstacle.unwrap()].target;
        assert!(["interval_s", "efficiency"].contains(&target.metric.as_str()));
        // Keeping efficiency and pause, the interval can be 667 MB / 20 MB/s.
        let relaxed = found.standings[0].relaxed.unwrap();
        assert!((relaxed / 33.3).ln().abs() < 0.04 && relaxed <= 33.4, "{relaxed}");
    }

    #[test]
    fn targets_are_read_or_the_sentence_says_what_is_wrong() {
        let target = Target::parse("app:shop.agents:pause_us.p99 <= 50").unwrap();
        assert_eq!(target.component, Some("app:shop.agents".into()));
        assert_eq!((target.metric.as_str(), target.side, target.value), ("pause_us.p99", Side::AtMost, 50.0));
        assert!(Target::parse("pause 50").unwrap_err().contains("METRIC<=VALUE"));
        assert!(Target::parse("pause<=x").unwrap_err().contains("no number"));
        assert!(Target::parse("<=5").unwrap_err().contains("no metric"));
    }

    #[test]
    fn goals_have_the_good_side_and_levers_a_range() {
        let side_of = |text: &str| Target::parse(text).map(|target| (target.side, target.value));
        assert_eq!(side_of("memory.peak_bytes=5"), Ok((Side::AtMost, 5.0)));
        assert_eq!(side_of("gc.interval_s=30"), Ok((Side::AtLeast, 30.0)));
        assert_eq!(side_of("gc.count>=3"), Ok((Side::AtLeast, 3.0)));
        assert!(Target::parse("nothing=3").unwrap_err().contains("nothing<=3"));
        assert!(Target::parse("gc.count").is_err());
        let heap = Lever::parse("agents.gc.min_heap_words=500..9000").unwrap();
        assert_eq!((heap.knob.path, heap.range), ("gc.min_heap_words", (500.0, 9000.0)));
        assert_eq!(Lever::parse("*.gc.hibernate").unwrap().points(9).len(), 2);
        assert!(Lever::parse("agents.gc.none").unwrap_err().contains("gc.fullsweep_after"));
        assert!(Lever::parse("agents.gc.min_heap_words=9..5").unwrap_err().contains("LOW..HIGH"));
    }

    #[test]
    fn points_span_the_range_and_reach_its_ends() {
        let limit = Lever::of(Place::All, Knob::find("queue.limit").unwrap());
        let points = limit.points(20);
        assert_eq!(points[0].value, KnobValue::Number(0.0));
        assert_eq!(points[points.len() - 1].value, KnobValue::Unlimited);
        assert_eq!(points[points.len() - 2].value, KnobValue::Number(10_000_000.0));
        assert_eq!(Lever::of(Place::All, Knob::find("queue.policy").unwrap()).points(20).len(), 2);
    }
}
