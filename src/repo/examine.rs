//! Says whether a night can run on a repository, and what about it is worth knowing.
//!
//! Refused is what libgit2 cannot open or would silently damage; every refusal says what to do.
//! This room's own way of working makes some of git's formats harmless: rooms are full checkouts
//! with private indexes and the user's index is never read, so a sparse checkout, a sparse index
//! and a split index are only noted.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use git2::{Config, ErrorCode, Index, Repository, RepositoryState, Status, StatusOptions};

use super::{contents::contents, locate::Found};

/// What a finding means for the night.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// As it should be.
    Fine,
    /// Good to know; the night starts.
    Note,
    /// The night does not start.
    Refused,
}

/// One line of the doctor's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name, kebab-case.
    pub code: &'static str,
    /// What it means for the night.
    pub verdict: Fit,
    /// What was found.
    pub what: String,
    /// Why it matters; empty when it is fine.
    pub why: String,
    /// What to do about it; empty when nothing needs doing.
    pub remedy: String,
}

impl Finding {
    pub(super) fn refused(
        code: &'static str,
        what: impl Into<String>,
        why: &str,
        remedy: &str,
    ) -> Self {
        Self {
            code,
            verdict: Fit::Refused,
            what: what.into(),
            why: why.to_owned(),
            remedy: remedy.to_owned(),
        }
    }

    pub(super) fn note(
        code: &'static str,
        what: impl Into<String>,
        why: &str,
        remedy: &str,
    ) -> Self {
        Self {
            verdict: Fit::Note,
            ..Self::refused(code, what, why, remedy)
        }
    }

    fn fine(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            verdict: Fit::Fine,
            ..Self::refused(code, what, "", "")
        }
    }
}

/// Examines the repository: its format, its places, what it holds, and the state of the checkout.
/// Nothing is written but a file that is removed at once, where write access is tried.
pub fn examine(found: &Found) -> Vec<Finding> {
    let mut findings = Vec::new();
    format(found, &mut findings);
    places(found, &mut findings);
    if findings.iter().any(|one| one.verdict == Fit::Refused) {
        return findings;
    }
    match open(found) {
        Ok(repo) => match repo.head().and_then(|head| head.peel_to_tree()) {
            Ok(tree) => {
                findings.push(Finding::fine(
                    "repository",
                    format!("{}", found.root.display()),
                ));
                contents(&repo, &tree, &mut findings);
                state(found, &repo, &mut findings);
            }
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                findings.push(Finding::refused(
                    "no-commit",
                    "the repository has no commit yet",
                    "a night begins from a commit",
                    "commit your files: `git add -A && git commit -m 'Begin'`",
                ));
            }
            Err(error) => findings.push(Finding::refused(
                "head",
                format!("HEAD cannot be read: {}", error.message()),
                "a night begins from the commit that HEAD names",
                "run `git status` and `git fsck`, and check out a branch",
            )),
        },
        Err(error) => findings.push(Finding::refused(
            "format",
            format!("libgit2 cannot open the repository: {}", error.message()),
            "everything that nightshift does to git goes through libgit2",
            "look at `.git/config`; a fresh clone usually opens",
        )),
    }
    findings
}

/// Opens without a working folder and with an empty index, so that the user's is not read.
fn open(found: &Found) -> Result<Repository, git2::Error> {
    let repo = Repository::open_bare(&found.git_dir)?;
    repo.set_index(&mut Index::new()?)?;
    Ok(repo)
}

/// What `.git/config` says of the format, read without opening the repository.
fn format(found: &Found, findings: &mut Vec<Finding>) {
    let path = found.common_dir.join("config");
    let config = match Config::open(&path) {
        Ok(config) => config,
        Err(error) => {
            findings.push(Finding::refused(
                "config",
                format!("`{}` cannot be read: {}", path.display(), error.message()),
                "without it nobody knows the repository's format",
                "repair the file; `git config --list --local` names the line",
            ));
            return;
        }
    };
    let value = |key: &str| config.get_string(key).ok().unwrap_or_default();
    let objects = value("extensions.objectformat");
    if !objects.is_empty() && !objects.eq_ignore_ascii_case("sha1") {
        findings.push(Finding::refused(
            "object-format",
            format!("the repository stores its objects as {objects}"),
            "libgit2 reads SHA-1 repositories only",
            "use a SHA-1 clone; `git init` makes one by default",
        ));
    }
    let refs = value("extensions.refstorage");
    if !refs.is_empty() && !refs.eq_ignore_ascii_case("files") {
        findings.push(Finding::refused(
            "ref-storage",
            format!("the repository stores its refs as {refs}"),
            "libgit2 reads refs in files only",
            "run `git refs migrate --ref-format=files`",
        ));
    }
    let promisor = config
        .entries(Some(r"^remote\..*\.(promisor|partialclonefilter)$"))
        .is_ok_and(|mut entries| entries.next().is_some());
    if promisor || !value("extensions.partialclone").is_empty() {
        findings.push(Finding::refused(
            "partial-clone",
            "the repository is a partial clone",
            "objects may be missing, and a night must not depend on fetching them",
            "clone again without `--filter`",
        ));
    }
}

/// Who owns the git directory, and whether it can be written.
fn places(found: &Found, findings: &mut Vec<Finding>) {
    let me = rustix::process::geteuid().as_raw();
    for folder in [&found.root, &found.git_dir, &found.common_dir] {
        match fs::metadata(folder) {
            Ok(meta) if meta.uid() != me => {
                findings.push(Finding::refused(
                    "owner",
                    format!(
                        "`{}` belongs to user {}, and nightshift runs as user {me}",
                        folder.display(),
                        meta.uid()
                    ),
                    "what one user writes into another's repository locks that user out of it",
                    "run nightshift as the repository's owner",
                ));
                return;
            }
            Ok(_) => {}
            Err(error) => findings.push(unwritable(folder, &error)),
        }
    }
    for folder in ["objects", "refs"] {
        let folder = found.common_dir.join(folder);
        if let Err(error) = try_to_write(&folder) {
            findings.push(unwritable(&folder, &error));
        }
    }
}

/// Makes a file and removes it. Always the same one, so that one that a death left goes with the
/// next; and neither git nor libgit2 takes this name for that of a ref.
fn try_to_write(folder: &Path) -> io::Result<()> {
    let path = folder.join(".nightshift.lock");
    fs::File::create(&path)?;
    match fs::remove_file(&path) {
        // Another one that looks at the same moment was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn unwritable(folder: &Path, error: &io::Error) -> Finding {
    Finding::refused(
        "not-writable",
        format!("`{}` cannot be written: {error}", folder.display()),
        "landed work is stored there",
        "give yourself write access to it, or free the disk",
    )
}

/// The state of the user's checkout and of the settings that a night treats otherwise than git.
fn state(found: &Found, repo: &Repository, findings: &mut Vec<Finding>) {
    if found.common_dir.join("shallow").exists() {
        findings.push(Finding::note(
            "shallow",
            "the repository is a shallow clone",
            "agents see only the history that is there",
            "`git fetch --unshallow` brings the rest",
        ));
    }
    if repo.head_detached().unwrap_or(false) {
        findings.push(Finding::note(
            "detached",
            "HEAD is detached",
            "the night begins from the commit that is checked out",
            "",
        ));
    }
    if repo.state() != RepositoryState::Clean {
        findings.push(Finding::note(
            "unfinished",
            format!("a {} is under way", doing(repo.state())),
            "the night begins from HEAD as it stands in the middle of it",
            "finish it first if the night should begin from its result",
        ));
    }
    if repo.find_reference("refs/heads/nightshift").is_ok() {
        findings.push(Finding::refused(
            "branch-in-the-way",
            "there is a branch named `nightshift`",
            "git cannot have it beside the branches `nightshift/…` that nights land on",
            "rename it: `git branch -m nightshift SOMETHING`",
        ));
    }
    let config = repo.config().and_then(|mut config| config.snapshot());
    let sparse = config
        .as_ref()
        .is_ok_and(|config| config.get_bool("core.sparsecheckout").unwrap_or(false));
    if sparse {
        findings.push(Finding::note(
            "sparse",
            "the checkout is sparse",
            "rooms are full checkouts, and files outside the sparse ones are kept as they are",
            "",
        ));
    }
    if let Ok(config) = &config {
        hooks(found, config, findings);
        if config.get_bool("commit.gpgsign").unwrap_or(false) {
            findings.push(Finding::note(
                "unsigned",
                "commits are signed here, but landed ones will not be",
                "nobody is there at night to unlock a key",
                "sign when you merge",
            ));
        }
    }
    dirty(found, sparse, findings);
}

fn hooks(found: &Found, config: &Config, findings: &mut Vec<Finding>) {
    let folder = config.get_path("core.hookspath").map_or_else(
        |_| found.common_dir.join("hooks"),
        |path| found.root.join(path),
    );
    let mut names: Vec<_> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.ends_with(".sample"))
        .collect();
    names.sort();
    if !names.is_empty() {
        findings.push(Finding::note(
            "hooks",
            format!("git hooks are set up: {}", names.join(", ")),
            "they do not run on landed commits",
            "put what they check into the gate",
        ));
    }
}

/// Whether the checkout differs from HEAD. This reads the user's index, which decides nothing.
fn dirty(found: &Found, sparse: bool, findings: &mut Vec<Finding>) {
    let look = || {
        let repo = Repository::open_bare(&found.git_dir)?;
        repo.set_workdir(&found.root, false)?;
        let mut options = StatusOptions::new();
        options.include_untracked(false).exclude_submodules(true);
        let statuses = repo.statuses(Some(&mut options))?;
        // To libgit2 everything outside a sparse checkout looks deleted.
        Ok::<_, git2::Error>(statuses.iter().any(|entry| {
            let status = entry.status();
            !(status.is_empty() || sparse && status == Status::WT_DELETED)
        }))
    };
    match look() {
        Ok(false) => {}
        Ok(true) => findings.push(Finding::note(
            "dirty",
            "the checkout has uncommitted changes",
            "they are not part of the night, which begins from HEAD",
            "commit them first if the night needs them",
        )),
        Err(_) => findings.push(Finding::note(
            "index",
            "the index is in a form that libgit2 does not read (split or sparse)",
            "nights do not need it; only uncommitted changes cannot be told from here",
            "",
        )),
    }
}

fn doing(state: RepositoryState) -> &'static str {
    match state {
        RepositoryState::Merge => "merge",
        RepositoryState::Revert | RepositoryState::RevertSequence => "revert",
        RepositoryState::CherryPick | RepositoryState::CherryPickSequence => "cherry-pick",
        RepositoryState::Bisect => "bisection",
        RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => "`git am`",
        RepositoryState::Rebase
        | RepositoryState::RebaseInteractive
        | RepositoryState::RebaseMerge => "rebase",
        RepositoryState::Clean => "nothing",
    }
}
