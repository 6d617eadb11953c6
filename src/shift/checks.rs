//! The checks of an attempt: on the snapshot before the work, on the candidate after it.
//!
//! A passed verdict is remembered by tree and command for good; a red or flaky one on a snapshot
//! for this run only, because it may be the environment's fault.

use super::{
    hands::{Wanted, remembered},
    real::Real,
    world::{AttemptAt, Trouble},
};
use crate::{
    backlog::ticket::TicketId,
    gate::verdict::{Check, Verdict},
    machine::{Event, Stage, State},
    repo::id::TreeId,
};

impl Real {
    pub(super) async fn check_snapshot(
        &mut self,
        at: AttemptAt<'_>,
    ) -> Result<Vec<Event>, Trouble> {
        let desk = self.desk(at.ticket, at.number);
        let (gate, accept) = self.commands(at.ticket);
        let is_goal = gate.is_some() && gate == accept;
        let mut verdicts: Vec<Verdict> = Vec::new();
        let checks = [
            (Check::Gate, gate, "baseline-gate.log"),
            (Check::Accept, accept, "baseline-accept.log"),
        ];
        for (check, command, log) in checks {
            let Some(command) = command else { continue };
            if let Some(red) = verdicts.iter().find(|verdict| !verdict.class.is_green()) {
                // An objective may be to make the gate itself green: then both say the same.
                if is_goal {
                    verdicts.push(Verdict {
                        check,
                        ..red.clone()
                    });
                }
                break;
            }
            let key = (at.from_tree.clone(), command.clone(), check);
            if let Some(seen) = self.seen.get(&key) {
                verdicts.push(remembered(seen));
                continue;
            }
            let wanted = Wanted {
                check,
                command: &command,
                at: at.from,
                tree: at.from_tree,
                baseline: None,
                desk: &desk,
                log,
            };
            let Some(verdict) = self.hands.check(wanted).await? else {
                return Ok(Vec::new());
            };
            self.seen.insert(key, verdict.clone());
            verdicts.push(verdict);
        }
        Ok(vec![Event::BaselineTaken {
            ticket: at.ticket.clone(),
            verdicts,
        }])
    }

    pub(super) async fn check_candidate(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
    ) -> Result<Vec<Event>, Trouble> {
        let Some((_, active)) = state.active() else {
            return Ok(Vec::new());
        };
        let Stage::Kept {
            baseline, taken, ..
        } = &active.stage
        else {
            return Ok(Vec::new());
        };
        let desk = self.desk(ticket, attempt);
        let (gate, accept) = self.commands(ticket);
        let mut verdicts: Vec<Verdict> = Vec::new();
        let checks = [
            (Check::Gate, gate, "gate.log"),
            (Check::Accept, accept, "accept.log"),
        ];
        for (check, command, log) in checks {
            let Some(command) = command else { continue };
            if verdicts.iter().any(|verdict| !verdict.class.is_green()) {
                break;
            }
            let wanted = Wanted {
                check,
                command: &command,
                at: &taken.candidate_commit,
                tree,
                baseline: baseline.iter().find(|before| before.check == check),
                desk: &desk,
                log,
            };
            let Some(verdict) = self.hands.check(wanted).await? else {
                return Ok(Vec::new());
            };
            verdicts.push(verdict);
        }
        Ok(vec![Event::Gated {
            ticket: ticket.clone(),
            verdicts,
        }])
    }

    /// Returns a ticket's gate and acceptance check.
    fn commands(&self, ticket: &TicketId) -> (Option<String>, Option<String>) {
        let found = self.ticket(ticket);
        let gate = found.and_then(|ticket| ticket.gate.clone());
        let gate = gate.or_else(|| self.hands.site.config.gate.run.clone());
        (gate, found.and_then(|ticket| ticket.accept.clone()))
    }
}
