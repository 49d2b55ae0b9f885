//! A document's map and pipeline runs as Mermaid diagrams, for Markdown reports.
//!
//! All text comes from files and is escaped to entities that Mermaid shows as they are: it can't end a label, begin a
//! directive or become markup.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::model::document::{Document, EdgeKind, PipelineRun, StatusClass};
use crate::model::id::ComponentId;

const CLASSES: [StatusClass; 5] =
    [StatusClass::Critical, StatusClass::Warning, StatusClass::Healthy, StatusClass::Human, StatusClass::Optimization];

/// The map as a `flowchart TD`: groups as subgraphs, edges with their labels, and each component in the class that `class_of`
/// gives it (e.g. [`Document::stated_class`], or the present status).
pub fn flowchart(document: &Document, class_of: impl Fn(&ComponentId) -> Option<StatusClass>) -> String {
    let mut names = Names::default();
    let mut out = String::from("flowchart TD\n");
    write_groups(document, &mut names, &mut out);
    for edge in &document.edges {
        for end in [&edge.from, &edge.to] {
            if document.component(end).is_none() && !names.has(end.as_str()) {
                let _ = writeln!(out, "    {}[\"{}\"]", names.of(end.as_str()), escaped(end.as_str()));
            }
        }
        let arrow = match edge.kind {
            EdgeKind::Flow => "-->",
            EdgeKind::Control => "==>",
            EdgeKind::Feedback | EdgeKind::Learning => "-.->",
        };
        let label = if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", escaped(&edge.label)) };
        let (from, to) = (names.of(edge.from.as_str()), names.of(edge.to.as_str()));
        let _ = writeln!(out, "    {from} {arrow}{label} {to}");
    }
    let mut members: HashMap<StatusClass, Vec<String>> = HashMap::new();
    for component in &document.components {
        if let Some(class) = class_of(&component.id) {
            members.entry(class).or_default().push(names.of(component.id.as_str()));
        }
    }
    for class in CLASSES {
        let Some(members) = members.get(&class) else { continue };
        let (fill, stroke, width) = style(document, class);
        let word = class.word();
        let _ = writeln!(out, "    classDef {word} fill:{fill},stroke:{stroke},stroke-width:{width}px,color:#000000");
        let _ = writeln!(out, "    class {} {word}", members.join(","));
    }
    out
}

/// A pipeline run as a `sequenceDiagram`: a note for each phase, an arrow for each message.
pub fn sequence(run: &PipelineRun) -> String {
    let mut names = Names::default();
    let mut out = String::from("sequenceDiagram\n");
    for participant in &run.participants {
        let _ =
            writeln!(out, "    participant {} as {}", names.of(participant.id.as_str()), escaped(&participant.title));
    }
    for phase in &run.phases {
        if let (Some(first), Some(last)) = (run.participants.first(), run.participants.last()) {
            let mut over = names.of(first.id.as_str());
            if first.id != last.id {
                let _ = write!(over, ",{}", names.of(last.id.as_str()));
            }
            let _ = writeln!(out, "    Note over {over}: {} (from {} h)", escaped(&phase.title), phase.starts_h);
        }
        for message in &phase.messages {
            let (from, to) = (names.of(message.from.as_str()), names.of(message.to.as_str()));
            let _ = writeln!(out, "    {from}->>{to}: {}", escaped(&message.title));
        }
    }
    out
}

/// Writes the groups, each with its groups and components in it, then the components of no group.
fn write_groups(document: &Document, names: &mut Names, out: &mut String) {
    enum Step<'a> {
        Open(&'a str, &'a str),
        Close,
    }
    let is_known: HashSet<&str> = document.groups.iter().map(|group| group.id.as_str()).collect();
    let mut within: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut tops = Vec::new();
    for (index, group) in document.groups.iter().enumerate() {
        match &group.parent {
            Some(parent) if is_known.contains(parent.as_str()) => {
                within.entry(parent.as_str()).or_default().push(index)
            }
            _ => tops.push(index),
        }
    }
    let mut members: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, component) in document.components.iter().enumerate() {
        if let Some(group) = component.group.as_ref().filter(|group| is_known.contains(group.as_str())) {
            members.entry(group.as_str()).or_default().push(index);
        }
    }
    let mut component = |index: usize, depth: usize, out: &mut String| {
        let component = &document.components[index];
        let name = names.of(component.id.as_str());
        let _ = writeln!(out, "{}{name}[\"{}\"]", "    ".repeat(depth), escaped(&component.title));
    };
    // Groups that lie in each other are nobody's children: they come after the others, each once.
    let mut is_written = HashSet::new();
    let mut group_names = Names { prefix: "g_", ..Names::default() };
    for top in tops.into_iter().chain(0..document.groups.len()) {
        let mut todo = vec![Step::Open(document.groups[top].id.as_str(), &document.groups[top].title)];
        let mut depth = 1;
        while let Some(step) = todo.pop() {
            let Step::Open(id, title) = step else {
                depth -= 1;
                let _ = writeln!(out, "{}end", "    ".repeat(depth));
                continue;
            };
            if !is_written.insert(id) {
                continue;
            }
            let _ = writeln!(out, "{}subgraph {}[\"{}\"]", "    ".repeat(depth), group_names.of(id), escaped(title));
            depth += 1;
            for &index in members.get(id).into_iter().flatten() {
                component(index, depth, out);
            }
            todo.push(Step::Close);
            for &index in within.get(id).into_iter().flatten().rev() {
                todo.push(Step::Open(document.groups[index].id.as_str(), &document.groups[index].title));
            }
        }
    }
    for (index, of) in document.components.iter().map(|component| &component.group).enumerate() {
        if of.as_ref().is_none_or(|group| !is_known.contains(group.as_str())) {
            component(index, 1, out);
        }
    }
}

/// Fill, stroke and stroke width of a class: the document's, where it gives proper ones.
fn style(document: &Document, class: StatusClass) -> (&str, &str, f32) {
    let is_color = |text: &str| {
        text.len() == 7 && text.starts_with('#') && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
    };
    let stated = document.status_classes.iter().find(|style| {
        style.class == class && is_color(&style.fill) && is_color(&style.stroke) && style.stroke_width_px.is_finite()
    });
    if let Some(style) = stated {
        return (&style.fill, &style.stroke, style.stroke_width_px);
    }
    let (fill, stroke) = match class {
        StatusClass::Critical => ("#ffcdd2", "#d32f2f"),
        StatusClass::Warning => ("#fff3e0", "#ef6c00"),
        StatusClass::Healthy => ("#e8f5e8", "#2e7d32"),
        StatusClass::Human => ("#e1f5fe", "#0277bd"),
        StatusClass::Optimization => ("#f3e5f5", "#7b1fa2"),
    };
    (fill, stroke, 2.0)
}

/// Names that Mermaid takes, one for each id.
struct Names {
    /// Keeps them apart from Mermaid's own words.
    prefix: &'static str,
    by_id: HashMap<String, String>,
    taken: HashSet<String>,
}

impl Default for Names {
    fn default() -> Self {
        Self { prefix: "n_", by_id: HashMap::new(), taken: HashSet::new() }
    }
}

impl Names {
    fn has(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    fn of(&mut self, id: &str) -> String {
        if let Some(name) = self.by_id.get(id) {
            return name.clone();
        }
        let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut name = format!("{}{plain}", self.prefix);
        if self.taken.contains(&name) {
            name = format!("{name}__{}", self.taken.len());
        }
        self.taken.insert(name.clone());
        self.by_id.insert(id.to_owned(), name.clone());
        name
    }
}

/// Text as it can stand in a label.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            '"' | '#' | '<' | '>' | '&' | ';' | '`' | '%' | '{' | '}' | '\\' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Component, ComponentKind, Edge, Group, Message, Participant, Phase};
    use crate::model::id::{GroupId, ItemId};

    fn group(id: &str, title: &str, parent: Option<&str>) -> Group {
        Group { id: id.into(), title: title.to_owned(), parent: parent.map(GroupId::from) }
    }

    fn component(id: &str, title: &str, group: Option<&str>) -> Component {
        let mut component = Component::new(id.into(), title, ComponentKind::System);
        component.group = group.map(GroupId::from);
        component
    }

    fn edge(from: &str, to: &str, label: &str, kind: EdgeKind) -> Edge {
        Edge { item: ItemId::from("e"), from: from.into(), to: to.into(), label: label.to_owned(), kind }
    }

    #[test]
    fn a_map_becomes_a_flowchart() {
        let mut document = Document::new("t");
        document.groups = vec![group("outer", "Outer", None), group("in", "Inner \"one\"", Some("outer"))];
        document.components = vec![
            component("M-Pool", "Pool", Some("in")),
            component("M.Pool", "Other pool", Some("outer")),
            component("end", "<b>%%{init}%%</b>", None),
        ];
        document.edges = vec![
            edge("M-Pool", "M.Pool", "3 MB/min; #1", EdgeKind::Flow),
            edge("end", "M-Pool", "", EdgeKind::Control),
            edge("M.Pool", "gone", "tells", EdgeKind::Feedback),
        ];
        let class_of = |id: &ComponentId| (id.as_str() == "M-Pool").then_some(StatusClass::Critical);
        assert_eq!(
            flowchart(&document, class_of),
            r##"flowchart TD
    subgraph g_outer["Outer"]
        n_M_Pool["Other pool"]
        subgraph g_in["Inner #34;one#34;"]
            n_M_Pool__1["Pool"]
        end
    end
    n_end["#60;b#62;#37;#37;#123;init#125;#37;#37;#60;/b#62;"]
    n_M_Pool__1 -->|"3 MB/min#59; #35;1"| n_M_Pool
    n_end ==> n_M_Pool__1
    n_gone["gone"]
    n_M_Pool -.->|"tells"| n_gone
    classDef critical fill:#ffcdd2,stroke:#d32f2f,stroke-width:2px,color:#000000
    class n_M_Pool__1 critical
"##
        );
    }

    #[test]
    fn groups_in_a_circle_are_drawn_once() {
        let mut document = Document::new("t");
        document.groups =
            vec![group("a", "A", Some("b")), group("b", "B", Some("a")), group("c", "C", Some("nowhere"))];
        document.components = vec![component("x", "X", Some("b")), component("y", "Y", Some("nowhere"))];
        let chart = flowchart(&document, |_| None);
        for piece in ["subgraph g_a[\"A\"]", "subgraph g_b[\"B\"]", "subgraph g_c[\"C\"]", "n_x[\"X\"]", "n_y[\"Y\"]"] {
            assert_eq!(chart.matches(piece).count(), 1, "{piece} in\n{chart}");
        }
        assert_eq!(chart.matches("subgraph").count(), chart.lines().filter(|line| line.trim() == "end").count());
    }

    #[test]
    fn a_run_becomes_a_sequence() {
        let participant =
            |id: &str, title: &str| Participant { id: id.into(), item: "p".into(), title: title.to_owned() };
        let message = |from: &str, to: &str, title: &str| Message {
            item: "m".into(),
            from: from.into(),
            to: to.into(),
            title: title.to_owned(),
            code: None,
            headings: Vec::new(),
            facts: Vec::new(),
            claims: Vec::new(),
            hot_functions: Vec::new(),
            findings: Vec::new(),
            options: Vec::new(),
            gates: Vec::new(),
            decisions: Vec::new(),
            notes: Vec::new(),
        };
        let run = PipelineRun {
            id: "run".into(),
            title: String::from("Run"),
            item: None,
            participants: vec![participant("sys", "The system"), participant("end", "Owner; boss")],
            phases: vec![Phase {
                item: "h".into(),
                title: String::from("Detect"),
                starts_h: 0.5,
                messages: vec![message("sys", "end", "high\nmemory"), message("end", "end", "thinks")],
            }],
        };
        assert_eq!(
            sequence(&run),
            "sequenceDiagram
    participant n_sys as The system
    participant n_end as Owner#59; boss
    Note over n_sys,n_end: Detect (from 0.5 h)
    n_sys->>n_end: high<br/>memory
    n_end->>n_end: thinks
"
        );
    }
}
