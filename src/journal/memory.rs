//! A disk in memory that dies, fills up and forgets when it is told to: the [`Medium`] of simulated
//! nights and of the journal's own tests.
//!
//! [`Memory`] counts every operation, so that each of them can be made to fail. A failed sync
//! behaves as on Linux: the pages count as clean, and later syncs do not write them.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::medium::{Access, Entry, Medium, MediumFile};
use crate::layout::{PathContext, PathError};

/// The one folder of the disk.
pub(crate) const FOLDER: &str = "/journal";
const SECTOR: usize = 512;

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inode {
    /// What a reader sees.
    pub(super) now: Vec<u8>,
    /// What is on the platter.
    synced: Vec<u8>,
    /// How many first bytes of both are known to be the same.
    same: usize,
    /// What a failed sync left: seen, counted as clean, never to be written.
    phantom: Vec<Range<usize>>,
}

impl Inode {
    fn whole(bytes: &[u8]) -> Self {
        Self {
            now: bytes.to_owned(),
            synced: bytes.to_owned(),
            same: bytes.len(),
            phantom: Vec::new(),
        }
    }

    fn sync(&mut self) {
        let same = self.same.min(self.now.len()).min(self.synced.len());
        self.synced.truncate(same);
        self.synced
            .extend_from_slice(self.now.get(same..).unwrap_or_default());
        for range in &self.phantom {
            if let Some(lost) = self.synced.get_mut(range.clone()) {
                lost.fill(0);
            }
        }
        let first = self.phantom.iter().map(|range| range.start).min();
        self.same = first.unwrap_or(self.synced.len());
    }
}

/// The disk's contents, and what is to go wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    /// Operations so far.
    pub(crate) steps: u64,
    /// What goes wrong, in the order of its steps.
    pub(crate) faults: VecDeque<Fault>,
    /// Whether the process has died: nothing succeeds any more.
    pub(crate) dead: bool,
    /// The write that failed: its file, where it began, and how long it was to be.
    pub(super) hit: Option<(usize, usize, usize)>,
}

/// One operation that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    /// At this operation, or the first one after it.
    pub(crate) step: u64,
    /// How many bytes of a write get through.
    pub(crate) written: usize,
    /// `None` is death: this step and all later ones fail.
    pub(crate) error: Option<ErrorKind>,
}

/// What a crash takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The process died; the kernel lives.
    Nothing,
    /// The power failed before the kernel wrote anything back.
    Unsynced,
    /// The power failed when names and lengths, but no contents, were written back.
    Contents,
}

fn dead() -> io::Error {
    io::Error::other("dead")
}

impl State {
    fn step(&mut self) -> Result<(), (usize, io::Error)> {
        self.steps += 1;
        if self.dead {
            return Err((0, dead()));
        }
        let due = |fault: &&Fault| fault.step <= self.steps;
        let Some(fault) = self.faults.front().filter(due).copied() else {
            return Ok(());
        };
        self.faults.pop_front();
        self.dead = fault.error.is_none();
        Err((
            fault.written,
            fault.error.map_or_else(dead, io::Error::from),
        ))
    }

    /// Lets the kernel write after all what a failed sync left.
    pub(crate) fn write_back(&mut self) {
        for inode in &mut self.inodes {
            if !inode.phantom.is_empty() {
                *inode = Inode::whole(&inode.now);
            }
        }
    }

    /// Returns what is there after a crash: nothing goes wrong with it any more.
    pub(crate) fn crash(mut self, loss: Loss) -> Self {
        for inode in &mut self.inodes {
            match loss {
                Loss::Nothing => continue,
                Loss::Unsynced => inode.now.clone_from(&inode.synced),
                Loss::Contents => {
                    let length = inode.now.len();
                    inode.now.clone_from(&inode.synced);
                    inode.now.resize(length, 0);
                }
            }
            *inode = Inode::whole(&inode.now);
        }
        if loss == Loss::Unsynced {
            self.names = self.synced_names.clone();
        } else if loss == Loss::Contents {
            self.synced_names = self.names.clone();
        }
        Self {
            steps: 0,
            faults: VecDeque::new(),
            dead: false,
            hit: None,
            ..self
        }
    }
}

/// A disk in memory; its clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<State>>);

#[derive(Debug)]
struct MemoryFile {
    disk: Memory,
    inode: usize,
    position: usize,
}

impl Memory {
    /// Returns a disk with this on it.
    pub(crate) fn from_state(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// Returns what is on it.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self, action: &'static str, path: &Path) -> Result<(), PathError> {
        let step = self.state().step();
        step.map_err(|(_, error)| error).at(action, path)
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn with_fault(step: u64, written: usize, error: Option<ErrorKind>) -> Self {
        let fault = Fault {
            step,
            written,
            error,
        };
        Self::from_state(State {
            faults: VecDeque::from([fault]),
            ..State::default()
        })
    }

    pub(super) fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = *state.names.get(path)?;
        Some(state.inodes[inode].now.clone())
    }

    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode::whole(bytes));
        state.names.insert(path.to_owned(), inode);
        state.synced_names.insert(path.to_owned(), inode);
    }
}

impl Medium for Memory {
    fn make_folder(&self, folder: &Path) -> Result<(), PathError> {
        self.step("make", folder)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>, PathError> {
        self.step("list", folder)?;
        let state = self.state();
        Ok(state
            .names
            .keys()
            .filter_map(|path| path.file_name())
            .map(|name| Entry {
                name: name.to_owned(),
                regular: true,
            })
            .collect())
    }

    fn sync_folder(&self, folder: &Path) -> Result<(), PathError> {
        self.step("sync", folder)?;
        let mut state = self.state();
        state.synced_names = state.names.clone();
        Ok(())
    }

    fn open(&self, path: &Path, _: Access) -> io::Result<Box<dyn MediumFile>> {
        let mut state = self.state();
        state.step().map_err(|(_, error)| error)?;
        let inode = *state.names.get(path).ok_or(ErrorKind::NotFound)?;
        drop(state);
        Ok(Box::new(MemoryFile {
            disk: self.clone(),
            inode,
            position: 0,
        }))
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> Result<(), PathError> {
        self.step("write", path)?;
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode::whole(bytes));
        drop(state);
        self.step("replace", path)?;
        self.state().names.insert(path.to_owned(), inode);
        self.sync_folder(Path::new(FOLDER))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.step("rename", from)?;
        let mut state = self.state();
        let inode = state.names.remove(from);
        let inode = inode
            .ok_or_else(|| io::Error::from(ErrorKind::NotFound))
            .at("rename", from)?;
        state.names.insert(to.to_owned(), inode);
        drop(state);
        self.sync_folder(Path::new(FOLDER))
    }
}

impl MemoryFile {
    fn with<T>(&self, what: impl FnOnce(&mut State, &mut Inode) -> T) -> io::Result<T> {
        let mut state = self.disk.state();
        let slot = state.inodes.get_mut(self.inode);
        let mut inode = std::mem::take(slot.ok_or(ErrorKind::NotFound)?);
        let done = what(&mut state, &mut inode);
        if let Some(slot) = state.inodes.get_mut(self.inode) {
            *slot = inode;
        }
        Ok(done)
    }
}

impl Read for MemoryFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.position;
        let size = self.with(|_, inode| {
            let rest = inode.now.get(from..).unwrap_or_default();
            let size = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..size), rest.get(..size)) {
                to.copy_from_slice(from);
            }
            size
        })?;
        self.position += size;
        Ok(size)
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.with(|_, inode| inode.now.len())?;
        self.position = match to {
            SeekFrom::Start(position) => usize::try_from(position).unwrap_or(usize::MAX),
            SeekFrom::End(0) => length,
            SeekFrom::End(_) | SeekFrom::Current(_) => {
                return Err(ErrorKind::Unsupported.into());
            }
        };
        Ok(self.position as u64)
    }
}

impl MediumFile for MemoryFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let number = self.inode;
        self.with(|state, inode| {
            let start = inode.now.len();
            match state.step() {
                Ok(()) => {
                    inode.now.extend_from_slice(bytes);
                    Ok(())
                }
                Err((written, error)) => {
                    let through = bytes.get(..written).unwrap_or(bytes);
                    inode.now.extend_from_slice(through);
                    state.hit.get_or_insert((number, start, bytes.len()));
                    Err(error)
                }
            }
        })?
    }

    fn sync(&mut self) -> io::Result<()> {
        self.with(|state, inode| {
            let Err((_, error)) = state.step() else {
                inode.sync();
                return Ok(());
            };
            if !state.dead {
                // A sector whose write failed holds neither the old bytes nor the new ones.
                let start = inode.synced.len().min(inode.now.len()) / SECTOR * SECTOR;
                inode.synced.truncate(start);
                inode.same = inode.same.min(start);
                inode.phantom.push(start..inode.now.len());
            }
            Err(error)
        })?
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.with(|state, inode| {
            state.step().map_err(|(_, error)| error)?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            inode.now.truncate(length);
            inode.same = inode.same.min(length);
            for range in &mut inode.phantom {
                *range = range.start.min(length)..range.end.min(length);
            }
            Ok(())
        })?
    }
}
