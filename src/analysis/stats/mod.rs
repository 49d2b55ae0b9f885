//! Statistics that trends, forecasts and predictions rest on: seeded, deterministic, without a clock.
//!
//! Small on purpose: no crate offers robust trends with honest intervals under autocorrelation, and the rest is a few lines each.

pub mod bootstrap;
pub mod changepoint;
pub mod histogram;
pub mod proportion;
pub mod quantile;
pub mod random;
pub mod trend;
