//! What the program remembers between two starts: recent files and the theme.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::state::ThemeChoice;

const MAX_RECENT: usize = 12;

/// Settings, kept as RON in the user's configuration folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Files opened before, newest first.
    #[serde(default)]
    pub recent: Vec<PathBuf>,
    /// `light`, `dark`, or empty for what the desktop says.
    #[serde(default)]
    theme: String,
    /// The folder of settings and unsaved sessions; `None` if there is no place for them.
    #[serde(skip)]
    home: Option<PathBuf>,
}

impl Settings {
    /// Reads them; a missing or damaged file gives the defaults.
    pub fn load(home: Option<&Path>) -> Self {
        let home = home.map(Path::to_owned).or_else(|| {
            directories::ProjectDirs::from("", "", "vivarium").map(|folders| folders.data_local_dir().to_owned())
        });
        let text = home.as_ref().and_then(|home| std::fs::read_to_string(home.join("settings.ron")).ok());
        let mut settings: Settings = text.and_then(|text| ron::from_str(&text).ok()).unwrap_or_default();
        settings.recent.retain(|path| path.exists());
        settings.home = home;
        settings
    }

    /// Writes them; if that fails, the program just forgets.
    pub fn save(&self) {
        let Some(home) = &self.home else { return };
        let text = ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default());
        if let (Ok(text), Ok(())) = (text, std::fs::create_dir_all(home)) {
            let _ = std::fs::write(home.join("settings.ron"), text);
        }
    }

    /// Light or dark.
    pub fn theme(&self) -> ThemeChoice {
        match self.theme.as_str() {
            "light" => ThemeChoice::Light,
            "dark" => ThemeChoice::Dark,
            _ => ThemeChoice::System,
        }
    }

    /// Remembers light or dark.
    pub fn set_theme(&mut self, theme: ThemeChoice) {
        let word = match theme {
            ThemeChoice::Light => "light",
            ThemeChoice::Dark => "dark",
            ThemeChoice::System => "",
        };
        self.theme = word.to_owned();
        self.save();
    }

    /// Puts a file first among the recent ones.
    pub fn remember(&mut self, path: &Path) {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|known| known != &path);
        self.recent.insert(0, path);
        self.recent.truncate(MAX_RECENT);
        self.save();
    }

    /// Where live sessions are recorded until they are saved.
    pub fn live_folder(&self) -> PathBuf {
        self.folder("live")
    }

    /// Where unsaved changes are kept.
    pub fn recovery_folder(&self) -> PathBuf {
        self.folder("unsaved")
    }

    fn folder(&self, name: &str) -> PathBuf {
        match &self.home {
            Some(home) => home.join(name),
            None => std::env::temp_dir().join("vivarium").join(name),
        }
    }
}

/// The choice in egui's words.
pub fn egui_theme(theme: ThemeChoice) -> egui::ThemePreference {
    match theme {
        ThemeChoice::System => egui::ThemePreference::System,
        ThemeChoice::Light => egui::ThemePreference::Light,
        ThemeChoice::Dark => egui::ThemePreference::Dark,
    }
}
