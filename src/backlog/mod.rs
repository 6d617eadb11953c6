//! Tickets: one Markdown file each.

pub mod overlap;
pub mod ticket;
