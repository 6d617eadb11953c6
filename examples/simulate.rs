//! Plays simulated nights: `cargo run --release --example simulate -- --nights 10000 --seed 1`.
//!
//! Prints how many nights a second were played on each core, and for a night in which an invariant
//! does not hold its seed, what does not hold, and the shortest plan and trace that show it.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
};

use clap::Parser;
use nightshift::{
    clock,
    sim::{Plan, Played, play, shrink},
};

/// Plays simulated nights and audits each.
#[derive(Parser)]
struct Args {
    /// How many nights.
    #[arg(long, default_value_t = 10_000)]
    nights: u64,
    /// The first night's seed; the others follow it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many tickets a night has.
    #[arg(long, default_value_t = 20)]
    tickets: usize,
    /// How many threads play.
    #[arg(long, default_value_t = 1)]
    threads: u64,
    /// Tells what happens in the first night, and plays no other.
    #[arg(long)]
    trace: bool,
}

#[derive(Default)]
struct Sums {
    nights: u64,
    runs: u64,
    deaths: u64,
    attempts: u64,
    landed: u64,
    failed: Vec<(u64, String)>,
}

impl Sums {
    fn add(&mut self, seed: u64, played: &Played) {
        self.nights += 1;
        self.runs += u64::from(played.runs);
        self.deaths += u64::from(played.deaths);
        self.attempts += u64::from(played.attempts);
        self.landed += u64::from(played.landed);
        if let Some(violation) = played.violations.first() {
            self.failed.push((seed, violation.to_string()));
        }
    }
}

#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn main() -> ExitCode {
    let args = Args::parse();
    if args.trace {
        let plan = Plan::draw(args.seed, args.tickets);
        return show(&plan);
    }
    let began = clock::now();
    let next = AtomicU64::new(0);
    let work = || {
        let mut sums = Sums::default();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= args.nights || sums.failed.len() >= 10 {
                return sums;
            }
            let seed = args.seed.wrapping_add(at);
            let plan = Plan::draw(seed, args.tickets);
            sums.add(seed, &play(&plan, false));
        }
    };
    let all: Vec<Sums> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..args.threads.max(1))
            .map(|_| scope.spawn(work))
            .collect();
        let ended = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        ended.filter_map(Result::ok).collect()
    });
    let took = clock::now().since(&began).as_secs_f64();
    let sum = |of: fn(&Sums) -> u64| all.iter().map(of).sum::<u64>();
    let nights = sum(|sums| sums.nights);
    println!(
        "{nights} nights of {} tickets in {took:.1} s: {:.0} a second on {} thread(s)",
        args.tickets,
        per_second(nights, took),
        args.threads.max(1),
    );
    println!(
        "{} runs of the program, {} deaths, {} attempts, {} landings",
        sum(|sums| sums.runs),
        sum(|sums| sums.deaths),
        sum(|sums| sums.attempts),
        sum(|sums| sums.landed),
    );
    let mut failed: Vec<(u64, String)> = all.iter().flat_map(|sums| sums.failed.clone()).collect();
    failed.sort_unstable();
    let Some((first, _)) = failed.first() else {
        println!("no violation");
        return ExitCode::SUCCESS;
    };
    for (seed, what) in &failed {
        println!("seed {seed}: {what}");
    }
    println!("the first of them, as small as it was found:");
    show(&shrink(&Plan::draw(*first, args.tickets)))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "shown with no digit after the point"
)]
fn per_second(nights: u64, seconds: f64) -> f64 {
    nights as f64 / seconds
}

/// Plays one night and tells everything.
#[expect(clippy::print_stdout, reason = "a program for the terminal")]
fn show(plan: &Plan) -> ExitCode {
    let played = play(plan, true);
    let lines = plan.describe().into_iter().chain(played.trace);
    lines.for_each(|line| println!("{line}"));
    for violation in &played.violations {
        println!("VIOLATION: {violation}");
    }
    if played.violations.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
