//! The state behind a recognition: what troubles the session now, and the last plain lines.
//!
//! **Which lines are errors.** In JSON: the fields that carry an error, never what a model or a tool
//! says. Beside JSON, and for agents that print plain text: the last few lines, if the session ended
//! badly. An agent that is known to end with code 0 on errors is not believed, but then the error
//! must stand at the very end. Trouble is forgotten when the model answers, a tool works or the
//! session ends well: a retry that helped is no weather.

use std::{collections::VecDeque, path::Path};

use jiff::Timestamp;

use super::table::{Found, Table, one_line};
use crate::{
    harness::{
        event::{Weather, WeatherKind},
        fault::{Fault, Until},
        reading::{Mood, Reading},
    },
    process::{Exit, Stream},
};

/// How many of the last plain lines of each stream may be errors.
const LAST_LINES: usize = 8;
/// How many lines may follow the error of an agent that ends with code 0.
const LINES_AFTER: usize = 3;
/// How much of a plain line is looked at, in bytes.
const LONGEST: usize = 2 * 1024;
/// How much of what was said is kept, in characters.
const SAID: usize = 300;

/// Agents that print plain text and end with code 0 on errors of their model.
const END_WELL_ANYWAY: [&str; 2] = ["aider", "hermes"];
/// What such an agent prints after an answer: what it said before is over.
const ANSWERED: [&str; 2] = ["Tokens: ", "Applied edit to "];

/// What is known of an error so far.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// The weather; `said` is not redacted yet.
    weather: Weather,
    /// Whether the time was written by a machine, to the second.
    is_exact: bool,
    /// Whether the session said that it failed for it.
    is_final: bool,
}

/// Recognises weather in the lines of one session.
#[derive(Debug)]
pub(in crate::harness) struct Recogniser {
    table: Table,
    /// Whether the agent is one of those that end with code 0 on errors.
    ends_well_anyway: bool,
    trouble: Option<Known>,
    /// Whether the session said that it ended, well or not.
    has_ended: bool,
    /// Whether it prints JSON.
    is_structured: bool,
    out: VecDeque<String>,
    err: VecDeque<String>,
    /// Plain lines on standard output since the last JSON.
    plain_since: usize,
}

impl Recogniser {
    /// Begins with a table, for the agent whose program this is.
    pub(in crate::harness) fn new(table: Table, program: Option<&str>) -> Self {
        let program = program.and_then(|program| Path::new(program).file_name()?.to_str());
        Self {
            table,
            ends_well_anyway: program.is_some_and(|name| END_WELL_ANYWAY.contains(&name)),
            trouble: None,
            has_ended: false,
            is_structured: false,
            out: VecDeque::new(),
            err: VecDeque::new(),
            plain_since: 0,
        }
    }

    /// Takes what a JSON line says.
    pub(in crate::harness) fn reading(&mut self, reading: &Reading, now: Timestamp) {
        self.is_structured = true;
        self.plain_since = 0;
        let found = reading
            .fault
            .as_ref()
            .and_then(|fault| Some(known(self.table.of_fault(fault, now)?, fault)));
        match reading.mood {
            Mood::Same => {}
            Mood::Working | Mood::Ended => {
                self.trouble = None;
                self.out.clear();
                self.err.clear();
                self.has_ended = reading.mood == Mood::Ended;
            }
            Mood::Troubled | Mood::Retrying => self.trouble(found),
            Mood::Failed => {
                let is_other = reading
                    .fault
                    .as_ref()
                    .is_some_and(|fault| !fault.text.is_empty());
                if found.is_none() && is_other {
                    // It failed for a reason that is no weather.
                    self.trouble = None;
                }
                self.trouble(found);
                if let Some(trouble) = &mut self.trouble {
                    trouble.is_final = true;
                }
                self.has_ended = true;
            }
        }
    }

    /// Takes a line that is no JSON.
    pub(in crate::harness) fn plain(&mut self, stream: Stream, line: &[u8]) {
        let line = line.get(..LONGEST).unwrap_or(line);
        let text = one_line(&String::from_utf8_lossy(line));
        if text.is_empty() {
            return;
        }
        if ANSWERED.iter().any(|answered| text.starts_with(answered)) {
            self.out.clear();
            self.err.clear();
        }
        let lines = match stream {
            Stream::Out => {
                self.plain_since = self.plain_since.saturating_add(1);
                &mut self.out
            }
            Stream::Err => &mut self.err,
        };
        if lines.len() >= LAST_LINES {
            lines.pop_front();
        }
        lines.push_back(text);
        let is_passing = self.trouble.as_ref().is_some_and(|known| !known.is_final);
        if is_passing && self.plain_since > LAST_LINES {
            // An agent that prints text, and in it some JSON that is not its own.
            self.trouble = None;
        }
    }

    /// Returns what troubles the session now, as far as its JSON says.
    pub(in crate::harness) fn trouble_now(&self) -> Option<&Weather> {
        self.trouble.as_ref().map(|known| &known.weather)
    }

    /// Returns the last plain lines of standard output.
    pub(in crate::harness) fn last_lines(&self) -> String {
        let lines: Vec<&str> = self.out.iter().map(String::as_str).collect();
        lines.join("\n")
    }

    /// Returns what the very last plain line says, of an agent that waits in silence after it.
    pub(in crate::harness) fn last_words(&self, now: Timestamp) -> Option<Weather> {
        // Beside JSON only standard error is the agent's own.
        let out = (!self.is_structured).then_some(&self.out);
        let mut lines = [Some(&self.err), out].into_iter().flatten();
        lines.find_map(|lines| self.in_lines(lines, 0, now))
    }

    /// Returns the weather that ended the session; `None` when it ended well, or for another reason.
    pub(in crate::harness) fn finish(&self, exit: &Exit, now: Timestamp) -> Option<Weather> {
        let ended_well = *exit == Exit::Code(0);
        // An error that was not the session's last word does not outweigh a good end.
        let trouble = self.trouble.as_ref();
        if let Some(known) = trouble.filter(|known| known.is_final || !ended_well) {
            return Some(known.weather.clone());
        }
        if self.has_ended {
            return None;
        }
        let after = match exit {
            Exit::Stopped | Exit::NotStarted { .. } => return None,
            Exit::Code(0) if self.ends_well_anyway => LINES_AFTER,
            Exit::Code(0) if self.is_structured => return None,
            Exit::Code(0) => {
                // Only the configuration's own patterns are believed against the exit code.
                let mut last = [&self.out, &self.err].into_iter().flatten();
                return last.find_map(|line| {
                    let found = self.table.own(line, now)?;
                    Some(weather(found, line))
                });
            }
            Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut | Exit::Silent => LAST_LINES,
        };
        [&self.err, &self.out]
            .into_iter()
            .find_map(|lines| self.in_lines(lines, after, now))
    }

    fn trouble(&mut self, found: Option<Known>) {
        let Some(mut found) = found else {
            return;
        };
        if let Some(earlier) = self.trouble.take()
            && earlier.weather.kind == found.weather.kind
        {
            if earlier.is_exact && !found.is_exact {
                found.weather.until = earlier.weather.until;
                found.is_exact = true;
            }
            if found.weather.said.is_empty() {
                found.weather.said = earlier.weather.said;
            }
        }
        self.trouble = Some(found);
    }

    /// Looks for an error in the last lines, the last one first. It may be broken over lines, so
    /// each is read with all that follow.
    fn in_lines(&self, lines: &VecDeque<String>, after: usize, now: Timestamp) -> Option<Weather> {
        let first = lines.len().saturating_sub(after.saturating_add(1));
        (first..lines.len()).rev().find_map(|from| {
            let rest: Vec<&str> = lines.range(from..).map(String::as_str).collect();
            let texts = [rest.join(" "), (*rest.first()?).to_owned()];
            texts
                .iter()
                .find_map(|text| Some(weather(self.table.of_line(text, now)?, text)))
        })
    }
}

fn known(found: Found, fault: &Fault) -> Known {
    let is_exact = matches!(fault.until, Some(Until::Epoch(_))) && found.reset.is_some();
    let said = if fault.text.is_empty() {
        match (fault.codes.last(), fault.status) {
            (Some(code), Some(status)) => format!("{code} ({status})"),
            (Some(code), None) => code.clone(),
            (None, Some(status)) => format!("status {status}"),
            (None, None) => String::new(),
        }
    } else {
        fault.text.clone()
    };
    Known {
        weather: weather(found, &said),
        is_exact,
        is_final: false,
    }
}

fn weather(found: Found, said: &str) -> Weather {
    let said = one_line(said);
    let mut short: String = said.chars().take(SAID).collect();
    if short.len() < said.len() {
        short.push('…');
    }
    if let Some(zone) = found
        .reset
        .as_ref()
        .and_then(|reset| reset.unknown_zone.as_ref())
    {
        short.push_str(&format!(
            " (nightshift does not know the zone `{zone}`, and took this machine's)"
        ));
    }
    Weather {
        kind: found.kind,
        until: found.reset.map(|reset| reset.at),
        said: short,
    }
}

/// What is said of an agent that tries the same again and again.
pub(in crate::harness) fn endless(times: u32, trouble: Option<&Weather>) -> Weather {
    let kind = trouble.map_or(WeatherKind::Overload, |trouble| trouble.kind);
    let said = trouble.map_or("", |trouble| trouble.said.as_str());
    Weather {
        kind,
        until: trouble.and_then(|trouble| trouble.until),
        said: format!("it tried again {times} times in a row: {said}"),
    }
}
