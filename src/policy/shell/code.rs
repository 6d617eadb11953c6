//! Programs in other languages, given on the command line: what they would run by a shell.
//!
//! No foreign language is parsed. Where a text mentions a way to start processes, each of its
//! literal strings is taken for a command line, and each row of them for one in pieces. A string
//! that is none becomes a call of a command that no rule knows.

/// Ways to start a process, by their names in the languages that agents write.
const STARTERS: &[&str] = &[
    "system",
    "popen",
    "subprocess",
    "child_process",
    "exec",
    "spawn",
    "Command",
    "backtick",
    "%x",
    "qx",
    "check_call",
    "check_output",
    "pty",
    "posix",
    "shell",
    "Open3",
    "execa",
    "zx",
    "$`",
    "`",
    "proc_open",
    "passthru",
];

/// What was found in a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Starts {
    /// Literal strings.
    pub(super) lines: Vec<String>,
    /// Rows of literal strings, such as `["git", "push"]`.
    pub(super) rows: Vec<Vec<String>>,
    /// Whether it runs a text that it decodes first.
    pub(super) hidden: bool,
}

/// Returns what a text would start.
pub(super) fn starts(code: &str) -> Starts {
    let runs = ["exec", "eval", "system", "Function", "compile"]
        .iter()
        .any(|word| code.contains(word));
    let decodes = [
        "b64decode",
        "fromhex",
        "unhexlify",
        "rot13",
        "atob",
        "'base64'",
        "\"base64\"",
        "unpack(",
        "decode_base64",
        "marshal",
    ]
    .iter()
    .any(|word| code.contains(word));
    let mut found = Starts {
        hidden: runs && decodes,
        ..Starts::default()
    };
    if !STARTERS.iter().any(|word| code.contains(word)) {
        return found;
    }
    let mut row: Vec<String> = Vec::new();
    let mut rest = code;
    while let Some(start) = rest.find(['\'', '"', '`']) {
        let (between, from) = rest.split_at(start);
        if !between
            .chars()
            .all(|c| c.is_whitespace() || ",[(".contains(c))
        {
            close(&mut row, &mut found);
        }
        let Some((text, after)) = literal(from) else {
            break;
        };
        row.push(text.clone());
        found.lines.push(text);
        rest = after;
    }
    close(&mut row, &mut found);
    found.lines.extend(quoted_commands(code));
    found
}

/// Returns what stands in `qx(…)` of Perl and `%x(…)` of Ruby.
fn quoted_commands(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["qx", "%x"] {
        for (at, _) in code.match_indices(start) {
            let mut rest = code.get(at + start.len()..).unwrap_or_default().chars();
            let end = match rest.next() {
                Some('(') => ')',
                Some('{') => '}',
                Some('[') => ']',
                Some(c) if !c.is_alphanumeric() => c,
                _ => continue,
            };
            found.push(rest.take_while(|c| *c != end).collect());
        }
    }
    found
}

fn close(row: &mut Vec<String>, found: &mut Starts) {
    let row = std::mem::take(row);
    if row.len() > 1 {
        found.rows.push(row);
    }
}

/// Returns the string that begins here, and what follows it.
fn literal(from: &str) -> Option<(String, &str)> {
    let quote = from.chars().next()?;
    let triple: String = [quote; 3].iter().collect();
    let long = from.starts_with(&triple);
    let mut text = String::new();
    let mut chars = from.char_indices().skip(if long { 3 } else { 1 });
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            let next = chars.next()?.1;
            text.push(if next == 'n' { '\n' } else { next });
        } else if c == quote && (!long || from.get(at..)?.starts_with(&triple)) {
            let length = if long { 3 } else { 1 };
            return Some((text, from.get(at + length..)?));
        } else {
            text.push(c);
        }
    }
    None
}
