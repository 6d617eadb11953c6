//! What an exit and an output mean, as pure functions of facts.
//!
//! [`judge`] reads one run; [`classify`] sets it against the rerun on the same tree and the
//! verdict on the tree that the work began from.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::process::Exit;

use super::{
    signature::{last_lines, signature, telling_line},
    verdict::{Class, Verdict},
};

/// The most of a line that goes into a reason, in characters.
const REASON: usize = 160;

/// What one run of a command says, before it is compared with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It exited 0.
    Green,
    /// It found fault.
    Red {
        /// What with, without what varies (see [`signature`]).
        signature: String,
        /// One line on it.
        reason: String,
    },
    /// It was ended at its timeout, whatever it had printed.
    Timeout,
    /// It could not judge.
    Environment {
        /// What is missing.
        reason: String,
    },
    /// It was ended because the night was told to stop: it says nothing.
    Stopped,
}

/// Reads one run of `sh -c COMMAND` from its exit and its output, which may have been cut in the
/// middle.
pub fn judge(exit: &Exit, output: &str) -> Outcome {
    let red = |how: String| {
        let line = telling_line(output).map(|line| format!(": {line}"));
        Outcome::Red {
            signature: signature(output, exit),
            reason: one_line(&format!("{how}{}", line.unwrap_or_default())),
        }
    };
    let environment = |reason: &str| Outcome::Environment {
        reason: one_line(reason),
    };
    match exit {
        Exit::Code(0) => Outcome::Green,
        Exit::TimedOut | Exit::Silent => Outcome::Timeout,
        Exit::Stopped => Outcome::Stopped,
        Exit::NotStarted { reason, .. } => environment(reason),
        Exit::Code(_) | Exit::Signal(_) => {
            if let Some(line) = last_lines(output).find(|line| NO_SPACE.is_match(line)) {
                return environment(&format!("no space: {}", line.trim()));
            }
            match *exit {
                Exit::Code(code @ (126 | 127)) => match missing(output) {
                    Some(reason) => environment(&reason),
                    None => red(format!("exit code {code}")),
                },
                // A shell reports the signal that ended its child as 128 and its number.
                Exit::Code(code @ 129..=159) if is_from_outside(code - 128) => {
                    environment(&format!("killed from outside, signal {}", code - 128))
                }
                Exit::Signal(signal) if is_from_outside(signal) => {
                    environment(&format!("killed from outside, signal {signal}"))
                }
                Exit::Signal(signal) => red(format!("signal {signal}")),
                Exit::Code(code) => red(format!("exit code {code}")),
                _ => Outcome::Stopped,
            }
        }
    }
}

/// Says what a run means beside its rerun on the same tree (`None` when there was none) and the
/// verdict of the same check on the tree that the work began from (`None` when there is none).
/// `None` when a run was stopped, which means nothing.
pub fn classify(
    first: &Outcome,
    rerun: Option<&Outcome>,
    baseline: Option<&Verdict>,
) -> Option<Class> {
    let had_this_failure = |signature: &str| {
        baseline.is_some_and(|baseline| {
            !baseline.class.is_green() && baseline.signature.as_deref() == Some(signature)
        })
    };
    Some(match (first, rerun) {
        (Outcome::Stopped, _) | (Outcome::Red { .. }, Some(Outcome::Stopped)) => return None,
        (Outcome::Green, _) => Class::Passed,
        (Outcome::Timeout, _) | (Outcome::Red { .. }, Some(Outcome::Timeout)) => Class::Timeout,
        (Outcome::Environment { .. }, _)
        | (Outcome::Red { .. }, Some(Outcome::Environment { .. })) => Class::Environment,
        (Outcome::Red { .. }, Some(Outcome::Green)) => Class::Flaky,
        // The rerun counts: what was red only once beside an old failure is flaky, not new.
        (Outcome::Red { .. }, Some(Outcome::Red { signature, .. }))
        | (Outcome::Red { signature, .. }, None) => {
            if had_this_failure(signature) {
                Class::PreExisting
            } else {
                Class::Introduced
            }
        }
    })
}

/// Signals that a program does not bring on itself: a person's or the kernel's (out of memory,
/// limits). A crash of the program under test is a failure like any other.
fn is_from_outside(signal: i32) -> bool {
    // HUP, INT, KILL, TERM, XCPU, XFSZ.
    matches!(signal, 1 | 2 | 9 | 15 | 24 | 25)
}

static NO_SPACE: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new([
        r"No space left on device",
        r"\bENOSPC\b",
        r"Disk quota exceeded",
    ])
    .unwrap_or_default()
});

/// A shell's own complaint: `sh: 1: x: not found`, `bash: line 1: x: command not found`,
/// `./ci.sh: 3: exec: x: not found`, `env: 'x': No such file or directory`.
static COMPLAINT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"^[^\s:]+: (?:(?:line )?\d+: )?(?:exec: )?['"‘]?(?P<name>[^\n]+?)['"’]?: (?P<what>(?:command )?not found|No such file or directory|Permission denied)$"#,
    )
    .ok()
});

/// Returns what a shell that exited 126 or 127 could not run. A test program may exit with the
/// same code: then nobody complained, and it is a failure.
fn missing(output: &str) -> Option<String> {
    let complaint = (*COMPLAINT).as_ref()?;
    let found = last_lines(output).find_map(|line| complaint.captures(line.trim()))?;
    let (name, what) = (found.name("name")?.as_str(), found.name("what")?.as_str());
    Some(if what == "Permission denied" {
        format!("command not executable: `{name}`")
    } else {
        format!("command not found: `{name}`")
    })
}

/// Cuts a reason to one line of bounded length.
pub(super) fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= REASON {
        return line.to_owned();
    }
    line.chars().take(REASON - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{gate::verdict::Check, repo::id::TreeId};

    fn environment(reason: &str) -> Outcome {
        Outcome::Environment {
            reason: reason.to_owned(),
        }
    }

    #[test]
    fn a_run_that_could_not_judge_is_the_environments() {
        let cases = [
            (
                127,
                "sh: 1: pytset: not found\n",
                "command not found: `pytset`",
            ),
            (
                127,
                "bash: line 3: pytset: command not found",
                "command not found: `pytset`",
            ),
            (
                127,
                "./ci.sh: 3: exec: pytset: not found",
                "command not found: `pytset`",
            ),
            (
                127,
                "env: ‘node’: No such file or directory",
                "command not found: `node`",
            ),
            (
                126,
                "sh: 1: ./x: Permission denied",
                "command not executable: `./x`",
            ),
            (137, "", "killed from outside, signal 9"),
            (
                1,
                "cc: fatal: No space left on device\n",
                "no space: cc: fatal: No space left on device",
            ),
        ];
        for (code, output, reason) in cases {
            assert_eq!(
                judge(&Exit::Code(code), output),
                environment(reason),
                "{output}"
            );
        }
        assert_eq!(
            judge(&Exit::Signal(9), ""),
            environment("killed from outside, signal 9")
        );
        let not_started = Exit::NotStarted {
            missing: true,
            reason: "command not found: `sh`".to_owned(),
        };
        assert_eq!(
            judge(&not_started, ""),
            environment("command not found: `sh`")
        );
    }

    #[test]
    fn a_run_that_found_fault_is_red() {
        let long = "x".repeat(300);
        let cut = "x".repeat(146);
        let cases = [
            (
                Exit::Code(127),
                "1 element: not in list",
                "exit code 127: 1 element: not in list",
            ),
            (Exit::Code(127), "", "exit code 127"),
            (Exit::Code(134), "", "exit code 134"),
            (
                Exit::Code(1),
                "sh: 1: x: not found\nFAILED t",
                "exit code 1: FAILED t",
            ),
            (Exit::Signal(11), "boom", "signal 11: boom"),
            (
                Exit::Code(2),
                long.as_str(),
                &format!("exit code 2: {cut}…"),
            ),
        ];
        for (exit, output, expected) in cases {
            let Outcome::Red { reason, .. } = judge(&exit, output) else {
                panic!("{exit:?} {output} is not red");
            };
            assert_eq!(reason, expected);
        }
    }

    #[test]
    fn green_is_an_exit_of_0_in_time_and_nothing_else() {
        assert_eq!(judge(&Exit::Code(0), "FAILED"), Outcome::Green);
        assert_eq!(judge(&Exit::TimedOut, "test result: ok"), Outcome::Timeout);
        assert_eq!(judge(&Exit::Stopped, "ok"), Outcome::Stopped);
    }

    #[test]
    fn runs_are_set_against_each_other() {
        let red = |signature: &str| Outcome::Red {
            signature: signature.to_owned(),
            reason: String::new(),
        };
        let baseline = |class, signature: Option<&str>| Verdict {
            check: Check::Gate,
            class,
            tree: TreeId(String::new()),
            command: String::new(),
            exit: None,
            took_ms: 0,
            signature: signature.map(str::to_owned),
            reason: String::new(),
            log: None,
            log_hash: None,
            remembered: false,
        };
        let was_red = baseline(Class::Introduced, Some("old"));
        let was_green = baseline(Class::Passed, None);
        let (green, late, broken) = (Outcome::Green, Outcome::Timeout, environment(""));
        let cases = [
            (&green, None, Some(&was_red), Some(Class::Passed)),
            (&red("old"), None, None, Some(Class::Introduced)),
            (&red("old"), None, Some(&was_green), Some(Class::Introduced)),
            (&red("old"), None, Some(&was_red), Some(Class::PreExisting)),
            (&red("new"), None, Some(&was_red), Some(Class::Introduced)),
            (
                &red("old"),
                Some(&green),
                Some(&was_red),
                Some(Class::Flaky),
            ),
            (
                &red("new"),
                Some(&red("old")),
                Some(&was_red),
                Some(Class::PreExisting),
            ),
            (
                &red("old"),
                Some(&red("new")),
                Some(&was_red),
                Some(Class::Introduced),
            ),
            (
                &red("old"),
                Some(&late),
                Some(&was_red),
                Some(Class::Timeout),
            ),
            (
                &red("old"),
                Some(&broken),
                Some(&was_red),
                Some(Class::Environment),
            ),
            (&red("old"), Some(&Outcome::Stopped), None, None),
            (&late, None, Some(&was_red), Some(Class::Timeout)),
            (&broken, None, Some(&was_red), Some(Class::Environment)),
            (&Outcome::Stopped, None, None, None),
        ];
        for (first, rerun, baseline, expected) in cases {
            assert_eq!(
                classify(first, rerun, baseline),
                expected,
                "{first:?} {rerun:?}"
            );
        }
    }
}
