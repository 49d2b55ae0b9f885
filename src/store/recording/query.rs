//! Questions about series: decimated, raw, or at a moment; from chunks and tail alike.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{OptionalExtension, Params, Row, params};

use crate::model::entity::EntityId;
use crate::model::metric::MetricKey;
use crate::model::series::{Buckets, Point, SeriesKey};
use crate::model::time::{TimeRange, Timestamp};

use super::blob::series_seal;
use super::chunk::{Grid, Header, WIDTHS, decode_buckets, decode_times, decode_values, floor};
use super::column::{Column, decode_tail_row};
use super::error::{RecordingError, is_damage};
use super::reader::Recording;
use super::salvage::{Salvage, Spot};

/// So many timestamps are kept decoded, since many series share them.
const KEPT_TIMES: usize = 1 << 20;

/// What a reader keeps between questions, brought up to date by each.
#[derive(Debug, Default)]
pub(super) struct Cache {
    series: BTreeMap<SeriesKey, u32>,
    newest_series: i64,
    folds: i64,
    newest_tail: i64,
    tail: HashMap<u32, Column>,
    times: HashMap<i64, Arc<Vec<i64>>>,
    kept_times: usize,
    /// Used once the index was found to be damaged.
    salvage: Option<Salvage>,
}

impl Recording {
    /// The series that there are, by entity and metric.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn series(&self) -> Result<Vec<SeriesKey>, RecordingError> {
        let _snapshot = self.snapshot()?;
        self.refresh()?;
        Ok(self.cache.borrow().series.keys().copied().collect())
    }

    /// A series in stretches of at most `width_ns`, and more than half of that: as wide as the coarsest fitting level of the
    /// pyramid allows. Stretches begin at multiples of their width since 1970; those that `range` touches are complete.
    /// A series that is not in the recording has no buckets.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn buckets(&self, key: SeriesKey, range: TimeRange, width_ns: i64) -> Result<Buckets, RecordingError> {
        let _snapshot = self.snapshot()?;
        self.refresh()?;
        let level = WIDTHS.into_iter().rfind(|&width| width <= width_ns).unwrap_or(0);
        let width_ns = width_ns.max(1);
        let width_ns = if level == 0 { width_ns } else { width_ns - width_ns % level };
        let from = floor(range.from.0, width_ns);
        let to = floor(range.to.0.saturating_sub(1), width_ns).saturating_add(width_ns);
        let inside = TimeRange { from: Timestamp(from), to: Timestamp(to.max(from)) };
        let mut grid = Grid::new(width_ns);
        if let Some(series) = self.number_of(key).filter(|_| range.from < range.to) {
            for (header, data) in self.chunks(series, level, inside)? {
                if floor(header.first, width_ns) == floor(header.last, width_ns) {
                    // All of it falls into one stretch: no need to look inside.
                    grid.take(&header.total);
                } else if level == 0 {
                    let Some(column) = self.values_of(series, &header, &data)? else { continue };
                    column.within(inside).for_each(|point| grid.take_value(point.at.0, point.value));
                } else {
                    let Some(buckets) = decode_buckets(&data, series, level, &header) else {
                        self.warn_chunk(key, &header);
                        continue;
                    };
                    buckets.iter().filter(|bucket| inside.contains(bucket.start)).for_each(|bucket| grid.take(bucket));
                }
            }
            if let Some(tail) = self.cache.borrow_mut().tail.get_mut(&series) {
                tail.sort();
                tail.within(inside).for_each(|point| grid.take_value(point.at.0, point.value));
            }
        }
        Ok(Buckets { width_ns, buckets: grid.finish() })
    }

    /// All values of a series in a range, as measured, in order.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn points(&self, key: SeriesKey, range: TimeRange) -> Result<Vec<Point>, RecordingError> {
        let _snapshot = self.snapshot()?;
        self.refresh()?;
        let mut points = Vec::new();
        let Some(series) = self.number_of(key) else { return Ok(points) };
        for (header, data) in self.chunks(series, 0, range)? {
            if let Some(column) = self.values_of(series, &header, &data)? {
                points.extend(column.within(range));
            }
        }
        if let Some(tail) = self.cache.borrow_mut().tail.get_mut(&series) {
            tail.sort();
            points.extend(tail.within(range));
        }
        if !points.is_sorted_by_key(|point| point.at) {
            points.sort_by_key(|point| point.at);
        }
        Ok(points)
    }

    /// The last value at or before a moment of every entity that has the metric, unless it is older than `max_age_ns`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn values_at(
        &self,
        metric: MetricKey,
        at: Timestamp,
        max_age_ns: i64,
    ) -> Result<Vec<(EntityId, Point)>, RecordingError> {
        let _snapshot = self.snapshot()?;
        self.refresh()?;
        let oldest = at.0.saturating_sub(max_age_ns.max(0));
        let series: Vec<(EntityId, u32)> = {
            let cache = self.cache.borrow();
            let of_metric = cache.series.iter().filter(|(key, _)| key.metric == metric);
            of_metric.map(|(key, &series)| (key.entity, series)).collect()
        };
        let mut found = Vec::new();
        for (entity, series) in series {
            let in_tail = self.cache.borrow_mut().tail.get_mut(&series).and_then(|tail| {
                tail.sort();
                tail.last_at(at.0)
            });
            let known = in_tail.map_or(i64::MIN, |point| point.at.0);
            let in_chunks = self.last_in_chunks(series, at.0, known.max(oldest))?;
            // Of one moment, what is in the tail came later.
            let point = match (in_chunks, in_tail) {
                (Some(chunk), Some(tail)) if chunk.at > tail.at => Some(chunk),
                (chunk, tail) => tail.or(chunk),
            };
            found.extend(point.filter(|point| point.at.0 >= oldest).map(|point| (entity, point)));
        }
        Ok(found)
    }

    /// The last folded value at or before `at`, if it is not older than `oldest`.
    fn last_in_chunks(&self, series: u32, at: i64, oldest: i64) -> Result<Option<Point>, RecordingError> {
        if oldest > at {
            return Ok(None);
        }
        // Chunks do not overlap: either one reaches across the moment, or the last one before counts.
        let across = self.spots(
            |salvage| salvage.of(series, 0).iter().find(|spot| spot.last >= at).copied().into_iter().collect(),
            "SELECT first, last, id FROM chunk WHERE series = ?1 AND width = 0 AND last >= ?2 ORDER BY last, first LIMIT 1",
            params![series, at],
            |_| true,
        )?;
        let before = self.spots(
            |salvage| {
                let before = salvage.of(series, 0).iter().rfind(|spot| spot.last < at && spot.last >= oldest);
                before.copied().into_iter().collect()
            },
            "SELECT first, last, id FROM chunk WHERE series = ?1 AND width = 0 AND last < ?2 AND last >= ?3
             ORDER BY last DESC, first DESC LIMIT 1",
            params![series, at, oldest],
            |_| true,
        )?;
        for spot in across.into_iter().filter(|spot| spot.first <= at).chain(before) {
            let Some((header, data)) = self.chunk(series, 0, spot.id)? else { continue };
            let column = self.values_of(series, &header, &data)?;
            if let Some(point) = column.and_then(|column| column.last_at(at)) {
                return Ok(Some(point));
            }
        }
        Ok(None)
    }

    /// The chunks of a level that a range touches, in order.
    fn chunks(&self, series: u32, width: i64, range: TimeRange) -> Result<Vec<(Header, Vec<u8>)>, RecordingError> {
        let touches = |spot: &Spot| spot.first < range.to.0;
        let spots = self.spots(
            |salvage| {
                let spots = salvage.of(series, width).iter().filter(|spot| spot.last >= range.from.0);
                spots.copied().filter(touches).collect()
            },
            "SELECT first, last, id FROM chunk WHERE series = ?1 AND width = ?2 AND last >= ?3 ORDER BY last, first",
            params![series, width, range.from.0],
            touches,
        )?;
        let found = spots.into_iter().map(|spot| self.chunk(series, width, spot.id));
        found.filter_map(Result::transpose).collect()
    }

    /// Where chunks are: by the index, as long as `go_on`; if that is damaged, by what was salvaged.
    fn spots(
        &self,
        salvaged: impl Fn(&Salvage) -> Vec<Spot>,
        sql: &str,
        params: impl Params,
        go_on: impl Fn(&Spot) -> bool,
    ) -> Result<Vec<Spot>, RecordingError> {
        if let Some(salvage) = &self.cache.borrow().salvage {
            return Ok(salvaged(salvage));
        }
        let found = (|| {
            let mut spots = Vec::new();
            let mut select = self.connection.prepare_cached(sql)?;
            let mut rows = select.query(params)?;
            while let Some(row) = rows.next()? {
                let spot = Spot { first: row.get(0)?, last: row.get(1)?, id: row.get(2)? };
                if !go_on(&spot) {
                    break;
                }
                spots.push(spot);
            }
            Ok(spots)
        })();
        match found {
            Err(error) if is_damage(&error) => {
                self.warn_left_out("the index of values");
                let salvage = Salvage::search(&self.connection);
                Ok(salvaged(self.cache.borrow_mut().salvage.insert(salvage)))
            }
            other => other.map_err(|error| self.error(error)),
        }
    }

    /// A chunk; `None`, with a warning, if it is not there or contradicts itself.
    fn chunk(&self, series: u32, width: i64, id: i64) -> Result<Option<(Header, Vec<u8>)>, RecordingError> {
        let columns = Header::COLUMNS;
        let sql = format!("SELECT {columns}, data FROM chunk WHERE id = ?1 AND series = ?2 AND width = ?3");
        let read = |row: &Row<'_>| {
            let header = Header::read(row)?;
            let whole = header.first <= header.last && header.total.min <= header.total.max;
            Ok(if whole && header.length().is_some() { Some((header, row.get(9)?)) } else { None })
        };
        let found = self.collect("the values", &sql, params![id, series, width], read)?.pop();
        if found.is_none() {
            self.warn_left_out("the values");
        }
        Ok(found)
    }

    /// Times and values of a chunk; `None`, with a warning, if it is damaged.
    fn values_of(&self, series: u32, header: &Header, data: &[u8]) -> Result<Option<Column>, RecordingError> {
        let times = self.times_of(header)?;
        let column = times.zip(decode_values(data, series, header));
        if column.is_none() {
            self.warn_left_out("the values");
        }
        Ok(column.map(|(times, values)| Column::new(times.as_ref().clone(), values)))
    }

    fn times_of(&self, header: &Header) -> Result<Option<Arc<Vec<i64>>>, RecordingError> {
        let Some(id) = header.times else { return Ok(None) };
        if let Some(times) = self.cache.borrow().times.get(&id) {
            return Ok((header.length() == Some(times.len())).then(|| Arc::clone(times)));
        }
        let read = |row: &Row<'_>| Ok(decode_times(&row.get::<_, Vec<u8>>(0)?, header));
        let found = self.collect("the times of values", "SELECT data FROM times WHERE id = ?1", [id], read)?;
        let Some(times) = found.into_iter().next().map(Arc::new) else { return Ok(None) };
        let mut cache = self.cache.borrow_mut();
        if cache.kept_times + times.len() > KEPT_TIMES {
            cache.times.clear();
            cache.kept_times = 0;
        }
        cache.kept_times += times.len();
        cache.times.insert(id, Arc::clone(&times));
        Ok(Some(times))
    }

    fn warn_chunk(&self, key: SeriesKey, header: &Header) {
        let name = key.metric.metric().title;
        self.warn(format!(
            "{name} of entity {} from {} to {} is damaged in {} and is left out.",
            key.entity.0,
            Timestamp(header.first).rfc3339(),
            Timestamp(header.last).rfc3339(),
            self.path.display()
        ));
    }

    fn number_of(&self, key: SeriesKey) -> Option<u32> {
        self.cache.borrow().series.get(&key).copied()
    }

    /// The metrics of the file that this program knows, by their numbers in the file.
    pub(super) fn known_metrics(&self) -> Result<HashMap<i64, MetricKey>, RecordingError> {
        let read = |row: &Row<'_>| Ok(Some((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)));
        let names = self.collect("the list of metrics", "SELECT id, name FROM metric", [], read)?;
        let mut known = HashMap::new();
        for (id, name) in names {
            match MetricKey::find(&name) {
                Some(key) => {
                    known.insert(id, key);
                }
                None => self.warn(format!(
                    "{} also has the metric \"{name}\", which this version of Vivarium does not know; it is not shown.",
                    self.path.display()
                )),
            }
        }
        Ok(known)
    }

    /// Learns what a writer has added since the last question; called within a snapshot.
    fn refresh(&self) -> Result<(), RecordingError> {
        let mut cache = self.cache.borrow_mut();
        let newest = self.one("SELECT max(id) FROM series")?;
        if newest.unwrap_or(0) != self.one("SELECT series FROM tally")?.unwrap_or(0) {
            self.warn_left_out("the list of series");
        }
        if newest.unwrap_or(0) > cache.newest_series {
            let metrics = self.known_metrics()?;
            let read = |row: &Row<'_>| {
                let (id, entity, metric) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((row.get::<_, i64>(3)? == series_seal(id, entity, metric)).then_some((id, entity, metric)))
            };
            let sql = "SELECT id, entity, metric, seal FROM series WHERE id > ?1 ORDER BY id";
            for (id, entity, metric) in self.collect("the list of series", sql, [cache.newest_series], read)? {
                if let Some(&metric) = metrics.get(&metric) {
                    cache.series.insert(SeriesKey { entity: EntityId(entity), metric }, id);
                }
            }
            cache.newest_series = newest.unwrap_or(0);
        }
        let folds: Option<i64> = self.one("SELECT folds FROM tally")?;
        if folds.is_some_and(|folds| folds != cache.folds) {
            cache.folds = folds.unwrap_or_default();
            cache.newest_tail = 0;
            cache.tail.clear();
        }
        let sql = "SELECT id, at, data FROM tail WHERE id > ?1 ORDER BY id";
        let read = |row: &Row<'_>| Ok(Some((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?)));
        for (id, at, data) in self.collect("the newest values", sql, [cache.newest_tail], read)? {
            cache.newest_tail = id;
            match decode_tail_row(at, &data) {
                Some(samples) => {
                    samples.for_each(|(series, value)| cache.tail.entry(series).or_default().push(at, value));
                }
                None => self.warn_left_out("the newest values"),
            }
        }
        Ok(())
    }

    /// A single number; `None` if it is missing or damaged.
    fn one(&self, sql: &str) -> Result<Option<i64>, RecordingError> {
        let result = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut select| select.query_row([], |row| row.get::<_, Option<i64>>(0)).optional());
        match result {
            Err(error) if is_damage(&error) => {
                self.warn_left_out("the running totals");
                Ok(None)
            }
            other => other.map(Option::flatten).map_err(|error| self.error(error)),
        }
    }
}
