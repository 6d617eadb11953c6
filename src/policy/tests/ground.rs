//! What the tests stand on: contracts, tickets and questions in one line each.

use crate::{
    backlog::ticket::{Priority, Status, Ticket, TicketFacts},
    diagnostic::{Diagnostic, Source},
    policy::{ChangedFile, Policy, parse},
    repo::id::ChangeKind,
    say::utterance::Question,
};

/// Returns the contract of a text that must be without problems.
pub(super) fn contract(text: &str) -> Policy {
    let (policy, problems) = parse(&Source::new("policy.toml", text));
    let problems: Vec<String> = problems.iter().map(Diagnostic::one_line).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    policy
}

pub(super) fn facts(id: &str) -> TicketFacts {
    TicketFacts {
        id: id.parse().unwrap(),
        title: String::new(),
        file: format!("{id}.md"),
        hash: String::new(),
        priority: Priority::default(),
        ordinal: None,
        depends_on: Vec::new(),
        labels: Vec::new(),
        paths: Vec::new(),
        attempts: None,
        status: Status::Ready,
        harness: None,
        iterations: None,
    }
}

pub(super) fn ticket(title: &str, body: &str) -> Ticket {
    Ticket {
        facts: TicketFacts {
            title: title.to_owned(),
            ..facts("T-1")
        },
        body: body.to_owned(),
        gate: None,
        accept: None,
        requires: Vec::new(),
        model: None,
        timeout: None,
        extra: std::collections::BTreeMap::default(),
    }
}

pub(super) fn question(text: &str) -> Question {
    Question {
        question: text.to_owned(),
        options: Vec::new(),
        recommend: None,
        because: None,
    }
}

pub(super) fn file<'a>(path: &'a str, added: &'a str) -> ChangedFile<'a> {
    ChangedFile {
        path,
        kind: ChangeKind::Modified,
        added,
        secrets: &[],
    }
}

pub(super) fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
