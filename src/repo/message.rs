//! Commit messages and their trailers, by which a landed commit says which ticket it is.

/// Composes a commit message: subject, body (may be empty), trailers (values without line breaks).
///
/// A line break in a value would end the trailer and begin another one, so it becomes a space.
pub fn message(subject: &str, body: &str, trailers: &[(&str, String)]) -> String {
    let mut text = subject.trim().to_owned();
    text.push('\n');
    if !body.trim().is_empty() {
        text.push('\n');
        text.push_str(body.trim());
        text.push('\n');
    }
    if !trailers.is_empty() {
        text.push('\n');
    }
    for (key, value) in trailers {
        text.push_str(key);
        text.push(':');
        for word in value.split_whitespace() {
            text.push(' ');
            text.push_str(word);
        }
        text.push('\n');
    }
    // git's commits cannot hold it.
    text.retain(|c| c != '\0');
    text
}

/// Returns the trailers of a message: the `Key: value` lines of its last paragraph, in order. A
/// last paragraph with any other line has none, and so has a message of one paragraph.
pub fn trailers(message: &str) -> Vec<(String, String)> {
    let Some((_, last)) = message.trim_end().rsplit_once("\n\n") else {
        return Vec::new();
    };
    last.lines()
        .map(|line| {
            let (key, value) = line.split_once(':')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
            (!key.is_empty() && key.chars().all(plain))
                .then(|| (key.to_owned(), value.trim().to_owned()))
        })
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_composed_is_read_back() {
        let text = message(
            "Add a flag",
            "It was asked\0 for.\n\nTwice: in a ticket.",
            &[
                ("Nightshift-Ticket", "014".to_owned()),
                ("Assumed", "the default\nis  off: quiet".to_owned()),
                ("Nightshift-Harness", String::new()),
            ],
        );
        assert_eq!(
            text,
            "Add a flag\n\nIt was asked for.\n\nTwice: in a ticket.\n\n\
             Nightshift-Ticket: 014\nAssumed: the default is off: quiet\nNightshift-Harness:\n"
        );
        assert_eq!(
            trailers(&text),
            [
                ("Nightshift-Ticket".to_owned(), "014".to_owned()),
                ("Assumed".to_owned(), "the default is off: quiet".to_owned()),
                ("Nightshift-Harness".to_owned(), String::new()),
            ]
        );
    }

    #[test]
    fn only_a_last_paragraph_of_trailers_counts() {
        for text in [
            "",
            "Nightshift-Ticket: 014",
            "Subject\n\nNightshift-Ticket: 014\nand more\n",
            "Subject\n\nNightshift-Ticket: 014\n\nA last word.\n",
            "Subject\n\n: empty\n",
        ] {
            assert_eq!(trailers(text), [], "{text:?}");
        }
    }
}
