//! The contract: what an agent may decide alone.

pub mod decision;
