//! The rules. What is looked at is in `source.rs`; why they are what they are, in
//! `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    modules,
    source::{Named, Source, module_of},
};

/// The floor of every room. A room imports only lower floors.
const FLOORS: &[(&str, u8)] = &[
    ("cli", 7),
    ("sim", 7),
    ("shift", 6),
    ("morning", 6),
    ("audit", 5),
    ("report", 5),
    ("journal", 5),
    ("machine", 4),
    ("policy", 3),
    ("harness", 3),
    ("gate", 3),
    ("backlog", 2),
    ("repo", 2),
    ("say", 2),
    ("sandbox", 2),
    ("process", 1),
    ("config", 1),
    ("layout", 1),
    ("diagnostic", 0),
    ("clock", 0),
    ("mutant", 0),
];

/// Plain data that may travel to any room.
const FACTS: &[&str] = &[
    "gate::verdict",
    "harness::event",
    "policy::decision",
    "repo::id",
    "backlog::overlap",
    "backlog::requirement",
    "backlog::ticket",
    "config::budget",
    "process::id",
    "say::utterance",
];

/// The crates that a fact file may use, beside `std`.
const FACT_CRATES: &[&str] = &["serde", "thiserror"];
/// And two types: an agent's tool call carries whatever JSON the agent made, and a provider names
/// the moment at which a limit ends.
const FACT_TYPES: [[&str; 2]; 2] = [["serde_json", "Value"], ["jiff", "Timestamp"]];

/// What acts on the world; no business of facts and of the machine.
const EFFECTS: &[&str] = &["env", "fs", "io", "net", "process", "thread"];
const EFFECT_CRATES: &[&str] = &[
    "anstream",
    "git2",
    "indicatif",
    "libgit2_sys",
    "notify",
    "rustix",
    "tempfile",
    "tokio",
];

/// Lines of code above which a file must become two.
const LARGEST: usize = 500;
/// Lines of code above which a file is large.
const LARGE: usize = 400;
/// How much of all code may stand in large files.
const LARGE_PERCENT: usize = 15;

/// Returns every violation as `src/file.rs:line: what`.
pub(super) fn violations(sources: &[Source], dependencies: &BTreeSet<String>) -> Vec<String> {
    let test_only = modules::test_only(sources);
    let built: Vec<&Source> = sources
        .iter()
        .filter(|source| !test_only.contains(&source.path))
        .collect();
    let mut found = Vec::new();
    for source in sources {
        form(source, &mut found);
    }
    for source in &built {
        match place(source) {
            Place::Root => {}
            Place::Fact => fact(source, dependencies, &mut found),
            Place::Room(room) => {
                imports(source, room, &mut found);
                if room == "machine" {
                    machine(source, &mut found);
                }
            }
            Place::Nowhere => report(
                &mut found,
                source,
                1,
                "belongs to no room of the floor table",
            ),
        }
    }
    cycles(&built, &mut found);
    sizes(&built, &mut found);
    found
}

/// Returns a violation for every room of the floor table that is not there.
pub(super) fn missing_rooms(sources: &[Source]) -> Vec<String> {
    let rooms: BTreeSet<String> = sources
        .iter()
        .filter_map(|source| module_of(&source.path).into_iter().next())
        .collect();
    let names = FLOORS.iter().map(|(room, _)| *room);
    let missing = names.filter(|room| !rooms.contains(*room));
    missing
        .map(|room| format!("the floor table names the room `{room}`, which is not there"))
        .collect()
}

enum Place<'a> {
    /// `lib.rs`, `main.rs` and programs of their own.
    Root,
    Fact,
    Room(&'a str),
    Nowhere,
}

fn place(source: &Source) -> Place<'_> {
    let first = source.path.split(['/', '.']).next().unwrap_or_default();
    if matches!(first, "lib" | "main" | "bin") {
        Place::Root
    } else if fact_of(&module_of(&source.path)).is_some() {
        Place::Fact
    } else if floor(first).is_some() {
        Place::Room(first)
    } else {
        Place::Nowhere
    }
}

fn floor(room: &str) -> Option<u8> {
    let mut floors = FLOORS.iter();
    floors
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}

/// Returns the fact file that a path leads into.
fn fact_of(path: &[String]) -> Option<&'static str> {
    let [room, file, ..] = path else { return None };
    let name = format!("{room}::{file}");
    FACTS.iter().copied().find(|fact| *fact == name)
}

fn report(found: &mut Vec<String>, source: &Source, line: usize, what: impl AsRef<str>) {
    found.push(format!("src/{}:{line}: {}", source.path, what.as_ref()));
}

/// What every file keeps to, also one that only tests compile.
fn form(source: &Source, found: &mut Vec<String>) {
    if !source.header {
        report(found, source, 1, "does not begin with a `//!` header");
    }
    for line in &source.detours {
        report(
            found,
            source,
            *line,
            "`#[path]` hides which file a module is",
        );
    }
    if source.path.ends_with("/mod.rs") {
        for line in &source.bodies {
            report(
                found,
                source,
                *line,
                "a `mod.rs` only declares and re-exports",
            );
        }
    }
}

fn imports(source: &Source, room: &str, found: &mut Vec<String>) {
    for Named { path, line } in &source.inner {
        let Some(target) = path.first().filter(|target| *target != room) else {
            continue;
        };
        if fact_of(path).is_some() {
            continue;
        }
        let what = match (floor(room), floor(target)) {
            (_, None) => format!("`crate::{target}` is no room of the floor table"),
            (Some(own), Some(other)) if other >= own => {
                format!("`{room}` (floor {own}) imports `{target}` (floor {other})")
            }
            _ => continue,
        };
        report(found, source, *line, what);
    }
}

fn fact(source: &Source, dependencies: &BTreeSet<String>, found: &mut Vec<String>) {
    let own = module_of(&source.path);
    for Named { path, line } in &source.inner {
        if fact_of(path).is_none() && !path.starts_with(&own) {
            let what = format!("a fact file imports `crate::{}`, no fact", path.join("::"));
            report(found, source, *line, what);
        }
    }
    for Named { path, line } in &source.outer {
        let foreign = !FACT_TYPES.iter().any(|known| path == known)
            && path.first().is_some_and(|first| {
                dependencies.contains(first) && !FACT_CRATES.contains(&&**first)
            });
        if foreign || is_effect(path) {
            let what = format!("a fact file uses `{}`", path.join("::"));
            report(found, source, *line, what);
        }
    }
}

fn machine(source: &Source, found: &mut Vec<String>) {
    for Named { path, line } in &source.inner {
        // The clock's types, not its functions: what time it is comes from outside.
        let clock_type = matches!(&**path, [clock, .., name]
            if clock == "clock" && name.starts_with(char::is_uppercase));
        // Defects on purpose stand where they would happen, and are constants outside of tests.
        let own = path
            .first()
            .is_some_and(|room| room == "machine" || room == "mutant");
        if !own && !clock_type && fact_of(path).is_none() {
            let what = format!("the machine imports `crate::{}`, no fact", path.join("::"));
            report(found, source, *line, what);
        }
    }
    for Named { path, line } in &source.outer {
        if is_effect(path) {
            report(
                found,
                source,
                *line,
                format!("the machine uses `{}`", path.join("::")),
            );
        }
    }
    for line in &source.waits {
        report(found, source, *line, "the machine waits for nothing");
    }
}

fn is_effect(path: &[String]) -> bool {
    match path {
        [std, module, ..] if std == "std" => EFFECTS.contains(&&**module),
        [first, ..] => EFFECT_CRATES.contains(&&**first),
        [] => false,
    }
}

/// Reports circles between rooms. A fact file stands for itself: its room may import what imports
/// the fact.
fn cycles(sources: &[&Source], found: &mut Vec<String>) {
    let node = |path: &[String]| {
        fact_of(path).map_or_else(|| path.first().cloned(), |fact| Some(fact.to_owned()))
    };
    let mut edges: BTreeMap<String, BTreeMap<String, (&Source, usize)>> = BTreeMap::new();
    for source in sources {
        let Some(from) = node(&module_of(&source.path)) else {
            continue;
        };
        for named in &source.inner {
            if let Some(to) = node(&named.path).filter(|to| *to != from) {
                let place = (*source, named.line);
                edges
                    .entry(from.clone())
                    .or_default()
                    .entry(to)
                    .or_insert(place);
            }
        }
    }
    let mut done = BTreeSet::new();
    for start in edges.keys() {
        // What a circle needs is a way back to where it begins; each is reported at its first room.
        let mut way = vec![start.clone()];
        let mut seen = done.clone();
        if let Some((source, line)) = way_back(start, start, &edges, &mut seen, &mut way) {
            let what = format!("a circle: {}", way.join(" → "));
            report(found, source, line, what);
        }
        done.insert(start.clone());
    }
}

/// Finds a way from `at` back to `start` past nothing that was seen; returns where it is closed.
fn way_back<'a>(
    at: &str,
    start: &str,
    edges: &BTreeMap<String, BTreeMap<String, (&'a Source, usize)>>,
    seen: &mut BTreeSet<String>,
    way: &mut Vec<String>,
) -> Option<(&'a Source, usize)> {
    for (to, place) in edges.get(at)? {
        if to == start {
            way.push(to.clone());
            return Some(*place);
        }
        if seen.insert(to.clone()) {
            way.push(to.clone());
            if let Some(place) = way_back(to, start, edges, seen, way) {
                return Some(place);
            }
            way.pop();
        }
    }
    None
}

fn sizes(sources: &[&Source], found: &mut Vec<String>) {
    let mut large = Vec::new();
    for source in sources {
        let lines = source.code_lines;
        if lines > LARGEST {
            report(
                found,
                source,
                1,
                format!("{lines} lines of code, more than {LARGEST}"),
            );
        }
        if lines > LARGE {
            large.push(format!("{} ({lines})", source.path));
        }
    }
    let total: usize = sources.iter().map(|source| source.code_lines).sum();
    let in_large: usize = sources
        .iter()
        .map(|source| source.code_lines)
        .filter(|lines| *lines > LARGE)
        .sum();
    if in_large * 100 > total * LARGE_PERCENT {
        found.push(format!(
            "src: {in_large} of {total} lines of code, more than {LARGE_PERCENT} %, are in files \
             above {LARGE}: {}",
            large.join(", ")
        ));
    }
}
