//! Loops, branches, groups and tests: what reserved words begin and end.

use super::{
    lexer::{Broken, Lexer},
    parser::{Commands, Frame},
    syntax::{Part, Simple, Word},
};

impl Lexer {
    /// Reads `((…))` or the beginning of a subshell.
    pub(super) fn open(&mut self, read: &mut Commands) -> Result<(), Broken> {
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
    pub(super) fn pattern(&mut self, read: &mut Commands) -> Result<(), Broken> {
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

    /// Reads what a reserved word begins; `false` when the word is none.
    pub(super) fn reserved(&mut self, name: &str, read: &mut Commands) -> Result<bool, Broken> {
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

    /// Reads the head of a `for` up to its `do`.
    pub(super) fn loop_variable(&mut self, read: &mut Commands) -> Result<(), Broken> {
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
    pub(super) fn test(&mut self) -> Result<Vec<Word>, Broken> {
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
    pub(super) fn array(&mut self) -> Result<Vec<Word>, Broken> {
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
}

fn command_of(name: &str, words: impl IntoIterator<Item = Word>) -> Simple {
    let name = Word::literal(name);
    Simple {
        words: [name].into_iter().chain(words).collect(),
        ..Simple::default()
    }
}
