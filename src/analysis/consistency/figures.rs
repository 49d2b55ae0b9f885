//! Every figure of a document, found by its name.

use std::collections::HashMap;

use super::arithmetic::Span;
use crate::model::document::{Claim, Document, Fact, FigureRef, HotFunction, Statistic};
use crate::model::format::value_text;
use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Value;
use crate::model::unit::{BaseUnit, Dimension, Unit};

/// One number that a document states, whatever it is a number of.
#[derive(Clone, Debug)]
pub struct Figure<'d> {
    pub name: FigureRef,
    pub label: &'d str,
    pub value: Value,
    pub unit: Unit,
    pub metric: Option<MetricKey>,
    pub statistic: Statistic,
    pub each: Option<&'d str>,
    pub period: Option<&'d str>,
    pub part_of: Option<&'d ItemId>,
    /// Whose figure it is: the component that it is about, else the one that lists it.
    pub component: Option<&'d ComponentId>,
    /// The component that lists it.
    pub listed_by: Option<&'d ComponentId>,
    /// Whether it is a change and not a level.
    pub is_change: bool,
}

impl Figure<'_> {
    /// As people write it.
    pub fn text(&self) -> String {
        value_text(self.value, self.unit)
    }

    /// What is left open about it, in another unit.
    ///
    /// # Errors
    /// When the units can't be compared.
    pub fn span_in(&self, unit: Unit) -> Result<Span, String> {
        let not = || format!("{} is in {}, which can't be compared with {unit}", self.name, self.unit);
        let span = Span::of_value(self.value);
        if is_nan(self.value) || span.low == span.high && !span.is_finite() {
            return Err(format!("{} is no number to reckon with", self.name));
        }
        let convert = |number: f64| match self.unit.convert(number, unit) {
            _ if !number.is_finite() => Ok(number),
            Some(converted) if converted.is_finite() => Ok(converted),
            Some(_) => Err(format!("{} is too large to reckon with", self.name)),
            None => Err(not()),
        };
        Ok(Span { low: convert(span.low)?, high: convert(span.high)? })
    }

    /// Its representative number in another unit; a share also as a share where percents and shares meet.
    ///
    /// # Errors
    /// When the units can't be compared, or it is no finite number.
    pub fn number_in(&self, unit: Unit) -> Result<f64, String> {
        let number = self.unit.convert(self.value.representative(), unit);
        let number =
            number.ok_or_else(|| format!("{} is in {}, which can't be compared with {unit}", self.name, self.unit))?;
        if number.is_finite() { Ok(number) } else { Err(format!("{} is no number to reckon with", self.name)) }
    }

    /// Where it began and where it ended, if it is a change from one level to another.
    ///
    /// # Errors
    /// When it states no two levels.
    pub fn ends_in(&self, unit: Unit) -> Result<(f64, f64), String> {
        match self.value {
            Value::Change(before, after) => {
                let convert = |number| self.unit.convert(number, unit).filter(|number| number.is_finite());
                convert(before).zip(convert(after)).ok_or_else(|| format!("{} can't be had in {unit}", self.name))
            }
            _ => Err(format!("{} does not say from what to what", self.name)),
        }
    }

    /// A relative effect as a factor on what it changes: −60 % is 0.4, +153 % is 2.53, 4× is 4; a change by its ends.
    ///
    /// # Errors
    /// When it is an amount or a level.
    pub fn factor(&self) -> Result<f64, String> {
        if let Value::Change(before, after) = self.value {
            let factor = after / before;
            return if factor.is_finite() { Ok(factor) } else { Err(format!("{} begins at nothing", self.name)) };
        }
        let number = self.value.representative();
        match self.unit.dimension() {
            _ if !number.is_finite() => Err(format!("{} is no number to reckon with", self.name)),
            Dimension::Factor if self.unit.per.is_none() => Ok(number),
            Dimension::Ratio if self.unit.per.is_none() => Ok(1.0 + number * self.unit.factor()),
            _ => Err(format!("{} is no relative effect", self.name)),
        }
    }

    /// Whether it says how much relative to what was before.
    pub fn is_relative(&self) -> bool {
        self.is_change
            && self.unit.per.is_none()
            && matches!(self.unit.dimension(), Dimension::Ratio | Dimension::Factor)
            && !matches!(self.value, Value::Change(..))
    }

    /// Whether it is as it is now: no peak or low, and of no other time.
    pub fn is_present(&self) -> bool {
        let is_now =
            matches!(self.statistic, Statistic::Unspecified | Statistic::Current | Statistic::Mean | Statistic::Total);
        is_now && self.period.is_none() && !self.is_change && !matches!(self.value, Value::Change(..))
    }

    /// Which summary it is, as people say it.
    pub fn statistic_word(&self) -> Option<&'static str> {
        Some(match self.statistic {
            Statistic::Unspecified => return None,
            Statistic::Current => "now",
            Statistic::Mean => "mean",
            Statistic::Peak => "peak",
            Statistic::Baseline => "usual low",
            Statistic::P99 => "99th percentile",
            Statistic::Total => "total",
        })
    }

    /// Its label with what tells it from others of the same label.
    pub fn full_label(&self) -> String {
        let statistic = self.statistic_word().map(|word| format!(", {word}")).unwrap_or_default();
        let each = self.each.map(|each| format!(", each {each}")).unwrap_or_default();
        format!("{}{statistic}{each}", self.label)
    }
}

/// All figures, in the order of the document.
#[derive(Debug, Default)]
pub struct Figures<'d> {
    pub all: Vec<Figure<'d>>,
    by_item: HashMap<&'d ItemId, Vec<usize>>,
    /// The first figure that a component lists of itself for a metric, as it is now.
    main: HashMap<(&'d ComponentId, MetricKey), usize>,
    /// Statements that are boxes of the map stand for their plan's length.
    lengths: HashMap<&'d str, Figure<'d>>,
}

impl<'d> Figures<'d> {
    /// Gathers them.
    pub fn of(document: &'d Document) -> Self {
        let mut figures = Self::default();
        for component in &document.components {
            let id = Some(&component.id);
            component.facts.iter().for_each(|fact| figures.fact(fact, id));
            component.claims.iter().for_each(|claim| figures.claim(claim, id, id));
            component.hot_functions.iter().for_each(|function| figures.function(function, id));
        }
        for rule in &document.rules {
            if let Some(condition) = &rule.condition {
                let value = Value::Exact(condition.threshold);
                let figure = figures.plain(&rule.item, &rule.title, value, condition.unit);
                figure.metric = Some(condition.metric);
                figure.component = rule.applies_to.as_ref();
                figure.listed_by = Some(&rule.owner);
            }
        }
        for target in &document.targets {
            if let Some((value, unit)) = target.value.zip(target.unit) {
                let figure = figures.plain(&target.item, &target.title, value, unit);
                figure.metric = target.metric;
                figure.component = target.applies_to.as_ref();
                figure.listed_by = Some(&target.owner);
            }
        }
        for horizon in &document.horizons {
            let id = horizon.component.as_ref();
            horizon.combined.iter().for_each(|claim| figures.claim(claim, id, id));
            figures.length(id, &horizon.title, horizon.weeks);
        }
        for opportunity in &document.opportunities {
            let lane = document.horizon(&opportunity.horizon).and_then(|horizon| horizon.component.as_ref());
            opportunity.claims.iter().for_each(|claim| figures.claim(claim, opportunity.component.as_ref(), lane));
        }
        for decision in &document.decisions {
            if let Some((item, (first, last))) = decision.item.as_ref().zip(decision.window_weeks) {
                let value = if first == last { Value::Exact(first) } else { Value::Range(first, last) };
                let figure = figures.plain(item, &decision.question, value, Unit::of(BaseUnit::Week));
                figure.component = decision.about.as_ref();
                figure.listed_by = decision.about.as_ref();
            }
        }
        for phase in document.pipeline.iter().flat_map(|run| &run.phases) {
            figures.plain(&phase.item, &phase.title, Value::Exact(phase.starts_h), Unit::of(BaseUnit::Hour));
            for message in &phase.messages {
                message.facts.iter().for_each(|fact| figures.fact(fact, None));
                message.claims.iter().for_each(|claim| figures.claim(claim, None, None));
                message.hot_functions.iter().for_each(|function| figures.function(function, None));
                for option in &message.options {
                    option.impact.iter().for_each(|claim| figures.claim(claim, None, None));
                    if let Some((item, weeks)) = &option.weeks {
                        figures.plain(item, &option.title, Value::Exact(*weeks), Unit::of(BaseUnit::Week));
                    }
                    if let Some((item, hours)) = &option.effort_h {
                        figures.plain(item, &option.title, Value::Exact(*hours), Unit::of(BaseUnit::Hour));
                    }
                }
            }
        }
        let claims = document.insights.iter().flat_map(|insight| &insight.claims);
        claims.for_each(|claim| figures.claim(claim, None, None));
        figures
    }

    /// The figure of this name.
    pub fn get(&self, name: &FigureRef) -> Option<&Figure<'d>> {
        match self.by_item.get(&name.item) {
            Some(found) => found.get(name.number.checked_sub(1)?).map(|&index| &self.all[index]),
            None => self.lengths.get(name.item.as_str()).filter(|_| name.number == 1),
        }
    }

    /// The figure of a component for a metric as it is now: the first that it lists.
    pub fn main(&self, component: &ComponentId, metric: MetricKey) -> Option<&Figure<'d>> {
        self.main.get(&(component, metric)).map(|&index| &self.all[index])
    }

    /// The figures of a statement.
    pub fn of_item<'a>(&'a self, item: &ItemId) -> impl Iterator<Item = &'a Figure<'d>> {
        self.by_item.get(item).into_iter().flatten().map(|&index| &self.all[index])
    }

    fn plain(&mut self, item: &'d ItemId, label: &'d str, value: Value, unit: Unit) -> &mut Figure<'d> {
        let places = self.by_item.entry(item).or_default();
        places.push(self.all.len());
        let name = FigureRef { item: item.clone(), number: places.len() };
        self.all.push(blank(name, label, value, unit));
        let last = self.all.len() - 1;
        &mut self.all[last]
    }

    fn fact(&mut self, fact: &'d Fact, listed_by: Option<&'d ComponentId>) {
        let figure = self.plain(&fact.item, &fact.label, fact.value, fact.unit);
        figure.metric = fact.metric;
        figure.statistic = fact.statistic;
        figure.each = fact.each.as_deref();
        figure.period = fact.period.as_deref();
        figure.part_of = fact.part_of.as_ref();
        figure.component = fact.about.as_ref().or(listed_by);
        figure.listed_by = listed_by;
        let is_own = figure.is_present() && figure.component == listed_by;
        if let (true, Some(component), Some(metric)) = (is_own, listed_by, fact.metric) {
            self.main.entry((component, metric)).or_insert(self.all.len() - 1);
        }
    }

    fn claim(&mut self, claim: &'d Claim, component: Option<&'d ComponentId>, listed_by: Option<&'d ComponentId>) {
        let figure = self.plain(&claim.item, &claim.label, claim.value, claim.unit);
        figure.metric = claim.metric;
        figure.statistic = claim.statistic;
        figure.component = component;
        figure.listed_by = listed_by;
        figure.is_change = !claim.is_level;
    }

    fn function(&mut self, function: &'d HotFunction, component: Option<&'d ComponentId>) {
        let value = Value::Exact(function.share * 100.0);
        let figure = self.plain(&function.item, &function.function, value, Unit::of(BaseUnit::Percent));
        figure.component = component;
        figure.listed_by = component;
    }

    fn length(&mut self, component: Option<&'d ComponentId>, title: &'d str, (first, last): (f64, f64)) {
        let Some(id) = component else { return };
        let name = FigureRef { item: ItemId(id.0.clone()), number: 1 };
        let mut figure = blank(name, title, Value::Range(first, last), Unit::of(BaseUnit::Week));
        figure.component = component;
        figure.listed_by = component;
        self.lengths.insert(id.as_str(), figure);
    }
}

fn is_nan(value: Value) -> bool {
    match value {
        Value::Exact(one) | Value::Below(one) | Value::Above(one) => one.is_nan(),
        Value::Range(a, b) | Value::Change(a, b) => a.is_nan() || b.is_nan(),
    }
}

fn blank<'d>(name: FigureRef, label: &'d str, value: Value, unit: Unit) -> Figure<'d> {
    Figure {
        name,
        label,
        value,
        unit,
        metric: None,
        statistic: Statistic::Unspecified,
        each: None,
        period: None,
        part_of: None,
        component: None,
        listed_by: None,
        is_change: false,
    }
}
