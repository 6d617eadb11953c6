//! `requires:` in a ticket: what is missing blocks it before any work, with its name, and is tried
//! again.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use crate::bed::{Bed, Said, binary};

fn writes(name: &str) -> String {
    format!("- write: {{path: {name}.txt, text: ok}}")
}

/// Puts a program on the bed's own `PATH` folder, which tests add to the night's.
fn program(bed: &Bed, name: &str, script: &str) {
    let folder = bed.shared().join("bin");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn nightshift(bed: &Bed, args: &[&str]) -> Said {
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = bed.shared().join("bin");
    let output = bed
        .command(binary())
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("THERE", "1")
        .args(args)
        .output()
        .unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn bed(requires: &[(&str, &str)]) -> Bed {
    let bed = Bed::with_stories();
    program(&bed, "thing", "echo \"thing version 2.10.1 (of 2026)\"");
    for (id, requires) in requires {
        bed.ticket(id, &format!("requires: [{requires}]"), "Do it.");
        bed.steps(id, &writes(id));
    }
    bed
}

#[test]
fn what_is_there_lets_a_ticket_be_worked() {
    let service = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = service.local_addr().unwrap().port();
    let requires = format!(
        "thing, thing >= 2.9, thing < 3, \"service:127.0.0.1:{port}\", \"file:~/shared\", \"env:THERE\""
    );
    let bed = bed(&[("a", &requires)]);
    let check = nightshift(&bed, &["check", "--json"]).code(0).json();
    assert_eq!(check["missing"], serde_json::json!([]));
    assert_eq!(check["tickets"][0]["requires"][1], "thing >= 2.9");
    nightshift(&bed, &["run"]).code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}

#[test]
fn what_is_missing_blocks_its_ticket_alone_and_is_tried_again_by_the_next_run() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let service = format!("\"service:127.0.0.1:{port}\"");
    let bed = bed(&[
        ("tool", "no-such-tool-here"),
        ("version", "thing >= 3, thing"),
        ("service", &service),
        ("file", "\"file:~/no/such/file\""),
        ("variable", "\"env:NOT_THERE\""),
        ("several", "thing > 2.10, no-such-tool-here"),
        ("fine", "thing"),
    ]);
    let reasons = [
        "it requires `no-such-tool-here` (it is not on PATH)",
        "it requires `thing >= 3` (it is 2.10.1)",
        "Connection refused",
        "it requires `file:~/no/such/file` (No such file or directory",
        "it requires `env:NOT_THERE` (it is not set)",
        "it requires `thing > 2.10` (it is 2.10.1), `no-such-tool-here` (it is not on PATH)",
    ];
    let check = nightshift(&bed, &["check"]).code(1);
    for shown in [
        "missing `thing >= 3` of version: it is 2.10.1",
        "missing `no-such-tool-here` of 2 tickets: it is not on PATH",
    ] {
        assert!(check.out.contains(shown), "{shown}: {}", check.out);
    }
    nightshift(&bed, &["run"]).code(1);
    let outcomes = bed.outcomes();
    for id in ["tool", "version", "service", "file", "variable", "several"] {
        assert_eq!(outcomes[id], "blocked", "{id}");
    }
    assert_eq!(outcomes["fine"], "done");
    let report = bed.report().to_string();
    for reason in reasons {
        assert!(report.contains(reason), "{reason}: {report}");
    }
    // No agent was started for any of them, and nothing was claimed.
    let journal = bed.read(".nightshift/journal/000001.jsonl");
    assert_eq!(journal.matches("\"event\":{\"claimed\":").count(), 1);

    program(&bed, "no-such-tool-here", "exit 1");
    program(&bed, "thing", "echo v3.0.0");
    nightshift(&bed, &["run"]).code(1);
    let outcomes = bed.outcomes();
    for id in ["tool", "version", "several"] {
        assert_eq!(outcomes[id], "done", "{id}");
    }
    assert_eq!(outcomes["file"], "blocked");
    bed.nightshift(&["verify"]).code(0);
}

/// A program is asked as a gate is run: what it writes to the user's files is not written.
#[test]
fn a_program_that_does_more_than_tell_its_version_is_confined() {
    let bed = bed(&[("a", "bad >= 1")]);
    program(
        &bed,
        "bad",
        &format!("echo x > {}/written; echo 1.0", bed.root.display()),
    );
    nightshift(&bed, &["run"]).code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    assert!(!bed.root.join("written").exists());
}

#[test]
fn a_program_is_asked_once_for_all_tickets() {
    let bed = bed(&[("a", "counted >= 1"), ("b", "counted >= 1")]);
    let log = bed.shared().join("asked");
    program(
        &bed,
        "counted",
        &format!("echo x >> {}; echo 1.0", log.display()),
    );
    nightshift(&bed, &["run"]).code(0);
    assert_eq!(fs::read_to_string(log).unwrap(), "x\n");
}

#[test]
fn one_that_does_not_tell_its_version_is_named_so() {
    let bed = bed(&[("a", "mute >= 1")]);
    program(&bed, "mute", "echo none");
    nightshift(&bed, &["run"]).code(1);
    let report = bed.report().to_string();
    assert!(report.contains("it does not tell its version"), "{report}");
}

#[test]
fn a_bad_form_is_an_error_with_its_place() {
    let bed = bed(&[("a", "thing, node 20")]);
    let check = bed.nightshift(&["check", "--no-gate"]).code(1);
    for shown in [
        "bad-requirement",
        "backlog/a.md:2:19",
        "`node 20` is not a requirement",
        "service:HOST:PORT",
    ] {
        assert!(check.err.contains(shown), "{shown}: {}", check.err);
    }
}
