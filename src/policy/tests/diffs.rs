//! The point `diff`: decided file by file, the most severe wins.

use super::ground::{contract, facts, file, owned};
use crate::{
    policy::{Action, ChangedFile, Decision, Policy},
    repo::id::ChangeKind,
    sandbox::Finding,
};

const RULES: &str = r"
[[rule]]
id = 'docs'
on = ['diff']
paths = ['docs/**']
action = 'proceed'

[[rule]]
id = 'harmless'
on = ['diff']
any = ['harmless']
action = 'proceed'

[[rule]]
id = 'schema'
on = ['diff']
paths = ['*.sql']
any = ['DROP TABLE']
action = 'park'

[[rule]]
id = 'keys'
on = ['diff']
any = ['PRIVATE KEY']
action = 'halt'
";

/// Returns the rule and the action over files in both orders, which must not matter.
fn decide(policy: &Policy, paths: &[&str], files: &[ChangedFile<'_>]) -> Decision {
    let mut facts = facts("T-1");
    facts.paths = owned(paths);
    let decision = policy.at_diff(&facts, files);
    let mut turned = files.to_vec();
    turned.reverse();
    assert_eq!(policy.at_diff(&facts, &turned), decision);
    decision
}

#[test]
fn the_most_severe_file_wins_and_the_first_rule_decides_on_each() {
    let policy = contract(RULES);
    for (files, expected, action) in [
        (vec![], None, Action::Proceed),
        (vec![file("src/a.rs", "x")], None, Action::Proceed),
        (vec![file("db/1.sql", "")], Some("schema"), Action::Park),
        (
            vec![file("a.rs", "DROP TABLE x")],
            Some("schema"),
            Action::Park,
        ),
        // `proceed` for the documentation excuses only the documentation.
        (
            vec![file("docs/1.sql", "DROP TABLE")],
            Some("docs"),
            Action::Proceed,
        ),
        (
            vec![file("docs/1.sql", ""), file("db/1.sql", "")],
            Some("schema"),
            Action::Park,
        ),
        (
            vec![file("db/1.sql", ""), file("k", "PRIVATE KEY")],
            Some("keys"),
            Action::Halt,
        ),
    ] {
        let decision = decide(&policy, &[], &files);
        assert_eq!(decision.rule.as_deref(), expected, "{files:?}");
        assert_eq!(decision.action, action, "{files:?}");
    }
}

#[test]
fn the_files_are_named_with_their_words_and_what_else_stands_in_the_way() {
    let files = [
        file("db/2.sql", ""),
        file("a.rs", "DROP TABLE x"),
        ChangedFile {
            kind: ChangeKind::Deleted,
            ..file("db/1.sql", "")
        },
        file("k", "PRIVATE KEY"),
    ];
    let decision = decide(&contract(RULES), &[], &files);
    assert_eq!(
        decision.matched.first().map(String::as_str),
        Some("k: PRIVATE KEY")
    );
    for word in [
        "a.rs: DROP TABLE (rule `schema`)",
        "db/1.sql (deleted) (rule `schema`)",
        "db/2.sql (rule `schema`)",
    ] {
        assert!(decision.matched.contains(&word.to_owned()), "{decision:?}");
    }
}

#[test]
fn many_files_are_counted() {
    let paths: Vec<String> = (0..30).map(|n| format!("db/{n:02}.sql")).collect();
    let files: Vec<ChangedFile<'_>> = paths.iter().map(|path| file(path, "")).collect();
    let decision = decide(&contract(RULES), &[], &files);
    assert_eq!(
        decision.matched.last().map(String::as_str),
        Some("and 22 more")
    );
}

#[test]
fn files_that_judge_the_work_park_unless_a_rule_names_their_path() {
    let policy = contract(RULES)
        .with_protected(&["tests/**", "docs/check.sh"])
        .unwrap();
    for (file, expected, category) in [
        (file("tests/a.rs", ""), Some("protected"), "gate"),
        // By its text a rule excuses nothing.
        (file("tests/a.rs", "harmless"), Some("protected"), "gate"),
        (file("docs/check.sh", ""), Some("docs"), ""),
        // A rule of the contract that parks or halts decides before.
        (file("tests/1.sql", ""), Some("schema"), ""),
        (file("tests/a.rs", "PRIVATE KEY"), Some("keys"), ""),
        (file("src/a.rs", "harmless"), Some("harmless"), ""),
        (file("src/a.rs", ""), None, ""),
    ] {
        let decision = decide(&policy, &[], &[file]);
        assert_eq!(decision.rule.as_deref(), expected, "{file:?}");
        assert_eq!(decision.category, category, "{file:?}");
    }
}

#[test]
fn files_outside_the_tickets_paths_park_unless_a_rule_names_their_path() {
    let policy = contract(RULES);
    for (paths, file, expected) in [
        (&["src/users"][..], file("src/users/a.rs", ""), None),
        (&["src/users"], file("src/other.rs", ""), Some("scope")),
        (
            &["src/users"],
            file("src/other.rs", "harmless"),
            Some("scope"),
        ),
        (&["src/users"], file("docs/users.md", ""), Some("docs")),
        (&[], file("src/other.rs", ""), None),
    ] {
        let decision = decide(&policy, paths, &[file]);
        assert_eq!(decision.rule.as_deref(), expected, "{paths:?} {file:?}");
    }
    let decision = decide(&policy, &["src"], &[file("lib/a.rs", "")]);
    assert_eq!(decision.category, "out-of-scope");
    assert_eq!(decision.line, None);
}

const FOUND: &[Finding] = &[
    Finding {
        kind: "aws-key",
        line: 3,
    },
    Finding {
        kind: "password",
        line: 0,
    },
];

fn with_secrets(path: &'static str) -> ChangedFile<'static> {
    ChangedFile {
        secrets: FOUND,
        ..file(path, "text")
    }
}

#[test]
fn secrets_park_whatever_the_contract_says_of_other_things() {
    let rules = "[[rule]]\nid = 'all'\non = ['diff']\npaths = ['**']\naction = 'proceed'";
    for text in ["", rules] {
        let decision = decide(&contract(text), &[], &[with_secrets("a.env")]);
        assert_eq!(decision.rule.as_deref(), Some("secrets"));
        assert_eq!((decision.action, decision.line), (Action::Park, None));
        assert_eq!(decision.category, "security");
        assert_eq!(
            decision.matched,
            ["a.env:3: aws-key", "a.env: password in its name"]
        );
        assert!(decision.because.contains("revoke"));
    }
    let default = decide(&Policy::default(), &[], &[with_secrets("src/a.rs")]);
    assert_eq!(default.rule.as_deref(), Some("secrets"));
    assert_eq!(default.action, Action::Park);
    assert!(default.line.is_some());
    assert_eq!(
        decide(&Policy::default(), &[], &[file("src/a.rs", "x")]).rule,
        None
    );
}

#[test]
fn an_exception_for_secrets_is_a_rule_about_secrets() {
    let policy = contract(
        r"
[[rule]]
id = 'fixtures'
on = ['diff']
secrets = true
paths = ['tests/fixtures/**']
action = 'proceed'

[[rule]]
id = 'secrets'
on = ['diff']
secrets = true
action = 'halt'
scope = 'repo'

[[rule]]
id = 'sql'
on = ['diff']
paths = ['*.sql']
action = 'park'
",
    );
    for (files, rule, action) in [
        (
            vec![with_secrets("tests/fixtures/a.pem")],
            "fixtures",
            Action::Proceed,
        ),
        (vec![with_secrets("src/a.pem")], "secrets", Action::Halt),
        // It excuses from nothing else.
        (
            vec![with_secrets("tests/fixtures/a.sql")],
            "sql",
            Action::Park,
        ),
        // And is about nothing else.
        (vec![file("tests/fixtures/b.sql", "")], "sql", Action::Park),
        (
            vec![with_secrets("tests/fixtures/a.pem"), with_secrets("b.sql")],
            "secrets",
            Action::Halt,
        ),
    ] {
        let decision = decide(&policy, &[], &files);
        assert_eq!(decision.rule.as_deref(), Some(rule), "{files:?}");
        assert_eq!(decision.action, action, "{files:?}");
    }
}

#[test]
fn secrets_come_before_protected_files() {
    let policy = contract("").with_protected(&["tests/**"]).unwrap();
    let files = [with_secrets("tests/a.rs"), file("tests/b.rs", "")];
    let decision = decide(&policy, &[], &files);
    assert_eq!(decision.rule.as_deref(), Some("secrets"));
    let others = "tests/a.rs (rule `protected`)".to_owned();
    assert!(decision.matched.contains(&others), "{decision:?}");
}
