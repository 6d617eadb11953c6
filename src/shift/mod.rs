//! The night itself: the only room that performs steps.
//!
//! [`night`] opens a night (lock, journal, recovery) and runs it; [`run`] is the loop: step →
//! effect → event → journal. [`World`] is everything outside the machine. [`Site::preflight`]
//! looks before a night at what forbids it and which guarantees are off, [`prove`] runs the gates
//! without any agent, [`control`] is how other terminals ask. [`watch`] is the watchdog, a process
//! of its own that sees by the [`Heartbeat`] whether the runner gets on.

mod again;
mod append;
mod attempt;
mod beat;
mod bench;
mod boundary;
mod checks;
pub mod control;
mod effects;
mod fence;
mod ground;
mod hands;
mod landing;
mod ledger;
mod mend;
mod names;
mod night;
mod objective;
mod observe;
mod open;
mod opening;
mod outlook;
mod preflight;
mod probe;
mod prove;
mod real;
mod referee;
mod run;
mod secrets;
mod site;
mod stall;
mod stock;
mod tests_touched;
mod trust;
mod verify;
mod watch;
mod watchdog;
mod whole;
mod world;

pub use again::Again;
pub use append::append;
pub use beat::Heartbeat;
pub use boundary::differences;
pub use ground::{Ground, Terms};
pub use ledger::{LedgerError, read, read_each};
pub use names::{branch_commit, trailers};
pub use night::{Ended, NightError, Order, night};
pub use observe::{Nobody, Observer};
pub use open::Course;
pub use preflight::{Preflight, Refusal};
pub use prove::{Absent, Proof, Proved, prove};
pub use run::{Broken, run};
pub use site::{CONFIG, Site, SiteError};
pub use trust::{Standing, Trust};
pub use verify::{Checked, VerifyError};
pub use watchdog::{Last, Restarted, Watch, WatchError, Watched, watch};
pub use whole::{Opening, RunError, whole};
pub use world::{AttemptAt, Trouble, World};
