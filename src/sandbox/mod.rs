//! What keeps a child and its output harmless.
//!
//! Everything that is kept or shown goes through [`clean`], which takes out what a terminal or an
//! eye can be tricked with, and then through a [`Redactor`], which takes out secrets: in this
//! order, because an escape sequence inside a secret would hide it.

mod plain;
mod proxy;
mod redact;
mod shapes;

pub use plain::clean;
pub use proxy::{HostError, HostList, HostUse, NoHost, Proxy, Seen, Use, WhyNot, forward};
pub use redact::{LineRedactor, Redactor};
