//! Whatever nightshift does, the user's checkout and git directory stay as they are, byte for byte.

use std::{collections::BTreeMap, os::unix::ffi::OsStrExt};

use super::*;
use crate::repo::{Keep, examine, message};

/// Every file of the user's, with type, mode, times and bytes; objects, our refs with their logs
/// and `info/exclude` left out.
fn fingerprint(root: &Path) -> BTreeMap<PathBuf, String> {
    use std::os::unix::fs::MetadataExt;
    let mut print = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            let ours = [
                ".git/objects",
                ".git/refs/heads/nightshift",
                ".git/refs/nightshift",
                ".git/logs/refs/heads/nightshift",
                ".git/info/exclude",
            ];
            if ours.iter().any(|ours| name == Path::new(ours)) {
                continue;
            }
            let meta = path.symlink_metadata().unwrap();
            let bytes = if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else if meta.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .as_os_str()
                    .as_bytes()
                    .to_owned()
            } else {
                fs::read(&path).unwrap()
            };
            // A folder's times tell of what came and went in it, which is what is left out above.
            let times = if meta.is_dir() {
                (0, 0)
            } else {
                (meta.mtime(), meta.mtime_nsec())
            };
            print.insert(
                name,
                format!("{:o} {times:?} {}", meta.mode(), blake3::hash(&bytes)),
            );
        }
    }
    print
}

#[track_caller]
fn assert_same(before: &BTreeMap<PathBuf, String>, after: &BTreeMap<PathBuf, String>) {
    let changed: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path))
        .collect();
    assert!(changed.is_empty(), "{changed:?}");
}

/// Does everything once that this room can do.
fn everything(yard: &Yard) {
    let found = yard.found();
    examine(&found);
    let git = yard.open();
    git.exclude_state_dir().wait().unwrap();
    git.exclude_state_dir().wait().unwrap();
    let head = git.head().wait().unwrap().commit;
    let branch = "refs/heads/nightshift/n";
    git.create_branch(branch, &head).wait().unwrap();
    yard.furnish(&git, &head, Keep::Keep);
    let room = yard.room();
    put(&room, "new.txt", "new\n");
    put(&room, "readme.txt", "changed\n");
    put(&room, ".nightshift/x", "x\n");
    fs::remove_dir_all(room.join("src")).unwrap();
    let tree = yard.snapshot(&git, &head).unwrap();
    let base = git.tree_of(&head).wait().unwrap();
    git.changes(&base, &tree).wait().unwrap();
    git.patch(&base, &tree, 1000).wait().unwrap();
    let some = git
        .restore(&tree, &base, &["readme.txt".to_owned()])
        .wait()
        .unwrap();
    let kept = git
        .keep("refs/nightshift/attempts/n/1/1", &tree, &head, "attempt")
        .wait()
        .unwrap();
    let author = git.identity().wait().unwrap();
    let landed = git
        .land(branch, &head, &some, &message("Work", "", &[]), &author)
        .wait()
        .unwrap();
    yard.furnish(&git, &landed, Keep::Remove);
    yard.furnish(&git, &kept, Keep::Remove);
    git.landed(branch, &head).wait().unwrap();
    git.clear_stale_locks().wait().unwrap();
    git.delete_ref("refs/nightshift/attempts/n/1/1")
        .wait()
        .unwrap();
}

/// Leaves a checkout in the middle of many things.
fn mess(yard: &Yard) {
    yard.put("stashed.txt", "x\n");
    yard.git(&["add", "stashed.txt"]);
    yard.git(&["stash", "-q"]);
    yard.put("readme.txt", "not committed\n");
    yard.put("staged.txt", "staged\n");
    yard.git(&["add", "staged.txt"]);
    yard.put("staged.txt", "and changed again\n");
    yard.put("untracked/file", "mine\n");
    yard.put("target/build", "ignored\n");
    yard.put(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    mode(&yard.repo().join(".git/hooks/pre-commit"), 0o755);
    yard.put(".git/index.lock", "");
    yard.put(".git/HEAD.lock", "");
}

#[test]
fn a_messy_checkout_is_untouched() {
    let yard = Yard::new();
    mess(&yard);
    let before = fingerprint(&yard.repo());
    everything(&yard);
    assert_same(&before, &fingerprint(&yard.repo()));
    let exclude = fs::read_to_string(yard.repo().join(".git/info/exclude")).unwrap();
    assert_eq!(exclude.matches("/.nightshift/\n").count(), 1);
    fs::remove_file(yard.repo().join(".git/index.lock")).unwrap();
    yard.put(".nightshift/x", "x");
    assert!(!yard.git(&["status", "--porcelain"]).contains("nightshift"));
    yard.git(&["fsck"]);
}

#[test]
fn a_checkout_in_the_middle_of_a_rebase_is_untouched() {
    let yard = Yard::new();
    yard.git(&["checkout", "-q", "-b", "other"]);
    yard.put("readme.txt", "theirs\n");
    yard.commit("theirs");
    yard.git(&["checkout", "-q", "main"]);
    yard.put("readme.txt", "mine\n");
    yard.commit("mine");
    assert!(!yard.try_git(&yard.repo(), &["rebase", "-q", "other"]).0);
    let before = fingerprint(&yard.repo());
    everything(&yard);
    assert_same(&before, &fingerprint(&yard.repo()));
    yard.put("readme.txt", "both\n");
    yard.git(&["add", "readme.txt"]);
    yard.git(&["rebase", "--continue"]);
}

#[test]
fn what_is_ignored_already_needs_no_line() {
    let yard = Yard::new();
    yard.put(".gitignore", ".nightshift\n");
    fs::remove_file(yard.repo().join(".git/info/exclude")).unwrap();
    yard.open().exclude_state_dir().wait().unwrap();
    assert!(!yard.repo().join(".git/info/exclude").exists());
    yard.put(".gitignore", "");
    yard.put(".git/info/exclude", "*.mine");
    yard.open().exclude_state_dir().wait().unwrap();
    let exclude = fs::read_to_string(yard.repo().join(".git/info/exclude")).unwrap();
    assert_eq!(exclude, "*.mine\n/.nightshift/\n");
}

#[test]
fn a_linked_worktree_is_a_checkout_like_any_other() {
    let yard = Yard::new();
    let linked = yard.path("linked");
    yard.git(&[
        "worktree",
        "add",
        "-q",
        "-b",
        "side",
        linked.to_str().unwrap(),
    ]);
    put(&linked, "readme.txt", "not committed\n");
    let before = (fingerprint(&yard.repo()), fingerprint(&linked));
    let found = locate(&linked.join("src")).unwrap();
    assert_eq!(found.root, fs::canonicalize(&linked).unwrap());
    assert_eq!(
        found.common_dir,
        fs::canonicalize(yard.repo().join(".git")).unwrap()
    );
    let git = Git::open(&found).unwrap();
    let head = git.head().wait().unwrap();
    assert_eq!(head.branch.as_deref(), Some("side"));
    yard.furnish(&git, &head.commit, Keep::Keep);
    put(&yard.room(), "new", "new\n");
    let tree = yard.snapshot(&git, &head.commit).unwrap();
    git.keep("refs/nightshift/x", &tree, &head.commit, "x")
        .wait()
        .unwrap();
    git.exclude_state_dir().wait().unwrap();
    assert_same(&before.0, &fingerprint(&yard.repo()));
    assert_same(&before.1, &fingerprint(&linked));
    assert!(
        yard.git_in(&linked, &["show", "refs/nightshift/x:new"])
            .contains("new")
    );
}
