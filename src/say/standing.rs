//! Standing answers: questions that are answered in advance, so that nothing is parked.
//!
//! The runner cannot answer a live agent, so it writes the answers that apply to `answers.json`
//! beside `say.jsonl`. [`speak`], which runs in the agent's own process tree, looks there before
//! it records a question: when an answer fits, the question becomes an assumption and the agent is
//! told the answer.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    append,
    file::SayError,
    tidy,
    utterance::{Question, Utterance},
};
use crate::layout::{self, PathContext, PathError};

/// The name of the file beside `say.jsonl`.
const FILE: &str = "answers.json";

/// How large a compiled pattern may be, in bytes: the patterns are the user's, but this runs in
/// every `nightshift say park`.
const PATTERN_SIZE: usize = 1024 * 1024;

/// A question answered in advance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingAnswer {
    /// The regular expression that a question must match.
    pub ask: String,
    /// The answer.
    pub say: String,
}

/// What became of an utterance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// It was recorded as it is.
    Recorded,
    /// It was a question with a standing answer: an assumption was recorded instead, and the agent
    /// goes on.
    Answered {
        /// The answer, for the agent.
        say: String,
    },
}

/// Returns the first answer whose pattern matches the question. A pattern that is no regular
/// expression matches nothing; the contract's file is checked where it is read.
pub fn answer<'a>(answers: &'a [StandingAnswer], question: &str) -> Option<&'a StandingAnswer> {
    answers.iter().find(|answer| {
        regex::RegexBuilder::new(&answer.ask)
            .size_limit(PATTERN_SIZE)
            .build()
            .is_ok_and(|pattern| pattern.is_match(question))
    })
}

/// Returns what is recorded in place of a question that has a standing answer.
pub fn assumed(question: &Question, answer: &StandingAnswer) -> Utterance {
    tidy(Utterance::Assume {
        text: format!("{} → {}", question.question.trim(), answer.say.trim()),
        because: Some("standing answer".to_owned()),
    })
}

/// Says something: appends it to the file `say_file`, or, for a question with a standing answer,
/// the assumption that it becomes.
///
/// # Errors
/// A file cannot be read or written, or the utterance is too long.
pub fn speak(say_file: &Path, utterance: &Utterance) -> Result<Spoken, SayError> {
    if let Utterance::Park(question) = utterance {
        let answers = load(say_file)?;
        if let Some(answer) = answer(&answers, &question.question) {
            append(say_file, &assumed(question, answer))?;
            return Ok(Spoken::Answered {
                say: answer.say.clone(),
            });
        }
    }
    append(say_file, utterance)?;
    Ok(Spoken::Recorded)
}

/// Writes the answers beside `say_file`.
///
/// # Errors
/// The file cannot be written.
pub fn store(say_file: &Path, answers: &[StandingAnswer]) -> Result<(), PathError> {
    let path = beside(say_file);
    let text = serde_json::to_vec_pretty(answers)
        .map_err(io::Error::from)
        .at("write", &path)?;
    layout::write(&path, &text)
}

/// Reads the answers beside `say_file`; no file is no answers.
///
/// # Errors
/// The file is there and cannot be read as answers.
pub fn load(say_file: &Path) -> Result<Vec<StandingAnswer>, PathError> {
    let path = beside(say_file);
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(io::Error::from)
            .at("read", &path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).at("read", &path),
    }
}

/// Returns where the answers of the session with this file are.
pub fn beside(say_file: &Path) -> PathBuf {
    say_file.with_file_name(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Vec<StandingAnswer> {
        [
            ("(", "never"),
            ("(?i)which test framework", "The one that is there."),
            ("framework", "later rule"),
        ]
        .map(|(ask, say)| StandingAnswer {
            ask: ask.into(),
            say: say.into(),
        })
        .into()
    }

    fn park(question: &str) -> Utterance {
        Utterance::Park(Question {
            question: question.into(),
            options: vec![],
            recommend: None,
            because: None,
        })
    }

    #[test]
    fn the_first_match_answers_and_nonsense_matches_nothing() {
        let answers = answers();
        for (question, expected) in [
            (
                "Which TEST framework shall I use?",
                Some("The one that is there."),
            ),
            ("a framework?", Some("later rule")),
            ("(", None),
            ("Drop the table?", None),
        ] {
            assert_eq!(
                answer(&answers, question).map(|a| a.say.as_str()),
                expected,
                "{question}"
            );
        }
    }

    #[test]
    fn a_question_with_an_answer_is_recorded_as_an_assumption() {
        let folder = tempfile::tempdir().unwrap();
        let say = folder.path().join("say.jsonl");
        store(&say, &answers()).unwrap();
        assert_eq!(
            speak(&say, &park("Which test framework?")).unwrap(),
            Spoken::Answered {
                say: "The one that is there.".into()
            }
        );
        assert_eq!(speak(&say, &park("Drop it?")).unwrap(), Spoken::Recorded);
        let said = crate::say::read(&say).unwrap().utterances;
        assert_eq!(
            said,
            [
                Utterance::Assume {
                    text: "Which test framework? → The one that is there.".into(),
                    because: Some("standing answer".into())
                },
                park("Drop it?"),
            ]
        );
    }

    #[test]
    fn without_answers_everything_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let say = folder.path().join("say.jsonl");
        assert_eq!(speak(&say, &park("x?")).unwrap(), Spoken::Recorded);
    }
}
