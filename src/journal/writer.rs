//! The one writer: appends, syncs, and stops believing the file as soon as one of both fails.
//!
//! [`Journal`] writes whole lines with one write and returns after the sync. What it found and
//! mended when it was opened stands in [`Opened`]; the caller journals that as an event of its own.
//! That there is only one writer is the caller's promise (it holds the runner's lock).

use std::{
    error::Error,
    io::{self, Read, Seek, SeekFrom},
    marker::PhantomData,
    ops::Range,
    path::{Path, PathBuf},
    slice,
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    fold::{self, LONGEST_LINE, OpenError},
    medium::{Access, Disk, Medium, MediumFile},
    record::{self, Record, Tip},
    segment,
};
use crate::{
    clock::Now,
    layout::{PathContext, PathError},
    mutant::{Mutant, forgets},
};

/// The journal, open for writing.
#[derive(Debug)]
pub struct Journal<E> {
    medium: Box<dyn Medium>,
    folder: PathBuf,
    /// The newest segment; `None` before the first night ever.
    segment: Option<Segment>,
    /// The last record that is known to be synced.
    tip: Tip,
    health: Health,
    event: PhantomData<fn(&E)>,
}

#[derive(Debug)]
struct Segment {
    number: u32,
    path: PathBuf,
    file: Box<dyn MediumFile>,
    /// The end of the chain before this segment.
    origin: Tip,
    /// How many records it holds.
    records: u64,
    /// Bytes that are known to be synced.
    end: u64,
}

/// Whether the file is what we believe it is; if not, since which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Sound,
    AfterWrite,
    AfterSync,
    AfterBegin,
}

/// What was found in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The newest segment; `None` when nothing was ever journaled.
    pub segment: Option<u32>,
    /// How many records it holds.
    pub records: u64,
    /// The number of the last record, 0 when nothing was ever journaled.
    pub last_seq: u64,
    /// The remains of a record that was being written when the writer died, if there were any.
    pub recovered: Option<Torn>,
}

/// Remains of an unfinished write, set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The segment they were in.
    pub segment: u32,
    /// Where they began, in bytes; 0 also when the whole segment was set aside.
    pub offset: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// The file that has them now.
    pub kept_at: PathBuf,
}

/// Why nothing was appended, as far as can be known.
///
/// After [`NoSpace`](Self::NoSpace) and [`Io`](Self::Io) every later call says
/// [`Poisoned`](Self::Poisoned), until [`Journal::recover_after_failure`] has had a look.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// No space is left on the disk, or for this user.
    #[error("no space is left for the journal")]
    NoSpace(#[source] PathError),
    /// A file cannot be written or synced.
    #[error(transparent)]
    Io(PathError),
    /// An earlier write or sync failed, so what is on the disk is not known.
    #[error("the journal is unknown since an earlier write to it failed")]
    Poisoned,
    /// No segment was ever begun.
    #[error("the journal has no segment yet")]
    NoSegment,
    /// A segment must begin with a record.
    #[error("a segment cannot begin without a record")]
    NothingToBegin,
    /// The event cannot be written as JSON; nothing was written.
    #[error("the event cannot be written as JSON")]
    Encode(#[from] serde_json::Error),
    /// The record would be longer than what is read back; nothing was written.
    #[error("the record is too long ({bytes} bytes)")]
    TooLong {
        /// Its length.
        bytes: u64,
    },
}

impl From<PathError> for AppendError {
    fn from(error: PathError) -> Self {
        match error.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace(error),
            _ => Self::Io(error),
        }
    }
}

impl<E: Serialize + DeserializeOwned> Journal<E> {
    /// Opens the journal in `folder` (made if need be) for the one writer, and hands every record of
    /// the newest segment to `each`, in order. All that is handed over is synced.
    ///
    /// A crash leaves at most an unfinished last line. It is set aside into a file beside the
    /// segment and cut off, durably, and named in [`Opened::recovered`]; so is a newest segment
    /// without one whole record, whose predecessor is then the newest. Unfinished is a last line
    /// without its line break, also when only that is missing, and a last line that does not match
    /// its hash, because a write that was not synced may have left anything. Damage in the
    /// last record of all therefore cannot be told from a crash: the caller compares with git. Of a
    /// batch ([`Journal::append_all`]) a crash is taken to leave a beginning; a file system that
    /// keeps its end without its beginning makes damage of it, and the night stops.
    ///
    /// # Errors
    /// Damage before the tail, with its place; a record that a newer version wrote; a record that
    /// `each` refused; a segment that is missing or not a regular file. Nothing was rewritten.
    pub fn open<X: Into<Box<dyn Error + Send + Sync>>>(
        folder: &Path,
        each: impl FnMut(Record<E>) -> Result<(), X>,
    ) -> Result<(Self, Opened), OpenError> {
        Self::open_on(Box::new(Disk), folder, each)
    }

    /// [`Journal::open`] on another disk.
    pub(crate) fn open_on<X: Into<Box<dyn Error + Send + Sync>>>(
        medium: Box<dyn Medium>,
        folder: &Path,
        mut each: impl FnMut(Record<E>) -> Result<(), X>,
    ) -> Result<(Self, Opened), OpenError> {
        medium.make_folder(folder)?;
        let mut newest = segment::newest(&*medium, folder)?;
        // A segment that was renamed into place by a writer that died may not have its name synced.
        medium.sync_folder(folder)?;
        let mut recovered = None;
        let mut open = None;
        let mut tip = Tip::ORIGIN;
        while newest > 0 {
            let path = segment::path(folder, newest);
            let origin = segment::origin(&*medium, folder, newest)?;
            let mut file = medium.open(&path, Access::Append).at("open", &path)?;
            // What a killed writer wrote but did not sync is read here: it must be durable before
            // anybody acts on it.
            file.sync().at("sync", &path)?;
            let folded = fold::fold(&mut file, &path, origin, &mut each)?;
            if folded.records == 0 {
                let bytes = folded.tail.map_or(0, |tail| tail.len() as u64);
                recovered = Some(set_segment_aside(&*medium, folder, newest, bytes)?);
                newest -= 1;
                continue;
            }
            if let Some(tail) = folded.tail
                && !forgets(Mutant::TailKept)
            {
                recovered = Some(keep(&*medium, folder, newest, folded.end, &tail)?);
                file.cut(folded.end).at("cut", &path)?;
                file.sync().at("sync", &path)?;
            }
            tip = folded.tip;
            open = Some(Segment {
                number: newest,
                path,
                file,
                origin,
                records: folded.records,
                end: folded.end,
            });
            break;
        }
        let journal = Self {
            medium,
            folder: folder.to_owned(),
            segment: open,
            tip,
            health: Health::Sound,
            event: PhantomData,
        };
        let opened = journal.opened(recovered);
        Ok((journal, opened))
    }

    /// Appends one event and returns its record's number. It survives power loss once this
    /// returns.
    ///
    /// # Errors
    /// See [`AppendError`]. After a failed write or sync the record may or may not be on the disk.
    pub fn append(&mut self, night: &str, event: &E, now: &Now) -> Result<u64, AppendError> {
        let seqs = self.append_all(night, slice::from_ref(event), now)?;
        Ok(seqs.start)
    }

    /// Appends several events with one write and one sync, each as a record of its own, and returns
    /// their numbers. A crash may leave the first few of them.
    ///
    /// # Errors
    /// See [`AppendError`]. After a failed write or sync any of the records may be on the disk.
    pub fn append_all(
        &mut self,
        night: &str,
        events: &[E],
        now: &Now,
    ) -> Result<Range<u64>, AppendError> {
        if self.health != Health::Sound {
            return Err(AppendError::Poisoned);
        }
        let Some(segment) = &mut self.segment else {
            return Err(AppendError::NoSegment);
        };
        let (lines, tip) = lines(self.tip, night, events, now)?;
        if !lines.is_empty() {
            // Set before each step and reset at the end, so that no way out forgets it.
            self.health = Health::AfterWrite;
            segment.file.append(&lines).at("write", &segment.path)?;
            self.health = Health::AfterSync;
            if !forgets(Mutant::SyncSkipped) {
                segment.file.sync().at("sync", &segment.path)?;
            }
            self.health = Health::Sound;
        }
        let seqs = self.tip.seq + 1..tip.seq + 1;
        segment.records += events.len() as u64;
        segment.end += lines.len() as u64;
        self.tip = tip;
        Ok(seqs)
    }

    /// Begins the next segment with these events (a checkpoint and the night's start): after a
    /// crash all of them are there or none. Returns their numbers.
    ///
    /// # Errors
    /// [`AppendError::NothingToBegin`] without an event; else as [`Journal::append`].
    pub fn begin_segment(
        &mut self,
        night: &str,
        events: &[E],
        now: &Now,
    ) -> Result<Range<u64>, AppendError> {
        if self.health != Health::Sound {
            return Err(AppendError::Poisoned);
        }
        if events.is_empty() {
            return Err(AppendError::NothingToBegin);
        }
        let (lines, tip) = lines(self.tip, night, events, now)?;
        let number = self.newest() + 1;
        let path = segment::path(&self.folder, number);
        self.health = Health::AfterBegin;
        self.medium.place(&path, &lines)?;
        let file = self.medium.open(&path, Access::Append).at("open", &path)?;
        self.health = Health::Sound;
        let seqs = self.tip.seq + 1..tip.seq + 1;
        self.segment = Some(Segment {
            number,
            path,
            file,
            origin: self.tip,
            records: events.len() as u64,
            end: lines.len() as u64,
        });
        self.tip = tip;
        Ok(seqs)
    }

    /// Makes the journal usable again after a failed append, if its file allows it: verifies
    /// everything that was synced, and takes back what was not, so that an append that failed has
    /// not happened and may be tried again. What is taken back is kept, as by [`Journal::open`].
    ///
    /// After "no space", free the ballast first. After a failed sync the kernel may hold as written
    /// what never reached the disk, so the verified records are written into a new file; call it
    /// also before a halt, or the next start may believe what only the kernel remembers. Does nothing
    /// to a sound journal.
    ///
    /// # Errors
    /// What was synced is not there any more, or the disk still refuses; the journal stays poisoned
    /// and the night must halt.
    pub fn recover_after_failure(&mut self) -> Result<Opened, OpenError> {
        let recovered = match self.health {
            Health::Sound => None,
            Health::AfterBegin => self.take_back_segment()?,
            Health::AfterWrite | Health::AfterSync => self.take_back_lines()?,
        };
        self.health = Health::Sound;
        Ok(self.opened(recovered))
    }

    /// Sets the segment aside that could not be begun, if any of it is there.
    fn take_back_segment(&self) -> Result<Option<Torn>, OpenError> {
        let number = self.newest() + 1;
        if segment::newest(&*self.medium, &self.folder)? < number {
            return Ok(None);
        }
        let path = segment::path(&self.folder, number);
        let bytes = self
            .medium
            .open(&path, Access::Read)
            .and_then(|mut file| file.seek(SeekFrom::End(0)))
            .at("read", &path)?;
        set_segment_aside(&*self.medium, &self.folder, number, bytes).map(Some)
    }

    /// Cuts off what was written but never known to be synced.
    fn take_back_lines(&mut self) -> Result<Option<Torn>, OpenError> {
        let Some(segment) = &mut self.segment else {
            return Ok(None);
        };
        let path = &segment.path;
        let mut bytes = Vec::new();
        let mut file = self.medium.open(path, Access::Append).at("open", path)?;
        file.read_to_end(&mut bytes).at("read", path)?;
        let synced = usize::try_from(segment.end).unwrap_or(usize::MAX);
        let tail = bytes.split_off(synced.min(bytes.len()));
        let verified = fold::verify(&*bytes, path, segment.origin)?;
        if verified.tip != self.tip || verified.tail.is_some() {
            return Err(OpenError::Damaged {
                path: path.clone(),
                offset: verified.end,
                line: Some(verified.records + 1),
                reason: "records that were synced are missing",
            });
        }
        let torn = if tail.is_empty() {
            None
        } else {
            Some(keep(
                &*self.medium,
                &self.folder,
                segment.number,
                segment.end,
                &tail,
            )?)
        };
        file.cut(segment.end).at("cut", path)?;
        if self.health == Health::AfterWrite {
            self.health = Health::AfterSync;
            file.sync().at("sync", path)?;
        } else {
            self.medium.place(path, &bytes)?;
            file = self.medium.open(path, Access::Append).at("open", path)?;
        }
        segment.file = file;
        Ok(torn)
    }

    fn newest(&self) -> u32 {
        self.segment.as_ref().map_or(0, |segment| segment.number)
    }

    fn opened(&self, recovered: Option<Torn>) -> Opened {
        Opened {
            segment: self.segment.as_ref().map(|segment| segment.number),
            records: self.segment.as_ref().map_or(0, |segment| segment.records),
            last_seq: self.tip.seq,
            recovered,
        }
    }
}

/// Returns the lines of these events and the end of the chain after them.
fn lines<E: Serialize>(
    mut tip: Tip,
    night: &str,
    events: &[E],
    now: &Now,
) -> Result<(Vec<u8>, Tip), AppendError> {
    let mut lines = Vec::new();
    for event in events {
        let start = lines.len();
        tip = record::encode(&mut lines, tip, night, event, now)?;
        let bytes = (lines.len() - start) as u64;
        if bytes > LONGEST_LINE {
            return Err(AppendError::TooLong { bytes });
        }
    }
    Ok((lines, tip))
}

/// Copies the tail of a segment into a file of its own.
fn keep(
    medium: &dyn Medium,
    folder: &Path,
    number: u32,
    offset: u64,
    tail: &[u8],
) -> Result<Torn, OpenError> {
    let kept_at = segment::torn_path(medium, folder, number, offset)?;
    medium.place(&kept_at, tail)?;
    Ok(Torn {
        segment: number,
        offset,
        bytes: tail.len() as u64,
        kept_at,
    })
}

/// Renames a segment that has no record that counts; `bytes` is its length.
fn set_segment_aside(
    medium: &dyn Medium,
    folder: &Path,
    number: u32,
    bytes: u64,
) -> Result<Torn, OpenError> {
    let kept_at = segment::torn_path(medium, folder, number, 0)?;
    medium.rename(&segment::path(folder, number), &kept_at)?;
    Ok(Torn {
        segment: number,
        offset: 0,
        bytes,
        kept_at,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        fs::{self, File, OpenOptions},
        io::Write,
        os::unix::fs::symlink,
        path::Path,
    };

    use serde::{Deserialize, Serialize};

    use super::{AppendError, Journal, Opened};
    use crate::{
        clock::{self, Now},
        journal::OpenError,
    };

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Event {
        Began { of: String },
        Landed { ticket: String },
    }

    fn began(of: &str) -> Event {
        Event::Began { of: of.to_owned() }
    }

    fn landed(ticket: &str) -> Event {
        Event::Landed {
            ticket: ticket.to_owned(),
        }
    }

    fn open(folder: &Path) -> Result<(Journal<Event>, Opened, Vec<Event>), OpenError> {
        let mut events = Vec::new();
        let (journal, opened) = Journal::open(folder, |record| {
            events.push(record.event);
            Ok::<(), Infallible>(())
        })?;
        Ok((journal, opened, events))
    }

    fn now() -> Now {
        clock::now()
    }

    /// A folder with two nights: records 1 and 2, then 3 and 4.
    fn two_nights() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, ..) = open(folder.path()).unwrap();
        for (night, ticket) in [("n1", "001"), ("n2", "002")] {
            journal
                .begin_segment(night, &[began(night)], &now())
                .unwrap();
            journal.append(night, &landed(ticket), &now()).unwrap();
        }
        folder
    }

    fn append_raw(path: &Path, bytes: &[u8]) {
        OpenOptions::new()
            .append(true)
            .open(path)
            .unwrap()
            .write_all(bytes)
            .unwrap();
    }

    #[test]
    fn a_night_is_written_and_read_again() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("state/journal");
        let (mut journal, opened, events) = open(&folder).unwrap();
        assert_eq!(
            (opened.segment, opened.last_seq, events.len()),
            (None, 0, 0)
        );
        assert!(matches!(
            journal.append("n1", &landed("001"), &now()),
            Err(AppendError::NoSegment)
        ));
        assert!(matches!(
            journal.begin_segment("n1", &[], &now()),
            Err(AppendError::NothingToBegin)
        ));
        let seqs = journal
            .begin_segment("n1", &[began("n1"), began("lane")], &now())
            .unwrap();
        assert_eq!(seqs, 1..3);
        assert_eq!(journal.append("n1", &landed("001"), &now()).unwrap(), 3);
        assert_eq!(journal.append_all("n1", &[], &now()).unwrap(), 4..4);
        let seqs = journal
            .append_all("n1", &[landed("002"), landed("003")], &now())
            .unwrap();
        assert_eq!(seqs, 4..6);
        drop(journal);

        let (mut journal, opened, events) = open(&folder).unwrap();
        assert_eq!((opened.segment, opened.records), (Some(1), 5));
        assert_eq!((opened.last_seq, opened.recovered), (5, None));
        assert_eq!(events.last(), Some(&landed("003")));

        let seqs = journal.begin_segment("n2", &[began("n2")], &now()).unwrap();
        assert_eq!(seqs, 6..7);
        let (_, opened, events) = open(&folder).unwrap();
        assert_eq!((opened.segment, opened.last_seq), (Some(2), 6));
        assert_eq!(events, [began("n2")]);
    }

    #[test]
    fn a_torn_tail_is_set_aside_and_never_overwritten() {
        let folder = two_nights();
        let segment = folder.path().join("000002.jsonl");
        let whole = fs::read(&segment).unwrap();
        for (torn, name) in [
            (&b"{\"seq\":5,\"at"[..], "000002.torn-{}"),
            (b"\0\0\0\n", "000002.torn-{}-2"),
            (b"\n", "000002.torn-{}-3"),
        ] {
            append_raw(&segment, torn);
            let (_, opened, events) = open(folder.path()).unwrap();
            assert_eq!(events.len(), 2);
            let found = opened.recovered.unwrap();
            assert_eq!((found.segment, found.offset), (2, whole.len() as u64));
            assert_eq!(found.bytes, torn.len() as u64);
            let name = name.replace("{}", &whole.len().to_string());
            assert_eq!(found.kept_at, folder.path().join(name));
            assert_eq!(fs::read(&found.kept_at).unwrap(), torn);
            assert_eq!(fs::read(&segment).unwrap(), whole);
        }
        assert_eq!(open(folder.path()).unwrap().1.recovered, None);
    }

    #[test]
    fn a_segment_without_a_record_gives_way_to_the_one_before() {
        for content in [&b""[..], b"{\"seq\":5", b"nonsense\n"] {
            let folder = two_nights();
            let third = folder.path().join("000003.jsonl");
            File::create(&third).unwrap().write_all(content).unwrap();
            let (mut journal, opened, events) = open(folder.path()).unwrap();
            assert_eq!((opened.segment, events.len()), (Some(2), 2));
            let torn = opened.recovered.unwrap();
            assert_eq!((torn.segment, torn.offset), (3, 0));
            assert_eq!(fs::read(torn.kept_at).unwrap(), content);
            assert!(!third.exists());
            journal.begin_segment("n3", &[began("n3")], &now()).unwrap();
            assert!(third.exists());
        }
    }

    #[test]
    fn damage_is_named_and_nothing_is_rewritten() {
        let folder = two_nights();
        let segment = folder.path().join("000002.jsonl");
        let whole = fs::read_to_string(&segment).unwrap();
        let damaged = whole.replace("n2", "n3") + "{\"seq\":5";
        File::create(&segment)
            .unwrap()
            .write_all(damaged.as_bytes())
            .unwrap();
        let error = open(folder.path()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` is damaged at byte 0 (line 1): the record does not match its hash",
                segment.display()
            )
        );
        assert_eq!(fs::read_to_string(&segment).unwrap(), damaged);

        // Of the segment before, only its end is looked at: the chain continues there.
        File::create(&segment)
            .unwrap()
            .write_all(whole.as_bytes())
            .unwrap();
        let first = folder.path().join("000001.jsonl");
        let second = fs::read_to_string(&first).unwrap().find('\n').unwrap() as u64 + 1;
        let file = OpenOptions::new().write(true).open(&first).unwrap();
        file.set_len(file.metadata().unwrap().len() - 5).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(&error, OpenError::Damaged { path, offset, line: None, .. }
                if *path == first && *offset == second),
            "{error}"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_segment_of_another_journal_is_damage() {
        let (folder, other) = (two_nights(), two_nights());
        fs::copy(
            other.path().join("000002.jsonl"),
            folder.path().join("000002.jsonl"),
        )
        .unwrap();
        assert!(matches!(
            open(folder.path()).unwrap_err(),
            OpenError::Damaged { offset: 0, reason, .. } if reason.contains("does not follow")
        ));
    }

    #[test]
    fn a_line_longer_than_any_record_is_damage() {
        let folder = two_nights();
        let segment = folder.path().join("000002.jsonl");
        let length = fs::metadata(&segment).unwrap().len();
        let file = OpenOptions::new().write(true).open(&segment).unwrap();
        file.set_len(length + 64 * 1024 * 1024 + 1).unwrap();
        assert!(matches!(
            open(folder.path()).unwrap_err(),
            OpenError::Damaged { offset, reason, .. }
                if offset == length && reason.contains("longer")
        ));
    }

    #[test]
    fn an_intact_record_of_a_newer_version_is_not_taken_for_damage() {
        let folder = two_nights();
        let (mut newer, _) =
            Journal::<serde_json::Value>::open(folder.path(), |_| Ok::<(), Infallible>(()))
                .unwrap();
        let dreamt = serde_json::json!({"type": "dreamt"});
        newer.append("n2", &dreamt, &now()).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(error, OpenError::Unreadable { line: 3, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("newer nightshift"), "{error}");
    }

    #[test]
    fn a_record_that_the_caller_refuses_is_named() {
        let folder = two_nights();
        let error = Journal::<Event>::open(folder.path(), |record| {
            if record.seq == 4 { Err("no") } else { Ok(()) }
        })
        .unwrap_err();
        assert!(
            matches!(&error, OpenError::Refused { seq: 4, line: 2, source, .. } if source.to_string() == "no"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_segment_is_refused_by_name() {
        type Spoil = fn(&Path);
        let spoils: [(&str, Spoil); 4] = [
            ("a folder", |path| fs::create_dir(path).unwrap()),
            ("a link", |path| {
                let target = path.with_extension("target");
                fs::copy(path.with_file_name("000002.jsonl"), &target).unwrap();
                symlink(&target, path).unwrap();
            }),
            ("a dead link", |path| symlink("nowhere", path).unwrap()),
            ("a fifo", |path| {
                rustix::fs::mknodat(
                    rustix::fs::CWD,
                    path,
                    rustix::fs::FileType::Fifo,
                    rustix::fs::Mode::RWXU,
                    0,
                )
                .unwrap();
            }),
        ];
        for (what, spoil) in spoils {
            let folder = two_nights();
            let path = folder.path().join("000003.jsonl");
            spoil(&path);
            let error = open(folder.path()).unwrap_err();
            assert!(
                matches!(&error, OpenError::NotAFile { path: named } if *named == path),
                "{what}: {error}"
            );
        }
        let folder = two_nights();
        let first = folder.path().join("000001.jsonl");
        fs::remove_file(&first).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(&error, OpenError::Gap { path } if *path == first),
            "{error}"
        );
    }

    #[test]
    fn an_event_that_cannot_be_written_poisons_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) =
            Journal::<std::collections::BTreeMap<(u8, u8), u8>>::open(folder.path(), |_| {
                Ok::<(), Infallible>(())
            })
            .unwrap();
        journal.begin_segment("n", &[[].into()], &now()).unwrap();
        let no_json = [((1, 2), 3)].into();
        assert!(matches!(
            journal.append("n", &no_json, &now()),
            Err(AppendError::Encode(_))
        ));
        assert_eq!(journal.append("n", &[].into(), &now()).unwrap(), 2);
    }
}
