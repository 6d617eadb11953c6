//! `nightshift say`: an agent speaks to the night, through the file that its session names.

use std::{ffi::OsString, process::ExitCode};

use super::{
    args::SayVerb,
    failure::{Done, Failure, Kind},
    ui::Ui,
};
use crate::{
    config::Environment,
    harness::redact,
    sandbox::Redactor,
    say::{
        Spoken, speak,
        utterance::{Question, Utterance},
    },
};

pub(super) fn run(verb: SayVerb, environment: &Environment, ui: Ui) -> Done {
    let utterance = match verb {
        SayVerb::Note { text } => Utterance::Note { text },
        SayVerb::Assume { text, because } => Utterance::Assume { text, because },
        SayVerb::Park {
            question,
            options,
            recommend,
            because,
        } => Utterance::Park(Question {
            question,
            options,
            recommend,
            because,
        }),
        SayVerb::Halt { text } => Utterance::Halt { text },
        SayVerb::Done { text } => Utterance::Done { text },
    };
    ui.out(&say("`nightshift say` is", &utterance, environment)?);
    Ok(ExitCode::SUCCESS)
}

/// Says something to the night, and returns what the agent is told. `this` begins the sentence on
/// what there is no use for outside of a session.
pub(super) fn say(
    this: &str,
    utterance: &Utterance,
    environment: &Environment,
) -> Result<String, Failure> {
    let Some(file) = &environment.say_file else {
        return Err(
            Failure::usage(format!("{this} for an agent that a night has started")).hint(
                "outside of a night there is nobody to speak to; `nightshift new` writes a ticket",
            ),
        );
    };
    // It is redacted again when it is heard; until then it lies in a file.
    let variables = environment.all.iter();
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let redactor = Redactor::new(variables.map(|(name, value)| (text(name), text(value))));
    let utterance = redact(utterance.clone(), &redactor);
    let spoken = speak(file, &utterance).map_err(|error| Failure::of(Kind::Environment, &error))?;
    Ok(match spoken {
        Spoken::Recorded => match utterance {
            Utterance::Park(_) => "Recorded. End your session now: a human will answer.",
            Utterance::Halt { .. } => "Recorded. The night stops now.",
            Utterance::Note { .. } | Utterance::Assume { .. } | Utterance::Done { .. } => {
                "Recorded."
            }
        }
        .to_owned(),
        Spoken::Answered { say: answer } => {
            format!("Answered: {answer}\nGo on with this answer; it was recorded.")
        }
    })
}
