//! What the contract decides, as plain facts: the rule, the words that matched, what follows.

use serde::{Deserialize, Serialize};

/// When a rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before any work on a ticket.
    Ticket,
    /// When the agent wants to ask.
    Ask,
    /// Before a tool call.
    Tool,
    /// After the work, before the gate.
    Diff,
    /// Breakers over the whole night.
    Night,
}

/// What a rule says. At a tool call `proceed` reads `allow`, and `deny` refuses that call only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Go on.
    #[serde(alias = "allow")]
    Proceed,
    /// Refuse this tool call and go on (tool point only).
    Deny,
    /// Record it for the human and go on with other tickets.
    Park,
    /// Stop the night.
    Halt,
}

/// What waits together with a parked ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Only the ticket itself; what depends on it goes ahead without it.
    Ticket,
    /// The ticket and what depends on it, at any distance.
    #[default]
    Dependents,
    /// These, and every ticket whose paths overlap its paths.
    Paths,
    /// Everything that has not started.
    Repo,
}

/// A decision of the contract, with why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// At which point it was taken.
    pub point: Point,
    /// What follows.
    pub action: Action,
    /// The id of the rule that decided; `None` when no rule matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The 1-based line of that rule in the policy file; `None` for a built-in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The rule's category, such as `schema`; empty when it names none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// What waits with it.
    #[serde(default)]
    pub scope: Scope,
    /// The rule's reason, for the human.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub because: String,
    /// The words, path or label that matched, redacted and cut at 200 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
}

impl Decision {
    /// Returns the decision of a contract in which no rule matched.
    pub fn unmatched(point: Point) -> Self {
        Self {
            point,
            action: Action::Proceed,
            rule: None,
            line: None,
            category: String::new(),
            scope: Scope::default(),
            because: String::new(),
            matched: Vec::new(),
        }
    }
}
