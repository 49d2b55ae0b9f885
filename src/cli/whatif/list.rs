//! `whatif --list`: what can be set, what this session can answer, and what is missing for the rest.

use serde::Serialize;

use crate::cli::clean;
use crate::cli::inspect::text::Style;
use crate::model::unit::Unit;
use crate::whatif::answer::{Answerable, Availability};
use crate::whatif::knob::{KNOBS, Knob};

/// More components are not named in text.
const NAMED: usize = 8;

#[derive(Serialize)]
struct List<'a> {
    format: &'static str,
    knobs: Vec<KnobPart<'a>>,
}

#[derive(Serialize)]
struct KnobPart<'a> {
    path: &'static str,
    title: &'static str,
    about: &'static str,
    unit: String,
    /// The words that may be set; else numbers from `low` to `high`.
    words: &'static [&'static str],
    low: f64,
    high: f64,
    may_be_none: bool,
    default: Option<String>,
    model: &'static str,
    components: Vec<ComponentPart<'a>>,
}

#[derive(Serialize)]
struct ComponentPart<'a> {
    component: Option<String>,
    /// What was recorded, where all of its heaps had the same.
    present: Option<String>,
    can_be_answered: bool,
    missing: Option<&'a str>,
}

/// As JSON, format vivarium.knobs/1.
pub fn json(available: &[Availability]) -> anyhow::Result<String> {
    let component = |it: &Availability| it.component.as_ref().map(ToString::to_string);
    let knob = |knob: &'static Knob| KnobPart {
        path: knob.path,
        title: knob.title,
        about: knob.about,
        unit: knob.unit.to_string(),
        words: knob.words,
        low: knob.range.0,
        high: knob.range.1,
        may_be_none: knob.may_be_unlimited,
        default: knob.default.map(|value| value.to_string()),
        model: knob.model.word(),
        components: of(knob, available)
            .map(|it| ComponentPart {
                component: component(it),
                present: it.present.map(|value| value.to_string()),
                can_be_answered: it.answerable == Answerable::Yes,
                missing: missing(it),
            })
            .collect(),
    };
    let list = List { format: "vivarium.knobs/1", knobs: KNOBS.iter().map(knob).collect() };
    Ok(serde_json::to_string_pretty(&list)? + "\n")
}

fn of<'a>(knob: &'static Knob, available: &'a [Availability]) -> impl Iterator<Item = &'a Availability> {
    available.iter().filter(move |it| it.knob.path == knob.path)
}

fn missing(it: &Availability) -> Option<&str> {
    if let Answerable::Missing(missing) = &it.answerable { Some(missing) } else { None }
}

/// For people: first what can be answered, then what can't be, and why.
pub fn text(available: &[Availability], style: Style) -> String {
    let (mut can, mut not) = (Vec::new(), Vec::new());
    for knob in KNOBS {
        let yes: Vec<&Availability> = of(knob, available).filter(|it| missing(it).is_none()).collect();
        if yes.is_empty() {
            not.push((knob, reason(knob, available)));
            continue;
        }
        let names: Vec<String> =
            yes.iter().filter_map(|it| Some(clean::line(it.component.as_ref()?.as_str()))).collect();
        let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
        can.push((knob, format!("{}{more}", names[..names.len().min(NAMED)].join(", "))));
    }
    let mut page = String::new();
    let mut section = |title: &str, rows: &[(&Knob, String)]| {
        if rows.is_empty() {
            return;
        }
        page.push_str(&style.heading(title));
        page.push('\n');
        let width = |cell: &dyn Fn(&Knob) -> String| rows.iter().map(|(knob, _)| cell(knob).chars().count()).max();
        let (paths, ranges) = (width(&|knob| knob.path.to_owned()).unwrap_or(0), width(&range).unwrap_or(0));
        for (knob, about) in rows {
            let text = format!("  {:<paths$}  {:<ranges$}  {about}", knob.path, range(knob));
            page.push_str(text.trim_end());
            page.push('\n');
        }
    };
    section("Can be answered, for", &can);
    section("Can't be answered", &not);
    page
}

/// What is missing: for most components the same.
fn reason(knob: &'static Knob, available: &[Availability]) -> String {
    let reasons: Vec<&str> = of(knob, available).filter_map(missing).collect();
    let Some(first) = reasons.first() else { return knob.needs.to_owned() };
    // A sentence that names a component stands for all of them.
    if reasons.iter().all(|reason| reason == first) { (*first).to_owned() } else { format!("it takes {}", knob.needs) }
}

fn range(knob: &Knob) -> String {
    if !knob.words.is_empty() {
        return knob.words.join(" | ");
    }
    let none = if knob.may_be_unlimited { " | none" } else { "" };
    let unit = if knob.unit == Unit::COUNT { String::new() } else { format!(" {}", knob.unit) };
    format!("{} .. {}{unit}{none}", short(knob.range.0), short(knob.range.1))
}

fn short(number: f64) -> String {
    if number >= 1e6 { format!("{number:e}") } else { format!("{number}") }
}
