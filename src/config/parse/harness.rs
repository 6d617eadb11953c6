//! `[harness.NAME]`: what an agent is, and how its output is read.

use std::{collections::BTreeMap, path::PathBuf};

use regex::Regex;
use toml::de::{DeTable, DeValue};

use super::{
    super::{
        HarnessConfig, HarnessKind, Prices, PromptBy,
        walk::{Key, Value, Walk},
    },
    section, without_places,
};
use crate::harness::event::WeatherKind;

pub(super) const HARNESS: [&str; 10] = [
    "command", "prompt", "stories", "account", "env", "weather", "prices", "resume", "events",
    "exit",
];
pub(super) const WEATHER: [&str; 6] = ["limit", "overload", "network", "login", "billing", "model"];
pub(super) const PRICES: [&str; 3] = ["input", "cached", "output"];

pub(super) fn harnesses(
    walk: &mut Walk<'_>,
    table: &DeTable<'_>,
    harnesses: &mut BTreeMap<String, HarnessConfig>,
) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
            walk.error(
                "bad-value",
                key.span(),
                format!("`{name}` cannot be the name of a harness"),
                "use 1 to 64 letters, digits, `.`, `_` and `-`",
            );
            continue;
        }
        let Some(table) = walk.table(key, value) else {
            continue;
        };
        if let Some(harness) = harness(walk, key, table) {
            harnesses.insert(name.to_owned(), harness);
        }
    }
}

/// Returns a harness, or `None` when it has no usable command and no usable stories.
fn harness(walk: &mut Walk<'_>, name: &Key<'_>, table: &DeTable<'_>) -> Option<HarnessConfig> {
    let mut prompt = None;
    let mut env = BTreeMap::new();
    let mut weather = BTreeMap::new();
    let mut prices = PriceList::default();
    let mut resume = Vec::new();
    let mut resume_at = None;
    let mut account = None;
    let mut events = None;
    let mut exit = vec![0];
    for (key, value) in table {
        match &**key.get_ref() {
            "command" | "stories" => {}
            "prompt" => {
                let choices = [
                    ("stdin", PromptBy::Stdin),
                    ("file", PromptBy::File),
                    ("arg", PromptBy::Arg),
                ];
                prompt = walk.choice(key, value, &choices).map(|by| (by, key.span()));
            }
            "account" => account = walk.text(key, value, "work"),
            "env" => section(walk, key, value, &mut env, variables),
            "weather" => section(walk, key, value, &mut weather, patterns),
            "prices" => section(walk, key, value, &mut prices, price_list),
            "events" => {
                events = walk
                    .table(key, value)
                    .and_then(|table| super::events::events(walk, key, table));
            }
            "exit" => exit = codes(walk, key, value).unwrap_or(exit),
            "resume" => {
                resume_at = Some(key.span());
                let words = walk.texts(key, value, "--resume", false);
                resume = words.map(without_places).unwrap_or_default();
                if !resume.iter().any(|word| word.contains("{session}")) {
                    walk.error(
                        "bad-value",
                        value.span(),
                        "`resume` does not say where the session's name goes",
                        "write it as in [\"--resume\", \"{session}\"]",
                    );
                }
            }
            _ => walk.unknown(key, &format!("harness.{}", name.get_ref()), &HARNESS),
        }
    }
    let is_list = table
        .get("command")
        .is_some_and(|command| command.get_ref().is_array());
    if let Some(span) = resume_at.filter(|_| !is_list) {
        walk.error(
            "bad-value",
            span,
            "`resume` needs a `command` that is a list, to add its words to",
            "write the command as a list, or take the line out",
        );
    }
    let kind = match (
        table.get_key_value("command"),
        table.get_key_value("stories"),
    ) {
        (Some((key, value)), None) => {
            let by = prompt.map(|(by, _)| by).unwrap_or_default();
            command(walk, key, value, by)
        }
        (None, Some((key, value))) => {
            if let Some((_, span)) = prompt {
                walk.error(
                    "bad-value",
                    span,
                    "`prompt` means nothing for a harness with `stories`",
                    "take the line out",
                );
            }
            walk.text(key, value, "stories")
                .map(|stories| HarnessKind::Script {
                    stories: PathBuf::from(stories),
                })
        }
        (Some(_), Some((stories, _))) => {
            walk.error(
                "bad-value",
                stories.span(),
                "a harness has either `command` or `stories`, not both",
                "take one of the two out",
            );
            None
        }
        (None, None) => {
            walk.error(
                "empty-harness",
                name.span(),
                format!("the harness `{}` does not say what it runs", name.get_ref()),
                "add `command = [\"my-agent\", \"--file\", \"{prompt_file}\"]`",
            );
            None
        }
    };
    Some(HarnessConfig {
        kind: kind?,
        account,
        env,
        weather,
        prices: prices.complete(),
        resume,
        events,
        exit,
    })
}

fn command(
    walk: &mut Walk<'_>,
    key: &Key<'_>,
    value: &Value<'_>,
    prompt: PromptBy,
) -> Option<HarnessKind> {
    let before = walk.found.len();
    let texts = walk.texts(key, value, "my-agent", true)?;
    if walk.found.len() > before {
        return None;
    }
    let mut command = without_places(texts);
    if let DeValue::String(_) = value.get_ref() {
        command.splice(..0, ["sh".to_owned(), "-c".to_owned()]);
        if prompt == PromptBy::Arg {
            // The first argument after the script is its `$0`: the prompt must become `$1`.
            command.push("sh".to_owned());
        }
    }
    if command.is_empty() {
        walk.error(
            "empty-value",
            value.span(),
            "`command` is empty",
            "write the program and its arguments, such as [\"my-agent\"]",
        );
        return None;
    }
    Some(HarnessKind::Command { command, prompt })
}

/// Exit codes, 0 to 255.
fn codes(walk: &mut Walk<'_>, key: &Key<'_>, value: &Value<'_>) -> Option<Vec<i32>> {
    let numbers = value.get_ref().as_array().map(|list| {
        let number = |value: &Value<'_>| value.get_ref().as_integer()?.as_str().parse::<u8>().ok();
        list.iter().map(number).collect::<Option<Vec<u8>>>()
    });
    let Some(Some(codes)) = numbers else {
        walk.wrong(key, value, "a list of exit codes, 0 to 255", "`exit = [0]`");
        return None;
    };
    Some(codes.into_iter().map(i32::from).collect())
}

fn variables(walk: &mut Walk<'_>, table: &DeTable<'_>, env: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let name: &str = key.get_ref();
        if name.is_empty() || name.contains(['=', '\0']) {
            walk.error(
                "bad-value",
                key.span(),
                format!("`{name}` cannot be the name of a variable"),
                "use letters, digits and `_`",
            );
            continue;
        }
        match value.get_ref() {
            // An empty variable is a meaning of its own: it hides an inherited one.
            DeValue::String(text) if !text.contains('\0') => {
                env.insert(name.to_owned(), text.to_string());
            }
            _ => {
                let how = format!("`{name} = \"…\"`, in quotes");
                walk.wrong(key, value, "a text without NUL bytes", &how);
            }
        }
    }
}

/// Reads regular expressions, by the kind of weather that they are for.
fn patterns(
    walk: &mut Walk<'_>,
    table: &DeTable<'_>,
    weather: &mut BTreeMap<WeatherKind, Vec<String>>,
) {
    for (key, value) in table {
        let kind = match &**key.get_ref() {
            "limit" => WeatherKind::Limit,
            "overload" => WeatherKind::Overload,
            "network" => WeatherKind::Network,
            "login" => WeatherKind::Login,
            "billing" => WeatherKind::Billing,
            "model" => WeatherKind::Model,
            _ => {
                walk.unknown(key, "weather", &WEATHER);
                continue;
            }
        };
        for (pattern, span) in walk
            .texts(key, value, "(?i)quota used up", false)
            .unwrap_or_default()
        {
            match check_pattern(&pattern) {
                Ok(()) => weather.entry(kind).or_default().push(pattern),
                Err(reason) => walk.error(
                    "bad-pattern",
                    span,
                    format!("`{pattern}` is not a usable pattern: {reason}"),
                    "write a regular expression, such as '(?i)quota used up until (?<until>.+)'",
                ),
            }
        }
    }
}

/// Returns why a pattern cannot be used, in one line.
fn check_pattern(pattern: &str) -> Result<(), String> {
    match regex_syntax::Parser::new().parse(pattern) {
        Err(regex_syntax::Error::Parse(error)) => return Err(error.kind().to_string()),
        Err(regex_syntax::Error::Translate(error)) => return Err(error.kind().to_string()),
        Err(_) => return Err("it cannot be read".to_owned()),
        Ok(_) => {}
    }
    let built = Regex::new(pattern).map_err(|_too_big| "it is too large".to_owned())?;
    if built.is_match("") {
        return Err("it matches everything".to_owned());
    }
    Ok(())
}

#[derive(Default)]
struct PriceList {
    input: Option<u64>,
    cached: Option<u64>,
    output: Option<u64>,
}

impl PriceList {
    fn complete(&self) -> Option<Prices> {
        Some(Prices {
            input: self.input?,
            cached: self.cached,
            output: self.output?,
        })
    }
}

/// Reads US dollars for a million tokens.
fn price_list(walk: &mut Walk<'_>, table: &DeTable<'_>, prices: &mut PriceList) {
    let before = walk.found.len();
    for (key, value) in table {
        match &**key.get_ref() {
            "input" => prices.input = walk.dollars(key, value),
            "cached" => prices.cached = walk.dollars(key, value),
            "output" => prices.output = walk.dollars(key, value),
            _ => walk.unknown(key, "prices", &PRICES),
        }
    }
    let place = table.iter().next().map(|(key, _)| key.span());
    if let Some(place) = place.filter(|_| prices.complete().is_none() && walk.found.len() == before)
    {
        walk.error(
            "incomplete",
            place,
            "prices need both `input` and `output`",
            "write both, in US dollars for a million tokens, such as `input = 3.00`",
        );
    }
}
