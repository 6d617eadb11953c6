//! Children: started, watched, ended with their whole tree.

pub mod id;
mod spec;

pub use id::ProcessId;
pub use spec::{Exit, Finished, Spec, Stream};
