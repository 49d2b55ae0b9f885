//! The heaps of BEAM processes under other settings: the VM's rules replayed exactly, fed with survivors that a law of births and
//! deaths, fitted to the recording, gives for collections at other moments.

pub mod facts;
pub mod policy;
pub mod replay;
