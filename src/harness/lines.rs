//! Bytes of a stream to lines, and the end of a long stream, both in bounded memory.

use std::collections::VecDeque;

/// The longest line that is kept, in bytes.
pub(super) const LONGEST_LINE: usize = 64 * 1024;

/// How much more of a line is read, so that a secret at the cut is still whole when it is looked
/// for.
const SLACK: usize = 4 * 1024;

/// Cuts a stream into lines. The rest of a line that is too long is dropped.
#[derive(Debug, Default)]
pub(super) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes bytes, and gives `each` the lines that they end, without their line break.
    pub(super) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (line, ended) = match piece.strip_suffix(b"\n") {
                Some(line) => (line, true),
                None => (piece, false),
            };
            let room = (LONGEST_LINE + SLACK).saturating_sub(self.partial.len());
            let kept = line.get(..room).unwrap_or(line);
            if ended && self.partial.is_empty() {
                each(kept);
            } else {
                self.partial.extend_from_slice(kept);
                if ended {
                    each(&self.partial);
                    self.partial.clear();
                }
            }
        }
    }

    /// Gives `each` the last line, if the stream did not end with a line break.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&[u8])) {
        if !self.partial.is_empty() {
            each(&self.partial);
            self.partial = Vec::new();
        }
    }
}

/// The last so many bytes of lines.
#[derive(Debug)]
pub(super) struct Tail {
    bytes: VecDeque<u8>,
    most: usize,
    dropped: u64,
}

impl Tail {
    /// Returns an empty tail that keeps `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            most,
            dropped: 0,
        }
    }

    /// Adds a line.
    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend(line);
        self.bytes.push_back(b'\n');
        let excess = self.bytes.len().saturating_sub(self.most);
        self.bytes.drain(..excess);
        self.dropped += excess as u64;
    }

    /// Returns how many bytes in front are gone, and the whole lines that are left.
    pub(super) fn into_lines(mut self) -> (u64, Vec<u8>) {
        if self.dropped > 0 {
            // The first line lost its beginning, and with it perhaps half of a secret.
            let torn = self.bytes.iter().position(|byte| *byte == b'\n');
            let torn = torn.map_or(self.bytes.len(), |at| at + 1);
            self.bytes.drain(..torn);
            self.dropped += torn as u64;
        }
        (self.dropped, self.bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_stream_is_cut() {
        let text = b"one\n\ntwo three\r\nfour";
        for size in 1..text.len() {
            let mut lines = Lines::default();
            let mut seen: Vec<Vec<u8>> = Vec::new();
            for chunk in text.chunks(size) {
                lines.push(chunk, |line| seen.push(line.into()));
            }
            lines.finish(|line| seen.push(line.into()));
            assert_eq!(seen, [&b"one"[..], b"", b"two three\r", b"four"], "{size}");
        }
    }

    #[test]
    fn an_endless_line_takes_bounded_memory() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for _ in 0..100 {
            lines.push(&[b'x'; 10_000], |line| seen.push(line.len()));
        }
        lines.push(b"\nnext\n", |line| seen.push(line.len()));
        assert_eq!(seen, [LONGEST_LINE + SLACK, 4]);
    }

    #[test]
    fn a_tail_keeps_whole_lines_and_counts_what_is_gone() {
        let mut tail = Tail::new(10);
        for line in ["aaaa", "bbbb", "cccc"] {
            tail.push(line.as_bytes());
        }
        assert_eq!(tail.into_lines(), (10, b"cccc\n".to_vec()));
        let mut tail = Tail::new(10);
        tail.push(b"aaaa");
        assert_eq!(tail.into_lines(), (0, b"aaaa\n".to_vec()));
    }
}
