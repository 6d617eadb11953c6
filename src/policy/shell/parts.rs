//! The parts of a word while it is read: letters of one kind are kept together.

use super::syntax::{Part, Word};

/// The parts of a word while it is read.
#[derive(Default)]
pub(super) struct Parts(Vec<Part>);

impl Parts {
    pub(super) fn push(&mut self, part: Part) {
        self.0.push(part);
    }

    pub(super) fn text(&mut self, c: char, as_quoted: bool) {
        match self.0.last_mut() {
            Some(Part::Text { text, quoted }) if *quoted == as_quoted => text.push(c),
            _ => self.0.push(Part::Text {
                text: c.to_string(),
                quoted: as_quoted,
            }),
        }
    }

    /// Notes a pair of quotes: with nothing in it, it is a word still.
    pub(super) fn empty(&mut self) {
        if !matches!(self.0.last(), Some(Part::Text { quoted: true, .. })) {
            self.0.push(Part::Text {
                text: String::new(),
                quoted: true,
            });
        }
    }

    pub(super) fn last_unquoted(&self) -> Option<char> {
        match self.0.last() {
            Some(Part::Text {
                text,
                quoted: false,
            }) => text.chars().last(),
            _ => None,
        }
    }

    pub(super) fn ends_in_pattern(&self) -> bool {
        self.last_unquoted().is_some_and(|c| "@?*+!".contains(c))
    }

    pub(super) fn ends_in_assignment(&self) -> bool {
        self.last_unquoted().is_some_and(|c| c == '=' || c == ':')
    }

    pub(super) fn done(self) -> Word {
        Word(self.0)
    }
}
