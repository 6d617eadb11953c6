//! The embedded scripted agent: performs one attempt of a [`Story`] in its working folder.
//!
//! It runs in a process of its own, the hidden verb `__play`. It does what agents do, nasty things
//! included, and it fails loudly: whatever in the story does not fit the folder is a message on
//! standard error and an exit code that no real attempt has.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use super::story::{LONGEST_STORY, Step, Story, StoryError};
use crate::{
    clock,
    layout::{self, PathContext, PathError},
    say::{self, SayError, Spoken},
};

/// The exit code when there is no story for the ticket.
const NO_STORY: i32 = 66;

/// The exit code when the story is wrong, or a step did not work.
const BAD_STORY: i32 = 70;

/// Why a story did not come to its end.
#[derive(Debug, thiserror::Error)]
enum PlayError {
    #[error("there is no story `{}`, and no `default.yaml` beside it", .0.display())]
    NoStory(PathBuf),
    #[error("the story `{}` has more than {LONGEST_STORY} bytes", .0.display())]
    TooLong(PathBuf),
    #[error("{}: {problem}", path.display())]
    Story { path: PathBuf, problem: StoryError },
    #[error(transparent)]
    Io(#[from] PathError),
    #[error("`{}` does not contain {find:?}", path.display())]
    NotFound { path: PathBuf, find: String },
    #[error("cannot print: {0}")]
    Print(io::Error),
    #[error("cannot run `{command}`: {problem}")]
    NoShell { command: String, problem: io::Error },
    #[error("`{command}` ended with {status}")]
    Shell {
        command: String,
        status: std::process::ExitStatus,
    },
    #[error("NIGHTSHIFT_SAY names no file to speak into")]
    Mute,
    #[error(transparent)]
    Say(#[from] SayError),
    #[error("cannot ignore SIGTERM: {0}")]
    Signal(io::Error),
}

/// Plays an attempt of the story file in `folder`, and returns the exit code: the story's own (0
/// when it names none), `NO_STORY` or `BAD_STORY` with a message on standard error.
pub fn play(story: &Path, attempt: u32, folder: &Path) -> i32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the scripted agent reads what its runner set for it, as any agent would"
    )]
    let say = std::env::var_os("NIGHTSHIFT_SAY").map(PathBuf::from);
    let mut player = Player {
        folder,
        say: say.as_deref(),
        out: io::stdout(),
    };
    let played = read(story).and_then(|story| player.play(&story, attempt));
    match played {
        Ok(code) => code,
        Err(error) => {
            let code = match &error {
                PlayError::NoStory(_) => NO_STORY,
                _ => BAD_STORY,
            };
            let mut message = format!("the scripted agent stops: {error}");
            let mut cause = std::error::Error::source(&error);
            while let Some(deeper) = cause {
                message = format!("{message}: {deeper}");
                cause = deeper.source();
            }
            // Nobody is left to tell when standard error is gone, too.
            drop(writeln!(io::stderr(), "{message}"));
            code
        }
    }
}

fn read(path: &Path) -> Result<Story, PlayError> {
    let default = path.with_file_name("default.yaml");
    let path = [path, &default]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| PlayError::NoStory(path.to_owned()))?;
    if fs::metadata(path).at("read", path)?.len() > LONGEST_STORY {
        return Err(PlayError::TooLong(path.to_owned()));
    }
    let text = fs::read_to_string(path).at("read", path)?;
    text.parse().map_err(|problem| PlayError::Story {
        path: path.to_owned(),
        problem,
    })
}

struct Player<'a, W> {
    folder: &'a Path,
    /// The file to speak into.
    say: Option<&'a Path>,
    /// Where it prints.
    out: W,
}

impl<W: Write> Player<'_, W> {
    fn play(&mut self, story: &Story, attempt: u32) -> Result<i32, PlayError> {
        for step in story.steps(attempt) {
            if let Some(code) = self.perform(step)? {
                return Ok(code);
            }
        }
        Ok(0)
    }

    /// Performs one step; returns the exit code if the story ends with it.
    fn perform(&mut self, step: &Step) -> Result<Option<i32>, PlayError> {
        match step {
            Step::Write(what) => {
                layout::write(&self.folder.join(&what.path), what.text.as_bytes())?;
            }
            Step::Append(what) => append(&self.folder.join(&what.path), &what.text)?,
            Step::Replace(what) => {
                let path = self.folder.join(&what.path);
                let text = fs::read_to_string(&path).at("read", &path)?;
                if !text.contains(&what.find) {
                    return Err(PlayError::NotFound {
                        path: what.path.clone(),
                        find: what.find.clone(),
                    });
                }
                layout::write(&path, text.replace(&what.find, &what.with).as_bytes())?;
            }
            Step::Delete(path) => delete(&self.folder.join(path))?,
            Step::Rename(what) => {
                rename(&self.folder.join(&what.from), &self.folder.join(&what.to))?;
            }
            Step::Say(utterance) => {
                let file = self.say.ok_or(PlayError::Mute)?;
                if let Spoken::Answered { say } = say::speak(file, utterance)? {
                    self.print(&say)?;
                }
            }
            Step::Print(text) => self.print(text)?,
            Step::Sh(command) => self.shell(command)?,
            Step::Sleep(span) => sleep(span.0),
            Step::Hang(true) => loop {
                std::thread::park();
            },
            Step::Busy(span) => {
                let start = clock::now();
                while clock::now().since(&start) < span.0 {
                    std::hint::spin_loop();
                }
            }
            Step::Flood(size) => self.flood(size.0)?,
            Step::Daemon(span) => self.shell(&daemon(span.0))?,
            Step::IgnoreSigterm(true) => ignore_sigterm().map_err(PlayError::Signal)?,
            Step::Hang(false) | Step::IgnoreSigterm(false) => {}
            Step::Exit(code) => return Ok(Some(i32::from(*code))),
        }
        Ok(None)
    }

    fn print(&mut self, text: &str) -> Result<(), PlayError> {
        writeln!(self.out, "{text}")
            .and_then(|()| self.out.flush())
            .map_err(PlayError::Print)
    }

    fn flood(&mut self, mut bytes: u64) -> Result<(), PlayError> {
        let line = format!("{}\n", "flood ".repeat(10));
        let block = line.repeat(1024);
        while bytes > 0 {
            let size = usize::try_from(bytes).map_or(block.len(), |rest| rest.min(block.len()));
            let piece = block.as_bytes().get(..size).unwrap_or_default();
            self.out.write_all(piece).map_err(PlayError::Print)?;
            bytes -= size as u64;
        }
        self.out.flush().map_err(PlayError::Print)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the scripted agent is itself a child that `process/` watches, and its children are the point"
    )]
    fn shell(&mut self, command: &str) -> Result<(), PlayError> {
        let status = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .status()
            .map_err(|problem| PlayError::NoShell {
                command: command.to_owned(),
                problem,
            })?;
        if status.success() {
            return Ok(());
        }
        Err(PlayError::Shell {
            command: command.to_owned(),
            status,
        })
    }
}

fn append(path: &Path, text: &str) -> Result<(), PathError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .at("append to", path)
}

fn delete(path: &Path) -> Result<(), PathError> {
    if path.is_dir() && !path.is_symlink() {
        fs::remove_dir_all(path).at("delete", path)
    } else {
        fs::remove_file(path).at("delete", path)
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), PathError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "the scripted agent works in the bench, where nothing is nightshift's"
    )]
    fs::rename(from, to).at("rename", from)
}

/// Returns the shell command that leaves a daemon: the subshell ends at once, so that its child
/// gets another parent, in a session that no process group reaches.
fn daemon(span: Duration) -> String {
    let sleep = format!("sleep {}", span.as_secs_f64());
    let quiet = "</dev/null >/dev/null 2>&1";
    format!(
        "if command -v setsid >/dev/null; then (setsid {sleep} {quiet} &); \
         else (perl -MPOSIX=setsid -e 'setsid; exec @ARGV' {sleep} {quiet} &); fi"
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "waiting is what the scripted agent is told to do"
)]
fn sleep(span: Duration) {
    std::thread::sleep(span);
}

/// Catches SIGTERM and does nothing about it, for the rest of the process's life: tokio never takes
/// a handler away. In a thread of its own, because a runtime must not end inside another.
fn ignore_sigterm() -> io::Result<()> {
    let catch = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let _inside = runtime.enter();
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map(drop)
    };
    std::thread::spawn(catch)
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the thread that should do it panicked")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Played {
        folder: tempfile::TempDir,
        printed: String,
        result: Result<i32, String>,
    }

    fn played(story: &str) -> Played {
        let folder = tempfile::tempdir().unwrap();
        let say = folder.path().join("say.jsonl");
        let mut out = Vec::new();
        let story: Story = story.parse().unwrap();
        let result = Player {
            folder: folder.path(),
            say: Some(&say),
            out: &mut out,
        }
        .play(&story, 1)
        .map_err(|error| error.to_string());
        Played {
            folder,
            printed: String::from_utf8(out).unwrap(),
            result,
        }
    }

    impl Played {
        fn file(&self, name: &str) -> Option<String> {
            fs::read_to_string(self.folder.path().join(name)).ok()
        }
    }

    #[test]
    fn steps_change_files_and_print_and_speak() {
        let played = played(
            r#"
attempts:
  - - write: {path: a/b.txt, text: "one two one"}
    - replace: {path: a/b.txt, find: one, with: "1"}
    - append: {path: log, text: "x"}
    - append: {path: log, text: "y"}
    - rename: {from: a/b.txt, to: c/d.txt}
    - delete: a
    - sh: "cat c/d.txt > copy"
    - say: {verb: assume, text: tabs}
    - print: hello
    - sleep: 1ms
    - busy: 1ms
    - hang: false
    - flood: 100 B
    - exit: 3
    - write: {path: never, text: ""}
"#,
        );
        assert_eq!(played.result, Ok(3));
        assert_eq!(played.file("c/d.txt").as_deref(), Some("1 two 1"));
        assert_eq!(played.file("copy").as_deref(), Some("1 two 1"));
        assert_eq!(played.file("log").as_deref(), Some("xy"));
        assert!(!played.folder.path().join("a").exists());
        assert_eq!(played.file("never"), None);
        assert_eq!(
            played.file("say.jsonl").as_deref(),
            Some("{\"verb\":\"assume\",\"text\":\"tabs\"}\n")
        );
        assert!(played.printed.starts_with("hello\nflood"));
        assert_eq!(played.printed.len(), "hello\n".len() + 100);
    }

    #[test]
    fn what_does_not_fit_is_loud() {
        for (step, expected) in [
            (
                "replace: {path: f, find: zz, with: y}",
                "`f` does not contain \"zz\"",
            ),
            ("replace: {path: no, find: zz, with: y}", "cannot read"),
            ("delete: no", "cannot delete"),
            ("rename: {from: no, to: b}", "cannot rename"),
            ("sh: exit 4", "`exit 4` ended with exit status: 4"),
        ] {
            let story = format!("attempts: [[{{write: {{path: f, text: x}}}}, {{{step}}}]]");
            let error = played(&story).result.unwrap_err();
            assert!(error.contains(expected), "{step}: {error}");
        }
    }

    #[test]
    fn a_standing_answer_is_printed_and_nothing_is_parked() {
        let folder = tempfile::tempdir().unwrap();
        let say = folder.path().join("say.jsonl");
        let answers = [say::StandingAnswer {
            ask: "tabs".into(),
            say: "spaces".into(),
        }];
        say::standing::store(&say, &answers).unwrap();
        let story: Story = "attempts: [[{say: {verb: park, question: tabs or spaces?}}]]"
            .parse()
            .unwrap();
        let mut out = Vec::new();
        Player {
            folder: folder.path(),
            say: Some(&say),
            out: &mut out,
        }
        .play(&story, 1)
        .unwrap();
        assert_eq!(out, b"spaces\n");
        assert!(fs::read_to_string(&say).unwrap().contains("assume"));
    }

    #[test]
    fn a_story_is_looked_for_by_name_and_then_by_default() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = folder.path().join("T-1.yaml");
        assert_eq!(play(&wanted, 1, folder.path()), NO_STORY);
        layout::write(
            &folder.path().join("default.yaml"),
            b"attempts: [[{exit: 5}]]",
        )
        .unwrap();
        assert_eq!(play(&wanted, 1, folder.path()), 5);
        layout::write(&wanted, b"attempts: [[{exit: 6}], [{exit: 7}]]").unwrap();
        assert_eq!(play(&wanted, 1, folder.path()), 6);
        assert_eq!(play(&wanted, 9, folder.path()), 7);
        layout::write(&wanted, b"attempts: [[{jump: 6}]]").unwrap();
        assert_eq!(play(&wanted, 1, folder.path()), BAD_STORY);
    }
}
