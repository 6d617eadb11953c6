//! `[harness.NAME.events]`: where in an agent's JSON lines it says what it does, so that a new agent
//! needs no code.

use toml::de::DeTable;

use super::super::{
    EventLine, Events,
    walk::{Key, Value, Walk},
};

pub(super) const EVENTS: [&str; 13] = [
    "kind",
    "thinking",
    "output",
    "tool",
    "skill",
    "compaction_start",
    "compaction_end",
    "done",
    "failed",
    "session",
    "input_tokens",
    "output_tokens",
    "cost",
];
pub(super) const LINE: [&str; 4] = ["is", "text", "name", "input"];

/// Reads the whole table; `None` without `kind`, which is a problem.
pub(super) fn events(walk: &mut Walk<'_>, key: &Key<'_>, table: &DeTable<'_>) -> Option<Events> {
    let mut events = Events::default();
    let mut kind = None;
    for (key, value) in table {
        match &**key.get_ref() {
            "kind" => kind = pointer(walk, key, value),
            "thinking" => events.thinking = line(walk, key, value),
            "output" => events.output = line(walk, key, value),
            "tool" => events.tool = line(walk, key, value),
            "skill" => events.skill = line(walk, key, value),
            "compaction_start" => events.compaction_start = line(walk, key, value),
            "compaction_end" => events.compaction_end = line(walk, key, value),
            "done" => events.done = line(walk, key, value),
            "failed" => events.failed = line(walk, key, value),
            "session" => events.session = pointer(walk, key, value),
            "input_tokens" => events.input_tokens = pointer(walk, key, value),
            "output_tokens" => events.output_tokens = pointer(walk, key, value),
            "cost" => events.cost = pointer(walk, key, value),
            _ => walk.unknown(key, "events", &EVENTS),
        }
    }
    let Some(kind) = kind else {
        walk.error(
            "incomplete",
            key.span(),
            "`events` does not say where a line tells what it is",
            "add `kind = \"/type\"`, the path of that text within a line",
        );
        return None;
    };
    events.kind = kind;
    Some(events)
}

fn line(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<EventLine> {
    let table = walk.table(key, value)?;
    let mut line = EventLine::default();
    for (key, value) in table {
        match &**key.get_ref() {
            "is" => {
                let texts = walk
                    .texts(key, value, "tool_call", true)
                    .unwrap_or_default();
                line.is = texts.into_iter().map(|(text, _)| text).collect();
            }
            "text" => line.text = pointer(walk, key, value),
            "name" => line.name = pointer(walk, key, value),
            "input" => line.input = pointer(walk, key, value),
            _ => walk.unknown(key, "events", &LINE),
        }
    }
    if line.is.is_empty() {
        walk.error(
            "incomplete",
            key.span(),
            format!("`{}` does not say which lines it means", key.get_ref()),
            format!(
                "write it as in `{} = {{ is = \"tool_call\", name = \"/tool\" }}`",
                key.get_ref()
            ),
        );
        return None;
    }
    Some(line)
}

/// A JSON pointer (RFC 6901).
fn pointer(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<String> {
    let text = walk.text(key, value, "/message/text")?;
    if text.starts_with('/') {
        return Some(text);
    }
    walk.error(
        "bad-value",
        value.span(),
        format!("`{text}` is not a path within a line"),
        "write it as in `/message/text`: names and numbers, each after a `/`",
    );
    None
}
