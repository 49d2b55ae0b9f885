//! From analysis to decision: what was predicted, and what came of it.

pub mod ledger;
