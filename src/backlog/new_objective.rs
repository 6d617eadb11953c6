//! A ticket file for an objective that was given on the command line.
//!
//! The same text is the same objective: its file is found again by its body, whatever else was
//! written into the front matter since.

use std::sync::Arc;

use super::{
    graph::Backlog,
    keys::{ITERATIONS, MOST_ITERATIONS},
    new_ticket::slug,
    ticket::Ticket,
};

/// How long the title made from an objective may be, in characters.
const LONGEST_TITLE: usize = 72;

/// An objective that has no file yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObjective {
    /// What is wanted, in its author's words.
    pub text: String,
    /// The command that is green when it is reached.
    pub accept: String,
    /// The most iterations; `None` is the default.
    pub iterations: Option<u32>,
}

/// Why there is no objective.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadObjective {
    /// Nothing in the text.
    #[error("an objective needs words that say what is wanted")]
    NoText,
    /// Nothing in the command, or a NUL byte.
    #[error("`{0}` is no command that could say when the objective is reached")]
    Accept(String),
    /// A number that cannot be.
    #[error("an objective may take 1 to {MOST_ITERATIONS} iterations, not {0}")]
    Iterations(u32),
}

impl NewObjective {
    /// Checks that it can be a ticket.
    ///
    /// # Errors
    /// The text or the command is empty, or the number of iterations is out of range.
    pub fn check(&self) -> Result<(), BadObjective> {
        let is_clean = |text: &str| !text.trim().is_empty() && !text.contains('\0');
        if !is_clean(&self.text) {
            return Err(BadObjective::NoText);
        }
        if !is_clean(&self.accept) {
            return Err(BadObjective::Accept(self.accept.replace('\0', "\\0")));
        }
        let most = self.iterations.unwrap_or(ITERATIONS);
        if !(1..=MOST_ITERATIONS).contains(&most) {
            return Err(BadObjective::Iterations(most));
        }
        Ok(())
    }

    /// Returns the name of its file; a number above 1 makes it another one.
    pub fn file_name(&self, number: u32) -> String {
        let slug = slug(&self.text);
        if number == 1 {
            format!("objective-{slug}.md")
        } else {
            format!("objective-{slug}-{number}.md")
        }
    }

    /// Returns the text of its file.
    pub fn file_text(&self) -> String {
        // JSON is YAML, whatever stands in the strings.
        let quoted = |text: &str| serde_json::Value::String(text.to_owned());
        let most = self.iterations.unwrap_or(ITERATIONS);
        format!(
            "---\ntitle: {}\nmode: loop\niterations: {most}\naccept: {}\n---\n\n{}\n",
            quoted(&title(&self.text)),
            quoted(self.accept.trim()),
            self.text.trim(),
        )
    }
}

/// Returns the ticket that is the objective of this text.
pub fn objective_of<'b>(backlog: &'b Backlog, text: &str) -> Option<&'b Arc<Ticket>> {
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let wanted = words(text);
    let mut tickets = backlog.tickets.iter();
    tickets.find(|ticket| ticket.facts.iterations.is_some() && words(&ticket.body) == wanted)
}

fn title(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.chars().count() <= LONGEST_TITLE {
        return joined;
    }
    let cut: String = joined.chars().take(LONGEST_TITLE - 1).collect();
    let words = cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words);
    format!("{words}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::parse_ticket;

    #[test]
    fn an_objective_loads_as_it_was_meant_and_is_found_again_by_its_words() {
        for (text, accept) in [
            ("Port the parser", "cargo test parser"),
            (
                "Quote \"this\": #1 & that\n\n## Acceptance\n\nLater.",
                "test \"$X\" = 'a: b'",
            ),
            ("---\nnot: front matter\n---\n\nIt is text.", "a\nb"),
            ("日本語", "true"),
        ] {
            let new = NewObjective {
                text: text.to_owned(),
                accept: accept.to_owned(),
                iterations: Some(7),
            };
            new.check().unwrap();
            let (ticket, problems) = parse_ticket(&new.file_name(2), new.file_text().as_bytes());
            assert!(problems.is_empty(), "{problems:?}");
            let ticket = ticket.unwrap();
            assert_eq!(ticket.accept.as_deref(), Some(accept));
            assert_eq!(ticket.facts.iterations, Some(7));
            let backlog = Backlog {
                tickets: vec![Arc::new(ticket)],
                ..Backlog::default()
            };
            assert!(objective_of(&backlog, &format!(" {text}\n")).is_some());
            assert!(objective_of(&backlog, "Something else").is_none());
        }
    }

    #[test]
    fn what_cannot_be_an_objective_is_refused() {
        let new = |text: &str, accept: &str, iterations| NewObjective {
            text: text.to_owned(),
            accept: accept.to_owned(),
            iterations,
        };
        for bad in [
            new(" ", "true", None),
            new("x", " ", None),
            new("x", "a\0", None),
            new("x", "true", Some(0)),
            new("x", "true", Some(1001)),
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
