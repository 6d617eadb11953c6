//! Defects that simulated nights found, each with its test.

use super::{
    tests::{Play, Story, facts, id, runner, terms},
    *,
};

fn play(story: Story) -> Play {
    Play::new(&[(facts("a", &[]), story)], terms())
}

fn asked(id: &str, kind: RequestKind) -> Event {
    Event::Asked(Request {
        id: id.to_owned(),
        kind,
        by: None,
        reason: None,
    })
}

/// Three deaths with the same ticket in flight block it, and what its agent had done was not kept.
#[test]
fn work_is_kept_however_often_the_runner_dies() {
    let mut play = play(Story::Lands);
    while !matches!(
        play.state.active().map(|(_, active)| &active.stage),
        Some(Stage::Worked { .. })
    ) {
        assert!(play.step());
    }
    (0..4).for_each(|_| play.tell(runner()));
    play.run();
    let ticket = &play.state.tickets()[&id("a")];
    assert_eq!(play.kind("a"), Some(OutcomeKind::Blocked));
    assert!(ticket.tried[0].taken.is_some(), "{:?}", ticket.tried[0]);
}

/// An answer to a ticket whose file was deleted meanwhile broke the run, and each one after it.
#[test]
fn a_request_for_a_ticket_that_is_gone_is_no_defect() {
    let mut play = play(Story::Parks);
    let ticket = id("a");
    play.tell(Event::TicketGone {
        ticket: ticket.clone(),
    });
    let answer = "that one".to_owned();
    play.tell(asked(
        "r1",
        RequestKind::Answer {
            ticket: ticket.clone(),
            answer,
        },
    ));
    play.tell(asked(
        "r2",
        RequestKind::Requeue {
            ticket: ticket.clone(),
        },
    ));
    play.tell(asked(
        "r3",
        RequestKind::Skip {
            ticket: id("never-seen"),
        },
    ));
    play.tell(Event::TicketSeen(facts("a", &[])));
    assert_eq!(play.state.tickets()[&ticket].answers.len(), 1);
    play.run();
    assert_eq!(play.kind("a"), Some(OutcomeKind::Parked));
}

/// A ticket that had failed and was then edited failed again at once, with the attempts of before.
#[test]
fn a_failed_ticket_that_is_edited_is_tried_anew() {
    let mut play = play(Story::SameRed);
    play.run();
    assert_eq!(play.kind("a"), Some(OutcomeKind::Failed));
    let before = play.state.tickets()[&id("a")].attempts;
    play.tell(runner());
    play.tell(Event::TicketSeen(crate::backlog::ticket::TicketFacts {
        hash: "edited".to_owned(),
        ..facts("a", &[])
    }));
    play.run();
    assert_eq!(play.state.tickets()[&id("a")].attempts, before + 2);
}
