//! The night's append-only log: what happened, in order, each record chained to the one before.
//!
//! [`Journal`] is the one writer (its caller holds the runner's lock); [`read`] and [`segments`]
//! are for other terminals, also while the writer is at work. The room is generic over the event
//! and knows nothing of what events mean. What a record is, and how it is verified, stands in
//! [`Record`]; what a crash may leave behind, and what is done about it, in [`Journal::open`].
#![cfg_attr(not(test), warn(clippy::indexing_slicing))]

pub mod ballast;
#[cfg(test)]
mod crash;
mod fold;
mod medium;
mod memory;
#[cfg(test)]
mod odd;
mod reader;
mod record;
mod segment;
mod writer;

pub use fold::OpenError;
pub(crate) use memory::{FOLDER, Fault, Loss, Memory};
pub use reader::{ReadSummary, SegmentInfo, Which, read, segments};
pub use record::Record;
pub use writer::{AppendError, Journal, Opened, Torn};
