//! `requires`: what must be there before the ticket is worked on.

use super::One;
use crate::backlog::requirement::Requirement;

/// More than any ticket needs.
const MOST: usize = 50;

impl One<'_> {
    pub(super) fn requires(&mut self) -> Vec<Requirement> {
        let mut found = Vec::new();
        for text in self.list("[\"node >= 20\", docker, \"service:localhost:5432\"]") {
            match text.parse::<Requirement>() {
                Ok(requirement) if found.contains(&requirement) => {}
                Ok(requirement) => found.push(requirement),
                Err(error) => self.error(
                    "bad-requirement",
                    self.place_of(&text),
                    error.to_string(),
                    "write a tool (`docker`, `node >= 20`), `service:HOST:PORT`, `file:PATH` or `env:NAME`",
                ),
            }
        }
        if found.len() > MOST {
            let message = format!("a ticket requires at most {MOST} things");
            self.error(
                "bad-value",
                self.place(),
                message,
                "leave out what others bring along",
            );
            found.clear();
        }
        found
    }
}
