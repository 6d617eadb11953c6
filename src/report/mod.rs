//! What a person reads of a night, out of its state and nothing else.
//!
//! Three pure functions: [`model`] (state → sections), the ranking in `rank`, and the renderers
//! ([`markdown`], [`json`]). [`status`] is the short form for the terminal. Same state and same
//! evidence, same bytes: there is no clock and no environment in this room.

mod brief;
mod escape;
mod model;
mod numbers;
mod rank;
mod render;
mod sections;

pub use brief::{Liveness, Status, status};
pub use model::{Evidence, model};
pub use render::{TemplateError, json, markdown};
pub use sections::Model;
