//! claude-agent-acp: rules by which every tool asks, given with the session. No settings of the user
//! or of the repository are read: an allow rule in them would let a call through unasked.

use serde_json::{Value, json};

use super::{Kit, NIGHT, Place};
use crate::layout::PathError;

/// The tools that do something or look at something.
const ASK: [&str; 14] = [
    "Bash",
    "BashOutput",
    "KillShell",
    "Monitor",
    "Read",
    "Write",
    "Edit",
    "NotebookEdit",
    "Glob",
    "Grep",
    "WebFetch",
    "WebSearch",
    "Task",
    "Agent",
];

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    place.bring(".claude/.credentials.json")?;
    let verbs: Vec<String> = NIGHT
        .iter()
        .map(|verb| format!("mcp__night__{verb}"))
        .collect();
    let mut options = json!({
        "settingSources": [],
        "settings": { "permissions": { "ask": ASK } },
        "allowedTools": verbs,
    });
    if let (Value::Object(options), Some(model)) = (&mut options, place.model) {
        options.insert("model".to_owned(), json!(model));
    }
    Ok(Kit {
        meta: super::object(json!({ "claudeCode": { "options": options } })),
        env: vec![
            // Deferred, the night's tools would be found by nobody.
            ("ENABLE_TOOL_SEARCH", "false".to_owned()),
            // A request to the model per turn, for a user who is not there.
            ("CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION", "false".to_owned()),
            // It would try for three minutes.
            ("CLAUDE_CODE_MAX_RETRIES", "4".to_owned()),
            ("DISABLE_AUTOUPDATER", "1".to_owned()),
        ],
        ..Kit::default()
    })
}
