//! What an agent may do to its room to hide work, to reach outside, or to break the next night.

use std::os::unix::fs::symlink;

use super::*;

type Trick = fn(&Path, &Path);

fn make_pipe(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
}

#[test]
fn flags_in_the_agents_index_hide_nothing() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    yard.git_in(&room, &["update-index", "--assume-unchanged", "readme.txt"]);
    yard.git_in(&room, &["update-index", "--skip-worktree", "src/lib.rs"]);
    put(&room, "readme.txt", "hidden\n");
    put(&room, "src/lib.rs", "hidden\n");
    assert_eq!(yard.git_in(&room, &["status", "--porcelain"]), "");
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.show(&tree, "readme.txt"), "hidden\n");
    assert_eq!(yard.show(&tree, "src/lib.rs"), "hidden\n");
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(
        fs::read(room.join("src/lib.rs")).unwrap(),
        b"pub fn a() {}\n"
    );
}

#[test]
fn times_set_back_hide_nothing() {
    let yard = Yard::new();
    // Even where the user has told git not to look at change times.
    yard.git(&["config", "core.trustctime", "false"]);
    yard.put("old", "aaa");
    yard.commit("Old");
    let (git, head) = yard.furnished();
    let path = yard.room().join("old");
    let forge = || {
        let times = fs::metadata(&path).unwrap();
        put(&yard.room(), "old", "bbb");
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_times(
            fs::FileTimes::new()
                .set_modified(times.modified().unwrap())
                .set_accessed(times.accessed().unwrap()),
        )
        .unwrap();
    };
    forge();
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.show(&tree, "old"), "bbb");
    yard.furnish(&git, &head, Keep::Keep);
    forge();
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(fs::read(&path).unwrap(), b"aaa");
}

#[test]
fn a_rewritten_git_pointer_is_removed_unread() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let evil = yard.path("evil");
    fs::create_dir_all(&evil).unwrap();
    yard.git_in(&evil, &["init", "-q"]);
    put(&evil, "keep", "me\n");
    let ran = yard.path("ran");
    let command = format!("touch {}", ran.display());
    let tree = git.tree_of(&head).wait().unwrap();
    let dot_git = room.join(".git");
    let tricks: [Trick; 4] = [
        |dot_git, evil| {
            let text = format!("gitdir: {}\n", evil.join(".git").display());
            crate::layout::write(dot_git, text.as_bytes()).unwrap();
        },
        |dot_git, evil| symlink(evil, dot_git).unwrap(),
        |dot_git, evil| symlink(evil.join(".git/config"), dot_git).unwrap(),
        |_, _| {},
    ];
    for trick in tricks {
        fs::remove_dir_all(&dot_git).unwrap();
        trick(&dot_git, &evil);
        if dot_git.symlink_metadata().is_ok() {
            yard.git_in(&evil, &["config", "core.fsmonitor", &command]);
        }
        assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
        yard.furnish(&git, &head, Keep::Keep);
        assert!(dot_git.symlink_metadata().unwrap().is_dir());
        assert_eq!(yard.git_in(&room, &["status", "--porcelain"]), "");
    }
    // The same with a git directory of the right kind and wrong settings.
    yard.git_in(&room, &["config", "core.fsmonitor", &command]);
    yard.git_in(&room, &["config", "core.hooksPath", "/tmp"]);
    put(&room, "readme.txt", "changed\n");
    yard.snapshot(&git, &head).unwrap();
    yard.furnish(&git, &head, Keep::Keep);
    assert!(!ran.exists());
    assert!(evil.join("keep").exists() && evil.join(".git/config").exists());
    assert!(!yard.try_git(&room, &["config", "core.fsmonitor"]).0);
}

#[test]
fn repositories_inside_are_reported_unless_ignored() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    put(&room, "target/dep/.git/HEAD", "ref: refs/heads/main\n");
    assert_eq!(
        yard.snapshot(&git, &head).unwrap(),
        git.tree_of(&head).wait().unwrap()
    );
    for inside in ["vendor/x", "src", "src/deep/er"] {
        let folder = room.join(inside);
        fs::create_dir_all(&folder).unwrap();
        yard.git_in(&folder, &["init", "-q"]);
    }
    put(&room, "pointer/.git", "gitdir: /nowhere\n");
    put(&room, "shout/.GIT/config", "");
    let Err(SnapshotError::Nested { paths }) = yard.snapshot(&git, &head) else {
        panic!("nested repositories were taken");
    };
    assert_eq!(
        paths,
        [
            "pointer/.git",
            "shout/.GIT",
            "src/.git",
            "src/deep/er/.git",
            "vendor/x/.git"
        ]
    );
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(
        yard.snapshot(&git, &head).unwrap(),
        git.tree_of(&head).wait().unwrap()
    );
    assert!(!room.join("vendor").exists());
}

#[test]
fn a_name_that_git_refuses_is_named() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    put(&yard.room(), "sub/git~1", "x");
    let Err(SnapshotError::Unfit { path, .. }) = yard.snapshot(&git, &head) else {
        panic!("it was taken");
    };
    assert_eq!(path, "sub/git~1");
}

#[test]
fn links_in_place_of_folders_do_not_lead_outside() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let outside = yard.path("outside");
    put(&outside, "lib.rs", "the user's\n");
    put(&outside, "deep/er/file", "the user's\n");
    put(&outside, "er/file", "the user's\n");
    let place = |link: &str, ignore: &str| {
        fs::remove_dir_all(room.join(link)).unwrap();
        symlink(&outside, room.join(link)).unwrap();
        put(&room, ".gitignore", ignore);
    };
    for (link, ignore) in [("src", ""), ("src", "/src\n*\n"), ("src/deep", "deep\n")] {
        place(link, ignore);
        let tree = yard.snapshot(&git, &head).unwrap();
        assert!(
            !yard.ls(&tree).contains(&format!("{link}/")),
            "{}",
            yard.ls(&tree)
        );
        yard.furnish(&git, &head, Keep::Keep);
        assert!(room.join("src/deep/er/file").exists());
        place(link, ignore);
        yard.furnish(&git, &head, Keep::Remove);
        assert_eq!(
            yard.snapshot(&git, &head).unwrap(),
            git.tree_of(&head).wait().unwrap()
        );
    }
    // The folder is in the index only: the next commit does not have it.
    place("src", "");
    yard.git(&["rm", "-rq", "src"]);
    yard.commit("No sources");
    let bare = git.head().wait().unwrap().commit;
    yard.furnish(&git, &bare, Keep::Keep);
    for file in ["lib.rs", "deep/er/file", "er/file"] {
        assert_eq!(fs::read(outside.join(file)).unwrap(), b"the user's\n");
    }
    // The room itself.
    fs::remove_dir_all(&room).unwrap();
    symlink(&outside, &room).unwrap();
    yard.furnish(&git, &head, Keep::Remove);
    assert!(room.symlink_metadata().unwrap().is_dir());
    assert_eq!(fs::read(outside.join("lib.rs")).unwrap(), b"the user's\n");
}

#[test]
fn ignore_rules_of_the_agents_own_do_not_outlive_it() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    put(&room, ".gitignore", "*\n");
    put(&room, "planted.rs", "x\n");
    put(&room, "src/.gitignore", "*\n");
    put(&room, "src/planted.rs", "x\n");
    put(&room, "other/.gitignore", "/deeper/\n");
    put(&room, "other/deeper/planted.rs", "x\n");
    // Ignored as asked for, which is the agent's own loss.
    assert!(
        !yard
            .ls(&yard.snapshot(&git, &head).unwrap())
            .contains("planted")
    );
    yard.furnish(&git, &head, Keep::Keep);
    assert!(!room.join("planted.rs").exists());
    assert!(!room.join("src/.gitignore").exists());
    assert!(!room.join("src/planted.rs").exists());
    assert!(!room.join("other").exists());
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}

#[test]
fn pipes_and_sockets_neither_hang_nor_stay() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    let pipe = |name: &str| make_pipe(&room.join(name));
    pipe("pipe");
    let _socket = std::os::unix::net::UnixListener::bind(room.join("socket")).unwrap();
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
    fs::remove_file(room.join("readme.txt")).unwrap();
    pipe("readme.txt");
    fs::remove_dir_all(room.join("src")).unwrap();
    pipe("src");
    let without = yard.snapshot(&git, &head).unwrap();
    assert!(!yard.ls(&without).contains("readme.txt"));
    assert!(!yard.ls(&without).contains("src"));
    yard.furnish(&git, &head, Keep::Keep);
    assert!(!room.join("pipe").exists() && !room.join("socket").exists());
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}

#[test]
fn rules_that_cannot_be_read_do_not_hang_the_night() {
    let yard = Yard::new();
    yard.put("tests/.gitattributes", "*.txt text\n");
    yard.put("tests/a.txt", "x\n");
    yard.commit("Tests");
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    make_pipe(&yard.path("pipe"));
    let tricks: [Trick; 4] = [
        |_, file| make_pipe(file),
        |pipe, file| symlink(pipe, file).unwrap(),
        |_, file| symlink("/dev/zero", file).unwrap(),
        |_, file| fs::File::create(file).unwrap().set_len(1 << 40).unwrap(),
    ];
    for trick in tricks {
        for name in [
            ".gitignore",
            ".gitattributes",
            ".gitmodules",
            "src/.gitignore",
            "tests/.gitattributes",
            "new/.gitignore",
        ] {
            let file = room.join(name);
            put(&room, "new/x", "x");
            fs::remove_file(&file).ok();
            trick(&yard.path("pipe"), &file);
            put(&room, "tests/a.txt", "y\n");
            assert!(matches!(
                yard.snapshot(&git, &head),
                Err(SnapshotError::Unreadable(error)) if error.path == file
            ));
            yard.furnish(&git, &head, Keep::Keep);
            assert_eq!(yard.snapshot(&git, &head).unwrap(), tree, "{name}");
        }
    }
    // A link to nowhere is only a link.
    symlink("nowhere", room.join("src/.gitignore")).unwrap();
    let tree = yard.snapshot(&git, &head).unwrap();
    assert!(yard.ls(&tree).contains("120000"));
}

/// As root every mode is readable, so there the first half of this shows less.
#[test]
fn locked_files_and_folders_are_named_and_unlocked() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    let root = rustix::process::geteuid().is_root();
    for locked in ["src/deep", "readme.txt", "new/folder", "new/file"] {
        put(&room, "new/folder/x", "x");
        put(&room, "new/file", "x");
        mode(&room.join(locked), 0o000);
        if !root {
            let Err(SnapshotError::Unreadable(error)) = yard.snapshot(&git, &head) else {
                panic!("`{locked}` was read");
            };
            assert!(error.to_string().contains(locked), "{error}");
        }
        yard.furnish(&git, &head, Keep::Keep);
        assert_eq!(yard.snapshot(&git, &head).unwrap(), tree, "{locked}");
        assert!(!room.join("new").exists());
        put(&room, "readme.txt", "still writable\n");
        yard.furnish(&git, &head, Keep::Keep);
    }
    put(&room, ".git/a/b/c", "x");
    mode(&room.join(".git/a/b"), 0o000);
    mode(&room.join(".git/a"), 0o000);
    put(&room, "target/x/y", "x");
    mode(&room.join("target/x"), 0o000);
    mode(&room, 0o555);
    yard.furnish(&git, &head, Keep::Remove);
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}

#[test]
fn folders_nested_beyond_any_path_are_removed() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    // Longer than PATH_MAX, so each folder is made in the one that was opened before.
    let mut at = rustix::fs::open(
        &room,
        rustix::fs::OFlags::DIRECTORY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    let name = "n".repeat(200);
    for _ in 0..40 {
        rustix::fs::mkdirat(&at, &name, rustix::fs::Mode::RWXU).unwrap();
        at = rustix::fs::openat(
            &at,
            &name,
            rustix::fs::OFlags::DIRECTORY,
            rustix::fs::Mode::empty(),
        )
        .unwrap();
    }
    drop(at);
    assert!(matches!(
        yard.snapshot(&git, &head),
        Err(SnapshotError::Unreadable(_))
    ));
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(
        yard.snapshot(&git, &head).unwrap(),
        git.tree_of(&head).wait().unwrap()
    );
}
