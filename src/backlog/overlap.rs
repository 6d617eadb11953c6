//! Whether two tickets may write the same file.
//!
//! Two globs meet when some path matches both. Deciding that exactly is not worth its code: what
//! is compared is the literal beginning, and everything else counts as a meeting.

/// The characters that end the literal part of a glob.
const WILD: [char; 6] = ['*', '?', '[', '{', '\\', '!'];

/// Returns whether two lists of path globs may match the same file; when unsure, they may.
///
/// A ticket without paths has not said where it writes. It may write anywhere, and so may every
/// other, but to hold all tickets because one says nothing would stop the night: it overlaps with
/// none.
pub fn overlap(a: &[String], b: &[String]) -> bool {
    a.iter().any(|a| b.iter().any(|b| may_meet(a, b)))
}

/// Compares two globs part by part up to the first wild part; a path that is the beginning of the
/// other may be the folder that it lies in.
fn may_meet(a: &str, b: &str) -> bool {
    for (a, b) in parts(a).zip(parts(b)) {
        match (literal_prefix(a), literal_prefix(b)) {
            (None, None) if a == b => {}
            (None, None) => return false,
            (None, Some(prefix)) => return a.starts_with(prefix),
            (Some(prefix), None) => return b.starts_with(prefix),
            (Some(a), Some(b)) => return a.starts_with(b) || b.starts_with(a),
        }
    }
    true
}

fn parts(glob: &str) -> impl Iterator<Item = &str> {
    glob.split('/')
        .filter(|part| !part.is_empty() && *part != ".")
}

/// Returns what a wild part must begin with; `None` when the part is not wild.
fn literal_prefix(part: &str) -> Option<&str> {
    part.find(WILD).map(|at| part.get(..at).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use globset::Glob;
    use proptest::prelude::*;

    use super::*;

    fn check(a: &str, b: &str) -> bool {
        let list = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            overlap(&list(a), &list(b)),
            overlap(&list(b), &list(a)),
            "{a} / {b}"
        );
        overlap(&list(a), &list(b))
    }

    #[test]
    fn literal_parts_keep_tickets_apart_and_wild_ones_bring_them_together() {
        for (a, b) in [
            ("src/**", "src/auth/login.rs"),
            ("src/auth/**", "src/auth"),
            ("**/*.sql", "src/db/schema.sql"),
            ("src/*.rs", "src/*.rs"),
            ("src/a*", "src/ab*"),
            ("{src,tests}/**", "docs/x"),
            ("docs/** src/x.rs", "src/x.rs"),
            ("./src/a", "src//a"),
            ("**", "x"),
        ] {
            assert!(check(a, b), "{a} / {b}");
        }
        for (a, b) in [
            ("src/**", "tests/**"),
            ("src/auth/**", "src/authz/**"),
            ("src/a.rs", "src/b.rs"),
            ("src/a*.rs", "src/b*.rs"),
            ("src/a*/x", "src/bc/x"),
            ("", "src/**"),
            ("", ""),
        ] {
            assert!(!check(a, b), "{a} / {b}");
        }
    }

    proptest! {
        #[test]
        fn globs_that_match_one_path_overlap(
            path in "[ab]{1,2}(/[ab]{1,2}){0,2}",
            a in "([ab]{1,2}|\\*|\\*\\*|a\\*|\\?b|\\{a,b\\})(/([ab]{1,2}|\\*|\\*\\*|b\\*)){0,2}",
            b in "([ab]{1,2}|\\*|\\*\\*|a\\*|\\?b|\\{a,b\\})(/([ab]{1,2}|\\*|\\*\\*|b\\*)){0,2}",
        ) {
            let matches = |glob: &str| Glob::new(glob).unwrap().compile_matcher().is_match(&path);
            if matches(&a) && matches(&b) {
                prop_assert!(overlap(std::slice::from_ref(&a), std::slice::from_ref(&b)), "{} {} {}", a, b, path);
            }
        }
    }
}
