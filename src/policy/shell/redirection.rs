//! Redirections: the file, or the text, behind an operator.

use super::{
    documents::Pending,
    lexer::{Broken, Lexer},
    syntax::{Part, Redirect, Simple, Word},
};

impl Lexer {
    /// Reads a redirection, if one begins here.
    pub(super) fn redirect(&mut self, simple: &mut Simple) -> Result<bool, Broken> {
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
