//! What happens inside of the sandbox before the program: the second fence, the limits, the way to
//! the proxy. Runs as `nightshift __inside JSON -- PROGRAM…`.
//!
//! It fails closed: when something cannot be put in place, the program is not started.

use std::{
    ffi::{OsStr, OsString},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    thread,
};

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::{
    cell::{Limits, PROXY_PORT},
    landlock, proxy,
};
use crate::process;

/// What to put in place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inside {
    /// What may be read, for Landlock.
    pub(super) read: Vec<PathBuf>,
    /// What may be written.
    pub(super) write: Vec<PathBuf>,
    /// Whether TCP is closed by Landlock, too.
    pub(super) without_tcp: bool,
    /// Whether this process has a PID namespace of its own.
    pub(super) alone: bool,
    pub(super) limits: Limits,
    /// Our proxy's socket, where it is the only way out.
    pub(super) proxy: Option<PathBuf>,
}

impl Inside {
    /// Puts all in place and runs the program to its end; returns the exit code to end with.
    pub fn run(self, argv: &[OsString], report: Option<&OsStr>) -> u8 {
        process::supervise(argv, report, self.alone, || self.enter())
    }

    fn enter(&self) -> Result<(), String> {
        let limits = [
            ("memory", Resource::Data, self.limits.memory),
            ("processes", Resource::Nproc, self.limits.processes),
            ("file size", Resource::Fsize, self.limits.file_size),
            ("core dumps", Resource::Core, 0),
        ];
        for (what, resource, most) in limits {
            let current = rustix::process::getrlimit(resource);
            let most = current.maximum.map_or(most, |already| already.min(most));
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            setrlimit(resource, limit)
                .map_err(|error| format!("the limit of {what} cannot be set: {error}"))?;
        }
        if let Some(socket) = &self.proxy {
            lead_out(socket.clone())?;
        }
        landlock::restrict(&self.read, &self.write, self.without_tcp)
    }
}

/// Listens where the program looks for its proxy. It is there before the program starts.
fn lead_out(socket: PathBuf) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the way to the proxy: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PROXY_PORT)).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    // Ends with this process; its errors are the program's refused connections.
    thread::Builder::new()
        .name("proxy".to_owned())
        .spawn(move || runtime.block_on(proxy::forward(listener, socket)).ok())
        .map(|_| ())
        .map_err(failed)
}
