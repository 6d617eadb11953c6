//! Qwen Code: settings of the session's own with a pre-tool hook. The repository's settings can
//! switch hooks off (`disableAllHooks`) and there is no flag against that, so they are not there.

use serde_json::{Value, json};

use super::{
    Kit, Place,
    gemini::{kept, with},
};
use crate::layout::PathError;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    let mut settings = kept(&place.users_json(".qwen/settings.json"));
    let server = with(place.server(), "trust", Value::Bool(true));
    let own = json!({
        "general": { "enableAutoUpdate": false, "disableAutoUpdate": true },
        "privacy": { "usageStatisticsEnabled": false },
        "hooks": {
            "PreToolUse": [{
                "matcher": "*",
                // In milliseconds.
                "hooks": [{ "type": "command", "name": "nightshift", "command": place.hook("qwen"), "timeout": 30_000 }],
            }],
        },
        "mcpServers": { "night": server },
    });
    if let Value::Object(own) = own {
        settings.extend(own);
    }
    // It tries again in silence, for minutes if not told otherwise; the night waits better.
    let model = settings.remove("model").filter(Value::is_object);
    let mut model = model.unwrap_or_else(|| json!({}));
    let generation = model.get("generationConfig").cloned();
    let generation = generation
        .filter(Value::is_object)
        .unwrap_or_else(|| json!({}));
    let generation = with(generation, "maxRetries", Value::from(2));
    model = with(model, "generationConfig", generation);
    settings.insert("model".to_owned(), model);
    place.write_json(".qwen/settings.json", &Value::Object(settings))?;
    Ok(Kit {
        env: vec![("HOME", place.inside.to_string_lossy().into_owned())],
        hidden: vec![place.bench.join(".qwen/settings.json")],
        ..Kit::default()
    })
}
