//! What the default contract says to command lines, by the lists in `fixtures/commands`.

use std::sync::LazyLock;

use super::ground::facts;
use crate::policy::{Action, Policy};

static POLICY: LazyLock<Policy> = LazyLock::new(Policy::default);

const DANGEROUS: &str = include_str!("../../../fixtures/commands/dangerous.txt");
const HARMLESS: &str = include_str!("../../../fixtures/commands/harmless.txt");

/// Returns the command lines of a list, with their lines in the file.
fn listed(list: &str) -> Vec<(usize, String)> {
    let lines = list.lines().enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| (at + 1, line.replace('⏎', "\n")))
        .collect()
}

/// Asserts what is decided on each line, and shows every wrong one at once.
fn check(name: &str, expected: Vec<(usize, Action, String)>) {
    let all = expected.len();
    let mut wrong = Vec::new();
    for (line, expected, command) in expected {
        let decision = POLICY.at_tool(&facts("T-1"), "Bash", &command);
        if decision.action != expected {
            wrong.push(format!(
                "{name}:{line}: {:?} by {:?}, not {expected:?}: {command:?}",
                decision.action, decision.rule
            ));
        }
    }
    let right = all - wrong.len();
    assert!(
        wrong.is_empty(),
        "{right} of {all} right\n{}",
        wrong.join("\n")
    );
}

#[test]
fn dangerous_commands_do_not_pass() {
    let with_action = |(line, text): (usize, String)| {
        let (action, command) = text.split_once('\t').unwrap();
        let action = match action {
            "deny" => Action::Deny,
            "halt" => Action::Halt,
            other => panic!("line {line}: {other}"),
        };
        (line, action, command.to_owned())
    };
    let expected = listed(DANGEROUS).into_iter().map(with_action).collect();
    check("dangerous.txt", expected);
}

#[test]
fn harmless_commands_pass() {
    let pass = |(line, command)| (line, Action::Proceed, command);
    check(
        "harmless.txt",
        listed(HARMLESS).into_iter().map(pass).collect(),
    );
}
