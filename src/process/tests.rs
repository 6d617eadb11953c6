//! Real children, each doing one nasty thing.

use std::{ffi::OsString, path::Path, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(20);

/// A run of a shell script; `mark` is also how its leftovers are looked for.
fn spec(mark: &str, script: &str) -> Spec {
    // Marks of tests that run at the same time, and of earlier runs, must differ.
    let mark = format!("test-{}-{mark}", std::process::id());
    Spec {
        argv: ["sh", "-c", script].map(OsString::from).to_vec(),
        folder: "/".into(),
        env: vec![("PATH".into(), "/usr/bin:/bin".into())],
        stdin: None,
        mark,
        timeout: LONG,
        silence: None,
        grace: SECOND,
        progress: Progress::default(),
        supervised: false,
    }
}

fn alive(mark: &str) -> Vec<u32> {
    let table = table::Table::read();
    table
        .iter()
        .filter(|entry| !entry.ended && table::mark(entry.pid).as_deref() == Some(mark))
        .map(|entry| entry.pid)
        .collect()
}

async fn quiet(spec: &Spec) -> Finished {
    let (_ask, mut stop) = watch::channel(false);
    run(spec, &mut stop, |_| {}, |_, _| {}).await
}

#[tokio::test]
async fn exit_codes_signals_and_output() {
    let cases = [
        ("exit 0", Exit::Code(0), ""),
        (
            "echo out; echo err >&2; exit 3",
            Exit::Code(3),
            "out\nerr\n",
        ),
        ("kill -SEGV $$", Exit::Signal(11), ""),
        ("kill -KILL $$", Exit::Signal(9), ""),
        ("tty; cat", Exit::Code(0), "not a tty\n"),
        (
            "printf '%s' \"$NIGHTSHIFT_MARK\" | tail -c 4",
            Exit::Code(0),
            "exit",
        ),
        (
            "env -u NIGHTSHIFT_MARK -u PWD -u SHLVL -u _ env",
            Exit::Code(0),
            "PATH=/usr/bin:/bin\n",
        ),
    ];
    for (script, exit, output) in cases {
        let (finished, kept) = capture(&spec("exit", script)).await;
        assert_eq!(finished.exit, exit, "{script}");
        let kept = String::from_utf8_lossy(&kept);
        let mut sorted: Vec<&str> = kept.lines().collect();
        sorted.sort_by(|a, b| b.cmp(a));
        assert_eq!(sorted, output.lines().collect::<Vec<_>>(), "{script}");
        assert_eq!((finished.survivors, finished.unended), (0, 0), "{script}");
    }
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    crate::layout::write(&plain, b"#!/bin/sh\n").unwrap();
    let of = |argv: &[&str], folder: &Path| Spec {
        argv: argv.iter().map(OsString::from).collect(),
        folder: folder.into(),
        ..spec("missing", "")
    };
    let cases = [
        (
            of(&["no-such-program"], folder.path()),
            true,
            "command not found: `no-such-program`",
        ),
        (
            of(&["./plain"], folder.path()),
            true,
            "command not found: `./plain`",
        ),
        (
            of(&["sh"], &folder.path().join("gone")),
            false,
            "no such folder: `",
        ),
        (of(&[], folder.path()), false, "the command is empty"),
    ];
    for (spec, is_missing, says) in cases {
        let Exit::NotStarted { missing, reason } = quiet(&spec).await.exit else {
            panic!("{:?} was started", spec.argv);
        };
        assert_eq!(missing, is_missing, "{reason}");
        assert!(reason.starts_with(says), "{reason}");
    }
}

#[tokio::test]
async fn stdin_is_given_and_need_not_be_read() {
    let much = vec![b'x'; 1 << 20];
    for (script, length) in [
        ("wc -c", "1048576"),
        ("exec <&-; echo 0", "0"),
        ("echo 1", "1"),
    ] {
        let spec = Spec {
            stdin: Some(much.clone()),
            ..spec("stdin", script)
        };
        let (finished, kept) = capture(&spec).await;
        assert_eq!(finished.exit, Exit::Code(0), "{script}");
        assert_eq!(String::from_utf8_lossy(&kept).trim(), length, "{script}");
    }
}

#[tokio::test]
async fn a_flood_of_output_comes_in_bounded_pieces() {
    let (_ask, mut stop) = watch::channel(false);
    let (mut total, mut largest) = (0, 0);
    let spec = spec("flood", "yes | head -c 67108864");
    let sink = |_, piece: &[u8]| {
        total += piece.len();
        largest = largest.max(piece.len());
    };
    let finished = run(&spec, &mut stop, |_| {}, sink).await;
    assert_eq!(finished.exit, Exit::Code(0));
    assert_eq!((finished.output_bytes, total), (64 << 20, 64 << 20));
    assert!(largest <= 64 * 1024);
    assert_eq!(capture(&spec).await.1.len(), 64 * 1024);
}

#[tokio::test]
async fn a_child_that_closes_its_output_is_waited_for() {
    let spec = spec("closed", "exec >&- 2>&-; sleep 0.2; exit 7");
    assert_eq!(quiet(&spec).await.exit, Exit::Code(7));
}

#[tokio::test]
async fn a_timeout_kills_a_tree_that_ignores_sigterm() {
    let spec = Spec {
        timeout: Duration::from_millis(150),
        grace: Duration::from_millis(100),
        ..spec(
            "timeout",
            "trap '' TERM; (while :; do sleep 1; done) & sleep 60; sleep 60",
        )
    };
    let finished = quiet(&spec).await;
    assert_eq!(finished.exit, Exit::TimedOut);
    assert!(finished.survivors >= 1, "{finished:?}");
    assert!(finished.took < LONG / 2, "{finished:?}");
    assert_eq!(alive(&spec.mark), Vec::<u32>::new());
}

#[tokio::test]
async fn a_child_may_use_its_grace_to_end_well() {
    let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do :; done";
    let spec = Spec {
        timeout: Duration::from_millis(300),
        ..spec("grace", script)
    };
    let (finished, kept) = capture(&spec).await;
    assert_eq!(finished.exit, Exit::TimedOut);
    assert_eq!(String::from_utf8_lossy(&kept), "ready\nbye\n");
    assert!(finished.took < LONG / 2, "{finished:?}");
}

#[tokio::test]
async fn silence_is_no_output_and_no_work() {
    let with_limit = |mark, script, timeout: u64| Spec {
        silence: Some(Duration::from_millis(400)),
        timeout: Duration::from_millis(timeout),
        ..spec(mark, script)
    };
    let silent = with_limit("silent", "sleep 30 & sleep 30", 20_000);
    let busy = with_limit("busy", "(while :; do :; done) & wait", 700);
    let chatty = "for i in 1 2 3 4 5 6; do echo; sleep 0.1; done";
    let chatty = with_limit("chatty", chatty, 20_000);
    let (silent, busy, chatty) = tokio::join!(quiet(&silent), quiet(&busy), quiet(&chatty));
    assert_eq!(silent.exit, Exit::Silent);
    assert!(silent.took < LONG / 2, "{silent:?}");
    assert_eq!(busy.exit, Exit::TimedOut);
    assert_eq!(chatty.exit, Exit::Code(0));
}

#[tokio::test]
async fn output_and_work_are_progress_and_a_child_without_silence_limit_is_waited_for() {
    let moved = |script, silence| async move {
        let spec = Spec {
            silence,
            ..spec("progress", script)
        };
        let progress = spec.progress.clone();
        let mut patience = 0;
        let (_ask, mut stop) = watch::channel(false);
        run(
            &spec,
            &mut stop,
            |_| {},
            |_, _| patience = progress.read().patience_ms,
        )
        .await;
        assert_eq!(progress.read().patience_ms, 0);
        (progress.read().moved, patience > 0)
    };
    let limit = Some(Duration::from_millis(400));
    assert_eq!(moved("echo 12345", None).await, (6, true));
    assert!(!moved("echo 12345", limit).await.1);
    let (busy, _) = moved("i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done", limit).await;
    assert!(busy > 0);
}

#[tokio::test]
async fn a_stop_ends_it_at_once() {
    let (ask, mut stop) = watch::channel(false);
    let spec = spec("stop", "sleep 60");
    let mut started = None;
    let on_start = |id| {
        started = Some(id);
        ask.send(true).unwrap();
    };
    let finished = run(&spec, &mut stop, on_start, |_, _| {}).await;
    assert_eq!(finished.exit, Exit::Stopped);
    assert!(finished.took < LONG / 2, "{finished:?}");
    assert!(!is_alive(&started.unwrap()));

    let not_called = |_| panic!("started in spite of the stop");
    let finished = run(&spec, &mut stop, not_called, |_, _| {}).await;
    assert_eq!(finished.exit, Exit::Stopped);
}

#[tokio::test]
async fn a_leftover_that_finishes_soon_is_let_finish() {
    let (finished, kept) = capture(&spec("tee", "(sleep 0.03; echo last) & echo first")).await;
    assert_eq!(String::from_utf8_lossy(&kept), "first\nlast\n");
    assert_eq!(finished.survivors, 0);
}

#[tokio::test]
async fn nothing_lives_on_after_a_clean_exit() {
    become_subreaper().unwrap();
    let nameless = format!("61.{}", std::process::id());
    let sheds_its_mark = format!("(env -i setsid /bin/sleep {nameless} &); sleep 0.1; echo ok");
    let scripts = [
        ("child", "sleep 60 & echo ok"),
        (
            "holds-pipe",
            "(trap '' HUP TERM; sleep 60; sleep 60) & echo ok",
        ),
        (
            "daemon",
            "setsid sh -c 'setsid sleep 60 & sleep 0.01' & sleep 0.1; echo ok",
        ),
        (
            "forked-twice",
            "(setsid sh -c 'sleep 60 </dev/null >/dev/null 2>&1 &' &); sleep 0.1; echo ok",
        ),
        ("no-mark", &sheds_its_mark),
    ];
    for (mark, script) in scripts {
        let spec = spec(mark, script);
        let (finished, kept) = capture(&spec).await;
        assert_eq!(finished.exit, Exit::Code(0), "{mark}");
        assert_eq!(kept, b"ok\n", "{mark}");
        // A run of another test may have been first to end the one that nobody can attribute.
        let is_attributed = mark != "no-mark";
        assert!(
            !is_attributed || finished.survivors >= 1,
            "{mark}: {finished:?}"
        );
        assert_eq!(finished.unended, 0, "{mark}");
        assert!(finished.took < LONG / 2, "{mark}: {finished:?}");
        assert_eq!(alive(&spec.mark), Vec::<u32>::new(), "{mark}");
    }
    let line = format!("/bin/sleep\0{nameless}\0");
    let is_there = table::Table::read().iter().any(|entry| {
        std::fs::read(format!("/proc/{}/cmdline", entry.pid)).is_ok_and(|l| l == line.as_bytes())
    });
    assert!(!is_there);
}

#[tokio::test]
async fn a_tree_that_keeps_forking_is_ended() {
    become_subreaper().unwrap();
    // Each generation makes the next one and ends, in a new session every time: no walk by
    // parent, group or session finds the end of it. Bounded by the file, should the test fail.
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo 'test -e go && setsid sh next &' > next;
        touch go; sh next & sleep 60";
    let spec = Spec {
        folder: folder.path().into(),
        timeout: Duration::from_millis(100),
        grace: Duration::from_millis(20),
        ..spec("forking", script)
    };
    let finished = quiet(&spec).await;
    std::fs::remove_file(folder.path().join("go")).unwrap();
    assert_eq!(finished.unended, 0, "{finished:?}");
    assert_eq!(alive(&spec.mark), Vec::<u32>::new());
}

#[tokio::test]
async fn a_child_of_this_program_that_is_not_ours_is_let_live() {
    become_subreaper().unwrap();
    #[expect(clippy::disallowed_methods, reason = "stands for another room's child")]
    let mut bystander = std::process::Command::new("sleep")
        .arg("30")
        .spawn()
        .unwrap();
    let finished = quiet(&spec("bystander", "sleep 60 &")).await;
    assert_eq!(finished.survivors, 1);
    assert!(bystander.try_wait().unwrap().is_none());
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[tokio::test]
async fn runs_at_the_same_time_leave_each_other_alone() {
    become_subreaper().unwrap();
    let long = spec("long", "(setsid sleep 0.4 &) ; sleep 0.4; echo $?");
    let short = spec("short", "sleep 60 &");
    let (long, short) = tokio::join!(capture(&long), quiet(&short));
    // Orphans of other tests of this process, whose mark is gone as they die, may count, too.
    assert!(short.survivors >= 1, "{short:?}");
    assert_eq!(String::from_utf8_lossy(&long.1), "0\n");
}

#[tokio::test]
async fn a_dropped_run_leaves_nothing() {
    become_subreaper().unwrap();
    let spec = spec("dropped", "sleep 60 & sleep 60");
    let given_up = tokio::time::timeout(Duration::from_millis(50), quiet(&spec)).await;
    assert!(given_up.is_err());
    let deadline = Instant::now() + SECOND;
    while !alive(&spec.mark).is_empty() {
        assert!(Instant::now() < deadline, "{:?}", alive(&spec.mark));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_child_that_does_nothing_costs_little() {
    let spec = spec("cheap", ":");
    quiet(&spec).await;
    let mut took: Vec<Duration> = Vec::new();
    for _ in 0..9 {
        took.push(quiet(&spec).await.took);
    }
    took.sort();
    println!("a child that does nothing: {:?}", took[4]);
    // Generous: other tests run at the same time.
    assert!(took[4] < Duration::from_millis(50), "{took:?}");
}

#[test]
fn a_sweep_ends_what_a_dead_runner_left() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = format!("sweep-{}-", std::process::id());
    let (marked, other) = (format!("{prefix}a"), format!("other-{prefix}"));
    // The outer shell stays their parent, so that no run of another test takes them for its own.
    let script = "for mark; do NIGHTSHIFT_MARK=$mark setsid sh -c 'sleep 60; :' & done; wait";
    #[expect(
        clippy::disallowed_methods,
        reason = "stands for a dead runner's child"
    )]
    let mut parent = std::process::Command::new("sh")
        .args(["-c", script, "sh", &marked, &other])
        .spawn()
        .unwrap();
    let deadline = Instant::now() + 5 * SECOND;
    while alive(&marked).len() < 2 || alive(&other).len() < 2 {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
    let ended = sweep(&[], &prefix, folder.path());
    assert_eq!(ended.len(), 2, "the shell and its sleep");
    assert!(!ended.iter().any(is_alive));

    assert_eq!(
        sweep(&[], "", folder.path()),
        [],
        "an empty prefix is nobody's"
    );
    let known: Vec<ProcessId> = alive(&other).into_iter().filter_map(identify).collect();
    let reused = ProcessId {
        start_ticks: 1,
        ..known[0].clone()
    };
    let other_boot = ProcessId {
        boot: "another".into(),
        ..known[0].clone()
    };
    assert_eq!(sweep(&[reused, other_boot], &prefix, folder.path()), []);
    assert_eq!(sweep(&known, &prefix, folder.path()).len(), 2);
    parent.wait().unwrap();
}

#[test]
fn a_sweep_ends_orphans_that_work_in_a_room() {
    let rooms = tempfile::tempdir().unwrap();
    let room = rooms.path().join("bench");
    std::fs::create_dir(&room).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "stands for a dead runner's child"
    )]
    let mut command = std::process::Command::new("setsid");
    let command = command
        .args(["-f", "sh", "-c", "sleep 60; :"])
        .current_dir(&room);
    assert!(command.status().unwrap().success());
    sweep(&[], "", rooms.path());
    let table = table::Table::read();
    let mut left = table.iter().filter(|entry| !entry.ended);
    assert!(!left.any(|entry| table::folder(entry.pid).as_deref() == Some(&*room)));
}
