//! `nightshift logs`: the night's journal in readable lines, or what an agent printed; with `-f`
//! until the night ends.

use std::{fs, path::Path, process::ExitCode, time::Duration};

use super::{
    args,
    failure::{Done, Failure, Kind},
    output::Output,
    ui::Ui,
    wording,
};
use crate::{
    backlog::ticket::TicketId,
    config::Environment,
    diagnostic::nearest,
    journal::Which,
    layout::Layout,
    machine::State,
    process::{self, Signals},
    shift::{self, Heartbeat, Site},
};

/// How often is looked for more.
const EVERY: Duration = Duration::from_millis(250);

pub(super) fn run(args: &args::Logs, start: &Path, environment: Environment, ui: Ui) -> Done {
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let mut night = Night::new(site.layout);
    // Asked before each reading, so that nothing is missed between the two.
    let mut goes_on = is_running(&night.layout);
    let mut said = night.read(ui.json)?;
    let Some(state) = &night.state else {
        return none(ui, goes_on);
    };
    let mut output = match &args.ticket {
        Some(name) => Some(Output::new(ticket(state, name)?, ui)),
        None => None,
    };
    let mut signals = None;
    if args.follow {
        let taken = Signals::take().map_err(|error| Failure::of(Kind::Environment, &error))?;
        signals = Some(taken);
    }
    loop {
        let is_read = match (&mut output, &night.state) {
            (Some(output), Some(state)) => output.print(&night.layout, state)?,
            _ => ui.flow(&said),
        };
        let is_over = !goes_on
            || output
                .as_ref()
                .is_some_and(|it| night.has_settled(&it.ticket));
        let Some(signals) = signals.as_mut().filter(|_| is_read && !is_over) else {
            break;
        };
        if signals.wait(EVERY).to_end() {
            break;
        }
        goes_on = is_running(&night.layout);
        said = night.read(ui.json)?;
    }
    match output {
        Some(output) if output.is_empty() => Err(untried(&output)),
        _ => {
            if args.follow && !goes_on {
                night.say_if_dead(ui);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn none(ui: Ui, is_starting: bool) -> Done {
    let hint = if is_starting {
        "one is starting now: ask again in a moment"
    } else {
        "`nightshift run` runs one"
    };
    if ui.json {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure::usage("no night has been run here yet, so there is no log").hint(hint))
}

fn ticket(state: &State, name: &str) -> Result<TicketId, Failure> {
    let known = || state.tickets().keys();
    if let Some(id) = known().find(|id| id.as_str() == name) {
        return Ok(id.clone());
    }
    let failure = Failure::usage(format!("the night knows no ticket `{name}`"));
    Err(match nearest(name, known().map(TicketId::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`nightshift status --json` lists them"),
    })
}

fn untried(output: &Output) -> Failure {
    Failure::usage(format!(
        "no agent has worked on `{}` in this night, so it has no log",
        output.ticket
    ))
    .hint("`nightshift logs` shows the night; with `-f` this waits for the agent")
}

/// Whether something is there that may still write.
fn is_running(layout: &Layout) -> bool {
    Heartbeat::read(&layout.heartbeat()).is_some_and(|beat| {
        process::is_alive(&beat.runner) || beat.watchdog.as_ref().is_some_and(process::is_alive)
    })
}

/// The journal, read again when it has grown.
struct Night {
    layout: Layout,
    state: Option<State>,
    /// The last record that was told.
    told: u64,
    /// Its files when it was read last.
    seen: Option<(usize, u64)>,
}

impl Night {
    fn new(layout: Layout) -> Self {
        Self {
            layout,
            state: None,
            told: 0,
            seen: None,
        }
    }

    /// Returns what is new, told in lines.
    fn read(&mut self, json: bool) -> Result<String, Failure> {
        let size = size_of(&self.layout.journal());
        let mut text = String::new();
        if size.is_some() && size == self.seen {
            return Ok(text);
        }
        let told = self.told;
        let mut last = told;
        let state = shift::read_each(&self.layout.journal(), Which::Newest, |state, record| {
            if record.seq <= told {
                return;
            }
            last = record.seq;
            if json {
                let line = serde_json::json!({
                    "seq": record.seq,
                    "at": record.at,
                    "night": record.night,
                    "event": record.event,
                });
                text.push_str(&format!("{line}\n"));
            } else if let Some(line) = wording::line(state, &record.event) {
                let at = record.at.strftime("%H:%M:%SZ");
                text.push_str(&format!("{at} {:>10} {}\n", line.verb, line.text));
            }
        })
        .map_err(|error| Failure::of(Kind::Environment, &error))?;
        self.told = last;
        self.seen = size;
        if state.is_some() {
            self.state = state;
        }
        Ok(text)
    }

    /// Returns whether nobody works on a ticket any more.
    fn has_settled(&self, ticket: &TicketId) -> bool {
        let ticket = self.state.as_ref().and_then(|state| state.ticket(ticket));
        ticket.is_some_and(|ticket| ticket.outcome().is_some())
    }

    fn say_if_dead(&self, ui: Ui) {
        let night = self.state.as_ref().and_then(State::night);
        if night.is_some_and(|night| night.ended.is_none()) {
            ui.note(
                "The runner is gone without having ended the night; `nightshift run` resumes it.",
            );
        }
    }
}

/// Returns how many files a folder has and how long they are together.
fn size_of(folder: &Path) -> Option<(usize, u64)> {
    let mut size = (0, 0);
    for entry in fs::read_dir(folder).ok()? {
        size.0 += 1;
        size.1 += entry.ok()?.metadata().ok()?.len();
    }
    Some(size)
}
