//! Proving gates before any night: each distinct gate must be green on the user's HEAD, each
//! acceptance check red. No agent is started.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;

use super::{
    hands::{Desk, Hands, Wanted},
    names,
    night::{NightError, lock},
    site::Site,
    world::Trouble,
};
use crate::{
    backlog::ticket::{Status, Ticket, TicketId},
    clock,
    gate::verdict::{Check, Verdict},
    layout::Holder,
    process,
    repo::Git,
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

/// Runs every distinct check of these tickets once on the user's HEAD.
///
/// # Errors
/// A night is running (it has the rooms), or the machine is in the way.
pub async fn prove(site: Site, tickets: &[Arc<Ticket>]) -> Result<Vec<Proof>, NightError> {
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
    Ok(proofs)
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
