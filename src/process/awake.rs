//! Keeps the machine awake, by a lock of the system's own that is given back when this process ends,
//! however it ends.
//!
//! The lock belongs to a helper (`systemd-inhibit`, `caffeinate`) that runs `cat` on a pipe of ours:
//! when we are gone the pipe is, `cat` ends, and the helper with it. That the lock is held is known
//! when `cat` answers.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    time,
};

/// How long the helper may take to get the lock.
const PATIENCE: Duration = Duration::from_secs(3);

/// A lock that keeps the machine awake while it lives.
#[derive(Debug)]
pub struct Awake {
    /// Ended when this is dropped.
    helper: Child,
}

/// Returns the system's helper with its arguments; `None` where there is none to ask.
pub fn wakekeeper() -> Option<(PathBuf, Vec<&'static str>)> {
    let linux = [
        "--what=sleep:idle",
        "--mode=block",
        "--who=nightshift",
        "--why=a night is running",
    ];
    let known: [(&str, &[&str]); 3] = [
        ("/usr/bin/systemd-inhibit", &linux),
        ("/bin/systemd-inhibit", &linux),
        ("/usr/bin/caffeinate", &["-i", "-s"]),
    ];
    // Without a running systemd the program is there and has nobody to ask.
    let is_up = |program: &str| {
        Path::new(program).exists()
            && (!program.ends_with("inhibit") || Path::new("/run/systemd/system").exists())
    };
    let (program, arguments) = known.into_iter().find(|(program, _)| is_up(program))?;
    Some((PathBuf::from(program), arguments.to_vec()))
}

impl Awake {
    /// Returns the helper's process id; `None` when it has ended.
    pub fn helper(&self) -> Option<u32> {
        self.helper.id()
    }

    /// Takes the lock.
    ///
    /// # Errors
    /// The helper cannot be started, or does not get the lock.
    pub async fn hold(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a helper of the runner's, no part of any attempt"
        )]
        let mut command = Command::new(program);
        command
            .args(arguments)
            .arg("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut helper = command.spawn()?;
        let (Some(input), Some(output)) = (&mut helper.stdin, &mut helper.stdout) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        input.write_all(b"?").await?;
        let mut answer = [0; 1];
        match time::timeout(PATIENCE, output.read(&mut answer)).await {
            Ok(Ok(1)) => Ok(Self { helper }),
            Ok(Ok(_)) => Err(io::Error::other("it ended at once")),
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "files of tests need not survive a crash"
)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lock_is_held_as_long_as_its_owner_lives() {
        let folder = tempfile::tempdir().unwrap();
        let script = |text: &str| {
            let path = folder.path().join("helper");
            std::fs::write(&path, text).unwrap();
            path
        };
        // `sh FILE cat` stands for a helper that runs what stands behind its own arguments.
        let held = folder.path().join("held");
        let helper = script(&format!("touch {0}\n\"$@\"\nrm {0}\n", held.display()));
        let helper = helper.to_str().unwrap();
        let awake = Awake::hold(Path::new("/bin/sh"), &[helper]).await.unwrap();
        assert!(held.exists());
        let mut child = awake.helper;
        drop(child.stdin.take());
        child.wait().await.unwrap();
        assert!(!held.exists());
    }

    #[tokio::test]
    async fn a_helper_that_gets_no_lock_is_no_lock() {
        let error = Awake::hold(Path::new("/bin/false"), &[]).await.unwrap_err();
        assert!(!error.to_string().is_empty());
        Awake::hold(Path::new("/not/there"), &[]).await.unwrap_err();
    }
}
