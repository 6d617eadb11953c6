//! What an attempt leaves that may not land by itself: its work is kept, its ticket parked with the
//! paths and what to do, and the night goes on. What the repository had before counts for nothing.

use std::fs;

use crate::bed::Bed;

const LIMIT: &str = "[rooms]\nlargest_file = \"1 MiB\"\n";

/// A bed whose agent is a shell script, in a night of one attempt for each ticket.
fn bed(script: &str) -> Bed {
    let bed = Bed::new();
    configure(&bed, script);
    bed
}

fn configure(bed: &Bed, script: &str) {
    let agent = bed.shared().join("agent");
    fs::write(&agent, script).unwrap();
    bed.configure(LIMIT);
    let config = bed
        .read("nightshift.toml")
        .replace("harness = \"script\"", "harness = \"sh\"")
        .replace(
            "[harness.script]\nstories = \"stories\"",
            &format!(
                "[harness.sh]\ncommand = [\"sh\", \"{}\"]\nprompt = \"file\"",
                agent.display()
            ),
        );
    bed.write("nightshift.toml", &config);
    bed.ticket("a", "attempts: 1", "Do it.");
    bed.commit("the backlog");
}

/// The ticket is parked, and the report says each of these; returns the names of the kept files.
#[track_caller]
fn parks(bed: &Bed, said: &[&str]) -> Vec<String> {
    let users = bed.users();
    bed.night().code(1);
    assert_eq!(bed.outcomes()["a"], "parked");
    assert_eq!(bed.landed(), Vec::<String>::new());
    assert_eq!(bed.users(), users);
    let report = bed.report();
    let decision = &report["decisions"][0];
    let text = format!("{} {}", decision["question"], decision["options"]);
    for one in said {
        assert!(text.contains(one), "no `{one}` in\n{report:#}");
    }
    kept(bed)
}

fn kept(bed: &Bed) -> Vec<String> {
    let refs = bed.git(&[
        "for-each-ref",
        "--format=%(refname)",
        "refs/nightshift/attempts",
    ]);
    let files = bed.git(&["ls-tree", "-r", "--name-only", refs.trim()]);
    files.lines().map(str::to_owned).collect()
}

#[test]
fn a_nested_repository_parks_and_its_files_are_kept() {
    let bed = bed("mkdir -p vendor/x && cd vendor/x && git init -q && echo one > file\n");
    let kept = parks(
        &bed,
        &[
            "a git repository of its own at `vendor/x/.git`",
            "as a submodule yourself",
        ],
    );
    assert!(kept.contains(&"vendor/x/file".to_owned()), "{kept:?}");
}

#[test]
fn a_new_submodule_parks() {
    let bed = bed(
        "mkdir -p lib && cd lib && git init -q && echo one > file && cd ..\nprintf '[submodule \"lib\"]\\n\\tpath = lib\\n\\turl = https://example.org/lib\\n' > .gitmodules\n",
    );
    let kept = parks(
        &bed,
        &["at `lib/.git`", "a change of `.gitmodules`", "policy.toml"],
    );
    assert!(kept.contains(&"lib/file".to_owned()), "{kept:?}");
    assert!(kept.contains(&".gitmodules".to_owned()), "{kept:?}");
}

#[test]
fn changed_attributes_park_unless_a_rule_lets_the_file_through() {
    let script = "mkdir -p docs && echo '*.md diff=evil' > docs/.gitattributes && echo one > one\n";
    let bed = bed(script);
    let kept = parks(&bed, &["a change of `docs/.gitattributes`"]);
    assert!(kept.contains(&"docs/.gitattributes".to_owned()), "{kept:?}");

    // A rule on words does not: the words are the agent's.
    let rule = |what: &str| {
        format!("[[rule]]\nid = \"may\"\non = [\"diff\"]\n{what}\naction = \"proceed\"\n")
    };
    for (what, outcome) in [
        ("any = ['diff=evil']", "parked"),
        ("paths = [\"docs/.gitattributes\"]", "done"),
    ] {
        bed.write("policy.toml", &rule(what));
        bed.nightshift(&["requeue", "a"]).code(0);
        bed.night();
        assert_eq!(bed.outcomes()["a"], outcome, "{what}");
    }
}

#[test]
fn links_that_leave_the_tree_park() {
    let bed = bed(
        "mkdir -p a/b\nln -s b a/inside\nln -s ../a/b/../.. a/top\nln -s nowhere dangling\nln -s circle circle\nln -s /etc/passwd absolute\nln -s ../../.. a/out\nln -s a/b deep\nln -s deep/../../.. by-way\nln -s .git/hooks hooks\n",
    );
    let kept = parks(
        &bed,
        &[
            "`absolute` points to `/etc/passwd`",
            "`a/out` points to `../../..`",
            "`by-way` points to",
            "`hooks` points to `.git/hooks`",
            "inside the repository",
        ],
    );
    assert!(kept.contains(&"absolute".to_owned()), "{kept:?}");
    let journal = bed.read(".nightshift/journal/000001.jsonl");
    assert_eq!(journal.matches("{\"link\":").count(), 4);
}

#[test]
fn a_file_over_the_cap_is_kept_aside_and_parks() {
    let bed = bed(
        "echo small > small\nmkdir -p data && head -c 1100000 /dev/zero > data/large\nhead -c 1000000 /dev/zero > fits\n",
    );
    let kept = parks(
        &bed,
        &[
            "`data/large` has 1.0 MiB, 1.0 MiB are allowed",
            "kept in `",
            "largest_file",
        ],
    );
    assert!(kept.contains(&"small".to_owned()), "{kept:?}");
    assert!(kept.contains(&"fits".to_owned()), "{kept:?}");
    assert!(!kept.contains(&"data/large".to_owned()), "{kept:?}");
    // Over a clearing of the bench, too.
    bed.ticket("b", "", "Do it.");
    fs::write(bed.shared().join("agent"), "echo b > b\n").unwrap();
    bed.night();
    assert_eq!(bed.outcomes()["b"], "done");
    let question = bed.report()["decisions"][0]["question"].to_string();
    let place = question.split("kept in `").nth(1).unwrap();
    let place = place.split('`').next().unwrap();
    let bytes = fs::read(format!("{place}/data/large")).unwrap();
    assert_eq!(bytes.len(), 1_100_000);
}

#[test]
fn names_that_differ_only_in_case_park() {
    let bed = bed("echo one > readme\nmkdir -p Src && echo two > Src/new\necho three > other\n");
    bed.write("src/old", "old\n");
    bed.commit("a folder");
    let kept = parks(
        &bed,
        &["`readme` and `README`", "`Src` and `src`", "renamed"],
    );
    assert!(kept.contains(&"Src/new".to_owned()), "{kept:?}");
}

#[test]
fn a_name_with_tricks_in_it_is_shown_without_them() {
    let bed = bed("ln -s /etc \"$(printf 'a\\033[2J\\nb\\342\\200\\256c')\"\n");
    parks(&bed, &["points to `/etc`"]);
    let report = bed.nightshift(&["report"]).code(0).out;
    assert!(!report.contains('\u{1b}'), "{report}");
    assert!(!report.contains('\u{202e}'), "{report}");
}

/// A repository that has all of these already is worked on as any other.
#[test]
fn what_was_there_before_parks_nothing() {
    let bed = Bed::new();
    bed.write(".gitattributes", "*.bin binary\n");
    bed.write("README2", "x\n");
    bed.write("readme2", "x\n");
    bed.write("Lib/one", "x\n");
    bed.write("lib/two", "x\n");
    bed.write("large", &"x".repeat(1_100_000));
    std::os::unix::fs::symlink("/etc/hostname", bed.root.join("absolute")).unwrap();
    bed.git(&["init", "-q", "sub"]);
    bed.git(&[
        "-C",
        "sub",
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "sub",
    ]);
    bed.git(&["-c", "advice.addEmbeddedRepo=false", "add", "sub"]);
    bed.write(
        ".gitmodules",
        "[submodule \"sub\"]\n\tpath = sub\n\turl = https://example.org/sub\n",
    );
    bed.commit("all of it");
    configure(
        &bed,
        "echo new > new && echo y > lib/three && touch large && chmod +x large && echo z >> README2 && rm absolute\n",
    );
    bed.night().code(0);
    assert_eq!(bed.outcomes()["a"], "done");
    let kept = kept(&bed);
    assert!(kept.contains(&"lib/three".to_owned()), "{kept:?}");
}
