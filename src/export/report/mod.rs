//! What a report says, before it becomes HTML or Markdown: pictures of views, tables of figures with their origin, notes.
//!
//! A [`Report`] is plain text throughout; `html` and `markdown` escape it.

mod memory;
mod predictions;
mod tables;

use super::mermaid;
use super::picture::{self, svg};
use crate::model::document::{PipelineRun, StatusClass};
use crate::model::format::{bytes_text, duration_text};
use crate::model::time::Timestamp;
use crate::state::{SessionKind, State, ViewId};

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The session's name.
    pub title: String,
    /// What the session is about; may be empty.
    pub about: String,
    /// Source, time, size and so on: label and text.
    pub facts: Vec<(String, String)>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A part of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// A word for links to it; unique in the report.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it shows, in a sentence or two; may be empty.
    pub help: String,
    /// A picture of the view, as SVG.
    pub svg: Option<String>,
    /// The same as a Mermaid diagram, for formats without pictures.
    pub diagram: Option<String>,
    /// Figures.
    pub tables: Vec<Table>,
    /// Sentences.
    pub notes: Vec<String>,
}

/// A table of text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// What it lists.
    pub caption: String,
    /// Headings of its columns.
    pub columns: Vec<Column>,
    /// Rows, each with one text a column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its heading.
    pub title: String,
    /// Whether it holds figures, which stand at the right.
    pub is_figure: bool,
}

/// What goes into a report, and how.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The views, in this order; what is in none of them is left out.
    pub views: &'a [ViewId],
    /// Size of each picture in points.
    pub size: (f32, f32),
    /// Dark pictures.
    pub dark: bool,
    /// The date on the report.
    pub created: Timestamp,
}

impl Default for Contents<'_> {
    fn default() -> Self {
        Self { views: &ViewId::ALL, size: (1280.0, 760.0), dark: false, created: Timestamp(0) }
    }
}

/// Makes a report of the state, which must hold the answers of all its views (`state::question::wanted` of each).
pub fn build(state: &State, contents: &Contents) -> Report {
    let mut sections = vec![Section {
        id: String::from("figures"),
        title: String::from("Key figures"),
        tables: some(tables::vitals(state)),
        ..Default::default()
    }];
    sections.push(findings(state));
    sections.push(consistency(state));
    // Sliders that nobody has moved say nothing.
    let says_something = |view: &&ViewId| match view {
        ViewId::WhatIf => !state.document.scenarios.is_empty(),
        ViewId::Compare => state.answers.beside.is_some(),
        _ => true,
    };
    let views = contents.views.iter().filter(says_something);
    sections.extend(views.map(|view| view_section(state, *view, contents)));
    if contents.views.contains(&ViewId::Roadmap) {
        sections.extend(state.document.pipeline.iter().enumerate().map(run_section));
    }
    sections.push(Section {
        id: String::from("limits"),
        title: String::from("Limits of this report"),
        help: String::from("What the source could not measure, and what was lost."),
        tables: some(tables::gaps(state)),
        notes: limits(state),
        ..Default::default()
    });
    sections.retain(|section| section.svg.is_some() || !section.tables.is_empty() || !section.notes.is_empty());
    Report {
        title: picture::session_title(state).to_owned(),
        about: state.document.about.clone(),
        facts: facts(state, contents.created),
        sections,
    }
}

/// What somebody should know, and what was not looked for.
fn findings(state: &State) -> Section {
    let found = state.answers.findings.as_deref();
    Section {
        id: String::from("findings"),
        title: String::from("Findings"),
        help: String::from("What the measurements show that somebody should know, with what it rests on."),
        tables: some(tables::findings(state)),
        notes: found.map(|found| found.not_examined.clone()).unwrap_or_default(),
        ..Default::default()
    }
}

/// Stated figures that disagree, with the arithmetic; how many hold.
fn consistency(state: &State) -> Section {
    let known = state.answers.consistency.as_deref();
    let holds = known.map_or(0, |known| known.agreements.len());
    let mut notes = known.map(|known| known.not_checked.clone()).unwrap_or_default();
    if holds > 0 {
        notes.insert(0, format!("{holds} more were checked and hold, exactly or within rounding."));
    }
    Section {
        id: String::from("consistency"),
        title: String::from("Stated against derived"),
        help: String::from(
            "Stated figures that disagree with what follows from others, or with what was measured. A contradiction is wrong in \
             every reading; what is ambiguous holds in one only; a bound needs a condition that is not stated.",
        ),
        tables: some(tables::disagreements(state)),
        notes,
        ..Default::default()
    }
}

fn view_section(state: &State, view: ViewId, contents: &Contents) -> Section {
    let picture = picture::view_picture(state, view, contents.size, contents.dark);
    let tables = match view {
        ViewId::Map => vec![tables::components(state), tables::edges(state), tables::stated(state)],
        ViewId::Memory => {
            vec![memory::landscape(state), memory::kinds(state), memory::change(state), memory::worst(state)]
        }
        ViewId::Cpu => vec![tables::hottest(state), tables::hot_functions(state)],
        ViewId::WhatIf => vec![predictions::outcomes(state), predictions::pinned(state)],
        ViewId::Compare => vec![predictions::effects(state)],
        ViewId::Roadmap => vec![tables::opportunities(state), tables::horizons(state), tables::decisions(state)],
    };
    let landscape = state.answers.landscape.as_ref().filter(|_| view == ViewId::Memory);
    Section {
        id: view.word().to_owned(),
        title: view.title().to_owned(),
        help: picture::help(view).to_owned(),
        svg: Some(svg::svg(&picture, &format!("{}-", view.word()))),
        diagram: (view == ViewId::Map && !state.document.edges.is_empty()).then(|| flowchart(state)),
        tables: tables.into_iter().flatten().collect(),
        notes: landscape.map(|landscape| landscape.notes.clone()).unwrap_or_default(),
    }
}

/// The map as a Mermaid diagram, in the colours that components have now.
fn flowchart(state: &State) -> String {
    let class = |id: &_| state.statuses.get(id).map(|status| status.class).or_else(|| state.document.stated_class(id));
    mermaid::flowchart(&state.document, class)
}

/// An optimization on its way; no view shows it yet.
fn run_section((index, run): (usize, &PipelineRun)) -> Section {
    Section {
        id: format!("run-{}", index + 1),
        title: format!("Pipeline: {}", run.title),
        diagram: Some(mermaid::sequence(run)),
        tables: [tables::steps(run), tables::gates(run)].into_iter().flatten().collect(),
        ..Default::default()
    }
}

fn facts(state: &State, created: Timestamp) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut fact = |label: &str, text: String| {
        if !text.is_empty() {
            facts.push((label.to_owned(), text));
        }
    };
    if let Some(session) = &state.session {
        fact("Kind", kind_words(session.kind).to_owned());
        fact("Source", session.source.clone());
        if let Some(span) = session.span {
            let length = duration_text(span.length_seconds());
            fact("Recorded", format!("{} ({length})", picture::range_text(span)));
            let members = session.entities.len();
            fact(
                "Size",
                format!("{members} entities, {} values, {}", session.values, bytes_text(session.bytes as f64)),
            );
        }
    }
    if state.measured_span().is_some() {
        fact("Shown", picture::range_text(state.range));
    }
    if let Some(at) = state.cursor() {
        fact("Moment", at.local("%F %T %:z"));
    }
    fact("Stated in", state.document.stated_in.clone());
    fact("Report made", created.local("%F %T %:z"));
    facts
}

fn kind_words(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Live => "live: measured while the report was made",
        SessionKind::Recorded => "recorded",
        SessionKind::Stated => "stated: figures of a document, nothing measured",
    }
}

fn limits(state: &State) -> Vec<String> {
    let warnings = state.session.iter().flat_map(|session| session.warnings.iter().cloned());
    let overview = state.answers.overview.iter();
    let notices = overview.flat_map(|overview| &overview.notices);
    let notices = notices.map(|notice| format!("{}: {}", notice.at.local("%F %T"), notice.text));
    let failed = state.answers.failed.values().map(|why| format!("A part of this report could not be had: {why}"));
    warnings.chain(notices).chain(failed).collect()
}

/// A component's class with its symbol, e.g. `▲ warning`; a dash without one.
fn class_text(class: Option<StatusClass>) -> String {
    class.map_or_else(|| String::from("–"), |class| format!("{} {}", class.symbol(), class.word()))
}

fn some(table: Option<Table>) -> Vec<Table> {
    table.into_iter().collect()
}

#[cfg(test)]
pub(super) mod tests;
