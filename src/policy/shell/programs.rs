//! Programs that run text: shells, `eval`, `find -exec`, clients of databases.

use super::{
    Opaque, effects,
    interpreters::INTERPRETERS,
    names,
    reader::{Input, Reader},
    scope::Field,
};

/// Clients to which a text with blanks is a statement.
const DATABASES: &[&str] = &[
    "psql",
    "mysql",
    "mariadb",
    "sqlite3",
    "sqlcmd",
    "mongosh",
    "mongo",
    "cockroach",
    "clickhouse-client",
    "duckdb",
    "redis-cli",
    "cqlsh",
];

const SSH_VALUED: &[&str] = &[
    "-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D", "-b", "-c", "-E", "-I", "-m", "-O", "-Q",
    "-S", "-W", "-w", "-B", "-e",
];

impl Reader {
    /// Judges a program that is no wrapper, and what it runs.
    pub(super) fn program(&mut self, words: Vec<Field>, input: &Input) {
        let Some((name, rest)) = words.split_first() else {
            return;
        };
        for file in effects::written(&words, input) {
            self.written_to(&file);
        }
        match name.text.as_str() {
            shell if names::is_shell(shell) => return self.shell(&words, input),
            "eval" => self.script(&joined(rest)),
            "trap" => {
                if let Some(script) = plain(rest).next() {
                    self.script(script);
                }
            }
            "alias" => {
                for (_, script) in rest.iter().filter_map(names::assignment) {
                    self.script(&script);
                }
            }
            "cd" | "pushd" => {
                let to = plain(rest).next().map_or("~", |word| word.text.as_str());
                let to = (to != "-").then(|| to.to_owned());
                self.show(&words, None);
                if let Some(to) = to {
                    self.go(&to);
                }
                return;
            }
            "source" | "." => return self.source(&words, input),
            "su" | "script" | "sg" | "newgrp" => {
                let behind = rest.iter().zip(rest.iter().skip(1));
                let command = |option: &str| {
                    option == "--command"
                        || option.ends_with('c')
                            && option.starts_with('-')
                            && !option.starts_with("--")
                };
                for (_, script) in behind.filter(|(option, _)| command(&option.text)) {
                    self.script(script);
                }
            }
            "ssh" => self.remote(rest, input),
            "find" => self.found(rest),
            "parallel" => self.parallel(rest),
            "awk" | "gawk" | "mawk" => return self.awk(words),
            _ => {}
        }
        if let Some(interpreter) = INTERPRETERS.iter().find(|it| it.name == name.text) {
            return self.interpreter(interpreter, words, input);
        }
        if DATABASES.contains(&name.text.as_str()) {
            let mut words = words;
            for word in words.iter_mut().skip(1) {
                word.code = word.text.contains(char::is_whitespace);
            }
            if let Input::Text(text) = input {
                words.push(Field::code(text.clone()));
            }
            return self.show(&words, None);
        }
        let opaque = effects::verb_unknown(&words).then_some(Opaque::Verb);
        self.show(&words, opaque);
    }

    fn shell(&mut self, words: &[Field], input: &Input) {
        let mut command = false;
        let mut from_input = false;
        let mut rest = words.get(1..).unwrap_or_default();
        while let Some((option, more)) = rest.split_first() {
            let text = option.text.as_str();
            if !text.starts_with(['-', '+']) || text == "-" {
                break;
            }
            rest = more;
            if matches!(text, "--version" | "--help") {
                return self.show(words, None);
            }
            if !text.starts_with("--") {
                command |= text.contains('c');
                from_input |= text.contains('s');
            }
            if matches!(text, "-o" | "+o" | "-O" | "+O" | "--rcfile" | "--init-file")
                || text.ends_with('o') && !text.starts_with("--")
            {
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        match rest.first() {
            Some(script) if command => self.script(script),
            None if command => {}
            Some(file) if !from_input && file.text != "-" && file.text != "/dev/stdin" => {
                self.file(words, file, false);
            }
            _ => self.shell_input(words, input),
        }
    }

    fn shell_input(&mut self, words: &[Field], input: &Input) {
        match input {
            Input::Text(text) => self.script(&Field::literal(text.clone())),
            Input::File => self.show(words, None),
            Input::Nothing | Input::Unknown => self.show(words, Some(Opaque::Input)),
        }
    }

    /// Judges a file that is run: its text when this very line has written it.
    pub(super) fn file(&mut self, words: &[Field], file: &Field, code: bool) {
        if file.process {
            return self.show(words, Some(Opaque::Input));
        }
        match self.text_of(&file.text) {
            Input::Text(text) if code => self.code(words, &text),
            Input::Text(text) => self.script(&Field::literal(text)),
            Input::Unknown => return self.show(words, Some(Opaque::Input)),
            Input::File | Input::Nothing => {}
        }
        self.show(words, None);
    }

    fn source(&mut self, words: &[Field], input: &Input) {
        match words.get(1) {
            Some(file) if file.text == "/dev/stdin" => self.shell_input(words, input),
            Some(file) => self.file(words, file, false),
            None => self.show(words, None),
        }
    }

    fn remote(&mut self, rest: &[Field], input: &Input) {
        let mut rest = rest;
        while let Some((word, more)) = rest.split_first() {
            rest = more;
            if !word.text.starts_with('-') {
                break;
            }
            if SSH_VALUED.contains(&word.text.as_str()) {
                rest = rest.get(1..).unwrap_or_default();
            }
        }
        if !rest.is_empty() {
            self.script(&joined(rest));
        } else if let Input::Text(text) = input {
            self.script(&Field::literal(text.clone()));
        }
    }

    fn found(&mut self, rest: &[Field]) {
        let mut rest = rest;
        while let Some(at) = rest
            .iter()
            .position(|word| matches!(word.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir"))
        {
            let command: Vec<Field> = rest
                .iter()
                .skip(at + 1)
                .take_while(|word| word.text != ";" && word.text != "+")
                .cloned()
                .map(|word| effects::marked(word, "{}"))
                .collect();
            rest = rest.get(at + 1 + command.len()..).unwrap_or_default();
            self.call(command, &Input::Nothing);
        }
    }

    fn parallel(&mut self, rest: &[Field]) {
        let valued = [
            "-j",
            "--jobs",
            "-n",
            "-N",
            "-I",
            "-a",
            "--colsep",
            "--delay",
            "--timeout",
            "--joblog",
            "--retries",
        ];
        let mut command = Vec::new();
        let mut skip = false;
        for word in rest.iter().take_while(|word| !word.text.starts_with(":::")) {
            if std::mem::take(&mut skip) {
                continue;
            }
            if command.is_empty() && word.text.starts_with('-') {
                skip = valued.contains(&word.text.as_str());
                continue;
            }
            command.push(effects::marked(word.clone(), "{}"));
        }
        let items: Vec<&Field> = rest
            .iter()
            .skip_while(|word| !word.text.starts_with(":::"))
            .skip(1)
            .collect();
        if command.is_empty() {
            for item in items {
                self.script(item);
            }
        } else {
            command.push(Field::unknown("$item"));
            self.script(&joined(&command));
        }
    }
}

fn plain(words: &[Field]) -> impl Iterator<Item = &Field> {
    words
        .iter()
        .filter(|word| word.text == "-" || !word.text.starts_with('-'))
}

/// Returns the words as one text.
fn joined(words: &[Field]) -> Field {
    let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
    let text = texts.join(" ");
    if words.iter().all(Field::known) {
        Field::literal(text)
    } else {
        Field::unknown(&text)
    }
}
