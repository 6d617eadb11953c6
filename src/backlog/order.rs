//! In which order a night works its tickets.
//!
//! Kahn's algorithm with a heap instead of a queue: of all tickets whose dependencies are behind
//! them, the one that is first in the plain order goes next.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::ticket::{TicketFacts, TicketId};

/// Returns the ids in night order: what is depended on first, then by priority, then by ordinal
/// (none last), then by file name.
///
/// A dependency that is not among the tickets holds nobody up here, and tickets that wait for each
/// other in a circle come last, in plain order: nothing is lost. Takes time in the order of
/// n log n.
pub fn order<'a>(tickets: impl IntoIterator<Item = &'a TicketFacts>) -> Vec<TicketId> {
    let mut tickets: Vec<&TicketFacts> = tickets.into_iter().collect();
    // From here on a ticket is its rank in the plain order.
    tickets.sort_by_key(|ticket| plain(ticket));
    let ranks: HashMap<&TicketId, usize> = tickets
        .iter()
        .enumerate()
        .map(|(rank, ticket)| (&ticket.id, rank))
        .collect();
    let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); tickets.len()];
    let mut waits_for: Vec<usize> = vec![0; tickets.len()];
    for ((rank, ticket), waits) in tickets.iter().enumerate().zip(&mut waits_for) {
        for dependency in ticket.depends_on.iter().filter_map(|id| ranks.get(id)) {
            if let Some(list) = dependants.get_mut(*dependency) {
                list.push(rank);
                *waits += 1;
            }
        }
    }
    let free = waits_for
        .iter()
        .enumerate()
        .filter(|(_, waits)| **waits == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = free.map(|(rank, _)| Reverse(rank)).collect();
    let mut ordered = Vec::with_capacity(tickets.len());
    while let Some(Reverse(rank)) = ready.pop() {
        ordered.push(rank);
        for &dependant in dependants.get(rank).into_iter().flatten() {
            if let Some(waits) = waits_for.get_mut(dependant) {
                *waits -= 1;
                if *waits == 0 {
                    ready.push(Reverse(dependant));
                }
            }
        }
    }
    let circular = waits_for
        .iter()
        .enumerate()
        .filter(|(_, waits)| **waits > 0);
    ordered.extend(circular.map(|(rank, _)| rank));
    ordered
        .into_iter()
        .filter_map(|rank| tickets.get(rank))
        .map(|ticket| ticket.id.clone())
        .collect()
}

/// What decides between tickets that do not depend on each other.
fn plain(ticket: &TicketFacts) -> (u8, bool, i64, &str) {
    let ordinal = ticket.ordinal;
    (
        ticket.priority.0,
        ordinal.is_none(),
        ordinal.unwrap_or(0),
        &ticket.file,
    )
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;
    use crate::backlog::ticket::{Priority, Status};

    fn ticket(name: &str, priority: u8, ordinal: Option<i64>, depends_on: &[&str]) -> TicketFacts {
        TicketFacts {
            id: name.parse().unwrap(),
            title: String::new(),
            file: format!("{name}.md"),
            hash: String::new(),
            priority: Priority(priority),
            ordinal,
            depends_on: depends_on.iter().map(|id| id.parse().unwrap()).collect(),
            labels: Vec::new(),
            paths: Vec::new(),
            attempts: None,
            status: Status::Ready,
            harness: None,
            iterations: None,
        }
    }

    fn names(tickets: &[TicketFacts]) -> String {
        let ids: Vec<String> = order(tickets).into_iter().map(String::from).collect();
        ids.join(" ")
    }

    #[test]
    fn dependencies_then_priority_then_ordinal_then_name() {
        for (tickets, expected) in [
            (vec![], ""),
            (
                vec![ticket("b", 3, None, &[]), ticket("a", 3, None, &[])],
                "a b",
            ),
            (
                vec![ticket("a", 3, None, &[]), ticket("b", 1, None, &[])],
                "b a",
            ),
            (
                vec![ticket("a", 3, None, &[]), ticket("b", 3, Some(9), &[])],
                "b a",
            ),
            (
                vec![ticket("a", 3, Some(9), &[]), ticket("b", 3, Some(-1), &[])],
                "b a",
            ),
            (
                vec![
                    ticket("a", 1, None, &["b"]),
                    ticket("b", 5, None, &[]),
                    ticket("c", 2, None, &[]),
                ],
                "c b a",
            ),
            (vec![ticket("a", 3, None, &["gone"])], "a"),
            (
                vec![ticket("a", 3, None, &["a"]), ticket("b", 3, None, &[])],
                "b a",
            ),
            (
                vec![
                    ticket("a", 3, None, &["b"]),
                    ticket("b", 3, None, &["a"]),
                    ticket("c", 5, None, &[]),
                ],
                "c a b",
            ),
            (
                vec![ticket("a", 3, None, &["b", "b"]), ticket("b", 3, None, &[])],
                "b a",
            ),
        ] {
            assert_eq!(names(&tickets), expected);
        }
    }

    /// Tickets that depend only on ones with a smaller number, so that there is no circle.
    fn tickets() -> impl Strategy<Value = Vec<TicketFacts>> {
        let one = (
            1..=5_u8,
            option::of(-3..3_i64),
            vec(any::<prop::sample::Index>(), 0..3),
        );
        vec(one, 0..40).prop_map(|drawn| {
            let name = |number: usize| format!("t{:02}", number * 7 % 40);
            let one = |(number, (priority, ordinal, needs)): (
                usize,
                (u8, _, Vec<prop::sample::Index>),
            )| {
                let needs: Vec<String> = needs
                    .iter()
                    .filter(|_| number > 0)
                    .map(|need| name(need.index(number)))
                    .collect();
                let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                ticket(&name(number), priority, ordinal, &needs)
            };
            drawn.into_iter().enumerate().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn every_dependency_comes_first_and_nothing_is_lost(tickets in tickets()) {
            let ordered = order(&tickets);
            let place = |id: &TicketId| ordered.iter().position(|other| other == id).unwrap();
            prop_assert_eq!(ordered.len(), tickets.len());
            for ticket in &tickets {
                for dependency in &ticket.depends_on {
                    prop_assert!(place(dependency) < place(&ticket.id));
                }
            }
        }

        #[test]
        fn without_dependencies_it_is_the_plain_sort(mut tickets in tickets()) {
            for ticket in &mut tickets {
                ticket.depends_on.clear();
            }
            let ordered = order(&tickets);
            tickets.sort_by(|a, b| {
                let ordinal = |ticket: &TicketFacts| ticket.ordinal.unwrap_or(i64::MAX);
                (a.priority, ordinal(a), &a.file).cmp(&(b.priority, ordinal(b), &b.file))
            });
            let plain: Vec<TicketId> = tickets.into_iter().map(|ticket| ticket.id).collect();
            prop_assert_eq!(ordered, plain);
        }

        #[test]
        fn the_order_of_reading_does_not_matter(tickets in tickets(), turn in 0..40_usize) {
            let expected = order(&tickets);
            let mut turned = tickets;
            let turn = turn.min(turned.len());
            turned.rotate_left(turn);
            prop_assert_eq!(order(&turned), expected);
        }
    }
}
