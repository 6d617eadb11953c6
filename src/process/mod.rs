//! Children: started, watched, ended with their whole tree.
//!
//! [`run`] is the only way a program is started; [`Runner`] is this very program, started once more. At every end, a clean exit included, everything
//! that came of the child is ended too: nothing of one run is alive in the next. [`sweep`] does
//! the same for what a runner left that was killed itself. Linux only: it lives on `/proc`.

mod awake;
mod effort;
pub mod id;
mod identity;
mod progress;
mod report;
mod run;
mod runner;
mod signals;
mod spec;
mod supervise;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod tree;
mod unix;

pub use awake::{Awake, wakekeeper};
pub use id::ProcessId;
pub use identity::{find_program, identify, is_alive};
pub use progress::{Doing, Patience, Progress, Reading, Waiting};
pub use run::{capture, converse, run, run_counted};
pub use runner::{Died, Runner, Start};
pub use signals::{Asked, Signals};
pub use spec::{Exit, Finished, Spec, Stream};
pub use supervise::supervise;
pub use sweep::{left, sweep};
pub use unix::{become_subreaper, ignores_hangup, resign_as_subreaper};
