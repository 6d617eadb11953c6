//! The git thread and the handle to it.
//!
//! libgit2's handles may not be shared between threads and its calls block, so one thread owns
//! them all. [`Git`] is cheap to clone and send; each of its methods sends one request and returns
//! a [`Reply`], which async code awaits and other code waits for.
//!
//! The thread ends when the last [`Git`] is dropped. Requests are done in the order they are sent,
//! also when nobody waits for the reply.

use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::mpsc,
    task::{Context, Poll},
    thread,
};

use tokio::sync::oneshot;

use super::{
    error::{GitError, LandError, OpenError, SnapshotError},
    furnish::Keep,
    id::{CommitId, TreeId, Unfit},
    land::LandedCommit,
    locate::Found,
    snapshot::Snapshot,
    store::{Author, Head, Store},
    tree::{FileDiff, Side},
};

type Job = Box<dyn FnOnce(&Store) + Send>;

/// Stack of the git thread, in bytes: a room's folders are walked recursively, and a path may have
/// two thousand of them.
const STACK: usize = 8 << 20;

/// The way to the git thread of one repository.
#[derive(Debug, Clone)]
pub struct Git {
    jobs: mpsc::Sender<Job>,
}

/// The answer to a request, still to come: await it, or [`wait`](Self::wait) for it.
#[must_use = "the request is done in any case, but its errors are only here"]
#[derive(Debug)]
pub struct Reply<T, E = GitError>(oneshot::Receiver<Result<T, E>>);

impl<T, E: From<GitError>> Reply<T, E> {
    /// Blocks until the answer is there. Not to be called from async code: it would panic there.
    ///
    /// # Errors
    /// Those of the request.
    pub fn wait(self) -> Result<T, E> {
        self.0
            .blocking_recv()
            .unwrap_or_else(|_| Err(GitError::Gone.into()))
    }
}

impl<T, E: From<GitError>> Future for Reply<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or_else(|_| Err(GitError::Gone.into())))
    }
}

impl Git {
    /// Opens the repository and starts its thread.
    ///
    /// # Errors
    /// libgit2 cannot open it, or the thread cannot be started.
    pub fn open(found: &Found) -> Result<Self, OpenError> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = mpsc::channel();
        let found = found.clone();
        thread::Builder::new()
            .name("git".to_owned())
            .stack_size(STACK)
            .spawn(move || match Store::open(&found) {
                Ok(store) => {
                    // Fails when the opener has died; then the inbox is closed too.
                    opened.send(Ok(())).ok();
                    for job in inbox {
                        job(&store);
                    }
                }
                Err(error) => {
                    opened.send(Err(error)).ok();
                }
            })
            .map_err(OpenError::Thread)?;
        answer
            .recv()
            .unwrap_or_else(|error| Err(OpenError::Thread(std::io::Error::other(error))))?;
        Ok(Self { jobs })
    }

    fn call<T, E>(&self, job: impl FnOnce(&Store) -> Result<T, E> + Send + 'static) -> Reply<T, E>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (answer, reply) = oneshot::channel();
        let job: Job = Box::new(move |store| {
            // The asker may have stopped waiting; what was asked for is done all the same.
            answer.send(job(store)).ok();
        });
        // A thread that has ended drops the job and with it the answer: the reply says so.
        self.jobs.send(job).ok();
        Reply(reply)
    }

    /// Returns what the user's checkout is at.
    pub fn head(&self) -> Reply<Head> {
        self.call(Store::head)
    }

    /// Returns the tree of a commit.
    pub fn tree_of(&self, commit: &CommitId) -> Reply<TreeId> {
        let commit = commit.clone();
        self.call(move |store| store.tree_of(&commit))
    }

    /// Returns who the user is to git.
    pub fn identity(&self) -> Reply<Author> {
        self.call(Store::identity)
    }

    /// Keeps `.nightshift/` out of the user's `git status`: one line in `.git/info/exclude`,
    /// unless it is ignored already.
    pub fn exclude_state_dir(&self) -> Reply<()> {
        self.call(Store::exclude_state_dir)
    }

    /// Makes `room` a throwaway repository whose files are those of `commit`, and whose `work`
    /// branch is at it. `index` is the room's private index, a file in a folder of ours outside
    /// any room. No process may be at work in the room.
    pub fn furnish(
        &self,
        room: &Path,
        index: &Path,
        commit: &CommitId,
        ignored: Keep,
    ) -> Reply<()> {
        let (room, index, commit) = (room.to_owned(), index.to_owned(), commit.clone());
        self.call(move |store| store.furnish(&room, &index, &commit, ignored))
    }

    /// Returns the tree of the room's files, untracked ones included and ignored ones not, written
    /// to the user's objects; changed files of more than `largest` bytes are named instead. No
    /// process may be at work in the room.
    pub fn snapshot(
        &self,
        room: &Path,
        index: &Path,
        base: &CommitId,
        largest: u64,
    ) -> Reply<Snapshot, SnapshotError> {
        let (room, index, base) = (room.to_owned(), index.to_owned(), base.clone());
        self.call(move |store| store.snapshot(&room, &index, &base, largest))
    }

    /// Returns what may not land by itself of that in which `to` differs from `from`: changed
    /// submodules and files of rules, links that leave the tree, names that differ only in case.
    pub fn scan(&self, from: &TreeId, to: &TreeId) -> Reply<Vec<Unfit>> {
        let (from, to) = (from.clone(), to.clone());
        self.call(move |store| store.scan(&from, &to))
    }

    /// Returns what differs between two trees, by path, without guessing renames.
    pub fn changes(&self, from: &TreeId, to: &TreeId) -> Reply<Vec<FileDiff>> {
        let (from, to) = (from.clone(), to.clone());
        self.call(move |store| store.changes(&from, &to))
    }

    /// Returns what `look` makes of each changed file: of its path, of what it held and of what it
    /// holds. It runs on the git thread. Files above 32 MiB on one side are left out, and links are
    /// given as where they point.
    pub fn compare<T: Send + 'static>(
        &self,
        from: &TreeId,
        to: &TreeId,
        look: impl FnMut(&str, Side<'_>, Side<'_>) -> T + Send + 'static,
    ) -> Reply<Vec<T>> {
        let (from, to) = (from.clone(), to.clone());
        self.call(move |store| store.compare(&from, &to, look))
    }

    /// Returns the unified diff of two trees, cut at about `cap_bytes`, and whether it was cut.
    pub fn patch(&self, from: &TreeId, to: &TreeId, cap_bytes: usize) -> Reply<(String, bool)> {
        let (from, to) = (from.clone(), to.clone());
        self.call(move |store| store.patch(&from, &to, cap_bytes))
    }

    /// Returns `tree` with exactly these paths as they are in `from`: what `from` lacks is removed,
    /// what `tree` lacks comes back. Paths are as in [`Change::path`](super::id::Change::path).
    pub fn restore(&self, tree: &TreeId, from: &TreeId, paths: &[String]) -> Reply<TreeId> {
        let (tree, from, paths) = (tree.clone(), from.clone(), paths.to_vec());
        self.call(move |store| store.restore(&tree, &from, &paths))
    }

    /// Commits `tree` on `parent` and names it by `reference` (a full ref name of ours). When the
    /// ref already names a commit with this tree and parent, returns that one.
    pub fn keep(
        &self,
        reference: &str,
        tree: &TreeId,
        parent: &CommitId,
        message: &str,
    ) -> Reply<CommitId> {
        let (tree, parent) = (tree.clone(), parent.clone());
        let (reference, message) = (reference.to_owned(), message.to_owned());
        self.call(move |store| store.keep(&reference, &tree, &parent, &message))
    }

    /// Creates a ref of ours (full name) at a commit; it may already be exactly there.
    pub fn create_branch(&self, name: &str, at: &CommitId) -> Reply<()> {
        let (name, at) = (name.to_owned(), at.clone());
        self.call(move |store| store.create_branch(&name, &at))
    }

    /// Returns the commit that a ref (full name) names, or `None` when there is no such ref.
    pub fn tip(&self, name: &str) -> Reply<Option<CommitId>> {
        let name = name.to_owned();
        self.call(move |store| store.tip(&name))
    }

    /// Returns whether a ref (full name) exists.
    pub fn has_ref(&self, name: &str) -> Reply<bool> {
        let name = name.to_owned();
        self.call(move |store| store.tip(&name).map(|tip| tip.is_some()))
    }

    /// Returns the refs whose full names begin with `prefix`, with their commits, by name.
    pub fn list_refs(&self, prefix: &str) -> Reply<Vec<(String, CommitId)>> {
        let prefix = prefix.to_owned();
        self.call(move |store| store.list_refs(&prefix))
    }

    /// Returns whether `ancestor` is `commit` or one of its ancestors.
    pub fn is_ancestor(&self, ancestor: &CommitId, commit: &CommitId) -> Reply<bool> {
        let (ancestor, commit) = (ancestor.clone(), commit.clone());
        self.call(move |store| store.is_ancestor(&ancestor, &commit))
    }

    /// Deletes a ref of ours (full name); it may already be gone.
    pub fn delete_ref(&self, name: &str) -> Reply<()> {
        let name = name.to_owned();
        self.call(move |store| store.delete_ref(&name))
    }

    /// Commits `tree` on `expected` and moves the branch (full ref name) from `expected` to it, in
    /// one compare-and-swap. Once this returns, commit and branch survive power loss.
    pub fn land(
        &self,
        branch_ref: &str,
        expected: &CommitId,
        tree: &TreeId,
        message: &str,
        author: &Author,
    ) -> Reply<CommitId, LandError> {
        let (expected, tree, author) = (expected.clone(), tree.clone(), author.clone());
        let (branch_ref, message) = (branch_ref.to_owned(), message.to_owned());
        self.call(move |store| store.land(&branch_ref, &expected, &tree, &message, &author))
    }

    /// Returns the commits of a branch (full ref name) after `base`, by first parent, oldest first.
    pub fn landed(&self, branch_ref: &str, base: &CommitId) -> Reply<Vec<LandedCommit>> {
        let (branch_ref, base) = (branch_ref.to_owned(), base.clone());
        self.call(move |store| store.landed(&branch_ref, &base))
    }

    /// Removes lock files that a killed runner left on refs of ours, and returns them. Only to be
    /// called while holding the night's lock: nobody else may be writing these refs.
    pub fn clear_stale_locks(&self) -> Reply<Vec<PathBuf>> {
        self.call(Store::clear_stale_locks)
    }
}
