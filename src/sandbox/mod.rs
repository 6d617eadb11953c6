//! What keeps a child and its output harmless.
//!
//! Everything that is kept or shown goes through [`clean`], which takes out what a terminal or an
//! eye can be tricked with, and then through a [`Redactor`], which takes out secrets: in this
//! order, because an escape sequence inside a secret would hide it.

mod added;
mod beside;
mod chance;
mod escape;
mod issuers;
mod keys;
mod lines;
mod plain;
mod redact;
mod shapes;
mod values;
mod vendors;

pub use added::{Added, Finding};
pub use keys::torn_key;
pub use lines::LineRedactor;
pub use plain::clean;
pub use redact::Redactor;
