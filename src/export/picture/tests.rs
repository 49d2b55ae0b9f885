use egui::{Color32, ColorImage, Mesh, Pos2, Rect, TextureOptions, pos2, vec2};
use resvg::usvg;

use super::*;
use crate::model::document::Document;

fn svg_of(ui_fn: impl FnMut(&mut egui::Ui)) -> String {
    svg::svg(&draw((400.0, 300.0), false, ui_fn), "t")
}

fn parsed(svg: &str) -> usvg::roxmltree::Document<'_> {
    usvg::roxmltree::Document::parse(svg).expect("well-formed XML")
}

fn texts(svg: &str) -> Vec<String> {
    let is_text = |node: &usvg::roxmltree::Node| node.has_tag_name("text");
    let words = |node: usvg::roxmltree::Node| {
        node.descendants().filter(|child| child.is_text()).filter_map(|child| child.text()).collect::<String>()
    };
    parsed(svg).descendants().filter(is_text).map(words).collect()
}

fn pixels(png: &[u8]) -> resvg::tiny_skia::Pixmap {
    resvg::tiny_skia::Pixmap::decode_png(png).unwrap()
}

#[test]
fn labels_are_text_and_names_from_files_are_never_markup() {
    let svg = svg_of(|ui| {
        ui.heading("Agent Process Pool");
        let _ = ui.button("</svg><script>alert(1)</script> & more");
        ui.monospace("a  b");
    });
    let texts = texts(&svg);
    assert!(texts.contains(&String::from("Agent Process Pool")), "{texts:?}");
    assert!(texts.contains(&String::from("</svg><script>alert(1)</script> & more")), "{texts:?}");
    assert!(texts.contains(&String::from("a  b")), "{texts:?}");
    assert!(!svg.contains("<script"));
}

#[test]
fn rows_and_sections_of_a_text_keep_their_words() {
    let svg = svg_of(|ui| {
        ui.set_max_width(120.0);
        let mut job = egui::text::LayoutJob::default();
        let plain = egui::TextFormat::default();
        job.append("first ", 0.0, plain.clone());
        job.append("second", 0.0, egui::TextFormat { color: Color32::RED, ..plain.clone() });
        job.append(" third goes on and on over several rows\nand paragraphs", 0.0, plain);
        ui.label(job);
        ui.add(egui::Label::new("a line that is much too long for its place").truncate());
    });
    let texts = texts(&svg);
    let all = texts.join(" ");
    for word in ["first", "second", "third", "several", "paragraphs"] {
        assert!(all.contains(word), "{word} in {texts:?}");
    }
    assert!(svg.contains(">second</tspan>"), "{svg}");
    assert!(texts.iter().any(|text| text.starts_with("a line") && text.ends_with('…')), "{texts:?}");
}

#[test]
fn text_is_as_wide_in_the_picture_as_in_the_window() {
    let svg = svg_of(|ui| {
        ui.heading("Memory landscape, 4.30 GB");
        ui.monospace("gen_server:loop/7");
    });
    let options = usvg::Options { fontdb: png::fonts(), ..Default::default() };
    let widths = |svg: &str| {
        let tree = usvg::Tree::from_str(svg, &options).unwrap();
        let text = |node: &usvg::Node| matches!(node, usvg::Node::Text(_)).then(|| node.bounding_box().width());
        let mut found = Vec::new();
        let mut open: Vec<&usvg::Group> = vec![tree.root()];
        while let Some(group) = open.pop() {
            found.extend(group.children().iter().filter_map(text));
            open.extend(group.children().iter().filter_map(|node| match node {
                usvg::Node::Group(group) => Some(group.as_ref()),
                _ => None,
            }));
        }
        found
    };
    let natural = svg.replace("textLength", "data-length");
    for (with, without) in widths(&svg).into_iter().zip(widths(&natural)) {
        assert!((with / without - 1.0).abs() < 0.03, "{with} against {without}");
    }
}

#[test]
fn every_kind_of_shape_is_drawn() {
    use egui::epaint::{BandPoint, BandShape, CubicBezierShape, EllipseShape, QuadraticBezierShape, Shape};
    use egui::{CornerRadius, Stroke, StrokeKind};
    let stroke = Stroke::new(2.0, Color32::BLUE);
    let svg = svg_of(|ui| {
        let painter = ui.painter();
        painter.circle(pos2(20.0, 20.0), 10.0, Color32::from_rgba_unmultiplied(255, 0, 0, 128), stroke);
        painter.add(EllipseShape::filled(pos2(60.0, 20.0), vec2(20.0, 10.0), Color32::GREEN));
        painter.line_segment([pos2(0.0, 50.0), pos2(90.0, 50.0)], stroke);
        painter.extend(Shape::dashed_line(&[pos2(0.0, 60.0), pos2(90.0, 60.0)], stroke, 5.0, 3.0));
        painter.line(vec![pos2(0.0, 70.0), pos2(30.0, 75.0), pos2(60.0, 70.0)], stroke);
        painter.add(Shape::convex_polygon(vec![pos2(0., 80.), pos2(20., 80.), pos2(10., 95.)], Color32::RED, stroke));
        let band = vec![BandPoint::new(100.0, 10.0..=20.0), BandPoint::new(150.0, 5.0..=25.0)];
        painter.add(BandShape::filled(band, Color32::LIGHT_BLUE));
        let rect = Rect::from_min_size(pos2(100.0, 40.0), vec2(50.0, 30.0));
        let radius = CornerRadius { nw: 8, ne: 0, sw: 0, se: 4 };
        painter.rect(rect, radius, Color32::YELLOW, stroke, StrokeKind::Inside);
        painter.rect_filled(rect.translate(vec2(0.0, 50.0)), 6, Color32::GOLD);
        let curve = [pos2(200.0, 20.0), pos2(220.0, 60.0), pos2(240.0, 20.0)];
        painter.add(QuadraticBezierShape::from_points_stroke(curve, false, Color32::TRANSPARENT, stroke));
        let curve = [pos2(250.0, 20.0), pos2(260.0, 60.0), pos2(270.0, 0.0), pos2(290.0, 20.0)];
        painter.add(CubicBezierShape::from_points_stroke(curve, false, Color32::TRANSPARENT, stroke));
    });
    let document = parsed(&svg);
    let count = |name: &str| document.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!((count("circle"), count("ellipse")), (1, 1));
    assert!(count("path") >= 10 && count("rect") >= 1, "{svg}");
    assert!(svg.contains("fill-opacity=\"0.5\""));
    assert!(svg.contains('Q') && svg.contains('C') && svg.contains("rx=\"6\""));
    assert!(usvg::Tree::from_str(&svg, &usvg::Options::default()).is_ok());
}

#[test]
fn what_is_scrolled_away_is_neither_seen_nor_written() {
    let svg = svg_of(|ui| {
        egui::ScrollArea::vertical().max_height(100.0).show(ui, |ui| {
            for row in 0..1000 {
                ui.label(format!("row {row}"));
            }
        });
    });
    let texts = texts(&svg);
    assert!(texts.contains(&String::from("row 2")) && !texts.contains(&String::from("row 900")));
    assert!(svg.contains("<clipPath") && svg.contains("clip-path=\"url(#tc0)\""));
}

fn grid_of_rectangles(colour: impl Fn(usize) -> Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for index in 0..10_000 {
        let at = pos2((index % 100) as f32 * 3.3, (index / 100) as f32 * 2.2);
        mesh.add_colored_rect(Rect::from_min_size(at, vec2(3.3, 2.2)), colour(index));
    }
    mesh
}

#[test]
fn meshes_stay_compact() {
    let one = grid_of_rectangles(|_| Color32::RED);
    let size = svg_of(|ui| {
        ui.painter().add(one.clone());
    })
    .len();
    assert!(size < 5_000, "10,000 rectangles of one colour, side by side: {size} bytes");
    let many = grid_of_rectangles(|index| Color32::from_gray((index * 7919 % 251) as u8));
    let size = svg_of(|ui| {
        ui.painter().add(many.clone());
    })
    .len();
    assert!(size < 1_200_000, "10,000 rectangles of different colours: {size} bytes");
}

#[test]
fn neighbouring_rectangles_of_a_mesh_meet_without_a_seam() {
    let mesh = grid_of_rectangles(|index| if index % 2 == 0 { Color32::RED } else { Color32::BLUE });
    let svg = svg_of(|ui| {
        ui.painter().add(mesh.clone());
    });
    let pixmap = pixels(&png::png(&svg, 2.0).unwrap());
    let inside = (10..600).flat_map(|x| (10..400).map(move |y| (x, y)));
    let odd = inside.filter(|&(x, y)| {
        let pixel = pixmap.pixel(x, y).unwrap();
        (pixel.red(), pixel.green(), pixel.blue()) != (255, 0, 0)
            && (pixel.red(), pixel.green(), pixel.blue()) != (0, 0, 255)
    });
    assert_eq!(odd.count(), 0);
}

#[test]
fn textures_become_images_and_are_painted() {
    let mut handle = None;
    let svg = svg_of(|ui| {
        let texture = handle.get_or_insert_with(|| {
            let mut image = ColorImage::filled([4, 2], Color32::RED);
            image.pixels[7] = Color32::GREEN;
            ui.ctx().load_texture("heat", image, TextureOptions::NEAREST)
        });
        let rect = Rect::from_min_size(pos2(100.0, 100.0), vec2(80.0, 40.0));
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
        ui.painter().image(texture.id(), rect, uv, Color32::WHITE);
        let right_half = Rect::from_min_max(pos2(0.5, 0.0), pos2(1.0, 1.0));
        ui.painter().image(texture.id(), rect.translate(vec2(0.0, 100.0)), right_half, Color32::WHITE);
    });
    assert_eq!(parsed(&svg).descendants().filter(|node| node.has_tag_name("image")).count(), 2);
    let pixmap = pixels(&png::png(&svg, 1.0).unwrap());
    let colour = |x, y| pixmap.pixel(x, y).map(|pixel| (pixel.red(), pixel.green(), pixel.blue()));
    assert_eq!(colour(110, 110), Some((255, 0, 0)));
    assert_eq!(colour(175, 135), Some((0, 255, 0)));
    assert_eq!(colour(150, 235), Some((0, 255, 0)), "only the right half, twice as wide");
}

#[test]
fn a_png_has_the_wanted_size_and_is_not_blank() {
    let svg = svg_of(|ui| {
        ui.heading("Vivarium");
    });
    let pixmap = pixels(&png::png(&svg, 2.0).unwrap());
    assert_eq!((pixmap.width(), pixmap.height()), (800, 600));
    assert!(pixmap.pixels().iter().any(|pixel| *pixel != pixmap.pixels()[0]));
    assert!(matches!(png::png(&svg, 1000.0), Err(png::PngError::Size { .. })));
}

#[test]
fn views_say_what_they_show() {
    let state = State { document: Document::new("Foundation <b>").into(), ..Default::default() };
    for view in ViewId::ALL {
        for dark in [false, true] {
            let picture = view_picture(&state, view, (800.0, 500.0), dark);
            let svg = svg::svg(&picture, view.word());
            let texts = texts(&svg);
            assert!(texts.iter().any(|text| text == "Foundation <b>"), "{texts:?}");
            assert!(texts.iter().any(|text| text.starts_with("STATED")), "{texts:?}");
            assert!(texts.iter().any(|text| text == view.title()), "{texts:?}");
        }
    }
}
