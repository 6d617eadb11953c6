//! Claude Code: a pre-tool hook in settings of the session's own, in the one mode in which a call
//! that no hook allows is refused.

use serde_json::json;

use super::{Kit, Place};
use crate::layout::PathError;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    let settings = place.write_json(
        ".nightshift/claude-settings.json",
        &json!({
            "hooks": {
                "PreToolUse": [{
                    "matcher": "*",
                    "hooks": [{ "type": "command", "command": place.hook("claude"), "timeout": 30 }],
                }],
            },
        }),
    )?;
    let servers = place.write_json(
        ".nightshift/claude-mcp.json",
        &json!({ "mcpServers": { "night": place.server() } }),
    )?;
    let shown = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Ok(Kit {
        // The repository's own settings could switch hooks off (`disableAllHooks`): they are not
        // read. Of two modes the last one counts.
        args: [
            "--settings",
            &shown(&settings),
            "--mcp-config",
            &shown(&servers),
            "--strict-mcp-config",
            "--setting-sources",
            "user",
            "--permission-mode",
            "dontAsk",
        ]
        .map(str::to_owned)
        .to_vec(),
        // Deferred, the night's tools would be found by nobody.
        env: vec![("ENABLE_TOOL_SEARCH", "false".to_owned())],
        ..Kit::default()
    })
}
