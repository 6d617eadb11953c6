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
