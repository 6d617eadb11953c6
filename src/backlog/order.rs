//! The night's order: dependencies first, then priority, manual order, file name.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::ticket::{TicketFacts, TicketId};

/// Returns the ids in night order (Kahn's algorithm with a heap, O(n log n)). Members of a circle
/// come last, in plain order.
pub fn order(tickets: &[&TicketFacts]) -> Vec<TicketId> {
    let place = |facts: &TicketFacts| {
        let ordinal = facts.ordinal.unwrap_or_default();
        (
            facts.priority,
            facts.ordinal.is_none(),
            ordinal,
            facts.file.clone(),
        )
    };
    let at: HashMap<_, _> = tickets
        .iter()
        .enumerate()
        .map(|(at, facts)| (&facts.id, at))
        .collect();
    let mut open = vec![0_usize; tickets.len()];
    let mut dependants = vec![Vec::new(); tickets.len()];
    for (index, facts) in tickets.iter().enumerate() {
        for dependency in facts.depends_on.iter().filter_map(|id| at.get(id)) {
            if let (Some(count), Some(list)) =
                (open.get_mut(index), dependants.get_mut(*dependency))
            {
                *count += 1;
                list.push(index);
            }
        }
    }
    let mut ready = BinaryHeap::new();
    for (index, facts) in tickets.iter().enumerate() {
        if open.get(index) == Some(&0) {
            ready.push(Reverse((place(facts), index)));
        }
    }
    let mut ordered = Vec::with_capacity(tickets.len());
    let mut placed = vec![false; tickets.len()];
    while let Some(Reverse((_, index))) = ready.pop() {
        if let (Some(facts), Some(done)) = (tickets.get(index), placed.get_mut(index)) {
            ordered.push(facts.id.clone());
            *done = true;
        }
        for dependant in dependants.get(index).into_iter().flatten() {
            let (Some(count), Some(facts)) = (open.get_mut(*dependant), tickets.get(*dependant))
            else {
                continue;
            };
            *count -= 1;
            if *count == 0 {
                ready.push(Reverse((place(facts), *dependant)));
            }
        }
    }
    let mut left: Vec<_> = tickets
        .iter()
        .zip(&placed)
        .filter(|(_, placed)| !**placed)
        .map(|(facts, _)| facts)
        .collect();
    left.sort_by_key(|facts| place(facts));
    ordered.extend(left.into_iter().map(|facts| facts.id.clone()));
    ordered
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backlog::ticket::{Priority, Status};

    fn facts(name: &str, priority: u8, on: Vec<String>) -> TicketFacts {
        TicketFacts {
            id: name.parse().unwrap(),
            title: String::new(),
            file: format!("{name}.md"),
            hash: String::new(),
            priority: Priority(priority),
            ordinal: None,
            depends_on: on.iter().map(|id| id.parse().unwrap()).collect(),
            labels: Vec::new(),
            paths: Vec::new(),
            attempts: None,
            status: Status::Ready,
        }
    }

    proptest! {
        #[test]
        fn dependencies_come_first_and_the_rest_is_sorted(
            tickets in prop::collection::vec((1_u8..=5, prop::collection::vec(0_usize..30, 0..3)), 1..30)
        ) {
            let all: Vec<_> = tickets.iter().enumerate().map(|(n, (priority, on))| {
                let on = on.iter().filter(|d| **d < n).map(|d| format!("t{d:02}")).collect();
                facts(&format!("t{n:02}"), *priority, on)
            }).collect();
            let ordered = order(&all.iter().collect::<Vec<_>>());
            prop_assert_eq!(ordered.len(), all.len());
            let at = |id: &TicketId| ordered.iter().position(|other| other == id).unwrap();
            for facts in &all {
                for dependency in &facts.depends_on {
                    prop_assert!(at(dependency) < at(&facts.id));
                }
            }
            if all.iter().all(|facts| facts.depends_on.is_empty()) {
                let mut plain = all.clone();
                plain.sort_by_key(|facts| (facts.priority, facts.file.clone()));
                prop_assert_eq!(ordered, plain.into_iter().map(|facts| facts.id).collect::<Vec<_>>());
            }
        }
    }
}
