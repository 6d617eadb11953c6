//! A night in which a bit of everything happens, made of five texts: the events of `night.jsonl`,
//! in which `@0` to `@4` stand for them.

use std::time::Duration;

use nightshift::{
    clock::{BootTime, Now},
    machine::{Event, State},
};
use serde_json::Value;

const EVENTS: &str = include_str!("night.jsonl");
/// How many texts it is made of.
pub(super) const TEXTS: usize = 5;

/// Returns the events, made of these texts.
pub(super) fn events(texts: &[String; TEXTS]) -> impl Iterator<Item = Value> {
    EVENTS.lines().map(move |line| {
        let mut event =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        fill(&mut event, texts);
        event
    })
}

/// Returns the state after all of them.
pub(super) fn played(texts: &[String; TEXTS]) -> State {
    let mut state = State::default();
    for (minute, event) in events(texts).enumerate() {
        let event: Event = serde_json::from_value(event.clone())
            .unwrap_or_else(|error| panic!("{event}: {error}"));
        state
            .evolve(&at(minute), &event)
            .unwrap_or_else(|error| panic!("{event:?}: {error}"));
    }
    state
}

/// Returns both clocks, so many minutes after the night began.
pub(super) fn at(minute: usize) -> Now {
    let since = Duration::from_secs(60) * u32::try_from(minute).unwrap_or(u32::MAX);
    let began: jiff::Timestamp = "2026-11-20T22:05:00Z".parse().unwrap();
    Now {
        at: began + since,
        boot: BootTime {
            id: "boot".to_owned(),
            ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        },
    }
}

/// Returns the log that the night's red gate left.
pub(super) fn log(texts: &[String; TEXTS]) -> Vec<u8> {
    texts.concat().into_bytes()
}

fn fill(value: &mut Value, texts: &[String; TEXTS]) {
    match value {
        Value::String(text) => {
            if text == "@log" {
                *text = blake3::hash(&log(texts)).to_hex().to_string();
            } else if let Some(number) = text.strip_prefix('@') {
                let number: usize = number.parse().unwrap_or_default();
                *text = texts.get(number).cloned().unwrap_or_default();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, texts)),
        Value::Object(fields) => fields.values_mut().for_each(|item| fill(item, texts)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
