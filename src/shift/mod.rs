//! The night itself: the only room that performs steps.
//!
//! [`run`] is the loop; [`World`] is everything outside the machine.

mod control;
mod observe;
mod run;
mod world;

pub use observe::{Nobody, Observer};
pub use run::{Broken, run};
pub use world::{AttemptAt, Trouble, World};
