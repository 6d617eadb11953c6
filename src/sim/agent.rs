//! What agents do in a session, and what gates say of a tree.

use super::{
    earth::{Earth, trouble},
    plan::{Agent, GateMood, HOUR, Spell, TicketPlan},
    repo::{PROTECTED, REACHED, RED, file_of, is_red},
    world::mark,
};
use crate::{
    backlog::ticket::TicketId,
    gate::verdict::{Check, Class, Verdict},
    harness::event::{Ending, Usage, Weather, WeatherKind},
    machine::{RequestKind, Session},
    policy::decision::{Action, Decision, Point},
    repo::id::TreeId,
    say::utterance::{Question, Utterance},
    shift::Trouble,
};

/// How long an agent may do nothing, in milliseconds.
const SILENCE: u64 = 600_000;

/// Plays one session in the bench.
pub(super) fn session(
    earth: &mut Earth,
    night: &str,
    ticket: &TicketId,
    harness: &str,
) -> Result<Session, Trouble> {
    let mark = mark(night, ticket);
    let played = run(earth, ticket, harness, &mark);
    if played.is_err() && !earth.dead {
        // Whatever else fails, an agent is ended with all that it started.
        earth.processes.retain(|process| *process != mark);
    }
    played
}

fn run(
    earth: &mut Earth,
    ticket: &TicketId,
    harness: &str,
    mark: &str,
) -> Result<Session, Trouble> {
    let number = Earth::number(ticket.as_str());
    earth.op(|earth| earth.processes.push(mark.to_owned()))?;
    let Some(plan) = earth.files.get(number).map(|file| file.plan.clone()) else {
        return Err(trouble("the ticket is gone"));
    };
    let nth = earth.sessions.entry(number).or_insert(0);
    let works = Agent::Works {
        files: 1,
        good: true,
        done: true,
    };
    // No weather lasts for ever.
    let last = plan.agents.last().copied();
    let last = last.filter(|agent| !matches!(agent, Agent::Weather(..)));
    let agent = plan.agents.get(*nth).copied().or(last).unwrap_or(works);
    *nth += 1;
    let nth = *nth;
    let agent = weather(earth, harness).unwrap_or(agent);
    let mut session = earth.op(|earth| acts(earth, number, nth, agent, mark))?;
    earth.pass(session.took_ms);
    // Whatever was asked for while it worked ends it now.
    let ends = |kind: &RequestKind| match kind {
        RequestKind::Stop { now } => *now,
        RequestKind::Skip { ticket: skipped } => skipped == ticket,
        _ => false,
    };
    if earth.control.iter().any(|request| ends(&request.kind)) {
        session.ending = Ending::Stopped;
    }
    earth.op(|earth| earth.processes.retain(|process| *process != mark))?;
    Ok(session)
}

/// Returns what the provider does to everybody now.
fn weather(earth: &Earth, harness: &str) -> Option<Agent> {
    let now = earth.passed_ms;
    let holds = |spell: &&Spell| {
        format!("h{}", spell.harness) == harness && (spell.from_ms..spell.until_ms).contains(&now)
    };
    let spell = earth.spells.iter().find(holds)?;
    let seconds = u32::try_from((spell.until_ms - now).div_ceil(1000)).ok();
    Some(Agent::Weather(spell.kind, seconds.filter(|_| spell.says)))
}

fn acts(earth: &mut Earth, number: usize, nth: usize, agent: Agent, mark: &str) -> Session {
    let nth = u32::try_from(nth).unwrap_or(0);
    let mut session = Session {
        ending: Ending::Exited,
        took_ms: 60_000 + u64::from(nth) * 5_000,
        said: Vec::new(),
        decision: None,
        tools: Vec::new(),
        first_sign_ms: None,
        hosts: Vec::new(),
        usage: (!number.is_multiple_of(3)).then_some(Usage {
            input_tokens: Some(5_000),
            output_tokens: Some(700),
            cost_usd: Some(0.5),
            turns: Some(7),
        }),
        output_bytes: 100,
        survivors: 0,
        processes: None,
    };
    let said = |text: &str| Utterance::Done {
        text: text.to_owned(),
    };
    match agent {
        Agent::Works { files, good, done } => {
            let mut content = nth * 16 + 8;
            content |= if good { 0 } else { RED };
            content |= if done { REACHED } else { 0 };
            changes(earth, number, files, content);
            session.said.push(said("it works"));
        }
        Agent::NoChange => session.said.push(said("nothing was to be done")),
        Agent::Fails => {
            changes(earth, number, 1, nth * 16 + 8 + RED);
            session.ending = Ending::Failed {
                reason: "exit code 1".to_owned(),
            };
        }
        Agent::Hangs => {
            session.took_ms = SILENCE;
            session.ending = Ending::Silent { after_ms: SILENCE };
        }
        Agent::Floods => {
            changes(earth, number, 1, nth * 16 + 8);
            session.output_bytes = 5_000_000_000;
            session.took_ms = HOUR / 2;
        }
        Agent::Forks(many) => {
            changes(earth, number, 1, nth * 16 + 8);
            let many = u32::from(many);
            (0..many).for_each(|_| earth.processes.push(mark.to_owned()));
            session.survivors = many;
        }
        Agent::Asks | Agent::AsksAllowed => {
            changes(earth, number, 1, nth * 16 + 8 + REACHED);
            session.said.push(Utterance::Park(Question {
                question: "Which one?".to_owned(),
                options: Vec::new(),
                recommend: None,
                because: None,
            }));
            let mut decision = Decision::unmatched(Point::Ask);
            if agent == Agent::Asks {
                decision.action = Action::Park;
            }
            session.decision = Some(decision);
        }
        Agent::Halts => {
            changes(earth, number, 1, nth * 16 + 8);
            session.said.push(Utterance::Halt {
                text: "the database is gone".to_owned(),
            });
            session.ending = Ending::Halted;
        }
        Agent::TouchesProtected => {
            changes(earth, number, 1, nth * 16 + 8 + REACHED);
            change(earth, PROTECTED, nth * 16);
        }
        Agent::Nests => {
            changes(earth, number, 1, nth * 16 + 8);
            change(earth, file_of(number) + 7, nth * 16 + 4);
        }
        Agent::NotThere => {
            session.took_ms = 0;
            session.ending = Ending::NotStarted {
                reason: "command not found: `agent`".to_owned(),
            };
        }
        Agent::Rubbish => {
            session.ending = Ending::Failed {
                reason: "it ended without a terminal event".to_owned(),
            };
        }
        Agent::Weather(kind, seconds) => {
            session.took_ms = 3_000;
            session.usage = None;
            session.ending = Ending::Weather(Weather {
                kind,
                until: until(earth, kind, seconds),
                said: "try again later".to_owned(),
            });
        }
    }
    session
}

fn until(earth: &Earth, kind: WeatherKind, seconds: Option<u32>) -> Option<jiff::Timestamp> {
    let ms = i64::from(seconds?) * 1000;
    let later = earth
        .now()
        .at
        .checked_add(jiff::SignedDuration::from_millis(ms));
    later.ok().filter(|_| kind.passes())
}

fn changes(earth: &mut Earth, number: usize, files: u8, content: u32) {
    for file in 0..u32::from(files) {
        change(earth, file_of(number) + file, content);
    }
}

fn change(earth: &mut Earth, file: u32, content: u32) {
    // Where the bench is gone there is nothing to change.
    let Some(tree) = earth.bench else { return };
    let mut files = (*earth.repo.files(tree)).clone();
    files.insert(file, content);
    earth.bench = Some(earth.repo.tree(files));
}

/// Returns what the checks of a ticket say of a tree.
pub(super) fn verdicts(
    earth: &mut Earth,
    plan: &TicketPlan,
    tree: &TreeId,
    is_baseline: bool,
) -> Vec<Verdict> {
    let files = earth.repo.files(super::repo::tree_of(tree));
    earth.pass(30_000);
    let gate = match (is_red(&files), plan.gate) {
        (true, _) => Class::Introduced,
        (false, GateMood::Sound) => Class::Passed,
        (false, GateMood::Flaky) => Class::Flaky,
        (false, _) if is_baseline => Class::Passed,
        (false, GateMood::CannotJudge) => Class::Environment,
        (false, GateMood::TimesOut) => Class::Timeout,
    };
    let mut found = vec![verdict(Check::Gate, gate, tree)];
    if plan.accept && gate.is_green() {
        let file = file_of(Earth::number(plan.facts.id.as_str()));
        let reached = files
            .get(&file)
            .is_some_and(|content| content & REACHED != 0);
        let class = if reached {
            Class::Passed
        } else {
            Class::Introduced
        };
        found.push(verdict(Check::Accept, class, tree));
    }
    found
}

fn verdict(check: Check, class: Class, tree: &TreeId) -> Verdict {
    let is_green = class.is_green();
    Verdict {
        check,
        class,
        tree: tree.clone(),
        command: String::new(),
        exit: Some(i32::from(!is_green)),
        took_ms: 30_000,
        // The same failure of the same tree only.
        signature: (!is_green).then(|| tree.0.clone()),
        reason: format!("exit code {}", i32::from(!is_green)),
        log: None,
        log_hash: None,
        remembered: false,
    }
}
