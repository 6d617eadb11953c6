//! The beginning and the end of an output of any length, in bounded space.

/// How much of the beginning is kept.
const HEAD: usize = 64 * 1024;
/// How much of the end is kept.
const TAIL: usize = 256 * 1024;

/// What is kept of an output.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    /// Up to twice [`TAIL`], so that its beginning is moved away seldom.
    tail: Vec<u8>,
    left_out: u64,
}

impl Kept {
    pub(super) fn push(&mut self, piece: &[u8]) {
        let room = HEAD.saturating_sub(self.head.len()).min(piece.len());
        let (head, tail) = piece.split_at_checked(room).unwrap_or((piece, &[]));
        self.head.extend_from_slice(head);
        self.tail.extend_from_slice(tail);
        if self.tail.len() > 2 * TAIL {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let surplus = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..surplus);
        self.left_out += surplus as u64;
    }

    /// Returns it as text, with a line in the place of what was left out. The cuts are made
    /// between lines (or words), so that no secret is cut into two unrecognizable parts.
    pub(super) fn into_text(mut self) -> String {
        self.trim();
        if self.left_out == 0 {
            self.head.extend_from_slice(&self.tail);
            return String::from_utf8_lossy(&self.head).into_owned();
        }
        let head_end = cut(self.head.iter().rposition(|b| *b == b'\n'), || {
            self.head.iter().rposition(u8::is_ascii_whitespace)
        });
        let tail_start = cut(self.tail.iter().position(|b| *b == b'\n'), || {
            self.tail.iter().position(u8::is_ascii_whitespace)
        });
        let head = head_end.and_then(|end| self.head.get(..end));
        let tail = tail_start.and_then(|start| self.tail.get(start..));
        let (head, tail) = (head.unwrap_or(&self.head), tail.unwrap_or(&self.tail));
        let shown = head.len() + tail.len();
        let left_out = self.left_out + (self.head.len() + self.tail.len() - shown) as u64;
        let end = if head.ends_with(b"\n") { "" } else { "\n" };
        format!(
            "{}{end}[… {left_out} bytes left out …]\n{}",
            String::from_utf8_lossy(head),
            String::from_utf8_lossy(tail)
        )
    }
}

/// Returns the place after the line break, or after another white space.
fn cut(line: Option<usize>, word: impl Fn() -> Option<usize>) -> Option<usize> {
    line.or_else(word).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_of_little() {
        let mut kept = Kept::default();
        kept.push(b"one\n\xff");
        kept.push(b"two\n");
        assert_eq!(kept.into_text(), "one\n\u{fffd}two\n");
    }

    #[test]
    fn keeps_both_ends_of_much_in_bounded_space() {
        let mut kept = Kept::default();
        let mut total = 0;
        for number in 0..100_000 {
            let line = format!("line {number}\n");
            total += line.len();
            kept.push(line.as_bytes());
            assert!(kept.head.len() + kept.tail.len() <= HEAD + 2 * TAIL + line.len());
        }
        let text = kept.into_text();
        assert!(text.starts_with("line 0\nline 1\n"));
        assert!(text.ends_with("\nline 99998\nline 99999\n"));
        assert!(text.len() < HEAD + TAIL + 64);
        let (head, rest) = text.split_once("[… ").unwrap();
        let (left_out, tail) = rest.split_once(" bytes left out …]\n").unwrap();
        assert_eq!(
            left_out.parse::<usize>().unwrap() + head.len() + tail.len(),
            total
        );
        assert!(
            text.lines()
                .all(|line| line.starts_with("line ") || line.starts_with("[… "))
        );
    }
}
