//! Tickets: one Markdown file each, read with every problem at its place.
//!
//! [`load`] reads a whole folder into a [`Backlog`] in night order; one bad file is a diagnostic,
//! never a lost night. [`Shelf`] keeps it up to date while a night runs.
//!
//! Read are `*.md` files in the folder and below it; hidden folders, `archive`, `completed`,
//! `drafts` and files called `README.md` are not.

mod body;
mod folder;
mod front;
mod load;
mod new_ticket;
mod order;
pub mod overlap;
mod parse;
mod shelf;
pub mod ticket;

pub use load::{Backlog, LoadError, Refused, list_folder, load};
pub use new_ticket::{BadNewTicket, Draft, NewTicket, new_ticket};
pub use order::order;
pub use parse::parse_ticket;
pub use shelf::Shelf;
