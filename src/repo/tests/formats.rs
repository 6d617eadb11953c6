//! Every format of repository that git makes: found, explained, and worked on or refused.

use super::*;
use crate::repo::{Fit, LocateError, examine};

type Setup = fn(&Yard);
type Is = fn(&LocateError) -> bool;

/// What a case is called, what git is asked to do, and what is found then.
type Case = (
    &'static str,
    &'static [&'static [&'static str]],
    &'static [&'static str],
);

/// Everything but what is fine, as `verdict code`.
fn verdicts(yard: &Yard) -> Vec<String> {
    let mut verdicts: Vec<_> = examine(&yard.found())
        .into_iter()
        .filter(|one| one.verdict != Fit::Fine)
        .inspect(|one| {
            assert!(!one.what.is_empty() && !one.why.is_empty(), "{one:?}");
            assert!(
                one.verdict != Fit::Refused || !one.remedy.is_empty(),
                "{one:?}"
            );
        })
        .map(|one| format!("{:?} {}", one.verdict, one.code))
        .collect();
    verdicts.sort();
    verdicts
}

/// Takes one new file through a room and returns the tree.
fn work(yard: &Yard) -> TreeId {
    let (git, head) = yard.furnished();
    put(&yard.room(), "new.txt", "new\n");
    let tree = yard.snapshot(&git, &head).unwrap();
    let diff = git
        .changes(&git.tree_of(&head).wait().unwrap(), &tree)
        .wait()
        .unwrap();
    assert_eq!(diff.len(), 1, "{diff:?}");
    assert_eq!(
        yard.git_in(&yard.room(), &["status", "--porcelain"]),
        "?? new.txt\n"
    );
    tree
}

#[test]
fn a_plain_repository_is_fine() {
    let yard = Yard::new();
    assert_eq!(verdicts(&yard), Vec::<String>::new());
    work(&yard);
}

#[test]
fn what_libgit2_cannot_open_is_refused_by_name() {
    for (options, code) in [
        ("--object-format=sha256", "Refused object-format"),
        ("--ref-format=reftable", "Refused ref-storage"),
    ] {
        let yard = Yard::empty();
        yard.git(&["init", "-q", options]);
        yard.put("a", "a");
        yard.commit("a");
        assert_eq!(verdicts(&yard), [code]);
        assert!(Git::open(&yard.found()).is_err());
    }
}

#[test]
fn a_partial_clone_is_refused() {
    let yard = Yard::new();
    yard.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", yard.repo().display());
    let clone = yard.path("clone");
    yard.git(&[
        "clone",
        "-q",
        "--filter=blob:none",
        &url,
        clone.to_str().unwrap(),
    ]);
    let findings = examine(&locate(&clone).unwrap());
    assert_eq!(findings[0].code, "partial-clone");
}

#[test]
fn sparse_and_split_forms_work_and_nothing_outside_is_deleted() {
    let cases: [Case; 4] = [
        (
            "sparse",
            &[&["sparse-checkout", "set", "--cone", "src/deep"]],
            &["Note sparse"],
        ),
        (
            "sparse index",
            &[&[
                "sparse-checkout",
                "set",
                "--cone",
                "--sparse-index",
                "src/deep",
            ]],
            &["Note index", "Note sparse"],
        ),
        (
            "split index",
            &[&["update-index", "--split-index"]],
            &["Note index"],
        ),
        (
            "many files",
            &[&["config", "feature.manyFiles", "true"], &["reset", "-q"]],
            &[],
        ),
    ];
    for (what, commands, expected) in cases {
        let yard = Yard::new();
        for folder in ["other/a", "other/b/c", "third"] {
            yard.put(&format!("{folder}/file"), "x\n");
        }
        yard.commit("More");
        for command in commands {
            yard.git(command);
        }
        assert_eq!(verdicts(&yard), expected, "{what}");
        let tree = work(&yard);
        let (git, head) = yard.furnished();
        git.create_branch("refs/heads/nightshift/n", &head)
            .wait()
            .unwrap();
        let author = git.identity().wait().unwrap();
        let landed = git
            .land("refs/heads/nightshift/n", &head, &tree, "x", &author)
            .wait()
            .unwrap();
        assert_eq!(
            yard.git(&["diff", "--name-status", &head.0, &landed.0]),
            "A\tnew.txt\n",
            "{what}"
        );
    }
}

#[test]
fn filters_and_encodings_in_use_are_refused() {
    let cases: [(&str, Setup, &[&str]); 8] = [
        (
            "a filter",
            |y| y.put(".gitattributes", "*.txt filter=lfs -text\n"),
            &["Refused filter"],
        ),
        (
            "in a folder",
            |y| y.put("src/.gitattributes", "*.rs filter=x\n"),
            &["Refused filter"],
        ),
        (
            "on nothing",
            |y| y.put(".gitattributes", "*.psd filter=lfs\n"),
            &[],
        ),
        (
            "taken back",
            |y| y.put(".gitattributes", "*.txt filter=lfs\n*.txt -filter\n"),
            &[],
        ),
        (
            "by a macro",
            |y| y.put(".gitattributes", "[attr]big filter=lfs\nreadme.txt big\n"),
            &["Refused filter"],
        ),
        (
            "an encoding",
            |y| y.put(".gitattributes", "*.txt working-tree-encoding=UTF-16LE\n"),
            &["Refused encoding"],
        ),
        (
            "of one's own",
            |y| y.put(".git/info/attributes", "*.sh filter=x\n"),
            &["Refused filter"],
        ),
        (
            "configured",
            |y| {
                put(&y.path(""), "attributes", "*.sh filter=x\n");
                let path = y.path("attributes");
                y.git(&["config", "core.attributesFile", path.to_str().unwrap()]);
            },
            &["Refused filter"],
        ),
    ];
    for (what, setup, expected) in cases {
        let yard = Yard::new();
        setup(&yard);
        yard.git(&["add", "-A"]);
        yard.git(&["commit", "-q", "--allow-empty", "-m", "attributes"]);
        assert_eq!(verdicts(&yard), expected, "{what}");
    }
    // Only what is committed counts: the night begins from HEAD.
    let yard = Yard::new();
    yard.put(".gitattributes", "*.txt filter=lfs\n");
    assert_eq!(verdicts(&yard), Vec::<String>::new());
}

#[test]
fn the_state_of_the_checkout_is_noted() {
    let cases: [(&str, Setup, &[&str]); 9] = [
        (
            "dirty",
            |y| y.put("readme.txt", "changed\n"),
            &["Note dirty"],
        ),
        (
            "detached",
            |y| drop(y.git(&["checkout", "-q", "--detach"])),
            &["Note detached"],
        ),
        (
            "hooks",
            |y| {
                y.put(".git/hooks/pre-commit", "#!/bin/sh\n");
                y.put(".git/hooks/not-executable", "");
                mode(&y.repo().join(".git/hooks/pre-commit"), 0o755);
            },
            &["Note hooks"],
        ),
        (
            "hooks elsewhere",
            |y| {
                put(&y.path("hooks"), "pre-commit", "#!/bin/sh\n");
                mode(&y.path("hooks/pre-commit"), 0o755);
                y.git(&["config", "core.hooksPath", "../hooks"]);
            },
            &["Note hooks"],
        ),
        (
            "case",
            |y| {
                y.put("Readme.txt", "x");
                y.put("SRC/other", "x");
                y.commit("case");
            },
            &["Note case"],
        ),
        (
            "signed",
            |y| drop(y.git(&["config", "commit.gpgSign", "true"])),
            &["Note unsigned"],
        ),
        (
            "in the way",
            |y| drop(y.git(&["branch", "nightshift"])),
            &["Refused branch-in-the-way"],
        ),
        (
            "an orphan",
            |y| drop(y.git(&["checkout", "-q", "--orphan", "empty"])),
            &["Refused no-commit"],
        ),
        (
            "a damaged HEAD",
            |y| {
                y.put(
                    ".git/refs/heads/main",
                    "0123456789012345678901234567890123456789\n",
                );
            },
            &["Refused head"],
        ),
    ];
    for (what, setup, expected) in cases {
        let yard = Yard::new();
        setup(&yard);
        assert_eq!(verdicts(&yard), expected, "{what}");
    }
}

#[test]
fn a_rebase_under_way_is_noted() {
    let yard = Yard::new();
    yard.git(&["checkout", "-q", "-b", "other"]);
    yard.put("readme.txt", "theirs\n");
    yard.commit("theirs");
    yard.git(&["checkout", "-q", "main"]);
    yard.put("readme.txt", "mine\n");
    yard.commit("mine");
    assert!(!yard.try_git(&yard.repo(), &["rebase", "-q", "other"]).0);
    assert_eq!(
        verdicts(&yard),
        ["Note detached", "Note dirty", "Note unfinished"]
    );
    work(&yard);
}

#[test]
fn a_shallow_clone_works() {
    let yard = Yard::new();
    yard.put("second", "x\n");
    yard.commit("Second");
    let url = format!("file://{}", yard.repo().display());
    let clone = yard.path("clone");
    yard.git(&["clone", "-q", "--depth=1", &url, clone.to_str().unwrap()]);
    let found = locate(&clone).unwrap();
    assert!(examine(&found).iter().any(|one| one.code == "shallow"));
    let git = Git::open(&found).unwrap();
    let head = git.head().wait().unwrap().commit;
    yard.furnish(&git, &head, Keep::Keep);
    assert_eq!(
        yard.git_in(&yard.room(), &["log", "--format=%s"]),
        "Second\n"
    );
    let tree = yard.snapshot(&git, &head).unwrap();
    assert_eq!(git.tree_of(&head).wait().unwrap(), tree);
}

#[test]
fn borrowed_objects_are_found_from_the_room() {
    let yard = Yard::new();
    let clone = yard.path("clone");
    yard.git(&["clone", "-q", "--shared", ".", clone.to_str().unwrap()]);
    let git = Git::open(&locate(&clone).unwrap()).unwrap();
    let head = git.head().wait().unwrap().commit;
    yard.furnish(&git, &head, Keep::Keep);
    yard.git_in(&yard.room(), &["fsck"]);
    assert_eq!(yard.git_in(&yard.room(), &["status", "--porcelain"]), "");
}

#[test]
fn submodules_are_noted() {
    let yard = Yard::new();
    let head = yard.git(&["rev-parse", "HEAD"]);
    let info = format!("160000,{},vendor", head.trim());
    yard.git(&["update-index", "--add", "--cacheinfo", &info]);
    yard.git(&["commit", "-q", "-m", "submodule"]);
    assert_eq!(verdicts(&yard), ["Note submodules"]);
}

/// Another user's repository needs root to be made, and so does finding one writable.
#[test]
fn a_repository_of_somebody_else_or_not_writable_is_refused() {
    let yard = Yard::new();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(yard.repo().join(".git"), Some(4242), None).unwrap();
        assert_eq!(verdicts(&yard), ["Refused owner"]);
    } else {
        mode(&yard.repo().join(".git/objects"), 0o555);
        assert_eq!(verdicts(&yard), ["Refused not-writable"]);
        mode(&yard.repo().join(".git/objects"), 0o755);
    }
}

#[test]
fn the_repository_is_found_from_any_folder_in_it() {
    let yard = Yard::new();
    let root = fs::canonicalize(yard.repo()).unwrap();
    for start in ["", "src", "src/deep/er"] {
        let found = locate(&yard.repo().join(start)).unwrap();
        assert_eq!(found.root, root);
        assert_eq!(found.git_dir, root.join(".git"));
        assert_eq!(found.common_dir, root.join(".git"));
    }
    // A `.git` that is no git directory is passed over, as git does.
    fs::create_dir_all(yard.repo().join("src/.git")).unwrap();
    assert_eq!(locate(&yard.repo().join("src")).unwrap().root, root);
    // A git directory elsewhere.
    let apart = yard.path("apart");
    let store = yard.path("store.git");
    fs::create_dir_all(&apart).unwrap();
    let option = format!("--separate-git-dir={}", store.display());
    yard.git_in(&apart, &["init", "-q", &option]);
    let found = locate(&apart).unwrap();
    assert_eq!(found.git_dir, fs::canonicalize(store).unwrap());
}

#[test]
fn where_no_checkout_is_the_error_says_what_to_do() {
    let yard = Yard::new();
    let bare = yard.path("bare.git");
    yard.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    // The layout of "one bare repository and worktrees beside it".
    let hub = yard.path("hub");
    fs::create_dir_all(&hub).unwrap();
    yard.git(&[
        "clone",
        "-q",
        "--bare",
        ".",
        hub.join(".git").to_str().unwrap(),
    ]);
    yard.git_in(&hub, &["worktree", "add", "-q", "tree"]);
    put(&yard.path("broken"), ".git", "gitdir: /nowhere/at/all\n");
    put(&yard.path("odd"), ".git", "nonsense");
    let dot_git = yard.repo().join(".git");
    let not_there: Is = |error| matches!(error, LocateError::NotThere { .. });
    let is_bare: Is = |error| matches!(error, LocateError::Bare { .. });
    let inside: Is = |error| matches!(error, LocateError::Inside { .. });
    let broken: Is = |error| matches!(error, LocateError::Broken { .. });
    let unreadable: Is = |error| matches!(error, LocateError::Path(_));
    for (start, is) in [
        (yard.path(""), not_there),
        (bare.clone(), is_bare),
        (bare.join("refs/heads"), is_bare),
        (hub.clone(), is_bare),
        (dot_git.clone(), inside),
        (dot_git.join("refs"), inside),
        (hub.join(".git/worktrees/tree"), inside),
        (yard.path("broken"), broken),
        (yard.path("odd"), broken),
        (yard.path("absent"), unreadable),
    ] {
        let error = locate(&start).unwrap_err();
        assert!(is(&error), "{}: {error:?}", start.display());
    }
    assert!(locate(&hub.join("tree")).is_ok());
}
