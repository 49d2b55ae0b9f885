//! What a recording shows that somebody should know: bottlenecks, growing queues, leaks in the making, tables that are there twice,
//! signs of contention, limits that come near, memory held for nothing.
//!
//! Each rule is a pure function from what was [`Observed`] to findings, one file a rule. `session::findings` gathers what they need;
//! the window, `inspect`, `check` and reports show what they found.

mod contention;
pub mod crash;
mod growth;
mod heaps;
mod leaks;
mod limits;
mod observed;
mod queues;
mod serialization;
mod shape;
pub mod slogans;
mod tables;

use crate::model::entity::EntityId;
use crate::model::format::quantity_text;
use crate::model::id::ComponentId;
use crate::model::quantity::Quantity;
use crate::model::time::TimeRange;

pub use observed::{Level, Observed, Stacks, Subject, Track};

macro_rules! classes {
    ($($variant:ident $word:literal $title:literal $doc:literal;)*) => {
        /// Which rule found something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleClass {
            $(#[doc = $doc] $variant,)*
        }

        impl RuleClass {
            /// The word for it in JSON and in the ids of findings.
            pub fn word(self) -> &'static str {
                match self { $(RuleClass::$variant => $word,)* }
            }

            /// Its name for people.
            pub fn title(self) -> &'static str {
                match self { $(RuleClass::$variant => $title,)* }
            }
        }
    };
}

classes! {
    Crash "crash" "Crash" "How the node ended, by its crash dump.";
    CrashMemory "crash_memory" "Memory at the crash" "What filled the memory when the node ended.";
    Serialization "serialization" "Serialization bottleneck" "Work goes through one process, which is at its limit.";
    QueueGrowth "queue_growth" "Growing queue" "A process gets more messages than it handles.";
    LongQueue "long_queue" "Long queue" "Many messages wait.";
    Leak "leak" "Leak in the making" "Memory, rows or processes become more and more.";
    Step "step" "Step" "A level jumped and stayed.";
    RedundantTables "redundant_tables" "Redundant tables" "Tables that seem to hold the same.";
    Contention "contention" "Contention" "Signs that processes hold each other up.";
    Limit "limit" "Near a limit" "Of something there can only be so much.";
    AtomGrowth "atom_growth" "Atoms grow" "New atoms are made all the time; none is ever given back.";
    BinariesHeld "binaries_held" "Binaries held" "A small heap keeps large binaries alive.";
    HeapEfficiency "heap_efficiency" "Oversized heaps" "Heaps are far larger than what is in them.";
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Act now.
    Critical,
    /// Act soon.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Critical => "critical",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What kind of knowledge a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// The figures themselves say so.
    Measured,
    /// Computed from measured figures.
    Derived,
    /// Figures look alike; what is behind them was not looked at.
    Suspected,
    /// Signs speak for it.
    Inferred,
}

impl Grade {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Grade::Measured => "measured",
            Grade::Derived => "derived",
            Grade::Suspected => "suspected",
            Grade::Inferred => "inferred",
        }
    }
}

/// Whom a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A component.
    Component(ComponentId),
    /// A process, a table, the node.
    Entity(EntityId),
}

/// A figure that a finding rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What it is.
    pub label: String,
    /// How much, and from where.
    pub quantity: Quantity,
}

/// Something that somebody should know.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Stays the same from one look at a session to the next: rule and whom it is about, e.g. `serialization:demo_registry`.
    pub id: String,
    /// Which rule.
    pub rule_class: RuleClass,
    /// How bad.
    pub severity: Severity,
    /// What kind of knowledge.
    pub grade: Grade,
    /// Whom it is about; entities first, then their components.
    pub about: Vec<About>,
    /// Over which time it holds.
    pub range: TimeRange,
    /// A sentence with its numbers.
    pub message: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What the document says of the same, where it says something.
    pub stated: Option<Quantity>,
    /// The figure that answers it.
    pub derived: Option<Quantity>,
    /// What to do next, a sentence.
    pub next: String,
}

impl Finding {
    /// Whether it is about an entity.
    pub fn is_about_entity(&self, entity: EntityId) -> bool {
        self.about.contains(&About::Entity(entity))
    }

    /// Whether it is about a component or one of its members.
    pub fn is_about_component(&self, component: &ComponentId) -> bool {
        self.about.iter().any(|about| matches!(about, About::Component(id) if id == component))
    }

    /// Its evidence as one line: `queue at the end 12 300, growth 41.0/s`.
    pub fn evidence_text(&self) -> String {
        let parts = self.evidence.iter().map(|it| format!("{} {}", it.label, quantity_text(&it.quantity)));
        parts.collect::<Vec<_>>().join(", ")
    }
}

/// What all rules together found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The worst first.
    pub list: Vec<Finding>,
    /// What was not looked for or can't be told yet, and what it would take; sentences.
    pub not_examined: Vec<String>,
}

impl Findings {
    /// How many are this bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.list.iter().filter(|finding| finding.severity == severity).count()
    }

    /// The worst; `None` if there are none.
    pub fn worst(&self) -> Option<Severity> {
        self.list.iter().map(|finding| finding.severity).min()
    }
}

/// Asks every rule.
pub fn find(observed: &Observed) -> Findings {
    let mut list = crash::find(observed);
    list.extend(serialization::find(observed));
    list.extend(queues::find(observed));
    let leaks = leaks::find(observed);
    list.extend(leaks.found);
    list.extend(tables::find(observed));
    list.extend(contention::find(observed));
    list.extend(limits::find(observed));
    list.extend(heaps::find(observed));
    list.sort_by(|a, b| (a.severity, a.rule_class).cmp(&(b.severity, b.rule_class)).then_with(|| a.id.cmp(&b.id)));
    let mut not_examined = leaks.undecided;
    not_examined.extend(contention::not_examined(observed));
    if crash::slogan(observed).is_some() {
        not_examined = vec![String::from(
            "A crash dump is one moment: leaks, steps, growing queues and contention can't be told from it.",
        )];
    }
    Findings { list, not_examined }
}

/// A finding without what only some have.
fn finding(
    rule_class: RuleClass,
    severity: Severity,
    grade: Grade,
    subjects: &[&Subject],
    range: TimeRange,
) -> Finding {
    let names: Vec<&str> = subjects.iter().map(|subject| subject.name.as_str()).collect();
    let mut about: Vec<About> = Vec::new();
    for subject in subjects.iter().filter(|subject| !subject.is_component()) {
        about.push(About::Entity(subject.entity));
    }
    for component in subjects.iter().filter_map(|subject| subject.component.clone()) {
        if !about.contains(&About::Component(component.clone())) {
            about.push(About::Component(component));
        }
    }
    Finding {
        id: format!("{}:{}", rule_class.word(), names.join("+")),
        rule_class,
        severity,
        grade,
        about,
        range,
        message: String::new(),
        evidence: Vec::new(),
        stated: None,
        derived: None,
        next: String::new(),
    }
}

#[cfg(test)]
mod tests;
