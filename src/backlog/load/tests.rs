//! Folders of tickets: what is loaded, in which order, and what is said of the rest.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use super::*;
use crate::{backlog::ticket::TicketId, clock, diagnostic::render, layout};

/// A repository with these files in its backlog; a text without a line break is its front matter's
/// one key.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("backlog")).unwrap();
    for (file, text) in files {
        let text = match text {
            text if text.contains('\n') || text.is_empty() => (*text).to_owned(),
            key => format!("---\n{key}\n---\nDo it.\n"),
        };
        layout::write(&root.path().join("backlog").join(file), text.as_bytes()).unwrap();
    }
    root
}

fn ids(backlog: &Backlog) -> String {
    let ids: Vec<&str> = backlog
        .tickets
        .iter()
        .map(|ticket| ticket.id().as_str())
        .collect();
    ids.join(" ")
}

fn lines(backlog: &Backlog) -> Vec<String> {
    backlog
        .diagnostics
        .iter()
        .map(|found| format!("{} {}", found.code, found.one_line()))
        .collect()
}

fn unmet(backlog: &Backlog) -> Vec<String> {
    let one = |(id, missing): (&_, &Vec<_>)| format!("{id}: {missing:?}");
    let text = |line: String| {
        line.replace("TicketId", "")
            .replace(['"', '(', ')', '[', ']'], "")
    };
    backlog.unmet.iter().map(one).map(text).collect()
}

#[test]
fn the_good_fixtures_load_without_a_word() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tickets");
    let backlog = load(&root, "good").unwrap();
    assert_eq!(lines(&backlog), [""; 0]);
    assert_eq!(
        ids(&backlog),
        "ledger from-windows idea old sessions fix-login 014"
    );
    let windows = &backlog.tickets[1];
    assert_eq!(windows.accept.as_deref(), Some("exit 1\nexit 2"));
    assert_eq!(windows.facts.title, "Saved by an editor on Windows");
    assert_eq!(backlog.tickets[6].gate.as_deref(), Some("make metrics"));
    assert_eq!(backlog.tickets[2].facts.file, "later/idea.md");
    assert_eq!(
        backlog.find(&"014".parse().unwrap()).unwrap().facts.title,
        "Rename the metrics"
    );
}

#[test]
fn the_bad_fixtures_are_refused_one_by_one() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tickets");
    let backlog = load(&root, "bad").unwrap();
    assert_eq!(ids(&backlog), "Twin unknown-dependency");
    let refused: Vec<(&str, Option<&str>)> = backlog
        .refused
        .iter()
        .map(|file| (&*file.file, file.id.as_ref().map(TicketId::as_str)))
        .collect();
    assert_eq!(
        refused,
        [
            ("broken-yaml.md", Some("broken-yaml")),
            ("circle-a.md", Some("circle-a")),
            ("circle-b.md", Some("circle-b")),
            ("empty.md", Some("empty")),
            ("many.md", Some("many")),
            ("not-utf8.md", Some("not-utf8")),
            ("nul.md", Some("nul")),
            ("other-twin.md", Some("twin")),
            ("title-only.md", Some("title-only")),
            ("unclosed.md", Some("unclosed")),
            ("with a space.md", None),
        ]
    );
    let all = lines(&backlog);
    for expected in [
        "yaml-syntax bad/broken-yaml.md:3:11: the front matter is not YAML: mapping values are \
         not allowed in this context",
        "circle bad/circle-a.md:2:13: tickets wait for each other in a circle: circle-a → \
         circle-b → circle-a",
        "circle bad/circle-b.md:2:14: tickets wait for each other in a circle: circle-a → \
         circle-b → circle-a",
        "empty-ticket bad/empty.md:1:1: the ticket is empty",
        "not-utf8 bad/not-utf8.md:2:18: the ticket is not UTF-8 text: byte 0xff",
        "nul-byte bad/nul.md:1:8: the ticket contains a NUL byte",
        "duplicate-id bad/other-twin.md:2:5: `twin` is the id of `bad/Twin.md` already, but for \
         upper and lower case",
        "empty-body bad/title-only.md:3:1: a ticket needs a sentence that says what to do, and \
         this has only a title",
        "unclosed-front-matter bad/unclosed.md:1:1: the front matter begins with `---` and does \
         not end",
        "unknown-dependency bad/unknown-dependency.md:3:5: `unknown-dependency` depends on \
         `cirlce-a`, and no ticket has this id",
    ] {
        assert!(
            all.iter().any(|line| line == expected),
            "{expected}\n{all:#?}"
        );
    }
    assert_eq!(unmet(&backlog), ["unknown-dependency: cirlce-a"]);
    assert!(backlog.refused_ids().contains(&"circle-a".parse().unwrap()));
}

#[test]
fn a_backlog_of_backlog_md_loads_as_it_is() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/tickets");
    let backlog = load(&root, "backlog-md").unwrap();
    assert_eq!(lines(&backlog), [""; 0]);
    assert_eq!(ids(&backlog), "task-11 task-12");
    // `TASK-11` is `task-11`, and `task-7` is completed.
    let depends_on = &backlog.tickets[1].facts.depends_on;
    assert_eq!(depends_on, &["task-11".parse().unwrap()]);
    assert_eq!(backlog.tickets[0].facts.ordinal, Some(1000));
}

#[test]
fn some_files_are_not_tickets() {
    let text = "Do it.\n";
    let root = repository(&[
        ("a.md", text),
        ("sub/deep/b.md", text),
        ("archive/c.md", text),
        ("completed/d.md", text),
        ("sub/drafts/e.md", text),
        (".hidden.md", text),
        (".git/f.md", text),
        ("readme.md", text),
        ("sub/README.md", text),
        ("notes.txt", text),
        ("a.md~", text),
        ("docs/g.md", text),
    ]);
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(ids(&backlog), "a g b");
    assert_eq!(lines(&backlog), [""; 0]);
    // Not in the layout of Backlog.md, where these folders are no tickets.
    fs::create_dir(root.path().join("backlog/tasks")).unwrap();
    assert_eq!(ids(&load(root.path(), "backlog").unwrap()), "a b");
}

#[test]
fn a_folder_that_is_not_there_is_an_error_with_a_way_out() {
    let root = repository(&[("tasks/a.md", "Do it.\n")]);
    for (folder, message, hint) in [
        (
            "backlgo",
            "there is no backlog folder `R/backlgo`",
            "Did you mean `backlog`?",
        ),
        (
            "backlog/task",
            "there is no backlog folder `R/backlog/task`",
            "`backlog = \"backlog/tasks\"`",
        ),
        (
            "zzz/x",
            "there is no backlog folder `R/zzz/x`",
            "`mkdir -p R/zzz/x`",
        ),
        (
            "backlog/tasks/a.md",
            "the backlog `R/backlog/tasks/a.md` is not a folder",
            "Name the folder",
        ),
        (
            "backlog/tasks/a.md/b",
            "the backlog `R/backlog/tasks/a.md/b` is not a folder",
            "Name the folder",
        ),
    ] {
        let error = load(root.path(), folder).unwrap_err();
        let plain = |text: String| text.replace(root.path().to_str().unwrap(), "R");
        assert_eq!(plain(error.to_string()), message);
        assert!(plain(error.hint()).contains(hint), "{}", error.hint());
    }
    fs::create_dir(root.path().join("none")).unwrap();
    assert_eq!(load(root.path(), "none").unwrap(), Backlog::default());
}

#[test]
fn what_is_not_a_plain_file_is_named_and_never_opened() {
    let root = repository(&[("a.md", "Do it.\n"), ("sub/b.md", "Do it.\n")]);
    let backlog = root.path().join("backlog");
    layout::write(&root.path().join("secret.md"), b"Do it.\n").unwrap();
    symlink("a.md", backlog.join("inside.md")).unwrap();
    symlink("../secret.md", backlog.join("outside.md")).unwrap();
    symlink("/dev/zero", backlog.join("zero.md")).unwrap();
    symlink("nowhere", backlog.join("dangling.md")).unwrap();
    symlink("nowhere", backlog.join("dangling.txt")).unwrap();
    symlink("circle.md", backlog.join("circle.md")).unwrap();
    symlink(".", backlog.join("again")).unwrap();
    let pipe = backlog.join("pipe.md");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    symlink("pipe.md", backlog.join("to-pipe.md")).unwrap();
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(ids(&backlog), "a inside b");
    let root = root.path().canonicalize().unwrap();
    let found: Vec<String> = lines(&backlog)
        .iter()
        .map(|line| line.replace(root.to_str().unwrap(), "R"))
        .collect();
    assert_eq!(
        found,
        [
            "folder-link backlog/again:1:1: this link leads to a folder, and is not followed",
            "dangling-link backlog/circle.md:1:1: this link leads nowhere: Too many levels of \
             symbolic links (os error 40)",
            "dangling-link backlog/dangling.md:1:1: this link leads nowhere: No such file or \
             directory (os error 2)",
            "outside-link backlog/outside.md:1:1: this link leads out of the backlog, to \
             `R/secret.md`",
            "not-a-file backlog/pipe.md:1:1: this is a pipe, not a file, and was not opened",
            "not-a-file backlog/to-pipe.md:1:1: this is a pipe, not a file, and was not opened",
            "outside-link backlog/zero.md:1:1: this link leads out of the backlog, to `/dev/zero`",
        ]
    );
}

#[test]
fn a_pipe_in_the_place_of_a_file_does_not_block() {
    let root = repository(&[("a.md", "Do it.\n")]);
    let found = scan(root.path(), "backlog").unwrap();
    let file = root.path().join("backlog/a.md");
    fs::remove_file(&file).unwrap();
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let (_, parsed) = read(root.path(), "backlog", "a.md", &found.files["a.md"]).unwrap();
    assert_eq!(parsed.diagnostics[0].code, "unreadable");
}

#[test]
fn a_giant_file_costs_nothing() {
    let root = repository(&[("a.md", "Do it.\n")]);
    let giant = fs::File::create(root.path().join("backlog/giant.md")).unwrap();
    // Sparse: reading it would take a terabyte of memory.
    giant.set_len(1 << 40).unwrap();
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(ids(&backlog), "a");
    assert_eq!(
        lines(&backlog),
        [
            "too-large backlog/giant.md:1:1: the ticket has 1073741824 KiB, and more than 1024 are \
          not read"
        ]
    );
}

#[test]
fn dependencies_are_looked_up_without_case_and_written_as_their_ticket_is_called() {
    let root = repository(&[
        ("a.md", "depends_on: [B, done, Draft, away, b]"),
        ("b.md", "id: b"),
        ("done.md", "status: done\n"),
        (
            "done2.md",
            "---\nstatus: done\ndepends_on: [gone, done2]\n---\n",
        ),
        ("draft.md", "status: draft"),
        ("completed/AWAY - Long ago.md", "Do it.\n"),
    ]);
    layout::write(
        &root.path().join("backlog/done.md"),
        b"---\nstatus: done\n---\n",
    )
    .unwrap();
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(
        lines(&backlog),
        ["draft-dependency backlog/a.md:2:23: `a` waits for `draft`, which is a draft"]
    );
    let a = backlog.find(&"a".parse().unwrap()).unwrap();
    let depends_on: Vec<&str> = a.facts.depends_on.iter().map(TicketId::as_str).collect();
    assert_eq!(depends_on, ["b", "done", "draft"]);
    assert_eq!(unmet(&backlog), [""; 0]);
}

#[test]
fn what_waits_for_a_refused_ticket_is_kept_and_named() {
    let root = repository(&[
        ("a.md", "depends_on: bad"),
        ("b.md", "depends_on: c"),
        ("bad.md", "priority: urgent"),
        ("c.md", "depends_on: d"),
        ("d.md", "depends_on: c"),
        ("e.md", "depends_on: e"),
        ("f.md", "depends_on: [zzz, a]"),
    ]);
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(ids(&backlog), "a b f");
    assert_eq!(unmet(&backlog), ["a: bad", "b: c", "f: zzz"]);
    assert_eq!(
        lines(&backlog),
        [
            "refused-dependency backlog/a.md:2:13: `a` cannot start: its dependency `bad` cannot \
             be used",
            "refused-dependency backlog/b.md:2:13: `b` cannot start: its dependency `c` cannot be \
             used",
            "bad-value backlog/bad.md:2:11: `urgent` is not a priority",
            "circle backlog/c.md:2:13: tickets wait for each other in a circle: c → d → c",
            "circle backlog/d.md:2:13: tickets wait for each other in a circle: c → d → c",
            "circle backlog/e.md:2:13: tickets wait for each other in a circle: e → e",
            "unknown-dependency backlog/f.md:2:14: `f` depends on `zzz`, and no ticket has this id",
        ]
    );
    let refused: Vec<String> = backlog
        .refused_ids()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(refused, ["bad", "c", "d", "e"]);
}

#[test]
fn the_first_file_by_name_keeps_an_id() {
    let root = repository(&[
        ("1.md", "id: same"),
        ("2.md", "id: same"),
        ("3.md", "Do it.\n"),
        ("4.md", "id: SAME"),
        ("5.md", "depends_on: Same"),
    ]);
    let backlog = load(root.path(), "backlog").unwrap();
    assert_eq!(ids(&backlog), "same 3 5");
    assert_eq!(
        lines(&backlog),
        [
            "duplicate-id backlog/2.md:2:5: `same` is the id of `backlog/1.md` already",
            "duplicate-id backlog/4.md:2:5: `SAME` is the id of `backlog/1.md` already, but for \
             upper and lower case",
        ]
    );
    assert!(backlog.refused_ids().contains(&"SAME".parse().unwrap()));
    assert!(!backlog.refused_ids().contains(&"same".parse().unwrap()));
}

#[test]
fn a_thousand_broken_tickets_take_no_longer_than_good_ones() {
    let files: Vec<(String, String)> = (0..1000)
        .map(|number| {
            let next = (number + 1) % 1000;
            (
                format!("ring-{number}.md"),
                format!("depends_on: [ring-{next}, nothing-{number}]"),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(file, text)| (&**file, &**text))
        .collect();
    let root = repository(&files);
    let begin = clock::now();
    let backlog = load(root.path(), "backlog").unwrap();
    assert!(clock::now().since(&begin).as_millis() < 1000);
    assert_eq!(backlog.refused.len(), 1000);
    assert!(backlog.diagnostics[0].message.contains("(800 more)"));
}

#[test]
fn a_diagnostic_about_two_files_shows_the_line() {
    let root = repository(&[
        ("login.md", "depends_on: [sessions, ledgr]"),
        ("ledger.md", "Do it.\n"),
        ("sessions.md", "Do it.\n"),
    ]);
    let backlog = load(root.path(), "backlog").unwrap();
    insta::assert_snapshot!(render(&backlog.diagnostics[0], false), @r#"
        error[unknown-dependency]: `login` depends on `ledgr`, and no ticket has this id
         --> backlog/login.md:2:24
          |
        2 | depends_on: [sessions, ledgr]
          |                        ^^^^^ no such ticket
          |
        help: did you mean `ledger`?
        "#);
}
