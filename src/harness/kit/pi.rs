//! pi: it has no permissions and no hooks, but an extension may block a tool call. Ours asks; the
//! repository's own extensions are not loaded.

use serde_json::json;

use super::{DEADLINE, Kit, Place};
use crate::layout::PathError;

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    // JSON texts are JavaScript texts.
    let script = format!(
        r#"import {{ spawnSync }} from "node:child_process";

export default (pi) =>
  pi.on("tool_call", async (event) => {{
    const asked = JSON.stringify({{ tool: event.toolName, input: event.input }});
    const ran = spawnSync({program}, ["hook", "pi", {socket}], {{
      input: asked,
      encoding: "utf8",
      timeout: {deadline},
    }});
    let answer;
    try {{
      answer = JSON.parse(ran.stdout);
    }} catch {{
      answer = {{ allow: false, reason: "nightshift: the hook is unavailable" }};
    }}
    if (answer.allow === true) return undefined;
    return {{ block: true, reason: String(answer.reason ?? "refused") }};
  }});
"#,
        program = json!(place.program),
        socket = json!(place.socket),
        deadline = DEADLINE * 1000,
    );
    let script = place.write(".nightshift/pi-night.ts", script.as_bytes())?;
    Ok(Kit {
        args: vec![
            "-ne".to_owned(),
            "-e".to_owned(),
            script.to_string_lossy().into_owned(),
        ],
        ..Kit::default()
    })
}
