//! What is wrong in a file that a person wrote: the place, the reason, the next step.
//!
//! A [`Diagnostic`] points into a [`Source`] with byte spans and is rendered by rustc's own
//! renderer ([`render()`]). Parsers of such files return `(T, Vec<Diagnostic>)`: every problem in
//! one go, and never a lost night because of one bad file.

mod plain;
mod render;
mod source;
mod suggest;

pub use plain::plain;
pub use render::render;
pub use source::{Diagnostic, Label, Severity, Source};
pub use suggest::nearest;
