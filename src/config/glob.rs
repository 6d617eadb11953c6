//! Whether a path pattern can be used: the same check for configuration, policy and tickets.
//!
//! Patterns are globset's, matched against paths relative to the repository's root. A pattern that
//! can match nothing is refused, because its author believes that it protects something.

use globset::GlobBuilder;

/// Returns why `pattern` cannot match any path of a repository, or nothing when it can.
///
/// # Errors
/// It is empty, absolute, leaves the repository, or is not a glob; one fragment of a sentence.
pub fn check_glob(pattern: &str) -> Result<(), String> {
    if pattern.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if pattern.starts_with('/') {
        return Err("paths begin at the repository's root, without `/`".to_owned());
    }
    if pattern.split('/').any(|part| part == "..") {
        return Err("`..` leaves the repository".to_owned());
    }
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map(drop)
        .map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::check_glob;

    #[test]
    fn patterns_that_match_nothing_are_refused() {
        for good in [
            "src/**",
            "**/*.sql",
            "tests/a?.rs",
            "{a,b}/*.rs",
            "[ab].rs",
            "a b.md",
        ] {
            assert_eq!(check_glob(good), Ok(()), "{good}");
        }
        for bad in ["", " ", "/src/**", "../x", "a/../b", "[", "{a,b"] {
            assert!(check_glob(bad).is_err(), "{bad:?} was taken");
        }
    }
}
