//! What matters: how far each knob, and each assumption or uncertain input, moves an outcome when the others stay.

use super::goal::Lever;
use super::knob::KnobValue;
use super::prediction::{Grade, Part};
use super::scenario::Setting;

/// One bar of the tornado.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What is moved.
    pub title: String,
    /// To which values.
    pub moved: (String, String),
    /// What the outcome becomes at either.
    pub outcome: (f64, f64),
}

impl Bar {
    /// How far the outcome moves.
    pub fn width(&self) -> f64 {
        (self.outcome.1 - self.outcome.0).abs()
    }
}

/// The tornado of one outcome, the widest bar first.
#[derive(Clone, Debug, PartialEq)]
pub struct Tornado {
    /// Of the outcome where nothing is moved.
    pub middle: f64,
    /// The bars.
    pub bars: Vec<Bar>,
    /// What could not be moved, because one end has no answer.
    pub without_answer: Vec<String>,
}

impl Tornado {
    fn new(middle: f64, mut bars: Vec<Bar>, without_answer: Vec<String>) -> Self {
        bars.sort_by(|a, b| b.width().total_cmp(&a.width()));
        Self { middle, bars, without_answer }
    }
}

/// Moves each lever from one end of its range to the other around `settings`. `None` where these themselves have no answer.
pub fn by_knob(
    levers: &[Lever],
    settings: &[Setting],
    metric: &str,
    answer: &dyn Fn(&[Setting]) -> Vec<Part>,
) -> Option<Tornado> {
    let middle = value(&answer(settings), metric)?;
    let (mut bars, mut without_answer) = (Vec::new(), Vec::new());
    for lever in levers {
        let at = |end: f64| {
            let others = settings.iter().filter(|s| s.knob != lever.knob || s.place != lever.place).cloned();
            let moved = Setting { place: lever.place.clone(), knob: lever.knob, value: KnobValue::Number(end) };
            value(&answer(&others.chain([moved]).collect::<Vec<_>>()), metric)
        };
        match (at(lever.range.0), at(lever.range.1)) {
            (Some(low), Some(high)) => bars.push(Bar {
                title: lever.knob.title.to_owned(),
                moved: (lever.range.0.to_string(), lever.range.1.to_string()),
                outcome: (low, high),
            }),
            _ => without_answer.push(lever.knob.title.to_owned()),
        }
    }
    Some(Tornado::new(middle, bars, without_answer))
}

/// An input of a model, with the range that it is in eight times of ten.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name, e.g. "allocation rate".
    pub title: String,
    /// Its likely value.
    pub middle: f64,
    /// One of ten is below.
    pub low: f64,
    /// One of ten is above.
    pub high: f64,
}

/// Moves each input from its low to its high value, the others in the middle. `outcome` runs the model on all inputs, in order.
pub fn by_input(inputs: &[Input], outcome: &dyn Fn(&[f64]) -> Option<f64>) -> Option<Tornado> {
    let middles: Vec<f64> = inputs.iter().map(|input| input.middle).collect();
    let middle = outcome(&middles)?;
    let (mut bars, mut without_answer) = (Vec::new(), Vec::new());
    for (number, input) in inputs.iter().enumerate() {
        let at = |value: f64| {
            let mut values = middles.clone();
            values[number] = value;
            outcome(&values)
        };
        match (at(input.low), at(input.high)) {
            (Some(low), Some(high)) => bars.push(Bar {
                title: input.title.clone(),
                moved: (input.low.to_string(), input.high.to_string()),
                outcome: (low, high),
            }),
            _ => without_answer.push(input.title.clone()),
        }
    }
    Some(Tornado::new(middle, bars, without_answer))
}

/// The part of the whole band's width that no single input explains: what they do together.
pub fn unexplained(tornado: &Tornado, band_width: f64) -> f64 {
    let single: f64 = tornado.bars.iter().map(|bar| bar.width().powi(2)).sum();
    if band_width > 0.0 { (1.0 - single / band_width.powi(2)).max(0.0) } else { 0.0 }
}

fn value(parts: &[Part], metric: &str) -> Option<f64> {
    let told = parts.iter().filter(|part| part.confidence.grade != Grade::Refused).flat_map(|part| &part.outcomes);
    told.filter(|outcome| outcome.metric == metric).map(|outcome| outcome.predicted.value).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_that_matters_most_comes_first() {
        let input = |title: &str, middle, half| Input {
            title: title.to_owned(),
            middle,
            low: middle - half,
            high: middle + half,
        };
        let inputs = [input("live data", 100.0, 5.0), input("allocation", 50.0, 20.0), input("limit", 300.0, 0.0)];
        let tornado = by_input(&inputs, &|v| Some(60.0 * v[1] / (v[2] - v[0]))).unwrap();
        let titles: Vec<&str> = tornado.bars.iter().map(|bar| bar.title.as_str()).collect();
        assert_eq!(titles, ["allocation", "live data", "limit"]);
        assert!((tornado.middle - 15.0).abs() < 1e-12 && tornado.bars[2].width() == 0.0);
        let whole = tornado.bars[0].width().hypot(tornado.bars[1].width());
        assert!(unexplained(&tornado, whole).abs() < 1e-9);
        assert!(unexplained(&tornado, 2.0 * whole) > 0.7);
    }
}
