//! The command line of the embedded scripted agent: this very program, with a hidden verb.
//!
//! It is a child like any other agent, so that hanging, flooding, forking and being killed are
//! real.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::backlog::ticket::TicketId;

/// Returns the story of a ticket in the folder `stories` of the repository at `root`. It need not
/// be there: the player then looks for `default.yaml` beside it.
pub(super) fn story(root: &Path, stories: &Path, ticket: &TicketId) -> PathBuf {
    root.join(stories).join(format!("{ticket}.yaml"))
}

/// Returns the command line that plays a story.
pub(super) fn argv(executable: &Path, story: &Path, attempt: u32) -> Vec<OsString> {
    vec![
        executable.into(),
        "__play".into(),
        story.into(),
        "--attempt".into(),
        attempt.to_string().into(),
    ]
}
