//! What becomes of work that holds something that may not land by itself: a human decides.

use super::outcome::{Outcome, Park, Raised};
use crate::{policy::decision::Scope, repo::id::Unfit, say::utterance::Question};

/// How many findings a question names.
const NAMED: usize = 8;

/// Returns the park of a ticket whose work holds such things; `None` when there are none.
pub(super) fn parked_as_unfit(found: &[Unfit]) -> Option<Outcome> {
    let first = found.first()?;
    let mut question = if found.len() == 1 {
        format!("The work holds {}.", finding(first))
    } else {
        let mut list = String::from("The work holds what may not land by itself:");
        for (index, one) in found.iter().take(NAMED).enumerate() {
            let mark = if index == 0 { " " } else { "; " };
            list.push_str(mark);
            list.push_str(&finding(one));
        }
        if found.len() > NAMED {
            list.push_str("; and more of the kind");
        }
        list.push('.');
        list
    };
    question.push_str(" What shall become of it?");
    let mut options = Vec::new();
    for option in found.iter().map(remedy) {
        if !options.contains(&option) {
            options.push(option);
        }
    }
    options.push("requeue the ticket, with an answer that says what to leave out".to_owned());
    let park = Park {
        raised: Raised::Snapshot,
        question: Question {
            question,
            options,
            recommend: None,
            because: None,
        },
        scope: Scope::Dependents,
        decision: None,
    };
    Some(Outcome::Parked(Box::new(park)))
}

fn finding(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Nested { path } => format!(
            "a git repository of its own at `{path}`, whose history a commit cannot hold (its files are kept)"
        ),
        Unfit::Submodule { path } => {
            format!("a submodule that is new or at another commit at `{path}`")
        }
        Unfit::Rules { path } => format!("a change of `{path}`, on which git itself acts"),
        Unfit::Link { path, target } => {
            format!("a link that leaves the tree: `{path}` points to `{target}`")
        }
        Unfit::Large {
            path,
            bytes,
            most,
            kept,
        } => {
            let kept = match kept {
                Some(place) => format!("kept in `{place}`"),
                None => "kept nowhere: the next attempt clears it away".to_owned(),
            };
            format!(
                "a file over the size cap: `{path}` has {}, {} are allowed (it is not in the attempt's commit; {kept})",
                size(*bytes),
                size(*most)
            )
        }
        Unfit::Unreadable { path } => {
            format!("something that could not be read or stored as it was: `{path}`")
        }
        Unfit::Case { path, other } => {
            format!("names that differ only in case: `{path}` and `{other}`")
        }
    }
}

fn remedy(unfit: &Unfit) -> String {
    match unfit {
        Unfit::Nested { .. } | Unfit::Submodule { .. } => {
            "add the repository as a submodule yourself, or commit the kept files without it"
        }
        Unfit::Rules { .. } => {
            "look at the change and land the attempt's commit yourself, or allow the file by a rule of policy.toml (`on = [\"diff\"]`, its path under `paths`, `action = \"proceed\"`) and requeue the ticket"
        }
        Unfit::Link { .. } => "have the link point inside the repository, or land it yourself",
        Unfit::Large { .. } => {
            "raise `largest_file` under `[rooms]` and requeue the ticket, or have the file ignored by git"
        }
        Unfit::Unreadable { .. } => "land the attempt's commit yourself if it is not missed there",
        Unfit::Case { .. } => "have one of the two renamed, or land it yourself",
    }
    .to_owned()
}

fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    if bytes < MIB {
        return format!("{bytes} bytes");
    }
    let tenths = u128::from(bytes) * 10 / u128::from(MIB);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}
