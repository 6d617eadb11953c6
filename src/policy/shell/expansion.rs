//! What follows a `$` or a backquote: variables, substitutions, arithmetic.
//!
//! Arithmetic is not worked out, but the scripts inside of it are found.

use super::{
    lexer::{Broken, Lexer},
    parts::Parts,
    syntax::{Part, Script, Word},
};

impl Lexer {
    /// Reads what follows a `$`.
    pub(super) fn dollar(&mut self, parts: &mut Parts, quoted: bool) -> Result<(), Broken> {
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

    pub(super) fn name(&mut self) -> String {
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
    pub(super) fn braced(&mut self, quoted: bool) -> Result<Part, Broken> {
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
    pub(super) fn until(&mut self, end: char, quoted: bool) -> Result<Word, Broken> {
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
    pub(super) fn backquoted(&mut self, quoted: bool) -> Result<Script, Broken> {
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

    /// Reads the rest of `$'…'`.
    pub(super) fn ansi(&mut self) -> Result<String, Broken> {
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
}

fn unknown(shown: &str) -> Part {
    Part::Unknown {
        shown: shown.to_owned(),
        inside: Vec::new(),
    }
}
