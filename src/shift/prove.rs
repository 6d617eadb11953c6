//! Proving gates before any night: each distinct gate must be green on the user's HEAD, each
//! acceptance check red. No agent is started.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use super::{
    hands::{Desk, Hands, Room, Wanted},
    names,
    night::{NightError, lock},
    probe::Met,
    site::Site,
    world::Trouble,
};
use crate::{
    backlog::{
        Requirement,
        ticket::{Status, Ticket, TicketId},
    },
    clock,
    gate::verdict::{Check, Verdict},
    layout::Holder,
    process,
    repo::{Git, id::CommitId},
};

/// What a check says on the user's HEAD.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The command.
    pub command: String,
    /// Whose it is; empty for the configured gate.
    pub tickets: Vec<TicketId>,
    /// What it said.
    pub verdict: Verdict,
}

impl Proof {
    /// Returns whether it said what it should: a gate green, an acceptance check red.
    pub fn holds(&self) -> bool {
        match self.verdict.check {
            Check::Gate => self.verdict.class.is_green(),
            Check::Accept => !self.verdict.class.is_green(),
        }
    }
}

/// What can be known of gates and requirements without any agent.
#[derive(Debug, Clone, Default)]
pub struct Proved {
    /// Every distinct check.
    pub proofs: Vec<Proof>,
    /// What tickets require and is not there now.
    pub missing: Vec<Absent>,
}

/// Something that tickets require and that is not there.
#[derive(Debug, Clone)]
pub struct Absent {
    /// What.
    pub requirement: Requirement,
    /// What was found instead, as a clause.
    pub found: String,
    /// Whose it is.
    pub tickets: Vec<TicketId>,
}

/// Runs every distinct check of these tickets once on the user's HEAD, and looks at what they
/// require.
///
/// # Errors
/// A night is running (it has the rooms), or the machine is in the way.
pub async fn prove(site: Site, tickets: &[Arc<Ticket>]) -> Result<Proved, NightError> {
    let wanted = distinct(&site, tickets);
    let began = clock::now();
    let holder = Holder {
        pid: std::process::id(),
        since: began.at.to_string(),
        what: "a check".to_owned(),
    };
    let layout = site.layout.clone();
    let _lock = lock(&layout, &holder).await?;
    process::become_subreaper().map_err(|error| {
        NightError::Trouble(Trouble::new(
            format!("orphaned processes cannot be adopted: {error}"),
            "run on Linux",
        ))
    })?;
    let trouble = |error: &dyn std::error::Error| {
        NightError::Trouble(Trouble::of(error, "run `nightshift doctor`"))
    };
    let git = Git::open(&site.found).map_err(|error| trouble(&error))?;
    git.exclude_state_dir()
        .await
        .map_err(|error| trouble(&error))?;
    let head = git.head().await.map_err(|error| trouble(&error))?;
    let (_never, stop) = watch::channel(false);
    let mut hands = Hands::new(site, layout.clone(), git, stop).map_err(NightError::Trouble)?;
    let desk = Desk {
        folder: layout.state().join("check"),
        name: "check".to_owned(),
        mark: format!("{}/check", names::mark_prefix(&layout)),
    };
    let missing = missing(&mut hands, tickets, &head.commit, &desk.mark)
        .await
        .map_err(NightError::Trouble)?;
    let mut proofs = Vec::new();
    for ((check, command), tickets) in wanted {
        let asked = Wanted {
            check,
            command: &command,
            at: &head.commit,
            tree: &head.tree,
            baseline: None,
            desk: &desk,
            log: "check.log",
        };
        let verdict = hands.check(asked).await.map_err(NightError::Trouble)?;
        let Some(verdict) = verdict else { break };
        proofs.push(Proof {
            command,
            tickets,
            verdict,
        });
    }
    Ok(Proved { proofs, missing })
}

async fn missing(
    hands: &mut Hands,
    tickets: &[Arc<Ticket>],
    head: &CommitId,
    mark: &str,
) -> Result<Vec<Absent>, Trouble> {
    let mut wanted: BTreeMap<String, (&Requirement, Vec<TicketId>)> = BTreeMap::new();
    let ready = tickets.iter().filter(|it| it.facts.status == Status::Ready);
    for (ticket, requirement) in ready.flat_map(|it| it.requires.iter().map(move |one| (it, one))) {
        let name = requirement.to_string();
        let (_, of) = wanted.entry(name).or_insert((requirement, Vec::new()));
        of.push(ticket.id().clone());
    }
    if !wanted.is_empty() {
        // What chooses between versions of a tool looks at the files of the room.
        hands.furnish(Room::Bench, head).await?;
    }
    let mut missing = Vec::new();
    for (requirement, tickets) in wanted.into_values() {
        if let Met::No(found) = hands.probe(requirement, Room::Bench, mark).await? {
            missing.push(Absent {
                requirement: requirement.clone(),
                found,
                tickets,
            });
        }
    }
    Ok(missing)
}

fn distinct(site: &Site, tickets: &[Arc<Ticket>]) -> BTreeMap<(Check, String), Vec<TicketId>> {
    let mut wanted: BTreeMap<(Check, String), Vec<TicketId>> = BTreeMap::new();
    if let Some(gate) = &site.config.gate.run {
        wanted.insert((Check::Gate, gate.clone()), Vec::new());
    }
    for ticket in tickets
        .iter()
        .filter(|ticket| ticket.facts.status == Status::Ready)
    {
        let own = [(Check::Gate, &ticket.gate), (Check::Accept, &ticket.accept)];
        for (check, command) in own {
            if let Some(command) = command {
                wanted
                    .entry((check, command.clone()))
                    .or_default()
                    .push(ticket.id().clone());
            }
        }
    }
    wanted
}
