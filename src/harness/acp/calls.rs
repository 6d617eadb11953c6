//! The tool calls of a session, each as the sum of all that was said of it, and what of a call can
//! be judged.
//!
//! A permission request is only a patch: title, kind and input come in any order, in `tool_call`,
//! `tool_call_update` and the request itself, and some agents leave out what another one said. What
//! nothing is known of cannot be judged, and is refused by whoever asks.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use crate::harness::judge::ToolCall;

/// How many calls are remembered.
const MOST: usize = 512;
/// The verbs of `nightshift mcp`, whose arguments need no judging.
const VERBS: [&str; 5] = ["note", "assume", "park", "halt", "done"];
/// Names that some agents give as a title until they know the command.
const NO_COMMAND: [&str; 4] = ["terminal", "bash", "shell", "execute"];

/// One call: its fields as the protocol names them, the latest of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Call {
    fields: Map<String, Value>,
    /// Whether it has been told of as an event.
    pub(super) is_told: bool,
}

/// What there is to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// A verb of the night's own server.
    Night,
    /// A call of a tool.
    Call(ToolCall),
    /// Nothing: neither a command nor an input nor a file.
    Nothing,
}

impl Call {
    /// Adds what is newly said of it.
    fn merge(&mut self, patch: &Map<String, Value>) {
        for (name, value) in patch {
            match (self.fields.get_mut(name), value) {
                (_, Value::Null) => {}
                // Of an input or `_meta` each field counts by itself: one is often in parts.
                (Some(Value::Object(known)), Value::Object(more)) => {
                    known.extend(
                        more.iter()
                            .map(|(name, value)| (name.clone(), value.clone())),
                    );
                }
                // An empty list says nothing.
                (Some(_), Value::Array(items)) if items.is_empty() => {}
                (_, value) => {
                    self.fields.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn text(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The tool, as the agent calls it.
    pub(super) fn tool(&self) -> &str {
        let meta = self.fields.get("_meta");
        let of_meta = |pointer: &str| meta?.pointer(pointer)?.as_str();
        let input = self
            .fields
            .get("rawInput")
            .and_then(|input| input.get("tool"));
        [
            of_meta("/claudeCode/toolName"),
            of_meta("/toolName"),
            Some(self.text("name")),
            input.and_then(Value::as_str),
            Some(self.text("kind")),
        ]
        .into_iter()
        .flatten()
        .find(|name| !name.is_empty())
        .unwrap_or("tool")
    }

    /// The skill that it loads.
    pub(super) fn skill(&self) -> Option<&str> {
        let input = self.fields.get("rawInput")?;
        (self.tool() == "Skill").then(|| input.get("skill")?.as_str())?
    }

    /// Whether it is the agent's way to say that it compacts its context.
    pub(super) fn is_compaction(&self) -> bool {
        self.text("title") == "Compact conversation" && self.text("kind") == "think"
    }

    /// Whether it is under way.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.text("status"), "pending" | "in_progress")
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.text("status"), "completed" | "failed")
    }

    fn is_night(&self) -> bool {
        let input = self.fields.get("rawInput");
        let of_input = |name: &str| input?.get(name)?.as_str();
        let is_verb = |verb: &str| VERBS.contains(&verb);
        if of_input("server") == Some("night") {
            // codex, whose calls of a server have an input of just this shape.
            let flag = |name| {
                let meta = self.fields.get("_meta");
                meta.and_then(|meta| meta.get(name)) == Some(&Value::Bool(true))
            };
            return of_input("tool").is_some_and(is_verb)
                && (flag("is_mcp_tool_call") || flag("is_mcp_tool_approval"));
        }
        let title = self.text("title");
        let is_named = |name: &str| {
            name.strip_prefix("mcp__night__")
                .or_else(|| name.strip_prefix("night_"))
                .or_else(|| name.strip_suffix(" (night MCP Server)"))
                .is_some_and(is_verb)
        };
        let is_ours = is_named(self.tool()) || is_named(title);
        // A command is never ours, whatever its title says.
        is_ours && self.text("kind") == "other" && of_input("command").is_none()
    }

    /// The files that it says it touches.
    fn paths(&self) -> Vec<&str> {
        let list = |name: &str| self.fields.get(name).and_then(Value::as_array);
        let all = [list("locations"), list("content")];
        let mut paths: Vec<&str> = all
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|item| item.get("path")?.as_str())
            .collect();
        paths.dedup();
        paths
    }

    /// Returns what of it can be judged.
    pub(super) fn subject(&self) -> Subject {
        if self.is_night() {
            return Subject::Night;
        }
        let call = |input: String| {
            Subject::Call(ToolCall {
                tool: self.tool().to_owned(),
                input,
            })
        };
        let raw = self.fields.get("rawInput");
        if let Some(Value::String(line)) = raw
            && !line.trim().is_empty()
        {
            return call(line.clone());
        }
        let mut input = raw.and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(Value::Object(arguments)) = input.get("arguments") {
            let arguments = arguments.clone();
            input.remove("arguments");
            input.extend(arguments);
        }
        let is_said = |value: &Value| match value {
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(words) => !words.is_empty(),
            _ => false,
        };
        let has_command = ["command", "cmd", "script"]
            .iter()
            .any(|name| input.get(*name).is_some_and(is_said));
        if self.text("kind") == "execute" && !has_command {
            let title = self.text("title").trim();
            let known = title.to_lowercase();
            let says_nothing = title.is_empty()
                || title == self.tool()
                || NO_COMMAND.contains(&known.trim_end_matches('…'));
            return if says_nothing {
                Subject::Nothing
            } else {
                call(title.to_owned())
            };
        }
        let paths = self.paths();
        // Where a command would run is nothing to judge a call by.
        let says_more = input.keys().any(|name| name != "cwd");
        if !says_more && paths.is_empty() {
            return Subject::Nothing;
        }
        if !says_more {
            let written: Vec<&Value> = self
                .fields
                .get("content")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(|item| item.get("newText"))
                .collect();
            input.insert("content".to_owned(), json!(written));
        }
        if !paths.is_empty() {
            input.insert("paths".to_owned(), json!(paths));
        }
        call(Value::Object(input).to_string())
    }

    /// Returns its input for people, the title where it has none.
    pub(super) fn shown(&self) -> Value {
        match self.subject() {
            Subject::Call(call) => {
                serde_json::from_str(&call.input).unwrap_or(Value::String(call.input))
            }
            Subject::Night | Subject::Nothing => match self.fields.get("rawInput") {
                Some(Value::Object(input)) if !input.is_empty() => Value::Object(input.clone()),
                _ => json!({ "title": self.text("title") }),
            },
        }
    }
}

/// The calls, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Calls(VecDeque<(String, Call)>);

impl Calls {
    /// Adds what an update or a request says of a call; returns it, and whether it is new. `None`
    /// where it does not say of which.
    pub(super) fn update(&mut self, patch: &Value) -> Option<(&mut Call, bool)> {
        let patch = patch.as_object()?;
        let id = patch.get("toolCallId")?.as_str()?;
        let known = self.0.iter().rposition(|(known, _)| known == id);
        let index = known.unwrap_or_else(|| {
            if self.0.len() >= MOST {
                self.0.pop_front();
            }
            self.0.push_back((id.to_owned(), Call::default()));
            self.0.len() - 1
        });
        let (_, call) = self.0.get_mut(index)?;
        call.merge(patch);
        Some((call, known.is_none()))
    }

    /// Returns whether a tool is at work.
    pub(super) fn are_open(&self) -> bool {
        self.0.iter().any(|(_, call)| call.is_open())
    }

    /// Forgets all of them: a new turn has calls of its own.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
