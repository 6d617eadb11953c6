//! Weather: which harness may work now, until when to wait for one, and what a human must do about
//! one that will not come back by itself.
//!
//! A limit belongs to an account, so all harnesses of one account wait behind one gate; the first
//! session after the wait is the probe. The waiting time is decided once, journaled with the
//! setback, and so survives the runner.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    event::NightStarted,
    outcome::Block,
    state::{Closed, Night, State, Waits},
    ticket::TicketState,
};
use crate::{
    clock::Now,
    harness::event::{Weather, WeatherKind},
};

/// What may work on a ticket now.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// This harness.
    Use(String),
    /// None before this moment.
    Wait { until: Timestamp, because: String },
    /// None in this run.
    Nothing(Block),
}

/// A limit with no stated end is looked at again after this long, then twice as long, and so on.
const LIMIT_FIRST: Duration = Duration::from_secs(5 * 60);
const LIMIT_MOST: Duration = Duration::from_secs(60 * 60);
/// The same for an overload and for a network that is gone.
const OVERLOAD_FIRST: Duration = Duration::from_secs(30);
const OVERLOAD_MOST: Duration = Duration::from_secs(15 * 60);
/// A stated end is waited for this much longer: clocks differ.
const MARGIN: Duration = Duration::from_secs(10);
/// A limit that is said to be over already is probed no sooner than this.
const LEAST: Duration = Duration::from_secs(30);

impl NightStarted {
    /// Returns the account that a harness works on: its own name where nothing else is said.
    pub fn account<'a>(&'a self, harness: &'a str) -> &'a str {
        self.accounts.get(harness).map_or(harness, String::as_str)
    }
}

impl State {
    /// Returns the harness for a ticket's next attempt.
    pub(super) fn choose(night: &Night, ticket: &TicketState, now: &Now) -> Choice {
        let own = ticket.facts.harness.as_ref();
        let chain = own.map_or(night.terms.harnesses.as_slice(), std::slice::from_ref);
        let mut wait: Option<(Timestamp, String)> = None;
        let mut closed: Vec<&Closed> = Vec::new();
        for harness in chain {
            if let Some(out) = night.closed.get(harness) {
                closed.push(out);
                continue;
            }
            match night.waits.get(night.terms.account(harness)) {
                Some(waits) if !waits.is_over(now) => {
                    let until = waits.until(now);
                    if wait.as_ref().is_none_or(|(first, _)| until < *first) {
                        wait = Some((until, waits.because(harness)));
                    }
                }
                Some(_) | None => return Choice::Use(harness.clone()),
            }
        }
        if let Some((until, because)) = wait {
            return Choice::Wait { until, because };
        }
        let because = if closed.is_empty() {
            "no harness is named under `[agent]`".to_owned()
        } else {
            closed
                .iter()
                .map(|out| out.because.as_str())
                .collect::<Vec<_>>()
                .join("; ")
        };
        let remedy = closed.first().map_or_else(
            || "name one under `[agent]`, then `nightshift run`".to_owned(),
            |out| out.remedy.clone(),
        );
        Choice::Nothing(Block {
            because: format!("no agent is ready: {because}"),
            remedy,
            may_clear: false,
        })
    }
}

impl Waits {
    /// Returns whether the wait is over, by the wall clock or by the boot clock: a wall clock that
    /// was set back must not make it longer.
    pub fn is_over(&self, now: &Now) -> bool {
        now.at >= self.until || now.since(&self.since) >= self.length()
    }

    /// Returns the moment at which the wall clock will show that it is over.
    pub fn until(&self, now: &Now) -> Timestamp {
        let left = self.length().saturating_sub(now.since(&self.since));
        let by_boot = now.at.checked_add(left).unwrap_or(self.until);
        by_boot.min(self.until)
    }

    fn length(&self) -> Duration {
        Duration::try_from(self.until.duration_since(self.since.at)).unwrap_or_default()
    }

    /// Returns what is waited for, as a sentence without a full stop.
    pub fn because(&self, harness: &str) -> String {
        let what = match self.weather.kind {
            WeatherKind::Limit => "has reached a usage limit",
            WeatherKind::Overload => "is overloaded",
            WeatherKind::Network => "cannot reach its provider",
            WeatherKind::Login => "is not logged in",
            WeatherKind::Billing => "has no credit",
            WeatherKind::Model => "does not know its model",
        };
        format!("`{harness}` {what}: {}", self.weather.said)
    }
}

/// Returns until when a harness rests after weather; `None` when it will not pass by itself.
/// `tries` counts the weather of this account in a row before this one.
pub(super) fn rest_until(
    night: &Night,
    account: &str,
    weather: &Weather,
    now: &Now,
) -> Option<Timestamp> {
    let tries = night.waits.get(account).map_or(0, |waits| waits.tries);
    if !weather.kind.passes() {
        return None;
    }
    let (first, most) = match weather.kind {
        WeatherKind::Limit => (LIMIT_FIRST, LIMIT_MOST),
        _ => (OVERLOAD_FIRST, OVERLOAD_MOST),
    };
    let backoff = first.saturating_mul(2_u32.saturating_pow(tries)).min(most);
    let later = |span: Duration| now.at.checked_add(span).unwrap_or(now.at);
    let soonest = later(if tries == 0 {
        LEAST
    } else {
        backoff.min(OVERLOAD_MOST)
    });
    Some(match weather.until {
        Some(stated) => stated.checked_add(MARGIN).unwrap_or(stated).max(soonest),
        None => later(backoff + jitter(&night.terms.night, account, tries, backoff)),
    })
}

/// Up to a fifth more, so that many machines do not come back at once. Drawn from what is
/// journaled, so that the same night decides the same.
fn jitter(night: &str, account: &str, tries: u32, backoff: Duration) -> Duration {
    let seed = blake3::hash(format!("{night} {account} {tries}").as_bytes());
    let share = u32::from(seed.as_bytes().first().copied().unwrap_or_default());
    backoff / 5 * share / 256
}

/// Returns what a human must do about weather that does not pass, as a sentence without a full stop.
pub(super) fn remedy(harness: &str, kind: WeatherKind) -> String {
    match kind {
        WeatherKind::Login => format!("log in to `{harness}` in a terminal, then `nightshift run`"),
        WeatherKind::Billing => format!(
            "add credit to the account of `{harness}` or name another under `[agent]`, then `nightshift run`"
        ),
        WeatherKind::Model => format!(
            "set a `model` under `[agent]` that the account of `{harness}` may use, then `nightshift run`"
        ),
        WeatherKind::Overload | WeatherKind::Limit | WeatherKind::Network => {
            "`nightshift run` later".to_owned()
        }
    }
}
