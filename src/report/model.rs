//! The report's sections as data, ranked; texts are as they were said, not yet escaped.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    numbers::{Numbers, numbers},
    rank::{Score, score, severity},
};
use crate::{
    backlog::ticket::{Status, TicketId},
    gate::verdict::{Check, Verdict},
    machine::{Attempt, NightEnd, Outcome, OutcomeKind, Park, State, TicketState},
    policy::decision::Action,
    say::utterance::Utterance,
};

/// How much of a gate's output is quoted.
const LINES: usize = 25;
const CHARS: usize = 2000;
/// How many names a list holds.
const NAMES: usize = 20;

/// Hands out the kept output of a check: the bytes of its log, if they are still there.
pub type Evidence<'a> = &'a dyn Fn(&Verdict) -> Option<Vec<u8>>;

/// A night's report.
#[derive(Debug, Clone, Serialize)]
pub struct Model {
    /// The format.
    pub version: u32,
    /// The night.
    pub night: String,
    /// One sentence.
    pub headline: String,
    /// Guarantees whose absence belongs on the first page: agents ran unconfined.
    pub warning: Option<String>,
    /// Why the night was halted, and what to do.
    pub halt: Option<HaltLine>,
    /// Decisions to make, ranked.
    pub decisions: Vec<Decision>,
    /// Landed, but look.
    pub look: Vec<Look>,
    /// Failed.
    pub failed: Vec<Failed>,
    /// Blocked.
    pub blocked: Vec<Blocked>,
    /// Held, by what they wait for.
    pub held: Vec<Held>,
    /// Landed.
    pub landed: Vec<LandedLine>,
    /// Not reached, by why.
    pub skipped: Vec<Skipped>,
    /// Assumptions that agents made.
    pub assumptions: Vec<Said>,
    /// Notes that agents left.
    pub notes: Vec<Said>,
    /// Every guarantee that was off.
    pub blind_spots: Vec<String>,
    /// Rules that fired.
    pub rules: Vec<RuleLine>,
    /// Files of the backlog that could not be used.
    pub refused: Vec<RefusedLine>,
    /// The night in numbers.
    pub numbers: Numbers,
    /// The branch.
    pub branch: Branch,
}

/// Why a night was halted.
#[derive(Debug, Clone, Serialize)]
pub struct HaltLine {
    /// Why.
    pub because: String,
    /// What to do.
    pub remedy: String,
}

/// Kept work.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Its ref.
    pub reference: String,
    /// The snapshot that it stands on.
    pub from: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

/// A decision to make.
#[derive(Debug, Clone, Serialize)]
pub struct Decision {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// The question.
    pub question: String,
    /// Answers that the agent saw.
    pub options: Vec<String>,
    /// Which it would take.
    pub recommend: Option<String>,
    /// Why it is not the machine's to decide.
    pub because: Option<String>,
    /// The rule.
    pub rule: Option<String>,
    /// The rule's line in the contract.
    pub line: Option<usize>,
    /// The words that matched.
    pub matched: Vec<String>,
    /// What waits for it.
    pub holds: Vec<TicketId>,
    /// The work so far.
    pub kept: Option<Kept>,
    /// What the gate said of it, in one line.
    pub gate: Option<String>,
}

/// Landed work to look at.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// The landing.
    pub landed: LandedLine,
    /// Where it stands among the others.
    pub score: Score,
    /// Why.
    pub reasons: Vec<String>,
}

/// A failed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Failed {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// Where it stands among the others.
    pub score: Score,
    /// Why.
    pub because: String,
    /// What was tried.
    pub attempts: Vec<Tried>,
    /// How the last red check failed.
    pub output: Option<String>,
    /// What waits for it.
    pub holds: Vec<TicketId>,
}

/// One attempt of a failed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// Which.
    pub number: u32,
    /// What the agent said of it.
    pub said: Option<String>,
    /// Why it did not land.
    pub setback: String,
    /// Its work.
    pub kept: Option<Kept>,
}

/// A blocked ticket.
#[derive(Debug, Clone, Serialize)]
pub struct Blocked {
    /// What is in the way.
    pub because: String,
    /// What to do.
    pub remedy: String,
    /// Whom it blocks (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// Tickets that wait for the same.
#[derive(Debug, Clone, Serialize)]
pub struct Held {
    /// Why.
    pub because: String,
    /// Who (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// A landed ticket.
#[derive(Debug, Clone, Serialize)]
pub struct LandedLine {
    /// The ticket.
    pub id: TicketId,
    /// Its title.
    pub title: String,
    /// The commit.
    pub commit: String,
    /// Changed files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
    /// How long its gate took, in milliseconds; 0 when it was remembered.
    pub gate_ms: u64,
    /// Attempts of this night.
    pub attempts: usize,
}

/// Tickets that the night did not reach.
#[derive(Debug, Clone, Serialize)]
pub struct Skipped {
    /// Why.
    pub because: String,
    /// Who (the first few).
    pub tickets: Vec<TicketId>,
    /// How many in all.
    pub count: usize,
}

/// Something that an agent said.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// On which ticket.
    pub id: TicketId,
    /// What.
    pub text: String,
    /// Why.
    pub because: Option<String>,
}

/// A rule that fired.
#[derive(Debug, Clone, Serialize)]
pub struct RuleLine {
    /// The rule.
    pub rule: String,
    /// Its category.
    pub category: String,
    /// What it did.
    pub action: Action,
    /// How often.
    pub count: usize,
    /// For whom (the first few).
    pub tickets: Vec<TicketId>,
}

/// A file of the backlog that could not be used.
#[derive(Debug, Clone, Serialize)]
pub struct RefusedLine {
    /// The file.
    pub file: String,
    /// Why.
    pub problems: Vec<String>,
}

/// The night branch.
#[derive(Debug, Clone, Serialize)]
pub struct Branch {
    /// Its short name.
    pub name: String,
    /// The user's branch; `None` when HEAD was detached.
    pub onto: Option<String>,
    /// Where it began.
    pub base: String,
    /// How many commits it has.
    pub commits: usize,
}

/// Returns the report of a night.
pub fn model(state: &State, evidence: Evidence<'_>) -> Model {
    let mut blocked = Groups::default();
    let mut held = Groups::default();
    let mut skipped = Groups::default();
    let mut decisions = Vec::new();
    let mut look = Vec::new();
    let mut failed = Vec::new();
    let mut landed = Vec::new();
    for (id, ticket) in state.tickets() {
        match ticket.outcome() {
            Some(Outcome::Parked(park)) => decisions.push(decision(state, ticket, park)),
            Some(outcome @ Outcome::LowConfidence { reasons, .. }) if tonight(state, ticket) => {
                let line = landed_line(ticket);
                let size = line.added + line.removed;
                look.push(Look {
                    score: score(severity(outcome), 0, line.files, size, 0),
                    reasons: reasons.iter().map(ToString::to_string).collect(),
                    landed: line,
                });
            }
            Some(Outcome::Done { .. }) if tonight(state, ticket) => {
                landed.push(landed_line(ticket))
            }
            Some(Outcome::Done { .. } | Outcome::LowConfidence { .. }) => {}
            Some(outcome @ Outcome::Failed { because }) => {
                failed.push(fail(state, ticket, outcome, because, evidence));
            }
            Some(Outcome::Blocked(block)) => {
                blocked.add((block.because.clone(), block.remedy.clone()), id);
            }
            Some(Outcome::Held { because, .. }) => held.add((because.clone(), String::new()), id),
            Some(Outcome::Skipped { because }) if ticket.facts.status != Status::Done => {
                skipped.add((because.clone(), String::new()), id);
            }
            Some(Outcome::Skipped { .. }) | None => {}
        }
    }
    decisions.sort_by(|a, b| {
        b.score
            .total
            .cmp(&a.score.total)
            .then_with(|| a.id.cmp(&b.id))
    });
    look.sort_by(|a, b| {
        b.score
            .total
            .cmp(&a.score.total)
            .then_with(|| a.landed.id.cmp(&b.landed.id))
    });
    failed.sort_by(|a, b| {
        b.score
            .total
            .cmp(&a.score.total)
            .then_with(|| a.id.cmp(&b.id))
    });
    // Landed ones stand in the order in which they stand on the branch.
    let place: BTreeMap<_, _> = state
        .night()
        .map(|night| {
            night
                .landed
                .iter()
                .enumerate()
                .map(|(at, id)| (id.clone(), at))
                .collect()
        })
        .unwrap_or_default();
    landed.sort_by_key(|line| place.get(&line.id).copied());
    let (assumptions, notes) = said(state);
    let night = state.night();
    let terms = night.map(|night| &night.terms);
    Model {
        version: 1,
        night: terms.map(|terms| terms.night.clone()).unwrap_or_default(),
        headline: headline(state),
        warning: terms.and_then(|terms| {
            terms
                .blind_spots
                .iter()
                .find(|spot| spot.contains("not confined"))
                .cloned()
        }),
        halt: night
            .and_then(|night| night.halt.as_ref())
            .map(|halt| HaltLine {
                because: halt.because.clone(),
                remedy: halt.remedy.clone(),
            }),
        decisions,
        look,
        failed,
        blocked: blocked
            .into_iter()
            .map(|((because, remedy), tickets, count)| Blocked {
                because,
                remedy,
                tickets,
                count,
            })
            .collect(),
        held: held
            .into_iter()
            .map(|((because, _), tickets, count)| Held {
                because,
                tickets,
                count,
            })
            .collect(),
        landed,
        skipped: skipped
            .into_iter()
            .map(|((because, _), tickets, count)| Skipped {
                because,
                tickets,
                count,
            })
            .collect(),
        assumptions,
        notes,
        blind_spots: blind_spots(state),
        rules: rules(state),
        refused: state
            .refused()
            .iter()
            .map(|refused| RefusedLine {
                file: refused.file.clone(),
                problems: refused.problems.clone(),
            })
            .collect(),
        numbers: numbers(state),
        branch: Branch {
            name: terms
                .map(|terms| terms.branch.trim_start_matches("refs/heads/").to_owned())
                .unwrap_or_default(),
            onto: terms.and_then(|terms| terms.onto.clone()),
            base: terms
                .map(|terms| terms.base.short().to_owned())
                .unwrap_or_default(),
            commits: night.map_or(0, |night| night.landed.len()),
        },
    }
}

/// Returns the report's first sentence.
pub(super) fn headline(state: &State) -> String {
    let Some(night) = state.night() else {
        return "There was no night.".to_owned();
    };
    let counts = state.counts();
    let of = |kind| counts.get(&kind).copied().unwrap_or(0);
    let tonight_landed = night.landed.len();
    let look = state
        .tickets()
        .values()
        .filter(|ticket| tonight(state, ticket))
        .filter(|t| {
            t.outcome()
                .is_some_and(|o| o.kind() == OutcomeKind::LowConfidence)
        })
        .count();
    let mut parts = Vec::new();
    if tonight_landed > 0 {
        let look = if look > 0 {
            format!(" ({look} to look at)")
        } else {
            String::new()
        };
        parts.push(format!("{tonight_landed} landed{look}"));
    }
    match of(OutcomeKind::Parked) {
        0 => {}
        1 => parts.push("1 decision waits for you".to_owned()),
        many => parts.push(format!("{many} decisions wait for you")),
    }
    for kind in [OutcomeKind::Failed, OutcomeKind::Blocked, OutcomeKind::Held] {
        if of(kind) > 0 {
            parts.push(format!("{} {kind}", of(kind)));
        }
    }
    let unreached = state
        .tickets()
        .values()
        .filter(|ticket| ticket.facts.status == Status::Ready)
        .filter(|t| t.outcome().is_none_or(|o| o.kind() == OutcomeKind::Skipped))
        .count();
    if unreached > 0 {
        parts.push(format!("{unreached} not reached"));
    }
    if parts.is_empty() {
        parts.push("there was nothing to do".to_owned());
    }
    let branch = night.terms.branch.trim_start_matches("refs/heads/");
    let end = match &night.ended {
        None => "; the night goes on".to_owned(),
        Some(NightEnd::Drained) if tonight_landed > 0 => {
            format!("; the branch `{branch}` is ready to merge")
        }
        Some(NightEnd::Drained) => "; nothing is on the night branch".to_owned(),
        Some(ended) => format!("; the night is over because {ended}"),
    };
    let text = format!("{}{end}.", parts.join(", "));
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn tonight(state: &State, ticket: &TicketState) -> bool {
    state
        .night()
        .is_some_and(|night| ticket.settled_in.as_ref() == Some(&night.terms.night))
}

fn days(state: &State, ticket: &TicketState) -> u64 {
    let (Some(night), Some(settled)) = (state.night(), ticket.settled_at) else {
        return 0;
    };
    let hours = night.last.at.duration_since(settled).as_hours();
    u64::try_from(hours / 24).unwrap_or(0)
}

fn decision(state: &State, ticket: &TicketState, park: &Park) -> Decision {
    let id = &ticket.facts.id;
    let holds = state.waiting().on(id).into_iter().cloned().collect::<Vec<_>>();
    let attempt = ticket.tried.last();
    let kept = attempt.and_then(kept);
    let (files, lines) = kept
        .as_ref()
        .map_or((0, 0), |kept| (kept.files, kept.added + kept.removed));
    let outcome = Outcome::Parked(Box::new(park.clone()));
    let rule = park.decision.as_ref();
    Decision {
        id: id.clone(),
        title: ticket.facts.title.clone(),
        score: score(
            severity(&outcome),
            holds.len(),
            files,
            lines,
            days(state, ticket),
        ),
        question: park.question.question.clone(),
        options: park.question.options.clone(),
        recommend: park.question.recommend.clone(),
        because: park.question.because.clone().or_else(|| {
            rule.map(|rule| rule.because.clone())
                .filter(|because| !because.is_empty())
        }),
        rule: rule.and_then(|rule| rule.rule.clone()),
        line: rule.and_then(|rule| rule.line),
        matched: rule.map(|rule| rule.matched.clone()).unwrap_or_default(),
        holds,
        kept,
        gate: attempt.and_then(|attempt| {
            let gate = attempt
                .verdicts
                .iter()
                .find(|verdict| verdict.check == Check::Gate)?;
            let word = if gate.class.is_green() {
                "green"
            } else {
                "red"
            };
            Some(format!("{word}, {}", gate.reason))
        }),
    }
}

fn fail(
    state: &State,
    ticket: &TicketState,
    outcome: &Outcome,
    because: &str,
    evidence: Evidence<'_>,
) -> Failed {
    let id = &ticket.facts.id;
    let holds = state.waiting().on(id).into_iter().cloned().collect::<Vec<_>>();
    let last = ticket.tried.last().and_then(kept);
    let (files, lines) = last
        .as_ref()
        .map_or((0, 0), |kept| (kept.files, kept.added + kept.removed));
    let red = ticket.tried.iter().rev().find_map(|attempt| {
        attempt
            .verdicts
            .iter()
            .find(|verdict| !verdict.class.is_green())
    });
    Failed {
        id: id.clone(),
        title: ticket.facts.title.clone(),
        score: score(
            severity(outcome),
            holds.len(),
            files,
            lines,
            days(state, ticket),
        ),
        because: because.to_owned(),
        attempts: ticket
            .tried
            .iter()
            .map(|attempt| Tried {
                number: attempt.number,
                said: last_word(attempt),
                setback: attempt
                    .setback
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                kept: kept(attempt),
            })
            .collect(),
        output: red.map(|verdict| quote(verdict, evidence)),
        holds,
    }
}

/// Returns the end of a check's kept output, or why it is not to be had.
fn quote(verdict: &Verdict, evidence: Evidence<'_>) -> String {
    let Some(bytes) = evidence(verdict) else {
        return "[its log is gone]".to_owned();
    };
    let hash = blake3::hash(&bytes).to_hex();
    if verdict
        .log_hash
        .as_deref()
        .is_some_and(|expected| expected != hash.as_str())
    {
        return "[its log was changed after the night, and is not quoted]".to_owned();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let from = lines.len().saturating_sub(LINES);
    let quoted = lines.get(from..).unwrap_or_default().join("\n");
    let skip = quoted.chars().count().saturating_sub(CHARS);
    quoted.chars().skip(skip).collect()
}

fn kept(attempt: &Attempt) -> Option<Kept> {
    let taken = attempt.taken.as_ref()?;
    Some(Kept {
        reference: taken.reference.clone(),
        from: attempt.from.short().to_owned(),
        files: taken.work.files,
        added: taken.work.added,
        removed: taken.work.removed,
    })
}

fn last_word(attempt: &Attempt) -> Option<String> {
    let said = &attempt.session.as_ref()?.said;
    said.iter().rev().find_map(|said| match said {
        Utterance::Done { text } | Utterance::Note { text } => Some(text.clone()),
        Utterance::Assume { .. } | Utterance::Park(_) | Utterance::Halt { .. } => None,
    })
}

fn landed_line(ticket: &TicketState) -> LandedLine {
    let attempt = ticket
        .tried
        .iter()
        .rev()
        .find(|attempt| attempt.landed.is_some());
    let work = attempt
        .and_then(|attempt| attempt.taken.as_ref())
        .map(|taken| &taken.work);
    let commit = attempt
        .and_then(|attempt| attempt.landed.as_ref())
        .map(|landed| &landed.commit);
    LandedLine {
        id: ticket.facts.id.clone(),
        title: ticket.facts.title.clone(),
        commit: commit
            .map(|commit| commit.short().to_owned())
            .unwrap_or_default(),
        files: work.map_or(0, |work| work.files),
        added: work.map_or(0, |work| work.added),
        removed: work.map_or(0, |work| work.removed),
        gate_ms: attempt
            .map(|attempt| attempt.verdicts.iter().map(|verdict| verdict.took_ms).sum())
            .unwrap_or(0),
        attempts: ticket.tried.len(),
    }
}

fn said(state: &State) -> (Vec<Said>, Vec<Said>) {
    let mut assumptions = Vec::new();
    let mut notes = Vec::new();
    for (id, ticket) in state.tickets() {
        for session in ticket
            .tried
            .iter()
            .filter_map(|attempt| attempt.session.as_ref())
        {
            for said in &session.said {
                match said {
                    Utterance::Assume { text, because } => assumptions.push(Said {
                        id: id.clone(),
                        text: text.clone(),
                        because: because.clone(),
                    }),
                    Utterance::Note { text } => {
                        notes.push(Said {
                            id: id.clone(),
                            text: text.clone(),
                            because: None,
                        });
                    }
                    Utterance::Park(_) | Utterance::Halt { .. } | Utterance::Done { .. } => {}
                }
            }
        }
    }
    (assumptions, notes)
}

fn blind_spots(state: &State) -> Vec<String> {
    let Some(night) = state.night() else {
        return Vec::new();
    };
    let mut spots = night.terms.blind_spots.clone();
    if night.deaths > 0 {
        let times = if night.deaths == 1 {
            "once".to_owned()
        } else {
            format!("{} times", night.deaths)
        };
        spots.push(format!("The runner died {times} and was started again."));
    }
    spots.extend(
        night
            .repairs
            .iter()
            .map(|repair| format!("Put right after an interruption: {repair}.")),
    );
    let survivors: u32 = state
        .tickets()
        .values()
        .flat_map(|ticket| &ticket.tried)
        .filter_map(|attempt| attempt.session.as_ref())
        .map(|session| session.survivors)
        .sum();
    if survivors > 0 {
        spots.push(format!(
            "Processes that outlived their agent were ended: {survivors}."
        ));
    }
    spots
}

fn rules(state: &State) -> Vec<RuleLine> {
    let mut found: BTreeMap<(String, String), RuleLine> = BTreeMap::new();
    for (id, decision) in state.night().into_iter().flat_map(|night| &night.fired) {
        let Some(rule) = &decision.rule else { continue };
        let key = (rule.clone(), format!("{:?}", decision.action));
        let line = found.entry(key).or_insert_with(|| RuleLine {
            rule: rule.clone(),
            category: decision.category.clone(),
            action: decision.action,
            count: 0,
            tickets: Vec::new(),
        });
        line.count += 1;
        if line.tickets.len() < NAMES && !line.tickets.contains(id) {
            line.tickets.push(id.clone());
        }
    }
    let mut lines: Vec<_> = found.into_values().collect();
    lines.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.rule.cmp(&b.rule)));
    lines
}

/// Tickets by a common reason, in the order of the first of each.
#[derive(Default)]
struct Groups {
    groups: BTreeMap<(String, String), (Vec<TicketId>, usize)>,
}

impl Groups {
    fn add(&mut self, reason: (String, String), id: &TicketId) {
        let (tickets, count) = self.groups.entry(reason).or_default();
        *count += 1;
        if tickets.len() < NAMES {
            tickets.push(id.clone());
        }
    }

    fn into_iter(self) -> impl Iterator<Item = ((String, String), Vec<TicketId>, usize)> {
        self.groups
            .into_iter()
            .map(|(reason, (tickets, count))| (reason, tickets, count))
    }
}
