//! One ticket file: any bytes are a ticket or an error with its place, and a ticket written down
//! again is the same ticket.

use std::fmt::Write;

use nightshift::{
    backlog::{
        parse_ticket,
        ticket::{Priority, Status, Ticket, TicketFacts, TicketId},
    },
    config::check_glob,
};

use super::{diagnostics, limits::in_time};

/// The bytes of a file `seed.md`.
pub(crate) fn ticket(data: &[u8]) {
    let (ticket, found) = in_time("a ticket", data.len(), || parse_ticket("seed.md", data));
    let refused = diagnostics::check(&found);
    assert_eq!(ticket.is_none(), refused, "{found:?}");
    let Some(ticket) = ticket else { return };
    let facts = &ticket.facts;
    assert_eq!(facts.hash, blake3::hash(data).to_hex().as_str());
    assert_eq!(
        facts.id.as_str().parse::<TicketId>().as_ref(),
        Ok(&facts.id)
    );
    let length = facts.title.chars().count();
    assert!((1..=200).contains(&length), "{:?}", facts.title);
    assert!(
        !facts.title.contains(diagnostics::is_harmful),
        "{:?}",
        facts.title
    );
    assert!((Priority(1)..=Priority(5)).contains(&facts.priority));
    assert!(facts.attempts.is_none_or(|attempts| attempts > 0));
    assert!(ticket.timeout.is_none_or(|timeout| !timeout.is_zero()));
    for path in &facts.paths {
        assert_eq!(check_glob(path), Ok(()));
    }
    for check in [&ticket.gate, &ticket.accept].into_iter().flatten() {
        assert!(!check.trim().is_empty());
    }
    assert_eq!(ticket.body.trim(), ticket.body);

    let json = serde_json::to_string(&ticket).unwrap();
    assert_eq!(serde_json::from_str::<Ticket>(&json).unwrap(), ticket);

    let written = written(facts);
    // A title is cut from what may be a paragraph, and what is written twice counts twice.
    if written.len() < 60 * 1024 {
        let (again, found) = parse_ticket("seed.md", written.as_bytes());
        let again = again
            .unwrap_or_else(|| panic!("{found:?}\n{written}"))
            .facts;
        let hash = again.hash.clone();
        assert_eq!(
            again,
            TicketFacts {
                hash,
                ..facts.clone()
            },
            "{written}"
        );
    }
}

/// Returns a ticket file that says these facts.
fn written(facts: &TicketFacts) -> String {
    let mut text = "---\n".to_owned();
    let mut key = |name: &str, value: String| {
        writeln!(text, "{name}: {value}").unwrap_or_default();
    };
    key("id", quoted(facts.id.as_str()));
    key("title", quoted(&facts.title));
    key("priority", facts.priority.0.to_string());
    if let Some(ordinal) = facts.ordinal {
        key("ordinal", ordinal.to_string());
    }
    let list = |items: &mut dyn Iterator<Item = &str>| {
        format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
    };
    key(
        "depends_on",
        list(&mut facts.depends_on.iter().map(TicketId::as_str)),
    );
    key("labels", list(&mut facts.labels.iter().map(String::as_str)));
    key("paths", list(&mut facts.paths.iter().map(String::as_str)));
    if let Some(attempts) = facts.attempts {
        key("attempts", attempts.to_string());
    }
    if let Some(harness) = &facts.harness {
        key("harness", quoted(harness));
    }
    if let Some(iterations) = facts.iterations {
        key("mode", "loop".to_owned());
        key("iterations", iterations.to_string());
    }
    let status = match facts.status {
        Status::Ready => "ready",
        Status::Draft => "draft",
        Status::Done => "done",
    };
    key("status", status.to_owned());
    text.push_str("---\n\nDo it.\n");
    text
}

/// Returns the text as YAML, with all but plain letters escaped: brackets are counted, quoted or not.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        if c == ' ' || c == '-' || c.is_ascii_alphanumeric() {
            quoted.push(c);
        } else {
            write!(quoted, "\\U{:08x}", u32::from(c)).unwrap_or_default();
        }
    }
    quoted.push('"');
    quoted
}
