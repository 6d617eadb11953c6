//! Which files the compiler sees: those that `mod` leads to from a root.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, module_of};

/// Returns the files that cannot be reached from the roots (names of files in the top folder), nor
/// from a program of its own in `bin/`.
pub(super) fn forgotten(sources: &[Source], roots: &[&str]) -> Vec<String> {
    let by_module: BTreeMap<Vec<String>, &Source> = sources
        .iter()
        .filter(|source| !roots.contains(&&*source.path))
        .map(|source| (module_of(&source.path), source))
        .collect();
    let is_root =
        |source: &&Source| roots.contains(&&*source.path) || source.path.starts_with("bin/");
    let mut queue: Vec<&Source> = sources.iter().filter(is_root).collect();
    let mut seen = BTreeSet::new();
    while let Some(source) = queue.pop() {
        if seen.insert(&source.path) {
            let children = source.children.iter();
            queue.extend(children.filter_map(|child| by_module.get(&child.module).copied()));
        }
    }
    let all = sources.iter().map(|source| &source.path);
    all.filter(|path| !seen.contains(path)).cloned().collect()
}

/// Returns the files that only tests compile, because a `#[cfg(test)] mod` leads to them.
pub(super) fn test_only(sources: &[Source]) -> BTreeSet<String> {
    let heads: Vec<&[String]> = sources
        .iter()
        .flat_map(|source| &source.children)
        .filter(|child| child.test)
        .map(|child| &*child.module)
        .collect();
    sources
        .iter()
        .filter(|source| {
            let module = module_of(&source.path);
            heads.iter().any(|head| module.starts_with(head))
        })
        .map(|source| source.path.clone())
        .collect()
}
