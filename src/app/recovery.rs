//! Changes that were not saved survive a crash: the document is written beside the settings soon after each change.

use std::path::PathBuf;

use super::App;
use crate::store::document::write_document;

impl App {
    /// Writes the document with its changes, so that they can be recovered; in the background.
    pub(super) fn keep_for_recovery(&mut self) {
        let Some(open) = &self.open else { return };
        let (path, document, unknown) = (self.recovery_file(), self.state.document.clone(), open.unknown.clone());
        let order = move || {
            if let Some(folder) = path.parent()
                && std::fs::create_dir_all(folder).is_ok()
            {
                // If even this can't be written, saving will say so; a copy for a crash is no reason to bother.
                let _ = write_document(&path, &document, &unknown);
            }
        };
        self.jobs.quietly(order);
    }

    /// Forgets the copy, once everything is saved.
    pub(super) fn forget_recovery(&mut self) {
        let path = self.recovery_file();
        self.jobs.quietly(move || {
            let _ = std::fs::remove_file(path);
        });
    }

    /// Puts documents that were never saved among the recent files.
    pub(super) fn offer_recovery(&mut self) {
        let Ok(entries) = std::fs::read_dir(self.settings.recovery_folder()) else { return };
        let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        found.retain(|path| path.extension().is_some_and(|extension| extension == "ron"));
        found.sort();
        if !found.is_empty() {
            self.say(format!("{} unsaved session(s) of before are listed under Files", found.len()));
            self.state.recent.splice(0..0, found);
        }
    }

    fn recovery_file(&self) -> PathBuf {
        self.settings.recovery_folder().join(format!("{}-{}.ron", std::process::id(), self.session_number))
    }
}
