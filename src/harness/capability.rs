//! What an agent's program can do beyond reading a prompt and changing files.

use serde::Serialize;

/// On what ground a capability is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// It is not there, or nothing is known of it.
    No,
    /// Its documentation says so.
    Declared,
    /// It was seen to work.
    Verified,
}

/// What a program offers, and nightshift makes use of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// A stream of events on its standard output.
    pub events: Proof,
    /// The tokens that a session took.
    pub usage: Proof,
    /// Going on with an earlier session.
    pub resume: Proof,
    /// Refusing a tool call before it happens.
    pub hard_deny: Proof,
    /// That a usage limit or an overload is told from a failure.
    pub limits_recognised: Proof,
    /// Tools from an MCP server that the runner brings.
    pub mcp: Proof,
}

impl Capabilities {
    /// Returns the capabilities of a command line of which nothing is known.
    pub const fn none() -> Self {
        Self {
            events: Proof::No,
            usage: Proof::No,
            resume: Proof::No,
            hard_deny: Proof::No,
            limits_recognised: Proof::No,
            mcp: Proof::No,
        }
    }
}
