//! Who a process is, beyond its reusable pid; and where a program is.

use std::{
    ffi::OsStr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    id::ProcessId,
    table::{self, Entry},
};

/// Returns the identity of the process that has this pid now; `None` when none has.
pub fn identify(pid: u32) -> Option<ProcessId> {
    table::entry(pid).map(|entry| identity(&entry))
}

/// Returns whether this very process is still running. A zombie is not.
pub fn is_alive(process: &ProcessId) -> bool {
    process.boot == crate::clock::now().boot.id
        && table::entry(process.pid)
            .is_some_and(|now| now.start_ticks == process.start_ticks && !now.ended)
}

pub(super) fn identity(entry: &Entry) -> ProcessId {
    ProcessId {
        pid: entry.pid,
        start_ticks: entry.start_ticks,
        boot: crate::clock::now().boot.id,
    }
}

/// Finds an executable file by name on a `PATH`. A name with a `/` is a path and is taken as it
/// is. Relative entries of `path` are passed over: they would mean the room, where an agent may
/// have put a program of that name.
pub fn find_program(name: &OsStr, path: &OsStr) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.as_encoded_bytes().contains(&b'/') {
        let program = PathBuf::from(name);
        return is_executable(&program).then_some(program);
    }
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(|program| is_executable(program))
}

fn is_executable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_of_one_process_only() {
        let me = identify(std::process::id()).unwrap();
        assert!(is_alive(&me));
        let other_start = ProcessId {
            start_ticks: me.start_ticks + 1,
            ..me.clone()
        };
        let other_boot = ProcessId {
            boot: "another".to_owned(),
            ..me
        };
        assert!(!is_alive(&other_start));
        assert!(!is_alive(&other_boot));
        assert_eq!(identify(u32::MAX), None);
    }

    #[test]
    fn finds_only_executable_files_in_absolute_folders() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("tool");
        crate::layout::write(&tool, b"").unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        let path = OsStr::new(folder.path());
        assert_eq!(find_program("tool".as_ref(), path), None, "not executable");
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_program("tool".as_ref(), path), Some(tool.clone()));
        assert_eq!(find_program("folder".as_ref(), path), None);
        assert_eq!(find_program("absent".as_ref(), path), None);
        assert_eq!(find_program("".as_ref(), path), None);
        assert_eq!(find_program("Cargo.toml".as_ref(), ".".as_ref()), None);
        assert_eq!(find_program(tool.as_os_str(), "".as_ref()), Some(tool));
    }
}
