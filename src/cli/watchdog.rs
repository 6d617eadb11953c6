//! `nightshift run` as the process that watches over the runner.

use std::{ffi::OsString, process::ExitCode};

use super::{
    args,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    layout::Layout,
    process::{self, Runner, Start},
    shift::{self, Last, Watch, Watched},
};

pub(super) fn run(args: &args::Run, hidden: &args::Hidden, layout: &Layout, ui: Ui) -> Done {
    let own: Vec<OsString> = std::env::args_os().skip(1).collect();
    let mut start = |watched: &Watched| {
        let mut arguments = vec![
            OsString::from("--watched"),
            serde_json::to_string(watched)?.into(),
        ];
        arguments.extend(own.iter().cloned());
        Runner::start(&arguments, Start::Here)
    };
    let mut tell = |text: &str| {
        // What the dead one was drawing is still there.
        let clear = if ui.live() { "\r\u{1b}[2K" } else { "" };
        ui.note(&format!("{clear}{:>12} {text}", "Watchdog"));
    };
    let last = shift::watch(&mut Watch {
        layout,
        limit: args.stall_limit,
        pause: args.restart_pause,
        survives_hangup: hidden.away || process::ignores_hangup(),
        start: &mut start,
        tell: &mut tell,
    })
    .map_err(|error| Failure::of(Kind::Environment, &error))?;
    match last {
        Last::Code(code) => Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))),
        Last::Signal(signal) => Ok(ExitCode::from(
            u8::try_from(128 + signal).unwrap_or(u8::MAX),
        )),
        Last::Cut { because } => Err(Failure::environment(format!(
            "the night was left as it stood: {because}"
        ))
        .hint("nothing is lost; `nightshift run` goes on where it stopped")),
        Last::GivenUp {
            times,
            because,
            doing,
        } => {
            let doing = doing.map_or_else(String::new, |doing| {
                format!(", {} {}", doing.stage, doing.ticket)
            });
            Err(Failure::environment(format!(
                "the runner died {times} times without settling a ticket in between; the last time{doing}: {because}"
            ))
            .hint("`nightshift logs` shows how far it came, `nightshift doctor` looks at the machine")
            .hint("`nightshift run --no-watchdog` shows its end as it is; nothing is lost, and `nightshift run` tries again"))
        }
    }
}
