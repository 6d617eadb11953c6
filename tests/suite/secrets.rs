//! Secrets from end to end: an agent that writes, prints and says them.

use std::{
    fs,
    path::{Path, PathBuf},
};

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
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(files(&path)),
            false => found.push(path),
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
