//! The sessions that are part of the program, so that there is something to open before anything was measured.

/// A session inside the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// Its name on the command line and in links.
    pub name: &'static str,
    /// What it is, for the welcome page.
    pub title: &'static str,
    /// The document as RON text, for [`parse_document`](super::document::parse_document).
    pub text: &'static str,
}

/// Every bundled session, in the order of the welcome page.
pub const BUNDLED: &[Bundled] = &[Bundled {
    name: "foundation",
    title: "Living system snapshots: memory, CPU and the life of an optimization, as stated",
    text: include_str!("../../sessions/foundation.ron"),
}];

/// The bundled session of this name.
pub fn find(name: &str) -> Option<&'static Bundled> {
    BUNDLED.iter().find(|bundled| bundled.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::document::parse_document;

    #[test]
    fn every_bundled_session_opens_without_a_warning() {
        for bundled in BUNDLED {
            assert_eq!(find(bundled.name), Some(bundled));
            let loaded = parse_document(bundled.text, bundled.name).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(loaded.warnings, Vec::<String>::new());
        }
        assert_eq!(find("atlantis"), None);
    }
}
