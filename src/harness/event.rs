//! What happens in an agent session, in one vocabulary for every agent CLI.
//!
//! [`HarnessEvent`] is a line of an attempt's `events.jsonl`. [`Ending`] is how the session ended,
//! the only part that the journal keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One normalized event of a session. The names are the format's, fixed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HarnessEvent {
    /// The runner has taken the attempt; always the runner's own word.
    RunClaimed {
        /// The ticket.
        ticket: String,
        /// Which attempt, from 1.
        attempt: u32,
        /// The harness's name.
        harness: String,
    },
    /// The agent's process is running. Comes once more when the agent has named the session.
    RunStarted {
        /// Its process id.
        pid: u32,
        /// The agent's own name for the session, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
    },
    /// The agent thinks aloud.
    ThinkingDelta {
        /// What it thinks, redacted.
        text: String,
    },
    /// The agent says something; for a plain command, one line of its output.
    OutputDelta {
        /// What it says, redacted.
        text: String,
    },
    /// The agent calls a tool.
    ToolCall {
        /// The tool.
        name: String,
        /// Its input, redacted.
        input: serde_json::Value,
    },
    /// The agent loads a skill.
    SkillInvocation {
        /// The skill.
        name: String,
    },
    /// The agent begins to compact its context.
    AutoCompactionStart,
    /// The agent has compacted its context.
    AutoCompactionEnd,
    /// The session ended, and nothing says that it failed.
    RunCompleted {
        /// Tokens and money; `None` where the agent does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// The session failed.
    RunFailed {
        /// Why, in one line.
        reason: String,
        /// Tokens and money; `None` where the agent does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
}

/// What a session cost, as far as its agent says; an absent number is unknown, not zero.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Money, in US dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// Turns: requests to the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<u32>,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The agent's process ended by itself with exit code 0.
    Exited,
    /// It ended by itself otherwise.
    Failed {
        /// Its exit code, or what signal ended it, or why it could not start; one line.
        reason: String,
    },
    /// It ran into the attempt's timeout and was killed.
    TimedOut {
        /// The timeout, in milliseconds.
        after_ms: u64,
    },
    /// It printed nothing and used no CPU for too long and was killed.
    Silent {
        /// The silence limit, in milliseconds.
        after_ms: u64,
    },
    /// The runner was told to stop and killed it.
    Stopped,
    /// The agent said `halt` (or a rule did) and was ended.
    Halted,
    /// The command is not there or may not be executed: the environment's fault.
    NotStarted {
        /// What is missing, one line.
        reason: String,
    },
    /// The provider did not let it go on: no fault of the agent or the ticket.
    Weather(Weather),
    /// It was ended because it used up a budget.
    OverBudget {
        /// Which, with the number that was allowed; one line.
        what: String,
    },
}

/// What a provider said instead of working.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weather {
    /// Which kind.
    pub kind: WeatherKind,
    /// When it is said to be over; `None` where nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The provider's or the agent's own words, redacted, one line.
    pub said: String,
}

/// The kinds of weather; kept apart because their remedies differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeatherKind {
    /// The provider has too much to do (429 without a limit, 529, 5xx).
    Overload,
    /// The account's usage limit is reached.
    Limit,
    /// The provider cannot be reached.
    Network,
    /// The agent is not logged in.
    Login,
    /// The account has no credit.
    Billing,
    /// The provider does not know the model, or the account may not use it.
    Model,
}

impl WeatherKind {
    /// Returns whether it passes by itself; what does not needs a human.
    pub fn passes(self) -> bool {
        match self {
            Self::Overload | Self::Limit | Self::Network => true,
            Self::Login | Self::Billing | Self::Model => false,
        }
    }

    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Limit => "usage limit",
            Self::Network => "network",
            Self::Login => "login",
            Self::Billing => "billing",
            Self::Model => "model",
        }
    }
}
