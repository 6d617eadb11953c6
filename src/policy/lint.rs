//! What is legal in a contract and still surely not meant: rules that can never decide, patterns
//! that match everything. Warnings only.

use std::collections::BTreeSet;

use super::{
    decision::Point,
    pattern::Pattern,
    rule::{Policy, Rule},
};
use crate::diagnostic::{Diagnostic, Source};

/// Returns the warnings about a contract that was read from `source`.
pub(super) fn lint(policy: &Policy, source: &Source) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        own(rule, source, &mut problems);
        let earlier = policy.rules.get(..index).unwrap_or_default();
        problems.extend(unreachable(rule, earlier, source));
    }
    for (index, answer) in policy.answers.iter().enumerate() {
        let earlier = policy.answers.get(..index).unwrap_or_default();
        let same = |other: &&super::rule::StandingAnswer| {
            other.ask.matches_everything || other.ask.regex.as_str() == answer.ask.regex.as_str()
        };
        if let Some(first) = earlier.iter().find(same) {
            let message = "this answer is never given, an earlier one takes every such question";
            let help = "Move it above, or delete it.";
            let span = answer.ask.span.clone();
            problems.push(
                Diagnostic::warning("unreachable-answer", message, source, span, help)
                    .with(first.ask.span.clone(), "the earlier one"),
            );
        }
        problems.extend(everything(&answer.ask, "ask", source));
    }
    problems
}

/// Notes what is odd in one rule alone.
fn own(rule: &Rule, source: &Source, problems: &mut Vec<Diagnostic>) {
    for (key, patterns) in [
        ("any", &rule.any),
        ("all", &rule.all),
        ("unless", &rule.unless),
    ] {
        problems.extend(patterns.iter().filter_map(|p| everything(p, key, source)));
    }
    let mut warn = |code, message: String, help| {
        let span = rule.span.clone();
        problems.push(Diagnostic::warning(code, message, source, span, help));
    };
    let id = &rule.id;
    if rule.on.contains(&Point::Night) {
        warn(
            "night-rule",
            format!("rule `{id}` is never asked at `night`"),
            "The whole night is ruled by `[breakers]`.",
        );
    }
    if rule.on.contains(&Point::Ask) && rule.any.is_empty() && !rule.paths.is_empty() {
        warn(
            "never-matches",
            format!("rule `{id}` never matches at `ask`: a question has no paths"),
            "Add `any`, or take `ask` out of `on`.",
        );
    }
    if rule.secrets && rule.on != [Point::Diff] {
        warn(
            "never-matches",
            format!("rule `{id}` with `secrets` matches at `diff` only"),
            "Write `on = [\"diff\"]`; what else it is for is another rule.",
        );
    }
    if !rule.unless.is_empty() && rule.any.is_empty() && rule.all.is_empty() {
        warn(
            "idle-unless",
            format!("`unless` of rule `{id}` excuses nothing"),
            "It takes words out of what `any` and `all` look at, never paths: write an exception as a rule above.",
        );
    }
}

fn everything(pattern: &Pattern, key: &str, source: &Source) -> Option<Diagnostic> {
    pattern.matches_everything.then(|| {
        Diagnostic::warning(
            "matches-everything",
            format!("this pattern of `{key}` matches every text, even an empty one"),
            source,
            pattern.span.clone(),
            "Write at least one character that must be there.",
        )
    })
}

/// Returns a warning when earlier rules leave nothing to this one, at any of its points.
fn unreachable(rule: &Rule, earlier: &[Rule], source: &Source) -> Option<Diagnostic> {
    let mut by: Vec<&Rule> = Vec::new();
    for point in &rule.on {
        let covers = |other: &&Rule| other.on.contains(point) && takes_all_of(other, rule);
        by.push(earlier.iter().find(covers)?);
    }
    let first = by.first()?;
    Some(
        Diagnostic::warning(
            "unreachable-rule",
            format!(
                "rule `{}` never decides, `{}` takes all that it matches",
                rule.id, first.id
            ),
            source,
            rule.span.clone(),
            "An exception is a rule placed above: move it up, or delete it.",
        )
        .with(first.span.clone(), "this rule comes first"),
    )
}

/// Returns whether `wide` surely matches whatever `narrow` matches, judged by what is written: no
/// pattern is compared by meaning, only one that matches everything is known as such.
fn takes_all_of(wide: &Rule, narrow: &Rule) -> bool {
    fn texts(patterns: &[Pattern]) -> BTreeSet<&str> {
        patterns.iter().map(|p| p.regex.as_str()).collect()
    }
    fn set<T: Ord>(items: &[T]) -> BTreeSet<&T> {
        items.iter().collect()
    }
    // Secrets are asked about apart from the rest.
    let conditions = wide.secrets == narrow.secrets
        && (wide.labels.is_empty()
            || (!narrow.labels.is_empty() && set(&narrow.labels).is_subset(&set(&wide.labels))))
        && (wide.tickets.is_empty()
            || (!narrow.tickets.is_empty() && set(&narrow.tickets).is_subset(&set(&wide.tickets))))
        && (!wide.opaque || narrow.opaque)
        && texts(&wide.all).is_subset(&texts(&narrow.all))
        && (texts(&wide.unless).is_subset(&texts(&narrow.unless))
            || (wide.any.is_empty() && wide.all.is_empty()));
    let unconditional = wide.any.is_empty() && wide.paths.is_empty()
        || wide.any.iter().any(|p| p.matches_everything);
    let alternatives = unconditional
        || ((!narrow.any.is_empty() || !narrow.paths.is_empty())
            && texts(&narrow.any).is_subset(&texts(&wide.any))
            && set(narrow.paths.written()).is_subset(&set(wide.paths.written())));
    conditions && alternatives
}
