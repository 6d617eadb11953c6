//! `nightshift mcp`: the verbs of `nightshift say` as tools of an MCP server on stdin and stdout, for
//! agents that call tools rather than commands.
//!
//! The protocol (<https://modelcontextprotocol.io/specification>, 2024-11-05 to 2026-07-28) is
//! `rmcp`'s, which is known to this file only. Here are the tools: names, words and schemas, and
//! what a call says to the night. Nothing else may print to stdout here. What a model can put right
//! is a tool's error, which it gets to read; a tool that is not there is one of the protocol.

use std::{process::ExitCode, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
        JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig,
        Tool,
    },
    service::{RequestContext, ServerInitializeError},
    transport::stdio_pipes,
};
use serde_json::{Value, json};

use super::{
    failure::{Done, Failure},
    say::say,
};
use crate::{
    config::Environment,
    say::{LONGEST_TEXT, MOST_OPTIONS, utterance::Utterance},
};

/// What a model is told of the server as a whole.
const INSTRUCTIONS: &str = "You work alone, at night, on one ticket. Nobody reads along and nobody \
can answer before the morning, so never ask and never wait. Decide small things yourself and record \
each with `assume`; leave what only a human may decide with `park`; stop the night with `halt` if \
going on could do harm; say `done` when you are finished.";

/// A tool, as data.
struct Verb {
    name: &'static str,
    when: &'static str,
    /// The first one must be given.
    fields: &'static [Field],
}

struct Field {
    name: &'static str,
    what: &'static str,
    is_list: bool,
}

const fn text(name: &'static str, what: &'static str) -> Field {
    Field {
        name,
        what,
        is_list: false,
    }
}

const VERBS: [Verb; 5] = [
    Verb {
        name: "note",
        when: "Record something worth knowing in the morning: what you found out, what is left, \
               what surprised you. Nothing follows from it; go on working.",
        fields: &[text(
            "text",
            "What is worth knowing, in one or two sentences.",
        )],
    },
    Verb {
        name: "assume",
        when: "Record a decision that you took without asking. Use it for every small choice that \
               the ticket leaves open: decide as the repository already does, record it, and go on. \
               A human reads it in the morning.",
        fields: &[
            text("text", "What you decided."),
            text(
                "because",
                "Why: what in the repository or the ticket speaks for it.",
            ),
        ],
    },
    Verb {
        name: "park",
        when: "You may not ask anyone. When a question that only a human may decide would block \
               you, park it: the question, the options that you see with what you would do for \
               each, your recommendation, and why you cannot decide it. Use it for what is deleted \
               that users own, what leaves the repository, who may see what, what is paid, what a \
               database stores, what others' code relies on, and for a ticket that two sensible \
               developers would build differently. Not for small things: `assume` those. If the \
               result begins with `Answered:`, go on with that answer. Otherwise end your session \
               at once: the night goes on with other tickets.",
        fields: &[
            text(
                "question",
                "The question, so that it can be answered without reading the code.",
            ),
            Field {
                name: "options",
                what: "The answers that you see, each with what you would do for it, such as \
                       \"keep it: hide it in the form\".",
                is_list: true,
            },
            text("recommend", "Which of the options you would take."),
            text("because", "Why you cannot decide it yourself."),
        ],
    },
    Verb {
        name: "halt",
        when: "Stop the whole night, for all tickets. Only when going on could do harm: the tests \
               write to a live system, a credential lies open, data is being lost. A question is no \
               reason: `park` it. End your session afterwards.",
        fields: &[text("text", "What would be harmed, and how you know.")],
    },
    Verb {
        name: "done",
        when: "Say that the ticket is finished, as the last thing that you do. Tests decide whether \
               your work lands; this is what a human reads beside it.",
        fields: &[text("text", "What you did, in a sentence.")],
    },
];

impl Verb {
    fn tool(&self) -> Tool {
        let mut properties = JsonObject::new();
        for field in self.fields {
            let schema = if field.is_list {
                json!({
                    "type": "array",
                    "items": { "type": "string", "maxLength": LONGEST_TEXT },
                    "maxItems": MOST_OPTIONS,
                    "description": field.what,
                })
            } else {
                json!({ "type": "string", "maxLength": LONGEST_TEXT, "description": field.what })
            };
            properties.insert(field.name.to_owned(), schema);
        }
        let required: Vec<&str> = self.required().collect();
        let schema = [
            ("type", json!("object")),
            ("properties", Value::Object(properties)),
            ("required", json!(required)),
            ("additionalProperties", json!(false)),
        ];
        let schema: JsonObject = schema
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        Tool::new(self.name, self.when, Arc::new(schema))
    }

    fn required(&self) -> impl Iterator<Item = &'static str> {
        self.fields.iter().take(1).map(|field| field.name)
    }

    /// Reads what a call says.
    ///
    /// # Errors
    /// A sentence for the model on what is wrong with the arguments.
    fn utterance(&self, mut arguments: JsonObject) -> Result<Utterance, String> {
        // What is not said is left out; some clients send it all the same.
        arguments.retain(|_, value| !value.is_null());
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        if let Some(unknown) = arguments.keys().find(|key| !names.contains(&key.as_str())) {
            let unknown: String = unknown.chars().take(40).collect();
            return Err(format!(
                "`{}` has no argument `{unknown}`; it takes {}",
                self.name,
                names.join(", ")
            ));
        }
        let is_empty = |value: &Value| value.as_str().is_some_and(|text| text.trim().is_empty());
        if let Some(missing) = self
            .required()
            .find(|name| arguments.get(*name).is_none_or(is_empty))
        {
            return Err(format!("`{}` needs the argument `{missing}`", self.name));
        }
        arguments.insert("verb".to_owned(), json!(self.name));
        serde_json::from_value(Value::Object(arguments))
            .map_err(|error| format!("the arguments of `{}` cannot be read: {error}", self.name))
    }
}

struct Server {
    environment: Environment,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("night", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = VERBS.iter().map(Verb::tool).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(verb) = VERBS.iter().find(|verb| verb.name == call.name) else {
            let names = VERBS.map(|verb| verb.name).join(", ");
            let what = format!("there is no tool of this name; there are {names}");
            return Err(ErrorData::invalid_params(what, None));
        };
        let said = verb
            .utterance(call.arguments.unwrap_or_default())
            .and_then(|utterance| {
                say("the tools of `night` are", &utterance, &self.environment)
                    .map_err(|failure| failure.to_string())
            });
        let result = match said {
            Ok(told) => CallToolResult::success(vec![ContentBlock::text(told)]),
            Err(why) => CallToolResult::error(vec![ContentBlock::text(why)]),
        };
        Ok(result.into())
    }
}

pub(super) fn run(environment: Environment) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    let served = runtime.block_on(async {
        match (Server { environment }).serve(stdio_pipes()).await {
            Ok(service) => service
                .waiting()
                .await
                .map(drop)
                .map_err(|error| error.to_string()),
            // The client left before it said anything of importance.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    });
    // A thread that still reads stdin must not hold up the end.
    runtime.shutdown_background();
    served
        .map(|()| ExitCode::SUCCESS)
        .map_err(|error| Failure::environment(format!("the MCP server has ended: {error}")))
}
