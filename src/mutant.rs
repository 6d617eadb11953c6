//! Defects on purpose, to test the tests: each names a guard that the code may forget while a test
//! runs. In every other build nothing is ever forgotten, and the compiler knows it.

/// A guard that may be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// A record is not synced before it is believed.
    SyncSkipped,
    /// What a torn write left stays in the segment.
    TailKept,
    /// The branch moves before the journal says that it will.
    LandedBeforeJournaled,
    /// A landing that was cut short is not adopted.
    LandingNotAdopted,
    /// The branch is not compared with the journal.
    BranchNotCompared,
    /// What a dead runner left running goes on.
    ProcessesLeft,
    /// An attempt that failed does not count.
    AttemptNotCounted,
    /// A restart forgets how many attempts there were.
    AttemptsForgotten,
    /// A restart forgets what was used up.
    BudgetForgotten,
    /// An agent that worked when the runner died is taken for a new one.
    OrphanTrusted,
    /// The work of an agent that worked when the runner died is thrown away.
    OrphanThrownAway,
    /// A request counts each time it is read.
    RequestCountedAgain,
    /// A red gate is taken for a green one.
    RedLands,
    /// The provider's weather counts against the ticket.
    WeatherCounted,
    /// A wait is over when the runner was restarted.
    WaitForgotten,
    /// A ticket does not wait for those that it depends on.
    OrderIgnored,
    /// A pause is not heeded.
    PauseIgnored,
    /// A parked question is overlooked.
    QuestionOverlooked,
}

#[cfg(test)]
thread_local! {
    static FORGOTTEN: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Returns whether this guard is to be forgotten.
#[cfg(test)]
pub(crate) fn forgets(guard: Mutant) -> bool {
    FORGOTTEN.get() == Some(guard)
}

/// Returns whether this guard is to be forgotten: never.
#[cfg(not(test))]
pub(crate) const fn forgets(_guard: Mutant) -> bool {
    false
}

#[cfg(test)]
impl Mutant {
    /// All of them.
    pub(crate) const ALL: [Self; 18] = [
        Self::SyncSkipped,
        Self::TailKept,
        Self::LandedBeforeJournaled,
        Self::LandingNotAdopted,
        Self::BranchNotCompared,
        Self::ProcessesLeft,
        Self::AttemptNotCounted,
        Self::AttemptsForgotten,
        Self::BudgetForgotten,
        Self::OrphanTrusted,
        Self::OrphanThrownAway,
        Self::RequestCountedAgain,
        Self::RedLands,
        Self::WeatherCounted,
        Self::WaitForgotten,
        Self::OrderIgnored,
        Self::PauseIgnored,
        Self::QuestionOverlooked,
    ];

    /// Forgets this guard on this thread while `f` runs.
    pub(crate) fn during<T>(self, f: impl FnOnce() -> T) -> T {
        FORGOTTEN.set(Some(self));
        let done = f();
        FORGOTTEN.set(None);
        done
    }
}
