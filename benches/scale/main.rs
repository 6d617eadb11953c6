//! Whole-process figures at scale: `cargo bench --bench scale`.
//!
//! Measures the binary of the same profile from outside, in wall time: the median of five runs after
//! a warm-up, or a single run where one takes long. `docs/performance.md` says how peak memory is
//! taken. Sizes are set by `NIGHTSHIFT_BENCH_TICKETS` (10000), `NIGHTSHIFT_BENCH_NIGHT` (1000) and
//! `NIGHTSHIFT_BENCH_RECORDS` (100000); a size of 0 leaves its part out.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark starts programs, reads the clock and prints"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

mod journal;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, verb, folder] = &*arguments
        && verb == journal::FOLD
    {
        return journal::fold(Path::new(folder));
    }
    let number = |name: &str, otherwise: usize| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let part = |name: &str, otherwise: usize, part: fn(usize)| match number(name, otherwise) {
        0 => {}
        size => part(size),
    };
    part("NIGHTSHIFT_BENCH_RECORDS", 100_000, journal::many_records);
    part("NIGHTSHIFT_BENCH_TICKETS", 10_000, many_tickets);
    part("NIGHTSHIFT_BENCH_NIGHT", 1_000, long_night);
}

/// `check`, `status` and `report` on a large backlog, most of it parked or held, some landed.
fn many_tickets(count: usize) {
    let home = tempfile::tempdir().unwrap();
    let repo = repository(home.path());
    for n in 0..count {
        let on = if n % 10 == 0 {
            String::new()
        } else {
            format!("depends_on: [t{:05}]\n", n - 1)
        };
        let label = if n % 100 == 0 { "cold" } else { "hot" };
        let priority = n % 5 + 1;
        let text = format!(
            "---\npriority: {priority}\n{on}labels: [{label}]\n---\n\n# Ticket {n}\n\nDo the thing number {n}, as the docs say, and keep the rest.\n"
        );
        write(&repo.join(format!("backlog/t{n:05}.md")), &text);
    }
    write(
        &repo.join("policy.toml"),
        "[[rule]]\nid = \"hot\"\non = [\"ticket\"]\nlabels = [\"hot\"]\naction = \"park\"\nbecause = \"hot\"\n",
    );
    println!("{count} tickets");
    nightshift(home.path(), &repo, &["trust", "--yes", "-q"]);
    once("night", || nightshift(home.path(), &repo, &["run", "-q"]));
    for verb in [
        &["check", "--no-gate"][..],
        &["check"],
        &["status"],
        &["report"],
    ] {
        median(&verb.join(" "), || nightshift(home.path(), &repo, verb));
    }
}

/// A night of many small tickets, beside a shell loop that does the same.
fn long_night(count: usize) {
    const AGENT: &str = "echo $NIGHTSHIFT_TICKET > f-$NIGHTSHIFT_TICKET";
    let home = tempfile::tempdir().unwrap();
    let repo = repository(home.path());
    for n in 0..count {
        write(
            &repo.join(format!("backlog/t{n:05}.md")),
            &format!("# Ticket {n}\n\nWrite a file.\n"),
        );
    }
    write(&repo.join("policy.toml"), "");
    println!("a night of {count} tickets");
    nightshift(home.path(), &repo, &["trust", "--yes", "-q"]);
    let night = once("night", || nightshift(home.path(), &repo, &["run", "-q"]));
    let landed: Vec<u64> = fs::read_to_string(repo.join(".nightshift/journal/000001.jsonl"))
        .unwrap()
        .lines()
        .filter(|line| line.contains("\"landed\":"))
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            record["boot"]["ms"].as_u64().unwrap()
        })
        .collect();
    let tenth = landed.len() / 10;
    let pace = |from: usize, to: usize| (landed[to] - landed[from]) as f64 / (to - from) as f64;
    println!("{:>24} {:>8.1} ms a ticket", "first tenth", pace(0, tenth));
    println!(
        "{:>24} {:>8.1} ms a ticket",
        "last tenth",
        pace(landed.len() - 1 - tenth, landed.len() - 1)
    );

    let other = home.path().join("loop");
    fs::create_dir(&other).unwrap();
    git(&other, &["init", "-q", "-b", "main"]);
    let script = format!(
        "i=0; while [ $i -lt {count} ]; do NIGHTSHIFT_TICKET=t$i sh -c '{AGENT}'; sh -c true; git add -A && git -c user.name=a -c user.email=a commit -qm t$i; i=$((i+1)); done"
    );
    let shell = once("shell loop", || {
        run(Command::new("sh").args(["-c", &script]).current_dir(&other));
    });
    println!(
        "{:>24} {:>8.1} ms a ticket, the loop {:.1} ms",
        "all",
        night * 1000.0 / count as f64,
        shell * 1000.0 / count as f64
    );
}

fn repository(home: &Path) -> std::path::PathBuf {
    let repo = home.join("repo");
    fs::create_dir(&repo).unwrap();
    git(&repo, &["init", "-q", "-b", "main"]);
    write(
        &repo.join("nightshift.toml"),
        "[agent]\nharness = \"x\"\n[harness.x]\ncommand = [\"sh\", \"-c\", \"echo $NIGHTSHIFT_TICKET > f-$NIGHTSHIFT_TICKET\"]\n[gate]\nrun = \"true\"\n",
    );
    git(&repo, &["add", "nightshift.toml"]);
    git(
        &repo,
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@b",
            "commit",
            "-qm",
            "begin",
        ],
    );
    repo
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn git(folder: &Path, args: &[&str]) {
    run(Command::new("git").args(args).current_dir(folder));
}

fn nightshift(home: &Path, repo: &Path, args: &[&str]) {
    run(Command::new(env!("CARGO_BIN_EXE_nightshift"))
        .args(args)
        .current_dir(repo)
        .env("XDG_STATE_HOME", home.join("state")));
}

fn run(command: &mut Command) {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().unwrap();
}

fn once(what: &str, work: impl Fn()) -> f64 {
    let began = Instant::now();
    work();
    let seconds = began.elapsed().as_secs_f64();
    println!("{what:>24} {seconds:>8.2} s");
    seconds
}

fn median(what: &str, work: impl Fn()) {
    work();
    let mut times: Vec<f64> = (0..5)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{what:>24} {:>8.3} s, median of 5", times[2]);
}
