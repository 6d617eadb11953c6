//! "Did you mean": the nearest known name to a mistyped one.

/// Returns the known name nearest to `word`, when one is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(word, name), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_typo_finds_its_word_and_nonsense_finds_none() {
        assert_eq!(
            nearest("pirority", ["priority", "paths", "gate"]),
            Some("priority")
        );
        assert_eq!(nearest("zzz", ["priority", "paths", "gate"]), None);
    }
}
