//! The list of hosts that a session may reach, as the user writes it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::host::{Host, NoHost, split};

/// The ports of an entry that names none: those of `https` and `http`.
const USUAL_PORTS: [u16; 2] = [443, 80];

/// The hosts that may be reached. An empty list permits none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostList {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    pattern: Pattern,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    /// This name alone.
    Name(String),
    /// Any name that ends in this one, which begins with a dot.
    Below(String),
    /// This machine, by this very spelling; such an entry always has a port.
    Here(Host),
}

/// An entry of the list that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{entry}` cannot be a host of the list: {why}")]
pub struct HostError {
    /// The entry as it was written.
    pub entry: String,
    /// What is wrong with it.
    pub why: WhyNot,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WhyNot {
    /// It is a URL, or a part of one.
    #[error("write only the name, as in `registry.npmjs.org` or `registry.local:8443`")]
    Url,
    /// A wildcard that stands elsewhere, or for too much.
    #[error("`*` may only stand first, before at least two labels, as in `*.npmjs.org`")]
    Wildcard,
    /// An address of another machine.
    #[error(
        "addresses are never reached, except one of this machine with its port; write the name"
    )]
    Address,
    /// This machine, without a port.
    #[error("a server on this machine is named with its port, as in `localhost:8080`")]
    NoPort,
    /// It is no host.
    #[error(transparent)]
    Host(NoHost),
}

/// How a permitted host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Its name is resolved, and the addresses must be public.
    Resolve(String),
    /// These addresses of this machine, which the list names.
    Here(Vec<SocketAddr>),
}

/// Why a host is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is an address that the list does not name.
    Address,
    /// The list does not name it.
    Unlisted,
    /// The list names it, with other ports.
    Port,
}

impl HostList {
    /// Reads the entries: `api.example.com`, `*.example.org` (one or more labels below), either
    /// with `:port` where it is neither 443 nor 80; and `localhost:8080`, `127.0.0.1:8080` or
    /// `[::1]:8080` for a server on this machine, which permits exactly that.
    ///
    /// # Errors
    /// The first entry that cannot be used.
    pub fn parse<Text: AsRef<str>>(entries: &[Text]) -> Result<Self, HostError> {
        let read = |entry: &Text| {
            let entry = entry.as_ref();
            read(entry.trim()).map_err(|why| HostError {
                entry: entry.to_owned(),
                why,
            })
        };
        Ok(Self {
            entries: entries.iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// Returns how this host is reached on this port, if the list names it.
    pub(super) fn way(&self, host: &Host, port: u16) -> Result<Way, Refusal> {
        let mut refusal = match host {
            Host::Address(_) => Refusal::Address,
            Host::Name(_) => Refusal::Unlisted,
        };
        for entry in self.entries.iter().filter(|entry| entry.names(host)) {
            if !entry
                .port
                .map_or(USUAL_PORTS.contains(&port), |own| own == port)
            {
                refusal = Refusal::Port;
                continue;
            }
            return Ok(match (&entry.pattern, host) {
                (Pattern::Name(_) | Pattern::Below(_), Host::Name(name)) => {
                    Way::Resolve(name.clone())
                }
                (_, Host::Address(address)) => Way::Here(vec![SocketAddr::new(*address, port)]),
                (Pattern::Here(_), Host::Name(_)) => Way::Here(vec![
                    (Ipv4Addr::LOCALHOST, port).into(),
                    (Ipv6Addr::LOCALHOST, port).into(),
                ]),
            });
        }
        Err(refusal)
    }
}

impl Entry {
    fn names(&self, host: &Host) -> bool {
        match (&self.pattern, host) {
            (Pattern::Name(own), Host::Name(name)) => own == name,
            (Pattern::Below(end), Host::Name(name)) => {
                name.len() > end.len() && name.ends_with(end.as_str())
            }
            (Pattern::Here(own), host) => own == host,
            (Pattern::Name(_) | Pattern::Below(_), Host::Address(_)) => false,
        }
    }
}

fn read(entry: &str) -> Result<Entry, WhyNot> {
    if entry.contains(['/', '@', '?', '#']) {
        return Err(WhyNot::Url);
    }
    let (below, rest) = match entry.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, entry),
    };
    if rest.contains('*') {
        return Err(WhyNot::Wildcard);
    }
    let (host, port) = match split(rest) {
        Ok(read) => read,
        Err(NoHost::Disguise) => return Err(WhyNot::Address),
        Err(why) => return Err(WhyNot::Host(why)),
    };
    let here = match &host {
        Host::Name(name) => name == "localhost",
        // A mapped one is not: it is a disguise.
        Host::Address(address) => address.is_loopback(),
    };
    let pattern = match host {
        Host::Name(name) if below && !name.contains('.') => return Err(WhyNot::Wildcard),
        Host::Name(name) if below => Pattern::Below(format!(".{name}")),
        host if here && !below => {
            port.ok_or(WhyNot::NoPort)?;
            Pattern::Here(host)
        }
        Host::Address(_) => return Err(WhyNot::Address),
        Host::Name(name) => Pattern::Name(name),
    };
    Ok(Entry { pattern, port })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list(entries: &[&str]) -> HostList {
        HostList::parse(entries).unwrap()
    }

    fn way(list: &HostList, authority: &str) -> Result<Way, Refusal> {
        let (host, port) = split(authority).unwrap();
        list.way(&host, port.unwrap_or(443))
    }

    #[test]
    fn a_name_is_reached_when_it_is_listed_with_the_port() {
        let list = list(&[
            "api.Anthropic.com.",
            "*.npmjs.org",
            "registry.local:8443",
            "*.example.org:8080",
            "registry:5000",
            "xn--bcher-kva.example",
        ]);
        for (asked, name) in [
            ("api.anthropic.com", "api.anthropic.com"),
            ("API.ANTHROPIC.COM.:443", "api.anthropic.com"),
            ("api.anthropic.com:80", "api.anthropic.com"),
            ("registry.npmjs.org", "registry.npmjs.org"),
            ("a.b.npmjs.org:80", "a.b.npmjs.org"),
            ("registry.local:8443", "registry.local"),
            ("x.example.org:8080", "x.example.org"),
            ("registry:5000", "registry"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(way(&list, asked), Ok(Way::Resolve(name.into())), "{asked}");
        }
        for asked in [
            "npmjs.org",
            "evilnpmjs.org",
            "npmjs.org.evil.com",
            "registry.npmjs.org.evil.com",
            "registry-npmjs.org",
            "api.anthropic.com.evil.com",
            "evil.api.anthropic.com",
            "anthropic.com",
            "com",
            "localhost",
            "metadata",
        ] {
            assert_eq!(way(&list, asked), Err(Refusal::Unlisted), "{asked}");
        }
        for asked in [
            "api.anthropic.com:22",
            "registry.local",
            "registry.npmjs.org:8443",
            "x.example.org:443",
            "registry",
        ] {
            assert_eq!(way(&list, asked), Err(Refusal::Port), "{asked}");
        }
        for asked in ["127.0.0.1", "[::1]", "8.8.8.8", "[2606:4700::1111]"] {
            assert_eq!(way(&list, asked), Err(Refusal::Address), "{asked}");
        }
    }

    #[test]
    fn a_server_on_this_machine_is_reached_by_exactly_what_was_written() {
        let here = list(&["localhost:8080", "127.0.0.1:9090", "[::1]:7070"]);
        let addresses = |texts: &[&str]| {
            Ok(Way::Here(
                texts.iter().map(|text| text.parse().unwrap()).collect(),
            ))
        };
        assert_eq!(
            way(&here, "LOCALHOST:8080"),
            addresses(&["127.0.0.1:8080", "[::1]:8080"])
        );
        assert_eq!(way(&here, "127.0.0.1:9090"), addresses(&["127.0.0.1:9090"]));
        assert_eq!(way(&here, "[::1]:7070"), addresses(&["[::1]:7070"]));
        for asked in ["127.0.0.2:9090", "[::ffff:127.0.0.1]:9090", "8.8.8.8:9090"] {
            assert_eq!(way(&here, asked), Err(Refusal::Address), "{asked}");
        }
        for asked in ["127.0.0.1:8080", "[::1]:8080", "localhost:9090"] {
            assert_eq!(way(&here, asked), Err(Refusal::Port), "{asked}");
        }
        assert_eq!(way(&here, "x.localhost:8080"), Err(Refusal::Unlisted));
    }

    #[test]
    fn an_entry_that_means_nothing_or_too_much_is_no_entry() {
        for (entry, why) in [
            ("https://a.org", WhyNot::Url),
            ("a.org/path", WhyNot::Url),
            ("me@a.org", WhyNot::Url),
            ("*", WhyNot::Wildcard),
            ("*.com", WhyNot::Wildcard),
            ("*.", WhyNot::Host(NoHost::NoName)),
            ("a.*.org", WhyNot::Wildcard),
            ("*.*.org", WhyNot::Wildcard),
            ("*npmjs.org", WhyNot::Wildcard),
            ("*.localhost:80", WhyNot::Wildcard),
            ("8.8.8.8", WhyNot::Address),
            ("10.0.0.1:8080", WhyNot::Address),
            ("169.254.169.254:80", WhyNot::Address),
            ("2130706433:80", WhyNot::Address),
            ("*.0.0.1", WhyNot::Address),
            ("*.127.0.0.1:80", WhyNot::Address),
            ("[::ffff:127.0.0.1]:80", WhyNot::Address),
            ("0.0.0.0:80", WhyNot::Address),
            ("localhost", WhyNot::NoPort),
            ("127.0.0.1", WhyNot::NoPort),
            ("[::1]", WhyNot::NoPort),
            ("", WhyNot::Host(NoHost::NoName)),
            ("bücher.example", WhyNot::Host(NoHost::NoName)),
            ("a.org:0", WhyNot::Host(NoHost::NoPort)),
            ("::1", WhyNot::Host(NoHost::NoName)),
        ] {
            let error = HostList::parse(&[entry]).unwrap_err();
            assert_eq!((error.entry.as_str(), error.why), (entry, why));
        }
    }

    /// An address as a client may write it, in all spellings that resolvers take.
    fn spelled() -> impl Strategy<Value = String> {
        let number = |value: u32, how: u8| match how % 4 {
            0 => format!("{value}"),
            1 => format!("{value:#x}"),
            2 => format!("0{value:o}"),
            _ => format!("{value:#X}"),
        };
        let dotted = (
            any::<[u8; 4]>(),
            any::<[u8; 4]>(),
            1..=4usize,
            any::<bool>(),
        )
            .prop_map(move |(bytes, hows, parts, dot)| {
                let (first, rest) = bytes.split_at(parts - 1);
                let last = rest
                    .iter()
                    .fold(0, |sum, byte| (sum << 8) | u32::from(*byte));
                let all = first.iter().map(|byte| u32::from(*byte)).chain([last]);
                let all: Vec<_> = all.zip(hows).map(|(part, how)| number(part, how)).collect();
                format!("{}{}", all.join("."), if dot { "." } else { "" })
            });
        let sixes = any::<u128>().prop_map(|bits| format!("[{}]", Ipv6Addr::from_bits(bits)));
        let mapped = any::<u32>()
            .prop_map(|bits| format!("[{}]", Ipv4Addr::from_bits(bits).to_ipv6_mapped()));
        prop_oneof![dotted, sixes, mapped]
    }

    proptest! {
        #[test]
        fn no_list_of_names_lets_an_address_pass(
            host in spelled(),
            port in 1..=u16::MAX,
            names in prop::collection::vec("(\\*\\.)?[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){0,3}(:[1-9][0-9]{0,3})?", 0..6),
        ) {
            // What cannot be an entry is left out; what can must not be an address.
            let names: Vec<_> = names.into_iter().filter(|name| HostList::parse(&[name]).is_ok()).collect();
            let list = HostList::parse(&names).unwrap();
            if let Ok(host) = Host::parse(&host) {
                prop_assert!(!matches!(host, Host::Name(_)), "{host:?}");
                prop_assert!(list.way(&host, port).is_err(), "{host} by {names:?}");
            }
        }

        #[test]
        fn no_entry_is_an_address_of_another_machine(host in spelled(), port in 1..=u16::MAX) {
            if let Ok(list) = HostList::parse(&[format!("{host}:{port}")]) {
                let Ok(Way::Here(addresses)) = list.way(&Host::parse(&host).unwrap(), port) else {
                    panic!("{host} is an entry that permits nothing");
                };
                prop_assert!(addresses.iter().all(|address| address.ip().is_loopback()));
            }
        }

        #[test]
        fn nothing_that_is_written_breaks_the_reader(text in ".{0,40}") {
            drop(HostList::parse(&[&text]));
            drop(split(&text));
        }
    }
}
