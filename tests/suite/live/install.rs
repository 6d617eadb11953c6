//! The CLIs on disk: installed once for a list of versions, whoever comes first; all others wait.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

const PACKAGES: &str = include_str!("../../live/package.json");
const LOCK: &str = include_str!("../../live/package-lock.json");
/// The version of node that every CLI here runs on.
const NODE: u32 = 20;
/// What npm says of a registry that cannot be reached; any other failure is a failure.
const UNREACHABLE: [&str; 8] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ECONNRESET",
    "ETIMEDOUT",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "ERR_SOCKET_TIMEOUT",
];

/// Returns the folder of the CLIs' programs; `None`, with a line that says so, when the registry
/// cannot be reached.
pub(super) fn programs() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let cache = cache();
    fs::create_dir_all(&cache).unwrap();
    let hash = blake3::hash(format!("{PACKAGES}{LOCK}").as_bytes()).to_hex();
    let hash: String = hash.chars().take(16).collect();
    let home = cache.join(&hash);
    let programs = home.join("node_modules/.bin");
    // Held until this returns: another process waits here while one installs.
    let lock = File::create(cache.join(format!("{hash}.lock"))).unwrap();
    lock.lock().unwrap();
    require_node();
    if home.is_dir() {
        return Some(programs);
    }
    let draft = cache.join(format!("{hash}.draft"));
    if draft.exists() {
        fs::remove_dir_all(&draft).unwrap();
    }
    fs::create_dir(&draft).unwrap();
    fs::write(draft.join("package.json"), PACKAGES).unwrap();
    fs::write(draft.join("package-lock.json"), LOCK).unwrap();
    // Looked for first: an installation would try each of its hundreds of packages again and again.
    npm(&draft, &["view", "@openai/codex", "name"])?;
    say("live: installing the agents of tests/live/package.json");
    // Not `ci`: a registry may lack the packages of other platforms, which the lock leaves out.
    npm(&draft, &["install", "--no-audit", "--no-fund"])?;
    fs::rename(&draft, &home).unwrap();
    Some(programs)
}

fn cache() -> PathBuf {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(cache) = folder("NIGHTSHIFT_LIVE_CACHE") {
        return cache.into();
    }
    let caches = folder("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(folder("HOME")?);
        Some(home.join(".cache"))
    });
    let caches = caches.unwrap_or_else(std::env::temp_dir);
    caches.join("nightshift-live")
}

fn require_node() {
    let said = Command::new("node").arg("--version").output();
    let version = said.map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let major = version.as_ref().ok().and_then(|version| {
        let major = version.trim().trim_start_matches('v').split('.').next();
        major?.parse::<u32>().ok()
    });
    assert!(
        major.is_some_and(|major| major >= NODE),
        "the live suite needs node {NODE} or newer, with npm, on PATH; it found {version:?}"
    );
}

/// Runs npm, as the machine's user has configured it; `None` when it cannot reach its registry.
fn npm(folder: &Path, args: &[&str]) -> Option<()> {
    let said = Command::new("npm")
        .args(args)
        .args([
            "--loglevel=error",
            "--fetch-retries=1",
            "--fetch-timeout=60000",
        ])
        .args([
            "--fetch-retry-mintimeout=1000",
            "--fetch-retry-maxtimeout=5000",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if said.status.success() {
        return Some(());
    }
    let error = String::from_utf8_lossy(&said.stderr);
    let mut codes = UNREACHABLE.iter();
    let code = codes.find(|code| error.contains(**code));
    let code = code.unwrap_or_else(|| panic!("npm {args:?} failed:\n{error}"));
    say(&format!(
        "live: skipped: cannot reach the npm registry: {code}"
    ));
    None
}

/// Prints a line also when the test passes, whose own output is shown only when it fails.
pub(super) fn say(line: &str) {
    let mut stderr = io::stderr();
    writeln!(stderr, "{line}").unwrap();
}
