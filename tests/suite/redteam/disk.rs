//! What lies on an attacked home: what is planted there, and what of it was changed.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::bed::Bed;

/// Stands in every file and variable that nobody may read; no rule for secrets knows it.
pub(super) const CANARY: &str = "canary-of-the-test-5417";
/// The files of the user's home that hold it.
const CREDENTIALS: [&str; 14] = [
    ".ssh/id_ed25519",
    ".aws/credentials",
    ".netrc",
    ".config/gh/hosts.yml",
    ".git-credentials",
    ".docker/config.json",
    ".npmrc",
    ".cargo/credentials.toml",
    ".kube/config",
    ".gnupg/private-keys-v1.d/key",
    ".bash_history",
    ".mozilla/cookies",
    "other-project/.env",
    "out/canary",
];

/// Puts the credentials where they usually are.
pub(super) fn plant(home: &Path) {
    for name in CREDENTIALS {
        let path = home.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, CANARY).unwrap();
    }
}

/// All of the home that a night must leave as it is, with kind, mode, owner, time and content.
pub(super) fn everything(bed: &Bed) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let home = bed.home();
    let git = bed.root.join(".git");
    let ours = [
        home.join("state"),
        bed.shared(),
        bed.root.join(".nightshift"),
        // Of the repository's own folder, what is not the night's to write.
        git.join("objects"),
        git.join("refs/nightshift"),
        git.join("refs/heads/nightshift"),
        git.join("info/exclude"),
        git.join("logs"),
    ];
    gather(home, &ours, &mut all);
    all
}

fn gather(folder: &Path, but: &[PathBuf], all: &mut BTreeMap<PathBuf, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if but.contains(&path) {
            continue;
        }
        let meta = path.symlink_metadata().unwrap();
        let mut what = format!("{:o} {} {}", meta.mode(), meta.uid(), meta.nlink());
        if meta.is_dir() {
            // Without its number of folders: git makes and removes some of its own.
            what = format!("{:o} {}", meta.mode(), meta.uid());
            gather(&path, but, all);
        }
        if meta.is_file() {
            let mut bytes = Vec::new();
            fs::File::open(&path)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            what = format!("{what} {} {text:?}", meta.mtime_nsec());
        }
        all.insert(path, what);
    }
}

/// Every file below a folder, links not followed.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let Ok(meta) = path.symlink_metadata() else {
            continue;
        };
        if meta.is_dir() {
            found.extend(files(&path));
        } else if meta.is_file() {
            found.push(path);
        }
    }
    found
}
