//! The contract after validation: rules in their order, standing answers, breakers.
//!
//! A [`Policy`] keeps the places of its rules in the file, so that a decision at three in the
//! morning still shows the line of `policy.toml`. How it comes to be is `parse`'s business.

use std::{ops::Range, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    breakers::Breakers,
    decision::{Action, Point, Scope},
    glob::{BadGlob, Globs},
    pattern::Pattern,
};
use crate::{backlog::ticket::TicketId, diagnostic::Source};

/// The contract. Its `at_…` methods are pure: the same question has the same answer.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The file, as it should be shown.
    pub(super) path: PathBuf,
    /// BLAKE3 of the text, hexadecimal.
    pub(super) checksum: String,
    /// In the order of the file.
    pub(super) rules: Vec<Rule>,
    /// In the order of the file.
    pub(super) answers: Vec<StandingAnswer>,
    /// `[breakers]`.
    pub(super) breakers: Breakers,
    /// Files that judge the work; `None` when none are protected.
    pub(super) protected: Option<Globs>,
}

/// One `[[rule]]`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: String,
    /// The 1-based line of its `[[rule]]`.
    pub(super) line: usize,
    /// Where its `[[rule]]` or its id stands, for diagnostics.
    pub(super) span: Range<usize>,
    /// Never empty.
    pub(super) on: Vec<Point>,
    pub(super) any: Vec<Pattern>,
    pub(super) all: Vec<Pattern>,
    pub(super) unless: Vec<Pattern>,
    pub(super) paths: Globs,
    /// In lower case.
    pub(super) labels: Vec<String>,
    pub(super) tickets: Vec<TicketId>,
    /// Takes only calls that cannot be judged.
    pub(super) opaque: bool,
    /// Whether it is about the secrets that came into a file, and about nothing else of it.
    pub(super) secrets: bool,
    pub(super) action: Action,
    pub(super) category: String,
    pub(super) scope: Scope,
    pub(super) because: String,
}

/// One `[[answer]]`.
#[derive(Debug, Clone)]
pub(super) struct StandingAnswer {
    pub(super) ask: Pattern,
    pub(super) say: String,
    pub(super) line: usize,
}

/// The standing answer that a question gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What the agent is told.
    pub say: String,
    /// Which `[[answer]]` of the file it is, from 0.
    pub index: usize,
    /// The 1-based line of that `[[answer]]`.
    pub line: usize,
}

/// The contract of a repository that wrote none.
const DEFAULT: &str = include_str!("../../templates/policy.toml");

impl Policy {
    /// Returns the text of the default contract, as `nightshift init` writes it.
    pub fn default_text() -> &'static str {
        DEFAULT
    }

    /// Adds the files that judge the work (`[gate] protect`): at `diff` a change to one of them
    /// parks, unless a rule that names its path says `proceed`. The globs read as a rule's `paths`.
    ///
    /// # Errors
    /// The first glob that cannot be read.
    pub fn with_protected<S: AsRef<str>>(mut self, globs: &[S]) -> Result<Self, BadGlob> {
        self.protected = if globs.is_empty() {
            None
        } else {
            Some(Globs::search(globs)?)
        };
        Ok(self)
    }

    /// Returns when the night itself stops.
    pub fn breakers(&self) -> &Breakers {
        &self.breakers
    }

    /// Returns BLAKE3 of the file's text, hexadecimal.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// Returns the id and the 1-based line of every rule, in the order in which they are asked.
    /// Together with the decisions of a night they tell which rules never fired.
    pub fn rule_ids(&self) -> impl Iterator<Item = (&str, usize)> {
        self.rules.iter().map(|rule| (rule.id.as_str(), rule.line))
    }

    /// Returns every standing answer, in the order in which they are tried.
    pub fn answers(&self) -> impl Iterator<Item = Answer> {
        self.answers
            .iter()
            .enumerate()
            .map(|(index, answer)| answer.given(index))
    }
}

impl Default for Policy {
    /// Returns the default contract.
    fn default() -> Self {
        super::parse(&Source::new("templates/policy.toml", DEFAULT)).0
    }
}

impl StandingAnswer {
    pub(super) fn given(&self, index: usize) -> Answer {
        Answer {
            say: self.say.clone(),
            index,
            line: self.line,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::{
        diagnostic::{Diagnostic, Source},
        policy::parse,
    };

    #[test]
    fn the_default_contract_has_no_problem() {
        let source = Source::new("policy.toml", Policy::default_text());
        let (policy, problems) = parse(&source);
        let problems: Vec<String> = problems.iter().map(Diagnostic::one_line).collect();
        assert_eq!(problems, Vec::<String>::new());
        assert!(policy.rule_ids().count() > 10);
        assert!(policy.answers().count() > 0);
    }

    #[test]
    fn the_checksum_is_that_of_the_text() {
        let expected = blake3::hash(Policy::default_text().as_bytes()).to_hex();
        assert_eq!(Policy::default().checksum(), expected.as_str());
    }

    #[test]
    fn a_protected_glob_that_cannot_be_read_is_refused() {
        let error = Policy::default().with_protected(&["tests/["]).unwrap_err();
        assert_eq!(error.glob, "tests/[");
    }
}
