//! Paths in calls, by their letters alone: no disk is asked.

use super::scope::Field;

/// Commands whose first plain argument is a pattern or a program, and no path.
const PATTERN_FIRST: &[&str] = &[
    "grep", "egrep", "fgrep", "zgrep", "rg", "ag", "ack", "sed", "awk", "jq",
];

/// Commands whose arguments are texts.
const TEXTS: &[&str] = &["echo", "printf", "[[", "((", "case", "nightshift"];

/// Returns the arguments of a call that may be paths, without `//`, `/./` and `x/..`. A word that is
/// none does no harm, because a glob must match it.
pub(super) fn arguments(words: &[Field]) -> Vec<String> {
    let Some((name, rest)) = words.split_first() else {
        return Vec::new();
    };
    let mut paths = Vec::new();
    if name.text.contains('/') {
        paths.push(normal(&name.text));
    }
    if TEXTS.contains(&name.text.as_str()) {
        return paths;
    }
    let mut skip = PATTERN_FIRST.contains(&name.text.as_str());
    for word in rest {
        if word.code {
            paths.extend(words_like_paths(&word.text));
            continue;
        }
        if word.text.contains(['\n', ' ']) {
            skip = false;
            continue;
        }
        if word.text.starts_with('-') {
            if let Some((option, value)) = word.text.split_once('=')
                && !option.contains("exclude")
                && !option.contains("ignore")
            {
                paths.push(normal(value));
            }
            continue;
        }
        if std::mem::take(&mut skip) {
            continue;
        }
        let bare = word.text.trim_start_matches('@');
        paths.push(normal(bare));
        // `if=/dev/zero`, `file=@secret`, `/host:/inside`
        for part in bare
            .split(['=', ':', ','])
            .filter(|part| part.contains('/') && *part != bare)
        {
            paths.push(normal(part.trim_start_matches('@')));
        }
    }
    paths
}

/// Returns the files that a patch in the form of `apply_patch` names.
pub(in crate::policy) fn patched(text: &str) -> Vec<String> {
    let file = |line: &str| {
        let heads = [
            "*** Add File: ",
            "*** Update File: ",
            "*** Delete File: ",
            "*** Move to: ",
        ];
        let file = heads.iter().find_map(|head| line.strip_prefix(head));
        file.map(|file| normal(file.trim()))
    };
    text.lines().filter_map(file).collect()
}

/// Returns the words of a text in a foreign language that may be paths.
fn words_like_paths(text: &str) -> Vec<String> {
    text.split(|c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '"' | '\'' | '`' | ';' | '|' | '&' | '=' | '>' | '<' | '(' | ')' | ','
            )
    })
    .filter(|word| !word.is_empty() && !word.starts_with('-'))
    .map(normal)
    .collect()
}

/// Returns a path without what means nothing in it.
pub(in crate::policy) fn normal(path: &str) -> String {
    if !path.contains('/') || path.contains("://") {
        return path.to_owned();
    }
    let root = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if root && kept.is_empty() => {}
            ".." if kept
                .last()
                .is_some_and(|last| *last != ".." && *last != "~" && !last.starts_with('$')) =>
            {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    let joined = kept.join("/");
    match (root, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// Returns a path as seen from the top, when the command stands in `place`.
pub(super) fn joined(place: &str, path: &str) -> String {
    if place.is_empty() || path.starts_with(['/', '~', '$']) {
        return normal(path);
    }
    normal(&format!("{place}/{path}"))
}
