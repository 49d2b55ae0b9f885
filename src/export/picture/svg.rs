//! A [`Picture`] as SVG: every shape as its counterpart, text as text, clip rectangles as clip paths.
//!
//! Coordinates are points, rounded to hundredths. The text is complete in itself: it names no file and no address.

use std::fmt::Write as _;

use egui::emath::{GuiRounding as _, Rot2};
use egui::epaint::{
    BandShape, CircleShape, ColorMode, CornerRadiusF32, EllipseShape, PathShape, PathStroke, RectShape, StrokeKind,
};
use egui::{Color32, Pos2, Rect, Shape, Stroke};

use super::{Picture, image, mesh, text};
use crate::export::escape::markup;

/// Families of proportional text: the first is egui's own, which [`super::png`] brings along.
const PROPORTIONAL: &str = "Ubuntu,'DejaVu Sans',Verdana,sans-serif";

/// The picture as SVG. Ids inside begin with `id_prefix`, so that several pictures fit into one HTML file.
pub fn svg(picture: &Picture, id_prefix: &str) -> String {
    let mut writer = Writer {
        out: String::new(),
        id_prefix,
        clips: Vec::new(),
        blurs: Vec::new(),
        textures: &picture.textures,
        page: Rect::from_min_size(Pos2::ZERO, picture.size),
    };
    let (width, height) = (Number(picture.size.x), Number(picture.size.y));
    let _ = write!(
        writer.out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{PROPORTIONAL}\" xml:space=\"preserve\">"
    );
    if !picture.title.is_empty() {
        let _ = write!(writer.out, "<title>{}</title>", markup(&picture.title));
    }
    writer.clipped_shapes(picture);
    writer.definitions();
    writer.out.push_str("</svg>\n");
    writer.out
}

/// A coordinate or length, rounded to hundredths and written as briefly as possible.
#[derive(Clone, Copy)]
pub(super) struct Number(pub f32);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Infinite rectangles are common in egui; NaN becomes 0.
        let hundredths = (f64::from(self.0.clamp(-1e6, 1e6)) * 100.0).round() as i64;
        let (whole, rest) = (hundredths.abs() / 100, hundredths.abs() % 100);
        if hundredths < 0 {
            f.write_str("-")?;
        }
        match rest {
            0 => write!(f, "{whole}"),
            rest if rest % 10 == 0 => write!(f, "{whole}.{}", rest / 10),
            rest => write!(f, "{whole}.{rest:02}"),
        }
    }
}

/// Writes one attribute with a colour, and its opacity where it is not 1: `fill="#1c2430" fill-opacity="0.5"`.
pub(super) fn colour(out: &mut String, attribute: &str, colour: Color32) {
    let [r, g, b, a] = colour.to_srgba_unmultiplied();
    let _ = write!(out, " {attribute}=\"#{r:02x}{g:02x}{b:02x}\"");
    if a < 255 {
        let _ = write!(out, " {attribute}-opacity=\"{}\"", Number(f32::from(a) / 255.0));
    }
}

/// What is being written.
pub(super) struct Writer<'a> {
    /// The text so far.
    pub(super) out: String,
    id_prefix: &'a str,
    clips: Vec<String>,
    blurs: Vec<String>,
    pub(super) textures: &'a std::collections::HashMap<egui::TextureId, super::Texture>,
    page: Rect,
}

impl Writer<'_> {
    /// All shapes, those with the same clip rectangle in one group.
    fn clipped_shapes(&mut self, picture: &Picture) {
        let mut open: Option<usize> = None;
        for clipped in &picture.shapes {
            let clip = clipped.clip_rect.intersect(self.page);
            if !clip.is_positive() {
                continue;
            }
            let wanted = (clip != self.page).then(|| self.clip_id(clip));
            if wanted != open {
                if open.is_some() {
                    self.out.push_str("</g>\n");
                }
                if let Some(id) = wanted {
                    let _ = writeln!(self.out, "<g clip-path=\"url(#{}c{id})\">", self.id_prefix);
                }
                open = wanted;
            }
            if clipped.transform_after_tessellation == egui::emath::TSTransform::IDENTITY {
                self.shape(&clipped.shape, clip);
            } else {
                let mut shape = clipped.shape.clone();
                shape.transform(clipped.transform_after_tessellation);
                self.shape(&shape, clip);
            }
        }
        if open.is_some() {
            self.out.push_str("</g>\n");
        }
    }

    /// The number of the clip path for a rectangle.
    fn clip_id(&mut self, clip: Rect) -> usize {
        let mut attributes = String::new();
        rect_attributes(&mut attributes, clip);
        position_or_push(&mut self.clips, attributes)
    }

    /// Opens a group that shows only what lies inside `clip`.
    pub(super) fn open_clip(&mut self, clip: Rect) {
        let id = self.clip_id(clip);
        let _ = write!(self.out, "<g clip-path=\"url(#{}c{id})\">", self.id_prefix);
    }

    fn definitions(&mut self) {
        if self.clips.is_empty() && self.blurs.is_empty() {
            return;
        }
        self.out.push_str("<defs>");
        for (id, rect) in self.clips.iter().enumerate() {
            let _ = write!(self.out, "<clipPath id=\"{}c{id}\"><rect{rect}/></clipPath>", self.id_prefix);
        }
        for (id, deviation) in self.blurs.iter().enumerate() {
            let _ = write!(
                self.out,
                "<filter id=\"{}b{id}\" x=\"-50%\" y=\"-50%\" width=\"200%\" height=\"200%\">\
                 <feGaussianBlur stdDeviation=\"{deviation}\"/></filter>",
                self.id_prefix
            );
        }
        self.out.push_str("</defs>");
    }

    fn shape(&mut self, shape: &Shape, clip: Rect) {
        if let Shape::Vec(shapes) = shape {
            return shapes.iter().for_each(|shape| self.shape(shape, clip));
        }
        let bounds = shape.visual_bounding_rect();
        if !bounds.intersects(clip) {
            return;
        }
        match shape {
            Shape::Noop | Shape::Vec(_) => {}
            Shape::Circle(circle) => self.circle(circle),
            Shape::Ellipse(ellipse) => self.ellipse(ellipse),
            Shape::LineSegment { points, stroke } => self.line(*points, *stroke),
            Shape::Path(path) => self.path(path),
            Shape::Band(band) => self.band(band),
            Shape::Rect(rect) => self.rect(rect),
            Shape::Text(shape) => text::text(self, shape, clip),
            Shape::Mesh(shape) if self.textures.contains_key(&shape.texture_id) => image::mesh(self, shape),
            Shape::Mesh(shape) => mesh::mesh(&mut self.out, shape),
            Shape::QuadraticBezier(curve) => {
                let [a, b, c] = curve.points.map(Point);
                self.curve(&format!("M{a}Q{b} {c}"), curve.closed, curve.fill, &curve.stroke, bounds);
            }
            Shape::CubicBezier(curve) => {
                let [a, b, c, d] = curve.points.map(Point);
                self.curve(&format!("M{a}C{b} {c} {d}"), curve.closed, curve.fill, &curve.stroke, bounds);
            }
            Shape::Callback(_) => self.out.push_str("<!-- drawn by a GPU, not in pictures -->"),
        }
    }

    fn circle(&mut self, circle: &CircleShape) {
        let _ = write!(self.out, "<circle{}", Centre(circle.center));
        let _ = write!(self.out, " r=\"{}\"", Number(circle.radius));
        self.paint(circle.fill, circle.stroke);
    }

    fn ellipse(&mut self, ellipse: &EllipseShape) {
        let _ = write!(self.out, "<ellipse{}", Centre(ellipse.center));
        let _ = write!(self.out, " rx=\"{}\" ry=\"{}\"", Number(ellipse.radius.x), Number(ellipse.radius.y));
        self.rotate(ellipse.angle, ellipse.center);
        self.paint(ellipse.fill, ellipse.stroke);
    }

    fn line(&mut self, [mut a, mut b]: [Pos2; 2], stroke: Stroke) {
        // As egui does it: level and upright lines lie on whole pixels, so that they are sharp.
        if a.x == b.x {
            stroke.round_center_to_pixel(1.0, &mut a.x);
            b.x = a.x;
        } else if a.y == b.y {
            stroke.round_center_to_pixel(1.0, &mut a.y);
            b.y = a.y;
        }
        let _ = write!(self.out, "<path d=\"M{}L{}\"", Point(a), Point(b));
        self.paint(Color32::TRANSPARENT, stroke);
    }

    fn path(&mut self, path: &PathShape) {
        if path.points.len() < 2 {
            return;
        }
        let fill = if path.closed { path.fill } else { Color32::TRANSPARENT };
        self.out.push_str("<path d=\"");
        polygon(&mut self.out, path.points.iter().copied(), path.closed);
        self.out.push('"');
        let stroke = solid(&path.stroke, path.visual_bounding_rect());
        if !stroke.is_empty() {
            self.out.push_str(" stroke-linejoin=\"round\"");
        }
        self.paint(fill, stroke);
    }

    fn curve(&mut self, data: &str, closed: bool, fill: Color32, stroke: &PathStroke, bounds: Rect) {
        let _ = write!(self.out, "<path d=\"{data}{}\"", if closed { "Z" } else { "" });
        self.paint(if closed { fill } else { Color32::TRANSPARENT }, solid(stroke, bounds));
    }

    fn band(&mut self, band: &BandShape) {
        let rotation = Rot2::from_angle(band.angle);
        let turned = |x: f32, y: f32| (rotation * egui::vec2(x, y)).to_pos2();
        // A point without a place ends one stretch of the band.
        for run in band.points.split(|point| !point.is_finite()).filter(|run| run.len() > 1) {
            let lower = run.iter().map(|point| turned(point.x, point.y.min));
            let upper = run.iter().rev().map(|point| turned(point.x, point.y.max));
            self.out.push_str("<path d=\"");
            polygon(&mut self.out, lower.chain(upper), true);
            self.out.push_str("\" stroke-linejoin=\"round\"");
            self.paint(band.fill, band.stroke);
        }
    }

    fn rect(&mut self, shape: &RectShape) {
        let (rect, stroke) = (on_pixels(shape), shape.stroke);
        if let Some(brush) = shape.brush.as_ref().filter(|brush| self.textures.contains_key(&brush.fill_texture_id)) {
            image::quad(self, brush.fill_texture_id, rect, brush.uv, shape.fill);
            if stroke.is_empty() {
                return;
            }
        }
        let fill = if shape.brush.is_some() { Color32::TRANSPARENT } else { shape.fill };
        // SVG strokes lie on the middle of the outline.
        let outward = match shape.stroke_kind {
            _ if stroke.is_empty() => 0.0,
            StrokeKind::Inside => -stroke.width / 2.0,
            StrokeKind::Middle => 0.0,
            StrokeKind::Outside => stroke.width / 2.0,
        };
        let outline = rect.expand(outward);
        if outline.width() < 0.0 || outline.height() < 0.0 {
            return;
        }
        let radius = CornerRadiusF32::from(shape.corner_radius);
        let most = outline.size().min_elem() / 2.0;
        let corner = |radius: f32| if radius > 0.0 { (radius + outward).clamp(0.0, most) } else { 0.0 };
        let corners = [radius.nw, radius.ne, radius.se, radius.sw].map(corner);
        if corners.iter().all(|corner| *corner == corners[0]) {
            self.out.push_str("<rect");
            rect_attributes(&mut self.out, outline);
            if corners[0] > 0.0 {
                let _ = write!(self.out, " rx=\"{}\"", Number(corners[0]));
            }
        } else {
            let _ = write!(self.out, "<path d=\"{}\"", rounded(outline, corners));
        }
        self.rotate(shape.angle, rect.center());
        if shape.blur_width > 0.0 {
            // egui fades over the whole width; two standard deviations to each side look alike.
            let id = position_or_push(&mut self.blurs, Number(shape.blur_width / 4.0).to_string());
            let _ = write!(self.out, " filter=\"url(#{}b{id})\"", self.id_prefix);
        }
        self.paint(fill, stroke);
    }

    fn rotate(&mut self, angle: f32, about: Pos2) {
        if angle != 0.0 {
            let _ = write!(self.out, " transform=\"rotate({} {})\"", Number(angle.to_degrees()), Point(about));
        }
    }

    /// Ends an element with its colours.
    fn paint(&mut self, fill: Color32, stroke: Stroke) {
        match fill {
            Color32::TRANSPARENT => self.out.push_str(" fill=\"none\""),
            fill => colour(&mut self.out, "fill", fill),
        }
        if !stroke.is_empty() {
            colour(&mut self.out, "stroke", stroke.color);
            if stroke.width != 1.0 {
                let _ = write!(self.out, " stroke-width=\"{}\"", Number(stroke.width));
            }
        }
        self.out.push_str("/>\n");
    }
}

/// `x,y` for path data.
pub(super) struct Point(pub Pos2);

impl std::fmt::Display for Point {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", Number(self.0.x), Number(self.0.y))
    }
}

struct Centre(Pos2);

impl std::fmt::Display for Centre {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, " cx=\"{}\" cy=\"{}\"", Number(self.0.x), Number(self.0.y))
    }
}

pub(super) fn rect_attributes(out: &mut String, rect: Rect) {
    let (x, y) = (Number(rect.left()), Number(rect.top()));
    let (width, height) = (Number(rect.width()), Number(rect.height()));
    let _ = write!(out, " x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
}

fn polygon(out: &mut String, points: impl Iterator<Item = Pos2>, closed: bool) {
    for (index, point) in points.enumerate() {
        let _ = write!(out, "{}{}", if index == 0 { "M" } else { "L" }, Point(point));
    }
    if closed {
        out.push('Z');
    }
}

/// Path data of a rectangle whose corners (from the upper left, clockwise) differ.
fn rounded(rect: Rect, [nw, ne, se, sw]: [f32; 4]) -> String {
    let (left, right, top, bottom) = (rect.left(), rect.right(), rect.top(), rect.bottom());
    let arc = |radius: f32, x: f32, y: f32| format!("A{0} {0} 0 0 1 {1} {2}", Number(radius), Number(x), Number(y));
    format!(
        "M{} {}H{}{}V{}{}H{}{}V{}{}Z",
        Number(left + nw),
        Number(top),
        Number(right - ne),
        arc(ne, right, top + ne),
        Number(bottom - se),
        arc(se, right - se, bottom),
        Number(left + sw),
        arc(sw, left, bottom - sw),
        Number(top + nw),
        arc(nw, left + nw, top),
    )
}

/// The rectangle moved to whole pixels where egui would do so, so that its edges are sharp.
fn on_pixels(shape: &RectShape) -> Rect {
    // Rectangles without end are common; this is far enough.
    let far = Rect::from_center_size(Pos2::ZERO, egui::Vec2::splat(2e5));
    let rect = shape.rect.intersect(far);
    if shape.angle != 0.0 || shape.round_to_pixels == Some(false) || rect.size().min_elem() < 2.0 {
        return rect;
    }
    match shape.stroke_kind {
        StrokeKind::Middle if !shape.stroke.is_empty() && shape.stroke.width.round() as i32 % 2 == 1 => {
            rect.round_to_pixel_center(1.0)
        }
        _ => rect.round_to_pixels(1.0),
    }
}

/// A path's stroke; where its colour varies, the one in the middle.
fn solid(stroke: &PathStroke, bounds: Rect) -> Stroke {
    let colour = match &stroke.color {
        ColorMode::Solid(colour) => *colour,
        ColorMode::UV(colour) => colour(bounds, bounds.center()),
    };
    Stroke::new(stroke.width, colour)
}

fn position_or_push(list: &mut Vec<String>, entry: String) -> usize {
    match list.iter().position(|known| *known == entry) {
        Some(index) => index,
        None => {
            list.push(entry);
            list.len() - 1
        }
    }
}
