//! Gemini CLI: a home of the session's own with a pre-tool hook, and a policy against the one tool
//! that would stop it from working. Of the user's settings only login and model go along.

use serde_json::{Map, Value, json};

use super::{Kit, Place};
use crate::layout::PathError;

/// Under `yolo` it succeeds, and from then on nothing is changed any more.
const POLICY: &str = r#"[[rule]]
toolName = "enter_plan_mode"
decision = "deny"
priority = 900
denyMessage = "Work on the ticket; there is nobody who would look at a plan."
"#;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    let mut settings = kept(&place.users_json(".gemini/settings.json"));
    let server = with(place.server(), "trust", Value::Bool(true));
    let own = json!({
        // It tries again in silence, ten times if not told otherwise; the night waits better.
        "general": { "enableAutoUpdate": false, "maxAttempts": 3 },
        "privacy": { "usageStatisticsEnabled": false },
        "hooks": {
            "BeforeTool": [{
                "matcher": "*",
                // In milliseconds.
                "hooks": [{ "type": "command", "name": "nightshift", "command": place.hook("gemini"), "timeout": 30_000 }],
            }],
        },
        "mcpServers": { "night": server },
    });
    if let Value::Object(own) = own {
        settings.extend(own);
    }
    place.write_json(".gemini/settings.json", &Value::Object(settings))?;
    let policy = place.write(".nightshift/gemini-policy.toml", POLICY.as_bytes())?;
    Ok(Kit {
        args: vec![
            "--admin-policy".to_owned(),
            policy.to_string_lossy().into_owned(),
        ],
        env: vec![(
            "GEMINI_CLI_HOME",
            place.inside.to_string_lossy().into_owned(),
        )],
        ..Kit::default()
    })
}

/// Returns what of a user's settings says who they are and which model they want.
pub(super) fn kept(users: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for name in ["model", "modelProviders", "selectedAuthType"] {
        if let Some(value) = users.get(name) {
            kept.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(auth) = users.get("security").and_then(|it| it.get("auth")) {
        kept.insert("security".to_owned(), json!({ "auth": auth }));
    }
    kept
}

/// Returns an object with one more field.
pub(super) fn with(mut object: Value, name: &str, value: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.insert(name.to_owned(), value);
    }
    object
}
