//! The GC part of `inspect`: collections that were seen one by one, in the stretch of time.

use super::gather::Gatherer;
use super::parts::{CausePart, GcComponentPart, GcFiguresPart, GcPart, PauseCount, PausePart, WorstPart};
use crate::analysis::gc::{GcFigures, Pause};
use crate::analysis::gc_timeline::Sort;
use crate::model::metric::MEMORY_ALLOCATION_RATE;
use crate::session::gc::{Collections, summarize};

/// The part; `None` if no collection was seen.
///
/// # Errors
/// When the recording can't be read.
pub fn gather(gatherer: &Gatherer<'_>) -> anyhow::Result<Option<GcPart>> {
    let (Some(recording), Some(when)) = (gatherer.recording, gatherer.when) else { return Ok(None) };
    let Some(Collections { summary, components }) = summarize(recording, gatherer.entities(), when.range)? else {
        return Ok(None);
    };
    let mut by_component: Vec<(&GcFigures, GcComponentPart)> = summary
        .components
        .iter()
        .zip(components)
        .filter(|(figures, _)| figures.count > 0)
        .map(|(figures, id)| {
            let title = id.as_ref().map_or_else(|| "without a component".to_owned(), |id| gatherer.title(id));
            let component = id.map(|id| id.to_string());
            (figures, GcComponentPart { component, title, figures: part(gatherer, figures) })
        })
        .collect();
    by_component.sort_by_key(|(figures, _)| std::cmp::Reverse(figures.pauses.total_ns));
    Ok(Some(GcPart {
        from_s: when.seconds(when.range.from),
        to_s: when.seconds(when.range.to),
        all: part(gatherer, &summary.all),
        by_component: by_component.into_iter().map(|(_, part)| part).collect(),
        stops_the_world: summary.stops_the_world,
        worst: summary.all.pauses.worst.iter().map(|pause| worst(gatherer, pause, when.seconds(pause.at))).collect(),
        pauses: {
            let count = |&(limit_ns, count): &(u64, u64)| PauseCount { under_us: limit_ns as f64 / 1e3, count };
            summary.all.pauses.histogram.iter().map(count).collect()
        },
    }))
}

fn worst(gatherer: &Gatherer<'_>, pause: &Pause, at_s: f64) -> WorstPart {
    let entity = gatherer.entities().iter().find(|entity| entity.id == pause.entity);
    WorstPart {
        at_s,
        entity: pause.entity.0,
        name: entity.map(|entity| entity.name.clone()).unwrap_or_default(),
        component: entity.and_then(|entity| entity.component.as_ref()).map(ToString::to_string),
        sort: Sort::of(pause.kind, pause.cause).word(),
        pause_us: pause.pause_ns as f64 / 1e3,
        reclaimed_bytes: pause.reclaimed_bytes,
        live_bytes: pause.live_bytes,
    }
}

fn part(gatherer: &Gatherer<'_>, figures: &GcFigures) -> GcFiguresPart {
    let us = |ns: u64| ns as f64 / 1e3;
    let pauses = &figures.pauses;
    let rate = figures.allocation_rate();
    let formula = "growth of heaps between their collections, over the traced time";
    GcFiguresPart {
        heaps: figures.heaps,
        count: figures.count,
        minor: figures.minor,
        major: figures.major,
        failed_minor: figures.failed_minor,
        over_limit: figures.over_limit,
        stops: figures.stops,
        concurrent_s: figures.concurrent_s,
        evacuation_failures: figures.evacuation_failures,
        causes: figures.causes.iter().map(|&(cause, count)| CausePart { cause: cause.word(), count }).collect(),
        forced: figures.forced,
        hibernations: figures.hibernations,
        interval_s: figures.interval_s(),
        pause_us: PausePart {
            p50: us(pauses.p50_ns),
            p90: us(pauses.p90_ns),
            p99: us(pauses.p99_ns),
            max: us(pauses.max_ns),
            total: us(pauses.total_ns),
        },
        efficiency: figures.efficiency(),
        reclaimed_bytes: figures.reclaimed_bytes,
        copied_bytes: figures.copied_bytes,
        promoted_bytes: figures.promoted_bytes,
        allocation_rate: rate.map(|rate| gatherer.derived(rate, MEMORY_ALLOCATION_RATE, formula)),
        live_bytes: figures.live_bytes,
        held_bytes: figures.held_bytes,
        heap_efficiency: figures.heap_efficiency(),
    }
}
