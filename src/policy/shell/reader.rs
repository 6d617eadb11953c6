//! From commands to calls: puts variables in, follows pipes, and looks into what runs other text.
//!
//! What one program does with its arguments is told in `programs`; here is the way from a script to
//! the calls in it, with its bounds.

use std::collections::BTreeMap;

use super::{
    Opaque,
    call::Call,
    effects,
    lexer::Broken,
    parser, paths,
    scope::{Choice, Expanded, Field, Scope},
    syntax::{Parsed, Redirect, Script, Simple, Word},
};

/// How many calls one command line may make.
const MOST_CALLS: usize = 256;
/// How deep scripts may run scripts.
pub(super) const DEEPEST: usize = 12;
/// How many commands may be looked at, over all values of variables and all nested scripts.
const MOST_WORK: usize = 4096;
/// How much of a text is shown that cannot be read.
const SHOWN: usize = 200;

/// What a command reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// What the agent's shell reads: nothing.
    Nothing,
    /// This very text.
    Text(String),
    /// A file.
    File,
    /// What another command writes.
    Unknown,
}

/// Gathers calls.
#[derive(Default)]
pub(super) struct Reader {
    calls: Vec<Call>,
    scope: Scope,
    /// Where the commands stand, as seen from where the line begins; one for each open subshell.
    places: Vec<String>,
    /// What the line itself writes into files: a text, or unknown what the network holds.
    written: BTreeMap<String, Input>,
    pub(super) depth: usize,
    /// How many commands were looked at.
    work: usize,
    /// Whether strings of a foreign language are tried out: what is no command is no problem.
    trying: bool,
}

impl Reader {
    /// Returns the calls of a command line.
    pub(super) fn line(mut self, text: &str) -> Vec<Call> {
        match parser::parse(text, 0) {
            Ok(parsed) => {
                self.run(&parsed.script, &parsed.documents);
                if !self.scope.is_empty() || !self.written.is_empty() {
                    // Once more, with every value that a variable is given anywhere.
                    self.calls.clear();
                    self.places.clear();
                    self.run(&parsed.script, &parsed.documents);
                }
            }
            Err(broken) => self.broken(text, broken),
        }
        self.calls
    }

    /// Returns the calls of a command whose words are given one by one.
    pub(super) fn words(mut self, words: Vec<Field>) -> Vec<Call> {
        self.call(words, &Input::Nothing);
        self.calls
    }

    pub(super) fn broken(&mut self, text: &str, broken: Broken) {
        if !self.trying {
            let reason = match broken {
                Broken::Syntax => Opaque::Syntax,
                Broken::TooDeep => Opaque::TooDeep,
            };
            self.opaque(text, reason);
        }
    }

    /// Notes a text that cannot be judged.
    pub(super) fn opaque(&mut self, text: &str, reason: Opaque) {
        let shown: String = text.chars().take(SHOWN).collect();
        self.push(Call::opaque(&shown, reason));
    }

    pub(super) fn push(&mut self, call: Call) {
        if self.calls.len() < MOST_CALLS {
            if !self.calls.contains(&call) {
                self.calls.push(call);
            }
        } else if let Some(last) = self.calls.last_mut() {
            last.opaque.get_or_insert(Opaque::TooDeep);
        }
    }

    /// Reads a text that a shell runs.
    pub(super) fn script(&mut self, text: &Field) {
        if !text.known() && text.text.trim_start().starts_with('$') {
            self.opaque(&text.text, Opaque::Text);
            return;
        }
        self.inner(&text.text);
    }

    pub(super) fn inner(&mut self, text: &str) {
        self.work += text.len() >> 7;
        if self.depth >= DEEPEST || self.calls.len() >= MOST_CALLS || self.work > MOST_WORK {
            self.opaque(text, Opaque::TooDeep);
            return;
        }
        self.depth += 1;
        match parser::parse(text, self.depth) {
            Ok(Parsed { script, documents }) => self.nested(&script, &documents),
            Err(broken) => self.broken(text, broken),
        }
        self.depth -= 1;
    }

    /// Tries strings of a foreign language as command lines.
    pub(super) fn attempt(&mut self, lines: &[String], rows: Vec<Vec<String>>) {
        let before = std::mem::replace(&mut self.trying, true);
        for line in lines {
            self.inner(line);
        }
        for row in rows {
            let words = row.into_iter().map(Field::literal).collect();
            self.call(words, &Input::Unknown);
        }
        self.trying = before;
    }

    /// Runs a script that cannot change where the others stand.
    pub(super) fn nested(&mut self, script: &Script, documents: &[Word]) {
        let place = self.place().to_owned();
        let places = std::mem::replace(&mut self.places, vec![place]);
        self.run(script, documents);
        self.places = places;
    }

    pub(super) fn run(&mut self, script: &Script, documents: &[Word]) {
        for pipeline in script {
            let mut feed = Input::Nothing;
            for simple in &pipeline.0 {
                if simple.after_compound {
                    feed = Input::Unknown;
                }
                let place = self.place().to_owned();
                self.places.resize(simple.subshells + 1, place);
                feed = self.simple(simple, documents, &feed);
            }
        }
    }

    /// Returns what the command writes, as far as it is known.
    pub(super) fn simple(&mut self, simple: &Simple, documents: &[Word], feed: &Input) -> Input {
        let mut output = Input::Unknown;
        for (at, choice) in self.scope.choices(simple).iter().enumerate() {
            self.work += 1;
            if self.work > MOST_WORK {
                self.opaque("…", Opaque::TooDeep);
                return Input::Unknown;
            }
            let mut expanded = Expanded::default();
            for word in &simple.words {
                self.scope.expand(word, choice, &mut expanded);
            }
            let declares = simple
                .words
                .first()
                .and_then(Word::bare)
                .is_some_and(parser::declaration);
            for (name, word) in &simple.assigned {
                let value = self.scope.single(word, choice, &mut expanded.scripts);
                self.assigned(name, &value);
                // A value before a command is for that command only.
                if simple.words.is_empty() || declares {
                    self.scope.assign(name, Some(&value));
                }
            }
            let mut input = feed.clone();
            let mut targets = Vec::new();
            for redirect in &simple.redirects {
                self.redirect(
                    redirect,
                    documents,
                    choice,
                    &mut input,
                    &mut targets,
                    &mut expanded,
                );
            }
            if at == 0 {
                for script in expanded.scripts {
                    self.nested(script, documents);
                }
            }
            for target in &targets {
                self.written_to(target);
            }
            if expanded.fields.is_empty() {
                continue;
            }
            output = effects::output(&expanded.fields, &input);
            if matches!(output, Input::Text(_)) || effects::downloads(&expanded.fields) {
                let files = effects::written(&expanded.fields, &input);
                for target in targets.iter().chain(&files) {
                    let path = paths::joined(self.place(), &target.text);
                    self.written.insert(path, output.clone());
                }
            }
            self.call(expanded.fields, &input);
        }
        output
    }

    pub(super) fn redirect<'s>(
        &mut self,
        redirect: &'s Redirect,
        documents: &'s [Word],
        choice: &Choice,
        input: &mut Input,
        targets: &mut Vec<Field>,
        expanded: &mut Expanded<'s>,
    ) {
        let mut single = |word: &'s Word| self.scope.single(word, choice, &mut expanded.scripts);
        match redirect {
            Redirect::Read(word) => {
                let file = single(word);
                *input = if file.process {
                    Input::Unknown
                } else {
                    Input::File
                };
                self.push(Call::new(&[Field::literal("<"), file]));
            }
            Redirect::Write(word) => {
                let target = single(word);
                if !target.process {
                    targets.push(target);
                }
            }
            Redirect::Document(slot) => {
                let text = documents.get(*slot).map(single).unwrap_or_default();
                *input = Input::Text(text.text);
            }
            Redirect::Text(word) => *input = Input::Text(single(word).text + "\n"),
        }
    }

    /// Notes a file that is written.
    pub(super) fn written_to(&mut self, target: &Field) {
        if matches!(
            target.text.as_str(),
            "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "-"
        ) {
            return;
        }
        let path = paths::joined(self.place(), &target.text);
        self.push(Call::new(&[Field::literal(">"), target.with(path)]));
    }

    /// Notes a value that a variable gets.
    pub(super) fn assigned(&mut self, name: &str, value: &Field) {
        self.push(Call::new(&[Field::literal(format!(
            "{name}={}",
            value.text
        ))]));
    }

    pub(super) fn place(&self) -> &str {
        self.places.last().map_or("", String::as_str)
    }

    /// Goes elsewhere.
    pub(super) fn go(&mut self, to: &str) {
        let place = paths::joined(self.place(), to);
        let place = if place == "." { String::new() } else { place };
        match self.places.last_mut() {
            Some(last) => *last = place,
            None => self.places.push(place),
        }
    }

    /// Returns what the line itself has written into a file; when nothing, it is any file.
    pub(super) fn text_of(&self, path: &str) -> Input {
        let path = paths::joined(self.place(), path);
        self.written.get(&path).cloned().unwrap_or(Input::File)
    }
}
