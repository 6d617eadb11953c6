//! Whole sessions with real children, each a shell script in the bench.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path, time::Duration};

use tokio::sync::watch;

use super::{
    event::{Ending, HarnessEvent},
    session::{HarnessReport, Reaction, Session, run_with},
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
struct Play {
    command: Vec<String>,
    prompt: PromptBy,
    said: String,
    timeout: Duration,
    secret: Option<String>,
    /// Something done to the attempt's folder beforehand.
    before: fn(&Path),
    stop_at_once: bool,
}

impl Play {
    fn sh(script: &str) -> Self {
        Self {
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            prompt: PromptBy::Stdin,
            said: "Work.\n".to_owned(),
            timeout: Duration::from_secs(20),
            secret: None,
            before: |_| {},
            stop_at_once: false,
        }
    }
}

struct Played {
    folder: tempfile::TempDir,
    result: Result<HarnessReport, PathError>,
}

impl Played {
    fn report(&self) -> &HarnessReport {
        self.result.as_ref().unwrap()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("attempt-1").join(name)).unwrap()
    }

    fn events(&self) -> Vec<HarnessEvent> {
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
        },
        body: "A body.".into(),
        gate: None,
        accept: None,
        harness: None,
        model: None,
        timeout: None,
        extra: BTreeMap::new(),
    }
}

async fn play(play: Play) -> Played {
    let folder = tempfile::tempdir().unwrap();
    let bench = folder.path().join("bench");
    let attempt = folder.path().join("attempt-1");
    fs::create_dir_all(&bench).unwrap();
    fs::create_dir_all(&attempt).unwrap();
    (play.before)(&attempt);
    let config = HarnessConfig {
        kind: HarnessKind::Command {
            command: play.command,
            prompt: play.prompt,
        },
        env: BTreeMap::new(),
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
        redactor: &Redactor::new(secret.into_iter()),
        mark: format!("session-{mark}"),
        timeout: play.timeout,
        silence: Duration::from_secs(20),
        progress: &crate::process::Progress::default(),
        model: None,
        configuration: "c0",
        answers: vec![StandingAnswer {
            ask: "tabs".into(),
            say: "spaces".into(),
        }],
    };
    let (ask, mut stop) = watch::channel(play.stop_at_once);
    let on_say = |said: &Utterance| match said {
        Utterance::Park(_) => Reaction::End,
        Utterance::Halt { .. } => Reaction::Halt,
        _ => Reaction::Continue,
    };
    let farewell = Duration::from_millis(300);
    let result = run_with(session, &mut stop, on_say, farewell).await;
    drop(ask);
    Played { folder, result }
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
