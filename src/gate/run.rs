//! One check on one tree, with real processes: run, perhaps run again, keep the log, give the
//! verdict.

use std::{ffi::OsString, path::Path, time::Duration};

use tokio::sync::watch;

use crate::{
    layout::{self, PathError},
    process::{self, Exit, Progress, Spec},
    repo::id::TreeId,
    sandbox::{Fence, Redactor, clean},
};

use super::{
    classify::{Outcome, classify, judge, one_line},
    kept::Kept,
    memory::command_hash,
    verdict::{Check, Class, Verdict},
};

/// How long a gate has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// What to run, where, and what it is compared with.
#[derive(Debug)]
pub struct GateRun<'a> {
    /// Which check it is.
    pub check: Check,
    /// The command, run by `sh -c`; one of several lines ends at the first line that fails.
    pub command: &'a str,
    /// The folder in which the tree is checked out.
    pub room: &'a Path,
    /// The tree.
    pub tree: &'a TreeId,
    /// The command's whole environment (see [`super::environment`]).
    pub env: &'a [(OsString, OsString)],
    /// Awake time for one run.
    pub timeout: Duration,
    /// What its processes are marked with.
    pub mark: String,
    /// Whether a red run is repeated once, to tell a flaky test from a failing one.
    pub rerun: bool,
    /// The file in which the redacted output is kept.
    pub log: &'a Path,
    /// That file's name in the verdict, relative to the night's folder.
    pub log_name: String,
    /// The verdict of the same check on the tree that the work began from; `None` when there is
    /// none.
    pub baseline: Option<&'a Verdict>,
    /// What it may reach.
    pub fence: &'a Fence<'a>,
    /// What takes secrets out of the log and the reason.
    pub redactor: &'a Redactor,
    /// What it prints and computes is counted here.
    pub progress: &'a Progress,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// A verdict.
    Verdict(Verdict),
    /// None: it was asked to stop.
    Stopped,
}

/// One run of the command.
struct Attempt {
    exit: Exit,
    took: Duration,
    output: String,
    outcome: Outcome,
}

/// Runs a check and judges it. Whatever it started has ended when this returns.
///
/// # Errors
/// The log cannot be written.
pub async fn run(
    gate: &GateRun<'_>,
    stop: &mut watch::Receiver<bool>,
) -> Result<Judged, PathError> {
    let mut attempts = vec![once(gate, stop).await];
    if gate.rerun
        && matches!(attempts.first(), Some(first) if matches!(first.outcome, Outcome::Red { .. }))
    {
        attempts.push(once(gate, stop).await);
    }
    let log = log(gate, &attempts);
    layout::write(gate.log, log.as_bytes())?;
    let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else {
        return Ok(Judged::Stopped);
    };
    let rerun = attempts.get(1).map(|rerun| &rerun.outcome);
    let Some(class) = classify(&first.outcome, rerun, gate.baseline) else {
        return Ok(Judged::Stopped);
    };
    let exit = match last.exit {
        Exit::Code(code) => Some(code),
        _ => None,
    };
    let signature = match &last.outcome {
        Outcome::Red { signature, .. } => Some(signature.clone()),
        _ => None,
    };
    let took = attempts
        .iter()
        .map(|attempt| attempt.took.as_millis())
        .sum::<u128>();
    Ok(Judged::Verdict(Verdict {
        check: gate.check,
        class,
        tree: gate.tree.clone(),
        command: command_hash(gate.command),
        exit,
        took_ms: u64::try_from(took).unwrap_or(u64::MAX),
        signature,
        reason: reason(gate, class, first, last),
        log: Some(gate.log_name.clone()),
        log_hash: Some(blake3::hash(log.as_bytes()).to_hex().to_string()),
        remembered: false,
    }))
}

async fn once(gate: &GateRun<'_>, stop: &mut watch::Receiver<bool>) -> Attempt {
    // `-e`: in a block of lines, each is a condition, not only the last.
    let flags = if gate.command.trim().contains('\n') {
        "-ec"
    } else {
        "-c"
    };
    let argv = vec!["sh".into(), flags.into(), gate.command.into()];
    let wrapped = gate.fence.wrap(argv, gate.room, gate.env);
    let spec = Spec {
        argv: wrapped.argv,
        folder: gate.room.to_owned(),
        env: gate.env.to_vec(),
        stdin: None,
        mark: gate.mark.clone(),
        timeout: gate.timeout,
        // A gate may well compute in silence, and has its timeout.
        silence: None,
        grace: GRACE,
        progress: gate.progress.clone(),
        supervised: wrapped.supervised,
    };
    let mut kept = Kept::default();
    let finished = process::run(&spec, stop, |_| {}, |_, piece| kept.push(piece)).await;
    // Cleaned before it is redacted, as an escape sequence inside a secret hides it; redacted
    // before it is judged, as a line cut short for the reason would show half of a secret.
    let plain = clean(&kept.into_text());
    let output = gate.redactor.redact(&plain).into_owned();
    let outcome = match judge(&finished.exit, &output) {
        Outcome::Green | Outcome::Red { .. } if finished.unended > 0 => Outcome::Environment {
            reason: format!("{} of its processes cannot be ended", finished.unended),
        },
        outcome => outcome,
    };
    Attempt {
        outcome,
        exit: finished.exit,
        took: finished.took,
        output,
    }
}

/// Each run's output, above a line that says how it ended.
fn log(gate: &GateRun<'_>, attempts: &[Attempt]) -> String {
    let command = clean(gate.command.trim());
    let runs: Vec<String> = attempts
        .iter()
        .map(|attempt| {
            let end = if attempt.output.ends_with('\n') || attempt.output.is_empty() {
                ""
            } else {
                "\n"
            };
            let how = ending(attempt, gate.timeout);
            format!("{}{end}--- {how} ---\n", attempt.output)
        })
        .collect();
    format!(
        "$ {}\n{}",
        gate.redactor.redact(&command),
        runs.join("\n--- run again on the same tree ---\n")
    )
}

fn ending(attempt: &Attempt, timeout: Duration) -> String {
    match &attempt.exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
        Exit::TimedOut | Exit::Silent => format!("not done within {timeout:?}"),
        Exit::Stopped => "stopped".to_owned(),
        Exit::NotStarted { reason, .. } => reason.clone(),
    }
}

/// One line on why: of a flaky check, what was red before it was green.
fn reason(gate: &GateRun<'_>, class: Class, first: &Attempt, last: &Attempt) -> String {
    let attempt = if class == Class::Flaky { first } else { last };
    let reason = match &attempt.outcome {
        Outcome::Red { reason, .. } if class == Class::Flaky => {
            format!("red, then green on the same tree: {reason}")
        }
        Outcome::Red { reason, .. } | Outcome::Environment { reason } => reason.clone(),
        Outcome::Green | Outcome::Timeout | Outcome::Stopped => ending(attempt, gate.timeout),
    };
    one_line(&reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Case {
        folder: tempfile::TempDir,
        env: Vec<(OsString, OsString)>,
        redactor: Redactor,
    }

    impl Case {
        fn new() -> Self {
            let base = [("PATH".into(), "/usr/bin:/bin".into())];
            let secret = ("MY_PASSWORD".to_owned(), "open sesame".to_owned());
            Self {
                folder: tempfile::tempdir().unwrap(),
                env: super::super::environment(&base, &[]),
                redactor: Redactor::new([secret].into_iter()),
            }
        }

        async fn judge(
            &self,
            command: &str,
            timeout_ms: u64,
            baseline: Option<&Verdict>,
        ) -> Verdict {
            let gate = GateRun {
                check: Check::Gate,
                command,
                room: self.folder.path(),
                tree: &TreeId("t".to_owned()),
                env: &self.env,
                timeout: Duration::from_millis(timeout_ms),
                mark: format!(
                    "gate-{}-{}",
                    std::process::id(),
                    self.folder.path().display()
                ),
                rerun: true,
                log: &self.log(),
                log_name: "x/gate.log".to_owned(),
                baseline,
                fence: &Fence::off(),
                redactor: &self.redactor,
                progress: &Progress::default(),
            };
            let (_ask, mut stop) = watch::channel(false);
            match run(&gate, &mut stop).await.unwrap() {
                Judged::Verdict(verdict) => verdict,
                Judged::Stopped => panic!("stopped"),
            }
        }

        fn log(&self) -> std::path::PathBuf {
            self.folder.path().join("logs/gate.log")
        }

        fn logged(&self) -> String {
            std::fs::read_to_string(self.log()).unwrap()
        }
    }

    #[tokio::test]
    async fn each_class_by_a_real_command() {
        let flaky = "if test -e seen; then exit 0; fi; touch seen; echo 'FAILED t::x'; exit 1";
        let cases = [
            ("true", Class::Passed, "exit code 0"),
            ("true && false", Class::Introduced, "exit code 1"),
            (
                "echo 'test a ... FAILED'; exit 101",
                Class::Introduced,
                "exit code 101: test a ... FAILED",
            ),
            ("\nfalse\ntrue\n", Class::Introduced, "exit code 1"),
            ("\ntrue\necho done\n", Class::Passed, "exit code 0"),
            (
                flaky,
                Class::Flaky,
                "red, then green on the same tree: exit code 1: FAILED t::x",
            ),
            (
                "pytset -q",
                Class::Environment,
                "command not found: `pytset`",
            ),
            (
                "touch x; ./x",
                Class::Environment,
                "command not executable: `./x`",
            ),
            ("exit 127", Class::Introduced, "exit code 127"),
            (
                "kill -KILL $$",
                Class::Environment,
                "killed from outside, signal 9",
            ),
            (
                "sh -c 'kill -KILL $$'; exit $?",
                Class::Environment,
                "killed from outside, signal 9",
            ),
            (
                "echo 'cp: No space left on device'; exit 1",
                Class::Environment,
                "no space: cp: No space left on device",
            ),
            (
                "echo open sesame; exit 3",
                Class::Introduced,
                "exit code 3: [redacted:environment]",
            ),
        ];
        for (command, class, reason) in cases {
            let case = Case::new();
            let verdict = case.judge(command, 10_000, None).await;
            assert_eq!(verdict.class, class, "{command}: {}", case.logged());
            assert_eq!(verdict.reason, reason, "{command}: {}", case.logged());
            assert_eq!(
                verdict.signature.is_some(),
                class == Class::Introduced,
                "{command}"
            );
            assert_eq!(verdict.command, command_hash(command));
            let hash = blake3::hash(case.logged().as_bytes()).to_hex().to_string();
            assert_eq!(verdict.log_hash, Some(hash));
        }
    }

    #[tokio::test]
    async fn an_old_failure_is_told_from_a_new_one() {
        let case = Case::new();
        let fails = |test: &str| format!("echo \"FAILED {test} in 0.$$ s\"; exit 1");
        let baseline = case.judge(&fails("a"), 10_000, None).await;
        let again = case.judge(&fails("a"), 10_000, Some(&baseline)).await;
        assert_eq!(again.class, Class::PreExisting);
        assert_eq!(again.signature, baseline.signature);
        let other = case.judge(&fails("b"), 10_000, Some(&baseline)).await;
        assert_eq!(other.class, Class::Introduced);
    }

    #[tokio::test]
    async fn a_timeout_ends_grandchildren_and_is_not_repeated() {
        let case = Case::new();
        let command =
            "echo run >> runs; echo 'all tests passed'; (sleep 60 & echo $! > pid; wait) & wait";
        let verdict = case.judge(command, 200, None).await;
        assert_eq!((verdict.class, verdict.exit), (Class::Timeout, None));
        assert_eq!(verdict.reason, "not done within 200ms");
        let read = |name| std::fs::read_to_string(case.folder.path().join(name)).unwrap();
        assert_eq!(read("runs"), "run\n");
        let grandchild = process::identify(read("pid").trim().parse().unwrap());
        assert!(!grandchild.is_some_and(|id| process::is_alive(&id)));
        assert!(
            case.logged()
                .contains("all tests passed\n--- not done within 200ms ---")
        );
    }

    #[tokio::test]
    async fn the_log_is_bounded_plain_and_without_secrets() {
        let case = Case::new();
        let command = "printf '\\033[31mpw: open ses\\033[0mame\\377\\n'; yes 0123456789 | head -n 300000; echo the end";
        let verdict = case.judge(command, 10_000, None).await;
        assert_eq!(verdict.class, Class::Passed);
        let log = case.logged();
        assert!(
            log.contains("\npw: [redacted:environment]\u{fffd}\n0123456789\n"),
            "{log:.200}"
        );
        assert!(log.contains(" bytes left out …]\n"));
        assert!(log.ends_with("\nthe end\n--- exit code 0 ---\n"));
        assert!(log.len() < 330 * 1024, "{}", log.len());
    }

    #[tokio::test]
    async fn both_runs_are_in_the_log_and_a_stop_is_no_verdict() {
        let case = Case::new();
        case.judge("echo once >&2; exit 1", 10_000, None).await;
        assert_eq!(
            case.logged(),
            "$ echo once >&2; exit 1\nonce\n--- exit code 1 ---\n\n\
             --- run again on the same tree ---\nonce\n--- exit code 1 ---\n"
        );
        let gate = GateRun {
            check: Check::Accept,
            command: "sleep 60",
            room: case.folder.path(),
            tree: &TreeId("t".to_owned()),
            env: &case.env,
            timeout: Duration::from_secs(10),
            mark: format!("stopped-gate-{}", std::process::id()),
            rerun: true,
            log: &case.log(),
            log_name: "gate.log".to_owned(),
            baseline: None,
            fence: &Fence::off(),
            redactor: &case.redactor,
            progress: &Progress::default(),
        };
        let (ask, mut stop) = watch::channel(false);
        let (judged, ()) = tokio::join!(run(&gate, &mut stop), async {
            ask.send(true).unwrap();
        });
        assert_eq!(judged.unwrap(), Judged::Stopped);
    }
}
