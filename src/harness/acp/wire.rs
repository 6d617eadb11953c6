//! The agent's end of the wire: bytes of its standard output to whole lines, in bounded memory.
//!
//! Every line is read here, before and beside the client: the client gets answers and requests only.
//! A line that is no JSON object is junk that some launcher printed, and is kept as plain output. Of
//! a line that is too long nothing is read; where it might have been an answer or a request, the
//! session cannot go on.

use std::{cell::RefCell, io, rc::Rc, time::Duration};

use futures::channel::mpsc;
use serde_json::Value;
use tokio::time::Instant;

use super::reader::Reader;
use crate::harness::record::Record;

/// The longest line that is read, in bytes: agents write whole files through tools.
const LONGEST: usize = 16 * 1024 * 1024;
/// How many bytes of a line that is too long say what it would have been.
const HEAD: usize = 1024;

/// The agent's output, on its way to the record and to the client.
pub(in crate::harness) struct Line {
    reader: Rc<RefCell<Reader>>,
    /// Where the client reads; `None` when the agent's output is over.
    client: Option<mpsc::Sender<io::Result<String>>>,
    partial: Vec<u8>,
    /// Bytes of the present line that were dropped.
    dropped: usize,
    last: Instant,
}

impl Line {
    pub(super) fn new(
        reader: Rc<RefCell<Reader>>,
        client: mpsc::Sender<io::Result<String>>,
    ) -> Self {
        Self {
            reader,
            client: Some(client),
            partial: Vec::new(),
            dropped: 0,
            last: Instant::now(),
        }
    }

    /// Takes a piece of standard output; one without bytes is its end.
    pub(in crate::harness) fn output(&mut self, bytes: &[u8], record: &mut Record<'_>) {
        if bytes.is_empty() {
            self.close(record);
            return;
        }
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, is_whole) = match piece.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (piece, false),
            };
            let room = LONGEST.saturating_sub(self.partial.len());
            let kept = line.get(..room).unwrap_or(line);
            self.dropped = self.dropped.saturating_add(line.len() - kept.len());
            self.partial.extend_from_slice(kept);
            if is_whole {
                self.line(record);
            }
        }
    }

    /// Takes the end of the output.
    pub(in crate::harness) fn close(&mut self, record: &mut Record<'_>) {
        if !self.partial.is_empty() {
            self.line(record);
        }
        self.client = None;
        self.reader.borrow_mut().flush(record);
    }

    /// For how long nothing was heard while no tool was at work.
    pub(in crate::harness) fn quiet(&self) -> Duration {
        if self.reader.borrow().is_waited_for() {
            Duration::ZERO
        } else {
            self.last.elapsed()
        }
    }

    fn line(&mut self, record: &mut Record<'_>) {
        self.last = Instant::now();
        let line = std::mem::take(&mut self.partial);
        let dropped = std::mem::take(&mut self.dropped);
        let mut reader = self.reader.borrow_mut();
        if dropped > 0 {
            let head = String::from_utf8_lossy(line.get(..HEAD).unwrap_or(&line)).into_owned();
            let bytes = line.len().saturating_add(dropped);
            let note = format!("[nightshift: a line of {bytes} bytes was not read]");
            record.plain(note.as_bytes());
            if !head.contains("\"session/update\"") {
                reader.fail(format!(
                    "it sent a line of {bytes} bytes, more than nightshift reads"
                ));
                self.client = None;
            }
            return;
        }
        let Ok(value @ Value::Object(_)) = serde_json::from_slice::<Value>(&line) else {
            if !line.trim_ascii().is_empty() {
                record.plain(&line);
            }
            return;
        };
        reader.take(&value, record);
        let is_for_client = value.get("id").is_some()
            || value.get("method").and_then(Value::as_str) == Some("$/cancel_request");
        let Some(client) = self.client.as_mut().filter(|_| is_for_client) else {
            return;
        };
        let text = String::from_utf8_lossy(&line).into_owned();
        if client.try_send(Ok(text)).is_err() {
            // More requests than anyone could have answers for; or the client has gone already.
            reader.fail("it sent requests faster than they can be answered".to_owned());
            self.client = None;
        }
    }
}
