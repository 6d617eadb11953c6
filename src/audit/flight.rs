//! The attempt that has the bench, as far as the journal has it.

use crate::{
    backlog::ticket::TicketId,
    gate::verdict::{Check, Verdict},
    machine::Taken,
    repo::id::{CommitId, TreeId},
};

/// An attempt in flight.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) ticket: TicketId,
    pub(super) attempt: u32,
    pub(super) harness: String,
    pub(super) from: CommitId,
    pub(super) baseline: Option<Vec<Verdict>>,
    pub(super) started: bool,
    /// Another runner came while the agent worked: its session is unknown.
    pub(super) orphaned: bool,
    pub(super) ended: bool,
    /// The contract parked or halted what the agent asked.
    pub(super) asked: bool,
    pub(super) taken: Option<Taken>,
    pub(super) verdicts: Option<Vec<Verdict>>,
    pub(super) landing: Option<(TreeId, CommitId)>,
}

impl Flight {
    pub(super) fn new(ticket: &TicketId, attempt: u32, harness: &str, from: &CommitId) -> Self {
        Self {
            ticket: ticket.clone(),
            attempt,
            harness: harness.to_owned(),
            from: from.clone(),
            baseline: None,
            started: false,
            orphaned: false,
            ended: false,
            asked: false,
            taken: None,
            verdicts: None,
            landing: None,
        }
    }

    /// Returns why this tree may not land; `None` when it may.
    pub(super) fn may_not_land(&self, tree: &TreeId) -> Option<String> {
        let Some(taken) = &self.taken else {
            return Some("nothing of it was kept".to_owned());
        };
        if taken.candidate != *tree {
            return Some(format!(
                "its candidate is {} and not {tree}",
                taken.candidate
            ));
        }
        let Some(verdicts) = &self.verdicts else {
            return Some("no gate was run on it".to_owned());
        };
        if let Some(other) = verdicts.iter().find(|verdict| verdict.tree != *tree) {
            return Some(format!("its gate ran on {}", other.tree));
        }
        let mut gates = verdicts.iter().filter(|one| one.check == Check::Gate);
        match gates.next() {
            None => Some("its gate was not run on it".to_owned()),
            Some(gate) if gate.class.is_green() => None,
            Some(gate) => Some(format!("its gate was not green: {}", gate.reason)),
        }
    }
}
