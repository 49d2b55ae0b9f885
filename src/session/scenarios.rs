//! Answering what-if questions about a recording: what the models read is gathered and prepared once for each stretch of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::whatif::gather;
use crate::model::document::Document;
use crate::model::time::TimeRange;
use crate::state::question::{Answer, Question};
use crate::state::whatif::{Compared, ExploredAnswer, Predicted, parse};
use crate::store::recording::{Recording, RecordingError};
use crate::whatif::answer::{Models, availability, predict};
use crate::whatif::data::SessionData;
use crate::whatif::explore::explore;
use crate::whatif::prediction::Effort;

/// What has been prepared.
#[derive(Default)]
pub struct Scenarios {
    prepared: Option<Prepared>,
}

struct Prepared {
    of: (PathBuf, TimeRange),
    data: SessionData,
    models: Models,
}

impl Scenarios {
    /// Answers one; `None` if it was `cancelled` meanwhile or is no such question.
    ///
    /// # Errors
    /// When the recording can't be read.
    pub fn answer(
        &mut self,
        question: &Question,
        document: &Document,
        recording: Option<&Recording>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Answer>, RecordingError> {
        let range = match question {
            Question::Knobs { range }
            | Question::Predict { range, .. }
            | Question::Compare { range, .. }
            | Question::Explore { range, .. } => *range,
            _ => return Ok(None),
        };
        let prepared = self.prepare(document, recording, range)?;
        // Settings that can't be read any more, of a later version perhaps, have no effect; the view names them.
        let parsed = |settings: &[(String, String)]| -> Vec<_> {
            settings.iter().filter_map(|one| parse(std::slice::from_ref(one)).ok()).flatten().collect()
        };
        if let Question::Explore { settings, exploration, .. } = question {
            let found = explore(&mut prepared.models, &prepared.data, &parsed(settings), exploration, cancelled);
            return Ok(found.map(|explored| {
                let (settings, exploration) = (settings.clone(), exploration.clone());
                Answer::Explored(ExploredAnswer { settings, exploration, explored: Arc::new(explored) })
            }));
        }
        let mut predicted = |settings: &[(String, String)], effort| {
            let parsed = parsed(settings);
            let parts = predict(&mut prepared.models, &prepared.data, &parsed, effort, cancelled);
            Predicted { settings: settings.to_vec(), range, effort, parts }
        };
        let answer = match question {
            Question::Predict { settings, effort, .. } => Answer::Predicted(predicted(settings, *effort)),
            Question::Compare { scenarios, .. } => {
                let one = |(id, settings): &(_, Vec<_>)| Compared {
                    scenario: Clone::clone(id),
                    predicted: Arc::new(predicted(settings, Effort::Full)),
                };
                Answer::Compared(scenarios.iter().map(one).collect())
            }
            _ => Answer::Knobs(availability(&prepared.data)),
        };
        Ok((!cancelled()).then_some(answer))
    }

    /// Fits one more component of what was asked about last, while nobody asks; false when there is none left.
    pub fn prepare_one(&mut self) -> bool {
        self.prepared.as_mut().is_some_and(|prepared| prepared.models.prepare_one(&prepared.data))
    }

    fn prepare(
        &mut self,
        document: &Document,
        recording: Option<&Recording>,
        range: TimeRange,
    ) -> Result<&mut Prepared, RecordingError> {
        let path = recording.map_or(Path::new(""), Recording::path).to_owned();
        let of = (path, range);
        let prepared = match self.prepared.take().filter(|prepared| prepared.of == of) {
            Some(prepared) => prepared,
            None => {
                let data = match recording {
                    Some(recording) => gather(recording, Some(document), Some(range))?,
                    None => SessionData::default(),
                };
                Prepared { of, data, models: Models::default() }
            }
        };
        Ok(self.prepared.insert(prepared))
    }
}
