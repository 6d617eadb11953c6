//! Globs over paths inside the repository, in the two readings that the contract has.
//!
//! [`Globs::search`] is for those who look for files (rules, `[gate] protect`), and reads as a
//! `.gitignore` does: a glob without a `/` matches at any depth, a leading `/` ties it to the
//! root. [`Globs::fence`] is for a ticket's own paths: always tied to the root. In both, `*` stays
//! inside one folder, `**` crosses folders, and a glob that matches a folder takes all that is in
//! it.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// A glob that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is not a usable glob: {reason}")]
pub struct BadGlob {
    /// The glob as written.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Some globs, asked together.
#[derive(Debug, Clone)]
pub(super) struct Globs {
    set: GlobSet,
    written: Vec<String>,
}

impl Globs {
    /// Returns globs that look for files, in a `.gitignore`'s reading.
    pub(super) fn search<S: AsRef<str>>(written: &[S]) -> Result<Self, BadGlob> {
        let mut set = GlobSetBuilder::new();
        for glob in written {
            search_one(glob.as_ref(), &mut set)?;
        }
        let written: Vec<String> = written.iter().map(|glob| glob.as_ref().into()).collect();
        let set = set.build().map_err(|error| BadGlob {
            glob: written.join(", "),
            reason: error.kind().to_string(),
        })?;
        Ok(Self { set, written })
    }

    /// Returns a ticket's own paths. Each is taken both as a glob and to the letter, because real
    /// paths hold brackets (`app/[id]/page.tsx`); one that is no glob is taken to the letter only.
    pub(super) fn fence(written: &[String]) -> Self {
        let mut set = GlobSetBuilder::new();
        for path in written {
            let path = path.trim().trim_start_matches("./").trim_matches('/');
            let letters = globset::escape(path);
            for glob in [path, &letters] {
                for glob in [glob.to_owned(), format!("{glob}/**")] {
                    if let Ok(glob) = compile(&glob) {
                        set.add(glob);
                    }
                }
            }
        }
        Self {
            set: set.build().unwrap_or_default(),
            written: written.to_vec(),
        }
    }

    /// Returns whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Returns the globs as written.
    pub(super) fn written(&self) -> &[String] {
        &self.written
    }

    /// Returns whether one of them matches this path of a file.
    pub(super) fn matches(&self, path: &str) -> bool {
        self.set.is_match(path.trim_start_matches("./"))
    }

    /// Returns whether one of them matches this path of a ticket: a file, a folder or a glob. A
    /// glob is taken as it is written: `db/migrations/**` is a path with `migrations` in it.
    pub(super) fn matches_ticket_path(&self, path: &str) -> bool {
        let path = path.trim().trim_matches('/');
        // A folder is what all of its files would be.
        self.matches(path) || self.matches(&format!("{path}/\u{fffd}"))
    }
}

/// Returns what is wrong with one glob, if anything.
pub(super) fn check(glob: &str) -> Result<(), BadGlob> {
    search_one(glob, &mut GlobSetBuilder::new())
}

fn search_one(written: &str, set: &mut GlobSetBuilder) -> Result<(), BadGlob> {
    let bad = |reason: &str| BadGlob {
        glob: written.to_owned(),
        reason: reason.to_owned(),
    };
    if written.starts_with('!') {
        return Err(bad(
            "there is no negation; an exception is a rule placed above",
        ));
    }
    let path = written.trim_start_matches("./");
    let bare = path.trim_matches('/');
    if bare.is_empty() {
        return Err(bad("it is empty"));
    }
    let glob = if path.trim_end_matches('/').contains('/') {
        bare.to_owned()
    } else {
        format!("**/{bare}")
    };
    let inside = format!("{glob}/**");
    for glob in [glob, inside] {
        set.add(compile(&glob).map_err(|error| bad(&error.kind().to_string()))?);
    }
    Ok(())
}

fn compile(glob: &str) -> Result<globset::Glob, globset::Error> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
}

#[cfg(test)]
mod tests {
    use super::Globs;

    #[test]
    fn a_search_reads_as_a_gitignore() {
        for (glob, path, expected) in [
            ("*.sql", "db/1.sql", true),
            ("*.sql", "1.sql", true),
            ("/policy.toml", "policy.toml", true),
            ("/policy.toml", "templates/policy.toml", false),
            ("policy.toml", "templates/policy.toml", true),
            ("docs/*", "docs/a.md", true),
            ("docs/*", "a/docs/a.md", false),
            ("docs", "docs/deep/a.md", true),
            ("docs/", "docs/deep/a.md", true),
            ("**/migrations/**", "migrations/1.py", true),
            ("**/migrations/**", "app/db/migrations/1.py", true),
            ("**/migrations/**", "docs/migrations.md", false),
            ("src/*.rs", "src/a/b.rs", false),
            ("./src/*.rs", "src/b.rs", true),
            ("**/.ssh/**", "/root/.ssh/id", true),
        ] {
            let globs = Globs::search(&[glob]).unwrap();
            assert_eq!(globs.matches(path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn bad_globs_are_refused() {
        for bad in ["", "/", "a[", "{a", "!docs/**"] {
            assert!(Globs::search(&[bad]).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_fence_is_tied_to_the_root_and_takes_brackets_to_the_letter() {
        for (glob, path, expected) in [
            ("README.md", "README.md", true),
            ("README.md", "docs/README.md", false),
            ("src/users", "src/users/a.rs", true),
            ("./src/users/", "src/users/a.rs", true),
            ("src/**", "src/a/b.rs", true),
            ("app/[id]/page.tsx", "app/[id]/page.tsx", true),
            ("a[", "a[", true),
            ("src/users", "src/users2/a.rs", false),
        ] {
            let fence = Globs::fence(&[glob.to_owned()]);
            assert_eq!(fence.matches(path), expected, "{glob} on {path}");
        }
    }

    #[test]
    fn a_ticket_path_may_be_a_folder_or_a_glob() {
        let globs = Globs::search(&["**/migrations/**", "*.sql"]).unwrap();
        for (path, expected) in [
            ("persistence/sql/migrations", true),
            ("db/migrations/**", true),
            ("db/*.sql", true),
            ("docs/migration-guide.md", false),
            ("src/**", false),
        ] {
            assert_eq!(globs.matches_ticket_path(path), expected, "{path}");
        }
    }
}
