//! Where the hooks of an agent's tools ask: a unix socket that a session answers on.
//!
//! A hook is a short-lived process that the agent starts (`nightshift hook`). It sends one line,
//! `{"tool": …, "input": …}`, and gets one line, `{"allow": …, "reason": …}`. The runner decides,
//! so that the contract is compiled once and an agent cannot forge what is journaled. Whoever finds
//! nobody here, or no answer in time, has to refuse.

use std::{
    fs, io,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time,
};

use super::judge::{ToolAnswer, ToolCall};
use crate::layout::{PathContext, PathError};

/// The largest call that is read: agents write whole files through tools.
const LARGEST: u64 = 16 * 1024 * 1024;
/// How long a hook may take to say what it asks.
const HASTE: Duration = Duration::from_secs(5);
/// How long a hook waits for its answer: less than any agent waits for its hook.
const PATIENCE: Duration = Duration::from_secs(8);

/// An answer on its way.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Answer {
    allow: bool,
    reason: String,
}

/// A call that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) call: ToolCall,
    answer: oneshot::Sender<Answer>,
}

impl Asked {
    pub(super) fn answer(self, answer: &ToolAnswer) {
        let answer = Answer {
            allow: answer.allow,
            reason: answer.reason.clone(),
        };
        // A hook that was ended meanwhile needs no answer.
        self.answer.send(answer).ok();
    }
}

/// Where this process itself asks.
#[derive(Debug, Clone)]
pub(super) struct Door(mpsc::Sender<Asked>);

impl Door {
    /// Asks about a call.
    ///
    /// # Errors
    /// It is refused, for this reason.
    pub(super) async fn ask(&self, call: ToolCall) -> Result<(), String> {
        let answer = ask(call, &self.0).await;
        if answer.allow {
            Ok(())
        } else {
            Err(answer.reason)
        }
    }
}

/// The listening end. Dropping it closes it: whoever asks then is refused.
#[derive(Debug)]
pub(super) struct Desk {
    socket: PathBuf,
    calls: mpsc::Receiver<Asked>,
    door: Door,
    task: JoinHandle<()>,
}

impl Desk {
    /// Listens on a new socket; one that a dead process left is replaced.
    ///
    /// # Errors
    /// The socket cannot be made; its path may have 107 bytes.
    pub(super) fn open(socket: &Path) -> Result<Self, PathError> {
        if let Some(folder) = socket.parent() {
            fs::create_dir_all(folder).at("create the folder", folder)?;
        }
        match fs::remove_file(socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).at("remove the old socket", socket);
            }
            _ => {}
        }
        let listener = net::UnixListener::bind(socket).at("make the socket", socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))
            .at("set the permissions of", socket)?;
        let (send, calls) = mpsc::channel(16);
        let door = Door(send.clone());
        let task = tokio::spawn(async move {
            // An accept that fails (no descriptor left) leaves the hook without an answer.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, send.clone()));
            }
        });
        Ok(Self {
            socket: socket.to_owned(),
            calls,
            door,
            task,
        })
    }

    /// Another way in than the socket, for a protocol that is spoken by this process.
    pub(super) fn door(&self) -> Door {
        self.door.clone()
    }

    /// Returns the next call. Never returns when nobody asks; loses nothing when dropped.
    pub(super) async fn next(&mut self) -> Asked {
        match self.calls.recv().await {
            Some(asked) => asked,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.task.abort();
        // One that is gone already was to be removed anyway.
        fs::remove_file(&self.socket).ok();
    }
}

async fn serve(mut stream: net::UnixStream, calls: mpsc::Sender<Asked>) {
    let mut bytes = Vec::new();
    let (read, mut write) = stream.split();
    let whole = async {
        let mut read = read.take(LARGEST + 1);
        read.read_to_end(&mut bytes).await
    };
    let answer = match time::timeout(HASTE, whole).await {
        Ok(Ok(length)) if length as u64 <= LARGEST => match serde_json::from_slice(&bytes) {
            Ok(call) => ask(call, &calls).await,
            Err(_) => refusal("nightshift could not read what the hook asked"),
        },
        Ok(Ok(_)) => refusal("nightshift does not judge a call of more than 16 MiB"),
        Ok(Err(_)) | Err(_) => refusal("nightshift did not get the whole question of the hook"),
    };
    let mut text = serde_json::to_vec(&answer).unwrap_or_default();
    text.push(b'\n');
    // A hook that does not listen any longer refuses by itself.
    write.write_all(&text).await.ok();
}

async fn ask(call: ToolCall, calls: &mpsc::Sender<Asked>) -> Answer {
    let (answer, answered) = oneshot::channel();
    if calls.send(Asked { call, answer }).await.is_err() {
        return refusal("the session is over");
    }
    let over = |_| refusal("the session is over");
    answered.await.unwrap_or_else(over)
}

fn refusal(reason: &str) -> Answer {
    Answer {
        allow: false,
        reason: reason.to_owned(),
    }
}

/// Asks about a call, as a hook does. Every way to fail is a refusal, with its reason.
pub(super) fn ask_at(socket: &Path, call: &ToolCall) -> Result<(), String> {
    let failed = |what: &str, error: &io::Error| format!("nightshift {what}: {error}");
    let unheard = |error: io::Error| failed("is not there to judge this call", &error);
    let mut stream = UnixStream::connect(socket).map_err(unheard)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(unheard)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(unheard)?;
    let text = serde_json::to_vec(call).unwrap_or_default();
    stream.write_all(&text).map_err(unheard)?;
    stream
        .shutdown(std::net::Shutdown::Write)
        .map_err(unheard)?;
    let mut line = String::new();
    BufReader::new(stream.take(64 * 1024))
        .read_line(&mut line)
        .map_err(|error| failed("gave no answer in time", &error))?;
    let answer: Answer = serde_json::from_str(&line)
        .map_err(|_broken| "nightshift ended before it had judged this call".to_owned())?;
    if answer.allow {
        Ok(())
    } else {
        Err(answer.reason)
    }
}
