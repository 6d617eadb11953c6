//! From characters to words: quotes, escapes, expansions, here-documents.
//!
//! Reading takes time in proportion to the text: every step counts against a budget, and scripts
//! inside of scripts are read to a fixed depth. What does not fit is [`Broken`], and so is whatever
//! has no end (a quote, a substitution).

use super::{
    documents::Pending,
    parts::Parts,
    syntax::{Part, Word},
};

/// How deep substitutions may stand in each other.
const DEEPEST: usize = 24;

/// A text that cannot be read as a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// No shell would take it.
    Syntax,
    /// Too deep, or too much work.
    TooDeep,
}

/// A place in a text, with what was promised there.
pub(super) struct Lexer {
    pub(super) chars: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// How many steps are left.
    steps: usize,
    /// Here-documents whose text begins after the next line break.
    pub(super) pending: Vec<Pending>,
    /// The texts of here-documents, also of those in nested scripts.
    pub(super) documents: Vec<Word>,
}

impl Lexer {
    pub(super) fn new(text: &str, depth: usize) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let steps = 64 * chars.len() + 4096;
        Self {
            chars,
            at: 0,
            depth,
            steps,
            pending: Vec::new(),
            documents: Vec::new(),
        }
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn step(&mut self) -> Result<(), Broken> {
        self.steps = self.steps.checked_sub(1).ok_or(Broken::TooDeep)?;
        Ok(())
    }

    /// Takes `text` if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let comes = text
            .chars()
            .enumerate()
            .all(|(n, c)| self.peek(n) == Some(c));
        if comes {
            self.at += text.chars().count();
        }
        comes
    }

    /// Skips blanks, escaped line breaks and a comment.
    pub(super) fn skip_blanks(&mut self) -> Result<(), Broken> {
        loop {
            self.step()?;
            match self.peek(0) {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.peek(1) == Some('\n') => self.at += 2,
                Some('#') => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if self.depth >= DEEPEST {
            return Err(Broken::TooDeep);
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Reads a word up to the next unquoted blank or operator; `None` when none begins here.
    pub(super) fn word(&mut self) -> Result<Option<Word>, Broken> {
        let mut parts = Parts::default();
        let start = self.at;
        while let Some(c) = self.peek(0) {
            self.step()?;
            match c {
                '<' | '>' if self.peek(1) == Some('(') => {
                    self.at += 2;
                    let script = self.deeper(Self::script_in_parens)?;
                    parts.push(Part::Process(script));
                }
                // A pattern in brackets: `!(a|b)`.
                '(' if parts.ends_in_pattern() => {
                    self.at += 1;
                    let inside = self.deeper(|it| it.until(')', false))?;
                    parts.push(Part::Unknown {
                        shown: "(…)".to_owned(),
                        inside: vec![inside],
                    });
                }
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')' => break,
                '~' if self.at == start || parts.ends_in_assignment() => {
                    self.at += 1;
                    let after = self.peek(0);
                    if after.is_none_or(|c| "/ \t\n;&|<>():".contains(c)) {
                        parts.push(Part::Home);
                    } else {
                        parts.text('~', false);
                    }
                }
                _ => self.piece(&mut parts, false)?,
            }
        }
        Ok((self.at > start).then(|| parts.done()))
    }

    /// Reads one character or one quoted or expanded part.
    pub(super) fn piece(&mut self, parts: &mut Parts, quoted: bool) -> Result<(), Broken> {
        let Some(c) = self.next() else {
            return Ok(());
        };
        match c {
            '\\' if quoted => match self.peek(0) {
                Some(c @ ('$' | '`' | '"' | '\\')) => {
                    self.at += 1;
                    parts.text(c, true);
                }
                Some('\n') => self.at += 1,
                _ => parts.text('\\', true),
            },
            '\\' => match self.next() {
                Some('\n') | None => {}
                Some(c) => parts.text(c, true),
            },
            '\'' if !quoted => {
                parts.empty();
                loop {
                    self.step()?;
                    match self.next().ok_or(Broken::Syntax)? {
                        '\'' => break,
                        c => parts.text(c, true),
                    }
                }
            }
            '"' if !quoted => self.double_quoted(parts)?,
            '$' if !quoted && self.peek(0) == Some('"') => {
                self.at += 1;
                self.double_quoted(parts)?;
            }
            '$' if !quoted && self.peek(0) == Some('\'') => {
                self.at += 1;
                parts.empty();
                let text = self.ansi()?;
                text.chars().for_each(|c| parts.text(c, true));
            }
            '$' => self.dollar(parts, quoted)?,
            '`' => {
                let script = self.backquoted(quoted)?;
                parts.push(Part::Output { script, quoted });
            }
            c => parts.text(c, quoted),
        }
        Ok(())
    }

    pub(super) fn double_quoted(&mut self, parts: &mut Parts) -> Result<(), Broken> {
        parts.empty();
        loop {
            self.step()?;
            match self.peek(0).ok_or(Broken::Syntax)? {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                _ => self.piece(parts, true)?,
            }
        }
    }

    /// Reads another text one level deeper, out of the same budget.
    pub(super) fn inside<T>(
        &mut self,
        text: &str,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        self.deeper(|it| {
            let mut inner = Self::new(text, it.depth);
            inner.steps = it.steps;
            inner.documents = std::mem::take(&mut it.documents);
            let result = read(&mut inner);
            it.documents = inner.documents;
            it.steps = inner.steps;
            result
        })
    }
}
