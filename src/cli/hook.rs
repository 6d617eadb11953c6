//! `nightshift hook PLATFORM [SOCKET]`: what an agent's pre-tool hook runs.
//!
//! It is looked for before the command line is parsed: an agent waits for it at every tool call.

use std::{
    io::{self, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use crate::harness::{PLATFORMS, Platform};

/// More than any call: what is longer is refused.
const LARGEST: u64 = 16 * 1024 * 1024;
/// The exit code by which every platform that looks at one refuses.
const REFUSED: u8 = 2;

/// Returns the exit code when that is what was asked for.
pub(super) fn run() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != "hook" {
        return None;
    }
    let name = words.next()?;
    // Everything else, `--help` too, is the ordinary command line's.
    let platform = Platform::named(name.to_str()?)?;
    let desk = words.next().map(PathBuf::from);
    let mut told = Vec::new();
    let read = io::stdin().take(LARGEST).read_to_end(&mut told);
    if read.is_err() {
        told.clear();
    }
    let spoken = platform.answer(&told, desk.as_deref());
    let mut said = io::stdout().write_all(spoken.out.as_bytes());
    if said.is_ok() {
        said = io::stderr().write_all(spoken.err.as_bytes());
    }
    Some(if said.is_ok() {
        ExitCode::from(spoken.code)
    } else {
        // Nobody heard the answer, and silence is a yes to some.
        ExitCode::from(REFUSED)
    })
}

/// The names of the platforms, for the help.
pub(super) fn platforms() -> Vec<&'static str> {
    PLATFORMS.iter().map(|(name, _)| *name).collect()
}
