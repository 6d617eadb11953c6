//! The words in which a decision is explained.

use super::ground::{contract, ticket};
use crate::{
    diagnostic::Source,
    policy::{Point, Policy, parse},
};

const RULES: &str = r"
[[rule]]
id = 'schema'
on = ['ticket', 'ask']
any = ['(?i)drop table', '(?i)schema change']
unless = ['(?i)json schema change']
action = 'park'
category = 'schema'
because = 'The direction of a schema is expensive to reverse, and the rows that are stored follow it.'

[[rule]]
id = 'old'
on = ['ticket']
any = ['(?i)table']
action = 'halt'

[[answer]]
ask = 'Which framework'
say = 'The usual.'
";

fn rendered(text: &str, point: Point) -> String {
    contract(RULES).explain_text(text, point).render()
}

#[test]
fn a_pattern_that_matches_nothing_at_all_shows_no_word() {
    let text =
        "[[rule]]\nid = 'a'\non = ['ticket']\nall = ['x?', '^']\naction = 'park'\nbecause = 'b'\n";
    let policy = parse(&Source::new("policy.toml", text)).0;
    let explanation = policy.explain_text("text", Point::Ticket);
    assert_eq!(explanation.decision.rule.as_deref(), Some("a"));
    assert_eq!(explanation.decision.matched, Vec::<String>::new());
}

#[test]
fn a_ticket_shows_its_rule_and_what_else_speaks() {
    let ticket = ticket("Drop table users", "and a JSON schema change");
    let explanation = contract(RULES).explain_ticket(&ticket);
    insta::assert_snapshot!(explanation.render(), @r#"
    park: rule `schema` at policy.toml:2, category schema
      because: The direction of a schema is expensive to reverse, and the rows that
          are stored follow it.
      matched: "Drop table"
    also matched, not asked any more:
      halt `old` (line 11): "table"
    excused by `unless`:
      `schema` (line 2): "schema change"
    "#);
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json.pointer("/considered/0/decided"), Some(&true.into()));
    assert_eq!(json.pointer("/considered/1/decided"), Some(&false.into()));
    assert_eq!(
        json.pointer("/considered/1/matched/0"),
        Some(&"table".into())
    );
}

#[test]
fn nothing_matched_and_standing_answers_are_said_plainly() {
    insta::assert_snapshot!(rendered("Fix a typo", Point::Ticket), @"proceed: no rule matches");
    insta::assert_snapshot!(rendered("Which framework?", Point::Ask), @r"
    answered by the standing answer at policy.toml:17
      because: The usual.
    ");
    insta::assert_snapshot!(rendered("Tea or coffee?", Point::Ask), @r"
    park: no rule matches
      because: No rule and no standing answer covers this question.
    ");
}

#[test]
fn a_command_line_shows_the_calls_it_is_read_as() {
    let policy = contract(
        "[[rule]]
id = 'push'
on = ['tool']
any = ['^git push']
action = 'deny'
because = 'Later.'

[[rule]]
id = 'dark'
on = ['tool']
opaque = true
action = 'deny'
",
    );
    let explained = policy.explain_text("cd x && git -C . \"push\" && $X", Point::Tool);
    insta::assert_snapshot!(explained.render(), @r#"
    deny: rule `push` at policy.toml:1
      because: Later.
      matched: "git push"
    read as:
      proceed: cd x
      deny `push`: git push
      deny `dark` (what is called stands in a variable or a substitution): $X
    "#);
    let json = serde_json::to_value(&explained).unwrap();
    assert_eq!(json.pointer("/calls/1/call"), Some(&"git push".into()));
    assert_eq!(json.pointer("/calls/1/rule"), Some(&"push".into()));
}

#[test]
fn a_path_can_be_tried_out() {
    let explanation = Policy::default().explain_text("db/migrations/1.sql", Point::Diff);
    assert_eq!(explanation.decision.rule.as_deref(), Some("schema-files"));
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    let text = rendered(&"drop table ".repeat(50), Point::Ticket);
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn every_rule_that_speaks_is_named_and_no_word_where_there_is_none() {
    let rule = |id: &str, more: &str| format!("[[rule]]\nid = '{id}'\non = ['tool']\n{more}\n");
    let policy = contract(
        &[
            rule(
                "excused",
                "any = ['cat']\nunless = ['bob']\naction = 'park'",
            ),
            rule(
                "excused-too",
                "any = ['eve']\nunless = ['cat']\naction = 'park'",
            ),
            rule("net", "any = ['curl']\naction = 'deny'"),
            rule("more", "any = ['url']\naction = 'halt'"),
            rule("all", "action = 'allow'"),
        ]
        .concat(),
    );
    let explained = policy.explain_text("curl bob cat", Point::Tool);
    assert_eq!(explained.decision.rule.as_deref(), Some("excused"));
    let explained = policy.explain_text("curl eve cat", Point::Tool);
    let rendered = explained.render();
    assert_eq!(explained.decision.rule.as_deref(), Some("excused"));
    assert!(
        rendered.contains("deny `net` (line 13): \"curl\""),
        "{rendered}"
    );
    assert!(
        rendered.contains("halt `more` (line 18): \"url\""),
        "{rendered}"
    );
    assert!(
        rendered.contains("proceed `all` (line 23): everything"),
        "{rendered}"
    );

    let rendered = policy.explain_text("eve cat", Point::Tool).render();
    assert!(rendered.contains("excused"), "{rendered}");
}

#[test]
fn an_agent_is_told_what_it_must_leave_to_a_human() {
    let policy = contract(
        "
[[rule]]
id = 'free'
on = ['ask']
any = ['x']
action = 'proceed'

[[rule]]
id = 'before'
on = ['ticket']
any = ['a']
action = 'park'

[[rule]]
id = 'no_reason'
on = ['ask']
any = ['b']
action = 'park'

[[rule]]
id = 'drop'
on = ['diff']
paths = ['*.sql']
action = 'halt'
category = 'loss of data'
because = 'It is gone.'

[[rule]]
id = 'drop-again'
on = ['ask']
any = ['c']
action = 'park'
category = 'loss of data'
because = 'It is gone as well.'

[[answer]]
ask = 'which'
say = 'that'
",
    );
    assert_eq!(
        policy.in_plain_words(),
        ["no reason", "loss of data: It is gone."]
    );
    assert_eq!(policy.standing().collect::<Vec<_>>(), [("which", "that")]);
}
