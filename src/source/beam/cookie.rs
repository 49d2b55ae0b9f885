//! The secret that a node asks for: where it comes from, and how it is kept from being shown.

use std::fmt;
use std::path::{Path, PathBuf};

use super::super::SourceError;

/// The environment variable that holds a cookie.
const VARIABLE: &str = "VIVARIUM_COOKIE";

/// The environment variable that names a file with a cookie.
const FILE_VARIABLE: &str = "VIVARIUM_COOKIE_FILE";

/// No cookie is longer: it is an atom.
const MAX_LENGTH: usize = 255;

/// A cookie with where it came from. It is never shown: not by `Debug`, and in no error.
#[derive(Clone)]
pub(super) struct Cookie {
    secret: String,
    origin: String,
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie(*** from {})", self.origin)
    }
}

impl Cookie {
    /// The first that is given: by the environment, by the file named in an option or in the environment, by the user's own file.
    ///
    /// # Errors
    /// When there is none, or its file can't be read or may be read by others.
    pub fn find(file: Option<&Path>) -> Result<Self, SourceError> {
        Self::from_environment(file, |name| std::env::var_os(name).map(PathBuf::from))
    }

    fn from_environment(file: Option<&Path>, variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, SourceError> {
        if let Some(secret) = variable(VARIABLE) {
            return Self::checked(&secret.to_string_lossy(), format!("the environment variable {VARIABLE}"));
        }
        if let Some(file) = file.map(Path::to_owned).or_else(|| variable(FILE_VARIABLE)) {
            return Self::read(&file);
        }
        let home = variable("HOME").or_else(|| variable("USERPROFILE"));
        let own = home.as_ref().map(|home| home.join(".erlang.cookie"));
        let config = variable("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")));
        let other = config.map(|config| config.join("erlang").join(".erlang.cookie"));
        match own.into_iter().chain(other).find(|path| path.exists()) {
            Some(path) => Self::read(&path),
            None => Err(SourceError(format!(
                "no cookie for the node: there is no ~/.erlang.cookie; name a file with --cookie-file or set {VARIABLE}"
            ))),
        }
    }

    fn read(path: &Path) -> Result<Self, SourceError> {
        let shown = path.display();
        let why = |error: std::io::Error| {
            SourceError(format!("can't read the cookie file {shown}: {error}; name another with --cookie-file"))
        };
        let metadata = std::fs::metadata(path).map_err(why)?;
        if is_open_to_others(&metadata) {
            return Err(SourceError(format!(
                "the cookie file {shown} can be read by others, so it is not used: run `chmod 600 {shown}` and try again"
            )));
        }
        if metadata.len() > 4096 {
            return Err(SourceError(format!(
                "{shown} is no cookie file, it is too long; name another with --cookie-file"
            )));
        }
        Self::checked(&std::fs::read_to_string(path).map_err(why)?, format!("the file {shown}"))
    }

    fn checked(text: &str, origin: String) -> Result<Self, SourceError> {
        let secret = text.trim_end_matches(['\n', '\r', ' ', '\t']).to_owned();
        if secret.is_empty() || secret.len() > MAX_LENGTH {
            return Err(SourceError(format!(
                "the cookie in {origin} must have 1 to {MAX_LENGTH} characters; give the node's cookie there"
            )));
        }
        Ok(Self { secret, origin })
    }

    /// For the handshake alone.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Where it came from, e.g. `the file /home/me/.erlang.cookie`.
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[cfg(unix)]
fn is_open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_metadata: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &tempfile::TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        #[cfg(not(unix))]
        let _ = mode;
        path
    }

    #[test]
    fn the_environment_comes_before_the_named_file_before_the_users_own() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder, ".erlang.cookie", "OWN\n", 0o400);
        let named = file(&folder, "named", "NAMED\n\n", 0o600);
        let home = folder.path().to_owned();
        let only_home = |name: &str| (name == "HOME").then(|| home.clone());
        let all = |name: &str| if name == VARIABLE { Some(PathBuf::from("ENV")) } else { only_home(name) };
        let secret = |cookie: Result<Cookie, SourceError>| cookie.unwrap().secret().to_owned();
        assert_eq!(secret(Cookie::from_environment(Some(&named), all)), "ENV");
        assert_eq!(secret(Cookie::from_environment(Some(&named), only_home)), "NAMED");
        assert_eq!(secret(Cookie::from_environment(None, only_home)), "OWN");
        let none = Cookie::from_environment(None, |_| None).unwrap_err().to_string();
        assert!(none.contains("--cookie-file") && none.contains(VARIABLE), "{none}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o640, 0o604] {
            let open = file(&folder, "open", "SECRET", mode);
            let error = Cookie::from_environment(Some(&open), |_| None).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && !error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn a_cookie_is_never_shown() {
        let cookie = Cookie::checked("SECRET\n", String::from("a test")).unwrap();
        assert!(!format!("{cookie:?}").contains("SECRET"));
        assert!(Cookie::checked(&"S".repeat(300), String::from("a test")).unwrap_err().to_string().contains("a test"));
    }
}
