use super::layered::{contains, overlap};
use super::*;
use crate::model::document::{ComponentKind, Edge, EdgeKind, Group, Snapshot};

fn two_pictures() -> Document {
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(include_str!("../../../sessions/foundation.ron")).unwrap()
}

fn component(id: String, group: Option<String>) -> Component {
    let mut component = Component::new(ComponentId(id.clone()), &id, ComponentKind::System);
    component.group = group.map(GroupId);
    component
}

fn edge(from: &str, to: &str) -> Edge {
    Edge { item: "E".into(), from: from.into(), to: to.into(), label: String::new(), kind: EdgeKind::Flow }
}

/// Checks everything that a layout promises; gives it back.
fn checked(document: &Document) -> MapLayout {
    let layout = lay_out(document, box_size);
    assert_eq!(layout, lay_out(document, box_size), "not the same every time");
    let mut placed: Vec<&ComponentId> = layout.boxes.iter().map(|placed| &placed.component).collect();
    let mut expected: Vec<&ComponentId> = document.components.iter().map(|component| &component.id).collect();
    placed.sort();
    expected.sort();
    assert_eq!(placed, expected);

    let whole = Area { x: 0.0, y: 0.0, width: layout.size.0, height: layout.size.1 };
    for area in layout.boxes.iter().map(|placed| placed.area).chain(layout.groups.iter().map(|placed| placed.area)) {
        assert!([area.x, area.y, area.width, area.height].iter().all(|value| value.is_finite()), "{area:?}");
        assert!(contains(&whole, &area), "{area:?} is outside {whole:?}");
    }
    let map = Map::of(document, box_size);
    let index = |id: &GroupId| document.groups.iter().position(|group| &group.id == id).unwrap();
    for (number, a) in layout.boxes.iter().enumerate() {
        let node = document.components.iter().position(|component| component.id == a.component).unwrap();
        for b in &layout.boxes[..number] {
            assert!(!overlap(&a.area, &b.area), "{a:?} lies over {b:?}");
        }
        for group in &layout.groups {
            if map.paths[node].contains(&index(&group.group)) {
                assert!(contains(&group.area, &a.area), "{a:?} is not inside {group:?}");
                assert!(a.area.y >= group.area.y + GROUP_TITLE, "{a:?} covers the title of {group:?}");
            } else {
                assert!(!overlap(&group.area, &a.area), "{a:?} lies over {group:?}");
            }
        }
    }
    for (number, a) in layout.groups.iter().enumerate() {
        for b in &layout.groups[..number] {
            let (path_a, path_b) = (&map.group_paths[index(&a.group)], &map.group_paths[index(&b.group)]);
            if path_a.starts_with(path_b) {
                assert!(contains(&b.area, &a.area), "{a:?} is not inside {b:?}");
                assert!(a.area.y >= b.area.y + GROUP_TITLE - 0.5, "{a:?} covers the title of {b:?}");
            } else if !path_b.starts_with(path_a) {
                assert!(!overlap(&a.area, &b.area), "{a:?} lies over {b:?}");
            }
        }
    }
    let areas: HashMap<&ComponentId, Area> = layout.boxes.iter().map(|b| (&b.component, b.area)).collect();
    for placed in &layout.edges {
        assert!(placed.points.len() >= 2);
        assert!(placed.points.iter().chain([&placed.label]).all(|(x, y)| x.is_finite() && y.is_finite()));
        let edge = &document.edges[placed.edge];
        for (end, id) in [(placed.points[0], &edge.from), (placed.points[placed.points.len() - 1], &edge.to)] {
            let touched = Area { x: end.0, y: end.1, width: 0.0, height: 0.0 };
            assert!(contains(&areas[id], &touched), "{end:?} does not touch {id}");
        }
    }
    layout
}

#[test]
fn two_pictures_suit_a_window() {
    let document = two_pictures();
    let layout = checked(&document);
    assert_eq!((layout.boxes.len(), layout.groups.len(), layout.edges.len()), (36, 16, 32));
    assert_eq!(layout.pictures.len(), 2);
    let aspect = layout.size.0 / layout.size.1;
    assert!((1.2..2.4).contains(&aspect), "{aspect}");
    let boxes = document.components.iter().map(box_size).map(|(width, height)| width * height).sum::<f32>();
    assert!(boxes / (layout.size.0 * layout.size.1) > 0.1, "mostly empty: {:?}", layout.size);
}

#[test]
fn nothing_gives_nothing() {
    assert_eq!(checked(&Document::new("empty")), MapLayout::default());
}

#[test]
fn boxes_without_arrows_stand_in_a_grid() {
    let mut document = Document::new("live");
    document.components = (0..60).map(|number| component(format!("exe:{number}"), None)).collect();
    let layout = checked(&document);
    let aspect = layout.size.0 / layout.size.1;
    assert!((1.2..2.6).contains(&aspect), "{aspect}");
    assert!(layout.pictures.is_empty());
}

#[test]
fn a_large_group_without_arrows_is_a_grid_too() {
    let mut document = Document::new("live");
    document.groups.push(Group { id: "g".into(), title: "Group".to_owned(), parent: None });
    document.components = (0..60).map(|number| component(number.to_string(), Some("g".to_owned()))).collect();
    document.edges.push(edge("3", "4"));
    let layout = checked(&document);
    assert!(layout.size.0 / layout.size.1 > 1.0, "{:?}", layout.size);
}

#[test]
fn odd_arrows_do_no_harm() {
    let mut document = Document::new("odd");
    document.components = ["a", "b", "c"].map(|id| component(id.to_owned(), None)).into();
    document.edges = vec![edge("a", "b"), edge("b", "a"), edge("a", "a"), edge("a", "nowhere"), edge("a", "b")];
    let layout = checked(&document);
    let drawn: Vec<usize> = layout.edges.iter().map(|edge| edge.edge).collect();
    assert_eq!(drawn, [0, 1, 2, 4]);
}

#[test]
fn groups_inside_themselves_are_untangled() {
    let mut document = Document::new("ring");
    let group = |id: &str, parent: &str| Group { id: id.into(), title: id.to_owned(), parent: Some(parent.into()) };
    document.groups = vec![group("a", "b"), group("b", "c"), group("c", "a"), group("d", "d"), group("e", "unknown")];
    for number in 1..20 {
        document.groups.push(group(&format!("deep {number}"), &format!("deep {}", number - 1)));
    }
    document.components = ["a", "b", "c", "d", "e", "deep 19", "unknown"]
        .map(|id| component(format!("in {id}"), Some(id.to_owned())))
        .into();
    let layout = checked(&document);
    assert!(layout.groups.len() >= 5);
}

#[test]
fn an_arrow_between_pictures_is_drawn() {
    let mut document = Document::new("two");
    document.snapshots =
        ["M", "C"].map(|prefix| Snapshot { prefix: prefix.to_owned(), title: prefix.to_owned() }).into();
    document.components = ["M-a", "C-a", "other"].map(|id| component(id.to_owned(), None)).into();
    document.edges = vec![edge("M-a", "C-a")];
    let layout = checked(&document);
    assert_eq!(layout.pictures.len(), 3);
    assert_eq!(layout.edges.len(), 1);
}

/// Documents of every shape: random nesting, sizes and arrows (a linear congruential generator after Knuth).
#[test]
fn random_maps_keep_the_promises() {
    let mut state = 7_u64;
    let mut random = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below.max(1)
    };
    for round in 0..40 {
        let mut document = Document::new("random");
        let (groups, components, edges) = (random(9), 1 + random(30), random(40));
        for number in 0..groups {
            let parent = (random(2) == 0).then(|| GroupId(format!("g{}", random(groups))));
            document.groups.push(Group { id: GroupId(format!("g{number}")), title: String::new(), parent });
        }
        for number in 0..components {
            let group = (groups > 0 && random(4) > 0).then(|| format!("g{}", random(groups)));
            document.components.push(component(number.to_string(), group));
        }
        for _ in 0..edges {
            document.edges.push(edge(&random(components).to_string(), &random(components).to_string()));
        }
        let layout = checked(&document);
        assert_eq!(layout.edges.len(), edges, "round {round}");
    }
}

#[test]
fn a_large_map_is_laid_out_group_by_group() {
    let mut document = Document::new("large");
    for number in 0..20 {
        document.groups.push(Group { id: GroupId(format!("g{number}")), title: String::new(), parent: None });
    }
    for number in 0..200 {
        document.components.push(component(number.to_string(), Some(format!("g{}", number / 10))));
        document.edges.push(edge(&number.to_string(), &(number * 7 % 200).to_string()));
    }
    assert_eq!(checked(&document).edges.len(), 200);
}
