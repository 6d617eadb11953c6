//! A line of an agent CLI's event stream as normalized events: what it thinks, says and does.
//!
//! Sources of the formats as in `reading.rs`. A line is given as it is kept, redacted. What repeats
//! something (a partial message before the whole one, the result of a tool) gives nothing; a tool call
//! is told when it begins, or once where an agent tells of it only at its end.

use serde_json::Value;

use super::event::HarnessEvent;

/// Returns the events of a line; `None` when it is no event of a known agent CLI, and so is output.
pub(super) fn events(line: &str) -> Option<Vec<HarnessEvent>> {
    let line = line.trim();
    if !line.starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let kind = value.get("type")?.as_str()?;
    Some(match kind {
        "assistant" => blocks(&value),
        "system" => system(&value),
        "item.started" | "item.completed" => item(kind, &value),
        "reasoning" => thinks(text(&value, "/part/text")),
        "text" => says(text(&value, "/part/text")),
        "tool_use" => vec![tool_use(&value)],
        "message" => gemini(&value),
        "message_update" => pi(&value),
        "tool_execution_start" => vec![call(text(&value, "/toolName"), value.get("args").cloned())],
        "compaction_start" => vec![HarnessEvent::AutoCompactionStart],
        "compaction_end" => vec![HarnessEvent::AutoCompactionEnd],
        "assistant.message" => says(text(&value, "/data/content")),
        "assistant.reasoning" => thinks(text(&value, "/data/content")),
        "tool.execution_start" => vec![call(
            text(&value, "/data/toolName"),
            value.pointer("/data/arguments").cloned(),
        )],
        // Known, and nothing of their own.
        "user"
        | "stream_event"
        | "result"
        | "rate_limit_event"
        | "thread.started"
        | "turn.started"
        | "turn.completed"
        | "turn.failed"
        | "item.updated"
        | "error"
        | "step_start"
        | "step_finish"
        | "init"
        | "tool_result"
        | "session"
        | "agent_start"
        | "agent_end"
        | "turn_start"
        | "turn_end"
        | "message_start"
        | "message_end"
        | "tool_execution_update"
        | "tool_execution_end"
        | "auto_retry_start"
        | "auto_retry_end"
        | "model.call_failure"
        | "model.call_finished"
        | "assistant.message_delta"
        | "assistant.reasoning_delta"
        | "assistant.tool_call_delta"
        | "tool.execution_complete"
        | "session.error" => Vec::new(),
        _ => return None,
    })
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn says(text: Option<&str>) -> Vec<HarnessEvent> {
    let said = text.filter(|text| !text.is_empty());
    said.map(|text| HarnessEvent::OutputDelta {
        text: text.to_owned(),
    })
    .into_iter()
    .collect()
}

fn thinks(text: Option<&str>) -> Vec<HarnessEvent> {
    let thought = text.filter(|text| !text.is_empty());
    thought
        .map(|text| HarnessEvent::ThinkingDelta {
            text: text.to_owned(),
        })
        .into_iter()
        .collect()
}

/// A tool call; that of a skill by the names under which agents load one.
fn call(name: Option<&str>, input: Option<Value>) -> HarnessEvent {
    let name = name.unwrap_or("unknown");
    let input = input.unwrap_or(Value::Null);
    if matches!(name, "Skill" | "skill" | "activate_skill") {
        let skill = ["/skill", "/name"]
            .iter()
            .find_map(|at| text(&input, at))
            .unwrap_or("unknown");
        return HarnessEvent::SkillInvocation {
            name: skill.to_owned(),
        };
    }
    HarnessEvent::ToolCall {
        name: name.to_owned(),
        input,
    }
}

/// claude and qwen.
fn blocks(value: &Value) -> Vec<HarnessEvent> {
    let content = value.pointer("/message/content").and_then(Value::as_array);
    let mut events = Vec::new();
    for block in content.into_iter().flatten() {
        match text(block, "/type") {
            Some("text") => events.extend(says(text(block, "/text"))),
            Some("thinking") => events.extend(thinks(text(block, "/thinking"))),
            Some("tool_use") => {
                events.push(call(text(block, "/name"), block.get("input").cloned()));
            }
            _ => {}
        }
    }
    events
}

/// claude: a compaction begins with a status and ends with a boundary.
fn system(value: &Value) -> Vec<HarnessEvent> {
    match (text(value, "/subtype"), text(value, "/status")) {
        (Some("status"), Some("compacting")) => vec![HarnessEvent::AutoCompactionStart],
        (Some("compact_boundary"), _) => vec![HarnessEvent::AutoCompactionEnd],
        _ => Vec::new(),
    }
}

/// codex.
fn item(kind: &str, value: &Value) -> Vec<HarnessEvent> {
    let field = |name: &str| value.pointer(&format!("/item/{name}")).cloned();
    let begins = kind == "item.started";
    match text(value, "/item/type") {
        Some("reasoning") if !begins => thinks(text(value, "/item/text")),
        Some("agent_message") if !begins => says(text(value, "/item/text")),
        Some("command_execution") if begins => {
            let input = serde_json::json!({ "command": field("command") });
            vec![call(Some("command_execution"), Some(input))]
        }
        Some("mcp_tool_call") if begins => {
            vec![call(text(value, "/item/tool"), field("arguments"))]
        }
        // Told at its end alone.
        Some("file_change") if !begins => vec![call(Some("file_change"), field("changes"))],
        _ => Vec::new(),
    }
}

/// gemini tells a call when it begins, opencode when it has ended.
fn tool_use(value: &Value) -> HarnessEvent {
    if value.get("tool_name").is_some() {
        return call(text(value, "/tool_name"), value.get("parameters").cloned());
    }
    call(
        text(value, "/part/tool"),
        value.pointer("/part/state/input").cloned(),
    )
}

fn gemini(value: &Value) -> Vec<HarnessEvent> {
    match text(value, "/role") {
        Some("assistant") => says(text(value, "/content")),
        _ => Vec::new(),
    }
}

fn pi(value: &Value) -> Vec<HarnessEvent> {
    let delta = text(value, "/assistantMessageEvent/delta");
    match text(value, "/assistantMessageEvent/type") {
        Some("thinking_delta") => thinks(delta),
        Some("text_delta") => says(delta),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<Vec<String>> {
        let events = events(line)?;
        let show = |event: &HarnessEvent| serde_json::to_string(event).unwrap();
        Some(events.iter().map(show).collect())
    }

    #[test]
    fn each_agents_words_and_calls_become_the_same_events() {
        for (line, expected) in [
            (
                r#"{"type":"assistant","message":{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"so"},{"type":"tool_use","name":"Bash","input":{"command":"ls"}},{"type":"tool_use","name":"Skill","input":{"skill":"x"}}]}}"#,
                &[
                    r#"{"type":"thinking_delta","text":"hm"}"#,
                    r#"{"type":"output_delta","text":"so"}"#,
                    r#"{"type":"tool_call","name":"Bash","input":{"command":"ls"}}"#,
                    r#"{"type":"skill_invocation","name":"x"}"#,
                ][..],
            ),
            (
                r#"{"type":"system","subtype":"status","status":"compacting"}"#,
                &[r#"{"type":"auto_compaction_start"}"#],
            ),
            (
                r#"{"type":"system","subtype":"compact_boundary"}"#,
                &[r#"{"type":"auto_compaction_end"}"#],
            ),
            (
                r#"{"type":"item.started","item":{"type":"command_execution","command":"ls"}}"#,
                &[r#"{"type":"tool_call","name":"command_execution","input":{"command":"ls"}}"#],
            ),
            (
                r#"{"type":"item.completed","item":{"type":"command_execution","command":"ls"}}"#,
                &[],
            ),
            (
                r#"{"type":"tool_use","part":{"tool":"bash","state":{"input":{"command":"ls"}}}}"#,
                &[r#"{"type":"tool_call","name":"bash","input":{"command":"ls"}}"#],
            ),
            (
                r#"{"type":"tool_use","tool_name":"activate_skill","parameters":{"name":"x"}}"#,
                &[r#"{"type":"skill_invocation","name":"x"}"#],
            ),
            (
                r#"{"type":"message","role":"assistant","content":"hi","delta":true}"#,
                &[r#"{"type":"output_delta","text":"hi"}"#],
            ),
            (
                r#"{"type":"message_update","assistantMessageEvent":{"type":"text_delta","delta":"hi"}}"#,
                &[r#"{"type":"output_delta","text":"hi"}"#],
            ),
        ] {
            assert_eq!(shown(line).unwrap(), expected, "{line}");
        }
        for output in ["plain words", "{broken", r#"{"type":"mine"}"#, r#"{"a":1}"#] {
            assert_eq!(shown(output), None, "{output}");
        }
    }

    #[test]
    fn every_recorded_stream_tells_what_the_agent_did() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streams");
        for agent in [
            "claude", "codex", "opencode", "gemini", "qwen", "pi", "copilot",
        ] {
            let mut all = Vec::new();
            for file in std::fs::read_dir(folder.join(agent)).unwrap() {
                let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
                all.extend(text.lines().filter_map(shown).flatten());
            }
            for kind in ["tool_call", "output_delta"] {
                let kind = format!("\"type\":\"{kind}\"");
                assert!(
                    all.iter().any(|event| event.contains(&kind)),
                    "{agent}: {kind}"
                );
            }
        }
    }
}
