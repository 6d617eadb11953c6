//! Reading `nightshift.toml`: every problem in one go, each at its place, defaults elsewhere.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Component, Path, PathBuf},
    time::Duration,
};

use globset::GlobBuilder;
use jiff::SignedDuration;
use toml::de::{DeTable, DeValue};

use super::model::{
    Agent, Config, Engine, Gate, GatePlace, HarnessConfig, HarnessKind, Network, Night, PromptBy,
    Rooms, Sandbox,
};
use crate::diagnostic::{Diagnostic, Placed, Reader, Source};

const MINUTE: u64 = 60;
const MOST_ATTEMPTS: u32 = 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            backlog: "backlog".to_owned(),
            policy: "policy.toml".to_owned(),
            agent: Agent {
                harness: Vec::new(),
                model: None,
                timeout: Duration::from_secs(45 * MINUTE),
                silence: Duration::from_secs(10 * MINUTE),
                attempts: 3,
            },
            harness: BTreeMap::new(),
            gate: Gate {
                run: None,
                timeout: Duration::from_secs(20 * MINUTE),
                protect: Vec::new(),
                place: GatePlace::Apart,
            },
            night: Night {
                length: Duration::from_secs(8 * 60 * MINUTE),
                lanes: 1,
            },
            rooms: Rooms {
                setup: Vec::new(),
                copy: Vec::new(),
            },
            sandbox: Sandbox {
                engine: Engine::Auto,
                network: Network::Open,
            },
        }
    }
}

/// Reads a configuration. Never fails: what cannot be used keeps its default and is reported.
///
/// A problem of severity error means that the file is not what its author meant; an unattended
/// run refuses it.
pub fn parse(source: &Source) -> (Config, Vec<Diagnostic>) {
    let mut config = Config::default();
    let mut reader = Reader::new(source);
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        let end = source.text.len();
        let span = error.span().unwrap_or(end..end);
        let message = format!("expected TOML, but {}", error.message());
        reader.error(
            "syntax",
            span,
            message,
            "Nothing of this file is used until it can be read.",
        );
    }
    if !errors.is_empty() {
        return (config, reader.problems);
    }
    let document = document.get_ref();
    let known = [
        "backlog", "policy", "agent", "harness", "gate", "night", "rooms", "sandbox",
    ];
    reader.only(document, "the configuration", &known);
    if let Some((text, span)) = reader.string(document, "backlog") {
        inside(&mut reader, "backlog", text, &span, &mut config.backlog);
    }
    if let Some((text, span)) = reader.string(document, "policy") {
        inside(&mut reader, "policy", text, &span, &mut config.policy);
    }
    if let Some((table, _)) = reader.table(document, "agent") {
        agent(&mut reader, table, &mut config.agent);
    }
    if let Some((table, _)) = reader.table(document, "harness") {
        harnesses(&mut reader, table, &mut config.harness);
    }
    if let Some((table, _)) = reader.table(document, "gate") {
        gate(&mut reader, table, &mut config.gate);
    }
    if let Some((table, _)) = reader.table(document, "night") {
        night(&mut reader, table, &mut config.night);
    }
    if let Some((table, _)) = reader.table(document, "rooms") {
        rooms(&mut reader, table, &mut config.rooms);
    }
    if let Some((table, _)) = reader.table(document, "sandbox") {
        sandbox(&mut reader, table, &mut config.sandbox);
    }
    let mut problems = reader.problems;
    problems.sort_by_key(|problem| problem.primary.span.start);
    (config, problems)
}

/// Reads a span of time as people write it: `45m`, `1h 30m`, `90s`.
///
/// # Errors
/// A sentence on what was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a span of time, found `{text}`");
    let parsed: SignedDuration = text.parse().map_err(|_error: jiff::Error| wrong())?;
    let found = Duration::try_from(parsed).map_err(|_negative| wrong())?;
    if found.is_zero() {
        Err(wrong())
    } else {
        Ok(found)
    }
}

fn agent(reader: &mut Reader<'_>, table: &DeTable<'_>, agent: &mut Agent) {
    reader.only(
        table,
        "[agent]",
        &["harness", "model", "timeout", "silence", "attempts"],
    );
    match table.get("harness").map(|value| value.get_ref()) {
        Some(DeValue::Array(_)) => {
            let names = reader.strings(table, "harness");
            agent.harness = names.into_iter().map(|(name, _)| name.to_owned()).collect();
        }
        Some(_) => {
            agent.harness = reader
                .string(table, "harness")
                .map(|(name, _)| name.to_owned())
                .into_iter()
                .collect();
        }
        None => {}
    }
    agent.model = reader
        .string(table, "model")
        .map(|(model, _)| model.to_owned());
    span(reader, table, "timeout", &mut agent.timeout);
    span(reader, table, "silence", &mut agent.silence);
    if let Some(count) = reader.count(table, "attempts") {
        agent.attempts = count.get();
        if agent.attempts > MOST_ATTEMPTS {
            let place = table
                .get("attempts")
                .map(toml::Spanned::span)
                .unwrap_or_default();
            let message = format!("expected 1 to {MOST_ATTEMPTS} for `attempts`, found {count}");
            reader.error("bad-value", place, message, "Three attempts are usual.");
        }
    }
}

fn harnesses(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    found: &mut BTreeMap<String, HarnessConfig>,
) {
    for key in table.keys() {
        let name: &str = key.get_ref();
        let Some((inner, span)) = reader.table(table, name) else {
            continue;
        };
        if let Some(harness) = harness(reader, inner, name, &span) {
            found.insert(name.to_owned(), harness);
        }
    }
}

fn harness(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    name: &str,
    span: &Range<usize>,
) -> Option<HarnessConfig> {
    reader.only(
        table,
        &format!("[harness.{name}]"),
        &["command", "prompt", "stories", "env"],
    );
    let mut env = BTreeMap::new();
    if let Some((variables, _)) = reader.table(table, "env") {
        for key in variables.keys() {
            let variable: &str = key.get_ref();
            if let Some((value, _)) = reader.string(variables, variable) {
                env.insert(variable.to_owned(), value.to_owned());
            }
        }
    }
    let prompt = reader.string(table, "prompt").and_then(|word| {
        let known = [
            ("stdin", PromptBy::Stdin),
            ("file", PromptBy::File),
            ("arg", PromptBy::Arg),
        ];
        reader.word(&word, "prompt", &known)
    });
    let stories = reader.string(table, "stories");
    let command: Vec<String> = match table.get("command").map(|value| value.get_ref()) {
        Some(DeValue::Array(_)) => reader
            .strings(table, "command")
            .into_iter()
            .map(|(word, _)| word.to_owned())
            .collect(),
        Some(_) => reader
            .string(table, "command")
            .map(|(line, _)| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()])
            .unwrap_or_default(),
        None => Vec::new(),
    };
    let kind = match (command.is_empty(), stories) {
        (false, None) => HarnessKind::Command {
            command,
            prompt: prompt.unwrap_or_default(),
        },
        (true, Some((folder, _))) => HarnessKind::Script {
            stories: PathBuf::from(folder),
        },
        (true, None) => {
            let help = "Write `command = [\"my-agent\", \"…\"]`, or `stories = \"folder\"` for the scripted agent.";
            reader.missing(span.clone(), &format!("[harness.{name}]"), "command", help);
            return None;
        }
        (false, Some((_, place))) => {
            let message =
                format!("expected `command` or `stories` in [harness.{name}], found both");
            reader.error("bad-value", place, message, "Remove one of them.");
            return None;
        }
    };
    Some(HarnessConfig { kind, env })
}

fn gate(reader: &mut Reader<'_>, table: &DeTable<'_>, gate: &mut Gate) {
    reader.only(table, "[gate]", &["run", "timeout", "protect", "where"]);
    if let Some((command, place)) = reader.string(table, "run") {
        if command.trim().is_empty() {
            let message = "expected a command for `run`, found nothing";
            reader.error(
                "bad-value",
                place,
                message,
                "Write the command that must stay green.",
            );
        } else {
            gate.run = Some(command.to_owned());
        }
    }
    span(reader, table, "timeout", &mut gate.timeout);
    for (glob, place) in reader.strings(table, "protect") {
        match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(_) => gate.protect.push(glob.to_owned()),
            Err(error) => {
                let message = format!("expected a glob in `protect`, but {}", error.kind());
                reader.error(
                    "bad-glob",
                    place,
                    message,
                    "Write it like `tests/**` or `*.snap`.",
                );
            }
        }
    }
    if let Some(word) = reader.string(table, "where") {
        let known = [("apart", GatePlace::Apart), ("bench", GatePlace::Bench)];
        gate.place = reader.word(&word, "where", &known).unwrap_or_default();
    }
}

fn night(reader: &mut Reader<'_>, table: &DeTable<'_>, night: &mut Night) {
    reader.only(table, "[night]", &["length", "lanes"]);
    span(reader, table, "length", &mut night.length);
    if let Some(lanes) = reader.count(table, "lanes")
        && lanes.get() != 1
    {
        let place = table
            .get("lanes")
            .map(toml::Spanned::span)
            .unwrap_or_default();
        let message = format!("expected 1 for `lanes`, found {lanes}");
        reader.error(
            "bad-value",
            place,
            message,
            "This version works one ticket at a time.",
        );
    }
}

fn rooms(reader: &mut Reader<'_>, table: &DeTable<'_>, rooms: &mut Rooms) {
    reader.only(table, "[rooms]", &["setup", "copy"]);
    rooms.setup = reader
        .strings(table, "setup")
        .into_iter()
        .map(|(command, _)| command.to_owned())
        .collect();
    for (text, place) in reader.strings(table, "copy") {
        let mut path = String::new();
        inside(reader, "copy", text, &place, &mut path);
        if !path.is_empty() {
            rooms.copy.push(path);
        }
    }
}

fn sandbox(reader: &mut Reader<'_>, table: &DeTable<'_>, sandbox: &mut Sandbox) {
    reader.only(table, "[sandbox]", &["engine", "network"]);
    if let Some((word, place)) = reader.string(table, "engine") {
        match word {
            "auto" => sandbox.engine = Engine::Auto,
            "off" => sandbox.engine = Engine::Off,
            "bwrap" | "landlock" | "seatbelt" => {
                let message = format!("expected `auto` or `off` for `engine`, found `{word}`");
                let help = "This version cannot confine agents. With `off` it says so and goes on.";
                reader.error("not-built", place, message, help);
            }
            _ => {
                let known = [("auto", ()), ("off", ())];
                reader.word(&(word, place), "engine", &known);
            }
        }
    }
    if let Some((word, place)) = reader.string(table, "network") {
        match word {
            "open" => sandbox.network = Network::Open,
            "allow" => {
                let message = "expected `open` for `network`, found `allow`";
                let help = "This version cannot confine agents; remove the key or write `open`.";
                reader.error("not-built", place, message, help);
            }
            _ => {
                reader.word(&(word, place), "network", &[("open", ())]);
            }
        }
    }
}

fn span(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str, into: &mut Duration) {
    let Some((text, place)) = reader.string(table, key) else {
        return;
    };
    match duration(text) {
        Ok(found) => *into = found,
        Err(message) => {
            let message = format!("{message} for `{key}`");
            reader.error(
                "bad-duration",
                place,
                message,
                "Write it like `45m`, `1h 30m` or `90s`.",
            );
        }
    }
}

/// Takes a path that must be relative and stay inside of the repository.
fn inside(reader: &mut Reader<'_>, key: &str, text: &str, place: &Range<usize>, into: &mut String) {
    let path = Path::new(text);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    if text.is_empty() || !path.components().all(plain) {
        let placed: Placed<&str> = (text, place.clone());
        let message = format!(
            "expected a path inside of the repository for `{key}`, found `{}`",
            placed.0
        );
        reader.error(
            "bad-path",
            placed.1,
            message,
            "Write it relative to the repository's root.",
        );
    } else {
        text.trim_end_matches('/').clone_into(into);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let source = Source::new("nightshift.toml", text);
        let (_, problems) = parse(&source);
        problems
            .iter()
            .map(|problem| {
                let (line, column) = problem.position();
                format!(
                    "{line}:{column} {} {} | {}",
                    problem.code, problem.message, problem.help
                )
            })
            .collect()
    }

    #[test]
    fn an_empty_file_is_a_valid_one() {
        let (config, problems) = parse(&Source::new("nightshift.toml", ""));
        assert!(problems.is_empty());
        assert_eq!(config, Config::default());
    }

    #[test]
    fn everything_that_can_be_written_is_read() {
        let text = r#"
backlog = "tickets/"
policy = "contract.toml"
[agent]
harness = ["a", "b"]
model = "m"
timeout = "1h 30m"
silence = "90s"
attempts = 2
[harness.a]
command = ["x", "{prompt_file}"]
prompt = "file"
env = { K = "v" }
[harness.b]
stories = "../stories"
[harness.c]
command = "x | y"
[gate]
run = "make test"
timeout = "5m"
protect = ["tests/**"]
where = "bench"
[night]
length = "6h"
lanes = 1
[rooms]
setup = ["npm ci"]
copy = [".env.test"]
[sandbox]
engine = "off"
network = "open"
"#;
        let (config, problems) = parse(&Source::new("nightshift.toml", text));
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(config.backlog, "tickets");
        assert_eq!(config.agent.harness, ["a", "b"]);
        assert_eq!(config.agent.timeout, Duration::from_secs(5400));
        assert_eq!(config.gate.place, GatePlace::Bench);
        let HarnessKind::Command { command, .. } = &config.harness["c"].kind else {
            panic!()
        };
        assert_eq!(command, &["sh", "-c", "x | y"]);
    }

    #[test]
    fn all_problems_come_in_one_go_each_at_its_place() {
        let text = "backlog = \"../out\"\ntimeot = 1\n[agent]\ntimeout = \"soon\"\nattempts = 0\n[harness.x]\nprompt = \"stdinn\"\n[gate]\nprotect = [\"a[\"]\n[night]\nlanes = 2\n[sandbox]\nengine = \"bwrap\"\n";
        insta::assert_snapshot!(problems(text).join("\n"));
    }

    #[test]
    fn broken_toml_is_one_diagnostic_at_its_place() {
        let found = problems("[agent\nharness = 1\n");
        assert!(found[0].starts_with("1:"), "{found:?}");
    }
}
