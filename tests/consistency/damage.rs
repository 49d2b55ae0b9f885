//! Documents that say too little, or nonsense.

use vivarium::analysis::consistency::check;
use vivarium::model::document::Document;
use vivarium::store::document::{document_text, parse_document};

use crate::{SEED, document, told};

#[test]
fn figures_without_relations_say_nothing() {
    // The same figures, wrong or right: what nobody relates is not held against each other.
    let mut bare = document(SEED);
    bare.relations.clear();
    bare.rules.clear();
    bare.targets.clear();
    bare.horizons.clear();
    bare.opportunities.clear();
    bare.pipeline.clear();
    bare.insights.clear();
    for component in &mut bare.components {
        component.claims.clear();
        component.hot_functions.clear();
        for fact in &mut component.facts {
            fact.part_of = None;
        }
        // One statement that gives a load in two units relates them by itself.
        component.facts.retain(|fact| fact.unit.to_string() != "cores");
    }
    assert!(bare.components.iter().map(|component| component.facts.len()).sum::<usize>() > 90);
    assert_eq!(check(&bare), Default::default());
    assert_eq!(check(&Document::new("Empty")), Default::default());
}

#[test]
fn a_relation_that_leads_nowhere_is_named() {
    let mut broken = document(SEED);
    broken.components.retain(|component| component.id.as_str() != "M-PredictiveAnalysis");
    broken.targets.clear();
    let found = check(&broken);
    assert!(found.not_checked.iter().any(|why| why.contains("M-PredictiveAnalysis.01")), "{:?}", found.not_checked);
    assert!(found.not_checked.iter().any(|why| why.contains("C-CPUAnalyst.08")), "{:?}", found.not_checked);
    assert!(found.disagreements.len() > 50, "the others are checked all the same");
}

#[test]
fn no_figures_make_it_fail() {
    // Zero, negative, huge, infinite, not a number: whatever a file holds, it is told in words that are numbers.
    let values = ["0", "-0.0", "-7", "1e300", "inf", "-inf", "NaN", "1e-300"];
    let (figures, relations) = SEED.split_at(SEED.find("\n  relations: [").unwrap());
    let words = ["Exact(", "Range(", "Change(", "Below(", "threshold: "];
    let found = words.iter().flat_map(|word| figures.match_indices(word).map(|(at, _)| at + word.len()));
    let mut places: Vec<usize> = found.collect();
    places.sort_unstable();
    let with = |wanted: &dyn Fn(usize) -> Option<&'static str>| {
        let mut text = String::from(figures);
        for (turn, &at) in places.iter().enumerate().rev() {
            if let Some(value) = wanted(turn) {
                let end = at + text[at..].find([',', ')']).unwrap();
                text.replace_range(at..end, value);
            }
        }
        check(&document(&format!("{text}{relations}")))
    };
    for (shift, _) in values.iter().enumerate() {
        for step in [1, 5, 17, 40] {
            let found = with(&|turn| (turn % step == 0).then(|| values[(turn / step + shift) % values.len()]));
            for one in &found.disagreements {
                let bad = ["NaN", "inf ", "inf)"].iter().any(|word| one.message.contains(word));
                assert!(!bad && !one.message.is_empty(), "{}", told(one));
            }
        }
    }
}

#[test]
fn relations_survive_saving_and_mistakes_in_them_are_told() {
    let loaded = parse_document(SEED, "seed.ron").unwrap();
    let text = document_text(&loaded.document, &loaded.unknown).unwrap();
    assert!(text.contains(r#"rest: "M-AgentPool.07")"#) && text.contains(r#"need: "M-AgentPool.07#3""#), "{text}");
    let again = parse_document(&text, "again.ron").unwrap();
    assert_eq!(again.document, loaded.document);
    assert_eq!(check(&again.document), check(&loaded.document));

    let of = |relation: &str| {
        let text = format!(r#"(format: "vivarium-session", version: 1, title: "t", relations: [{relation}])"#);
        parse_document(&text, "t.ron")
    };
    let mistake = |relation: &str| of(relation).unwrap_err().to_string();
    assert!(mistake(r#"Slope(values: "a", times: "b")"#).contains("rate"));
    assert!(mistake(r#"Slope(values: "a#0", times: "b", rate: "c")"#).contains("after # comes a number from 1"));
    assert!(mistake(r#"Slop(values: "a")"#).contains("Slop"));
    let newer = of(r#"Slope(values: "a", times: "b", rate: "c", since: 3)"#).unwrap();
    assert!(newer.warnings[0].contains("since"), "{:?}", newer.warnings);
    assert!(document_text(&newer.document, &newer.unknown).unwrap().contains("since: 3"));
}
