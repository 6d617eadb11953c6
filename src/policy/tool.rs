//! The contract at `tool`: what a tool call is read as, and what follows.
//!
//! A command line is taken apart into its calls (see `shell`). Each is decided on its own by the
//! first rule that matches, and the strictest of these decisions holds for the line: an exception
//! for one command says nothing about the others beside it. A call that no rule matches proceeds.
//!
//! Other tools are asked about their texts and their paths; what a tool writes into a file is
//! neither.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    decide::borrowed,
    decision::{Decision, Point},
    matching::Subject,
    rule::Policy,
    shell::{self, Call},
};
use crate::backlog::ticket::TicketFacts;

/// Fields whose value is a command line, or the words of one.
const COMMANDS: &[&str] = &[
    "command",
    "cmd",
    "script",
    "commandLine",
    "command_line",
    "shell_command",
];

/// Fields whose value a tool puts into a file, or looks for in one.
const CONTENTS: &[&str] = &[
    "content",
    "contents",
    "file_text",
    "new_string",
    "old_string",
    "new_str",
    "old_str",
    "new_source",
    "old_source",
    "insert_text",
    "patch",
    "diff",
    "edits",
    "text",
    "code_edit",
    "new_content",
    "old_content",
    "replacement",
    "instruction",
    "instructions",
];

/// Tools that read and write files, where their input is no JSON.
const FILE_TOOLS: &[&str] = &[
    "apply_patch",
    "write",
    "edit",
    "multiedit",
    "notebookedit",
    "read",
    "read_file",
    "write_file",
    "edit_file",
    "create_file",
    "replace",
    "patch",
];

/// What the names of tools that write files have in them.
const WRITES: &[&str] = &[
    "write", "edit", "patch", "create", "replace", "insert", "delete",
];

impl Policy {
    /// Decides on a tool call. `input` is the command line, or the tool's input as JSON: a
    /// `command` (or `cmd`, `script`, …) in it is a command line (or the words of one). Of any other
    /// input, rules see the texts, one a line, and every path. `nightshift say` always proceeds.
    pub fn at_tool(&self, facts: &TicketFacts, tool: &str, input: &str) -> Decision {
        let calls = read(tool, input);
        let decisions = calls.iter().map(|call| {
            let paths = borrowed(&call.paths);
            self.on_call(call, &about(facts, call, &paths))
        });
        let mut decision = strictest(decisions);
        if decision.rule.is_some() && decision.matched.is_empty() {
            decision.matched.push(tool.to_owned());
        }
        decision
    }

    /// Decides on one call.
    pub(super) fn on_call(&self, call: &Call, subject: &Subject<'_>) -> Decision {
        if call.speaks {
            // An agent that may not speak can only go on in silence.
            return Decision::unmatched(Point::Tool);
        }
        self.first(subject)
    }
}

/// Returns the first of the strictest decisions.
pub(super) fn strictest(decisions: impl Iterator<Item = Decision>) -> Decision {
    let stricter = |kept: Decision, next: Decision| {
        if next.action > kept.action {
            next
        } else {
            kept
        }
    };
    let strictest = decisions.reduce(stricter);
    strictest.unwrap_or_else(|| Decision::unmatched(Point::Tool))
}

/// Returns what rules are asked about for one call of a ticket.
fn about<'a>(facts: &'a TicketFacts, call: &'a Call, paths: &'a [Cow<'a, str>]) -> Subject<'a> {
    Subject {
        labels: &facts.labels,
        ticket: Some(&facts.id),
        ..of_call(call, paths)
    }
}

/// Returns what rules are asked about for a call that belongs to no ticket.
pub(super) fn of_call<'a>(call: &'a Call, paths: &'a [Cow<'a, str>]) -> Subject<'a> {
    Subject {
        point: Point::Tool,
        text: &call.text,
        paths,
        labels: &[],
        ticket: None,
        data: &call.data,
        opaque: call.opaque,
        has_secret: false,
    }
}

/// Returns the calls that a tool's input makes; at least one.
pub(super) fn read(tool: &str, input: &str) -> Vec<Call> {
    let name = tool.to_lowercase();
    let writes = WRITES.iter().any(|word| name.contains(word));
    let mut calls = match serde_json::from_str(input) {
        Ok(Value::Object(fields)) => from_fields(&fields, writes),
        Ok(command @ (Value::String(_) | Value::Array(_))) => commands(&command),
        _ if FILE_TOOLS.contains(&name.as_str()) => shell::patched(input)
            .iter()
            .map(|path| shell::written(path))
            .collect(),
        _ => shell::calls(input),
    };
    if calls.is_empty() {
        calls.push(Call::default());
    }
    calls
}

/// Returns the calls of a command line, or of the words of one.
fn commands(command: &Value) -> Vec<Call> {
    match command {
        Value::String(line) => shell::calls(line),
        Value::Array(words) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [line] => shell::calls(line),
                words => shell::calls_of(words),
            }
        }
        _ => Vec::new(),
    }
}

fn from_fields(fields: &Map<String, Value>, writes: bool) -> Vec<Call> {
    let mut calls = Vec::new();
    for name in COMMANDS {
        if let Some(command) = fields.get(*name) {
            calls.extend(commands(command));
        }
    }
    let mut other = Other::default();
    gather(fields, false, &mut other);
    if !calls.is_empty() {
        // Beside a command, texts describe it.
        other.call.text.clear();
    }
    if writes || other.patches {
        calls.extend(other.call.paths.iter().map(|path| shell::written(path)));
    }
    if calls.is_empty() || !other.call.paths.is_empty() {
        calls.push(other.call);
    }
    calls
}

/// What stands in a tool's input beside a command.
#[derive(Default)]
struct Other {
    call: Call,
    /// Whether there is a patch in it.
    patches: bool,
}

/// Adds the texts and paths of an object, at any depth.
fn gather(fields: &Map<String, Value>, in_file: bool, other: &mut Other) {
    let is_path = |name: &str| {
        let name = name.to_lowercase();
        (name.contains("path") || name.contains("file")) && !CONTENTS.contains(&name.as_str())
    };
    let in_file = in_file || fields.keys().any(|name| is_path(name));
    for (name, value) in fields {
        if !in_file || !CONTENTS.contains(&name.to_lowercase().as_str()) {
            gather_value(value, is_path(name), in_file, other);
        }
    }
}

fn gather_value(value: &Value, path: bool, in_file: bool, other: &mut Other) {
    match value {
        Value::String(text) if text.contains("*** Begin Patch") => {
            other.patches = true;
            other.call.paths.extend(shell::patched(text));
        }
        Value::String(text) => {
            let call = &mut other.call;
            if !call.text.is_empty() {
                call.text.push('\n');
            }
            call.text.push_str(text);
            if path {
                call.paths.push(shell::normal(text));
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| gather_value(item, path, in_file, other)),
        Value::Object(fields) => gather(fields, in_file, other),
        _ => {}
    }
}
