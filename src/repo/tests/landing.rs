//! Refs, landing by compare-and-swap, and what a killed runner leaves.

use super::*;
use crate::repo::{Author, GitError, LandError, message};

const BRANCH: &str = "refs/heads/nightshift/2026-11-20";

fn author() -> Author {
    Author {
        name: "Ada".to_owned(),
        email: "ada@example.org".to_owned(),
        fallback: false,
    }
}

/// A night branch at HEAD and a tree with one more file.
fn begun() -> (Yard, Git, CommitId, TreeId) {
    let yard = Yard::new();
    let (git, head) = yard.furnished();
    git.create_branch(BRANCH, &head).wait().unwrap();
    put(&yard.room(), "new.txt", "new\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    (yard, git, head, tree)
}

#[test]
fn what_lands_is_found_again_by_its_trailers() {
    let (yard, git, head, tree) = begun();
    assert_eq!(git.landed(BRANCH, &head).wait().unwrap(), []);
    let text = message(
        "Add a file",
        "It was missing.",
        &[
            ("Nightshift-Ticket", "014".to_owned()),
            ("Assumed", "one: two".to_owned()),
        ],
    );
    let first = git
        .land(BRANCH, &head, &tree, &text, &author())
        .wait()
        .unwrap();
    let base_tree = git.tree_of(&head).wait().unwrap();
    let second = git
        .land(BRANCH, &first, &base_tree, "Take it out", &author())
        .wait()
        .unwrap();
    let landed = git.landed(BRANCH, &head).wait().unwrap();
    assert_eq!(
        landed.iter().map(|one| &one.commit).collect::<Vec<_>>(),
        [&first, &second]
    );
    assert_eq!((&landed[0].parent, &landed[0].tree), (&head, &tree));
    assert_eq!(
        landed[0].trailers,
        [
            ("Nightshift-Ticket".to_owned(), "014".to_owned()),
            ("Assumed".to_owned(), "one: two".to_owned())
        ]
    );
    assert_eq!(landed[1].trailers, []);
    assert_eq!(
        yard.git(&["log", "-1", "--format=%an <%ae>|%cn <%ce>|%s", &first.0]),
        "Ada <ada@example.org>|nightshift <nightshift@localhost>|Add a file\n"
    );
    yard.git(&["fsck", "--strict"]);
    assert!(git.is_ancestor(&head, &second).wait().unwrap());
    assert!(git.is_ancestor(&head, &head).wait().unwrap());
    assert!(!git.is_ancestor(&second, &head).wait().unwrap());
    assert!(matches!(
        git.landed(BRANCH, &CommitId("1".repeat(40))).wait(),
        Err(GitError::Unrelated { .. })
    ));
}

#[test]
fn a_moved_branch_is_not_overwritten() {
    let (yard, git, head, tree) = begun();
    let land = |expected: &CommitId| git.land(BRANCH, expected, &tree, "mine", &author()).wait();
    yard.git(&["checkout", "-q", "--detach", &head.0]);
    yard.put("theirs", "x");
    yard.commit("theirs");
    let theirs = CommitId(yard.git(&["rev-parse", "HEAD"]).trim().to_owned());
    yard.git(&["update-ref", BRANCH, &theirs.0]);
    let Err(LandError::Moved { found }) = land(&head) else {
        panic!("it landed");
    };
    assert_eq!(found, Some(theirs.clone()));
    assert_eq!(git.tip(BRANCH).wait().unwrap(), Some(theirs.clone()));
    // Packed by the user's `git gc` it is the same branch.
    yard.git(&["pack-refs", "--all"]);
    assert_eq!(git.tip(BRANCH).wait().unwrap(), Some(theirs.clone()));
    assert!(matches!(
        land(&head),
        Err(LandError::Moved { found: Some(_) })
    ));
    land(&theirs).unwrap();
    yard.git(&["update-ref", "-d", BRANCH]);
    assert!(matches!(land(&head), Err(LandError::Moved { found: None })));
    assert!(matches!(
        git.land("refs/heads/main", &head, &tree, "x", &author())
            .wait(),
        Err(LandError::Git(GitError::NotOurs { .. }))
    ));
}

#[test]
fn keeping_twice_is_keeping_once() {
    let (yard, git, head, tree) = begun();
    let name = "refs/nightshift/attempts/2026-11-20/014/1";
    let kept = git.keep(name, &tree, &head, "attempt").wait().unwrap();
    let again = git.keep(name, &tree, &head, "attempt").wait().unwrap();
    assert_eq!(kept, again);
    let other = git.tree_of(&head).wait().unwrap();
    assert!(matches!(
        git.keep(name, &other, &head, "attempt").wait(),
        Err(GitError::Exists { found, .. }) if found == kept
    ));
    git.create_branch(BRANCH, &head).wait().unwrap();
    assert!(matches!(
        git.create_branch(BRANCH, &kept).wait(),
        Err(GitError::Exists { .. })
    ));
    assert_eq!(
        git.list_refs("refs/nightshift/attempts/").wait().unwrap(),
        [(name.to_owned(), kept)]
    );
    assert!(git.has_ref(name).wait().unwrap());
    for packed in [false, true] {
        if packed {
            git.keep(name, &tree, &head, "attempt").wait().unwrap();
            yard.git(&["pack-refs", "--all"]);
        }
        git.delete_ref(name).wait().unwrap();
        git.delete_ref(name).wait().unwrap();
        assert!(!git.has_ref(name).wait().unwrap());
    }
    for theirs in [
        "refs/heads/main",
        "HEAD",
        "refs/stash",
        "refs/nightshift",
        "refs/tags/v1",
    ] {
        assert!(matches!(
            git.delete_ref(theirs).wait(),
            Err(GitError::NotOurs { .. })
        ));
        assert!(matches!(
            git.create_branch(theirs, &head).wait(),
            Err(GitError::NotOurs { .. })
        ));
    }
}

#[test]
fn only_stale_locks_of_our_own_are_cleared() {
    let (yard, git, head, tree) = begun();
    let dot_git = yard.repo().join(".git");
    let attempt = "refs/nightshift/attempts/n/014/1";
    let ours = [format!("{BRANCH}.lock"), format!("{attempt}.lock")];
    let theirs = [
        "index.lock",
        "HEAD.lock",
        "packed-refs.lock",
        "refs/heads/main.lock",
        "refs/heads/nightshift.lock",
    ];
    for lock in ours.iter().map(String::as_str).chain(theirs) {
        put(&dot_git, lock, "");
    }
    let Err(LandError::Locked { path }) = git.land(BRANCH, &head, &tree, "x", &author()).wait()
    else {
        panic!("it landed");
    };
    assert!(path.ends_with(&ours[0]), "{}", path.display());
    assert!(matches!(
        git.keep(attempt, &tree, &head, "x").wait(),
        Err(GitError::Locked { path }) if path.ends_with(&ours[1])
    ));
    let mut cleared = git.clear_stale_locks().wait().unwrap();
    cleared.sort();
    assert_eq!(cleared, ours.map(|lock| dot_git.join(lock)));
    for lock in theirs {
        assert!(dot_git.join(lock).exists(), "{lock}");
    }
    // Not even the user's locks stop a landing.
    git.land(BRANCH, &head, &tree, "x", &author())
        .wait()
        .unwrap();
    git.keep(attempt, &tree, &head, "x").wait().unwrap();
    assert_eq!(
        git.clear_stale_locks().wait().unwrap(),
        Vec::<PathBuf>::new()
    );
    fs::remove_file(dot_git.join("packed-refs.lock")).unwrap();
    yard.git(&["pack-refs", "--all"]);
    put(&dot_git, "packed-refs.lock", "");
    let error = git.delete_ref(attempt).wait().unwrap_err().to_string();
    assert!(error.contains("packed-refs.lock"), "{error}");
}

#[test]
fn who_the_author_is_comes_from_git_or_is_said_not_to() {
    let yard = Yard::new();
    assert_eq!(yard.open().identity().wait().unwrap(), author());
    yard.git(&["config", "user.name", " "]);
    let nobody = yard.open().identity().wait().unwrap();
    assert!(nobody.fallback);
    // A name of any sort makes a room that git can read.
    yard.git(&["config", "user.name", "A \"B\" \\ C; # <x>"]);
    let (_git, _) = yard.furnished();
    assert_eq!(
        yard.git_in(&yard.room(), &["config", "user.name"]),
        "A \"B\" \\ C; # x\n"
    );
}

#[test]
fn a_reply_can_be_awaited_and_a_dropped_one_is_done() {
    let (_yard, git, head, tree) = begun();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    drop(git.keep("refs/nightshift/x", &tree, &head, "x"));
    assert!(
        runtime
            .block_on(async { git.has_ref("refs/nightshift/x").await })
            .unwrap()
    );
}

/// Counts what reaches the disk under `strace`, where there is one: libgit2 syncs nothing unless
/// told to, and then a journal could name commits that a power cut takes away.
#[test]
fn landing_is_synced() {
    let Some(strace) = ["/usr/bin/strace", "/bin/strace"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        return;
    };
    let log = tempfile::NamedTempFile::new().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a tracer around one other test")]
    let run = std::process::Command::new(strace)
        .args([
            "-f",
            "-y",
            "-e",
            "trace=fsync,fdatasync,rename,link,linkat",
            "-o",
        ])
        .arg(log.path())
        .arg(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "repo::tests::landing::what_lands_is_found_again_by_its_trailers",
        ])
        .output()
        .unwrap();
    let log = fs::read_to_string(log.path()).unwrap();
    if !run.status.success() && !log.contains("fsync") {
        // No permission to trace here.
        return;
    }
    let synced = |what: &str| {
        log.lines()
            .filter(|line| line.contains("sync(") && line.contains(what))
            .count()
    };
    // Two landings: a commit and a branch each, and the snapshot's objects before them. An object
    // is synced as a file, then its folder.
    assert!(synced("/.git/objects/") >= 8, "{log}");
    assert!(
        synced("refs/heads/nightshift/2026-11-20.lock") >= 3,
        "{log}"
    );
    assert!(synced("refs/heads/nightshift>") >= 3, "{log}");
}
