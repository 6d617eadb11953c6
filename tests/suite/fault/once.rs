//! What the campaigns have found, once each, by name; and journals that lost records which they
//! had, through the program itself.

use std::fs;

use super::{
    audit::audit,
    calls::Kind,
    damage::Pages,
    inject::{Fault, is_possible},
    shapes::{Shape, Stage},
};

fn journal(stage: &Stage) -> String {
    fs::read_to_string(stage.bed.root.join(".nightshift/journal/000001.jsonl")).unwrap()
}

#[test]
fn a_kill_inside_the_ref_update_leaves_a_lock_that_stops_no_later_run() {
    if !is_possible() {
        return;
    }
    let stage = Stage::new(Shape::Land);
    let users = stage.bed.users();
    let died = stage.hit(Kind::Kill, "rename", "refs/heads/nightshift", 2);
    assert_eq!(died.code, None, "{died:?}");
    let branch = stage.bed.branch();
    let lock = stage
        .bed
        .root
        .join(format!(".git/refs/heads/{branch}.lock"));
    assert!(lock.exists(), "{died:?}");
    stage.bed.night().code(0);
    assert!(!lock.exists());
    let end = audit(&stage.bed, &users).unwrap();
    assert_eq!(end.landed, ["a", "b"]);
    assert!(journal(&stage).contains("\"stale_locks\""));
}

/// Both tickets are on the branch, and the journal has forgotten both landings.
#[test]
fn a_journal_that_lost_earlier_records_makes_no_ticket_be_done_again() {
    let stage = Stage::new(Shape::Land);
    stage.bed.night().code(0);
    let branch = stage.bed.branch();
    let tip = stage.bed.git(&["rev-parse", &branch]);
    let text = journal(&stage);
    let before: String = text
        .split_inclusive('\n')
        .take_while(|line| !line.contains("\"event\":{\"claimed\""))
        .collect();
    assert!(before.len() < text.len() / 2 && before.contains("night_started"));
    fs::write(
        stage.bed.root.join(".nightshift/journal/000001.jsonl"),
        before,
    )
    .unwrap();
    let said = stage.bed.night().code(3);
    assert!(said.err.contains(&branch), "{}", said.err);
    assert_eq!(stage.bed.git(&["rev-parse", &branch]), tip);
    assert!(!journal(&stage).contains("\"event\":{\"claimed\""));
}

/// A journal that lost its end, wherever it was cut: the night comes to the same end, or it halts
/// and says which ref it does not understand; what landed stays, and nothing lands twice on it.
#[test]
fn a_cut_journal_ends_as_ever_or_halts_with_what_landed_in_place() {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || cut_journals(half));
        }
    });
}

fn cut_journals(half: usize) {
    for shape in [Shape::Land, Shape::Mixed] {
        let stage = Stage::new(shape);
        let users = stage.bed.users();
        let code = stage.bed.night().code;
        let end = audit(&stage.bed, &users).unwrap();
        let branch = stage.bed.branch();
        let tip = stage.bed.git(&["rev-parse", &branch]);
        stage.keep();
        let path = stage.bed.root.join(".nightshift/journal/000001.jsonl");
        let pages = Pages::in_folder(path.parent().unwrap());
        let whole = pages.starts.iter().copied();
        let torn = pages.starts.windows(2).map(|at| at[0].midpoint(at[1]));
        for length in whole.chain(torn).skip(half).step_by(2) {
            stage.put_back();
            fs::write(&path, &pages.newest[..length]).unwrap();
            let said = stage.bed.night();
            let at = pages.starts.partition_point(|start| *start <= length);
            let what = format!(
                "{shape:?} cut at {length} (line {at}): {:?} {}",
                said.code, said.err
            );
            assert_eq!(stage.bed.git(&["rev-parse", &branch]), tip, "{what}");
            match said.code {
                Some(3) => {
                    let names = [&*branch, "refs/nightshift/attempts/"];
                    assert!(names.iter().any(|name| said.err.contains(name)), "{what}");
                }
                found if found == code => {
                    let status = stage.bed.branch();
                    if status == branch {
                        assert_eq!(audit(&stage.bed, &users).as_ref(), Ok(&end), "{what}");
                    } else {
                        // Not even that there was a night is known any more.
                        assert!(length < pages.starts[3], "{what}");
                    }
                }
                _ => panic!("{what}"),
            }
        }
    }
}

/// Tries this fault at every such call of a night, which must end as ever each time.
fn at_every(kind: Kind, call: &'static str, about: &'static str) {
    let stage = Stage::new(Shape::Land);
    let users = stage.bed.users();
    stage.bed.night().code(0);
    let end = audit(&stage.bed, &users).unwrap();
    for at in 1.. {
        stage.put_back();
        let only = Some((call, about));
        let run = stage.run(Some(Fault { kind, at, only })).unwrap();
        if run.hit.is_none() {
            assert!(at > 3, "{call} of {about} was hit {} times only", at - 1);
            return;
        }
        let what = format!("{:?} at {at}: {:?} {}", run.hit, run.code, stage.said());
        stage.bed.night().code(0);
        assert_eq!(audit(&stage.bed, &users).as_ref(), Ok(&end), "{what}");
    }
}

/// libgit2 takes a folder that it cannot list for one that is not there.
#[test]
fn a_folder_that_could_not_be_listed_is_not_taken_for_deleted() {
    if is_possible() {
        at_every(Kind::Broken, "openat", "/bench/backlog");
    }
}

/// libgit2 takes ignore rules that it cannot read for none.
#[test]
fn what_is_ignored_does_not_land_when_the_rules_cannot_be_read() {
    if is_possible() {
        at_every(Kind::BrokenEver, "openat", "/bench/.gitignore");
    }
}

#[test]
fn a_kill_in_preflight_leaves_nothing_that_git_takes_for_a_ref() {
    if !is_possible() {
        return;
    }
    let stage = Stage::new(Shape::Land);
    stage.hit(Kind::Kill, "unlink", ".git/refs/.nightshift.lock", 1);
    let said = stage
        .bed
        .command("git")
        .arg("for-each-ref")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stderr), "");
    stage.bed.night().code(0);
    assert!(!stage.bed.root.join(".git/refs/.nightshift.lock").exists());
}

#[test]
fn what_a_full_disk_made_the_runner_set_aside_is_named() {
    if !is_possible() {
        return;
    }
    let stage = Stage::new(Shape::Land);
    let users = stage.bed.users();
    let run = stage.hit(Kind::NoSpace, "fdatasync", "journal", 3);
    assert_eq!(run.code, Some(0), "{}", stage.said());
    assert!(journal(&stage).contains("\"torn_record\""));
    audit(&stage.bed, &users).unwrap();
}

#[test]
fn a_night_whose_branch_could_not_be_made_goes_on() {
    if !is_possible() {
        return;
    }
    let stage = Stage::new(Shape::Land);
    let users = stage.bed.users();
    let run = stage.hit(Kind::Broken, "write", "logs/refs/heads/nightshift", 1);
    assert_eq!(run.code, Some(3), "{}", stage.said());
    stage.bed.night().code(0);
    assert_eq!(audit(&stage.bed, &users).unwrap().landed, ["a", "b"]);
    assert_eq!(journal(&stage).matches("\"night_started\"").count(), 1);
}

#[test]
fn too_many_open_files_at_the_start_are_said_and_are_no_panic() {
    if !is_possible() {
        return;
    }
    let stage = Stage::new(Shape::Land);
    let run = stage.hit(Kind::NoFilesEver, "socketpair", "", 1);
    assert_eq!(run.code, Some(4), "{}", stage.said());
    let said = stage.said().to_lowercase();
    assert!(said.contains("too many open files"), "{said}");
}
