//! Which hosts were asked for and how much went there, for the report: plain data, bounded.

use serde::{Deserialize, Serialize};

use super::host::LONGEST_NAME;
use crate::sandbox::clean;

/// How many hosts are kept apart.
pub(super) const MOST_HOSTS: usize = 500;

/// How many of them may be hosts that were only refused, so that made-up names push out no real one.
const MOST_REFUSED: usize = 400;

/// How often a host was used, and for how much.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Use {
    /// Connections that were opened.
    pub connections: u64,
    /// Connections that were permitted and could not be opened.
    pub failed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Bytes to the host.
    pub bytes_up: u64,
    /// Bytes from the host.
    pub bytes_down: u64,
}

/// What one host was used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostUse {
    /// The host as it was asked for, cleaned; it may be something that is no host at all.
    pub host: String,
    /// The port; 0 where none could be read.
    pub port: u16,
    /// For what.
    #[serde(flatten)]
    pub used: Use,
}

/// All that a proxy has seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Up to 500 hosts, in the order in which they were first asked for.
    pub hosts: Vec<HostUse>,
    /// What all further hosts were used for.
    pub rest: Use,
    /// Requests that could not be read, or did not come in time.
    pub unreadable: u64,
}

/// Where a host is kept; `None` for one beyond the bound.
pub(super) type Slot = Option<usize>;

impl Seen {
    /// Returns where a host is kept. A `permitted` one is kept in preference.
    pub(super) fn slot(&mut self, host: &str, port: u16, permitted: bool) -> Slot {
        let host: String = clean(host).chars().take(LONGEST_NAME).collect();
        let known = |one: &HostUse| one.host == host && one.port == port;
        let most = if permitted { MOST_HOSTS } else { MOST_REFUSED };
        let at = self.hosts.iter().position(known);
        if at.is_none() && self.hosts.len() < most {
            self.hosts.push(HostUse {
                host,
                port,
                used: Use::default(),
            });
            return Some(self.hosts.len() - 1);
        }
        at
    }

    /// Returns what a host was used for, to be added to.
    pub(super) fn used(&mut self, slot: Slot) -> &mut Use {
        match slot.and_then(|at| self.hosts.get_mut(at)) {
            Some(one) => &mut one.used,
            None => &mut self.rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_bounded_cleaned_and_made_up_ones_push_out_no_real_one() {
        let mut seen = Seen::default();
        for number in 0..1000 {
            let slot = seen.slot(&format!("x{number}.evil"), 443, false);
            seen.used(slot).refused += 1;
        }
        assert_eq!((seen.hosts.len(), seen.rest.refused), (400, 600));
        let slot = seen.slot("x0.evil", 443, false);
        seen.used(slot).refused += 1;
        assert_eq!(seen.hosts[0].used.refused, 2);
        for number in 0..200 {
            let slot = seen.slot(&format!("x{number}.org"), 443, true);
            seen.used(slot).bytes_up += 1;
        }
        assert_eq!((seen.hosts.len(), seen.rest.bytes_up), (500, 100));

        let mut seen = Seen::default();
        seen.slot(&format!("\u{1b}[31m{}", "é".repeat(300)), 0, false);
        assert_eq!(seen.hosts[0].host, "é".repeat(253));
    }
}
