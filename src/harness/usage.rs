//! What a session costs, summed from what its agent says; what it does not say stays unknown.
//!
//! Agents count differently: claude, qwen and gemini give totals at the end, codex the total of the
//! whole thread (also of the sessions that it continues), opencode and pi each step. Tokens read
//! include those from a cache, as most of them count; where an agent gives no cost and the
//! configuration has prices, the cost is computed.

use std::collections::VecDeque;

use serde_json::Value;

use super::event::Usage;
use crate::config::Prices;

/// How many messages are remembered, so that the pieces of one count once. Several are open at a
/// time only where agents of the agent work side by side.
const OPEN_MESSAGES: usize = 64;

/// What one line says was spent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Spent {
    /// Whether these are totals of the session, in place of all that was counted.
    is_total: bool,
    /// What it belongs to; the same again counts once.
    message: Option<String>,
    input: Option<u64>,
    cached: Option<u64>,
    output: Option<u64>,
    cost_usd: Option<f64>,
    turns: Option<u32>,
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

fn sum(value: &Value, pointers: &[&str]) -> Option<u64> {
    let known = pointers.iter().filter_map(|pointer| number(value, pointer));
    known.reduce(u64::saturating_add)
}

impl Spent {
    /// As a configuration declares it: what was used up so far, in all. `None` when a line says none.
    pub(super) fn declared(
        input: Option<u64>,
        output: Option<u64>,
        cost_usd: Option<f64>,
    ) -> Option<Self> {
        let says = input.is_some() || output.is_some() || cost_usd.is_some();
        says.then(|| Self {
            is_total: true,
            input,
            output,
            cost_usd,
            ..Self::default()
        })
    }

    /// A request to the model, of which no more is known.
    pub(super) fn one_turn() -> Self {
        Self {
            turns: Some(1),
            ..Self::default()
        }
    }

    /// claude and qwen: a message. claude's output is counted when it has just begun, and so is
    /// unknown until the end; qwen gives the numbers of a message with its last piece only.
    pub(super) fn of_message(value: &Value) -> Option<Self> {
        let usage = value.pointer("/message/usage")?;
        let spent = Self::anthropic(usage);
        spent.input.filter(|input| *input > 0)?;
        let is_whole = usage.get("total_tokens").is_some()
            || value
                .pointer("/message/stop_reason")
                .is_some_and(Value::is_string);
        Some(Self {
            message: value.pointer("/message/id")?.as_str().map(str::to_owned),
            output: spent.output.filter(|_| is_whole),
            turns: Some(1),
            ..spent
        })
    }

    fn anthropic(usage: &Value) -> Self {
        Self {
            input: sum(
                usage,
                &[
                    "/input_tokens",
                    "/cache_creation_input_tokens",
                    "/cache_read_input_tokens",
                ],
            ),
            cached: number(usage, "/cache_read_input_tokens"),
            output: number(usage, "/output_tokens"),
            ..Self::default()
        }
    }

    /// claude and qwen: the end. qwen's input includes what came from its cache.
    pub(super) fn of_result(value: &Value) -> Option<Self> {
        let usage = value.get("usage")?;
        let all = Self::anthropic(usage);
        let is_qwen = usage.get("total_tokens").is_some();
        Some(Self {
            is_total: true,
            input: if is_qwen {
                number(usage, "/input_tokens")
            } else {
                all.input
            },
            cost_usd: value.get("total_cost_usd").and_then(Value::as_f64),
            turns: number(value, "/num_turns").and_then(|turns| u32::try_from(turns).ok()),
            ..all
        })
    }

    /// codex: the end of a turn, with the totals of the thread.
    pub(super) fn of_codex(value: &Value) -> Option<Self> {
        let usage = value.get("usage")?;
        Some(Self {
            is_total: true,
            input: number(usage, "/input_tokens"),
            cached: number(usage, "/cached_input_tokens"),
            output: number(usage, "/output_tokens"),
            ..Self::default()
        })
    }

    /// opencode: a step.
    pub(super) fn of_opencode(value: &Value) -> Option<Self> {
        let part = value.get("part")?;
        Some(Self {
            input: sum(
                part,
                &["/tokens/input", "/tokens/cache/read", "/tokens/cache/write"],
            ),
            cached: number(part, "/tokens/cache/read"),
            output: sum(part, &["/tokens/output", "/tokens/reasoning"]),
            cost_usd: part.get("cost").and_then(Value::as_f64),
            ..Self::one_turn()
        })
    }

    /// gemini: the end.
    pub(super) fn of_gemini(value: &Value) -> Option<Self> {
        let stats = value.get("stats")?;
        Some(Self {
            is_total: true,
            input: number(stats, "/input_tokens"),
            cached: number(stats, "/cached"),
            output: number(stats, "/output_tokens"),
            ..Self::default()
        })
    }

    /// pi: a message.
    pub(super) fn of_pi(value: &Value) -> Option<Self> {
        let usage = value.pointer("/message/usage")?;
        Some(Self {
            input: sum(usage, &["/input", "/cacheRead", "/cacheWrite"]),
            cached: number(usage, "/cacheRead"),
            output: number(usage, "/output"),
            cost_usd: usage.pointer("/cost/total").and_then(Value::as_f64),
            ..Self::one_turn()
        })
    }
}

/// What was spent so far.
#[derive(Debug, Default)]
pub(super) struct Meter {
    sum: Spent,
    open: VecDeque<String>,
}

impl Meter {
    /// Counts what a line says.
    pub(super) fn add(&mut self, spent: &Spent) {
        if let Some(message) = &spent.message {
            if self.open.contains(message) {
                return;
            }
            if self.open.len() >= OPEN_MESSAGES {
                self.open.pop_front();
            }
            self.open.push_back(message.clone());
        }
        let sum = &mut self.sum;
        if spent.is_total {
            // A number that the end does not give stays as it was counted.
            sum.input = spent.input.or(sum.input);
            sum.cached = spent.cached.or(sum.cached);
            sum.output = spent.output.or(sum.output);
            sum.cost_usd = spent.cost_usd.or(sum.cost_usd);
            sum.turns = spent.turns.or(sum.turns);
            return;
        }
        sum.input = plus(sum.input, spent.input);
        sum.cached = plus(sum.cached, spent.cached);
        sum.output = plus(sum.output, spent.output);
        sum.turns = match (sum.turns, spent.turns) {
            (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
            (sum, more) => sum.or(more),
        };
        sum.cost_usd = match (sum.cost_usd, spent.cost_usd) {
            (Some(sum), Some(more)) => Some(sum + more),
            (sum, more) => sum.or(more),
        };
    }

    /// Returns the sums with the cost that is certain so far, for a budget: what was written counts
    /// nothing where it is not said.
    pub(super) fn at_least(&self, prices: Option<&Prices>) -> Option<Usage> {
        let sum = Spent {
            output: self.sum.output.or(Some(0)),
            ..self.sum.clone()
        };
        let usage = self.usage(prices)?;
        Some(Usage {
            cost_usd: usage.cost_usd.or_else(|| computed(&sum, prices?)),
            ..usage
        })
    }

    /// Returns the sums; `None` when the agent said nothing of it.
    pub(super) fn usage(&self, prices: Option<&Prices>) -> Option<Usage> {
        let sum = &self.sum;
        let usage = Usage {
            input_tokens: sum.input,
            output_tokens: sum.output,
            cost_usd: sum
                .cost_usd
                .or_else(|| prices.and_then(|prices| computed(sum, prices))),
            turns: sum.turns,
        };
        (usage != Usage::default()).then_some(usage)
    }
}

fn plus(sum: Option<u64>, more: Option<u64>) -> Option<u64> {
    match (sum, more) {
        (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
        (sum, more) => sum.or(more),
    }
}

/// Returns the cost of these tokens; `None` when one of the two numbers is unknown.
fn computed(sum: &Spent, prices: &Prices) -> Option<f64> {
    let (input, output) = (sum.input?, sum.output?);
    let cached = sum.cached.unwrap_or(0).min(input);
    let micros = prices.micros(input - cached, cached, output);
    #[expect(
        clippy::cast_precision_loss,
        reason = "no session costs the billions of dollars at which a cent is lost"
    )]
    let cost = micros as f64 / 1e6;
    Some(cost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::reading;

    fn metered(stream: &str, prices: Option<&Prices>) -> Option<Usage> {
        meter(stream).usage(prices)
    }

    fn meter(stream: &str) -> Meter {
        let mut meter = Meter::default();
        for line in stream.lines() {
            if let Some(spent) = reading::read(line.as_bytes()).and_then(|read| read.spent) {
                meter.add(&spent);
            }
        }
        meter
    }

    fn usage(input: u64, output: u64, cost: Option<f64>, turns: Option<u32>) -> Usage {
        Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            cost_usd: cost,
            turns,
        }
    }

    #[test]
    fn every_agent_is_counted_as_it_counts() {
        let claude = r#"
{"type":"assistant","message":{"id":"m1","model":"c","content":[],"usage":{"input_tokens":1000,"output_tokens":1,"cache_read_input_tokens":200}}}
{"type":"assistant","message":{"id":"m1","model":"c","content":[],"usage":{"input_tokens":1000,"output_tokens":1,"cache_read_input_tokens":200}}}
{"type":"assistant","message":{"id":"m2","model":"c","content":[],"usage":{"input_tokens":1200,"output_tokens":1}}}"#;
        let claude_end = r#"
{"type":"result","is_error":false,"result":"ok","num_turns":3,"total_cost_usd":0.02,"usage":{"input_tokens":3000,"cache_creation_input_tokens":100,"cache_read_input_tokens":500,"output_tokens":126}}"#;
        let qwen = r#"
{"type":"assistant","message":{"id":"a","model":"m","content":[],"usage":{"input_tokens":0,"output_tokens":0}}}
{"type":"assistant","message":{"id":"b","model":"m","content":[],"usage":{"input_tokens":1200,"output_tokens":42,"total_tokens":1242}}}
{"type":"result","is_error":false,"result":"ok","num_turns":1,"usage":{"input_tokens":1200,"output_tokens":42,"cache_read_input_tokens":900,"total_tokens":1242}}"#;
        let codex = r#"
{"type":"turn.completed","usage":{"input_tokens":1000000,"cached_input_tokens":400000,"output_tokens":100000}}
{"type":"turn.completed","usage":{"input_tokens":2000000,"cached_input_tokens":1000000,"output_tokens":200000}}"#;
        let opencode = r#"
{"type":"step_finish","part":{"reason":"tool-calls","tokens":{"input":1000,"output":42,"reasoning":8,"cache":{"write":100,"read":100}},"cost":0.5}}
{"type":"step_finish","part":{"reason":"stop","tokens":{"input":1200,"output":42,"reasoning":0,"cache":{"write":0,"read":0}},"cost":0.25}}"#;
        let gemini = r#"{"type":"result","status":"success","stats":{"total_tokens":3726,"input_tokens":3600,"output_tokens":126,"cached":0}}"#;
        let pi = r#"
{"type":"message_end","message":{"role":"assistant","content":[],"usage":{"input":1200,"output":42,"cacheRead":5,"cacheWrite":0,"cost":{"total":0.5}},"stopReason":"toolUse"}}
{"type":"message_end","message":{"role":"user","content":[]}}
{"type":"message_end","message":{"role":"assistant","content":[],"usage":{"input":1200,"output":42,"cacheRead":0,"cacheWrite":0,"cost":{"total":0.25}},"stopReason":"stop"}}"#;
        let copilot = r#"
{"type":"model.call_finished","data":{"outcome":"error"}}
{"type":"model.call_finished","data":{"outcome":"success"}}"#;
        for (name, stream, expected) in [
            (
                "claude so far",
                claude.to_owned(),
                Some(Usage {
                    output_tokens: None,
                    ..usage(2400, 0, None, Some(2))
                }),
            ),
            (
                "claude",
                format!("{claude}{claude_end}"),
                Some(usage(3600, 126, Some(0.02), Some(3))),
            ),
            (
                "qwen",
                qwen.to_owned(),
                Some(usage(1200, 42, None, Some(1))),
            ),
            (
                "codex",
                codex.to_owned(),
                Some(usage(2_000_000, 200_000, None, None)),
            ),
            (
                "opencode",
                opencode.to_owned(),
                Some(usage(2400, 92, Some(0.75), Some(2))),
            ),
            (
                "gemini",
                gemini.to_owned(),
                Some(usage(3600, 126, None, None)),
            ),
            (
                "pi",
                pi.to_owned(),
                Some(usage(2405, 84, Some(0.75), Some(2))),
            ),
            (
                "copilot",
                copilot.to_owned(),
                Some(Usage {
                    turns: Some(1),
                    ..Usage::default()
                }),
            ),
            ("nothing said", "working\n{\"a\":1}\n".to_owned(), None),
        ] {
            assert_eq!(metered(&stream, None), expected, "{name}");
        }
        let prices = Prices {
            input: 3_000_000,
            cached: Some(300_000),
            output: 15_000_000,
        };
        let cost = |stream: &str, prices| metered(stream, Some(prices)).unwrap().cost_usd;
        assert_eq!(cost(codex, &prices), Some(3.0 + 0.3 + 3.0));
        let flat = Prices {
            cached: None,
            ..prices
        };
        assert_eq!(cost(codex, &flat), Some(9.0));
        // What the agent says counts more; what it does not say is not made up.
        assert_eq!(cost(opencode, &prices), Some(0.75));
        assert_eq!(cost(copilot, &prices), None);
        // A budget knows what is certain while the end is not known.
        assert_eq!(cost(claude, &prices), None);
        let certain = meter(claude).at_least(Some(&flat)).unwrap().cost_usd;
        assert_eq!(certain, Some(0.0072));
    }
}
