//! Every kept input of the fuzzer, and inputs too large to keep, through the bodies of the fuzz
//! targets: what was broken once stays mended.

mod giants;

use std::{
    fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
};

use crate::bodies::{Body, TARGETS};

/// Files of the repository that are good inputs as they are.
const BORROWED: [(&str, &str); 8] = [
    ("backlog", "fixtures/tickets"),
    ("backlog", "fixtures/halt/backlog"),
    ("backlog", "backlog-example/backlog"),
    ("config", "backlog-example/nightshift.toml"),
    ("config", "fixtures/halt/nightshift.toml"),
    ("policy", "templates/policy.toml"),
    ("story", "fixtures/stories"),
    ("story", "backlog-example/stories"),
];

fn check(target: &str, body: Body) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for kept in ["fuzz/seeds", "fuzz/corpus-kept"] {
        gather(&root.join(kept).join(target), &mut files);
    }
    let borrowed = BORROWED.iter().filter(|(of, _)| *of == target);
    borrowed.for_each(|(_, path)| gather(&root.join(path), &mut files));
    let kept = files
        .iter()
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()));
    let giants = giants::of(target)
        .into_iter()
        .map(|(name, bytes)| (format!("{target}, {name}"), bytes));
    let broken: Vec<String> = kept
        .chain(giants)
        .filter(|(_, bytes)| catch_unwind(|| body(bytes)).is_err())
        .map(|(name, _)| name)
        .collect();
    assert!(broken.is_empty(), "broken by {broken:#?}");
}

/// One test for each target, so that they run beside each other.
macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            let (target, body) = TARGETS
                .into_iter()
                .find(|(target, _)| *target == stringify!($name))
                .unwrap();
            check(target, body);
        })*

        #[test]
        fn no_target_is_forgotten() {
            assert_eq!([$(stringify!($name)),*], TARGETS.map(|(target, _)| target));
        }
    };
}

targets!(
    agent,
    backlog,
    config,
    journal,
    journal_edit,
    policy,
    report,
    say,
    story
);

fn gather(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            gather(&entry.unwrap().path(), found);
        }
    } else {
        assert!(path.is_file(), "{} is gone", path.display());
        found.push(path.to_owned());
    }
}
