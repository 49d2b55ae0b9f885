//! Textures, as embedded PNGs.

use std::fmt::Write as _;

use egui::{Color32, Mesh, Rect, TextureId, pos2};
use resvg::tiny_skia::{Pixmap, PremultipliedColorU8};

use super::svg::{Writer, rect_attributes};

/// Writes a mesh that shows a texture: each level rectangle of it; other triangles can't be shown.
pub(super) fn mesh(writer: &mut Writer, mesh: &Mesh) {
    for six in mesh.indices.chunks_exact(6) {
        let corners = six.iter().filter_map(|&index| mesh.vertices.get(index as usize));
        let (mut place, mut uv, mut tint) = (Rect::NOTHING, [None; 2], Color32::WHITE);
        for vertex in corners.clone() {
            place.extend_with(vertex.pos);
            tint = vertex.color;
        }
        for vertex in corners {
            if vertex.pos == place.min {
                uv[0] = Some(vertex.uv);
            } else if vertex.pos == place.max {
                uv[1] = Some(vertex.uv);
            }
        }
        if let [Some(min), Some(max)] = uv {
            quad(writer, mesh.texture_id, place, Rect { min, max }, tint);
        }
    }
}

/// Writes one rectangle that shows the part `uv` (0 to 1) of a texture.
pub(super) fn quad(writer: &mut Writer, id: TextureId, place: Rect, uv: Rect, tint: Color32) {
    let Some(texture) = writer.textures.get(&id) else { return };
    let [width, height] = texture.image.size;
    let (columns, rows) = (texels(uv.min.x, uv.max.x, width), texels(uv.min.y, uv.max.y, height));
    let Some(png) = cut(&texture.image, &columns, &rows, tint) else { return };
    // Whole texels were cut out; what is too much lies outside the place and is clipped.
    let x =
        |texel: usize| remap(texel as f32 / width as f32, (columns.from, columns.to), (place.left(), place.right()));
    let y = |texel: usize| remap(texel as f32 / height as f32, (rows.from, rows.to), (place.top(), place.bottom()));
    let shown = Rect::from_two_pos(pos2(x(columns.first), y(rows.first)), pos2(x(columns.end), y(rows.end)));
    let clipped = !place.expand(0.01).contains_rect(shown);
    // As a style, since resvg (like SVG 1.1) knows these words only there.
    let rendering = if texture.is_sharp { "pixelated" } else { "smooth" };
    if clipped {
        writer.open_clip(place);
    }
    writer.out.push_str("<image");
    rect_attributes(&mut writer.out, shown);
    let data = base64(&png);
    let _ = write!(
        writer.out,
        " preserveAspectRatio=\"none\" style=\"image-rendering:{rendering}\" href=\"data:image/png;base64,{data}\"/>{}",
        if clipped { "</g>\n" } else { "\n" }
    );
}

/// Which texels of a row or column are shown.
struct Texels {
    first: usize,
    end: usize,
    /// Ends as shares, the smaller one first.
    from: f32,
    to: f32,
    /// Whether the texture is shown mirrored.
    mirrored: bool,
}

fn texels(a: f32, b: f32, count: usize) -> Texels {
    let (from, to) = (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0));
    // A little tolerance, as 3/7 × 7 may be a trifle more than 3.
    let first = (from * count as f32 + 0.001).floor() as usize;
    let end = ((to * count as f32 - 0.001).ceil().max(0.0) as usize).min(count);
    Texels { first, end, from, to, mirrored: a > b }
}

fn remap(value: f32, (from, to): (f32, f32), (low, high): (f32, f32)) -> f32 {
    if to > from { low + (value - from) / (to - from) * (high - low) } else { low }
}

/// A part of an image as PNG, multiplied with `tint`; `None` if the part is empty.
fn cut(image: &egui::ColorImage, columns: &Texels, rows: &Texels, tint: Color32) -> Option<Vec<u8>> {
    let width = columns.end.checked_sub(columns.first)?;
    let height = rows.end.checked_sub(rows.first)?;
    let mut pixmap = Pixmap::new(u32::try_from(width).ok()?, u32::try_from(height).ok()?)?;
    let along = |texels: &Texels, index: usize| {
        if texels.mirrored { texels.end - 1 - index } else { texels.first + index }
    };
    for (index, pixel) in pixmap.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (along(columns, index % width), along(rows, index / width));
        let colour = *image.pixels.get(y * image.width() + x)?;
        let colour = if tint == Color32::WHITE { colour } else { colour * tint };
        let a = colour.a();
        // Colours beyond the opacity (additive light) have no counterpart here.
        let channel = |value: u8| value.min(a);
        *pixel = PremultipliedColorU8::from_rgba(channel(colour.r()), channel(colour.g()), channel(colour.b()), a)?;
    }
    pixmap.encode_png().ok()
}

/// Base64 (RFC 4648 §4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |index: usize| three.get(index).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let symbol = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place > three.len() { '=' } else { char::from(symbol) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_by_the_examples_of_its_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn part_of_a_texture_by_whole_texels() {
        let part = texels(0.25, 0.5, 8);
        assert_eq!((part.first, part.end, part.mirrored), (2, 4, false));
        let part = texels(1.0, 0.0, 3);
        assert_eq!((part.first, part.end, part.mirrored), (0, 3, true));
        assert_eq!(remap(0.5, (0.0, 1.0), (10.0, 20.0)), 15.0);
    }
}
