//! What a ticket requires of the machine: programs and their versions, services, files, variables.
//!
//! Plain facts: how they are written, and how versions compare. Whether they are met is looked at
//! by whoever runs the night.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One requirement of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Requirement {
    /// A program on `PATH`, such as `docker` or `node >= 20`.
    Tool {
        /// Its name.
        name: String,
        /// What its version must be; `None` when any will do.
        version: Option<Wanted>,
    },
    /// Something that listens, such as `service:localhost:5432`: host and port.
    Service(String),
    /// A file or folder that is there, such as `file:~/.config/x`: absolute, or below `~/`.
    File(String),
    /// A variable that is set and not empty, such as `env:DATABASE_URL`.
    Variable(String),
}

/// A version that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wanted {
    relation: Relation,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Relation {
    AtLeast,
    MoreThan,
    AtMost,
    LessThan,
    Exactly,
}

/// Longest first, so that `>=` is not read as `>`.
const RELATIONS: [(&str, Relation); 6] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    ("==", Relation::Exactly),
    (">", Relation::MoreThan),
    ("<", Relation::LessThan),
    ("=", Relation::Exactly),
];

/// The numbers of a version, such as 20.11.1.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version(Vec<u64>);

/// Why a text is no requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a requirement: {reason}")]
pub struct BadRequirement {
    /// The text as given (cut at 80 characters).
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Wanted {
    /// Returns whether a version that was found will do. Only as many numbers count as are wanted:
    /// `= 20` and `<= 20` hold for 20.11, and `> 20` does not.
    pub fn holds(&self, found: &Version) -> bool {
        let wanted = &self.version.0;
        let found = found.0.iter().copied().chain(std::iter::repeat(0));
        let order = found.take(wanted.len()).cmp(wanted.iter().copied());
        match self.relation {
            Relation::AtLeast => order != Ordering::Less,
            Relation::MoreThan => order == Ordering::Greater,
            Relation::AtMost => order != Ordering::Greater,
            Relation::LessThan => order == Ordering::Less,
            Relation::Exactly => order == Ordering::Equal,
        }
    }
}

impl Version {
    /// Returns the first version that a program's words name: a number with a dot in it that is no
    /// part of a word (`v20.1` is none), else the first number at all.
    pub fn first_in(text: &str) -> Option<Self> {
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        let mut first = None;
        let mut before = ' ';
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
            let (skipped, number) = rest.split_at_checked(at)?;
            let mut back = skipped.chars().rev();
            let last = back.next().unwrap_or(before);
            let second = back.next().unwrap_or(before);
            let end = number.find(|c| !is_number(c)).unwrap_or(number.len());
            let (number, behind) = number.split_at_checked(end)?;
            let is_alone =
                !last.is_alphanumeric() || (matches!(last, 'v' | 'V') && !second.is_alphanumeric());
            let number = number.trim_end_matches('.');
            let version: Self = number.parse().ok()?;
            if is_alone && number.contains('.') {
                return Some(version);
            }
            first = first.or(Some(version));
            before = '0';
            rest = behind;
        }
        first
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.split('.').map(|part| {
            let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            // More digits than any version has: large, whatever they are.
            is_number
                .then(|| part.parse().unwrap_or(u64::MAX))
                .ok_or(())
        });
        numbers.collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.0.iter().map(u64::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl FromStr for Requirement {
    type Err = BadRequirement;

    fn from_str(text: &str) -> Result<Self, BadRequirement> {
        let text = text.trim();
        let bad = |reason| BadRequirement {
            text: text.chars().take(80).collect(),
            reason,
        };
        if text.chars().any(char::is_control) {
            return Err(bad("it has control characters"));
        }
        match text.split_once(':') {
            Some(("service", address)) => service(address).map_err(bad),
            Some(("file", path)) => {
                let path = path.trim();
                if path.starts_with('/') || path.starts_with("~/") {
                    Ok(Self::File(path.to_owned()))
                } else {
                    Err(bad("a file is an absolute path, or one below `~/`"))
                }
            }
            Some(("env", name)) => {
                let name = name.trim();
                let ordinary = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let is_name = !name.is_empty()
                    && name.chars().all(ordinary)
                    && !name.starts_with(|c: char| c.is_ascii_digit());
                is_name
                    .then(|| Self::Variable(name.to_owned()))
                    .ok_or_else(|| bad("the name of a variable has letters, digits and `_`"))
            }
            Some(_) => Err(bad(
                "only `service:`, `file:` and `env:` may stand before a colon",
            )),
            None => tool(text).map_err(bad),
        }
    }
}

fn service(address: &str) -> Result<Requirement, &'static str> {
    let address = address.trim();
    let (host, port) = address
        .rsplit_once(':')
        .ok_or("a service has a host and a port")?;
    let is_bare_six = host.contains(':') && !(host.starts_with('[') && host.ends_with(']'));
    if host.is_empty() || host.contains(char::is_whitespace) || is_bare_six {
        return Err("the host is a name, an address, or an IPv6 address in brackets");
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err("the port is a number from 1 to 65535");
    }
    Ok(Requirement::Service(address.to_owned()))
}

fn tool(text: &str) -> Result<Requirement, &'static str> {
    let end = text
        .find(|c: char| c.is_whitespace() || "<>=!~^".contains(c))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let ordinary = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.is_empty() || !name.chars().all(ordinary) || name.starts_with(['-', '.']) {
        return Err("a tool is the name of a program, such as `node`, without a path");
    }
    let rest = rest.trim();
    let version = if rest.is_empty() {
        None
    } else {
        let (relation, version) = RELATIONS
            .iter()
            .find_map(|(sign, relation)| Some((*relation, rest.strip_prefix(sign)?)))
            .ok_or("between tool and version stands `>=`, `>`, `<=`, `<` or `=`")?;
        let version = version.trim().trim_start_matches('v');
        let version = version
            .parse()
            .map_err(|()| "a version is numbers with dots between, such as `20` or `3.12.1`")?;
        Some(Wanted { relation, version })
    };
    Ok(Requirement::Tool {
        name: name.to_owned(),
        version,
    })
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tool {
                name,
                version: None,
            } => f.write_str(name),
            Self::Tool {
                name,
                version: Some(wanted),
            } => {
                let sign = RELATIONS
                    .iter()
                    .rev()
                    .find(|(_, relation)| *relation == wanted.relation)
                    .map_or("", |(sign, _)| sign);
                write!(f, "{name} {sign} {}", wanted.version)
            }
            Self::Service(address) => write!(f, "service:{address}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

impl TryFrom<String> for Requirement {
    type Error = BadRequirement;

    fn try_from(text: String) -> Result<Self, BadRequirement> {
        text.parse()
    }
}

impl From<Requirement> for String {
    fn from(requirement: Requirement) -> Self {
        requirement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_as_people_write_them_and_bad_ones_say_why() {
        for (text, read) in [
            ("docker", "docker"),
            ("node >= 20", "node >= 20"),
            ("node>=v20.1", "node >= 20.1"),
            ("python3.12", "python3.12"),
            ("g++ == 12", "g++ = 12"),
            ("service:localhost:5432", "service:localhost:5432"),
            ("service: [::1]:80", "service:[::1]:80"),
            ("file:~/.config/x", "file:~/.config/x"),
            ("env:DATABASE_URL", "env:DATABASE_URL"),
        ] {
            assert_eq!(text.parse::<Requirement>().unwrap().to_string(), read);
        }
        for (text, reason) in [
            ("", "name of a program"),
            ("./x", "name of a program"),
            ("-rf", "name of a program"),
            ("a/b", "name of a program"),
            ("node 20", "between tool and version"),
            ("node ~= 20", "between tool and version"),
            ("node >= new", "numbers with dots"),
            ("node >= 1..2", "numbers with dots"),
            ("service:localhost", "a host and a port"),
            ("service:localhost:0", "1 to 65535"),
            ("service:::1:80", "in brackets"),
            ("file:x", "absolute"),
            ("env:1X", "letters, digits"),
            ("http://x", "before a colon"),
            ("node\u{1b}[2J", "control characters"),
        ] {
            let error = text.parse::<Requirement>().unwrap_err();
            assert!(error.reason.contains(reason), "{text:?}: {error}");
        }
    }

    #[test]
    fn versions_are_found_in_what_programs_print() {
        for (text, found) in [
            ("v20.11.1\n", "20.11.1"),
            ("git version 2.47.3", "2.47.3"),
            ("Python 3.12.1", "3.12.1"),
            (
                "bzip2, a block-sorting file compressor.  Version 1.0.8, 13-Jul",
                "1.0.8",
            ),
            ("go version go1.22.1 linux/amd64", "1.22.1"),
            ("openjdk 21.0.2 2024-01-16", "21.0.2"),
            ("docker version 27", "27"),
            ("less 608.", "608"),
        ] {
            assert_eq!(
                Version::first_in(text).unwrap().to_string(),
                found,
                "{text}"
            );
        }
        assert_eq!(Version::first_in("no such option"), None);
    }

    #[test]
    fn as_many_numbers_count_as_are_wanted() {
        for (wanted, found, holds) in [
            ("x >= 20", "20.0.1", true),
            ("x >= 20", "19.9", false),
            ("x >= 20.1", "20", false),
            ("x >= 3.9", "3.12", true),
            ("x > 20", "20.11", false),
            ("x > 20", "21", true),
            ("x <= 20", "20.11", true),
            ("x < 20", "20.0", false),
            ("x < 20", "19.99", true),
            ("x = 20", "20.11", true),
            ("x = 20.1", "20.11", false),
        ] {
            let Requirement::Tool {
                version: Some(wanted_version),
                ..
            } = wanted.parse().unwrap()
            else {
                panic!("{wanted}");
            };
            let found_version = found.parse().unwrap();
            assert_eq!(
                wanted_version.holds(&found_version),
                holds,
                "{wanted} {found}"
            );
        }
    }
}
