//! What each journaled fact is called: a word and a line, for the live progress and for `logs`.

use crate::{
    backlog::ticket::TicketId,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    machine::{Event, Outcome, State, TicketState},
    policy::decision::Action,
};

/// A fact in one line.
pub(super) struct Line {
    /// What happened, in a word.
    pub(super) verb: &'static str,
    /// To what, and how.
    pub(super) text: String,
}

/// Returns how a fact is told, with the state that it has made; `None` when it is not worth a line.
pub(super) fn line(state: &State, event: &Event) -> Option<Line> {
    let (verb, text) = match event {
        Event::Checkpoint(_) => return None,
        Event::NightStarted(terms) => ("Night", format!("{} on {}", terms.night, terms.branch)),
        Event::RunnerStarted { process, .. } => ("Runner", format!("process {}", process.pid)),
        Event::Recovered(repair) => ("Recovered", repair.to_string()),
        Event::TicketSeen(facts) => ("Seen", format!("{} {}", facts.id, facts.title)),
        Event::TicketGone { ticket } => ("Gone", format!("{ticket}: its file")),
        Event::BacklogRead { refused } => {
            let files: Vec<_> = refused.iter().map(|file| file.file.as_str()).collect();
            if files.is_empty() {
                return None;
            }
            ("Refused", files.join(", "))
        }
        Event::Judged { ticket, decision } => match decision.action {
            Action::Proceed => return None,
            Action::Deny | Action::Park | Action::Halt => {
                let rule = decision.rule.as_deref().unwrap_or("no rule");
                ("Judged", format!("{ticket} by {rule}"))
            }
        },
        Event::Claimed {
            ticket,
            attempt,
            harness,
            ..
        } => (
            "Claimed",
            format!(
                "{ticket} {} (attempt {attempt} by {harness})",
                title(state, ticket)
            ),
        ),
        Event::BaselineTaken { ticket, verdicts } => {
            ("Baseline", format!("{ticket} {}", checks(verdicts)))
        }
        Event::Started { ticket } => ("Working", format!("{ticket} the agent starts")),
        Event::Ended { ticket, session } => (
            "Worked",
            format!(
                "{ticket} {} after {}",
                ending(&session.ending),
                span(session.took_ms)
            ),
        ),
        Event::WorkKept { ticket, taken } => ("Kept", format!("{ticket} {}", taken.reference)),
        Event::Gated { ticket, verdicts } => ("Gated", format!("{ticket} {}", checks(verdicts))),
        Event::Landing { ticket, .. } => ("Landing", format!("{ticket} the branch moves")),
        Event::Landed { ticket, .. } | Event::Settled { ticket, .. } => {
            let ticket = state.ticket(ticket)?;
            return Some(settled(ticket, ticket.outcome()?));
        }
        Event::Returned { ticket, setback } => ("Returned", format!("{ticket} {setback}")),
        Event::Asked(request) => ("Asked", request.kind.to_string()),
        Event::HarnessClosed { because, .. } => ("Closed", because.clone()),
        Event::Halted { because, .. } => ("Halted", because.clone()),
        Event::NightEnded { because } => ("Ended", because.to_string()),
    };
    let text = one_line(&text);
    Some(Line { verb, text })
}

fn settled(ticket: &TicketState, outcome: &Outcome) -> Line {
    let id = &ticket.facts.id;
    let title = &ticket.facts.title;
    let attempts = match ticket.tried.len() {
        0 | 1 => String::new(),
        many => format!(", {many} attempts"),
    };
    let (verb, text) = match outcome {
        Outcome::Done { commit } => (
            "Landed",
            format!("{id} {title} ({}{attempts})", commit.short()),
        ),
        Outcome::LowConfidence { commit, reasons } => {
            let why: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            let short = commit.short();
            (
                "Landed",
                format!("{id} {title} ({short}{attempts}; look: {})", why.join("; ")),
            )
        }
        Outcome::Parked(park) => ("Parked", format!("{id} {}", park.question.question)),
        Outcome::Held { because, .. } => ("Held", format!("{id} {because}")),
        Outcome::Blocked(block) => ("Blocked", format!("{id} {}", block.because)),
        Outcome::Failed { because } => ("Failed", format!("{id} {because}")),
        Outcome::Skipped { because } => ("Skipped", format!("{id} {because}")),
    };
    let text = one_line(&text);
    Line { verb, text }
}

fn title<'s>(state: &'s State, id: &TicketId) -> &'s str {
    state
        .ticket(id)
        .map_or("", |ticket| ticket.facts.title.as_str())
}

fn checks(verdicts: &[Verdict]) -> String {
    let each: Vec<String> = verdicts.iter().map(check).collect();
    if each.is_empty() {
        return "there is nothing to check".to_owned();
    }
    each.join("; ")
}

fn check(verdict: &Verdict) -> String {
    let name = match verdict.check {
        Check::Gate => "gate",
        Check::Accept => "acceptance check",
    };
    let how = match verdict.class {
        Class::Passed => "green",
        Class::Flaky => "flaky",
        Class::Introduced | Class::PreExisting => "red",
        Class::Timeout => "not done in time",
        Class::Environment => "could not judge",
    };
    if verdict.remembered {
        format!("{name} {how}, remembered")
    } else if verdict.class == Class::Passed {
        format!("{name} {how} in {}", span(verdict.took_ms))
    } else {
        format!("{name} {how}: {}", verdict.reason)
    }
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Exited => "the agent ended".to_owned(),
        Ending::Failed { reason } => format!("the agent failed: {reason}"),
        Ending::TimedOut { .. } => "the agent ran into its timeout".to_owned(),
        Ending::Silent { .. } => "the agent was silent for too long".to_owned(),
        Ending::Stopped => "the agent was stopped".to_owned(),
        Ending::Halted => "the agent was ended after what it said".to_owned(),
        Ending::NotStarted { reason } => format!("the agent could not start: {reason}"),
        Ending::Weather(weather) => format!("{}: {}", weather.kind.as_str(), weather.said),
        Ending::OverBudget { what } => format!("the agent used up its budget: {what}"),
    }
}

/// Returns a length of time in its two largest units.
pub(super) fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0..10 => format!("{seconds}.{} s", ms % 1000 / 100),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Returns a text without line breaks and without what a terminal would obey.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).collect()
}
