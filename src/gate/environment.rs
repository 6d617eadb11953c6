//! The environment of a gate: the inherited one, made non-interactive, without what would point
//! its tools at another repository or build.

use std::ffi::{OsStr, OsString};

/// Set for every gate: nothing asks, pages, edits or colours.
const SET: [(&str, &str); 10] = [
    ("CI", "true"),
    ("DEBIAN_FRONTEND", "noninteractive"),
    ("EDITOR", "true"),
    ("GIT_EDITOR", "true"),
    ("GIT_PAGER", "cat"),
    ("GIT_SEQUENCE_EDITOR", "true"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("TERM", "dumb"),
];

/// Removed: which repository, index, objects and configuration git uses, and what cargo tells a
/// program that it runs (nightshift may itself be run so).
const REMOVED: [&str; 13] = [
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
    "RUST_RECURSION_COUNT",
    "VISUAL",
    "GIT_SHALLOW_FILE",
];

/// The same, by how they begin.
const REMOVED_PREFIXES: [&str; 6] = [
    "CARGO_BIN_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "GIT_CEILING_",
    "GIT_CONFIG",
    "NIGHTSHIFT_",
];

/// Returns the environment for gates, from the inherited one, sorted by name.
pub fn environment(base: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    let is_set = |name: &OsStr| SET.iter().any(|(set, _)| name == *set);
    let mut environment: Vec<_> = base
        .iter()
        .filter(|(name, _)| !is_set(name) && !is_removed(name))
        .cloned()
        .chain(SET.map(|(name, value)| (name.into(), value.into())))
        .collect();
    environment.sort();
    environment
}

fn is_removed(name: &OsStr) -> bool {
    let bytes = name.as_encoded_bytes();
    REMOVED.iter().any(|removed| name == *removed)
        || (REMOVED_PREFIXES.iter()).any(|prefix| bytes.starts_with(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_does_no_harm() {
        let base = [
            ("PATH", "/bin"),
            ("TERM", "xterm"),
            ("GIT_DIR", "/x/.git"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
            ("GIT_AUTHOR_NAME", "A"),
            ("CARGO_PKG_NAME", "nightshift"),
            ("CARGO_MANIFEST_DIR", "/x"),
            ("CARGO_TARGET_DIR", "/cache"),
            ("NIGHTSHIFT_NOW", "2026-11-20T00:00:00Z"),
        ]
        .map(|(name, value)| (name.into(), value.into()));
        let environment = environment(&base);
        let kept: Vec<_> = environment
            .iter()
            .filter(|(name, _)| !SET.iter().any(|(set, _)| name == *set))
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(kept, ["CARGO_TARGET_DIR", "GIT_AUTHOR_NAME", "PATH"]);
        let term: Vec<_> = environment
            .iter()
            .filter(|(name, _)| name == "TERM")
            .collect();
        assert_eq!(term, [&("TERM".into(), "dumb".into())]);
    }
}
