//! What a wrong contract is told, and what of it is used all the same.

use crate::{
    diagnostic::{Diagnostic, Severity, Source},
    policy::{Policy, parse},
};

fn problems(text: &str) -> (Policy, Vec<Diagnostic>) {
    parse(&Source::new("policy.toml", text))
}

/// Returns `code@text it points at` for each problem.
fn told(text: &str) -> Vec<String> {
    let point = |problem: &Diagnostic| {
        let span = problem.primary.span.clone();
        let at = text.get(span).unwrap_or("?").lines().next();
        format!("{}@{}", problem.code, at.unwrap_or_default())
    };
    problems(text).1.iter().map(point).collect()
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let rule =
        |line: &str| format!("[[rule]]\nid = 'a'\non = ['ticket']\naction = 'park'\n{line}\n");
    for (text, expected) in [
        ("rule = 3".to_owned(), "wrong-type@3"),
        ("[rule]\nid = 'a'".to_owned(), "wrong-type@[rule]"),
        ("[[rulee]]".to_owned(), "unknown-key@rulee"),
        (
            "[[rule]]\non = ['ticket']\naction = 'park'".to_owned(),
            "missing-key@[[rule]]",
        ),
        (
            "[[rule]]\nid = 'a'\naction = 'park'".to_owned(),
            "missing-key@[[rule]]",
        ),
        (
            "[[rule]]\nid = 'a'\non = ['ticket']".to_owned(),
            "missing-key@[[rule]]",
        ),
        (
            "[[rule]]\nid = 'a'\non = 'ticket'\naction = 'park'".to_owned(),
            "wrong-type@'ticket'",
        ),
        (
            "[[rule]]\nid = ''\non = ['ticket']\naction = 'park'".to_owned(),
            "bad-value@''",
        ),
        (
            "[[rule]]\nid = 3\non = ['ticket']\naction = 'park'".to_owned(),
            "wrong-type@3",
        ),
        (
            format!(
                "[[rule]]\nid = '{0}'\non = ['ticket']\naction = 'park'",
                "x".repeat(65)
            ),
            &*format!("bad-value@'{}'", "x".repeat(65)),
        ),
        (
            "[[rule]]\nid = \"a\\tb\"\non = ['ticket']\naction = 'park'".to_owned(),
            "bad-value@\"a\\tb\"",
        ),
        (
            "[[rule]]\nid = 'scope'\non = ['ticket']\naction = 'park'".to_owned(),
            "reserved-id@'scope'",
        ),
        (
            "[[rule]]\nid = 'a'\non = ['tickets']\naction = 'park'".to_owned(),
            "unknown-value@'tickets'",
        ),
        (
            "[[rule]]\nid = 'a'\non = ['tool', 'ask']\naction = 'deny'".to_owned(),
            "misplaced-action@'deny'",
        ),
        (rule("any = ['a(b']"), "bad-regex@("),
        (rule(r#"any = ["\\bok\\b", "x\\k"]"#), r"bad-regex@\\k"),
        (rule("any = [\"\"\"\na(b\"\"\"]"), "bad-regex@("),
        (rule("any = [\"\"\"\r\na(b\"\"\"]"), "bad-regex@("),
        (rule("any = [\"\"\"a(b\"\"\"]"), "bad-regex@("),
        (rule(r#"any = ["\x41\u0042\U0001f600("]"#), "bad-regex@("),
        (rule(r#"any = ["\n\t\"("]"#), "bad-regex@("),
        (rule("any = ['(?-u)\\xff']"), r"bad-regex@\xff"),
        (rule("any = ['x', 3]"), "wrong-type@3"),
        (rule("any = ['(a{900}){900}']"), "bad-regex@'(a{900}){900}'"),
        (rule("unles = ['x']"), "unknown-key@unles"),
        (rule("paths = ['a[']"), "bad-glob@'a['"),
        (rule("paths = ['!docs/**']"), "bad-glob@'!docs/**'"),
        (rule("tickets = ['../x']"), "bad-ticket-id@'../x'"),
        (rule("scope = 'everything'"), "unknown-value@'everything'"),
        ("[[answer]]\nask = 'x'".to_owned(), "missing-key@[[answer]]"),
        (
            "[[answer]]\nask = 'x('\nsay = 'y'".to_owned(),
            "bad-regex@(",
        ),
        (
            "[[answer]]\nask = 'x'\nsay = ' '".to_owned(),
            "bad-value@' '",
        ),
        ("rule = [3]".to_owned(), "wrong-type@3"),
        ("breakers = 3".to_owned(), "wrong-type@3"),
        ("[breakers]\nyield_bad = '1'".to_owned(), "wrong-type@'1'"),
        ("[breakers]\nyield_bad = 0x1".to_owned(), "wrong-type@0x1"),
        ("[breakers]\nyield_bad = 0".to_owned(), "bad-value@0"),
        ("[breakers]\nyield_bad = nan".to_owned(), "bad-value@nan"),
        (
            "[breakers]\nconsecutive_failures = 'x'".to_owned(),
            "wrong-type@'x'",
        ),
        ("[breakers]\nyield_bad = 2".to_owned(), "bad-value@2"),
        ("[breakers]\nyield_after = 0".to_owned(), "bad-value@0"),
        (
            "[breakers]\nfree_disk = '1 parsec'".to_owned(),
            "bad-value@'1 parsec'",
        ),
        (
            "[breakers]\nyield_badd = 0.5".to_owned(),
            "unknown-key@yield_badd",
        ),
    ] {
        assert_eq!(told(&text), [expected], "{text}");
        let (policy, found) = problems(&text);
        assert!(
            found.iter().all(|p| p.severity == Severity::Error),
            "{text}"
        );
        assert_eq!(policy.rule_ids().count(), 0, "{text}");
    }
}

#[test]
fn every_problem_is_told_in_one_go_and_the_rest_is_used() {
    let text = "
[[rule]]
id = 'good'
on = ['ticket']
any = ['x']
action = 'park'

[[rule]]
id = 'bad'
on = ['ticket', 'asK']
any = ['(', ')']
actoin = 'park'

[[rule]]
id = 'good'
on = ['ticket']
action = 'halt'
";
    let codes = told(text);
    assert_eq!(
        codes,
        [
            "missing-key@[[rule]]",
            "unknown-value@'asK'",
            "bad-regex@(",
            "bad-regex@)",
            "unknown-key@actoin",
            "duplicate-id@'good'",
        ]
    );
    let (policy, _) = problems(text);
    assert_eq!(policy.rule_ids().collect::<Vec<_>>(), [("good", 2)]);
}

#[test]
fn a_file_that_is_no_toml_has_no_rules_and_says_so() {
    let (policy, found) = problems("[[rule]]\nid = 'a\non = [");
    assert_eq!(policy.rule_ids().count(), 0);
    assert!(!found.is_empty());
    assert!(found.iter().all(|problem| problem.code == "syntax"));
}

#[test]
fn an_empty_contract_is_a_valid_one_with_default_breakers() {
    let (policy, found) = problems("");
    assert_eq!(found, []);
    let breakers = policy.breakers();
    assert_eq!(breakers.consecutive_failures.get(), 5);
    assert_eq!(breakers.yield_after.get(), 8);
    assert!((breakers.yield_bad - 0.75).abs() < f64::EPSILON);
    assert_eq!(breakers.free_disk_bytes, 1 << 30);
}

#[test]
fn breakers_are_read() {
    let (policy, found) = problems(
        "[breakers]\nconsecutive_failures = 2\nyield_after = 3\nyield_bad = 1\nfree_disk = '2 GB'",
    );
    assert_eq!(found, []);
    let breakers = policy.breakers();
    assert_eq!(breakers.consecutive_failures.get(), 2);
    assert_eq!(breakers.yield_after.get(), 3);
    assert!((breakers.yield_bad - 1.0).abs() < f64::EPSILON);
    assert_eq!(breakers.free_disk_bytes, 2_000_000_000);
    let (policy, found) = problems("[breakers]\nconsecutive_failures = 1_0\nyield_bad = 0.2_5");
    assert_eq!(found, []);
    assert_eq!(policy.breakers().consecutive_failures.get(), 10);
    assert!((policy.breakers().yield_bad - 0.25).abs() < f64::EPSILON);
}

#[test]
fn what_is_legal_and_surely_not_meant_is_a_warning() {
    let two = |first: &str, second: &str| {
        format!(
            "[[rule]]\nid = 'a'\naction = 'park'\n{first}\n[[rule]]\nid = 'b'\naction = 'proceed'\n{second}\n"
        )
    };
    for (text, expected) in [
        // An unconditional rule leaves nothing, unless it is asked elsewhere or on a condition.
        (
            two("on = ['ticket']", "on = ['ticket']\nany = ['x']"),
            "unreachable-rule",
        ),
        (
            two("on = ['ticket']", "on = ['ticket', 'ask']\nany = ['x']"),
            "",
        ),
        (
            two(
                "on = ['ticket']\nlabels = ['x']",
                "on = ['ticket']\nany = ['x']",
            ),
            "",
        ),
        (
            two(
                "on = ['ticket']\ntickets = ['T-1']",
                "on = ['ticket']\nany = ['x']",
            ),
            "",
        ),
        // The same condition, or a part of an earlier one.
        (
            two(
                "on = ['ticket']\nany = ['x', 'y']",
                "on = ['ticket']\nany = ['y']",
            ),
            "unreachable-rule",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']",
                "on = ['ticket']\nany = ['x', 'y']",
            ),
            "",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\nunless = ['z']",
                "on = ['ticket']\nany = ['x']",
            ),
            "",
        ),
        (
            two(
                "on = ['diff']\npaths = ['a', 'b']",
                "on = ['diff']\npaths = ['a']",
            ),
            "unreachable-rule",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\nlabels = ['l']",
                "on = ['ticket']\nany = ['x']",
            ),
            "",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\nlabels = ['l', 'm']",
                "on = ['ticket']\nany = ['x']\nlabels = ['m']",
            ),
            "unreachable-rule",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\nlabels = ['l']",
                "on = ['ticket']\nany = ['x']\nlabels = ['m']",
            ),
            "",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\ntickets = ['T-1', 'T-2']",
                "on = ['ticket']\nany = ['x']\ntickets = ['T-1']",
            ),
            "unreachable-rule",
        ),
        (
            two(
                "on = ['ticket']\nany = ['x']\ntickets = ['T-1']",
                "on = ['ticket']\nany = ['x']\ntickets = ['T-2']",
            ),
            "",
        ),
        // Without a pattern there is nothing that `unless` could take out.
        (
            two(
                "on = ['diff']\npaths = ['a']\nunless = ['z']",
                "on = ['diff']\npaths = ['a']",
            ),
            "idle-unless unreachable-rule",
        ),
        (
            two(
                "on = ['ticket']\nall = ['y']\nunless = ['z']",
                "on = ['ask']",
            ),
            "",
        ),
        (
            "[[answer]]\nask = ''\nsay = '1'\n[[answer]]\nask = 'x'\nsay = '2'".to_owned(),
            "matches-everything unreachable-answer",
        ),
        (
            two(
                "on = ['ticket']\nall = ['x']",
                "on = ['ticket']\nall = ['x', 'y']",
            ),
            "unreachable-rule",
        ),
        (
            two("on = ['ask']\nany = ['q']", "on = ['ask']\npaths = ['a']"),
            "never-matches",
        ),
        (
            two("on = ['ask']\nany = ['']", "on = ['ticket']\nany = ['a']"),
            "matches-everything",
        ),
        (two("on = ['night']", "on = ['ticket']"), "night-rule"),
        (
            two(
                "on = ['diff']\npaths = ['a']\nunless = ['z']",
                "on = ['ticket']",
            ),
            "idle-unless",
        ),
        (
            "[[answer]]\nask = 'x'\nsay = '1'\n[[answer]]\nask = 'x'\nsay = '2'".to_owned(),
            "unreachable-answer",
        ),
    ] {
        let (_, found) = problems(&text);
        let codes: Vec<&str> = found.iter().map(|problem| problem.code).collect();
        let expected: Vec<&str> = expected.split_whitespace().collect();
        assert_eq!(codes, expected, "{text}");
        assert!(found.iter().all(|p| p.severity == Severity::Warning));
    }
}
