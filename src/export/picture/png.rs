//! SVG as PNG, painted on the processor with egui's own fonts, so that no font need be installed.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

/// Pixels a point: sharp on paper and on dense screens.
pub const DEFAULT_SCALE: f32 = 2.0;

/// Pictures are at most this many pixels wide or high.
const MOST_PIXELS: f32 = 16_384.0;

/// Why there is no PNG.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The text is not an SVG that can be painted.
    #[error("the picture could not be painted: {0}")]
    Svg(#[from] usvg::Error),
    /// It has no size, or too large a one.
    #[error(
        "a PNG of {width:.0} × {height:.0} pixels can't be made; choose a size between 1 and 16384 pixels each way"
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
    let definitions = egui::FontDefinitions::default();
    for font in definitions.font_data.into_values() {
        fonts.load_font_source(fontdb::Source::Binary(font.font.clone()));
    }
    fonts.set_sans_serif_family("Ubuntu");
    fonts.set_monospace_family("Hack");
    Arc::new(fonts)
});

/// egui's own fonts.
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
    let fits = |length: f32| (1.0..=MOST_PIXELS).contains(&length);
    let pixmap =
        if fits(width) && fits(height) { Pixmap::new(width.ceil() as u32, height.ceil() as u32) } else { None };
    let mut pixmap = pixmap.ok_or(PngError::Size { width, height })?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| PngError::Encoding(error.to_string()))
}
