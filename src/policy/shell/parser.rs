//! From words to commands: operators, reserved words, redirections.
//!
//! Lenient on purpose. A reserved word where a command may begin only separates, so the order of
//! `if`, `then` and `fi` is not checked: a line that no shell would run may be read, and nothing
//! that a shell would run is missed. Parentheses, `case` and whatever has an end must have it.

use super::{
    lexer::{Broken, Lexer},
    syntax::{Parsed, Part, Pipeline, Script, Simple, Word},
};

/// Reads a whole text.
pub(super) fn parse(text: &str, depth: usize) -> Result<Parsed, Broken> {
    let mut lexer = Lexer::new(text, depth);
    let script = lexer.script()?;
    Ok(Parsed {
        script,
        documents: lexer.documents,
    })
}

/// What a `)` or an `esac` may end.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Frame {
    Parens,
    Case,
}

/// Pipelines while they are read.
#[derive(Default)]
pub(super) struct Commands {
    pub(super) script: Script,
    pub(super) frames: Vec<Frame>,
    /// Whether the last operator was a pipe.
    pub(super) piped: bool,
    /// Whether the last command was compound.
    pub(super) compound: bool,
    /// Whether a pattern of a `case` comes next.
    pub(super) pattern: bool,
}

impl Commands {
    pub(super) fn push(&mut self, mut simple: Simple) {
        simple.subshells = self
            .frames
            .iter()
            .filter(|it| **it == Frame::Parens)
            .count();
        let piped = std::mem::take(&mut self.piped);
        if simple.words.is_empty() && !piped {
            // Assignments and the redirections of a compound command: no pipe reads from these.
            self.script.push(Pipeline(vec![simple]));
            return;
        }
        simple.after_compound = piped && self.compound;
        self.compound = false;
        match self.script.last_mut() {
            Some(last) if piped => last.0.push(simple),
            _ => self.script.push(Pipeline(vec![simple])),
        }
    }

    pub(super) fn separate(&mut self) {
        self.piped = false;
        self.compound = false;
    }
}

impl Lexer {
    /// Reads commands to the end of the text.
    pub(super) fn script(&mut self) -> Result<Script, Broken> {
        self.commands(false)
    }

    /// Reads commands up to the `)` that nothing inside of them has opened.
    pub(super) fn script_in_parens(&mut self) -> Result<Script, Broken> {
        self.commands(true)
    }

    pub(super) fn commands(&mut self, in_parens: bool) -> Result<Script, Broken> {
        let mut read = Commands::default();
        loop {
            self.step()?;
            self.skip_blanks()?;
            if read.pattern && !matches!(self.peek(0), Some('\n')) {
                self.pattern(&mut read)?;
                continue;
            }
            let Some(c) = self.peek(0) else {
                if in_parens || !read.frames.is_empty() {
                    return Err(Broken::Syntax);
                }
                self.documents()?;
                return Ok(read.script);
            };
            match c {
                '\n' => {
                    self.at += 1;
                    self.documents()?;
                    if !read.piped {
                        read.separate();
                    }
                }
                ';' => {
                    let next = self.take(";;&") || self.take(";;") || self.take(";&");
                    self.at += usize::from(!next);
                    read.separate();
                    read.pattern = next && read.frames.last() == Some(&Frame::Case);
                }
                '&' if self.peek(1) != Some('>') => {
                    self.at += 1;
                    read.separate();
                }
                '|' if self.take("||") => read.separate(),
                '|' => {
                    if !self.take("|&") {
                        self.at += 1;
                    }
                    read.piped = true;
                }
                '(' => self.open(&mut read)?,
                ')' => {
                    self.at += 1;
                    if read
                        .frames
                        .pop_if(|frame| *frame == Frame::Parens)
                        .is_some()
                    {
                        read.separate();
                        read.compound = true;
                    } else if in_parens && read.frames.is_empty() {
                        return Ok(read.script);
                    } else {
                        return Err(Broken::Syntax);
                    }
                }
                _ => self.command(&mut read)?,
            }
        }
    }

    /// Reads one command, or a reserved word where one may begin.
    pub(super) fn command(&mut self, read: &mut Commands) -> Result<(), Broken> {
        let mut simple = Simple::default();
        loop {
            self.step()?;
            self.skip_blanks()?;
            if self.redirect(&mut simple)? {
                continue;
            }
            let Some(word) = self.word()? else {
                break;
            };
            let begins = simple.words.is_empty();
            if begins && let Some(name) = word.bare() {
                let plain = simple.assigned.is_empty() && simple.redirects.is_empty();
                if plain && self.reserved(name, read)? {
                    return Ok(());
                }
            }
            let descriptor = |name: &str| {
                name.chars().all(|c| c.is_ascii_digit())
                    || (name.starts_with('{') && name.ends_with('}'))
            };
            if matches!(self.peek(0), Some('<' | '>')) && word.bare().is_some_and(descriptor) {
                continue;
            }
            let declares = simple
                .words
                .first()
                .and_then(Word::bare)
                .is_some_and(declaration);
            if (begins || declares)
                && let Some((name, value)) = assignment(&word)
            {
                if self.peek(0) == Some('(') && value.0.is_empty() {
                    for value in self.array()? {
                        simple.assigned.push((name.clone(), value));
                    }
                } else {
                    simple.assigned.push((name, value));
                }
                if begins {
                    continue;
                }
                simple.words.push(word);
                continue;
            }
            simple.words.push(word);
            if self.peek(0) == Some('(') {
                if begins && self.parens()? {
                    // A function: its body comes next, as any command does.
                    return Ok(());
                }
                return Err(Broken::Syntax);
            }
            // The same with a blank before the parentheses.
            if begins && self.parens()? {
                return Ok(());
            }
        }
        if simple.words.is_empty() && simple.assigned.is_empty() && simple.redirects.is_empty() {
            return Err(Broken::Syntax);
        }
        read.push(simple);
        Ok(())
    }

    /// Takes an empty pair of parentheses, if it comes next.
    pub(super) fn parens(&mut self) -> Result<bool, Broken> {
        let start = self.at;
        self.skip_blanks()?;
        if self.take("(") {
            self.skip_blanks()?;
            if self.take(")") {
                return Ok(true);
            }
        }
        self.at = start;
        Ok(false)
    }

    pub(super) fn skip_lines(&mut self) -> Result<(), Broken> {
        self.skip_blanks()?;
        while self.peek(0) == Some('\n') {
            self.at += 1;
            self.documents()?;
            self.skip_blanks()?;
        }
        Ok(())
    }
}

/// Returns whether a command gives variables their values.
pub(super) fn declaration(name: &str) -> bool {
    matches!(
        name,
        "export" | "declare" | "typeset" | "local" | "readonly"
    )
}

/// Returns name and value of a word like `NAME=value`, `NAME+=value` or `NAME[i]=value`.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let (first, rest) = word.0.split_first()?;
    let Part::Text {
        text,
        quoted: false,
    } = first
    else {
        return None;
    };
    let (name, value) = text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    let letters = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if name.is_empty()
        || name.starts_with(|c: char| c.is_ascii_digit())
        || !name.chars().all(letters)
    {
        return None;
    }
    let mut parts = Vec::new();
    if !value.is_empty() {
        parts.push(Part::Text {
            text: value.to_owned(),
            quoted: false,
        });
    }
    parts.extend(rest.iter().cloned());
    Some((name.to_owned(), Word(parts)))
}
