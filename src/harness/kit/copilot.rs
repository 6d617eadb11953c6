//! GitHub Copilot CLI: a home of the session's own with a pre-tool hook, and the MCP server by its
//! argument.

use serde_json::{Value, json};

use super::{Kit, Place, gemini::with};
use crate::layout::PathError;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    place.write_json(
        ".copilot/hooks/nightshift.json",
        &json!({
            "version": 1,
            "hooks": {
                "preToolUse": [{ "type": "command", "bash": place.hook("copilot"), "timeoutSec": 30 }],
            },
        }),
    )?;
    let server = with(place.server(), "type", Value::from("local"));
    let server = with(server, "tools", json!(["*"]));
    let servers = json!({ "mcpServers": { "night": server } });
    let home = place.inside.join(".copilot");
    Ok(Kit {
        args: vec!["--additional-mcp-config".to_owned(), servers.to_string()],
        env: vec![("COPILOT_HOME", home.to_string_lossy().into_owned())],
        ..Kit::default()
    })
}
