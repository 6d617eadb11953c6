//! What the default contract says to command lines, by the lists in `fixtures/commands`.

use std::sync::LazyLock;

use super::ground::{contract, facts};
use crate::{
    diagnostic::Source,
    policy::{Action, Point, Policy, parse, parse_for},
};

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

#[test]
fn an_exception_covers_its_own_call_only() {
    let policy = contract(
        "
[[rule]]
id = 'try'
on = ['tool']
any = ['^npm publish --tag']
action = 'allow'

[[rule]]
id = 'out'
on = ['tool']
any = ['publish', 'git push']
action = 'deny'

[[rule]]
id = 'late'
on = ['tool']
any = ['^reboot']
action = 'halt'
",
    );
    let decided = |line: &str| policy.at_tool(&facts("T-1"), "Bash", line).rule;
    for (line, expected) in [
        ("npm publish --tag next", Some("try")),
        ("npm publish --tag next && git push", Some("out")),
        ("git push; npm publish --tag next", Some("out")),
        ("git push; npm publish; reboot", Some("late")),
        // Data is no command, also for a pattern that is not anchored.
        ("echo 'git push'", None),
        ("git commit -m 'no git push'", None),
        ("git 'push'", Some("out")),
        ("ls", None),
    ] {
        assert_eq!(decided(line).as_deref(), expected, "{line}");
    }
}

#[test]
fn an_opaque_rule_takes_what_cannot_be_judged_and_nothing_else() {
    let rule =
        "[[rule]]\nid = 'dark'\non = ['tool']\nopaque = true\nall = ['git']\naction = 'park'\n";
    let policy = contract(rule);
    let decided = |line: &str| policy.at_tool(&facts("T-1"), "Bash", line);
    assert_eq!(decided("git push").action, Action::Proceed);
    assert_eq!(decided("$X push").action, Action::Proceed);
    let decision = decided("git $X");
    assert_eq!(decision.action, Action::Park);
    assert_eq!(
        decision.matched,
        [
            "what it is told to do stands in a variable or a substitution",
            "git"
        ]
    );
    let off = contract(&rule.replace("true", "false"));
    assert_eq!(
        off.at_tool(&facts("T-1"), "Bash", "git push").action,
        Action::Park
    );
}

#[test]
fn the_key_opaque_is_checked() {
    for (on, value, code) in [
        ("'tool', 'ask'", "true", "misplaced-key"),
        ("'tool'", "'yes'", "wrong-type"),
    ] {
        let text = format!("[[rule]]\nid = 'a'\non = [{on}]\nopaque = {value}\naction = 'park'\n");
        let (_, problems) = parse(&Source::new("policy.toml", text));
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [code]);
    }
    // A rule for what cannot be judged leaves the rest to the rules below.
    contract(
        "[[rule]]\nid = 'a'\non = ['tool']\nopaque = true\naction = 'deny'\n
         [[rule]]\nid = 'b'\non = ['tool']\nany = ['x']\naction = 'deny'\n",
    );
}

#[test]
fn tools_for_files_are_judged_by_paths_and_not_by_contents() {
    for (tool, input, expected) in [
        (
            "Write",
            r#"{"file_path": "a.sh", "content": "git push\nsudo rm -rf /"}"#,
            None,
        ),
        (
            "Edit",
            r#"{"file_path": "a.md", "old_string": "x", "new_string": "nightshift stop"}"#,
            None,
        ),
        (
            "MultiEdit",
            r#"{"file_path": "a", "edits": [{"old_string": "a", "new_string": "git push"}]}"#,
            None,
        ),
        (
            "write_file",
            r#"{"file_path": "/home/me/.bashrc", "content": "x"}"#,
            Some("machine-commands"),
        ),
        (
            "Write",
            r#"{"file_path": "x/.claude/settings.json", "content": "x"}"#,
            Some("guards"),
        ),
        ("Read", r#"{"file_path": "/home/me/.bashrc"}"#, None),
        (
            "Read",
            r#"{"file_path": "/home/me/x/../.ssh/id_rsa"}"#,
            Some("credentials"),
        ),
        (
            "read_file",
            r#"{"path": ".nightshift/control.json"}"#,
            Some("guards"),
        ),
        (
            "str_replace_based_edit_tool",
            r#"{"command": "create", "path": "/r/.nightshift/x", "file_text": "x"}"#,
            Some("guards"),
        ),
        (
            "apply_patch",
            "*** Begin Patch\n*** Update File: .git/hooks/pre-push\n-git push",
            Some("guards"),
        ),
        (
            "apply_patch",
            r#"{"input": "*** Begin Patch\n*** Add File: a.sh\n+git push"}"#,
            None,
        ),
        (
            "shell",
            r#"{"command": ["bash", "-lc", "cd x && git push"]}"#,
            Some("outward-commands"),
        ),
        ("shell", r#"{"command": ["echo", "git push"]}"#, None),
        (
            "run_shell_command",
            r#"{"command": "git -C . push", "description": "status"}"#,
            Some("outward-commands"),
        ),
        (
            "mcp__notes__add",
            r#"{"title": "No git push at night"}"#,
            None,
        ),
        (
            "Bash",
            r#"{"command": "nightshift say note \"git push\""}"#,
            None,
        ),
    ] {
        let decision = POLICY.at_tool(&facts("T-1"), tool, input);
        assert_eq!(decision.rule.as_deref(), expected, "{tool} {input}");
    }
}

#[test]
fn an_agent_may_always_speak() {
    let policy = contract("[[rule]]\nid = 'no'\non = ['tool']\naction = 'halt'\n");
    let decided = |line: &str| policy.at_tool(&facts("T-1"), "Bash", line).action;
    assert_eq!(
        decided("nightshift say park 'Left or right?'"),
        Action::Proceed
    );
    assert_eq!(decided("/opt/bin/nightshift say done"), Action::Proceed);
    assert_eq!(decided("nightshift say done; ls"), Action::Halt);
    assert_eq!(decided("nightshift stop"), Action::Halt);
}

#[test]
fn the_rules_of_one_point_decide_there_as_all_rules_do() {
    let source = Source::new("policy.toml", Policy::default_text());
    let (tools, problems) = parse_for(&source, Point::Tool);
    assert!(problems.is_empty());
    assert!(tools.rule_ids().count() < POLICY.rule_ids().count() / 2);
    for (_, line) in listed(DANGEROUS).into_iter().step_by(7) {
        let command = line.split_once('\t').unwrap().1;
        let ask = |policy: &Policy| policy.at_tool(&facts("T-1"), "Bash", command);
        assert_eq!(ask(&tools), ask(&POLICY), "{command}");
    }
}
