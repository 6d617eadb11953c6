//! What a client may write where a host belongs: a name, or an address.
//!
//! An address has many spellings that resolvers take (`2130706433`, `0x7f.1`, `017700000001`, `0`).
//! Any host whose last label is a number is one of them, by the rule of the WHATWG URL standard
//! ("ends in a number"), since no top level domain is one. Names are ASCII; an international name
//! is written in its `xn--` form.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The longest name that the domain name system has, in bytes (RFC 1035, section 3.1).
pub(super) const LONGEST_NAME: usize = 253;

/// The longest label of a name, in bytes.
const LONGEST_LABEL: usize = 63;

/// A host as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// A name, in lower case and without the trailing dot.
    Name(String),
    /// An address, in its plain spelling.
    Address(IpAddr),
}

/// Why a text is no host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoHost {
    /// It is neither a name nor an address.
    #[error("it is no host name")]
    NoName,
    /// It is a number that a resolver would take for an address.
    #[error("it is an address in disguise")]
    Disguise,
    /// What follows the colon is no port.
    #[error("it has no port between 1 and 65535")]
    NoPort,
}

impl Host {
    /// Reads a host: a name, a dotted IPv4 address, or an IPv6 address in brackets.
    pub(super) fn parse(text: &str) -> Result<Self, NoHost> {
        if let Some(inside) = text.strip_prefix('[') {
            let inside = inside.strip_suffix(']').ok_or(NoHost::NoName)?;
            let address = inside.parse::<Ipv6Addr>().ok().ok_or(NoHost::NoName)?;
            return Ok(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let label_is_good = |label: &str| {
            let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            (1..=LONGEST_LABEL).contains(&label.len()) && label.bytes().all(inner)
        };
        if name.len() > LONGEST_NAME || !name.split('.').all(label_is_good) {
            return Err(NoHost::NoName);
        }
        if let Ok(address) = name.parse() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        if name.rsplit('.').next().is_some_and(is_number) {
            return Err(NoHost::Disguise);
        }
        Ok(Self::Name(name))
    }
}

/// Whether a resolver could read this label as a part of an address.
fn is_number(label: &str) -> bool {
    let digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits(label) || label.strip_prefix("0x").is_some_and(hexadecimal)
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Splits `host:port`, of which either may be an IPv6 address in brackets; the port may be missing.
pub(super) fn split(authority: &str) -> Result<(Host, Option<u16>), NoHost> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = port.map(read_port).transpose()?;
    Ok((Host::parse(host)?, port))
}

/// Reads a port: digits only, which `str::parse` alone does not ask for.
fn read_port(text: &str) -> Result<u16, NoHost> {
    text.parse()
        .ok()
        .filter(|port| *port != 0 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .ok_or(NoHost::NoPort)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_seen_in_every_spelling() {
        for disguise in [
            "2130706433",
            "0",
            "127.1",
            "127.0.1",
            "0x7f.1",
            "0x7f000001",
            "0X7F.0.0.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.01",
            "1.2.3.4.5",
            "256.256.256.256",
            "a.0x",
            "127.0.0.0x1",
            "4294967296",
            "name.1",
            "0x",
        ] {
            assert_eq!(Host::parse(disguise), Err(NoHost::Disguise), "{disguise}");
        }
        for (plain, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("[::1]", "::1"),
            ("[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
            ("[0:0:0:0:0:0:0:1]", "::1"),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(Host::parse(plain), Ok(Host::Address(address)), "{plain}");
        }
    }

    #[test]
    fn a_name_is_taken_in_one_spelling_or_not_at_all() {
        let long = format!("{}.org", "a".repeat(64));
        let longer = ["abcdefg"; 33].join(".");
        for bad in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "a/b",
            "a@b",
            "a%2eb",
            "ä.org",
            "１.1.1.1",
            "::1",
            "a\0b",
            "[::1",
            "[::1%eth0]",
            "[a.org]",
            "*.org",
            "a.org..",
            &long,
            &longer,
            "a:b",
        ] {
            assert_eq!(Host::parse(bad), Err(NoHost::NoName), "{bad:?}");
        }
        for (name, expected) in [
            ("API.Example.COM.", "api.example.com"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("1and1.com", "1and1.com"),
            ("0xabc.org", "0xabc.org"),
            ("a_b.org", "a_b.org"),
            ("0xcafeg", "0xcafeg"),
        ] {
            assert_eq!(Host::parse(name), Ok(Host::Name(expected.into())), "{name}");
        }
    }

    #[test]
    fn a_port_is_a_number_that_has_a_meaning() {
        let name = |name: &str| Host::Name(name.into());
        assert_eq!(split("a.org:443"), Ok((name("a.org"), Some(443))));
        assert_eq!(split("a.org"), Ok((name("a.org"), None)));
        assert_eq!(split("[::1]").map(|(_, port)| port), Ok(None));
        assert_eq!(split("[::1]:80").map(|(_, port)| port), Ok(Some(80)));
        for bad in [
            "a.org:",
            "a.org:0",
            "a.org:65536",
            "a.org:+1",
            "a.org: 1",
            "a.org:http",
        ] {
            assert_eq!(split(bad), Err(NoHost::NoPort), "{bad}");
        }
        assert_eq!(split("a.org:1:2"), Err(NoHost::NoName));
    }
}
