//! Whether a turn ended too soon: the agent went home while it still had something to do.
//!
//! In a headless session nobody wakes the agent when its background job is done, and "I will go on
//! afterwards" never comes true. Only the end of the last message counts, only the first person,
//! and only sentences that say nothing else: a wrong alarm costs a session.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

/// How many of the last sentences are looked at.
const LAST: usize = 3;
/// How long a quoted sentence may be, in characters.
const QUOTED: usize = 200;

/// What a sentence begins with, and goes on to say.
const WAITS: &[&str] = &[
    // Waits for something.
    r"^(?:(?:i['’]m|i am|i['’]ll be) )?(?:now |still |currently )*(?:waiting|standing by)(?: now)? (?:for|on|until|while)\b.{0,120}\b(?:finish|complete|done|end|return|result|output|notif|report|job|build|run|test|task|agent|process|suite|to come back)",
    r"^(?:now )?(?:i['’]ll|i will|let me) (?:now )?(?:wait|stand by|pause here)\b",
    r"^(?:now |next,? )?(?:i['’]ll|i will)\b.{0,120}\b(?:once|when|as soon as|after|until)\b.{0,80}\b(?:finish|complete|done|ready|returns?|comes? back|reports?|notifi|ends?)\w*",
    r"^(?:once|when|as soon as|after)\b.{0,80}\b(?:finish|complete|done|ready|returns?|comes? back|ends?)\w*,? (?:i['’]ll|i will)\b",
    r"^(?:i['’]ll|i will) be (?:notified|informed|told)\b",
    // Comes back later.
    r"^(?:i['’]ll|i will) (?:check|look|come|report|get) (?:back|again|in|on)\b",
    r"^(?:i['’]ll|i will) (?:continue|resume|proceed|go on|pick (?:this|it) up)\b.{0,80}\b(?:later|shortly|soon|next|afterwards?|in a (?:moment|minute|bit)|tomorrow)\b",
    // Something still runs.
    r"\b(?:is|are) (?:now |still |currently )*running in the background\b",
];

/// A last sentence that announces what does not come.
const ANNOUNCES: &str =
    r"^(?:now|next|then|first)?,? ?(?:let me|let['’]s|i['’]ll|i will|i['’]m going to)\b.*:$";

/// What is an offer or a condition of the reader's, and no promise.
const UNLESS: &str = r"\bif you\b|\byou(?:['’]d| would)? (?:like|want|prefer)\b|\blet me know\b|\bwhenever you\b|\bonce you\b|\bwhen you\b|\bafter you\b";

/// Returns what an agent is told whose turn ended too soon, when its session is continued.
pub fn go_on(why: &str) -> String {
    format!(
        "Your turn ended before the work was finished: {why}. Nobody will answer, and nothing will \
         wake you up later. Finish the work now, in the foreground: wait for every command that \
         you start, and end your turn when all of it is done.\n"
    )
}

static PATTERNS: LazyLock<Option<(RegexSet, Regex, Regex)>> = LazyLock::new(|| {
    let loose = |pattern: &str| format!("(?is){pattern}");
    Some((
        RegexSet::new(WAITS.iter().map(|pattern| loose(pattern))).ok()?,
        Regex::new(&loose(ANNOUNCES)).ok()?,
        Regex::new(&loose(UNLESS)).ok()?,
    ))
});

static SENTENCE_END: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[.!?;]\s+").ok());

/// Returns why a turn seems to have ended too soon, in one line: by its last message, or because it
/// left `survivors` processes running and is known to have changed nothing.
pub fn premature(message: &str, survivors: u32, changed: Option<bool>) -> Option<String> {
    let (waits, announces, unless) = PATTERNS.as_ref()?;
    let sentences = last_sentences(message);
    let quoted = |sentence: &str| {
        let short: String = sentence.chars().take(QUOTED).collect();
        format!("its last message says: {short}")
    };
    let promise = sentences
        .iter()
        .find(|sentence| waits.is_match(sentence) && !unless.is_match(sentence));
    let announcement = sentences
        .last()
        .filter(|sentence| announces.is_match(sentence) && !unless.is_match(sentence));
    if let Some(sentence) = promise.or(announcement) {
        return Some(quoted(sentence));
    }
    (survivors > 0 && changed == Some(false))
        .then(|| "it left a process running in the background and changed nothing".to_owned())
}

/// Returns the last sentences, without the decoration of Markdown. Code and quotations are none.
fn last_sentences(message: &str) -> Vec<String> {
    let mut is_code = false;
    let mut sentences: Vec<String> = Vec::new();
    for line in message.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        if is_code || line.starts_with('>') || line.starts_with('|') {
            continue;
        }
        let line = line.trim_start_matches(['-', '*', '#', ' ', '_', '•']);
        let line = line.replace(['*', '`'], "");
        let ends = SENTENCE_END.as_ref().into_iter();
        let mut from = 0;
        for end in ends.flat_map(|pattern| pattern.find_iter(&line)) {
            sentences.extend(line.get(from..end.start() + 1).map(str::to_owned));
            from = end.end();
        }
        let rest = line.get(from..).unwrap_or_default();
        if !rest.is_empty() {
            sentences.push(rest.to_owned());
        }
    }
    let first = sentences.len().saturating_sub(LAST);
    sentences.split_off(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_SOON: &[&str] = &[
        "I'll wait for the background job to finish.",
        "The build is running.\n\nI'll wait for it.",
        "Waiting for the test suite to complete.",
        "I'm waiting for the build to finish before I go on.",
        "Still waiting on the subagent's results.",
        "I'll continue once the tests complete.",
        "I will report the results when the build is done.",
        "Once the migration finishes, I'll run the tests.",
        "When the build completes I will commit.",
        "I'll be notified when it completes.",
        "I'll check back in a few minutes.",
        "I will check on it again in five minutes.",
        "I'll continue with the remaining files shortly.",
        "The full test suite is now running in the background.",
        "**Status**: the benchmark is still running in the background",
        "Two of five files are done. I'll continue with the rest later.",
        "Now let me run the tests:",
        "Next, I'll fix the three failing tests:",
        "I\u{2019}ll wait for the notification.",
        "- I'll come back to this when the download ends.",
    ];

    const IN_TIME: &[&str] = &[
        "",
        "Done. All tests pass.",
        "I waited for the build to finish; all 12 tests pass.",
        "The client now waits for the background job to finish.",
        "The page waits until the export is done, then I close it in the test.",
        "Users will be notified when their export completes.",
        "Let me know if I should continue with the rest later.",
        "If you want, I'll continue with the other module later.",
        "I'll leave the cleanup to a ticket of its own.",
        "I'll wait for the lock in `acquire`: it is a comment in the code.\n\nAll tests pass.\nNothing else changed.\nThe diff is small.",
        "The job runs in the background now, as the ticket asks.",
        "```\nI'll wait for the build to finish.\n```\nDone.",
        "> I'll wait for the build to finish.\n\nThat comment is gone. Done.",
        "Here is what I did:\n- a retry\n- a test",
        "Summary of the changes:",
        "Once you merge this, I will be happy to continue.",
        "After the deploy finishes, the cron job will pick it up.",
        "The tests will continue to pass once the flag is removed.",
        "Waiting is implemented with a condition variable.",
        "The new command says: waiting for the server to start.",
        "Let me summarize: the parser was wrong.",
        "When the request returns, the handler closes the file.",
    ];

    #[test]
    fn a_promise_at_the_end_is_heard() {
        for message in TOO_SOON {
            assert!(premature(message, 0, None).is_some(), "{message}");
        }
    }

    #[test]
    fn a_report_of_finished_work_is_none() {
        for message in IN_TIME {
            assert_eq!(premature(message, 0, None), None, "{message}");
            assert_eq!(premature(message, 2, Some(true)), None, "{message}");
            assert_eq!(premature(message, 2, None), None, "{message}");
        }
    }

    #[test]
    fn a_process_left_behind_counts_when_nothing_was_done() {
        assert!(premature("Done.", 1, Some(false)).is_some());
        assert_eq!(premature("Done.", 0, Some(false)), None);
    }
}
