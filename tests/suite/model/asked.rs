//! What an agent asks, read out of the four APIs into one form.

use serde_json::Value;

/// Which API asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    Anthropic,
    Chat,
    Responses,
    Gemini,
}

/// A request for an answer of the model.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) api: Api,
    /// The path, without the query.
    pub(crate) path: String,
    /// The whole request.
    pub(crate) body: Value,
    /// Which turn of the script answered it, from 0; `None` when it took none.
    pub(crate) turn: Option<usize>,
}

/// A tool that the agent offers.
#[derive(Debug, Clone, Default)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    /// The JSON schema of its arguments.
    pub(super) schema: Value,
    /// Whether it takes free text.
    pub(super) is_free: bool,
}

impl Asked {
    /// Reads a request; `None` when it asks for no answer of the model.
    pub(super) fn read(path: &str, body: Value) -> Option<Self> {
        let api = if path.ends_with("/messages") {
            Api::Anthropic
        } else if path.ends_with("/chat/completions") {
            Api::Chat
        } else if path.ends_with("/responses") {
            Api::Responses
        } else if path.ends_with("enerateContent") {
            Api::Gemini
        } else {
            return None;
        };
        let path = path.to_owned();
        Some(Self {
            api,
            path,
            body,
            turn: None,
        })
    }

    /// Whether the answer is to be streamed.
    pub(super) fn is_streamed(&self) -> bool {
        self.path.ends_with(":streamGenerateContent") || self.body["stream"] == true
    }

    /// The model that is asked for.
    pub(super) fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or("scripted")
    }

    /// The tools that it offers.
    pub(super) fn tools(&self) -> Vec<Tool> {
        let mut tools = Vec::new();
        for tool in list(&self.body["tools"]) {
            match self.api {
                Api::Anthropic => tools.push(named(tool, "input_schema")),
                Api::Chat => tools.push(named(&tool["function"], "parameters")),
                Api::Responses => of_responses(tool, None, &mut tools),
                Api::Gemini => {
                    let declared = list(&tool["functionDeclarations"]).iter();
                    tools.extend(declared.map(|tool| {
                        let newer = tool.get("parametersJsonSchema").is_some();
                        named(
                            tool,
                            if newer {
                                "parametersJsonSchema"
                            } else {
                                "parameters"
                            },
                        )
                    }));
                }
            }
        }
        tools
    }

    /// What the agent tells the model that its calls came to, all of this request, oldest first.
    pub(crate) fn results(&self) -> Vec<String> {
        let mut results = Vec::new();
        match self.api {
            Api::Anthropic => {
                for message in list(&self.body["messages"]) {
                    let blocks = list(&message["content"]).iter();
                    let blocks = blocks.filter(|block| block["type"] == "tool_result");
                    results.extend(blocks.map(|block| words(&block["content"])));
                }
            }
            Api::Chat => {
                let messages = list(&self.body["messages"]).iter();
                let messages = messages.filter(|message| message["role"] == "tool");
                results.extend(messages.map(|message| words(&message["content"])));
            }
            Api::Responses => {
                let items = list(&self.body["input"]).iter();
                let items = items.filter(|item| {
                    let kind = item["type"].as_str().unwrap_or_default();
                    kind.ends_with("_call_output")
                });
                results.extend(items.map(|item| words(&item["output"])));
            }
            Api::Gemini => {
                for content in list(&self.body["contents"]) {
                    let parts = list(&content["parts"]).iter();
                    let parts = parts.filter_map(|part| part.get("functionResponse"));
                    results.extend(parts.map(|part| words(&part["response"])));
                }
            }
        }
        results
    }

    /// The last thing that stands in the conversation, as text.
    pub(super) fn last(&self) -> String {
        let messages = match self.api {
            Api::Anthropic | Api::Chat => &self.body["messages"],
            Api::Responses => &self.body["input"],
            Api::Gemini => &self.body["contents"],
        };
        list(messages).last().map(words).unwrap_or_default()
    }

    /// The schema that a whole answer must have, when it is to be JSON.
    pub(super) fn wants(&self) -> Option<&Value> {
        [
            "/generationConfig/responseJsonSchema",
            "/generationConfig/responseSchema",
            "/response_format/json_schema/schema",
            "/output_config/format/schema",
            "/output_format/schema",
            "/text/format/schema",
        ]
        .iter()
        .find_map(|place| self.body.pointer(place))
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn named(tool: &Value, schema: &str) -> Tool {
    Tool {
        name: tool["name"].as_str().unwrap_or_default().to_owned(),
        schema: tool[schema].clone(),
        ..Tool::default()
    }
}

fn of_responses(tool: &Value, namespace: Option<&str>, tools: &mut Vec<Tool>) {
    match tool["type"].as_str() {
        Some("namespace") => {
            for inner in list(&tool["tools"]) {
                of_responses(inner, tool["name"].as_str(), tools);
            }
        }
        Some(kind @ ("function" | "custom")) => tools.push(Tool {
            namespace: namespace.map(str::to_owned),
            is_free: kind == "custom",
            ..named(tool, "parameters")
        }),
        _ => {}
    }
}

/// All strings of a value, in order, a line each; what kind a part is of is left out.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(words).collect::<Vec<_>>().join("\n"),
        Value::Object(values) => {
            let values = values.iter().filter(|(name, _)| *name != "type");
            let values: Vec<_> = values.map(|(_, value)| words(value)).collect();
            values.join("\n")
        }
        _ => String::new(),
    }
}
