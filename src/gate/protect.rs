//! Files that judge the work: a change to one is for a human to see.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::repo::id::Change;

/// A pattern that is not a glob.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the pattern `{pattern}`")]
pub struct GlobError {
    /// The pattern as written.
    pub pattern: String,
    /// What is wrong with it.
    #[source]
    pub source: globset::Error,
}

/// Patterns of protected files.
#[derive(Debug, Clone)]
pub struct Protected {
    globs: GlobSet,
}

impl Protected {
    /// Compiles patterns of repository paths, read as in a `.gitignore`: `*` stays within a
    /// folder and `**` does not, a pattern without `/` matches at any depth, and what matches a
    /// folder matches all that is in it.
    ///
    /// # Errors
    /// The first pattern that is not a glob.
    pub fn new(globs: &[String]) -> Result<Self, GlobError> {
        let mut set = GlobSetBuilder::new();
        let failed = |pattern: &str, source| GlobError {
            pattern: pattern.to_owned(),
            source,
        };
        for pattern in globs {
            let path = pattern.trim().trim_end_matches('/');
            let anchored = match path.strip_prefix('/') {
                Some(path) => path.to_owned(),
                None if path.contains('/') => path.to_owned(),
                None => format!("**/{path}"),
            };
            for glob in [format!("{anchored}/**"), anchored] {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .build()
                    .map_err(|source| failed(pattern, source))?;
                set.add(glob);
            }
        }
        let globs = set
            .build()
            .map_err(|source| failed(&globs.join(", "), source))?;
        Ok(Self { globs })
    }

    /// Returns whether a repository path is protected.
    pub fn is_match(&self, path: &str) -> bool {
        self.globs.is_match(path)
    }

    /// Returns the paths of the protected files among these changes, in their order.
    pub fn touched(&self, changes: &[Change]) -> Vec<String> {
        changes
            .iter()
            .filter(|change| self.is_match(&change.path))
            .map(|change| change.path.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::id::ChangeKind;

    #[test]
    fn patterns_match_as_in_a_gitignore() {
        let cases = [
            ("tests/**", "tests/a.rs", true),
            ("tests/**", "tests/deep/a.rs", true),
            ("tests/**", "src/tests/a.rs", false),
            ("tests/", "src/tests/a.rs", true),
            ("/tests", "src/tests/a.rs", false),
            ("/tests", "tests/a.rs", true),
            (".ci/**", ".ci/run", true),
            (".ci/*", ".ci/deep/run", true),
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/deep/a.rs", false),
            ("conftest.py", "a/b/conftest.py", true),
            ("*.lock", "Cargo.lock", true),
            ("**/*.snap", "a/b.snap", true),
            ("tests/**", "tests", false),
        ];
        for (pattern, path, expected) in cases {
            let protected = Protected::new(&[pattern.to_owned()]).unwrap();
            assert_eq!(protected.is_match(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn tells_which_protected_files_are_touched() {
        let change = |path: &str| Change {
            path: path.to_owned(),
            kind: ChangeKind::Deleted,
            added: 0,
            removed: 1,
        };
        let changes = ["tests/b.rs", "src/a.rs", "tests/a.rs"].map(change);
        let protected = Protected::new(&["tests/**".to_owned(), "*.rs.bk".to_owned()]).unwrap();
        assert_eq!(protected.touched(&changes), ["tests/b.rs", "tests/a.rs"]);
        assert!(Protected::new(&[]).unwrap().touched(&changes).is_empty());
        let error = Protected::new(&["a[".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "cannot read the pattern `a[`");
    }
}
