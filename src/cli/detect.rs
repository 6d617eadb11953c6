//! What a repository is: its gate, what its rooms need, and what must not be touched.

use std::{fs, path::Path};

/// A gate that was found, with what it was found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Detected {
    /// The file that gave it away.
    pub(super) by: &'static str,
    /// The gate.
    pub(super) gate: String,
    /// Commands that furnish a room.
    pub(super) setup: Vec<String>,
}

/// Returns the gate of a repository; the first that fits.
pub(super) fn detect(root: &Path) -> Option<Detected> {
    let has = |name: &str| root.join(name).is_file();
    let plain = |by, gate: &str| {
        Some(Detected {
            by,
            gate: gate.to_owned(),
            setup: Vec::new(),
        })
    };
    if has("Cargo.toml") {
        return plain("Cargo.toml", "cargo test");
    }
    if has("package.json") && has_npm_test(root) {
        let (gate, setup) = if has("pnpm-lock.yaml") {
            ("pnpm test", "pnpm install --frozen-lockfile")
        } else if has("yarn.lock") {
            ("yarn test", "yarn install --frozen-lockfile")
        } else if has("package-lock.json") {
            ("npm test", "npm ci")
        } else {
            ("npm test", "npm install")
        };
        let setup = vec![setup.to_owned()];
        return Some(Detected {
            by: "package.json",
            gate: gate.to_owned(),
            setup,
        });
    }
    if has("go.mod") {
        return plain("go.mod", "go test ./...");
    }
    for by in [
        "pyproject.toml",
        "pytest.ini",
        "tox.ini",
        "setup.cfg",
        "setup.py",
    ] {
        if has(by) {
            return plain(by, "python -m pytest -q");
        }
    }
    if has("pom.xml") {
        return plain("pom.xml", "mvn -q -B test");
    }
    if has("gradlew") {
        return plain("gradlew", "./gradlew test");
    }
    if has("mix.exs") {
        return plain("mix.exs", "mix test");
    }
    if has("Gemfile") && root.join("spec").is_dir() {
        return plain("Gemfile", "bundle exec rspec");
    }
    let makefile = ["Makefile", "makefile", "GNUmakefile"]
        .into_iter()
        .find(|name| has(name))?;
    ["test", "check"]
        .into_iter()
        .find(|target| has_target(&root.join(makefile), target))
        .and_then(|target| plain("Makefile", &format!("make {target}")))
}

fn has_npm_test(root: &Path) -> bool {
    let text = fs::read_to_string(root.join("package.json")).unwrap_or_default();
    let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) else {
        return false;
    };
    let script = value
        .pointer("/scripts/test")
        .and_then(serde_json::Value::as_str);
    // What `npm init` writes is no test.
    script.is_some_and(|script| !script.contains("no test specified"))
}

fn has_target(makefile: &Path, target: &str) -> bool {
    let text = fs::read_to_string(makefile).unwrap_or_default();
    text.lines().any(|line| {
        line.split_once(':').is_some_and(|(names, rest)| {
            !rest.starts_with('=') && names.split_whitespace().any(|name| name == target)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::detect;

    #[test]
    fn each_kind_of_project_is_known_by_its_file() {
        for (files, expected) in [
            (vec![("Cargo.toml", "")], Some("cargo test")),
            (
                vec![("package.json", r#"{"scripts":{"test":"jest"}}"#)],
                Some("npm test"),
            ),
            (
                vec![
                    ("package.json", r#"{"scripts":{"test":"x"}}"#),
                    ("pnpm-lock.yaml", ""),
                ],
                Some("pnpm test"),
            ),
            (
                vec![(
                    "package.json",
                    r#"{"scripts":{"test":"echo no test specified"}}"#,
                )],
                None,
            ),
            (vec![("go.mod", "")], Some("go test ./...")),
            (vec![("pyproject.toml", "")], Some("python -m pytest -q")),
            (
                vec![("Makefile", "all: x\n\ntest check:\n\ttrue\n")],
                Some("make test"),
            ),
            (vec![("Makefile", "TEST := 1\nall:\n")], None),
            (vec![], None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            for (name, text) in &files {
                crate::layout::write(&folder.path().join(name), text.as_bytes()).unwrap();
            }
            let found = detect(folder.path()).map(|found| found.gate);
            assert_eq!(found.as_deref(), expected, "{files:?}");
        }
    }
}
