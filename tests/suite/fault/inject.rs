//! Runs the runner and lets one of its system calls fail, or kills it there.
//!
//! A tracer of our own on `ptrace(2)`, for two reasons. `strace -f -e inject=…:when=N` counts N
//! per thread, so whatever the git thread does for the n-th time is out of reach when the main
//! thread has done it n times before; here the N-th call is the N-th of the whole process. And it
//! needs no program that may not be installed. Threads are followed (clone events), children are
//! not (fork and vfork events are not asked for), so agents and gates run untouched.
//!
//! Everything here happens on one thread, because only the thread that traces may speak to what
//! it traces.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{self, IoSliceMut, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    libc,
    sys::{
        ptrace,
        signal::{Signal, kill},
        uio::{RemoteIoVec, process_vm_readv},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use super::calls::{About, Call, Class, Kind, known};

/// A fault: what goes wrong, and at which of the calls that it may hit, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) at: u64,
    /// Of all these calls only those of this name, with this in what they are about, count: two
    /// runs are never quite alike, and who aims must not miss.
    pub(crate) only: Option<(&'static str, &'static str)>,
}

/// Returns whether the kernel lets this process trace another one; where it does not, says so.
pub(crate) fn is_possible() -> bool {
    let folder = std::env::temp_dir();
    let mut target = Target {
        command: &mut Command::new("sh"),
        program: Path::new("true"),
        args: &[],
        bed: &folder,
        out: PathBuf::from("/dev/null"),
        err: PathBuf::from("/dev/null"),
    };
    let Err(error) = run(&mut target, None, Duration::from_secs(10)) else {
        return true;
    };
    // Not by `eprintln`, which a passing test keeps to itself.
    writeln!(
        io::stderr(),
        "SKIPPED: no faults can be injected, because no process may be traced here (ptrace: {error}); a container needs SYS_PTRACE, and kernel.yama.ptrace_scope must be below 2"
    )
    .ok();
    false
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Traced {
    /// The exit code; `None` when it was killed.
    pub(crate) code: Option<i32>,
    /// Whether it had to be ended because it did not end.
    pub(crate) hung: bool,
    /// The call that was hit.
    pub(crate) hit: Option<String>,
    /// The calls that each kind may hit, in order; only when no fault was asked for.
    pub(crate) calls: BTreeMap<Kind, Vec<String>>,
}

/// What runs: the program with its arguments, in `command`; its output goes to these files.
pub(crate) struct Target<'a> {
    pub(crate) command: &'a mut Command,
    pub(crate) program: &'a Path,
    pub(crate) args: &'a [&'a str],
    /// Only files below this folder are hit.
    pub(crate) bed: &'a Path,
    pub(crate) out: PathBuf,
    pub(crate) err: PathBuf,
}

/// Returns a command (a shell) that becomes the program once it may go on; see [`run`].
pub(crate) const SHELL: &str =
    "read go; out=$1 err=$2; shift 2; exec \"$@\" </dev/null >\"$out\" 2>\"$err\"";

/// Runs `target`, at most for `patience`.
///
/// # Errors
/// The kernel does not let this process trace another one.
pub(crate) fn run(
    target: &mut Target<'_>,
    fault: Option<Fault>,
    patience: Duration,
) -> io::Result<Traced> {
    let mut child = target
        .command
        .args(["-c", SHELL, "sh"])
        .args([&target.out, &target.err])
        .arg(target.program)
        .args(target.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD
        | ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_TRACEEXEC
        | ptrace::Options::PTRACE_O_EXITKILL;
    if let Err(error) = ptrace::seize(pid, options) {
        child.kill()?;
        child.wait()?;
        return Err(error.into());
    }
    let watch = Watch::begin(pid, patience);
    child.stdin.take().unwrap().write_all(b"go\n")?;
    let mut tracer = Tracer {
        pid,
        fault,
        bed: target.bed.as_os_str().to_string_lossy().into_owned(),
        owed: HashMap::new(),
        count: 0,
        looks: false,
        found: Traced {
            code: None,
            hung: false,
            hit: None,
            calls: BTreeMap::new(),
        },
    };
    tracer.follow();
    tracer.found.hung = watch.end();
    Ok(tracer.found)
}

/// What a call gets at its end.
#[derive(Debug, Clone, Copy)]
enum Owed {
    Error(i32),
    Death,
}

struct Tracer {
    pid: Pid,
    fault: Option<Fault>,
    bed: String,
    owed: HashMap<Pid, Owed>,
    /// Calls so far that the fault may hit.
    count: u64,
    /// Whether calls are looked at: from the program's start until nothing more is to be hit.
    looks: bool,
    found: Traced,
}

impl Tracer {
    fn follow(&mut self) {
        // Of this thread only: other threads wait for children of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            match waitpid(None, Some(flags)) {
                Err(Errno::EINTR) => {}
                Err(error) => panic!("the runner cannot be waited for: {error}"),
                Ok(WaitStatus::Exited(pid, code)) if pid == self.pid => {
                    self.found.code = Some(code);
                    return;
                }
                Ok(WaitStatus::Signaled(pid, ..)) if pid == self.pid => return,
                Ok(WaitStatus::PtraceSyscall(pid)) => {
                    self.call(pid);
                    self.go_on(pid, None);
                }
                Ok(WaitStatus::PtraceEvent(pid, _, event)) => {
                    self.looks |= event == libc::PTRACE_EVENT_EXEC;
                    self.go_on(pid, None);
                }
                Ok(WaitStatus::Stopped(pid, signal)) => self.go_on(pid, Some(signal)),
                Ok(_) => {}
            }
        }
    }

    fn call(&mut self, pid: Pid) {
        let Ok(mut registers) = ptrace::getregs(pid) else {
            return;
        };
        // On entry the kernel has put this there; at the end of a call it would mean that there is
        // no such call.
        let is_entry = registers.rax.cast_signed() == -i64::from(libc::ENOSYS);
        if let Some(owed) = self.owed.remove(&pid) {
            match owed {
                Owed::Error(error) => {
                    registers.rax = (-i64::from(error)).cast_unsigned();
                    ptrace::setregs(pid, registers).ok();
                    self.looks = self.fault.is_some_and(|fault| fault.kind.lasts());
                }
                Owed::Death => self.die(),
            }
            return;
        }
        if !is_entry {
            return;
        }
        let number = registers.orig_rax.cast_signed();
        let arguments = [
            registers.rdi,
            registers.rsi,
            registers.rdx,
            registers.r10,
            registers.r8,
        ];
        let Some(call) = self.understand(pid, number, arguments) else {
            return;
        };
        let shown = || format!("{} {}", call.name, call.about);
        let Some(fault) = self.fault else {
            for kind in Kind::ALL.into_iter().filter(|kind| kind.hits(&call)) {
                self.found.calls.entry(kind).or_default().push(shown());
            }
            return;
        };
        let is_meant = fault
            .only
            .is_none_or(|(name, about)| call.name == name && call.about.contains(about));
        if !fault.kind.hits(&call) || !is_meant {
            return;
        }
        self.count += 1;
        if self.count < fault.at || (self.count > fault.at && !fault.kind.lasts()) {
            return;
        }
        self.found.hit.get_or_insert_with(shown);
        let owed = match fault.kind.error() {
            None if fault.kind == Kind::Kill => return self.die(),
            None => {
                registers.rdx /= 2;
                Owed::Death
            }
            Some(error) => {
                // No call has this number: the kernel skips it.
                registers.orig_rax = u64::MAX;
                Owed::Error(error)
            }
        };
        if ptrace::setregs(pid, registers).is_ok() {
            self.owed.insert(pid, owed);
        }
    }

    /// Lets a stopped thread go on: to its next system call, or to whatever comes. One that was
    /// killed meanwhile is gone.
    fn go_on(&self, pid: Pid, signal: Option<Signal>) {
        let gone = if self.looks {
            ptrace::syscall(pid, signal)
        } else {
            ptrace::cont(pid, signal)
        };
        gone.ok();
    }

    fn die(&self) {
        kill(self.pid, Signal::SIGKILL).ok();
    }

    fn understand(&self, pid: Pid, number: i64, arguments: [u64; 5]) -> Option<Call> {
        let (name, class, about) = known(number)?;
        let mut speaks = false;
        let about = match about {
            About::Nothing if class == Class::Write => descriptor(pid, arguments[2]),
            About::Nothing => String::new(),
            About::Path(at) => text(pid, arguments[at]),
            About::Descriptor => {
                speaks = class == Class::Write && arguments[0] <= 2;
                descriptor(pid, arguments[0])
            }
        };
        let is_thread = match number {
            libc::SYS_clone => arguments[0] & u64::from(libc::CLONE_THREAD.cast_unsigned()) != 0,
            // glibc starts threads with it, and nothing else here does.
            libc::SYS_clone3 => true,
            _ => false,
        };
        if is_thread {
            return None;
        }
        let is_ours = matches!(class, Class::Descriptor | Class::Fork)
            || about
                .strip_prefix(&self.bed)
                .is_some_and(|rest| rest.starts_with('/'));
        let flags = arguments[if number == libc::SYS_open { 1 } else { 2 }];
        let flags = i32::try_from(flags & 0xffff_ffff).unwrap_or_default();
        let changes = match class {
            Class::Write
            | Class::Name
            | Class::Remove
            | Class::Sync
            | Class::Mark
            | Class::Fork => true,
            Class::Open => flags & (libc::O_CREAT | libc::O_TRUNC) != 0,
            Class::Read | Class::Descriptor | Class::Watch => false,
        };
        is_ours.then(|| Call {
            name,
            class,
            changes,
            speaks,
            about: about.strip_prefix(&self.bed).unwrap_or(&about).to_owned(),
        })
    }
}

fn descriptor(pid: Pid, number: u64) -> String {
    fs::read_link(format!("/proc/{pid}/fd/{number}"))
        .map(|path| path.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Reads a path out of the memory of another process.
fn text(pid: Pid, at: u64) -> String {
    const PAGE: usize = 4096;
    let mut found = Vec::new();
    let mut at = usize::try_from(at).unwrap_or_default();
    while at != 0 && found.len() < PAGE {
        let mut buffer = [0; PAGE];
        // The next page may not be there.
        let length = (PAGE - at % PAGE).min(256);
        let mut local = [IoSliceMut::new(&mut buffer[..length])];
        let remote = [RemoteIoVec {
            base: at,
            len: length,
        }];
        let Ok(read) = process_vm_readv(pid, &mut local, &remote) else {
            break;
        };
        if let Some(end) = buffer[..read].iter().position(|byte| *byte == 0) {
            found.extend_from_slice(&buffer[..end]);
            break;
        }
        found.extend_from_slice(&buffer[..read]);
        at += read;
    }
    String::from_utf8_lossy(&found).into_owned()
}

/// Kills what does not end.
struct Watch {
    over: Arc<(Mutex<bool>, std::sync::Condvar)>,
    fired: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn begin(pid: Pid, patience: Duration) -> Self {
        let over = Arc::new((Mutex::new(false), std::sync::Condvar::new()));
        let fired = Arc::new(AtomicBool::new(false));
        let (theirs, flag) = (Arc::clone(&over), Arc::clone(&fired));
        let thread = std::thread::spawn(move || {
            let until = Instant::now() + patience;
            let (lock, bell) = &*theirs;
            let mut is_over = lock.lock().unwrap();
            while !*is_over {
                let left = until.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    flag.store(true, Ordering::Release);
                    kill(pid, Signal::SIGKILL).ok();
                    return;
                }
                is_over = bell.wait_timeout(is_over, left).unwrap().0;
            }
        });
        Self {
            over,
            fired,
            thread,
        }
    }

    /// Returns whether it had to.
    fn end(self) -> bool {
        *self.over.0.lock().unwrap() = true;
        self.over.1.notify_all();
        self.thread.join().unwrap();
        self.fired.load(Ordering::Acquire)
    }
}
