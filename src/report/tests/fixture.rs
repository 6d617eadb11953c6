//! Nights made by hand: each method folds the events of one thing that can happen.

use std::time::Duration;

use crate::{
    backlog::ticket::{Priority, Status, TicketFacts, TicketId},
    clock::{BootTime, Now},
    gate::verdict::{Check, Class, Verdict},
    harness::event::{Ending, Usage},
    machine::{
        Carried, Checkpoint, Event, Limits, NightEnd, NightStarted, Outcome, Park, Progress,
        Raised, Reason, RefusedFile, Repair, Request, RequestKind, RunOptions, Session, Setback,
        State, Taken,
    },
    policy::decision::{Action, Decision, Point, Scope},
    process::id::ProcessId,
    repo::id::{CommitId, TreeId, Work},
    say::utterance::{Question, Utterance},
};

pub(super) const NIGHT: &str = "2026-11-20";
const MINUTE: u64 = 60_000;

pub(super) fn id(text: &str) -> TicketId {
    text.parse().unwrap()
}

/// A commit or tree id made of a word, so that snapshots are readable.
fn hex(word: &str) -> String {
    blake3::hash(word.as_bytes())
        .to_hex()
        .chars()
        .take(40)
        .collect()
}

pub(super) fn facts(name: &str, title: &str) -> TicketFacts {
    TicketFacts {
        id: id(name),
        title: title.to_owned(),
        file: format!("{name}.md"),
        hash: hex(title),
        priority: Priority::default(),
        ordinal: None,
        depends_on: Vec::new(),
        labels: Vec::new(),
        paths: Vec::new(),
        attempts: None,
        status: Status::Ready,
        harness: None,
        iterations: None,
    }
}

pub(super) fn carried(name: &str, title: &str) -> Carried {
    Carried {
        facts: facts(name, title),
        outcome: None,
        settled_at: None,
        night: None,
        attempts: 0,
        answers: Vec::new(),
        in_base: false,
        progress: Progress::default(),
    }
}

pub(super) fn question(text: &str) -> Question {
    Question {
        question: text.to_owned(),
        options: Vec::new(),
        recommend: None,
        because: None,
    }
}

pub(super) fn parked(raised: Raised, question: Question, decision: Option<Decision>) -> Outcome {
    Outcome::Parked(Box::new(Park {
        raised,
        question,
        scope: decision.as_ref().map_or(Scope::Dependents, |d| d.scope),
        decision,
    }))
}

/// A rule's decision.
pub(super) fn rule(point: Point, action: Action, name: &str, matched: &[&str]) -> Decision {
    Decision {
        point,
        action,
        rule: Some(name.to_owned()),
        line: Some(14),
        category: name.to_owned(),
        scope: Scope::Dependents,
        because: "The direction of it is expensive to reverse.".to_owned(),
        matched: matched.iter().map(|word| (*word).to_owned()).collect(),
    }
}

pub(super) fn verdict(check: Check, class: Class, reason: &str) -> Verdict {
    Verdict {
        check,
        class,
        tree: TreeId(hex("tree")),
        command: hex("command"),
        exit: None,
        took_ms: 12_300,
        signature: None,
        reason: reason.to_owned(),
        log: None,
        log_hash: None,
        remembered: false,
    }
}

pub(super) fn green() -> Verdict {
    verdict(Check::Gate, Class::Passed, "exit code 0")
}

/// A red gate whose output is kept under this name.
pub(super) fn red(log: &str, output: &str) -> Verdict {
    Verdict {
        log: Some(log.to_owned()),
        log_hash: Some(blake3::hash(output.as_bytes()).to_hex().to_string()),
        signature: Some(hex(output)),
        ..verdict(Check::Gate, Class::Introduced, "exit code 101")
    }
}

/// A session of eight minutes, in which this was said.
pub(super) fn session(said: Vec<Utterance>) -> Session {
    Session {
        ending: Ending::Exited,
        took_ms: 8 * MINUTE,
        said,
        decision: None,
        tools: Vec::new(),
        first_sign_ms: None,
        hosts: Vec::new(),
        usage: Some(Usage {
            input_tokens: Some(120_000),
            output_tokens: Some(4_500),
            cost_usd: Some(0.75),
            turns: None,
        }),
        output_bytes: 10_000,
        survivors: 0,
        processes: None,
    }
}

pub(super) fn note(text: &str) -> Utterance {
    Utterance::Note {
        text: text.to_owned(),
    }
}

pub(super) fn assume(text: &str, because: Option<&str>) -> Utterance {
    Utterance::Assume {
        text: text.to_owned(),
        because: because.map(str::to_owned),
    }
}

/// Files, lines added, lines removed.
pub(super) type Size = (u32, u32, u32);

/// A night and its clock.
pub(super) struct Played {
    pub(super) state: State,
    clock: u64,
}

impl Played {
    /// A night over these tickets, its runner started.
    pub(super) fn over(tickets: Vec<Carried>) -> Self {
        Self::with_blind_spots(tickets, &[])
    }

    pub(super) fn with_blind_spots(tickets: Vec<Carried>, blind_spots: &[&str]) -> Self {
        let mut night = Self {
            state: State::default(),
            clock: 0,
        };
        night.tell(&Event::Checkpoint(Checkpoint { tickets }));
        night.tell(&Event::NightStarted(Box::new(NightStarted {
            night: NIGHT.to_owned(),
            base: CommitId(hex("base")),
            base_tree: TreeId(hex("base tree")),
            branch: format!("refs/heads/nightshift/{NIGHT}"),
            onto: Some("main".to_owned()),
            limits: Limits {
                length_ms: 8 * 60 * MINUTE,
                attempts: 3,
                consecutive_failures: 5,
                yield_after: 8,
                yield_bad: 0.75,
                large_diff: 500,
                gate_in_bench: false,
                budgets: crate::config::budget::Budgets::default(),
            },
            harnesses: vec!["claude".to_owned()],
            accounts: std::collections::BTreeMap::new(),
            config: String::new(),
            policy: String::new(),
            blind_spots: blind_spots.iter().map(|spot| (*spot).to_owned()).collect(),
            version: "0.1.0".to_owned(),
        })));
        night.run()
    }

    /// A night that was played already, so many minutes after it began.
    pub(super) fn after(state: State, minutes: u64) -> Self {
        let clock = minutes * MINUTE;
        Self { state, clock }
    }

    /// A runner starts; when the one before did not end the night, it has died.
    pub(super) fn run(mut self) -> Self {
        self.tell(&Event::RunnerStarted {
            process: ProcessId {
                pid: 4321,
                start_ticks: 1,
                boot: "boot".to_owned(),
            },
            options: RunOptions::default(),
            restarted: false,
        });
        self
    }

    /// Folds an event a second after the one before.
    pub(super) fn tell(&mut self, event: &Event) {
        self.clock += 1000;
        let begin: jiff::Timestamp = "2026-11-20T22:05:00Z".parse().unwrap();
        let now = Now {
            at: begin + Duration::from_millis(self.clock),
            boot: BootTime {
                id: "boot".to_owned(),
                ms: self.clock,
            },
        };
        self.state.evolve(&now, event).unwrap();
    }

    pub(super) fn pass(mut self, minutes: u64) -> Self {
        self.clock += minutes * MINUTE;
        self
    }

    pub(super) fn judged(mut self, ticket: &str, decision: Decision) -> Self {
        self.tell(&Event::Judged {
            ticket: id(ticket),
            decision,
        });
        self
    }

    /// A ticket has the bench, and its baseline is taken.
    pub(super) fn claimed(mut self, ticket: &str, baseline: Vec<Verdict>) -> Self {
        let attempt = self.state.ticket(&id(ticket)).unwrap().attempts + 1;
        let from = self.state.night().unwrap().tip.clone();
        self.tell(&Event::Claimed {
            ticket: id(ticket),
            attempt,
            from_tree: TreeId(from.0.clone()),
            from,
            harness: "claude".to_owned(),
        });
        self.tell(&Event::BaselineTaken {
            ticket: id(ticket),
            verdicts: baseline,
        });
        self
    }

    /// The agent of a claimed ticket is working.
    pub(super) fn working(self, ticket: &str) -> Self {
        let mut night = self.claimed(ticket, vec![green()]);
        night.tell(&Event::Started { ticket: id(ticket) });
        night
    }

    /// The agent has worked and its work is kept.
    pub(super) fn worked(self, ticket: &str, session: Session, size: Size) -> Self {
        self.worked_under(ticket, session, size, Decision::unmatched(Point::Diff))
    }

    /// The same, with what the contract says of the diff.
    pub(super) fn worked_under(
        self,
        ticket: &str,
        session: Session,
        size: Size,
        decision: Decision,
    ) -> Self {
        let mut night = self.working(ticket).pass(session.took_ms / MINUTE);
        night.tell(&Event::Ended {
            ticket: id(ticket),
            session,
        });
        night.kept(ticket, size, decision)
    }

    /// What is in the bench is kept.
    pub(super) fn kept(mut self, ticket: &str, size: Size, decision: Decision) -> Self {
        let attempt = self.state.active().unwrap().1.attempt;
        let tree = hex(&format!("{ticket} tree {attempt}"));
        let (files, added, removed) = size;
        self.tell(&Event::WorkKept {
            ticket: id(ticket),
            taken: Box::new(Taken {
                reference: format!("refs/nightshift/attempts/{NIGHT}/{ticket}/{attempt}"),
                work: Work {
                    commit: CommitId(hex(&format!("{ticket} work {attempt}"))),
                    tree: TreeId(tree.clone()),
                    files,
                    added,
                    removed,
                },
                candidate_commit: CommitId(hex(&format!("{ticket} candidate {attempt}"))),
                candidate: TreeId(tree),
                decision,
                tests_changed: Vec::new(),
                unfit: Vec::new(),
            }),
        });
        self
    }

    pub(super) fn gated(mut self, ticket: &str, verdicts: Vec<Verdict>) -> Self {
        self.tell(&Event::Gated {
            ticket: id(ticket),
            verdicts,
        });
        self
    }

    pub(super) fn landed(mut self, ticket: &str, reasons: Vec<Reason>) -> Self {
        let attempt = self.state.active().unwrap().1.attempt;
        let parent = self.state.night().unwrap().tip.clone();
        self.tell(&Event::Landing {
            ticket: id(ticket),
            tree: TreeId(hex(&format!("{ticket} tree {attempt}"))),
            parent,
            reasons,
        });
        self.tell(&Event::Landed {
            ticket: id(ticket),
            commit: CommitId(hex(&format!("{ticket} commit"))),
            adopted: false,
        });
        self
    }

    /// A whole attempt that lands.
    pub(super) fn lands(self, ticket: &str, size: Size, said: Vec<Utterance>) -> Self {
        self.worked(ticket, session(said), size)
            .gated(ticket, vec![green()])
            .landed(ticket, Vec::new())
    }

    pub(super) fn returned(mut self, ticket: &str, setback: Setback) -> Self {
        self.tell(&Event::Returned {
            ticket: id(ticket),
            setback,
        });
        self
    }

    /// A whole attempt that a red gate sends back.
    pub(super) fn goes_red(
        self,
        ticket: &str,
        session: Session,
        size: Size,
        gate: Verdict,
    ) -> Self {
        let setback = Setback::Red {
            because: format!("the gate is red: {}", gate.reason),
            signature: gate.signature.clone(),
        };
        self.worked(ticket, session, size)
            .gated(ticket, vec![gate])
            .returned(ticket, setback)
    }

    pub(super) fn settled(mut self, ticket: &str, outcome: Outcome) -> Self {
        self.tell(&Event::Settled {
            ticket: id(ticket),
            outcome,
        });
        self
    }

    pub(super) fn held(self, ticket: &str, by: &str, is: &str) -> Self {
        self.settled(
            ticket,
            Outcome::Held {
                by: vec![id(by)],
                because: format!("`{by}` is {is}"),
            },
        )
    }

    pub(super) fn failed(self, ticket: &str, because: &str) -> Self {
        self.settled(
            ticket,
            Outcome::Failed {
                because: because.to_owned(),
            },
        )
    }

    pub(super) fn halted(mut self, because: &str, remedy: &str, rule: &str, ticket: &str) -> Self {
        self.tell(&Event::Halted {
            because: because.to_owned(),
            remedy: remedy.to_owned(),
            rule: Some(rule.to_owned()),
            ticket: Some(id(ticket)),
        });
        self
    }

    pub(super) fn repaired(mut self, repair: Repair) -> Self {
        self.tell(&Event::Recovered(repair));
        self
    }

    pub(super) fn refused(mut self, file: &str, problems: &[&str]) -> Self {
        self.tell(&Event::BacklogRead {
            refused: vec![RefusedFile {
                file: file.to_owned(),
                problems: problems.iter().map(|text| (*text).to_owned()).collect(),
            }],
        });
        self
    }

    pub(super) fn asked(mut self, kind: RequestKind, by: &str, reason: Option<&str>) -> Self {
        self.tell(&Event::Asked(Request {
            id: format!("request-{}", self.clock),
            kind,
            by: Some(by.to_owned()),
            reason: reason.map(str::to_owned),
        }));
        self
    }

    pub(super) fn ends(mut self, because: NightEnd) -> Self {
        self.tell(&Event::NightEnded { because });
        self
    }
}
