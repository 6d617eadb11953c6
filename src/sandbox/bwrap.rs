//! A [`Cell`] as bubblewrap's arguments. Pure, but for looking which paths are there.
//!
//! bubblewrap carries its arguments out in order, so a folder is hidden before something below it
//! is shown again: mounts are sorted by depth, and at the same path what is shown comes last.
//! See `bwrap(1)`; written for 0.8 and later.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::cell::{Cell, Reach};

/// Folders of sockets and of other people's temporary files. What of them is needed is shown.
const RUNTIME: [&str; 3] = ["/run", "/var/run", "/var/tmp"];
/// What name resolution and some systems' own programs need of `/run`.
const RUNTIME_SHOWN: [&str; 5] = [
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager/resolv.conf",
    "/run/current-system",
    "/run/opengl-driver",
];

/// One mount. The order of the variants is the order at the same path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Mount {
    /// An empty folder.
    Empty,
    /// An empty file.
    Void,
    /// This file or folder, to be written.
    Writable(PathBuf),
    /// This file or folder, to be read.
    Shown(PathBuf),
}

/// Returns the arguments from `--ro-bind` up to `--`, all but the program.
pub(super) fn arguments(cell: &Cell, folder: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let mut push = |list: &[&str]| words.extend(list.iter().map(OsString::from));
    push(&["--unshare-user", "--unshare-pid", "--unshare-ipc"]);
    push(&["--unshare-uts", "--unshare-cgroup-try"]);
    if cell.reach != Reach::Open {
        push(&["--unshare-net"]);
    }
    push(&["--die-with-parent", "--new-session", "--cap-drop", "ALL"]);
    push(&["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]);
    // bwrap closes it only where its folder looks writable, which it never does; its files still are
    // to a real root.
    push(&["--ro-bind", "/proc/sys", "/proc/sys"]);
    for (at, mount) in mounts(cell) {
        let path = |path: &Path| path.as_os_str().to_owned();
        match mount {
            Mount::Empty => words.extend(["--tmpfs".into(), path(&at)]),
            Mount::Void => words.extend(["--ro-bind".into(), "/dev/null".into(), path(&at)]),
            Mount::Writable(from) => words.extend(["--bind".into(), path(&from), path(&at)]),
            Mount::Shown(from) => words.extend(["--ro-bind".into(), path(&from), path(&at)]),
        }
    }
    words.extend(["--chdir".into(), folder.as_os_str().to_owned()]);
    words
}

fn mounts(cell: &Cell) -> Vec<(PathBuf, Mount)> {
    let home = real(&cell.home);
    // Below the home every path is made anew, whatever links led there; elsewhere a mount is made
    // where a path really leads.
    let placed = |path: &PathBuf| {
        let from = path.canonicalize().ok()?;
        let at = path
            .strip_prefix(&cell.home)
            .map_or_else(|_| from.clone(), |rest| home.join(rest));
        Some((at, from))
    };
    let mut all = Vec::new();
    let runtime = RUNTIME.iter().map(PathBuf::from).filter(|p| is_folder(p));
    all.extend(runtime.map(|path| (path, Mount::Empty)));
    let hidden = cell
        .hidden
        .iter()
        .filter_map(|path| path.canonicalize().ok());
    all.extend(hidden.map(|path| {
        let mount = if path.is_dir() {
            Mount::Empty
        } else {
            Mount::Void
        };
        (path, mount)
    }));
    let writable = cell.writable.iter().filter_map(placed);
    all.extend(writable.map(|(at, from)| (at, Mount::Writable(from))));
    all.push((home.clone(), Mount::Writable(real(&cell.private_home))));
    let temp = Mount::Writable(real(&cell.private_temp));
    all.push((PathBuf::from("/tmp"), temp));
    let runtime: Vec<_> = RUNTIME_SHOWN.iter().map(PathBuf::from).collect();
    let shown = runtime.iter().chain(&cell.shown).filter_map(placed);
    all.extend(shown.map(|(at, from)| (at, Mount::Shown(from))));
    all.sort_by_cached_key(|(path, mount)| {
        (path.components().count(), path.clone(), mount.clone())
    });
    // The last one at a path is what counts; one below it would only be seen through it.
    all.dedup_by(|later, earlier| {
        let same = later.0 == earlier.0;
        if same {
            *earlier = later.clone();
        }
        same
    });
    all
}

/// A folder itself, and no link to one: what a link leads to is hidden where it is.
fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::cell::Limits;

    #[test]
    fn what_is_shown_comes_after_what_is_hidden_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path.canonicalize().unwrap()
        };
        let cell = Cell {
            home: at("home"),
            private_home: at("private/home"),
            private_temp: at("private/temp"),
            writable: vec![at("home/state/bench")],
            shown: vec![at("home/repo/.git/objects"), at("home/nowhere").join("x")],
            hidden: vec![at("home/repo"), at("home/state")],
            reach: Reach::Nothing,
            limits: Limits {
                memory: 1,
                processes: 1,
                file_size: 1,
            },
        };
        let words = arguments(&cell, Path::new("/"));
        let place = |word: &Path| {
            let word = word.as_os_str();
            words.iter().rposition(|w| w == word).unwrap()
        };
        let order = [
            at("home"),
            at("home/repo"),
            at("home/state/bench"),
            at("home/repo/.git/objects"),
        ]
        .map(|path| place(&path));
        assert!(order.is_sorted(), "{words:?}");
        assert!(words.contains(&"--unshare-net".into()));
        let missing = folder.path().join("home/nowhere/x");
        assert!(!words.contains(&missing.into_os_string()));
    }
}
