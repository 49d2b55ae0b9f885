//! File dialogs. They block, so they are only called from threads of their own.

use std::path::PathBuf;

/// Asks for a session to open; `None` if the user thought better of it.
pub fn choose_to_open() -> Option<PathBuf> {
    rfd::FileDialog::new()
        .set_title("Open a session")
        .add_filter("Vivarium sessions", &["vivarium", "ron"])
        .add_filter("All files", &["*"])
        .pick_file()
}

/// Asks where to save a session; `None` if the user thought better of it.
pub fn choose_to_save(suggestion: &str, has_recording: bool) -> Option<PathBuf> {
    let (name, extension) = if has_recording { ("Recording", "vivarium") } else { ("Document", "ron") };
    let chosen = rfd::FileDialog::new()
        .set_title("Save the session")
        .set_file_name(suggestion)
        .add_filter(name, &[extension])
        .save_file()?;
    Some(if chosen.extension().is_none() { chosen.with_extension(extension) } else { chosen })
}
