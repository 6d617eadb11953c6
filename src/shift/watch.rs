//! Requests that cannot wait for a boundary: a stop at once, by `nightshift stop --now` or by a
//! signal.
//!
//! Every way to ask ends in `control.json`, so that there is one place to look and one order of
//! events: a first Ctrl-C asks for a stop at the boundary, a second one, SIGTERM and the end of the
//! terminal (SIGHUP) for a stop at once.

use std::{path::PathBuf, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time,
};

use super::control;
use crate::{
    clock,
    machine::{Request, RequestKind},
};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Watches until a stop at once is asked for, then says so to whoever runs something. With
/// `survives_hangup` the end of the terminal is nothing.
pub(super) async fn watch(control: PathBuf, stop: watch::Sender<bool>, survives_hangup: bool) {
    let (Ok(mut interrupts), Ok(mut terminations), Ok(mut hangups)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    let mut asked = 0_u32;
    let mut ticks = time::interval(EVERY);
    loop {
        tokio::select! {
            _ = interrupts.recv() => {
                asked += 1;
                ask(&control, asked > 1, "Ctrl-C");
            }
            _ = terminations.recv() => ask(&control, true, "SIGTERM"),
            _ = hangups.recv() => if !survives_hangup {
                ask(&control, true, "SIGHUP");
            },
            _ = ticks.tick() => {}
        }
        let now = control::read(&control).is_ok_and(|requests| {
            requests
                .iter()
                .any(|request| matches!(request.kind, RequestKind::Stop { now: true }))
        });
        if now {
            stop.send_replace(true);
        }
    }
}

fn ask(control: &std::path::Path, now: bool, by: &str) {
    let request = Request {
        id: format!("signal-{}-{}", std::process::id(), clock::now().boot.ms),
        kind: RequestKind::Stop { now },
        by: Some(by.to_owned()),
        reason: None,
    };
    // A full disk must not make the program deaf: the stop is then lost, and may be asked again.
    drop(control::add(control, request));
}
