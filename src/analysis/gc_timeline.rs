//! Collections over time, by component: how many of which kind in each column, and the longest pause of each; what the strip in the
//! memory view draws. Fed together with [`super::gc::GcAnalysis`], so that a recording is read once.

use crate::analysis::gc::{GcFigures, GcSummary, Seen};
use crate::analysis::grid::Grid;
use crate::model::entity::EntityId;
use crate::model::gc::{CollectionCause, GcEvent, GcKind};
use crate::model::id::ComponentId;
use crate::model::series::Buckets;
use crate::model::time::{TimeRange, Timestamp};

/// So many components have a row of their own; the others share one.
pub const MAX_ROWS: usize = 40;

/// How a collection is told in the timeline: each counts as one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// Of the young generation, because something found no room.
    Minor,
    /// Of all generations.
    Major,
    /// Of whichever, because the program asked for it.
    Forced,
    /// Not seen itself: the process hibernated, which collects all, since its collection before.
    Hibernation,
}

impl Sort {
    /// Every sort, from the usual to the rare.
    pub const ALL: [Sort; 4] = [Sort::Minor, Sort::Major, Sort::Forced, Sort::Hibernation];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Minor => "minor",
            Sort::Major => "major",
            Sort::Forced => "forced",
            Sort::Hibernation => "hibernation",
        }
    }

    /// What it is.
    pub fn definition(self) -> &'static str {
        match self {
            Sort::Minor => {
                "Collections of the young generation, because a request found no room or binaries reached their level."
            }
            Sort::Major => "Collections of all generations, not asked for by the program.",
            Sort::Forced => {
                "Collections, minor or major, that began though there was room and binaries were below their level: \
                 garbage_collect was called, or code was purged."
            }
            Sort::Hibernation => {
                "The node does not tell of hibernations. They show in the blocks of the heap, which are others at a collection than the \
                 one before left them; each is drawn at the collection that follows."
            }
        }
    }

    /// The sort of a collection.
    pub fn of(kind: GcKind, cause: Option<CollectionCause>) -> Self {
        match (cause, kind) {
            (Some(CollectionCause::Forced), _) => Sort::Forced,
            (_, GcKind::Major) => Sort::Major,
            _ => Sort::Minor,
        }
    }
}

/// The longest pause of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Longest {
    /// How long, in nanoseconds.
    pub pause_ns: u64,
    /// When it began.
    pub at: Timestamp,
    /// Whose.
    pub entity: EntityId,
    /// Of which sort of collection.
    pub sort: Sort,
}

/// The collections of one column.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cell {
    /// How many, in the order of [`Sort::ALL`].
    pub counts: [u32; 4],
    /// All their pauses together, in nanoseconds.
    pub pause_ns: u64,
    /// The longest of them; `None` without a collection.
    pub longest: Option<Longest>,
    /// Bytes that they looked at.
    pub examined_bytes: f64,
    /// Bytes that they gave back.
    pub reclaimed_bytes: f64,
}

impl Cell {
    /// Collections, without the hibernations that only show afterwards.
    pub fn count(&self) -> u32 {
        self.counts[..3].iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    fn take(&mut self, event: &GcEvent, seen: &Seen) {
        let sort = Sort::of(event.kind, seen.cause);
        let mut count = |sort: Sort| self.counts[sort as usize] = self.counts[sort as usize].saturating_add(1);
        count(sort);
        if seen.hibernated {
            count(Sort::Hibernation);
        }
        self.pause_ns = self.pause_ns.saturating_add(event.pause_ns);
        self.examined_bytes += seen.examined_bytes;
        self.reclaimed_bytes += seen.reclaimed_bytes;
        if self.longest.is_none_or(|longest| event.pause_ns > longest.pause_ns) {
            let (pause_ns, at, entity) = (event.pause_ns, event.at, event.entity);
            self.longest = Some(Longest { pause_ns, at, entity, sort });
        }
    }

    fn add(&mut self, other: &Cell) {
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum = sum.saturating_add(more);
        }
        self.pause_ns = self.pause_ns.saturating_add(other.pause_ns);
        self.examined_bytes += other.examined_bytes;
        self.reclaimed_bytes += other.reclaimed_bytes;
        if let Some(longer) = other.longest.filter(|it| self.longest.is_none_or(|own| it.pause_ns > own.pause_ns)) {
            self.longest = Some(longer);
        }
    }
}

/// One component over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Which; `None` for heaps that belong to none, and for the rest.
    pub component: Option<ComponentId>,
    /// Its name.
    pub title: String,
    /// Its collections, column by column.
    pub cells: Vec<Cell>,
    /// Added up.
    pub figures: GcFigures,
}

/// Collections over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The stretch of time.
    pub range: TimeRange,
    /// Width of a column in nanoseconds.
    pub width_ns: i64,
    /// All components together.
    pub all: Row,
    /// Components, the longest pauses in all first.
    pub rows: Vec<Row>,
    /// When any heap was traced, in order; empty where events came without being asked for.
    pub traced: Vec<TimeRange>,
    /// Whether pauses hold up everything; `None` where nobody can tell.
    pub stops_the_world: Option<bool>,
    /// Collections per second as a runtime counts them by itself.
    pub counted: Option<Buckets>,
}

/// Sorts events into columns.
pub struct TimelineBuilder {
    grid: Grid,
    components: Vec<Vec<Cell>>,
}

impl TimelineBuilder {
    /// For so many components, over the columns of `grid`.
    pub fn new(grid: Grid, components: usize) -> Self {
        Self { grid, components: vec![Vec::new(); components] }
    }

    /// A collection, and what it was found to be.
    pub fn take(&mut self, event: &GcEvent, seen: &Seen) {
        let column = event.at.0.saturating_sub(self.grid.range.from.0).div_euclid(self.grid.width_ns);
        let Some(cells) = self.components.get_mut(seen.component) else { return };
        // Most components have no collection at all.
        if cells.is_empty() {
            cells.resize(self.grid.columns, Cell::default());
        }
        if let Some(cell) = usize::try_from(column).ok().and_then(|column| cells.get_mut(column)) {
            cell.take(event, seen);
        }
    }

    /// The timeline, once there are no more events. `names`: of each component, in the order of its number.
    pub fn finish(
        self,
        summary: GcSummary,
        names: Vec<(Option<ComponentId>, String)>,
        traced: Vec<TimeRange>,
    ) -> Timeline {
        let columns = self.grid.columns;
        let mut all = vec![Cell::default(); columns];
        for cells in &self.components {
            all.iter_mut().zip(cells).for_each(|(sum, cell)| sum.add(cell));
        }
        let stretched = self.components.into_iter().zip(summary.components).zip(names);
        let mut rows: Vec<Row> = stretched
            .filter(|((cells, figures), _)| !cells.is_empty() && figures.count > 0)
            .map(|((cells, figures), (component, title))| Row { component, title, cells, figures })
            .collect();
        let total = |row: &Row| row.figures.pauses.total_ns;
        rows.sort_by(|a, b| total(b).cmp(&total(a)).then_with(|| a.title.cmp(&b.title)));
        if rows.len() > MAX_ROWS {
            let joined = rows.split_off(MAX_ROWS - 1);
            let mut cells = vec![Cell::default(); columns];
            for row in &joined {
                cells.iter_mut().zip(&row.cells).for_each(|(sum, cell)| sum.add(cell));
            }
            let title = format!("{} others", joined.len());
            rows.push(Row { component: None, title, cells, figures: GcFigures::default() });
        }
        let all = Row { component: None, title: String::from("all"), cells: all, figures: summary.all };
        Timeline {
            range: self.grid.range,
            width_ns: self.grid.width_ns,
            all,
            rows,
            traced: merged(traced),
            stops_the_world: summary.stops_the_world,
            counted: None,
        }
    }
}

/// Stretches in order, those that touch joined.
fn merged(mut stretches: Vec<TimeRange>) -> Vec<TimeRange> {
    stretches.sort_by_key(|stretch| stretch.from);
    let mut merged: Vec<TimeRange> = Vec::new();
    for stretch in stretches {
        match merged.last_mut().filter(|last| stretch.from <= last.to) {
            Some(last) => last.to = last.to.max(stretch.to),
            None => merged.push(stretch),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::gc::GcAnalysis;
    use crate::model::gc::{BeamCollection, HeapSizes};
    use crate::model::time::NS_PER_S;

    fn range(from: i64, to: i64) -> TimeRange {
        TimeRange::new(Timestamp(from * NS_PER_S), Timestamp(to * NS_PER_S))
    }

    fn event(second: i64, entity: u32, kind: GcKind, pause_ns: u64, need_words: u64, heap_block: u64) -> GcEvent {
        let start = HeapSizes { heap: 360, heap_block, bin_vheap_block: 46_422, ..HeapSizes::default() };
        let end = HeapSizes { heap: 100, heap_block: 376, bin_vheap_block: 46_422, ..HeapSizes::default() };
        let at = Timestamp(second * NS_PER_S);
        GcEvent::of_beam(at, EntityId(entity), kind, pause_ns, 260, BeamCollection { need_words, start, end })
    }

    /// Component 0 has heaps 1 to 9, component 1 the tens.
    fn timeline(events: &[GcEvent]) -> Timeline {
        let grid = Grid::new(range(0, 100), 10 * NS_PER_S);
        let mut analysis = GcAnalysis::new(grid.range, 3);
        let mut builder = TimelineBuilder::new(grid, 3);
        for entity in 1..20 {
            analysis.heap(EntityId(entity), (entity / 10) as usize, 8.0, vec![grid.range]);
        }
        for event in events {
            if let Some(seen) = analysis.take(event) {
                builder.take(event, &seen);
            }
        }
        let names = ["a", "b", "c"].map(|name| (Some(ComponentId::from(name)), name.to_uppercase()));
        builder.finish(analysis.finish(), names.to_vec(), vec![range(50, 60), range(0, 20), range(20, 30)])
    }

    #[test]
    fn the_four_sorts_are_told_apart_in_their_columns() {
        let found = timeline(&[
            event(5, 1, GcKind::Minor, 3_000, 100, 376),
            event(6, 1, GcKind::FailedMinor, 50, 100, 376),
            event(6, 1, GcKind::Major, 9_000, 100, 376),
            event(7, 1, GcKind::Major, 1_000, 0, 376),
            // Its block is not the one that the collection before left it with.
            event(15, 1, GcKind::Minor, 2_000, 400, 364),
            event(16, 12, GcKind::Minor, 50_000, 100, 376),
        ]);
        let titles: Vec<&str> = found.rows.iter().map(|row| row.title.as_str()).collect();
        assert_eq!(titles, ["B", "A"], "the longest pauses first, and none without a collection");
        let a = &found.rows[1];
        assert_eq!((a.cells[0].counts, a.cells[1].counts), ([1, 1, 1, 0], [1, 0, 0, 1]));
        assert_eq!((a.figures.forced, a.figures.hibernations, a.figures.count), (1, 1, 4));
        let longest = a.cells[0].longest.unwrap();
        assert_eq!((longest.pause_ns, longest.sort, longest.entity), (9_000, Sort::Major, EntityId(1)));
        assert_eq!(found.all.cells[1].counts, [2, 0, 0, 1]);
        assert_eq!(found.all.cells[1].longest.unwrap().entity, EntityId(12));
        assert_eq!(found.all.cells[0].reclaimed_bytes, 3.0 * 260.0 * 8.0);
        assert_eq!(found.traced, [range(0, 30), range(50, 60)]);
    }

    #[test]
    fn events_outside_and_of_nobody_change_nothing() {
        let found =
            timeline(&[event(500, 1, GcKind::Minor, 3_000, 100, 376), event(5, 99, GcKind::Minor, 1, 100, 376)]);
        assert!(found.all.cells.iter().all(|cell| cell.count() == 0));
        assert_eq!(timeline(&[]).rows, []);
    }
}
