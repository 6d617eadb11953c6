//! How a session ended: from a child's exit to the ending, its event and its words.

use std::time::Duration;

use super::{
    event::{Ending, HarnessEvent, Usage, Weather},
    record,
};
use crate::{
    process::Exit,
    sandbox::Redactor,
    say::utterance::{Question, Utterance},
};

/// Returns the ending that the exit alone says.
pub(super) fn of(exit: &Exit, timeout: Duration, silence: Duration) -> Ending {
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match exit {
        Exit::Code(0) => Ending::Exited,
        Exit::Code(code) => Ending::Failed {
            reason: format!("it ended with exit code {code}"),
        },
        Exit::Signal(signal) => Ending::Failed {
            reason: format!("signal {signal} ended it"),
        },
        Exit::TimedOut => Ending::TimedOut {
            after_ms: ms(timeout),
        },
        Exit::Silent => Ending::Silent {
            after_ms: ms(silence),
        },
        Exit::Stopped => Ending::Stopped,
        Exit::NotStarted { reason, .. } => Ending::NotStarted {
            reason: reason.clone(),
        },
    }
}

/// Returns the last event of a session.
pub(super) fn terminal(ending: &Ending, usage: Option<Usage>) -> HarnessEvent {
    match ending {
        Ending::Exited => HarnessEvent::RunCompleted { usage },
        Ending::Failed { .. }
        | Ending::TimedOut { .. }
        | Ending::Silent { .. }
        | Ending::Stopped
        | Ending::Halted
        | Ending::NotStarted { .. }
        | Ending::Weather(_)
        | Ending::OverBudget { .. } => HarnessEvent::RunFailed {
            reason: word(ending),
            usage,
        },
    }
}

fn word(ending: &Ending) -> String {
    match ending {
        Ending::Exited => "it ended".to_owned(),
        Ending::Failed { reason } | Ending::NotStarted { reason } => reason.clone(),
        Ending::TimedOut { after_ms } => format!("timeout after {after_ms} ms"),
        Ending::Silent { after_ms } => format!("silent for {after_ms} ms"),
        Ending::Stopped => "the night was stopped".to_owned(),
        Ending::Halted => "it was ended after what it said".to_owned(),
        Ending::Weather(weather) => format!("{}: {}", weather.kind.as_str(), weather.said),
        Ending::OverBudget { what } => format!("over budget: {what}"),
    }
}

/// Takes secrets and escape sequences out of a provider's words.
pub(super) fn printable(ending: Ending, redactor: &Redactor) -> Ending {
    match ending {
        Ending::Weather(weather) => Ending::Weather(Weather {
            said: record::printable(redactor, &weather.said),
            ..weather
        }),
        Ending::Failed { reason } => Ending::Failed {
            reason: record::printable(redactor, &reason),
        },
        other => other,
    }
}

/// Takes secrets and escape sequences out of what the agent said, before anyone keeps it.
pub fn redact(utterance: Utterance, redactor: &Redactor) -> Utterance {
    let safe = |text: String| record::printable(redactor, &text);
    match utterance {
        Utterance::Note { text } => Utterance::Note { text: safe(text) },
        Utterance::Assume { text, because } => Utterance::Assume {
            text: safe(text),
            because: because.map(safe),
        },
        Utterance::Park(question) => Utterance::Park(Question {
            question: safe(question.question),
            options: question.options.into_iter().map(safe).collect(),
            recommend: question.recommend.map(safe),
            because: question.because.map(safe),
        }),
        Utterance::Halt { text } => Utterance::Halt { text: safe(text) },
        Utterance::Done { text } => Utterance::Done { text: safe(text) },
    }
}
