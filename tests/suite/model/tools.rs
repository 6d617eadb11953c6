//! From a call's meaning to a tool that the agent offers.
//!
//! Names observed: `Bash` (claude), `exec_command`, `shell_command` and `shell` (codex), `bash`
//! (opencode, pi, copilot), `run_shell_command` (gemini, qwen).

use serde_json::{Map, Value, json};

use super::{
    asked::Tool,
    reply::{Called, Input},
    script::Call,
};

const SHELLS: [&str; 8] = [
    "bash",
    "exec_command",
    "shell_command",
    "run_shell_command",
    "shell",
    "terminal",
    "execute_command",
    "execute",
];
const WRITERS: [&str; 4] = ["write", "write_file", "create_file", "create"];
/// How deep a schema is followed.
const DEEPEST: usize = 8;

fn find<'t>(tools: &'t [Tool], names: &[&str]) -> Option<&'t Tool> {
    names.iter().find_map(|name| {
        let mut tools = tools.iter();
        tools.find(|tool| tool.name.eq_ignore_ascii_case(name))
    })
}

/// Whether these are the tools of an agent at work.
pub(super) fn can_work(tools: &[Tool]) -> bool {
    find(tools, &SHELLS).is_some()
}

/// Returns the call as this agent can take it; the reason, when it offers no such tool.
pub(super) fn translate(call: &Call, tools: &[Tool]) -> Result<Called, String> {
    let missing = |what: &str| {
        let names: Vec<&str> = tools.iter().map(|tool| &*tool.name).collect();
        format!("there is no {what} among {}", names.join(", "))
    };
    match call {
        Call::Shell(command) => shell(command, tools).ok_or_else(|| missing("shell")),
        Call::Write { path, text } => write(path, text, tools).ok_or_else(|| missing("writer")),
        Call::Mcp { tool: name, args } => {
            let mut tools = tools.iter();
            let tool = tools.find(|tool| tool.name.ends_with(name));
            let tool = tool.ok_or_else(|| missing(name))?;
            Ok(with(tool, args.clone()))
        }
        Call::Raw { name, args } => {
            let tool = find(tools, &[name]).ok_or_else(|| missing(name))?;
            Ok(with(tool, args.clone()))
        }
    }
}

fn with(tool: &Tool, args: Value) -> Called {
    Called {
        name: tool.name.clone(),
        namespace: tool.namespace.clone(),
        input: Input::Args(args),
    }
}

fn shell(command: &str, tools: &[Tool]) -> Option<Called> {
    let tool = find(tools, &SHELLS)?;
    if tool.is_free {
        let input = Input::Text(command.to_owned());
        return Some(Called {
            input,
            ..with(tool, Value::Null)
        });
    }
    let mut args = filled(&tool.schema);
    let properties = &tool.schema["properties"];
    let name = ["command", "cmd", "script"]
        .into_iter()
        .find(|name| properties.get(name).is_some())
        .unwrap_or("command");
    let value = if properties[name]["type"] == "array" {
        json!(["bash", "-lc", command])
    } else {
        json!(command)
    };
    args.insert(name.to_owned(), value);
    if properties.get("description").is_some() {
        args.insert("description".to_owned(), json!("a scripted command"));
    }
    for name in ["timeout", "timeout_ms"] {
        if let Some(timeout) = args.get_mut(name) {
            *timeout = json!(120_000);
        }
    }
    Some(with(tool, Value::Object(args)))
}

fn write(path: &str, text: &str, tools: &[Tool]) -> Option<Called> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    // Where no path relative to the working folder is taken, the shell does it.
    let by_shell = || {
        let (path, text) = (quoted(path), quoted(text));
        shell(&format!("printf %s {text} > {path}"), tools)
    };
    let Some(tool) = find(tools, &WRITERS).filter(|tool| !tool.is_free) else {
        return by_shell();
    };
    let Some(properties) = tool.schema["properties"].as_object() else {
        return by_shell();
    };
    let mut args = filled(&tool.schema);
    for (name, property) in properties {
        match &*name.to_ascii_lowercase() {
            "file_path" | "filepath" | "path" | "filename" => {
                let words = property["description"].as_str().unwrap_or_default();
                if words.to_ascii_lowercase().contains("absolute") && !words.contains("relative") {
                    return by_shell();
                }
                args.insert(name.clone(), json!(path));
            }
            "content" | "contents" | "text" | "file_text" => {
                args.insert(name.clone(), json!(text));
            }
            "absolute_path" => return by_shell(),
            _ => {}
        }
    }
    Some(with(tool, Value::Object(args)))
}

fn filled(schema: &Value) -> Map<String, Value> {
    match fill(schema) {
        Value::Object(args) => args,
        _ => Map::new(),
    }
}

/// Returns the least value that a schema allows.
pub(super) fn fill(schema: &Value) -> Value {
    filled_in(schema, schema, 0)
}

fn filled_in(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return json!("x");
    }
    let inner = |schema: &Value| filled_in(schema, root, depth + 1);
    if let Some(place) = schema["$ref"].as_str() {
        let place = place.trim_start_matches('#');
        return root.pointer(place).map_or(json!("x"), inner);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(value) = schema["enum"].get(0) {
        return value.clone();
    }
    for one_of in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[one_of].get(0) {
            return inner(first);
        }
    }
    let kind = schema["type"].get(0).unwrap_or(&schema["type"]);
    let implied = schema.get("properties").map_or("string", |_| "object");
    let kind = kind.as_str().unwrap_or(implied).to_ascii_lowercase();
    match &*kind {
        "object" => {
            let required = schema["required"].as_array();
            let names = required.into_iter().flatten().filter_map(Value::as_str);
            let pairs = names.map(|name| (name.to_owned(), inner(&schema["properties"][name])));
            Value::Object(pairs.collect())
        }
        "array" => json!([inner(&schema["items"])]),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "boolean" => json!(false),
        _ => json!("x"),
    }
}
