//! Temporary.
use crate::model::document::Document;
use crate::model::time::TimeRange;
use crate::store::recording::{Recording, RecordingError};
use crate::whatif::data::SessionData;

/// Nothing.
pub fn gather(_: &Recording, _: Option<&Document>, range: TimeRange) -> Result<SessionData, RecordingError> {
    Ok(SessionData { range: Some(range), ..SessionData::default() })
}
