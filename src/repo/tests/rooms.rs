//! Rooms hold exactly the commit's files, and snapshots exactly the room's.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, os::unix::fs::symlink};

use super::*;

type Damage = fn(&Yard);

#[test]
fn a_room_is_a_clean_repository_of_its_own() {
    let yard = Yard::new();
    yard.put("second.txt", "2\n");
    yard.commit("Second");
    let (git, head) = yard.furnished();
    let room = yard.room();
    assert_eq!(yard.git_in(&room, &["status", "--porcelain"]), "");
    assert_eq!(
        yard.git_in(&room, &["log", "--format=%s %D"]),
        "Second HEAD -> work\nBegin \n"
    );
    assert_eq!(yard.git_in(&room, &["remote"]), "");
    assert_eq!(yard.git_in(&room, &["config", "user.name"]), "Ada\n");
    yard.git_in(&room, &["fsck"]);
    // An agent may commit, branch and stash as it likes: nothing of it reaches the user's.
    put(&room, "new.txt", "new\n");
    yard.git_in(&room, &["add", "-A"]);
    yard.git_in(&room, &["commit", "-q", "-m", "mine"]);
    let commit = yard.git_in(&room, &["rev-parse", "HEAD"]);
    assert!(
        !yard
            .try_git(&yard.repo(), &["cat-file", "-e", commit.trim()])
            .0
    );
    let tree = yard.snapshot(&git, &head).unwrap();
    assert!(yard.ls(&tree).contains("new.txt"));
}

#[test]
fn an_unchanged_room_is_the_commits_tree() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let tree = git.tree_of(&head).wait().unwrap();
    for _ in 0..3 {
        assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
        yard.furnish(&git, &head, Keep::Keep);
    }
}

#[test]
fn every_kind_of_change_is_taken_as_git_takes_it() {
    let yard = Yard::new();
    yard.put("gone.txt", "x\n");
    yard.put("becomes-folder", "x\n");
    yard.put("becomes-file/a", "x\n");
    yard.put("becomes-file/b", "x\n");
    yard.put("becomes-link", "x\n");
    yard.put("tracked.log", "x\n");
    yard.git(&["add", "-f", "tracked.log"]);
    yard.put("same", "one");
    yard.commit("More");
    let (git, head) = yard.furnished();
    let room = yard.room();
    fs::remove_file(room.join("gone.txt")).unwrap();
    fs::remove_dir_all(room.join("src/deep")).unwrap();
    fs::remove_file(room.join("becomes-folder")).unwrap();
    put(&room, "becomes-folder/inside", "y\n");
    fs::remove_dir_all(room.join("becomes-file")).unwrap();
    put(&room, "becomes-file", "y\n");
    fs::remove_file(room.join("becomes-link")).unwrap();
    symlink("/etc/passwd", room.join("becomes-link")).unwrap();
    symlink("nowhere", room.join("dangling")).unwrap();
    symlink("src", room.join("folder-link")).unwrap();
    put(&room, "tracked.log", "tracked though ignored\n");
    put(&room, "other.log", "ignored\n");
    put(&room, "target/debug/x", "ignored\n");
    put(&room, "same", "two");
    mode(&room.join("run.sh"), 0o644);
    mode(&room.join("readme.txt"), 0o755);
    put(&room, OsStr::from_bytes(b"latin-\xe9.txt"), "not UTF-8\n");
    put(&room, "line\nbreak \"quoted\" \\", "odd\n");
    put(&room, "dir with space/\u{1f319}", "moon\n");
    fs::create_dir_all(room.join("empty/folder")).unwrap();
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.ls(&tree), yard.ls(&yard.tree_by_git(&room, &head)));
    assert!(!yard.ls(&tree).contains("other.log"));

    // Furnishing with that tree and then with the base goes there and back.
    let kept = git
        .keep("refs/nightshift/attempts/n/t/1", &tree, &head, "work")
        .wait()
        .unwrap();
    yard.furnish(&git, &head, Keep::Remove);
    assert_eq!(
        yard.tree_by_git(&room, &head),
        git.tree_of(&head).wait().unwrap()
    );
    assert!(!room.join("target").exists() && !room.join("empty").exists());
    yard.furnish(&git, &kept, Keep::Remove);
    assert_eq!(yard.ls(&yard.tree_by_git(&room, &kept)), yard.ls(&tree));
    assert_eq!(yard.snapshot(&git, &kept).unwrap(), tree);
    assert_eq!(
        fs::read_link(room.join("becomes-link")).unwrap(),
        Path::new("/etc/passwd")
    );
}

#[test]
fn ignored_files_are_kept_or_removed_as_asked() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    put(&room, "target/debug/x", "cache\n");
    put(&room, "venv/.gitignore", "*\n");
    put(&room, "venv/bin/python", "cache\n");
    put(&room, "stray/build/note", "stray\n");
    put(&room, "stray/build/x.log", "ignored\n");
    yard.furnish(&git, &head, Keep::Keep);
    assert!(room.join("target/debug/x").exists());
    assert!(room.join("venv/bin/python").exists());
    assert!(room.join("stray/build/x.log").exists());
    assert!(!room.join("stray/build/note").exists());
    yard.furnish(&git, &head, Keep::Remove);
    let mut left: Vec<_> = fs::read_dir(&room)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [".git", ".gitignore", "link", "readme.txt", "run.sh", "src"]
    );
}

#[test]
fn a_deleted_or_half_made_room_is_made_again() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    let damages: [(&str, Damage); 6] = [
        ("no room", |y| fs::remove_dir_all(y.room()).unwrap()),
        ("no index", |y| fs::remove_file(y.index()).unwrap()),
        ("no git directory", |y| {
            fs::remove_dir_all(y.room().join(".git")).unwrap();
        }),
        ("a damaged index", |y| {
            put(&y.path("rooms/index"), "bench", "DIRC nonsense");
        }),
        ("a lock on the index", |y| {
            put(&y.path("rooms/index"), "bench.lock", "");
        }),
        ("a file for a room", |y| {
            fs::remove_dir_all(y.room()).unwrap();
            put(&y.path("rooms"), "bench", "");
        }),
    ];
    for (what, damage) in damages {
        damage(&yard);
        yard.furnish(&git, &head, Keep::Keep);
        assert_eq!(yard.git_in(&room, &["status", "--porcelain"]), "", "{what}");
        assert_eq!(yard.snapshot(&git, &head).unwrap(), tree, "{what}");
    }
    put(&yard.path("rooms/index"), "bench", "DIRC nonsense");
    put(&room, "readme.txt", "changed\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.show(&tree, "readme.txt"), "changed\n");
}

/// A file that is written, remembered in the index and written again within one tick of the file
/// system's clock: what the index remembers fits the new bytes. Here the index is made to remember
/// so, with its own time as the only sign.
#[test]
fn a_change_of_the_same_size_in_the_same_instant_is_seen() {
    use std::os::unix::fs::MetadataExt;
    let yard = Yard::new();
    yard.put("counter", "000");
    yard.commit("Counter");
    let (git, head) = yard.furnished();
    let file = yard.room().join("counter");
    let forge = |text: &str| {
        put(&yard.room(), "counter", text);
        let meta = fs::metadata(&file).unwrap();
        let mut index = git2::Index::open(&yard.index()).unwrap();
        let mut entry = index.get_path(Path::new("counter"), 0).unwrap();
        let time = |seconds: i64, nanoseconds: i64| {
            git2::IndexTime::new(
                i32::try_from(seconds).unwrap(),
                u32::try_from(nanoseconds).unwrap(),
            )
        };
        entry.mtime = time(meta.mtime(), meta.mtime_nsec());
        entry.ctime = time(meta.ctime(), meta.ctime_nsec());
        index.add(&entry).unwrap();
        index.write().unwrap();
        fs::File::options()
            .write(true)
            .open(yard.index())
            .unwrap()
            .set_modified(meta.modified().unwrap())
            .unwrap();
    };
    forge("111");
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.show(&tree, "counter"), "111");
    yard.furnish(&git, &head, Keep::Keep);
    forge("222");
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(fs::read(&file).unwrap(), b"000");
    // And as fast as it goes.
    for n in 1..10 {
        let text = format!("{n:03}");
        put(&yard.room(), "counter", &text);
        let tree = yard.snapshot(&git, &head).unwrap();
        assert_eq!(yard.show(&tree, "counter"), text);
        yard.furnish(&git, &head, Keep::Keep);
    }
}

#[test]
fn a_snapshot_does_not_depend_on_the_one_before() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    put(&yard.room(), "notes.tmp", "first taken, then ignored\n");
    let with = yard.snapshot(&git, &head).unwrap();
    assert!(yard.ls(&with).contains("notes.tmp"));
    put(&yard.room(), ".gitignore", "*.log\n/target/\n*.tmp\n");
    let without = yard.snapshot(&git, &head).unwrap();
    assert!(!yard.ls(&without).contains("notes.tmp"));
}

#[test]
fn line_endings_follow_the_users_settings() {
    let yard = Yard::new();
    yard.put(".gitattributes", "*.bat text eol=crlf\n");
    yard.put("a.bat", "one\r\n");
    yard.commit("Batch");
    let (git, head) = yard.furnished();
    let room = yard.room();
    assert_eq!(fs::read(room.join("a.bat")).unwrap(), b"one\r\n");
    put(&room, "a.bat", "two\r\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(yard.show(&tree, "a.bat"), "two\n");
    assert_eq!(tree, yard.tree_by_git(&room, &head));
}

#[test]
fn submodules_stay_as_they_are() {
    let yard = Yard::new();
    let other = yard.path("other");
    fs::create_dir_all(&other).unwrap();
    yard.git_in(&other, &["init", "-q"]);
    put(&other, "x", "x\n");
    yard.git_in(&other, &["add", "-A"]);
    yard.git_in(&other, &["commit", "-q", "-m", "x"]);
    yard.git(&[
        "submodule",
        "add",
        "-q",
        other.to_str().unwrap(),
        "vendor/other",
    ]);
    yard.commit("Submodule");
    let (git, head) = yard.furnished();
    let room = yard.room();
    let tree = git.tree_of(&head).wait().unwrap();
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
    put(&room, "readme.txt", "changed\n");
    let changed = yard.snapshot(&git, &head).unwrap();
    assert!(yard.ls(&changed).contains("160000 commit"));
    let back = git
        .restore(&changed, &tree, &["readme.txt".to_owned()])
        .wait()
        .unwrap();
    assert_eq!(back, tree);

    // Work inside it could not be stored, so it is not passed over in silence.
    yard.git_in(&room, &["submodule", "update", "-q", "--init"]);
    let Err(SnapshotError::Nested { paths }) = yard.snapshot(&git, &head) else {
        panic!("a populated submodule was taken");
    };
    assert_eq!(paths, ["vendor/other"]);
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
    // Taking a submodule out is a change like any other.
    fs::remove_dir(room.join("vendor/other")).unwrap();
    let without = yard.snapshot(&git, &head).unwrap();
    assert!(!yard.ls(&without).contains("160000 commit"));
    // And going there and back between commits with and without it.
    let kept = git
        .keep("refs/nightshift/x", &without, &head, "without")
        .wait()
        .unwrap();
    yard.furnish(&git, &kept, Keep::Keep);
    assert!(!room.join("vendor").exists());
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}
