//! Predictions beside what was measured.

use vivarium::whatif::prediction::{Band, Grade, Part};

use crate::log::Cell;

struct Row {
    cell: String,
    truth: f64,
    said: Option<Band>,
    note: String,
    counts: bool,
}

/// One metric over cells.
pub struct Table {
    title: String,
    rows: Vec<Row>,
}

impl Table {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new() }
    }

    /// Adds a cell; `counts` says whether it can be judged. Bounds and refusals are shown, not scored.
    pub fn add(&mut self, cell: &Cell, part: &Part, metric: &str, truth: f64, counts: bool) {
        let said = part.outcomes.iter().find(|outcome| outcome.metric == metric).map(|outcome| outcome.predicted);
        let is_point = said.is_some() && part.confidence.grade != Grade::Bound;
        let reason = part.confidence.reason.clone().or_else(|| part.notes.last().cloned()).filter(|_| !is_point);
        let note = format!("{} {}", part.confidence.grade.word(), reason.unwrap_or_default());
        self.rows.push(Row { cell: cell.name.clone(), truth, said, note, counts: is_point && counts });
    }

    fn scored(&self) -> impl Iterator<Item = (f64, Band)> {
        self.rows.iter().filter(|row| row.counts).filter_map(|row| Some((row.truth, row.said?)))
    }

    /// Fails when less than `share` of the scored cells are right; where the machine left fewer than three to score, says so.
    pub fn assert_share(&self, share: f64, is_right: impl Fn(f64, f64) -> bool) {
        let scored = self.scored().count();
        if scored < 3 {
            println!("{}: not judged, the machine is too busy for runs that repeat", self.title);
            return;
        }
        let right = self.scored().filter(|(truth, said)| is_right(said.value, *truth)).count();
        assert!(right as f64 >= share * scored as f64, "{}: {right} of {scored} are right", self.title);
    }

    pub fn print(&self, factor: f64) {
        println!(
            "\n{}\n{:28} {:>10} {:>10} {:>21} {:>8}",
            self.title, "cell", "measured", "predicted", "band", "error"
        );
        for row in &self.rows {
            let (said, band, error) = match row.said {
                Some(band) => (
                    format!("{:.3}", band.value * factor),
                    format!("{:.3} to {:.3}", band.low * factor, band.high * factor),
                    format!("{:+.1} %", (band.value / row.truth - 1.0) * 100.0),
                ),
                None => Default::default(),
            };
            let mark = if row.counts { ' ' } else { '·' };
            println!("{:28}{mark}{:>10.3} {said:>10} {band:>21} {error:>8} {}", row.cell, row.truth * factor, row.note);
        }
        let scored = self.scored().count();
        let mut errors: Vec<f64> = self.scored().map(|(truth, said)| (said.value / truth - 1.0).abs()).collect();
        errors.sort_by(f64::total_cmp);
        let at = |q: f64| {
            errors.get((q * errors.len().saturating_sub(1) as f64) as usize).map_or(0.0, |error| error * 100.0)
        };
        let held = self.scored().filter(|(truth, said)| said.low <= *truth && *truth <= said.high).count();
        println!(
            "scored {scored} of {}; median error {:.1} %, nine of ten within {:.1} %; band held {held}",
            self.rows.len(),
            at(0.5),
            at(0.9)
        );
    }
}
