//! Children: started, watched, ended with their whole tree.

mod spec;

pub use spec::{Exit, Finished, ProcessId, Spec, Stream};
