//! What one confined child may reach, as plain data: the engines make it true.

use std::{ffi::OsString, path::PathBuf};

use serde::{Deserialize, Serialize};

/// One child's confinement. Everything that is not named here is there to be read, but for what is
/// hidden; nothing but `writable` can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The user's home folder, which is replaced by `private_home`.
    pub home: PathBuf,
    /// The folder that stands in its place: empty at first, writable, gone with the ticket.
    pub private_home: PathBuf,
    /// The folder that stands in the place of `/tmp`.
    pub private_temp: PathBuf,
    /// Folders and files that may be written.
    pub writable: Vec<PathBuf>,
    /// Folders and files that may be read although they are below something hidden.
    pub shown: Vec<PathBuf>,
    /// Folders and files that are not there.
    pub hidden: Vec<PathBuf>,
    /// What may be reached over the network.
    pub reach: Reach,
    /// How much may be used.
    pub limits: Limits,
}

/// What may be reached over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everything.
    Open,
    /// Nothing but the child's own loopback.
    Nothing,
    /// What the proxy behind this unix socket lets through.
    Proxy(PathBuf),
}

/// How much a child may use. The kernel holds it to these (`setrlimit(2)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of memory of one process (`RLIMIT_DATA`).
    pub memory: u64,
    /// Processes and threads of this user in the sandbox (`RLIMIT_NPROC`).
    pub processes: u64,
    /// Bytes of one file (`RLIMIT_FSIZE`).
    pub file_size: u64,
}

/// The port inside of the sandbox that leads to the proxy.
pub(super) const PROXY_PORT: u16 = 3128;

impl Limits {
    /// Those of a configuration, where it is silent the usual ones.
    pub fn of(config: &crate::config::Sandbox) -> Self {
        Self {
            memory: config.memory.unwrap_or_else(most_memory),
            processes: config.processes.map_or(4096, u64::from),
            file_size: config.file_size.unwrap_or(8 << 30),
        }
    }
}

/// Three quarters of the machine's memory; format: `proc_meminfo(5)`.
fn most_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kib.map_or(8 << 30, |kib| kib * 1024 / 4 * 3)
}

/// The variables that lead programs to the proxy, in both spellings that are in use.
pub fn proxy_variables() -> Vec<(OsString, OsString)> {
    let address = format!("http://127.0.0.1:{PROXY_PORT}");
    let local = "localhost,127.0.0.1,::1";
    let mut all = Vec::new();
    for name in ["http_proxy", "https_proxy", "all_proxy"] {
        all.push((name.into(), address.clone().into()));
        all.push((name.to_uppercase().into(), address.clone().into()));
    }
    all.push(("no_proxy".into(), local.into()));
    all.push(("NO_PROXY".into(), local.into()));
    // Node asks for none of these by itself before version 24, and then only when told to.
    all.push(("NODE_USE_ENV_PROXY".into(), "1".into()));
    all
}
