//! `check`: rules and findings with an exit code, for a CI job.

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::inspect::{FindingPart, Known, Style, findings_text, known_findings};
use super::session_name::{self, SessionName};
use super::{AnswerIsNo, clean};
use crate::model::document::StatusClass;
use crate::store::document::read_document;

const FORMAT: &str = "vivarium.check/1";

/// Say by rules and findings whether all is well; exit code 3 if not
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes: 0 nothing critical, 3 a critical rule or finding, 1 it could not be done, 2 wrong usage.

Examples:
  vivarium check day.vivarium
  vivarium check day.vivarium --rules limits.ron --json | jq '.findings[].message'")]
pub struct Check {
    /// A file, `bundled:NAME`, or - for standard input
    #[arg(value_parser = session_name::parser())]
    session: SessionName,
    /// A document (.ron) whose rules count instead of the session's own
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// As JSON, format vivarium.check/1
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Checked {
    format: &'static str,
    /// `critical`, `warning` or `healthy`: the worst of all.
    verdict: &'static str,
    rules: Vec<RulePart>,
    findings: Vec<FindingPart>,
    /// What was not looked for, and what it would take.
    not_examined: Vec<String>,
}

#[derive(Debug, Serialize)]
struct RulePart {
    rule: String,
    component: String,
    /// `critical`, `warning` or `healthy`.
    status: &'static str,
    why: String,
}

impl Check {
    /// Opens the session, asks its rules as of its end and the findings over all of it.
    pub fn run(self) -> anyhow::Result<()> {
        let mut open = self.session.open()?;
        if let Some(file) = &self.rules {
            open.session.document.rules = read_document(file)?.document.rules;
        }
        let Known { statuses, findings, not_examined } = known_findings(&open.session)?;
        let rules: Vec<RulePart> = statuses
            .into_iter()
            .filter_map(|(component, status)| {
                let status_word = word(status.class)?;
                Some(RulePart {
                    rule: status.rule?.to_string(),
                    component: component.to_string(),
                    status: status_word,
                    why: status.why,
                })
            })
            .collect();
        // What contradicts itself is no cause for alarm, but for a look.
        let weight =
            |finding: &FindingPart| if finding.severity == "contradiction" { "warning" } else { finding.severity };
        let words = || rules.iter().map(|rule| rule.status).chain(findings.iter().map(weight));
        let verdict = ["critical", "warning"].into_iter().find(|verdict| words().any(|word| word == *verdict));
        let checked = Checked { format: FORMAT, verdict: verdict.unwrap_or("healthy"), rules, findings, not_examined };
        let result = if self.json {
            let mut json = serde_json::to_string_pretty(&checked)?;
            json.push('\n');
            json
        } else {
            checked.text(Style::of_standard_output())
        };
        std::io::stdout().lock().write_all(result.as_bytes())?;
        if checked.verdict == "critical" { Err(AnswerIsNo.into()) } else { Ok(()) }
    }
}

fn word(class: StatusClass) -> Option<&'static str> {
    match class {
        StatusClass::Critical => Some("critical"),
        StatusClass::Warning => Some("warning"),
        StatusClass::Healthy => Some("healthy"),
        _ => None,
    }
}

impl Checked {
    fn text(&self, style: Style) -> String {
        let mut text = format!("{}\n", style.status(self.verdict, self.verdict));
        let firing: Vec<&RulePart> = self.rules.iter().filter(|rule| rule.status != "healthy").collect();
        text.push_str(&format!("\nRules ({}, {} of them fire)\n", self.rules.len(), firing.len()));
        for rule in firing {
            let line = clean::line(&format!("{}: {}", rule.component, rule.why));
            text.push_str(&format!("  {}  {line}\n", style.status(rule.status, rule.status)));
        }
        text.push_str(&findings_text(&self.findings, &self.not_examined, style));
        text
    }
}
