//! A real night: an unmodified third-party crate from the registry, its own `cargo test` as the
//! gate, the `command` harness playing patches.

use std::{fs, path::PathBuf};

use crate::bed::{Bed, SHARED};

/// Where cargo has unpacked the crate `strsim`, on which nightshift depends.
fn strsim(bed: &Bed) -> PathBuf {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    let lock: toml::Table = lock.parse().unwrap();
    let packages = lock["package"].as_array().unwrap();
    let found = packages
        .iter()
        .find(|package| package["name"].as_str() == Some("strsim"))
        .unwrap();
    let folder = format!("strsim-{}", found["version"].as_str().unwrap());
    let home = bed.command("true");
    let home = home
        .get_envs()
        .find(|(name, _)| *name == "CARGO_HOME")
        .and_then(|(_, value)| value)
        .unwrap();
    let registries = fs::read_dir(PathBuf::from(home).join("registry/src")).unwrap();
    registries
        .flatten()
        .map(|registry| registry.path().join(&folder))
        .find(|path| path.is_dir())
        .unwrap()
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Makes a patch: edits the checkout, takes the difference, puts everything back.
fn patch(bed: &Bed, id: &str, find: &str, with: &str) {
    let text = bed.read("src/lib.rs");
    assert!(text.contains(find), "the crate has no {find:?}");
    bed.write("src/lib.rs", &text.replacen(find, with, 1));
    let difference = bed.git(&["diff"]);
    bed.git(&["checkout", "-q", "--", "src"]);
    let file = bed.shared().join("patches").join(format!("{id}.patch"));
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, difference).unwrap();
}

#[test]
fn a_night_on_a_crate_from_the_registry() {
    let bed = Bed::new();
    copy(&strsim(&bed), &bed.root);
    bed.write(".gitignore", "/target\n");
    bed.commit("strsim as published");

    patch(
        &bed,
        "doc",
        "//! This library implements",
        "//! This small library implements",
    );
    patch(
        &bed,
        "inline",
        "pub fn hamming(",
        "#[inline]\npub fn hamming(",
    );
    patch(
        &bed,
        "break",
        "pub fn levenshtein(a: &str, b: &str) -> usize {",
        "pub fn levenshtein(a: &str, b: &str) -> usize {\n    if !a.is_empty() { return 0; }",
    );
    let patches = bed.shared().join("patches");
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"patch\"\nattempts = 2\n\n[harness.patch]\ncommand = [\"git\", \"apply\", \"{}/{{ticket}}.patch\"]\n\n[gate]\nrun = \"cargo test --offline --quiet\"\n{SHARED}",
            patches.display()
        ),
    );
    bed.write("policy.toml", "[[rule]]\nid = \"api\"\non = [\"ticket\"]\nany = ['(?i)rename the public']\naction = \"park\"\ncategory = \"public_api\"\nbecause = \"Others call it.\"\n");
    bed.ticket("doc", "priority: 1", "Say that the library is small.");
    bed.ticket("inline", "priority: 2", "Let hamming be inlined.");
    bed.ticket(
        "rename",
        "priority: 2",
        "Rename the public function jaro to jaro_similarity.",
    );
    bed.ticket(
        "after",
        "priority: 3\ndepends_on: [rename]",
        "Use the new name in the docs.",
    );
    bed.ticket("break", "priority: 4", "Make levenshtein faster.");
    bed.commit("a backlog");
    let before = bed.users();

    let said = bed.night().code(1);
    let outcomes = bed.outcomes();
    let of = |id: &str| outcomes[id].as_str();
    assert_eq!(
        [
            of("doc"),
            of("inline"),
            of("rename"),
            of("after"),
            of("break")
        ],
        ["done", "done", "parked", "held", "failed"],
        "{}",
        said.err
    );
    assert_eq!(bed.users(), before, "the user's checkout was written");
    assert_eq!(
        bed.landed(),
        ["doc: Title of doc", "inline: Title of inline"]
    );
    let log = bed.git(&["log", "-1", "--format=%an|%cn|%B", &bed.branch()]);
    assert!(
        log.starts_with("Ann|nightshift|inline: Title of inline"),
        "{log}"
    );
    assert!(
        log.contains("Nightshift-Ticket: inline") && log.contains("Nightshift-Attempt: 1"),
        "{log}"
    );
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    for attempt in 1..=2 {
        let kept = format!("refs/nightshift/attempts/{night}/break/{attempt}:src/lib.rs");
        assert!(
            bed.git(&["show", &kept])
                .contains("if !a.is_empty() { return 0; }")
        );
    }
    let report = bed.nightshift(&["report"]).code(0).out;
    for part in [
        "## Decisions to make",
        "rename",
        "## Failed",
        "levenshtein",
        "## Held",
        "## Landed",
    ] {
        assert!(report.contains(part), "no {part} in\n{report}");
    }
}
