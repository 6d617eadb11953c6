//! `nightshift run`: the night, its plan, its rehearsal.

use std::{path::Path, process::ExitCode};

use jiff::{Timestamp, civil::Time, tz::TimeZone};

use super::{
    args, check, detach,
    failure::{Done, Failure, Kind},
    objective,
    progress::Progress,
    publish, trust,
    ui::Ui,
    watchdog,
};
use crate::{
    clock,
    config::Environment,
    harness::Proof,
    layout::Layout,
    machine::{NightEnd, OutcomeKind, RunOptions, State},
    process, repo,
    shift::{self, Ended, Order, Preflight, Site},
};

pub(super) fn run(
    args: &args::Run,
    hidden: &args::Hidden,
    start: &Path,
    environment: Environment,
    ui: Ui,
) -> Done {
    // The first process of a run asks, while a person may be there; the runner only looks.
    if hidden.watched.is_none() && !args.dry_run {
        trust::ask_first(start, &environment, ui)?;
    }
    let objective = objective::prepare(args, hidden, start, &environment, ui)?;
    let is_runner = hidden.watched.is_some() || args.dry_run || args.rehearse;
    // Where no night can be, the runner says so.
    if !is_runner && let Some(layout) = layout(start, &environment) {
        if args.detach && !hidden.away {
            return detach::run(&layout, ui);
        }
        if !args.no_watchdog {
            return watchdog::run(args, hidden, &layout, ui);
        }
    }
    let site = Site::open(start, environment).map_err(|error| Failure::from(&error))?;
    let mut order = order(args, hidden)?;
    (order.options.only).extend(objective.iter().map(|ticket| ticket.id().clone()));
    if args.dry_run {
        return check::plan(&site, &order, objective, ui);
    }
    let preflight = site.preflight(order.rehearse);
    refuse(&site, &preflight, ui)?;
    let is_first = order
        .watched
        .as_ref()
        .is_none_or(|it| it.restarted.is_none());
    for spot in preflight.blind_spots.iter().filter(|_| is_first) {
        ui.note(&format!("blind spot: {spot}"));
    }
    if is_first {
        ui.note(&at_most(&site, &preflight, &order));
        ui.note(&outlook(&preflight));
    }
    let root = site.found.root.clone();
    let ended = play(site, order, preflight.blind_spots, ui)?;
    let report = publish::write(&ended.state, &ended.layout, &root)?;
    if ui.json {
        ui.json(&summary(&ended.state, &report));
    } else {
        ui.out(&publish::headline(&ended.state, &ended.layout));
        ui.out(&format!("report: {}", report.display()));
    }
    Ok(exit_code(&ended.state))
}

/// Returns in one line what is known that could stop a night.
pub(super) fn outlook(preflight: &Preflight) -> String {
    if preflight.outlook.is_empty() {
        return "nothing is known that could stop it".to_owned();
    }
    format!("could stop it: {}", preflight.outlook.join("; "))
}

/// Returns what a night may use up at most, and what nobody bounds or tells.
pub(super) fn at_most(site: &Site, preflight: &Preflight, order: &Order) -> String {
    let hours = site.config.night.length.as_secs_f64() / 3600.0;
    let budget = &site.config.budget.night;
    let (mut bounds, open) = budget.in_words();
    bounds.insert(0, format!("{hours:.1} h"));
    if let Some(most) = order.options.max_tickets {
        bounds.push(format!("{most} tickets"));
    }
    let mut text = format!("at most: {}", bounds.join(", "));
    if !open.is_empty() {
        text += &format!("; not bounded: {}", open.join(", "));
    }
    let silent: Vec<_> = preflight
        .harnesses
        .iter()
        .filter(|(_, ready)| ready.capabilities.usage == Proof::No)
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    if !silent.is_empty() && !order.rehearse {
        text += &format!("; {} does not tell what it uses", silent.join(", "));
    }
    text
}

/// Returns where the state is, with as little looked at as possible: the watchdog stays small.
fn layout(start: &Path, environment: &Environment) -> Option<Layout> {
    let found = repo::locate(start).ok()?;
    Some(Layout::new(&found.root, &environment.rooms_home().ok()?))
}

/// Runs the night on a runtime of one thread: children are bound to the thread that starts them.
pub(super) fn play(
    site: Site,
    order: Order,
    blind_spots: Vec<String>,
    ui: Ui,
) -> Result<Ended, Failure> {
    // Where no descriptor is left for its signals, tokio panics instead of returning an error.
    let runtime = std::panic::catch_unwind(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    })
    .unwrap_or_else(|_panic| Err(std::io::Error::other("too many open files")))
    .map_err(|error| Failure::environment(format!("the runtime cannot start: {error}")))?;
    let mut progress = Progress::new(ui);
    let local = tokio::task::LocalSet::new();
    let ended = local.block_on(
        &runtime,
        shift::night(site, order, blind_spots, &mut progress),
    );
    progress.finish();
    ended.map_err(|error| Failure::from(&error))
}

/// Refuses the night when anything forbids it, naming everything at once.
pub(super) fn refuse(site: &Site, preflight: &Preflight, ui: Ui) -> Result<(), Failure> {
    if !ui.json {
        let errors: Vec<_> = site.errors().cloned().collect();
        ui.diagnostics(&errors);
    }
    let Some(first) = preflight.refusals.first() else {
        return Ok(());
    };
    // The kind of the first: a script that mends it gets the next one next time.
    let kind = if first.configuration {
        Kind::Usage
    } else {
        Kind::Environment
    };
    let mut failure = Failure::new(kind, first.what.clone()).hint(first.remedy.clone());
    for refusal in preflight.refusals.iter().skip(1) {
        failure = failure.hint(format!("also: {}; {}", refusal.what, refusal.remedy));
    }
    Err(failure)
}

fn order(args: &args::Run, hidden: &args::Hidden) -> Result<Order, Failure> {
    let mut only = Vec::new();
    for id in &args.only {
        only.push(
            id.parse()
                .map_err(|error| Failure::of(Kind::Usage, &error))?,
        );
    }
    let watched = hidden.watched.as_deref().map(serde_json::from_str);
    let watched = watched
        .transpose()
        .map_err(|error| Failure::usage(format!("`--watched` is for `run` itself: {error}")))?;
    let until = args.until.as_deref().map(until).transpose()?;
    let options = RunOptions {
        only,
        max_tickets: args.max_tickets,
        until,
    };
    Ok(Order {
        options,
        new: args.new,
        rehearse: args.rehearse,
        watched,
        stall: args.stall_limit,
        survives_hangup: hidden.away || process::ignores_hangup(),
    })
}

/// Returns the next moment at which the clock on the wall shows this time.
fn until(text: &str) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::usage(format!("`--until {text}` is not a time of day"))
            .hint("write it as hours and minutes, such as `--until 07:00`")
    };
    let time: Time = text.parse().map_err(|_error: jiff::Error| wrong())?;
    let now = clock::now().at.to_zoned(TimeZone::system());
    let today = now.with().time(time).build().map_err(|_error| wrong())?;
    let next = if today > now {
        today
    } else {
        today.tomorrow().map_err(|_error| wrong())?
    };
    let exact = next.with().time(time).build().map_err(|_error| wrong())?;
    Ok(exact.timestamp())
}

/// Returns the exit code of a night: what a script needs to know of it.
pub(super) fn exit_code(state: &State) -> ExitCode {
    let halted = state
        .night()
        .is_some_and(|night| night.ended == Some(NightEnd::Halted));
    if halted {
        return Kind::Halted.into();
    }
    let counts = state.counts();
    let needs = [
        OutcomeKind::Parked,
        OutcomeKind::Failed,
        OutcomeKind::Blocked,
        OutcomeKind::Held,
        OutcomeKind::LowConfidence,
    ];
    let of_tonight = needs
        .iter()
        .any(|kind| counts.get(kind).copied().unwrap_or(0) > 0);
    if of_tonight || !state.refused().is_empty() {
        Kind::NeedsHuman.into()
    } else {
        ExitCode::SUCCESS
    }
}

fn summary(state: &State, report: &Path) -> serde_json::Value {
    let night = state.night();
    serde_json::json!({
        "version": 1,
        "night": night.map(|night| night.terms.night.clone()),
        "branch": night.map(|night| night.terms.branch.clone()),
        "tip": night.map(|night| night.tip.clone()),
        "ended": night.and_then(|night| night.ended.clone()),
        "outcomes": state.counts(),
        "report": report,
    })
}
