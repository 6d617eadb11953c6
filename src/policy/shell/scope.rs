//! What variables may hold, and what a word becomes.
//!
//! A variable that the line itself gives a literal value is put in; given several, each is tried.
//! Everything else about variables is unknown, and a [`Field`] says which of its letters are.

use std::collections::BTreeMap;

use super::{
    braces,
    syntax::{Part, Script, Simple, Word},
};

/// How many values of a variable are tried.
const MOST_VALUES: usize = 8;

/// One argument of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Field {
    /// Its letters; what is unknown is shown as it is written (`$X`).
    pub(super) text: String,
    /// Behind which byte all letters are known.
    unknown_to: usize,
    /// Whether it is a pattern over file names.
    pub(super) pattern: bool,
    /// Whether it stands for the output of a script (`<(…)`).
    pub(super) process: bool,
    /// Whether it is a program's text, not data.
    pub(super) code: bool,
}

impl Field {
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub(super) fn code(text: impl Into<String>) -> Self {
        Self {
            code: true,
            ..Self::literal(text)
        }
    }

    /// Returns a field nothing of which is known.
    pub(super) fn unknown(shown: &str) -> Self {
        Self {
            unknown_to: shown.len(),
            ..Self::literal(shown)
        }
    }

    /// Returns the field with another text, which is known as far as this one is.
    pub(super) fn with(&self, text: String) -> Self {
        let unknown_to = if self.known() { 0 } else { text.len() };
        Self {
            text,
            unknown_to,
            ..self.clone()
        }
    }

    /// Returns whether every letter is known.
    pub(super) fn known(&self) -> bool {
        self.unknown_to == 0
    }

    /// Returns what stands behind the last `/`, when that is known.
    pub(super) fn last_name(&self) -> Option<&str> {
        let slash = self.text.rfind('/').map_or(0, |at| at + 1);
        let name = self.text.get(slash..)?;
        (slash >= self.unknown_to && !name.is_empty()).then_some(name)
    }

    /// Returns the field without its first `bytes`.
    pub(super) fn behind(&self, bytes: usize) -> Self {
        Self {
            text: self.text.get(bytes..).unwrap_or_default().to_owned(),
            unknown_to: self.unknown_to.saturating_sub(bytes),
            ..self.clone()
        }
    }
}

/// What is known of the variables of a line.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// By name: the literal values, and whether there may be others.
    variables: BTreeMap<String, (Vec<String>, bool)>,
}

/// One value for each variable that has several.
pub(super) type Choice = BTreeMap<String, String>;

/// What words became.
#[derive(Default)]
pub(super) struct Expanded<'s> {
    pub(super) fields: Vec<Field>,
    /// The scripts that run while they are expanded.
    pub(super) scripts: Vec<&'s Script>,
}

impl Scope {
    /// Notes a value of a variable.
    pub(super) fn assign(&mut self, name: &str, value: Option<&Field>) {
        let (values, unknown) = self.variables.entry(name.to_owned()).or_default();
        match value {
            Some(field) if field.known() && !field.process => {
                if !values.contains(&field.text) {
                    values.push(field.text.clone());
                }
                *unknown |= values.len() > MOST_VALUES;
            }
            _ => *unknown = true,
        }
    }

    /// Returns whether anything was assigned.
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Returns every combination of the values that the variables of a command may have.
    pub(super) fn choices(&self, simple: &Simple) -> Vec<Choice> {
        let mut choices = vec![Choice::new()];
        if self.is_empty() {
            return choices;
        }
        let mut names = Vec::new();
        let assigned = simple.assigned.iter().map(|(_, word)| word);
        assigned
            .chain(&simple.words)
            .for_each(|word| variables(word, &mut names));
        for name in names {
            let Some((values, false)) = self.variables.get(name) else {
                continue;
            };
            let known = choices.iter().any(|choice| choice.contains_key(name));
            if known || values.len() * choices.len() > MOST_VALUES {
                continue;
            }
            let mut more = Vec::new();
            for value in values {
                more.extend(choices.iter().cloned().map(|mut choice| {
                    choice.insert(name.to_owned(), value.clone());
                    choice
                }));
            }
            choices = more;
        }
        choices
    }

    /// Returns the value of a variable: `Err` when it is unknown, `None` when nothing is.
    fn value<'a>(&'a self, name: &str, choice: &'a Choice) -> Result<Option<&'a str>, ()> {
        if let Some(value) = choice.get(name) {
            return Ok(Some(value));
        }
        match (self.variables.get(name), name) {
            (Some(_), _) => Err(()),
            (None, "HOME") => Ok(Some("~")),
            (None, "PWD") => Ok(Some(".")),
            (None, _) => Ok(None),
        }
    }

    /// Expands a word as an argument: it may become none or several.
    pub(super) fn expand<'s>(&self, word: &'s Word, choice: &Choice, out: &mut Expanded<'s>) {
        for word in braces::expand(word) {
            let mut fields = Fields::default();
            self.parts(&word, choice, false, &mut fields);
            out.fields.extend(fields.done());
        }
        scripts(word, &mut out.scripts);
    }

    /// Expands a word where it stays one word: a value, a target, a here-document.
    pub(super) fn single<'s>(
        &self,
        word: &'s Word,
        choice: &Choice,
        inside: &mut Vec<&'s Script>,
    ) -> Field {
        let mut fields = Fields::default();
        self.parts(word, choice, true, &mut fields);
        scripts(word, inside);
        fields.done().into_iter().next().unwrap_or_default()
    }

    fn parts(&self, word: &Word, choice: &Choice, whole: bool, out: &mut Fields) {
        for part in &word.0 {
            match part {
                Part::Text { text, quoted } => {
                    out.text(text);
                    if !quoted {
                        let sequence = text.contains('{') && text.contains("..");
                        out.field().pattern |= sequence || text.contains(['*', '?', '[']);
                    }
                }
                Part::Home => out.text("~"),
                Part::Variable {
                    name,
                    fallback,
                    quoted,
                } => match (self.value(name, choice), fallback) {
                    (Ok(Some(value)), _) if *quoted || whole => out.text(value),
                    (Ok(Some(value)), _) => out.split(value),
                    (Ok(None), Some(fallback)) => self.parts(fallback, choice, whole, out),
                    _ => out.unknown(&format!("${name}")),
                },
                Part::Output { script, quoted } => match literal_output(script) {
                    Some(output) if *quoted || whole => out.text(&output),
                    Some(output) => out.split(&output),
                    None => out.unknown("$(…)"),
                },
                Part::Process(_) => {
                    out.unknown("<(…)");
                    out.field().process = true;
                }
                Part::Unknown { shown, .. } => out.unknown(shown),
            }
        }
    }
}

/// Fields while they are built.
#[derive(Default)]
struct Fields {
    done: Vec<Field>,
    current: Option<Field>,
}

impl Fields {
    fn field(&mut self) -> &mut Field {
        self.current.get_or_insert_default()
    }

    fn text(&mut self, text: &str) {
        self.field().text.push_str(text);
    }

    fn unknown(&mut self, shown: &str) {
        let field = self.field();
        field.text.push_str(shown);
        field.unknown_to = field.text.len();
    }

    /// Adds an unquoted value, which is split at blanks.
    fn split(&mut self, value: &str) {
        if value.starts_with(char::is_whitespace) {
            self.done.extend(self.current.take());
        }
        for (at, word) in value.split_whitespace().enumerate() {
            if at > 0 {
                self.done.extend(self.current.take());
            }
            self.text(word);
            self.field().pattern |= word.contains(['*', '?', '[']);
        }
        if value.ends_with(char::is_whitespace) {
            self.done.extend(self.current.take());
        }
    }

    fn done(mut self) -> Vec<Field> {
        self.done.extend(self.current.take());
        self.done
    }
}

/// Adds the names of all variables of a word.
fn variables<'w>(word: &'w Word, names: &mut Vec<&'w str>) {
    for part in &word.0 {
        match part {
            Part::Variable { name, fallback, .. } => {
                names.push(name);
                if let Some(fallback) = fallback {
                    variables(fallback, names);
                }
            }
            Part::Unknown { inside, .. } => inside.iter().for_each(|it| variables(it, names)),
            _ => {}
        }
    }
}

/// Adds the scripts that run while a word is expanded, at any depth.
fn scripts<'w>(word: &'w Word, found: &mut Vec<&'w Script>) {
    for part in &word.0 {
        match part {
            Part::Output { script, .. } | Part::Process(script) => found.push(script),
            Part::Variable {
                fallback: Some(word),
                ..
            } => scripts(word, found),
            Part::Unknown { inside, .. } => inside.iter().for_each(|it| scripts(it, found)),
            _ => {}
        }
    }
}

/// Returns what a script surely writes: the few that people write in place of a name.
fn literal_output(script: &Script) -> Option<String> {
    let [pipeline] = script.as_slice() else {
        return None;
    };
    let [simple] = pipeline.0.as_slice() else {
        return None;
    };
    let text = |word: &Word| match word.0.as_slice() {
        [Part::Text { text, .. }] => Some(text.clone()),
        _ => None,
    };
    let words: Option<Vec<String>> = simple.words.iter().map(text).collect();
    let words = words?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["pwd"] | ["git", "rev-parse", "--show-toplevel"] => Some(".".to_owned()),
        ["which" | "type" | "echo", "-p", name] | ["which" | "echo", name] => {
            Some((*name).to_owned())
        }
        ["command", "-v", name] => Some((*name).to_owned()),
        ["echo", rest @ ..] if !rest.iter().any(|word| word.starts_with('-')) => {
            Some(rest.join(" "))
        }
        ["printf", text] if !text.contains(['%', '\\']) => Some((*text).to_owned()),
        _ => None,
    }
}
