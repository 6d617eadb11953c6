//! Where the fenced block of an agent's last message may stand in its output.
//!
//! A plain command prints its message as it is; the usual agents print JSON, one event a line, and
//! the message is a text in one of the last of them. A block that stands in the prompt, too, is an
//! echo of it and no utterance.

use crate::say::{fence, utterance::Utterance};

/// How many of the last lines are looked through for JSON: what follows a message is a result,
/// a turn's end and some bookkeeping.
const LAST_LINES: usize = 20;

/// Returns what the block at the end of the agent's output says, or why it says nothing; `None`
/// when there is no block.
pub(super) fn utterance(output: &str, prompt: &str) -> Option<Result<Utterance, String>> {
    let plain = block(output, prompt);
    plain.or_else(|| {
        output
            .lines()
            .rev()
            .filter(|line| !line.trim().is_empty())
            .take(LAST_LINES)
            .filter(|line| line.contains("```nightshift"))
            .filter_map(|line| serde_json::from_str(line).ok())
            .find_map(|event| in_json(&event, prompt))
    })
}

fn block(message: &str, prompt: &str) -> Option<Result<Utterance, String>> {
    let block = fence::find(message)?;
    (!prompt.contains(block.inside)).then(|| block.utterance())
}

fn in_json(value: &serde_json::Value, prompt: &str) -> Option<Result<Utterance, String>> {
    match value {
        serde_json::Value::String(text) => block(text, prompt),
        serde_json::Value::Array(items) => {
            items.iter().rev().find_map(|item| in_json(item, prompt))
        }
        serde_json::Value::Object(fields) => {
            fields.values().rev().find_map(|item| in_json(item, prompt))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK: &str = "```nightshift\nverb: note\ntext: hello\n```";

    fn heard(output: &str, prompt: &str) -> Option<String> {
        match utterance(output, prompt)? {
            Ok(Utterance::Note { text }) => Some(text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_block_is_found_in_plain_output_and_in_json() {
        let json = serde_json::json!({"type": "result", "message": {"content": [
            {"type": "text", "text": format!("I am done.\n\n{BLOCK}\n")}, {"n": 1}
        ]}});
        for output in [
            format!("working\n{BLOCK}\n"),
            format!("{{\"type\":\"start\"}}\n{json}\n{{\"type\":\"end\"}}\n"),
        ] {
            assert_eq!(heard(&output, "").as_deref(), Some("hello"), "{output}");
        }
    }

    #[test]
    fn an_echo_and_an_old_message_are_not_heard() {
        let prompt = format!("Say it so:\n{BLOCK}\nNow begin.");
        assert_eq!(heard(BLOCK, &prompt), None);
        let json = serde_json::json!({"text": BLOCK}).to_string();
        let old = format!("{json}\n{}", "{\"type\":\"tool\"}\n".repeat(LAST_LINES));
        assert_eq!(heard(&old, ""), None);
        assert_eq!(heard("nothing", ""), None);
    }
}
