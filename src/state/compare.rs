//! What the Compare view holds against each other.

use std::path::PathBuf;

use crate::analysis::effects::Effect;
use crate::model::document::Check;

/// With what the open session is compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Against {
    /// Another session, which was recorded later.
    Later(PathBuf),
    /// What is shown, before the cursor and after it.
    AfterCursor,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// With what.
    pub against: Against,
    /// What the other side is called.
    pub title: String,
    /// Whether it was recorded earlier, so that before and after are the wrong way round.
    pub is_earlier: bool,
    /// Figure by figure, what surely differs first.
    pub effects: Vec<Effect>,
    /// Pinned predictions, by name, held against the later session.
    pub checks: Vec<(String, Check)>,
}
