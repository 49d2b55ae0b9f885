//! The memory part of `inspect`: components, what they consist of, all that it takes to reach physical memory, and what changed.

use serde::Serialize;

use super::gather::Gatherer;
use super::parts::Figure;
use crate::analysis::landscape::difference::{Change, ChangedPart, Difference};
use crate::analysis::landscape::{Landscape, Member, Outside, Part, Slice, kinds};
use crate::analysis::vitals::stated;
use crate::model::metric::{
    MEMORY_ALLOCATION_RATE, MEMORY_RELEASE_LAG, MEMORY_RELEASE_RATE, MEMORY_RESIDENT, MEMORY_USED, MetricKey,
};
use crate::state::question::{Answer, Question};

/// So many members of a component are told one by one where nobody says how many.
const MEMBERS: usize = 20;

#[derive(Debug, Serialize)]
pub struct MemoryPart {
    /// `None` for stated figures, which have no moment.
    pub at_s: Option<f64>,
    pub total: Figure,
    /// Physical memory of the runtime: total and `outside` add up to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resident: Option<Figure>,
    pub parts: Vec<MemoryShare>,
    /// Of all processes that were looked into.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindPart>,
    pub unattributed_bytes: f64,
    pub counted_twice_bytes: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<OutsidePart>,
    /// Who has no series of its own is told as of then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub census_at_s: Option<f64>,
    /// What is missing or to be known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allocation_rate: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release_rate: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_s: Option<Figure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<ChangePart>,
}

#[derive(Debug, Serialize)]
pub struct MemoryShare {
    /// `None` for the smaller ones together.
    pub component: Option<String>,
    pub title: String,
    pub bytes: f64,
    pub share: Option<f64>,
    pub provenance: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindPart>,
    /// The largest ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberPart>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub more_members: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[derive(Debug, Serialize)]
pub struct MemberPart {
    /// `None` for what is not told one by one.
    pub entity: Option<u32>,
    pub name: String,
    pub bytes: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<KindPart>,
    /// Off-heap binaries that it keeps alive; not in its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary_bytes: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct KindPart {
    pub kind: &'static str,
    #[serde(skip)]
    pub title: &'static str,
    pub bytes: f64,
}

#[derive(Debug, Serialize)]
pub struct OutsidePart {
    pub what: &'static str,
    pub title: &'static str,
    /// Negative where there is less than was counted before.
    pub bytes: f64,
    pub meaning: &'static str,
}

/// What changed between two moments.
#[derive(Debug, Serialize)]
pub struct ChangePart {
    pub from_s: f64,
    pub to_s: f64,
    pub before_bytes: f64,
    pub after_bytes: f64,
    pub grown_bytes: f64,
    pub shrunk_bytes: f64,
    pub new_bytes: f64,
    pub gone_bytes: f64,
    pub unattributed: ChangeOf,
    pub parts: Vec<ChangedComponent>,
    pub outside: Vec<ChangeOf>,
}

#[derive(Debug, Serialize)]
pub struct ChangedComponent {
    pub component: String,
    #[serde(flatten)]
    pub all: ChangeOf,
    /// The largest changes; the rest of the component's is in none of them.
    pub members: Vec<ChangeOf>,
    #[serde(skip_serializing_if = "is_zero")]
    pub more_members: usize,
}

#[derive(Debug, Serialize)]
pub struct ChangeOf {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<u32>,
    pub title: String,
    pub before_bytes: f64,
    pub after_bytes: f64,
    /// `grown`, `shrunk`, `new`, `gone` or `unchanged`.
    pub how: &'static str,
    #[serde(skip)]
    pub sign: &'static str,
}

/// The part; `None` if nothing is known of memory.
///
/// # Errors
/// When the recording can't be read.
pub fn gather(
    gatherer: &Gatherer<'_>,
    vitals: &[(MetricKey, Figure)],
    top: Option<usize>,
) -> anyhow::Result<Option<MemoryPart>> {
    let at = gatherer.when.map(|when| when.at);
    let Answer::Landscape(Some(landscape)) = gatherer.answer(&Question::Landscape { at })? else { return Ok(None) };
    let change = match gatherer.when.and_then(|when| Some((when.since?, when.at))) {
        Some((from, to)) => match gatherer.answer(&Question::Change { from, to })? {
            Answer::Change(change) => change.map(|change| changed(gatherer, &change, top)),
            _ => None,
        },
        None => None,
    };
    Ok(Some(MemoryPart { change, ..memory(gatherer, &landscape, vitals, top) }))
}

fn memory(
    gatherer: &Gatherer<'_>,
    landscape: &Landscape,
    vitals: &[(MetricKey, Figure)],
    top: Option<usize>,
) -> MemoryPart {
    let total = Some(landscape.total_bytes()).filter(|total| *total > 0.0);
    let share = |bytes: f64| total.map(|total| bytes / total);
    let most = top.unwrap_or(MEMBERS);
    let part = |part: &Part| MemoryShare {
        component: Some(part.component.to_string()),
        title: part.title.clone(),
        bytes: part.bytes(),
        share: share(part.bytes()),
        provenance: part.bytes.provenance.word(),
        kinds: part.kinds.iter().map(kind).collect(),
        members: part.members.iter().take(most).map(member).collect(),
        more_members: part.members.len().saturating_sub(most),
    };
    let mut parts: Vec<MemoryShare> = landscape.parts.iter().take(top.unwrap_or(usize::MAX)).map(part).collect();
    let joined = &landscape.parts[parts.len()..];
    if !joined.is_empty() {
        let bytes = joined.iter().map(Part::bytes).sum();
        parts.push(MemoryShare {
            component: None,
            title: format!("{} others", joined.len()),
            bytes,
            share: share(bytes),
            provenance: "derived",
            kinds: kinds::sum(joined.iter().map(|part| part.kinds.as_slice())).iter().map(kind).collect(),
            members: Vec::new(),
            more_members: 0,
        });
    }
    let vital = |metric| vitals.iter().find(|(key, _)| *key == metric).map(|(_, figure)| figure.clone());
    let figure =
        |metric| vital(metric).or_else(|| stated(gatherer.document, metric).map(|it| Figure::of_metric(it, metric)));
    let seconds = |at| gatherer.when.map(|when| when.seconds(at));
    MemoryPart {
        at_s: landscape.at.and_then(seconds),
        total: Figure::of_metric(landscape.total.clone(), MEMORY_USED),
        resident: landscape.resident.clone().map(|resident| Figure::of_metric(resident, MEMORY_RESIDENT)),
        parts,
        kinds: kinds::sum(landscape.parts.iter().map(|part| part.kinds.as_slice())).iter().map(kind).collect(),
        unattributed_bytes: landscape.unattributed_bytes,
        counted_twice_bytes: landscape.counted_twice_bytes,
        outside: landscape.outside.iter().map(outside).collect(),
        census_at_s: landscape.census_at.and_then(seconds),
        notes: landscape.notes.clone(),
        allocation_rate: figure(MEMORY_ALLOCATION_RATE),
        release_rate: figure(MEMORY_RELEASE_RATE),
        lag_s: figure(MEMORY_RELEASE_LAG),
        change: None,
    }
}

fn kind(slice: &Slice) -> KindPart {
    KindPart { kind: slice.kind.word(), title: slice.kind.title(), bytes: slice.bytes }
}

fn member(member: &Member) -> MemberPart {
    MemberPart {
        entity: member.entity.map(|entity| entity.0),
        name: member.name.clone(),
        bytes: member.bytes,
        kinds: member.kinds.iter().map(kind).collect(),
        binary_bytes: member.binary_bytes,
    }
}

fn outside(outside: &Outside) -> OutsidePart {
    OutsidePart { what: outside.word(), title: outside.title(), bytes: outside.bytes, meaning: outside.definition() }
}

fn changed(gatherer: &Gatherer<'_>, difference: &Difference, top: Option<usize>) -> ChangePart {
    let seconds = |at| gatherer.when.map_or(0.0, |when| when.seconds(at));
    let most = top.unwrap_or(MEMBERS);
    let part = |part: &ChangedPart| ChangedComponent {
        component: part.component.to_string(),
        all: change(&part.all),
        members: part.members.iter().take(most).map(change).collect(),
        more_members: part.members.len().saturating_sub(most),
    };
    let sums = difference.directions;
    ChangePart {
        from_s: seconds(difference.from),
        to_s: seconds(difference.to),
        before_bytes: difference.total.before,
        after_bytes: difference.total.after,
        grown_bytes: sums.grown,
        shrunk_bytes: sums.shrunk,
        new_bytes: sums.new,
        gone_bytes: sums.gone,
        unattributed: change(&difference.unattributed),
        parts: difference.parts.iter().map(part).collect(),
        outside: difference.outside.iter().map(|(_, it)| change(it)).collect(),
    }
}

fn change(change: &Change) -> ChangeOf {
    ChangeOf {
        entity: change.entity.map(|entity| entity.0),
        title: change.name.clone(),
        before_bytes: change.before,
        after_bytes: change.after,
        how: change.how.word(),
        sign: change.how.sign(),
    }
}
