//! A night's report as data: its sections, ranked. Texts are as they were said; escaping them is
//! the renderers' business.

mod blind;
mod branch;
mod check;
mod decision;
mod failed;
mod headline;
mod hosts;
mod landed;
mod names;
mod night;
mod numbers;
mod rules;
mod said;
mod unreached;
mod view;
mod work;

pub use blind::RefusedLine;
pub use branch::{Branch, BranchCommands};
pub use check::{CheckLine, Output};
pub use decision::{DecisionLine, RuleRef};
pub use failed::{FailedLine, RedCheck, Tried};
pub use landed::{LandedLine, LookLine};
pub use names::Names;
pub use night::{ActiveLine, HaltLine, Model, StopLine, model};
pub use numbers::{Numbers, OutcomeCount, WeatherLine};
pub use rules::RuleLine;
pub use said::SaidLine;
pub use unreached::{BlockedGroup, Held, HeldGroup, HeldLine, SkippedGroup};
pub use view::Evidence;
pub use work::WorkLine;

pub(super) use headline::{headline_so_far, outcomes};
