//! What the boundary to the agent costs: `cargo bench --bench boundary`.
//!
//! A real night, whose agent is this very benchmark under the name of a known one: it is confined
//! and equipped as every agent is. It runs its own hook 200 times, as the agent would, and a hook in
//! Python that makes the same decision beside it (where `python3` is), each from the start of the
//! process to its answer. Then the same child, bare and confined, 100 times each.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark starts programs, reads the clock and prints"
)]

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// How many decisions are timed.
const CALLS: usize = 200;
/// How many attempts of each kind.
const ATTEMPTS: usize = 100;
/// The script beside this file.
const PYTHON: &str = include_str!("hook.py");
/// One call that the contract refuses; every fourth of those that are asked about.
const REFUSED: &str = "git -C . push --force origin main";
const ALLOWED: [&str; 3] = [
    "cargo test --all",
    "rg -n 'fn main' src | head",
    "sed -i s/a/b/ x.rs",
];

fn main() {
    // Under this name it is the agent.
    let name = env::args_os().next().map(PathBuf::from);
    if name.is_some_and(|name| name.file_name().is_some_and(|name| name == "claude")) {
        return agent();
    }
    decisions();
    attempts();
}

fn nightshift() -> &'static str {
    env!("CARGO_BIN_EXE_nightshift")
}

fn told(n: usize) -> String {
    let command = if n % 4 == 3 { REFUSED } else { ALLOWED[n % 4] };
    format!(r#"{{"tool_name":"Bash","tool_input":{{"command":"{command}"}},"session_id":"s"}}"#)
}

/// Runs a hook with this on its standard input; returns how long it took and what it said.
fn ask(command: &mut Command, told: &str) -> (Duration, String) {
    let began = Instant::now();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(told.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    (
        began.elapsed(),
        String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

fn agent() {
    let arguments: Vec<String> = env::args().collect();
    let at = arguments
        .iter()
        .position(|word| word == "--settings")
        .unwrap();
    let settings = fs::read_to_string(&arguments[at + 1]).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    let hook = settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"]
        .as_str()
        .unwrap();
    // The bare command, without the shell and the deadline that an agent puts around it.
    let words: Vec<&str> = hook.split('\'').collect();
    let (program, socket) = (words[1], words[3]);
    let shared = PathBuf::from(env::var_os("HOME").unwrap()).join("shared");
    let mut times = String::new();
    for n in 0..CALLS {
        let told = told(n);
        let (bare, said) = ask(
            Command::new(program).args(["hook", "claude", socket]),
            &told,
        );
        assert_eq!(said.contains("\"deny\""), n % 4 == 3, "{said}");
        let (whole, _) = ask(Command::new("sh").args(["-c", hook]), &told);
        let python = Command::new("python3")
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
            .then(|| {
                let mut command = Command::new("python3");
                command
                    .arg(shared.join("hook.py"))
                    .arg(shared.join("policy.toml"));
                let (took, said) = ask(&mut command, &told);
                assert_eq!(said.contains("\"deny\""), n % 4 == 3, "{said}");
                took
            });
        let python = python.map_or_else(|| "-".to_owned(), |took| took.as_micros().to_string());
        times += &format!("{} {} {python}\n", bare.as_micros(), whole.as_micros());
    }
    fs::write(shared.join("times"), times).unwrap();
    fs::write("done.txt", "done\n").unwrap();
    println!(
        r#"{{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"done"}}"#
    );
}

/// A repository with one ticket in a home of its own.
struct Bed {
    home: tempfile::TempDir,
    root: PathBuf,
}

impl Bed {
    fn new(agent: &str, sandbox: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("repo");
        let shared = home.path().join("shared");
        fs::create_dir_all(root.join("backlog")).unwrap();
        fs::create_dir_all(&shared).unwrap();
        let policy = nightshift::policy::Policy::default_text();
        let config = format!(
            "[agent]\nharness = \"claude\"\nattempts = 1\n\n[harness.claude]\ncommand = [{agent:?}]\nprompt = \"stdin\"\n\n[gate]\nrun = \"true\"\n\n[sandbox]\nwrite = [\"~/shared\"]\n{sandbox}"
        );
        for (path, text) in [
            (root.join("nightshift.toml"), &*config),
            (root.join("policy.toml"), policy),
            (root.join("backlog/a.md"), "# Measure\n\nMeasure.\n"),
            (shared.join("policy.toml"), policy),
            (shared.join("hook.py"), PYTHON),
        ] {
            fs::write(path, text).unwrap();
        }
        let bed = Self { home, root };
        for words in [
            &["init", "-q", "-b", "main"][..],
            &["add", "-A"],
            &[
                "-c",
                "user.name=Ann",
                "-c",
                "user.email=ann@example.org",
                "commit",
                "-qm",
                "begin",
            ],
        ] {
            assert!(bed.command("git").args(words).status().unwrap().success());
        }
        bed
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Ann")
            .env("GIT_AUTHOR_EMAIL", "ann@example.org");
        command
    }

    fn run(&self) {
        let trust = self.command(nightshift()).args(["trust", "--yes"]).output();
        assert!(trust.unwrap().status.success());
        let output = self
            .command(nightshift())
            .args(["run", "--no-watchdog"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// The median and the worst, in milliseconds.
fn shown(mut micros: Vec<u64>) -> String {
    micros.sort_unstable();
    let ms = |micros: u64| micros as f64 / 1000.0;
    match (micros.get(micros.len() / 2), micros.last()) {
        (Some(median), Some(worst)) => format!(
            "median {:.1} ms, worst {:.1} ms of {}",
            ms(*median),
            ms(*worst),
            micros.len()
        ),
        _ => "not measured: no python3".to_owned(),
    }
}

fn decisions() {
    let folder = tempfile::tempdir().unwrap();
    let agent = folder.path().join("claude");
    fs::copy(env::current_exe().unwrap(), &agent).unwrap();
    let bed = Bed::new(&agent.to_string_lossy(), "");
    bed.run();
    let times = fs::read_to_string(bed.home.path().join("shared/times")).unwrap();
    let column = |n: usize| -> Vec<u64> {
        let fields = times.lines().filter_map(|line| line.split(' ').nth(n));
        fields.filter_map(|field| field.parse().ok()).collect()
    };
    println!("one decision on a tool call, from the start of the process to its answer:");
    println!("  nightshift hook                 {}", shown(column(0)));
    println!("  the same as agents start it     {}", shown(column(1)));
    println!("  a hook in Python                {}", shown(column(2)));
}

/// What confinement adds to the start and the end of a child.
fn attempts() {
    println!("a child that does nothing, from its start to the end of its tree:");
    for (name, sandbox) in [
        ("bare", "engine = \"off\"\nallow_root = true\n"),
        ("landlock", "engine = \"landlock\"\nallow_root = true\n"),
        ("bwrap", "engine = \"bwrap\"\n"),
    ] {
        // The gate is a child as the agent is one; the journal has what each took, in whole
        // milliseconds, so the whole `check` is timed from outside instead.
        let bed = Bed::new("true", sandbox);
        bed.command(nightshift())
            .args(["trust", "--yes"])
            .output()
            .unwrap();
        let mut micros = Vec::new();
        for n in 0..ATTEMPTS {
            // Another command each time, or the verdict would be remembered.
            let config = fs::read_to_string(bed.root.join("nightshift.toml")).unwrap();
            let line = config
                .lines()
                .find(|line| line.starts_with("run = "))
                .unwrap();
            let config = config.replace(line, &format!("run = \"true {n}\""));
            fs::write(bed.root.join("nightshift.toml"), config).unwrap();
            bed.command(nightshift())
                .args(["trust", "--yes"])
                .output()
                .unwrap();
            let began = Instant::now();
            let output = bed.command(nightshift()).arg("check").output().unwrap();
            let took = began.elapsed();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            micros.push(u64::try_from(took.as_micros()).unwrap());
        }
        println!("  `check` with {name:<19}{}", shown(micros));
    }
    let is_there = |path: &str| Path::new(path).exists();
    if !is_there("/usr/bin/bwrap") {
        println!("  (bubblewrap is not at /usr/bin/bwrap)");
    }
}
