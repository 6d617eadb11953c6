//! One child from start to end: its output in pieces, its limits, the end of its whole tree.
//!
//! Times are awake time: tokio's clock stands still while the machine sleeps, so a night on a
//! laptop whose lid was closed does not time out its attempts. Memory is bounded by two buffers,
//! whatever the child prints.

use std::{
    ffi::OsStr,
    future::pending,
    io,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    pin::pin,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::{mpsc, watch},
    time::{self, Instant, MissedTickBehavior},
};

use super::{
    effort::Effort,
    id::ProcessId,
    identity::{find_program, identity},
    progress::Progress,
    report::Report,
    spec::{Exit, Finished, Spec, Stream},
    table::MARK,
    tree::Tree,
    unix,
};

/// One read from a pipe takes at most this much.
const PIECE: usize = 64 * 1024;
/// What a child that ended well left running (a `tee`, a log writer) may take to finish.
const LEFTOVER_GRACE: Duration = Duration::from_millis(100);
/// How long killing is repeated before the rest is reported as unended.
const KILL_DEADLINE: Duration = Duration::from_secs(5);
/// How long a tree that forks as fast as it is killed is chased at a stretch.
const CHASE: Duration = Duration::from_millis(50);
/// How soon an ending tree is looked at again, at first and later.
const POLL: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));
/// How long the pipes are read when nobody of the tree is left: whoever still holds them is not
/// of the tree, and must not hold us.
const DRAIN: Duration = Duration::from_millis(200);
/// How much of a [`capture`] is kept.
const CAPTURED: usize = 64 * 1024;

/// Runs a child to its end, and ends all that came of it. Calls `on_start` once it runs, and
/// `sink` with each piece of its output; a piece without bytes is the end of its stream. When `stop` is or becomes true the child is ended at once;
/// when it already is, nothing is started. Every way to fail is in [`Finished::exit`].
///
/// Dropping the future kills the tree. To be called from a thread that outlives the child: the
/// kernel kills the child when the thread that started it ends.
pub async fn run(
    spec: &Spec,
    stop: &mut watch::Receiver<bool>,
    on_start: impl FnOnce(ProcessId),
    sink: impl FnMut(Stream, &[u8]),
) -> Finished {
    run_counted(spec, stop, on_start, sink, |_| {}).await
}

/// [`run`], which also calls `on_count` every few seconds with the most living processes that the
/// tree was seen to have at once.
pub async fn run_counted(
    spec: &Spec,
    stop: &mut watch::Receiver<bool>,
    on_start: impl FnOnce(ProcessId),
    sink: impl FnMut(Stream, &[u8]),
    on_count: impl FnMut(u32),
) -> Finished {
    let feed = spec.stdin.as_deref().map_or(Feed::Nothing, Feed::Bytes);
    run_fed(spec, feed, stop, on_start, sink, on_count).await
}

/// [`run_counted`] of a child that is talked with: it reads what comes out of `words` (and not
/// [`Spec::stdin`]), and end of file when nobody can say any more.
pub async fn converse(
    spec: &Spec,
    words: mpsc::UnboundedReceiver<Vec<u8>>,
    stop: &mut watch::Receiver<bool>,
    on_start: impl FnOnce(ProcessId),
    sink: impl FnMut(Stream, &[u8]),
    on_count: impl FnMut(u32),
) -> Finished {
    run_fed(spec, Feed::Words(words), stop, on_start, sink, on_count).await
}

/// What a child reads on its standard input.
enum Feed<'a> {
    /// `/dev/null`.
    Nothing,
    /// These bytes, then end of file.
    Bytes(&'a [u8]),
    /// These, as they come, until the sender is gone.
    Words(mpsc::UnboundedReceiver<Vec<u8>>),
}

async fn run_fed(
    spec: &Spec,
    words: Feed<'_>,
    stop: &mut watch::Receiver<bool>,
    on_start: impl FnOnce(ProcessId),
    sink: impl FnMut(Stream, &[u8]),
    mut on_count: impl FnMut(u32),
) -> Finished {
    let started = Instant::now();
    let not_run = |exit| Finished {
        exit,
        took: started.elapsed(),
        output_bytes: 0,
        survivors: 0,
        processes: 0,
        unended: 0,
    };
    if *stop.borrow() {
        return not_run(Exit::Stopped);
    }
    let (mut child, mut tree, report) = match start(spec, &words) {
        Ok(started) => started,
        Err(exit) => return not_run(exit),
    };
    if let Some(leader) = tree.leader() {
        on_start(identity(leader));
    }
    // One without a silence limit may be still up to its timeout, and is ended then.
    let _patience = (spec.silence.is_none()).then(|| spec.progress.patient(spec.timeout));
    let mut feeding = pin!(feed(child.stdin.take(), words));
    let mut is_fed = false;
    let mut pipes = Pipes::of(&mut child, sink, spec.progress.clone());
    let mut timeout = pin!(time::sleep(spec.timeout));
    let tick = tick_of(spec.silence);
    let mut ticks = time::interval_at(Instant::now() + tick, tick);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut effort = Effort::new(spec.silence);
    let mut looked = Instant::now();

    // `Some` is the leader's own end, `None` ours.
    let (exit, status) = loop {
        tokio::select! {
            status = child.wait() => break (exit_of(&status), Some(status)),
            () = until_true(stop) => break (Exit::Stopped, None),
            () = &mut timeout => break (Exit::TimedOut, None),
            _ = ticks.tick() => {
                // Also reaps adopted orphans, so that a long session does not fill up with zombies.
                let used = tree.used();
                spec.progress.add(used.ticks.saturating_add(used.bytes));
                let now = Instant::now();
                if effort.is_work(used, now.duration_since(looked)) {
                    pipes.last_sign = now;
                }
                looked = now;
                on_count(tree.peak());
                if spec.silence.is_some_and(|limit| pipes.last_sign.elapsed() >= limit) {
                    break (Exit::Silent, None);
                }
            }
            () = &mut feeding, if !is_fed => is_fed = true,
            () = pipes.pump() => {}
        }
    };

    let mut ending = Ending {
        has_ended: status.is_some(),
        child: &mut child,
        tree: &mut tree,
        pipes: &mut pipes,
    };
    let unended = ending.end(spec.grace).await;
    drain(&mut pipes).await;
    tree.close();
    let told = report.map(Report::read).unwrap_or_default();
    Finished {
        exit: if status.is_some() && spec.supervised {
            told.exit(exit)
        } else {
            exit
        },
        took: started.elapsed(),
        output_bytes: pipes.bytes,
        survivors: tree.killed().saturating_add(told.left),
        processes: tree.peak(),
        unended,
    }
}

/// Runs a child and keeps the first 64 KiB of both its streams, in the order of their arrival.
pub async fn capture(spec: &Spec) -> (Finished, Vec<u8>) {
    let (_never, mut stop) = watch::channel(false);
    let mut kept = Vec::new();
    let finished = run(
        spec,
        &mut stop,
        |_| {},
        |_, piece| {
            let room = CAPTURED.saturating_sub(kept.len()).min(piece.len());
            kept.extend_from_slice(piece.get(..room).unwrap_or_default());
        },
    )
    .await;
    (finished, kept)
}

fn start(spec: &Spec, words: &Feed<'_>) -> Result<(Child, Tree, Option<Report>), Exit> {
    let not_started = |missing, reason| Exit::NotStarted { missing, reason };
    let Some((name, arguments)) = spec.argv.split_first() else {
        return Err(not_started(false, "the command is empty".to_owned()));
    };
    if !spec.folder.is_dir() {
        let reason = format!("no such folder: `{}`", spec.folder.display());
        return Err(not_started(false, reason));
    }
    let shown = name.display();
    let Some(program) = program(spec, name) else {
        return Err(not_started(true, format!("command not found: `{shown}`")));
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that starts children"
    )]
    let mut command = Command::new(program);
    let stdin = match words {
        Feed::Nothing => Stdio::null(),
        Feed::Bytes(_) | Feed::Words(_) => Stdio::piped(),
    };
    command
        .arg0(name)
        .args(arguments)
        .current_dir(&spec.folder)
        .env_clear()
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .env(MARK, &spec.mark)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    unix::detach(&mut command);
    let report = if spec.supervised {
        let begun = Report::begin(&mut command);
        Some(begun.map_err(|error| not_started(false, format!("no pipe: {error}")))?)
    } else {
        None
    };
    Tree::plant(&spec.mark, || {
        let child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        Ok((child, pid))
    })
    .map(|(child, mut tree)| {
        if spec.supervised {
            tree.spare_leader();
        }
        (child, tree, report)
    })
    .map_err(|error: io::Error| {
        let missing = matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
        );
        not_started(missing, format!("cannot start `{shown}`: {error}"))
    })
}

/// Looks the program up as the child would. A name with a `/` is taken from the child's folder.
fn program(spec: &Spec, name: &OsStr) -> Option<PathBuf> {
    if name.as_encoded_bytes().contains(&b'/') {
        return find_program(spec.folder.join(name).as_os_str(), OsStr::new(""));
    }
    let path = spec.env.iter().rev().find(|(key, _)| key == "PATH");
    find_program(name, path.map_or(OsStr::new(""), |(_, path)| path))
}

fn exit_of(status: &io::Result<ExitStatus>) -> Exit {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => Exit::Code(code),
            (None, Some(signal)) => Exit::Signal(signal),
            (None, None) => Exit::NotStarted {
                missing: false,
                reason: format!("ended in an unknown way: {status}"),
            },
        },
        Err(error) => Exit::NotStarted {
            missing: false,
            reason: format!("cannot be waited for: {error}"),
        },
    }
}

/// How often a tree is looked at for signs of work: often enough to notice silence soon after it
/// became too long, seldom enough to cost nothing.
fn tick_of(silence: Option<Duration>) -> Duration {
    let most = Duration::from_secs(5);
    silence.map_or(most, |limit| {
        (limit / 8).clamp(Duration::from_millis(50), most)
    })
}

async fn until_true(stop: &mut watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could ask.
        pending::<()>().await;
    }
}

/// Writes what the child is to read and closes the pipe. A child that does not read it, or closes
/// its end, is within its rights.
async fn feed(stdin: Option<ChildStdin>, words: Feed<'_>) {
    let Some(mut stdin) = stdin else {
        return;
    };
    match words {
        Feed::Nothing => {}
        Feed::Bytes(bytes) => {
            stdin.write_all(bytes).await.ok();
        }
        Feed::Words(mut words) => {
            while let Some(bytes) = words.recv().await {
                if stdin.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The child's output, on its way to the sink.
struct Pipes<S> {
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    out_buffer: Vec<u8>,
    err_buffer: Vec<u8>,
    sink: S,
    progress: Progress,
    bytes: u64,
    last_sign: Instant,
}

impl<S: FnMut(Stream, &[u8])> Pipes<S> {
    fn of(child: &mut Child, sink: S, progress: Progress) -> Self {
        Self {
            out: child.stdout.take(),
            err: child.stderr.take(),
            out_buffer: vec![0; PIECE],
            err_buffer: vec![0; PIECE],
            sink,
            progress,
            bytes: 0,
            last_sign: Instant::now(),
        }
    }

    fn is_open(&self) -> bool {
        self.out.is_some() || self.err.is_some()
    }

    /// Takes one piece of whichever stream has one. Never returns when both are closed; loses
    /// nothing when dropped.
    async fn pump(&mut self) {
        let (stream, read, buffer) = tokio::select! {
            read = piece(&mut self.out, &mut self.out_buffer) => (Stream::Out, read, &self.out_buffer),
            read = piece(&mut self.err, &mut self.err_buffer) => (Stream::Err, read, &self.err_buffer),
        };
        match read.ok().and_then(|length| buffer.get(..length)) {
            Some(piece) if !piece.is_empty() => {
                self.bytes += piece.len() as u64;
                self.progress.add(piece.len() as u64);
                self.last_sign = Instant::now();
                (self.sink)(stream, piece);
            }
            // The end, or a broken pipe, which is one too.
            _ => {
                match stream {
                    Stream::Out => self.out = None,
                    Stream::Err => self.err = None,
                }
                (self.sink)(stream, &[]);
            }
        }
    }
}

async fn piece(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> io::Result<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await,
        None => pending().await,
    }
}

/// Reads what is left in the pipes, for a bounded time.
async fn drain<S: FnMut(Stream, &[u8])>(pipes: &mut Pipes<S>) {
    let rest = async {
        while pipes.is_open() {
            pipes.pump().await;
        }
    };
    // Out of time: an outsider holds the pipe, and what it prints is not this child's output.
    time::timeout(DRAIN, rest).await.ok();
}

/// A tree on its way out.
struct Ending<'a, S> {
    child: &'a mut Child,
    tree: &'a mut Tree,
    pipes: &'a mut Pipes<S>,
    /// Whether the leader has ended and was waited for.
    has_ended: bool,
}

impl<S: FnMut(Stream, &[u8])> Ending<'_, S> {
    /// Ends the tree; returns how many processes could not be ended.
    async fn end(&mut self, grace: Duration) -> u32 {
        if self.has_ended && self.tree.is_surely_over() {
            return 0;
        }
        // One that ended by itself has nobody to ask: its leftovers are let finish, or killed.
        let bound = if self.has_ended {
            LEFTOVER_GRACE
        } else {
            grace
        };
        if self.is_over_within(bound, !self.has_ended).await {
            return 0;
        }
        let deadline = Instant::now() + KILL_DEADLINE;
        self.tree.kill();
        while Instant::now() < deadline {
            if self.is_over_within(POLL.0, false).await {
                return 0;
            }
            // Still there: an ordinary tree, dying slowly, or one that forks as fast as it dies.
            self.tree.chase(CHASE);
        }
        u32::try_from(self.tree.members().len()).unwrap_or(u32::MAX)
    }

    /// Waits for the whole tree to be gone, taking its output meanwhile: a full pipe would keep it
    /// from ending. With `asking`, each of it is asked to end as soon as it is seen, the ones too
    /// that were started while the others were asked.
    async fn is_over_within(&mut self, bound: Duration, asking: bool) -> bool {
        let mut bound = pin!(time::sleep(bound));
        let mut pause = POLL.0;
        let mut poll = pin!(time::sleep(Duration::ZERO));
        loop {
            tokio::select! {
                () = &mut poll => {
                    let left = if asking {
                        self.tree.ask_to_end()
                    } else {
                        self.tree.members().len()
                    };
                    if self.has_ended && left == 0 {
                        return true;
                    }
                    poll.as_mut().reset(Instant::now() + pause);
                    pause = (pause * 2).min(POLL.1);
                }
                _ = self.child.wait(), if !self.has_ended => {
                    self.has_ended = true;
                    poll.as_mut().reset(Instant::now());
                }
                () = self.pipes.pump() => {}
                () = &mut bound => return self.has_ended && self.tree.members().is_empty(),
            }
        }
    }
}
