//! gemini and qwen over their protocol: the default mode asks before a tool that does something.
//! The home is the session's own, and the repository's settings, which could allow tools, are not
//! there.

use serde_json::{Map, Value, json};

use super::{Kit, Place, gemini::kept};
use crate::layout::PathError;

fn settings(place: &Place<'_>, file: &str) -> Result<(), PathError> {
    let mut settings: Map<String, Value> = kept(&place.users_json(file));
    settings.extend(super::object(json!({
        "general": { "enableAutoUpdate": false, "disableAutoUpdate": true, "maxAttempts": 4 },
        "privacy": { "usageStatisticsEnabled": false },
    })));
    place.write_json(file, &Value::Object(settings)).map(|_| ())
}

pub(super) fn gemini(place: &Place<'_>, login: &[&str]) -> Result<Kit, PathError> {
    for file in login {
        place.bring(file)?;
    }
    settings(place, ".gemini/settings.json")?;
    let home = place.inside.to_string_lossy().into_owned();
    Ok(Kit {
        // In a folder without trust it starts no servers; its own mode is asked for once more.
        args: ["--skip-trust", "--approval-mode", "default"]
            .map(str::to_owned)
            .to_vec(),
        env: vec![
            ("GEMINI_CLI_HOME", home),
            ("GEMINI_CLI_NO_RELAUNCH", "true".to_owned()),
        ],
        hidden: vec![place.bench.join(".gemini/settings.json")],
        ..Kit::default()
    })
}

pub(super) fn qwen(place: &Place<'_>, login: &[&str]) -> Result<Kit, PathError> {
    for file in login {
        place.bring(file)?;
    }
    settings(place, ".qwen/settings.json")?;
    Ok(Kit {
        args: ["--approval-mode", "default"].map(str::to_owned).to_vec(),
        env: vec![("HOME", place.inside.to_string_lossy().into_owned())],
        hidden: vec![place.bench.join(".qwen/settings.json")],
        ..Kit::default()
    })
}
