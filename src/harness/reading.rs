//! What one JSON line of an agent CLI says, in the few terms that the runner needs.
//!
//! Nine CLIs, told apart by the shapes of their events and not by the harness's name, because any
//! command line may wrap any of them. Sources of the formats: streams of claude 2.1.197, codex
//! 0.169.0, opencode 1.18.33, gemini 0.61.0, qwen 0.15.10, pi 0.73.1 and copilot 1.0.102, of which
//! excerpts are in `fixtures/streams`. An event that is not known says nothing.

use serde_json::Value;

use super::{fault::Fault, usage::Spent};

/// Where a session stands after a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// Bookkeeping: as before.
    #[default]
    Same,
    /// The model answers, or a tool works: what troubled it before is over.
    Working,
    /// Something is wrong, and it may try again.
    Troubled,
    /// The same, and it says that it tries the same request again.
    Retrying,
    /// The end, and it was a bad one.
    Failed,
    /// The end, and nothing is wrong.
    Ended,
}

/// What a line says.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Where the session stands.
    pub(super) mood: Mood,
    /// The agent's own name for the session.
    pub(super) session: Option<String>,
    /// What is wrong.
    pub(super) fault: Option<Fault>,
    /// What was spent.
    pub(super) spent: Option<Spent>,
    /// Something that the agent said to its user.
    pub(super) message: Option<Message>,
    /// Whether it begins to compact its context.
    pub(super) compacts: bool,
    /// Whether a tool is used.
    pub(super) uses_tool: bool,
}

/// Something that the agent said to its user.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A whole message.
    Whole(String),
    /// The next piece of one.
    Piece(String),
}

impl Reading {
    fn mood(mood: Mood) -> Self {
        Self {
            mood,
            ..Self::default()
        }
    }

    fn tool() -> Self {
        Self {
            uses_tool: true,
            ..Self::mood(Mood::Working)
        }
    }

    fn fault(mood: Mood, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::mood(mood)
        }
    }

    fn named(session: Option<&str>) -> Self {
        Self {
            session: session.map(str::to_owned),
            ..Self::default()
        }
    }

    fn said(text: Option<&str>) -> Self {
        Self {
            message: text.map(|text| Message::Whole(text.to_owned())),
            ..Self::mood(Mood::Working)
        }
    }
}

/// Reads a line of standard output; `None` when it is no event of an agent CLI.
pub(super) fn read(line: &[u8]) -> Option<Reading> {
    let line = line.trim_ascii();
    if !line.starts_with(b"{") {
        return None;
    }
    let Ok(value) = serde_json::from_slice::<Value>(line) else {
        // The rest of a line that is too long was dropped: errors and ends are short, but a
        // tool's output is not, and nor is the whole conversation at an end.
        return torn(line).map(|kind| Reading::mood(mood_of(kind)));
    };
    let kind = value.get("type")?.as_str()?;
    Some(event(kind, &value))
}

fn torn(line: &[u8]) -> Option<&str> {
    let rest = line.strip_prefix(b"{\"type\":")?.trim_ascii_start();
    let kind = rest.strip_prefix(b"\"")?.split(|byte| *byte == b'"').next();
    std::str::from_utf8(kind?).ok()
}

/// The mood of events that say no more than their kind.
fn mood_of(kind: &str) -> Mood {
    match kind {
        "assistant"
        | "user"
        | "stream_event"
        | "item.started"
        | "item.updated"
        | "item.completed"
        | "text"
        | "reasoning"
        | "tool_use"
        | "tool_result"
        | "message"
        | "message_update"
        | "tool_execution_start"
        | "tool_execution_update"
        | "tool_execution_end"
        | "assistant.message"
        | "assistant.message_delta"
        | "assistant.reasoning"
        | "assistant.reasoning_delta"
        | "assistant.tool_call_delta"
        | "tool.execution_start"
        | "tool.execution_complete" => Mood::Working,
        _ => Mood::Same,
    }
}

fn event(kind: &str, value: &Value) -> Reading {
    match kind {
        "system" => system(value),
        "rate_limit_event" => rate_limit(value),
        "assistant" => assistant(value),
        "result" => result(value),
        "thread.started" => Reading::named(text(value, "/thread_id")),
        "item.started" | "item.updated" | "item.completed" => item(kind, value),
        "turn.completed" => Reading {
            spent: Spent::of_codex(value),
            ..Reading::mood(Mood::Ended)
        },
        "turn.failed" | "session.error" => Reading::fault(Mood::Failed, Fault::of(value)),
        "error" => error(value),
        "step_start" => Reading::named(text(value, "/sessionID")),
        "text" => opencode_text(value),
        "step_finish" => Reading {
            spent: Spent::of_opencode(value),
            ..Reading::mood(match text(value, "/part/reason") {
                Some("stop") => Mood::Ended,
                _ => Mood::Working,
            })
        },
        "init" => Reading::named(text(value, "/session_id")),
        "message" => gemini_message(value),
        "session" => Reading::named(text(value, "/id")),
        "message_end" => pi_message(value),
        "auto_retry_start" | "model.call_failure" => {
            Reading::fault(Mood::Retrying, Fault::of(value))
        }
        "auto_retry_end" => match value.get("success").and_then(Value::as_bool) {
            Some(false) => Reading::fault(Mood::Failed, Fault::of(value)),
            _ => Reading::default(),
        },
        "compaction_start" => Reading {
            compacts: true,
            ..Reading::default()
        },
        "model.call_finished" => Reading {
            spent: (text(value, "/data/outcome") == Some("success")).then(Spent::one_turn),
            ..Reading::default()
        },
        "assistant.message" => Reading::said(text(value, "/data/content")),
        "tool_use" | "tool_execution_start" | "tool.execution_start" => Reading::tool(),
        // The bare error of a provider, as some agents print it.
        "usage_limit_reached" => Reading::fault(Mood::Troubled, Fault::of(value)),
        _ => Reading::mood(mood_of(kind)),
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// claude and qwen: bookkeeping.
fn system(value: &Value) -> Reading {
    match text(value, "/subtype") {
        Some("init") => Reading::named(text(value, "/session_id")),
        Some("api_retry") => Reading::fault(Mood::Retrying, Fault::of(value)),
        Some("status") if text(value, "/status") == Some("compacting") => Reading {
            compacts: true,
            ..Reading::default()
        },
        _ => Reading::default(),
    }
}

/// claude: `allowed` and `allowed_warning` are no trouble, nor is a limit with usage beyond it.
fn rate_limit(value: &Value) -> Reading {
    let pays_beyond = value
        .pointer("/rate_limit_info/isUsingOverage")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    if text(value, "/rate_limit_info/status") != Some("rejected") || pays_beyond {
        return Reading::default();
    }
    let which = text(value, "/rate_limit_info/rateLimitType").unwrap_or("usage");
    let mut fault = Fault::of(value);
    fault.codes.push("usage_limit_reached".to_owned());
    fault.text = format!("the {} limit is reached", which.replace('_', " "));
    Reading::fault(Mood::Troubled, fault)
}

/// claude and qwen: a message of the model, or claude's own one about an error.
fn assistant(value: &Value) -> Reading {
    let blocks = value
        .pointer("/message/content")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let said: Vec<&str> = blocks
        .iter()
        .filter_map(|block| text(block, "/text"))
        .collect();
    if let Some(code) = text(value, "/error") {
        let fault = Fault {
            text: said.join(" "),
            codes: vec![code.to_owned()],
            ..Fault::default()
        };
        return Reading::fault(Mood::Troubled, fault);
    }
    if text(value, "/message/model") == Some("<synthetic>") {
        return Reading::default();
    }
    Reading {
        mood: Mood::Working,
        spent: Spent::of_message(value),
        message: (!said.is_empty()).then(|| Message::Whole(said.join("\n"))),
        uses_tool: (blocks.iter()).any(|block| text(block, "/type") == Some("tool_use")),
        ..Reading::default()
    }
}

/// The last line of claude and qwen (`is_error`), of gemini (`status`), of copilot (`exitCode`).
fn result(value: &Value) -> Reading {
    if let Some(code) = value.get("exitCode").and_then(Value::as_i64) {
        let mood = if code == 0 { Mood::Ended } else { Mood::Failed };
        return Reading {
            session: text(value, "/sessionId").map(str::to_owned),
            ..Reading::mood(mood)
        };
    }
    if let Some(status) = text(value, "/status") {
        let well = status == "success";
        return Reading {
            mood: if well { Mood::Ended } else { Mood::Failed },
            fault: (!well).then(|| Fault::of(value)),
            spent: Spent::of_gemini(value),
            ..Reading::default()
        };
    }
    let said = text(value, "/result").unwrap_or_default();
    let claims = value.get("is_error").and_then(Value::as_bool);
    // qwen says that all is well, and has the error in its text.
    let bad = claims.unwrap_or(false) || said.trim_start().starts_with("[API Error:");
    Reading {
        mood: if bad { Mood::Failed } else { Mood::Ended },
        session: text(value, "/session_id").map(str::to_owned),
        fault: bad.then(|| Fault::of(value)),
        spent: Spent::of_result(value),
        message: (!bad && !said.is_empty()).then(|| Message::Whole(said.to_owned())),
        ..Reading::default()
    }
}

/// codex: a finished piece of work. An item of the kind `error` is a notice.
fn item(kind: &str, value: &Value) -> Reading {
    match text(value, "/item/type") {
        Some("error") => Reading::default(),
        Some("agent_message") if kind == "item.completed" => {
            Reading::said(text(value, "/item/text"))
        }
        Some("command_execution" | "mcp_tool_call" | "file_change") => Reading::tool(),
        _ => Reading::mood(Mood::Working),
    }
}

/// codex, opencode and gemini. Which of them is the last word shows in what follows.
fn error(value: &Value) -> Reading {
    if text(value, "/severity") == Some("warning") {
        return Reading::default();
    }
    let fault = Fault::of(value);
    let mood = if fault.text.starts_with("Reconnecting...") {
        Mood::Retrying
    } else {
        Mood::Troubled
    };
    Reading::fault(mood, fault)
}

fn opencode_text(value: &Value) -> Reading {
    let said = text(value, "/part/text");
    // What it tells its model after it has compacted, in the user's name.
    let continues = value
        .pointer("/part/metadata/compaction_continue")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    Reading {
        compacts: continues,
        ..Reading::said(said.filter(|_| !continues))
    }
}

fn gemini_message(value: &Value) -> Reading {
    if text(value, "/role") != Some("assistant") {
        return Reading::default();
    }
    let said = text(value, "/content").unwrap_or_default().to_owned();
    let piece = value.get("delta").and_then(Value::as_bool).unwrap_or(false);
    Reading {
        message: Some(if piece {
            Message::Piece(said)
        } else {
            Message::Whole(said)
        }),
        ..Reading::mood(Mood::Working)
    }
}

fn pi_message(value: &Value) -> Reading {
    if text(value, "/message/role") != Some("assistant") {
        return Reading::default();
    }
    let said = value
        .pointer("/message/content")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|block| text(block, "/text"))
        .collect::<Vec<_>>()
        .join("\n");
    match text(value, "/message/stopReason") {
        Some("error") => {
            let error = value.pointer("/message/errorMessage");
            let fault = error.map(Fault::of).unwrap_or_default();
            // The last word, unless a retry follows.
            Reading::fault(Mood::Failed, fault)
        }
        Some("aborted") => Reading::default(),
        reason => Reading {
            mood: match reason {
                Some("stop") => Mood::Ended,
                _ => Mood::Working,
            },
            spent: Spent::of_pi(value),
            message: (!said.is_empty()).then_some(Message::Whole(said)),
            ..Reading::default()
        },
    }
}
