//! How much of an utterance is kept: an agent may say anything, of any length.

use super::utterance::{Question, Utterance};

/// How many characters of one text are kept.
pub const LONGEST_TEXT: usize = 4096;

/// How many options of a question are kept.
pub const MOST_OPTIONS: usize = 8;

/// Returns the utterance with its texts trimmed and cut, empty parts left out.
pub fn tidy(utterance: Utterance) -> Utterance {
    match utterance {
        Utterance::Note { text } => Utterance::Note { text: cut(&text) },
        Utterance::Assume { text, because } => Utterance::Assume {
            text: cut(&text),
            because: some(because),
        },
        Utterance::Park(question) => Utterance::Park(Question {
            question: cut(&question.question),
            options: question
                .options
                .iter()
                .map(|option| cut(option))
                .filter(|option| !option.is_empty())
                .take(MOST_OPTIONS)
                .collect(),
            recommend: some(question.recommend),
            because: some(question.because),
        }),
        Utterance::Halt { text } => Utterance::Halt { text: cut(&text) },
        Utterance::Done { text } => Utterance::Done { text: cut(&text) },
    }
}

fn some(text: Option<String>) -> Option<String> {
    text.map(|text| cut(&text)).filter(|text| !text.is_empty())
}

/// Trims, and cuts to [`LONGEST_TEXT`] characters; the last one then says that it was cut.
fn cut(text: &str) -> String {
    let text = text.trim();
    if text.chars().nth(LONGEST_TEXT).is_none() {
        return text.to_owned();
    }
    text.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_options_are_cut_and_empty_parts_go() {
        let long = "ä".repeat(LONGEST_TEXT + 1);
        let tidied = tidy(Utterance::Park(Question {
            question: format!("  {long}\n"),
            options: (0..20)
                .map(|n| format!("{n}"))
                .chain([" ".into()])
                .collect(),
            recommend: Some("  ".into()),
            because: Some(" why ".into()),
        }));
        let Utterance::Park(question) = tidied else {
            panic!("{tidied:?}")
        };
        assert_eq!(question.question.chars().count(), LONGEST_TEXT);
        assert!(question.question.ends_with('…'));
        assert_eq!(question.options.len(), MOST_OPTIONS);
        assert_eq!(question.recommend, None);
        assert_eq!(question.because.as_deref(), Some("why"));
    }

    #[test]
    fn a_text_of_just_the_limit_stays_whole() {
        let text = "x".repeat(LONGEST_TEXT);
        assert_eq!(
            tidy(Utterance::Note { text: text.clone() }),
            Utterance::Note { text }
        );
    }
}
