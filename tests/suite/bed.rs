//! A sealed place for one test: its own home, its own repository, the real binary.
//!
//! Nothing of the machine's user is seen: the environment is cleared but for PATH, git reads no
//! configuration but the repository's own, and rooms live in the bed's own state folder.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything in a test may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Ends a configuration: agents and gates may write `~/shared`, where tests wait for them.
pub(crate) const SHARED: &str = "\n[sandbox]\nwrite = [\"~/shared\"]\n";
/// The same without confinement, for tests of what holds when there is none.
pub(crate) const UNCONFINED: &str = "\n[sandbox]\nengine = \"off\"\nallow_root = true\n";

/// A home, a repository in it, and the binary under test.
pub(crate) struct Bed {
    home: TempDir,
    /// The root of the user's checkout.
    pub root: PathBuf,
}

/// What a program printed, and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails unless the program ended with this code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(
            self.code,
            Some(expected),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.out,
            self.err
        );
        self
    }

    /// Reads stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}", self.out))
    }
}

impl Bed {
    /// A repository with one commit: a `README` and a `.gitignore`.
    pub(crate) fn new() -> Self {
        Self::new_in(&std::env::temp_dir())
    }

    /// See [`Self::new`], with its home in this folder.
    pub(crate) fn new_in(folder: &Path) -> Self {
        let home = tempfile::Builder::new()
            .prefix("ns-test-")
            .tempdir_in(folder)
            .unwrap();
        let root = home.path().join("repo");
        fs::create_dir(&root).unwrap();
        fs::create_dir(home.path().join("shared")).unwrap();
        let bed = Self { home, root };
        bed.git(&["init", "-q", "-b", "main"]);
        bed.git(&["config", "user.name", "Ann"]);
        bed.git(&["config", "user.email", "ann@example.org"]);
        bed.write("README", "hello\n");
        bed.write(".gitignore", "/build/\n");
        bed.commit("begin");
        bed
    }

    /// A bed with a configuration: the scripted agent, and `true` as the gate.
    pub(crate) fn with_stories() -> Self {
        let bed = Self::new();
        bed.configure("");
        bed
    }

    /// Writes `nightshift.toml` for the scripted agent and this gate; `more` goes on top, for keys
    /// and tables of its own.
    pub(crate) fn configure_gate(&self, gate: &str, more: &str) {
        self.write(
            "nightshift.toml",
            &format!(
                "[agent]\nharness = \"script\"\ntimeout = \"30s\"\nsilence = \"20s\"\n\n[harness.script]\nstories = \"stories\"\n\n[gate]\nrun = {gate:?}\ntimeout = \"30s\"\n\n{more}{SHARED}"
            ),
        );
        self.write("policy.toml", "");
        for folder in ["backlog", "stories"] {
            fs::create_dir_all(self.root.join(folder)).unwrap();
        }
    }

    /// See [`Self::configure_gate`], with `true`.
    pub(crate) fn configure(&self, more: &str) {
        self.configure_gate("true", more);
    }

    /// The bed's home folder.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The folder of it that agents and gates may write.
    pub(crate) fn shared(&self) -> PathBuf {
        self.home.path().join("shared")
    }

    /// Takes confinement out of the configuration.
    pub(crate) fn unconfine(&self) {
        let config = self.read("nightshift.toml").replace(SHARED, UNCONFINED);
        self.write("nightshift.toml", &config);
    }

    /// Writes a file of the checkout. One that a night must trust is trusted with it.
    pub(crate) fn write(&self, path: &str, text: &str) {
        self.write_untrusted(path, text);
        if ["nightshift.toml", "policy.toml"].contains(&path) || path.starts_with("templates/") {
            self.trust();
        }
    }

    /// Writes a file of the checkout, and no more.
    pub(crate) fn write_untrusted(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Trusts the files of the checkout as they are, unless they have errors.
    pub(crate) fn trust(&self) {
        self.nightshift(&["trust", "--yes"]);
    }

    /// Writes a ticket; `keys` are front matter lines.
    pub(crate) fn ticket(&self, id: &str, keys: &str, body: &str) {
        self.write(
            &format!("backlog/{id}.md"),
            &format!("---\n{keys}\n---\n\n# Title of {id}\n\n{body}\n"),
        );
    }

    /// Writes a plain ticket with a story of one attempt (a YAML list of steps).
    pub(crate) fn story(&self, id: &str, steps: &str) {
        self.ticket(id, "", "Do it.");
        self.steps(id, steps);
    }

    /// Writes the story of a ticket.
    pub(crate) fn steps(&self, id: &str, steps: &str) {
        let indented = steps.trim_end().replace('\n', "\n    ");
        let indented = format!("    {indented}\n");
        let text = format!("attempts:\n  -\n{indented}");
        self.write(&format!("stories/{id}.yaml"), &text);
    }

    /// Reads a file of the checkout.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Commits everything in the checkout.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }

    /// Runs git in the checkout; it must succeed. Returns what it printed.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.command("git").args(args).output().unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// A command in the checkout with the sealed environment.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path())
            .env("XDG_STATE_HOME", self.home.path().join("state"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        // Where a build that measures coverage counts; without it, into the checkout.
        if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", file);
        }
        // What cargo and rustup need to find their toolchain from another home.
        for name in ["CARGO_HOME", "RUSTUP_HOME"] {
            let folder = std::env::var_os(name).map(PathBuf::from).or_else(|| {
                let home = PathBuf::from(std::env::var_os("HOME")?);
                let folder = home.join(format!(
                    ".{}",
                    name.trim_end_matches("_HOME").to_lowercase()
                ));
                folder.is_dir().then_some(folder)
            });
            if let Some(folder) = folder {
                command.env(name, folder);
            }
        }
        command
    }

    /// Runs nightshift in the checkout.
    pub(crate) fn nightshift(&self, args: &[&str]) -> Said {
        Said::of(&self.command(binary()).args(args).output().unwrap())
    }

    /// Runs nightshift with this on its standard input.
    pub(crate) fn nightshift_with_input(&self, args: &[&str], input: &str) -> Said {
        use std::io::Write as _;
        let mut child = self
            .command(binary())
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that refuses its arguments reads nothing.
        child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
        Said::of(&child.wait_with_output().unwrap())
    }

    /// Starts nightshift in the checkout, its output going nowhere.
    pub(crate) fn start(&self, args: &[&str]) -> Child {
        self.command(binary())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Runs a night; the code is not looked at.
    pub(crate) fn night(&self) -> Said {
        self.nightshift(&["run"])
    }

    /// Returns the newest report as JSON.
    pub(crate) fn report(&self) -> Value {
        self.nightshift(&["report", "--json"]).code(0).json()
    }

    /// Returns the outcome of each ticket of the newest night, by id.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, String> {
        let status = self.nightshift(&["status", "--json"]).code(0).json();
        let tickets = status["tickets"]
            .as_array()
            .unwrap_or_else(|| panic!("{status:#}"));
        tickets
            .iter()
            .map(|ticket| {
                let word = |key: &str| ticket[key].as_str().unwrap_or_default().to_owned();
                (word("id"), word("outcome"))
            })
            .collect()
    }

    /// Returns the night's branch.
    pub(crate) fn branch(&self) -> String {
        let status = self.nightshift(&["status", "--json"]).code(0).json();
        status["branch"]
            .as_str()
            .unwrap()
            .trim_start_matches("refs/heads/")
            .to_owned()
    }

    /// Returns the subjects of the commits on the night branch, oldest first.
    pub(crate) fn landed(&self) -> Vec<String> {
        let range = format!("main..{}", self.branch());
        self.git(&["log", "--reverse", "--format=%s", &range])
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Returns everything of the user's that a night must not change.
    pub(crate) fn users(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        for name in [
            "HEAD",
            "index",
            "config",
            "packed-refs",
            "refs/stash",
            "logs/HEAD",
        ] {
            let bytes = fs::read(self.root.join(".git").join(name)).unwrap_or_default();
            found.insert(format!(".git/{name}"), bytes);
        }
        let heads = self.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
        let heads: String = heads
            .lines()
            .filter(|line| !line.contains("/nightshift/"))
            .collect::<Vec<_>>()
            .join("\n");
        found.insert("refs".to_owned(), heads.into_bytes());
        collect(&self.root, &self.root, &mut found);
        found
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == ".git" || name == ".nightshift" {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            collect(root, &path, found);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.insert(name, fs::read(&path).unwrap_or_default());
        }
    }
}

/// The binary under test.
pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_nightshift"))
}

/// Waits until something is so, or fails with what was last seen.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let began = std::time::Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(last) if began.elapsed() > PATIENCE => panic!("waited for {what}: {last}"),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
