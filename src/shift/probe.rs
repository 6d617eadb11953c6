//! Looks whether what a ticket requires is there.
//!
//! A program is looked for on `PATH` and its version asked as a gate would be run, in the room that
//! the ticket gets: what chooses between versions of a tool looks at the files there. Services,
//! files and variables are looked at by the runner itself.

use std::{fs, time::Duration};

use tokio::{net::TcpStream, time};

use super::{
    fence::Who,
    hands::{Hands, Room},
    world::Trouble,
};
use crate::{
    backlog::{Requirement, Version, WantedVersion},
    gate,
    process::{self, Exit, Spec, find_program},
    sandbox::{self, Fence},
};

/// How long a program may take to tell its version.
const TELLING: Duration = Duration::from_secs(10);
/// How long a service may take to answer.
const ANSWERING: Duration = Duration::from_secs(2);
/// How long a program has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);
/// How much of what it prints is looked at, in bytes.
const HEARD: usize = 16 * 1024;

/// What came of looking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Met {
    /// It is there.
    Yes,
    /// It is not; what was found instead, as a clause.
    No(String),
    /// A stop came first.
    Stopped,
}

impl Hands {
    /// Looks whether a requirement is met; the room stands at the ticket's snapshot.
    pub(super) async fn probe(
        &mut self,
        requirement: &Requirement,
        room: Room,
        mark: &str,
    ) -> Result<Met, Trouble> {
        let environment = &self.site.environment;
        Ok(match requirement {
            Requirement::Tool { name, version } => {
                let Some(program) = find_program(name.as_ref(), &environment.path) else {
                    return Ok(Met::No("it is not on PATH".to_owned()));
                };
                match version {
                    None => Met::Yes,
                    Some(wanted) => self.ask_version(&program, wanted, room, mark).await?,
                }
            }
            Requirement::Service(address) => {
                match time::timeout(ANSWERING, TcpStream::connect(address.as_str())).await {
                    Ok(Ok(_connection)) => Met::Yes,
                    Ok(Err(error)) => Met::No(error.to_string()),
                    Err(_) => Met::No(format!("no answer within {} s", ANSWERING.as_secs())),
                }
            }
            Requirement::File(path) => {
                let home = environment.home.clone().unwrap_or_default();
                match fs::metadata(sandbox::place(path, &home)) {
                    Ok(_) => Met::Yes,
                    Err(error) => Met::No(error.to_string()),
                }
            }
            Requirement::Variable(name) => {
                let mut all = environment.all.iter();
                match all.find(|(known, _)| known == name.as_str()) {
                    Some((_, value)) if !value.is_empty() => Met::Yes,
                    Some(_) => Met::No("it is empty".to_owned()),
                    None => Met::No("it is not set".to_owned()),
                }
            }
        })
    }

    async fn ask_version(
        &mut self,
        program: &std::path::Path,
        wanted: &WantedVersion,
        room: Room,
        mark: &str,
    ) -> Result<Met, Trouble> {
        let folder = self.room(room);
        self.move_in(Who::Gate, false)?;
        let cell = self.cell(room, Who::Gate)?;
        let mut env = gate::environment(&self.site.environment.all, &self.site.config.gate.env);
        env.extend(self.home_variables(&cell));
        let fence = Fence {
            engine: &self.engine,
            cell,
            program: &self.program,
        };
        let wrapped = fence.wrap(vec![program.into(), "--version".into()], &folder, &env);
        let spec = Spec {
            argv: wrapped.argv,
            folder,
            env,
            stdin: None,
            mark: mark.to_owned(),
            timeout: TELLING,
            silence: None,
            grace: GRACE,
            progress: self.progress.clone(),
            supervised: wrapped.supervised,
        };
        let mut heard = Vec::new();
        let finished = process::run(
            &spec,
            &mut self.stop,
            |_| {},
            |_, piece| {
                let room = HEARD.saturating_sub(heard.len()).min(piece.len());
                heard.extend_from_slice(piece.get(..room).unwrap_or_default());
            },
        )
        .await;
        let text = sandbox::clean(&String::from_utf8_lossy(&heard));
        Ok(match (finished.exit, Version::first_in(&text)) {
            (Exit::Stopped, _) => Met::Stopped,
            (Exit::TimedOut, _) => Met::No(format!(
                "it does not tell its version within {} s",
                TELLING.as_secs()
            )),
            (_, Some(found)) if wanted.holds(&found) => Met::Yes,
            (_, Some(found)) => Met::No(format!("it is {found}")),
            (Exit::NotStarted { reason, .. }, None) => Met::No(reason),
            (_, None) => Met::No("it does not tell its version".to_owned()),
        })
    }
}
