//! The contract at `diff`: what the work changed, file by file.
//!
//! Each file is decided alone, by the first rule that matches its path or the text added to it. Two
//! built-in rules come after the file's own: `protected` (files that judge the work) and `scope`
//! (files outside the ticket's own paths). Both park, and only a rule that names the file's *path*
//! and says `proceed` excuses from them. The most severe decision over all files wins and names
//! its files.
//!
//! Secrets that came into a file are decided for themselves, by the first rule with `secrets =
//! true` that matches the file: no other rule's `proceed` is about them. Without one they park.

use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

use super::{
    decide::subject,
    decision::{Action, Decision, Point, Scope},
    glob::Globs,
    matching::{Subject, push},
    parse::{OUT_OF_SCOPE, PROTECTED, SECRETS},
    rule::Policy,
};
use crate::{backlog::ticket::TicketFacts, repo::id::ChangeKind, sandbox::Finding};

/// One changed file, as the contract looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedFile<'a> {
    /// Path inside the repository, `/` between parts.
    pub path: &'a str,
    /// What happened to it.
    pub kind: ChangeKind,
    /// The lines added to it; empty for a deleted or a binary file.
    pub added: &'a str,
    /// The secrets that came into it.
    pub secrets: &'a [Finding],
}

/// How severe a file's decision is, then the order of its rule: the smallest wins.
type Rank = (Reverse<u8>, usize);

impl Policy {
    /// Decides on an attempt's work. `files` may come in any order.
    pub fn at_diff(&self, facts: &TicketFacts, files: &[ChangedFile<'_>]) -> Decision {
        let fence = (!facts.paths.is_empty()).then(|| Globs::fence(&facts.paths));
        let mut groups: BTreeMap<Rank, Vec<Decision>> = BTreeMap::new();
        let mut files: Vec<&ChangedFile<'_>> = files.iter().collect();
        files.sort_unstable_by_key(|file| file.path);
        for file in files {
            let text = Some(self.at_file(facts, fence.as_ref(), file));
            for (order, decision) in text.into_iter().chain(self.at_secrets(facts, file)) {
                if decision.rule.is_some() {
                    let rank = (Reverse(severity(decision.action)), order);
                    groups.entry(rank).or_default().push(decision);
                }
            }
        }
        let Some((_, winners)) = groups.pop_first() else {
            return Decision::unmatched(Point::Diff);
        };
        let mut matched = file_words(winners.iter());
        let mut decision = winners
            .into_iter()
            .next()
            .unwrap_or_else(|| Decision::unmatched(Point::Diff));
        // The human sees in one go what else stands in the way.
        if decision.action != Action::Proceed {
            for other in groups.values().flatten() {
                if other.action != Action::Proceed {
                    let rule = other.rule.as_deref().unwrap_or_default();
                    for word in &other.matched {
                        push(&mut matched, &format!("{word} (rule `{rule}`)"));
                    }
                }
            }
        }
        decision.matched = matched;
        decision
    }

    /// Returns the decision on one file and the order of the rule that took it.
    fn at_file(
        &self,
        facts: &TicketFacts,
        fence: Option<&Globs>,
        file: &ChangedFile<'_>,
    ) -> (usize, Decision) {
        let paths = [Cow::Borrowed(file.path)];
        let subject = subject(Point::Diff, facts, file.added, &paths);
        let hit = |(order, rule): (usize, &super::rule::Rule)| {
            let hit = rule.matches(&subject)?;
            let by_path = !hit.paths.is_empty();
            Some((order, rule.decision(Point::Diff, hit.texts), by_path))
        };
        let mut decided = match self.rules.iter().enumerate().find_map(hit) {
            Some((order, decision, by_path)) if by_path || decision.action != Action::Proceed => {
                (order, decision)
            }
            other => self.built_in(fence, file).unwrap_or_else(|| {
                let unmatched = (usize::MAX, Decision::unmatched(Point::Diff));
                other.map_or(unmatched, |(order, decision, _)| (order, decision))
            }),
        };
        decided.1.matched = vec![named(file, &decided.1.matched)];
        decided
    }

    /// Returns the decision on the secrets that came into one file; `None` when none did.
    fn at_secrets(&self, facts: &TicketFacts, file: &ChangedFile<'_>) -> Option<(usize, Decision)> {
        if file.secrets.is_empty() {
            return None;
        }
        let paths = [Cow::Borrowed(file.path)];
        let subject = Subject {
            has_secret: true,
            ..subject(Point::Diff, facts, file.added, &paths)
        };
        let mut rules = self
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.secrets);
        let (order, mut decision) = match rules.find(|(_, rule)| rule.matches(&subject).is_some()) {
            Some((order, rule)) => (order, rule.decision(Point::Diff, Vec::new())),
            None => (self.rules.len(), secrets_park()),
        };
        let place = |found: &Finding| match found.line {
            0 => format!("{}: {} in its name", file.path, found.kind),
            line => format!("{}:{line}: {}", file.path, found.kind),
        };
        decision.matched = file.secrets.iter().map(place).collect();
        Some((order, decision))
    }

    fn built_in(&self, fence: Option<&Globs>, file: &ChangedFile<'_>) -> Option<(usize, Decision)> {
        let park = |rule: &str, category: &str, because: &str| Decision {
            action: Action::Park,
            rule: Some(rule.to_owned()),
            category: category.to_owned(),
            scope: Scope::Dependents,
            because: because.to_owned(),
            ..Decision::unmatched(Point::Diff)
        };
        let after_all = self.rules.len() + 1;
        if self
            .protected
            .as_ref()
            .is_some_and(|globs| globs.matches(file.path))
        {
            let because = "The files that judge the work were changed by the work.";
            return Some((after_all, park(PROTECTED, "gate", because)));
        }
        if fence.is_some_and(|fence| !fence.matches(file.path)) {
            let because = "The work reaches outside the ticket's own paths.";
            return Some((after_all + 1, park(OUT_OF_SCOPE, "out-of-scope", because)));
        }
        None
    }
}

/// What follows where a contract has no rule with `secrets = true` for a file.
fn secrets_park() -> Decision {
    Decision {
        action: Action::Park,
        rule: Some(SECRETS.to_owned()),
        category: "security".to_owned(),
        scope: Scope::Ticket,
        because:
            "The work adds what looks like a secret. Its value is taken out of all that is kept \
                  of the attempt, but for the commit under the attempt's ref: revoke it if it is \
                  real."
                .to_owned(),
        ..Decision::unmatched(Point::Diff)
    }
}

/// Returns how severe an action is: the larger, the more.
fn severity(action: Action) -> u8 {
    match action {
        Action::Proceed => 0,
        Action::Deny => 1,
        Action::Park => 2,
        Action::Halt => 3,
    }
}

fn named(file: &ChangedFile<'_>, words: &[String]) -> String {
    let deleted = match file.kind {
        ChangeKind::Deleted => " (deleted)",
        ChangeKind::Added | ChangeKind::Modified => "",
    };
    match words.first() {
        Some(word) => format!("{}{deleted}: {word}", file.path),
        None => format!("{}{deleted}", file.path),
    }
}

/// Returns the files of one rule, those that do not fit counted.
fn file_words<'a>(decisions: impl Iterator<Item = &'a Decision>) -> Vec<String> {
    const MOST: usize = 8;
    let files: Vec<&str> = decisions
        .flat_map(|decision| decision.matched.iter().map(String::as_str))
        .collect();
    let mut words = Vec::new();
    for file in files.iter().take(MOST) {
        push(&mut words, file);
    }
    if let Some(more) = files.len().checked_sub(MOST).filter(|more| *more > 0) {
        words.push(format!("and {more} more"));
    }
    words
}
