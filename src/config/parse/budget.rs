//! `[budget]`: what a ticket and the night may use up, and what a breach leads to.

use toml::de::DeTable;

use super::section;
use crate::config::{
    budget::{Budget, Budgets, NightBreach, TicketBreach},
    walk::{Key, Value, Walk},
};

const BUDGET: [&str; 4] = ["ticket", "night", "on_ticket", "on_night"];
const NIGHT: [&str; 6] = [
    "time",
    "turns",
    "input_tokens",
    "output_tokens",
    "cost",
    "attempts",
];
const TICKET: [&str; 9] = [
    "time",
    "turns",
    "input_tokens",
    "output_tokens",
    "cost",
    "attempts",
    "processes",
    "files",
    "lines",
];

pub(super) fn budgets(walk: &mut Walk<'_>, table: &DeTable<'_>, budgets: &mut Budgets) {
    let on_ticket = [("park", TicketBreach::Park), ("fail", TicketBreach::Fail)];
    let on_night = [("end", NightBreach::End), ("halt", NightBreach::Halt)];
    for (key, value) in table {
        match &**key.get_ref() {
            "ticket" => section(walk, key, value, &mut budgets.ticket, ticket),
            "night" => section(walk, key, value, &mut budgets.night, night),
            "on_ticket" => {
                budgets.on_ticket = walk.choice(key, value, &on_ticket).unwrap_or_default();
            }
            "on_night" => {
                budgets.on_night = walk.choice(key, value, &on_night).unwrap_or_default();
            }
            _ => walk.unknown(key, "budget", &BUDGET),
        }
    }
}

fn ticket(walk: &mut Walk<'_>, table: &DeTable<'_>, budget: &mut Budget) {
    for (key, value) in table {
        if one(walk, key, value, budget) {
            continue;
        }
        match &**key.get_ref() {
            "processes" => budget.processes = walk.number(key, value, (1, 1_000_000)),
            "files" => budget.files = walk.number(key, value, (1, u32::MAX)),
            "lines" => budget.lines = walk.number(key, value, (1, u32::MAX)),
            _ => walk.unknown(key, "budget.ticket", &TICKET),
        }
    }
}

fn night(walk: &mut Walk<'_>, table: &DeTable<'_>, budget: &mut Budget) {
    for (key, value) in table {
        if one(walk, key, value, budget) {
            continue;
        }
        match &**key.get_ref() {
            name @ ("processes" | "files" | "lines") => walk.error(
                "unknown-key",
                key.span(),
                format!("`{name}` bounds one attempt, and this is the night's budget"),
                "write it under `[budget.ticket]`",
            ),
            _ => walk.unknown(key, "budget.night", &NIGHT),
        }
    }
}

/// Reads a key that both budgets have; `false` when it is none.
fn one(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>, budget: &mut Budget) -> bool {
    match &**key.get_ref() {
        "time" => {
            let time = walk.duration(key, value, "2h");
            budget.work_ms = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        }
        "turns" => budget.turns = count(walk, key, value),
        "input_tokens" => budget.input_tokens = count(walk, key, value),
        "output_tokens" => budget.output_tokens = count(walk, key, value),
        "attempts" => budget.attempts = count(walk, key, value),
        "cost" => {
            let cost = walk.dollars(key, value);
            if cost == Some(0) {
                walk.error(
                    "bad-value",
                    value.span(),
                    "`cost` is nothing: no agent could work",
                    "write an amount of US dollars, or take the line out",
                );
            }
            budget.cost_micros = cost.filter(|cost| *cost > 0);
        }
        _ => return false,
    }
    true
}

fn count(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<u64> {
    walk.number(key, value, (1, u32::MAX)).map(u64::from)
}
