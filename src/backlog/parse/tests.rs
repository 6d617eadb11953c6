//! What a ticket may look like, and what is said of one that is wrong.

use std::time::Duration;

use super::*;
use crate::{backlog::ticket::Priority, diagnostic::render};

fn read(text: &str) -> (Option<Ticket>, Vec<Diagnostic>) {
    parse_ticket("t.md", text.as_bytes())
}

/// Returns the ticket of a text in which nothing is wrong.
fn good(text: &str) -> Ticket {
    let (ticket, found) = read(text);
    assert_eq!(found, [], "{text}");
    ticket.unwrap()
}

/// Returns each diagnostic as `code line:column message / help`, errors with a `!`.
fn complaints(file: &str, bytes: &[u8]) -> Vec<String> {
    let (ticket, found) = parse_ticket(file, bytes);
    let fatal = found.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(ticket.is_none(), fatal);
    let line = |found: &Diagnostic| {
        let (line, column) = found.position();
        let mark = if found.severity == Severity::Error {
            "!"
        } else {
            ""
        };
        format!(
            "{mark}{} {line}:{column} {} / {}",
            found.code, found.message, found.help
        )
    };
    found.iter().map(line).collect()
}

fn front(keys: &str) -> String {
    format!("---\n{keys}\n---\nDo it.\n")
}

#[test]
fn every_key_is_read() {
    let ticket = good(
        "---\nid: T-7\ntitle: 'Fix: it'\npriority: High\nordinal: 2000\ndepends_on: [a, 012]\n\
         labels: x, y\npaths:\n  - src/**\ngate: make\naccept: |\n  a\n  b\nharness: claude\n\
         model: opus\ntimeout: 1h 30m\nattempts: 2\nmode: Loop\niterations: 7\nstatus: In Progress\nowner: ada\n\
         due: 2026-01-05\nsize: 1.50\nlist: [1, {a: ~}]\n---\n\n# Heading\n\nText.\n",
    );
    let facts = &ticket.facts;
    assert_eq!(facts.id.as_str(), "T-7");
    assert_eq!(facts.title, "Fix: it");
    assert_eq!(facts.file, "t.md");
    assert_eq!(facts.priority, Priority(2));
    assert_eq!(facts.ordinal, Some(2000));
    assert_eq!(
        facts.depends_on,
        ["a".parse().unwrap(), "012".parse().unwrap()]
    );
    assert_eq!(facts.labels, ["x", "y"]);
    assert_eq!(facts.paths, ["src/**"]);
    assert_eq!(facts.attempts, Some(2));
    assert_eq!(facts.iterations, Some(7));
    assert_eq!(facts.status, Status::Ready);
    assert_eq!(ticket.body, "# Heading\n\nText.");
    assert_eq!(ticket.gate.as_deref(), Some("make"));
    assert_eq!(ticket.accept.as_deref(), Some("a\nb"));
    assert_eq!(ticket.facts.harness.as_deref(), Some("claude"));
    assert_eq!(ticket.model.as_deref(), Some("opus"));
    assert_eq!(ticket.timeout, Some(Duration::from_secs(5400)));
    let extra: Vec<_> = ticket
        .extra
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        extra,
        [
            "due=2026-01-05",
            "list=[1,{\"a\":null}]",
            "owner=ada",
            "size=1.50"
        ]
    );
}

#[test]
fn toml_front_matter_says_the_same() {
    let ticket = good(
        "+++\nid = \"014\"\npriority = 5\ndepends_on = \"a, b\"\nattempts = 1\nsize = 1.50\n\
         due = 2026-12-01\nextras = { a = [1] }\n+++\nDo it.\n",
    );
    assert_eq!(ticket.id().as_str(), "014");
    assert_eq!(ticket.facts.priority, Priority(5));
    assert_eq!(ticket.facts.depends_on.len(), 2);
    assert_eq!(ticket.extra["size"], "1.50");
    assert_eq!(ticket.extra["due"], "2026-12-01");
    assert_eq!(ticket.extra["extras"], "{\"a\":[1]}");
}

#[test]
fn what_the_front_matter_does_not_say_comes_from_the_file_and_the_body() {
    let ticket = good("\u{feff}Fix the *login*.\nIt hangs.\n\nMore.\n");
    assert_eq!(ticket.id().as_str(), "t");
    assert_eq!(ticket.facts.title, "Fix the login. It hangs.");
    assert_eq!(ticket.facts.priority, Priority(3));
    assert_eq!(ticket.facts.depends_on, []);
    assert_eq!(good("text\n\n# Head `x`\n").facts.title, "Head x");
    assert_eq!(good("---\r\nid: w\r\n---\r\nText\r\n").id().as_str(), "w");
    assert_eq!(good("---\n---\nText\n").id().as_str(), "t");
    assert_eq!(
        good("---\n# only a comment\n---\nText\n").id().as_str(),
        "t"
    );
    assert_eq!(
        good("---\n{id: flow, priority: 1}\n---\nText\n")
            .id()
            .as_str(),
        "flow"
    );
    for (written, kept) in [
        ("012", "012"),
        ("1.10", "1.10"),
        ("7", "7"),
        ("true", "true"),
        ("0x1F", "0x1F"),
    ] {
        assert_eq!(good(&front(&format!("id: {written}"))).id().as_str(), kept);
    }
}

#[test]
fn words_mean_the_same_in_any_case() {
    for (word, number) in [
        ("critical", 1),
        ("HIGH", 2),
        ("medium", 3),
        ("Low", 4),
        ("5", 5),
        ("\"1\"", 1),
        ("", 3),
    ] {
        let ticket = good(&front(&format!("priority: {word}")));
        assert_eq!(ticket.facts.priority, Priority(number), "{word}");
    }
    for (word, status) in [
        ("draft", Status::Draft),
        ("Draft", Status::Draft),
        ("DONE", Status::Done),
        ("To Do", Status::Ready),
        ("In Progress", Status::Ready),
        ("", Status::Ready),
    ] {
        let ticket = good(&front(&format!("status: {word}")));
        assert_eq!(ticket.facts.status, status, "{word}");
    }
    // What is not to be worked need not say what to do.
    assert_eq!(good("---\nstatus: done\n---\n").facts.title, "t");
    assert_eq!(good("---\ntitle: x\nstatus: draft\n---\n").facts.title, "x");
}

#[test]
fn a_title_is_one_clean_line() {
    for (written, expected) in [
        ("\"a\\nb\\tc\"", "a b c"),
        ("\"\\e[31mred\\e[0m\"", "[31mred[0m"),
        ("\"a\\u202Eb\\u0007\"", "ab"),
        ("\"  \"", "Heading"),
        ("2024", "2024"),
        ("~", "Heading"),
    ] {
        let ticket = good(&format!("---\ntitle: {written}\n---\n# Heading\n\nText.\n"));
        assert_eq!(ticket.facts.title, expected, "{written}");
    }
    let long = good(&format!("# {}\n\nText.\n", "word ".repeat(100)))
        .facts
        .title;
    assert!(long.chars().count() <= 200 && long.ends_with('…'), "{long}");
}

#[test]
fn each_problem_is_named_with_its_place_and_the_next_step() {
    let bytes: &[(&str, &[u8], &str)] = &[
        (
            "a b.md",
            b"Do it.",
            "!bad-id 1:1 the file's name cannot serve as the ticket's id: `a b` is not a usable \
             ticket id: only letters, digits, `.`, `_` and `-` are safe in file names and git refs \
             / add `id: a-b` to the front matter, or rename the file",
        ),
        (
            "t.md",
            b"one\ntwo \xff\n",
            "!not-utf8 2:5 the ticket is not UTF-8 text: byte 0xff / save the file as UTF-8",
        ),
        (
            "t.md",
            b"one\nt\0o\n",
            "!nul-byte 2:2 the ticket contains a NUL byte / save the file as plain text",
        ),
        (
            "t.md",
            b"",
            "!empty-ticket 1:1 the ticket is empty / write below the front matter what is wanted, \
             and how one sees that it is done",
        ),
        (
            "t.md",
            b"---\nid: x\n---\n\n",
            "!empty-ticket 3:1 the ticket is empty / write below the front matter what is wanted, \
             and how one sees that it is done",
        ),
        (
            "t.md",
            b"# Fix the login\n",
            "!empty-body 1:1 a ticket needs a sentence that says what to do, and this has only a \
             title / write below the front matter what is wanted, and how one sees that it is done",
        ),
        (
            "t.md",
            b"---\nid: x\n",
            "!unclosed-front-matter 1:1 the front matter begins with `---` and does not end / add \
             a line `---` after its last key",
        ),
        (
            "t.md",
            b"+++\nid = x\n+++\nDo it.",
            "!toml-syntax 2:6 the front matter is not TOML: string values must be quoted, \
             expected literal string / a line is `key = value`, and texts stand in quotes",
        ),
        (
            "t.md",
            b"## Acceptance\n```\nmake\n```\nText.\n",
            "unmarked-check 2:1 this block is not marked as `sh`, so it is not the ticket's \
             `accept` / write ```sh above it, or ```text when it is not to be run",
        ),
        (
            "t.md",
            b"---\naccept: a\n---\nText.\n\n## Acceptance\n```sh\nb\n```\n",
            "two-checks 6:1 `accept` is written twice, and the front matter's counts / take one \
             of the two out",
        ),
        (
            "t.md",
            b"Text.\n## Gate\n```sh\na\n```\n```sh\nb\n```\n",
            "two-checks 6:1 there are several `sh` blocks, and only the first is the ticket's \
             `gate` / join them into one block",
        ),
        (
            "t.md",
            b"Text.\n## Gate\n```sh\n```\n",
            "empty-value 2:1 this section's block is empty, so the ticket has no `gate` from it / \
             write a command, or take the section out",
        ),
    ];
    for (file, bytes, expected) in bytes {
        assert_eq!(complaints(file, bytes), [*expected]);
    }
    for (keys, expected) in [
        (
            "id: x\ntitle: Fix: the login",
            "!yaml-syntax 3:11 the front matter is not YAML: mapping values are not allowed in \
             this context / a text that contains `: ` must stand in quotes",
        ),
        (
            "id: x\n\tpriority: 1",
            "!yaml-syntax 3:1 the front matter is not YAML: found a tab character that violates \
             indentation / indent with spaces",
        ),
        (
            "title: @ada",
            "!yaml-syntax 2:8 the front matter is not YAML: found character that cannot start any \
             token / a text that begins with a special character must stand in quotes",
        ),
        (
            "title: ä\npaths: *.rs",
            "!yaml-syntax 3:9 the front matter is not YAML: did not find expected \
             alphabetic or numeric character / a text that begins with `*` or `&` must \
             stand in quotes",
        ),
        (
            "- a\n- b",
            "!yaml-syntax 2:1 the front matter is not a set of keys / write `key: value` lines, \
             such as `priority: 2`",
        ),
        (
            "id: ../../x",
            "!bad-id 2:5 `../../x` is not a usable ticket id: only letters, digits, `.`, `_` and \
             `-` are safe in file names and git refs / use letters, digits, `-` and `_`, such as \
             `fix-login`",
        ),
        (
            "id: [a]",
            "!wrong-type 2:5 `id` must be a single value, and this is a list / write it as in \
             `id: fix-login`",
        ),
        (
            "priority: urgent",
            "!bad-value 2:11 `urgent` is not a priority / write 1 (critical), 2 (high), 3 \
             (medium), 4 (low) or 5 (whenever)",
        ),
        (
            "depends_on: [a, b/c]",
            "!bad-id 2:17 `b/c` is not a usable ticket id: only letters, digits, `.`, `_` and `-` \
             are safe in file names and git refs / use letters, digits, `-` and `_`, such as \
             `fix-login`",
        ),
        (
            "depends_on:\n  a: b",
            "!wrong-type 3:3 `depends_on` must be a list, and this is a set of keys / write it as \
             in `depends_on: [ledger, sessions]`",
        ),
        (
            "labels: {a: b}",
            "wrong-type 2:9 `labels` must be a list, and this is a set of keys / write it as in \
             `labels: [backend, auth]`",
        ),
        (
            "paths: [ok/**, /abs]",
            "!bad-glob 2:16 `/abs` is not a usable pattern: paths begin at the repository's root, \
             without `/` / write it as in \"src/auth/**\" or \"**/*.sql\"",
        ),
        (
            "timeout: 45",
            "!bad-duration 2:10 `timeout` is not usable: a number needs a unit / write it as in \
             \"45m\", \"1h 30m\" or \"90s\"",
        ),
        (
            "attempts: 21",
            "!bad-value 2:11 `attempts` must be between 1 and 20 / choose a number in this range",
        ),
        (
            "accept: \"x\"\nmode: lopp",
            "!bad-value 3:7 `lopp` is not a mode / did you mean `loop`?",
        ),
        (
            "mode: loop",
            "!no-end 2:7 `mode: loop` needs an acceptance check: how would it ever be done? / add \
             `accept:` with a command that is red now and green when the objective is reached",
        ),
        (
            "accept: x\nmode: loop\niterations: 0",
            "!bad-value 4:13 `iterations` must be between 1 and 1000 / choose a number in this range",
        ),
        (
            "iterations: 5",
            "no-loop 2:1 `iterations` means nothing without `mode: loop` / add `mode: loop`, or \
             take the line out",
        ),
        (
            "gate: ''",
            "!empty-value 2:7 `gate` is empty / write it as in `gate: cargo test`, or take the \
             line out",
        ),
        (
            "accept: \"a\\0b\"",
            "!bad-value 2:9 `accept` contains a NUL byte / take it out",
        ),
        (
            "id: a\npriority: 1\nid: b",
            "!duplicate-key 4:1 `id` is written twice / take one of the two out",
        ),
        (
            "ordinal: first",
            "bad-value 2:10 `first` is not a number, so the ticket has no ordinal / write a \
             number such as 1000, or take the line out",
        ),
        (
            "depends-on: a",
            "maybe-misspelt 2:1 `depends-on` means nothing to nightshift / did you mean \
             `depends_on`?",
        ),
        (
            "prioritty: 1",
            "maybe-misspelt 2:1 `prioritty` means nothing to nightshift / did you mean `priority`?",
        ),
    ] {
        assert_eq!(
            complaints("t.md", front(keys).as_bytes()),
            [expected],
            "{keys}"
        );
    }
}

#[test]
fn all_problems_come_in_one_go() {
    let bytes = include_bytes!("../../../fixtures/tickets/bad/many.md");
    let (ticket, found) = parse_ticket("many.md", bytes);
    assert!(ticket.is_none());
    let codes: Vec<_> = found
        .iter()
        .map(|found| (found.code, found.position()))
        .collect();
    assert_eq!(
        codes,
        [
            ("bad-id", (2, 5)),
            ("bad-value", (3, 11)),
            ("wrong-type", (4, 13)),
            ("bad-glob", (5, 10)),
            ("bad-duration", (6, 10)),
            ("bad-value", (7, 11)),
            ("maybe-misspelt", (8, 1)),
        ]
    );
}

#[test]
fn a_task_of_backlog_md_loads_as_it_is() {
    let file = "task-12 - Add-OAuth-login.md";
    let bytes =
        include_bytes!("../../../fixtures/tickets/backlog-md/tasks/task-12 - Add-OAuth-login.md");
    let (ticket, found) = parse_ticket(file, bytes);
    assert_eq!(found, []);
    let ticket = ticket.unwrap();
    assert_eq!(ticket.id().as_str(), "task-12");
    assert_eq!(ticket.facts.priority, Priority(2));
    assert_eq!(ticket.facts.ordinal, Some(2000));
    assert_eq!(ticket.facts.labels, ["auth", "backend"]);
    assert_eq!(
        ticket.facts.depends_on,
        ["TASK-11".parse().unwrap(), "task-7".parse().unwrap()]
    );
    assert_eq!(ticket.extra["assignee"], "[]");
    assert_eq!(ticket.extra["created_date"], "2025-07-12 14:03");
    assert_eq!(ticket.accept, None);
    assert!(ticket.body.contains("A user can sign in with OAuth"));
}

#[test]
fn keys_of_other_tools_are_not_taken_for_misspelt_ones() {
    for key in [
        "assignee",
        "reporter",
        "created_date",
        "updated_date",
        "milestone",
        "references",
        "documentation",
        "parent_task_id",
        "subtasks",
        "onStatusChange",
        "type",
        "date",
        "tags",
        "state",
        "estimate",
        "name",
        "owner",
        "due",
        "category",
        "module",
        "modified_files",
    ] {
        assert_eq!(
            complaints("t.md", front(&format!("{key}: x")).as_bytes()),
            [""; 0],
            "{key}"
        );
    }
}

#[test]
fn a_diagnostic_of_a_ticket_shows_the_line() {
    let found = |text: &str| render(&read(text).1[0], false);
    insta::assert_snapshot!(found("---\nid: x\ntitle: Fix: the login\n---\nDo it.\n"), @r#"
        error[yaml-syntax]: the front matter is not YAML: mapping values are not allowed
                            in this context
         --> t.md:3:11
          |
        3 | title: Fix: the login
          |           ^
          |
        help: a text that contains `: ` must stand in quotes
        "#);
    insta::assert_snapshot!(found("---\r\npriority: urgent\r\n---\r\nDo it.\r\n"), @r#"
        error[bad-value]: `urgent` is not a priority
         --> t.md:2:11
          |
        2 | priority: urgent
          |           ^^^^^^
          |
        help: write 1 (critical), 2 (high), 3 (medium), 4 (low) or 5 (whenever)
        "#);
    insta::assert_snapshot!(found("---\naccept: make\n---\nDo it.\n\n## Acceptance\n\n```sh\nmake\n```\n"), @r#"
        warning[two-checks]: `accept` is written twice, and the front matter's counts
         --> t.md:6:1
          |
        2 | accept: make
          | ------ used
        ...
        6 | ## Acceptance
          | ^^^^^^^^^^^^^ not used
          |
        help: take one of the two out
        "#);
    insta::assert_snapshot!(found("# \u{1b}[2JFix\n"), @r#"
        error[empty-body]: a ticket needs a sentence that says what to do, and this has
                           only a title
         --> t.md:1:1
          |
        1 | # ␛[2JFix
          | ^^^^^^^^^
          |
        help: write below the front matter what is wanted, and how one sees that it is
              done
        "#);
}
