//! One command, taken out of what it is dressed in: its path, options of git, wrappers.

use super::{
    Opaque,
    call::Call,
    effects, git, names, paths,
    reader::{DEEPEST, Input, Reader},
    scope::Field,
    wrappers,
};

impl Reader {
    /// Judges one command with its arguments.
    pub(super) fn call(&mut self, mut words: Vec<Field>, input: &Input) {
        if self.depth >= DEEPEST {
            self.opaque("…", Opaque::TooDeep);
            return;
        }
        let Some(first) = words.first() else {
            return;
        };
        let name = first.last_name().map(str::to_owned);
        let Some(name) = name.filter(|_| !first.process && (!first.pattern || first.text == "["))
        else {
            let mut call = Call::new(&words);
            call.opaque = Some(Opaque::Name);
            self.push(call);
            // A variable in front of a command may well be empty.
            if !first.known() {
                self.depth += 1;
                self.call(words.split_off(1), input);
                self.depth -= 1;
            }
            return;
        };
        if first.text.contains('/') {
            match self.text_of(&first.text) {
                Input::Text(text) => self.inner(&text),
                Input::Unknown => self.opaque(&first.text.clone(), Opaque::Input),
                Input::File | Input::Nothing => {}
            }
        }
        let canonical = names::canonical(&first.text, &name);
        if let Some(first) = words.first_mut() {
            *first = Field::literal(canonical);
        }
        self.depth += 1;
        self.named(words, input);
        self.depth -= 1;
    }

    pub(super) fn named(&mut self, mut words: Vec<Field>, input: &Input) {
        if words.first().is_some_and(|name| name.text == "git") {
            let git = git::read(&words);
            for setting in git.settings {
                self.show(
                    &[Field::literal("git"), Field::literal("-c"), setting],
                    None,
                );
            }
            for script in &git.scripts {
                self.script(script);
            }
            words = git.words;
        }
        if let Some(wrapped) = wrappers::peel(&words) {
            if wrapped.shown {
                self.show(&words, None);
            }
            if let Some(script) = &wrapped.script {
                self.script(script);
            }
            let mut rest = wrapped.rest;
            if words.first().is_some_and(|name| name.text == "env") {
                while let Some((name, value)) = rest.first().and_then(names::assignment) {
                    self.assigned(&name, &value);
                    rest.remove(0);
                }
            }
            if words.first().is_some_and(|name| name.text == "xargs") {
                rest = effects::with_items(&words, rest, input);
                // Reads its arguments, not its input.
                self.call(rest, &Input::Nothing);
                return;
            }
            self.call(rest, input);
            return;
        }
        self.program(words, input);
    }

    /// Adds a call as it stands.
    pub(super) fn show(&mut self, words: &[Field], opaque: Option<Opaque>) {
        let mut call = Call::new(&effects::placed(words, self.place()));
        call.opaque = opaque;
        if !self.place().is_empty() {
            let place = self.place();
            call.paths = call
                .paths
                .iter()
                .map(|path| paths::joined(place, path))
                .collect();
        }
        self.push(call);
    }
}
