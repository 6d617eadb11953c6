//! What few repositories have and some night will meet: half-done states, broken files, things that
//! stand where something else should.

use super::*;
use crate::repo::{Finding, Fit, GitError, LocateError, OpenError, examine};

type Spoil = fn(&Yard);

/// What is said beyond "fine", by code.
fn found(yard: &Yard) -> Vec<Finding> {
    let all = examine(&yard.found());
    all.into_iter()
        .filter(|one| one.verdict != Fit::Fine)
        .collect()
}

fn one<'a>(found: &'a [Finding], code: &str) -> &'a Finding {
    let of_it = found.iter().find(|one| one.code == code);
    of_it.unwrap_or_else(|| panic!("no {code} in {found:#?}"))
}

fn rooted(name: &str) -> (Yard, Git, CommitId) {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    git.create_branch(name, &head).wait().unwrap();
    (yard, git, head)
}

#[test]
fn whatever_is_under_way_is_called_by_its_name() {
    for (file, text, name) in [
        ("MERGE_HEAD", "", "a merge is under way"),
        ("REVERT_HEAD", "", "a revert is under way"),
        ("CHERRY_PICK_HEAD", "", "a cherry-pick is under way"),
        ("BISECT_LOG", "", "a bisection is under way"),
        ("rebase-apply/applying", "", "a `git am` is under way"),
        ("rebase-apply/rebasing", "", "a rebase is under way"),
        ("rebase-merge/interactive", "", "a rebase is under way"),
    ] {
        let yard = Yard::new();
        yard.put(&format!(".git/{file}"), text);
        let found = found(&yard);
        assert_eq!(one(&found, "unfinished").what, name, "{file}");
    }
}

#[test]
fn a_repository_that_cannot_be_read_is_refused_with_the_reason() {
    let cases: [(&str, Spoil, &[&str]); 4] = [
        (
            "no configuration",
            |y| y.put(".git/config", "[core\n\tnonsense"),
            &["config"],
        ),
        (
            "a format of the future",
            |y| drop(y.git(&["config", "core.repositoryformatversion", "9"])),
            &["format"],
        ),
        (
            "a partial clone by its extension alone",
            |y| {
                y.git(&["config", "core.repositoryformatversion", "1"]);
                y.git(&["config", "extensions.partialClone", "origin"]);
            },
            &["partial-clone"],
        ),
        (
            "HEAD's tree is gone",
            |y| {
                let tree = y.git(&["rev-parse", "HEAD:src"]);
                let (folder, name) = tree.trim().split_at(2);
                fs::remove_file(y.repo().join(format!(".git/objects/{folder}/{name}"))).unwrap();
            },
            &["head"],
        ),
    ];
    for (what, spoil, codes) in cases {
        let yard = Yard::new();
        spoil(&yard);
        let found = found(&yard);
        let refused: Vec<&str> = found
            .iter()
            .filter(|one| one.verdict == Fit::Refused)
            .map(|one| one.code)
            .collect();
        assert_eq!(refused, codes, "{what}: {found:#?}");
    }
}

#[test]
fn what_is_said_outright_and_usual_is_fine() {
    let yard = Yard::new();
    yard.git(&["config", "core.repositoryformatversion", "1"]);
    yard.git(&["config", "extensions.objectFormat", "sha1"]);
    // A folder is no hook, executable as it may be.
    fs::create_dir_all(yard.repo().join(".git/hooks/pre-commit")).unwrap();
    assert_eq!(found(&yard), []);
    // As git writes it; libgit2 may not know the word, which is another matter.
    yard.git(&["config", "extensions.refStorage", "files"]);
    let found = found(&yard);
    assert!(
        found.iter().all(|one| one.code != "ref-storage"),
        "{found:#?}"
    );
}

#[test]
fn of_many_paths_the_first_are_named() {
    let yard = Yard::new();
    for number in 0..5 {
        yard.put(&format!("assets/{number}.bin"), "x");
    }
    yard.put(".gitattributes", "*.bin filter=lfs\n");
    yard.commit("Filtered");
    let found = found(&yard);
    let what = &one(&found, "filter").what;
    assert!(what.ends_with("and 2 more"), "{what}");
}

#[test]
fn a_change_inside_a_sparse_checkout_is_seen() {
    let yard = Yard::new();
    yard.git(&["sparse-checkout", "set", "src"]);
    let before = found(&yard);
    assert!(before.iter().all(|one| one.code != "dirty"), "{before:#?}");
    yard.put("src/lib.rs", "pub fn changed() {}\n");
    one(&found(&yard), "dirty");
}

#[test]
fn the_line_that_hides_our_folder_stands_alone() {
    let cases: [(Option<&str>, &str); 4] = [
        (None, "/.nightshift/\n"),
        (Some(""), "/.nightshift/\n"),
        (Some("*.tmp\n"), "*.tmp\n/.nightshift/\n"),
        (Some("*.tmp"), "*.tmp\n/.nightshift/\n"),
    ];
    for (before, after) in cases {
        let yard = Yard::new();
        let path = yard.repo().join(".git/info/exclude");
        fs::remove_file(&path).unwrap();
        if let Some(before) = before {
            yard.put(".git/info/exclude", before);
        }
        let git = yard.open();
        for _ in 0..2 {
            git.exclude_state_dir().wait().unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after, "{before:?}");
        }
    }
    let yard = Yard::new();
    let path = yard.repo().join(".git/info/exclude");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(yard.open().exclude_state_dir().wait().is_err());
}

#[test]
fn a_path_that_cannot_be_written_into_a_pointer_is_refused() {
    let yard = Yard::new();
    let odd = yard.path("two\nlines");
    crate::layout::rename(&yard.repo(), &odd).unwrap();
    let error = Git::open(&locate(&odd).unwrap()).unwrap_err();
    assert!(matches!(error, OpenError::LineBreak { .. }), "{error}");
}

#[test]
fn refs_that_cannot_be_made_or_read_say_so() {
    let (yard, git, head) = rooted("refs/heads/nightshift/n");
    let tree = git.tree_of(&head).wait().unwrap();
    for name in ["refs/nightshift/a..b", "refs/heads/nightshift/x.lock"] {
        assert!(
            matches!(git.tip(name).wait(), Err(GitError::Git { .. })),
            "{name}"
        );
        assert!(
            matches!(git.delete_ref(name).wait(), Err(GitError::Git { .. })),
            "{name}"
        );
    }
    // A ref in the way of a folder of refs.
    let error = git
        .keep("refs/heads/nightshift/n/1", &tree, &head, "x")
        .wait()
        .unwrap_err();
    assert!(matches!(error, GitError::Git { .. }), "{error}");
    // The ref is there, of a commit that is not the attempt's: HEAD itself has no parent.
    yard.git(&["update-ref", "refs/nightshift/root", &head.0]);
    let error = git
        .keep("refs/nightshift/root", &tree, &head, "x")
        .wait()
        .unwrap_err();
    assert!(
        matches!(&error, GitError::Exists { found, .. } if *found == head),
        "{error}"
    );
    // The lock that is in the way is named, be it of the ref or of all packed ones.
    yard.git(&["pack-refs", "--all"]);
    yard.put(".git/packed-refs.lock", "");
    let error = git
        .delete_ref("refs/heads/nightshift/n")
        .wait()
        .unwrap_err();
    assert!(
        matches!(&error, GitError::Locked { path } if path.ends_with("packed-refs.lock")),
        "{error}"
    );
    yard.put(".git/refs/heads/nightshift/n.lock", "");
    for _ in 0..2 {
        let error = git
            .delete_ref("refs/heads/nightshift/n")
            .wait()
            .unwrap_err();
        assert!(
            matches!(&error, GitError::Locked { path } if path.ends_with("n.lock")),
            "{error}"
        );
        // The lock of all packed ones goes, and that of the ref itself is left.
        fs::remove_file(yard.repo().join(".git/packed-refs.lock")).ok();
    }
}

#[test]
fn a_file_in_place_of_our_refs_is_an_error_and_not_nothing() {
    let yard = Yard::new();
    let git = yard.open();
    assert_eq!(
        git.clear_stale_locks().wait().unwrap(),
        Vec::<PathBuf>::new()
    );
    yard.put(".git/refs/nightshift", "");
    assert!(git.clear_stale_locks().wait().is_err());
}

#[test]
fn where_git_should_be_and_something_else_is() {
    let yard = Yard::empty();
    let cases: [(&str, Spoil); 3] = [
        ("a loop of links", |y| {
            std::os::unix::fs::symlink(".git", y.repo().join(".git")).unwrap();
        }),
        ("a common folder that is no file", |y| {
            y.git(&["init", "-q"]);
            fs::create_dir(y.repo().join(".git/commondir")).unwrap();
        }),
        ("a common folder that is nowhere", |y| {
            y.git(&["init", "-q"]);
            y.put(".git/commondir", "nowhere\n");
        }),
    ];
    for (what, spoil) in cases {
        let yard = Yard::empty();
        spoil(&yard);
        let error = locate(&yard.repo()).unwrap_err();
        assert!(matches!(error, LocateError::Path(_)), "{what}: {error:?}");
    }
    // A HEAD alone makes no git directory: git looks further up, and so do we.
    yard.put(".git/HEAD", "ref: refs/heads/main\n");
    let error = locate(&yard.repo()).unwrap_err();
    assert!(matches!(error, LocateError::NotThere { .. }), "{error:?}");
    fs::create_dir(yard.repo().join(".git/objects")).unwrap();
    let error = locate(&yard.repo()).unwrap_err();
    assert!(matches!(error, LocateError::NotThere { .. }), "{error:?}");
}

/// What was found changed in a room's own `.git` is not used again.
#[test]
fn a_room_whose_git_directory_was_touched_is_made_anew() {
    let cases: [(&str, Spoil); 6] = [
        ("a file too many", |y| put(&y.room(), ".git/extra", "x")),
        ("a folder is gone", |y| {
            fs::remove_dir(y.room().join(".git/hooks")).unwrap();
        }),
        ("a file is gone", |y| {
            fs::remove_file(y.room().join(".git/config")).unwrap();
        }),
        ("a name that is no text", |y| {
            use std::os::unix::ffi::OsStrExt;
            let name = OsStr::from_bytes(b"\xff");
            fs::File::create(y.room().join(".git").join(name)).unwrap();
        }),
        ("a second name for a file", |y| {
            let config = y.room().join(".git/config");
            fs::hard_link(&config, y.path("second")).unwrap();
        }),
        ("a link for a folder", |y| {
            let hooks = y.room().join(".git/hooks");
            fs::remove_dir(&hooks).unwrap();
            std::os::unix::fs::symlink(y.home.path(), &hooks).unwrap();
        }),
    ];
    for (what, spoil) in cases {
        let yard = Yard::new();
        let (git, head) = yard.furnished();
        spoil(&yard);
        // What a process left that was killed while it removed something.
        put(&yard.path("rooms/.discard-bench/0/deep"), "file", "x");
        yard.furnish(&git, &head, Keep::Keep);
        assert!(!yard.path("rooms/.discard-bench").exists(), "{what}");
        assert_eq!(
            yard.git_in(&yard.room(), &["status", "--porcelain"]),
            "",
            "{what}"
        );
        assert!(
            yard.room()
                .join(".git/hooks")
                .symlink_metadata()
                .unwrap()
                .is_dir()
        );
        let second = yard.path("second").metadata();
        assert!(second.map_or(true, |meta| meta.len() > 0), "{what}");
    }
}

#[test]
fn a_private_index_that_is_a_folder_is_an_error() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    fs::remove_file(yard.index()).unwrap();
    fs::create_dir(yard.index()).unwrap();
    let furnished = git
        .furnish(&yard.room(), &yard.index(), &head, Keep::Keep)
        .wait();
    assert!(furnished.is_err());
}

#[test]
fn a_file_in_place_of_a_submodule_is_a_change_and_is_put_back() {
    let yard = Yard::new();
    let head = yard.git(&["rev-parse", "HEAD"]);
    let info = format!("160000,{},vendor", head.trim());
    yard.git(&["update-index", "--add", "--cacheinfo", &info]);
    yard.git(&["commit", "-q", "-m", "submodule"]);
    let (git, head) = yard.furnished();
    let tree = git.tree_of(&head).wait().unwrap();
    fs::remove_dir(yard.room().join("vendor")).unwrap();
    put(&yard.room(), "vendor", "a file now\n");
    let changed = yard.snapshot(&git, &head).unwrap();
    assert!(yard.ls(&changed).contains("100644 blob"));
    assert_eq!(yard.show(&changed, "vendor"), "a file now\n");
    for _ in 0..2 {
        yard.furnish(&git, &head, Keep::Keep);
        assert!(yard.room().join("vendor").is_dir());
    }
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}

/// git follows no link to find rules, and a folder has none to give.
#[test]
fn rules_that_are_a_link_to_a_folder_hide_nothing() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    std::os::unix::fs::symlink(".", yard.room().join("src/.gitignore")).unwrap();
    put(&yard.room(), "src/new.log", "ignored by the root's rules\n");
    put(&yard.room(), "src/new.txt", "new\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    let listed = yard.ls(&tree);
    assert!(
        listed.contains("src/new.txt") && listed.contains("120000 blob"),
        "{listed}"
    );
    assert!(!listed.contains("src/new.log"), "{listed}");
}

#[test]
fn a_file_too_large_to_read_is_named_without_its_text() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let large = yard.room().join("large.txt");
    fs::File::create(&large).unwrap().set_len(33 << 20).unwrap();
    let tree = yard.snapshot(&git, &head).unwrap();
    let before = git.tree_of(&head).wait().unwrap();
    for (from, to) in [(&before, &tree), (&tree, &before)] {
        let diff = git.changes(from, to).wait().unwrap();
        let [file] = &*diff else { panic!("{diff:?}") };
        assert!(file.capped && file.added_text.is_empty());
        assert_eq!(file.change.path, "large.txt");
    }
}

#[test]
fn a_name_with_controls_does_not_break_the_rooms_configuration() {
    let yard = Yard::new();
    yard.git(&["config", "user.name", "Ada\tof\nLovelace \"\\"]);
    yard.furnished();
    let name = yard.git_in(&yard.room(), &["config", "user.name"]);
    assert_eq!(name.lines().count(), 1, "{name:?}");
    assert_eq!(yard.git_in(&yard.room(), &["status", "--porcelain"]), "");
}

/// As root nothing is locked, and this shows less.
#[test]
fn what_an_agent_locked_is_put_back_all_the_same() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    let room = yard.room();
    put(&room, "src/stray.txt", "x");
    mode(&room.join("src/lib.rs"), 0o000);
    fs::remove_file(room.join("readme.txt")).unwrap();
    mode(&room.join("src"), 0o555);
    yard.furnish(&git, &head, Keep::Remove);
    assert_eq!(yard.git_in(&room, &["status", "--porcelain"]), "");
    let tree = git.tree_of(&head).wait().unwrap();
    assert_eq!(yard.snapshot(&git, &head).unwrap(), tree);
}

#[test]
fn a_folder_with_the_name_of_rules_is_a_folder() {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    put(&yard.room(), "src/.gitignore/notes.txt", "x\n");
    put(&yard.room(), "src/new.txt", "new\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(tree, yard.tree_by_git(&yard.room(), &head));
}

#[test]
fn rules_of_the_users_that_cannot_be_read_are_named() {
    let yard = Yard::new();
    let git = yard.open();
    let head = git.head().wait().unwrap().commit;
    let path = yard.repo().join(".git/info/exclude");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let error = git
        .furnish(&yard.room(), &yard.index(), &head, Keep::Keep)
        .wait()
        .unwrap_err();
    assert!(error.to_string().contains("exclude"), "{error}");
}
