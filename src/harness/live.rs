//! `raw.live.log`: what an agent prints while the end of its `raw.log` is still in memory.
//!
//! For whoever looks on (`nightshift logs -f`), and for whoever looks for what a killed runner saw
//! last. Written at once and in bounded size: of a flood some of each second is shown, and the
//! file begins anew when it is large. Nothing depends on it, so what cannot be written is dropped.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

/// Bytes that are shown of each second.
const A_SECOND: usize = 64 * 1024;
/// Bytes at which the file begins anew.
const MOST: usize = 1024 * 1024;

pub(super) struct Live {
    path: PathBuf,
    file: Option<File>,
    written: usize,
    since: Instant,
    left: usize,
    skipped: usize,
}

impl Live {
    /// Nothing is written before there is something to show.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            path: folder.join("raw.live.log"),
            file: None,
            written: 0,
            since: Instant::now(),
            left: A_SECOND,
            skipped: 0,
        }
    }

    /// Returns whether more of this second may be shown.
    pub(super) fn has_room(&mut self) -> bool {
        if self.since.elapsed() >= Duration::from_secs(1) {
            self.since = Instant::now();
            self.left = A_SECOND;
        }
        self.left > 0
    }

    /// Notes that a line is not shown.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.skipped += bytes;
    }

    /// Shows a line, which is redacted already.
    pub(super) fn line(&mut self, text: &str) {
        self.left = self.left.saturating_sub(text.len() + 1);
        let skipped = std::mem::take(&mut self.skipped);
        let mut shown = String::new();
        if skipped > 0 {
            shown = format!("[nightshift: {skipped} bytes are not shown here]\n");
        }
        shown.push_str(text);
        shown.push('\n');
        if self.file.is_none() {
            let mut options = OpenOptions::new();
            self.file = options.append(true).create(true).open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return };
        if self.written > MOST {
            drop(file.set_len(0));
            self.written = 0;
        }
        drop(file.write_all(shown.as_bytes()));
        self.written += shown.len();
    }

    /// Takes the file away: all of it stands in `raw.log` now.
    pub(super) fn close(&mut self) {
        if self.file.take().is_some() {
            drop(fs::remove_file(&self.path));
        }
    }
}
