//! The journal read as a state: by the runner, which writes it, and by everyone who looks on.

use std::{io, path::Path};

use crate::{
    journal::{self, OpenError, Record, Which},
    machine::{Event, IllegalEvent, State},
};

/// Why a journal does not make a state.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// It cannot be read.
    #[error("the journal cannot be read")]
    Read(#[source] OpenError),
    /// One of its facts cannot follow from the ones before.
    #[error("record {seq} of the journal cannot follow from those before it")]
    Illegal {
        /// The record's number.
        seq: u64,
        /// What cannot follow.
        #[source]
        source: IllegalEvent,
    },
}

/// Returns the state that one night's segment makes; `None` when there is none.
///
/// Reads only: a last record that is still being written is left alone.
///
/// # Errors
/// The segment is damaged, or was written by a newer nightshift.
pub fn read(folder: &Path, which: Which<'_>) -> Result<Option<State>, LedgerError> {
    read_each(folder, which, |_, _| {})
}

/// [`read`], and hands each record to `each`, with the state that it has made.
///
/// # Errors
/// See [`read`].
pub fn read_each(
    folder: &Path,
    which: Which<'_>,
    mut each: impl FnMut(&State, &Record<Event>),
) -> Result<Option<State>, LedgerError> {
    let mut state = State::default();
    let mut illegal = None;
    let read = journal::read(folder, which, |record: Record<Event>| {
        let folded = state.evolve(&record.now(), &record.event);
        if folded.is_ok() {
            each(&state, &record);
        }
        folded.map_err(|source| {
            illegal = Some(LedgerError::Illegal {
                seq: record.seq,
                source,
            });
            io::Error::other("illegal event")
        })
    });
    if let Some(illegal) = illegal {
        return Err(illegal);
    }
    match read {
        Ok(_) if state.night().is_none() => Ok(None),
        Ok(_) => Ok(Some(state)),
        Err(OpenError::Missing { .. }) => Ok(None),
        Err(error) => Err(LedgerError::Read(error)),
    }
}
