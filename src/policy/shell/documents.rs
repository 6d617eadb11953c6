//! Here-documents: announced in one line, read behind its end.

use super::{
    lexer::{Broken, Lexer},
    parts::Parts,
    syntax::Word,
};

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
