//! Secrets from end to end: an agent that writes, prints and says them.
#![expect(
    clippy::string_slice,
    reason = "the places are those of the test's own texts"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::bed::{Bed, Said};

mod ordinary;
mod planted;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Letters and digits as if drawn at random. Nothing here is a secret, and nothing looks like one
/// before the test has put it together.
fn noise(seed: usize, length: usize) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..length)
        .map(|i| char::from(alphabet[(i * 37 + i * i * 11 + seed * 53) % alphabet.len()]))
        .collect()
}

fn token(seed: usize) -> String {
    format!("gh{}_{}", "p", noise(seed, 36))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// Fails if one of the values is in a file of the state folder, in its name, or in what was said.
#[track_caller]
fn nowhere(bed: &Bed, said: &[Said], values: &[&str]) {
    let state = bed.root.join(".nightshift");
    let mut looked_at = 0;
    for path in files(&state) {
        let bytes = fs::read(&path).unwrap_or_default();
        let text = format!("{}\n{}", path.display(), String::from_utf8_lossy(&bytes));
        for value in values {
            assert!(!text.contains(value), "{} in {}", value, path.display());
        }
        looked_at += 1;
    }
    assert!(looked_at > 10, "the state folder was not found");
    for said in said {
        for value in values {
            assert!(!said.out.contains(value), "{value} in\n{}", said.out);
            assert!(!said.err.contains(value), "{value} in\n{}", said.err);
        }
    }
}

fn all_reports(bed: &Bed) -> Vec<Said> {
    [
        &["report"][..],
        &["report", "--json"],
        &["status"],
        &["status", "--json"],
        &["log"],
    ]
    .iter()
    .map(|args| bed.nightshift(args))
    .collect()
}

#[test]
fn a_secret_that_the_work_adds_parks_it_and_is_nowhere() {
    let bed = Bed::with_stories();
    let (token, other) = (token(1), token(2));
    let password = format!("{}&{}", noise(3, 9), noise(4, 5));
    bed.ticket("adds", "", "Do it.");
    bed.steps(
        "adds",
        &format!(
            "- write: {{path: config/prod.env, text: \"A=1\\nDB_PASSWORD={password}\\nTOKEN={token}\\n\"}}\n\
             - write: {{path: \"{other}.txt\", text: \"x\\n\"}}\n\
             - print: \"the token is {token}, the other {other}, and then {password}\"\n\
             - sh: git checkout -q -b with-{token} && git commit -q --allow-empty -m 'with {password}'\n\
             - say: {{verb: note, text: \"I used {password} and {token}\"}}\n\
             - say: {{verb: done, text: \"see {other} and {password}\"}}"
        ),
    );
    bed.ticket("asks", "", "Do it.");
    bed.steps(
        "asks",
        &format!(
            "- write: {{path: notes.txt, text: \"password = \\\"{password}\\\"\\n\"}}\n\
             - say: {{verb: park, question: \"Is {password} right, or {token}?\", because: \"of {password}\"}}"
        ),
    );
    let said = bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["adds"], "parked", "{}\n{}", said.err, said.out);
    assert_eq!(outcomes["asks"], "parked");
    assert!(bed.landed().is_empty());
    let report = bed.nightshift(&["report"]);
    for told in ["config/prod.env:2: password", "prod.env:3: github-token"] {
        assert!(report.out.contains(told), "{told} not in\n{}", report.out);
    }
    let mut said = all_reports(&bed);
    said.push(report);
    nowhere(&bed, &said, &[&token, &other, &password]);
    // Work is never lost: it is where only git looks.
    let refs = bed.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/nightshift/attempts",
    ]);
    let kept = refs.lines().find(|name| name.contains("/adds/")).unwrap();
    let kept = bed.git(&["show", &format!("{kept}:config/prod.env")]);
    assert!(kept.contains(&password));
}

/// Runs a night in which the harness knows this variable.
fn night_with(bed: &Bed, name: &str, value: &str) -> Said {
    let mut command = bed.command(crate::bed::binary());
    Said::of(&command.args(["run"]).env(name, value).output().unwrap())
}

#[test]
fn the_value_of_a_variable_is_nowhere_in_any_form() {
    let bed = Bed::with_stories();
    let value = format!("{}/+&{} {}", noise(5, 9), noise(6, 7), noise(7, 4));
    let shell = [
        "printf '%s\\n' \"plain $DEPLOY_PASSWORD\"",
        "printf 'ann:%s' \"$DEPLOY_PASSWORD\" | base64 -w0; echo",
        "printf 'user:%s;' \"$DEPLOY_PASSWORD\" | base64 -w0 | tr '+/' '-_'; echo",
        "printf '%s' \"$DEPLOY_PASSWORD\" | od -An -tx1 | tr -d ' \\n'; echo",
        "printf '%s\\n' \"{\\\"a\\\": \\\"{\\\\\\\"b\\\\\\\": \\\\\\\"$DEPLOY_PASSWORD\\\\\\\"}\\\"}\"",
    ];
    let encoded: String = value
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    // The gate prints it too, and the agent has it in its own environment.
    bed.configure_gate(
        "printf '%s\\n' \"gate $DEPLOY_PASSWORD\"; ! [ -f red.txt ]",
        "",
    );
    let mut steps = String::new();
    for line in shell {
        steps.push_str(&format!("- sh: {}\n", serde_json::Value::from(line)));
    }
    steps.push_str(&format!(
        "- print: \"in an address: https://example.org/?p={encoded}\"\n\
         - write: {{path: red.txt, text: \"x\\n\"}}\n\
         - say: {{verb: note, text: \"sent {encoded}\"}}"
    ));
    bed.ticket("tells", "attempts: 1", "Do it.");
    bed.steps("tells", &steps);
    bed.ticket("keeps", "attempts: 1", "Do it.");
    bed.steps(
        "keeps",
        "- sh: printf '%s' \"$DEPLOY_PASSWORD\" | base64 -w0 > notes.bin",
    );
    let said = night_with(&bed, "DEPLOY_PASSWORD", &value);
    let mut reports = all_reports(&bed);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["tells"], "failed", "{}", said.err);
    assert_eq!(outcomes["keeps"], "parked", "{}", said.err);
    assert!(
        reports[0].out.contains("notes.bin:1: environment"),
        "{}",
        reports[0].out
    );
    reports.push(said);
    let base64 = |text: &str| STANDARD.encode(text);
    let hexadecimal = value
        .bytes()
        .fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
    let (one, two) = (
        base64(&format!("ann:{value}")),
        base64(&format!("user:{value};")),
    );
    let url = two.replace('+', "-").replace('/', "_");
    nowhere(
        &bed,
        &reports,
        &[
            &value,
            &encoded,
            &hexadecimal,
            &one[8..24],
            &url[8..24],
            &base64(&value)[..16],
        ],
    );
    // They were there to be found.
    let raw = bed.root.join(".nightshift/nights");
    let raw = files(&raw)
        .into_iter()
        .find(|path| path.ends_with("tells/attempt-1/raw.log"));
    let raw = fs::read_to_string(raw.unwrap()).unwrap();
    assert_eq!(raw.matches("[redacted:environment]").count(), 6, "{raw}");
}

#[test]
fn what_was_there_before_does_not_park_and_an_exception_is_said_in_the_contract() {
    let bed = Bed::with_stories();
    let (old, new) = (token(8), token(9));
    bed.write("settings.ini", &format!("a = 1\ntoken = {old}\n"));
    bed.commit("old sins");
    bed.ticket("moves", "priority: 1", "Do it.");
    bed.steps(
        "moves",
        &format!(
            "- sh: sed '1d' settings.ini > moved.ini && rm settings.ini\n\
             - write: {{path: example.env, text: \"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\\nTOKEN=<your token>\\n\"}}\n\
             - print: \"{old}\""
        ),
    );
    let adds = |path: &str| format!("- write: {{path: {path}, text: \"token = {new}\\n\"}}");
    bed.ticket("fixture", "", "Do it.");
    bed.steps("fixture", &adds("tests/fixtures/a.ini"));
    bed.ticket("source", "", "Do it.");
    bed.steps("source", &adds("src/a.ini"));
    bed.write(
        "policy.toml",
        "[[rule]]\nid = \"fixtures\"\non = [\"diff\"]\nsecrets = true\npaths = [\"tests/fixtures/**\"]\naction = \"proceed\"\n",
    );
    let said = bed.night().code(1);
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["moves"], "done", "{}", said.err);
    assert_eq!(outcomes["fixture"], "done", "{}", said.err);
    assert_eq!(outcomes["source"], "parked", "{}", said.err);
    let mut reports = all_reports(&bed);
    reports.push(said);
    nowhere(&bed, &reports, &[&old, &new]);
}
