//! What a human does to a night: each verb is a function from the state to a request.
//!
//! A request is a fact to be journaled, by the running night at its next boundary or, when none
//! runs, at once by whoever asks ([`record`]).

mod record;
mod request;

pub use record::{RecordError, record};
pub use request::{RefusedRequest, answer, requeue, skip, stop};
