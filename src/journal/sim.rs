//! A disk in memory that dies, fills up and forgets when it is told to.
//!
//! [`Sim`] counts every operation of a [`Medium`], so that a test can let each of them fail in turn.
//! A failed sync behaves as on Linux: the pages count as clean, and later syncs do not write them.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use super::medium::{Access, Entry, Medium, MediumFile};
use crate::layout::{PathContext, PathError};

pub(super) const FOLDER: &str = "/journal";
const SECTOR: usize = 512;

#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    /// What a reader sees.
    pub(super) now: Vec<u8>,
    /// What is on the platter.
    synced: Vec<u8>,
    /// What a failed sync left: seen, counted as clean, never to be written.
    phantom: Vec<Range<usize>>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    pub(super) steps: u64,
    pub(super) fault: Option<Fault>,
    pub(super) dead: bool,
    /// The write that failed: its file, where it began, and how long it was to be.
    pub(super) hit: Option<(usize, usize, usize)>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) step: u64,
    /// How many bytes of a write get through.
    pub(super) written: usize,
    /// `None` is death: this step and all later ones fail.
    pub(super) error: Option<ErrorKind>,
}

/// What a crash takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The process died; the kernel lives.
    Nothing,
    /// The power failed before the kernel wrote anything back.
    Unsynced,
    /// The power failed when names and lengths, but no contents, were written back.
    Contents,
}

impl State {
    fn step(&mut self) -> Result<(), (usize, io::Error)> {
        self.steps += 1;
        let dead = || io::Error::other("dead");
        if self.dead {
            return Err((0, dead()));
        }
        match self.fault {
            Some(fault) if fault.step == self.steps => {
                self.dead = fault.error.is_none();
                Err((
                    fault.written,
                    fault.error.map_or_else(dead, io::Error::from),
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn crash(mut self, loss: Loss) -> Self {
        for inode in &mut self.inodes {
            match loss {
                Loss::Nothing => continue,
                Loss::Unsynced => inode.now = inode.synced.clone(),
                Loss::Contents => {
                    let length = inode.now.len();
                    inode.now = inode.synced.clone();
                    inode.now.resize(length, 0);
                }
            }
            inode.synced = inode.now.clone();
            inode.phantom.clear();
        }
        if loss == Loss::Unsynced {
            self.names = self.synced_names.clone();
        } else if loss == Loss::Contents {
            self.synced_names = self.names.clone();
        }
        Self {
            steps: 0,
            fault: None,
            dead: false,
            hit: None,
            ..self
        }
    }
}

/// A disk in memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Sim(Arc<Mutex<State>>);

#[derive(Debug)]
struct SimFile {
    disk: Sim,
    inode: usize,
    position: usize,
}

impl Sim {
    pub(super) fn from_state(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(super) fn with_fault(step: u64, written: usize, error: Option<ErrorKind>) -> Self {
        Self::from_state(State {
            fault: Some(Fault {
                step,
                written,
                error,
            }),
            ..State::default()
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = *state.names.get(path)?;
        Some(state.inodes[inode].now.clone())
    }

    pub(super) fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode {
            now: bytes.to_owned(),
            synced: bytes.to_owned(),
            phantom: Vec::new(),
        });
        state.names.insert(path.to_owned(), inode);
        state.synced_names.insert(path.to_owned(), inode);
    }

    fn step(&self, action: &'static str, path: &Path) -> Result<(), PathError> {
        let step = self.state().step();
        step.map_err(|(_, error)| error).at(action, path)
    }
}

impl Medium for Sim {
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
        Ok(Box::new(SimFile {
            disk: self.clone(),
            inode,
            position: 0,
        }))
    }

    fn place(&self, path: &Path, bytes: &[u8]) -> Result<(), PathError> {
        self.step("write", path)?;
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode {
            now: bytes.to_owned(),
            synced: bytes.to_owned(),
            phantom: Vec::new(),
        });
        drop(state);
        self.step("replace", path)?;
        self.state().names.insert(path.to_owned(), inode);
        self.sync_folder(Path::new(FOLDER))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), PathError> {
        self.step("rename", from)?;
        let mut state = self.state();
        let inode = state.names.remove(from).unwrap();
        state.names.insert(to.to_owned(), inode);
        drop(state);
        self.sync_folder(Path::new(FOLDER))
    }
}

impl Read for SimFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        let rest = &state.inodes[self.inode].now[self.position..];
        let size = rest.len().min(buffer.len());
        buffer[..size].copy_from_slice(&rest[..size]);
        self.position += size;
        Ok(size)
    }
}

impl Seek for SimFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.disk.state().inodes[self.inode].now.len();
        self.position = match to {
            SeekFrom::Start(position) => usize::try_from(position).unwrap(),
            SeekFrom::End(0) => length,
            other => panic!("{other:?} is not used"),
        };
        Ok(self.position as u64)
    }
}

impl MediumFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let step = state.step();
        let inode = &mut state.inodes[self.inode];
        let start = inode.now.len();
        match step {
            Ok(()) => {
                inode.now.extend_from_slice(bytes);
                Ok(())
            }
            Err((written, error)) => {
                inode
                    .now
                    .extend_from_slice(&bytes[..written.min(bytes.len())]);
                state.hit.get_or_insert((self.inode, start, bytes.len()));
                Err(error)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        let step = state.step();
        let dead = state.dead;
        let inode = &mut state.inodes[self.inode];
        if let Err((_, error)) = step {
            if dead {
                return Err(error);
            }
            // A sector whose write failed holds neither the old bytes nor the new ones.
            let start = inode.synced.len().min(inode.now.len()) / SECTOR * SECTOR;
            inode.synced.truncate(start);
            inode.phantom.push(start..inode.now.len());
            return Err(error);
        }
        inode.synced = inode.now.clone();
        for range in &inode.phantom {
            inode.synced[range.clone()].fill(0);
        }
        Ok(())
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.step().map_err(|(_, error)| error)?;
        let inode = &mut state.inodes[self.inode];
        let length = usize::try_from(length).unwrap();
        inode.now.truncate(length);
        for range in &mut inode.phantom {
            *range = range.start.min(length)..range.end.min(length);
        }
        Ok(())
    }
}
