//! Where a dump's bytes are: mapped from its file, so that gigabytes of it take no memory of ours.

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// All bytes of a dump.
#[derive(Debug)]
pub(super) enum Bytes {
    /// A file's pages, read by the system as they are looked at.
    Mapped(Mmap),
    /// An empty file, which can't be mapped, or a dump made in memory.
    Owned(Vec<u8>),
}

impl Bytes {
    /// Maps a file.
    ///
    /// # Errors
    /// When it is no file that can be mapped.
    pub fn of_file(file: &File) -> io::Result<Self> {
        if file.metadata()?.len() == 0 {
            return Ok(Self::Owned(Vec::new()));
        }
        // SAFETY: the pages are only read, as bytes that may be anything; every parser holds whatever it reads against the
        // length of the map. A file that somebody cuts short while it is open ends the program, as with every mapped file:
        // dumps are written once, by a node that dies.
        let map = unsafe { Mmap::map(file)? };
        #[cfg(unix)]
        // Read from front to back at first; that it can't be advised does not matter.
        let _ = map.advise(memmap2::Advice::Sequential);
        Ok(Self::Mapped(map))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Owned(bytes) => bytes,
        }
    }
}
