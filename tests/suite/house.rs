//! The house rules, checked on the sources themselves: which room may import which, what fact files
//! and the machine may know, how large a file may be, what a `mod.rs` may hold.
//!
//! [`source`] turns a file into what the rules look at, [`rules`] has the rules and the floors,
//! `examples` proves on small bad houses that every rule can fail.

mod examples;
mod modules;
mod rules;
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use self::source::Source;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the paths of all Rust files below a folder, relative to it, sorted.
fn rust_files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, &mut found);
    let mut paths: Vec<String> = found
        .iter()
        .map(|path| {
            path.strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    paths.sort();
    paths
}

fn sources(folder: &Path) -> Vec<Source> {
    rust_files(folder)
        .iter()
        .map(|path| Source::parse(path, &fs::read_to_string(folder.join(path)).unwrap()))
        .collect()
}

/// The crates that the program depends on, as they are named in code.
fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(|name| name.replace('-', "_"))
        .collect()
}

#[test]
fn the_house_rules_hold() {
    let sources = sources(&root().join("src"));
    assert!(sources.len() > 20, "the house was not found");
    let mut violations = rules::violations(&sources, &dependencies());
    violations.extend(rules::missing_rooms(&sources));
    assert!(
        violations.is_empty(),
        "{} violations of the house rules:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// A file that no module names is never compiled, and a test in it never runs.
#[test]
fn no_file_is_forgotten() {
    for (folder, roots) in [
        ("src", &["lib.rs", "main.rs"][..]),
        ("tests/suite", &["main.rs"][..]),
    ] {
        let sources = sources(&root().join(folder));
        let forgotten = modules::forgotten(&sources, roots);
        assert!(
            forgotten.is_empty(),
            "no `mod` in {folder} names {forgotten:?}"
        );
    }
    let mut stray = rust_files(&root().join("tests"));
    stray.retain(|path| !path.contains('/'));
    assert!(
        stray.is_empty(),
        "outside of the one test binary: {stray:?}"
    );
}
