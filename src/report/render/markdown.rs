//! The report as Markdown, by a template that a repository may replace.
//!
//! Whatever a template prints is escaped for prose unless a filter made it safe for another place
//! (`code`, `cell`, `code_cell`, `block`, `raw_line`): a template that forgets a filter is ugly,
//! never dangerous. Texts of tickets are values, they are never rendered *as* a template.

use jiff::Timestamp;
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value,
    syntax::SyntaxConfig,
    value::{Serde, ValueKind},
};

use super::{align::align, escape};
use crate::report::model::Model;

/// The template that is used where the repository has none.
const TEMPLATE: &str = include_str!("../../../templates/night-report.md.j2");
/// Its name in errors.
const NAME: &str = "night-report.md.j2";
/// How many steps a template may take: enough for a hundred thousand tickets, and an end for a
/// template that would never find one.
const FUEL: u64 = 30_000_000;

/// Why a template did not render; the source names the line.
#[derive(Debug, thiserror::Error)]
#[error("the report's template does not render")]
pub struct TemplateError(#[from] Error);

/// Returns the report as Markdown; `template` replaces the built-in one.
///
/// # Errors
/// The template cannot be parsed, names what is not there, or takes too many steps.
pub fn markdown(model: &Model, template: Option<&str>) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(|out, _, value| match value.kind() {
        ValueKind::Number | ValueKind::Bool => Ok(write!(out, "{value}")?),
        _ if value.is_safe() => Ok(write!(out, "{value}")?),
        _ => Ok(out.write_str(&printed(&text(value)))?),
    });
    environment.add_filter("code", |value: &Value| safe(escape::code(&text(value))));
    environment.add_filter("cell", |value: &Value| safe(escape::cell(&text(value))));
    environment.add_filter("code_cell", |value: &Value| {
        safe(escape::code_cell(&text(value)))
    });
    environment.add_filter("block", |value: &Value| safe(escape::block(&text(value))));
    environment.add_filter("raw_line", |value: &Value| safe(escape::line(&text(value))));
    environment.add_filter("sentence", |value: &Value| safe(sentence(value)));
    environment.add_filter("capital", |value: &Value| capital(&text(value)));
    environment.add_filter("align", |value: &Value| safe(align(&text(value))));
    environment.add_filter("short", |value: &Value, most: usize| {
        escape::short(&text(value), most)
    });
    environment.add_filter("duration", duration);
    environment.add_filter("moment", moment);
    environment.add_filter("grouped", grouped);
    environment.add_filter("dollars", |value: f64| format!("{value:.2} USD"));
    environment.add_template(NAME, template.unwrap_or(TEMPLATE))?;
    Ok(environment.get_template(NAME)?.render(Serde(model))?)
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns prose that keeps apart from what stands beside it as the text does.
fn printed(text: &str) -> String {
    let space = |is: bool| if is { " " } else { "" };
    let prose = escape::prose(text);
    let before = space(text.starts_with(char::is_whitespace));
    let after = space(text.ends_with(char::is_whitespace) && !prose.is_empty());
    format!("{before}{prose}{after}")
}

fn safe(text: String) -> Value {
    Value::from_safe_string(text)
}

/// Returns prose that ends as a sentence does.
fn sentence(value: &Value) -> String {
    let prose = escape::prose(&text(value));
    if prose.is_empty() || prose.ends_with(['.', '!', '?', '…']) {
        prose
    } else {
        prose + "."
    }
}

/// Returns a text that begins with a capital letter. For sentences of our own: what somebody else
/// wrote may begin with the name of a command.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next();
    let first = first.into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// Returns milliseconds as people say them.
fn duration(ms: u64) -> String {
    let seconds = ms / 1000;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{ms} ms"),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Returns a number with its digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns an RFC 3339 time to the minute, in UTC.
fn moment(value: &Value) -> Result<String, Error> {
    let text = text(value);
    let at: Timestamp = text.parse().map_err(|error| {
        Error::new(ErrorKind::InvalidOperation, "`moment` wants a time").with_source(error)
    })?;
    Ok(at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
