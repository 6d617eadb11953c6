//! Interpreters of other languages: where their program stands, and what it would start.

use super::{
    Opaque, code,
    reader::{Input, Reader},
    scope::Field,
};

/// How an interpreter is given a program.
pub(super) struct Interpreter {
    pub(super) name: &'static str,
    /// Options that a program's text follows; short ones may end a group of letters.
    code: &'static [&'static str],
    /// Options whose value is the next word.
    valued: &'static [&'static str],
}

pub(super) const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        name: "python",
        code: &["-c"],
        valued: &["-W", "-X"],
    },
    Interpreter {
        name: "pypy",
        code: &["-c"],
        valued: &["-W", "-X"],
    },
    Interpreter {
        name: "node",
        code: &["-e", "--eval", "-p", "--print", "-pe"],
        valued: &["-r", "--require", "--import", "--loader"],
    },
    Interpreter {
        name: "bun",
        code: &["-e", "--eval", "-p", "--print"],
        valued: &["-r", "--preload"],
    },
    Interpreter {
        name: "perl",
        code: &["-e", "-E"],
        valued: &["-I"],
    },
    Interpreter {
        name: "ruby",
        code: &["-e"],
        valued: &["-I", "-r"],
    },
    Interpreter {
        name: "php",
        code: &["-r"],
        valued: &["-d"],
    },
    Interpreter {
        name: "lua",
        code: &["-e"],
        valued: &["-l"],
    },
    Interpreter {
        name: "Rscript",
        code: &["-e"],
        valued: &[],
    },
    Interpreter {
        name: "osascript",
        code: &["-e"],
        valued: &["-l"],
    },
];

impl Reader {
    pub(super) fn awk(&mut self, words: Vec<Field>) {
        let mut words = words;
        let first = words
            .iter()
            .skip(1)
            .position(|word| !word.text.starts_with('-'));
        if let Some(program) = first.and_then(|at| words.get_mut(at + 1))
            && ["system(", "getline", "| \"", "|\""]
                .iter()
                .any(|it| program.text.contains(it))
        {
            program.code = true;
            let text = format!("system {}", program.text);
            self.started(&words, &text);
            return;
        }
        self.show(&words, None);
    }

    pub(super) fn interpreter(
        &mut self,
        interpreter: &Interpreter,
        mut words: Vec<Field>,
        input: &Input,
    ) {
        let is_code = |text: &str| {
            interpreter.code.iter().any(|option| {
                let letter = option.strip_prefix('-').filter(|it| it.len() == 1);
                let grouped = letter.is_some_and(|letter| {
                    !text.starts_with("--")
                        && text.starts_with('-')
                        && text.ends_with(letter)
                        && !text.contains(['.', '='])
                });
                text == *option || grouped
            })
        };
        let mut at = 1;
        while let Some(word) = words.get(at) {
            let text = word.text.as_str();
            if text == "-" || !text.starts_with('-') {
                break;
            }
            if is_code(text) {
                let Some(code) = words.get_mut(at + 1) else {
                    break;
                };
                code.code = true;
                let (known, text) = (code.known(), code.text.clone());
                if !known && text.starts_with('$') {
                    return self.show(&words, Some(Opaque::Text));
                }
                return self.started(&words, &text);
            }
            if text == "-m" && matches!(interpreter.name, "python" | "pypy") {
                let module = words.get(at + 1..).unwrap_or_default().to_vec();
                self.show(&words, None);
                return self.call(module, input);
            }
            if matches!(text, "--version" | "-V" | "-v" | "--help" | "-h" | "--test") {
                return self.show(&words, None);
            }
            at += if interpreter.valued.contains(&text) {
                2
            } else {
                1
            };
        }
        match words.get(at).cloned() {
            Some(file) if file.text != "-" && file.text != "/dev/stdin" => {
                self.file(&words, &file, true);
            }
            _ => match input {
                Input::Text(text) => self.code(&words, text),
                Input::File => self.show(&words, None),
                Input::Nothing | Input::Unknown => self.show(&words, Some(Opaque::Input)),
            },
        }
    }

    /// Judges a program's text that does not stand among the words.
    pub(super) fn code(&mut self, words: &[Field], text: &str) {
        let mut words = words.to_vec();
        words.push(Field::code(text));
        self.started(&words, text);
    }

    /// Judges a program's text and the commands in it.
    pub(super) fn started(&mut self, words: &[Field], text: &str) {
        let starts = code::starts(text);
        self.show(words, starts.hidden.then_some(Opaque::Text));
        self.attempt(&starts.lines, starts.rows);
    }
}
