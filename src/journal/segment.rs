//! Segments by name: `000001.jsonl`, `000002.jsonl`, … without a gap, one per night.
//!
//! What a crash leaves of a record is kept beside its segment as `000001.torn-<offset>`. Other
//! names in the folder are nobody's business and are left alone.

use std::{
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use super::{
    fold::{LONGEST_LINE, OpenError},
    medium::{Access, Medium},
    record::{self, Tip},
};
use crate::layout::{PathContext, PathError};

/// Returns the path of a segment.
pub(super) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.jsonl"))
}

/// Returns the number of the newest segment, 0 when there is none.
///
/// # Errors
/// A number is missing, or something that is not a regular file stands in place of a segment.
pub(super) fn newest(medium: &dyn Medium, folder: &Path) -> Result<u32, OpenError> {
    let mut numbers = Vec::new();
    for entry in medium.list(folder)? {
        let Some(number) = entry.name.to_str().and_then(number_of) else {
            continue;
        };
        if !entry.regular {
            return Err(OpenError::NotAFile {
                path: folder.join(entry.name),
            });
        }
        numbers.push(number);
    }
    numbers.sort_unstable();
    for (number, expected) in numbers.iter().zip(1..) {
        if *number != expected {
            return Err(OpenError::Gap {
                path: path(folder, expected),
            });
        }
    }
    Ok(numbers.last().copied().unwrap_or(0))
}

fn number_of(name: &str) -> Option<u32> {
    let digits = name.strip_suffix(".jsonl")?;
    let number = digits.parse().ok().filter(|number| *number > 0)?;
    (format!("{number:06}") == digits).then_some(number)
}

/// Returns a free path for what is set aside of a segment from `offset` on.
pub(super) fn torn_path(
    medium: &dyn Medium,
    folder: &Path,
    number: u32,
    offset: u64,
) -> Result<PathBuf, PathError> {
    let taken = medium.list(folder)?;
    let first = format!("{number:06}.torn-{offset}");
    // The same place may tear again after it was cut: nothing kept is ever overwritten.
    let mut name = first.clone();
    let mut times = 1;
    while taken.iter().any(|entry| entry.name == name.as_str()) {
        times += 1;
        name = format!("{first}-{times}");
    }
    Ok(folder.join(name))
}

/// Returns the end of the chain that a segment continues: the last record of the one before.
///
/// # Errors
/// The one before does not end in a whole record. It did when this segment was begun.
pub(super) fn origin(medium: &dyn Medium, folder: &Path, number: u32) -> Result<Tip, OpenError> {
    let Some(before) = number.checked_sub(1).filter(|before| *before > 0) else {
        return Ok(Tip::ORIGIN);
    };
    let path = path(folder, before);
    let mut file = medium.open(&path, Access::Read).at("open", &path)?;
    let (offset, line) = last_line(&mut file).at("read", &path)?;
    line.strip_suffix(b"\n")
        .and_then(record::verify_alone)
        .ok_or_else(|| OpenError::Damaged {
            path,
            offset,
            line: None,
            reason: "its last record is not whole, though the next segment was begun",
        })
}

/// Returns the offset and the bytes of the last line, line break included if it has one.
fn last_line(file: &mut (impl Read + Seek)) -> io::Result<(u64, Vec<u8>)> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut window = 8 * 1024;
    loop {
        let size = length.min(window);
        let start = length - size;
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.by_ref().take(size).read_to_end(&mut bytes)?;
        let inner = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if let Some(end) = inner.iter().rposition(|byte| *byte == b'\n') {
            let line = bytes.split_off(end + 1);
            return Ok((start + end as u64 + 1, line));
        }
        if start == 0 || size > LONGEST_LINE {
            return Ok((start, bytes));
        }
        window *= 2;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{last_line, number_of};

    #[test]
    fn only_segment_names_are_segments() {
        for (name, number) in [
            ("000001.jsonl", Some(1)),
            ("123456.jsonl", Some(123_456)),
            ("1234567.jsonl", Some(1_234_567)),
            ("000000.jsonl", None),
            ("0000001.jsonl", None),
            ("+00001.jsonl", None),
            ("1.jsonl", None),
            ("000001.torn-5", None),
            (".new-000001.jsonl", None),
            ("000001.jsonl~", None),
        ] {
            assert_eq!(number_of(name), number, "{name}");
        }
    }

    #[test]
    fn the_last_line_is_found_however_long_it_is() {
        let long = "x".repeat(40_000);
        for (text, offset, line) in [
            (String::new(), 0, ""),
            ("one\n".to_owned(), 0, "one\n"),
            ("one\ntwo\n".to_owned(), 4, "two\n"),
            ("one\ntw".to_owned(), 4, "tw"),
            ("one\n\n".to_owned(), 4, "\n"),
            (format!("one\n{long}\n"), 4, &*format!("{long}\n")),
            (format!("{long}\ntwo\n"), 40_001, "two\n"),
        ] {
            let found = last_line(&mut Cursor::new(text.as_bytes())).unwrap();
            assert_eq!(found, (offset, line.as_bytes().to_owned()));
        }
    }
}
