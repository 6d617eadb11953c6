//! The real program, killed and failed at every system call that changes something.
//!
//! `cargo test --test suite fault::` tries a sample; these try everything (a RAM disk and two free
//! cores: about a quarter of an hour):
//!
//! `cargo test --test suite -- --ignored --nocapture fault::every`

mod audit;
mod calls;
mod campaign;
mod inject;
mod shapes;

use std::io::{self, Write as _};

use self::{
    calls::Kind,
    campaign::{Extent, Tally, campaign},
    shapes::{Shape, Stage},
};

/// Says how many calls there are to hit.
#[test]
#[ignore = "tells, and proves nothing"]
fn count() {
    for shape in Shape::ALL {
        let stage = Stage::new(shape);
        let run = stage.run(None).unwrap();
        for (kind, calls) in run.calls {
            writeln!(io::stderr(), "{shape:?} {kind:?} {}", calls.len()).unwrap();
            if shape == Shape::Land && kind == Kind::Kill {
                writeln!(io::stderr(), "{calls:#?}").unwrap();
            }
        }
    }
}

fn judge(tally: &Tally) {
    let points = tally.all();
    let text = format!(
        "{points} points, {} violations, {} second runs, {} not reached, {:.0} ms a point\n{:#?}\n{:#?}\n",
        tally.violations.len(),
        tally.seconds,
        tally.missed,
        tally.spent.as_secs_f64() * 1000.0 / points.max(1) as f64,
        tally.points,
        tally.exits,
    );
    io::stderr().write_all(text.as_bytes()).unwrap();
    assert!(
        tally.violations.is_empty(),
        "{}",
        tally.violations.join("\n")
    );
}

#[test]
fn a_sample_of_faults_changes_nothing_about_the_end() {
    judge(&campaign(&Shape::ALL, &Kind::ALL, Extent::OneIn(40)));
}

#[test]
#[ignore = "takes a quarter of an hour"]
fn every_fault_changes_nothing_about_the_end() {
    for kind in Kind::ALL {
        judge(&campaign(&Shape::ALL, &[kind], Extent::All));
    }
}
