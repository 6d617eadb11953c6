//! What must hold after any single fault, once a night has come to its end.
//!
//! One function, [`audit`]; every violation is a line that names what was found. The journal is
//! read by the program's own reader, git's side by git itself, so that neither vouches for the
//! other.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fs,
    path::Path,
};

use nightshift::{
    journal::{self, Record, Which},
    machine::Event,
};

use crate::bed::Bed;

/// What must not depend on faults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct End {
    /// The outcome of each ticket, by id.
    pub(crate) outcomes: BTreeMap<String, String>,
    /// Which tickets landed, sorted.
    pub(crate) landed: Vec<String>,
    /// The tree of the newest night's branch.
    pub(crate) tree: String,
}

/// A night, as the journal tells it.
#[derive(Debug)]
struct Night {
    branch: String,
    base: String,
    /// Commits with their tickets, in order.
    landed: Vec<(String, String)>,
}

/// What the journal says of branches and attempts.
#[derive(Debug, Default)]
struct Journaled {
    nights: Vec<Night>,
    /// Refs of kept attempts, with their trees.
    kept: Vec<(String, String)>,
    /// What was set aside and named.
    recovered: usize,
}

/// Returns how a bed's nights ended, or every violation of what always holds.
pub(crate) fn audit(bed: &Bed, users: &BTreeMap<String, Vec<u8>>) -> Result<End, Vec<String>> {
    let mut wrong = Vec::new();
    let said = bed.nightshift(&["status", "--json"]);
    if said.code != Some(0) {
        return Err(vec![format!("status: {:?} {}", said.code, said.err.trim())]);
    }
    let status = said.json();
    let outcomes = status["tickets"]
        .as_array()
        .map_or_else(BTreeMap::new, |tickets| {
            let word = |ticket: &serde_json::Value, key: &str| {
                ticket[key].as_str().unwrap_or_default().to_owned()
            };
            tickets
                .iter()
                .map(|ticket| (word(ticket, "id"), word(ticket, "outcome")))
                .collect()
        });
    let journaled = match read(&bed.root.join(".nightshift/journal")) {
        Ok(journaled) => journaled,
        Err(error) => return Err(vec![format!("journal: {error}")]),
    };

    let refs = refs(bed);
    let mut landed = Vec::new();
    let mut tree = String::new();
    for Night {
        branch,
        base,
        landed: records,
    } in &journaled.nights
    {
        let Some((_, at)) = refs.get(branch) else {
            wrong.push(format!("the branch {branch} is gone"));
            continue;
        };
        tree.clone_from(at);
        let commits = commits(bed, base, branch);
        if commits != *records {
            wrong.push(format!(
                "{branch} holds {commits:?}, and the journal has {records:?}"
            ));
        }
        landed.extend(commits.into_iter().map(|(_, ticket)| ticket));
    }
    landed.sort();
    if landed.iter().collect::<BTreeSet<_>>().len() != landed.len() {
        wrong.push(format!("a ticket landed twice: {landed:?}"));
    }
    for (name, tree) in &journaled.kept {
        match refs.get(name) {
            Some((_, found)) if found == tree => {}
            found => wrong.push(format!("{name} is {found:?}, and {tree} was kept")),
        }
    }

    let now = bed.users();
    for (name, bytes) in users {
        if now.get(name) != Some(bytes) {
            wrong.push(format!("the user's {name} was changed"));
        }
    }
    for name in now.keys().filter(|name| !users.contains_key(*name)) {
        wrong.push(format!("{name} is new among the user's files"));
    }
    let verified = bed.nightshift(&["verify"]);
    if verified.code != Some(0) {
        wrong.push(format!("verify: {}", verified.out));
    }
    let mut locks = Vec::new();
    find_locks(&bed.root.join(".git"), &mut locks);
    wrong.extend(locks.into_iter().map(|path| format!("{path} is left")));
    wrong.extend(left_running(bed));
    let torn = fs::read_dir(bed.root.join(".nightshift/journal"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("torn"))
        .count();
    if torn > journaled.recovered {
        wrong.push(format!(
            "{torn} remains were set aside, and {} named",
            journaled.recovered
        ));
    }
    let objects = bed
        .command("git")
        .args(["fsck", "--strict", "--no-dangling"])
        .output()
        .unwrap();
    if !objects.status.success() {
        wrong.push(format!(
            "fsck: {}",
            String::from_utf8_lossy(&objects.stderr).trim()
        ));
    }
    if wrong.is_empty() {
        Ok(End {
            outcomes,
            landed,
            tree,
        })
    } else {
        Err(wrong)
    }
}

fn read(folder: &Path) -> Result<Journaled, journal::OpenError> {
    let mut found = Journaled::default();
    for segment in journal::segments(folder)? {
        journal::read(
            folder,
            Which::Number(segment.number),
            |record: Record<Event>| {
                match record.event {
                    Event::NightStarted(terms) => {
                        found.nights.push(Night {
                            branch: terms.branch,
                            base: terms.base.0,
                            landed: Vec::new(),
                        });
                    }
                    Event::Landed { ticket, commit, .. } => {
                        if let Some(night) = found.nights.last_mut() {
                            night.landed.push((commit.0, ticket.to_string()));
                        }
                    }
                    Event::WorkKept { taken, .. } => {
                        found.kept.push((taken.reference, taken.work.tree.0));
                    }
                    Event::Recovered(_) => found.recovered += 1,
                    _ => {}
                }
                Ok::<(), Infallible>(())
            },
        )?;
    }
    Ok(found)
}

/// Every ref with its commit and tree.
fn refs(bed: &Bed) -> BTreeMap<String, (String, String)> {
    bed.git(&["for-each-ref", "--format=%(refname) %(objectname) %(tree)"])
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            Some((words.next()?, (words.next()?, words.next()?)))
        })
        .collect()
}

/// The commits of a night branch with their tickets, oldest first.
fn commits(bed: &Bed, base: &str, branch: &str) -> Vec<(String, String)> {
    let range = format!("{base}..{branch}");
    let format = "--format=%H %(trailers:key=Nightshift-Ticket,valueonly,separator=%x2c)";
    bed.git(&["log", "--reverse", format, &range])
        .lines()
        .filter_map(|line| {
            let (commit, ticket) = line.split_once(' ')?;
            Some((commit.to_owned(), ticket.to_owned()))
        })
        .collect()
}

fn find_locks(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("objects") {
                find_locks(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "lock") {
            found.push(path.display().to_string());
        }
    }
}

/// Names every process that works in the bed's rooms or carries a mark of them.
fn left_running(bed: &Bed) -> Vec<String> {
    let rooms = bed.home().join("state/nightshift/rooms");
    let keys: Vec<_> = fs::read_dir(&rooms)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| {
            format!(
                "NIGHTSHIFT_MARK=nightshift/{}",
                entry.file_name().to_string_lossy()
            )
        })
        .collect();
    let mut left = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment);
        if environment
            .split('\0')
            .any(|it| keys.iter().any(|key| it.starts_with(key)))
        {
            let what = fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            left.push(format!(
                "process {pid} still runs: {}",
                what.replace('\0', " ")
            ));
        }
    }
    left
}
