//! An answer before it is put on the wire, and what the model says in it.

use serde_json::Value;

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
}

/// What stands in an answer.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Value),
    /// Server-sent events, each with its empty line; without an end when it is not complete.
    Events {
        events: Vec<String>,
        complete: bool,
    },
}

impl Reply {
    /// A whole answer.
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Whole(body),
        }
    }

    /// A streamed answer.
    pub(super) fn events(events: Vec<String>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Events {
                events,
                complete: true,
            },
        }
    }

    /// Breaks a streamed answer off in the middle.
    pub(super) fn truncated(mut self) -> Self {
        if let Body::Events { events, complete } = &mut self.body {
            events.truncate(events.len() / 2);
            *complete = false;
        }
        self
    }
}

/// An event of a name.
pub(super) fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// An event without a name.
pub(super) fn data(data: &Value) -> String {
    format!("data: {data}\n\n")
}

/// What the model says in a turn.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The number of the answer, for its ids.
    pub(super) number: usize,
    pub(super) text: String,
    pub(super) calls: Vec<Called>,
}

/// A call of a tool that the agent offers.
#[derive(Debug, PartialEq)]
pub(super) struct Called {
    pub(super) name: String,
    /// Where the tool stands, if it stands in a namespace.
    pub(super) namespace: Option<String>,
    pub(super) input: Input,
}

/// What a tool is called with.
#[derive(Debug, PartialEq)]
pub(super) enum Input {
    /// Arguments by name.
    Args(Value),
    /// Free text, which some tools of the Responses API take.
    Text(String),
}

impl Called {
    /// The arguments, those of a text as its `input`.
    pub(super) fn args(&self) -> Value {
        match &self.input {
            Input::Args(args) => args.clone(),
            Input::Text(text) => serde_json::json!({ "input": text }),
        }
    }
}

/// Tokens that every answer claims to have read.
pub(super) const READ: u64 = 1200;
/// Tokens that every answer claims to have written.
pub(super) const WRITTEN: u64 = 42;
