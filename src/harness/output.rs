//! An agent's output, read without its agent: what a session keeps of it, and what it says last.
//!
//! A session does the same while the agent runs. This is for output that was caught elsewhere.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::{allowance::Allowance, last_message, record::Record, watch::Watch};
use crate::{
    config::{HarnessConfig, HarnessKind},
    layout::PathError,
    process::Stream,
    sandbox::Redactor,
    say::utterance::Utterance,
};

/// Keeps an output in `events.jsonl` and `raw.log` of `folder`, as a session does, and returns what
/// the block at its end says, or why it says nothing; `None` without a block, or when the block is
/// one of the prompt's. The utterance is not redacted yet.
///
/// # Errors
/// One of the two files cannot be written.
pub fn keep_output<'a>(
    folder: &Path,
    redactor: &Redactor,
    prompt: &str,
    pieces: impl IntoIterator<Item = (Stream, &'a [u8])>,
) -> Result<Option<Result<Utterance, String>>, PathError> {
    let config = HarnessConfig::new(HarnessKind::Script {
        stories: PathBuf::new(),
    });
    let watch = Watch::new(&config, &Allowance::default(), TimeZone::UTC);
    let mut record = Record::begin(folder, redactor, watch)?;
    for (stream, bytes) in pieces {
        record.output(stream, bytes);
    }
    let end = record.finish_output()?;
    record.finish()?;
    let end = String::from_utf8_lossy(&end);
    Ok(last_message::utterance(&end, prompt))
}
