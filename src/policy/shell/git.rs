//! git as people and scripts disguise it: global options, aliases, verbs that run other commands.

use super::scope::Field;

/// Global options whose value is the next word.
const VALUED: &[&str] = &[
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--exec-path",
    "--super-prefix",
    "--config-env",
    "--attr-source",
    "--list-cmds",
];

/// A call of git without what stands between name and verb.
pub(super) struct Git {
    /// `git`, the verb and its arguments.
    pub(super) words: Vec<Field>,
    /// The settings given by `-c name=value` or `--config-env`.
    pub(super) settings: Vec<Field>,
    /// Texts that it runs by a shell.
    pub(super) scripts: Vec<Field>,
}

/// Reads the words of a call of git.
pub(super) fn read(words: &[Field]) -> Git {
    let mut git = Git {
        words: words.iter().take(1).cloned().collect(),
        settings: Vec::new(),
        scripts: Vec::new(),
    };
    let mut rest = words.get(1..).unwrap_or_default();
    while let Some((option, more)) = rest.split_first() {
        let text = option.text.as_str();
        if !text.starts_with('-') {
            break;
        }
        rest = more;
        if VALUED.contains(&text) {
            if let Some((value, more)) = rest.split_first() {
                if matches!(text, "-c" | "--config-env") {
                    git.settings.push(value.clone());
                }
                rest = more;
            }
        } else if let Some(value) = text.strip_prefix("-c").filter(|it| it.contains('=')) {
            git.settings.push(option.behind(text.len() - value.len()));
        } else if matches!(text, "--version" | "--help" | "-h" | "-v") {
            git.words.push(option.clone());
        }
    }
    let alias = rest
        .first()
        .and_then(|verb| alias(&git.settings, &verb.text));
    match alias {
        Some((script, true)) => git.scripts.push(script),
        Some((words, false)) => {
            let words = words.text.split_whitespace().map(Field::literal);
            git.words.extend(words);
            git.words.extend(rest.iter().skip(1).cloned());
        }
        None => git.words.extend(rest.iter().cloned()),
    }
    git.scripts.extend(scripts(&git.words));
    git
}

/// Returns what an alias stands for, and whether a shell runs it.
fn alias(settings: &[Field], verb: &str) -> Option<(Field, bool)> {
    settings.iter().rev().find_map(|setting| {
        let (name, value) = setting.text.split_once('=')?;
        let alias = name.get(..6)?.eq_ignore_ascii_case("alias.");
        if !alias || !name.get(6..)?.eq_ignore_ascii_case(verb) {
            return None;
        }
        let value = setting.behind(setting.text.len() - value.len());
        Some(shell(&value))
    })
}

fn shell(value: &Field) -> (Field, bool) {
    match value.text.trim_start().strip_prefix('!') {
        Some(script) => (value.behind(value.text.len() - script.len()), true),
        None => (value.clone(), false),
    }
}

/// Returns the texts that a verb runs.
fn scripts(words: &[Field]) -> Vec<Field> {
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let rest = words.get(2..).unwrap_or_default();
    let mut found = Vec::new();
    match (text(1), text(2)) {
        ("submodule", _) => {
            let at = rest.iter().position(|word| word.text == "foreach");
            let command = at.map(|at| rest.get(at + 1..).unwrap_or_default());
            let command = command.unwrap_or_default().iter();
            let command: Vec<&str> = command
                .map(|word| word.text.as_str())
                .skip_while(|word| word.starts_with("--"))
                .collect();
            if !command.is_empty() {
                found.push(Field::literal(command.join(" ")));
            }
        }
        ("rebase" | "filter-branch" | "difftool" | "mergetool", _) => {
            let runs = |word: &str| {
                matches!(
                    word,
                    "-x" | "--exec" | "--extcmd" | "--msg-filter" | "--setup"
                ) || word.ends_with("-filter")
            };
            for (at, word) in rest.iter().enumerate() {
                if runs(&word.text) {
                    found.extend(rest.get(at + 1).cloned());
                } else if let Some((option, value)) = word.text.split_once('=')
                    && runs(option)
                {
                    found.push(word.behind(word.text.len() - value.len()));
                }
            }
        }
        // An alias that is kept is judged by what it will do.
        ("config", _) => {
            let name = rest
                .iter()
                .position(|word| word.text.to_lowercase().starts_with("alias."));
            if let Some(value) = name.and_then(|at| rest.get(at + 1)) {
                found.push(match shell(value) {
                    (script, true) => script,
                    (words, false) => Field::literal(format!("git {}", words.text)),
                });
            }
        }
        _ => {}
    }
    found
}
