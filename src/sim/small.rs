//! The exhaustive small model: every order of events of two tickets, with a death at each step.
//!
//! A breadth-first search over the pure machine. A node is what is durable (the facts, folded) and
//! what is really there (branch, refs, processes); an edge is one step, with every outcome that its
//! effect may have, and with a death before the effect, after it, and after its fact was journaled.
//! After a death comes another runner: it sweeps, adopts a landing that was cut short, and goes on. The night's lock lets
//! one runner at a time write, so two runners are two in turn; there is one lane.
//!
//! Every fact must follow, every end of a night must pass the audit, and every night must end.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    rc::Rc,
};

use crate::{
    audit::{self, BranchCommit, Evidence},
    backlog::ticket::{Priority, Status, TicketFacts, TicketId},
    clock::{BootTime, Now},
    config::budget::Budgets,
    gate::verdict::{Check, Class, Verdict},
    harness::event::Ending,
    machine::{
        Carried, Checkpoint, Effect, Event, Limits, NightStarted, Progress, Repair, RunOptions,
        Session, Stage, State, Step, Taken,
    },
    policy::decision::{Action, Decision, Point},
    process::ProcessId,
    repo::id::{CommitId, TreeId, Work},
    say::utterance::{Question, Utterance},
};

const BRANCH: &str = "refs/heads/nightshift/n";

fn now() -> Now {
    Now {
        at: jiff::Timestamp::UNIX_EPOCH,
        boot: BootTime {
            id: "b".to_owned(),
            ms: 1,
        },
    }
}

/// The facts of a node, newest first.
#[derive(Debug)]
struct Fact {
    event: Event,
    before: Option<Rc<Self>>,
}

/// What is durable and what is there.
#[derive(Debug, Clone)]
struct Node {
    facts: Option<Rc<Fact>>,
    state: State,
    branch: Vec<BranchCommit>,
    refs: BTreeMap<String, CommitId>,
    working: bool,
    /// How many deaths are to come at most.
    deaths: u32,
}

impl Node {
    fn first(tickets: &[TicketFacts], deaths: u32) -> Self {
        let carried = tickets.iter().map(|facts| Carried {
            facts: facts.clone(),
            outcome: None,
            settled_at: None,
            night: None,
            attempts: 0,
            answers: Vec::new(),
            in_base: false,
            progress: Progress::default(),
        });
        let mut node = Self {
            facts: None,
            state: State::default(),
            branch: Vec::new(),
            refs: BTreeMap::new(),
            working: false,
            deaths,
        };
        node.tell(Event::Checkpoint(Checkpoint {
            tickets: carried.collect(),
        }));
        node.tell(Event::NightStarted(Box::new(terms())));
        node.tell(runner());
        node
    }

    fn tell(&mut self, event: Event) {
        let told = self.state.evolve(&now(), &event);
        assert!(told.is_ok(), "{told:?}\n{event:?}\n{:#?}", self.history());
        self.facts = Some(Rc::new(Fact {
            event,
            before: self.facts.take(),
        }));
    }

    fn history(&self) -> Vec<(Now, Event)> {
        let mut all = Vec::new();
        let mut at = self.facts.as_ref();
        while let Some(fact) = at {
            all.push((now(), fact.event.clone()));
            at = fact.before.as_ref();
        }
        all.reverse();
        all
    }

    /// Two nodes with the same key have the same future.
    fn key(&self) -> blake3::Hash {
        let night = self.state.night();
        let mut key = format!(
            "{:?} {:?} {:?} {} {}",
            self.state.tickets(),
            self.branch,
            self.refs,
            self.working,
            self.deaths
        );
        if let Some(night) = night {
            key += &format!(
                "{:?} {:?} {:?} {:?} {} {} {} {}",
                night.tip,
                night.ended,
                night.halt,
                night.landed,
                night.claimed,
                night.failed_in_a_row,
                night.worked,
                night.worked_badly
            );
        }
        blake3::hash(key.as_bytes())
    }

    /// Returns the node after a death and the start of another runner.
    fn dies(&self) -> Option<Self> {
        let mut node = self.clone();
        node.deaths = node.deaths.checked_sub(1)?;
        let swept = std::mem::take(&mut node.working);
        node.tell(runner());
        if swept {
            node.tell(Event::Recovered(Repair::ProcessesEnded { count: 1 }));
        }
        node.reconcile();
        Some(node)
    }

    /// The landing that was cut short is adopted; nobody else writes in this model.
    fn reconcile(&mut self) {
        let tip = self.state.night().map(|night| night.tip.clone());
        let Some(last) = self
            .branch
            .last()
            .filter(|last| Some(&last.commit) != tip.as_ref())
        else {
            return;
        };
        let commit = last.commit.clone();
        let (ticket, active) = self.state.active().unwrap();
        let Stage::Landing { taken, parent, .. } = &active.stage else {
            panic!("the branch moved, and no landing was journaled");
        };
        assert_eq!((&taken.candidate, parent), (&last.tree, &last.parent));
        let ticket = ticket.facts.id.clone();
        self.tell(Event::Landed {
            ticket,
            commit,
            adopted: true,
        });
    }

    fn check(&self) {
        let history = self.history();
        let found = audit::audit(&Evidence {
            history: &history,
            state: &self.state,
            branch: Some(&self.branch),
            refs: Some(&self.refs),
            processes: &[],
            running: false,
        });
        assert!(found.is_empty(), "{found:#?}\n{history:#?}");
        assert!(!self.working, "{history:#?}");
    }
}

fn terms() -> NightStarted {
    NightStarted {
        night: "n".to_owned(),
        base: CommitId("base".to_owned()),
        base_tree: TreeId("base".to_owned()),
        branch: BRANCH.to_owned(),
        onto: None,
        limits: Limits {
            length_ms: 1_000,
            attempts: 2,
            consecutive_failures: 2,
            yield_after: 0,
            yield_bad: 1.0,
            large_diff: 500,
            gate_in_bench: false,
            budgets: Budgets::default(),
        },
        harnesses: vec!["h".to_owned()],
        accounts: BTreeMap::new(),
        config: String::new(),
        policy: String::new(),
        blind_spots: Vec::new(),
        version: "0".to_owned(),
    }
}

fn runner() -> Event {
    Event::RunnerStarted {
        process: ProcessId {
            pid: 1,
            start_ticks: 1,
            boot: "b".to_owned(),
        },
        options: RunOptions::default(),
        restarted: true,
    }
}

fn ticket(name: &str, depends_on: &[&str]) -> TicketFacts {
    let id = |name: &str| name.parse::<TicketId>().unwrap();
    TicketFacts {
        id: id(name),
        title: name.to_owned(),
        file: format!("{name}.md"),
        hash: "h".to_owned(),
        priority: Priority::default(),
        ordinal: None,
        depends_on: depends_on.iter().map(|name| id(name)).collect(),
        labels: Vec::new(),
        paths: Vec::new(),
        attempts: None,
        status: Status::Ready,
        harness: None,
        iterations: None,
    }
}

/// Returns what an effect may come to: the fact, and the node with what it did to the world.
fn outcomes(node: &Node, effect: &Effect) -> Vec<(Event, Node)> {
    let id = effect.ticket().clone();
    let same = |event: Event| (event, node.clone());
    match effect {
        Effect::Judge { .. } => {
            let mut parked = Decision::unmatched(Point::Ticket);
            parked.action = Action::Park;
            [Decision::unmatched(Point::Ticket), parked]
                .into_iter()
                .map(|decision| {
                    same(Event::Judged {
                        ticket: id.clone(),
                        decision,
                    })
                })
                .collect()
        }
        Effect::Claim {
            attempt,
            from,
            harness,
            ..
        } => vec![same(Event::Claimed {
            ticket: id,
            attempt: *attempt,
            from: from.clone(),
            from_tree: TreeId(from.0.clone()),
            harness: harness.clone(),
        })],
        Effect::Baseline { tree, .. } => [Class::Passed, Class::Introduced]
            .into_iter()
            .map(|class| {
                same(Event::BaselineTaken {
                    ticket: id.clone(),
                    verdicts: vec![verdict(class, tree)],
                })
            })
            .collect(),
        Effect::Work { .. } => sessions()
            .into_iter()
            .map(|session| {
                same(Event::Ended {
                    ticket: id.clone(),
                    session,
                })
            })
            .collect(),
        Effect::Keep { attempt, .. } => [0, 1]
            .into_iter()
            .map(|files| {
                let name = format!("{id}-{attempt}-{files}");
                let reference = format!("{id}/{attempt}");
                let mut next = node.clone();
                next.refs.insert(reference.clone(), CommitId(name.clone()));
                let taken = Taken {
                    reference,
                    work: Work {
                        commit: CommitId(name.clone()),
                        tree: TreeId(name.clone()),
                        files,
                        added: files,
                        removed: 0,
                    },
                    candidate: TreeId(name.clone()),
                    candidate_commit: CommitId(name),
                    decision: Decision::unmatched(Point::Diff),
                    tests_changed: Vec::new(),
                    unfit: Vec::new(),
                };
                let event = Event::WorkKept {
                    ticket: id.clone(),
                    taken: Box::new(taken),
                };
                (event, next)
            })
            .collect(),
        Effect::Gate { tree, .. } => [Class::Passed, Class::Introduced, Class::PreExisting]
            .into_iter()
            .map(|class| {
                same(Event::Gated {
                    ticket: id.clone(),
                    verdicts: vec![verdict(class, tree)],
                })
            })
            .collect(),
        Effect::Land { tree, parent, .. } => {
            let mut next = node.clone();
            let commit = CommitId(format!("on-{parent}-{tree}"));
            next.branch.push(BranchCommit {
                commit: commit.clone(),
                parent: parent.clone(),
                tree: tree.clone(),
                ticket: Some(id.to_string()),
                night: Some("n".to_owned()),
            });
            let landed = Event::Landed {
                ticket: id,
                commit,
                adopted: false,
            };
            vec![(landed, next)]
        }
    }
}

fn sessions() -> Vec<Session> {
    let session = |ending: Ending, said: Vec<Utterance>| Session {
        ending,
        took_ms: 1,
        said,
        decision: None,
        tools: Vec::new(),
        first_sign_ms: None,
        hosts: Vec::new(),
        usage: None,
        output_bytes: 0,
        survivors: 0,
        processes: None,
    };
    let question = Question {
        question: "Which?".to_owned(),
        options: Vec::new(),
        recommend: None,
        because: None,
    };
    let failed = Ending::Failed {
        reason: "exit code 1".to_owned(),
    };
    let harm = Utterance::Halt {
        text: "harm".to_owned(),
    };
    vec![
        session(Ending::Exited, Vec::new()),
        session(failed, Vec::new()),
        session(Ending::Exited, vec![Utterance::Park(question)]),
        session(Ending::Halted, vec![harm]),
    ]
}

fn verdict(class: Class, tree: &TreeId) -> Verdict {
    Verdict {
        check: Check::Gate,
        class,
        tree: tree.clone(),
        command: String::new(),
        exit: None,
        took_ms: 0,
        signature: None,
        reason: String::new(),
        log: None,
        log_hash: None,
        remembered: false,
    }
}

/// Returns where a node may lead to; none when the night is over.
fn after(node: &Node) -> Vec<Node> {
    let mut next = Vec::new();
    match node.state.next(&now()) {
        Step::Rest => return next,
        Step::Wait { until, because } => panic!("it waits until {until}: {because}"),
        Step::Record(event) => {
            let mut told = node.clone();
            told.tell(event);
            next.push(told);
        }
        Step::Do(effect) => {
            let works = matches!(effect, Effect::Work { .. });
            for (event, world) in outcomes(node, &effect) {
                // It died when the effect was done and nothing was journaled of it.
                let mut dies = world.clone();
                dies.working = works;
                next.extend(dies.dies());
                let mut told = world;
                told.tell(event);
                next.push(told);
            }
        }
    }
    // It died before, or when the fact before was journaled.
    next.extend(node.dies());
    next
}

/// Returns how many states there are, and how many of them are ends.
fn search(tickets: &[TicketFacts], deaths: u32) -> (usize, usize) {
    let first = Node::first(tickets, deaths);
    let mut seen = HashSet::from([first.key()]);
    let mut open = VecDeque::from([first]);
    let mut ends = 0;
    while let Some(node) = open.pop_front() {
        let next = after(&node);
        if node
            .state
            .night()
            .is_some_and(|night| night.ended.is_some())
        {
            node.check();
            ends += 1;
        } else {
            assert!(!next.is_empty(), "it rests, and is not over");
        }
        open.extend(next.into_iter().filter(|node| seen.insert(node.key())));
    }
    (seen.len(), ends)
}

#[test]
fn two_tickets_in_every_order_with_a_death_at_each_step() {
    let found = search(&[ticket("a", &[]), ticket("b", &[])], 1);
    println!("independent, one death: {found:?} states and ends");
    assert!(found.0 > 100_000 && found.1 > 10_000, "{found:?}");
    let found = search(&[ticket("a", &[]), ticket("b", &["a"])], 2);
    println!("dependent, two deaths: {found:?} states and ends");
    assert!(found.0 > 20_000, "{found:?}");
}

/// `cargo test --release --lib sim::small -- --ignored --nocapture`
#[test]
#[ignore = "takes minutes and gigabytes"]
fn two_tickets_in_every_order_with_more_deaths() {
    let found = search(&[ticket("a", &[]), ticket("b", &["a"])], 4);
    println!("dependent, four deaths: {found:?} states and ends");
    let found = search(&[ticket("a", &[]), ticket("b", &[])], 2);
    println!("independent, two deaths: {found:?} states and ends");
}
