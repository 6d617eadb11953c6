//! Reads a directory of tickets.
//!
//! What can be wrong with one file is a diagnostic of that file, and the others go on; only a
//! folder that is not there or cannot be listed is an error. Files are opened so that a pipe in
//! the place of a file cannot block, and at most [`LARGEST_TICKET`] bytes are read.

use std::{
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{
    graph::{Backlog, assemble},
    parse::{LARGEST_TICKET, Parsed, parse, too_large},
    scan::{LoadError, Seen, Stamp, scan},
};
use crate::diagnostic::{Diagnostic, Source};

/// Reads the tickets in `<root>/<folder>`.
///
/// # Errors
/// The folder is missing, is not a folder, or cannot be read.
pub fn load(root: &Path, folder: &str) -> Result<Backlog, LoadError> {
    let found = scan(root, folder)?;
    let files: Vec<Parsed> = found
        .files
        .iter()
        .filter_map(|(file, seen)| Some(read(root, folder, file, seen)?.1))
        .collect();
    Ok(assemble(&files.iter().collect::<Vec<_>>(), &found.finished))
}

/// Reads one file, and says how it looked while it was read; nothing when it has gone meanwhile.
pub(super) fn read(root: &Path, folder: &str, file: &str, seen: &Seen) -> Option<(Seen, Parsed)> {
    let shown = format!("{folder}/{file}");
    let odd = |code, message: String, help: &str| {
        let source = Source::new(&shown, "");
        Parsed::unread(file, Diagnostic::error(code, message, &source, 0..0, help))
    };
    let stamp = match seen {
        Seen::Odd(code, message, help) => {
            return Some((seen.clone(), odd(code, message.clone(), help)));
        }
        Seen::File(stamp) => stamp,
    };
    if stamp.length > LARGEST_TICKET {
        let parsed = Parsed::unread(file, too_large(&shown, stamp.length));
        return Some((seen.clone(), parsed));
    }
    match bytes(&root.join(folder).join(file)) {
        Ok((stamp, bytes)) => Some((Seen::File(stamp), parse(&shown, file, &bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let message = format!("the ticket cannot be read: {error}");
            Some((
                seen.clone(),
                odd("unreadable", message, "check who may read it"),
            ))
        }
    }
}

fn bytes(path: &Path) -> io::Result<(Stamp, Vec<u8>)> {
    // Opening a pipe would wait for its writer; reading one opened like this ends at once.
    let no_wait = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_wait)
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes =
        Vec::with_capacity(usize::try_from(metadata.len().min(LARGEST_TICKET)).unwrap_or(0));
    file.take(LARGEST_TICKET + 1).read_to_end(&mut bytes)?;
    Ok((Stamp::of(&metadata), bytes))
}

#[cfg(test)]
mod tests;
