//! The fallback of an agent that cannot run `nightshift say`: one fenced block.
//!
//! The last thing of its last message is
//!
//! ````text
//! ```nightshift
//! verb: park
//! question: Which of the two tables is the true one?
//! options: [ledger, ledger_v2]
//! recommend: ledger_v2
//! because: the code reads both
//! ```
//! ````
//!
//! Its inside is YAML, or failing that lines of `key: value`, since an agent quotes nothing. Only
//! a block with nothing after it counts, so that a prompt echoed by an agent is no utterance.

use serde::Deserialize;

use super::{
    tidy,
    utterance::{Question, Utterance},
};

/// How many bytes a block may have. It also bounds what deep nesting can cost the YAML parser.
const LONGEST_BLOCK: usize = 16 * 1024;

/// A fenced block, as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands between the fences.
    pub inside: &'a str,
}

/// Returns the block that ends the message; `None` when it ends otherwise.
pub fn find(message: &str) -> Option<Block<'_>> {
    let message = message.trim_end();
    let (above, closing) = message.rsplit_once('\n')?;
    let fence = closing.trim();
    if fence.len() < 3 || !fence.bytes().all(|byte| byte == b'`') {
        return None;
    }
    let mut start = 0;
    let mut inside = None;
    for line in above.split_inclusive('\n') {
        start += line.len();
        let word = line.trim();
        if word.starts_with("```") {
            // Any other fence line in between belongs to another block, or closes this one.
            let language = word.trim_start_matches('`').trim();
            inside = (language == "nightshift").then_some(start);
        }
    }
    let inside = above.get(inside?..)?;
    Some(Block { inside })
}

/// What a block may hold. Unknown keys are passed over: the verb and its text are what matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Raw {
    verb: String,
    text: Option<String>,
    question: Option<String>,
    options: Vec<String>,
    recommend: Option<String>,
    because: Option<String>,
}

impl Block<'_> {
    /// Returns what the block says, tidied.
    ///
    /// # Errors
    /// One line on why it says nothing, for the morning's page.
    pub fn utterance(&self) -> Result<Utterance, String> {
        if self.inside.len() > LONGEST_BLOCK {
            return Err(format!(
                "the fenced block is longer than {LONGEST_BLOCK} bytes"
            ));
        }
        let nested = self.inside.bytes().filter(|byte| b"[{".contains(byte));
        let raw = if nested.count() > 64 {
            lines(self.inside)
        } else {
            serde_yaml::from_str(self.inside).unwrap_or_else(|_| lines(self.inside))
        };
        raw.utterance().map(tidy)
    }
}

impl Raw {
    fn utterance(self) -> Result<Utterance, String> {
        let verb = self.verb.trim().to_lowercase();
        let need = |text: Option<String>, key: &str| {
            text.filter(|text| !text.trim().is_empty())
                .ok_or_else(|| format!("the fenced block says `{verb}` without `{key}`"))
        };
        Ok(match verb.as_str() {
            "note" => Utterance::Note {
                text: need(self.text, "text")?,
            },
            "assume" => Utterance::Assume {
                text: need(self.text, "text")?,
                because: self.because,
            },
            "park" => Utterance::Park(Question {
                question: need(self.question.or(self.text), "question")?,
                options: self.options,
                recommend: self.recommend,
                because: self.because,
            }),
            "halt" => Utterance::Halt {
                text: need(self.text.or(self.because), "text")?,
            },
            "done" => Utterance::Done {
                text: need(self.text, "text")?,
            },
            "" => return Err("the fenced block has no `verb`".to_owned()),
            other => {
                let other: String = other.chars().take(40).collect();
                return Err(format!(
                    "the fenced block's verb `{other}` is none of note, assume, park, halt, done"
                ));
            }
        })
    }
}

/// Reads `key: value` lines, where a value is everything after the first colon. Options are
/// `[a, b]` or the `- item` lines below the key; any other line goes on with the value above it.
fn lines(inside: &str) -> Raw {
    let mut raw = Raw::default();
    let mut last = String::new();
    for line in inside.lines() {
        let trimmed = line.trim();
        if last == "options" && (trimmed.starts_with("- ") || trimmed.starts_with("* ")) {
            raw.options.extend(trimmed.get(2..).map(bare));
            continue;
        }
        let key_value = trimmed
            .split_once(':')
            .map(|(key, value)| (key.trim().to_lowercase(), value.trim()))
            .filter(|(key, _)| KEYS.contains(&key.as_str()));
        match key_value {
            Some((key, value)) => {
                if key == "options" {
                    let list = value.trim_start_matches('[').trim_end_matches(']');
                    raw.options = list
                        .split(',')
                        .map(bare)
                        .filter(|option| !option.is_empty())
                        .collect();
                } else if let Some(slot) = raw.slot(&key) {
                    *slot = bare(value);
                }
                last = key;
            }
            None => {
                if let Some(slot) = raw.slot(&last) {
                    slot.push('\n');
                    slot.push_str(trimmed);
                }
            }
        }
    }
    raw
}

const KEYS: [&str; 6] = [
    "verb",
    "text",
    "question",
    "options",
    "recommend",
    "because",
];

impl Raw {
    fn slot(&mut self, key: &str) -> Option<&mut String> {
        let slot = match key {
            "verb" => return Some(&mut self.verb),
            "text" => &mut self.text,
            "question" => &mut self.question,
            "recommend" => &mut self.recommend,
            "because" => &mut self.because,
            _ => return None,
        };
        Some(slot.get_or_insert_default())
    }
}

/// Returns the value without one pair of quotes around it.
fn bare(value: &str) -> String {
    let value = value.trim();
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(message: &str) -> Option<Result<Utterance, String>> {
        find(message).map(|block| block.utterance())
    }

    fn block(inside: &str) -> String {
        format!("I looked around.\n\n```nightshift\n{inside}\n```\n\n")
    }

    #[test]
    fn a_block_says_what_the_command_would() {
        let note = |text: &str| Utterance::Note { text: text.into() };
        let park = |question: &str, options: &[&str], recommend: Option<&str>| {
            Utterance::Park(Question {
                question: question.into(),
                options: options.iter().map(|&o| o.into()).collect(),
                recommend: recommend.map(Into::into),
                because: None,
            })
        };
        for (inside, expected) in [
            ("verb: note\ntext: hello", note("hello")),
            ("verb: NOTE\ntext: |\n  one\n  two", note("one\ntwo")),
            (
                "verb: park\nquestion: Which?\noptions: [a, b]\nrecommend: a",
                park("Which?", &["a", "b"], Some("a")),
            ),
            (
                "verb: park\nquestion: Which?\noptions:\n  - \"a\"\n  - b",
                park("Which?", &["a", "b"], None),
            ),
            // Not YAML: a colon in a value, a number where a text is meant, a bare quote.
            (
                "verb: park\nquestion: Drop it: yes or no?\noptions: [yes: drop, no: keep]",
                park("Drop it: yes or no?", &["yes: drop", "no: keep"], None),
            ),
            (
                "verb: park\nquestion: How many: 1 or 2?\noptions:\n- 1\n- \"2\"\nrecommend: 2",
                park("How many: 1 or 2?", &["1", "2"], Some("2")),
            ),
            (
                "verb: note\ntext: @home: 'tis\nand more",
                note("@home: 'tis\nand more"),
            ),
            (
                "verb: halt\nbecause: it would delete data",
                Utterance::Halt {
                    text: "it would delete data".into(),
                },
            ),
            (
                "verb: assume\ntext: tabs\nbecause: the file has tabs",
                Utterance::Assume {
                    text: "tabs".into(),
                    because: Some("the file has tabs".into()),
                },
            ),
            (
                "verb: done\ntext: all of it\nmood: good",
                Utterance::Done {
                    text: "all of it".into(),
                },
            ),
        ] {
            assert_eq!(said(&block(inside)), Some(Ok(expected)), "{inside}");
        }
    }

    #[test]
    fn a_malformed_block_is_described() {
        for (inside, expected) in [
            ("", "the fenced block has no `verb`"),
            ("just words", "the fenced block has no `verb`"),
            (
                "verb: shout\ntext: x",
                "the fenced block's verb `shout` is none of note, assume, park, halt, done",
            ),
            (
                "verb: park",
                "the fenced block says `park` without `question`",
            ),
            (
                "verb: note\ntext: ' '",
                "the fenced block says `note` without `text`",
            ),
            (&"[".repeat(9000), "the fenced block has no `verb`"),
            (
                &"x".repeat(17_000),
                "the fenced block is longer than 16384 bytes",
            ),
        ] {
            assert_eq!(
                said(&block(inside)),
                Some(Err(expected.into())),
                "{inside:.40}"
            );
        }
    }

    #[test]
    fn only_the_last_block_with_nothing_after_it_counts() {
        let first = block("verb: note\ntext: first");
        let second = block("verb: note\ntext: second");
        let Some(Ok(Utterance::Note { text })) = said(&format!("{first}{second}")) else {
            panic!("nothing was heard");
        };
        assert_eq!(text, "second");
        for silent in [
            "",
            "```nightshift",
            "done, thank you",
            &format!("{first}and then I went on"),
            &format!("{first}```rust\nfn main() {{}}\n```"),
            "```nightshift\nverb: note\ntext: x",
            "```yaml\nverb: note\ntext: x\n```",
        ] {
            assert_eq!(said(silent), None, "{silent}");
        }
    }

    #[test]
    fn windows_line_ends_and_indents_are_taken() {
        let message = "Hi\r\n  ```nightshift\r\n  verb: note\r\n  text: x\r\n  ```\r\n";
        assert_eq!(
            said(message),
            Some(Ok(Utterance::Note { text: "x".into() }))
        );
    }
}
