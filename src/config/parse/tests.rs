//! What a configuration may say, and what is said of one that is wrong.

use std::time::Duration;

use super::{
    super::{Engine, HarnessKind, Prices, PromptBy},
    *,
};
use crate::{diagnostic::render, harness::event::WeatherKind};

fn read(text: &str) -> (Config, Vec<Diagnostic>) {
    parse(&Source::new("nightshift.toml", text))
}

/// Returns each diagnostic as `code line:column message / help`.
fn complaints(text: &str) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let (line, column) = found.position();
        format!(
            "{} {line}:{column} {} / {}",
            found.code, found.message, found.help
        )
    };
    read(text).1.iter().map(line).collect()
}

#[test]
fn an_empty_file_is_a_valid_one() {
    for text in [
        "",
        "\u{feff}",
        "# nothing\r\n",
        "[agent]\n[gate]\n[harness]\n",
    ] {
        let (config, found) = read(text);
        assert_eq!(found, [], "{text:?}");
        assert_eq!(config, Config::default(), "{text:?}");
    }
    let config = Config::default();
    assert_eq!(
        (&*config.backlog, &*config.policy),
        ("backlog", "policy.toml")
    );
    assert_eq!(config.agent.timeout, Duration::from_secs(2700));
    assert_eq!(config.agent.silence, Duration::from_secs(600));
    assert_eq!(config.agent.attempts, 3);
    assert_eq!(config.gate.timeout, Duration::from_secs(1200));
    assert_eq!(config.night.length, Duration::from_secs(28800));
}

#[test]
fn every_key_is_read() {
    let (config, found) = read(
        r#"
backlog = "./work/tickets/"
policy  = "ops/policy.toml"

[agent]
harness  = ["claude", "mine"]
model    = "opus"
timeout  = "1h 30m"
silence  = "90s"
attempts = 5

[harness.mine]
command = ["my-agent", "--file", "{prompt_file}"]
prompt  = "file"
env     = { MODE = "night", EMPTY = "" }

resume  = ["--resume", "{session}"]

[harness.mine.weather]
limit = ['(?i)used up until (?<until>.+)']
login = ["badge expired"]

[harness.mine.prices]
input  = 3.00
cached = 0.3
output = 15

[harness.line]
command = "my-agent | tee log"

[harness.last]
command = 'my-agent "$1"'
prompt  = "arg"

[harness.played]
stories = "../stories"

[gate]
run     = "cargo test"
timeout = "5m"
protect = ["tests/**", ".ci/**"]
where   = "bench"

[night]
length = "30m"
lanes  = 1

[rooms]
setup = ["npm ci"]
copy  = [".env.test", "./a/b"]
largest_file = "2 MB"

[sandbox]
engine  = "off"
network = "open"
"#,
    );
    assert_eq!(found, []);
    let command = |words: &[&str], prompt| HarnessKind::Command {
        command: words.iter().map(|&word| word.to_owned()).collect(),
        prompt,
    };
    assert_eq!(config.backlog, "work/tickets");
    assert_eq!(config.policy, "ops/policy.toml");
    assert_eq!(config.agent.harness, ["claude", "mine"]);
    assert_eq!(config.agent.model.as_deref(), Some("opus"));
    assert_eq!(config.agent.timeout, Duration::from_secs(5400));
    assert_eq!(config.agent.silence, Duration::from_secs(90));
    assert_eq!(config.agent.attempts, 5);
    assert_eq!(
        config.harness["mine"].kind,
        command(&["my-agent", "--file", "{prompt_file}"], PromptBy::File)
    );
    assert_eq!(config.harness["mine"].env["MODE"], "night");
    assert_eq!(config.harness["mine"].env["EMPTY"], "");
    assert_eq!(config.harness["mine"].resume, ["--resume", "{session}"]);
    let weather = &config.harness["mine"].weather;
    assert_eq!(
        weather[&WeatherKind::Limit],
        ["(?i)used up until (?<until>.+)"]
    );
    assert_eq!(weather[&WeatherKind::Login], ["badge expired"]);
    assert_eq!(
        config.harness["mine"].prices,
        Some(Prices {
            input: 3_000_000,
            cached: Some(300_000),
            output: 15_000_000
        })
    );
    assert_eq!(
        config.harness["line"].kind,
        command(&["sh", "-c", "my-agent | tee log"], PromptBy::Stdin)
    );
    assert_eq!(
        config.harness["last"].kind,
        command(&["sh", "-c", "my-agent \"$1\"", "sh"], PromptBy::Arg)
    );
    assert_eq!(
        config.harness["played"].kind,
        HarnessKind::Script {
            stories: "../stories".into()
        }
    );
    assert_eq!(config.gate.run.as_deref(), Some("cargo test"));
    assert_eq!(config.gate.timeout, Duration::from_secs(300));
    assert_eq!(config.gate.protect, ["tests/**", ".ci/**"]);
    assert_eq!(config.gate.place, GatePlace::Bench);
    assert_eq!(config.night.length, Duration::from_secs(1800));
    assert_eq!(config.rooms.setup, ["npm ci"]);
    assert_eq!(config.rooms.copy, [".env.test", "a/b"]);
    assert_eq!(config.rooms.largest_file, 2_000_000);
    assert_eq!(config.sandbox.engine, Engine::Off);
    assert_eq!(
        read("agent.harness = \"claude\"").0.agent.harness,
        ["claude"]
    );
}

#[test]
fn each_problem_is_named_with_its_place_and_the_next_step() {
    for (text, expected) in [
        (
            "[agent]\ntimout = \"45m\"",
            "unknown-key 2:1 `timout` is not a key in `[agent]` / did you mean `timeout`?",
        ),
        (
            "x = 1",
            "unknown-key 1:1 `x` is not a key at the top of the file / known at the top of the \
             file: backlog, policy, agent, harness, gate, night, budget, rooms, sandbox",
        ),
        (
            "[gate]\nreach = \"open\"",
            "unknown-key 2:1 `reach` is not a key in `[gate]` / known in `[gate]`: run, timeout, \
             protect, where, network, env",
        ),
        (
            "[harness.a]\ncommand = [\"x\"]\ncomand = \"y\"",
            "unknown-key 3:1 `comand` is not a key in `[harness.a]` / did you mean `command`?",
        ),
        (
            "agent = 3",
            "wrong-type 1:9 `agent` must be a table, and this is a number / write `[agent]` on a \
             line of its own",
        ),
        (
            "[agent]\nharness = 3",
            "wrong-type 2:11 `harness` must be a text or a list of texts, and this is a number / \
             write `harness = \"claude\"`",
        ),
        (
            "[agent]\nharness = [\"claude\", true]",
            "wrong-type 2:22 `harness` must be a text in quotes, and this is true or false / \
             write `harness = \"claude\"`",
        ),
        (
            "[agent]\ntimeout = 45",
            "bad-duration 2:11 `timeout` is not usable: a number needs a unit / write the unit: \
             \"45s\", \"45m\" or \"45h\"",
        ),
        (
            "[agent]\ntimeout = \"45\"",
            "bad-duration 2:11 `timeout` is not usable: a number needs a unit / write the unit: \
             \"45s\", \"45m\" or \"45h\"",
        ),
        (
            "[night]\nlength = \"0s\"",
            "bad-duration 2:10 `length` is not usable: it must be longer than nothing / write it \
             as in \"8h\", \"1h 30m\" or \"90s\"",
        ),
        (
            "[agent]\nattempts = 0",
            "bad-value 2:12 `attempts` must be between 1 and 20 / choose a number in this range",
        ),
        (
            "[agent]\nattempts = \"3\"",
            "wrong-type 2:12 `attempts` must be a whole number, and this is a text / write \
             `attempts = 1`",
        ),
        (
            "[night]\nlanes = 4",
            "not-in-this-version 2:9 this version works one ticket at a time / write `lanes = 1`, \
             or take the line out",
        ),
        (
            "[sandbox]\nhosts = [\"a.example\"]",
            "hosts-without-allow 2:1 `hosts` says nothing while the network is open / write \
             `network = \"allow\"` as well, or take the line out",
        ),
        (
            "[sandbox]\nread = [\"~\"]",
            "bad-value 2:9 `~` is not a place on this machine / write a path that begins with `/` \
             or `~/`, without `..`, and not all of either",
        ),
        (
            "[gate]\nenv = [\"LD_PRELOAD\"]",
            "bad-value 2:8 `LD_PRELOAD` would change which programs or repositories are used / it \
             is never passed on; take it out",
        ),
        (
            "[sandbox]\nengine = \"non\"",
            "bad-value 2:10 `engine` cannot be `non` / choose one of \"auto\", \"bwrap\", \
             \"landlock\", \"seatbelt\", \"off\"",
        ),
        (
            "[sandbox]\nmemory = \"much\"",
            "bad-value 2:10 `much` is not a size of 1 MiB or more / write it as in `4 GiB`",
        ),
        (
            "[gate]\nwhere = \"benhc\"",
            "bad-value 2:9 `where` cannot be `benhc` / did you mean \"bench\"?",
        ),
        (
            "[gate]\nrun = \" \"",
            "empty-value 2:7 `run` is empty / write something like \"cargo test\", or take the \
             line out",
        ),
        (
            "[gate]\nprotect = [\"tests/**\", \"a[\"]",
            "bad-glob 2:24 `a[` is not a usable pattern: unclosed character class; missing ']' / \
             write it as in \"tests/**\" or \"**/*.snap\"",
        ),
        (
            "[gate]\nprotect = \"tests/**\"",
            "wrong-type 2:11 `protect` must be a list of texts, and this is a text / write \
             `protect = [\"tests/**\"]`",
        ),
        (
            "backlog = \"../tickets\"",
            "bad-path 1:11 `../tickets` must be a path inside the repository: it contains `..` / \
             write it relative to the repository's root, such as \"backlog\"",
        ),
        (
            "[rooms]\ncopy = [\"/etc/passwd\"]",
            "bad-path 2:9 `/etc/passwd` must be a path inside the repository: it is absolute / \
             write it relative to the repository's root, such as \"backlog\"",
        ),
        (
            "[harness.mine]",
            "empty-harness 1:10 the harness `mine` does not say what it runs / add `command = \
             [\"my-agent\", \"--file\", \"{prompt_file}\"]`",
        ),
        (
            "[harness.mine]\ncommand = []",
            "empty-value 2:11 `command` is empty / write the program and its arguments, such as \
             [\"my-agent\"]",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\nstories = \"b\"",
            "bad-value 3:1 a harness has either `command` or `stories`, not both / take one of \
             the two out",
        ),
        (
            "[harness.mine]\nstories = \"b\"\nprompt = \"stdin\"",
            "bad-value 3:1 `prompt` means nothing for a harness with `stories` / take the line out",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\nenv = { A = 1 }",
            "wrong-type 3:13 `A` must be a text without NUL bytes, and this is a number / write \
             `A = \"…\"`, in quotes",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\nresume = [\"--resume\"]",
            "bad-value 3:10 `resume` does not say where the session's name goes / write it as in \
             [\"--resume\", \"{session}\"]",
        ),
        (
            "[harness.mine]\ncommand = \"a\"\nresume = [\"{session}\"]",
            "bad-value 3:1 `resume` needs a `command` that is a list, to add its words to / write \
             the command as a list, or take the line out",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\n[harness.mine.weather]\nlimit = [\"a(\"]",
            "bad-pattern 4:10 `a(` is not a usable pattern: unclosed group / write a regular \
             expression, such as '(?i)quota used up until (?<until>.+)'",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\n[harness.mine.weather]\nlogin = [\"a*\"]",
            "bad-pattern 4:10 `a*` is not a usable pattern: it matches everything / write a \
             regular expression, such as '(?i)quota used up until (?<until>.+)'",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\n[harness.mine.prices]\ninput = 3.0",
            "incomplete 4:1 prices need both `input` and `output` / write both, in US dollars for \
             a million tokens, such as `input = 3.00`",
        ),
        (
            "[harness.mine]\ncommand = [\"a\"]\nprices = { input = -1.0, output = 1 }",
            "bad-value 3:20 `input` must be between 0 and 1000000 dollars / write it as in 3.00",
        ),
        (
            "[harness.\"a/b\"]\ncommand = [\"a\"]",
            "bad-value 1:10 `a/b` cannot be the name of a harness / use 1 to 64 letters, digits, \
             `.`, `_` and `-`",
        ),
        (
            "[gate]\nrun = \"a\\u0000b\"",
            "bad-value 2:7 `run` contains a NUL byte / no command and no file name can contain \
             one: take it out",
        ),
        (
            "backlog = \"tickets\"\n[agent\n",
            "toml-syntax 2:7 this is not TOML: unclosed table, expected `]` / a line is `key = \
             value`, a section is `[name]`, and texts stand in quotes",
        ),
        (
            "[gate]\nrun = \"a\"\nrun = \"b\"",
            "toml-syntax 3:1 this is not TOML: duplicate key / a line is `key = value`, a section \
             is `[name]`, and texts stand in quotes",
        ),
    ] {
        assert_eq!(complaints(text), [expected], "{text}");
    }
}

#[test]
fn all_problems_come_in_one_go_and_the_rest_is_used() {
    let text = "bcklog = \"x\"\n[agent]\ntimeout = 1\nattempts = 7\n[night]\nlanes = 2\n[gaet]\n";
    let (config, found) = read(text);
    let codes: Vec<_> = found
        .iter()
        .map(|found| (found.code, found.position().0))
        .collect();
    assert_eq!(
        codes,
        [
            ("unknown-key", 1),
            ("bad-duration", 3),
            ("not-in-this-version", 6),
            ("unknown-key", 7)
        ]
    );
    assert_eq!(config.agent.attempts, 7);
    assert_eq!(config.agent.timeout, Config::default().agent.timeout);
    assert_eq!(config.night.lanes, 1);
}

#[test]
fn every_name_offered_as_known_is_one() {
    for (table, names) in [
        ("", &TOP[..]),
        ("agent", &AGENT),
        ("harness.mine", &harness::HARNESS),
        ("harness.mine.weather", &harness::WEATHER),
        ("harness.mine.prices", &harness::PRICES),
        ("gate", &GATE),
        ("night", &NIGHT),
        ("rooms", &ROOMS),
        ("sandbox", &sandbox::SANDBOX),
    ] {
        for name in names {
            let prefix = if table.is_empty() {
                String::new()
            } else {
                format!("{table}.")
            };
            let found = read(&format!("{prefix}{name} = 1979-05-27")).1;
            assert!(
                found.iter().all(|found| found.code != "unknown-key"),
                "`{name}` in `[{table}]`"
            );
        }
    }
}

#[test]
fn a_diagnostic_of_the_configuration_shows_the_line() {
    let found = read("[agent]\nharness = \"claude\"\ntimout = \"45m\"   # per attempt\n").1;
    insta::assert_snapshot!(render(&found[0], false), @r#"
        error[unknown-key]: `timout` is not a key in `[agent]`
         --> nightshift.toml:3:1
          |
        3 | timout = "45m"   # per attempt
          | ^^^^^^
          |
        help: did you mean `timeout`?
        "#);
}
