//! Checking a large document: a thousand components, ten thousand figures, two thousand relations, five hundred opportunities.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

use vivarium::analysis::consistency::check;
use vivarium::model::document::Document;
use vivarium::store::document::parse_document;

const COMPONENTS: usize = 1_000;
const FACTS: usize = 10;

/// Half of the sums are wrong, and half of the percentages.
fn large() -> Document {
    let mut components = String::new();
    let mut relations = String::new();
    let mut opportunities = String::new();
    for c in 0..COMPONENTS {
        let facts: Vec<String> = (1..FACTS)
            .map(|f| {
                format!(
                    r#"(item: "C{c}.{f}", label: "Part {f}", value: Exact({f}0), unit: "MB", metric: "memory.used_bytes",
                    part_of: "C{c}.0")"#
                )
            })
            .collect();
        let whole = if c % 2 == 0 { 450 } else { 400 };
        components.push_str(&format!(
            r#"(id: "C{c}", title: "Component {c}", kind: System, facts: [
            (item: "C{c}.0", label: "Whole", value: Exact({whole}), unit: "MB", metric: "memory.used_bytes", statistic: Total),
            {}]),"#,
            facts.join(", ")
        ));
        let parts: Vec<String> = (1..FACTS).map(|f| format!(r#""C{c}.{f}""#)).collect();
        relations.push_str(&format!(
            r#"Sum(whole: "C{c}.0", parts: [{}], complete: true), Same(figures: ["C{c}.3", "C{}.3"]),"#,
            parts.join(", "),
            (c + 1) % COMPONENTS
        ));
        if c % 2 == 0 {
            opportunities.push_str(&format!(
                r#"(id: "o{c}", title: "Less of {c}", horizon: "soon", component: "C{c}", claims: [
                (item: "O{c}", label: "Memory", value: Exact(-45), unit: "MB", metric: "memory.used_bytes"),
                (item: "O{c}", label: "Memory, relative", value: Exact(-{}), unit: "%", metric: "memory.used_bytes")]),"#,
                if c % 4 == 0 { 10 } else { 25 }
            ));
        }
    }
    let text = format!(
        r#"(format: "vivarium-session", version: 1, title: "Large", components: [{components}],
        horizons: [(id: "soon", title: "Soon", lane: Near, weeks: (1, 2))],
        opportunities: [{opportunities}], relations: [{relations}])"#
    );
    let text = format!("#![enable(implicit_some)]\n{text}");
    parse_document(&text, "large.ron").expect("it is written correctly").document
}

fn consistency(c: &mut Criterion) {
    let document = large();
    let found = check(&document);
    let figures: usize = document.components.iter().map(|component| component.facts.len()).sum();
    println!(
        "{figures} figures, {} relations: {} disagree, {} hold",
        document.relations.len(),
        found.disagreements.len(),
        found.agreements.len()
    );
    let mut group = c.benchmark_group("consistency");
    group.sample_size(20);
    group.bench_function("1000 components, 10000 figures", |b| b.iter(|| check(black_box(&document))));
    let text = include_str!("../sessions/foundation.ron");
    let seed = parse_document(text, "foundation.ron").expect("it is bundled").document;
    group.bench_function("the bundled document", |b| b.iter(|| check(black_box(&seed))));
    group.finish();
}

criterion_group!(benches, consistency);
criterion_main!(benches);
