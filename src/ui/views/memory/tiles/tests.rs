//! Areas, what is found at a place, zooming, searching.

use super::*;
use crate::analysis::landscape::{Kind, Step, Whole};
use crate::model::quantity::Quantity;
use crate::model::unit::Unit;

fn landscape(parts: usize, members: usize, unattributed_bytes: f64) -> Landscape {
    let member = |part: usize, member: usize| Member {
        entity: Some(EntityId((part * members + member) as u32)),
        ..Member::new(format!("process {member}"), 1e6 / (member + 1) as f64)
    };
    let bytes = |bytes: f64| Quantity::measured(bytes, Unit::BYTES, "host", None);
    let part = |index: usize| {
        let members: Vec<Member> = (0..members).map(|place| member(index, place)).collect();
        let sum = members.iter().map(|member| member.bytes).sum();
        Part::new(format!("c{index}").as_str().into(), format!("Component {index}"), bytes(sum), members)
    };
    let parts: Vec<Part> = (0..parts).map(part).collect();
    let total = parts.iter().map(Part::bytes).sum::<f64>() + unattributed_bytes;
    Landscape::new(None, Whole::Stated, Some(bytes(total)), parts)
}

fn bounds() -> Rect {
    Rect::from_min_size(pos2(10.0, 20.0), vec2(800.0, 400.0))
}

fn tiles(landscape: Landscape, look: Look) -> Tiles {
    Tiles::new(Arc::new(landscape), bounds(), look)
}

fn share(tile: &Tile) -> f64 {
    f64::from(tile.rect.area() / bounds().area())
}

/// With two kinds in every member and memory outside.
fn with_kinds() -> Landscape {
    let mut landscape = landscape(3, 4, 2e6);
    for member in landscape.parts.iter_mut().flat_map(|part| &mut part.members) {
        let half = member.bytes / 2.0;
        member.kinds = [Kind::HeapLive, Kind::HeapSlack].map(|kind| Slice { kind, bytes: half }).to_vec();
    }
    landscape.outside = vec![
        Outside {
            step: Step::Carriers,
            bytes: 3e6,
            members: vec![Member::new("eheap_alloc".to_owned(), 2e6), Member::new("ets_alloc".to_owned(), 1e6)],
        },
        Outside { step: Step::Resident, bytes: -1e6, members: Vec::new() },
    ];
    landscape
}

#[test]
fn boxes_are_as_large_as_their_share_of_all_that_is_shown() {
    let tiles = tiles(with_kinds(), Look::default());
    let whole = tiles.landscape.shown_bytes();
    assert!((whole - tiles.landscape.total_bytes() - 3e6).abs() < 1.0, "what is less than nothing has no box");
    let is_outer = |tile: &&Tile| matches!(tile.what, What::Part(_) | What::Unattributed | What::Outside(_));
    let outer: Vec<&Tile> = tiles.tiles.iter().filter(is_outer).collect();
    assert_eq!(outer.len(), 3 + 1 + 1);
    for tile in outer {
        assert!((share(tile) - tiles.bytes(tile.what) / whole).abs() < 1e-3, "{:?}: {}", tile.what, share(tile));
    }
    assert!(tiles.tiles.iter().any(|tile| matches!(tile.what, What::Slice(..))));
}

#[test]
fn a_place_finds_the_innermost_box_and_a_selection_its_own() {
    let tiles = tiles(landscape(3, 4, 2e6), Look::default());
    let selection = Selection::Entity(EntityId(5));
    let tile = tiles.find(&selection).unwrap();
    assert_eq!(tile.what, What::Member(1, 1));
    assert_eq!(tiles.at(tile.rect.center()).map(|tile| tile.what), Some(tile.what));
    assert_eq!(tiles.selects(What::Part(2)), Some(Selection::Component("c2".into())));
    assert_eq!(tiles.selects(What::Unattributed), None);
    assert!(tiles.at(pos2(0.0, 0.0)).is_none());
}

#[test]
fn zooming_fills_the_picture_box_by_box() {
    let zoomed = |zoom: Vec<Zoom>| tiles(with_kinds(), Look { zoom, ..Look::default() });
    let all = zoomed(Vec::new());
    let component = all.zooms(What::Slice(1, 0, 0)).unwrap();
    assert_eq!(component, [Zoom::Component("c1".into())], "one box at a time");
    let inside = zoomed(component);
    let sum: f64 = inside.tiles.iter().filter(|tile| matches!(tile.what, What::Member(1, _))).map(share).sum();
    assert!((sum - 1.0).abs() < 1e-3, "{sum}");
    let member = inside.zooms(What::Slice(1, 0, 0)).unwrap();
    assert_eq!(member, [Zoom::Component("c1".into()), Zoom::Entity(EntityId(4))]);
    let kinds = zoomed(member);
    assert!(kinds.tiles.len() == 2 && kinds.tiles.iter().all(|tile| (share(tile) - 0.5).abs() < 1e-3));
    assert_eq!(kinds.zooms(kinds.tiles[0].what).map(|zoom| zoom.len()), Some(2), "it stays where it is");
    let allocators = zoomed(all.zooms(What::Outside(0)).unwrap());
    assert_eq!(
        allocators.tiles.iter().map(|tile| allocators.name(tile.what)).collect::<Vec<_>>(),
        ["eheap_alloc", "ets_alloc"]
    );
    let gone = zoomed(vec![Zoom::Component("c1".into()), Zoom::Entity(EntityId(99))]);
    assert!(gone.tiles.iter().any(|tile| tile.what == What::Member(1, 0)), "as far as there is something");
}

#[test]
fn a_search_counts_all_matches_and_dims_the_others() {
    let search = |text: &str| tiles(with_kinds(), Look { search: text.to_owned(), ..Look::default() });
    let found = search("PROCESS 2");
    assert_eq!(found.found.unwrap(), Found { components: 0, members: 3, bytes: 1e6 });
    let plain = tiles(with_kinds(), Look::default());
    assert_eq!(plain.found, None);
    let changed: Vec<What> = found
        .tiles
        .iter()
        .zip(&plain.tiles)
        .filter(|(dimmed, plain)| dimmed.paint.fill != plain.paint.fill)
        .map(|(tile, _)| tile.what)
        .collect();
    assert!(changed.contains(&What::Member(0, 0)) && !changed.contains(&What::Member(0, 2)), "{changed:?}");
    let component = search("component 1").found.unwrap();
    assert_eq!((component.components, component.members), (1, 0));
    assert!((component.bytes - plain.bytes(What::Part(1))).abs() < 1.0);
}

#[test]
fn what_is_too_small_is_joined_and_labels_are_bounded() {
    let small = tiles(landscape(400, 500, 0.0), Look::default());
    assert!(small.tiles.len() < 80_000, "{}", small.tiles.len());
    assert!(small.labelled.len() <= MAX_LABELS);
    let joined = small.tiles.iter().find(|tile| matches!(tile.what, What::SmallMembers(..))).unwrap();
    assert!(small.bytes(joined.what) > 0.0);
    let many = tiles(landscape(300_000, 1, 5e6), Look::default());
    assert!(many.tiles.iter().any(|tile| matches!(tile.what, What::SmallParts(_))));
    assert!(many.tiles.len() < 1000, "{}", many.tiles.len());
    let tables = tiles(landscape(1, 1_000_000, 5e6), Look::default());
    assert!(tables.tiles.len() < 80_000, "{}", tables.tiles.len());
}
