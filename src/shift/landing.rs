//! Moving the night branch: one commit per landed ticket, by compare-and-swap.

use super::{names, real::Real, world::Trouble};
use crate::{
    backlog::ticket::TicketId,
    machine::{Event, Stage, State},
    repo::{
        self, LandError,
        id::{CommitId, TreeId},
    },
    say::utterance::Utterance,
};

/// How long the subject of a commit may be.
const SUBJECT: usize = 72;

impl Real {
    pub(super) async fn move_branch(
        &mut self,
        state: &State,
        ticket: &TicketId,
        attempt: u32,
        tree: &TreeId,
        parent: &CommitId,
    ) -> Result<Vec<Event>, Trouble> {
        let Some(night) = state.night() else {
            return Ok(Vec::new());
        };
        let message = self.commit_message(state, ticket, attempt);
        let landed = self
            .hands
            .git
            .land(&night.terms.branch, parent, tree, &message, &self.author)
            .await;
        let short = night.terms.branch.trim_start_matches("refs/heads/");
        match landed {
            Ok(commit) => Ok(vec![Event::Landed {
                ticket: ticket.clone(),
                commit,
                adopted: false,
            }]),
            Err(LandError::Moved { found }) => {
                let at = found.map_or("gone".to_owned(), |tip| format!("at {}", tip.short()));
                Err(Trouble::new(
                    format!(
                        "`{short}` is {at} and not at {}: somebody else moved it",
                        parent.short()
                    ),
                    format!("look at `git log {short}`; `nightshift run --new` begins a new night"),
                ))
            }
            Err(error) => Err(Trouble::of(
                &error,
                "look at the repository, then `nightshift run`",
            )),
        }
    }

    fn commit_message(&self, state: &State, ticket: &TicketId, attempt: u32) -> String {
        let found = state.ticket(ticket);
        let title = found.map_or(ticket.as_str(), |found| found.facts.title.as_str());
        let subject: String = format!("{ticket}: {title}").chars().take(SUBJECT).collect();
        let mut trailers = vec![
            (names::NIGHT, self.night.clone()),
            (names::TICKET, ticket.to_string()),
            (names::ATTEMPT, attempt.to_string()),
        ];
        let mut body = String::new();
        if let Some((_, active)) = state.active() {
            trailers.push((names::HARNESS, active.harness.clone()));
            if let Stage::Landing {
                session, reasons, ..
            } = &active.stage
            {
                for said in &session.said {
                    match said {
                        Utterance::Assume { text, .. } => {
                            trailers.push((names::ASSUMED, one_line(text)));
                        }
                        Utterance::Done { text } => body = one_line(text),
                        Utterance::Note { .. } | Utterance::Park(_) | Utterance::Halt { .. } => {}
                    }
                }
                for reason in reasons {
                    body = format!(
                        "{body}\n\nLow confidence: {}",
                        one_line(&reason.to_string())
                    );
                }
            }
        }
        repo::message(&subject, body.trim(), &trailers)
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
