//! Answers of the Anthropic Messages API.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    reply::{READ, Reply, Said, WRITTEN, event},
};

pub(super) fn reply(said: &Said, asked: &Asked) -> Reply {
    let mut blocks = Vec::new();
    if !said.text.is_empty() {
        blocks.push(json!({"type": "text", "text": said.text}));
    }
    for (index, call) in said.calls.iter().enumerate() {
        let id = format!("toolu_scripted_{}_{index}", said.number);
        let (name, input) = (&call.name, call.args());
        blocks.push(json!({"type": "tool_use", "id": id, "name": name, "input": input}));
    }
    let stop = if said.calls.is_empty() {
        "end_turn"
    } else {
        "tool_use"
    };
    let usage = json!({
        "input_tokens": READ, "output_tokens": WRITTEN,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
    });
    let mut message = json!({
        "id": format!("msg_scripted_{}", said.number), "type": "message", "role": "assistant",
        "model": asked.model(), "content": blocks, "stop_reason": stop, "stop_sequence": null,
        "usage": usage,
    });
    if !asked.is_streamed() {
        return Reply::json(200, message);
    }
    message["content"] = json!([]);
    message["stop_reason"] = Value::Null;
    message["usage"]["output_tokens"] = json!(1);
    let mut events = vec![json!({"type": "message_start", "message": message})];
    for (index, block) in blocks.iter().enumerate() {
        let mut empty = block.clone();
        let delta = if block["type"] == "text" {
            empty["text"] = json!("");
            json!({"type": "text_delta", "text": block["text"]})
        } else {
            empty["input"] = json!({});
            json!({"type": "input_json_delta", "partial_json": block["input"].to_string()})
        };
        events.extend([
            json!({"type": "content_block_start", "index": index, "content_block": empty}),
            json!({"type": "content_block_delta", "index": index, "delta": delta}),
            json!({"type": "content_block_stop", "index": index}),
        ]);
    }
    let end = json!({"stop_reason": stop, "stop_sequence": null});
    events.extend([
        json!({"type": "message_delta", "delta": end, "usage": usage}),
        json!({"type": "message_stop"}),
    ]);
    let named = |data: &Value| event(data["type"].as_str().unwrap_or_default(), data);
    Reply::events(events.iter().map(named).collect())
}
