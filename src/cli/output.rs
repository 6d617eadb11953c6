//! What the agents print on one ticket, attempt by attempt, from the redacted files of its latest
//! night.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::{
    failure::{Failure, Kind},
    ui::Ui,
};
use crate::{
    backlog::ticket::TicketId,
    layout::{Layout, PathContext, PathError},
    machine::State,
};

/// How much is read at once; longer than any line of these files.
const PIECE: usize = 1024 * 1024;

/// A ticket's output, as far as it was printed.
pub(super) struct Output {
    pub(super) ticket: TicketId,
    ui: Ui,
    attempt: Option<Attempt>,
}

struct Attempt {
    folder: PathBuf,
    whole: Tail,
    /// What is not in the whole one yet, while the agent works.
    live: Tail,
}

impl Output {
    pub(super) fn new(ticket: TicketId, ui: Ui) -> Self {
        Self {
            ticket,
            ui,
            attempt: None,
        }
    }

    /// Returns whether no attempt was found yet.
    pub(super) fn is_empty(&self) -> bool {
        self.attempt.is_none()
    }

    /// Prints what is new, of the latest attempt; returns whether somebody still reads it.
    pub(super) fn print(&mut self, layout: &Layout, state: &State) -> Result<bool, Failure> {
        let failed = |error: PathError| Failure::of(Kind::Environment, &error);
        let ui = self.ui;
        // What is left of the one before, then the next one.
        for _ in 0..2 {
            if let Some(attempt) = &mut self.attempt
                && !attempt.print(ui).map_err(failed)?
            {
                return Ok(false);
            }
            let latest = latest(layout, state, &self.ticket);
            let known = self.attempt.as_ref().map(|attempt| &attempt.folder);
            let Some(folder) = latest.filter(|folder| Some(folder) != known) else {
                break;
            };
            let name = folder.file_name().unwrap_or_default();
            ui.note(&format!("--- {} {} ---", self.ticket, name.display()));
            self.attempt = Some(Attempt::new(folder, ui));
        }
        Ok(true)
    }
}

impl Attempt {
    fn new(folder: PathBuf, ui: Ui) -> Self {
        let name = if ui.json { "events.jsonl" } else { "raw.log" };
        Self {
            whole: Tail::new(folder.join(name)),
            live: Tail::new(folder.join("raw.live.log")),
            folder,
        }
    }

    fn print(&mut self, ui: Ui) -> Result<bool, PathError> {
        // What was shown live stands in the whole log once more.
        while self.live.file.is_none() || ui.json {
            let piece = self.whole.more()?;
            if piece.is_empty() {
                break;
            }
            if !ui.flow(&piece) {
                return Ok(false);
            }
        }
        Ok(ui.json || ui.flow(&self.live.more()?))
    }
}

/// Returns the folder of the latest attempt, of this night or of the one that settled the ticket.
fn latest(layout: &Layout, state: &State, ticket: &TicketId) -> Option<PathBuf> {
    let this = state.night().map(|night| night.terms.night.as_str());
    let before = (state.ticket(ticket)).and_then(|ticket| ticket.settled_in.as_deref());
    this.into_iter()
        .chain(before)
        .find_map(|night| latest_in(&layout.night(night).join(ticket.as_str())))
}

fn latest_in(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number: u32 = name.to_str()?.strip_prefix("attempt-")?.parse().ok()?;
            // The folder is there from the baseline on, the log from the agent's start.
            let path = entry.path();
            path.join("raw.log").exists().then_some((number, path))
        })
        .max()
        .map(|(_, path)| path)
}

/// A file that is written while it is read. Once opened it is read to its end, though it be gone.
struct Tail {
    path: PathBuf,
    file: Option<File>,
    at: u64,
}

impl Tail {
    fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            at: 0,
        }
    }

    /// Returns the next whole lines; empty when there are none.
    fn more(&mut self) -> Result<String, PathError> {
        if self.file.is_none() {
            match File::open(&self.path) {
                Ok(file) => self.file = Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
                Err(error) => return Err(error).at("open", &self.path),
            }
        }
        let Some(file) = &self.file else {
            return Ok(String::new());
        };
        let length = file.metadata().at("look at", &self.path)?.len();
        if length < self.at {
            // It began anew.
            self.at = 0;
        }
        let wanted = usize::try_from(length - self.at).unwrap_or(PIECE);
        let mut bytes = vec![0; wanted.min(PIECE)];
        let read = file.read_at(&mut bytes, self.at).at("read", &self.path)?;
        bytes.truncate(read);
        let lines = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(lines.map_or(0, |last| last + 1));
        self.at += bytes.len() as u64;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_lines_are_read_once_also_of_a_file_that_begins_anew_or_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut tail = Tail::new(path.clone());
        assert_eq!(tail.more().unwrap(), "");
        crate::layout::write(&path, "one\nä".as_bytes()).unwrap();
        assert_eq!(tail.more().unwrap(), "one\n");
        assert_eq!(tail.more().unwrap(), "");
        crate::layout::write(&path, b"x\n").unwrap();
        assert_eq!(tail.more().unwrap(), "x\n", "it is shorter than before");
        let mut whole = fs::read(&path).unwrap();
        whole.extend(b"last\n");
        crate::layout::write(&path, &whole).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(tail.more().unwrap(), "last\n");
    }
}
