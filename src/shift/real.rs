//! The real world: git, processes, files, clock and journal of this machine.
//!
//! Effects are spread over files by what they are about: `bench` claims, `attempt` runs the
//! agent, `stock` takes what it left, `checks` runs gates, `landing` moves the branch.

use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    append::append,
    boundary, control,
    hands::{Desk, Hands},
    objective::Written,
    outlook,
    probe::Met,
    watch::InHand,
    world::{AttemptAt, Trouble, World},
};
use crate::{
    backlog::{
        Backlog, QUIET, Requirement, Shelf,
        ticket::{Ticket, TicketId},
    },
    clock::{self, Now},
    gate::verdict::{Check, Verdict},
    journal::{Journal, ballast},
    machine::{Event, NightEnd, Repair, State, Step},
    repo::{
        Author,
        id::{CommitId, TreeId},
    },
};

/// While the night waits, how often clocks and backlog are looked at: the clock of a sleeping
/// machine stands still for timers, so a long wait is cut into pieces.
const LOOK: Duration = Duration::from_secs(5);
/// While the night waits, how often requests are looked for.
const ASKED: Duration = Duration::from_millis(200);

/// The real world of one run.
pub(super) struct Real {
    pub(super) hands: Hands,
    pub(super) journal: Journal<Event>,
    pub(super) shelf: Shelf,
    pub(super) backlog: Arc<Backlog>,
    places: HashMap<TicketId, usize>,
    /// Verdicts on snapshots, good for this run only.
    pub(super) seen: HashMap<(TreeId, String, Check), Verdict>,
    /// What tickets required, and when it was looked at.
    pub(super) probed: HashMap<Requirement, (Met, Instant)>,
    pub(super) author: Author,
    /// The night's id; empty until it is known which night this run works on.
    pub(super) night: String,
    /// This program, for `say` and the scripted agent.
    pub(super) program: PathBuf,
    pub(super) rehearsal: bool,
    /// Every guarantee that is off, for the terms of a new night.
    pub(super) blind_spots: Vec<String>,
    /// The ticket that is worked on, for whoever watches for requests.
    in_hand: InHand,
    /// What was written of objectives.
    pub(super) written: Written,
    /// Whether the reserved file was freed already.
    ballast_freed: bool,
    /// How long the machine has slept.
    sleep: clock::Sleep,
}

/// The backlog, and what keeps it up to date.
pub(super) struct Looks {
    pub(super) shelf: Shelf,
    pub(super) backlog: Arc<Backlog>,
}

impl Real {
    #[expect(
        clippy::too_many_arguments,
        reason = "all that a run has in hand, put together at one place"
    )]
    pub(super) fn new(
        hands: Hands,
        journal: Journal<Event>,
        Looks { shelf, backlog }: Looks,
        author: Author,
        program: PathBuf,
        rehearsal: bool,
        blind_spots: Vec<String>,
        in_hand: InHand,
    ) -> Self {
        let mut real = Self {
            hands,
            journal,
            shelf,
            backlog: Arc::clone(&backlog),
            places: HashMap::new(),
            seen: HashMap::new(),
            probed: HashMap::new(),
            author,
            night: String::new(),
            program,
            rehearsal,
            blind_spots,
            in_hand,
            written: Written::default(),
            ballast_freed: false,
            sleep: clock::Sleep::new(&clock::awake()),
        };
        real.shelve(backlog);
        real
    }

    /// Returns a ticket as its file says now.
    pub(super) fn ticket(&self, id: &TicketId) -> Option<&Ticket> {
        let at = self.places.get(id)?;
        self.backlog.tickets.get(*at).map(Arc::as_ref)
    }

    fn refresh(&mut self) -> Result<Option<Arc<Backlog>>, Trouble> {
        let remedy = "bring the backlog folder back, then `nightshift run`";
        self.shelf
            .refresh()
            .map_err(|error| Trouble::of(&error, remedy))
    }

    fn shelve(&mut self, backlog: Arc<Backlog>) {
        let backlog = self.hands.without_secrets(backlog);
        self.places = backlog
            .tickets
            .iter()
            .enumerate()
            .map(|(at, t)| (t.id().clone(), at))
            .collect();
        self.backlog = backlog;
    }

    /// Returns where an attempt's evidence goes.
    pub(super) fn desk(&self, ticket: &TicketId, attempt: u32) -> Desk {
        self.hands.desk(&self.night, ticket.as_str(), attempt)
    }

    /// Returns the halt of a disk that is nearly full: before git or the journal is hurt.
    /// Returns the halt of a disk that has less room than the contract wants: of the state, of the
    /// rooms, and of git's objects.
    fn disk_is_low(&self) -> Option<Event> {
        let wanted = self.hands.site.policy.breakers().free_disk_bytes;
        let folders = [
            self.hands.layout.state(),
            self.hands.layout.rooms(),
            &self.hands.site.found.common_dir,
        ];
        let low = folders
            .into_iter()
            .filter(|folder| folder.exists())
            .find_map(|folder| outlook::disk(folder, wanted));
        low.map(|low| Event::Halted {
            because: low.what,
            remedy: format!(
                "free at least {} MiB, or lower `free_disk` under `[breakers]`, then `nightshift run`",
                low.missing
            ),
            rule: Some("free_disk".to_owned()),
            ticket: None,
        })
    }
}

impl World for Real {
    fn now(&self) -> Now {
        clock::now()
    }

    fn append(&mut self, now: &Now, events: &[Event]) -> Result<(), Trouble> {
        let (freed, ballast) = (&mut self.ballast_freed, self.hands.layout.ballast());
        append(&mut self.journal, &self.night, events, now, || {
            if std::mem::replace(freed, true) {
                return Ok(false);
            }
            ballast::release(&ballast)
                .map_err(|error| Trouble::of(&error, "free disk space, then `nightshift run`"))?;
            Ok(true)
        })
    }

    fn requests(&mut self, state: &State) -> Result<Vec<Event>, Trouble> {
        let path = self.hands.layout.control();
        let remedy = format!("remove `{}`, then `nightshift run`", path.display());
        let waiting = control::read(&path).map_err(|error| Trouble::of(&error, remedy))?;
        let slept = self.sleep.look(&clock::awake());
        let slept = slept.map(|ms| Event::Recovered(Repair::Slept { ms }));
        let asked = waiting
            .into_iter()
            .filter(|request| !state.knows_request(&request.id))
            .map(Event::Asked);
        Ok(slept.into_iter().chain(asked).collect())
    }

    fn requests_done(&mut self, state: &State) -> Result<(), Trouble> {
        let path = self.hands.layout.control();
        control::take(&path, |request| state.knows_request(&request.id))
            .map_err(|error| Trouble::of(&error, "look at the state folder"))
    }

    async fn boundary(&mut self, state: &State) -> Result<Vec<Event>, Trouble> {
        self.write_objectives(state)?;
        if let Some(halted) = self.disk_is_low() {
            return Ok(vec![halted]);
        }
        let mut refreshed = self.refresh()?;
        // A ticket that is being saved right now is waited for before the night is over.
        let last = Event::NightEnded {
            because: NightEnd::Drained,
        };
        let over = || state.next(&clock::now()) == Step::Record(last.clone());
        while refreshed.is_none() && self.shelf.is_waiting() && over() {
            tokio::time::sleep(QUIET).await;
            refreshed = self.refresh()?;
        }
        let Some(backlog) = refreshed else {
            return Ok(Vec::new());
        };
        self.shelve(backlog);
        Ok(boundary::differences(state, &self.backlog))
    }

    async fn wait(
        &mut self,
        _state: &State,
        until: Timestamp,
        _because: &str,
    ) -> Result<(), Trouble> {
        let path = self.hands.layout.control();
        let end = self.now().at.duration_until(until);
        let most = Duration::try_from(end).unwrap_or_default().min(LOOK);
        let deadline = Instant::now() + most;
        // A request is looked for often; the backlog and the clocks each time this returns.
        while Instant::now() < deadline {
            tokio::time::sleep(ASKED.min(most)).await;
            let asked = control::read(&path)
                .map_err(|error| Trouble::of(&error, format!("remove `{}`", path.display())))?;
            if !asked.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn judge(&mut self, _state: &State, ticket: &TicketId) -> Result<Vec<Event>, Trouble> {
        let Some(found) = self.ticket(ticket) else {
            return Ok(vec![Event::TicketGone {
                ticket: ticket.clone(),
            }]);
        };
        let mut decision = self.hands.site.policy.at_ticket(found);
        self.redact_decision(&mut decision);
        Ok(vec![Event::Judged {
            ticket: ticket.clone(),
            decision,
        }])
    }

    async fn claim(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        from: &CommitId,
        harness: &str,
    ) -> Result<Vec<Event>, Trouble> {
        self.in_hand.take(ticket);
        self.give_bench(state, ticket, attempt, from, harness).await
    }

    async fn baseline(&mut self, _state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble> {
        self.check_snapshot(at).await
    }

    async fn work(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
    ) -> Result<Vec<Event>, Trouble> {
        self.run_agent(state, ticket, attempt).await
    }

    async fn keep(&mut self, state: &State, at: AttemptAt<'_>) -> Result<Vec<Event>, Trouble> {
        self.take_stock(state, at).await
    }

    async fn gate(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
    ) -> Result<Vec<Event>, Trouble> {
        self.check_candidate(state, ticket, attempt, tree).await
    }

    async fn land(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
        parent: &CommitId,
    ) -> Result<Vec<Event>, Trouble> {
        self.move_branch(state, ticket, attempt, tree, parent).await
    }
}
