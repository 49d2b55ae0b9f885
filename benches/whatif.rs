//! What-if on a million collections: fitting once, then the coarse and the full answer to one setting.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use vivarium::model::entity::EntityId;
use vivarium::model::gc::{BeamCollection, GcEvent, GcKind, HeapSettings, HeapSizes};
use vivarium::model::time::Timestamp;
use vivarium::whatif::beam_heap::Model;
use vivarium::whatif::beam_heap::policy::{self, Blocks, Found, Left, Rules};
use vivarium::whatif::data::{ComponentData, SessionData, TracedHeap};
use vivarium::whatif::prediction::Effort;
use vivarium::whatif::scenario::Setting;

/// A process of which a part of what it allocates lives for two collections, a part for ever until the next major one.
fn heap(entity: u32, collections: usize) -> TracedHeap {
    let rules = Rules::default();
    let mut blocks = Blocks { heap: 2586, vheap: 46_422, old_vheap: 46_422, ..Blocks::default() };
    let mut end = HeapSizes::default();
    let mut events = Vec::with_capacity(collections);
    let mut at = 0;
    for i in 0..collections {
        let need = 2 + (i * 7 % 40) as u64;
        let stack = 10 + (i % 7) as u64;
        let young = blocks.heap - stack - 6;
        let found = Found { young, mature: end.recent, stack, need, vheap: 0 };
        let choice = policy::choose(&rules, &blocks, &found);
        let start = HeapSizes {
            heap: young,
            heap_block: blocks.heap,
            old_heap: blocks.old_used,
            old_heap_block: choice.old_block,
            stack,
            recent: end.recent,
            bin_vheap_block: blocks.vheap,
            bin_old_vheap_block: blocks.old_vheap,
            ..HeapSizes::default()
        };
        let major = choice.kind == GcKind::Major;
        let left = match major {
            true => Left { heap: 900, vheap_untouched: true, ..Left::default() },
            false => Left { heap: 300, promoted: end.recent.min(60), vheap_untouched: true, ..Left::default() },
        };
        match major {
            true => policy::major(&rules, &mut blocks, &found, &left),
            false => policy::minor(&rules, &mut blocks, &found, choice.old_block, &left),
        }
        end = HeapSizes {
            heap: left.heap,
            heap_block: blocks.heap,
            old_heap: blocks.old_used,
            old_heap_block: blocks.old,
            recent: left.heap,
            ..start
        };
        let all = young + start.old_heap;
        let reclaimed = all.saturating_sub(end.heap + end.old_heap);
        at += 100_000;
        let beam = BeamCollection { need_words: need, start, end };
        events.push(GcEvent::of_beam(Timestamp(at), EntityId(entity), choice.kind, 5_000, reclaimed, beam));
    }
    let settings = HeapSettings {
        min_heap_words: 233,
        min_bin_vheap_words: 46_422,
        fullsweep_after: 65_535,
        heap_block_words: 2586,
        ..HeapSettings::default()
    };
    TracedHeap {
        entity: EntityId(entity),
        name: format!("process {entity}"),
        collector: None,
        settings: Some(settings),
        from: Timestamp(0),
        to: Timestamp(at),
        end: None,
        events,
    }
}

fn session(heaps: u32, collections: usize) -> SessionData {
    let heaps = (0..heaps).map(|entity| heap(entity, collections)).collect();
    let component = ComponentData { id: "all".into(), heaps, ..ComponentData::default() };
    SessionData { word_bytes: 8, otp_release: Some(25), components: vec![component], ..SessionData::default() }
}

fn answers(criterion: &mut Criterion) {
    let setting = [Setting::parse("*.gc.min_heap_words=20000").expect("the knob exists")];
    for (name, heaps, collections) in [("1 heap", 1, 1_000_000), ("1000 heaps", 1000, 1000)] {
        let data = session(heaps, collections);
        let mut group = criterion.benchmark_group(format!("what-if, 1 M collections of {name}"));
        group.sample_size(10);
        group.bench_function("fit once", |bencher| bencher.iter(|| Model::new(black_box(&data), &[0])));
        let model = Model::new(&data, &[0]);
        group.bench_function("coarse", |b| b.iter(|| model.predict(black_box(&setting), Effort::Coarse, &|| false)));
        group.bench_function("full", |b| b.iter(|| model.predict(black_box(&setting), Effort::Full, &|| false)));
        group.finish();
    }
}

criterion_group!(benches, answers);
criterion_main!(benches);
