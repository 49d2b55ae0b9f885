//! A file as importers read it: unpacked, counted, with its beginning at hand.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::Progress;
use super::complaints::Complaints;
use crate::source::SourceError;

/// So much of a file is looked at to tell its kind.
const HEAD_BYTES: u64 = 16 << 10;

/// A longer line is none that we know.
pub(super) const MAX_LINE_BYTES: usize = 1 << 20;

type Stream = Box<dyn BufRead + Send>;

/// An open file.
pub(super) struct Input {
    name: String,
    head: Vec<u8>,
    stream: Stream,
    progress: Progress,
    /// Where it lies; not of one made in memory.
    path: Option<PathBuf>,
    is_packed: bool,
}

/// What is unpacked into a file is at most so large; more is a file made to fill disks.
const MAX_UNPACKED_BYTES: u64 = 64 << 30;

impl Input {
    /// Opens a file and looks at its beginning.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        Self::open_beside(path, &Progress::default())
    }

    /// Opens one more file whose bytes count as part of what `progress` is about.
    pub fn open_beside(path: &Path, progress: &Progress) -> Result<Self, SourceError> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let error = |error: io::Error| SourceError(format!("can't read {}: {error}", path.display()));
        let file = File::open(path).map_err(error)?;
        progress.size.fetch_add(file.metadata().map_err(error)?.len(), Ordering::Relaxed);
        let counted = Counted { file, read: Arc::clone(&progress.read) };
        let input = Self::new(name, counted, progress.clone()).map_err(error)?;
        Ok(Self { path: Some(path.to_owned()), ..input })
    }

    fn new(name: String, file: impl Read + Send + 'static, progress: Progress) -> io::Result<Self> {
        let mut packed = BufReader::with_capacity(1 << 16, file);
        let magic = packed.fill_buf()?;
        let [is_gzip, is_zstd] = [&[0x1f, 0x8b][..], &[0x28, 0xb5, 0x2f, 0xfd]].map(|kind| magic.starts_with(kind));
        let mut stream: Stream = if is_gzip {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(packed)))
        } else if is_zstd {
            Box::new(BufReader::with_capacity(1 << 16, Frames { rest: Some(packed), frame: None }))
        } else {
            Box::new(packed)
        };
        let mut head = Vec::new();
        // A compressed file that is cut off has told its kind before.
        let _cut_off = stream.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
        let stream = Box::new(Cursor::new(head.clone()).chain(stream));
        Ok(Self { name, head, stream, progress, path: None, is_packed: is_gzip || is_zstd })
    }

    /// From memory, for tests.
    #[cfg(test)]
    pub fn of_bytes(name: &str, bytes: &[u8]) -> Self {
        Self::new(name.to_owned(), Cursor::new(bytes.to_vec()), Progress::default()).unwrap()
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it is.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Its first kilobytes.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// All bytes, from the beginning.
    pub fn into_stream(self) -> Stream {
        self.stream
    }

    /// As a file that can be mapped: itself, or what it unpacks to, in a temporary file that goes with its handle. If it can be
    /// unpacked in part only, a sentence says so.
    pub fn into_file(mut self) -> Result<(File, Option<String>), SourceError> {
        let error = |error: io::Error| SourceError(format!("can't read {}: {error}", self.name));
        if let Some(path) = self.path.filter(|_| !self.is_packed) {
            return Ok((File::open(path).map_err(error)?, None));
        }
        let mut file = tempfile::tempfile().map_err(error)?;
        let (mut buffer, mut written) = (vec![0; 1 << 16], 0_u64);
        loop {
            let count = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok((file, None)),
                Ok(_) if written >= MAX_UNPACKED_BYTES => {
                    return Ok((file, Some(format!("it is read up to {} GiB only", MAX_UNPACKED_BYTES >> 30))));
                }
                Ok(count) => count,
                Err(error) if written > 0 => {
                    return Ok((file, Some(format!("it can be unpacked up to byte {written} only: {error}"))));
                }
                Err(other) => return Err(error(other)),
            };
            file.write_all(&buffer[..count]).map_err(|error| {
                let folder = std::env::temp_dir();
                SourceError(format!(
                    "no room to unpack {} in {}: {error}; free some space, or set TMPDIR to a folder with more",
                    self.name,
                    folder.display()
                ))
            })?;
            written += count as u64;
        }
    }

    /// Line by line.
    pub fn into_lines(self) -> Lines {
        Lines { stream: self.stream, line: Vec::new(), number: 0 }
    }
}

/// Lines of text of bounded length.
pub(super) struct Lines {
    stream: Stream,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    /// The next line with its number, without its end; `None` at the end of the file, also if it is damaged from here on. Lines that
    /// are too long are left out.
    pub fn next(&mut self, complaints: &mut Complaints) -> Option<(u64, &[u8])> {
        self.advance(complaints).then_some((self.number, &self.line))
    }

    /// The line that was read last.
    pub fn current(&self) -> &[u8] {
        &self.line
    }

    /// Reads the next line, if there is one.
    pub fn advance(&mut self, complaints: &mut Complaints) -> bool {
        self.read(complaints).is_some()
    }

    fn read(&mut self, complaints: &mut Complaints) -> Option<()> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut limited = self.stream.by_ref().take(MAX_LINE_BYTES as u64 + 1);
            match limited.read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    complaints.say(format!("it can be read up to line {} only: {error}", self.number));
                    return None;
                }
            }
            if self.line.len() > MAX_LINE_BYTES {
                complaints.leave_out(&format!("line {}", self.number), "the line is longer than a megabyte");
                self.pass_over_line(complaints)?;
                continue;
            }
            while let [rest @ .., b'\n' | b'\r'] = self.line.as_slice() {
                let length = rest.len();
                self.line.truncate(length);
            }
            return Some(());
        }
    }

    fn pass_over_line(&mut self, complaints: &mut Complaints) -> Option<()> {
        loop {
            let buffer = match self.stream.fill_buf() {
                Ok([]) => return None,
                Ok(buffer) => buffer,
                Err(error) => {
                    complaints.say(format!("it can be read up to line {} only: {error}", self.number));
                    return None;
                }
            };
            let (length, found) = match buffer.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            };
            self.stream.consume(length);
            if found {
                return Some(());
            }
        }
    }
}

/// Counts what was read of a file.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Zstandard frames, one after the other.
struct Frames<R: BufRead> {
    rest: Option<R>,
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(frame) = &mut self.frame {
                let count = frame.read(buffer)?;
                if count > 0 || buffer.is_empty() {
                    return Ok(count);
                }
                self.rest = self.frame.take().map(StreamingDecoder::into_inner);
            }
            let Some(mut rest) = self.rest.take() else { return Ok(0) };
            if rest.fill_buf()?.is_empty() {
                return Ok(0);
            }
            self.frame = Some(StreamingDecoder::new(rest).map_err(io::Error::other)?);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn lines(input: Input, complaints: &mut Complaints) -> Vec<String> {
        let mut lines = input.into_lines();
        let mut found = Vec::new();
        while let Some((_, line)) = lines.next(complaints) {
            found.push(String::from_utf8_lossy(line).into_owned());
        }
        found
    }

    #[test]
    fn packed_files_are_unpacked_and_what_is_cut_off_is_said() {
        let text: String = (0..100_000).map(|number| format!("line {number}\n")).collect();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(text.as_bytes()).unwrap();
        let gzip = packer.finish().unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        for packed in [&gzip, &zstd] {
            let mut complaints = Complaints::new("a");
            let twice = [packed.as_slice(), packed.as_slice()].concat();
            assert_eq!(lines(Input::of_bytes("a", &twice), &mut complaints).len(), 200_000);
            assert!(complaints.notices(Default::default()).is_empty());
            let cut = lines(Input::of_bytes("a", &packed[..packed.len() * 9 / 10]), &mut complaints);
            assert!(!cut.is_empty() && cut.len() < 100_000, "{}", cut.len());
            assert!(complaints.notices(Default::default())[0].text.contains("only"));
        }
    }

    #[test]
    fn a_huge_line_is_left_out_and_the_next_one_is_read() {
        let mut bytes = vec![b'x'; 5 * MAX_LINE_BYTES];
        bytes.extend_from_slice(b"\r\nnext\r\n");
        let mut complaints = Complaints::new("a");
        assert_eq!(lines(Input::of_bytes("a", &bytes), &mut complaints), ["next"]);
        assert!(complaints.notices(Default::default())[0].text.contains("line 1: the line is longer"));
    }
}
