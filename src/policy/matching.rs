//! Whether a rule matches what is asked about, and with which words.
//!
//! `any` and `paths` are alternatives: one pattern or one path is enough, and a rule with neither
//! takes every text. `all`, `labels` and `tickets` are further conditions: every pattern of `all`,
//! one of the labels (in any case), one of the tickets.
//!
//! `opaque` is one more condition, at `tool` only: the call cannot be judged.
//!
//! `unless` takes words out: what it matches is blanked before `any` and `all` are tried, so
//! `json[- ]schema` excuses these words and no others. It excuses texts, never paths.

use std::{borrow::Cow, ops::Range};

use super::{
    decision::{Decision, Point},
    pattern::Pattern,
    rule::Rule,
    shell::Opaque,
};
use crate::backlog::ticket::TicketId;

/// How many characters of a matched text are kept.
const LONGEST_MATCH: usize = 200;
/// How many matched texts are kept.
const MOST_MATCHES: usize = 12;

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) point: Point,
    pub(super) text: &'a str,
    /// At `ticket` the ticket's own paths, which may be globs; at `ask` none.
    pub(super) paths: &'a [Cow<'a, str>],
    pub(super) labels: &'a [String],
    /// Whether it is asked because a secret came into it.
    pub(super) has_secret: bool,
    /// `None` when a text is tried out that belongs to no ticket.
    pub(super) ticket: Option<&'a TicketId>,
    /// At `tool`, where in the text the quoted words stand: what is found inside of one of them is
    /// no command.
    pub(super) data: &'a [Range<usize>],
    /// At `tool`, why the call cannot be judged, if so.
    pub(super) opaque: Option<Opaque>,
}

/// What of a subject a rule matched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hit {
    /// Words of the text.
    pub(super) texts: Vec<String>,
    /// Paths of the subject.
    pub(super) paths: Vec<String>,
    /// Labels of the ticket.
    pub(super) labels: Vec<String>,
}

impl Hit {
    /// Returns everything that matched, cut to a length that people read.
    pub(super) fn words(self) -> Vec<String> {
        let mut words = Vec::new();
        for word in self.texts.into_iter().chain(self.paths).chain(self.labels) {
            push(&mut words, &word);
        }
        words
    }
}

impl Rule {
    /// Returns what matched, or `None` when this rule does not match.
    pub(super) fn matches(&self, subject: &Subject<'_>) -> Option<Hit> {
        let mut hit = self.admits(subject)?;
        let text = blank(subject.text, &self.unless);
        for pattern in &self.all {
            hit.texts.push(first(pattern, &text, subject)?);
        }
        let any: Vec<String> = self
            .any
            .iter()
            .filter_map(|pattern| first(pattern, &text, subject))
            .collect();
        for path in subject.paths {
            let matches = match subject.point {
                Point::Ticket => self.paths.matches_ticket_path(path),
                _ => self.paths.matches(path),
            };
            if matches {
                hit.paths.push(path.clone().into_owned());
            }
        }
        let wanted = !self.any.is_empty() || !self.paths.is_empty();
        if wanted && any.is_empty() && hit.paths.is_empty() {
            return None;
        }
        hit.texts.splice(0..0, any);
        Some(hit)
    }

    /// Returns the words that would match if no `unless` excused them.
    pub(super) fn excused(&self, subject: &Subject<'_>) -> Vec<String> {
        let mut words = Vec::new();
        if self.unless.is_empty() || self.admits(subject).is_none() {
            return words;
        }
        let text = blank(subject.text, &self.unless);
        for pattern in self.any.iter().chain(&self.all) {
            for found in pattern.regex.find_iter(subject.text).take(MOST_MATCHES) {
                if text.get(found.range()) != Some(found.as_str()) {
                    push(&mut words, found.as_str());
                }
            }
        }
        words
    }

    /// Returns the labels that matched, or `None` when point, ticket or labels rule this rule out.
    fn admits(&self, subject: &Subject<'_>) -> Option<Hit> {
        if !self.on.contains(&subject.point) || self.secrets && !subject.has_secret {
            return None;
        }
        let mine = |id: &TicketId| self.tickets.contains(id);
        if !self.tickets.is_empty() && !subject.ticket.is_some_and(mine) {
            return None;
        }
        let mut hit = Hit::default();
        if self.opaque {
            hit.texts.push(subject.opaque?.to_string());
        }
        for label in subject.labels {
            if self.labels.contains(&label.to_lowercase()) {
                hit.labels.push(label.clone());
            }
        }
        if !self.labels.is_empty() && hit.labels.is_empty() {
            return None;
        }
        Some(hit)
    }

    /// Returns the decision of this rule at a point.
    pub(super) fn decision(&self, point: Point, matched: Vec<String>) -> Decision {
        Decision {
            point,
            action: self.action,
            rule: Some(self.id.clone()),
            line: Some(self.line),
            category: self.category.clone(),
            scope: self.scope,
            because: self.because.clone(),
            matched,
        }
    }
}

/// Adds a text to what people read: cut, each once, not too many. A pattern may match nothing at
/// all, and there is nothing to read in that.
pub(super) fn push(words: &mut Vec<String>, word: &str) {
    let mut cut: String = word.chars().take(LONGEST_MATCH).collect();
    if cut.len() < word.len() {
        cut.pop();
        cut.push('…');
    }
    if !cut.is_empty() && words.len() < MOST_MATCHES && !words.contains(&cut) {
        words.push(cut);
    }
}

/// Returns the first match that does not lie inside of a quoted word.
fn first(pattern: &Pattern, blanked: &str, subject: &Subject<'_>) -> Option<String> {
    let command = |found: &regex::Match<'_>| {
        let inside = |data: &Range<usize>| data.start <= found.start() && found.end() <= data.end;
        !subject.data.iter().any(inside)
    };
    let found = pattern.regex.find_iter(blanked).find(command)?;
    let words = subject.text.get(found.range());
    Some(words.unwrap_or_default().to_owned())
}

/// Returns the text with everything that `unless` matches made unreadable, byte for byte. The
/// filling is neither a word nor a space, so that no pattern reaches across a gap by `\s+`.
fn blank<'a>(text: &'a str, unless: &[Pattern]) -> Cow<'a, str> {
    const FILLING: &str = "\u{1}";
    let mut blanked = Cow::Borrowed(text);
    for pattern in unless {
        for found in pattern.regex.find_iter(text) {
            let filling = FILLING.repeat(found.len());
            blanked.to_mut().replace_range(found.range(), &filling);
        }
    }
    blanked
}
