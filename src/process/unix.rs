//! The system calls of this room: how a child begins, how a process is signalled and reaped.
//!
//! A signal goes through a pidfd whose process is checked by its start time first, so that a pid
//! that was given out anew is never hit.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    io::{Errno, FdFlags},
    process::{DumpableBehavior, Pid, PidfdFlags, Signal, WaitId, WaitIdOptions},
};
use tokio::process::Command;

use super::table::{self, Entry};

static SUBREAPER: AtomicBool = AtomicBool::new(false);

/// Makes orphaned descendants children of this process instead of pid 1's, so that a daemon that
/// an agent left is found by its parent. The runner's `main` calls it once, before any child.
///
/// # Errors
/// The kernel refuses; then such daemons are found by their mark only.
pub fn become_subreaper() -> io::Result<()> {
    // The argument is a flag: any pid is "yes".
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    SUBREAPER.store(true, Ordering::Relaxed);
    Ok(())
}

/// Adopts nobody any longer: what is started from here on is somebody else's to find.
///
/// # Errors
/// The kernel refuses.
pub fn resign_as_subreaper() -> io::Result<()> {
    rustix::process::set_child_subreaper(None)?;
    SUBREAPER.store(false, Ordering::Relaxed);
    Ok(())
}

/// Returns whether [`become_subreaper`] has succeeded.
pub(super) fn is_subreaper() -> bool {
    SUBREAPER.load(Ordering::Relaxed)
}

/// Gives the child a session of its own, without a terminal, and has the kernel kill it when the
/// thread that starts it ends. The runner has one thread; a pool of threads that come and go must
/// not start children.
#[expect(
    unsafe_code,
    reason = "what happens between fork and exec can only be said through pre_exec"
)]
pub(super) fn detach(command: &mut Command) {
    let parent = rustix::process::getpid();
    // SAFETY: between fork and exec only async-signal-safe calls are allowed. These are bare
    // system calls, and an error is made from its number: nothing allocates or takes a lock.
    unsafe {
        command.pre_exec(move || {
            rustix::process::setsid()?;
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            // A parent that died before the line above took effect will never send that signal.
            if rustix::process::getppid() == Some(parent) {
                Ok(())
            } else {
                Err(Errno::SRCH.into())
            }
        });
    }
}

/// Lets a child inherit this descriptor, whose owner must live until the child has started.
#[expect(
    unsafe_code,
    reason = "what happens between fork and exec can only be said through pre_exec"
)]
pub(super) fn pass(command: &mut Command, descriptor: RawFd) {
    // SAFETY: as above; one bare system call. The descriptor is open, because its owner lives.
    unsafe {
        command.pre_exec(move || {
            let descriptor = BorrowedFd::borrow_raw(descriptor);
            rustix::io::fcntl_setfd(descriptor, FdFlags::empty())?;
            Ok(())
        });
    }
}

/// Takes over a descriptor that this process was started with; `None` when there is none of this
/// number. It is closed when another program is started.
#[expect(unsafe_code, reason = "a number becomes a descriptor in no other way")]
pub(super) fn inherited(descriptor: RawFd) -> Option<File> {
    // The standard streams are others' to use.
    if descriptor <= 2 {
        return None;
    }
    // SAFETY: nothing else in this process has been told of the number; if it is not open, the
    // first call says so and the value is forgotten unused.
    let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
    match rustix::io::fcntl_setfd(&owned, FdFlags::CLOEXEC) {
        Ok(()) => Some(owned.into()),
        Err(_) => {
            // Closing what is not open would be a fault of ours.
            _ = owned.into_raw_fd();
            None
        }
    }
}

/// Closes this process to others of the same user: its descriptors and its memory are then nobody's
/// to open, nor can it be traced (`PR_SET_DUMPABLE(2const)`). Programs that it starts are open again.
pub(super) fn shut() -> io::Result<()> {
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Gives a process that is about to be started a session of its own, without a terminal: the end of
/// this one's session, a logout, is then no business of it.
#[expect(
    unsafe_code,
    reason = "what happens between fork and exec can only be said through pre_exec"
)]
pub(super) fn own_session(command: &mut std::process::Command) {
    use std::os::unix::process::CommandExt as _;
    // SAFETY: as above; one bare system call.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
}

/// Returns whether this process was started with SIGHUP ignored, as `nohup` does. Format:
/// `proc_pid_status(5)`, a mask in hexadecimal, signal 1 its lowest bit.
pub fn ignores_hangup() -> bool {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Sends a signal to a child that was not waited for, whose pid is therefore still its own.
pub(super) fn signal_child(pid: u32, signal: Signal) {
    if let Some(pid) = pid_of(pid) {
        // One that has just ended needs none.
        rustix::process::kill_process(pid, signal).ok();
    }
}

/// Blocks until one of these can be read, or the time is over.
pub(super) fn wait_to_read<F: AsFd>(files: &[F], within: Duration) {
    let mut polled: Vec<_> = files
        .iter()
        .map(|file| PollFd::from_borrowed_fd(file.as_fd(), PollFlags::IN))
        .collect();
    poll(&mut polled, within);
}

fn poll(polled: &mut [PollFd<'_>], within: Duration) {
    let timeout = Timespec {
        tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(within.subsec_nanos()),
    };
    // Whatever woke us, the caller looks for itself.
    rustix::event::poll(polled, Some(&timeout)).ok();
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

fn is_same(entry: &Entry) -> bool {
    table::entry(entry.pid).is_some_and(|now| now.start_ticks == entry.start_ticks)
}

/// Signals exactly this process; returns whether it was there.
pub(super) fn signal(entry: &Entry, signal: Signal) -> bool {
    let Some(pid) = pid_of(entry.pid) else {
        return false;
    };
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(descriptor) => {
            is_same(entry) && rustix::process::pidfd_send_signal(&descriptor, signal).is_ok()
        }
        Err(Errno::SRCH) => false,
        // Some containers forbid pidfds.
        Err(_) => is_same(entry) && rustix::process::kill_process(pid, signal).is_ok(),
    }
}

/// Kills a process group at once. The kernel holds back forks while it does, so a group that
/// forks faster than it is walked dies too.
pub(super) fn kill_group(group: u32) {
    if let Some(group) = pid_of(group) {
        // A group that is already gone is what was wanted.
        rustix::process::kill_process_group(group, Signal::KILL).ok();
    }
}

/// Takes the exit status of a child that ended, if it has: an adopted orphan stays a zombie
/// otherwise. Waits for this process only: a wait for any child would take the status of those
/// that somebody else waits for.
pub(super) fn reap(entry: &Entry) {
    if let Some(pid) = pid_of(entry.pid)
        && is_same(entry)
    {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        // It may not be our child any more; then there is nothing to take.
        rustix::process::waitid(WaitId::Pid(pid), options).ok();
    }
}

/// Blocks until one of these processes has ended, or the time is over.
pub(super) fn wait_for_any(entries: &[Entry], within: Duration) {
    let descriptors: Vec<_> = entries
        .iter()
        .take(64)
        .filter_map(|entry| {
            rustix::process::pidfd_open(pid_of(entry.pid)?, PidfdFlags::empty()).ok()
        })
        .collect();
    let mut polled: Vec<_> = descriptors
        .iter()
        .map(|descriptor| PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN))
        .collect();
    poll(&mut polled, within);
}
