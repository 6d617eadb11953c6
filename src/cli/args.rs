//! The command line, as data. Help texts are here and nowhere else.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::parse_duration;

/// Run a coding agent over a directory of tickets through the night, and report in the morning
#[derive(Debug, Parser)]
#[command(
    name = "nightshift",
    version,
    after_help = "Example:\n  nightshift init && nightshift new \"Fix the login timeout\" && nightshift check && nightshift run\n\nExit codes:\n  0  all settled well\n  1  something needs a human (parked, failed, blocked, a ticket with an error)\n  2  usage or configuration\n  3  halted\n  4  could not run here (environment)\n  5  another night holds the lock"
)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(flatten)]
    pub(super) hidden: Hidden,
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Work as if started in this folder
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub(super) directory: Option<PathBuf>,
    /// Print JSON for a program instead of text for a person
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print only what was asked for, and errors
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

/// What one process of `run` tells the next.
#[derive(Debug, Clone, Args)]
pub(super) struct Hidden {
    /// Be the runner of this watchdog.
    #[arg(long, value_name = "JSON", hide = true)]
    pub(super) watched: Option<String>,
    /// Be the night that was sent to the background.
    #[arg(long, hide = true)]
    pub(super) away: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Play a whole night on an example project, with a scripted agent
    #[command(after_help = "Example:\n  nightshift demo --keep /tmp/demo")]
    Demo(Demo),
    /// Write nightshift.toml, policy.toml and a backlog folder
    ///
    /// Detects the gate and the agents on PATH, and says what it found. Writes nothing over.
    #[command(after_help = "Example:\n  cd my-repo && nightshift init")]
    Init(Init),
    /// Write a new ticket from its title
    #[command(after_help = "Example:\n  nightshift new \"Fix the login timeout\" --priority high")]
    New(New),
    /// Check configuration, contract and backlog, order the tickets, prove the gates
    ///
    /// Spends no token: no agent is started.
    #[command(after_help = "Example:\n  nightshift check --no-gate")]
    Check(Check),
    /// Run the night, or go on with the one that was interrupted
    ///
    /// A watchdog, a small process of its own, starts the runner again when it dies or stalls.
    #[command(
        after_help = "Example:\n  nightshift run --until 07:00\n  nightshift run --detach\n  nightshift run --objective \"Port the parser\" --until-passes \"make ported\"\n  nightshift run --dry-run"
    )]
    Run(Run),
    /// Show how the night stands
    #[command(after_help = "Example:\n  nightshift status --json")]
    Status,
    /// Print what happened in the night, or what the agent printed on a ticket
    #[command(after_help = "Example:\n  nightshift logs -f\n  nightshift logs T-7")]
    Logs(Logs),
    /// Ask the running night to stop at the next safe boundary
    #[command(after_help = "Example:\n  nightshift stop --now --reason \"need the machine\"")]
    Stop(Stop),
    /// Let the running night start nothing more until it is resumed
    ///
    /// The agent or gate at work goes on to its end.
    #[command(after_help = "Example:\n  nightshift pause --reason \"need the bandwidth\"")]
    Pause(Pause),
    /// Let a paused night go on, and wait for no provider any longer
    #[command(after_help = "Example:\n  nightshift resume")]
    Resume(Pause),
    /// Leave a ticket for tonight; an attempt on it is ended, its work kept
    #[command(after_help = "Example:\n  nightshift skip T-7 --reason \"not before the release\"")]
    Skip(Skip),
    /// Print the report of a night
    #[command(after_help = "Example:\n  nightshift report --night 2026-11-20")]
    Report(Report),
    /// Check that everything holds which must hold of a night
    ///
    /// Reads the journal, the refs and the process table, and changes nothing.
    #[command(
        after_help = "Example:\n  nightshift verify\n  nightshift verify --night 2026-11-20 --json\n\nExit codes:\n  0  all holds\n  1  something does not, with its evidence"
    )]
    Verify(Verify),
    /// Answer a parked question: the ticket is queued again with the answer
    #[command(after_help = "Example:\n  nightshift answer T-7 \"Keep the column\"")]
    Answer(Answer),
    /// Queue a settled ticket again
    #[command(after_help = "Example:\n  nightshift requeue T-9")]
    Requeue(Requeue),
    /// Say whether nights can run here, and what is off
    #[command(after_help = "Example:\n  nightshift doctor")]
    Doctor,
    /// Look into the agents: which there are, what they can do, whether one really works
    #[command(
        after_help = "Example:\n  nightshift harness list\n  nightshift harness check claude"
    )]
    Harness(Harness),
    /// Look into the contract
    #[command(after_help = "Example:\n  nightshift policy explain T-7")]
    Policy(Policy),
    /// Speak to the night (for agents)
    #[command(
        after_help = "Example:\n  nightshift say park --question \"Drop the column?\" --option \"keep it\" --option \"drop it\" --recommend \"keep it\""
    )]
    Say(Say),
    /// Offer the verbs of `say` as tools of an MCP server on stdin and stdout (for agents)
    ///
    /// Speaks the Model Context Protocol, until its input ends. In the configurations of agents the
    /// server is named `night`.
    #[command(
        hide = true,
        after_help = "Example:\n  claude --mcp-config '{\"mcpServers\": {\"night\": {\"command\": \"nightshift\", \"args\": [\"mcp\"]}}}'"
    )]
    Mcp,
    /// Answer an agent's pre-tool hook: may this tool be used? (for agents)
    ///
    /// Reads what the platform tells its hook, asks the session that listens on the socket, and
    /// answers in the platform's words. Without a session everything is refused.
    #[command(
        hide = true,
        after_help = "Platforms: claude, codex, gemini, qwen, cursor, copilot, windsurf, hermes, opencode, pi\n\nExample:\n  nightshift hook claude /run/desk < call.json"
    )]
    Hook(Hook),
    /// The embedded scripted agent.
    #[command(name = "__play", hide = true)]
    Play(Play),
}

/// `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Keep the example's repository in this folder, which must be new or empty
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// Use this agent instead of the first one found
    #[arg(long, value_name = "NAME")]
    pub(super) harness: Option<String>,
    /// Use this gate instead of the detected one
    #[arg(long, value_name = "COMMAND")]
    pub(super) gate: Option<String>,
}

/// `new`.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The ticket's title
    pub(super) title: String,
    /// Priority: 1 to 5, or critical, high, medium, low
    #[arg(long, value_name = "PRIORITY")]
    pub(super) priority: Option<String>,
    /// A ticket that must land first (can be repeated)
    #[arg(long, value_name = "TICKET")]
    pub(super) depends_on: Vec<String>,
}

/// `check`.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Leave the gates out: check the files only
    #[arg(long)]
    pub(super) no_gate: bool,
}

/// `run`.
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "fields are the options' names")]
pub(super) struct Run {
    /// Show the plan, start nothing
    #[arg(long, conflicts_with = "rehearse")]
    pub(super) dry_run: bool,
    /// Play the night on this repository with the scripted agent, at no cost; nothing is kept but
    /// its report
    #[arg(long)]
    pub(super) rehearse: bool,
    /// Work only on these tickets
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub(super) only: Vec<String>,
    /// Work on this objective alone, in iterations, until its condition holds
    ///
    /// It becomes a ticket of the backlog, with `mode: loop`. The same words go on with it.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["only", "rehearse"])]
    pub(super) objective: Option<String>,
    /// The command that is green when the objective is reached; the gate, if that is red now
    #[arg(long, value_name = "CMD", requires = "objective")]
    pub(super) until_passes: Option<String>,
    /// The most iterations of the objective: 1 to 1000, 20 if left out
    #[arg(long, value_name = "N", requires = "objective")]
    pub(super) max_iterations: Option<u32>,
    /// Claim no ticket from this time of day on
    #[arg(long, value_name = "HH:MM")]
    pub(super) until: Option<String>,
    /// Claim at most this many tickets
    #[arg(long, value_name = "N")]
    pub(super) max_tickets: Option<u32>,
    /// Begin a new night even if the last one could be gone on with
    #[arg(long)]
    pub(super) new: bool,
    /// Return at once: the night goes on without this terminal, and prints to .nightshift/run.log
    #[arg(long, conflicts_with_all = ["dry_run", "rehearse"])]
    pub(super) detach: bool,
    /// Run in one process: nobody starts it again when it dies
    #[arg(long)]
    pub(super) no_watchdog: bool,
    /// For how long nothing may move; by default two minutes more than agents may be silent.
    #[arg(long, value_name = "DURATION", hide = true, value_parser = parse_duration)]
    pub(super) stall_limit: Option<Duration>,
    /// The pause before the first restart.
    #[arg(long, value_name = "DURATION", hide = true, value_parser = parse_duration, default_value = "1s")]
    pub(super) restart_pause: Duration,
}

/// `logs`.
#[derive(Debug, Args)]
pub(super) struct Logs {
    /// The ticket whose latest attempt's output is printed; the night's own log when left out
    pub(super) ticket: Option<String>,
    /// Go on printing until the night ends
    #[arg(short, long)]
    pub(super) follow: bool,
}

/// `stop`.
#[derive(Debug, Args)]
pub(super) struct Stop {
    /// At once: end the agent, keep its work, revert
    #[arg(long)]
    pub(super) now: bool,
    /// Only this lane; there is one, so `1` is the whole night
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1))]
    pub(super) lane: Option<u32>,
    /// Why, for the report
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// `pause` and `resume`.
#[derive(Debug, Args)]
pub(super) struct Pause {
    /// Why, for the report
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// `skip`.
#[derive(Debug, Args)]
pub(super) struct Skip {
    /// The ticket
    pub(super) ticket: String,
    /// Why, for the report
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Only this night; all nights of the journal when missing
    #[arg(long, value_name = "NIGHT")]
    pub(super) night: Option<String>,
}

/// `report`.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The night; the newest one when left out
    #[arg(long, value_name = "ID")]
    pub(super) night: Option<String>,
}

/// `answer`.
#[derive(Debug, Args)]
pub(super) struct Answer {
    /// The parked ticket
    pub(super) ticket: String,
    /// The answer, in plain words: the agent will read it
    pub(super) answer: String,
}

/// `requeue`.
#[derive(Debug, Args)]
pub(super) struct Requeue {
    /// The tickets
    #[arg(required = true, value_name = "TICKET")]
    pub(super) tickets: Vec<String>,
    /// Why, for the report
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: Option<String>,
}

/// `harness`.
#[derive(Debug, Args)]
pub(super) struct Harness {
    #[command(subcommand)]
    pub(super) verb: HarnessVerb,
}

/// `harness …`.
#[derive(Debug, Subcommand)]
pub(super) enum HarnessVerb {
    /// List the agents: installed, version, login, what they can do and how that is known
    #[command(after_help = "Example:\n  nightshift harness list")]
    List,
    /// Let an agent work on a trivial ticket, in a repository made for it; costs a few tokens
    #[command(
        after_help = "Example:\n  nightshift harness check claude\n\nExit codes:\n  0  it landed the ticket\n  1  it did not; the evidence is kept"
    )]
    Check {
        /// The harness: a table of nightshift.toml, or a known agent
        name: String,
    },
}

/// `policy`.
#[derive(Debug, Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    pub(super) verb: PolicyVerb,
}

/// `policy …`.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyVerb {
    /// Check policy.toml
    #[command(after_help = "Example:\n  nightshift policy check")]
    Check,
    /// Show which rule decides on a ticket or a text, and why
    #[command(
        after_help = "Example:\n  nightshift policy explain T-7\n  nightshift policy explain --on ask \"Shall I drop the column?\""
    )]
    Explain {
        /// A ticket's id, or any text
        what: String,
        /// Ask the rules of this point
        #[arg(long, value_enum, default_value_t = PointName::Ticket)]
        on: PointName,
    },
}

/// A point, by name.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum PointName {
    /// Before any work on a ticket
    Ticket,
    /// When the agent wants to ask
    Ask,
    /// Before a tool call
    Tool,
    /// After the work, before the gate
    Diff,
}

/// `say`.
#[derive(Debug, Args)]
pub(super) struct Say {
    #[command(subcommand)]
    pub(super) verb: SayVerb,
}

/// `say …`.
#[derive(Debug, Subcommand)]
pub(super) enum SayVerb {
    /// Record something worth knowing in the morning
    #[command(after_help = "Example:\n  nightshift say note \"the cache is never cleared\"")]
    Note {
        /// What
        text: String,
    },
    /// Record a decision taken without asking
    #[command(
        after_help = "Example:\n  nightshift say assume \"UTC everywhere\" --because \"the docs use it\""
    )]
    Assume {
        /// What was assumed
        text: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
    },
    /// Leave a question to the human and let the night go on
    #[command(
        after_help = "Example:\n  nightshift say park --question \"Drop the column?\" --option \"keep it\" --option \"drop it\" --recommend \"keep it\" --because \"it cannot be undone\""
    )]
    Park {
        /// The question
        #[arg(long, value_name = "TEXT")]
        question: String,
        /// An answer that you see, and what you would do for it (can be repeated)
        #[arg(long = "option", value_name = "TEXT")]
        options: Vec<String>,
        /// Which you would take
        #[arg(long, value_name = "TEXT")]
        recommend: Option<String>,
        /// Why you cannot decide it
        #[arg(long, value_name = "TEXT")]
        because: Option<String>,
    },
    /// Stop the night, because going on could do harm
    #[command(
        after_help = "Example:\n  nightshift say halt \"the tests write to the live database\""
    )]
    Halt {
        /// What would be harmed
        text: String,
    },
    /// Say that the ticket is finished
    #[command(after_help = "Example:\n  nightshift say done \"the timeout is configurable now\"")]
    Done {
        /// What was done
        text: String,
    },
}

/// `hook`.
#[derive(Debug, Args)]
pub(super) struct Hook {
    /// Whose hook it is
    pub(super) platform: String,
    /// The session's socket
    pub(super) socket: Option<PathBuf>,
}

/// `__play`.
#[derive(Debug, Args)]
pub(super) struct Play {
    /// The story file
    pub(super) story: PathBuf,
    /// Which attempt
    #[arg(long, default_value_t = 1)]
    pub(super) attempt: u32,
}
