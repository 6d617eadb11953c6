//! The smallest plan that still fails: parts are left out as long as it does.

use super::{night::play, plan::Plan};

/// Returns the smallest plan found that breaks the same invariant, with how it is broken then. A
/// plan that does not fail is returned as it is.
pub fn shrink(plan: &Plan) -> Plan {
    let broken = |plan: &Plan| play(plan, false).violations.first().map(|v| v.invariant);
    let Some(invariant) = broken(plan) else {
        return plan.clone();
    };
    let still = |plan: &Plan| broken(plan) == Some(invariant);
    let mut smallest = plan.clone();
    loop {
        let before = size(&smallest);
        smallest = without(
            smallest,
            |plan| plan.tickets.len(),
            |plan, at| {
                plan.tickets.truncate(at);
            },
            &still,
        );
        smallest = without(
            smallest,
            |plan| plan.happenings.len(),
            |plan, at| {
                plan.happenings.remove(at);
            },
            &still,
        );
        smallest = without(
            smallest,
            |plan| plan.disk.len(),
            |plan, at| {
                plan.disk.remove(at);
            },
            &still,
        );
        smallest = without(
            smallest,
            |plan| plan.spells.len(),
            |plan, at| {
                plan.spells.remove(at);
            },
            &still,
        );
        smallest = without(
            smallest,
            |plan| plan.mornings.len(),
            |plan, at| {
                plan.mornings.remove(at);
            },
            &still,
        );
        smallest = without(
            smallest,
            |plan| plan.tickets.len(),
            |plan, at| {
                if let Some(ticket) = plan.tickets.get_mut(at) {
                    ticket.facts.depends_on.clear();
                    ticket.facts.iterations = None;
                    ticket.accept = false;
                }
            },
            &still,
        );
        if size(&smallest) == before {
            return smallest;
        }
    }
}

/// Tries to leave out each part in turn, the last first.
fn without(
    mut plan: Plan,
    count: impl Fn(&Plan) -> usize,
    remove: impl Fn(&mut Plan, usize),
    still: &impl Fn(&Plan) -> bool,
) -> Plan {
    for at in (0..count(&plan)).rev() {
        let mut less = plan.clone();
        if at < count(&less) {
            remove(&mut less, at);
            if still(&less) {
                plan = less;
            }
        }
    }
    plan
}

fn size(plan: &Plan) -> usize {
    plan.tickets.len()
        + plan.happenings.len()
        + plan.disk.len()
        + plan.spells.len()
        + plan.mornings.len()
}

impl Plan {
    /// Returns what is in the plan, a line each.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "seed {}, {} tickets, {} attempts, {} h",
            self.seed,
            self.tickets.len(),
            self.attempts,
            self.length_ms / super::plan::HOUR
        )];
        lines.extend(self.tickets.iter().map(|ticket| {
            format!(
                "{} {:?} after {:?}: {:?}, gate {:?}",
                ticket.facts.id, ticket.rule, ticket.facts.depends_on, ticket.agents, ticket.gate
            )
        }));
        lines.extend(self.happenings.iter().map(|one| format!("{one:?}")));
        lines.extend(self.disk.iter().map(|one| format!("{one:?}")));
        lines.extend(self.spells.iter().map(|one| format!("{one:?}")));
        lines.extend(self.mornings.iter().map(|one| format!("{one:?}")));
        lines
    }
}
