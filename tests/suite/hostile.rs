//! Agents that do their worst, one per test: each ends as the design says, while the other ticket
//! of the night lands, the user's files stay as they were, and no process is left.
//!
//! The agent is a shell script, run by the `command` harness, in its own attempt. What other
//! agents do to gates, hooks and refs is in `known.rs`. Two take too long or print too much for
//! every day:
//!
//! `cargo test --test suite -- --ignored --nocapture hostile::`

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::bed::{Bed, Said, UNCONFINED, binary};

/// A bed whose ticket `bad` is worked by this script, and `good` by an honest one. `bad` comes
/// first and has one attempt.
fn bed(script: &str) -> Bed {
    furnish(Bed::new(), script)
}

fn furnish(bed: Bed, script: &str) -> Bed {
    let agents = bed.shared().join("agents");
    fs::create_dir(&agents).unwrap();
    fs::write(agents.join("bad"), script).unwrap();
    fs::write(agents.join("good"), "echo good > good.txt\n").unwrap();
    bed.write(
        "nightshift.toml",
        &format!(
            "[agent]\nharness = \"sh\"\ntimeout = \"300s\"\nsilence = \"2s\"\n\n[harness.sh]\ncommand = [\"sh\", \"{}/{{ticket}}\"]\nprompt = \"file\"\n\n[gate]\nrun = \"! [ -e bad.txt ]\"\ntimeout = \"30s\"\n{UNCONFINED}",
            agents.display()
        ),
    );
    bed.write("policy.toml", "");
    bed.ticket("bad", "priority: 1\nattempts: 1", "Do it.");
    bed.ticket("good", "", "Do it.");
    bed.commit("the backlog");
    bed
}

/// Runs the night to its end, over deaths of the runner, and returns what the last run said.
fn night(bed: &Bed) -> Said {
    for _ in 0..8 {
        let said = bed.night();
        if said.code.is_some() {
            return said;
        }
    }
    panic!("the night does not come to its end");
}

/// The bad ticket has this outcome, for this reason in the report (or with this file, when it
/// landed), the good one landed, nobody is left, and nothing of the user's was touched.
#[track_caller]
fn ends(bed: &Bed, users: &BTreeMap<String, Vec<u8>>, bad: &str, reason: &str) {
    let outcomes = bed.outcomes();
    assert_eq!(outcomes["bad"], bad);
    assert_eq!(outcomes["good"], "done");
    if bad == "done" {
        bed.git(&["show", &format!("{}:{reason}", bed.branch())]);
    } else {
        let report = bed.nightshift(&["report"]).code(0).out;
        assert!(report.contains(reason), "no `{reason}` in\n{report}");
    }
    assert_eq!(&bed.users(), users);
    assert_eq!(left(bed), Vec::<String>::new());
}

/// Names every process that carries the path of the bed's home in its environment or command,
/// or works below it. This test's own children all have ended.
pub(crate) fn left(bed: &Bed) -> Vec<String> {
    let home = bed.home().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        if !entry
            .file_name()
            .to_string_lossy()
            .bytes()
            .all(|byte| byte.is_ascii_digit())
        {
            continue;
        }
        let read = |name: &str| fs::read(path.join(name)).unwrap_or_default();
        let about = [read("environ"), read("cmdline")].concat();
        let works_there = fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&home));
        if works_there || String::from_utf8_lossy(&about).contains(&home) {
            let what = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
            found.push(format!("{} {what}", path.display()));
        }
    }
    found
}

#[test]
fn one_that_hangs_is_ended_for_its_silence() {
    let bed = bed("sleep 300\n");
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "failed", "did nothing for 2 s");
}

#[test]
fn one_that_stops_itself_is_ended_for_its_silence() {
    let bed = bed("kill -STOP $$\n");
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "failed", "did nothing for 2 s");
}

#[test]
fn one_that_ignores_being_asked_to_end_is_killed() {
    let bed = bed("trap '' TERM INT HUP\nsleep 300 &\nwhile :; do wait; sleep 300; done\n");
    let users = bed.users();
    let began = Instant::now();
    night(&bed).code(1);
    assert!(began.elapsed() < Duration::from_secs(15));
    ends(&bed, &users, "failed", "did nothing for 2 s");
}

/// Away from its parent, its session, its descriptors, its folder and its environment.
#[test]
fn one_that_makes_itself_a_daemon_does_not_outlive_its_attempt() {
    let bed = bed(
        "(setsid sh -c 'exec </dev/null >/dev/null 2>&1 3>&-; cd /; (setsid env -i PATH=\"$PATH\" A=\"$1\" sh -c \"echo \\$\\$ > $1/pid; while :; do sleep 300; done\" &) ; exit' sh \"$HOME/shared\" &)\nwhile ! [ -s \"$HOME/shared/pid\" ]; do sleep 0.01; done\necho bad > fine.txt\n",
    );
    let users = bed.users();
    night(&bed).code(0);
    ends(&bed, &users, "done", "fine.txt");
    let pid = fs::read_to_string(bed.shared().join("pid")).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).join("cwd").exists());
}

#[test]
fn a_bomb_of_processes_is_cleared_away() {
    let bed = bed(
        "bomb() { [ $1 = 0 ] || { (bomb $(($1 - 1))) & (setsid sh -c 'sleep 300; :') & bomb $(($1 - 1)); }; sleep 300; }\nbomb 6 &\nsleep 0.3\n",
    );
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "failed", "ended without changing a file");
}

/// The runner dies at the agent's hand, again and again; the third death in a row blocks the
/// ticket, and the other one lands. Holds also where a supervisor starts the runner anew.
#[test]
fn one_that_kills_its_parent_is_blocked_after_three_deaths() {
    let bed = bed("echo x >> \"$HOME/shared/deaths\"\nkill -9 $PPID\nsleep 300\n");
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "blocked", "died 3 times in a row");
    let deaths = fs::read_to_string(bed.shared().join("deaths")).unwrap();
    assert_eq!(deaths.lines().count(), 3);
}

/// Once only: then its ticket lands as any other.
#[test]
fn one_that_killed_its_parent_once_lands_in_the_next_run() {
    let bed = bed(
        "if ! [ -e \"$HOME/shared/died\" ]; then : > \"$HOME/shared/died\"; kill -9 $PPID; sleep 300; fi\necho fine > fine.txt\n",
    );
    let users = bed.users();
    night(&bed).code(0);
    ends(&bed, &users, "done", "fine.txt");
}

/// Returns the highest memory use of a run, in bytes, with what its log has grown to.
fn prints(bytes: &str) -> (u64, u64) {
    let bed = bed(&format!(
        "yes 'a line of this agent' | head -c {bytes}\necho fine > fine.txt\n"
    ));
    let users = bed.users();
    let mut runner = bed
        .command(binary())
        .arg("run")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", runner.id()));
    let mut peak = 0;
    while runner.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(kib.unwrap_or(0) * 1024);
        std::thread::sleep(Duration::from_millis(5));
    }
    ends(&bed, &users, "done", "fine.txt");
    let night = bed.branch().trim_start_matches("nightshift/").to_owned();
    let log = format!(".nightshift/nights/{night}/bad/attempt-1/raw.log");
    (peak, fs::metadata(bed.root.join(log)).unwrap().len())
}

#[test]
fn one_that_prints_without_end_costs_neither_memory_nor_disk() {
    let (peak, log) = prints("64M");
    assert!((1..64 << 20).contains(&peak), "{peak} bytes of memory");
    assert!(log < 64 << 20, "{log} bytes of log");
}

#[test]
#[ignore = "prints 5 GB"]
fn one_that_prints_five_gigabytes_costs_neither_memory_nor_disk() {
    let (peak, log) = prints("5G");
    assert!((1..64 << 20).contains(&peak), "{peak} bytes of memory");
    assert!(log < 64 << 20, "{log} bytes of log");
}

/// A small disk of its own, for as long as this lives.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    /// `None` where this process may not mount: that is said.
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size}"),
                "nightshift-test",
            ])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        writeln!(
            io::stderr(),
            "SKIPPED: no disk can be filled, because nothing may be mounted here (needs root)"
        )
        .ok();
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg(self.0.path()).status().ok();
    }
}

/// What the agent leaves fills the disk on which repository, journal and rooms are.
fn fills_the_disk(breaker: &str, script: &str, because: &str, remedy: &str) {
    let Some(disk) = SmallDisk::new("96m") else {
        return;
    };
    let bed = furnish(Bed::new_in(disk.0.path()), script);
    bed.write(
        "policy.toml",
        &format!("[breakers]\nfree_disk = \"{breaker}\"\n"),
    );
    bed.commit("a small disk");
    let users = bed.users();
    let said = night(&bed).code(3);
    assert!(said.err.contains(because), "{}", said.err);
    let id = bed.branch().trim_start_matches("nightshift/").to_owned();
    let report = bed.read(&format!(".nightshift/nights/{id}/night-report.md"));
    assert!(
        report.contains(because) && report.contains(remedy),
        "{report}"
    );
    assert_eq!(bed.users(), users);
    bed.git(&["fsck", "--strict"]);
    assert_eq!(left(&bed), Vec::<String>::new());

    // With space again, the night goes on.
    fs::remove_file(bed.shared().join("junk")).unwrap();
    fs::write(bed.shared().join("agents/bad"), "echo fine > fine.txt\n").unwrap();
    night(&bed).code(0);
    ends(&bed, &users, "done", "fine.txt");
}

#[test]
fn one_that_nearly_fills_the_disk_halts_the_night_before_anything_is_hurt() {
    fills_the_disk(
        "32 MiB",
        "head -c 50M /dev/zero > \"$HOME/shared/junk\"\necho fine > fine.txt\n",
        "the contract wants 32 MiB",
        "Free at least ",
    );
}

#[test]
fn one_that_fills_the_disk_halts_the_night_and_its_report_is_written() {
    fills_the_disk(
        "1 MiB",
        "cat /dev/zero > \"$HOME/shared/junk\"\necho fine > fine.txt\n",
        "No space left",
        "Look at the disk",
    );
}

/// Somebody cleans up, or the agent does: the folder that it works in is gone when it ends.
#[test]
fn one_that_deletes_its_own_bench_leaves_nothing_and_stops_no_other() {
    let bed = bed("echo work > work.txt\nrm -rf \"$PWD\"\n");
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "failed", "without changing a file");
}

/// The same, with a file in place of the folder.
#[test]
fn one_that_puts_a_file_in_place_of_its_bench_leaves_nothing_and_stops_no_other() {
    let bed = bed("here=\"$PWD\"\ncd /\nrm -rf \"$here\"\necho no > \"$here\"\n");
    let users = bed.users();
    night(&bed).code(1);
    ends(&bed, &users, "failed", "without changing a file");
}
