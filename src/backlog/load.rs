//! A whole backlog: every file parsed, ids and dependencies checked against each other.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs, io,
    path::Path,
};

use super::{
    folder::{self, Entry},
    order::order,
    parse::parse_ticket,
    ticket::{Status, Ticket, TicketId},
};
use crate::{
    diagnostic::{Diagnostic, Severity, Source, nearest},
    layout::PathError,
};

/// The tickets of a folder.
#[derive(Debug, Clone, Default)]
pub struct Backlog {
    /// In night order.
    pub tickets: Vec<Ticket>,
    /// Everything that is wrong, by file.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that are not used.
    pub refused: Vec<Refused>,
}

/// A file that is not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Relative to the backlog folder.
    pub file: String,
    /// Why; never empty.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a backlog cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such folder.
    #[error("there is no backlog folder `{folder}`{}; set `backlog` in nightshift.toml, or make it", meant.as_ref().map(|name| format!(", but there is `{name}`")).unwrap_or_default())]
    Missing {
        /// As the configuration names it.
        folder: String,
        /// A folder that may be meant.
        meant: Option<String>,
    },
    /// It is no folder.
    #[error("the backlog `{folder}` is a file; set `backlog` in nightshift.toml to a folder")]
    NoFolder {
        /// As the configuration names it.
        folder: String,
    },
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] PathError),
}

/// One file as it was read.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) entry: Entry,
    pub(super) ticket: Option<Ticket>,
    pub(super) problems: Vec<Diagnostic>,
}

/// Reads the backlog `folder` of the repository at `root`.
///
/// # Errors
/// The folder is not there or cannot be read; never an empty success for a mistyped name.
pub fn load(root: &Path, folder: &str) -> Result<Backlog, LoadError> {
    let (entries, strange) = list(root, folder)?;
    let pages = entries
        .into_iter()
        .map(|entry| read(folder, entry))
        .collect::<Vec<_>>();
    Ok(assemble(folder, &pages, &strange))
}

/// Looks whether there is a backlog folder, without reading a ticket.
///
/// # Errors
/// See [`load`].
pub fn list_folder(root: &Path, folder: &str) -> Result<(), LoadError> {
    let path = root.join(folder);
    match fs::metadata(&path) {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(LoadError::NoFolder {
            folder: folder.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LoadError::Missing {
            folder: folder.to_owned(),
            meant: meant(root, folder),
        }),
        Err(source) => Err(PathError {
            action: "look at the backlog folder",
            path,
            source,
        }
        .into()),
    }
}

/// Lists the folder's files.
pub(super) fn list(
    root: &Path,
    folder: &str,
) -> Result<(Vec<Entry>, Vec<(String, String)>), LoadError> {
    list_folder(root, folder)?;
    Ok(folder::list(&root.join(folder))?)
}

fn meant(root: &Path, folder: &str) -> Option<String> {
    let names: Vec<String> = fs::read_dir(root)
        .ok()?
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    nearest(folder, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Reads one file.
pub(super) fn read(folder: &str, entry: Entry) -> Page {
    let shown = format!("{folder}/{}", entry.file);
    match folder::read(&entry, &shown) {
        Ok(bytes) => {
            let (ticket, problems) = parse_ticket(&entry.file, &shown, &bytes);
            Page {
                entry,
                ticket,
                problems,
            }
        }
        Err(problem) => Page {
            entry,
            ticket: None,
            problems: vec![*problem],
        },
    }
}

/// Checks files against each other.
pub(super) fn assemble(folder: &str, pages: &[Page], strange: &[(String, String)]) -> Backlog {
    let mut problems: BTreeMap<String, Vec<Diagnostic>> = BTreeMap::new();
    for (file, reason) in strange {
        let shown = format!("{folder}/{file}");
        problems
            .entry(file.clone())
            .or_default()
            .push(folder::strange(&shown, reason));
    }
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut refused: BTreeSet<String> = strange.iter().map(|(file, _)| file.clone()).collect();
    for page in pages {
        let file = &page.entry.file;
        if !page.problems.is_empty() {
            problems
                .entry(file.clone())
                .or_default()
                .extend(page.problems.iter().cloned());
        }
        let Some(ticket) = &page.ticket else {
            refused.insert(file.clone());
            continue;
        };
        // Ids that differ only in case would be one folder, and one ref, on some systems.
        let key = ticket.id().as_str().to_ascii_lowercase();
        if let Some(first) = places.get(&key).and_then(|at| tickets.get(*at)) {
            let problem = duplicate(folder, ticket, first);
            problems.entry(file.clone()).or_default().push(problem);
            refused.insert(file.clone());
            continue;
        }
        places.insert(key, tickets.len());
        tickets.push(ticket.clone());
    }
    let circles = circles(&tickets);
    for (id, circle) in &circles {
        let Some(ticket) = tickets.iter().find(|ticket| ticket.id() == id) else {
            continue;
        };
        let problem = in_circle(folder, ticket, circle);
        problems
            .entry(ticket.facts.file.clone())
            .or_default()
            .push(problem);
        refused.insert(ticket.facts.file.clone());
    }
    if !circles.is_empty() {
        tickets.retain(|ticket| !circles.contains_key(ticket.id()));
    }
    check_dependencies(folder, &tickets, &circles, &mut problems);
    let place: HashMap<TicketId, usize> = {
        let facts: Vec<_> = tickets.iter().map(|ticket| &ticket.facts).collect();
        order(&facts)
            .into_iter()
            .enumerate()
            .map(|(at, id)| (id, at))
            .collect()
    };
    tickets.sort_by_key(|ticket| place.get(ticket.id()).copied());
    let refused = refused
        .into_iter()
        .map(|file| {
            let diagnostics = problems.get(&file).cloned().unwrap_or_default();
            let diagnostics = diagnostics
                .into_iter()
                .filter(|d| d.severity == Severity::Error)
                .collect();
            Refused { file, diagnostics }
        })
        .collect();
    Backlog {
        tickets,
        diagnostics: problems.into_values().flatten().collect(),
        refused,
    }
}

fn duplicate(folder: &str, ticket: &Ticket, first: &Ticket) -> Diagnostic {
    let source = source_of(folder, ticket);
    let message = format!(
        "expected an id of its own, found `{}`, which {} has already",
        ticket.id(),
        first.facts.file
    );
    Diagnostic::error(
        "duplicate-id",
        message,
        &source,
        0..0,
        "Give it another `id:`.",
    )
}

fn in_circle(folder: &str, ticket: &Ticket, circle: &[TicketId]) -> Diagnostic {
    let names: Vec<_> = circle
        .iter()
        .chain(circle.first())
        .map(TicketId::as_str)
        .collect();
    let message = format!("it depends on itself: {}", names.join(" → "));
    let help = "Take one of these out of a `depends_on`.";
    Diagnostic::error(
        "dependency-circle",
        message,
        &source_of(folder, ticket),
        0..0,
        help,
    )
}

fn check_dependencies(
    folder: &str,
    tickets: &[Ticket],
    circles: &HashMap<TicketId, Vec<TicketId>>,
    problems: &mut BTreeMap<String, Vec<Diagnostic>>,
) {
    let known: HashMap<_, _> = tickets.iter().map(|ticket| (ticket.id(), ticket)).collect();
    for ticket in tickets {
        for dependency in &ticket.facts.depends_on {
            let problem = match known.get(dependency) {
                Some(found) if found.facts.status == Status::Draft => {
                    let message =
                        format!("it depends on `{dependency}`, which is a draft: it will be held");
                    let help = "Finish the draft, or take it out of `depends_on`.";
                    Diagnostic::warning(
                        "draft-dependency",
                        message,
                        &source_of(folder, ticket),
                        0..0,
                        help,
                    )
                }
                Some(_) => continue,
                None if circles.contains_key(dependency) => continue,
                None => {
                    let near = nearest(dependency.as_str(), known.keys().map(|id| id.as_str()));
                    let help = match near {
                        Some(near) => format!("Did you mean `{near}`? Until then the ticket is held."),
                        None => "Write that ticket, or take it out of `depends_on`. Until then the ticket is held.".to_owned(),
                    };
                    let message = format!(
                        "expected a ticket of the backlog in `depends_on`, found `{dependency}`"
                    );
                    Diagnostic::error(
                        "unknown-dependency",
                        message,
                        &source_of(folder, ticket),
                        0..0,
                        help,
                    )
                }
            };
            problems
                .entry(ticket.facts.file.clone())
                .or_default()
                .push(problem);
        }
    }
}

/// Returns the source of a ticket for a problem between files. The text is not kept; the place is
/// the file's beginning.
fn source_of(folder: &str, ticket: &Ticket) -> Source {
    Source::new(format!("{folder}/{}", ticket.facts.file), "")
}

/// Returns each ticket that is part of a dependency circle, with the circle in full.
fn circles(tickets: &[Ticket]) -> HashMap<TicketId, Vec<TicketId>> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Closed,
    }
    let at: HashMap<_, _> = tickets
        .iter()
        .enumerate()
        .map(|(at, t)| (t.id(), at))
        .collect();
    let edges: Vec<Vec<usize>> = tickets
        .iter()
        .map(|t| {
            t.facts
                .depends_on
                .iter()
                .filter_map(|id| at.get(id).copied())
                .collect()
        })
        .collect();
    let mut marks = vec![Mark::New; tickets.len()];
    let mut found = HashMap::new();
    for start in 0..tickets.len() {
        // An explicit stack: a chain of ten thousand must not overflow the real one.
        let mut path: Vec<(usize, usize)> = Vec::new();
        if marks.get(start) == Some(&Mark::New) {
            path.push((start, 0));
        }
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if let Some(mark) = marks.get_mut(node) {
                *mark = Mark::Open;
            }
            let target = edges.get(node).and_then(|edges| edges.get(*next)).copied();
            *next += 1;
            match target {
                None => {
                    if let Some(mark) = marks.get_mut(node) {
                        *mark = Mark::Closed;
                    }
                    path.pop();
                }
                Some(target) => match marks.get(target) {
                    Some(Mark::New) => path.push((target, 0)),
                    Some(Mark::Open) => {
                        let from = path.iter().position(|(n, _)| *n == target).unwrap_or(0);
                        let circle: Vec<TicketId> = path
                            .iter()
                            .skip(from)
                            .filter_map(|(n, _)| tickets.get(*n))
                            .map(|ticket| ticket.id().clone())
                            .collect();
                        for id in &circle {
                            found.entry(id.clone()).or_insert_with(|| circle.clone());
                        }
                    }
                    Some(Mark::Closed) | None => {}
                },
            }
        }
    }
    found
}
