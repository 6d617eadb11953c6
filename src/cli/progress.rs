//! Progress of a running night: on a terminal one live line for the lane and one settled line per
//! ticket, elsewhere plain lines.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    ui::Ui,
    wording::{self, Line},
};
use crate::{
    machine::{Effect, Event, State},
    shift::{Course, Observer},
};

/// Shows a night while it goes on.
pub(super) struct Progress {
    ui: Ui,
    bar: Option<ProgressBar>,
    /// What was last said to be waited for.
    waiting: Option<String>,
}

impl Progress {
    pub(super) fn new(ui: Ui) -> Self {
        let bar = ui.live().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:>11} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            ui,
            bar,
            waiting: None,
        }
    }

    /// Takes the live line away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn line(&self, verb: &str, text: &str) {
        let line = format!("{verb:>12} {text}");
        match &self.bar {
            Some(bar) => bar.suspend(|| self.ui.err(&line)),
            None => self.ui.note(&line),
        }
    }
}

impl Observer for Progress {
    fn opens(&mut self, _course: Course) {}

    fn begins(&mut self, state: &State, effect: &Effect) {
        let Some(bar) = &self.bar else { return };
        let (verb, attempt) = match effect {
            Effect::Judge { .. } => ("Judging", None),
            Effect::Claim { attempt, .. } => ("Claiming", Some(*attempt)),
            Effect::Baseline { attempt, .. } => ("Baseline", Some(*attempt)),
            Effect::Work { attempt, .. } => ("Working", Some(*attempt)),
            Effect::Keep { attempt, .. } => ("Keeping", Some(*attempt)),
            Effect::Gate { attempt, .. } => ("Gating", Some(*attempt)),
            Effect::Land { attempt, .. } => ("Landing", Some(*attempt)),
        };
        let id = effect.ticket();
        let title = state
            .ticket(id)
            .map(|ticket| ticket.facts.title.as_str())
            .unwrap_or_default();
        let attempt = match attempt {
            Some(attempt) if attempt > 1 => format!(" (attempt {attempt})"),
            Some(_) | None => String::new(),
        };
        bar.set_prefix(verb);
        bar.set_message(format!("{id} {title}{attempt}"));
    }

    fn waits(&mut self, _state: &State, until: Timestamp, because: &str) {
        let until = until.to_zoned(TimeZone::system()).strftime("%H:%M");
        let text = format!("until {until}: {because}");
        if let Some(bar) = &self.bar {
            bar.set_prefix("Waiting");
            bar.set_message(text);
        } else if self.waiting.as_deref() != Some(because) {
            self.line("Waiting", &text);
        }
        self.waiting = Some(because.to_owned());
    }

    fn sees(&mut self, state: &State, event: &Event) {
        let is_shown = matches!(
            event,
            Event::Landed { .. }
                | Event::Settled { .. }
                | Event::Returned { .. }
                | Event::HarnessClosed { .. }
                | Event::Halted { .. }
                | Event::Recovered(_)
                | Event::Asked(_)
        );
        if is_shown && let Some(Line { verb, text }) = wording::line(state, event) {
            self.line(verb, &text);
        }
    }
}
