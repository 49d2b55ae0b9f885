//! The heat map's cells as textures, in pieces: only those in sight are made, and kept until answer, theme or zoom change.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use egui::{Color32, ColorImage, Context, Id, TextureHandle, TextureOptions};

use crate::analysis::heat_map::{HeatMap, HeatRow};
use crate::ui::theme::Theme;

/// Rows of one piece.
pub const PIECE_ROWS: usize = 64;

/// Pixels in a row of one piece; any graphics card takes textures of this size.
pub const PIECE_PIXELS: usize = 1024;

/// How a value becomes a share of the colour scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatScale {
    /// The value of the last colour: the largest one, rounded up, so that colours keep still while one pans.
    pub max: f64,
}

impl HeatScale {
    /// The scale for values up to `largest`.
    pub fn new(largest: f64) -> Self {
        if !(largest.is_finite() && largest > 0.0) {
            return Self { max: 1.0 };
        }
        let power = 10_f64.powf(largest.log10().floor());
        let round = [1.0, 2.0, 4.0, 6.0, 8.0].into_iter().map(|factor| factor * power).find(|max| *max >= largest);
        Self { max: round.unwrap_or(power * 10.0) }
    }

    /// The share from 0 to 1; it grows with the square root, so that small use is told from none.
    pub fn share(&self, value: f64) -> f32 {
        (value / self.max).clamp(0.0, 1.0).sqrt() as f32
    }
}

/// The pieces that were in sight in the last frame.
#[derive(Clone)]
pub struct Pieces {
    map: Arc<HeatMap>,
    dark: bool,
    /// How many columns share a pixel.
    pub merged: usize,
    handles: BTreeMap<(usize, usize), TextureHandle>,
}

impl Pieces {
    /// Those of the frame before if they are still right; else none yet.
    pub fn take(ctx: &Context, map: &Arc<HeatMap>, dark: bool, merged: usize) -> Self {
        let kept: Option<Self> = ctx.data(|data| data.get_temp(id()));
        let is_right = |kept: &Self| Arc::ptr_eq(&kept.map, map) && kept.dark == dark && kept.merged == merged;
        match kept.filter(is_right) {
            Some(kept) => kept,
            None => Self { map: Arc::clone(map), dark, merged, handles: BTreeMap::new() },
        }
    }

    /// Keeps those in sight for the next frame; others go, whatever the length of the list.
    pub fn keep(mut self, ctx: &Context, rows: Range<usize>, columns: Range<usize>) {
        self.handles.retain(|(row, column), _| rows.contains(row) && columns.contains(column));
        ctx.data_mut(|data| data.insert_temp(id(), self));
    }

    /// Columns of the heat map in one piece.
    pub fn columns(&self) -> usize {
        PIECE_PIXELS * self.merged
    }

    /// The texture of a piece: its number down and across.
    pub fn texture(&mut self, ctx: &Context, scale: &HeatScale, row: usize, column: usize) -> &TextureHandle {
        let (map, merged, theme) = (&self.map, self.merged, Theme::of(self.dark));
        let columns = PIECE_PIXELS * merged;
        self.handles.entry((row, column)).or_insert_with(|| {
            let rows = row * PIECE_ROWS..((row + 1) * PIECE_ROWS).min(map.rows.len());
            let columns = column * columns..((column + 1) * columns).min(map.columns);
            let image = image(map, theme, scale, rows, columns, merged);
            ctx.load_texture("heat map", image, TextureOptions::NEAREST)
        })
    }
}

fn id() -> Id {
    Id::unique("cpu_heat_map_pieces")
}

/// One pixel for every `merged` columns, showing their largest value.
fn image(
    map: &HeatMap,
    theme: &Theme,
    scale: &HeatScale,
    rows: Range<usize>,
    columns: Range<usize>,
    merged: usize,
) -> ColorImage {
    let palette: Vec<Color32> = (0..=255_u8).map(|share| theme.heat_colour(f32::from(share) / 255.0)).collect();
    let width = columns.len().div_ceil(merged);
    let cells = |row: &HeatRow| -> Vec<f32> {
        let values = row.values.get(columns.clone()).unwrap_or_default();
        values.chunks(merged).map(|values| values.iter().copied().fold(f32::NAN, f32::max)).collect()
    };
    // Where no row at all has a value nothing was measured; where only one has none, it did not exist.
    let measured = map.measured.get(columns.clone()).unwrap_or_default();
    let is_gap: Vec<bool> = measured.chunks(merged).map(|measured| !measured.contains(&true)).collect();
    let mut pixels = vec![theme.panel; width * rows.len()];
    for (row, pixels) in map.rows[rows.clone()].iter().zip(pixels.chunks_mut(width.max(1))) {
        for ((pixel, value), is_gap) in pixels.iter_mut().zip(cells(row)).zip(&is_gap) {
            if value.is_finite() {
                *pixel = palette[(scale.share(f64::from(value)) * 255.0) as usize];
            } else if *is_gap {
                *pixel = theme.gap;
            }
        }
    }
    ColorImage::new([width, rows.len()], pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::metric::CPU_CORES;
    use crate::model::time::{TimeRange, Timestamp};

    #[test]
    fn the_scale_ends_at_a_round_value_and_tells_small_use_from_none() {
        assert_eq!(HeatScale::new(3.1).max, 4.0);
        assert_eq!(HeatScale::new(0.0).max, 1.0);
        let scale = HeatScale::new(8.0);
        assert_eq!((scale.share(0.0), scale.share(8.0), scale.share(2.0)), (0.0, 1.0, 0.5));
    }

    #[test]
    fn pixels_show_the_largest_value_gaps_and_absence() {
        let row = |values: &[f32]| HeatRow {
            component: "a".into(),
            title: String::from("a"),
            values: values.to_vec(),
            now: 0.0,
            mean: 0.0,
            peak: 0.0,
        };
        let none = f32::NAN;
        let map = HeatMap {
            metric: CPU_CORES,
            range: TimeRange::new(Timestamp(0), Timestamp(60)),
            width_ns: 10,
            columns: 6,
            rows: vec![row(&[1.0, 4.0, none, none, 0.0, 0.0]), row(&[none, none, none, none, 1.0, 2.0])],
            measured: vec![true, true, false, false, true, true],
            max: 4.0,
        };
        let theme = Theme::of(true);
        let image = image(&map, theme, &HeatScale::new(4.0), 0..2, 0..6, 2);
        assert_eq!(image.size, [3, 2]);
        let expected_first = [theme.heat_colour(1.0), theme.gap, theme.heat_colour(0.0)];
        assert_eq!(image.pixels[..3], expected_first);
        assert_eq!(image.pixels[3..5], [theme.panel, theme.gap]);
    }
}
