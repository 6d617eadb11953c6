//! `nightshift __inside JSON -- PROGRAM…`: what runs in the sandbox before the program.
//!
//! It is looked for before the command line is parsed, because each start of an agent or a gate
//! waits for it, and because its arguments are nobody's to complain about.

use std::{ffi::OsString, process::ExitCode};

use crate::{config::Environment, sandbox::Inside};

/// That of `env` and shells for a program that cannot be run.
const CANNOT_RUN: u8 = 126;

/// Returns the exit code when that is what was asked for.
pub(super) fn run() -> Option<ExitCode> {
    let mut words = std::env::args_os().skip(1);
    if words.next()? != "__inside" {
        return None;
    }
    let text = words.next().and_then(|text| text.into_string().ok());
    let inside: Option<Inside> = text.and_then(|text| serde_json::from_str(&text).ok());
    let (Some(inside), Some(dashes)) = (inside, words.next()) else {
        return Some(ExitCode::from(CANNOT_RUN));
    };
    if dashes != "--" {
        return Some(ExitCode::from(CANNOT_RUN));
    }
    let argv: Vec<OsString> = words.collect();
    let environment = Environment::read();
    let report = environment.report_descriptor();
    Some(ExitCode::from(inside.run(&argv, report)))
}
