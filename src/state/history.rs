//! Undo and redo of the document, one step for each thing that the user did.

use std::sync::Arc;

use crate::model::document::Document;

const MAX_STEPS: usize = 200;

/// One step that can be undone.
#[derive(Clone, Debug)]
struct Step {
    /// What the user did, for the menu.
    title: String,
    /// Steps with the same key in a row are one: typing, dragging.
    merge_key: Option<String>,
    /// The document on the other side of the step.
    document: Arc<Document>,
}

/// Documents before and after the present one.
#[derive(Clone, Debug, Default)]
pub struct History {
    undo: Vec<Step>,
    redo: Vec<Step>,
}

impl History {
    /// Notes that `before` was changed by what `title` says.
    ///
    /// Successive changes with the same `merge_key` become one step, so that a drag or a typed word is undone at once.
    pub fn record(&mut self, title: &str, merge_key: Option<String>, before: Arc<Document>) {
        self.redo.clear();
        let continues = merge_key.is_some() && self.undo.last().is_some_and(|last| last.merge_key == merge_key);
        if continues {
            return;
        }
        self.undo.push(Step { title: title.to_owned(), merge_key, document: before });
        if self.undo.len() > MAX_STEPS {
            self.undo.remove(0);
        }
    }

    /// Ends a run of changes that would be merged, e.g. when a text field is left.
    pub fn seal(&mut self) {
        if let Some(last) = self.undo.last_mut() {
            last.merge_key = None;
        }
    }

    /// What undo would undo.
    pub fn undo_title(&self) -> Option<&str> {
        self.undo.last().map(|step| step.title.as_str())
    }

    /// What redo would do again.
    pub fn redo_title(&self) -> Option<&str> {
        self.redo.last().map(|step| step.title.as_str())
    }

    /// The document before the last step, given the present one.
    pub fn undo(&mut self, present: Arc<Document>) -> Option<Arc<Document>> {
        let step = self.undo.pop()?;
        self.redo.push(Step { title: step.title, merge_key: None, document: present });
        Some(step.document)
    }

    /// The document after the step undone last, given the present one.
    pub fn redo(&mut self, present: Arc<Document>) -> Option<Arc<Document>> {
        let step = self.redo.pop()?;
        self.undo.push(Step { title: step.title, merge_key: None, document: present });
        Some(step.document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(title: &str) -> Arc<Document> {
        Arc::new(Document::new(title))
    }

    #[test]
    fn a_typed_word_is_one_step() {
        let mut history = History::default();
        history.record("edit", Some("title".to_owned()), document(""));
        history.record("edit", Some("title".to_owned()), document("a"));
        history.record("edit", Some("title".to_owned()), document("ab"));
        let undone = history.undo(document("abc")).unwrap();
        assert_eq!(undone.title, "");
        assert_eq!(history.undo_title(), None);
        assert_eq!(history.redo(undone).unwrap().title, "abc");
    }

    #[test]
    fn a_new_change_forgets_what_was_undone() {
        let mut history = History::default();
        history.record("one", None, document("0"));
        history.undo(document("1"));
        history.record("two", None, document("0"));
        assert_eq!(history.redo_title(), None);
    }
}
