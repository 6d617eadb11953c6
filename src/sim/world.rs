//! The simulated world of one run: see [`World`].

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::{
    agent,
    earth::{Earth, trouble},
    plan::{Plan, Rule},
    repo::{PROTECTED, commit_id, commit_of, file_of, tree_id, tree_of},
};
use crate::{
    backlog::{
        Backlog,
        ticket::{Ticket, TicketId},
    },
    clock::Now,
    journal::Journal,
    machine::{Event, State, Taken},
    policy::decision::{Action, Decision, Point, Scope},
    repo::id::{CommitId, TreeId, Unfit, Work},
    shift::{self, AttemptAt, Trouble, World, append},
};

/// How much of a wait passes at once.
const PIECE: Duration = Duration::from_secs(20 * 60);

/// The world of one run.
#[derive(Debug)]
pub(super) struct SimWorld {
    pub(super) earth: Rc<RefCell<Earth>>,
    pub(super) journal: Journal<Event>,
    pub(super) plan: Rc<Plan>,
    pub(super) backlog: Backlog,
    /// Which of the user's edits the backlog has.
    seen: u64,
    pub(super) night: String,
    /// Nights that have a folder.
    pub(super) nights: Vec<String>,
    /// Whether the reserved space was freed.
    freed: bool,
}

impl SimWorld {
    pub(super) fn new(
        earth: Rc<RefCell<Earth>>,
        journal: Journal<Event>,
        plan: Rc<Plan>,
        nights: Vec<String>,
    ) -> Self {
        let backlog = read(&earth.borrow());
        let seen = earth.borrow().edits;
        Self {
            earth,
            journal,
            plan,
            backlog,
            seen,
            night: String::new(),
            nights,
            freed: false,
        }
    }

    fn op<T>(&self, act: impl FnOnce(&mut Earth) -> T) -> Result<T, Trouble> {
        self.earth.borrow_mut().op(act)
    }
}

/// Returns the mark of a ticket's processes.
pub(super) fn mark(night: &str, ticket: &TicketId) -> String {
    format!("{night}/{ticket}")
}

fn read(earth: &Earth) -> Backlog {
    let tickets = earth.files.iter().filter(|file| file.present).map(|file| {
        Arc::new(Ticket {
            facts: file.plan.facts.clone(),
            body: String::new(),
            gate: None,
            accept: None,
            model: None,
            timeout: None,
            extra: std::collections::BTreeMap::new(),
        })
    });
    Backlog {
        tickets: tickets.collect(),
        ..Backlog::default()
    }
}

impl World for SimWorld {
    fn now(&self) -> Now {
        self.earth.borrow().now()
    }

    fn append(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble> {
        if self.earth.borrow().dead {
            return Err(trouble("the process is dead"));
        }
        let freed = &mut self.freed;
        append(&mut self.journal, &self.night, events, now, || {
            Ok(!std::mem::replace(freed, true))
        })
    }

    fn requests(&mut self, state: &State) -> Result<Vec<Event>, Trouble> {
        let waiting = self.op(|earth| earth.control.clone())?;
        let mut found: Vec<Event> = Vec::new();
        for request in waiting {
            let is_new = !state.knows_request(&request.id);
            let event = Event::Asked(request);
            if is_new && !found.contains(&event) {
                found.push(event);
            }
        }
        Ok(found)
    }

    fn requests_done(&mut self, state: &State) -> Result<(), Trouble> {
        let is_new = |request: &crate::machine::Request| !state.knows_request(&request.id);
        self.op(|earth| earth.control.retain(is_new))
    }

    async fn boundary(&mut self, state: &State) -> Result<Vec<Event>, Trouble> {
        let low = self.op(|earth| std::mem::take(&mut earth.disk_low))?;
        if low {
            return Ok(vec![Event::Halted {
                because: "the disk is nearly full".to_owned(),
                remedy: "free some of it".to_owned(),
                rule: Some("free_disk".to_owned()),
                ticket: None,
            }]);
        }
        let edits = self.earth.borrow().edits;
        if edits == self.seen {
            return Ok(Vec::new());
        }
        self.seen = edits;
        self.backlog = read(&self.earth.borrow());
        Ok(shift::differences(state, &self.backlog))
    }

    async fn wait(
        &mut self,
        _state: &State,
        until: Timestamp,
        _because: &str,
    ) -> Result<(), Trouble> {
        self.op(|earth| earth.wait(until, PIECE))
    }

    async fn judge(&mut self, _state: &State, ticket: &TicketId) -> Result<Vec<Event>, Trouble> {
        let ticket = ticket.clone();
        self.op(|earth| {
            let file = earth.files.get(Earth::number(ticket.as_str()));
            let Some(file) = file.filter(|file| file.present) else {
                return vec![Event::TicketGone { ticket }];
            };
            let mut decision = Decision::unmatched(Point::Ticket);
            let (action, scope) = match file.plan.rule {
                Rule::Proceed => (Action::Proceed, Scope::default()),
                Rule::Park => (Action::Park, Scope::Dependents),
                Rule::ParkAlone => (Action::Park, Scope::Ticket),
                Rule::ParkAll => (Action::Park, Scope::Repo),
                Rule::Halt => (Action::Halt, Scope::default()),
            };
            decision.action = action;
            decision.scope = scope;
            decision.rule = (action != Action::Proceed).then(|| "rule".to_owned());
            vec![Event::Judged { ticket, decision }]
        })
    }

    async fn claim(
        &mut self,
        _state: &State,
        ticket: &TicketId,
        attempt: u32,
        from: &CommitId,
        harness: &str,
    ) -> Result<Vec<Event>, Trouble> {
        self.op(|earth| {
            let tree = earth
                .repo
                .get(commit_of(from))
                .map_or(0, |found| found.tree);
            earth.bench = Some(tree);
            vec![Event::Claimed {
                ticket: ticket.clone(),
                attempt,
                from: from.clone(),
                from_tree: tree_id(tree),
                harness: harness.to_owned(),
            }]
        })
    }

    async fn baseline(&mut self, _state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble> {
        let number = Earth::number(at.ticket.as_str());
        self.op(|earth| {
            let plan = earth.files.get(number).map(|file| file.plan.clone());
            plan.map(|plan| Event::BaselineTaken {
                ticket: at.ticket.clone(),
                verdicts: agent::verdicts(earth, &plan, at.from_tree, true),
            })
            .into_iter()
            .collect()
        })
    }

    async fn work(
        &mut self,
        state: &State,
        ticket: &TicketId,
        _attempt: u32,
    ) -> Result<Vec<Event>, Trouble> {
        let harness = state.active().map(|(_, active)| active.harness.clone());
        let harness = harness.unwrap_or_default();
        let mut earth = self.earth.borrow_mut();
        let session = agent::session(&mut earth, &self.night, ticket, &harness)?;
        Ok(vec![Event::Ended {
            ticket: ticket.clone(),
            session,
        }])
    }

    async fn keep(&mut self, _state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble> {
        let reference = format!(
            "refs/nightshift/attempts/{}/{}/{}",
            self.night, at.ticket, at.number
        );
        let before = self.earth.borrow().repo.files(tree_of(at.from_tree));
        let parent = commit_of(at.from);
        let (commit, tree) = self.op(|earth| {
            // Where the folder is gone, nothing is left of the work.
            let tree = earth.bench.unwrap_or(tree_of(at.from_tree));
            let commit = earth.repo.commit(tree, Some(parent), Vec::new());
            earth.repo.refs.insert(reference.clone(), commit);
            (commit, tree)
        })?;
        let after = self.earth.borrow().repo.files(tree);
        let changed = after
            .iter()
            .filter(|(file, content)| before.get(file) != Some(content))
            .count();
        let nested = file_of(Earth::number(at.ticket.as_str())) + 7;
        let mut decision = Decision::unmatched(Point::Diff);
        let mut candidate = (tree, commit);
        if after.get(&PROTECTED) != before.get(&PROTECTED) {
            decision.action = Action::Park;
            "gate".clone_into(&mut decision.category);
            let mut put_back = (*after).clone();
            put_back.extend(before.get(&PROTECTED).map(|content| (PROTECTED, *content)));
            candidate = self.op(|earth| {
                let tree = earth.repo.tree(put_back);
                let commit = earth.repo.commit(tree, Some(parent), Vec::new());
                let reference = format!("{reference}-gated");
                earth.repo.refs.insert(reference, commit);
                (tree, commit)
            })?;
        }
        let changed = u32::try_from(changed).unwrap_or(u32::MAX);
        let taken = Taken {
            reference,
            work: Work {
                commit: commit_id(commit),
                tree: tree_id(tree),
                files: changed,
                added: changed,
                removed: 0,
            },
            candidate: tree_id(candidate.0),
            candidate_commit: commit_id(candidate.1),
            decision,
            tests_changed: Vec::new(),
            unfit: if after.contains_key(&nested) {
                let path = "inside/.git".to_owned();
                vec![Unfit::Nested { path }]
            } else {
                Vec::new()
            },
        };
        Ok(vec![Event::WorkKept {
            ticket: at.ticket.clone(),
            taken: Box::new(taken),
        }])
    }

    async fn gate(
        &mut self,
        _state: &State,
        ticket: &TicketId,
        _attempt: u32,
        tree: &TreeId,
    ) -> Result<Vec<Event>, Trouble> {
        let number = Earth::number(ticket.as_str());
        self.op(|earth| {
            let plan = earth.files.get(number).map(|file| file.plan.clone());
            plan.map(|plan| Event::Gated {
                ticket: ticket.clone(),
                verdicts: agent::verdicts(earth, &plan, tree, false),
            })
            .into_iter()
            .collect()
        })
    }

    async fn land(
        &mut self,
        state: &State,
        ticket: &TicketId,
        _attempt: u32,
        tree: &TreeId,
        parent: &CommitId,
    ) -> Result<Vec<Event>, Trouble> {
        let Some(night) = state.night() else {
            return Ok(Vec::new());
        };
        let branch = night.terms.branch.clone();
        let trailers = shift::trailers(&self.night, ticket);
        let commit = self.op(|earth| {
            if earth.locks.contains(&branch) {
                return Err(trouble("the branch's ref is locked"));
            }
            let parent = commit_of(parent);
            if earth.repo.refs.get(&branch) != Some(&parent) {
                return Err(trouble("somebody else moved the branch"));
            }
            let commit = earth.repo.commit(tree_of(tree), Some(parent), trailers);
            earth.repo.refs.insert(branch, commit);
            Ok(commit)
        })??;
        Ok(vec![Event::Landed {
            ticket: ticket.clone(),
            commit: commit_id(commit),
            adopted: false,
        }])
    }
}
