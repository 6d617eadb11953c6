//! Whole sessions with real children, each a shell script in the bench.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path, time::Duration};

use tokio::sync::watch;

use super::{
    Allowance,
    event::{Ending, HarnessEvent, Usage, WeatherKind},
    judge::{Judge, Reaction, ToolAnswer, ToolCall},
    session::{HarnessReport, Session, run_with},
};
use crate::{
    backlog::ticket::{Priority, Status, Ticket, TicketFacts},
    config::{HarnessConfig, HarnessKind, PromptBy},
    layout::PathError,
    repo::id::CommitId,
    sandbox::Redactor,
    say::{StandingAnswer, utterance::Utterance},
};

const NOTE: &str = r#"{"verb":"note","text":"hello"}"#;
const PARK: &str = r#"{"verb":"park","question":"Which?"}"#;
const HALT: &str = r#"{"verb":"halt","text":"a live system"}"#;

/// What a test changes about its session.
pub(super) struct Play {
    command: Vec<String>,
    /// Whether it speaks the Agent Client Protocol.
    pub(super) is_acp: bool,
    prompt: PromptBy,
    said: String,
    pub(super) timeout: Duration,
    pub(super) silence: Duration,
    secret: Option<String>,
    /// Something done to the attempt's folder beforehand.
    before: fn(&Path),
    stop_at_once: bool,
    allowance: Allowance,
    resume_words: Vec<String>,
    pub(super) resume: Option<&'static str>,
}

impl Play {
    pub(super) fn sh(script: &str) -> Self {
        Self {
            is_acp: false,
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            prompt: PromptBy::Stdin,
            said: "Work.\n".to_owned(),
            timeout: Duration::from_secs(20),
            silence: Duration::from_secs(20),
            secret: None,
            before: |_| {},
            stop_at_once: false,
            allowance: Allowance::default(),
            resume_words: Vec::new(),
            resume: None,
        }
    }
}

pub(super) struct Played {
    pub(super) folder: tempfile::TempDir,
    result: Result<HarnessReport, PathError>,
}

impl Played {
    pub(super) fn report(&self) -> &HarnessReport {
        self.result.as_ref().unwrap()
    }

    pub(super) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("attempt-1").join(name)).unwrap()
    }

    pub(super) fn events(&self) -> Vec<HarnessEvent> {
        self.file("events.jsonl")
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn printed(&self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                HarnessEvent::OutputDelta { text } => Some(text),
                _ => None,
            })
            .collect()
    }
}

fn ticket() -> Ticket {
    Ticket {
        facts: TicketFacts {
            id: "T-7".parse().unwrap(),
            title: "A title".into(),
            file: "T-7.md".into(),
            hash: String::new(),
            priority: Priority::default(),
            ordinal: None,
            depends_on: Vec::new(),
            labels: Vec::new(),
            paths: Vec::new(),
            attempts: None,
            status: Status::Ready,
            harness: None,
            iterations: None,
        },
        body: "A body.".into(),
        gate: None,
        accept: None,
        requires: Vec::new(),
        model: None,
        timeout: None,
        extra: BTreeMap::new(),
    }
}

pub(super) async fn play(play: Play) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let bench = folder.path().join("bench");
    let attempt = folder.path().join("attempt-1");
    fs::create_dir_all(&bench).unwrap();
    fs::create_dir_all(&attempt).unwrap();
    (play.before)(&attempt);
    let config = HarnessConfig {
        resume: play.resume_words,
        ..HarnessConfig::new(if play.is_acp {
            HarnessKind::Acp {
                command: play.command,
            }
        } else {
            HarnessKind::Command {
                command: play.command,
                prompt: play.prompt,
            }
        })
    };
    let path = (OsString::from("PATH"), OsString::from("/usr/bin:/bin"));
    let secret = play.secret.map(|secret| ("API_TOKEN".to_owned(), secret));
    let mark = folder.path().file_name().unwrap().to_string_lossy();
    let session = Session {
        night: "2026-11-20",
        ticket: &ticket(),
        attempt: 1,
        harness: "mine",
        config: &config,
        bench: &bench,
        base: &CommitId("0".repeat(40)),
        folder: &attempt,
        prompt: &play.said,
        root: folder.path(),
        environment: &[path],
        program: Path::new("/bin/true"),
        tools: &folder.path().join("tools"),
        fence: &crate::sandbox::Fence::off(),
        home: &[],
        variables: &[],
        redactor: &Redactor::new(secret.into_iter()),
        mark: format!("session-{mark}"),
        timeout: play.timeout,
        silence: play.silence,
        progress: &crate::process::Progress::default(),
        model: None,
        configuration: "c0",
        socket: &folder.path().join("desk"),
        allowance: play.allowance,
        resume: play.resume,
        answers: vec![StandingAnswer {
            ask: "tabs".into(),
            say: "spaces".into(),
        }],
    };
    let (ask, mut stop) = watch::channel(play.stop_at_once);
    let farewell = Duration::from_millis(300);
    let result = run_with(session, &mut stop, &mut Strict, farewell).await;
    drop(ask);
    Played { folder, result }
}

/// Parks and halts as the agent says, and lets no tool push.
struct Strict;

impl Judge for Strict {
    fn said(&mut self, said: &Utterance) -> Reaction {
        match said {
            Utterance::Park(_) => Reaction::End,
            Utterance::Halt { .. } => Reaction::Halt,
            _ => Reaction::Continue,
        }
    }

    fn tool(&mut self, call: &ToolCall) -> ToolAnswer {
        ToolAnswer {
            allow: !call.input.contains("push"),
            reason: "not at night".to_owned(),
            reaction: if call.input.contains("rm -rf") {
                Reaction::Halt
            } else {
                Reaction::Continue
            },
        }
    }
}

fn say(line: &str) -> String {
    format!("echo '{line}' >> \"$NIGHTSHIFT_SAY\"")
}

#[tokio::test]
async fn a_session_leaves_its_evidence_in_order() {
    let script = format!("cat; pwd; nightshift && echo found; {}", say(NOTE));
    let played = play(Play::sh(&script)).await;
    let report = played.report();
    assert_eq!(report.ending, Ending::Exited);
    assert_eq!(
        report.said,
        [Utterance::Note {
            text: "hello".into()
        }]
    );
    let bench = fs::canonicalize(played.folder.path().join("bench")).unwrap();
    let printed = played.printed();
    assert_eq!(printed, ["Work.", bench.to_str().unwrap(), "found"]);
    let events = played.events();
    assert!(matches!(events[0], HarnessEvent::RunClaimed { .. }));
    assert!(matches!(events[1], HarnessEvent::RunStarted { .. }));
    assert_eq!(events.len(), 6);
    assert_eq!(events[5], HarnessEvent::RunCompleted { usage: None });
    assert_eq!(played.file("prompt.md"), "Work.\n");
    assert_eq!(played.file("raw.log"), printed.join("\n") + "\n");
    let request: super::Request = serde_json::from_str(&played.file("request.json")).unwrap();
    assert_eq!(request.version, 1);
    assert_eq!(request.instruction.title, "A title");
    assert_eq!(request.lifecycle.timeout(), Duration::from_secs(20));
    assert!(played.file("answers.json").contains("spaces"));
}

#[tokio::test]
async fn every_end_has_one_name_and_one_terminal_event() {
    let mut hung = Play::sh("exec sleep 60");
    hung.timeout = Duration::from_millis(200);
    let mut stopped = Play::sh("exec sleep 60");
    stopped.stop_at_once = true;
    let mut missing = Play::sh("");
    missing.command = vec!["no-such-agent".into()];
    let mut long = Play::sh("");
    long.prompt = PromptBy::Arg;
    long.said = "x".repeat(200_000);
    let cases = [
        (Play::sh(""), Ending::Exited),
        (
            Play::sh("exit 7"),
            Ending::Failed {
                reason: "it ended with exit code 7".into(),
            },
        ),
        (hung, Ending::TimedOut { after_ms: 200 }),
        (stopped, Ending::Stopped),
        (
            missing,
            Ending::NotStarted {
                reason: "command not found: `no-such-agent`".into(),
            },
        ),
        (
            long,
            Ending::NotStarted {
                reason: "the prompt is 200000 bytes long, more than one argument may hold; give it by `prompt = \"stdin\"` or `\"file\"`".into(),
            },
        ),
        (
            Play::sh(&format!("{}; exec sleep 60", say(HALT))),
            Ending::Halted,
        ),
        // It does not finish after its park, and is ended.
        (
            Play::sh(&format!("{}; exec sleep 60", say(PARK))),
            Ending::Halted,
        ),
        // It finishes by itself.
        (Play::sh(&say(PARK)), Ending::Exited),
    ];
    for (case, ending) in cases {
        let played = play(case).await;
        assert_eq!(played.report().ending, ending);
        let is_terminal = |event: &&HarnessEvent| {
            matches!(
                event,
                HarnessEvent::RunCompleted { .. } | HarnessEvent::RunFailed { .. }
            )
        };
        let events = played.events();
        assert_eq!(events.iter().filter(is_terminal).count(), 1, "{ending:?}");
        assert!(events.last().is_some_and(|last| is_terminal(&last)));
        let completed = matches!(events.last(), Some(HarnessEvent::RunCompleted { .. }));
        assert_eq!(completed, ending == Ending::Exited);
    }
}

#[tokio::test]
async fn the_last_message_is_heard_once_and_not_when_it_echoes() {
    let block = |inside: &str| format!("printf '```nightshift\\n{inside}\\n```\\n'");
    let note = || Utterance::Note {
        text: "hello".into(),
    };
    let hello = block("verb: note\\ntext: hello");
    for (script, said) in [
        (hello.clone(), vec![note()]),
        (format!("{}; {hello}", say(NOTE)), vec![note()]),
        (format!("{hello}; echo and on"), vec![]),
        (
            block("verb: park"),
            vec![Utterance::Note {
                text: "nightshift could not read the agent's last words: the fenced block says `park` without `question`".into(),
            }],
        ),
    ] {
        assert_eq!(play(Play::sh(&script)).await.report().said, said, "{script}");
    }
    let mut echo = Play::sh("cat");
    echo.said = "Say so:\n```nightshift\nverb: note\ntext: x\n```\n".into();
    assert_eq!(play(echo).await.report().said, []);
}

#[tokio::test]
async fn secrets_stay_out_of_everything_that_is_kept() {
    let secret = "s3cr3t-Zq81kfPw02LmX7";
    let script = format!(
        "echo 'it is {secret}'; echo '\u{1b}[1m{secret}' >&2; {}",
        say(&NOTE.replace("hello", secret))
    );
    let mut case = Play::sh(&script);
    case.secret = Some(secret.to_owned());
    let played = play(case).await;
    for file in ["raw.log", "events.jsonl"] {
        assert!(!played.file(file).contains(secret), "{file}");
    }
    assert_eq!(played.report().said.len(), 1);
    assert!(!format!("{:?}", played.report().said).contains(secret));
}

#[tokio::test]
async fn a_program_with_a_path_is_the_checkouts_and_not_the_benchs() {
    let mut case = Play::sh("");
    case.command = vec!["attempt-1/agent.sh".into()];
    case.before = |folder| {
        use std::os::unix::fs::PermissionsExt;
        let script = folder.join("agent.sh");
        crate::layout::write(&script, b"#!/bin/sh\necho mine\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    };
    assert_eq!(play(case).await.printed(), ["mine"]);
}

#[tokio::test]
async fn a_record_that_cannot_be_written_ends_the_agent() {
    let mut case = Play::sh("echo one; exec sleep 60");
    // The device takes no byte: a disk that is full.
    case.before = |folder| {
        std::os::unix::fs::symlink("/dev/full", folder.join("raw.log")).unwrap();
    };
    let error = play(case).await.result.unwrap_err();
    assert!(error.to_string().contains("raw.log"), "{error}");
}

const LIMIT: &str = r#"{"type":"result","is_error":true,"session_id":"abc-1","num_turns":2,"result":"You\u2019ve hit your limit. Try again in 2 hours. s3cr3t-Zq81kfPw02LmX7"}"#;

fn print(line: &str) -> String {
    format!("printf '%s\\n' '{line}'")
}

#[tokio::test]
async fn weather_is_an_ending_unless_the_agent_had_the_last_word() {
    let mut timed_out = Play::sh(&format!("{}; exec sleep 60", print(LIMIT)));
    timed_out.timeout = Duration::from_millis(500);
    let limited = |ending: &Ending| match ending {
        Ending::Weather(weather) => weather.kind == WeatherKind::Limit && weather.until.is_some(),
        _ => false,
    };
    let other = "Too many requests, I thought.";
    for (case, is_weather) in [
        (Play::sh(&format!("{}; exit 1", print(LIMIT))), true),
        (Play::sh(&print(LIMIT)), true),
        (timed_out, true),
        (
            Play::sh("echo 'Claude usage limit reached. Try again in 1 hour.' >&2; exit 1"),
            true,
        ),
        (
            Play::sh("echo 'Claude usage limit reached. Try again in 1 hour.' >&2"),
            false,
        ),
        (
            Play::sh(&format!("{}; {}; exit 1", print(LIMIT), say(PARK))),
            false,
        ),
        (
            Play::sh(&format!("{}; {}; exec sleep 60", say(HALT), print(LIMIT))),
            false,
        ),
        (Play::sh(&format!("{}; exit 1", print(other))), false),
    ] {
        let script = case.command.clone();
        let played = play(case).await;
        let ending = &played.report().ending;
        assert_eq!(limited(ending), is_weather, "{script:?}: {ending:?}");
    }
}

#[tokio::test]
async fn what_a_session_cost_and_what_it_is_called_are_reported() {
    let mut case = Play::sh(&format!("{}; exit 1", print(LIMIT)));
    case.secret = Some("s3cr3t-Zq81kfPw02LmX7".to_owned());
    let played = play(case).await;
    let report = played.report();
    assert_eq!(report.session.as_deref(), Some("abc-1"));
    assert!(report.processes.is_some_and(|count| count >= 1));
    let Ending::Weather(weather) = &report.ending else {
        panic!("{:?}", report.ending);
    };
    assert!(!weather.said.contains("s3cr3t"), "{}", weather.said);
    let events = played.events();
    let named = |event: &&HarnessEvent| matches!(event, HarnessEvent::RunStarted { session: Some(name), .. } if name == "abc-1");
    assert_eq!(events.iter().filter(named).count(), 1);

    let spent = r#"{"type":"turn.completed","usage":{"input_tokens":10,"output_tokens":5}}"#;
    let played = play(Play::sh(&print(spent))).await;
    let usage = Usage {
        input_tokens: Some(10),
        output_tokens: Some(5),
        ..Usage::default()
    };
    assert_eq!(played.report().usage.as_ref(), Some(&usage));
    let last = played.events().pop();
    assert_eq!(
        last,
        Some(HarnessEvent::RunCompleted { usage: Some(usage) })
    );
}

#[tokio::test]
async fn a_used_up_budget_ends_the_agent() {
    let step = r#"{"type":"step_finish","part":{"reason":"tool-calls","tokens":{"input":100,"output":10},"cost":0.5}}"#;
    let mut turns = Play::sh(&format!("{}; {}; exec sleep 60", print(step), print(step)));
    turns.allowance.turns = Some(1);
    let mut money = Play::sh(&format!("{}; exec sleep 60", print(step)));
    money.allowance.cost_micros = Some(400_000);
    let mut crowd = Play::sh("for i in 1 2 3 4 5; do sleep 60 & done; wait");
    crowd.allowance.processes = Some(3);
    crowd.silence = Duration::from_secs(2);
    let mut enough = Play::sh(&print(step));
    enough.allowance.turns = Some(1);
    for (case, expected) in [
        (turns, Some("1 turns")),
        (money, Some("0.400000 dollars")),
        (crowd, Some("3 processes at once")),
        (enough, None),
    ] {
        let played = play(case).await;
        let report = played.report();
        match (&report.ending, expected) {
            (Ending::OverBudget { what }, Some(expected)) => assert_eq!(what, expected),
            (ending, expected) => assert!(
                *ending == Ending::Exited && expected.is_none(),
                "{ending:?}, not {expected:?}"
            ),
        }
        if expected == Some("3 processes at once") {
            assert!(report.processes >= Some(6), "{:?}", report.processes);
        }
    }
}

#[tokio::test]
async fn a_session_is_continued_by_its_name() {
    let mut case = Play::sh("echo \"$@\"");
    case.command.push("agent".into());
    case.resume_words = vec!["--resume={session}".into()];
    case.resume = Some("abc-1");
    assert_eq!(play(case).await.printed(), ["--resume=abc-1"]);
    let mut case = Play::sh("echo one");
    case.resume = Some("abc-1");
    let played = play(case).await;
    assert!(matches!(played.report().ending, Ending::NotStarted { .. }));
}

#[tokio::test]
async fn a_turn_that_ended_too_soon_is_said() {
    let line =
        r#"{"type":"result","is_error":false,"result":"I will wait for the build to finish."}"#;
    let played = play(Play::sh(&print(line))).await;
    let premature = played.report().premature.clone().unwrap();
    assert!(premature.contains("wait for the build"), "{premature}");
    let played = play(Play::sh("echo 'Done.'")).await;
    assert_eq!(played.report().premature, None);
}
