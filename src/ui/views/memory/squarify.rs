//! Rectangles that share out another one, as near to squares as can be.
//!
//! The squarified treemap of Bruls, Huizing and van Wijk (2000), without recursion, so that any number of items is fine.
//! The areas are exact: that is what makes the picture add up.

use egui::{Rect, pos2};

/// Rectangles with areas in proportion to `sizes`, in the same order, that fill `bounds`.
///
/// Sizes must be positive; the largest should come first, else the shapes get long.
pub fn squarify(sizes: &[f64], bounds: Rect) -> Vec<Rect> {
    let (mut x, mut y) = (f64::from(bounds.left()), f64::from(bounds.top()));
    let (mut width, mut height) = (f64::from(bounds.width().max(0.0)), f64::from(bounds.height().max(0.0)));
    let sum: f64 = sizes.iter().sum();
    let scale = if sum > 0.0 { width * height / sum } else { 0.0 };
    let mut rects = Vec::with_capacity(sizes.len());
    let mut rest = sizes;
    while !rest.is_empty() {
        let side = width.min(height);
        let (count, row_area) = best_row(rest, scale, side);
        let (row, others) = rest.split_at(count);
        // The last row takes what is left, so that rounding leaves no seam.
        let left_over = if width < height { height } else { width };
        let depth = if others.is_empty() || side <= 0.0 { left_over } else { (row_area / side).min(left_over) };
        let mut along = 0.0;
        for size in row {
            let length = if row_area > 0.0 { size * scale / row_area * side } else { 0.0 };
            let (left, top, right, bottom) = if width < height {
                (x + along, y, x + along + length, y + depth)
            } else {
                (x, y + along, x + depth, y + along + length)
            };
            rects.push(Rect::from_min_max(pos2(left as f32, top as f32), pos2(right as f32, bottom as f32)));
            along += length;
        }
        if width < height {
            (y, height) = (y + depth, height - depth);
        } else {
            (x, width) = (x + depth, width - depth);
        }
        rest = others;
    }
    rects
}

/// How many of the first items make the row whose longest rectangle is nearest to a square, and that row's area.
fn best_row(sizes: &[f64], scale: f64, side: f64) -> (usize, f64) {
    let largest = sizes.first().map_or(0.0, |size| size * scale);
    let (mut count, mut area, mut worst) = (0, 0.0, f64::INFINITY);
    for size in sizes.iter().map(|size| size * scale) {
        let longer = area + size;
        let (side_squared, area_squared) = (side * side, longer * longer);
        let ratio = (side_squared * largest / area_squared).max(area_squared / (side_squared * size));
        if count > 0 && (ratio > worst || ratio.is_nan()) {
            break;
        }
        (count, area, worst) = (count + 1, longer, ratio);
    }
    (count, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(rect: Rect) -> f64 {
        f64::from(rect.width()) * f64::from(rect.height())
    }

    #[test]
    fn areas_are_in_proportion_and_fill_the_whole() {
        let sizes = [40.0, 25.0, 15.0, 10.0, 5.0, 5.0];
        for (width, height) in [(100.0, 100.0), (400.0, 25.0), (10.0, 1000.0)] {
            let bounds = Rect::from_min_size(pos2(3.0, 7.0), egui::vec2(width, height));
            let rects = squarify(&sizes, bounds);
            for (rect, size) in rects.iter().zip(sizes) {
                let share = area(*rect) / area(bounds) * 100.0;
                assert!((share - size).abs() < 0.01, "{size} became {share}");
                assert!(bounds.expand(0.01).contains_rect(*rect), "{rect:?} is outside");
            }
            for (index, one) in rects.iter().enumerate() {
                let overlap = |other: &Rect| area(one.intersect(*other).shrink(0.01)) > 0.0;
                let overlaps =
                    rects[index + 1..].iter().any(|other| one.shrink(0.01).intersects(*other) && overlap(other));
                assert!(!overlaps, "{one:?}");
            }
        }
    }

    #[test]
    fn equal_sizes_are_nearly_square() {
        let rects = squarify(&[1.0; 12], Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(400.0, 300.0)));
        assert!(rects.iter().all(|rect| rect.aspect_ratio() < 1.5 && rect.aspect_ratio() > 0.66), "{rects:?}");
    }

    #[test]
    fn no_space_and_no_items_are_no_problem() {
        assert!(squarify(&[], Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(10.0, 10.0))).is_empty());
        let flat = squarify(&[3.0, 2.0, 1.0], Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(0.0, 10.0)));
        assert!(flat.len() == 3 && flat.iter().all(|rect| rect.is_finite()), "{flat:?}");
    }
}
