//! Means against what they are means of.

use super::arithmetic::Span;
use super::context::{Context, difference, joined, listed, n, percent, signed_percent};
use super::figures::Figure;
use super::{Checked, RuleClass, Severity};
use crate::model::document::{Daily, FigureRef, Member};
use crate::model::id::ItemId;
use crate::model::unit::{BaseUnit, Dimension, Unit};

/// A mean of shares may be off by two points, another by this share.
const MEAN_POINTS: f64 = 0.02;
const MEAN: f64 = 0.05;
const PROFILE: f64 = 0.1;
const MIXTURE: f64 = 0.05;

/// Members with their numbers in a unit, and how many there are of each.
struct Members<'c, 'd> {
    list: Vec<(&'c Figure<'d>, Option<&'c Figure<'d>>, f64, f64)>,
}

impl<'c, 'd> Members<'c, 'd> {
    fn of(cx: &'c Context<'d>, members: &[Member], unit: Unit) -> Result<Self, String> {
        let mut list = Vec::new();
        for member in members {
            let figure = cx.figure(&member.figure)?;
            let count = member.count.as_ref().map(|name| cx.figure(name)).transpose()?;
            let number = count.map_or(Ok(1.0), |count| count.number_in(Unit::COUNT))?;
            if number <= 0.0 {
                return Err(format!("there are none of {}", figure.name));
            }
            list.push((figure, count, figure.number_in(unit)?, number));
        }
        if list.is_empty() { Err(String::from("a mean of nothing")) } else { Ok(Self { list }) }
    }

    fn count(&self) -> f64 {
        self.list.iter().map(|(.., count)| count).sum()
    }

    fn mean(&self) -> f64 {
        self.list.iter().map(|(_, _, value, count)| value * count).sum::<f64>() / self.count()
    }

    /// Standard deviation over all of them: the members are the whole population.
    fn deviation(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = self.list.iter().map(|(_, _, value, count)| (value - mean).powi(2) * count).sum();
        (squares / self.count()).sqrt()
    }

    fn figures(&self) -> impl Iterator<Item = &'c Figure<'d>> {
        self.list.iter().flat_map(|(figure, count, ..)| [Some(*figure), *count]).flatten()
    }

    fn text(&self, unit: Unit) -> String {
        let one = |(_, _, value, count): &(&Figure, Option<&Figure>, f64, f64)| match *count {
            1.0 => n(*value, unit),
            count => format!("{} × {}", n(count, Unit::COUNT), n(*value, unit)),
        };
        joined(self.list.iter().map(one), " + ")
    }
}

/// mean ≈ Σ members / their number.
pub fn mean(cx: &Context, mean: &FigureRef, members: &[Member]) -> Checked {
    let stated = cx.figure(mean)?;
    let unit = stated.unit;
    let members = Members::of(cx, members, unit)?;
    let derived = members.mean();
    let open = match unit.dimension() {
        Dimension::Ratio => MEAN_POINTS / unit.factor(),
        _ => MEAN * derived.abs(),
    };
    let holds = stated.span_in(unit)?.meets(Span::of(derived).wider(open));
    let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
    let message = format!(
        "({}) ÷ {} = {}; stated: {}.",
        members.text(unit),
        n(members.count(), Unit::COUNT),
        n(derived, unit),
        stated.text()
    );
    let mut figures = vec![stated];
    figures.extend(members.figures());
    let found = cx.found(RuleClass::MeanVersusMembers, severity, &figures).stated(stated);
    Ok(vec![found.derived(derived, unit, "mean of the members").say(message)])
}

/// What is called a variation: a coefficient of variation, a deviation, or neither.
pub fn variation(cx: &Context, variation: &FigureRef, members: &[Member], seen_in: &[ItemId]) -> Checked {
    let stated = cx.figure(variation)?;
    let percent_unit = Unit::of(BaseUnit::Percent);
    let unit = members.first().map(|member| cx.figure(&member.figure)).transpose()?.map_or(percent_unit, |it| it.unit);
    let members = Members::of(cx, members, unit)?;
    let (mean, deviation) = (members.mean(), members.deviation());
    let coefficient = deviation / mean;
    if !coefficient.is_finite() {
        return Err(format!("the members of {} have no mean to vary around", stated.name));
    }
    let span = stated.span_in(Unit::RATIO)?;
    let holds = span.meets(Span::of(coefficient).wider(MEAN_POINTS));
    let severity = if holds { Severity::Rounding } else { Severity::Ambiguous };
    let message = format!(
        "{} members with a standard deviation of {} around a mean of {}, {} of it; stated: {}.{}",
        n(members.count(), Unit::COUNT),
        difference(deviation, unit),
        n(mean, unit),
        percent(coefficient),
        stated.text(),
        if holds { "" } else { " What it is a measure of is not said; a variance has squared units." }
    );
    let mut figures = vec![stated];
    figures.extend(members.figures());
    let found = cx.found(RuleClass::ScoreWithoutBase, severity, &figures).and(seen_in).stated(stated);
    Ok(vec![found.derived(coefficient * 100.0, percent_unit, "standard deviation ÷ mean").say(message)])
}

fn hours(daily: &Daily) -> f64 {
    // A stretch may go over midnight.
    (daily.to_hour - daily.from_hour).rem_euclid(24.0)
}

/// The mean of a day against its hours, and the length of peaks against the hours in which they come.
pub fn profile(
    cx: &Context,
    baseline: &FigureRef,
    peak: &FigureRef,
    daily: &ItemId,
    mean: Option<&FigureRef>,
    spike: Option<&FigureRef>,
) -> Checked {
    let (baseline, peak) = (cx.figure(baseline)?, cx.figure(peak)?);
    let patterns = cx.document.components.iter().flat_map(|component| &component.patterns);
    let pattern = patterns.into_iter().find(|pattern| &pattern.item == daily);
    let pattern = pattern.ok_or_else(|| format!("A relation names the pattern {daily}, but the document has none."))?;
    let unit = baseline.unit;
    let (low, high) = (baseline.number_in(unit)?, peak.number_in(unit)?);
    let busy: f64 = pattern.peaks.iter().map(hours).sum();
    if !(0.0..=24.0).contains(&busy) {
        return Err(format!("the hours of {daily} are not within a day"));
    }
    let mut found = Vec::new();
    if let Some(mean) = mean {
        let mean = cx.figure(mean)?;
        let derived = (low * (24.0 - busy) + high * busy) / 24.0;
        let holds = mean.span_in(unit)?.meets(Span::of(derived).wider_by_share(PROFILE));
        let severity = if holds { Severity::Rounding } else { Severity::Contradiction };
        let hour = Unit::of(BaseUnit::Hour);
        let message = format!(
            "({} × {} + {} × {}) ÷ {} = {}; stated: {} ({}).",
            n(24.0 - busy, hour),
            baseline.text(),
            n(busy, hour),
            peak.text(),
            n(24.0, hour),
            n(derived, unit),
            mean.text(),
            mean.full_label()
        );
        let draft = cx.found(RuleClass::ProfileVersusMean, severity, &[mean, baseline, peak]).and([daily]).stated(mean);
        found.push(draft.derived(derived, unit, "mean over the hours of a day").say(message));
    }
    if let Some(spike) = spike {
        let spike = cx.figure(spike)?;
        let hour = Unit::of(BaseUnit::Hour);
        let length = spike.span_in(hour)?;
        let differ = pattern.peaks.iter().map(hours).filter(|hours| !length.wider_by_share(PROFILE).holds(*hours));
        let differ: Vec<String> = differ.map(|hours| n(hours, hour)).collect();
        if !differ.is_empty() {
            let message = format!(
                "{}: {}; the hours of “{}” are {} long. Peaks fill only a part of them, or the hours are not the peaks.",
                spike.label,
                spike.text(),
                pattern.title,
                listed(differ)
            );
            let draft = cx.found(RuleClass::ProfileVersusMean, Severity::Ambiguous, &[spike]).and([daily]);
            found.push(draft.stated(spike).say(message));
        }
    }
    Ok(found)
}

/// mean = Σ share × value.
pub fn mixture(
    cx: &Context,
    share: &FigureRef,
    value: &FigureRef,
    otherwise: &FigureRef,
    mean: Option<&FigureRef>,
) -> Checked {
    let (share, value, otherwise) = (cx.figure(share)?, cx.figure(value)?, cx.figure(otherwise)?);
    let mean = mean.map(|name| cx.figure(name)).transpose()?;
    let unit = value.unit;
    let part = share.number_in(Unit::RATIO)?;
    let (of_share, of_rest) = (value.number_in(unit)?, otherwise.number_in(unit)?);
    let derived = part * of_share + (1.0 - part) * of_rest;
    let stated = mean.unwrap_or(value);
    let holds = stated.span_in(unit)?.meets(Span::of(derived).wider_by_share(MIXTURE));
    let severity = match (holds, mean) {
        (true, _) => Severity::Rounding,
        (false, Some(_)) => Severity::Contradiction,
        (false, None) => Severity::Ambiguous,
    };
    let change = derived / of_rest - 1.0;
    let change = if change.is_finite() { format!(" ({})", signed_percent(change)) } else { String::new() };
    let message = format!(
        "{} × {} + {} × {} = {} on average{change}; stated: {}.{}",
        share.text(),
        value.text(),
        percent(1.0 - part),
        otherwise.text(),
        n(derived, unit),
        stated.text(),
        if severity == Severity::Ambiguous { " It holds for those cases only, not on average." } else { "" }
    );
    let figures: Vec<&Figure> = [stated, value, otherwise, share].into_iter().collect();
    let found = cx.found(RuleClass::Mixture, severity, &figures).stated(stated);
    Ok(vec![found.derived(derived, unit, "Σ share × value").say(message)])
}
