//! A report as GitHub-flavoured Markdown: tables and, where there are some, Mermaid diagrams; no pictures, no HTML.

use std::fmt::Write as _;

use super::escape::markdown as text;
use super::report::{Report, Section, Table};

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# {}\n\n", text(&report.title));
    if !report.about.is_empty() {
        let _ = write!(out, "{}\n\n", text(&report.about));
    }
    for (label, fact) in &report.facts {
        let _ = writeln!(out, "- {}: {}", text(label), text(fact));
    }
    // Where only a picture has something to say, there is nothing for text.
    let says_something =
        |section: &&Section| section.diagram.is_some() || !section.tables.is_empty() || !section.notes.is_empty();
    for section in report.sections.iter().filter(says_something) {
        write_section(&mut out, section);
    }
    out
}

fn write_section(out: &mut String, section: &Section) {
    let _ = write!(out, "\n## {}\n", text(&section.title));
    if !section.help.is_empty() {
        let _ = write!(out, "\n{}\n", text(&section.help));
    }
    if let Some(diagram) = &section.diagram {
        // A line of backticks inside would end the block early.
        let _ = write!(out, "\n```mermaid\n{}\n```\n", diagram.trim_end().replace("```", "'''"));
    }
    for table in &section.tables {
        write_table(out, table);
    }
    if !section.notes.is_empty() {
        out.push('\n');
    }
    for note in &section.notes {
        let _ = writeln!(out, "- {}", text(note));
    }
}

fn write_table(out: &mut String, table: &Table) {
    let _ = write!(out, "\n**{}**\n\n|", text(&table.caption));
    for column in &table.columns {
        let _ = write!(out, " {} |", text(&column.title));
    }
    out.push_str("\n|");
    for column in &table.columns {
        out.push_str(if column.is_figure { "---:|" } else { "---|" });
    }
    out.push('\n');
    for row in &table.rows {
        out.push('|');
        for cell in row {
            let _ = write!(out, " {} |", text(cell));
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::report::tests::hostile_report;

    /// Columns of a table's line: bars that are not escaped, less one.
    fn columns(line: &str) -> usize {
        let bars = line.match_indices('|').filter(|(at, _)| !line[..*at].ends_with('\\'));
        bars.count().saturating_sub(1)
    }

    #[test]
    fn tables_have_as_many_cells_in_each_row_as_columns() {
        let markdown = markdown(&hostile_report());
        let mut tables = 0;
        let mut expected = None;
        for line in markdown.lines() {
            if !line.starts_with('|') {
                expected = None;
                continue;
            }
            if expected.is_none() {
                tables += 1;
            }
            let wanted = *expected.get_or_insert_with(|| columns(line));
            assert_eq!(columns(line), wanted, "{line}");
        }
        assert!(tables >= 8, "{tables} tables");
    }

    #[test]
    fn names_from_files_are_neither_html_nor_formatting() {
        let mut report = hostile_report();
        report.sections.iter_mut().for_each(|section| section.diagram = None);
        report.sections[0].diagram = Some(String::from("flowchart LR\n```\n<b>"));
        let markdown = markdown(&report);
        let (fences, rest): (Vec<&str>, Vec<&str>) = markdown.lines().partition(|line| line.starts_with("```"));
        assert_eq!(fences, ["```mermaid", "```"]);
        let outside = rest.join("\n").replace("<b>", "");
        assert!(!outside.contains('<'), "HTML made of a name");
        assert!(!outside.replace("\\`", "").contains('`'), "code made of a name");
        assert!(!outside.contains('\u{202e}'));
    }
}
