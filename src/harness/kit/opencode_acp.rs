//! opencode over its protocol: every tool asks, by configuration in a variable, which beats files.
//! Of the user's configuration only the model and its provider go along: a rule for one tool or one
//! agent would beat one for all. A refusal is told to the model, which goes on.

use serde_json::{Map, Value, json};

use super::{Kit, Place};
use crate::layout::PathError;

const LOGIN: &str = ".local/share/opencode/auth.json";
const CONFIG: &str = ".config/opencode/opencode.json";

/// What of a user's configuration says which model answers.
const KEPT: [&str; 5] = [
    "provider",
    "model",
    "small_model",
    "enabled_providers",
    "disabled_providers",
];

/// Rules that somebody could have set apart from `*`.
const TOOLS: [&str; 16] = [
    "*",
    "bash",
    "edit",
    "read",
    "glob",
    "grep",
    "list",
    "lsp",
    "task",
    "skill",
    "webfetch",
    "websearch",
    "codesearch",
    "todowrite",
    "todoread",
    "external_directory",
];

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    place.bring(LOGIN)?;
    let mut users = place.users_json(CONFIG);
    users.retain(|name, _| KEPT.contains(&name.as_str()));
    place.write_json(CONFIG, &Value::Object(users))?;
    let ask: Map<String, Value> = TOOLS
        .iter()
        .map(|tool| ((*tool).to_owned(), json!("ask")))
        .collect();
    let mut config = json!({
        "permission": ask,
        "agent": { "build": { "permission": ask }, "general": { "permission": ask } },
        "experimental": { "continue_loop_on_deny": true },
        "autoupdate": false,
        "share": "disabled",
    });
    if let (Value::Object(config), Some(model)) = (&mut config, place.model) {
        config.insert("model".to_owned(), json!(model));
    }
    let set = |name| (name, "1".to_owned());
    Ok(Kit {
        env: vec![
            ("OPENCODE_CONFIG_CONTENT", config.to_string()),
            set("OPENCODE_DISABLE_AUTOUPDATE"),
            set("OPENCODE_DISABLE_LSP_DOWNLOAD"),
        ],
        // Plugins and tools of the repository run inside of it, unasked.
        hidden: vec![place.bench.join(".opencode")],
        ..Kit::default()
    })
}
