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
    let Some(file) = &environment.say_file else {
        return Err(
            Failure::usage("`nightshift say` is for an agent that a night has started").hint(
                "outside of a night there is nobody to speak to; `nightshift new` writes a ticket",
            ),
        );
    };
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
    // It is redacted again when it is heard; until then it lies in a file.
    let variables = environment.all.iter();
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let redactor = Redactor::new(variables.map(|(name, value)| (text(name), text(value))));
    let utterance = redact(utterance, &redactor);
    let spoken = speak(file, &utterance).map_err(|error| Failure::of(Kind::Environment, &error))?;
    match spoken {
        Spoken::Recorded => match utterance {
            Utterance::Park(_) => ui.out("Recorded. End your session now: a human will answer."),
            Utterance::Halt { .. } => ui.out("Recorded. The night stops now."),
            Utterance::Note { .. } | Utterance::Assume { .. } | Utterance::Done { .. } => {
                ui.out("Recorded.");
            }
        },
        Spoken::Answered { say: answer } => {
            ui.out(&format!(
                "Answered: {answer}\nGo on with this answer; it was recorded."
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
