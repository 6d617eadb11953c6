//! The environment of a gate: where tools are, made non-interactive. Nothing in it is a credential,
//! leads to a model, or points its tools at another repository or build.

use std::ffi::{OsStr, OsString};

use crate::sandbox::is_ordinary;

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

/// Returns the environment for gates, sorted by name: of the inherited one what says where tools are,
/// and the variables that are named in `more`.
pub fn environment(base: &[(OsString, OsString)], more: &[String]) -> Vec<(OsString, OsString)> {
    let is_set = |name: &OsStr| SET.iter().any(|(set, _)| name == *set);
    let is_named = |name: &OsStr| more.iter().any(|named| name == named.as_str());
    let mut environment: Vec<_> = base
        .iter()
        .filter(|(name, _)| !is_set(name) && (is_ordinary(name) || is_named(name)))
        .cloned()
        .chain(SET.map(|(name, value)| (name.into(), value.into())))
        .collect();
    environment.sort();
    environment
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
            ("OPENAI_API_KEY", "key"),
            ("NAMED", "yes"),
            ("NIGHTSHIFT_NOW", "2026-11-20T00:00:00Z"),
        ]
        .map(|(name, value)| (name.into(), value.into()));
        let environment = environment(&base, &["NAMED".to_owned()]);
        let kept: Vec<_> = environment
            .iter()
            .filter(|(name, _)| !SET.iter().any(|(set, _)| name == *set))
            .map(|(name, _)| name.to_str().unwrap())
            .collect();
        assert_eq!(
            kept,
            ["CARGO_TARGET_DIR", "GIT_AUTHOR_NAME", "NAMED", "PATH"]
        );
        let term: Vec<_> = environment
            .iter()
            .filter(|(name, _)| name == "TERM")
            .collect();
        assert_eq!(term, [&("TERM".into(), "dumb".into())]);
    }
}
