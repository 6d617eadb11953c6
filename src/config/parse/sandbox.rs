//! `[sandbox]`: the engine, what may be reached, read and written, and how much may be used.

use toml::de::DeTable;

use super::{
    super::{
        Engine, Network, Sandbox, parse_size,
        walk::{Key, Value, Walk},
    },
    set, without_places,
};

pub(super) const SANDBOX: [&str; 10] = [
    "engine",
    "network",
    "hosts",
    "read",
    "write",
    "env",
    "memory",
    "processes",
    "file_size",
    "allow_root",
];

pub(super) fn sandbox(walk: &mut Walk<'_>, table: &DeTable<'_>, sandbox: &mut Sandbox) {
    let engines = [
        ("auto", Engine::Auto),
        ("bwrap", Engine::Bwrap),
        ("landlock", Engine::Landlock),
        ("seatbelt", Engine::Seatbelt),
        ("off", Engine::Off),
    ];
    let networks = [("open", Network::Open), ("allow", Network::Allow)];
    let mut hosts_at = None;
    for (key, value) in table {
        match &**key.get_ref() {
            "engine" => set(&mut sandbox.engine, walk.choice(key, value, &engines)),
            "network" => set(&mut sandbox.network, walk.choice(key, value, &networks)),
            "hosts" => {
                hosts_at = Some(key.span());
                let hosts = walk.texts(key, value, "registry.npmjs.org", false);
                set(&mut sandbox.hosts, hosts.map(without_places));
            }
            "read" => set(&mut sandbox.read, places(walk, key, value)),
            "write" => set(&mut sandbox.write, places(walk, key, value)),
            "env" => set(&mut sandbox.env, variables(walk, key, value)),
            "memory" => set(&mut sandbox.memory, size(walk, key, value).map(Some)),
            "file_size" => set(&mut sandbox.file_size, size(walk, key, value).map(Some)),
            "processes" => {
                let number = walk.number(key, value, (16, 1_000_000));
                set(&mut sandbox.processes, number.map(Some));
            }
            "allow_root" => set(&mut sandbox.allow_root, walk.boolean(key, value)),
            _ => walk.unknown(key, "sandbox", &SANDBOX),
        }
    }
    if let Some(span) = hosts_at
        && sandbox.network == Network::Open
    {
        walk.error(
            "hosts-without-allow",
            span,
            "`hosts` says nothing while the network is open",
            "write `network = \"allow\"` as well, or take the line out",
        );
    }
}

/// Names of variables, such as `DATABASE_URL`.
pub(super) fn variables(
    walk: &mut Walk<'_>,
    key: &Key<'_>,
    value: &Value<'_>,
) -> Option<Vec<String>> {
    let texts = walk.texts(key, value, "DATABASE_URL", false)?;
    let mut names = Vec::new();
    for (name, span) in texts {
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        let is_a_trap = ["LD_", "DYLD_", "GIT_", "NIGHTSHIFT_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if !is_name {
            walk.error(
                "bad-value",
                span,
                format!("`{name}` is not the name of a variable"),
                "name variables only, such as `DATABASE_URL`; their values stay out of this file",
            );
        } else if is_a_trap {
            walk.error(
                "bad-value",
                span,
                format!("`{name}` would change which programs or repositories are used"),
                "it is never passed on; take it out",
            );
        } else {
            names.push(name);
        }
    }
    Some(names)
}

/// Folders and files of the machine.
fn places(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<Vec<String>> {
    let texts = walk.texts(key, value, "~/.cache/uv", false)?;
    let mut found = Vec::new();
    for (text, span) in texts {
        let is_whole = text.trim_end_matches('/').is_empty() || text.trim_end_matches('/') == "~";
        let climbs = text.split('/').any(|part| part == "..");
        if (text.starts_with('/') || text.starts_with("~/")) && !is_whole && !climbs {
            found.push(text);
        } else {
            walk.error(
                "bad-value",
                span,
                format!("`{text}` is not a place on this machine"),
                "write a path that begins with `/` or `~/`, without `..`, and not all of either",
            );
        }
    }
    Some(found)
}

pub(super) fn size(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<u64> {
    let text = walk.text(key, value, "4 GiB")?;
    let bytes = parse_size(&text).filter(|bytes| *bytes >= 1 << 20);
    if bytes.is_none() {
        walk.error(
            "bad-value",
            value.span(),
            format!("`{text}` is not a size of 1 MiB or more"),
            "write it as in `4 GiB`",
        );
    }
    bytes
}
