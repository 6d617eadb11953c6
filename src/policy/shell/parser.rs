//! From words to commands: operators, reserved words, redirections.
//!
//! Lenient on purpose. A reserved word where a command may begin only separates, so the order of
//! `if`, `then` and `fi` is not checked: a line that no shell would run may be read, and nothing
//! that a shell would run is missed. Parentheses, `case` and whatever has an end must have it.

use super::{
    lexer::{Broken, Lexer, Pending},
    syntax::{Parsed, Part, Pipeline, Redirect, Script, Simple, Word},
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
enum Frame {
    Parens,
    Case,
}

/// Pipelines while they are read.
#[derive(Default)]
struct Commands {
    script: Script,
    frames: Vec<Frame>,
    /// Whether the last operator was a pipe.
    piped: bool,
    /// Whether the last command was compound.
    compound: bool,
    /// Whether a pattern of a `case` comes next.
    pattern: bool,
}

impl Commands {
    fn push(&mut self, mut simple: Simple) {
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

    fn separate(&mut self) {
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

    fn commands(&mut self, in_parens: bool) -> Result<Script, Broken> {
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

    /// Reads `((…))` or the beginning of a subshell.
    fn open(&mut self, read: &mut Commands) -> Result<(), Broken> {
        if self.peek(1) == Some('(') {
            let start = self.at;
            self.at += 2;
            match self.arithmetic() {
                Ok(inside) => {
                    read.push(command_of("((", [inside]));
                    return Ok(());
                }
                Err(Broken::TooDeep) => return Err(Broken::TooDeep),
                Err(Broken::Syntax) => self.at = start,
            }
        }
        self.at += 1;
        read.frames.push(Frame::Parens);
        Ok(())
    }

    /// Reads one pattern of a `case`, up to its `)`, or the `esac`.
    fn pattern(&mut self, read: &mut Commands) -> Result<(), Broken> {
        read.pattern = false;
        let start = self.at;
        let mut first = !self.take("(");
        let mut words = Vec::new();
        loop {
            self.skip_blanks()?;
            let word = self.word()?.ok_or(Broken::Syntax)?;
            if std::mem::take(&mut first) && word.bare() == Some("esac") {
                self.at = start;
                return self.command(read);
            }
            words.push(word);
            self.skip_blanks()?;
            match self.next() {
                Some(')') => break,
                Some('|') => {}
                _ => return Err(Broken::Syntax),
            }
        }
        read.push(command_of("case", words));
        Ok(())
    }

    /// Reads one command, or a reserved word where one may begin.
    fn command(&mut self, read: &mut Commands) -> Result<(), Broken> {
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
    fn parens(&mut self) -> Result<bool, Broken> {
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

    /// Reads what a reserved word begins; `false` when the word is none.
    fn reserved(&mut self, name: &str, read: &mut Commands) -> Result<bool, Broken> {
        match name {
            "if" | "then" | "elif" | "else" | "while" | "until" | "do" | "{" | "!" => {}
            "time" => {
                self.skip_blanks()?;
                // With options it is the program of that name.
                if !self.take("-p ") && self.peek(0) == Some('-') {
                    return Ok(false);
                }
            }
            "fi" | "done" | "}" => {
                read.separate();
                read.compound = true;
            }
            "esac" => {
                read.frames
                    .pop_if(|frame| *frame == Frame::Case)
                    .ok_or(Broken::Syntax)?;
                read.separate();
                read.compound = true;
            }
            "for" | "select" => self.loop_variable(read)?,
            "case" => {
                self.skip_blanks()?;
                let word = self.word()?.ok_or(Broken::Syntax)?;
                read.push(command_of("case", [word]));
                self.skip_lines()?;
                let keyword = self.word()?;
                if keyword.as_ref().and_then(Word::bare) != Some("in") {
                    return Err(Broken::Syntax);
                }
                read.frames.push(Frame::Case);
                read.pattern = true;
            }
            "function" => {
                self.skip_blanks()?;
                self.word()?.ok_or(Broken::Syntax)?;
                self.parens()?;
            }
            "[[" => {
                let words = self.test()?;
                read.push(command_of("[[", words));
            }
            // Its name is hard to tell from a command, and no agent needs it.
            "coproc" => return Err(Broken::Syntax),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn skip_lines(&mut self) -> Result<(), Broken> {
        self.skip_blanks()?;
        while self.peek(0) == Some('\n') {
            self.at += 1;
            self.documents()?;
            self.skip_blanks()?;
        }
        Ok(())
    }

    /// Reads the head of a `for` up to its `do`.
    fn loop_variable(&mut self, read: &mut Commands) -> Result<(), Broken> {
        self.skip_blanks()?;
        if self.take("((") {
            let inside = self.arithmetic()?;
            read.push(command_of("((", [inside]));
            return Ok(());
        }
        let name = self.word()?.ok_or(Broken::Syntax)?;
        let name = name.bare().ok_or(Broken::Syntax)?.to_owned();
        self.skip_lines()?;
        let start = self.at;
        let keyword = self.word()?;
        let mut assigned = Vec::new();
        if keyword.as_ref().and_then(Word::bare) == Some("in") {
            loop {
                self.skip_blanks()?;
                match self.word()? {
                    Some(value) => assigned.push((name.clone(), value)),
                    None => break,
                }
            }
        } else {
            self.at = start;
            let arguments = Part::Variable {
                name: "@".to_owned(),
                fallback: None,
                quoted: true,
            };
            assigned.push((name, Word(vec![arguments])));
        }
        read.push(Simple {
            assigned,
            ..Simple::default()
        });
        Ok(())
    }

    /// Reads the rest of `[[ … ]]`.
    fn test(&mut self) -> Result<Vec<Word>, Broken> {
        let mut words = Vec::new();
        loop {
            self.step()?;
            self.skip_blanks()?;
            match self.word()? {
                Some(word) if word.bare() == Some("]]") => return Ok(words),
                Some(word) => words.push(word),
                // Operators and parentheses mean nothing to the commands inside.
                None => _ = self.next().ok_or(Broken::Syntax)?,
            }
        }
    }

    /// Reads `( word … )` behind `NAME=`.
    fn array(&mut self) -> Result<Vec<Word>, Broken> {
        self.at += 1;
        let mut words = Vec::new();
        loop {
            self.step()?;
            self.skip_lines()?;
            match self.word()? {
                Some(word) => words.push(word),
                None if self.take(")") => return Ok(words),
                None => return Err(Broken::Syntax),
            }
        }
    }

    /// Reads a redirection, if one begins here.
    fn redirect(&mut self, simple: &mut Simple) -> Result<bool, Broken> {
        let from_process = self.peek(1) == Some('(');
        let operator = match self.peek(0) {
            Some('<' | '>') if from_process => return Ok(false),
            Some('<' | '>' | '&') => [
                "<<<", "<<-", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">|", ">&", ">",
            ]
            .into_iter()
            .find(|operator| self.take(operator)),
            _ => None,
        };
        let Some(operator) = operator else {
            return Ok(false);
        };
        self.skip_blanks()?;
        let word = self.word()?.ok_or(Broken::Syntax)?;
        let descriptor = word
            .bare()
            .is_some_and(|to| to.trim_end_matches('-').chars().all(|c| c.is_ascii_digit()));
        simple.redirects.push(match operator {
            "<<" | "<<-" => {
                let slot = self.documents.len();
                self.documents.push(Word::default());
                let (delimiter, quoted) = delimiter(&word)?;
                self.pending.push(Pending {
                    slot,
                    delimiter,
                    expanded: !quoted,
                    tabs_dropped: operator == "<<-",
                });
                Redirect::Document(slot)
            }
            "<<<" => Redirect::Text(word),
            "<" | "<&" => Redirect::Read(word),
            ">&" if descriptor => return Ok(true),
            _ => Redirect::Write(word),
        });
        Ok(true)
    }
}

/// Returns whether a command gives variables their values.
pub(super) fn declaration(name: &str) -> bool {
    matches!(
        name,
        "export" | "declare" | "typeset" | "local" | "readonly"
    )
}

fn command_of(name: &str, words: impl IntoIterator<Item = Word>) -> Simple {
    let name = Word::literal(name);
    Simple {
        words: [name].into_iter().chain(words).collect(),
        ..Simple::default()
    }
}

/// Returns the delimiter of a here-document and whether any of it is quoted.
fn delimiter(word: &Word) -> Result<(String, bool), Broken> {
    let mut delimiter = String::new();
    let mut any_quoted = false;
    for part in &word.0 {
        match part {
            Part::Text { text, quoted } => {
                delimiter.push_str(text);
                any_quoted |= quoted;
            }
            _ => return Err(Broken::Syntax),
        }
    }
    Ok((delimiter, any_quoted))
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
