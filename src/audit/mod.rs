//! What must hold of every night, checked from its journal and from what is really there.
//!
//! [`audit`] reads the journal's facts by itself, beside [`crate::machine`], so that the two
//! readings check each other: a defect of the one is not believed by the other. Simulated nights
//! and `nightshift verify` share it; [`Evidence`] is all that it looks at.

mod attempt;
mod evidence;
mod flight;
mod trail;
mod violation;
mod walk;

pub use evidence::{BranchCommit, Evidence, audit};
pub use violation::{Invariant, Violation};
