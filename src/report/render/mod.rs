//! The model as text: Markdown by a template, and JSON.

mod align;
mod escape;
mod json;
mod markdown;

pub use json::json;
pub use markdown::{TemplateError, markdown};

pub(super) use escape::{line, short};
