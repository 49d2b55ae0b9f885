//! SVG as PNG, painted on the processor with the window's own fonts, so that no font need be installed.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use crate::ui::theme;

/// Pixels a point: sharp on paper and on dense screens.
pub const DEFAULT_SCALE: f32 = 2.0;

/// Pictures have at most this many pixels, which take a quarter of a gigabyte while they are painted.
const MOST_PIXELS: f32 = 67_108_864.0;

/// Why there is no PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The text is not an SVG that can be painted.
    #[error("the picture could not be painted: {0}")]
    Svg(#[from] usvg::Error),
    /// It has no size, or too large a one.
    #[error(
        "a PNG of {width:.0} × {height:.0} pixels can't be made; choose a smaller size (at most 67 million pixels)"
    )]
    Size {
        /// Width in pixels.
        width: f32,
        /// Height in pixels.
        height: f32,
    },
    /// The encoder failed.
    #[error("the picture could not be encoded as PNG: {0}")]
    Encoding(String),
}

static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    let ctx = egui::Context::default();
    theme::apply(&ctx);
    // Fonts are there once a frame has begun.
    ctx.run_ui(egui::RawInput::default(), |_| {}).textures_delta.clear();
    let definitions = ctx.fonts(|fonts| fonts.definitions().clone());
    for font in definitions.font_data.into_values() {
        fonts.load_font_source(fontdb::Source::Binary(font.font.clone()));
    }
    fonts.set_sans_serif_family("Ubuntu");
    fonts.set_monospace_family("Hack");
    Arc::new(fonts)
});

/// The window's own fonts.
pub(super) fn fonts() -> Arc<fontdb::Database> {
    FONTS.clone()
}

/// Paints an SVG that [`super::svg::svg`] wrote, `scale` pixels a point.
///
/// # Errors
/// If the size is impossible; other errors would mean that the SVG is not ours.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, PngError> {
    let options = usvg::Options { font_family: String::from("Ubuntu"), fontdb: fonts(), ..Default::default() };
    let tree = usvg::Tree::from_str(svg, &options)?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let fits = width >= 1.0 && height >= 1.0 && width * height <= MOST_PIXELS;
    let pixmap = if fits { Pixmap::new(width.ceil() as u32, height.ceil() as u32) } else { None };
    let mut pixmap = pixmap.ok_or(PngError::Size { width, height })?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PngError::Encoding(error.to_string()))
}
