//! Hosts that agents asked the proxy for, over all sessions of the night.

use std::collections::BTreeMap;

use super::view::View;
use crate::machine::Host;

/// Returns each host once, refused ones first: they are what to decide about.
pub(super) fn hosts(view: View<'_>) -> Vec<Host> {
    let attempts = view
        .state
        .tickets()
        .values()
        .flat_map(|ticket| &ticket.tried);
    let sessions = attempts.filter_map(|attempt| attempt.session.as_ref());
    let mut all: BTreeMap<&str, Host> = BTreeMap::new();
    for host in sessions.flat_map(|session| &session.hosts) {
        all.entry(&host.host)
            .and_modify(|sum| {
                sum.connections += host.connections;
                sum.refused += host.refused;
                sum.sent += host.sent;
                sum.received += host.received;
            })
            .or_insert_with(|| host.clone());
    }
    let mut all: Vec<Host> = all.into_values().collect();
    all.sort_by_key(|host| std::cmp::Reverse((host.refused, host.connections)));
    all
}
