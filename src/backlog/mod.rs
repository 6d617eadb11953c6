//! Tickets: one Markdown file each, in one folder.
//!
//! [`load()`] reads a folder into a [`Backlog`]: the usable tickets in night order, and everything
//! that is wrong with the others. A [`Shelf`] keeps it open through the night and reads again what
//! was edited. One file alone is read by [`parse_ticket`], [`new_ticket`] begins a new one,
//! and a [`NewObjective`] one that is worked in iterations.

mod body;
mod circle;
mod front;
mod graph;
mod keys;
mod load;
mod new_objective;
mod new_ticket;
mod order;
pub mod overlap;
mod parse;
pub mod requirement;
mod scan;
mod shelf;
pub mod ticket;
mod watch;
mod yaml;

pub use graph::{Backlog, Refused};
pub use load::load;
pub use new_objective::{BadObjective, NewObjective, objective_of};
pub use new_ticket::{BadNewTicket, Draft, NewTicket, new_ticket};
pub use order::order;
pub use parse::{LARGEST_TICKET, parse_ticket};
pub use requirement::{BadRequirement, Requirement, Version, Wanted as WantedVersion};
pub use scan::{LoadError, find_folder};
pub use shelf::{QUIET, Shelf};
pub use watch::{INTERVAL, Watcher};
