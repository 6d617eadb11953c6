//! `nightshift.toml`: which keys there are and what each may say.
//!
//! Every problem of a file is found in one go: a bad value is noted and its default stays, an
//! unknown key is noted with the nearest known one. Only broken TOML ends the reading, at its
//! first error, because what follows it cannot be trusted.

mod budget;
mod events;
mod harness;
mod sandbox;

use std::ops::Range;

use toml::de::DeTable;

use super::{
    Agent, Config, Gate, GatePlace, Night, Rooms,
    walk::{Key, Value, Walk},
};
use crate::diagnostic::{Diagnostic, Source};

const TOP: [&str; 9] = [
    "backlog", "policy", "agent", "harness", "gate", "night", "budget", "rooms", "sandbox",
];
const AGENT: [&str; 5] = ["harness", "model", "timeout", "silence", "attempts"];
const GATE: [&str; 6] = ["run", "timeout", "protect", "where", "network", "env"];
const NIGHT: [&str; 2] = ["length", "lanes"];
const ROOMS: [&str; 3] = ["setup", "copy", "largest_file"];

/// Reads a configuration. What could not be used has its default and a diagnostic, in the order
/// of the file.
pub fn parse(source: &Source) -> (Config, Vec<Diagnostic>) {
    let mut walk = Walk::new(source);
    let mut config = Config::default();
    match DeTable::parse(&source.text) {
        Ok(table) => top(&mut walk, table.get_ref(), &mut config),
        Err(error) => walk.error(
            "toml-syntax",
            error.span().unwrap_or(0..0),
            format!("this is not TOML: {}", error.message()),
            "a line is `key = value`, a section is `[name]`, and texts stand in quotes",
        ),
    }
    let mut found = walk.found;
    found.sort_by_key(|diagnostic| diagnostic.primary.span.start);
    (config, found)
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn top(walk: &mut Walk<'_>, table: &DeTable<'_>, config: &mut Config) {
    for (key, value) in table {
        match &**key.get_ref() {
            "backlog" => set(&mut config.backlog, path(walk, key, value, "backlog")),
            "policy" => set(&mut config.policy, path(walk, key, value, "policy.toml")),
            "agent" => section(walk, key, value, &mut config.agent, agent),
            "harness" => section(walk, key, value, &mut config.harness, harness::harnesses),
            "gate" => section(walk, key, value, &mut config.gate, gate),
            "night" => section(walk, key, value, &mut config.night, night),
            "budget" => section(walk, key, value, &mut config.budget, budget::budgets),
            "rooms" => section(walk, key, value, &mut config.rooms, rooms),
            "sandbox" => section(walk, key, value, &mut config.sandbox, sandbox::sandbox),
            _ => walk.unknown(key, "", &TOP),
        }
    }
}

fn section<T>(
    walk: &mut Walk<'_>,
    key: &Key<'_>,
    value: &Value<'_>,
    place: &mut T,
    read: fn(&mut Walk<'_>, &DeTable<'_>, &mut T),
) {
    if let Some(table) = walk.table(key, value) {
        read(walk, table, place);
    }
}

fn path(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>, example: &str) -> Option<String> {
    let text = walk.text(key, value, example)?;
    walk.inside(&text, value.span())
}

fn agent(walk: &mut Walk<'_>, table: &DeTable<'_>, agent: &mut Agent) {
    for (key, value) in table {
        match &**key.get_ref() {
            "harness" => {
                let names = walk.texts(key, value, "claude", true);
                set(&mut agent.harness, names.map(without_places));
            }
            "model" => set(&mut agent.model, walk.text(key, value, "opus").map(Some)),
            "timeout" => set(&mut agent.timeout, walk.duration(key, value, "45m")),
            "silence" => set(&mut agent.silence, walk.duration(key, value, "10m")),
            "attempts" => set(&mut agent.attempts, walk.number(key, value, (1, 20))),
            _ => walk.unknown(key, "agent", &AGENT),
        }
    }
}

fn without_places(texts: Vec<(String, Range<usize>)>) -> Vec<String> {
    texts.into_iter().map(|(text, _)| text).collect()
}

fn gate(walk: &mut Walk<'_>, table: &DeTable<'_>, gate: &mut Gate) {
    let places = [("apart", GatePlace::Apart), ("bench", GatePlace::Bench)];
    for (key, value) in table {
        match &**key.get_ref() {
            "run" => set(&mut gate.run, walk.text(key, value, "cargo test").map(Some)),
            "timeout" => set(&mut gate.timeout, walk.duration(key, value, "20m")),
            "protect" => set(&mut gate.protect, walk.globs(key, value)),
            "where" => set(&mut gate.place, walk.choice(key, value, &places)),
            "network" => set(&mut gate.network, walk.boolean(key, value)),
            "env" => set(&mut gate.env, sandbox::variables(walk, key, value)),
            _ => walk.unknown(key, "gate", &GATE),
        }
    }
}

fn night(walk: &mut Walk<'_>, table: &DeTable<'_>, night: &mut Night) {
    for (key, value) in table {
        match &**key.get_ref() {
            "length" => set(&mut night.length, walk.duration(key, value, "8h")),
            "lanes" => match walk.number(key, value, (1, u32::MAX)) {
                Some(1) | None => {}
                Some(_) => walk.error(
                    "not-in-this-version",
                    value.span(),
                    "this version works one ticket at a time",
                    "write `lanes = 1`, or take the line out",
                ),
            },
            _ => walk.unknown(key, "night", &NIGHT),
        }
    }
}

fn rooms(walk: &mut Walk<'_>, table: &DeTable<'_>, rooms: &mut Rooms) {
    for (key, value) in table {
        match &**key.get_ref() {
            "setup" => {
                let commands = walk.texts(key, value, "npm ci", false);
                set(&mut rooms.setup, commands.map(without_places));
            }
            "copy" => {
                let texts = walk
                    .texts(key, value, ".env.test", false)
                    .unwrap_or_default();
                rooms.copy = texts
                    .into_iter()
                    .filter_map(|(text, span)| walk.inside(&text, span))
                    .collect();
            }
            "largest_file" => set(&mut rooms.largest_file, sandbox::size(walk, key, value)),
            _ => walk.unknown(key, "rooms", &ROOMS),
        }
    }
}

#[cfg(test)]
mod tests;
