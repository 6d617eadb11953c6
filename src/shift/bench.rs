//! Claiming: a ticket gets its harness and the bench.

use std::time::Duration;

use tokio::time::Instant;

use super::{hands::Room, probe::Met, real::Real, world::Trouble};
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
    /// Furnishes the bench at `from`, when the harness is ready to work there and the ticket has
    /// what it requires.
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
        match self.missing(ticket, &desk.mark).await? {
            Missing::Stopped => return Ok(Vec::new()),
            Missing::Nothing => {}
            Missing::These(missing) => {
                let block = Block {
                    because: format!("it requires {}", missing.join(", ")),
                    remedy: "install, start or set what is missing, then `nightshift run`"
                        .to_owned(),
                    may_clear: true,
                };
                return Ok(vec![blocked(ticket, block)]);
            }
        }
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

    /// Looks at what a ticket requires, and not again for a while at what others require, too.
    async fn missing(&mut self, ticket: &TicketId, mark: &str) -> Result<Missing, Trouble> {
        let required = self.ticket(ticket).map(|ticket| ticket.requires.clone());
        let mut missing = Vec::new();
        for requirement in required.unwrap_or_default() {
            let met = match self.probed.get(&requirement) {
                Some((met, at)) if at.elapsed() < lasts(met) => met.clone(),
                Some(_) | None => {
                    let met = self.hands.probe(&requirement, Room::Bench, mark).await?;
                    let probed = (met.clone(), Instant::now());
                    self.probed.insert(requirement.clone(), probed);
                    met
                }
            };
            match met {
                Met::Yes => {}
                Met::No(found) => missing.push(format!("`{requirement}` ({found})")),
                Met::Stopped => return Ok(Missing::Stopped),
            }
        }
        Ok(if missing.is_empty() {
            Missing::Nothing
        } else {
            Missing::These(missing)
        })
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

/// What a ticket requires and what is not there.
enum Missing {
    Nothing,
    /// Each with what was found instead.
    These(Vec<String>),
    /// A stop came first.
    Stopped,
}

/// Returns for how long an answer is good: what is missing may be put right at any time.
fn lasts(met: &Met) -> Duration {
    match met {
        Met::Yes => Duration::from_secs(10 * 60),
        Met::No(_) => Duration::from_secs(30),
        Met::Stopped => Duration::ZERO,
    }
}

fn blocked(ticket: &TicketId, block: Block) -> Event {
    Event::Settled {
        ticket: ticket.clone(),
        outcome: Outcome::Blocked(block),
    }
}
