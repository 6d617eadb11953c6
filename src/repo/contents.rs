//! What the tree at HEAD holds that a night must know of: filters, encodings, submodules, names.
//!
//! Attributes are read at HEAD, from an index in memory, together with `info/attributes` and the
//! user's attributes file.

use std::{
    collections::HashMap,
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use git2::{AttrCheckFlags, AttrValue, FileMode, Index, Repository, Tree};

use super::examine::Finding;

/// How many paths a finding names.
const NAMED: usize = 3;

/// Adds what is to be said of `tree`, which is HEAD's.
pub(super) fn contents(repo: &Repository, tree: &Tree<'_>, findings: &mut Vec<Finding>) {
    let paths = match read(repo, tree) {
        Ok(paths) => paths,
        Err(error) => {
            findings.push(Finding::refused(
                "head",
                format!("the tree at HEAD cannot be read: {}", error.message()),
                "a night begins from it",
                "run `git fsck`; fetch or clone again",
            ));
            return;
        }
    };
    attributes(repo, &paths, findings);
    let submodules: Vec<_> = paths
        .iter()
        .filter(|(_, mode)| *mode == u32::from(FileMode::Commit))
        .map(|(path, _)| path.clone())
        .collect();
    if !submodules.is_empty() {
        findings.push(Finding::note(
            "submodules",
            format!("there are submodules: {}", some(&submodules)),
            "in the rooms their folders are empty, and work inside them cannot land",
            "",
        ));
    }
    let collisions = collisions(&paths);
    if !collisions.is_empty() {
        findings.push(Finding::note(
            "case",
            format!("names differ only by case: {}", some(&collisions)),
            "where file names ignore case, only one of them can be checked out",
            "",
        ));
    }
}

type Paths = Vec<(PathBuf, u32)>;

/// Reads the tree into the handle's index in memory, from which its attributes are then read.
fn read(repo: &Repository, tree: &Tree<'_>) -> Result<Paths, git2::Error> {
    let mut index = Index::new()?;
    repo.set_index(&mut index)?;
    index.read_tree(tree)?;
    Ok(index
        .iter()
        .map(|entry| (PathBuf::from(OsStr::from_bytes(&entry.path)), entry.mode))
        .collect())
}

fn attributes(repo: &Repository, paths: &Paths, findings: &mut Vec<Finding>) {
    let with = |name: &str| -> Result<Vec<PathBuf>, git2::Error> {
        let mut found = Vec::new();
        for (path, mode) in paths {
            if *mode != u32::from(FileMode::Blob) && *mode != u32::from(FileMode::BlobExecutable) {
                continue;
            }
            let value = repo.get_attr_bytes(path, name, AttrCheckFlags::INDEX_ONLY)?;
            if matches!(AttrValue::always_bytes(value), AttrValue::Bytes(_)) {
                found.push(path.clone());
            }
        }
        Ok(found)
    };
    for (name, code, why, remedy) in [
        (
            "filter",
            "filter",
            "libgit2 would commit their raw content instead of what the filter makes of it",
            "run nights on a repository without filters (git-lfs is one), or take the attribute \
             off these paths",
        ),
        (
            "working-tree-encoding",
            "encoding",
            "libgit2 would commit them unconverted",
            "store these files as UTF-8 and take the attribute off",
        ),
    ] {
        match with(name) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => findings.push(Finding::refused(
                code,
                format!("the attribute `{name}` is set on {}", some(&found)),
                why,
                remedy,
            )),
            Err(error) => findings.push(Finding::refused(
                code,
                format!("the attributes cannot be read: {}", error.message()),
                why,
                "look at `.gitattributes` and `.git/info/attributes`",
            )),
        }
    }
}

/// Paths that another path equals but for case, in file names or in those of folders.
fn collisions(paths: &Paths) -> Vec<PathBuf> {
    let mut first: HashMap<Vec<u8>, &Path> = HashMap::new();
    let mut collisions = Vec::new();
    for (path, _) in paths {
        for part in path.ancestors().filter(|part| !part.as_os_str().is_empty()) {
            let lower = String::from_utf8_lossy(part.as_os_str().as_bytes())
                .to_lowercase()
                .into_bytes();
            match first.get(&lower) {
                Some(known) if *known == part => break,
                Some(_) => {
                    if !collisions.contains(&part.to_owned()) {
                        collisions.push(part.to_owned());
                    }
                    break;
                }
                None => {
                    first.insert(lower, part);
                }
            }
        }
    }
    collisions
}

fn some(paths: &[PathBuf]) -> String {
    let mut text: Vec<_> = paths
        .iter()
        .take(NAMED)
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if paths.len() > NAMED {
        text.push(format!("and {} more", paths.len() - NAMED));
    }
    text.join(", ")
}
