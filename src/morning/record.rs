//! Journaling a request when no night is running.

use std::{io, path::Path};

use crate::{
    clock,
    journal::{AppendError, Journal, OpenError, Record},
    machine::{Event, IllegalEvent, Request, State},
};

/// Why a request was not journaled.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The journal cannot be used.
    #[error("the journal cannot be used")]
    Open(#[source] OpenError),
    /// It cannot be written.
    #[error("the journal cannot be written")]
    Append(#[source] AppendError),
    /// The request cannot follow.
    #[error("the request does not fit the night's state")]
    Illegal(#[from] IllegalEvent),
    /// There is no night yet.
    #[error("no night has been run here yet")]
    NoNight,
}

/// Journals requests in the newest night. The caller holds the night's lock.
///
/// # Errors
/// The journal is damaged or cannot be written, or a request cannot follow.
pub fn record(folder: &Path, requests: &[Request]) -> Result<State, RecordError> {
    let mut state = State::default();
    let mut illegal = None;
    let opened = Journal::open(folder, |record: Record<Event>| {
        state.evolve(&record.now(), &record.event).map_err(|error| {
            illegal = Some(error);
            io::Error::other("a fact that cannot follow")
        })
    });
    if let Some(illegal) = illegal {
        return Err(RecordError::Illegal(illegal));
    }
    let (mut journal, _) = opened.map_err(RecordError::Open)?;
    let Some(night) = state.night().map(|night| night.terms.night.clone()) else {
        return Err(RecordError::NoNight);
    };
    let now = clock::now();
    let events: Vec<_> = requests.iter().cloned().map(Event::Asked).collect();
    // Folded first: what cannot follow must not be journaled.
    for event in &events {
        state.evolve(&now, event)?;
    }
    journal
        .append_all(&night, &events, &now)
        .map_err(RecordError::Append)?;
    Ok(state)
}
