//! What a crash dump says of a node's end: what its slogan means, what filled the memory, and who was in the middle of it.

use super::observed::{Observed, Subject, derived};
use super::slogans::{EndKind, meaning};
use super::{Finding, Grade, RuleClass, Severity, finding};
use crate::model::entity::EntityKind;
use crate::model::format::{bytes_text, share_text};
use crate::model::metric;
use crate::model::unit::Unit;

/// A part or a process is named from this share of all memory on.
const LEAST_SHARE: f64 = 0.05;
/// So many of each are named.
const MAX_NAMED: usize = 3;
/// From this share on one process is said to be the trouble.
const MOST: f64 = 0.3;

/// What a dump's node died of; `None` if it is no dump.
pub fn slogan(observed: &Observed) -> Option<(&Subject, &str)> {
    let node = observed.subjects.iter().find(|subject| subject.kind == EntityKind::Runtime)?;
    node.attributes.get("slogan").map(|slogan| (node, slogan.as_str()))
}

/// All of them; none of a session that is no dump.
pub fn find(observed: &Observed) -> Vec<Finding> {
    let Some((node, slogan)) = slogan(observed) else { return Vec::new() };
    let meaning = meaning(slogan);
    let severity = if meaning.kind == EndKind::Wanted { Severity::Info } else { Severity::Critical };
    let grade = if meaning.kind == EndKind::Unknown { Grade::Suspected } else { Grade::Measured };
    let mut end = finding(RuleClass::Crash, severity, grade, &[node], observed.range);
    let shown = if slogan.is_empty() { "no slogan" } else { slogan };
    end.message = format!("{}: \"{}\". {}", node.name, cut(shown, 300), meaning.means);
    end.next = meaning.next;
    if meaning.kind == EndKind::OutOfMemory
        && let Some(culprit) = collected(observed)
    {
        end.message.push_str(&format!(" {} was being collected just then.", culprit.name));
        end.about.insert(0, super::About::Entity(culprit.entity));
    }
    if let Some(bytes) = observed.memory_bytes() {
        end.evidence.push(observed.measured("memory in use", bytes, Unit::BYTES, observed.range));
    }
    let is_memory = meaning.kind == EndKind::OutOfMemory;
    [Some(end), memory(observed, node, is_memory)].into_iter().flatten().collect()
}

/// The largest of those whose heap was being collected.
fn collected(observed: &Observed) -> Option<&Subject> {
    let is_collected =
        |subject: &&Subject| subject.attributes.get("status").is_some_and(|status| status == "garbage_collecting");
    let bytes = |subject: &Subject| bytes_of(subject).unwrap_or(0.0);
    observed.subjects.iter().filter(is_collected).max_by(|a, b| bytes(a).total_cmp(&bytes(b)))
}

fn bytes_of(subject: &Subject) -> Option<f64> {
    subject.track(metric::MEMORY_USED)?.last().map(|level| level.mean)
}

/// The largest of the subjects that are worth a name, with their shares of all memory.
fn largest<'a>(subjects: impl Iterator<Item = &'a Subject>, all_bytes: f64) -> Vec<(&'a Subject, f64)> {
    let mut found: Vec<(&Subject, f64)> = subjects
        .filter_map(|subject| Some((subject, bytes_of(subject)?)))
        .filter(|(_, bytes)| *bytes >= LEAST_SHARE * all_bytes)
        .collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    found.truncate(MAX_NAMED);
    found
}

/// What filled the memory: parts, and single processes and tables.
fn memory(observed: &Observed, node: &Subject, is_cause: bool) -> Option<Finding> {
    let all_bytes = observed.memory_bytes().filter(|bytes| *bytes > 0.0)?;
    let of_kind =
        |kinds: &'static [EntityKind]| observed.subjects.iter().filter(move |subject| kinds.contains(&subject.kind));
    let parts = largest(of_kind(&[EntityKind::Component]), all_bytes);
    let singles = largest(of_kind(&[EntityKind::BeamProcess, EntityKind::EtsTable]), all_bytes);
    if parts.is_empty() && singles.is_empty() {
        return None;
    }
    let severity = if is_cause { Severity::Warning } else { Severity::Info };
    let subjects: Vec<&Subject> = [node].into_iter().chain(singles.iter().map(|(subject, _)| *subject)).collect();
    let mut finding = finding(RuleClass::CrashMemory, severity, Grade::Measured, &subjects, observed.range);
    finding.id = format!("{}:{}", RuleClass::CrashMemory.word(), node.name);
    let one = |(subject, bytes): &(&Subject, f64)| {
        let is_rest = subject.is_component() && subject.name == "none";
        let kind = if subject.kind == EntityKind::EtsTable { "table " } else { "" };
        let name = if is_rest { "processes of no application" } else { subject.name.as_str() };
        format!("{kind}{name} {} ({})", bytes_text(*bytes), share_text(bytes / all_bytes))
    };
    let list = |found: &[(&Subject, f64)]| found.iter().map(one).collect::<Vec<_>>().join(", ");
    finding.message = format!("{}: {} in use", node.name, bytes_text(all_bytes));
    if !parts.is_empty() {
        finding.message.push_str(&format!("; by component: {}", list(&parts)));
    }
    finding.message.push('.');
    if !singles.is_empty() {
        finding.message.push_str(&format!(" The largest single ones: {}.", list(&singles)));
    }
    finding.evidence.push(observed.measured("memory in use", all_bytes, Unit::BYTES, observed.range));
    for (subject, bytes) in parts.iter().chain(&singles) {
        finding.evidence.push(observed.measured(&subject.name, *bytes, Unit::BYTES, observed.range));
    }
    finding.next = match singles.first() {
        Some((subject, bytes)) if bytes / all_bytes >= MOST => {
            let share = derived("share of the largest", bytes / all_bytes, Unit::RATIO, "its memory ÷ all in use");
            finding.derived = Some(share.quantity);
            match subject.attributes.get("current_function") {
                Some(function) => format!(
                    "{} alone has {}: it was in {function}; see its stack, queue and state in the dump.",
                    subject.name,
                    share_text(bytes / all_bytes)
                ),
                None => format!("Look at {}: who fills it, and what empties it.", subject.name),
            }
        }
        Some(_) => String::from(
            "See what the largest ones hold; a limit for each (max_heap_size, bounded tables) keeps one from taking all.",
        ),
        None => String::from(
            "No single process or table stands out: there are many of a kind. See how many members the largest parts have, and why so many.",
        ),
    };
    Some(finding)
}

fn cut(text: &str, most: usize) -> String {
    let shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::observed::{Level, Track};
    use super::*;
    use crate::model::entity::EntityId;
    use crate::model::time::{TimeRange, Timestamp};

    fn subject(id: u32, kind: EntityKind, name: &str, bytes: f64, attributes: &[(&str, &str)]) -> Subject {
        let level = Level { at_s: 0.0, count: 1, min: bytes, mean: bytes, max: bytes };
        Subject {
            entity: EntityId(id),
            kind,
            name: name.to_owned(),
            component: None,
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            series: BTreeMap::from([(metric::MEMORY_USED, Track { width_s: 1.0, levels: vec![level] })]),
        }
    }

    fn observed(subjects: Vec<Subject>) -> Observed {
        Observed {
            source: String::from("import:x"),
            start: Timestamp(0),
            range: TimeRange::new(Timestamp(0), Timestamp(1)),
            subjects,
            schedulers: 1,
            stacks: BTreeMap::new(),
            stated: BTreeMap::new(),
        }
    }

    #[test]
    fn the_one_that_filled_the_memory_and_was_collected_is_named() {
        let slogan = r#"eheap_alloc: Cannot allocate 306586976 bytes of memory (of type "heap")."#;
        let found = find(&observed(vec![
            subject(1, EntityKind::Runtime, "shop@web1", 1e9, &[("slogan", slogan)]),
            subject(2, EntityKind::Component, "shop", 8e8, &[]),
            subject(
                3,
                EntityKind::BeamProcess,
                "hoarder",
                6e8,
                &[("status", "garbage_collecting"), ("current_function", "lists:seq/2")],
            ),
            subject(4, EntityKind::EtsTable, "orders", 1e8, &[]),
            subject(5, EntityKind::BeamProcess, "small", 1e6, &[]),
        ]));
        let [end, memory] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((end.severity, end.rule_class), (Severity::Critical, RuleClass::Crash));
        assert!(end.message.contains("ran out of memory") && end.message.contains("hoarder was being collected"));
        assert!(end.is_about_entity(EntityId(3)));
        assert_eq!(memory.severity, Severity::Warning);
        assert!(memory.message.contains("shop 800 MB (80 %)"), "{}", memory.message);
        assert!(memory.message.contains("hoarder 600 MB (60 %), table orders 100 MB (10 %)."), "{}", memory.message);
        assert!(memory.next.contains("lists:seq/2"), "{}", memory.next);
    }

    #[test]
    fn a_wanted_end_is_no_trouble_and_a_live_node_has_no_end() {
        let wanted = subject(1, EntityKind::Runtime, "n", 0.0, &[("slogan", "Crash dump requested by user")]);
        let found = find(&observed(vec![wanted]));
        assert_eq!(found.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Info]);
        assert!(find(&observed(vec![subject(1, EntityKind::Runtime, "n", 1e9, &[])])).is_empty());
    }
}
