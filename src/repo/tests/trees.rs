//! What differs between trees, and trees put together from two.

use super::*;
use crate::repo::{FileDiff, Keep};

/// Two commits of the yard: its own, and one after `change`.
fn two(change: impl FnOnce(&Yard, &Path)) -> (Yard, Git, TreeId, TreeId) {
    let yard = Yard::new();
    yard.put("gone", "a\nb\n");
    yard.put("dir/a", "a\n");
    yard.put("dir/b", "b\n");
    yard.commit("More");
    let (git, head) = yard.furnished();
    change(&yard, &yard.room());
    let to = yard.snapshot(&git, &head).unwrap();
    let from = git.tree_of(&head).wait().unwrap();
    (yard, git, from, to)
}

fn lines(diff: &[FileDiff]) -> Vec<String> {
    diff.iter()
        .map(|file| {
            let change = &file.change;
            format!(
                "{:?} {} +{} -{}{}{} {:?}",
                change.kind,
                change.path,
                change.added,
                change.removed,
                if file.binary { " binary" } else { "" },
                if file.capped { " capped" } else { "" },
                file.added_text
            )
        })
        .collect()
}

#[test]
fn changes_are_by_path_with_the_text_that_came_in() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let (_yard, git, from, to) = two(|_, room| {
        put(room, "readme.txt", "one\n2\nthree\nfour");
        fs::remove_file(room.join("gone")).unwrap();
        put(room, "gone-elsewhere", "a\nb\n");
        mode(&room.join("run.sh"), 0o644);
        put(room, "blob", "a\0b");
        fs::remove_file(room.join("link")).unwrap();
        put(room, "link", "a file now\n");
        put(room, OsStr::from_bytes(b"latin-\xe9"), "x\n");
        // An attribute does not hide text.
        put(room, ".gitattributes", "* -diff\n");
        put(room, "big.txt", &"0123456789abcdef\n".repeat(20_000));
    });
    let mut diff = git.changes(&from, &to).wait().unwrap();
    let big = diff
        .iter_mut()
        .find(|file| file.change.path == "big.txt")
        .unwrap();
    assert_eq!(big.added_text.len(), 256 << 10);
    big.added_text.clear();
    assert_eq!(
        lines(&diff),
        [
            r#"Added .gitattributes +1 -0 "* -diff\n""#,
            r#"Added big.txt +20000 -0 capped """#,
            r#"Added blob +0 -0 binary """#,
            r#"Deleted gone +0 -2 """#,
            r#"Added gone-elsewhere +2 -0 "a\nb\n""#,
            "Added latin-\u{fffd} +1 -0 \"x\\n\"",
            r#"Modified link +1 -1 "a file now\n""#,
            r#"Modified readme.txt +2 -1 "2\nfour""#,
            r#"Modified run.sh +0 -0 """#,
        ]
    );
    assert_eq!(git.changes(&to, &to).wait().unwrap(), []);
}

#[test]
fn a_patch_can_be_applied_and_is_cut_at_its_cap() {
    let (yard, git, from, to) = two(|_, room| {
        put(room, "readme.txt", "one\n2\nthree\n");
        fs::remove_file(room.join("gone")).unwrap();
        put(room, "new", "new\n");
        mode(&room.join("run.sh"), 0o644);
    });
    let (patch, cut) = git.patch(&from, &to, 1 << 20).wait().unwrap();
    assert!(!cut);
    yard.put("the.patch", &patch);
    yard.git(&["apply", "--index", "the.patch"]);
    assert_eq!(yard.git(&["write-tree"]).trim(), to.0);
    let (short, cut) = git.patch(&from, &to, 100).wait().unwrap();
    assert!(cut);
    assert_eq!(Some(short.as_str()), patch.get(..100));
}

#[test]
fn exactly_the_named_paths_are_restored() {
    let change = |room: &Path| {
        put(room, "readme.txt", "changed\n");
        put(room, "src/lib.rs", "changed\n");
        put(room, "tests/new", "new\n");
        fs::remove_file(room.join("gone")).unwrap();
        fs::remove_dir_all(room.join("dir")).unwrap();
        put(room, "dir", "a file now\n");
        mode(&room.join("run.sh"), 0o644);
    };
    let (yard, git, from, to) = two(|_, room| change(room));
    let restore = |paths: &[&str]| {
        let paths: Vec<_> = paths.iter().map(|path| (*path).to_owned()).collect();
        git.restore(&to, &from, &paths).wait().unwrap()
    };
    assert_eq!(restore(&[]), to);
    assert_eq!(restore(&["never/there"]), to);
    let back = restore(&["readme.txt", "tests/new", "gone", "run.sh"]);
    let left: Vec<_> = git
        .changes(&from, &back)
        .wait()
        .unwrap()
        .into_iter()
        .map(|file| file.change.path)
        .collect();
    assert_eq!(left, ["dir", "dir/a", "dir/b", "src/lib.rs"]);
    assert!(yard.ls(&back).contains("100755 blob"));
    // A file in a folder's place goes when the folder's files come back.
    let back = restore(&["dir", "dir/a", "dir/b"]);
    assert_eq!(yard.show(&back, "dir/a"), "a\n");
    let all: Vec<_> = git
        .changes(&from, &to)
        .wait()
        .unwrap()
        .into_iter()
        .map(|file| file.change.path)
        .collect();
    assert_eq!(git.restore(&to, &from, &all).wait().unwrap(), from);
}

#[test]
fn a_room_follows_between_any_two_trees() {
    let (yard, git, from, to) = two(|_, room| {
        fs::remove_file(room.join("link")).unwrap();
        put(room, "link/now/a/folder", "x\n");
        fs::remove_dir_all(room.join("dir")).unwrap();
        std::os::unix::fs::symlink("src", room.join("dir")).unwrap();
        fs::remove_file(room.join("readme.txt")).unwrap();
        std::os::unix::fs::symlink("src/lib.rs", room.join("readme.txt")).unwrap();
    });
    let head = git.head().wait().unwrap().commit;
    let other = git
        .keep("refs/nightshift/other", &to, &head, "other")
        .wait()
        .unwrap();
    for (commit, tree) in [(&head, &from), (&other, &to), (&head, &from), (&other, &to)] {
        yard.furnish(&git, commit, Keep::Keep);
        assert_eq!(&yard.tree_by_git(&yard.room(), commit), tree);
    }
}
