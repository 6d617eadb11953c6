//! Whoever looks on while a night runs: a projection, never a decider.

use jiff::Timestamp;

use super::open::Course;
use crate::machine::{Effect, Event, State};

/// Sees the night as it goes on. Every fact that it sees is durable.
pub trait Observer {
    /// A night is opened: gone on with, brought to its end, or begun.
    fn opens(&mut self, course: Course);

    /// An effect is about to begin.
    fn begins(&mut self, state: &State, effect: &Effect);

    /// Nothing may start before this moment; told again at every look.
    fn waits(&mut self, state: &State, until: Timestamp, because: &str);

    /// A fact has been journaled and folded.
    fn sees(&mut self, state: &State, event: &Event);
}

/// Nobody.
#[derive(Debug, Default)]
pub struct Nobody;

impl Observer for Nobody {
    fn opens(&mut self, _course: Course) {}

    fn begins(&mut self, _state: &State, _effect: &Effect) {}

    fn waits(&mut self, _state: &State, _until: Timestamp, _because: &str) {}

    fn sees(&mut self, _state: &State, _event: &Event) {}
}
