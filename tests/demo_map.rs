//! The map of the demo node opens without a warning, and what it refers to is there.

use std::path::Path;

use vivarium::store::document::read_document;

#[test]
fn the_map_of_the_demo_node_opens_without_a_warning() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/demo_node/map.ron");
    let loaded = read_document(&path).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.warnings, Vec::<String>::new());

    let document = &loaded.document;
    for edge in &document.edges {
        for end in [&edge.from, &edge.to] {
            assert!(document.component(end).is_some(), "{}: there is no component {end}", edge.item);
        }
    }
    for rule in &document.rules {
        for component in [Some(&rule.owner), rule.applies_to.as_ref()].into_iter().flatten() {
            assert!(document.component(component).is_some(), "{}: there is no component {component}", rule.item);
        }
        if let Some(condition) = &rule.condition {
            assert!(condition.unit.is_comparable_to(condition.metric.unit()), "{}: another kind of unit", rule.item);
        }
    }
    for opportunity in &document.opportunities {
        assert!(document.horizon(&opportunity.horizon).is_some(), "{}: there is no such horizon", opportunity.id);
    }
}
