//! What holds for every text.

use proptest::prelude::*;

use super::ground::{contract, facts, file, question, ticket};
use crate::{
    diagnostic::Source,
    policy::{Point, Policy, parse},
};

fn mangled_default() -> impl Strategy<Value = String> {
    let text = Policy::default_text();
    (0..text.len(), 0..400_usize, ".{0,12}").prop_map(move |(start, length, new)| {
        let whole = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (whole(start), whole((start + length).min(text.len())));
        let before = text.get(..start).unwrap_or_default();
        let after = text.get(end..).unwrap_or_default();
        format!("{before}{new}{after}")
    })
}

fn rule_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("['x']".to_owned()),
        Just("3".to_owned()),
        "'[ -&(-~]{0,8}'",
        "\\[\"(\\\\\\\\|[a-zü(*\\[])\\{0,6}\"\\]",
    ];
    let key = prop_oneof![
        Just("id"),
        Just("on"),
        Just("any"),
        Just("all"),
        Just("unless"),
        Just("paths"),
        Just("labels"),
        Just("tickets"),
        Just("action"),
        Just("scope"),
        Just("ask"),
        Just("say"),
    ];
    let line = (key, value).prop_map(|(key, value)| format!("{key} = {value}\n"));
    let head = prop_oneof![
        Just("[[rule]]\n"),
        Just("[[answer]]\n"),
        Just("[breakers]\n")
    ];
    let table = (head, prop::collection::vec(line, 0..6))
        .prop_map(|(head, lines)| format!("{head}{}", lines.concat()));
    prop::collection::vec(table, 0..4).prop_map(|tables| tables.concat())
}

fn check(text: &str) {
    let (policy, problems) = parse(&Source::new("policy.toml", text));
    for problem in &problems {
        let span = problem.primary.span.clone();
        assert!(text.get(span).is_some(), "{}", problem.one_line());
        crate::diagnostic::render(problem, false);
    }
    let _ = policy.at_ticket(&ticket(text, text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_parser(text in ".{0,300}") {
        check(&text);
    }

    #[test]
    fn no_table_breaks_the_parser(text in rule_like()) {
        check(&text);
    }

    #[test]
    fn the_first_rule_that_matches_alone_decides(
        words in prop::collection::vec("[abc]{1,2}", 1..6),
        text in "[abc ]{0,12}",
    ) {
        let rule = |(at, word): (usize, &String)| format!(
            "[[rule]]\nid = 'r{at}'\non = ['ticket']\nany = ['{word}']\naction = 'park'\n"
        );
        let (policy, _) = parse(&Source::new(
            "policy.toml",
            words.iter().enumerate().map(rule).collect::<String>(),
        ));
        let expected = words.iter().position(|word| text.contains(word.as_str()));
        let decision = policy.at_ticket(&ticket("", &text));
        prop_assert_eq!(decision.rule, expected.map(|at| format!("r{at}")));
    }

    #[test]
    fn the_same_question_has_the_same_answer(text in ".{0,200}") {
        let policy = contract("[[rule]]\nid='a'\non=['ticket','ask','tool','diff']\nany=['[a-m]+']\nunless=['b.']\naction='park'");
        let facts = facts("T-1");
        prop_assert_eq!(policy.at_ticket(&ticket("", &text)), policy.at_ticket(&ticket("", &text)));
        prop_assert_eq!(policy.at_ask(&facts, &question(&text)), policy.at_ask(&facts, &question(&text)));
        prop_assert_eq!(policy.at_tool(&facts, "t", &text), policy.at_tool(&facts, "t", &text));
        prop_assert_eq!(policy.at_diff(&facts, &[file("a", &text)]), policy.at_diff(&facts, &[file("a", &text)]));
        prop_assert_eq!(policy.explain_text(&text, Point::Ask), policy.explain_text(&text, Point::Ask));
    }
}

#[test]
fn an_error_before_a_character_of_several_bytes_is_shown_whole() {
    check("[[rule]]\nid = 'a'\non = ['tool']\nany = ['a{\u{fc}}']\naction = 'park'\n");
}

proptest! {
    // A whole contract takes a while to compile.
    #![proptest_config(ProptestConfig { cases: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_to_the_default_contract_breaks_the_parser(text in mangled_default()) {
        check(&text);
    }
}
