//! What one session may use up before it is ended.
//!
//! Only what the agent reports can be counted while it runs. opencode and pi report every request;
//! claude does so without what was written and what it costs (with prices in the configuration its
//! cost is estimated from what was read); codex and gemini report at the end only, when no budget
//! can stop them any more.

use super::event::Usage;

/// What one session may use up; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests to the model.
    pub turns: Option<u32>,
    /// Tokens read, those from a cache included.
    pub input_tokens: Option<u64>,
    /// Tokens written.
    pub output_tokens: Option<u64>,
    /// Money, in millionths of a US dollar.
    pub cost_micros: Option<u64>,
    /// Living processes of its tree at once.
    pub processes: Option<u32>,
}

impl Allowance {
    /// Returns the first budget that is used up, as `50 turns`.
    pub(super) fn exceeded(&self, usage: Option<&Usage>, processes: u32) -> Option<String> {
        if let Some(most) = self.processes.filter(|most| processes > *most) {
            return Some(format!("{most} processes at once"));
        }
        let usage = usage?;
        let over =
            |allowed: Option<u64>, used: Option<u64>| allowed.filter(|most| used > Some(*most));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a negative or an absurd cost saturates, and an absurd one is over any budget"
        )]
        let micros = |dollars: f64| (dollars * 1e6).round() as u64;
        if let Some(most) = over(self.turns.map(u64::from), usage.turns.map(u64::from)) {
            return Some(format!("{most} turns"));
        }
        if let Some(most) = over(self.input_tokens, usage.input_tokens) {
            return Some(format!("{most} tokens read"));
        }
        if let Some(most) = over(self.output_tokens, usage.output_tokens) {
            return Some(format!("{most} tokens written"));
        }
        let most = over(self.cost_micros, usage.cost_usd.map(micros))?;
        Some(format!(
            "{}.{:06} dollars",
            most / 1_000_000,
            most % 1_000_000
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_passed_and_not_reached() {
        let usage = Usage {
            input_tokens: Some(1000),
            output_tokens: Some(100),
            cost_usd: Some(2.5),
            turns: None,
        };
        for (allowance, processes, what) in [
            (Allowance::default(), 9999, None),
            (
                Allowance {
                    turns: Some(0),
                    ..Allowance::default()
                },
                1,
                None,
            ),
            (
                Allowance {
                    input_tokens: Some(1000),
                    ..Allowance::default()
                },
                1,
                None,
            ),
            (
                Allowance {
                    input_tokens: Some(999),
                    ..Allowance::default()
                },
                1,
                Some("999 tokens read"),
            ),
            (
                Allowance {
                    output_tokens: Some(99),
                    ..Allowance::default()
                },
                1,
                Some("99 tokens written"),
            ),
            (
                Allowance {
                    cost_micros: Some(2_500_000),
                    ..Allowance::default()
                },
                1,
                None,
            ),
            (
                Allowance {
                    cost_micros: Some(2_400_000),
                    ..Allowance::default()
                },
                1,
                Some("2.400000 dollars"),
            ),
            (
                Allowance {
                    processes: Some(3),
                    ..Allowance::default()
                },
                4,
                Some("3 processes at once"),
            ),
        ] {
            let exceeded = allowance.exceeded(Some(&usage), processes);
            assert_eq!(exceeded.as_deref(), what, "{allowance:?}");
            assert_eq!(allowance.exceeded(None, 1), None);
        }
    }
}
