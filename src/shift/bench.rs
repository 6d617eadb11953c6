//! Claiming: a ticket gets its harness and the bench.

use super::{hands::Room, real::Real, world::Trouble};
use crate::{
    backlog::ticket::TicketId,
    gate::{Judged, verdict::Check},
    harness,
    machine::{Block, Event, Outcome, State},
    repo::id::CommitId,
};

/// The name of the harness of rehearsals.
pub(super) const REHEARSAL: &str = "rehearsal";

impl Real {
    /// Chooses the ticket's harness and furnishes the bench at `from`.
    pub(super) async fn give_bench(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        from: &CommitId,
    ) -> Result<Vec<Event>, Trouble> {
        let harness = match self.choose_harness(ticket) {
            Ok(harness) => harness,
            Err(block) => return Ok(vec![blocked(ticket, block)]),
        };
        let from_tree = match state.night() {
            Some(night) if *from == night.terms.base => night.terms.base_tree.clone(),
            Some(_) | None => self.hands.git.tree_of(from).await.map_err(|error| {
                Trouble::of(&error, "look at the repository, then `nightshift run`")
            })?,
        };
        self.hands.furnish(Room::Bench, from).await?;
        let desk = self.desk(ticket, attempt);
        match self
            .hands
            .set_up(Room::Bench, Check::Gate, &from_tree, &desk)
            .await?
        {
            None => {}
            Some(Judged::Stopped) => return Ok(Vec::new()),
            Some(Judged::Verdict(failed)) => {
                let block = Block {
                    because: failed.reason,
                    remedy: "make the commands under `[rooms] setup` work, then `nightshift run`"
                        .to_owned(),
                    may_clear: false,
                };
                return Ok(vec![blocked(ticket, block)]);
            }
        }
        Ok(vec![Event::Claimed {
            ticket: ticket.clone(),
            attempt,
            from: from.clone(),
            from_tree,
            harness,
        }])
    }

    fn choose_harness(&self, ticket: &TicketId) -> Result<String, Block> {
        if self.rehearsal {
            return Ok(REHEARSAL.to_owned());
        }
        let site = &self.hands.site;
        let named = self
            .ticket(ticket)
            .and_then(|ticket| ticket.harness.clone());
        let wanted = named.map_or_else(|| site.config.agent.harness.clone(), |name| vec![name]);
        let mut missing = Vec::new();
        for name in wanted {
            let Some(config) = site.config.harness.get(&name) else {
                missing.push(format!("`[harness.{name}]` is not configured"));
                continue;
            };
            let readiness = harness::ready(&name, config, &site.environment.path, &site.found.root);
            if readiness.ok {
                return Ok(name);
            }
            missing.push(readiness.what);
        }
        if missing.is_empty() {
            missing.push("no harness is named under `[agent]`".to_owned());
        }
        Err(Block {
            because: format!("no agent is ready: {}", missing.join("; ")),
            remedy: "install it or name another under `[agent]`, then `nightshift run`".to_owned(),
            may_clear: false,
        })
    }
}

fn blocked(ticket: &TicketId, block: Block) -> Event {
    Event::Settled {
        ticket: ticket.clone(),
        outcome: Outcome::Blocked(block),
    }
}
