//! Names of programs, without the ways to write them differently.

use super::scope::Field;

/// Shells that take `-c`.
const SHELLS: &[&str] = &[
    "sh", "bash", "zsh", "dash", "ksh", "mksh", "ash", "fish", "rbash",
];

/// Names that carry a version: `python3.12`.
const VERSIONED: &[&str] = &[
    "python", "pip", "perl", "ruby", "php", "lua", "node", "pypy",
];

/// Programs whose first argument says what they do.
const VERBS: &[&str] = &[
    "git",
    "gh",
    "hub",
    "glab",
    "npm",
    "pnpm",
    "yarn",
    "cargo",
    "docker",
    "podman",
    "kubectl",
    "helm",
    "terraform",
    "tofu",
    "pulumi",
    "systemctl",
    "aws",
    "gcloud",
    "az",
    "twine",
    "gem",
    "nightshift",
];

pub(super) fn is_shell(name: &str) -> bool {
    SHELLS.contains(&name)
}

pub(super) fn has_verbs(name: &str) -> bool {
    VERBS.contains(&name)
}

/// Returns the name by which rules know a program: without its folder when it is one of programs,
/// and without a version. A script of the repository (`./deploy.sh`) keeps its path.
pub(super) fn canonical(path: &str, name: &str) -> String {
    let folder = path.strip_suffix(name).unwrap_or_default();
    let own = !folder.is_empty()
        && !folder.starts_with(['/', '~', '$'])
        && !folder.contains("..")
        && !folder.ends_with("bin/");
    if own {
        let here = if path.starts_with("./") { "./" } else { "" };
        return format!("{here}{}", super::paths::normal(path));
    }
    // `npx vercel@latest`
    let name = name.split_once('@').map_or(name, |(package, _)| package);
    let name = if name.is_empty() { path } else { name };
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    match bare {
        "nodejs" => "node".to_owned(),
        bare if VERSIONED.contains(&bare) => bare.to_owned(),
        _ => name.to_owned(),
    }
}

/// Returns name and value of an argument like `NAME=value`.
pub(super) fn assignment(field: &Field) -> Option<(String, Field)> {
    let (name, value) = field.text.split_once('=')?;
    let letters = |c: char| c == '_' || c.is_ascii_alphanumeric();
    let named = !name.is_empty() && name.chars().all(letters);
    named.then(|| {
        (
            name.to_owned(),
            field.behind(field.text.len() - value.len()),
        )
    })
}
