//! What keeps a child and its output harmless.
//!
//! A [`Cell`] says what one child may reach, and an [`Engine`] makes it true: bubblewrap with
//! Landlock inside, or Landlock alone. [`Inside`] is what runs in there before the program.
//!
//! Everything that is kept or shown goes through [`clean`], which takes out what a terminal or an
//! eye can be tricked with, and then through a [`Redactor`], which takes out secrets: in this
//! order, because an escape sequence inside a secret would hide it.

mod added;
mod beside;
mod bwrap;
mod cell;
mod chance;
mod engine;
mod escape;
mod home;
mod inside;
mod issuers;
mod keys;
mod landlock;
mod lines;
mod plain;
mod proxy;
mod redact;
mod shapes;
mod values;
mod variables;
mod vendors;

pub use added::{Added, Finding};
pub use cell::{Cell, Limits, Reach, proxy_variables};
pub use engine::{Engine, Fence, NoEngine, Wrapped};
pub use home::{place, tools};
pub use inside::Inside;
pub use keys::torn_key;
pub use lines::LineRedactor;
pub use plain::clean;
pub use proxy::{HostError, HostList, HostUse, NoHost, Proxy, Seen, Use, WhyNot};
pub use redact::Redactor;
pub use variables::{is_ordinary, is_provider};
