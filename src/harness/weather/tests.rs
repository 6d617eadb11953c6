//! Wordings, prose and whole streams: what is weather, and what only talks about it.

use std::{collections::BTreeMap, fs, path::Path};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{Recogniser, Table};
use crate::{
    harness::{
        event::{Weather, WeatherKind},
        reading,
    },
    process::{Exit, Stream},
};

const NOW: &str = "2026-07-25T12:00:00Z";

fn recogniser(program: &str, own: &[(WeatherKind, &str)]) -> Recogniser {
    let mut patterns: BTreeMap<WeatherKind, Vec<String>> = BTreeMap::new();
    for (kind, pattern) in own {
        patterns
            .entry(*kind)
            .or_default()
            .push((*pattern).to_owned());
    }
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Recogniser::new(Table::new(&patterns, zone), Some(program))
}

fn feed(recogniser: &mut Recogniser, stream: Stream, line: &str, now: Timestamp) {
    match reading::read(line.as_bytes()).filter(|_| stream == Stream::Out) {
        Some(reading) => recogniser.reading(&reading, now),
        None => recogniser.plain(stream, line.as_bytes()),
    }
}

fn heard(program: &str, stream: Stream, lines: &[String], exit: &Exit) -> Option<Weather> {
    let now = NOW.parse().unwrap();
    let mut recogniser = recogniser(program, &[]);
    for line in lines {
        feed(&mut recogniser, stream, line, now);
    }
    recogniser.finish(exit, now)
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn kind(name: &str) -> Option<WeatherKind> {
    Some(match name {
        "none" => return None,
        "limit" => WeatherKind::Limit,
        "overload" => WeatherKind::Overload,
        "network" => WeatherKind::Network,
        "login" => WeatherKind::Login,
        "billing" => WeatherKind::Billing,
        "model" => WeatherKind::Model,
        other => panic!("{other} is no kind"),
    })
}

fn columns(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

fn shown(weather: Option<&Weather>) -> (Option<WeatherKind>, String) {
    let until = weather.and_then(|weather| weather.until);
    let until = until.map_or("-".to_owned(), |until| until.to_string());
    (weather.map(|weather| weather.kind), until)
}

#[test]
fn every_known_wording_is_weather_plain_and_in_json() {
    let table = fixture("weather/wordings.tsv");
    for row in columns(&table) {
        let [name, until, words] = row[..] else {
            panic!("{row:?}");
        };
        let expected = (kind(name), until.to_owned());
        let claude =
            json!({"type": "result", "subtype": "success", "is_error": true, "result": words});
        let codex = json!({"type": "turn.failed", "error": {"message": words}});
        for (program, stream, line, exit) in [
            ("agent", Stream::Out, words.to_owned(), Exit::Code(1)),
            ("agent", Stream::Err, words.to_owned(), Exit::Code(1)),
            ("hermes", Stream::Out, words.to_owned(), Exit::Code(0)),
            ("claude", Stream::Out, claude.to_string(), Exit::Code(1)),
            ("codex", Stream::Out, codex.to_string(), Exit::Code(1)),
            ("codex", Stream::Out, codex.to_string(), Exit::TimedOut),
        ] {
            let weather = heard(program, stream, &[line], &exit);
            assert_eq!(shown(weather.as_ref()), expected, "{program}: {words}");
        }
    }
}

#[test]
fn prose_is_no_weather_wherever_it_stands() {
    let prose = fixture("weather/prose.txt");
    assert!(prose.lines().count() >= 60);
    for words in prose.lines() {
        let claude = |block: serde_json::Value, who: &str| {
            json!({"type": who, "message": {"content": [block]}}).to_string()
        };
        let said = json!({"type": "text", "text": words});
        let ran = json!({"type": "tool_result", "content": words, "is_error": true});
        let item = |kind: &str, field: &str| {
            json!({"type": "item.completed", "item": {"type": kind, field: words}}).to_string()
        };
        let ended = json!({"type": "result", "is_error": false, "result": words}).to_string();
        for (program, stream, lines, exit) in [
            ("agent", Stream::Out, vec![words.to_owned()], Exit::Code(1)),
            (
                "agent",
                Stream::Err,
                vec![words.to_owned()],
                Exit::Signal(11),
            ),
            (
                "agent",
                Stream::Out,
                vec![words.to_owned(); 9],
                Exit::Silent,
            ),
            ("hermes", Stream::Out, vec![words.to_owned()], Exit::Code(0)),
            (
                "claude",
                Stream::Out,
                vec![claude(said, "assistant")],
                Exit::Code(1),
            ),
            (
                "claude",
                Stream::Out,
                vec![claude(ran, "user")],
                Exit::TimedOut,
            ),
            ("claude", Stream::Out, vec![ended], Exit::Code(0)),
            (
                "codex",
                Stream::Out,
                vec![item("agent_message", "text")],
                Exit::Code(1),
            ),
            (
                "codex",
                Stream::Out,
                vec![item("command_execution", "aggregated_output")],
                Exit::Code(1),
            ),
            (
                "codex",
                Stream::Out,
                vec![item("error", "message")],
                Exit::Code(1),
            ),
        ] {
            let weather = heard(program, stream, &lines, &exit);
            assert_eq!(weather, None, "{program} {exit:?}: {words}");
        }
    }
}

#[test]
fn a_retry_that_helped_is_forgotten_and_one_that_did_not_is_not() {
    let retry =
        r#"{"type":"system","subtype":"api_retry","error":"overloaded","error_status":529}"#;
    let limit = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1784995200,"rateLimitType":"five_hour"}}"#;
    let beyond = limit.replace("1784995200,", "1784995200,\"isUsingOverage\":true,");
    let warning = limit.replace("rejected", "allowed_warning");
    let work = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"On it."}]}}"#;
    let well = r#"{"type":"result","is_error":false,"result":"Done."}"#;
    let badly = r#"{"type":"result","is_error":true,"result":"Prompt is too long"}"#;
    let cut = r#"{"type":"result","subtype":"error_during_execution","is_error":true}"#;
    let words = r#"{"type":"result","is_error":true,"result":"You've hit your session limit · resets 6pm (Europe/Berlin)"}"#;
    let at = "2026-07-25T16:00:00Z";
    for (lines, name, until) in [
        (vec![retry], "overload", "-"),
        (vec![retry, work], "none", "-"),
        (vec![retry, well], "none", "-"),
        (vec![retry, work, retry], "overload", "-"),
        // What ended it is another thing; or nobody knows what.
        (vec![retry, badly], "none", "-"),
        (vec![retry, cut], "overload", "-"),
        (vec![limit], "limit", at),
        (vec![limit, work, well], "none", "-"),
        (vec![limit, words], "limit", at),
        (vec![&beyond], "none", "-"),
        (vec![&warning], "none", "-"),
        (vec![well, limit], "limit", at),
    ] {
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        let weather = heard("claude", Stream::Out, &lines, &Exit::Code(1));
        let expected = (kind(name), until.to_owned());
        assert_eq!(shown(weather.as_ref()), expected, "{lines:?}");
    }
}

#[test]
fn json_that_an_agent_shows_is_not_its_own() {
    let shown = r#"{"type":"error","error":{"type":"rate_limit_error","message":"Rate limited"}}"#;
    let mut long = vec![shown];
    long.extend(["and on"; 9]);
    for (lines, exit, name) in [
        (vec![shown], Exit::Code(1), "overload"),
        (vec![shown, "Done."], Exit::Code(0), "none"),
        (long, Exit::Code(1), "none"),
    ] {
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        let weather = heard("agent", Stream::Out, &lines, &exit);
        assert_eq!(weather.map(|weather| weather.kind), kind(name), "{lines:?}");
    }
}

#[test]
fn an_unknown_zone_is_said_with_the_words() {
    let line = "You've hit your limit · resets 4pm (Mars)".to_owned();
    let weather = heard("agent", Stream::Out, &[line], &Exit::Code(1)).unwrap();
    assert_eq!(
        weather.said,
        "You've hit your limit · resets 4pm (Mars) (nightshift does not know the zone `Mars`, and took this machine's)"
    );
    assert_eq!(weather.until.unwrap().to_string(), "2026-07-25T14:00:00Z");
}

#[test]
fn a_bare_error_of_a_provider_is_read() {
    let line = r#"{"type":"usage_limit_reached","resets_at":1784995200,"resets_in_seconds":14400}"#;
    let weather = heard("codex", Stream::Out, &[line.to_owned()], &Exit::Code(1));
    let expected = (kind("limit"), "2026-07-25T16:00:00Z".to_owned());
    assert_eq!(shown(weather.as_ref()), expected);
}

#[test]
fn a_configurations_own_words_count_on_any_last_line() {
    let now = NOW.parse().unwrap();
    let own = [
        (WeatherKind::Limit, "no fuel until (?<until>.+)$"),
        (WeatherKind::Login, "badge"),
    ];
    for (lines, exit, name, until) in [
        (
            &["agent: no fuel until 4pm"][..],
            Exit::Code(0),
            "limit",
            "2026-07-25T14:00:00Z",
        ),
        (
            &["no fuel until 1784991600"],
            Exit::Code(2),
            "limit",
            "2026-07-25T15:00:00Z",
        ),
        (&["your badge!"], Exit::Silent, "login", "-"),
        (
            &[r#"{"type":"error","message":"your badge!"}"#],
            Exit::Code(1),
            "login",
            "-",
        ),
        (
            &[r#"{"type":"text","part":{"text":"your badge!"}}"#],
            Exit::Code(1),
            "none",
            "-",
        ),
        (&["your badge!"], Exit::Stopped, "none", "-"),
        (&["fine"], Exit::Code(1), "none", "-"),
    ] {
        let mut recogniser = recogniser("agent", &own);
        for line in lines {
            feed(&mut recogniser, Stream::Out, line, now);
        }
        let weather = recogniser.finish(&exit, now);
        let expected = (kind(name), until.to_owned());
        assert_eq!(shown(weather.as_ref()), expected, "{lines:?} {exit:?}");
    }
}

#[test]
fn plain_agents_are_heard_at_their_end_only() {
    let error = "API Error: Rate limit reached";
    for (program, lines, exit, name) in [
        ("agent", vec![error], Exit::Code(0), "none"),
        ("aider", vec![error], Exit::Code(0), "overload"),
        (
            "/opt/bin/aider",
            vec![error, "1", "2", "3"],
            Exit::Code(0),
            "overload",
        ),
        (
            "aider",
            vec![error, "1", "2", "3", "4"],
            Exit::Code(0),
            "none",
        ),
        (
            "aider",
            vec![error, "Tokens: 1k sent, 25 received."],
            Exit::Code(0),
            "none",
        ),
        (
            "agent",
            vec![error, "1", "2", "3", "4"],
            Exit::Code(1),
            "overload",
        ),
        (
            "agent",
            vec![error, "1", "2", "3", "4", "5", "6", "7", "8"],
            Exit::Code(1),
            "none",
        ),
        ("agent", vec![error], Exit::Stopped, "none"),
    ] {
        let lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
        let weather = heard(program, Stream::Out, &lines, &exit);
        assert_eq!(
            weather.map(|weather| weather.kind),
            kind(name),
            "{program} {lines:?}"
        );
    }
}

/// The recorded streams, trimmed: `file, exit code, now, kind, until`.
#[test]
fn every_recorded_stream_is_told_rightly() {
    let table = fixture("streams/expected.tsv");
    let mut known = Vec::new();
    for row in columns(&table) {
        let [file, exit, now, name, until, ..] = row[..] else {
            panic!("{row:?}");
        };
        known.push(file.to_owned());
        let now = now.parse().unwrap();
        let program = file.split('/').next().unwrap();
        let mut recogniser = recogniser(program, &[]);
        for line in fixture(&format!("streams/{file}")).lines() {
            feed(&mut recogniser, Stream::Out, line, now);
        }
        let weather = recogniser.finish(&Exit::Code(exit.parse().unwrap()), now);
        let expected = (kind(name), until.to_owned());
        assert_eq!(shown(weather.as_ref()), expected, "{file}: {weather:?}");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/streams");
    let mut there = Vec::new();
    for agent in fs::read_dir(folder).unwrap() {
        let agent = agent.unwrap();
        if agent.file_type().unwrap().is_dir() {
            for file in fs::read_dir(agent.path()).unwrap() {
                let names = [agent.file_name(), file.unwrap().file_name()];
                there.push(names.map(|name| name.into_string().unwrap()).join("/"));
            }
        }
    }
    known.sort();
    there.sort();
    assert_eq!(known, there);
}
