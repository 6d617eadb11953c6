//! `control.json`: what humans ask of a running night from other terminals.
//!
//! One file with a list of requests, changed under a small lock and replaced atomically. The
//! runner journals a request before it takes it out; each has an id, so that a request read twice
//! after a crash counts once.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

use serde::{Deserialize, Serialize};

use crate::{
    layout::{self, PathContext, PathError},
    machine::Request,
};

/// Why `control.json` could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The file system refused.
    #[error(transparent)]
    Io(#[from] PathError),
    /// It holds something else than requests.
    #[error("`{path}` does not hold requests: {reason}")]
    Foreign {
        /// The file.
        path: String,
        /// What the parser says.
        reason: String,
    },
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requests {
    version: u32,
    requests: Vec<Request>,
}

/// Adds a request.
///
/// # Errors
/// The file cannot be read or replaced, or holds something else.
pub fn add(path: &Path, request: Request) -> Result<(), ControlError> {
    let _guard = guard(path)?;
    let mut all = read_all(path)?;
    all.requests.push(request);
    store(path, &all)
}

/// Returns the requests that wait, oldest first.
///
/// # Errors
/// The file cannot be read, or holds something else.
pub fn read(path: &Path) -> Result<Vec<Request>, ControlError> {
    read_all(path).map(|all| all.requests)
}

/// Takes out the requests for which `done` says so.
///
/// # Errors
/// The file cannot be read or replaced, or holds something else.
pub fn take(path: &Path, done: impl Fn(&Request) -> bool) -> Result<(), ControlError> {
    let _guard = guard(path)?;
    let mut all = read_all(path)?;
    all.requests.retain(|request| !done(request));
    store(path, &all)
}

fn read_all(path: &Path) -> Result<Requests, ControlError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Requests {
                version: 1,
                requests: Vec::new(),
            });
        }
        Err(error) => return Err(error).at("read", path).map_err(ControlError::from),
    };
    serde_json::from_str(&text).map_err(|error| ControlError::Foreign {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}

fn store(path: &Path, all: &Requests) -> Result<(), ControlError> {
    let text = serde_json::to_string_pretty(all).map_err(|error| ControlError::Foreign {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    Ok(layout::replace(path, text.as_bytes())?)
}

fn guard(path: &Path) -> Result<File, PathError> {
    let lock = path.with_extension("lock");
    if let Some(folder) = lock.parent() {
        fs::create_dir_all(folder).at("create the folder", folder)?;
    }
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&lock)
        .at("open the lock", &lock)?;
    file.lock().at("lock", &lock)?;
    Ok(file)
}
