//! Answers of the `OpenAI` Chat Completions API.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    reply::{READ, Reply, Said, WRITTEN, data},
};

pub(super) fn reply(said: &Said, asked: &Asked) -> Reply {
    let id = format!("chatcmpl-scripted-{}", said.number);
    let usage = json!({
        "prompt_tokens": READ, "completion_tokens": WRITTEN, "total_tokens": READ + WRITTEN,
    });
    let calls: Vec<Value> = said
        .calls
        .iter()
        .enumerate()
        .map(|(index, call)| {
            json!({
                "index": index, "id": format!("call_scripted_{}_{index}", said.number),
                "type": "function",
                "function": {"name": call.name, "arguments": call.args().to_string()},
            })
        })
        .collect();
    let end = if calls.is_empty() {
        "stop"
    } else {
        "tool_calls"
    };
    if !asked.is_streamed() {
        let mut message = json!({"role": "assistant", "content": said.text});
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
        }
        let choice = json!({"index": 0, "message": message, "finish_reason": end});
        return Reply::json(
            200,
            json!({
                "id": id, "object": "chat.completion", "created": 0, "model": asked.model(),
                "choices": [choice], "usage": usage,
            }),
        );
    }
    let chunk = |choices: Value, usage: Value| {
        data(&json!({
            "id": id, "object": "chat.completion.chunk", "created": 0, "model": asked.model(),
            "choices": choices, "usage": usage,
        }))
    };
    let delta = |delta: Value, end: Value| {
        chunk(
            json!([{"index": 0, "delta": delta, "finish_reason": end}]),
            Value::Null,
        )
    };
    let mut events = vec![delta(
        json!({"role": "assistant", "content": ""}),
        Value::Null,
    )];
    if !said.text.is_empty() {
        events.push(delta(json!({"content": said.text}), Value::Null));
    }
    for call in calls {
        events.push(delta(json!({"tool_calls": [call]}), Value::Null));
    }
    events.push(delta(json!({}), json!(end)));
    events.push(chunk(json!([]), usage));
    events.push("data: [DONE]\n\n".to_owned());
    Reply::events(events)
}
