//! Pictures of the window's own views, drawn without a window, display or GPU.
//!
//! egui lays a view out and hands over its shapes ([`draw`]); [`svg`] writes them as text, [`png`] paints that text.
//! Reports and the command line use it, so a picture in a file is what the window would show.

mod image;
mod mesh;
pub mod png;
pub mod svg;
mod text;

use std::collections::HashMap;

use egui::{ColorImage, ImageData, Pos2, Rect, TextureFilter, TextureId, Vec2};

use crate::state::{SessionKind, State, ViewId};
use crate::ui::theme::{self, Theme};
use crate::ui::views;

/// Layout settles within this many frames: sizes of panels, scroll areas and grids are known from the frame before.
const FRAMES: u32 = 4;

/// Something that still wants to be drawn again after this many frames never settles.
const MOST_FRAMES: u32 = 10;

/// Text is laid out for a picture of this many pixels a point, which is also how PNGs are drawn.
const PIXELS_PER_POINT: f32 = 2.0;

/// A drawn frame: shapes in points, and the textures that they use.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows; empty if there is nothing to say.
    pub title: String,
    /// Width and height in points.
    pub size: Vec2,
    /// What was drawn, in order.
    pub(super) shapes: Vec<egui::epaint::ClippedShape>,
    /// Images that shapes show.
    pub(super) textures: HashMap<TextureId, Texture>,
}

/// An image that was given to egui as a texture.
#[derive(Clone, Debug)]
pub(super) struct Texture {
    image: ColorImage,
    /// Whether texels stay squares when enlarged.
    is_sharp: bool,
}

/// Runs `ui_fn` until its layout has settled and keeps the last frame.
///
/// `size` is in points and is kept within 16 to 8192; `dark` chooses the theme.
pub fn draw(size: (f32, f32), dark: bool, mut ui_fn: impl FnMut(&mut egui::Ui)) -> Picture {
    let size = Vec2::new(size.0, size.1).clamp(Vec2::splat(16.0), Vec2::splat(8192.0));
    let ctx = egui::Context::default();
    theme::apply(&ctx);
    ctx.set_theme(if dark { egui::Theme::Dark } else { egui::Theme::Light });
    ctx.options_mut(|options| options.warn_on_id_clash = false);
    ctx.all_styles_mut(|style| {
        style.animation_time = 0.0;
        #[cfg(debug_assertions)]
        {
            style.debug.show_unaligned = false;
            style.debug.warn_if_rect_changes_id = false;
        }
    });
    let mut picture = Picture { title: String::new(), size, shapes: Vec::new(), textures: HashMap::new() };
    for frame in 0..MOST_FRAMES {
        let mut output = ctx.run_ui(input(size, frame), &mut ui_fn);
        keep_textures(&mut picture.textures, &output.textures_delta);
        output.textures_delta.clear();
        picture.shapes = output.shapes;
        let settled = output.viewport_output.values().all(|viewport| !viewport.repaint_delay.is_zero());
        if frame + 1 >= FRAMES && settled {
            break;
        }
    }
    picture
}

/// What egui is told about a frame: nothing moves but time, by a second each.
fn input(size: Vec2, frame: u32) -> egui::RawInput {
    let mut input = egui::RawInput {
        screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
        max_texture_side: Some(16_384),
        time: Some(f64::from(frame)),
        ..Default::default()
    };
    if let Some(viewport) = input.viewports.get_mut(&egui::ViewportId::ROOT) {
        viewport.native_pixels_per_point = Some(PIXELS_PER_POINT);
    }
    input
}

/// Applies what changed. The atlas of glyphs is left out: text stays text.
fn keep_textures(textures: &mut HashMap<TextureId, Texture>, delta: &egui::TexturesDelta) {
    for (&id, changes) in delta.set.iter().filter(|(id, _)| **id != TextureId::default()) {
        for change in changes {
            let ImageData::Color(image) = &change.image;
            match change.pos {
                None => {
                    let is_sharp = change.options.magnification == TextureFilter::Nearest;
                    textures.insert(id, Texture { image: image.as_ref().clone(), is_sharp });
                }
                Some(at) => {
                    if let Some(texture) = textures.get_mut(&id) {
                        patch(&mut texture.image, image, at);
                    }
                }
            }
        }
    }
}

fn patch(whole: &mut ColorImage, part: &ColorImage, at: [usize; 2]) {
    let width = part.width().min(whole.width().saturating_sub(at[0]));
    for (row, texels) in part.pixels.chunks_exact(part.width().max(1)).enumerate() {
        let start = (at[1] + row) * whole.width() + at[0];
        if let (Some(target), Some(source)) = (whole.pixels.get_mut(start..start + width), texels.get(..width)) {
            target.copy_from_slice(source);
        }
    }
}

/// Draws one view of the session under a line that says what it is: title, live or recorded, which time.
///
/// The state must hold the answers that the view asks for (`state::question::wanted`).
pub fn view_picture(state: &State, view: ViewId, size: (f32, f32), dark: bool) -> Picture {
    let mut picture = draw(size, dark, |ui| {
        let theme = Theme::get(ui);
        let header = egui::Frame::new().fill(theme.raised).inner_margin(egui::Margin::symmetric(10, 6));
        egui::Panel::top("picture header").frame(header).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(egui::RichText::new(session_title(state)).strong().size(15.0));
                ui.label(egui::RichText::new(view.title()).color(theme.accent).size(15.0));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(egui::RichText::new(what_and_when(state)).color(theme.text_weak));
                });
            });
        });
        let frame = egui::Frame::new().fill(theme.panel).inner_margin(8);
        // A picture takes no input, so what a view would change is dropped.
        egui::CentralPanel::default().frame(frame).show(ui, |ui| views::find(view).ui(state, ui, &mut Vec::new()));
    });
    picture.title = format!("{} – {}", session_title(state), view.title());
    picture
}

/// What a view shows, in a sentence or two.
pub fn help(view: ViewId) -> &'static str {
    views::find(view).help()
}

/// The session's name.
pub(super) fn session_title(state: &State) -> &str {
    match &state.session {
        Some(session) if !session.title.is_empty() => &session.title,
        _ => &state.document.title,
    }
}

/// `RECORDED · 2026-11-24 05:21:34 to 06:21:34 +01:00`.
pub(super) fn what_and_when(state: &State) -> String {
    let kind = match state.session.as_ref().map(|session| session.kind) {
        Some(SessionKind::Live) => "LIVE",
        Some(SessionKind::Recorded) => "RECORDED",
        Some(SessionKind::Stated) | None => "STATED",
    };
    match state.measured_span() {
        None => format!("{kind} · figures of the document, nothing measured"),
        Some(_) => format!("{kind} · {}", range_text(state.range)),
    }
}

/// A stretch of time in local time, the date once if it is the same day.
pub(super) fn range_text(range: crate::model::time::TimeRange) -> String {
    let same_day = range.from.local("%F") == range.to.local("%F");
    let end = range.to.local(if same_day { "%T %:z" } else { "%F %T %:z" });
    format!("{} to {end}", range.from.local("%F %T"))
}

#[cfg(test)]
mod tests;
