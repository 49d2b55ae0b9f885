//! Recordings as their users meet them: what goes in comes out, decimated or raw, while growing, after kills and damage.

mod damage;
mod helpers;
mod kill;
mod live;
mod round_trip;
mod series;
