//! `inspect` for people: headings, aligned columns, and a letter beside every figure that tells where it comes from.

use std::fmt::Write;
use std::io::IsTerminal;

use super::findings::FindingPart;
use super::parts::*;
use super::{gc_text, memory_text, processes};
use crate::cli::clean;
use crate::model::format::{bytes_text, duration_text, number_text, quantity_text, share_text, value_text};
use crate::model::metric::{CPU_CORES, CPU_SHARE, MEMBERS, MEMORY_RESIDENT, MEMORY_USED, MetricKey};
use crate::model::quantity::Value;
use crate::model::unit::Dimension;

/// No column is wider; longer text is cut.
const MAX_COLUMN: usize = 52;

/// Whether headings and status are coloured.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    colour: bool,
}

impl Style {
    /// Coloured on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    pub fn of_standard_output() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { colour: std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb }
    }

    /// A heading.
    pub fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A word in the colours of a status.
    pub fn status(self, word: &str, text: &str) -> String {
        match word {
            "critical" => self.paint("1;31", text),
            "contradiction" => self.paint("31", text),
            "warning" | "ambiguous" => self.paint("33", text),
            "healthy" => self.paint("32", text),
            _ => text.to_owned(),
        }
    }
}

/// All parts as text; of components only the first `top`.
pub fn text(parts: &Parts, top: Option<usize>, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    page.session(parts);
    page.crash(parts);
    page.vitals(parts);
    page.memory(parts, top.unwrap_or(usize::MAX));
    page.processes(parts);
    page.gc(parts, top.unwrap_or(usize::MAX));
    page.cpu(parts);
    page.components(parts, top.unwrap_or(usize::MAX));
    if let Some(findings) = &parts.findings {
        page.text.push_str(&findings_text(findings, &parts.findings_not_examined, style));
    }
    page.consistency(parts);
    page.plan(parts);
    page.warnings(parts);
    page.text
}

/// Findings, each with what it says and what to do; nothing if nothing was looked for.
pub fn findings_text(findings: &[FindingPart], not_examined: &[String], style: Style) -> String {
    if findings.is_empty() && not_examined.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", style.paint("1", &format!("Findings ({})", findings.len())));
    for finding in findings {
        let severity = style.status(finding.severity, finding.severity);
        let when = match finding.from_s.zip(finding.to_s) {
            Some((from_s, to_s)) => format!(" ({}), {} to {}", finding.grade, clock(from_s), clock(to_s)),
            None => format!(": {}", clean::line(&finding.about.join(", "))),
        };
        let _ = writeln!(text, "  {severity}  {}{when}", finding.title);
        let _ = writeln!(text, "    {}", clean::line(&finding.message));
        // Of stated figures there is always the same to do.
        if finding.from_s.is_some() {
            let _ = writeln!(text, "    Next: {}", clean::line(&finding.next));
        }
    }
    for sentence in not_examined {
        let _ = writeln!(text, "  {}", clean::line(sentence));
    }
    text
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str) {
        let title = self.style.paint("1", title);
        self.text.push('\n');
        self.line(&title);
    }

    /// Rows with their columns aligned: to the left, or to the right where `right` says so.
    fn rows(&mut self, right: &[usize], rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width_of = |column: usize| rows.iter().filter_map(|row| Some(width(row.get(column)?))).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        for row in rows {
            let mut line = String::from(" ");
            for (column, cell) in row.iter().enumerate() {
                let space = " ".repeat(widths[column] - width(cell));
                let _ = if right.contains(&column) {
                    write!(line, " {space}{cell} ")
                } else {
                    write!(line, " {cell}{space} ")
                };
            }
            self.line(&line);
        }
    }

    fn consistency(&mut self, parts: &Parts) {
        let Some(known) = &parts.consistency else { return };
        self.heading("Stated against derived");
        let counts = [
            (known.contradictions, "contradictions"),
            (known.ambiguous, "ambiguous"),
            (known.bounds, "possible only under a condition"),
            (known.hold, "hold, exactly or within rounding"),
        ];
        self.rows(&[0], &counts.map(|(count, what)| vec![count.to_string(), what.to_owned()]));
        for sentence in &known.not_checked {
            self.line(&format!("  {}", clean::line(sentence)));
        }
    }

    fn session(&mut self, parts: &Parts) {
        let session = &parts.session;
        let title = self.style.paint("1", &clean::line(&session.title));
        self.line(&title);
        let mut rows = vec![vec![session.kind.to_owned(), clean::line(&session.source)]];
        if let (Some(started), Some(duration_s)) = (&session.started, session.duration_s) {
            rows.push(vec!["measured".to_owned(), format!("{started}, for {}", duration_text(duration_s))]);
        }
        if let Some(stored) = &parts.stored {
            let size = bytes_text(stored.bytes as f64);
            let text =
                format!("{} values of {} series, {} entities, {size}", stored.values, stored.series, stored.entities);
            rows.push(vec!["stored".to_owned(), text]);
            let events = [(stored.gc_events, "GC events"), (stored.requests, "requests")];
            let events: Vec<String> =
                events.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
            if !events.is_empty() {
                rows.push(vec![String::new(), events.join(", ")]);
            }
        }
        for gap in &session.gaps {
            let text = format!("{} to {}: {}", clock(gap.from_s), clock(gap.to_s), clean::line(&gap.why));
            rows.push(vec!["gap".to_owned(), text]);
        }
        self.rows(&[], &rows);
    }

    fn vitals(&mut self, parts: &Parts) {
        if parts.vitals.is_empty() {
            return;
        }
        self.heading("Vital figures");
        let row = |(metric, figure): &(MetricKey, Figure)| {
            let mut row = vec![metric.metric().title.to_owned()];
            row.extend(cells(figure));
            row
        };
        let rows: Vec<_> = parts.vitals.iter().map(row).collect();
        self.rows(&[1], &rows);
    }

    fn memory(&mut self, parts: &Parts, top: usize) {
        let Some(memory) = &parts.memory else { return };
        self.heading(&memory_text::heading(memory));
        self.rows(&[1, 2], &memory_text::parts(memory));
        let flows = [
            ("Allocation rate", &memory.allocation_rate),
            ("Release rate", &memory.release_rate),
            ("Release lag", &memory.lag_s),
        ];
        let row = |(title, figure): (&str, &Option<Figure>)| {
            let mut row = vec![title.to_owned()];
            row.extend(cells(figure.as_ref()?));
            Some(row)
        };
        let rows: Vec<_> = flows.into_iter().filter_map(row).collect();
        self.rows(&[1], &rows);
        for note in &memory.notes {
            self.line(&format!("  {}", clean::line(note)));
        }
        if let Some(change) = &memory.change {
            self.heading(&memory_text::change_heading(change));
            self.rows(&[1, 2, 3], &memory_text::changes(change, top));
        }
    }

    fn crash(&mut self, parts: &Parts) {
        let Some(crash) = &parts.crash else { return };
        self.heading("The crash");
        self.rows(&[], &processes::crash_rows(crash));
    }

    fn processes(&mut self, parts: &Parts) {
        if !parts.processes.is_empty() {
            self.heading(&format!("Largest processes ({})", parts.processes.len()));
            self.rows(&[1, 2, 3], &processes::process_rows(&parts.processes));
        }
    }

    fn gc(&mut self, parts: &Parts, top: usize) {
        let Some(gc) = &parts.gc else { return };
        self.heading(&gc_text::heading(gc));
        self.rows(&[], &gc_text::facts(gc));
        if gc.by_component.len() > 1 {
            self.line("");
            self.rows(&[1, 2, 3, 4, 5, 6, 7], &gc_text::by_component(gc, top));
        }
        if !gc.worst.is_empty() {
            self.line("");
            self.rows(&[0, 3, 4, 5], &gc_text::worst(gc, top));
        }
    }

    fn cpu(&mut self, parts: &Parts) {
        let Some(cpu) = &parts.cpu else { return };
        let over = match (cpu.from_s, cpu.to_s) {
            (Some(from_s), Some(to_s)) => format!(", mean from {} to {}", clock(from_s), clock(to_s)),
            _ => String::new(),
        };
        let total = cpu.total_share.map_or_else(String::new, |share| format!(": {} of all cores", share_text(share)));
        self.heading(&format!("CPU{over}{total}"));
        let mut rows = Vec::new();
        for hotspot in &cpu.hotspots {
            let cores = hotspot.cores.map_or_else(String::new, |cores| number_text(cores, CPU_CORES.unit()));
            let title = format!("{}. {}", hotspot.rank, cut(&hotspot.title));
            rows.push(vec![title, cores, share(hotspot.share), letter(hotspot.provenance)]);
            for function in &hotspot.functions {
                rows.push(vec![
                    format!("     {}", cut(&function.mfa)),
                    String::new(),
                    share_text(function.share),
                    if function.samples.is_some() { "M" } else { "S" }.to_owned(),
                    function.share_of.map_or_else(String::new, |of| format!("of the {of}")),
                ]);
            }
        }
        self.rows(&[1, 2], &rows);
    }

    fn components(&mut self, parts: &Parts, top: usize) {
        if parts.components.is_empty() {
            return;
        }
        let count = parts.components.len();
        let is_measured = parts.stored.is_some();
        // A document's map has its own order; of what a source has found, the largest come first.
        let mut components: Vec<&ComponentPart> = parts.components.iter().collect();
        if is_measured {
            let size =
                |part: &ComponentPart| number(part, MEMORY_RESIDENT).or(number(part, MEMORY_USED)).unwrap_or(0.0);
            components.sort_by(|a, b| size(b).total_cmp(&size(a)));
        }
        let shown = if is_measured { top.min(count) } else { count };
        let of = if shown < count { format!("{shown} of {count}") } else { count.to_string() };
        self.heading(&format!("Components ({of})"));
        let mut rows = vec![["status", "component", "memory", "CPU", "members", "id"].map(str::to_owned).to_vec()];
        for part in components.into_iter().take(shown) {
            let memory = figure(part, MEMORY_RESIDENT).or(figure(part, MEMORY_USED));
            let cpu = figure(part, CPU_CORES).or(figure(part, CPU_SHARE));
            rows.push(vec![
                part.status.to_owned(),
                cut(&part.title),
                memory.unwrap_or_default(),
                cpu.unwrap_or_default(),
                figure(part, MEMBERS).unwrap_or_default(),
                cut(&part.id),
            ]);
        }
        let statuses: Vec<String> = rows.iter().map(|row| row[0].clone()).collect();
        let first_line = self.text.lines().count();
        self.rows(&[2, 3, 4], &rows);
        self.colour_statuses(first_line, &statuses);
    }

    /// Colours come last, so that they do not count as width.
    fn colour_statuses(&mut self, first_line: usize, statuses: &[String]) {
        if !self.style.colour {
            return;
        }
        let painted: Vec<String> = self
            .text
            .lines()
            .enumerate()
            .map(|(index, line)| match index.checked_sub(first_line).and_then(|row| statuses.get(row)) {
                Some(word) => line.replacen(word.as_str(), &self.style.status(word, word), 1),
                None => line.to_owned(),
            })
            .collect();
        self.text = painted.join("\n") + "\n";
    }

    fn plan(&mut self, parts: &Parts) {
        if !parts.opportunities.is_empty() {
            self.heading(&format!("Opportunities ({})", parts.opportunities.len()));
            let row = |it: &OpportunityPart| {
                let claims: Vec<String> = it.claimed.iter().take(2).map(claim_text).collect();
                vec![
                    cut(&it.id),
                    cut(&it.title),
                    it.state.to_owned(),
                    it.risk.map_or_else(String::new, |risk| format!("risk {risk}")),
                    clean::line(&claims.join("; ")),
                ]
            };
            let rows: Vec<_> = parts.opportunities.iter().map(row).collect();
            self.rows(&[], &rows);
        }
        if !parts.decisions.is_empty() {
            let open = parts.decisions.iter().filter(|decision| decision.state == "open").count();
            self.heading(&format!("Decisions ({}, {open} open)", parts.decisions.len()));
            let row = |it: &DecisionPart| vec![cut(&it.id), it.state.to_owned(), clean::line(&it.question)];
            let rows: Vec<_> = parts.decisions.iter().map(row).collect();
            self.rows(&[], &rows);
        }
        for run in &parts.pipeline {
            let phase = run.phase.as_deref().map_or_else(String::new, |phase| format!(", in phase \"{phase}\""));
            self.heading(&clean::line(&format!("Pipeline run {}{phase}", run.title)));
            let row = |gate: &GatePart| {
                vec![gate.state.to_owned(), cut(&gate.name), clean::line(gate.evidence.as_deref().unwrap_or_default())]
            };
            let rows: Vec<_> = run.gates.iter().map(row).collect();
            self.rows(&[], &rows);
        }
    }

    fn warnings(&mut self, parts: &Parts) {
        if parts.session.warnings.is_empty() {
            return;
        }
        self.heading("To know");
        for warning in &parts.session.warnings {
            self.line(&format!("  {}", clean::line(warning)));
        }
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// Clean text that fits into a column.
pub(super) fn cut(text: &str) -> String {
    let text = clean::line(text);
    if width(&text) <= MAX_COLUMN {
        return text;
    }
    let kept: String = text.chars().take(MAX_COLUMN - 1).collect();
    format!("{kept}…")
}

/// Value, provenance letter, origin.
fn cells(figure: &Figure) -> Vec<String> {
    let quantity = &figure.quantity;
    let each = figure.each.as_ref().map_or_else(String::new, |each| format!("for each {each}; "));
    let origin = clean::line(&format!("{each}{}", quantity.provenance.origin()));
    vec![quantity_text(quantity), quantity.provenance.mark().to_owned(), origin]
}

pub(super) fn letter(provenance: &str) -> String {
    provenance.chars().take(1).map(|c| c.to_ascii_uppercase()).collect()
}

pub(super) fn share(share: Option<f64>) -> String {
    share.map(share_text).unwrap_or_default()
}

/// Time since the session's start.
pub(super) fn clock(seconds: f64) -> String {
    duration_text((seconds * 1000.0).round() / 1000.0)
}

/// A component's metric with its letter.
fn figure(part: &ComponentPart, metric: MetricKey) -> Option<String> {
    let (_, figure) = part.metrics.iter().find(|(key, _)| *key == metric)?;
    let each = figure.each.as_ref().map_or_else(String::new, |each| format!(" / {each}"));
    Some(clean::line(&format!("{}{each} {}", quantity_text(&figure.quantity), figure.quantity.provenance.mark())))
}

fn number(part: &ComponentPart, metric: MetricKey) -> Option<f64> {
    let (_, figure) = part.metrics.iter().find(|(key, _)| *key == metric)?;
    Some(figure.quantity.value.representative())
}

/// A change bears its sign; a level that is reached does not, nor does "4 times as much".
fn claim_text(claim: &ClaimPart) -> String {
    let quantity = &claim.figure.quantity;
    let is_change = matches!(quantity.value, Value::Exact(_) | Value::Range(..)) && !claim.is_level;
    let is_more = quantity.value.representative() > 0.0 && quantity.unit.dimension() != Dimension::Factor;
    let before = match (claim.is_level, is_change && is_more) {
        (true, _) => "to ",
        (false, true) => "+",
        (false, false) => "",
    };
    format!("{} {before}{}", claim.label, value_text(quantity.value, quantity.unit))
}
