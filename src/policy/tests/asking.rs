//! The points `ticket`, `ask` and `tool`: which rule decides, and on what.

use super::ground::{contract, facts, owned, question, ticket};
use crate::{
    policy::{Action, AskDecision, Policy, Scope},
    say::utterance::Question,
};

const RULES: &str = r"
[[rule]]
id = 'exception'
on = ['ticket']
tickets = ['T-7']
any = ['legacy']
action = 'proceed'

[[rule]]
id = 'schema'
on = ['ticket', 'ask']
any = ['(?i)\bdrop\s+table\b', '(?i)\bschema change\b']
unless = ['(?i)\bjson[- ]schema change\b']
paths = ['**/migrations/**']
action = 'park'
category = 'schema'
scope = 'repo'
because = 'Expensive.'

[[rule]]
id = 'both'
on = ['ticket']
all = ['red', 'green']
action = 'park'

[[rule]]
id = 'label'
on = ['ticket']
labels = ['Security']
action = 'halt'
";

/// Returns the id of the rule that decides on a ticket, or nothing.
fn rule(policy: &Policy, id: &str, text: &str, labels: &[&str], paths: &[&str]) -> String {
    let mut ticket = ticket("Title", text);
    ticket.facts.id = id.parse().unwrap();
    ticket.facts.labels = owned(labels);
    ticket.facts.paths = owned(paths);
    policy.at_ticket(&ticket).rule.unwrap_or_default()
}

#[test]
fn the_first_matching_rule_decides_on_a_ticket() {
    let policy = contract(RULES);
    for (id, text, labels, paths, expected) in [
        ("T-1", "nothing of it", &[][..], &[][..], ""),
        ("T-1", "Drop  Table users", &[], &[], "schema"),
        ("T-7", "drop table legacy", &[], &[], "exception"),
        ("T-8", "drop table legacy", &[], &[], "schema"),
        ("T-7", "drop table users", &[], &[], "schema"),
        // Words that `unless` takes out do not match; another real one does.
        ("T-1", "a JSON schema change", &[], &[], ""),
        (
            "T-1",
            "a json-schema change, then a schema change",
            &[],
            &[],
            "schema",
        ),
        // A path is an alternative to the text, and `unless` does not excuse it.
        (
            "T-1",
            "a json schema change",
            &[],
            &["db/migrations/1.sql"],
            "schema",
        ),
        ("T-1", "x", &[], &["db/migrations"], "schema"),
        // All of `all`, one of the labels, in any case.
        ("T-1", "red", &[], &[], ""),
        ("T-1", "red and green", &[], &[], "both"),
        ("T-1", "x", &["bug", "SECURITY"], &[], "label"),
    ] {
        let found = rule(&policy, id, text, labels, paths);
        assert_eq!(found, expected, "{id} {text:?} {labels:?} {paths:?}");
    }
}

#[test]
fn a_gap_left_by_unless_cannot_be_reached_across() {
    let policy = contract(RULES);
    assert_eq!(
        rule(&policy, "T-1", "drop json schema change table", &[], &[]),
        ""
    );
}

#[test]
fn a_decision_names_rule_line_words_and_consequence() {
    let decision = contract(RULES).at_ticket(&ticket("Drop table a", ""));
    assert_eq!(decision.rule.as_deref(), Some("schema"));
    assert_eq!(decision.line, Some(9));
    assert_eq!(decision.action, Action::Park);
    assert_eq!(decision.category, "schema");
    assert_eq!(decision.scope, Scope::Repo);
    assert_eq!(decision.because, "Expensive.");
    assert_eq!(decision.matched, ["Drop table"]);
}

#[test]
fn long_matches_are_cut() {
    let policy = contract("[[rule]]\nid='a'\non=['ticket']\nany=['ä+']\naction='park'");
    let decision = policy.at_ticket(&ticket("t", &"ä".repeat(500)));
    let lengths: Vec<usize> = decision
        .matched
        .iter()
        .map(|word| word.chars().count())
        .collect();
    assert_eq!(lengths, [200]);
}

const ASKING: &str = r"
[[answer]]
ask = '(?i)which test framework'
say = 'The one in use.'

[[rule]]
id = 'names'
on = ['ask']
any = ['name']
action = 'proceed'

[[rule]]
id = 'stop'
on = ['ask']
any = ['production key']
action = 'halt'

[[rule]]
id = 'money'
on = ['ask']
any = ['price']
action = 'park'
category = 'money'
";

#[test]
fn a_question_is_answered_assumed_parked_or_stops_the_night() {
    let policy = contract(ASKING);
    let ask = |text: &str| policy.at_ask(&facts("T-1"), &question(text));
    let AskDecision::Answer(answer) = ask("Which test framework, by name?") else {
        panic!("a standing answer comes before any rule");
    };
    assert_eq!(
        (answer.say.as_str(), answer.index, answer.line),
        ("The one in use.", 0, 2)
    );
    assert!(
        matches!(ask("Which name?"), AskDecision::Assume { decision } if decision.line == Some(6))
    );
    assert!(matches!(
        ask("May I use the production key?"),
        AskDecision::Halt(_)
    ));
    assert!(matches!(ask("Which price?"), AskDecision::Park(d) if d.category == "money"));
    // Nobody is there to answer what no rule covers.
    let AskDecision::Park(decision) = ask("Tabs or spaces?") else {
        panic!("an uncovered question parks");
    };
    assert_eq!((decision.action, decision.rule), (Action::Park, None));
}

#[test]
fn the_options_and_the_reason_of_a_question_count() {
    let policy = contract(ASKING);
    let asked = Question {
        options: owned(&["keep it", "raise the price"]),
        ..question("How to go on?")
    };
    assert!(
        matches!(policy.at_ask(&facts("T-1"), &asked), AskDecision::Park(d) if d.category == "money")
    );
    let asked = Question {
        because: Some("the price differs".to_owned()),
        ..question("How to go on?")
    };
    assert!(
        matches!(policy.at_ask(&facts("T-1"), &asked), AskDecision::Park(d) if d.category == "money")
    );
}

#[test]
fn a_tool_call_is_judged_by_its_command_and_its_paths() {
    let policy = contract(
        r"
[[rule]]
id = 'dry'
on = ['tool']
any = ['push --dry-run']
action = 'allow'

[[rule]]
id = 'push'
on = ['tool']
any = ['git push']
paths = ['**/.ssh/**']
action = 'deny'

[[rule]]
id = 'rest'
on = ['tool']
tickets = ['T-2']
action = 'halt'
",
    );
    let unconditional = policy.at_tool(&facts("T-2"), "shell", "ls");
    assert_eq!(unconditional.action, Action::Halt);
    assert_eq!(unconditional.matched, ["shell"], "the tool is all there is");
    for (input, expected) in [
        ("git push", Action::Deny),
        (
            r#"{"steps": [{"run": "git push"}, 3, true, null]}"#,
            Action::Deny,
        ),
        ("git push --dry-run", Action::Proceed),
        (
            r#"{"command": "git push", "description": "x"}"#,
            Action::Deny,
        ),
        (r#"{"command": ["git", "push"]}"#, Action::Deny),
        (
            r#"{"command": "ls", "description": "not git push"}"#,
            Action::Proceed,
        ),
        (r#"{"file_path": "/root/.ssh/id"}"#, Action::Deny),
        (r#"{"content": "see /root/.ssh/id"}"#, Action::Proceed),
        ("cat '/root/.ssh/id'", Action::Deny),
        ("{ not json", Action::Proceed),
    ] {
        let decision = policy.at_tool(&facts("T-1"), "shell", input);
        assert_eq!(decision.action, expected, "{input}");
    }
}
