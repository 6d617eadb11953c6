//! What a command line is made of, after reading and before anything is put in for a variable.
//!
//! The grammar is flattened on purpose: nobody here runs the line, so it does not matter which
//! branch of an `if` is taken. A [`Script`] is all of its pipelines in the order in which they are
//! written, whether they stand in a loop, a function, a group or a subshell. A word keeps its parts,
//! because only an unquoted one is split and expanded.

/// Every pipeline of a text.
pub(super) type Script = Vec<Pipeline>;

/// Commands joined by `|`; where a compound command takes part, its last command stands for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pipeline(pub(super) Vec<Simple>);

/// One command with all that stands beside it.
#[derive(Debug, Clone, Default)]
pub(super) struct Simple {
    /// `NAME=value`, also of a `for` loop (once for each of its values).
    pub(super) assigned: Vec<(String, Word)>,
    /// The name and its arguments; empty when the command only assigns or redirects.
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
    /// In how many subshells of its script it stands.
    pub(super) subshells: usize,
    /// What it reads is written by a compound command, whose output is not known.
    pub(super) after_compound: bool,
}

/// Where a command reads from or writes to.
#[derive(Debug, Clone)]
pub(super) enum Redirect {
    /// `< file`
    Read(Word),
    /// `> file`, `>> file`, `&> file`, `<> file`
    Write(Word),
    /// `<<WORD` (the place of its text in [`Parsed::documents`]).
    Document(usize),
    /// `<<< word`
    Text(Word),
}

/// A word: its parts stand next to each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Word(pub(super) Vec<Part>);

/// A part of a word.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// Letters as they are, never split; a quoted one is no pattern either.
    Text { text: String, quoted: bool },
    /// `$NAME`, or `${NAME:-word}` with a value to fall back on.
    Variable {
        name: String,
        fallback: Option<Word>,
        quoted: bool,
    },
    /// `$(…)`, `` `…` ``: the output of a script.
    Output { script: Script, quoted: bool },
    /// `<(…)`, `>(…)`: a file that stands for a script.
    Process(Script),
    /// What nobody can know beforehand, as it should be shown, with the scripts inside of it.
    Unknown { shown: String, inside: Vec<Word> },
    /// `~`
    Home,
}

/// A text that could be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    pub(super) script: Script,
    /// The texts of here-documents, in the order of their operators.
    pub(super) documents: Vec<Word>,
}

impl Word {
    /// Returns a word of these very letters.
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self(vec![Part::Text {
            text: text.into(),
            quoted: true,
        }])
    }

    /// Returns the letters of a word that is nothing but unquoted letters, as reserved words are.
    pub(super) fn bare(&self) -> Option<&str> {
        match self.0.as_slice() {
            [
                Part::Text {
                    text,
                    quoted: false,
                },
            ] => Some(text),
            _ => None,
        }
    }
}
