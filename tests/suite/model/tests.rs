//! The scripted model itself, asked over a plain socket.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Call, Fault, Model, Turn};

/// Asks as an agent with these tools would, and returns status and body as they came.
fn ask(model: &Model, path: &str, body: &Value) -> (u16, String) {
    let address = model.url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text)
}

/// The same work for each API: its path, and a request that offers a shell.
fn apis() -> [(&'static str, Value); 4] {
    let schema = |name: &str| json!({"type": "object", "properties": {name: {"type": "string"}}, "required": [name]});
    [
        (
            "/v1/messages",
            json!({"stream": true, "tools": [{"name": "Bash", "input_schema": schema("command")}], "messages": [
                {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "refused: no"}]}]},
            ]}),
        ),
        (
            "/v1/chat/completions",
            json!({"stream": true, "tools": [{"type": "function", "function": {"name": "bash", "parameters": schema("command")}}], "messages": [
                {"role": "tool", "content": "refused: no"},
            ]}),
        ),
        (
            "/v1/responses",
            json!({"stream": true, "tools": [{"type": "function", "name": "exec_command", "parameters": schema("cmd")}], "input": [
                {"type": "function_call_output", "output": "refused: no"},
            ]}),
        ),
        (
            "/v1beta/models/m:streamGenerateContent",
            json!({"tools": [{"functionDeclarations": [{"name": "run_shell_command", "parametersJsonSchema": schema("command")}]}], "contents": [
                {"role": "user", "parts": [{"functionResponse": {"response": {"output": "refused: no"}}}]},
            ]}),
        ),
    ]
}

#[test]
fn a_script_is_played_in_order_over_every_api_and_then_is_done() {
    for (path, body) in apis() {
        let model = Model::serve(vec![Turn::shell("echo hi"), Turn::say("Read it.")]);
        let tool = body.to_string();
        let tool = ["Bash", "bash", "exec_command", "run_shell_command"]
            .into_iter()
            .find(|name| tool.contains(&format!("\"{name}\"")))
            .unwrap();
        let (status, first) = ask(&model, path, &body);
        assert_eq!(status, 200, "{first}");
        assert!(first.contains(tool) && first.contains("echo hi"), "{first}");
        assert!(first.ends_with("0\r\n\r\n"), "{first}");
        let mut bare = body.clone();
        bare["tools"] = json!([]);
        let (_, title) = ask(&model, path, &bare);
        assert!(title.contains("\"ok\""), "{title}");
        let (_, second) = ask(&model, path, &body);
        assert!(second.contains("Read it."), "{second}");
        let (_, third) = ask(&model, path, &body);
        assert!(third.contains("\"done\""), "{third}");
        assert_eq!(model.told(), ["refused: no"]);
        let turns: Vec<_> = model.requests().iter().map(|asked| asked.turn).collect();
        assert_eq!(turns, [Some(0), None, Some(1), Some(2)]);
        assert_eq!(model.played(), 2);
    }
}

#[test]
fn every_api_fails_in_its_own_words() {
    let five_hours = Duration::from_secs(5 * 3600);
    for ((path, body), words) in apis().iter().zip([
        [
            "overloaded_error",
            "anthropic-ratelimit-unified-5h-reset",
            "invalid x-api-key",
        ],
        [
            "The model is overloaded",
            "Your limit will reset at 20",
            "invalid_api_key",
        ],
        [
            "The model is overloaded",
            "usage_limit_reached",
            "invalid_api_key",
        ],
        ["UNAVAILABLE", "GenerateRequestsPerDay", "UNAUTHENTICATED"],
    ]) {
        let model = Model::serve(vec![
            Turn::Fault(Fault::Overloaded),
            Turn::Fault(Fault::UsageLimit(five_hours)),
            Turn::Fault(Fault::Refuse),
            Turn::Fault(Fault::Truncate),
            Turn::Always(Fault::Status(429, Some(7))),
        ]);
        for (word, expected) in words.into_iter().zip([0, 429, 401]) {
            let (status, text) = ask(&model, path, body);
            assert!(text.contains(word), "{text}");
            assert!(status == expected || expected == 0, "{text}");
        }
        let (status, text) = ask(&model, path, body);
        assert!(status == 200 && !text.ends_with("0\r\n\r\n"), "{text}");
        for _ in 0..3 {
            let (status, text) = ask(&model, path, body);
            assert!(status == 429 && text.contains("retry-after: 7"), "{text}");
        }
        assert_eq!(model.played(), 4);
    }
}

#[test]
fn one_that_hangs_says_nothing_and_ends_when_the_model_is_dropped() {
    let began = Instant::now();
    let [(path, body), ..] = apis();
    let model = Model::serve(vec![Turn::Fault(Fault::Hang)]);
    let asks = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut stream = TcpStream::connect(model.url().trim_start_matches("http://")).unwrap();
            let body = body.to_string();
            let length = body.len();
            write!(
                stream,
                "POST {path} HTTP/1.1\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .unwrap();
            stream
        });
        asking.join().unwrap()
    });
    while model.requests().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    drop(model);
    let mut text = String::new();
    let mut asks = asks;
    // It may be reset: either way nothing was said.
    _ = asks.read_to_string(&mut text);
    assert_eq!(text, "");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_call_is_translated_to_what_the_agent_offers() {
    let [(path, body), ..] = apis();
    let write = json!({"name": "Write", "input_schema": {"properties": {
        "file_path": {"type": "string", "description": "The absolute path to the file"},
        "content": {"type": "string"},
    }}});
    let mut body = body.clone();
    body["tools"].as_array_mut().unwrap().extend([
        write,
        json!({"name": "mcp__ticket__park", "input_schema": {}}),
    ]);
    let mcp = Call::Mcp {
        tool: "park".to_owned(),
        args: json!({"question": "Which?"}),
    };
    let raw = Call::Raw {
        name: "NoSuch".to_owned(),
        args: json!({}),
    };
    let model = Model::serve(vec![
        Turn::write("it's.txt", "a\n"),
        Turn::Call(String::new(), vec![mcp]),
        Turn::Call(String::new(), vec![raw]),
    ]);
    // A path that must be absolute is written by the shell, which knows where it is.
    let (_, text) = ask(&model, path, &body);
    assert!(
        text.contains("\"Bash\"") && text.contains("printf"),
        "{text}"
    );
    let (_, text) = ask(&model, path, &body);
    assert!(text.contains("mcp__ticket__park"), "{text}");
    let (_, text) = ask(&model, path, &body);
    assert!(
        text.contains("there is no NoSuch among Bash, Write"),
        "{text}"
    );
    assert_eq!(model.others(), Vec::<String>::new());
}
