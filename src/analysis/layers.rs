//! One metric of all components over time, stacked: what the whole consisted of.

use super::grid::Grid;
use crate::model::entity::EntityId;
use crate::model::id::ComponentId;
use crate::model::metric::MetricKey;
use crate::model::series::Buckets;
use crate::model::time::{TimeRange, Timestamp};

/// Components stacked over time on one grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Layers {
    /// What is stacked.
    pub metric: MetricKey,
    /// The stretch of time that it was prepared for.
    pub range: TimeRange,
    /// Width of one column in nanoseconds.
    pub width_ns: i64,
    /// Start of each column; a column in which nothing was measured is absent.
    pub times: Vec<Timestamp>,
    /// From the bottom up: largest mean first; the smallest components together as one rest.
    pub layers: Vec<Layer>,
    /// The whole, if it was measured by itself; NaN in columns where it was not.
    pub total: Option<Vec<f64>>,
}

/// One component's band.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Whose; `None` for the rest.
    pub component: Option<ComponentId>,
    /// Which member of a component, where its members are stacked.
    pub entity: Option<EntityId>,
    /// Its name.
    pub title: String,
    /// Mean in each column, 0 where it did not exist.
    pub values: Vec<f64>,
}

/// Stacks series of components on one grid.
///
/// A component counts 0 where it has no value but others have; a column in which nothing has a value is left out, so that
/// gaps stay visible. The layers with the largest means come first (equal ones by name); from the `max_layers`-th on they
/// are joined as "n others".
pub fn stack(
    metric: MetricKey,
    range: TimeRange,
    width_ns: i64,
    series: Vec<(Option<ComponentId>, String, Buckets)>,
    total: Option<Buckets>,
    max_layers: usize,
) -> Layers {
    let layer = |(component, title, buckets)| (Layer { component, entity: None, title, values: Vec::new() }, buckets);
    stack_of(metric, range, width_ns, series.into_iter().map(layer).collect(), total, max_layers)
}

/// Stacks series of members of one component in the same way.
pub fn stack_members(
    metric: MetricKey,
    range: TimeRange,
    width_ns: i64,
    series: Vec<(EntityId, String, Buckets)>,
    total: Option<Buckets>,
    max_layers: usize,
) -> Layers {
    let layer = |(entity, title, buckets)| {
        (Layer { component: None, entity: Some(entity), title, values: Vec::new() }, buckets)
    };
    stack_of(metric, range, width_ns, series.into_iter().map(layer).collect(), total, max_layers)
}

fn stack_of(
    metric: MetricKey,
    range: TimeRange,
    width_ns: i64,
    series: Vec<(Layer, Buckets)>,
    total: Option<Buckets>,
    max_layers: usize,
) -> Layers {
    let grid = Grid::new(range, width_ns);
    let rows: Vec<Vec<f64>> = series.iter().map(|(_, buckets)| grid.means(buckets)).collect();
    let total = total.map(|buckets| grid.means(&buckets));
    let has_value =
        |&column: &usize| rows.iter().chain(total.as_ref()).any(|row| row.get(column).is_some_and(|v| v.is_finite()));
    let measured: Vec<usize> = (0..grid.columns).filter(has_value).collect();
    let pick = |row: &[f64], absent: f64| -> Vec<f64> {
        measured.iter().map(|&column| if row[column].is_finite() { row[column] } else { absent }).collect()
    };
    let mut layers: Vec<Layer> =
        series.into_iter().zip(&rows).map(|((layer, _), row)| Layer { values: pick(row, 0.0), ..layer }).collect();
    // All layers have the same columns, so that their sums order them as their means do.
    let weight = |layer: &Layer| layer.values.iter().sum::<f64>();
    layers.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.title.cmp(&b.title)));
    if layers.len() > max_layers.max(1) {
        let joined = layers.split_off(max_layers.max(1) - 1);
        let mut values = vec![0.0; measured.len()];
        for layer in &joined {
            values.iter_mut().zip(&layer.values).for_each(|(sum, value)| *sum += value);
        }
        layers.push(Layer { component: None, entity: None, title: format!("{} others", joined.len()), values });
    }
    let times = measured.iter().map(|&column| range.from.plus_ns(column as i64 * grid.width_ns)).collect();
    let total = total.map(|row| pick(&row, f64::NAN));
    Layers { metric, range, width_ns: grid.width_ns, times, layers, total }
}

#[cfg(test)]
mod tests {
    use super::super::grid::tests::{range, series};
    use super::*;
    use crate::model::metric::MEMORY_RESIDENT;

    fn named(name: &str, values: &[(i64, f64)]) -> (Option<ComponentId>, String, Buckets) {
        (Some(ComponentId::from(name)), name.to_owned(), series(10, values))
    }

    #[test]
    fn layers_share_columns_and_leave_gaps_out() {
        let parts = vec![named("small", &[(0, 1.0), (10, 1.0)]), named("large", &[(0, 5.0), (30, 7.0)])];
        let total = series(10, &[(0, 8.0), (30, 9.0)]);
        let layers = stack(MEMORY_RESIDENT, range(0, 40), 10, parts, Some(total), 8);
        assert_eq!(layers.times, [Timestamp(0), Timestamp(10), Timestamp(30)], "nothing was measured at 20");
        let titles: Vec<&str> = layers.layers.iter().map(|layer| layer.title.as_str()).collect();
        assert_eq!(titles, ["large", "small"]);
        assert_eq!(layers.layers[0].values, [5.0, 0.0, 7.0]);
        assert_eq!(layers.layers[1].values, [1.0, 1.0, 0.0]);
        let total = layers.total.unwrap();
        assert_eq!((total[0], total[2]), (8.0, 9.0));
        assert!(total[1].is_nan());
    }

    #[test]
    fn the_small_ones_are_joined_and_nothing_is_lost() {
        let parts: Vec<_> = (1..=9).map(|size| named(&format!("c{size}"), &[(0, f64::from(size))])).collect();
        let layers = stack(MEMORY_RESIDENT, range(0, 10), 10, parts, None, 4);
        let titles: Vec<&str> = layers.layers.iter().map(|layer| layer.title.as_str()).collect();
        assert_eq!(titles, ["c9", "c8", "c7", "6 others"]);
        let sum: f64 = layers.layers.iter().map(|layer| layer.values[0]).sum();
        assert_eq!(sum, 45.0);
        assert_eq!(layers.layers[3].component, None);
        assert_eq!(layers.total, None);
    }

    #[test]
    fn members_of_one_component_keep_who_they_are() {
        let member = |id: u32, value: f64| (EntityId(id), format!("p{id}"), series(10, &[(0, value)]));
        let total = series(10, &[(0, 10.0)]);
        let layers =
            stack_members(MEMORY_RESIDENT, range(0, 10), 10, vec![member(1, 2.0), member(2, 5.0)], Some(total), 8);
        let found: Vec<_> = layers.layers.iter().map(|layer| (layer.entity, layer.component.clone())).collect();
        assert_eq!(found, [(Some(EntityId(2)), None), (Some(EntityId(1)), None)]);
        assert_eq!(layers.total, Some(vec![10.0]), "more than those whose values were kept one by one");
    }

    #[test]
    fn nothing_measured_gives_no_columns() {
        let layers = stack(MEMORY_RESIDENT, range(0, 40), 10, vec![named("a", &[])], None, 4);
        assert!(layers.times.is_empty());
    }
}
