//! The words of each agent's pre-tool hook: what it is told on standard input, and which answer it
//! takes for "yes" and for "no".
//!
//! Claude Code, Codex, Gemini CLI, Qwen Code, Copilot and Hermes were seen to work as written here
//! (versions in `known.rs`); Cursor and Windsurf are written from their documentation, and nothing
//! was run. opencode and pi have no such hooks: their extensions ask in the words of `Plain`.
//!
//! Everything fails closed: what cannot be read is refused, and a refusal is said in the way that
//! the agent was seen to pass on to its model.

use std::path::Path;

use serde_json::{Value, json};

use super::{desk::ask_at, judge::ToolCall};

/// Whose hook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Claude Code, and agents that took over its hooks.
    Claude,
    /// Codex.
    Codex,
    /// Gemini CLI.
    Gemini,
    /// Qwen Code.
    Qwen,
    /// Cursor's agent.
    Cursor,
    /// GitHub Copilot CLI.
    Copilot,
    /// Windsurf.
    Windsurf,
    /// Hermes.
    Hermes,
    /// An extension of our own, in opencode or pi.
    Plain,
}

/// What the hook's process prints, and how it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
    /// The exit code.
    pub code: u8,
}

/// All platforms by the names under which the command line knows them.
pub const PLATFORMS: [(&str, Platform); 10] = [
    ("claude", Platform::Claude),
    ("codex", Platform::Codex),
    ("gemini", Platform::Gemini),
    ("qwen", Platform::Qwen),
    ("cursor", Platform::Cursor),
    ("copilot", Platform::Copilot),
    ("windsurf", Platform::Windsurf),
    ("hermes", Platform::Hermes),
    ("opencode", Platform::Plain),
    ("pi", Platform::Plain),
];

impl Platform {
    /// Returns the platform of a name.
    pub fn named(name: &str) -> Option<Self> {
        let found = PLATFORMS.iter().find(|(known, _)| *known == name);
        found.map(|(_, platform)| *platform)
    }

    /// Decides on what this platform's hook was told, by asking at a session's desk; without one
    /// everything is refused.
    pub fn answer(self, told: &[u8], desk: Option<&Path>) -> Spoken {
        let judged = match (self.call(told), desk) {
            (Err(reason), _) => Err(reason),
            (Ok(_), None) => Err("no night is there to judge this call".to_owned()),
            (Ok(call), Some(desk)) => ask_at(desk, &call),
        };
        self.speak(judged.err().as_deref())
    }

    /// Reads the call out of what the hook was told.
    ///
    /// # Errors
    /// Why it cannot be judged.
    pub(super) fn call(self, told: &[u8]) -> Result<ToolCall, String> {
        let unread = |what: &str| format!("nightshift cannot judge this call: {what}");
        let told: Value = serde_json::from_slice(told)
            .map_err(|error| unread(&format!("the hook was not told JSON ({error})")))?;
        let (names, inputs): (&[&str], &[&str]) = match self {
            Self::Claude | Self::Codex | Self::Gemini | Self::Qwen | Self::Hermes => {
                (&["/tool_name"], &["/tool_input"])
            }
            Self::Copilot => (&["/toolName"], &["/toolArgs"]),
            // One event for each kind of tool, with the fields at the top.
            Self::Cursor => (&["/tool_name", "/hook_event_name"], &["/tool_input", ""]),
            Self::Windsurf => (&["/agent_action_name"], &["/tool_info"]),
            Self::Plain => (&["/tool"], &["/input"]),
        };
        let tool = names
            .iter()
            .find_map(|at| told.pointer(at)?.as_str())
            .ok_or_else(|| unread("the hook was not told which tool it is"))?;
        let input = inputs
            .iter()
            .find_map(|at| told.pointer(at))
            .ok_or_else(|| unread("the hook was not told the tool's input"))?;
        let input = match input {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Ok(ToolCall {
            tool: tool.to_owned(),
            input,
        })
    }

    /// Says yes, or no with a reason.
    fn speak(self, refused: Option<&str>) -> Spoken {
        let decision = |key: &str, yes: &str, no: &str, why: &str| match refused {
            None => json!({ key: yes }),
            Some(reason) => json!({ key: no, why: reason }),
        };
        let out = match self {
            // Codex takes no "allow" from a hook: silence is one.
            Self::Codex if refused.is_none() => Value::Null,
            Self::Claude | Self::Codex | Self::Qwen => {
                let mut answer = json!({
                    "hookEventName": "PreToolUse",
                    "permissionDecision": if refused.is_none() { "allow" } else { "deny" },
                });
                if let (Some(reason), Some(answer)) = (refused, answer.as_object_mut()) {
                    answer.insert("permissionDecisionReason".to_owned(), reason.into());
                }
                json!({ "hookSpecificOutput": answer })
            }
            Self::Gemini => decision("decision", "allow", "deny", "reason"),
            Self::Copilot => decision(
                "permissionDecision",
                "allow",
                "deny",
                "permissionDecisionReason",
            ),
            Self::Cursor => decision("permission", "allow", "deny", "agentMessage"),
            Self::Hermes => match refused {
                None => json!({}),
                Some(reason) => json!({ "decision": "block", "reason": reason }),
            },
            Self::Windsurf => Value::Null,
            Self::Plain => json!({ "allow": refused.is_none(), "reason": refused }),
        };
        // Windsurf has no answer but its exit code.
        let by_code = self == Self::Windsurf && refused.is_some();
        Spoken {
            out: if out.is_null() {
                String::new()
            } else {
                format!("{out}\n")
            },
            err: if by_code {
                format!("{}\n", refused.unwrap_or_default())
            } else {
                String::new()
            },
            code: if by_code { 2 } else { 0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_is_refused_in_its_own_words_when_nobody_judges() {
        let shell = json!({"command": "git push"});
        for (name, told, shown) in [
            (
                "claude",
                json!({"tool_name": "Bash", "tool_input": shell}),
                "\"permissionDecision\":\"deny\"",
            ),
            (
                "codex",
                json!({"tool_name": "Bash", "tool_input": shell}),
                "\"permissionDecision\":\"deny\"",
            ),
            (
                "gemini",
                json!({"tool_name": "run_shell_command", "tool_input": shell}),
                "\"decision\":\"deny\"",
            ),
            (
                "copilot",
                json!({"toolName": "bash", "toolArgs": shell}),
                "\"permissionDecision\":\"deny\"",
            ),
            (
                "cursor",
                json!({"hook_event_name": "beforeShellExecution", "command": "git push"}),
                "\"permission\":\"deny\"",
            ),
            (
                "hermes",
                json!({"tool_name": "terminal", "tool_input": shell}),
                "\"decision\":\"block\"",
            ),
            (
                "opencode",
                json!({"tool": "bash", "input": shell}),
                "\"allow\":false",
            ),
        ] {
            let platform = Platform::named(name).unwrap();
            let told = told.to_string();
            let call = platform.call(told.as_bytes()).unwrap();
            assert!(call.input.contains("git push"), "{name}: {call:?}");
            for (told, desk) in [
                (told.as_str(), None),
                (told.as_str(), Some(Path::new("/nonexistent/desk"))),
                ("{", None),
                ("{}", None),
                ("[]", None),
            ] {
                let spoken = platform.answer(told.as_bytes(), desk);
                assert!(spoken.out.contains(shown), "{name}: {spoken:?}");
                assert_eq!(spoken.code, 0, "{name}");
            }
        }
        let windsurf = Platform::Windsurf.answer(b"{}", None);
        assert_eq!((windsurf.code, windsurf.out.as_str()), (2, ""));
        assert!(Platform::Claude.speak(None).out.contains("\"allow\""));
        assert_eq!(Platform::Codex.speak(None).out, "");
    }
}
