//! The boundary to the agent.

pub mod event;
