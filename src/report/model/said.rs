//! What agents said beside their questions: what they assumed, and what they noted.

use std::collections::BTreeSet;

use serde::Serialize;

use super::view::View;
use crate::{backlog::ticket::TicketId, say::utterance::Utterance};

/// Something that an agent said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SaidLine {
    /// On which ticket.
    pub id: TicketId,
    /// In which attempt (the first, when it said the same again).
    pub attempt: u32,
    /// Whether that ticket's work has landed.
    pub landed: bool,
    /// What.
    pub text: String,
    /// Why; `None` when it did not say.
    pub because: Option<String>,
}

/// Returns assumptions and notes, those of landed tickets first.
pub(super) fn said(view: View<'_>) -> (Vec<SaidLine>, Vec<SaidLine>) {
    let mut assumptions = Vec::new();
    let mut notes = Vec::new();
    for (id, ticket) in view.state.tickets() {
        let landed = ticket
            .outcome()
            .is_some_and(|outcome| outcome.kind().landed());
        // A second attempt often says what the first one said.
        let mut heard = BTreeSet::new();
        for attempt in &ticket.tried {
            let Some(session) = &attempt.session else {
                continue;
            };
            // Of an objective each iteration lands for itself.
            let landed = attempt
                .iteration
                .map_or(landed, |_| attempt.landed.is_some());
            for utterance in &session.said {
                let (list, text, because) = match utterance {
                    Utterance::Assume { text, because } => {
                        (&mut assumptions, text, because.as_ref())
                    }
                    Utterance::Note { text } => (&mut notes, text, None),
                    Utterance::Park(_) | Utterance::Halt { .. } | Utterance::Done { .. } => {
                        continue;
                    }
                };
                let is_note = matches!(utterance, Utterance::Note { .. });
                if heard.insert((is_note, text, because)) {
                    list.push(SaidLine {
                        id: id.clone(),
                        attempt: attempt.number,
                        landed,
                        text: text.clone(),
                        because: because.cloned(),
                    });
                }
            }
        }
    }
    for list in [&mut assumptions, &mut notes] {
        list.sort_by_key(|line: &SaidLine| !line.landed);
    }
    (assumptions, notes)
}
