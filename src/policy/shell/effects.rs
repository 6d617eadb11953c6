//! What commands write and read, as far as their words tell.

use super::{escapes, names, paths, reader::Input, scope::Field};

/// Commands whose plain arguments are paths, and matter as seen from the top.
const PLACED: &[&str] = &[
    "rm", "rmdir", "unlink", "shred", "mv", "chmod", "chown", "find",
];

/// Returns what a command surely writes to its output.
pub(super) fn output(words: &[Field], input: &Input) -> Input {
    let wrapper =
        |word: &&Field| matches!(word.text.as_str(), "env" | "command" | "builtin" | "nohup");
    let wrappers = words.iter().take_while(wrapper).count();
    let Some((name, rest)) = words.get(wrappers..).and_then(<[Field]>::split_first) else {
        return Input::Unknown;
    };
    let texts = || rest.iter().map(|word| word.text.as_str());
    let known = rest.iter().all(Field::known);
    match name.last_name().unwrap_or_default() {
        "echo" if known => {
            let mut decoded = false;
            let words: Vec<&str> = texts()
                .skip_while(|word| {
                    let option = word.len() > 1
                        && word
                            .strip_prefix('-')
                            .is_some_and(|it| it.chars().all(|c| "neE".contains(c)));
                    decoded |= option && word.contains('e');
                    option
                })
                .collect();
            let text = words.join(" ") + "\n";
            Input::Text(if decoded {
                escapes::decode(&text)
            } else {
                text
            })
        }
        "printf" if known => {
            let mut words = texts();
            let format = escapes::decode(words.next().unwrap_or_default());
            let mut text = String::new();
            let mut pieces = format.split("%s");
            text.push_str(pieces.next().unwrap_or_default());
            let pieces: Vec<&str> = pieces.collect();
            for (at, word) in words.enumerate() {
                text.push_str(word);
                let piece = pieces.get(at % pieces.len().max(1));
                text.push_str(piece.copied().unwrap_or("\n"));
            }
            Input::Text(text)
        }
        "cat" | "tee" if name.text.ends_with("tee") || texts().all(|word| word == "-") => {
            input.clone()
        }
        "cat" => Input::File,
        "true" | ":" | "yes" => Input::Text(String::new()),
        _ => Input::Unknown,
    }
}

/// Returns whether what a command writes comes from the network.
pub(super) fn downloads(words: &[Field]) -> bool {
    let name = words.first().and_then(Field::last_name);
    name.is_some_and(|name| matches!(name, "curl" | "wget" | "http" | "https" | "xh"))
}

/// Returns the files that a command writes by its arguments.
pub(super) fn written(words: &[Field], input: &Input) -> Vec<Field> {
    let Some((name, rest)) = words.split_first() else {
        return Vec::new();
    };
    let plain = || rest.iter().filter(|word| !word.text.starts_with('-'));
    let has = |options: &[&str]| {
        rest.iter().any(|word| {
            let text = word.text.as_str();
            options.iter().any(|option| {
                text == *option
                    || (option.len() == 2 && text.starts_with(option) && !text.starts_with("--"))
            })
        })
    };
    let behind = |options: &[&str]| -> Vec<Field> {
        // The letter may end a group of them: `-so`.
        let is = |text: &str| {
            options.iter().any(|option| {
                let letter = option.strip_prefix('-').filter(|it| it.len() == 1);
                let group = text.starts_with('-') && !text.starts_with("--");
                text == *option || letter.is_some_and(|letter| group && text.ends_with(letter))
            })
        };
        let pairs = rest.iter().zip(rest.iter().skip(1));
        pairs
            .filter(|(option, _)| is(&option.text))
            .map(|(_, file)| file.clone())
            .collect()
    };
    match name.text.as_str() {
        "apply_patch" | "applypatch" => {
            let mut text = rest.first().map_or("", |word| word.text.as_str());
            if let (Input::Text(input), true) = (input, text.is_empty()) {
                text = input;
            }
            paths::patched(text)
                .into_iter()
                .map(Field::literal)
                .collect()
        }
        "tee" | "truncate" | "touch" => plain().cloned().collect(),
        "cp" | "mv" | "install" | "ln" => plain().skip(1).last().cloned().into_iter().collect(),
        "dd" => rest
            .iter()
            .filter_map(|word| Some(word.behind(word.text.strip_prefix("of=").map(|_| 3)?)))
            .collect(),
        "sed" if has(&["-i", "--in-place"]) => plain().skip(1).cloned().collect(),
        "perl" if has(&["-i", "-pi"]) => plain().skip(1).cloned().collect(),
        "curl" => behind(&["-o", "--output"]),
        "wget" => behind(&["-O", "--output-document"]),
        _ => Vec::new(),
    }
}

/// Returns the command of `xargs` or `parallel` with what is put in for each item.
pub(super) fn with_items(xargs: &[Field], command: Vec<Field>, input: &Input) -> Vec<Field> {
    let mark = xargs
        .iter()
        .zip(xargs.iter().skip(1))
        .find_map(|(option, value)| {
            let text = option.text.as_str();
            match text {
                "-I" | "--replace" => Some(value.text.clone()),
                "-i" => Some("{}".to_owned()),
                _ => text.strip_prefix("-I").map(str::to_owned),
            }
        });
    if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
        return command
            .into_iter()
            .map(|word| marked(word, &mark))
            .collect();
    }
    let mut command = command;
    let from_file = |word: &Field| word.text == "-a" || word.text.starts_with("--arg-file");
    match input {
        Input::Text(text) if !xargs.iter().any(from_file) => {
            command.extend(text.split_whitespace().map(Field::literal));
        }
        _ => command.push(Field::unknown("$item")),
    }
    command
}

/// Returns the word with what is put in for an item.
pub(super) fn marked(word: Field, mark: &str) -> Field {
    if word.text.contains(mark) {
        Field::unknown(&word.text.replace(mark, "$item"))
    } else {
        word
    }
}

/// Returns the words with paths as seen from the top.
pub(super) fn placed(words: &[Field], place: &str) -> Vec<Field> {
    let Some((name, rest)) = words.split_first() else {
        return Vec::new();
    };
    let mut placed = vec![name.clone()];
    if !PLACED.contains(&name.text.as_str()) {
        placed.extend_from_slice(rest);
        return placed;
    }
    let mut keep = usize::from(matches!(name.text.as_str(), "chmod" | "chown"));
    let find = name.text == "find";
    if find
        && rest
            .first()
            .is_none_or(|word| word.text.starts_with(['-', '(', '!']))
        && !place.is_empty()
    {
        placed.push(Field::literal(place));
    }
    let mut expression = false;
    for word in rest {
        let option = word.text.starts_with('-');
        expression |= find
            && (option || word.text.starts_with(['(', '!']))
            && !matches!(word.text.as_str(), "-L" | "-H" | "-P");
        if option || expression || std::mem::take(&mut keep) > 0 {
            placed.push(word.clone());
        } else {
            placed.push(word.with(paths::joined(place, &word.text)));
        }
    }
    placed
}

/// Returns whether a command whose verb is not known may do anything.
pub(super) fn verb_unknown(words: &[Field]) -> bool {
    let mut words = words.iter();
    words
        .next()
        .is_some_and(|name| names::has_verbs(&name.text))
        && words
            .find(|word| !word.known() || !word.text.starts_with('-'))
            .is_some_and(|word| !word.known())
}
