//! `nightshift mcp` as an agent sees it: the real binary over pipes, the protocol written by hand.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::bed::{Bed, binary};

/// The server with its say file in the bed's home.
fn server(bed: &Bed) -> Command {
    let mut command = bed.command(binary());
    command
        .arg("mcp")
        .env("NIGHTSHIFT_SAY", say_file(bed))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn say_file(bed: &Bed) -> PathBuf {
    bed.home().join("attempt/say.jsonl")
}

fn bed() -> Bed {
    let bed = Bed::new();
    fs::create_dir(bed.home().join("attempt")).unwrap();
    bed
}

/// Returns what the agents' side has said, line by line.
fn said(bed: &Bed) -> Vec<Value> {
    let text = fs::read_to_string(say_file(bed)).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn initialize(version: &str) -> String {
    let hello = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {
            "protocolVersion": version,
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    });
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    format!("{hello}\n{initialized}")
}

fn request(id: u32, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn call(id: u32, tool: &str, arguments: &Value) -> String {
    request(
        id,
        "tools/call",
        &json!({"name": tool, "arguments": arguments}),
    )
}

/// Sends these lines and the end of input; returns the answers. Whatever else stands on stdout or
/// stderr, and any other end than a good one, fails the test.
fn converse(mut server: Command, lines: &[String]) -> Vec<Value> {
    let mut child = server.spawn().unwrap();
    let mut text = lines.join("\n");
    text.push('\n');
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success(), "{:?}", output.status);
    let out = String::from_utf8(output.stdout).unwrap();
    out.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Sends the lines after a handshake; returns the answers to them.
fn in_session(server: Command, lines: &[String]) -> Vec<Value> {
    let mut all = vec![initialize("2025-06-18")];
    all.extend_from_slice(lines);
    let mut answers = converse(server, &all);
    assert_eq!(answers.remove(0)["id"], 0);
    answers
}

/// Returns whether a call failed, and what the model gets to read.
fn told(answer: &Value) -> (bool, &str) {
    let result = &answer["result"];
    (
        result["isError"].as_bool().unwrap(),
        result["content"][0]["text"].as_str().unwrap(),
    )
}

#[test]
fn a_handshake_takes_the_clients_version_and_says_who_answers() {
    let bed = bed();
    for version in ["2024-11-05", "2025-11-25"] {
        let answers = converse(server(&bed), &[initialize(version)]);
        let result = &answers[0]["result"];
        assert_eq!(result["protocolVersion"], version);
        assert_eq!(result["serverInfo"]["name"], "night");
        assert_eq!(result["capabilities"], json!({"tools": {}}));
        assert!(
            result["instructions"]
                .as_str()
                .unwrap()
                .contains("never ask")
        );
    }
    // A version that nobody knows is answered with one that there is.
    let answers = converse(server(&bed), &[initialize("2031-01-01")]);
    assert_eq!(answers[0]["result"]["protocolVersion"], "2025-11-25");
    // The newest one has no handshake: every request carries what it said.
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let note = json!({"name": "note", "arguments": {"text": "x"}, "_meta": meta});
    let answers = converse(server(&bed), &[request(1, "tools/call", &note)]);
    assert_eq!(told(&answers[0]), (false, "Recorded."));
}

#[test]
fn the_tools_say_when_to_use_them_also_where_no_night_runs() {
    let bed = bed();
    let mut outside = server(&bed);
    outside.env_remove("NIGHTSHIFT_SAY");
    let answers = in_session(
        outside,
        &[
            request(1, "tools/list", &json!({})),
            call(2, "note", &json!({"text": "hello"})),
            request(3, "ping", &json!({})),
        ],
    );
    let tools = serde_json::to_string_pretty(&answers[0]["result"]["tools"]).unwrap();
    insta::assert_snapshot!(tools);
    let (failed, told) = told(&answers[1]);
    assert!(failed);
    assert!(
        told.contains("for an agent that a night has started"),
        "{told}"
    );
    assert_eq!(answers[2]["result"], json!({}));
}

#[test]
fn every_verb_is_recorded_as_the_command_would() {
    let bed = bed();
    let question = json!({
        "question": "Keep the column?", "options": ["keep it", "drop it"],
        "recommend": "keep it", "because": "it cannot be undone",
    });
    let answers = in_session(
        server(&bed),
        &[
            call(1, "note", &json!({"text": " the cache is never cleared\n"})),
            call(
                2,
                "assume",
                &json!({"text": "UTC", "because": "the docs use it"}),
            ),
            call(3, "assume", &json!({"text": "tabs", "because": null})),
            call(4, "park", &question),
            call(5, "park", &json!({"question": "And this?"})),
            call(
                6,
                "halt",
                &json!({"text": "it writes to the live database"}),
            ),
            call(7, "done", &json!({"text": "all of it"})),
        ],
    );
    let told: Vec<_> = answers.iter().map(told).collect();
    let parked = "Recorded. End your session now: a human will answer.";
    assert_eq!(
        told,
        [
            (false, "Recorded."),
            (false, "Recorded."),
            (false, "Recorded."),
            (false, parked),
            (false, parked),
            (false, "Recorded. The night stops now."),
            (false, "Recorded."),
        ]
    );
    let mut parked = question;
    parked["verb"] = json!("park");
    assert_eq!(
        said(&bed),
        [
            json!({"verb": "note", "text": "the cache is never cleared"}),
            json!({"verb": "assume", "text": "UTC", "because": "the docs use it"}),
            json!({"verb": "assume", "text": "tabs"}),
            parked,
            json!({"verb": "park", "question": "And this?"}),
            json!({"verb": "halt", "text": "it writes to the live database"}),
            json!({"verb": "done", "text": "all of it"}),
        ]
    );
}

#[test]
fn a_question_that_is_answered_in_advance_is_answered_at_once() {
    let bed = bed();
    fs::write(
        bed.home().join("attempt/answers.json"),
        r#"[{"ask": "(?i)test framework", "say": "The one that is there."}]"#,
    )
    .unwrap();
    let answers = in_session(
        server(&bed),
        &[call(
            1,
            "park",
            &json!({"question": "Which test framework?"}),
        )],
    );
    let expected = "Answered: The one that is there.\nGo on with this answer; it was recorded.";
    assert_eq!(told(&answers[0]), (false, expected));
    assert_eq!(said(&bed)[0]["verb"], "assume");
}

#[test]
fn what_a_model_gets_wrong_is_told_to_it_and_nothing_is_recorded() {
    let bed = bed();
    let cases = [
        ("note", json!({}), "`note` needs the argument `text`"),
        (
            "note",
            json!({"text": "  "}),
            "`note` needs the argument `text`",
        ),
        (
            "park",
            json!({"question": null}),
            "`park` needs the argument `question`",
        ),
        (
            "note",
            json!({"text": 7}),
            "the arguments of `note` cannot be read",
        ),
        (
            "note",
            json!({"text": "x", "verb": "halt"}),
            "`note` has no argument `verb`; it takes text",
        ),
        (
            "park",
            json!({"question": "x?", "option": ["a"]}),
            "`park` has no argument `option`; it takes question, options, recommend, because",
        ),
        (
            "park",
            json!({"question": "x?", "options": "keep or drop"}),
            "the arguments of `park` cannot be read",
        ),
    ];
    let lines: Vec<String> = (1..)
        .zip(&cases)
        .map(|(id, (tool, arguments, _))| call(id, tool, arguments))
        .collect();
    let answers = in_session(server(&bed), &lines);
    assert_eq!(answers.len(), cases.len());
    for (answer, (tool, arguments, expected)) in answers.iter().zip(&cases) {
        let (failed, told) = told(answer);
        assert!(
            failed && told.contains(expected),
            "{tool} {arguments}: {told}"
        );
    }
    let answers = in_session(
        server(&bed),
        &[
            call(1, "shout", &json!({"text": "x"})),
            request(2, "tools/call", &json!({"name": "note"})),
            request(3, "no/such/method", &json!({})),
        ],
    );
    let unknown = "there is no tool of this name; there are note, assume, park, halt, done";
    assert_eq!(answers[0]["error"]["code"], -32602);
    assert_eq!(answers[0]["error"]["message"], unknown);
    assert!(told(&answers[1]).0);
    assert_eq!(answers[2]["error"]["code"], -32601);
    assert_eq!(said(&bed), [] as [Value; 0]);
}

#[test]
fn a_say_file_that_cannot_be_written_is_the_tools_error() {
    let bed = bed();
    fs::create_dir(say_file(&bed)).unwrap();
    let answers = in_session(server(&bed), &[call(1, "note", &json!({"text": "x"}))]);
    let (failed, told) = told(&answers[0]);
    assert!(failed && told.contains("say.jsonl"), "{told}");
}

#[test]
fn junk_is_passed_over_and_the_end_of_input_is_the_end() {
    let bed = bed();
    for lines in [
        vec![],
        vec![String::new()],
        vec!["not JSON at all".to_owned()],
        vec!["{\"jsonrpc\": \"2.0\"".to_owned()],
    ] {
        assert_eq!(
            converse(server(&bed), &lines),
            [] as [Value; 0],
            "{lines:?}"
        );
    }
    let answers = in_session(
        server(&bed),
        &[
            "junk \u{1b}[31m \u{0} {".to_owned(),
            "[]".to_owned(),
            "{\"jsonrpc\": \"2.0\", \"id\": {}}".to_owned(),
            "7".to_owned(),
            call(1, "note", &json!({"text": "still here"})),
        ],
    );
    assert_eq!(told(answers.last().unwrap()), (false, "Recorded."));
    // A call that comes with the end of input is still answered: see `converse`. One that comes
    // before any handshake is refused.
    let answers = converse(server(&bed), &[call(1, "note", &json!({"text": "x"}))]);
    assert!(answers[0]["error"].is_object(), "{answers:?}");
    assert_eq!(said(&bed).len(), 1);
}

#[test]
fn an_answer_comes_while_the_input_is_open() {
    let bed = bed();
    let mut child = server(&bed).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let call = call(1, "note", &json!({"text": "x"}));
    for (text, id) in [(initialize("2025-06-18"), 0), (call, 1)] {
        writeln!(input, "{text}").unwrap();
        let answer: Value = serde_json::from_str(&output.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["id"], id);
    }
    assert_eq!(said(&bed).len(), 1);
    drop(input);
    assert!(output.next().is_none());
    assert!(child.wait().unwrap().success());
}
