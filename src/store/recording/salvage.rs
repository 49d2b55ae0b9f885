//! Finding chunks in a file whose index of them is damaged, by going through the table itself.

use std::collections::HashMap;

use rusqlite::Connection;

/// Where a chunk is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    /// First value or bucket.
    pub(super) first: i64,
    /// Last value or bucket.
    pub(super) last: i64,
    /// Its row.
    pub(super) id: i64,
}

/// The chunks of each series and width that can still be reached, in order of time.
#[derive(Debug, Default)]
pub(super) struct Salvage(HashMap<(u32, i64), Vec<Spot>>);

impl Salvage {
    /// Goes through all rows that can be read. Where pages are missing it feels its way, in ever longer strides, to the next
    /// rows.
    pub(super) fn search(connection: &Connection) -> Self {
        let mut spots: HashMap<_, Vec<Spot>> = HashMap::new();
        let (mut next, mut stride) = (0i64, 1i64);
        while next < i64::MAX {
            let result = (|| -> rusqlite::Result<()> {
                let sql = "SELECT id, series, width, first, last FROM chunk NOT INDEXED WHERE id >= ?1 ORDER BY id";
                let mut select = connection.prepare_cached(sql)?;
                let mut rows = select.query([next])?;
                while let Some(row) = rows.next()? {
                    next = row.get::<_, i64>(0)?.saturating_add(1);
                    stride = 1;
                    let (series, width) = (row.get(1), row.get(2));
                    if let (Ok(series), Ok(width), Ok(first), Ok(last)) = (series, width, row.get(3), row.get(4)) {
                        spots.entry((series, width)).or_default().push(Spot { first, last, id: next - 1 });
                    }
                }
                Ok(())
            })();
            if result.is_ok() {
                break;
            }
            next = next.saturating_add(stride);
            stride = stride.saturating_mul(2);
        }
        spots.values_mut().for_each(|spots| spots.sort_by_key(|spot| (spot.last, spot.first, spot.id)));
        Self(spots)
    }

    /// The chunks of a series and width.
    pub(super) fn of(&self, series: u32, width: i64) -> &[Spot] {
        self.0.get(&(series, width)).map_or(&[], Vec::as_slice)
    }
}
