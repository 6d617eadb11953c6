//! Whether two write scopes may touch the same file: a pure comparison of globs.

/// Returns whether two lists of globs may name the same file.
///
/// Only what stands before the first wildcard is compared, so the answer errs towards yes. A
/// ticket without paths has no declared scope, and overlaps nothing.
pub fn overlap(a: &[String], b: &[String]) -> bool {
    a.iter().any(|a| b.iter().any(|b| may_meet(a, b)))
}

fn may_meet(a: &str, b: &str) -> bool {
    let wild = |part: &str| part.contains(['*', '?', '[', '{']);
    let mut left = a.trim_start_matches("./").split('/');
    let mut right = b.trim_start_matches("./").split('/');
    loop {
        match (left.next(), right.next()) {
            (Some(a), Some(b)) if wild(a) || wild(b) => return true,
            (Some(a), Some(b)) if a == b => {}
            (Some(_), Some(_)) => return false,
            // One is a folder above the other, or the same file.
            (None, _) | (_, None) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn scopes_overlap_when_a_file_could_be_in_both() {
        for (a, b, expected) in [
            ("src/**", "src/a.rs", true),
            ("src/a/**", "src/b/**", false),
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/b.rs", false),
            ("**/*.sql", "db/x.rs", true),
            ("src", "src/deep/file.rs", true),
            ("docs/**", "src/**", false),
        ] {
            assert_eq!(
                overlap(&[a.to_owned()], &[b.to_owned()]),
                expected,
                "{a} {b}"
            );
        }
        assert!(!overlap(&[], &["src/**".to_owned()]));
    }
}
