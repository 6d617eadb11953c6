//! A process by its identity, as a plain fact.

use serde::{Deserialize, Serialize};

/// A process by its identity: a process id alone may have been given to another since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessId {
    /// Process id.
    pub pid: u32,
    /// Its start, in clock ticks since boot.
    pub start_ticks: u64,
    /// The boot it belongs to.
    pub boot: String,
}
