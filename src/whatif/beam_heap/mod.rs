//! The heaps of BEAM processes under other settings: the VM's rules replayed exactly, fed with survivors that a law of births and
//! deaths, fitted to the recording, gives for collections at other moments.

mod bands;
pub mod confidence;
pub mod facts;
pub mod fitted;
pub mod law;
pub mod pause;
pub mod policy;
pub mod predict;
pub mod replay;
pub mod simulate;
pub mod tally;
pub use fitted::Component;
pub use predict::Model;
