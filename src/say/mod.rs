//! What an agent may say to the night: five verbs, one line of JSON each.
//!
//! The facts are in [`utterance`]. [`speak`] is what `nightshift say` does: it appends one line to
//! the attempt's `say.jsonl`, and answers a question by itself where a standing answer fits
//! ([`standing`]). [`Listener`] reads that file, whatever is in it. [`fence`] is the way of an agent
//! that cannot run a command: one fenced block at the end of its last message. What follows from an
//! utterance is decided above.

pub mod fence;
mod file;
mod limits;
pub mod standing;
pub mod utterance;

pub use file::{Listener, Said, SayError, append, read};
pub use limits::{LONGEST_TEXT, MOST_OPTIONS, tidy};
pub use standing::{Spoken, StandingAnswer, speak};
