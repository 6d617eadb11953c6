//! Requests that cannot wait for a boundary: a stop at once, by `nightshift stop --now` or by a
//! signal, and the skip of the ticket that is worked on.
//!
//! Every way to ask ends in `control.json`, so that there is one place to look and one order of
//! events: a first Ctrl-C asks for a stop at the boundary, a second one, SIGTERM and the end of the
//! terminal (SIGHUP) for a stop at once.

use std::{cell::RefCell, path::PathBuf, rc::Rc, time::Duration};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    time,
};

use super::control;
use crate::{
    backlog::ticket::TicketId,
    clock,
    machine::{Request, RequestKind},
};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Which ticket is worked on: the loop says so, the watcher reads it.
#[derive(Debug, Clone, Default)]
pub(super) struct InHand(Rc<RefCell<Option<TicketId>>>);

impl InHand {
    /// Says that this ticket is worked on from now on.
    pub(super) fn take(&self, ticket: &TicketId) {
        self.0.replace(Some(ticket.clone()));
    }

    fn is(&self, ticket: &TicketId) -> bool {
        self.0.borrow().as_ref() == Some(ticket)
    }
}

/// Watches for what cannot wait, and says so to whoever runs something: a stop at once for good, a
/// skip of the ticket in hand as long as it is asked for. With `survives_hangup` the end of the
/// terminal is nothing.
pub(super) async fn watch(
    control: PathBuf,
    in_hand: InHand,
    stop: watch::Sender<bool>,
    survives_hangup: bool,
) {
    let (Ok(mut interrupts), Ok(mut terminations), Ok(mut hangups)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    ) else {
        return;
    };
    let mut asked = 0_u32;
    let mut for_good = false;
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
        let requests = control::read(&control).unwrap_or_default();
        for_good |= requests
            .iter()
            .any(|request| matches!(request.kind, RequestKind::Stop { now: true }));
        let skipped = requests.iter().any(|request| match &request.kind {
            RequestKind::Skip { ticket } => in_hand.is(ticket),
            _ => false,
        });
        let wanted = for_good || skipped;
        stop.send_if_modified(|now| std::mem::replace(now, wanted) != wanted);
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
