//! What an agent says: any bytes are utterances within their bounds and a count of bad lines.

use std::{fs, io::Write};

use nightshift::say::{
    LONGEST_TEXT, Listener, MOST_OPTIONS, append, fence, read, tidy,
    utterance::{Question, Utterance},
};

use super::limits::in_time;

/// The most utterances of one file, as `say` promises.
const MOST: usize = 1000;

/// The bytes of a `say.jsonl`; also as a message that may end in a fenced block, and as the inside
/// of one.
pub(crate) fn lines(data: &[u8]) {
    let folder = super::journal::folder();
    let path = folder.path().join("say.jsonl");
    fs::write(&path, data).unwrap();
    let said = in_time("say.jsonl", data.len(), || read(&path).unwrap());
    assert!(said.utterances.len() <= MOST);
    said.utterances.iter().for_each(within_bounds);
    let lines = data
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.trim_ascii().is_empty())
        .count();
    if data.len() <= 1024 * 1024 {
        assert_eq!(said.utterances.len() + said.bad as usize, lines);
    }

    // The same, heard while it is written.
    let growing = folder.path().join("growing.jsonl");
    let mut listener = Listener::new(&growing);
    let mut heard = Vec::new();
    let mut file = fs::File::create(&growing).unwrap();
    for piece in data.chunks(data.len() / 7 + 1) {
        file.write_all(piece).unwrap();
        heard.extend(listener.poll().unwrap());
    }
    heard.extend(listener.finish().unwrap());
    assert_eq!((heard, listener.bad()), (said.utterances.clone(), said.bad));

    // The same, said again.
    let again = folder.path().join("again.jsonl");
    for utterance in said.utterances.iter().take(50) {
        if append(&again, utterance).is_ok() {
            assert_eq!(read(&again).unwrap().utterances.last(), Some(utterance));
            fs::remove_file(&again).unwrap();
        }
    }

    let text = String::from_utf8_lossy(data);
    let wrapped = format!("I am done.\n\n```nightshift\n{text}\n```\n");
    for message in [&*text, &wrapped] {
        in_time("a fenced block", message.len(), || {
            let Some(block) = fence::find(message) else {
                return;
            };
            assert!(message.contains(block.inside));
            assert!(!block.inside.contains("\n```"));
            match block.utterance() {
                Ok(utterance) => within_bounds(&utterance),
                Err(problem) => {
                    assert!(!problem.is_empty() && problem.len() < 400);
                }
            }
        });
    }
}

/// Checks that an utterance is tidy.
pub(super) fn within_bounds(utterance: &Utterance) {
    assert_eq!(&tidy(utterance.clone()), utterance, "tidying is done");
    let mut texts: Vec<&String> = Vec::new();
    match utterance {
        Utterance::Note { text } | Utterance::Halt { text } | Utterance::Done { text } => {
            texts.push(text);
        }
        Utterance::Assume { text, because } => {
            texts.push(text);
            texts.extend(because);
        }
        Utterance::Park(Question {
            question,
            options,
            recommend,
            because,
        }) => {
            assert!(options.len() <= MOST_OPTIONS);
            assert!(options.iter().all(|option| !option.is_empty()));
            texts.push(question);
            texts.extend(options);
            texts.extend(recommend);
            texts.extend(because);
        }
    }
    for text in texts {
        assert!(text.chars().count() <= LONGEST_TEXT);
        assert_eq!(text.trim(), text);
    }
}
