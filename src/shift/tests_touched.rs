//! Which changed files are tests: by the names that languages give them.

use crate::repo::id::{Change, ChangeKind};

/// How many are named.
const MOST: usize = 5;

/// Returns the existing tests among the changed files, the first few.
///
/// A new test is no reason to look; a changed or deleted one is.
pub(super) fn existing_tests<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<String> {
    changes
        .filter(|change| change.kind != ChangeKind::Added && is_test(&change.path))
        .map(|change| change.path.clone())
        .take(MOST)
        .collect()
}

fn is_test(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    let file = parts.pop().unwrap_or_default();
    if parts
        .iter()
        .any(|part| matches!(*part, "test" | "tests" | "__tests__" | "spec" | "specs"))
    {
        return true;
    }
    let stem = file.split('.').next().unwrap_or_default();
    stem == "conftest"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || file.contains(".test.")
        || file.contains(".spec.")
}

#[cfg(test)]
mod tests {
    use super::is_test;

    #[test]
    fn tests_are_known_by_their_names() {
        for path in [
            "tests/a.rs",
            "src/test_x.py",
            "x_test.go",
            "a/b.test.ts",
            "spec/m.rb",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "src/contest.rs",
            "latest.md",
            "src/attest/a.c",
            "docs/testing.md",
        ] {
            assert!(!is_test(path), "{path}");
        }
    }
}
