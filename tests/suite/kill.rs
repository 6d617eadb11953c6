//! `kill -9` of the runner at 50 random moments: every night comes to the end of an undisturbed
//! one, nothing lands twice, and no interrupted attempt's work is lost.

use std::{
    collections::BTreeMap,
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::bed::{Bed, binary};

const KILLS: usize = 50;

/// A small generator of random numbers (`SplitMix64`, public domain): the seed is printed when a
/// night ends differently, and repeats it.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }
}

/// Twelve tickets: landings, a second attempt, a failure, a park with what it holds.
fn twelve() -> Bed {
    let bed = Bed::with_stories();
    bed.configure_gate("! grep -rqs BROKEN src", "");
    let file = |name: &str, text: &str| format!("- write: {{path: src/{name}.txt, text: {text}}}");
    for n in 0..7 {
        let id = format!("plain-{n}");
        let on = if n % 3 == 2 {
            format!("depends_on: [plain-{}]", n - 1)
        } else {
            String::new()
        };
        bed.ticket(&id, &on, "Write a file.");
        bed.steps(
            &id,
            &format!(
                "{}\n- sleep: 15ms\n- say: {{verb: assume, text: a file}}",
                file(&id, "ok")
            ),
        );
    }
    bed.ticket("second-try", "priority: 2", "Write a good file.");
    bed.write(
        "stories/second-try.yaml",
        "attempts:\n  - - write: {path: src/second.txt, text: BROKEN}\n    - sleep: 10ms\n  - - write: {path: src/second.txt, text: ok}\n",
    );
    bed.story("fails", &file("fails", "BROKEN"));
    bed.ticket(
        "checked",
        "",
        "Write it.\n\n## Acceptance\n\n```sh\ngrep -q ok src/checked.txt\n```",
    );
    bed.steps("checked", &file("checked", "ok"));
    bed.story(
        "parks",
        &format!(
            "{}\n- say: {{verb: park, question: Which one?}}",
            file("parks", "half")
        ),
    );
    bed.ticket("held", "depends_on: [parks]", "After that.");
    bed.steps("held", &file("held", "ok"));
    bed.commit("the backlog");
    bed
}

/// What must not depend on how often the runner died.
#[derive(Debug, PartialEq)]
struct End {
    outcomes: BTreeMap<String, String>,
    landed: Vec<String>,
    tree: String,
}

fn end(bed: &Bed) -> End {
    let branch = bed.branch();
    let mut landed = bed.landed();
    let trailers = bed.git(&[
        "log",
        "--format=%(trailers:key=Nightshift-Ticket,valueonly)",
        &format!("main..{branch}"),
    ]);
    let mut tickets: Vec<_> = trailers.lines().filter(|line| !line.is_empty()).collect();
    let all = tickets.len();
    tickets.sort_unstable();
    tickets.dedup();
    assert_eq!(tickets.len(), all, "a ticket landed twice: {landed:?}");
    assert_eq!(landed.len(), all);
    landed.sort();
    let tree = bed.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
    End {
        outcomes: bed.outcomes(),
        landed,
        tree,
    }
}

/// Every attempt that the journal says was kept is there, with its files.
fn kept(bed: &Bed) {
    let journal = fs::read_to_string(bed.root.join(".nightshift/journal/000001.jsonl")).unwrap();
    let mut found = 0;
    for line in journal
        .lines()
        .filter(|line| line.contains("\"work_kept\":"))
    {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let taken = &record["event"]["work_kept"]["taken"];
        let reference = taken["reference"].as_str().unwrap();
        let tree = bed.git(&["rev-parse", &format!("{reference}^{{tree}}")]);
        assert_eq!(
            tree.trim(),
            taken["work"]["tree"].as_str().unwrap(),
            "{reference}"
        );
        found += 1;
    }
    let refs = bed.git(&["for-each-ref", "refs/nightshift/attempts"]);
    let refs = refs
        .lines()
        .filter(|line| !line.ends_with("-gated"))
        .count();
    assert!(found >= 11, "only {found} attempts were kept");
    assert!(refs >= found, "{refs} refs for {found} kept attempts");
}

fn killed_after(bed: &Bed, delay: Duration) {
    let mut child = bed
        .command(binary())
        .args(["run", "--no-watchdog"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + delay;
    while Instant::now() < until && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    // The runner alone: what it started is left for the next run to end.
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn fifty_kills_change_nothing_about_the_end() {
    let undisturbed = twelve();
    let began = Instant::now();
    undisturbed.night().code(1);
    let length = u64::try_from(began.elapsed().as_millis()).unwrap();
    let expected = end(&undisturbed);
    assert_eq!(expected.outcomes["second-try"], "done");
    assert_eq!(expected.outcomes["fails"], "failed");
    assert_eq!(expected.outcomes["parks"], "parked");
    assert_eq!(expected.outcomes["held"], "held");
    assert_eq!(expected.landed.len(), 9);

    let one = |number: usize| {
        let seed = 0x5eed + number as u64;
        let mut random = Random(seed);
        let bed = twelve();
        // One kill a night; every fifth night has a second one, somewhere after the first.
        for _ in 0..if number.is_multiple_of(5) { 2 } else { 1 } {
            killed_after(&bed, Duration::from_millis(random.below(length)));
        }
        let said = bed.night();
        assert_eq!(end(&bed), expected, "seed {seed}: {}", said.err);
        kept(&bed);
    };
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || (half..KILLS).step_by(2).for_each(one));
        }
    });
}
