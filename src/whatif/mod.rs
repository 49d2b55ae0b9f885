//! What would have happened with other settings: models that first re-predict what was recorded, and then change one thing.
//!
//! Every model takes prepared recordings ([`data`]), answers settings of the registry ([`knob`]) with outcomes that have a band and
//! a confidence ([`prediction`]), or refuses and says why. Pure: no clock, no I/O, no threads; randomness is seeded.

pub mod answer;
pub mod beam_heap;
pub mod budget;
pub mod code;
pub mod combine;
pub mod data;
pub mod explore;
pub mod frontier;
pub mod goal;
pub mod heap_limit;
pub mod knob;
pub mod outcome;
pub mod prediction;
pub mod redundancy;
pub mod requests;
pub mod retention;
pub mod scenario;
pub mod sensitivity;
