//! A recording that begins: a new file, a source, and the document that says what its measurements belong to.

use std::path::Path;
use std::time::SystemTime;

use super::recorder::{Progress, RecordError, RecordOptions, Recorded, Sink, SinkError, record};
use crate::model::batch::Batch;
use crate::model::document::Document;
use crate::model::time::Timestamp;
use crate::source::{Source, StopSignal};
use crate::store::document::{DocumentError, LoadedDocument, UnknownFields, document_text};
use crate::store::recording::{RecordingError, RecordingInfo, Writer};

/// Why a recording can't be begun or finished.
#[derive(Debug, thiserror::Error)]
pub enum NewRecordingError {
    /// The file can't be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The document can't be put into it.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It broke off.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// A file that exists and a source that waits to be asked.
pub struct NewRecording {
    writer: Writer,
    source: Box<dyn Source>,
    options: RecordOptions,
}

impl NewRecording {
    /// Makes the file, with `map` inside or else an empty document named after the source.
    ///
    /// # Errors
    /// When the file exists already or can't be written.
    pub fn create(
        path: &Path,
        source: Box<dyn Source>,
        map: Option<LoadedDocument>,
        mut options: RecordOptions,
    ) -> Result<Self, NewRecordingError> {
        let info = source.info();
        let (document, unknown) = match map {
            Some(loaded) => (loaded.document, loaded.unknown),
            None => (Document::new(&info.title), UnknownFields::default()),
        };
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let started = Timestamp(i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX));
        let info = RecordingInfo {
            source: info.spec.clone(),
            title: document.title.clone(),
            started,
            notes: info.limits.clone(),
        };
        let mut writer = Writer::create(path, &info)?;
        writer.set_document(&document_text(&document, &unknown)?)?;
        writer.commit()?;
        options.document = Some(document);
        Ok(Self { writer, source, options })
    }

    /// Records until the source ends, the time is over, or `stop` is requested, and makes the file whole.
    ///
    /// # Errors
    /// When source or file can't go on; what was recorded until then is kept in the file.
    pub fn run(
        mut self,
        stop: &StopSignal,
        on_progress: &mut dyn FnMut(&Progress),
    ) -> Result<Recorded, NewRecordingError> {
        let recorded = record(self.source, &mut self.writer, &self.options, stop, on_progress);
        self.writer.finish()?;
        Ok(recorded?)
    }
}

impl Sink for Writer {
    fn append(&mut self, batch: &Batch) -> Result<(), SinkError> {
        Writer::append(self, batch).map_err(Into::into)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Writer::commit(self).map_err(Into::into)
    }
}
