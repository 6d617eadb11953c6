//! How a kind of secret is known: one pattern each, words that must be there for it to match at
//! all, and what must not be taken for one.
//!
//! The shapes are those that the issuers document; which ones are worth knowing, and much of what
//! is known about their prefixes and lengths, is from the rules of gitleaks
//! (<https://github.com/gitleaks/gitleaks>, `config/gitleaks.toml`, MIT). The patterns are our own.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::Regex;

use super::{
    beside::BESIDE,
    chance::is_issued,
    issuers::{CODE, MACHINES, PEOPLE},
    keys,
    vendors::VENDORS,
};

/// The look of one kind of secret. A pattern's first group, where it has one, is the secret;
/// otherwise all of the match is.
pub(super) struct Shape {
    /// What stands in its place: `[redacted:KIND]`.
    pub(super) kind: &'static str,
    /// One of these, in any case, stands in every text that the pattern matches.
    pub(super) words: &'static [&'static str],
    pub(super) pattern: &'static str,
    /// Whether what matched is one.
    pub(super) accept: fn(&str) -> bool,
}

/// A token with its issuer's mark in it.
pub(super) const fn issued(
    kind: &'static str,
    words: &'static [&'static str],
    pattern: &'static str,
) -> Shape {
    Shape {
        kind,
        words,
        pattern,
        accept: is_issued,
    }
}

/// Returns all shapes. Where two match at the same place, the first names it: the tables go from
/// the telling to the general.
pub(super) fn all() -> impl Iterator<Item = &'static Shape> {
    [MACHINES, CODE, PEOPLE, VENDORS, BESIDE]
        .into_iter()
        .flatten()
}

/// What a text may hold, by the words in it.
#[derive(Default)]
pub(super) struct Hints {
    /// Whether there may be a block of a private key.
    pub(super) keys: bool,
    shapes: [u64; WORDS_OF_HINTS],
}

const WORDS_OF_HINTS: usize = 4;

impl Hints {
    /// Looks for the words of all shapes, in one pass.
    pub(super) fn of(text: &str) -> Self {
        let mut hints = Self::default();
        let Some(index) = INDEX.as_ref() else {
            return hints;
        };
        for found in index.words.find_overlapping_iter(text) {
            for shape in index
                .owners
                .get(found.pattern().as_usize())
                .into_iter()
                .flatten()
            {
                match shape {
                    None => hints.keys = true,
                    Some(shape) => {
                        if let Some(bits) = hints.shapes.get_mut(shape / 64) {
                            *bits |= 1 << (shape % 64);
                        }
                    }
                }
            }
        }
        hints
    }

    /// Returns the shapes that may be there, with their patterns.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (&'static Shape, &'static Regex)> {
        let bits = self.shapes;
        let is_hinted =
            move |at: usize| bits.get(at / 64).is_some_and(|b| b & (1 << (at % 64)) != 0);
        let known = INDEX
            .as_ref()
            .map(|index| &*index.shapes)
            .unwrap_or_default();
        known
            .iter()
            .enumerate()
            .filter(move |(at, _)| is_hinted(*at))
            .filter_map(|(_, known)| Some((known.shape, known.regex()?)))
    }
}

/// Built with the first text that is looked at, and never by a command that redacts nothing; the
/// patterns one by one, when their words are met.
static INDEX: LazyLock<Option<Index>> = LazyLock::new(Index::new);

struct Index {
    words: AhoCorasick,
    /// For each word the shapes that it may stand for; `None` are the blocks of `keys.rs`.
    owners: Vec<Vec<Option<usize>>>,
    shapes: Vec<Known>,
}

struct Known {
    shape: &'static Shape,
    compiled: OnceLock<Option<Regex>>,
}

impl Known {
    fn regex(&self) -> Option<&Regex> {
        // The patterns are constants, and a test compiles them all.
        self.compiled
            .get_or_init(|| Regex::new(self.shape.pattern).ok())
            .as_ref()
    }
}

impl Index {
    fn new() -> Option<Self> {
        let mut words: Vec<&str> = Vec::new();
        let mut owners: Vec<Vec<Option<usize>>> = Vec::new();
        let shapes = all().enumerate().map(|(at, shape)| (shape.words, Some(at)));
        for (of_shape, owner) in shapes.chain([(&keys::MARKS[..], None)]) {
            for word in of_shape {
                let at = words.iter().position(|known| known == word);
                let at = at.unwrap_or_else(|| {
                    words.push(word);
                    owners.push(Vec::new());
                    words.len() - 1
                });
                owners.get_mut(at)?.push(owner);
            }
        }
        Some(Self {
            words: AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::DFA))
                .build(&words)
                .ok()?,
            owners,
            shapes: all()
                .map(|shape| Known {
                    shape,
                    compiled: OnceLock::new(),
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_patterns_and_their_words_compile() {
        let index = Index::new().unwrap();
        assert!(index.shapes.len() <= WORDS_OF_HINTS * 64);
        for known in &index.shapes {
            assert!(known.regex().is_some(), "{}", known.shape.pattern);
            assert!(!known.shape.words.is_empty(), "{}", known.shape.kind);
            for word in known.shape.words {
                assert_eq!(*word, word.to_ascii_lowercase());
                assert!(word.len() > 1, "{word}");
            }
        }
    }
}
