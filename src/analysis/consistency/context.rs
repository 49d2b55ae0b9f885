//! What every rule reads: the document, its figures by name, how many there are of each, what rules look at.

use std::collections::HashMap;

use super::figures::{Figure, Figures};
use super::{Disagreement, RuleClass, Severity};
use crate::analysis::findings::Evidence;
use crate::model::document::{Condition, Document, FigureRef, Relation, Rule};
use crate::model::format::number_text;
use crate::model::id::{ComponentId, ItemId};
use crate::model::metric::MetricKey;
use crate::model::quantity::Quantity;
use crate::model::unit::{BaseUnit, Dimension, Unit};

/// See the module.
pub struct Context<'d> {
    pub document: &'d Document,
    pub figures: Figures<'d>,
    /// How many there are of what figures are stated for each.
    counts: HashMap<&'d str, &'d FigureRef>,
    /// What a rule looks at.
    watched: HashMap<&'d ItemId, Vec<&'d FigureRef>>,
    /// The component that a statement without a figure belongs to, or is.
    owners: HashMap<&'d str, &'d ComponentId>,
}

impl<'d> Context<'d> {
    /// Reads a document.
    pub fn new(document: &'d Document) -> Self {
        let mut counts = HashMap::new();
        let mut watched: HashMap<&ItemId, Vec<&FigureRef>> = HashMap::new();
        for relation in &document.relations {
            match relation {
                Relation::Count { each, number } => {
                    counts.insert(each.as_str(), number);
                }
                Relation::Watch { rule, values } => watched.entry(rule).or_default().extend(values),
                _ => {}
            }
        }
        Self { document, figures: Figures::of(document), counts, watched, owners: owners(document) }
    }

    /// The figure of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn figure(&self, name: &FigureRef) -> Result<&Figure<'d>, String> {
        self.figures
            .get(name)
            .ok_or_else(|| format!("A relation names {name}, but the document states no such figure."))
    }

    /// The figures of these names.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn list(&self, names: &[FigureRef]) -> Result<Vec<&Figure<'d>>, String> {
        names.iter().map(|name| self.figure(name)).collect()
    }

    /// How many there are of what the figure is stated for each.
    pub fn count_of(&self, figure: &Figure) -> Option<f64> {
        self.count_figure(figure)?.number_in(Unit::COUNT).ok()
    }

    /// The figure that says so.
    pub fn count_figure(&self, figure: &Figure) -> Option<&Figure<'d>> {
        self.figures.get(self.counts.get(figure.each?)?)
    }

    /// A figure of all of them: what is stated for each, times their number. `beside` is a figure to compare it with; where that is
    /// for each as well, so is this.
    ///
    /// # Errors
    /// When the units can't be compared, or it is not said how many there are.
    pub fn total_in(&self, figure: &Figure, unit: Unit, beside: Option<&Figure>) -> Result<f64, String> {
        let one = figure.number_in(unit)?;
        match figure.each {
            Some(each) if beside.is_none_or(|beside| beside.each != Some(each)) => {
                let count = self.count_of(figure);
                let count = count
                    .ok_or_else(|| format!("{} is for each {each}; how many there are is not said", figure.name))?;
                Ok(one * count)
            }
            _ => Ok(one),
        }
    }

    /// The figure of a component for a metric as it is now: the first that it lists.
    pub fn main_figure(&self, component: &ComponentId, metric: MetricKey) -> Option<&Figure<'d>> {
        self.figures.main(component, metric)
    }

    /// What rule looks at, as far as the document says.
    pub fn watched(&self, rule: &ItemId) -> Vec<&Figure<'d>> {
        let names = self.watched.get(rule).into_iter().flatten();
        names.filter_map(|name| self.figures.get(name)).collect()
    }

    /// The rule that this statement is, with its condition.
    ///
    /// # Errors
    /// When there is none, or it has no threshold.
    pub fn rule(&self, item: &ItemId) -> Result<(&'d Rule, &'d Condition), String> {
        let rule = self.document.rules.iter().find(|rule| &rule.item == item);
        let rule =
            rule.ok_or_else(|| format!("A relation names the rule {item}, but the document has no such rule."))?;
        let condition = rule.condition.as_ref();
        let condition =
            condition.ok_or_else(|| format!("A relation names the rule {item}, which has no threshold."))?;
        Ok((rule, condition))
    }

    /// Begins to tell of something found, with the figures that went into it; the first is held against the others.
    pub fn found(&self, class: RuleClass, severity: Severity, figures: &[&Figure<'d>]) -> Draft<'_, 'd> {
        let found = Disagreement {
            id: String::new(),
            class,
            severity,
            about: Vec::new(),
            components: Vec::new(),
            stated: None,
            derived: None,
            message: String::new(),
            evidence: Vec::new(),
        };
        Draft { cx: self, found, names: Vec::new() }.with(figures)
    }
}

fn owners(document: &Document) -> HashMap<&str, &ComponentId> {
    let mut owners = HashMap::new();
    for component in &document.components {
        owners.insert(component.id.as_str(), &component.id);
        let notes = component.notes.iter().map(|note| &note.item);
        let patterns = component.patterns.iter().map(|pattern| &pattern.item);
        let headings = component.headings.iter().map(|heading| &heading.item);
        owners.extend(notes.chain(patterns).chain(headings).map(|item| (item.as_str(), &component.id)));
    }
    let rules = document.rules.iter().map(|rule| (&rule.item, &rule.owner));
    let targets = document.targets.iter().map(|target| (&target.item, &target.owner));
    let decisions = document.decisions.iter().filter_map(|it| it.item.as_ref().zip(it.about.as_ref()));
    let opportunities = document.opportunities.iter().filter_map(|it| it.item.as_ref().zip(it.component.as_ref()));
    let others = rules.chain(targets).chain(decisions).chain(opportunities);
    owners.extend(others.map(|(item, component)| (item.as_str(), component)));
    owners
}

/// A disagreement that is being put together.
pub struct Draft<'c, 'd> {
    cx: &'c Context<'d>,
    found: Disagreement,
    names: Vec<String>,
}

impl<'d> Draft<'_, 'd> {
    /// More figures that it rests on.
    pub fn with(mut self, figures: &[&Figure<'d>]) -> Self {
        for figure in figures {
            let name = figure.name.to_string();
            if self.names.contains(&name) {
                continue;
            }
            self.names.push(name);
            let provenance = self.cx.document.stated(&figure.name.item);
            let quantity = Quantity { value: figure.value, unit: figure.unit, provenance };
            self.found.evidence.push(Evidence { label: figure.full_label(), quantity });
            self.item(&figure.name.item);
            self.components(figure.component.into_iter().chain(figure.listed_by));
        }
        self
    }

    /// Statements that it concerns beside its figures.
    pub fn and<'i>(mut self, items: impl IntoIterator<Item = &'i ItemId>) -> Self {
        for item in items {
            self.item(item);
            let owner = self.cx.owners.get(item.as_str()).copied();
            self.components(owner);
        }
        self
    }

    /// Components that it concerns beside those of its figures.
    pub fn of<'i>(mut self, components: impl IntoIterator<Item = &'i ComponentId>) -> Self {
        self.components(components);
        self
    }

    /// The figure that is held against the others.
    pub fn stated(mut self, figure: &Figure) -> Self {
        let provenance = self.cx.document.stated(&figure.name.item);
        self.found.stated = Some(Quantity { value: figure.value, unit: figure.unit, provenance });
        self
    }

    /// What the others give for it.
    pub fn derived(mut self, number: f64, unit: Unit, formula: &str) -> Self {
        let inputs: Vec<&str> = self.names.iter().map(String::as_str).collect();
        // Without the last bits, which say more of the arithmetic than of the figure.
        let number = format!("{number:.12e}").parse().unwrap_or(number);
        self.found.derived = Some(Quantity::derived(number, unit, formula, &inputs));
        self
    }

    /// The arithmetic in words.
    pub fn say(mut self, message: String) -> Disagreement {
        self.found.message = message;
        self.found
    }

    fn item(&mut self, item: &ItemId) {
        if !self.found.about.contains(item) {
            self.found.about.push(item.clone());
        }
    }

    fn components<'i>(&mut self, components: impl IntoIterator<Item = &'i ComponentId>) {
        for component in components {
            if !self.found.components.contains(component) {
                self.found.components.push(component.clone());
            }
        }
    }
}

/// A number with its unit, as people write it; differences of shares in points.
pub fn n(number: f64, unit: Unit) -> String {
    number_text(number, unit)
}

/// A difference of two values in this unit: of percentages, it is points.
pub fn difference(number: f64, unit: Unit) -> String {
    match unit.base {
        BaseUnit::Percent => number_text(number, Unit { base: BaseUnit::Point, per: unit.per }),
        BaseUnit::One => number_text(number * 100.0, Unit { base: BaseUnit::Point, per: unit.per }),
        _ => number_text(number, unit),
    }
}

/// A share of 1 in per cent, with its sign where it is a change.
pub fn signed_percent(share: f64) -> String {
    let sign = if share > 0.0 { "+" } else { "" };
    format!("{sign}{}", number_text(share * 100.0, Unit::of(BaseUnit::Percent)))
}

/// A share of 1 in per cent.
pub fn percent(share: f64) -> String {
    number_text(share * 100.0, Unit::of(BaseUnit::Percent))
}

/// `19.6 times`.
pub fn times(factor: f64) -> String {
    let text = number_text(factor, Unit::of(BaseUnit::Times));
    format!("{} times", text.trim_end_matches('×'))
}

/// Several in a row with a sign between them.
pub fn joined(parts: impl IntoIterator<Item = String>, between: &str) -> String {
    parts.into_iter().collect::<Vec<_>>().join(between)
}

/// `a, b and c`.
pub fn listed(parts: impl IntoIterator<Item = String>) -> String {
    let mut parts: Vec<String> = parts.into_iter().collect();
    let Some(last) = parts.pop() else { return String::new() };
    if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) }
}

/// Whether it is a plain time, not per anything.
pub fn is_time(unit: Unit) -> bool {
    unit.dimension() == Dimension::Time && unit.per.is_none()
}
