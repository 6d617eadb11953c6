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
    /// Furnishes the bench at `from`, when the harness is ready to work there.
    pub(super) async fn give_bench(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        from: &CommitId,
        harness: &str,
    ) -> Result<Vec<Event>, Trouble> {
        if let Some(closed) = self.closed(harness) {
            return Ok(vec![closed]);
        }
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
            harness: harness.to_owned(),
        }])
    }

    /// Returns why a harness cannot work; `None` when it can.
    fn closed(&self, name: &str) -> Option<Event> {
        if self.rehearsal {
            return None;
        }
        let site = &self.hands.site;
        let because = match site.config.harness.get(name) {
            None => format!("`[harness.{name}]` is not configured"),
            Some(config) => {
                let path = &site.environment.path;
                let readiness = harness::ready(name, config, path, &site.found.root);
                if readiness.ok {
                    return None;
                }
                readiness.what
            }
        };
        Some(Event::HarnessClosed {
            harness: name.to_owned(),
            because,
            remedy: "install it or name another under `[agent]`, then `nightshift run`".to_owned(),
        })
    }
}

fn blocked(ticket: &TicketId, block: Block) -> Event {
    Event::Settled {
        ticket: ticket.clone(),
        outcome: Outcome::Blocked(block),
    }
}
