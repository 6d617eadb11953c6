//! `request.json`: everything that a harness is given for one attempt, on record.
//!
//! The session reads its own terms from here (bench, limits, mark), so that what is on record is
//! what was done.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{backlog::ticket::TicketId, repo::id::CommitId};

/// What a harness is given for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The version of this format.
    pub version: u32,
    /// Where the work happens.
    pub workspace: Workspace,
    /// Which attempt this is.
    pub identity: Identity,
    /// What is to be done, in the ticket's words.
    pub instruction: Instruction,
    /// Files that belong to the instruction.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// The model to ask for; `None` leaves it to the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The provider's settings.
    #[serde(default)]
    pub provider: Provider,
    /// The prompt as composed.
    pub prompt: PromptFile,
    /// Folders of skills that the agent may load.
    #[serde(default)]
    pub skills: Vec<PathBuf>,
    /// MCP servers that the runner brings. This version brings none.
    #[serde(default)]
    pub mcp_servers: Vec<McpServer>,
    /// BLAKE3 of the configuration in force, hexadecimal.
    pub configuration: String,
    /// When it began and what ends it.
    pub lifecycle: Lifecycle,
}

impl Request {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;
}

/// Where the work happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// The bench, an absolute path.
    pub bench: PathBuf,
    /// The commit that the attempt starts from.
    pub base: CommitId,
}

/// Which attempt this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The night.
    pub night: String,
    /// The ticket.
    pub ticket: TicketId,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// The harness's name.
    pub harness: String,
}

/// What is to be done, in the ticket's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// The ticket's title.
    pub title: String,
    /// The Markdown below the ticket's front matter.
    pub body: String,
}

/// A file that belongs to the instruction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Where it is.
    pub path: PathBuf,
}

/// The provider's settings: only the names of variables, because their values may be keys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// Names of the variables that the harness's configuration sets.
    #[serde(default)]
    pub env: Vec<String>,
}

/// The prompt as composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptFile {
    /// Its file, relative to the attempt's folder.
    pub file: PathBuf,
    /// BLAKE3 of its bytes, hexadecimal.
    pub blake3: String,
}

impl PromptFile {
    /// Returns the record of a prompt with this text, kept in `prompt.md`.
    pub fn of(text: &str) -> Self {
        Self {
            file: PathBuf::from("prompt.md"),
            blake3: blake3::hash(text.as_bytes()).to_hex().to_string(),
        }
    }
}

/// An MCP server that the runner brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct McpServer {
    /// Its name.
    pub name: String,
    /// Program and arguments.
    pub command: Vec<String>,
}

/// When an attempt began and what ends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// When the request was made.
    pub created_at: Timestamp,
    /// Awake time after which the agent is ended, in milliseconds.
    pub timeout_ms: u64,
    /// How long it may print nothing and use no CPU, in milliseconds; `None` is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence_ms: Option<u64>,
    /// The name by which its processes are found when the runner has died.
    pub mark: String,
}

impl Lifecycle {
    /// Returns the timeout.
    pub fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }

    /// Returns the silence limit.
    pub fn silence(&self) -> Option<Duration> {
        self.silence_ms.map(Duration::from_millis)
    }
}
