//! Which part of the map is on the screen: pan and zoom, remembered between frames by egui, not part of the state.

use egui::{Pos2, Rect, Vec2};

use crate::analysis::map_layout::{Area, MapLayout};
use crate::state::Selection;

/// Points a map unit, at least and at most.
const ZOOM: std::ops::RangeInclusive<f32> = 0.04..=4.0;

/// Free space around the map when it is fitted, in points.
const MARGIN: f32 = 12.0;

/// A map that is fitted with fewer points a unit than this can't be read; then a part of it is shown first.
const READABLE_SCALE: f32 = 0.38;

/// What the camera is on while the user has not moved it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Subject {
    /// All of the map if that can be read, else its first picture.
    FirstLook,
    /// All of it, readable or not.
    Everything,
    /// One picture.
    Picture(Area),
    /// Where the user has moved it.
    Free,
}

/// What maps units of the layout to points of the screen.
#[derive(Clone, Debug)]
pub struct Camera {
    /// Points for each unit.
    pub scale: f32,
    /// The place of the map that lies in the middle of the canvas.
    center: Vec2,
    /// What it keeps in view, whatever the size of the window.
    subject: Subject,
    /// The selection that was shown last, to notice when it changes elsewhere.
    shown: Option<Selection>,
}

impl Default for Camera {
    fn default() -> Self {
        Self { scale: 1.0, center: Vec2::ZERO, subject: Subject::FirstLook, shown: None }
    }
}

impl Camera {
    /// Shows everything.
    pub fn fit(&mut self) {
        self.subject = Subject::Everything;
    }

    /// Shows one picture.
    pub fn fit_picture(&mut self, area: Area) {
        self.subject = Subject::Picture(area);
    }

    /// Follows the size of the canvas until the user moves the map.
    pub fn settle(&mut self, canvas: Rect, layout: &MapLayout) {
        let everything = Area { x: 0.0, y: 0.0, width: layout.size.0, height: layout.size.1 };
        let area = match (self.subject, layout.pictures.first()) {
            (Subject::Free, _) => return,
            (Subject::Picture(area), _) => area,
            (Subject::FirstLook, Some(first)) if fitting_scale(canvas, everything) < READABLE_SCALE => first.area,
            (Subject::FirstLook | Subject::Everything, _) => everything,
        };
        self.scale = fitting_scale(canvas, area);
        self.center = Vec2::from(area.center());
    }

    /// Moves the map by so many points.
    pub fn pan(&mut self, by: Vec2) {
        if by != Vec2::ZERO {
            self.subject = Subject::Free;
            self.center -= by / self.scale;
        }
    }

    /// Zooms by a factor; what lies at `fixed` stays there.
    pub fn zoom(&mut self, canvas: Rect, factor: f32, fixed: Pos2) {
        if factor == 1.0 || !factor.is_finite() {
            return;
        }
        self.subject = Subject::Free;
        let offset = fixed - canvas.center();
        let before = self.center + offset / self.scale;
        self.scale = (self.scale * factor).clamp(*ZOOM.start(), *ZOOM.end());
        self.center = before - offset / self.scale;
    }

    /// If the selection has changed and its place is off the screen, moves there.
    pub fn follow(&mut self, canvas: Rect, selection: Option<&Selection>, area: Option<Area>) {
        if self.shown.as_ref() == selection {
            return;
        }
        self.shown = selection.cloned();
        let Some(area) = area else { return };
        if !canvas.contains_rect(self.rect(canvas, area)) {
            self.subject = Subject::Free;
            self.center = Vec2::from(area.center());
        }
    }

    /// Where a place of the map is on the screen.
    pub fn point(&self, canvas: Rect, (x, y): (f32, f32)) -> Pos2 {
        canvas.center() + (Vec2::new(x, y) - self.center) * self.scale
    }

    /// Where an area of the map is on the screen.
    pub fn rect(&self, canvas: Rect, area: Area) -> Rect {
        let size = Vec2::new(area.width, area.height) * self.scale;
        Rect::from_min_size(self.point(canvas, (area.x, area.y)), size)
    }
}

/// Points a unit at which an area fills the canvas.
fn fitting_scale(canvas: Rect, area: Area) -> f32 {
    let room = (canvas.size() - Vec2::splat(2.0 * MARGIN)).max(Vec2::splat(1.0));
    let scale = (room.x / area.width.max(1.0)).min(room.y / area.height.max(1.0)).min(1.5);
    scale.clamp(*ZOOM.start(), *ZOOM.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::map_layout::PlacedPicture;

    const CANVAS: Rect = Rect { min: Pos2::new(100.0, 50.0), max: Pos2::new(900.0, 650.0) };

    fn map(size: (f32, f32)) -> MapLayout {
        MapLayout { size, ..MapLayout::default() }
    }

    #[test]
    fn a_map_too_small_to_read_begins_with_its_first_picture() {
        let first = Area { x: 0.0, y: 0.0, width: 1500.0, height: 1000.0 };
        let second = Area { x: 1500.0, ..first };
        let picture = |area| PlacedPicture { title: String::from("Picture"), area };
        let layout = MapLayout { pictures: vec![picture(first), picture(second)], ..map((3000.0, 1000.0)) };
        let mut camera = Camera::default();
        camera.settle(CANVAS, &layout);
        assert!(CANVAS.contains_rect(camera.rect(CANVAS, first)) && !CANVAS.contains_rect(camera.rect(CANVAS, second)));
        camera.fit_picture(second);
        camera.settle(CANVAS, &layout);
        assert!(CANVAS.contains_rect(camera.rect(CANVAS, second)));
        camera.fit();
        camera.settle(CANVAS, &layout);
        assert!(CANVAS.contains_rect(camera.rect(CANVAS, first)) && CANVAS.contains_rect(camera.rect(CANVAS, second)));
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let mut camera = Camera::default();
        camera.settle(CANVAS, &map((2000.0, 900.0)));
        let pointer = camera.point(CANVAS, (300.0, 700.0));
        camera.zoom(CANVAS, 2.5, pointer);
        assert!((camera.point(CANVAS, (300.0, 700.0)) - pointer).length() < 0.01);
        camera.pan(Vec2::new(40.0, -10.0));
        assert!((camera.point(CANVAS, (300.0, 700.0)) - pointer - Vec2::new(40.0, -10.0)).length() < 0.01);
    }

    #[test]
    fn a_fitted_map_is_all_on_the_screen() {
        for size in [(10.0, 10.0), (4000.0, 100.0), (100.0, 4000.0)] {
            let mut camera = Camera::default();
            camera.settle(CANVAS, &map(size));
            let all = Area { x: 0.0, y: 0.0, width: size.0, height: size.1 };
            assert!(CANVAS.contains_rect(camera.rect(CANVAS, all)), "{size:?}");
        }
    }

    #[test]
    fn a_selection_from_elsewhere_comes_into_view() {
        let mut camera = Camera::default();
        camera.settle(CANVAS, &map((4000.0, 3000.0)));
        camera.zoom(CANVAS, 8.0, CANVAS.min);
        let area = Area { x: 3500.0, y: 2500.0, width: 100.0, height: 50.0 };
        let selection = Selection::Component("pool".into());
        assert!(!CANVAS.intersects(camera.rect(CANVAS, area)));
        camera.follow(CANVAS, Some(&selection), Some(area));
        assert!(CANVAS.contains_rect(camera.rect(CANVAS, area)));
        // Once it was shown the user may move away from it.
        camera.pan(Vec2::new(5000.0, 0.0));
        camera.follow(CANVAS, Some(&selection), Some(area));
        assert!(!CANVAS.intersects(camera.rect(CANVAS, area)));
    }
}
