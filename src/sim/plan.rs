//! A night to be played: everything that will happen in it, as plain data, so that parts of it can
//! be left out when the smallest failing night is looked for.

use std::io::ErrorKind;

use super::dice::Dice;
use crate::{
    backlog::ticket::{Priority, Status, TicketFacts, TicketId},
    config::budget::{Budget, Budgets, NightBreach, TicketBreach},
    harness::event::WeatherKind,
    machine::RequestKind,
};

/// How many harnesses there are.
pub(super) const HARNESSES: u64 = 3;
/// One hour, in milliseconds.
pub(super) const HOUR: u64 = 3_600_000;

/// A night to be played.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed that it was drawn from.
    pub seed: u64,
    pub(super) tickets: Vec<TicketPlan>,
    pub(super) attempts: u32,
    pub(super) length_ms: u64,
    pub(super) budgets: Budgets,
    /// How many of the harnesses tickets without one may use.
    pub(super) chain: u64,
    /// Whether the first two harnesses share an account.
    pub(super) shared: bool,
    pub(super) spells: Vec<Spell>,
    pub(super) happenings: Vec<(u64, Happening)>,
    pub(super) disk: Vec<DiskFault>,
    /// What each death takes with it, in turn.
    pub(super) losses: Vec<Loss>,
    /// How often the user comes back to a night that has ended, and asks for something.
    pub(super) mornings: Vec<Morning>,
}

/// One ticket, and what will become of it.
#[derive(Debug, Clone)]
pub(super) struct TicketPlan {
    pub(super) facts: TicketFacts,
    pub(super) accept: bool,
    pub(super) rule: Rule,
    /// What its agents do, session by session; the last one again and again.
    pub(super) agents: Vec<Agent>,
    pub(super) gate: GateMood,
}

/// What the contract says of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    Proceed,
    Park,
    ParkAlone,
    ParkAll,
    Halt,
}

/// How a gate behaves on a tree that is not red.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GateMood {
    Sound,
    Flaky,
    CannotJudge,
    TimesOut,
}

/// What an agent does in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    /// Changes this many files; whether the gate, and the acceptance check, will be green.
    Works {
        files: u8,
        good: bool,
        done: bool,
    },
    /// Leaves no file changed, and says that it is done.
    NoChange,
    /// Changes files and exits with an error.
    Fails,
    Hangs,
    Floods,
    /// Leaves this many processes behind.
    Forks(u8),
    Asks,
    /// Asks what the contract answers.
    AsksAllowed,
    Halts,
    TouchesProtected,
    /// Leaves a repository inside the bench.
    Nests,
    NotThere,
    Rubbish,
    /// What the provider says; in how many seconds it ends, where it says so.
    Weather(WeatherKind, Option<u32>),
}

/// A time in which an account's provider lets nobody work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spell {
    /// Which harness's.
    pub(super) harness: u64,
    /// In virtual milliseconds.
    pub(super) from_ms: u64,
    pub(super) until_ms: u64,
    pub(super) kind: WeatherKind,
    /// Whether it says until when.
    pub(super) says: bool,
}

/// What happens at some operation of the world.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it.
    DiesAfter,
    /// It is refused.
    Refused(ErrorKind),
    /// It is done, and reported as failed.
    FailsAfterwards(ErrorKind),
    /// The wall clock jumps.
    ClockJumps(i64),
    /// The machine sleeps.
    Sleeps(u64),
    /// Somebody commits to the night branch.
    BranchMoved,
    /// Somebody deletes it.
    BranchDeleted,
    /// The user commits to their own branch.
    UserCommits,
    /// The bench is deleted.
    BenchDeleted,
    /// Somebody leaves a lock on the night branch's ref.
    RefLocked,
    /// A ticket's file is edited, by number.
    Edited(u64),
    /// A ticket's file is deleted.
    Deleted(u64),
    /// A ticket's file comes back.
    Restored(u64),
    /// The contract is edited: a ticket is parked by it from now on, or no longer.
    ContractEdited(u64),
    /// The configuration is edited: the next night has this many attempts for each ticket.
    ConfigurationEdited(u32),
    /// The disk is nearly full.
    DiskLow,
    /// Somebody asks for something.
    Asked(RequestKind),
    /// The same, twice in the file.
    AskedTwice(RequestKind),
}

/// What a death takes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// The process alone.
    Process,
    /// The power failed: nothing that was not synced is there.
    Unsynced,
    /// The power failed: lengths are there, contents are not.
    Contents,
}

/// An operation of the journal's disk that goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct DiskFault {
    pub(super) step: u64,
    /// How many bytes of a write get through.
    pub(super) written: usize,
    /// `None` is death.
    pub(super) error: Option<ErrorKind>,
}

/// What the user does when a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Morning {
    /// Answers what was parked.
    pub(super) answers: bool,
    /// Queues what failed.
    pub(super) requeues: bool,
    /// Wants a new night.
    pub(super) new: bool,
    /// Whether a watchdog started it, when the runner died.
    pub(super) watched: bool,
}

impl Plan {
    /// Draws a night of this many tickets.
    pub fn draw(seed: u64, tickets: usize) -> Self {
        let mut dice = Dice::new(seed);
        let calm = dice.in_a_hundred(15);
        let tickets: Vec<_> = (0..tickets).map(|at| ticket(&mut dice, at)).collect();
        let count = tickets.len() as u64;
        // About as many operations as a night has without trouble.
        let steps = count * 14 + 20;
        let mut happenings = Vec::new();
        let mut disk = Vec::new();
        if !calm {
            for _ in 0..dice.below(9) {
                happenings.push((dice.below(steps), happening(&mut dice, count)));
            }
            happenings.sort_by_key(|(step, _)| *step);
            for _ in 0..dice.below(5) {
                disk.push(disk_fault(&mut dice, count * 16 + 20));
            }
            disk.sort_by_key(|fault| fault.step);
        }
        let spells = (0..dice.below(4)).map(|_| spell(&mut dice)).collect();
        let losses = (0..8).map(|_| loss(&mut dice)).collect();
        let mornings = (0..dice.below(4)).map(|_| morning(&mut dice)).collect();
        Self {
            seed,
            tickets,
            attempts: u32::try_from(dice.between(1, 3)).unwrap_or(1),
            length_ms: dice.between(2, 12) * HOUR,
            budgets: budgets(&mut dice),
            chain: dice.between(1, HARNESSES),
            shared: dice.in_a_hundred(30),
            spells,
            happenings,
            disk,
            losses,
            mornings,
        }
    }
}

fn ticket(dice: &mut Dice, at: usize) -> TicketPlan {
    let name = |at: u64| format!("t{at:02}").parse::<TicketId>().ok();
    let mut depends_on = Vec::new();
    while at > 0 && depends_on.len() < 3 && dice.in_a_hundred(25) {
        depends_on.extend(name(dice.below(at as u64)));
    }
    let accept = dice.in_a_hundred(30);
    let iterations = (accept && dice.in_a_hundred(30)).then_some(6);
    let facts = TicketFacts {
        id: name(at as u64).unwrap_or_else(|| unreachable!("a short name is an id")),
        title: format!("Ticket {at}"),
        file: format!("t{at:02}.md"),
        hash: "0".to_owned(),
        priority: Priority(u8::try_from(dice.between(1, 5)).unwrap_or(3)),
        ordinal: None,
        depends_on,
        labels: Vec::new(),
        paths: Vec::new(),
        attempts: dice
            .in_a_hundred(15)
            .then(|| u32::try_from(dice.between(1, 4)).unwrap_or(1)),
        status: match dice.below(30) {
            0 => Status::Draft,
            1 => Status::Done,
            _ => Status::Ready,
        },
        harness: dice
            .in_a_hundred(10)
            .then(|| format!("h{}", dice.below(HARNESSES))),
        iterations,
    };
    let rule = match dice.below(60) {
        0 => Rule::Park,
        1 => Rule::ParkAlone,
        2 if dice.in_a_hundred(30) => Rule::ParkAll,
        3 if dice.in_a_hundred(30) => Rule::Halt,
        _ => Rule::Proceed,
    };
    let gate = match dice.below(30) {
        0 => GateMood::Flaky,
        1 => GateMood::CannotJudge,
        2 => GateMood::TimesOut,
        _ => GateMood::Sound,
    };
    let agents = (0..dice.between(1, 4)).map(|_| agent(dice)).collect();
    TicketPlan {
        facts,
        accept,
        rule,
        agents,
        gate,
    }
}

fn agent(dice: &mut Dice) -> Agent {
    let few = |dice: &mut Dice| u8::try_from(dice.between(1, 3)).unwrap_or(1);
    match dice.below(40) {
        0 => Agent::NoChange,
        1 => Agent::Fails,
        2 => Agent::Hangs,
        3 => Agent::Floods,
        4 => Agent::Forks(few(dice)),
        5 => Agent::Asks,
        6 => Agent::AsksAllowed,
        7 if dice.in_a_hundred(30) => Agent::Halts,
        8 => Agent::TouchesProtected,
        9 => Agent::Nests,
        10 if dice.in_a_hundred(30) => Agent::NotThere,
        11 => Agent::Rubbish,
        12 => Agent::Weather(WeatherKind::Overload, None),
        13 => {
            let minutes = dice.in_a_hundred(60).then(|| dice.between(1, 400));
            let seconds = minutes.and_then(|minutes| u32::try_from(minutes * 60).ok());
            Agent::Weather(WeatherKind::Limit, seconds)
        }
        14 => Agent::Weather(WeatherKind::Network, None),
        15 if dice.in_a_hundred(20) => Agent::Weather(WeatherKind::Login, None),
        16 if dice.in_a_hundred(20) => Agent::Weather(WeatherKind::Billing, None),
        17..=21 => Agent::Works {
            files: few(dice),
            good: false,
            done: dice.in_a_hundred(50),
        },
        _ => Agent::Works {
            files: few(dice),
            good: true,
            done: dice.in_a_hundred(80),
        },
    }
}

fn happening(dice: &mut Dice, tickets: u64) -> Happening {
    match dice.below(40) {
        0..=6 => Happening::DiesBefore,
        7..=13 => Happening::DiesAfter,
        14 | 15 => Happening::Refused(error(dice)),
        16 | 17 => Happening::FailsAfterwards(error(dice)),
        18 => {
            let minutes = i64::try_from(dice.below(300)).unwrap_or(0) - 150;
            Happening::ClockJumps(minutes * 60_000)
        }
        19 => Happening::Sleeps(dice.below(3 * HOUR)),
        20 => Happening::BranchMoved,
        21 => Happening::BranchDeleted,
        22 => Happening::UserCommits,
        23 | 24 => Happening::BenchDeleted,
        25 => Happening::RefLocked,
        26 | 27 => Happening::Edited(dice.below(tickets)),
        28 => Happening::Deleted(dice.below(tickets)),
        29 => Happening::Restored(dice.below(tickets)),
        30 => Happening::DiskLow,
        31 => match dice.below(3) {
            0 => Happening::ContractEdited(dice.below(tickets)),
            1 => Happening::ConfigurationEdited(u32::try_from(dice.between(1, 4)).unwrap_or(1)),
            _ => Happening::AskedTwice(request(dice, tickets)),
        },
        _ => Happening::Asked(request(dice, tickets)),
    }
}

fn request(dice: &mut Dice, tickets: u64) -> RequestKind {
    let at = dice.below(tickets);
    let Ok(ticket) = format!("t{at:02}").parse::<TicketId>() else {
        return RequestKind::Pause;
    };
    match dice.below(9) {
        0 => RequestKind::Stop { now: false },
        1 => RequestKind::Stop { now: true },
        2 | 3 => RequestKind::Pause,
        4 | 5 => RequestKind::Resume,
        6 => RequestKind::Skip { ticket },
        7 => RequestKind::Answer {
            ticket,
            answer: "so".to_owned(),
        },
        _ => RequestKind::Requeue { ticket },
    }
}

fn error(dice: &mut Dice) -> ErrorKind {
    match dice.below(3) {
        0 => ErrorKind::StorageFull,
        1 => ErrorKind::PermissionDenied,
        _ => ErrorKind::Other,
    }
}

fn disk_fault(dice: &mut Dice, steps: u64) -> DiskFault {
    let dies = dice.in_a_hundred(70);
    DiskFault {
        step: dice.below(steps),
        written: usize::try_from(dice.below(1500)).unwrap_or(0),
        error: (!dies).then(|| error(dice)),
    }
}

fn spell(dice: &mut Dice) -> Spell {
    let from_ms = dice.below(6 * HOUR);
    let (kind, longest) = match dice.below(3) {
        0 => (WeatherKind::Overload, HOUR),
        1 => (WeatherKind::Limit, 5 * HOUR),
        _ => (WeatherKind::Network, HOUR),
    };
    Spell {
        harness: dice.below(HARNESSES),
        from_ms,
        until_ms: from_ms + dice.below(longest),
        kind,
        says: kind == WeatherKind::Limit && dice.in_a_hundred(60),
    }
}

fn loss(dice: &mut Dice) -> Loss {
    match dice.below(4) {
        0 => Loss::Unsynced,
        1 => Loss::Contents,
        _ => Loss::Process,
    }
}

fn morning(dice: &mut Dice) -> Morning {
    Morning {
        answers: dice.in_a_hundred(50),
        requeues: dice.in_a_hundred(50),
        new: dice.in_a_hundred(30),
        watched: dice.in_a_hundred(50),
    }
}

fn budgets(dice: &mut Dice) -> Budgets {
    let some = |dice: &mut Dice, percent: u64, first: u64, last: u64| {
        dice.in_a_hundred(percent)
            .then(|| dice.between(first, last))
    };
    Budgets {
        ticket: Budget {
            turns: some(dice, 10, 5, 60),
            cost_micros: some(dice, 10, 500_000, 5_000_000),
            work_ms: some(dice, 5, 600_000, 4_000_000),
            files: dice.in_a_hundred(5).then_some(2),
            ..Budget::default()
        },
        night: Budget {
            output_tokens: some(dice, 10, 1_000, 60_000),
            attempts: some(dice, 10, 3, 30),
            ..Budget::default()
        },
        on_ticket: if dice.in_a_hundred(50) {
            TicketBreach::Park
        } else {
            TicketBreach::Fail
        },
        on_night: if dice.in_a_hundred(80) {
            NightBreach::End
        } else {
            NightBreach::Halt
        },
    }
}
