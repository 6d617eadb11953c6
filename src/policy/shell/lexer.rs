//! From characters to words: quotes, escapes, expansions, here-documents.
//!
//! Reading takes time in proportion to the text: every step counts against a budget, and scripts
//! inside of scripts are read to a fixed depth. What does not fit is [`Broken`], and so is whatever
//! has no end (a quote, a substitution).

use super::syntax::{Part, Script, Word};

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
    chars: Vec<char>,
    pub(super) at: usize,
    pub(super) depth: usize,
    /// How many steps are left.
    steps: usize,
    /// Here-documents whose text begins after the next line break.
    pub(super) pending: Vec<Pending>,
    /// The texts of here-documents, also of those in nested scripts.
    pub(super) documents: Vec<Word>,
}

/// A here-document that was announced.
#[derive(Clone)]
pub(super) struct Pending {
    /// Its place in [`Lexer::documents`].
    pub(super) slot: usize,
    pub(super) delimiter: String,
    pub(super) expanded: bool,
    pub(super) tabs_dropped: bool,
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

    fn deeper<T>(
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
    fn piece(&mut self, parts: &mut Parts, quoted: bool) -> Result<(), Broken> {
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

    fn double_quoted(&mut self, parts: &mut Parts) -> Result<(), Broken> {
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

    /// Reads what follows a `$`.
    fn dollar(&mut self, parts: &mut Parts, quoted: bool) -> Result<(), Broken> {
        let variable = |name: String| Part::Variable {
            name,
            fallback: None,
            quoted,
        };
        match self.peek(0) {
            Some('(') => {
                // How a value is shown whose script was read before.
                if self.take("(…)") {
                    parts.push(unknown("$(…)"));
                    return Ok(());
                }
                if self.peek(1) == Some('(') {
                    let start = self.at;
                    self.at += 2;
                    let inside = self.deeper(Self::arithmetic);
                    match inside {
                        Ok(inside) => {
                            parts.push(Part::Unknown {
                                shown: "$((…))".to_owned(),
                                inside: vec![inside],
                            });
                            return Ok(());
                        }
                        Err(Broken::TooDeep) => return Err(Broken::TooDeep),
                        // A subshell inside of a substitution.
                        Err(Broken::Syntax) => self.at = start,
                    }
                }
                self.at += 1;
                let script = self.deeper(Self::script_in_parens)?;
                parts.push(Part::Output { script, quoted });
            }
            Some('[') => {
                self.at += 1;
                let inside = self.deeper(|it| it.until(']', false))?;
                parts.push(Part::Unknown {
                    shown: "$[…]".to_owned(),
                    inside: vec![inside],
                });
            }
            Some('{') => {
                self.at += 1;
                let part = self.deeper(|it| it.braced(quoted))?;
                parts.push(part);
            }
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                let name = self.name();
                parts.push(variable(name));
            }
            Some(c) if c.is_ascii_digit() || "@*#?$!-".contains(c) => {
                self.at += 1;
                parts.push(variable(c.to_string()));
            }
            _ => parts.text('$', quoted),
        }
        Ok(())
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.peek(0) {
            if c != '_' && !c.is_ascii_alphanumeric() {
                break;
            }
            name.push(c);
            self.at += 1;
        }
        name
    }

    /// Reads the rest of `${…}`.
    fn braced(&mut self, quoted: bool) -> Result<Part, Broken> {
        let start = self.at;
        let name = self.name();
        let fallback = !name.is_empty() && (self.take(":-") || self.take("-") || self.take(":="));
        let rest = self.until('}', quoted)?;
        if fallback || (!name.is_empty() && rest.0.is_empty()) {
            return Ok(Part::Variable {
                name,
                fallback: fallback.then_some(rest),
                quoted,
            });
        }
        let shown: String = self
            .chars
            .get(start..self.at)
            .unwrap_or_default()
            .iter()
            .collect();
        Ok(Part::Unknown {
            shown: format!("${{{shown}"),
            inside: vec![rest],
        })
    }

    /// Reads parts up to `end`, over nested pairs of it.
    fn until(&mut self, end: char, quoted: bool) -> Result<Word, Broken> {
        let begin = match end {
            ')' => Some('('),
            ']' => Some('['),
            _ => None,
        };
        let mut open = 0_usize;
        let mut parts = Parts::default();
        loop {
            self.step()?;
            let c = self.peek(0).ok_or(Broken::Syntax)?;
            if c == end {
                if open == 0 {
                    self.at += 1;
                    return Ok(parts.done());
                }
                open -= 1;
            } else if Some(c) == begin {
                open += 1;
            }
            // Inside of braces in double quotes a quote begins a new one.
            if quoted && c == '"' {
                self.at += 1;
                self.double_quoted(&mut parts)?;
            } else {
                self.piece(&mut parts, quoted)?;
            }
        }
    }

    /// Reads an arithmetic expression up to its `))`.
    pub(super) fn arithmetic(&mut self) -> Result<Word, Broken> {
        let mut open = 0_usize;
        let mut parts = Parts::default();
        loop {
            self.step()?;
            match self.peek(0).ok_or(Broken::Syntax)? {
                '(' => open += 1,
                ')' if open > 0 => open -= 1,
                ')' if self.take("))") => return Ok(parts.done()),
                ')' => return Err(Broken::Syntax),
                _ => {}
            }
            self.piece(&mut parts, false)?;
        }
    }

    /// Reads the rest of `` `…` ``, whose script has one more layer of escapes.
    fn backquoted(&mut self, quoted: bool) -> Result<Script, Broken> {
        let mut text = String::new();
        loop {
            self.step()?;
            match self.next().ok_or(Broken::Syntax)? {
                '`' => break,
                '\\' => match self.next().ok_or(Broken::Syntax)? {
                    c @ ('$' | '`' | '\\') => text.push(c),
                    '"' if quoted => text.push('"'),
                    c => text.extend(['\\', c]),
                },
                c => text.push(c),
            }
        }
        self.inside(&text, Self::script)
    }

    /// Reads another text one level deeper, out of the same budget.
    fn inside<T>(
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

    /// Reads the rest of `$'…'`.
    fn ansi(&mut self) -> Result<String, Broken> {
        let start = self.at;
        loop {
            self.step()?;
            match self.next().ok_or(Broken::Syntax)? {
                '\'' => break,
                '\\' => _ = self.next(),
                _ => {}
            }
        }
        let raw: String = self
            .chars
            .get(start..self.at - 1)
            .unwrap_or_default()
            .iter()
            .collect();
        Ok(super::escapes::decode(&raw))
    }

    /// Reads the texts of the here-documents that were announced, at the beginning of a line.
    pub(super) fn documents(&mut self) -> Result<(), Broken> {
        for pending in std::mem::take(&mut self.pending) {
            let mut body = String::new();
            while self.at < self.chars.len() {
                let mut line = String::new();
                while let Some(c) = self.next() {
                    self.step()?;
                    if c == '\n' {
                        break;
                    }
                    line.push(c);
                }
                let line = if pending.tabs_dropped {
                    line.trim_start_matches('\t')
                } else {
                    &line
                };
                if line == pending.delimiter {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
            let word = if pending.expanded {
                self.inside(&body, |it| {
                    let mut parts = Parts::default();
                    while let Some(c) = it.peek(0) {
                        it.step()?;
                        if c == '"' {
                            it.at += 1;
                            parts.text('"', true);
                        } else {
                            it.piece(&mut parts, true)?;
                        }
                    }
                    Ok(parts.done())
                })?
            } else {
                Word::literal(body)
            };
            if let Some(slot) = self.documents.get_mut(pending.slot) {
                *slot = word;
            }
        }
        Ok(())
    }
}

fn unknown(shown: &str) -> Part {
    Part::Unknown {
        shown: shown.to_owned(),
        inside: Vec::new(),
    }
}

/// The parts of a word while it is read.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn push(&mut self, part: Part) {
        self.0.push(part);
    }

    fn text(&mut self, c: char, as_quoted: bool) {
        match self.0.last_mut() {
            Some(Part::Text { text, quoted }) if *quoted == as_quoted => text.push(c),
            _ => self.0.push(Part::Text {
                text: c.to_string(),
                quoted: as_quoted,
            }),
        }
    }

    /// Notes a pair of quotes: with nothing in it, it is a word still.
    fn empty(&mut self) {
        if !matches!(self.0.last(), Some(Part::Text { quoted: true, .. })) {
            self.0.push(Part::Text {
                text: String::new(),
                quoted: true,
            });
        }
    }

    fn last_unquoted(&self) -> Option<char> {
        match self.0.last() {
            Some(Part::Text {
                text,
                quoted: false,
            }) => text.chars().last(),
            _ => None,
        }
    }

    fn ends_in_pattern(&self) -> bool {
        self.last_unquoted().is_some_and(|c| "@?*+!".contains(c))
    }

    fn ends_in_assignment(&self) -> bool {
        self.last_unquoted().is_some_and(|c| c == '=' || c == ':')
    }

    fn done(self) -> Word {
        Word(self.0)
    }
}
