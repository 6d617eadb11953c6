//! Looks through what an attempt changed for what may not land by itself.
//!
//! It reads trees, not the room: what it judges is what was taken, and nothing can change under
//! it. Only what differs from the base counts, so that a repository which has such things already
//! is worked on as any other.

use std::collections::{BTreeSet, VecDeque};

use git2::{Delta, DiffDelta, DiffOptions, FileMode, ObjectType, Tree};

use super::{
    error::{Doing, GitError},
    id::{TreeId, Unfit},
    store::Store,
};

/// The files of rules on which git acts.
const RULES: [&str; 2] = [".gitattributes", ".gitmodules"];

/// How many links are followed on the way to a link's end, as Linux does.
const HOPS: u32 = 40;

impl Store {
    pub(super) fn scan(&self, from: &TreeId, to: &TreeId) -> Result<Vec<Unfit>, GitError> {
        let mut options = DiffOptions::new();
        options.include_typechange(true);
        let diff = self.diff(from, to, &mut options)?;
        let (old, new) = (self.tree(from)?, self.tree(to)?);
        let mut found = BTreeSet::new();
        for delta in diff.deltas() {
            self.scan_one(&delta, &old, &new, &mut found)
                .doing(|| format!("look through {to}"))?;
        }
        Ok(found.into_iter().collect())
    }

    fn scan_one(
        &self,
        delta: &DiffDelta<'_>,
        old: &Tree<'_>,
        new: &Tree<'_>,
        found: &mut BTreeSet<Unfit>,
    ) -> Result<(), git2::Error> {
        let file = delta.new_file();
        let Some(path) = file.path_bytes().or_else(|| delta.old_file().path_bytes()) else {
            return Ok(());
        };
        let shown = || shown(path);
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
        if RULES
            .iter()
            .any(|rules| name.eq_ignore_ascii_case(rules.as_bytes()))
        {
            found.insert(Unfit::Rules { path: shown() });
        }
        if delta.status() == Delta::Deleted {
            return Ok(());
        }
        match file.mode() {
            FileMode::Commit => {
                found.insert(Unfit::Submodule { path: shown() });
            }
            FileMode::Link => {
                let target = self.repo.find_blob(file.id())?;
                if self.leaves(new, path, target.content())? {
                    found.insert(Unfit::Link {
                        path: shown(),
                        target: self::shown(target.content()),
                    });
                }
            }
            _ => {}
        }
        if delta.status() == Delta::Added {
            self.find_clash(old, new, path, found)?;
        }
        Ok(())
    }

    /// Returns whether a link of the tree leads out of it. Links on its way are followed.
    fn leaves(&self, tree: &Tree<'_>, link: &[u8], target: &[u8]) -> Result<bool, git2::Error> {
        let mut at: Vec<Vec<u8>> = parts(link).map(<[u8]>::to_vec).collect();
        at.pop();
        if target.starts_with(b"/") {
            return Ok(true);
        }
        let mut way: VecDeque<Vec<u8>> = parts(target).map(<[u8]>::to_vec).collect();
        let mut hops = 0;
        while let Some(part) = way.pop_front() {
            match part.as_slice() {
                b".." if at.pop().is_none() => return Ok(true),
                b"." | b".." => continue,
                part if part.eq_ignore_ascii_case(b".git") => return Ok(true),
                _ => at.push(part),
            }
            let Some(target) = self.link_at(tree, &at)? else {
                continue;
            };
            hops += 1;
            if hops > HOPS || target.starts_with(b"/") {
                // A circle leads nowhere, and so not out.
                return Ok(hops <= HOPS);
            }
            at.pop();
            for part in parts(&target).rev() {
                way.push_front(part.to_vec());
            }
        }
        Ok(false)
    }

    /// Returns the target of the link at a path of the tree; `None` when there is none.
    fn link_at(&self, tree: &Tree<'_>, path: &[Vec<u8>]) -> Result<Option<Vec<u8>>, git2::Error> {
        let mut tree = tree.clone();
        for (index, part) in path.iter().enumerate() {
            let Some((id, mode)) = tree
                .iter()
                .find(|entry| entry.name_bytes() == part.as_slice())
                .map(|entry| (entry.id(), entry.filemode()))
            else {
                return Ok(None);
            };
            if mode == i32::from(FileMode::Tree) {
                tree = self.repo.find_tree(id)?;
            } else {
                let is_link = mode == i32::from(FileMode::Link) && index + 1 == path.len();
                return is_link
                    .then(|| self.repo.find_blob(id).map(|blob| blob.content().to_vec()))
                    .transpose();
            }
        }
        Ok(None)
    }

    /// Notes the first part of a new path that has a twin in another case, unless both were there
    /// before. Only the folders on its way are read, in all the cases that they are there in.
    fn find_clash(
        &self,
        old: &Tree<'_>,
        new: &Tree<'_>,
        path: &[u8],
        found: &mut BTreeSet<Unfit>,
    ) -> Result<(), git2::Error> {
        let mut here: Vec<u8> = Vec::new();
        let mut level = vec![(Vec::new(), new.clone())];
        for part in parts(path) {
            join(&mut here, part);
            let folded = folded(part);
            let mut next = Vec::new();
            for (prefix, tree) in &level {
                for entry in tree {
                    if self::folded(entry.name_bytes()) != folded {
                        continue;
                    }
                    let mut other = prefix.clone();
                    join(&mut other, entry.name_bytes());
                    let was = |path: &[u8]| self.is_in(old, path);
                    if other != here && !(was(&other)? && was(&here)?) {
                        found.insert(Unfit::Case {
                            path: shown(&here),
                            other: shown(&other),
                        });
                        return Ok(());
                    }
                    if entry.kind() == Some(ObjectType::Tree) {
                        next.push((other, self.repo.find_tree(entry.id())?));
                    }
                }
            }
            level = next;
        }
        Ok(())
    }

    fn is_in(&self, tree: &Tree<'_>, path: &[u8]) -> Result<bool, git2::Error> {
        let mut tree = tree.clone();
        let mut parts = parts(path).peekable();
        while let Some(part) = parts.next() {
            let Some((id, kind)) = tree
                .iter()
                .find(|entry| entry.name_bytes() == part)
                .map(|entry| (entry.id(), entry.kind()))
            else {
                return Ok(false);
            };
            if parts.peek().is_none() {
                return Ok(true);
            }
            if kind != Some(ObjectType::Tree) {
                return Ok(false);
            }
            tree = self.repo.find_tree(id)?;
        }
        Ok(false)
    }
}

fn parts(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty())
}

fn join(path: &mut Vec<u8>, part: &[u8]) {
    if !path.is_empty() {
        path.push(b'/');
    }
    path.extend_from_slice(part);
}

fn folded(name: &[u8]) -> String {
    String::from_utf8_lossy(name).to_lowercase()
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}
