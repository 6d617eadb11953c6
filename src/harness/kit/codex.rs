//! Codex: a pre-tool hook and the MCP server by `-c`, which beat the user's and the repository's
//! configuration. Its own sandbox cannot be made inside of ours, so it is told that it is in one.

use super::{Kit, Place};

pub(super) fn kit(place: &Place<'_>) -> Kit {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let hook = format!(
        "hooks.PreToolUse=[{{matcher=\"*\",hooks=[{{type=\"command\",command={},timeout=30}}]}}]",
        text(&place.hook("codex"))
    );
    let voice: Vec<_> = place
        .voice
        .iter()
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    let server = format!(
        "mcp_servers.night={{command={},args=[\"mcp\"],env={{{}}},default_tools_approval_mode=\"approve\"}}",
        text(&place.program.to_string_lossy()),
        voice.join(",")
    );
    Kit {
        // Without the first one, hooks that nobody has trusted are passed over in silence.
        args: [
            "--dangerously-bypass-hook-trust",
            "-c",
            "features.hooks=true",
            "-c",
            &hook,
            "-c",
            &server,
        ]
        .map(str::to_owned)
        .to_vec(),
        ..Kit::default()
    }
}
