//! Hermes: a home of the session's own whose configuration is the user's with our hook. It runs no
//! shell for a hook and takes no exit code for a refusal, so the hook is a script that always
//! answers.

use std::fs;

use serde_yaml::{Mapping, Value};

use super::{DEADLINE, Kit, Place, quote};
use crate::layout::{PathContext, PathError};

const CONFIG: &str = ".hermes/config.yaml";

pub(super) fn kit(place: &Place<'_>) -> Result<Kit, PathError> {
    let script = format!(
        "#!/bin/sh\nanswer=$(timeout {DEADLINE} {} hook hermes {}) ||\n  answer='{{\"decision\":\"block\",\"reason\":\"nightshift: the hook is unavailable\"}}'\nprintf '%s\\n' \"$answer\"\n",
        quote(&place.program.to_string_lossy()),
        quote(&place.socket.to_string_lossy()),
    );
    let script = place.write(".nightshift/hermes-hook.sh", script.as_bytes())?;
    let text = fs::read_to_string(place.user.join(CONFIG)).unwrap_or_default();
    let mut config: Mapping = serde_yaml::from_str(&text).unwrap_or_default();
    let mut hook = Mapping::new();
    hook.insert("command".into(), script.to_string_lossy().as_ref().into());
    hook.insert("timeout".into(), 30.into());
    let mut hooks = Mapping::new();
    hooks.insert(
        "pre_tool_call".into(),
        Value::Sequence(vec![Value::Mapping(hook)]),
    );
    config.insert("hooks".into(), Value::Mapping(hooks));
    let text = serde_yaml::to_string(&config)
        .map_err(std::io::Error::other)
        .at("write", &place.home.join(CONFIG))?;
    place.write(CONFIG, text.as_bytes())?;
    let home = place.inside.join(".hermes");
    Ok(Kit {
        // Without it, hooks are passed over in silence where there is no terminal.
        args: vec!["--accept-hooks".to_owned()],
        env: vec![("HERMES_HOME", home.to_string_lossy().into_owned())],
        ..Kit::default()
    })
}
