//! The configuration after validation.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde::Serialize;

use super::budget::Budgets;
use crate::harness::event::WeatherKind;

/// Everything that `nightshift.toml` says, defaults filled in.
///
/// [`Config::default`] is what an empty file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Config {
    /// The folder of tickets, relative to the repository's root.
    pub backlog: String,
    /// The contract's file, relative to the repository's root.
    pub policy: String,
    /// `[agent]`.
    pub agent: Agent,
    /// `[harness.NAME]`, by name.
    pub harness: BTreeMap<String, HarnessConfig>,
    /// `[gate]`.
    pub gate: Gate,
    /// `[night]`.
    pub night: Night,
    /// `[budget]`.
    pub budget: Budgets,
    /// `[rooms]`.
    pub rooms: Rooms,
    /// `[sandbox]`.
    pub sandbox: Sandbox,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backlog: "backlog".to_owned(),
            policy: "policy.toml".to_owned(),
            agent: Agent::default(),
            harness: BTreeMap::new(),
            gate: Gate::default(),
            night: Night::default(),
            budget: Budgets::default(),
            rooms: Rooms::default(),
            sandbox: Sandbox::default(),
        }
    }
}

/// Which agent works, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agent {
    /// Names of harnesses in order of preference; the first is used, the others when it is not
    /// ready. Empty when the file names none.
    pub harness: Vec<String>,
    /// The model to ask for; `None` leaves it to the agent.
    pub model: Option<String>,
    /// Awake time per attempt.
    pub timeout: Duration,
    /// How long an attempt may print nothing and use no CPU.
    pub silence: Duration,
    /// How often a ticket may be tried in one night.
    pub attempts: u32,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            harness: Vec::new(),
            model: None,
            timeout: Duration::from_secs(45 * 60),
            silence: Duration::from_secs(10 * 60),
            attempts: 3,
        }
    }
}

/// One way to run an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HarnessConfig {
    /// What it runs.
    pub kind: HarnessKind,
    /// The account that it works on, when others work on it, too; `None` is one of its own.
    pub account: Option<String>,
    /// Variables to set for it, over the inherited ones.
    pub env: BTreeMap<String, String>,
    /// Regular expressions by which weather is known in what it prints, beside the built-in ones; a
    /// group named `until` holds the time.
    pub weather: BTreeMap<WeatherKind, Vec<String>>,
    /// What its tokens cost, where it does not say so itself.
    pub prices: Option<Prices>,
    /// Arguments that continue a session, with `{session}` filled in; empty when it cannot. They
    /// stand where the command has `{resume}`, else at its end.
    pub resume: Vec<String>,
    /// Where its JSON lines say what it does; `None` for a known agent, or one that prints text.
    pub events: Option<Events>,
    /// Exit codes that are no failure.
    pub exit: Vec<i32>,
}

/// An agent's event stream, one JSON object a line, as its configuration declares it. Paths are JSON
/// pointers (RFC 6901).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// The path of the text that says what a line is.
    pub kind: String,
    /// It thinks aloud.
    pub thinking: Option<EventLine>,
    /// It says something.
    pub output: Option<EventLine>,
    /// It uses a tool.
    pub tool: Option<EventLine>,
    /// It loads a skill.
    pub skill: Option<EventLine>,
    /// It begins to compact its context.
    pub compaction_start: Option<EventLine>,
    /// It has compacted its context.
    pub compaction_end: Option<EventLine>,
    /// The last event of a session that went well. Where it is declared, one without it has failed.
    pub done: Option<EventLine>,
    /// The last event of one that did not.
    pub failed: Option<EventLine>,
    /// Its own name for the session.
    pub session: Option<String>,
    /// Tokens read, in all so far.
    pub input_tokens: Option<String>,
    /// Tokens written, in all so far.
    pub output_tokens: Option<String>,
    /// US dollars, in all so far.
    pub cost: Option<String>,
}

/// Which lines are one kind of event, and what they say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EventLine {
    /// What the kind may read.
    pub is: Vec<String>,
    /// The path of its words.
    pub text: Option<String>,
    /// The path of a tool's or a skill's name.
    pub name: Option<String>,
    /// The path of a tool's input.
    pub input: Option<String>,
}

impl HarnessConfig {
    /// Returns a harness that runs this, with nothing more said.
    pub fn new(kind: HarnessKind) -> Self {
        Self {
            kind,
            account: None,
            env: BTreeMap::new(),
            weather: BTreeMap::new(),
            prices: None,
            resume: Vec::new(),
            events: None,
            exit: vec![0],
        }
    }
}

/// What tokens cost, in millionths of a US dollar for a million of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Prices {
    /// Tokens read.
    pub input: u64,
    /// Tokens read from a cache; `None` is the same as others.
    pub cached: Option<u64>,
    /// Tokens written.
    pub output: u64,
}

impl Prices {
    /// Returns what so many tokens cost, in millionths of a US dollar, rounded down.
    pub fn micros(&self, input: u64, cached: u64, output: u64) -> u64 {
        let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let all = of(input, self.input)
            + of(cached, self.cached.unwrap_or(self.input))
            + of(output, self.output);
        u64::try_from(all / 1_000_000).unwrap_or(u64::MAX)
    }
}

/// What a harness runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HarnessKind {
    /// A command line, with `{prompt_file}`, `{bench}`, `{model}`, `{ticket}` and `{resume}` filled in.
    Command {
        /// Program and arguments.
        command: Vec<String>,
        /// How the prompt goes in.
        prompt: PromptBy,
    },
    /// The embedded scripted agent: a story file per ticket, `<stories>/<ticket>.yaml`.
    Script {
        /// The folder of stories, relative to the repository's root.
        stories: PathBuf,
    },
}

/// How the prompt reaches a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptBy {
    /// On its standard input, then end of file.
    #[default]
    Stdin,
    /// In the file that `{prompt_file}` names; standard input is empty.
    File,
    /// As one more argument at the end; standard input is empty.
    Arg,
}

/// The regression gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The command, run by `sh -c`; `None` when the file names none: then every ticket needs its
    /// own gate.
    pub run: Option<String>,
    /// Awake time for one run.
    pub timeout: Duration,
    /// Globs of files that judge the work: restored before a gate, and parked on when touched.
    pub protect: Vec<String>,
    /// Where it runs.
    pub place: GatePlace,
    /// Whether gates, acceptance checks and set-up may use the network.
    pub network: bool,
    /// Names of variables that these get as well.
    pub env: Vec<String>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            run: None,
            timeout: Duration::from_secs(20 * 60),
            protect: Vec::new(),
            place: GatePlace::default(),
            network: false,
            env: Vec::new(),
        }
    }
}

/// Where gates run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GatePlace {
    /// In the gate room, where no agent ever was.
    #[default]
    Apart,
    /// In the bench, after the agent: less disk, less trust; the report says so.
    Bench,
}

/// The night's own limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Night {
    /// How long a night may last, suspend included.
    pub length: Duration,
    /// How many tickets are worked at once. This version knows only 1.
    pub lanes: u32,
}

impl Default for Night {
    fn default() -> Self {
        Self {
            length: Duration::from_secs(8 * 60 * 60),
            lanes: 1,
        }
    }
}

/// How rooms are furnished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rooms {
    /// Commands run in each room when it is new or the lock files have changed.
    pub setup: Vec<String>,
    /// Files copied from the user's checkout into each room, such as `.env.test`; relative paths.
    pub copy: Vec<String>,
    /// Bytes of the largest file that an attempt may change or leave.
    pub largest_file: u64,
}

impl Default for Rooms {
    fn default() -> Self {
        Self {
            setup: Vec::new(),
            copy: Vec::new(),
            largest_file: 50 << 20,
        }
    }
}

/// Confinement, as asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sandbox {
    /// By what means.
    pub engine: Engine,
    /// What an agent may reach over the network.
    pub network: Network,
    /// Hosts that an agent may reach with [`Network::Allow`], as written.
    pub hosts: Vec<String>,
    /// Further files and folders that agents and gates may read: absolute, or below `~/`.
    pub read: Vec<String>,
    /// The same for writing.
    pub write: Vec<String>,
    /// Names of variables that agents get as well.
    pub env: Vec<String>,
    /// Bytes of memory for one process; `None` is three quarters of the machine's.
    pub memory: Option<u64>,
    /// How many processes and threads; `None` is 4096.
    pub processes: Option<u32>,
    /// Bytes of the largest file that may be written; `None` is 8 GiB.
    pub file_size: Option<u64>,
    /// Whether a night may run as root without a user namespace.
    pub allow_root: bool,
}

/// The means of confinement that may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// The best that is there; no night without one.
    #[default]
    Auto,
    /// bubblewrap, with Landlock inside.
    Bwrap,
    /// Landlock alone.
    Landlock,
    /// Apple's Seatbelt.
    Seatbelt,
    /// None, in writing.
    Off,
}

/// What an agent may reach over the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Everything.
    #[default]
    Open,
    /// The hosts of the list, through our own proxy.
    Allow,
}
