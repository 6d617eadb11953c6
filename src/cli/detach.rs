//! `nightshift run --detach`: sends the night to the background, and returns once it has begun.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom},
    process::ExitCode,
    time::Duration,
};

use super::{
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    layout::{Layout, Lock, PathContext, PathError},
    process::{Died, Runner, Signals, Start},
    shift::Heartbeat,
};

/// How often is looked whether it has begun.
const EVERY: Duration = Duration::from_millis(50);

pub(super) fn run(layout: &Layout, ui: Ui) -> Done {
    let failed = |error: PathError| Failure::of(Kind::Environment, &error);
    let unheard = |error: std::io::Error| Failure::of(Kind::Environment, &error);
    let is_new = !layout.state().exists();
    let (log, from) = open_log(layout).map_err(failed)?;
    let mut arguments = vec![OsString::from("--away")];
    arguments.extend(std::env::args_os().skip(1));
    let mut signals = Signals::take().map_err(unheard)?;
    let mut child = Runner::start(&arguments, Start::Away(log))
        .map_err(|error| Failure::environment(format!("the night cannot be started: {error}")))?;
    loop {
        let asked = signals.wait(EVERY);
        if asked.to_end() {
            child.ask_to_end();
        }
        let beat = Heartbeat::read(&layout.heartbeat())
            .filter(|beat| *child.id() == beat.runner || Some(child.id()) == beat.watchdog.as_ref())
            .filter(|beat| !beat.night.is_empty());
        let ended = child.ended().map_err(unheard)?;
        match (beat, ended) {
            (Some(beat), None) => {
                began(layout, &beat, ui);
                return Ok(ExitCode::SUCCESS);
            }
            (None, None) => {}
            (_, Some(died)) => {
                let text = printed(layout, from).map_err(failed)?;
                if is_new {
                    remove_if_alone(layout);
                }
                let code = match died {
                    Died::Code(code) => code,
                    Died::Signal(signal) => 128 + signal,
                };
                // What it would have said here, where it would have said it.
                if ui.json || code < i32::from(Kind::Usage as u8) {
                    ui.out(&text);
                } else {
                    ui.err(text.trim_end());
                }
                return Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)));
            }
        }
    }
}

fn began(layout: &Layout, beat: &Heartbeat, ui: Ui) {
    let log = layout.run_log();
    if ui.json {
        ui.json(&serde_json::json!({
            "version": 1,
            "night": beat.night,
            "pid": beat.runner.pid,
            "watchdog": beat.watchdog.as_ref().map(|watchdog| watchdog.pid),
            "log": log,
        }));
        return;
    }
    ui.out(&format!("Night {} runs in the background.", beat.night));
    ui.note("  nightshift status     how it stands");
    ui.note("  nightshift logs -f    what happens");
    ui.note("  nightshift stop       stops it at the next safe boundary");
    ui.note(&format!("What it prints goes to {}", log.display()));
}

/// Opens the log, anew unless a night is printing into it, and returns where this one begins.
fn open_log(layout: &Layout) -> Result<(File, u64), PathError> {
    let path = layout.run_log();
    fs::create_dir_all(layout.state()).at("create the folder", layout.state())?;
    let is_used = Lock::holder(&layout.lock())?.is_some();
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .at("open", &path)?;
    if !is_used {
        file.set_len(0).at("begin anew", &path)?;
    }
    let length = file.metadata().at("look at", &path)?.len();
    Ok((file, length))
}

fn printed(layout: &Layout, from: u64) -> Result<String, PathError> {
    let path = layout.run_log();
    let mut bytes = Vec::new();
    File::open(&path)
        .and_then(|mut file| {
            file.seek(SeekFrom::Start(from))?;
            file.read_to_end(&mut bytes)
        })
        .at("read", &path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Leaves no state folder behind where no night could begin. A folder that holds anything else
/// stays, as it cannot be removed.
fn remove_if_alone(layout: &Layout) {
    let names = fs::read_dir(layout.state()).into_iter().flatten().flatten();
    let others = names
        .filter(|entry| entry.path() != layout.run_log())
        .count();
    if others == 0 {
        drop(fs::remove_file(layout.run_log()));
        drop(fs::remove_dir(layout.state()));
    }
}
