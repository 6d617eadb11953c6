//! Lists of tickets, short enough to be read.

use std::fmt;

use serde::Serialize;

use crate::backlog::ticket::TicketId;

/// How many ids a list holds.
const MOST: usize = 20;

/// Tickets by id: how many, and the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Names {
    /// How many there are.
    pub count: usize,
    /// The first 20.
    pub first: Vec<TicketId>,
}

impl Names {
    pub(super) fn add(&mut self, id: &TicketId) {
        self.count += 1;
        if self.first.len() < MOST {
            self.first.push(id.clone());
        }
    }

    pub(super) fn of<'a>(ids: impl IntoIterator<Item = &'a TicketId>) -> Self {
        let mut names = Self::default();
        for id in ids {
            names.add(id);
        }
        names
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, id) in self.first.iter().enumerate() {
            let separator = if at > 0 { ", " } else { "" };
            write!(f, "{separator}{id}")?;
        }
        match self.count - self.first.len() {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
