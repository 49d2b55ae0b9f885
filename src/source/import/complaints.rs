//! What was wrong with a file, said once: the first places by line and column, and how many there were.

use crate::model::batch::Notice;
use crate::model::time::Timestamp;
use crate::source::SourceError;

/// So many places are named; a file of another kind is not worth more.
const NAMED: usize = 5;

/// Collects complaints about one file.
#[derive(Debug)]
pub(super) struct Complaints {
    name: String,
    new: Vec<String>,
    /// Records left out.
    left_out: u64,
    /// Records taken.
    taken: u64,
    first: Option<String>,
}

impl Complaints {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), new: Vec::new(), left_out: 0, taken: 0, first: None }
    }

    /// A record was fine.
    pub fn take(&mut self) {
        self.taken += 1;
    }

    /// A record is left out: `what` was expected or found at a place.
    pub fn leave_out(&mut self, place: &str, what: &str) {
        self.left_out += 1;
        let text = format!("{}, {place}: {what}", self.name);
        if self.left_out <= NAMED as u64 {
            self.new.push(format!("{text}; it is left out"));
        }
        self.first.get_or_insert(text);
    }

    /// Something about the whole file.
    pub fn say(&mut self, text: String) {
        self.new.push(format!("{}: {text}", self.name));
    }

    /// What is new, as notices.
    pub fn notices(&mut self, at: Timestamp) -> Vec<Notice> {
        self.new.drain(..).map(|text| Notice { at, text }).collect()
    }

    /// At the end of the file.
    ///
    /// # Errors
    /// When nothing in it was fine.
    pub fn finish(&mut self) -> Result<(), SourceError> {
        if self.taken == 0 {
            let said = self.first.take().or_else(|| self.new.pop());
            return Err(SourceError(
                said.unwrap_or_else(|| format!("{}: there is nothing in it but its head", self.name)),
            ));
        }
        if self.left_out > NAMED as u64 {
            let all = self.left_out + self.taken;
            self.say(format!("{} of {all} records are left out, for reasons such as those", self.left_out));
        }
        Ok(())
    }
}
