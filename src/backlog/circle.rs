//! Circles in a graph: Tarjan's strongly connected components, without recursion.
//!
//! Without recursion, because a chain of ten thousand tickets must not end in a stack overflow.

/// Nodes that can reach each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Circle {
    /// All of them, ascending. Each lies on some circle.
    pub(super) members: Vec<usize>,
    /// One circle among them, beginning with its smallest node: each node leads to the next, and
    /// the last to the first.
    pub(super) path: Vec<usize>,
}

/// Returns the circles of the graph in which node `n` leads to the nodes of `edges[n]`, ordered by
/// their smallest member. A node that leads to itself is a circle. Takes linear time.
pub(super) fn circles(edges: &[Vec<usize>]) -> Vec<Circle> {
    let next = |node: usize, at: usize| edges.get(node).and_then(|list| list.get(at)).copied();
    let mut circles: Vec<Circle> = components(edges)
        .into_iter()
        .filter(|members| match members.as_slice() {
            [one] => (0..)
                .map_while(|at| next(*one, at))
                .any(|other| other == *one),
            _ => true,
        })
        .map(|mut members| {
            members.sort_unstable();
            let path = walk(edges, &members);
            Circle { members, path }
        })
        .collect();
    circles.sort_by_key(|circle| circle.members.first().copied());
    circles
}

/// Walks from the smallest member along the first edge that stays inside until a node comes again.
fn walk(edges: &[Vec<usize>], members: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut steps = std::collections::HashMap::new();
    let mut node = members.first().copied();
    while let Some(here) = node {
        if let Some(&first) = steps.get(&here) {
            path.drain(..first);
            break;
        }
        steps.insert(here, path.len());
        path.push(here);
        let inside = |other: &&usize| members.binary_search(other).is_ok();
        node = edges
            .get(here)
            .and_then(|list| list.iter().find(inside))
            .copied();
    }
    let smallest = path.iter().enumerate().min_by_key(|(_, node)| **node);
    let turn = smallest.map_or(0, |(at, _)| at);
    path.rotate_left(turn);
    path
}

/// What Tarjan's algorithm knows of a node.
#[derive(Clone, Copy, Default)]
struct Mark {
    /// When it was first seen, from 1; 0 is not yet.
    seen: usize,
    /// The earliest node on the stack that it can reach.
    low: usize,
    on_stack: bool,
}

fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut marks = vec![Mark::default(); edges.len()];
    let mut clock = 0;
    let mut stack = Vec::new();
    let mut found = Vec::new();
    for root in 0..edges.len() {
        if mark(&marks, root).seen > 0 {
            continue;
        }
        // Each frame is a node and how many of its edges were followed.
        let mut frames = vec![(root, 0)];
        while let Some((node, at)) = frames.pop() {
            if at == 0 {
                clock += 1;
                set(
                    &mut marks,
                    node,
                    Mark {
                        seen: clock,
                        low: clock,
                        on_stack: true,
                    },
                );
                stack.push(node);
            }
            let mut own = mark(&marks, node);
            if let Some(&other) = edges.get(node).and_then(|list| list.get(at)) {
                let known = mark(&marks, other);
                frames.push((node, at + 1));
                if known.seen == 0 && other < edges.len() {
                    frames.push((other, 0));
                } else if known.on_stack {
                    own.low = own.low.min(known.seen);
                    set(&mut marks, node, own);
                }
                continue;
            }
            if own.low == own.seen {
                let mut component = Vec::new();
                while let Some(member) = stack.pop() {
                    let mut mark = mark(&marks, member);
                    mark.on_stack = false;
                    set(&mut marks, member, mark);
                    component.push(member);
                    if member == node {
                        break;
                    }
                }
                found.push(component);
            }
            if let Some(&(parent, _)) = frames.last() {
                let mut above = mark(&marks, parent);
                above.low = above.low.min(own.low);
                set(&mut marks, parent, above);
            }
        }
    }
    found
}

fn mark(marks: &[Mark], node: usize) -> Mark {
    marks.get(node).copied().unwrap_or_default()
}

fn set(marks: &mut [Mark], node: usize, mark: Mark) {
    if let Some(place) = marks.get_mut(node) {
        *place = mark;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn circles_are_found_with_a_path_through_them() {
        let check = |edges: &[&[usize]], expected: &[(&[usize], &[usize])]| {
            let edges: Vec<Vec<usize>> = edges.iter().map(|list| list.to_vec()).collect();
            let got = circles(&edges);
            let got: Vec<(&[usize], &[usize])> = got
                .iter()
                .map(|circle| (&*circle.members, &*circle.path))
                .collect();
            assert_eq!(got, expected);
        };
        check(&[], &[]);
        check(&[&[1], &[2], &[]], &[]);
        check(&[&[0]], &[(&[0], &[0])]);
        check(&[&[1], &[2], &[0]], &[(&[0, 1, 2], &[0, 1, 2])]);
        check(&[&[2], &[0], &[1], &[0]], &[(&[0, 1, 2], &[0, 2, 1])]);
        // A node between two circles is on neither.
        check(
            &[&[1], &[0, 2], &[3], &[4], &[3]],
            &[(&[0, 1], &[0, 1]), (&[3, 4], &[3, 4])],
        );
        check(&[&[1], &[2], &[1, 0]], &[(&[0, 1, 2], &[1, 2])]);
    }

    #[test]
    fn a_long_chain_and_a_long_ring_are_no_trouble() {
        let mut edges: Vec<Vec<usize>> = (1..=50_000).map(|next| vec![next]).collect();
        edges.push(Vec::new());
        assert_eq!(circles(&edges), []);
        edges[50_000] = vec![0];
        assert_eq!(circles(&edges)[0].path.len(), 50_001);
    }

    proptest! {
        #[test]
        fn a_node_is_a_member_when_it_can_reach_itself(
            edges in vec(vec(0..12_usize, 0..3), 12),
        ) {
            let reaches_itself = |start: usize| {
                let mut open = edges[start].clone();
                let mut seen = std::collections::BTreeSet::new();
                while let Some(node) = open.pop() {
                    if seen.insert(node) {
                        open.extend(&edges[node]);
                    }
                }
                seen.contains(&start)
            };
            let found = circles(&edges);
            for node in 0..12 {
                let member = found.iter().any(|circle| circle.members.contains(&node));
                prop_assert_eq!(member, reaches_itself(node));
            }
            for circle in found {
                let ring = circle.path.iter().zip(circle.path.iter().cycle().skip(1));
                for (from, to) in ring {
                    prop_assert!(edges[*from].contains(to));
                }
            }
        }
    }
}
