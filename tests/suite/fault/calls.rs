//! Which system calls a fault can hit, and what each kind of fault does to them.
//!
//! A kill is tried before every call that changes something which outlives the process: that is
//! between any two states that a restart can find. Calls that change nothing (an open for reading,
//! a close) are no points of their own for it, for nothing happens between them. Errors are
//! tried wherever the kernel may really give them: a full disk where something is written or named,
//! a broken disk also where it is read, too many files wherever a descriptor is made.
//!
//! Only what lies under the bed counts: the loader's libraries, `/proc` and the terminal differ
//! from machine to machine. What the calls are is in `syscalls(2)`; numbers are those of `x86_64`.

use nix::libc;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The runner is killed before the call.
    Kill,
    /// Half of a write gets through, then the runner is killed.
    Torn,
    /// One call finds the disk full.
    NoSpace,
    /// The disk is full from this call on, until the run ends.
    Full,
    /// One call finds the disk broken.
    Broken,
    /// The disk is broken from this call on. To be aimed at one file.
    BrokenEver,
    /// One call finds that too many files are open.
    NoFiles,
    /// No file can be opened from this call on, until the run ends.
    NoFilesEver,
    /// One process cannot be started, because there are too many.
    NoProcess,
}

impl Kind {
    /// Those of a campaign.
    pub(crate) const ALL: [Self; 8] = [
        Self::Kill,
        Self::Torn,
        Self::NoSpace,
        Self::Full,
        Self::Broken,
        Self::NoFiles,
        Self::NoFilesEver,
        Self::NoProcess,
    ];

    /// Whether it stays until the run ends.
    pub(super) fn lasts(self) -> bool {
        matches!(self, Self::Full | Self::BrokenEver | Self::NoFilesEver)
    }

    /// The error that the call returns; `None` for a death.
    pub(super) fn error(self) -> Option<i32> {
        match self {
            Self::Kill | Self::Torn => None,
            Self::NoSpace | Self::Full => Some(libc::ENOSPC),
            Self::Broken | Self::BrokenEver => Some(libc::EIO),
            Self::NoFiles | Self::NoFilesEver => Some(libc::EMFILE),
            Self::NoProcess => Some(libc::EAGAIN),
        }
    }

    /// Whether it may hit this call.
    pub(super) fn hits(self, call: &Call) -> bool {
        match self {
            Self::Kill => call.changes && !call.speaks,
            Self::Torn => call.changes && !call.speaks && call.class == Class::Write,
            Self::NoSpace | Self::Full => {
                matches!(
                    call.class,
                    Class::Write | Class::Name | Class::Sync | Class::Watch
                ) || (call.class == Class::Open && call.changes)
            }
            Self::Broken | Self::BrokenEver => matches!(
                call.class,
                Class::Write
                    | Class::Name
                    | Class::Remove
                    | Class::Sync
                    | Class::Read
                    | Class::Open
            ),
            Self::NoFiles | Self::NoFilesEver => {
                matches!(call.class, Class::Open | Class::Descriptor)
            }
            Self::NoProcess => call.class == Class::Fork,
        }
    }
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Bytes, or how many there are.
    Write,
    /// A new name, or another one.
    Name,
    /// A name goes.
    Remove,
    /// What was written is to last.
    Sync,
    /// Bytes or names are read.
    Read,
    /// A file is opened, and perhaps made.
    Open,
    /// Another kind of descriptor is made.
    Descriptor,
    /// A folder is watched.
    Watch,
    /// A file is locked, or its mode or times are set.
    Mark,
    /// A process is started.
    Fork,
}

/// A call that a fault may hit.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) name: &'static str,
    pub(super) class: Class,
    /// Whether something that outlives the process is changed.
    pub(super) changes: bool,
    /// Whether it prints for whoever started the runner.
    pub(super) speaks: bool,
    /// The file that it is about, for evidence.
    pub(super) about: String,
}

/// Where a call's arguments name a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The argument of this number is a path.
    Path(usize),
    /// The first argument is a descriptor.
    Descriptor,
    /// Nowhere.
    Nothing,
}

/// Returns what a system call of this number is, where it is one that a fault may hit.
pub(super) fn known(number: i64) -> Option<(&'static str, Class, About)> {
    use About::{Descriptor, Nothing, Path};
    Some(match number {
        libc::SYS_write => ("write", Class::Write, Descriptor),
        libc::SYS_pwrite64 => ("pwrite64", Class::Write, Descriptor),
        libc::SYS_writev => ("writev", Class::Write, Descriptor),
        libc::SYS_ftruncate => ("ftruncate", Class::Write, Descriptor),
        libc::SYS_fallocate => ("fallocate", Class::Write, Descriptor),
        libc::SYS_copy_file_range => ("copy_file_range", Class::Write, Nothing),
        libc::SYS_sendfile => ("sendfile", Class::Write, Descriptor),
        libc::SYS_rename => ("rename", Class::Name, Path(0)),
        libc::SYS_renameat => ("renameat", Class::Name, Path(1)),
        libc::SYS_renameat2 => ("renameat2", Class::Name, Path(1)),
        libc::SYS_link => ("link", Class::Name, Path(1)),
        libc::SYS_linkat => ("linkat", Class::Name, Path(3)),
        libc::SYS_symlink => ("symlink", Class::Name, Path(1)),
        libc::SYS_symlinkat => ("symlinkat", Class::Name, Path(2)),
        libc::SYS_mkdir => ("mkdir", Class::Name, Path(0)),
        libc::SYS_mkdirat => ("mkdirat", Class::Name, Path(1)),
        libc::SYS_unlink => ("unlink", Class::Remove, Path(0)),
        libc::SYS_unlinkat => ("unlinkat", Class::Remove, Path(1)),
        libc::SYS_rmdir => ("rmdir", Class::Remove, Path(0)),
        libc::SYS_fsync => ("fsync", Class::Sync, Descriptor),
        libc::SYS_fdatasync => ("fdatasync", Class::Sync, Descriptor),
        libc::SYS_read => ("read", Class::Read, Descriptor),
        libc::SYS_pread64 => ("pread64", Class::Read, Descriptor),
        libc::SYS_getdents64 => ("getdents64", Class::Read, Descriptor),
        libc::SYS_open => ("open", Class::Open, Path(0)),
        libc::SYS_openat => ("openat", Class::Open, Path(1)),
        libc::SYS_flock => ("flock", Class::Mark, Descriptor),
        libc::SYS_chmod => ("chmod", Class::Mark, Path(0)),
        libc::SYS_fchmod => ("fchmod", Class::Mark, Descriptor),
        libc::SYS_fchmodat => ("fchmodat", Class::Mark, Path(1)),
        libc::SYS_utimensat => ("utimensat", Class::Mark, Path(1)),
        libc::SYS_inotify_add_watch => ("inotify_add_watch", Class::Watch, Path(1)),
        libc::SYS_pipe2 => ("pipe2", Class::Descriptor, Nothing),
        libc::SYS_socketpair => ("socketpair", Class::Descriptor, Nothing),
        libc::SYS_epoll_create1 => ("epoll_create1", Class::Descriptor, Nothing),
        libc::SYS_eventfd2 => ("eventfd2", Class::Descriptor, Nothing),
        libc::SYS_inotify_init1 => ("inotify_init1", Class::Descriptor, Nothing),
        libc::SYS_pidfd_open => ("pidfd_open", Class::Descriptor, Nothing),
        libc::SYS_fork => ("fork", Class::Fork, Nothing),
        libc::SYS_vfork => ("vfork", Class::Fork, Nothing),
        libc::SYS_clone => ("clone", Class::Fork, Nothing),
        libc::SYS_clone3 => ("clone3", Class::Fork, Nothing),
        _ => return None,
    })
}
