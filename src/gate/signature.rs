//! What a failure is, apart from what changes from run to run.
//!
//! Two runs fail alike when the lines that tell of the failure are the same after times, ids,
//! addresses, places and counts are taken out. Names of tests and texts of assertions stay: they
//! are the failure.

use std::{borrow::Cow, collections::BTreeSet, sync::LazyLock};

use regex::{Captures, Regex, RegexSet};

use crate::process::Exit;

/// How many lines at the end stand for a failure that does not say which lines tell of it.
const LAST: usize = 50;

/// Returns the BLAKE3 hash, hexadecimal, of a failure with what varies taken out. The order and
/// number of its telling lines do not count: parallel tests end in any order.
pub fn signature(output: &str, exit: &Exit) -> String {
    let plain = crate::sandbox::clean(output);
    let mut lines: BTreeSet<String> = telling(&plain).map(normalize).collect();
    if lines.is_empty() {
        lines = last_lines(&plain).map(normalize).collect();
    }
    lines.retain(|line| !line.is_empty());
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{exit:?}").as_bytes());
    for line in &lines {
        hasher.update(b"\n");
        hasher.update(line.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Returns the line that says most about a failure, trimmed: the first that names a failed test
/// or an error, else the last one that is not empty.
pub fn telling_line(output: &str) -> Option<&str> {
    let most = output.lines().filter(|line| NAMES_IT.is_match(line));
    most.chain(telling(output))
        .find(|line| !SAYS_NOTHING.is_match(line))
        .or_else(|| output.lines().rev().find(|line| !line.trim().is_empty()))
        .map(str::trim)
}

/// Returns the last lines that are not empty, in reverse.
pub(super) fn last_lines(output: &str) -> impl Iterator<Item = &str> {
    let lines = output.lines().rev().filter(|line| !line.trim().is_empty());
    lines.take(LAST)
}

fn telling(output: &str) -> impl Iterator<Item = &str> {
    output
        .lines()
        .filter(|line| TELLS.is_match(line) && !IS_WELL.is_match(line))
}

/// Lines that tell of a failure, in the words of the test runners and compilers that people use.
static TELLS: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\bFAIL(?:ED|URES?|S)?\b",
        r"\bfailed\b",
        r"^\s*not ok\b",
        r"\bpanicked at\b",
        r"(?i)\bassert",
        r"(?:Error|Exception)\b",
        r"(?i)^(?:\S+: )*(?:fatal )?error\b",
        r"^E\s",
        r"^\s*[✗✕✖✘×]",
        r"(?i)^\s+(?:left|right|expected|actual|received|got)\s*:",
        r"(?i)\b(?:undefined reference|segmentation fault)\b",
    ])
});

/// Lines that use the same words and tell of nothing.
static IS_WELL: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"\.\.\. ok\b",
        r"^\s*(?:ok|PASS|✓|✔|√)(?:\s|$)",
        r"\bPASSED\b",
        r"\btest result: ok\b",
        r"^\s*0 (?:failed|errors?|failures?)\b",
    ])
});

/// Lines that name what failed.
static NAMES_IT: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^FAILED\s",
        r"^\s*--- FAIL",
        r"^\s*not ok\b",
        r"^test .* \.\.\. FAILED",
        r"^E\s",
        r"^error(?:\[|:)",
        r"\bAssertionError\b",
        r"\bpanicked at\b",
    ])
});

/// Lines that only say that something failed.
static SAYS_NOTHING: LazyLock<RegexSet> = LazyLock::new(|| {
    set(&[
        r"^error: (?:test failed, to rerun|\d+ targets? failed|could not compile)",
        r"\btest result: FAILED\b",
        r"^\s*(?i:failures?):?\s*$",
        r"^g?make(?:\[\d+\])?: \*\*\*",
    ])
});

/// What varies from run to run, and what is put in its place; in this order.
static VARIES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    VARYING
        .iter()
        .filter_map(|(pattern, instead)| Some((Regex::new(pattern).ok()?, *instead)))
        .collect()
});

const VARYING: &[(&str, &str)] = &[
    (
        r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
        "#",
    ),
    (
        r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?",
        "#",
    ),
    (r"\b\d{1,2}:\d\d:\d\d(?:[.,]\d+)?\b", "#"),
    (r"\b0x[0-9a-fA-F]+", "#"),
    // The rooms, homes and temporary folders above a file; its own name stays.
    (
        r#"(^|[\s"'`(=<\[:,])(?:/[^\s/:"'`()<>\[\],]+)*/([^\s/:"'`()<>\[\],]+)"#,
        "$1$2",
    ),
    (
        r"\b(lines?|col|column|port|pid|PID|process|seed)([ =:#]+)\d+",
        "$1$2#",
    ),
    (r"(thread '[^']*') \(\d+\)", "$1"),
    // Lines and columns of places, ports of addresses.
    (r":\d+(?::\d+)?\b", ""),
    (
        r"\b\d+(?:[.,]\d+)?\s?(?:ns|[uµμ]s|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b",
        "#",
    ),
    // How many tests there are changes with the work; which of them fail is told by their names.
    (
        r"\b\d+ (passed|failed|failures?|errors?|ignored|measured|filtered out|skipped|pending|todo|total|tests?|warnings?|deselected|xfailed|xpassed)\b",
        "# $1",
    ),
    (
        r"\b(failures|errors|skipped|tests|passed|failed)=\d+",
        "$1=#",
    ),
    (r"^(\s*not ok) \d+", "$1 #"),
    (r"\[\s*\d+/\d+\]|\b\d+%", "#"),
    (r"\b\d{5,}\b", "#"),
    (r"\s+", " "),
];

/// Words that may be drawn at random: ids of commits and temporary names.
static WORDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-f]{7,64}\b|\.?\btmp[.\w-]*").ok());

fn set(patterns: &[&str]) -> RegexSet {
    // All patterns are constants, and a test compiles them.
    RegexSet::new(patterns).unwrap_or_default()
}

fn normalize(line: &str) -> String {
    let mut line = line.to_owned();
    for (pattern, instead) in VARIES.iter() {
        if let Cow::Owned(changed) = pattern.replace_all(&line, *instead) {
            line = changed;
        }
    }
    if let Some(words) = &*WORDS {
        let instead = |found: &Captures<'_>| {
            let word = found.get(0).map_or("", |word| word.as_str());
            let has = |of: fn(char) -> bool| word.contains(of);
            // A word of letters only is a name, as is a number.
            let is_random = has(|c| c.is_ascii_digit() || c.is_ascii_uppercase())
                && has(|c| c.is_ascii_alphabetic());
            if is_random {
                "#".to_owned()
            } else {
                word.to_owned()
            }
        };
        line = words.replace_all(&line, instead).into_owned();
    }
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Exit = Exit::Code(101);

    #[test]
    fn all_patterns_compile() {
        assert_eq!(VARIES.len(), VARYING.len());
        assert!(WORDS.is_some());
        for set in [&TELLS, &IS_WELL, &NAMES_IT, &SAYS_NOTHING] {
            assert!(!set.is_empty());
        }
    }

    #[test]
    fn the_same_failure_has_one_signature_and_another_has_another() {
        let runs = [
            (
                "cargo",
                "running 2 tests\ntest a::one ... ok\ntest a::two ... FAILED\n\
                 thread 'a::two' (81234) panicked at src/a.rs:12:5:\nassertion `left == right` failed\n  left: 1\n right: 2\n\
                 test result: FAILED. 1 passed; 1 failed; 0 ignored; finished in 0.42s\n",
                "\u{1b}[1mrunning 3 tests\u{1b}[0m\ntest a::two ... FAILED\ntest a::three ... ok\ntest a::one ... ok\n\
                 thread 'a::two' (99) panicked at src/a.rs:14:5:\nassertion `left == right` failed\n  left: 1\n right: 2\n\
                 test result: FAILED. 2 passed; 1 failed; 0 ignored; finished in 1.07s\n",
                "test a::three ... FAILED\n\
                 thread 'a::three' (99) panicked at src/a.rs:14:5:\nassertion `left == right` failed\n  left: 1\n right: 2\n",
            ),
            (
                "pytest",
                "FAILED tests/test_a.py::test_two - AssertionError: assert 1 == 2\n=== 1 failed, 1 passed in 0.12s ===\n",
                "FAILED tests/test_a.py::test_two - AssertionError: assert 1 == 2\n=== 1 failed, 2 passed in 3.50s ===\n",
                "FAILED tests/test_a.py::test_six - AssertionError: assert 1 == 2\n=== 1 failed, 2 passed in 3.50s ===\n",
            ),
            (
                "go",
                "--- FAIL: TestTwo (0.00s)\n    /home/x/rooms/1/bench/a_test.go:10: Error: no\nFAIL\texample.org/a\t0.012s\n",
                "--- FAIL: TestTwo (1.10s)\n    /home/x/rooms/1/gate/a_test.go:11: Error: no\nFAIL\texample.org/a\t0.112s\n",
                "--- FAIL: TestSix (1.10s)\n    /home/x/rooms/1/gate/a_test.go:11: Error: no\nFAIL\texample.org/a\t0.112s\n",
            ),
            (
                "tap",
                "ok 1 - one\nnot ok 2 - two\n",
                "ok 1 - zero\nok 2 - one\nnot ok 3 - two\n",
                "ok 1 - one\nnot ok 2 - three\n",
            ),
            (
                "ids",
                "2026-11-20T01:02:03Z error: request 550e8400-e29b-41d4-a716-446655440000 at 0x7ffe01 in /tmp/.tmpA1b2C3/x/tmpq8z, port 41234, commit 9fceb02d\n",
                "2026-11-21T09:00:59Z error: request 123e4567-e89b-12d3-a456-426614174000 at 0x55d0aa in /tmp/.tmpZ9y8X7/x/tmp77f, port 5000, commit 0a1b2c3d\n",
                "2026-11-21T09:00:59Z error: response 123e4567-e89b-12d3-a456-426614174000 at 0x55d0aa in /tmp/.tmpZ9y8X7/x/tmp77f, port 5000, commit 0a1b2c3d\n",
            ),
            (
                "without telling lines",
                "checking…\nthe sky is green, took 12 ms\n",
                "checking…\nthe sky is green, took 19.5 ms\n",
                "checking…\nthe sky is red, took 12 ms\n",
            ),
        ];
        for (name, run, again, other) in runs {
            assert_eq!(signature(run, &RED), signature(again, &RED), "{name}");
            assert_ne!(signature(run, &RED), signature(other, &RED), "{name}");
            assert_ne!(
                signature(run, &RED),
                signature(run, &Exit::Code(1)),
                "{name}"
            );
        }
    }

    #[test]
    fn names_that_look_like_what_varies_stay() {
        for line in [
            "tmp_dir_is_removed",
            "deadbeef",
            "test feedface ok",
            "assert 1 == 22",
        ] {
            assert_eq!(normalize(line), line);
        }
    }

    #[test]
    fn the_telling_line_names_the_failure() {
        let cases = [
            (
                "error: test failed, to rerun pass `--lib`\ntest a::two ... FAILED\n",
                "test a::two ... FAILED",
            ),
            (
                "collected 1\nFAILED t.py::x - assert 1\n1 failed\n",
                "FAILED t.py::x - assert 1",
            ),
            ("  not ok 2 - two\n", "not ok 2 - two"),
            (
                "make[1]: *** [all] Error 1\nfoo.c:1: error: no such thing\n",
                "foo.c:1: error: no such thing",
            ),
            ("one\nlast\n\n", "last"),
        ];
        for (output, expected) in cases {
            assert_eq!(telling_line(output), Some(expected));
        }
        assert_eq!(telling_line("\n"), None);
    }
}
