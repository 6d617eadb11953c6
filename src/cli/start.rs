//! Parse, run, exit code.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser as _;

use super::{
    args::{Cli, Verb},
    ask, check, control, demo, doctor,
    failure::{Done, Failure, Kind},
    harness as harness_verbs, hook, init, inside, logs, mcp, new, night, policy, report, say,
    status,
    ui::Ui,
    verify,
};
use crate::{config::Environment, harness};

/// Runs the program that the command line asks for, and returns its exit code.
pub fn main() -> ExitCode {
    if let Some(code) = inside::run().or_else(hook::run) {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; everything else is wrong usage.
            let code = if error.use_stderr() {
                Kind::Usage.into()
            } else {
                ExitCode::SUCCESS
            };
            drop(error.print());
            return code;
        }
    };
    let environment = Environment::read();
    let ui = Ui::new(cli.global.json, cli.global.quiet, environment.no_color);
    match run(cli, environment, ui) {
        Ok(code) => code,
        Err(failure) => {
            if ui.json {
                ui.json(&failure.to_json());
            } else {
                ui.err(&format!("error: {failure}"));
            }
            failure.kind.into()
        }
    }
}

fn run(cli: Cli, environment: Environment, ui: Ui) -> Done {
    let start = match cli.global.directory {
        Some(folder) => folder.canonicalize().map_err(|error| {
            Failure::usage(format!(
                "there is no folder `{}`: {error}",
                folder.display()
            ))
        })?,
        None => here()?,
    };
    match cli.verb {
        Verb::Demo(args) => demo::run(&args, environment, ui),
        Verb::Init(args) => init::run(&args, &start, &environment, ui),
        Verb::New(args) => new::run(&args, &start, environment, ui),
        Verb::Check(args) => check::run(&args, &start, environment, ui),
        Verb::Run(args) => night::run(&args, &cli.hidden, &start, environment, ui),
        Verb::Status => status::run(&start, environment, ui),
        Verb::Logs(args) => logs::run(&args, &start, environment, ui),
        Verb::Pause(args) => control::pause(&args, &start, environment, ui),
        Verb::Resume(args) => control::resume(&args, &start, environment, ui),
        Verb::Skip(args) => control::skip(&args, &start, environment, ui),
        Verb::Stop(args) => control::stop(&args, &start, environment, ui),
        Verb::Verify(args) => verify::run(&args, &start, environment, ui),
        Verb::Report(args) => report::run(&args, &start, environment, ui),
        Verb::Answer(args) => ask::answer(&args, &start, environment, ui),
        Verb::Requeue(args) => ask::requeue(&args, &start, environment, ui),
        Verb::Doctor => doctor::run(&start, environment, ui),
        Verb::Policy(args) => policy::run(args.verb, &start, environment, ui),
        Verb::Say(args) => say::run(args.verb, &environment, ui),
        Verb::Mcp => mcp::run(environment),
        Verb::Harness(args) => harness_verbs::run(args.verb, &start, &environment, ui),
        Verb::Hook(args) => Err(Failure::usage(format!(
            "there is no platform `{}`",
            args.platform
        ))
        .hint(format!("known: {}", hook::platforms().join(", ")))),
        Verb::Play(args) => {
            let code = harness::play(&args.story, args.attempt, &start);
            Ok(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
        }
    }
}

fn here() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| {
        Failure::environment(format!("the current folder cannot be found: {error}"))
            .hint("change to a folder that exists")
    })
}
