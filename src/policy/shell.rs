//! A command line as the calls that it makes, whatever it is dressed in.
//!
//! Agents write `cd x && git -C . push`, `bash -c "…"` and here-documents; a rule about `git push`
//! must see the one and not the text of a commit message. [`calls`] reads a line as a shell does
//! (`lexer`, `parser`), puts in the variables that it sets itself (`scope`), looks into what runs
//! other text (`reader`, `programs`, `wrappers`, `git`, `code`), and returns [`Call`]s in one
//! canonical form. What it cannot know is not guessed: such a call is [`Opaque`], with the reason.
//!
//! It is pure, takes time in proportion to the text, and holds what it recurses into to a fixed
//! depth. What it does not see: files that were written by an earlier call, programs of the
//! repository, and words that a foreign program puts together itself.

mod braces;
mod call;
mod code;
mod compound;
mod documents;
mod dressing;
mod effects;
mod escapes;
mod expansion;
mod git;
#[cfg(test)]
mod hostile;
mod interpreters;
mod lexer;
mod names;
mod parser;
mod parts;
mod paths;
mod programs;
mod reader;
mod redirection;
mod scope;
mod syntax;
#[cfg(test)]
mod tests;
mod wrappers;

pub(super) use call::{Call, Opaque};
pub(super) use paths::{normal, patched};

/// How many bytes of a command line are read; as much as Linux takes as one argument.
const LONGEST: usize = 128 << 10;

/// Returns the calls of a command line, in the order in which they are written.
pub(super) fn calls(line: &str) -> Vec<Call> {
    if line.len() > LONGEST {
        let shown: String = line.chars().take(80).collect();
        return vec![Call::opaque(&shown, Opaque::TooDeep)];
    }
    reader::Reader::default().line(line)
}

/// Returns the calls of a command whose words are given one by one, as `["bash", "-lc", "…"]`.
pub(super) fn calls_of(words: &[&str]) -> Vec<Call> {
    if words.iter().map(|word| word.len()).sum::<usize>() > LONGEST {
        return vec![Call::opaque("…", Opaque::TooDeep)];
    }
    let words = words.iter().copied().map(scope::Field::literal).collect();
    reader::Reader::default().words(words)
}

/// Returns the call that stands for a file which a tool writes, as `> file` does in a shell.
pub(super) fn written(path: &str) -> Call {
    Call::new(&[">", path].map(scope::Field::literal))
}
