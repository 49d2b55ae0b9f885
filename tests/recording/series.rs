//! Questions about series have the answers that the raw values give.

use vivarium::model::batch::{Batch, Sample};
use vivarium::model::entity::EntityId;
use vivarium::model::metric::{CPU_CORES, MEMORY_RESIDENT};
use vivarium::model::series::{Bucket, Point};
use vivarium::model::time::{NS_PER_S, TimeRange, Timestamp};
use vivarium::store::recording::{Recording, Writer};

use crate::helpers::{ALL, Random, START, batch, key, new_file, open, second};

/// Buckets as anybody would compute them.
fn brute_force(points: &[Point], range: TimeRange, width: i64) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for point in points {
        let start = Timestamp(point.at.0.div_euclid(width) * width);
        if start.plus_ns(width) <= range.from || start >= range.to {
            continue;
        }
        match buckets.last_mut().filter(|last| last.start == start) {
            Some(last) => {
                last.count += 1;
                last.min = last.min.min(point.value);
                last.max = last.max.max(point.value);
                last.sum += point.value;
            }
            None => buckets.push(Bucket { start, count: 1, min: point.value, max: point.value, sum: point.value }),
        }
    }
    buckets
}

/// Compares every kind of answer with the known points, for many widths and ranges.
fn compare(recording: &Recording, known: &[Vec<Point>], random: &mut Random) {
    let hour = 3600 * NS_PER_S;
    let widths =
        [1, NS_PER_S, 7 * NS_PER_S, 10 * NS_PER_S, 19 * NS_PER_S, 60 * NS_PER_S, 86_400_000_000, hour, 25 * hour];
    for (entity, points) in (0..).zip(known) {
        assert_eq!(&recording.points(key(entity, MEMORY_RESIDENT), ALL).unwrap(), points);
        let mut ranges = vec![(START.0 - hour, START.0 + 48 * hour)];
        for _ in 0..4 {
            let from = START.0 + random.below(8 * 3600) as i64 * NS_PER_S;
            ranges.push((from, from + random.below(7200 * 1_000_000_000) as i64));
        }
        for (from, to) in ranges {
            let range = TimeRange::new(Timestamp(from), Timestamp(to));
            let inside: Vec<Point> = points.iter().copied().filter(|point| range.contains(point.at)).collect();
            assert_eq!(recording.points(key(entity, MEMORY_RESIDENT), range).unwrap(), inside);
            for width in widths.into_iter().chain([1 + random.below(5000) as i64 * 1_000_000_000]) {
                let answer = recording.buckets(key(entity, MEMORY_RESIDENT), range, width).unwrap();
                assert!(answer.width_ns <= width && answer.width_ns > width / 2, "{width} became {}", answer.width_ns);
                let expected =
                    if range.length_ns() == 0 { vec![] } else { brute_force(points, range, answer.width_ns) };
                assert_eq!(answer.buckets, expected, "entity {entity}, width {width}, {range:?}");
            }
        }
    }
    for _ in 0..20 {
        let at = Timestamp(START.0 + random.below(10 * 3600 * 1_000_000_000) as i64 - hour);
        let age = random.below(3600) as i64 * NS_PER_S;
        let mut expected = Vec::new();
        for (entity, points) in (0..).zip(known) {
            let last = points.iter().rfind(|point| point.at <= at).filter(|point| point.at.0 >= at.0 - age);
            expected.extend(last.map(|&point| (EntityId(entity), point)));
        }
        assert_eq!(recording.values_at(MEMORY_RESIDENT, at, age).unwrap(), expected, "{at:?} {age}");
    }
}

/// Some hours of series with gaps, jitter, late starts and, if `back` is set, a clock that is set back now and then.
/// Values are whole numbers, so that sums are exact.
fn generate(random: &mut Random, back: bool) -> Vec<Batch> {
    let mut at = START.0;
    let mut batches = Vec::new();
    for index in 0..9000u64 {
        at += 900_000_000 + random.below(200_000_000) as i64;
        if random.below(700) == 0 {
            at += random.below(1800) as i64 * NS_PER_S;
        }
        if back && random.below(900) == 0 {
            at -= random.below(4000) as i64 * NS_PER_S;
        }
        let mut samples = Vec::new();
        for entity in 0..4u32 {
            let absent = match entity {
                1 => index < 4000,
                2 => index % 37 != 0,
                3 => (2000..6000).contains(&index),
                _ => false,
            };
            if !absent {
                let value = (random.below(1 << 20) as i64 - 1000) as f64 * 4096.0;
                samples.push(Sample { entity: EntityId(entity), metric: MEMORY_RESIDENT, value });
                samples.push(Sample { entity: EntityId(entity), metric: CPU_CORES, value: 1.0 });
            }
        }
        batches.push(Batch { at: Timestamp(at), samples, ..Batch::default() });
    }
    batches
}

fn check(seed: u64, back: bool) {
    let random = &mut Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    let recording = open(&path);
    let mut known = vec![Vec::new(); 4];
    let batches = generate(random, back);
    for (index, batch) in batches.iter().enumerate() {
        writer.append(batch).unwrap();
        for sample in batch.samples.iter().filter(|sample| sample.metric == MEMORY_RESIDENT) {
            known[sample.entity.0 as usize].push(Point { at: batch.at, value: sample.value });
        }
        if random.below(20) == 0 {
            writer.commit().unwrap();
        }
        if [500, 2500, 7000].contains(&index) {
            writer.commit().unwrap();
            known.iter_mut().for_each(|points| points.sort_by_key(|point| point.at));
            compare(&recording, &known, random);
            // Going on after a finish leaves short chunks behind, which must not show.
            writer.finish().unwrap();
            writer = Writer::open_for_append(&path).unwrap();
        }
    }
    known.iter_mut().for_each(|points| points.sort_by_key(|point| point.at));
    writer.finish().unwrap();
    compare(&recording, &known, random);
    compare(&open(&path), &known, random);
}

#[test]
fn answers_equal_those_from_raw_values() {
    for seed in 1..=3 {
        check(seed, false);
    }
}

#[test]
fn a_clock_that_is_set_back_does_no_harm() {
    for seed in 4..=6 {
        check(seed, true);
    }
}

#[test]
fn series_that_come_and_go_by_the_thousand_are_all_there() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for index in 0..2000u32 {
        let samples = (index..index + 5).map(|entity| Sample {
            entity: EntityId(entity),
            metric: MEMORY_RESIDENT,
            value: f64::from(entity * 10 + index),
        });
        writer.append(&Batch { at: second(i64::from(index)), samples: samples.collect(), ..Batch::default() }).unwrap();
        writer.commit().unwrap();
    }
    writer.finish().unwrap();
    let recording = open(&path);
    assert_eq!(recording.series().unwrap().len(), 2004);
    for entity in [4, 77, 1023, 1999] {
        let points = recording.points(key(entity, MEMORY_RESIDENT), ALL).unwrap();
        let expected = (entity - 4..=entity).map(|index| (second(i64::from(index)), f64::from(entity * 10 + index)));
        assert_eq!(
            points.iter().map(|point| (point.at, point.value)).collect::<Vec<_>>(),
            expected.collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_ends_of_time_do_not_overflow() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut writer) = new_file(&folder);
    for at in [i64::MIN, -1, 0, i64::MAX] {
        writer.append(&Batch { at: Timestamp(at), ..batch(0, 1) }).unwrap();
    }
    writer.finish().unwrap();
    let recording = open(&path);
    for width in [i64::MIN, 0, 1, NS_PER_S, i64::MAX] {
        let buckets = recording.buckets(key(1, MEMORY_RESIDENT), ALL, width).unwrap();
        assert!(buckets.buckets.iter().map(|bucket| bucket.count).sum::<u32>() >= 3, "{width}");
    }
    assert_eq!(recording.values_at(CPU_CORES, Timestamp(i64::MIN), i64::MAX).unwrap().len(), 1);
    assert_eq!(recording.values_at(CPU_CORES, Timestamp(i64::MAX), 0).unwrap().len(), 1);
}
