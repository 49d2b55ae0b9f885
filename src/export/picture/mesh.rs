//! Meshes with flat colours, as outlines: a thousand triangles of one colour become one path.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

use egui::epaint::{Mesh, Pos2, Vertex};
use egui::{Color32, pos2};

use super::svg::{self, Number};

/// A place in hundredths of a point, so that equal corners are found to be equal.
type Corner = (i32, i32);

/// Writes a mesh; successive triangles of one colour are joined, so that what lies above stays above.
///
/// Triangles whose corners differ in colour get the mean.
pub(super) fn mesh(out: &mut String, mesh: &Mesh) {
    let mut triangles = mesh.triangles().filter_map(|corners| triangle(mesh, corners)).peekable();
    while let Some((colour, first)) = triangles.next() {
        let mut run = vec![first];
        while let Some((_, next)) = triangles.next_if(|(next, _)| *next == colour) {
            run.push(next);
        }
        if colour != Color32::TRANSPARENT {
            outline(out, &run, colour);
        }
    }
}

/// Colour and corners of a triangle, clockwise; `None` if it has no area.
fn triangle(mesh: &Mesh, corners: [u32; 3]) -> Option<(Color32, [Corner; 3])> {
    let [Some(a), Some(b), Some(c)] = corners.map(|index| mesh.vertices.get(index as usize)) else { return None };
    let [p, q, r] = [a, b, c].map(|vertex: &Vertex| corner(vertex.pos));
    let area = i64::from(q.0 - p.0) * i64::from(r.1 - p.1) - i64::from(q.1 - p.1) * i64::from(r.0 - p.0);
    let colour = if a.color == b.color && b.color == c.color { a.color } else { mean([a.color, b.color, c.color]) };
    match area {
        0 => None,
        1.. => Some((colour, [p, q, r])),
        _ => Some((colour, [p, r, q])),
    }
}

fn corner(at: Pos2) -> Corner {
    let hundredths = |value: f32| (value.clamp(-1e6, 1e6) * 100.0).round() as i32;
    (hundredths(at.x), hundredths(at.y))
}

fn mean(colours: [Color32; 3]) -> Color32 {
    let channel = |index: usize| (colours.iter().map(|colour| u16::from(colour[index])).sum::<u16>() / 3) as u8;
    Color32::from_rgba_premultiplied(channel(0), channel(1), channel(2), channel(3))
}

/// Writes the outline of triangles of one colour.
fn outline(out: &mut String, triangles: &[[Corner; 3]], colour: Color32) {
    let loops = loops(triangles);
    // Rectangles get edges without smoothing, as on the screen: neighbours then meet without a seam.
    let level = |line: &Vec<Corner>| {
        let thick = line.iter().any(|at| (at.0 - line[0].0).abs() >= 75 && (at.1 - line[0].1).abs() >= 75);
        thick && pairs(line).all(|(a, b)| a.0 == b.0 || a.1 == b.1)
    };
    let crisp = loops.iter().all(level);
    out.push_str("<path d=\"");
    for line in &loops {
        for (index, at) in line.iter().enumerate() {
            let place = pos2(at.0 as f32 / 100.0, at.1 as f32 / 100.0);
            let before = index.checked_sub(1).map(|before| line[before]);
            let _ = match before {
                None => write!(out, "M{}", svg::Point(place)),
                Some(before) if before.0 == at.0 => write!(out, "V{}", Number(place.y)),
                Some(before) if before.1 == at.1 => write!(out, "H{}", Number(place.x)),
                Some(_) => write!(out, "L{}", svg::Point(place)),
            };
        }
        out.push('Z');
    }
    out.push('"');
    svg::colour(out, "fill", colour);
    if crisp {
        out.push_str(" shape-rendering=\"crispEdges\"");
    } else if colour.is_opaque() {
        // Covers the seam that smoothing leaves between neighbours.
        svg::colour(out, "stroke", colour);
        out.push_str(" stroke-width=\"0.3\"");
    }
    out.push_str("/>\n");
}

/// The outlines of triangles that all turn the same way: edges that two of them share cancel.
fn loops(triangles: &[[Corner; 3]]) -> Vec<Vec<Corner>> {
    let mut edges: HashSet<(Corner, Corner)> = HashSet::with_capacity(triangles.len() * 3);
    // An edge that occurs twice in one direction belongs to triangles that overlap; filled, they look the same.
    for &[a, b, c] in triangles {
        for (from, to) in [(a, b), (b, c), (c, a)] {
            if !edges.remove(&(to, from)) {
                edges.insert((from, to));
            }
        }
    }
    let mut next: BTreeMap<Corner, Vec<Corner>> = BTreeMap::new();
    for (from, to) in edges {
        next.entry(from).or_default().push(to);
    }
    for ends in next.values_mut() {
        ends.sort_unstable();
    }
    let mut loops = Vec::new();
    while let Some((&start, _)) = next.first_key_value() {
        let mut line = vec![start];
        let mut at = start;
        while let Some(ends) = next.get_mut(&at) {
            let Some(to) = ends.pop() else { break };
            if ends.is_empty() {
                next.remove(&at);
            }
            if to == start {
                break;
            }
            line.push(to);
            at = to;
        }
        loops.push(without_middles(line));
    }
    loops
}

/// Leaves out corners that lie on the straight line between their neighbours.
fn without_middles(line: Vec<Corner>) -> Vec<Corner> {
    let mut kept: Vec<Corner> = Vec::with_capacity(line.len());
    for at in line {
        while let [.., a, b] = kept[..]
            && straight(a, b, at)
        {
            kept.pop();
        }
        kept.push(at);
    }
    while let [first, .., a, b] = kept[..]
        && straight(a, b, first)
    {
        kept.pop();
    }
    if let [first, second, .., last] = kept[..]
        && straight(last, first, second)
    {
        kept.remove(0);
    }
    kept
}

fn straight(a: Corner, b: Corner, c: Corner) -> bool {
    i64::from(b.0 - a.0) * i64::from(c.1 - a.1) == i64::from(b.1 - a.1) * i64::from(c.0 - a.0)
}

fn pairs(line: &[Corner]) -> impl Iterator<Item = (Corner, Corner)> {
    line.iter().copied().zip(line.iter().copied().cycle().skip(1))
}
