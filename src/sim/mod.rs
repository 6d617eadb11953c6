//! Simulated nights: the very recovery, loop and machine of a real night, over a world in memory in
//! which anything may go wrong at any moment.
//!
//! A night is a [`Plan`], drawn from a seed: tickets, what agents and gates do, when the process
//! dies, what the disk refuses or forgets, what the user does meanwhile. [`play`] plays it, with the
//! real [`crate::shift::whole`] over a simulated [`crate::shift::World`] and the real journal over a
//! disk in memory, and audits the night after every death and at its end. Time is virtual, and
//! nothing is random while it is played, so that a seed is a night for good. [`shrink`] looks for
//! the smallest plan that still fails.
//!
//! Run many with `cargo run --release --example simulate -- --nights 10000 --seed 1`.

mod agent;
mod dice;
mod earth;
mod ground;
mod night;
mod plan;
mod repo;
mod shrink;
#[cfg(test)]
mod small;
#[cfg(test)]
mod tests;
mod world;

pub use night::{Played, play};
pub use plan::Plan;
pub use shrink::shrink;
