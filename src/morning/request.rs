//! Requests, checked against the state before anything is written.

use crate::{
    backlog::ticket::TicketId,
    diagnostic::nearest,
    machine::{Outcome, Phase, RequestKind, State, TicketState},
};

/// Why a request makes no sense now; the message says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRequest {
    /// No such ticket.
    #[error("there is no ticket `{ticket}` in the night's journal{}", hint.as_ref().map(|h| format!("; did you mean `{h}`?")).unwrap_or_default())]
    Unknown {
        /// As asked.
        ticket: String,
        /// The nearest known one.
        hint: Option<String>,
    },
    /// An answer to a ticket that asks nothing.
    #[error("`{ticket}` is {state}: it has no open question, so there is nothing to answer")]
    NotParked {
        /// Which.
        ticket: TicketId,
        /// What it is.
        state: String,
    },
    /// It waits already, or is being worked on.
    #[error("`{ticket}` is {state} already")]
    NotSettled {
        /// Which.
        ticket: TicketId,
        /// What it is.
        state: String,
    },
    /// It is settled: there is nothing left to skip.
    #[error("`{ticket}` is {state} already, so there is nothing left to skip")]
    Settled {
        /// Which.
        ticket: TicketId,
        /// What it is.
        state: String,
    },
    /// Nothing in it.
    #[error("an answer needs words: the agent will read them")]
    Empty,
}

/// Returns the request that answers a parked ticket's question.
///
/// # Errors
/// There is no such ticket, it is not parked, or the answer is empty.
pub fn answer(state: &State, ticket: &str, text: &str) -> Result<RequestKind, RefusedRequest> {
    if text.trim().is_empty() {
        return Err(RefusedRequest::Empty);
    }
    let found = find(state, ticket)?;
    match found.outcome() {
        Some(Outcome::Parked(_)) => Ok(RequestKind::Answer {
            ticket: found.facts.id.clone(),
            answer: text.trim().to_owned(),
        }),
        Some(_) | None => Err(RefusedRequest::NotParked {
            ticket: found.facts.id.clone(),
            state: word(found),
        }),
    }
}

/// Returns the request that queues a settled ticket again.
///
/// # Errors
/// There is no such ticket, or it is not settled.
pub fn requeue(state: &State, ticket: &str) -> Result<RequestKind, RefusedRequest> {
    let found = find(state, ticket)?;
    match &found.phase {
        Phase::Settled(_) => Ok(RequestKind::Requeue {
            ticket: found.facts.id.clone(),
        }),
        Phase::Queued { .. } | Phase::Active(_) => Err(RefusedRequest::NotSettled {
            ticket: found.facts.id.clone(),
            state: word(found),
        }),
    }
}

/// Returns the request that leaves a ticket for tonight.
///
/// # Errors
/// There is no such ticket, or it is settled already.
pub fn skip(state: &State, ticket: &str) -> Result<RequestKind, RefusedRequest> {
    let found = find(state, ticket)?;
    match &found.phase {
        Phase::Queued { .. } | Phase::Active(_) => Ok(RequestKind::Skip {
            ticket: found.facts.id.clone(),
        }),
        Phase::Settled(_) => Err(RefusedRequest::Settled {
            ticket: found.facts.id.clone(),
            state: word(found),
        }),
    }
}

/// Returns the request that stops a running night.
pub fn stop(now: bool) -> RequestKind {
    RequestKind::Stop { now }
}

fn find<'a>(state: &'a State, ticket: &str) -> Result<&'a TicketState, RefusedRequest> {
    let known = || state.tickets().keys().map(TicketId::as_str);
    ticket
        .parse()
        .ok()
        .and_then(|id| state.ticket(&id))
        .ok_or_else(|| RefusedRequest::Unknown {
            ticket: ticket.to_owned(),
            hint: nearest(ticket, known()).map(str::to_owned),
        })
}

fn word(ticket: &TicketState) -> String {
    match &ticket.phase {
        Phase::Queued { .. } => "queued".to_owned(),
        Phase::Active(active) => active.stage.as_str().to_owned(),
        Phase::Settled(outcome) => outcome.kind().to_string(),
    }
}
