//! From the text of `policy.toml` to a [`Policy`], every problem in one go.
//!
//! The file is walked as a spanned document, so that each problem points at the offending text. A
//! rule, answer or breaker with an error in it is not used, and the error says so; when the file is
//! not TOML at all, no rule is. A night must not begin on a contract with an error in it: a rule
//! that is not used is a decision that nobody takes.

use std::{collections::BTreeMap, ops::Range};

use toml::de::DeTable;

use super::{
    breakers::Breakers,
    decision::{Action, Point, Scope},
    glob::{self, Globs},
    lint,
    pattern::Pattern,
    read::{Placed, Reader},
    rule::{Policy, Rule, StandingAnswer},
};
use crate::{
    backlog::ticket::TicketId,
    diagnostic::{Diagnostic, Source},
};

const POINTS: &[(&str, Point)] = &[
    ("ticket", Point::Ticket),
    ("ask", Point::Ask),
    ("tool", Point::Tool),
    ("diff", Point::Diff),
    ("night", Point::Night),
];

const ACTIONS: &[(&str, Action)] = &[
    ("proceed", Action::Proceed),
    ("allow", Action::Proceed),
    ("deny", Action::Deny),
    ("park", Action::Park),
    ("halt", Action::Halt),
];

const SCOPES: &[(&str, Scope)] = &[
    ("ticket", Scope::Ticket),
    ("dependents", Scope::Dependents),
    ("paths", Scope::Paths),
    ("repo", Scope::Repo),
];

const RULE_KEYS: &[&str] = &[
    "id", "on", "any", "all", "unless", "paths", "labels", "tickets", "opaque", "secrets",
    "action", "category", "scope", "because",
];

/// Names of the built-in rules at `diff`, which a file's own rules must not carry.
pub(super) const PROTECTED: &str = "protected";
/// See [`PROTECTED`].
pub(super) const OUT_OF_SCOPE: &str = "scope";
/// The built-in rule on secrets. A file's own rule may carry its name: the default contract's does,
/// and so may one that was written before there was a built-in one.
pub(super) const SECRETS: &str = "secrets";

/// Reads a contract. Never fails: what cannot be used is left out and reported.
///
/// With a problem of [`Severity::Error`](crate::diagnostic::Severity::Error) the contract is not
/// what its author wrote, and a caller that works unattended refuses it; code `syntax` means that
/// nothing of the file is used.
pub fn parse(source: &Source) -> (Policy, Vec<Diagnostic>) {
    parse_some(source, None)
}

/// Reads only the rules that are asked at a point, for a process that decides there once and ends:
/// most of the time goes into compiling patterns. What it reports is not all that is wrong.
pub fn parse_for(source: &Source, point: Point) -> (Policy, Vec<Diagnostic>) {
    parse_some(source, Some(point))
}

fn parse_some(source: &Source, only: Option<Point>) -> (Policy, Vec<Diagnostic>) {
    let mut policy = Policy {
        path: source.path.clone(),
        checksum: blake3::hash(source.text.as_bytes()).to_hex().to_string(),
        rules: Vec::new(),
        answers: Vec::new(),
        breakers: Breakers::default(),
        protected: None,
    };
    let mut reader = Reader::new(source);
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        let end = source.text.len();
        let span = error.span().unwrap_or(end..end);
        let message = format!("expected TOML, but {}", error.message());
        let help = "No rule of this file is used until it can be read.";
        reader.error("syntax", span, message, help);
    }
    if !errors.is_empty() {
        return (policy, reader.problems);
    }
    let document = document.get_ref();
    reader.only(document, "the contract", &["rule", "answer", "breakers"]);
    let mut ids = BTreeMap::new();
    for (table, span) in reader.tables(document, "rule") {
        if only.is_some_and(|point| !on(table, point)) {
            continue;
        }
        let errors = reader.errors();
        let rule = rule(&mut reader, table, span, &mut ids);
        if reader.errors() == errors {
            policy.rules.extend(rule);
        }
    }
    for (table, span) in reader.tables(document, "answer") {
        if only.is_some_and(|point| point != Point::Ask) {
            continue;
        }
        let errors = reader.errors();
        let answer = answer(&mut reader, table, span);
        if reader.errors() == errors {
            policy.answers.extend(answer);
        }
    }
    if let Some((table, _)) = reader.table(document, "breakers") {
        policy.breakers = Breakers::read(&mut reader, table);
    }
    let mut problems = reader.problems;
    problems.extend(lint::lint(&policy, source));
    problems.sort_by_key(|problem| problem.primary.span.start);
    (policy, problems)
}

/// Returns whether a rule may be asked at a point; one that does not say when is not left out.
fn on(table: &DeTable<'_>, point: Point) -> bool {
    let Some(words) = table.get("on").and_then(|on| on.get_ref().as_array()) else {
        return true;
    };
    let named = |word: &str| POINTS.contains(&(word, point));
    let words = words.iter().map(|word| word.get_ref().as_str());
    words.into_iter().any(|word| word.is_none_or(named))
}

fn rule(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    span: Range<usize>,
    ids: &mut BTreeMap<String, Range<usize>>,
) -> Option<Rule> {
    reader.only(table, "a rule", RULE_KEYS);
    let (id, span) = id(reader, table, span, ids)?;
    let what = format!("rule `{id}`");
    let errors = reader.errors();
    let on: Vec<Point> = reader
        .strings(table, "on")
        .iter()
        .filter_map(|word| reader.word(word, "on", POINTS))
        .collect();
    if on.is_empty() && reader.errors() == errors {
        let help = "Say when it is asked, such as `on = [\"ticket\", \"ask\"]`.";
        reader.missing(span.clone(), &what, "on", help);
    }
    let action = reader
        .string(table, "action")
        .and_then(|word| action(reader, &word, &on));
    if !table.contains_key("action") {
        let help = "Say what follows: proceed, park or halt.";
        reader.missing(span.clone(), &what, "action", help);
    }
    let any = patterns(reader, table, "any");
    let all = patterns(reader, table, "all");
    let unless = patterns(reader, table, "unless");
    let paths = paths(reader, table);
    let labels = reader.strings(table, "labels");
    let labels = labels.iter().map(|(label, _)| label.to_lowercase());
    let labels = labels.collect();
    let tickets = tickets(reader, table);
    let opaque = reader.boolean(table, "opaque");
    if let Some((_, span)) = opaque
        .as_ref()
        .filter(|_| on.iter().any(|it| *it != Point::Tool))
    {
        let message = "expected `opaque` at the tool point only";
        let help = "Only a tool call can be unclear in this sense: write `on = [\"tool\"]`.";
        reader.error("misplaced-key", span.clone(), message, help);
    }
    let secrets = reader
        .boolean(table, "secrets")
        .is_some_and(|(secrets, _)| secrets);
    let scope = reader
        .string(table, "scope")
        .map_or(Some(Scope::default()), |word| {
            reader.word(&word, "scope", SCOPES)
        });
    let mut text = |key| {
        let text = reader.string(table, key);
        text.map_or_else(String::new, |(text, _)| text.trim().to_owned())
    };
    let (category, because) = (text("category"), text("because"));
    Some(Rule {
        id,
        line: reader.source.position(span.start).0,
        span,
        on,
        any,
        all,
        unless,
        paths: paths?,
        labels,
        tickets,
        opaque: opaque.is_some_and(|(opaque, _)| opaque),
        secrets,
        action: action?,
        category,
        scope: scope?,
        because,
    })
}

/// Returns the rule's id, and where the rule is to be pointed at.
fn id(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    header: Range<usize>,
    ids: &mut BTreeMap<String, Range<usize>>,
) -> Option<Placed<String>> {
    let Some((id, span)) = reader.string(table, "id") else {
        if !table.contains_key("id") {
            let help = "Give it a short name; the report calls it by that name.";
            reader.missing(header, "a rule", "id", help);
        }
        return None;
    };
    let id = id.trim();
    if id.is_empty() || id.len() > 64 || id.chars().any(char::is_control) {
        let message = "expected a short name on one line for `id`";
        let help = "Use 1 to 64 characters, such as `schema`.";
        reader.error("bad-value", span, message, help);
        return None;
    }
    if [PROTECTED, OUT_OF_SCOPE].contains(&id) {
        let message = format!("expected a name of its own for `id`, found `{id}`");
        let help = "A built-in rule at `diff` has this name; choose another.";
        reader.error("reserved-id", span, message, help);
        return None;
    }
    if let Some(first) = ids.get(id) {
        let problem = Diagnostic::error(
            "duplicate-id",
            format!("expected a name of its own for `id`, found `{id}` again"),
            reader.source,
            span,
            "Rename one of the two rules; the second is not used.",
        );
        reader
            .problems
            .push(problem.with(first.clone(), "first used here"));
        return None;
    }
    ids.insert(id.to_owned(), span);
    Some((id.to_owned(), header))
}

fn action(reader: &mut Reader<'_>, word: &Placed<&str>, on: &[Point]) -> Option<Action> {
    let action = reader.word(word, "action", ACTIONS)?;
    if action == Action::Deny && on.iter().any(|point| *point != Point::Tool) {
        let message = "expected proceed, park or halt for `action`, found `deny`";
        let help = "Only a tool call can be denied: write `on = [\"tool\"]`, or `park`.";
        reader.error("misplaced-action", word.1.clone(), message, help);
        return None;
    }
    Some(action)
}

fn patterns(reader: &mut Reader<'_>, table: &DeTable<'_>, key: &str) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for (text, span) in reader.strings(table, key) {
        match Pattern::new(text, span, reader.source) {
            Ok(pattern) => patterns.push(pattern),
            Err(problem) => reader.problems.push(*problem),
        }
    }
    patterns
}

fn paths(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Option<Globs> {
    let mut globs = Vec::new();
    for (text, span) in reader.strings(table, "paths") {
        match glob::check(text) {
            Ok(()) => globs.push(text),
            Err(bad) => {
                let message = format!("expected a glob, but {}", bad.reason);
                let help = "Write paths inside the repository, such as `**/migrations/**`.";
                reader.error("bad-glob", span, message, help);
            }
        }
    }
    match Globs::search(&globs) {
        Ok(globs) => Some(globs),
        Err(bad) => {
            let span = table.get("paths").map_or(0..0, toml::Spanned::span);
            let message = format!("expected globs that can be used, but {}", bad.reason);
            reader.error(
                "bad-glob",
                span,
                message,
                "Write fewer of them in one rule.",
            );
            None
        }
    }
}

fn tickets(reader: &mut Reader<'_>, table: &DeTable<'_>) -> Vec<TicketId> {
    let mut tickets = Vec::new();
    for (text, span) in reader.strings(table, "tickets") {
        match text.parse::<TicketId>() {
            Ok(id) => tickets.push(id),
            Err(bad) => {
                let message = format!("expected a ticket's id, but {}", bad.reason);
                let help = "Write the id as its file says it, such as `T-7`.";
                reader.error("bad-ticket-id", span, message, help);
            }
        }
    }
    tickets
}

fn answer(
    reader: &mut Reader<'_>,
    table: &DeTable<'_>,
    span: Range<usize>,
) -> Option<StandingAnswer> {
    reader.only(table, "an answer", &["ask", "say"]);
    for (key, help) in [
        ("ask", "Write a pattern that the question matches."),
        ("say", "Write what the agent is told."),
    ] {
        if !table.contains_key(key) {
            reader.missing(span.clone(), "an answer", key, help);
        }
    }
    let ask = reader.string(table, "ask");
    let say = reader.string(table, "say");
    if let Some((_, span)) = say.as_ref().filter(|(say, _)| say.trim().is_empty()) {
        let message = "expected an answer for `say`, found nothing";
        let help = "Write what the agent is told.";
        reader.error("bad-value", span.clone(), message, help);
    }
    let (ask, place) = ask?;
    match Pattern::new(ask, place, reader.source) {
        Ok(ask) => Some(StandingAnswer {
            ask,
            say: say?.0.trim().to_owned(),
            line: reader.source.position(span.start).0,
        }),
        Err(problem) => {
            reader.problems.push(*problem);
            None
        }
    }
}
