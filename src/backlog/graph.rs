//! Tickets beside each other: who has an id first, who waits for whom, who waits in a circle.
//!
//! [`assemble`] is pure: files after reading in, a [`Backlog`] out. Ids are compared without case,
//! because a file name and a git ref may be; in the result every dependency is written as its
//! ticket writes its id.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Range,
    sync::Arc,
};

use super::{
    circle::circles,
    order::order,
    parse::Parsed,
    ticket::{Status, Ticket, TicketId},
};
use crate::diagnostic::{Diagnostic, nearest};

/// How many mistyped dependencies of a backlog get a suggestion: each is a look at all ids.
const MOST_SUGGESTIONS: usize = 20;

/// How many ids of a circle are named.
const LONGEST_CIRCLE: usize = 200;

/// A directory of tickets, as read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// The usable tickets in night order, drafts and done ones among them.
    pub tickets: Vec<Arc<Ticket>>,
    /// Everything that was found wrong, in the order of the files; also what is in `refused`.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that cannot be used.
    pub refused: Vec<Refused>,
    /// The tickets that cannot start, each with the dependencies that no usable ticket answers to:
    /// unknown ids, and ids of refused files.
    pub unmet: BTreeMap<TicketId, Vec<TicketId>>,
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file, relative to the backlog folder.
    pub file: String,
    /// The ticket's id, as far as one can be told.
    pub id: Option<TicketId>,
    /// Why; at least one of them is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl Backlog {
    /// Returns the ticket with this id.
    pub fn find(&self, id: &TicketId) -> Option<&Arc<Ticket>> {
        self.tickets.iter().find(|ticket| ticket.id() == id)
    }

    /// Returns the ids that only refused files have.
    pub fn refused_ids(&self) -> BTreeSet<TicketId> {
        let mut ids: BTreeSet<_> = self
            .refused
            .iter()
            .filter_map(|file| file.id.clone())
            .collect();
        for ticket in &self.tickets {
            ids.remove(ticket.id());
        }
        ids
    }
}

/// What a ticket waits for, after looking for it.
enum Dependency {
    /// The ticket in this file.
    On(usize),
    /// Nobody any more: it was finished and put away.
    Finished,
    /// A file that cannot be used.
    Refused,
    /// No file has this id.
    Unknown,
}

/// Puts files together, in the order of their names. `finished` are the lower-case ids of tickets
/// that were put away as completed.
pub(super) fn assemble(files: &[&Parsed], finished: &BTreeSet<String>) -> Backlog {
    let mut notes: Vec<Vec<Diagnostic>> = vec![Vec::new(); files.len()];
    let mut usable: Vec<Option<&Arc<Ticket>>> =
        files.iter().map(|file| file.ticket.as_ref()).collect();
    let owners = owners(files, &mut usable, &mut notes);
    let broken: HashSet<String> = files
        .iter()
        .zip(&usable)
        .filter(|(_, ticket)| ticket.is_none())
        .filter_map(|(file, _)| Some(file.id.as_ref()?.as_str().to_ascii_lowercase()))
        .collect();
    let dependencies: Vec<Vec<Dependency>> = usable
        .iter()
        .map(|ticket| {
            let ids = ticket.iter().flat_map(|ticket| &ticket.facts.depends_on);
            ids.map(|id| {
                let id = id.as_str().to_ascii_lowercase();
                match owners.get(&id) {
                    Some(&owner) => Dependency::On(owner),
                    None if broken.contains(&id) => Dependency::Refused,
                    None if finished.contains(&id) => Dependency::Finished,
                    None => Dependency::Unknown,
                }
            })
            .collect()
        })
        .collect();
    refuse_circles(files, &dependencies, &mut usable, &mut notes);
    let mut backlog = Backlog::default();
    let mut resolver = Resolver {
        files,
        usable: &usable,
        suggestions: MOST_SUGGESTIONS,
        unmet: BTreeMap::new(),
    };
    let mut tickets: HashMap<TicketId, Arc<Ticket>> = HashMap::new();
    for (number, dependencies) in dependencies.iter().enumerate() {
        if let Some((ticket, found)) = resolver.resolve(number, dependencies) {
            tickets.insert(ticket.id().clone(), ticket);
            if let Some(notes) = notes.get_mut(number) {
                notes.extend(found);
            }
        }
    }
    backlog.unmet = resolver.unmet;
    for ((file, ticket), notes) in files.iter().zip(&usable).zip(notes) {
        let all: Vec<Diagnostic> = file.diagnostics.iter().cloned().chain(notes).collect();
        backlog.diagnostics.extend(all.iter().cloned());
        if ticket.is_none() {
            backlog.refused.push(Refused {
                file: file.file.clone(),
                id: file.id.clone(),
                diagnostics: all,
            });
        }
    }
    let ids = order(tickets.values().map(|ticket| &ticket.facts));
    backlog.tickets = ids.iter().filter_map(|id| tickets.remove(id)).collect();
    backlog
}

/// Returns which file has which lower-case id: the first by name; the others are refused.
fn owners(
    files: &[&Parsed],
    usable: &mut [Option<&Arc<Ticket>>],
    notes: &mut [Vec<Diagnostic>],
) -> HashMap<String, usize> {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for (number, ((file, ticket), notes)) in files.iter().zip(usable).zip(notes).enumerate() {
        let Some(id) = ticket.as_ref().map(|ticket| ticket.id()) else {
            continue;
        };
        let key = id.as_str().to_ascii_lowercase();
        let Some(first) = owners.get(&key).and_then(|&first| files.get(first)) else {
            owners.insert(key, number);
            continue;
        };
        let same = first.id.as_ref() == Some(id);
        let case = if same {
            ""
        } else {
            ", but for upper and lower case"
        };
        notes.push(Diagnostic::error(
            "duplicate-id",
            format!(
                "`{id}` is the id of `{}` already{case}",
                first.head.path.display()
            ),
            &file.head,
            file.id_place.clone(),
            "give this ticket an `id` of its own",
        ));
        *ticket = None;
    }
    owners
}

/// Refuses the tickets that wait for each other in a circle, each with the circle in full.
fn refuse_circles(
    files: &[&Parsed],
    dependencies: &[Vec<Dependency>],
    usable: &mut [Option<&Arc<Ticket>>],
    notes: &mut [Vec<Diagnostic>],
) {
    let waits: Vec<Vec<usize>> = dependencies
        .iter()
        .zip(&*usable)
        .map(|(dependencies, ticket)| match ticket {
            // What is done waits for nobody.
            Some(ticket) if ticket.facts.status != Status::Done => {
                let on = |dependency: &Dependency| match dependency {
                    Dependency::On(number) => Some(*number),
                    Dependency::Finished | Dependency::Refused | Dependency::Unknown => None,
                };
                dependencies.iter().filter_map(on).collect()
            }
            _ => Vec::new(),
        })
        .collect();
    for group in circles(&waits) {
        let name = |number: &usize| {
            let ticket = usable.get(*number).copied().flatten();
            ticket.map_or_else(String::new, |ticket| ticket.id().to_string())
        };
        let mut names: Vec<String> = group.path.iter().take(LONGEST_CIRCLE).map(name).collect();
        if group.path.len() > LONGEST_CIRCLE {
            names.push(format!("({} more)", group.path.len() - LONGEST_CIRCLE));
        }
        names.extend(group.path.first().map(name));
        let circle = names.join(" → ");
        let members: HashSet<usize> = group.members.iter().copied().collect();
        for &member in &group.members {
            let (Some(file), Some(notes)) = (files.get(member), notes.get_mut(member)) else {
                continue;
            };
            let into = |dependency: &Dependency| matches!(dependency, Dependency::On(number) if members.contains(number));
            let place = dependencies
                .get(member)
                .and_then(|list| list.iter().position(into))
                .and_then(|index| file.dependency_places.get(index).cloned());
            notes.push(
                Diagnostic::error(
                    "circle",
                    format!("tickets wait for each other in a circle: {circle}"),
                    &file.head,
                    place.unwrap_or_default(),
                    "take one of these dependencies out",
                )
                .labelled("waits for one that waits for this"),
            );
        }
        for member in group.members {
            if let Some(ticket) = usable.get_mut(member) {
                *ticket = None;
            }
        }
    }
}

/// Writes dependencies as they are called, and notes those that cannot be met.
struct Resolver<'a> {
    files: &'a [&'a Parsed],
    usable: &'a [Option<&'a Arc<Ticket>>],
    /// How many more mistyped ids get a suggestion.
    suggestions: usize,
    unmet: BTreeMap<TicketId, Vec<TicketId>>,
}

impl<'a> Resolver<'a> {
    fn resolve(
        &mut self,
        number: usize,
        dependencies: &[Dependency],
    ) -> Option<(Arc<Ticket>, Vec<Diagnostic>)> {
        let file = self.files.get(number)?;
        let ticket = self.ticket(number)?;
        let written = &ticket.facts.depends_on;
        let mut found = Vec::new();
        let mut depends_on: Vec<TicketId> = Vec::new();
        for (index, (id, dependency)) in written.iter().zip(dependencies).enumerate() {
            let place = file
                .dependency_places
                .get(index)
                .cloned()
                .unwrap_or_default();
            let other = match dependency {
                Dependency::Finished => continue,
                Dependency::On(other) => self.ticket(*other),
                Dependency::Refused | Dependency::Unknown => None,
            };
            let id = other.map_or(id, |other| other.id()).clone();
            if !depends_on.contains(&id) {
                depends_on.push(id.clone());
            }
            if ticket.facts.status == Status::Done {
                continue;
            }
            if other.is_none() {
                self.unmet
                    .entry(ticket.id().clone())
                    .or_default()
                    .push(id.clone());
            }
            match (dependency, other) {
                (Dependency::Unknown, _) => found.push(self.unknown(ticket, &id, file, place)),
                (_, None) => found.push(Diagnostic::warning(
                    "refused-dependency",
                    format!(
                        "`{}` cannot start: its dependency `{id}` cannot be used",
                        ticket.id()
                    ),
                    &file.head,
                    place,
                    format!("repair `{id}`"),
                )),
                (_, Some(other)) if other.facts.status == Status::Draft => {
                    found.push(Diagnostic::warning(
                        "draft-dependency",
                        format!("`{}` waits for `{id}`, which is a draft", ticket.id()),
                        &file.head,
                        place,
                        format!("finish writing `{id}`, and take its `status: draft` out"),
                    ));
                }
                (_, Some(_)) => {}
            }
        }
        let ticket = if *written == depends_on {
            Arc::clone(ticket)
        } else {
            let mut ticket = Ticket::clone(ticket);
            ticket.facts.depends_on = depends_on;
            Arc::new(ticket)
        };
        Some((ticket, found))
    }

    fn ticket(&self, number: usize) -> Option<&'a Arc<Ticket>> {
        self.usable.get(number).copied().flatten()
    }

    fn unknown(
        &mut self,
        ticket: &Ticket,
        id: &TicketId,
        file: &Parsed,
        place: Range<usize>,
    ) -> Diagnostic {
        let near = if self.suggestions == 0 {
            None
        } else {
            self.suggestions -= 1;
            let ids = self
                .usable
                .iter()
                .flatten()
                .map(|ticket| ticket.id().as_str());
            nearest(
                id.as_str(),
                ids.filter(|other| *other != ticket.id().as_str()),
            )
        };
        let help = near.map_or_else(
            || "write the ticket that is waited for, or take the id out".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!(
            "`{}` depends on `{id}`, and no ticket has this id",
            ticket.id()
        );
        Diagnostic::error("unknown-dependency", message, &file.head, place, help)
            .labelled("no such ticket")
    }
}
