//! Stated figures against measured ones of the same metric.

use super::Disagreement;
use crate::model::document::Document;

/// A metric as it was measured over a time.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasuredFigure {}

/// Stated figures that measurements do not bear out.
pub fn against_measured(_document: &Document, _measured: &[MeasuredFigure]) -> Vec<Disagreement> {
    Vec::new()
}
