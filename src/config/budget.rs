//! What an agent may use up, as plain facts: for one ticket, and for a whole night.
//!
//! Every number is optional, and a missing one is no limit. Money is counted in millionths of a US
//! dollar, so that sums are exact.

use serde::{Deserialize, Serialize};

/// The most that may be used up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Turns: requests to the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<u64>,
    /// Tokens read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// Money, in millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// Awake time of agents, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_ms: Option<u64>,
    /// Attempts, also those that count against no ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u64>,
    /// Processes of one attempt at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processes: Option<u32>,
    /// Files that one attempt may change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u32>,
    /// Lines that one attempt may add and remove.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u32>,
}

/// What becomes of a ticket that used up its budget. Its work is kept in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TicketBreach {
    /// A human decides whether it is worth more.
    #[default]
    Park,
    /// It has failed.
    Fail,
}

/// What becomes of a night that used up its budget.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NightBreach {
    /// It ends; what is left is skipped.
    #[default]
    End,
    /// It halts.
    Halt,
}

/// All budgets of a night.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budgets {
    /// Of each ticket.
    pub ticket: Budget,
    /// Of the night as a whole.
    pub night: Budget,
    /// What a ticket's breach leads to.
    pub on_ticket: TicketBreach,
    /// What the night's breach leads to.
    pub on_night: NightBreach,
}

impl Budget {
    /// Returns each bound of what sessions use up in words, and the names of what is not bounded.
    pub fn in_words(&self) -> (Vec<String>, Vec<&'static str>) {
        let minutes = |ms: u64| match ms.div_ceil(60_000) {
            long if long >= 60 && long % 60 == 0 => format!("{} h of agents' work", long / 60),
            short => format!("{short} min of agents' work"),
        };
        let cost = |micros| format!("{} as far as agents tell", dollars(micros));
        let all = [
            ("money", self.cost_micros.map(cost)),
            (
                "tokens read",
                self.input_tokens.map(|n| format!("{n} tokens read")),
            ),
            (
                "tokens written",
                self.output_tokens.map(|n| format!("{n} tokens written")),
            ),
            ("turns", self.turns.map(|n| format!("{n} turns"))),
            ("work", self.work_ms.map(minutes)),
            ("attempts", self.attempts.map(|n| format!("{n} attempts"))),
        ];
        let mut bounds = Vec::new();
        let mut open = Vec::new();
        for (name, bound) in all {
            match bound {
                Some(bound) => bounds.push(bound),
                None => open.push(name),
            }
        }
        (bounds, open)
    }
}

/// Returns millionths of a US dollar as dollars and cents.
pub fn dollars(micros: u64) -> String {
    format!("${}.{:02}", micros / 1_000_000, micros % 1_000_000 / 10_000)
}
