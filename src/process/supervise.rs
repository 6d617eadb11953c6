//! The inner end of a confined child: starts the program, waits for it, and tells how it ended.
//!
//! It runs inside of the sandbox, as a process of its own, so that a wrapper's exit code is never
//! taken for the program's, and so that what the program leaves behind is counted before the
//! sandbox takes it away.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Write},
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use super::{
    report::{Line, REPORT},
    unix,
};

/// How long what a program left (a `tee`, a log writer) may take to finish.
const LEFTOVER_GRACE: Duration = Duration::from_millis(100);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// Runs a program to its end and tells about it, after `enter` has closed the doors. Returns its
/// exit code, or 128 and the signal, as shells do.
///
/// `alone` says that this process and its children are all that there is in their PID namespace,
/// but for pid 1.
pub fn supervise(
    argv: &[OsString],
    number: Option<&OsStr>,
    alone: bool,
    enter: impl FnOnce() -> Result<(), String>,
) -> u8 {
    let mut report = number
        .and_then(OsStr::to_str)
        .and_then(|text| text.parse().ok())
        .and_then(unix::inherited);
    match held(argv, alone, report.as_mut(), enter) {
        Ok(code) => code,
        Err(reason) => {
            tell(report.as_mut(), &Line::Failed(reason));
            // That of `env` and shells for a program that cannot be run.
            126
        }
    }
}

fn held(
    argv: &[OsString],
    alone: bool,
    mut report: Option<&mut File>,
    enter: impl FnOnce() -> Result<(), String>,
) -> Result<u8, String> {
    // Asked to end with all the others of the tree: it has to wait for them. A handler, because
    // an ignored signal would stay ignored in the program.
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))
            .map_err(|error| format!("signals cannot be held: {error}"))?;
    }
    let (program, arguments) = argv
        .split_first()
        .ok_or_else(|| "the command is empty".to_owned())?;
    unix::shut()
        .map_err(|error| format!("what is told could be forged by the program: {error}"))?;
    enter()?;
    // Before it is so: the program may be faster than the next line, and end this process.
    tell(report.as_deref_mut(), &Line::Began(true));
    #[expect(
        clippy::disallowed_methods,
        reason = "inside of the sandbox, this is the one place that starts the program"
    )]
    let mut command = Command::new(program);
    let mut child = command
        .args(arguments)
        .env_remove(REPORT)
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
    let status = child
        .wait()
        .map_err(|error| format!("cannot be waited for: {error}"))?;
    let left = if alone { leftovers() } else { 0 };
    let (code, signal) = (status.code(), status.signal());
    tell(report, &Line::Ended { code, signal, left });
    Ok(as_shells_do(status))
}

fn as_shells_do(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or(status.signal().map(|signal| 128 + signal))
        .unwrap_or(126);
    u8::try_from(code).unwrap_or(126)
}

fn tell(report: Option<&mut File>, line: &Line) {
    if let (Some(file), Ok(mut text)) = (report, serde_json::to_string(line)) {
        text.push('\n');
        // Nobody listens when the runner has died; then nothing is to be told.
        file.write_all(text.as_bytes()).ok();
    }
}

/// Returns how many processes are left in this PID namespace after a moment, pid 1 and this one
/// apart.
fn leftovers() -> u32 {
    let rounds = LEFTOVER_GRACE.as_millis() / LOOK.as_millis();
    let mut left = others().unwrap_or(0);
    for _ in 0..rounds {
        if left == 0 {
            break;
        }
        unix::wait_to_read::<File>(&[], LOOK);
        left = others().unwrap_or(0);
    }
    left
}

fn others() -> io::Result<u32> {
    let me = std::process::id();
    let mut count = 0;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let pid = name.to_str().and_then(|name| name.parse::<u32>().ok());
        if pid.is_some_and(|pid| pid != 1 && pid != me && is_alive(pid)) {
            count += 1;
        }
    }
    Ok(count)
}

/// Whether it is not a zombie that pid 1 has yet to take.
fn is_alive(pid: u32) -> bool {
    super::table::entry(pid).is_some_and(|entry| !entry.ended)
}
