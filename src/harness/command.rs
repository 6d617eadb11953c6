//! A harness that is any command line: its placeholders, and how the prompt goes in.
//!
//! `{prompt_file}`, `{bench}`, `{model}` and `{ticket}` are filled in, also within an argument; any
//! other `{word}` is left alone. When no model is asked for, an argument that holds `{model}` is
//! left out, together with the option (an argument that begins with `-`) right before it. An
//! argument `{resume}` is where the words stand that continue a session; else they come last.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

use crate::config::PromptBy;

/// The longest prompt that is given as an argument, in bytes: Linux takes no single argument
/// beyond 128 KiB.
const LONGEST_ARGUMENT: usize = 120 * 1024;

/// What is filled in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling<'a> {
    /// The file that holds the prompt.
    pub(super) prompt_file: &'a Path,
    /// The bench.
    pub(super) bench: &'a Path,
    /// The model asked for.
    pub(super) model: Option<&'a str>,
    /// The ticket's id.
    pub(super) ticket: &'a str,
    /// Arguments that continue a session; empty for a new one.
    pub(super) resume: &'a [String],
}

/// A command line as it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filled {
    /// Program and arguments.
    pub(super) argv: Vec<OsString>,
    /// What it reads; `None` is `/dev/null`.
    pub(super) stdin: Option<Vec<u8>>,
}

/// Why a command line cannot take a prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the prompt is {bytes} bytes long, more than one argument may hold; give it by `prompt = \"stdin\"` or `\"file\"`"
)]
pub(super) struct PromptTooLong {
    /// The prompt's length.
    pub(super) bytes: usize,
}

/// Returns the command line with everything filled in and the prompt where it belongs.
///
/// # Errors
/// The prompt does not fit into an argument.
pub(super) fn fill(
    command: &[String],
    by: PromptBy,
    prompt: &str,
    filling: &Filling<'_>,
) -> Result<Filled, PromptTooLong> {
    let mut argv: Vec<OsString> = Vec::with_capacity(command.len() + 1);
    let mut resumes = filling.resume.iter().map(OsString::from);
    for argument in command {
        if argument == "{resume}" {
            argv.extend(resumes.by_ref());
            continue;
        }
        if filling.model.is_none() && argument.contains("{model}") {
            let option = |last: &OsString| last.as_encoded_bytes().starts_with(b"-");
            if argv.len() > 1 && argv.last().is_some_and(option) {
                argv.pop();
            }
            continue;
        }
        argv.push(argument_of(argument, filling));
    }
    argv.extend(resumes);
    let stdin = match by {
        PromptBy::Stdin => Some(prompt.as_bytes().to_vec()),
        PromptBy::File => None,
        PromptBy::Arg if prompt.len() > LONGEST_ARGUMENT => {
            return Err(PromptTooLong {
                bytes: prompt.len(),
            });
        }
        PromptBy::Arg => {
            argv.push(prompt.into());
            None
        }
    };
    Ok(Filled { argv, stdin })
}

/// Fills one argument in a single pass, so that a value is never itself filled in.
fn argument_of(argument: &str, filling: &Filling<'_>) -> OsString {
    let mut filled = OsString::new();
    let mut rest = argument;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push(before);
        let value: Option<(&OsStr, &str)> = after.split_once('}').and_then(|(word, beyond)| {
            let value = match word {
                "prompt_file" => filling.prompt_file.as_os_str(),
                "bench" => filling.bench.as_os_str(),
                "model" => OsStr::new(filling.model?),
                "ticket" => OsStr::new(filling.ticket),
                _ => return None,
            };
            Some((value, beyond))
        });
        match value {
            Some((value, beyond)) => {
                filled.push(value);
                rest = beyond;
            }
            None => {
                filled.push("{");
                rest = after;
            }
        }
    }
    filled.push(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(command: &[&str], by: PromptBy, model: Option<&str>) -> Filled {
        let command: Vec<String> = command.iter().map(|&part| part.to_owned()).collect();
        let filling = Filling {
            prompt_file: Path::new("/run/prompt.md"),
            bench: Path::new("/bench"),
            model,
            ticket: "T-7",
            resume: &[],
        };
        fill(&command, by, "do it", &filling).unwrap()
    }

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        for (command, model, expected) in [
            (vec!["a"], None, vec!["a"]),
            (
                vec!["a", "-f{prompt_file}", "{bench}/x/{ticket}.log"],
                None,
                vec!["a", "-f/run/prompt.md", "/bench/x/T-7.log"],
            ),
            (
                vec!["a", "{x}", "{", "{}", "{{ticket}}", "${ticket", "}{ticket}"],
                None,
                vec!["a", "{x}", "{", "{}", "{T-7}", "${ticket", "}T-7"],
            ),
            (
                vec!["a", "--model", "{model}", "go"],
                Some("m"),
                vec!["a", "--model", "m", "go"],
            ),
            // No model: the argument goes, and the option before it, but never the program.
            (vec!["a", "--model", "{model}", "go"], None, vec!["a", "go"]),
            (vec!["a", "--model={model}", "go"], None, vec!["a", "go"]),
            (
                vec!["a", "run", "{model}", "go"],
                None,
                vec!["a", "run", "go"],
            ),
            (vec!["-a", "{model}"], None, vec!["-a"]),
            // A value is not filled in again.
            (vec!["a", "{model}"], Some("{bench}"), vec!["a", "{bench}"]),
        ] {
            let argv = filled(&command, PromptBy::File, model).argv;
            assert_eq!(argv, expected, "{command:?}");
        }
    }

    #[test]
    fn the_prompt_goes_where_it_is_wanted() {
        for (by, argv, stdin) in [
            (PromptBy::Stdin, vec!["a"], Some(b"do it".to_vec())),
            (PromptBy::File, vec!["a"], None),
            (PromptBy::Arg, vec!["a", "do it"], None),
        ] {
            let filled = filled(&["a"], by, None);
            assert_eq!(
                (filled.argv, filled.stdin),
                (argv.iter().map(Into::into).collect(), stdin)
            );
        }
    }

    #[test]
    fn what_continues_a_session_stands_where_it_is_wanted() {
        let resume = ["--resume".to_owned(), "{model}".to_owned()];
        for (command, resume, expected) in [
            (
                &["a", "{resume}", "-p"][..],
                &[][..],
                vec!["a", "-p", "do it"],
            ),
            (
                &["a", "{resume}", "-p"],
                &resume[..],
                vec!["a", "--resume", "{model}", "-p", "do it"],
            ),
            (
                &["a", "run"],
                &resume,
                vec!["a", "run", "--resume", "{model}", "do it"],
            ),
        ] {
            let command: Vec<String> = command.iter().map(|&part| part.to_owned()).collect();
            let filling = Filling {
                prompt_file: Path::new("p"),
                bench: Path::new("b"),
                model: None,
                ticket: "T",
                resume,
            };
            let filled = fill(&command, PromptBy::Arg, "do it", &filling).unwrap();
            assert_eq!(filled.argv, expected);
        }
    }

    #[test]
    fn a_prompt_that_no_argument_can_hold_is_refused() {
        let long = "x".repeat(LONGEST_ARGUMENT + 1);
        let filling = Filling {
            prompt_file: Path::new("p"),
            bench: Path::new("b"),
            model: None,
            ticket: "T",
            resume: &[],
        };
        let command = ["a".to_owned()];
        assert!(fill(&command, PromptBy::Arg, &long, &filling).is_err());
        assert!(fill(&command, PromptBy::Stdin, &long, &filling).is_ok());
    }
}
