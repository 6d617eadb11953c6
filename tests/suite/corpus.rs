//! Every kept input of the fuzzer, and inputs too large to keep, through the bodies of the fuzz
//! targets: what was broken once stays mended.

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

#[test]
fn every_kept_input_keeps_every_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for (target, body) in TARGETS {
        let kept = root.join("fuzz/seeds").join(target);
        assert!(kept.is_dir(), "{target} has no seeds");
        let borrowed = BORROWED.iter().filter(|(of, _)| *of == target);
        let mut inputs = Vec::new();
        gather(&kept, &mut inputs);
        borrowed.for_each(|(_, path)| gather(&root.join(path), &mut inputs));
        for path in inputs {
            if breaks(body, &fs::read(&path).unwrap()) {
                broken.push(path);
            }
        }
    }
    assert!(broken.is_empty(), "broken by {broken:#?}");
}

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

fn breaks(body: Body, input: &[u8]) -> bool {
    catch_unwind(|| body(input)).is_err()
}
