//! Tickets: one Markdown file each.

pub mod ticket;
