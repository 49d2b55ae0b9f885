//! A report as one HTML file: pictures and styles inside, no script, nothing fetched, made to be printed as well.

use std::fmt::Write as _;

use super::escape::markup;
use super::report::{Report, Section, Table};

/// Whatever slips into the page, a browser then neither runs nor fetches it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const STYLE: &str = include_str!("report.css");

/// The report as HTML.
pub fn html(report: &Report) -> String {
    let title = markup(&report.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"Vivarium {}\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
        env!("CARGO_PKG_VERSION")
    );
    if !report.about.is_empty() {
        let _ = writeln!(out, "<p>{}</p>", markup(&report.about));
    }
    out.push_str("<dl>\n");
    for (label, text) in &report.facts {
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", markup(label), markup(text));
    }
    out.push_str("</dl>\n<nav aria-label=\"Contents\"><ul>\n");
    for section in &report.sections {
        let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", markup(&section.id), markup(&section.title));
    }
    out.push_str("</ul></nav>\n</header>\n<main>\n");
    for section in &report.sections {
        write_section(&mut out, section);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn write_section(out: &mut String, section: &Section) {
    let (id, title) = (markup(&section.id), markup(&section.title));
    let _ = writeln!(out, "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{title}</h2>");
    if !section.help.is_empty() {
        let _ = writeln!(out, "<p class=\"help\">{}</p>", markup(&section.help));
    }
    if let Some(svg) = &section.svg {
        let _ = writeln!(out, "<figure>\n{svg}</figure>");
    }
    for table in &section.tables {
        write_table(out, table);
    }
    if !section.notes.is_empty() {
        out.push_str("<ul>\n");
        for note in &section.notes {
            let _ = writeln!(out, "<li>{}</li>", markup(note));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

fn write_table(out: &mut String, table: &Table) {
    let class = |index: usize| {
        if table.columns.get(index).is_some_and(|column| column.is_figure) { " class=\"n\"" } else { "" }
    };
    let _ = writeln!(out, "<div class=\"table\"><table>\n<caption>{}</caption>", markup(&table.caption));
    out.push_str("<thead><tr>");
    for (index, column) in table.columns.iter().enumerate() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(index), markup(&column.title));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = write!(out, "<td{}>{}</td>", class(index), markup(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::report::tests::hostile_report;

    #[test]
    fn names_from_files_are_never_markup() {
        let html = html(&hostile_report());
        assert!(!html.contains("<img"), "an element made of a name");
        assert!(!html.contains("<script"), "a script made of a name");
        assert!(!html.contains('\u{202e}'), "text that turns around");
        assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"));
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
        assert_eq!(html.matches("<svg").count(), 4, "one picture a view");
        // What isn't text is all well-formed: head and body parse as XML once void elements are left out.
        let body = &html[html.find("<body>").unwrap()..html.find("</html>").unwrap()];
        resvg::usvg::roxmltree::Document::parse(body).unwrap();
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs() {
        let html = html(&hostile_report());
        let without_namespaces = html.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for fetch in ["http:", "https:", "url(//", "src=\"", "@import", "<link", "<iframe", "<object", "<base", " on"] {
            let inside_tags = without_namespaces.split('<').skip(1).filter_map(|part| part.split('>').next());
            let found: Vec<&str> = inside_tags.filter(|tag| tag.contains(fetch)).collect();
            assert!(found.is_empty(), "{fetch}: {found:?}");
        }
        assert!(html.contains(POLICY));
    }

    #[test]
    fn every_section_is_there_and_can_be_reached() {
        let report = hostile_report();
        let html = html(&report);
        assert!(report.sections.len() >= 6);
        for section in &report.sections {
            assert!(html.contains(&format!("<section id=\"{}\"", section.id)));
            assert!(html.contains(&format!("href=\"#{}\"", section.id)));
            for table in &section.tables {
                assert!(html.contains(&format!("<caption>{}</caption>", markup(&table.caption))));
            }
        }
        for id in html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "two elements have the id {id}");
        }
    }
}
