//! The contract: whatever a file says, the policy made of it decides, names its rule, and explains
//! itself as it decides.

use nightshift::{
    backlog::parse_ticket,
    diagnostic::Source,
    policy::{Action, AskDecision, ChangedFile, Decision, Point, parse},
    repo::id::ChangeKind,
    say::utterance::Question,
};

use super::{diagnostics, limits::in_time, parts};

/// Up to four texts with a NUL between them: a contract, a ticket, a question, a path.
pub(crate) fn file(data: &[u8]) {
    let mut parts = parts(data);
    let mut next = || parts.next().unwrap_or_default();
    let (contract, about, question, path) = (next(), next(), next(), next());
    let source = Source::new("policy.toml", &*contract);
    let (policy, found) = in_time("a contract", contract.len(), || parse(&source));
    diagnostics::check(&found);
    assert_eq!(
        policy.checksum(),
        blake3::hash(contract.as_bytes()).to_hex().as_str()
    );
    let lines = contract.lines().count();
    let rules: Vec<(String, usize)> = policy
        .rule_ids()
        .map(|(id, line)| (id.to_owned(), line))
        .collect();
    for (at, (id, line)) in rules.iter().enumerate() {
        assert!(!id.is_empty() && (1..=lines).contains(line));
        assert!(rules.iter().skip(at + 1).all(|(other, _)| other != id));
    }
    for answer in policy.answers() {
        assert!((1..=lines).contains(&answer.line));
    }

    let (ticket, _) = parse_ticket("seed.md", about.as_bytes());
    let ticket = ticket
        .or_else(|| parse_ticket("seed.md", b"# Any\n\nDo it.\n").0)
        .unwrap_or_else(|| panic!("the plain ticket was refused"));
    let holds = |decision: &Decision, point: Point| {
        assert_eq!(decision.point, point);
        match (&decision.rule, decision.line) {
            (Some(rule), Some(line)) => assert!(rules.contains(&(rule.clone(), line))),
            // A built-in one.
            (Some(_), None) => assert!(point == Point::Diff),
            (None, line) => assert_eq!(line, None),
        }
        assert!(decision.action != Action::Deny || point == Point::Tool);
        for word in &decision.matched {
            assert!(!word.is_empty());
        }
    };
    let asked = about.len() + question.len() + path.len();
    // Every rule may look at every letter: what is bounded is the work for one rule.
    let work = (asked + 1024) * (rules.len() + policy.answers().count() + 1);
    in_time("the decisions", work, || {
        let decision = policy.at_ticket(&ticket);
        holds(&decision, Point::Ticket);
        let explained = policy.explain_ticket(&ticket);
        assert_eq!(explained.decision, decision);
        assert!(explained.considered.iter().filter(|it| it.decided).count() <= 1);
        assert!(!explained.render().is_empty());

        let asks = Question {
            question: question.clone(),
            options: vec![path.clone()],
            recommend: None,
            because: Some(about.clone()),
        };
        match policy.at_ask(&ticket.facts, &asks) {
            AskDecision::Answer(answer) => {
                assert_eq!(policy.answers().nth(answer.index), Some(answer));
            }
            AskDecision::Assume { decision } => {
                assert!(decision.rule.is_some());
                holds(&decision, Point::Ask);
            }
            AskDecision::Park(decision) | AskDecision::Halt(decision) => {
                holds(&decision, Point::Ask);
            }
        }
        holds(&policy.at_tool(&ticket.facts, "sh", &question), Point::Tool);
        let files = [ChangedFile {
            path: &path,
            kind: ChangeKind::Modified,
            added: &about,
            secrets: &[],
        }];
        holds(&policy.at_diff(&ticket.facts, &files), Point::Diff);
        for point in [Point::Ticket, Point::Ask, Point::Tool, Point::Diff] {
            let explained = policy.explain_text(&question, point);
            assert!(!explained.render().is_empty());
        }
    });
    let again = parse(&source).0;
    assert_eq!(again.at_ticket(&ticket), policy.at_ticket(&ticket));
}
