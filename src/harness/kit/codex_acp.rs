//! codex-acp: a home of the session's own whose permission profile lets it write in the bench and
//! reach nothing else. What does not fit asks; the request is the exception and not the gate. Of the
//! user's configuration only the model and its provider go along.

use std::fs;

use toml::{Table, Value};

use super::{Kit, Place};
use crate::layout::PathError;

/// What of a user's configuration says which model answers.
const KEPT: [&str; 5] = [
    "model",
    "model_provider",
    "model_providers",
    "model_reasoning_effort",
    "preferred_auth_method",
];

const PROFILE: &str = r#"default_permissions = "night"
check_for_update_on_startup = false

[analytics]
enabled = false

[permissions.night.filesystem]
":root" = "read"

[permissions.night.filesystem.":workspace_roots"]
"." = "write"

[permissions.night.network]
enabled = false
"#;

/// What cannot work inside is asked about at once, and not only after it failed.
const RULES: &str = r#"prefix_rule(pattern=["git","push"], decision="prompt")
"#;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    place.bring(".codex/auth.json")?;
    let text = fs::read_to_string(place.user.join(".codex/config.toml")).unwrap_or_default();
    // What cannot be read as such is as if it were not there.
    let users: Table = text.parse().unwrap_or_default();
    let mut config: Table = users
        .into_iter()
        .filter(|(name, _)| KEPT.contains(&name.as_str()))
        .collect();
    if let Some(model) = place.model {
        config.insert("model".to_owned(), Value::String(model.to_owned()));
    }
    let profile: Table = PROFILE.parse().unwrap_or_default();
    config.extend(profile);
    place.write(".codex/config.toml", config.to_string().as_bytes())?;
    place.write(".codex/rules/default.rules", RULES.as_bytes())?;
    let home = place.inside.join(".codex");
    Ok(Kit {
        env: vec![
            ("CODEX_HOME", home.to_string_lossy().into_owned()),
            ("NO_BROWSER", "1".to_owned()),
        ],
        // It trusts the folder that it works in.
        hidden: vec![place.bench.join(".codex")],
        ..Kit::default()
    })
}
