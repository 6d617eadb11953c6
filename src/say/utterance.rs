//! What an agent may say, as plain facts: five verbs.
//!
//! A line of an attempt's `say.jsonl` is one [`Utterance`]. Texts are redacted and cut before they
//! are journaled.

use serde::{Deserialize, Serialize};

/// One thing that the agent said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case")]
pub enum Utterance {
    /// Something worth knowing in the morning.
    Note {
        /// What.
        text: String,
    },
    /// A decision it took without asking, that a human may want to see.
    Assume {
        /// What it assumed.
        text: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// A question that only a human may answer: the ticket is recorded and the night goes on.
    Park(Question),
    /// Going on could do harm: the night stops.
    Halt {
        /// What would be harmed.
        text: String,
    },
    /// The agent believes that it is finished. Evidence, never the verdict.
    Done {
        /// What it did.
        text: String,
    },
}

/// A question with what a human needs to answer it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The question.
    pub question: String,
    /// The answers that the agent sees, each with what it would do for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Which it would take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommend: Option<String>,
    /// Why it cannot decide by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}
