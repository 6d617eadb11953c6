//! Answers of the Gemini API.

use serde_json::{Value, json};

use super::{
    asked::Asked,
    reply::{READ, Reply, Said, WRITTEN, data},
};

pub(super) fn reply(said: &Said, asked: &Asked) -> Reply {
    let mut parts = Vec::new();
    if !said.text.is_empty() {
        parts.push(json!({"text": said.text}));
    }
    for (index, call) in said.calls.iter().enumerate() {
        let id = format!("fc_scripted_{}_{index}", said.number);
        let call = json!({"id": id, "name": call.name, "args": call.args()});
        parts.push(json!({"functionCall": call, "thoughtSignature": "c2lnbmVk"}));
    }
    let usage = json!({
        "promptTokenCount": READ, "candidatesTokenCount": WRITTEN,
        "totalTokenCount": READ + WRITTEN,
    });
    let chunk = |parts: &[Value], end: Value| {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if !end.is_null() {
            candidate["finishReason"] = end;
        }
        json!({
            "candidates": [candidate], "usageMetadata": usage, "modelVersion": "scripted",
            "responseId": format!("r_scripted_{}", said.number),
        })
    };
    if !asked.is_streamed() {
        return Reply::json(200, chunk(&parts, json!("STOP")));
    }
    let last = parts.len().saturating_sub(1);
    let events = parts.chunks(1).enumerate().map(|(index, part)| {
        let end = if index == last {
            json!("STOP")
        } else {
            Value::Null
        };
        data(&chunk(part, end))
    });
    Reply::events(events.collect())
}
