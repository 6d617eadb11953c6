//! The real program, killed and failed at every system call that changes something, and its real
//! journals, cut and flipped at every bit.
//!
//! A point is a night (`shapes`), a kind of fault (`calls`) and the number of the call that it
//! hits (`inject`); `campaign` tries them and `audit` says what must hold afterwards. Everyday
//! tests take a fixed sample of some 500 faults and 11,000 damages in about a minute:
//!
//! `cargo test --test suite fault::`
//!
//! All 17,000 faults take about half an hour on two cores that others use too, all 700,000 damages
//! three minutes; each in two threads, best with a RAM disk at `/dev/shm`:
//!
//! `cargo test --test suite -- --ignored --nocapture fault::every_fault`
//! `cargo test --test suite -- --ignored --nocapture fault::every_damage`
//!
//! A violation is printed with its shape and fault, which repeat it. Where no process may be
//! traced, a line on standard error says so.

mod audit;
mod calls;
mod campaign;
mod damage;
mod inject;
mod once;
mod shapes;

use std::io::{self, Write as _};

use self::{
    calls::Kind,
    campaign::{Extent, Tally, campaign},
    inject::is_possible,
    shapes::Shape,
};

fn say(text: &str) {
    // Not by `eprintln`, which a passing test keeps to itself.
    writeln!(io::stderr(), "{text}").ok();
}

fn judge(tally: &Tally) {
    let mut text = format!(
        "{} fault points, {} violations, {} needed a second run, {} were not reached, {} ms a point",
        tally.all(),
        tally.violations.len(),
        tally.seconds,
        tally.missed,
        tally.spent.as_millis() / tally.all().max(1) as u128,
    );
    for ((kind, end), count) in &tally.exits {
        text.push_str(&format!("\n  {kind:?}: {end} {count} times"));
    }
    for ((shape, kind), count) in &tally.points {
        text.push_str(&format!("\n  {shape:?} {kind:?}: {count} points"));
    }
    say(&text);
    assert!(
        tally.violations.is_empty(),
        "{}",
        tally.violations.join("\n")
    );
}

#[test]
fn a_sample_of_faults_changes_nothing_about_the_end() {
    if is_possible() {
        judge(&campaign(&Shape::ALL, &Kind::ALL, Extent::OneIn(60)));
    }
}

#[test]
#[ignore = "takes half an hour"]
fn every_fault_changes_nothing_about_the_end() {
    if is_possible() {
        judge(&campaign(&Shape::ALL, &Kind::ALL, Extent::All));
    }
}

fn damage(stride: usize) {
    // The others begin with a death.
    let shapes = if is_possible() {
        &Shape::ALL[..]
    } else {
        &[Shape::Land, Shape::Mixed, Shape::Next]
    };
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for shape in shapes.iter().skip(half).step_by(2) {
                    let pages = damage::Pages::of(*shape);
                    let began = std::time::Instant::now();
                    let points = [
                        damage::cut(&pages, stride),
                        damage::flip(&pages, stride),
                        damage::older(&pages, stride),
                    ];
                    let spent = began.elapsed().as_secs_f64();
                    let [cuts, flips, older] = points;
                    say(&format!(
                        "{shape:?}: {cuts} cuts, {flips} flips and {older} of an older segment in {spent:.1} s"
                    ));
                }
            });
        }
    });
}

#[test]
fn a_sample_of_damage_to_a_real_journal_is_seen_or_recovered_from() {
    damage(61);
}

#[test]
#[ignore = "takes minutes"]
fn every_damage_to_a_real_journal_is_seen_or_recovered_from() {
    damage(1);
}
