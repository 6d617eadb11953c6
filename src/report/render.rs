//! The report as Markdown, by a template that a repository may replace, and as JSON.

use minijinja::{
    AutoEscape, Environment, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};

use super::{escape, sections::Model};

/// The template that is used where the repository has none.
const TEMPLATE: &str = include_str!("../../templates/night-report.md.j2");
/// How much work a template may be, so that a wrong one ends.
const FUEL: u64 = 50_000_000;

/// Why a template did not render.
#[derive(Debug, thiserror::Error)]
#[error("the report's template does not render")]
pub struct TemplateError(#[from] minijinja::Error);

/// Returns the report as Markdown; `template` replaces the built-in one.
///
/// # Errors
/// The template is wrong; its line is named.
pub fn markdown(model: &Model, template: Option<&str>) -> Result<String, TemplateError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.add_filter("prose", |text: &Value| escape::prose(&text.to_string()));
    environment.add_filter("sentence", |text: &Value| {
        escape::prose(&sentence(&text.to_string()))
    });
    environment.add_filter("code", |text: &Value| escape::code(&text.to_string()));
    environment.add_filter("block", |text: &Value| escape::block(&text.to_string()));
    environment.add_filter("time", |seconds: u64| time(seconds));
    environment.add_filter("shell", |text: &Value| shell(&text.to_string()));
    environment.add_template("night-report.md.j2", template.unwrap_or(TEMPLATE))?;
    Ok(environment
        .get_template("night-report.md.j2")?
        .render(Serde(model))?)
}

/// Returns the report as JSON.
pub fn json(model: &Model) -> String {
    // Serializing plain data to a string does not fail.
    serde_json::to_string_pretty(model).unwrap_or_default()
}

/// Returns a text that begins with a capital letter, unless it begins with a name.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn time(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// Returns a text as one word of a shell.
fn shell(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
