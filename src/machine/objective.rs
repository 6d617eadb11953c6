//! An objective: a ticket worked in iterations until its own check is green.
//!
//! What its iterations came to is kept here in short, over nights: the next one begins afresh and
//! knows of them by these notes alone. The longer evidence of each stands with its attempt.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    event::Setback,
    outcome::{Outcome, Reason},
    ticket::{Attempt, TicketState},
};
use crate::{gate::verdict::Check, repo::id::CommitId, say::utterance::Utterance};

/// This many iterations in a row without a commit end it.
const IDLE: u32 = 3;
/// How many bytes of notes are kept over all iterations; the oldest go first.
const NOTES: usize = 16 * 1024;
/// How many notes of one iteration are kept, the last ones.
const MOST: usize = 12;
/// How many characters of one note are kept.
const LONGEST: usize = 800;

/// What an objective has been through, as far as it counts for what comes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Iterations in all.
    pub total: u32,
    /// Of these, since a human last queued it: what its maximum is about.
    pub counted: u32,
    /// Of all, how many are a commit.
    pub landed: u32,
    /// Iterations in a row that ended without one.
    pub idle: u32,
    /// The newest iterations, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub iterations: Vec<Iteration>,
    /// Why to look at what landed so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub look: Vec<Reason>,
}

/// One iteration that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    /// Which, from 1, counted over nights.
    pub number: u32,
    /// The attempt that it was.
    pub attempt: u32,
    /// Its night.
    pub night: String,
    /// When it was over.
    pub at: Timestamp,
    /// Its commit; `None` when it was reverted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// Why it was reverted, or what the objective's own check said of the commit; one line.
    pub because: String,
    /// What names the failure, for telling whether two are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// What its agent said, in its order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

impl Iteration {
    fn size(&self) -> usize {
        self.because.len() + self.said.iter().map(String::len).sum::<usize>()
    }
}

impl Progress {
    /// Returns whether there were no iterations.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Forgets what counts against it, as a human queues it anew; what was learned stays.
    pub fn begin_anew(&mut self) {
        self.counted = 0;
        self.idle = 0;
    }

    /// Takes in an attempt that is over; one that is nobody's failure and no commit is none.
    pub(super) fn take(&mut self, night: &str, attempt: &mut Attempt, reasons: &[Reason]) {
        let setback = attempt.setback.as_ref();
        let commit = attempt.landed.as_ref().map(|landed| landed.commit.clone());
        if commit.is_none() && !setback.is_some_and(Setback::counts) {
            return;
        }
        self.total += 1;
        self.counted += 1;
        attempt.iteration = Some(self.total);
        if commit.is_some() {
            self.landed += 1;
            self.idle = 0;
        } else {
            self.idle += 1;
        }
        let of_check = || {
            let mut verdicts = attempt.verdicts.iter();
            let verdict = verdicts.find(|verdict| verdict.check == Check::Accept)?;
            Some(verdict.reason.clone())
        };
        self.iterations.push(Iteration {
            number: self.total,
            attempt: attempt.number,
            night: night.to_owned(),
            at: attempt.until,
            commit,
            because: setback
                .map(ToString::to_string)
                .or_else(of_check)
                .unwrap_or_default(),
            signature: setback.and_then(Setback::signature).map(str::to_owned),
            said: said(attempt),
        });
        let mut size: usize = self.iterations.iter().map(Iteration::size).sum();
        while size > NOTES && self.iterations.len() > 1 {
            size -= self.iterations.remove(0).size();
        }
        for reason in reasons {
            self.look_at(reason);
        }
    }

    fn look_at(&mut self, reason: &Reason) {
        let same =
            |known: &&mut Reason| std::mem::discriminant(*known) == std::mem::discriminant(reason);
        match (self.look.iter_mut().find(same), reason) {
            (None, _) => self.look.push(reason.clone()),
            (Some(Reason::TestsChanged { files: known }), Reason::TestsChanged { files }) => {
                let new: Vec<_> = files
                    .iter()
                    .filter(|f| !known.contains(f))
                    .cloned()
                    .collect();
                known.extend(new);
            }
            (Some(Reason::LargeDiff { lines: known }), Reason::LargeDiff { lines }) => {
                *known = (*known).max(*lines);
            }
            (Some(_), _) => {}
        }
    }

    /// Returns the failure of an objective that gets nowhere, or that has had its `most` iterations.
    pub(super) fn over(&self, most: u32) -> Option<Outcome> {
        let because = if self.idle >= IDLE {
            self.stuck()
        } else if self.counted >= most {
            let last = self.iterations.last();
            let last = last.filter(|last| !last.because.is_empty());
            let last = last.map(|last| format!("; the last: {}", last.because));
            format!(
                "its check is not green after {} iterations{}",
                self.counted,
                last.unwrap_or_default()
            )
        } else {
            return None;
        };
        let landed = self.landed;
        Some(Outcome::Failed {
            because: format!("{because} ({landed} landed)"),
        })
    }

    fn stuck(&self) -> String {
        let idle = usize::try_from(IDLE).unwrap_or_default();
        let last: Vec<&Iteration> = self.iterations.iter().rev().take(idle).collect();
        let Some(newest) = last.first() else {
            return format!("{IDLE} iterations without progress");
        };
        let same =
            newest.signature.is_some() && last.iter().all(|one| one.signature == newest.signature);
        let how = if same {
            "each with the same failure"
        } else {
            "the last"
        };
        format!(
            "{IDLE} iterations in a row without a commit, {how}: {}",
            newest.because
        )
    }
}

impl TicketState {
    /// Takes the latest attempt into the progress of the objective that it is.
    pub(super) fn count_iteration(&mut self, night: &str, reasons: &[Reason]) {
        if let Some(attempt) = self.tried.last_mut() {
            self.progress.take(night, attempt, reasons);
        }
    }

    /// Returns how many of tonight's attempts were no iterations: interrupted, or kept from working.
    pub fn interrupted(&self) -> usize {
        let interrupted = |attempt: &&Attempt| {
            let setback = attempt.setback.as_ref();
            setback.is_some_and(|setback| !setback.counts())
        };
        self.tried.iter().filter(interrupted).count()
    }
}

fn said(attempt: &Attempt) -> Vec<String> {
    let said = attempt.session.iter().flat_map(|session| &session.said);
    let texts: Vec<&str> = said
        .filter_map(|said| match said {
            Utterance::Note { text }
            | Utterance::Done { text }
            | Utterance::Assume { text, .. } => Some(text.as_str()),
            Utterance::Park(_) | Utterance::Halt { .. } => None,
        })
        .collect();
    let from = texts.len().saturating_sub(MOST);
    texts.iter().skip(from).map(|text| cut(text)).collect()
}

fn cut(text: &str) -> String {
    if text.chars().nth(LONGEST).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
