//! Stated against derived: on the bundled seed document every contradiction is found and none is made up; on documents of quite
//! another kind the same rules work as well.

mod bakery;
mod cases;
mod damage;
mod seed;

use vivarium::analysis::consistency::Disagreement;
use vivarium::model::document::Document;
use vivarium::store::document::parse_document;

const SEED: &str = include_str!("../../sessions/foundation.ron");

fn document(text: &str) -> Document {
    let loaded = parse_document(text, "test.ron").unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(loaded.warnings, Vec::<String>::new());
    loaded.document
}

fn concerns(found: &Disagreement, class: &str, items: &str) -> bool {
    found.class.word() == class && items.split_whitespace().all(|item| found.is_about(&item.into()))
}

fn told(found: &Disagreement) -> String {
    let about: Vec<&str> = found.about.iter().map(|item| item.as_str()).collect();
    format!("{} {} {}: {}", found.severity.word(), found.class.word(), about.join(" "), found.message)
}
