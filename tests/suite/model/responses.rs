//! Answers of the `OpenAI` Responses API.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    reply::{Called, Input, READ, Reply, Said, WRITTEN, event},
};

pub(super) fn reply(said: &Said, asked: &Asked) -> Reply {
    let number = said.number;
    let mut items = Vec::new();
    if !said.text.is_empty() {
        let content = json!([{"type": "output_text", "text": said.text, "annotations": []}]);
        items.push(json!({
            "type": "message", "id": format!("msg_scripted_{number}"), "role": "assistant",
            "status": "completed", "content": content,
        }));
    }
    for (index, call) in said.calls.iter().enumerate() {
        items.push(item(call, &format!("scripted_{number}_{index}")));
    }
    let usage = json!({
        "input_tokens": READ, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": WRITTEN, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": READ + WRITTEN,
    });
    let whole = json!({
        "id": format!("resp_scripted_{number}"), "object": "response", "created_at": 0,
        "status": "completed", "model": asked.model(), "output": items, "usage": usage,
        "error": null, "incomplete_details": null, "parallel_tool_calls": false, "tools": [],
        "tool_choice": "auto",
    });
    if !asked.is_streamed() {
        return Reply::json(200, whole);
    }
    let mut begun = whole.clone();
    begun["status"] = json!("in_progress");
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (index, item) in items.iter().enumerate() {
        item_events(index, item, &mut events);
    }
    events.push(json!({"type": "response.completed", "response": whole}));
    let numbered = events.into_iter().enumerate().map(|(index, mut data)| {
        data["sequence_number"] = json!(index);
        event(data["type"].as_str().unwrap_or_default(), &data)
    });
    Reply::events(numbered.collect())
}

fn item(call: &Called, id: &str) -> Value {
    let call_id = format!("call_{id}");
    let mut item = match &call.input {
        Input::Text(text) => json!({
            "type": "custom_tool_call", "id": format!("ctc_{id}"), "call_id": call_id,
            "name": call.name, "input": text, "status": "completed",
        }),
        Input::Args(args) => json!({
            "type": "function_call", "id": format!("fc_{id}"), "call_id": call_id,
            "name": call.name, "arguments": args.to_string(), "status": "completed",
        }),
    };
    if let Some(namespace) = &call.namespace {
        item["namespace"] = json!(namespace);
    }
    item
}

fn item_events(index: usize, item: &Value, events: &mut Vec<Value>) {
    let mut begun = item.clone();
    begun["status"] = json!("in_progress");
    let id = &item["id"];
    let mut inner = Vec::new();
    if item["type"] == "message" {
        let part = &item["content"][0];
        let text = &part["text"];
        begun["content"] = json!([]);
        let empty = json!({"type": "output_text", "text": "", "annotations": []});
        inner.extend([
            json!({"type": "response.content_part.added", "part": empty}),
            json!({"type": "response.output_text.delta", "delta": text}),
            json!({"type": "response.output_text.done", "text": text}),
            json!({"type": "response.content_part.done", "part": part}),
        ]);
        for event in &mut inner {
            event["content_index"] = json!(0);
        }
    } else if item["type"] == "function_call" {
        let arguments = &item["arguments"];
        begun["arguments"] = json!("");
        inner.extend([
            json!({"type": "response.function_call_arguments.delta", "delta": arguments}),
            json!({"type": "response.function_call_arguments.done", "arguments": arguments}),
        ]);
    }
    for event in &mut inner {
        event["item_id"] = id.clone();
        event["output_index"] = json!(index);
    }
    let added = "response.output_item.added";
    events.push(json!({"type": added, "output_index": index, "item": begun}));
    events.append(&mut inner);
    events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
}
