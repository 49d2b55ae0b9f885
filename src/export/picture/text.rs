//! Text as text: one element a row, one span a section, placed and stretched as egui laid it out.

use std::fmt::Write as _;

use egui::emath::Rot2;
use egui::epaint::TextShape;
use egui::epaint::text::{Galley, Glyph, LayoutSection, PlacedRow};
use egui::{Color32, FontFamily, Rect, Vec2};

use super::svg::{Number, Point, Writer, colour, rect_attributes};
use crate::export::escape::markup;

/// Families of monospaced text; see `svg::PROPORTIONAL`.
const MONOSPACE: &str = "Hack,'DejaVu Sans Mono',Menlo,Consolas,monospace";

/// Glyphs that follow each other in one section of one row, all from one font.
struct Span<'a> {
    section: &'a LayoutSection,
    font: Font,
    text: String,
    /// Start on the baseline, relative to the row, before scaling.
    start: Vec2,
    /// From the start of the first glyph to the end of the last one that is not a space, before scaling.
    width: f32,
}

/// Tells fonts apart: where one lacks a symbol, another stands in. A span must not mix them, because who draws the SVG may
/// otherwise take the other font for all of it.
type Font = (u32, u32, bool);

fn font(glyph: &Glyph, chr: char) -> Font {
    let is_symbol = matches!(chr, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..);
    (glyph.font_face_height.to_bits(), glyph.font_face_ascent.to_bits(), is_symbol)
}

/// Writes the rows that lie inside `clip`.
pub(super) fn text(writer: &mut Writer, shape: &TextShape, clip: Rect) {
    if shape.opacity_factor <= 0.0 {
        return;
    }
    let mut sections = Sections::new(&shape.galley);
    let rotation = Rot2::from_angle(shape.angle);
    for row in &shape.galley.rows {
        let spans = sections.of_row(row);
        let scale = scale(row);
        let origin = shape.pos + rotation * row.pos.to_vec2();
        let bounds = Rect::from_min_size(egui::Pos2::ZERO, row.size).rotate_bb(rotation).translate(origin.to_vec2());
        if spans.is_empty() || !bounds.expand(row.size.y).intersects(clip) {
            continue;
        }
        let turned = shape.angle != 0.0;
        if turned {
            let degrees = Number(shape.angle.to_degrees());
            let _ = write!(writer.out, "<g transform=\"translate({}) rotate({degrees})\">", Point(origin));
        }
        let origin = if turned { egui::Pos2::ZERO } else { origin };
        for span in &spans {
            background(writer, span, row, origin, scale);
        }
        let many = spans.len() > 1;
        if many {
            writer.out.push_str("<text>");
        }
        for span in &spans {
            let element = if many { "tspan" } else { "text" };
            let _ = write!(writer.out, "<{element}");
            attributes(writer, span, shape, origin, scale);
            let _ = write!(writer.out, ">{}</{element}>", markup(&span.text));
        }
        writer.out.push_str(if many { "</text>" } else { "" });
        writer.out.push_str(if turned { "</g>\n" } else { "\n" });
    }
}

fn attributes(writer: &mut Writer, span: &Span, shape: &TextShape, origin: egui::Pos2, scale: f32) {
    let format = &span.section.format;
    let place = origin + span.start * scale;
    let out = &mut writer.out;
    let _ = write!(out, " x=\"{}\" y=\"{}\"", Number(place.x), Number(place.y));
    let _ = write!(out, " font-size=\"{}\"", Number(format.font_id.size * scale));
    if format.font_id.family == FontFamily::Monospace {
        let _ = write!(out, " font-family=\"{MONOSPACE}\"");
    }
    if span.width > 0.0 {
        // Holds the layout together where another font stands in.
        let width = Number(span.width * scale);
        let _ = write!(out, " textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"");
    }
    if format.italics {
        out.push_str(" font-style=\"italic\"");
    }
    let underlined = !format.underline.is_empty() || !shape.underline.is_empty();
    match (underlined, !format.strikethrough.is_empty()) {
        (true, true) => out.push_str(" text-decoration=\"underline line-through\""),
        (true, false) => out.push_str(" text-decoration=\"underline\""),
        (false, true) => out.push_str(" text-decoration=\"line-through\""),
        (false, false) => {}
    }
    let own = if format.color == Color32::PLACEHOLDER { shape.fallback_color } else { format.color };
    let fill = shape.override_text_color.unwrap_or(own);
    colour(out, "fill", fill.gamma_multiply(shape.opacity_factor.min(1.0)));
}

/// The colour behind a span, as behind code.
fn background(writer: &mut Writer, span: &Span, row: &PlacedRow, origin: egui::Pos2, scale: f32) {
    let format = &span.section.format;
    if format.background == Color32::TRANSPARENT {
        return;
    }
    let left = origin.x + span.start.x * scale;
    let rect = Rect::from_x_y_ranges(left..=left + span.width * scale, origin.y..=origin.y + row.size.y);
    writer.out.push_str("<rect");
    rect_attributes(&mut writer.out, rect.expand(format.expand_bg));
    colour(&mut writer.out, "fill", format.background);
    writer.out.push_str("/>");
}

/// By how much a zoomed area enlarged the row: egui then scales what is drawn of a glyph, not the glyph itself.
fn scale(row: &PlacedRow) -> f32 {
    let drawn = row.glyphs.iter().find(|glyph| glyph.uv_rect.size.y > 0.0);
    let scale = drawn.and_then(|glyph| {
        let first = glyph.first_vertex as usize;
        let corners = row.visuals.mesh.vertices.get(first..first + 4)?;
        Some((corners[3].pos.y - corners[0].pos.y) / glyph.uv_rect.size.y)
    });
    scale.filter(|scale| scale.is_finite() && *scale > 0.0).unwrap_or(1.0)
}

/// Tells which section each glyph of a galley belongs to, row by row.
struct Sections<'a> {
    galley: &'a Galley,
    /// Bytes at which the characters of the text begin, and the characters.
    text: Vec<(usize, char)>,
    /// The character that comes next.
    next: usize,
    /// Whether every character has its glyph, which is the rule.
    aligned: bool,
}

impl<'a> Sections<'a> {
    fn new(galley: &'a Galley) -> Self {
        let text: Vec<_> = galley.job.text.char_indices().collect();
        let glyphs: usize = galley.rows.iter().map(|row| row.glyphs.len() + usize::from(row.ends_with_newline)).sum();
        Self { galley, next: 0, aligned: glyphs == text.len(), text }
    }

    fn of_row(&mut self, row: &PlacedRow) -> Vec<Span<'a>> {
        let mut spans: Vec<Span> = Vec::new();
        for glyph in &row.glyphs {
            let (chr, section) = self.take(glyph);
            let Some(section) = section else { continue };
            let font = font(glyph, chr);
            // A space may come from either font.
            let goes_on =
                |span: &&mut Span| std::ptr::eq(span.section, section) && (span.font == font || chr.is_whitespace());
            match spans.last_mut().filter(goes_on) {
                Some(span) => {
                    span.text.push(chr);
                    if !chr.is_whitespace() {
                        span.width = glyph.pos.x + glyph.advance_width - span.start.x;
                    }
                }
                // Space at the beginning only moves the start.
                None if chr.is_whitespace() => {}
                None => {
                    let start = glyph.pos.to_vec2();
                    spans.push(Span { section, font, text: chr.into(), start, width: glyph.advance_width });
                }
            }
        }
        self.next += usize::from(row.ends_with_newline);
        for span in &mut spans {
            span.text.truncate(span.text.trim_end().len());
        }
        spans
    }

    /// The character that a glyph stands for, and its section.
    fn take(&mut self, glyph: &Glyph) -> (char, Option<&'a LayoutSection>) {
        let job = &self.galley.job;
        let known = self.text.get(self.next).copied();
        let cut_off = !self.aligned
            && Some(glyph.chr) == job.wrap.overflow_character
            && known.is_some_and(|(_, chr)| chr != glyph.chr);
        let byte = match known {
            Some((byte, _)) if !cut_off => byte,
            _ => self.next.checked_sub(1).and_then(|last| self.text.get(last)).map_or(0, |(byte, _)| *byte),
        };
        let chr = known.filter(|_| self.aligned).map_or(glyph.chr, |(_, chr)| chr);
        self.next += usize::from(!cut_off);
        let section =
            job.sections.iter().find(|section| section.byte_range.start.0 <= byte && byte < section.byte_range.end.0);
        (chr, section.or(job.sections.last()))
    }
}
