//! The few figures at the head of the window.

use crate::model::quantity::Quantity;

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Vital {
    /// What it is.
    pub label: String,
    /// What exactly; for the tooltip.
    pub definition: String,
    /// How much and from where; `None` if the session can't tell.
    pub quantity: Option<Quantity>,
    /// Which source would tell, where the quantity is missing.
    pub needs: Option<String>,
}
