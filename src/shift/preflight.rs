//! What is looked at before a night: what forbids it, and which guarantees are off.
//!
//! A guarantee that is off is said at start and in the report: never a silent gap.

use std::path::Path;

use super::{outlook, site::Site};
use crate::{
    backlog, clock,
    config::{GatePlace, HarnessKind, Network},
    harness::{self, Proof, Readiness},
    process,
    repo::{self, Finding, Fit},
    sandbox::{Engine, HostList},
};

/// What was found before a night.
#[derive(Debug, Clone)]
pub struct Preflight {
    /// What forbids the night.
    pub refusals: Vec<Refusal>,
    /// Every guarantee that is off, as sentences.
    pub blind_spots: Vec<String>,
    /// The repository, as doctor sees it.
    pub findings: Vec<Finding>,
    /// What is known that could stop the night, as sentences.
    pub outlook: Vec<String>,
    /// Each harness that the configuration names, with whether it can run.
    pub harnesses: Vec<(String, Readiness)>,
}

/// Something that forbids the night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What, as a sentence without a full stop.
    pub what: String,
    /// What to do, as a sentence without a full stop.
    pub remedy: String,
    /// Whether a file of the user's is wrong, rather than the machine.
    pub configuration: bool,
}

impl Site {
    /// Looks at everything that a night needs. Starts no agent and runs no gate.
    pub fn preflight(&self, rehearsal: bool) -> Preflight {
        let findings = repo::examine(&self.found);
        let harnesses = self.harnesses();
        let mut refusals = Vec::new();
        for finding in findings
            .iter()
            .filter(|finding| finding.verdict == Fit::Refused)
        {
            refusals.push(Refusal {
                what: format!("{}: {}", finding.what, finding.why),
                remedy: finding.remedy.clone(),
                configuration: false,
            });
        }
        let errors = self.errors().count();
        if errors > 0 {
            refusals.push(Refusal {
                what: format!(
                    "{} and {} have {errors} error{}",
                    super::CONFIG,
                    self.config.policy,
                    if errors == 1 { "" } else { "s" }
                ),
                remedy: "mend them; `nightshift check` shows each".to_owned(),
                configuration: true,
            });
        }
        refusals.extend(self.untrusted(errors));
        if let Err(error) = backlog::find_folder(&self.found.root, &self.config.backlog) {
            refusals.push(Refusal {
                remedy: error.hint(),
                what: error.to_string(),
                configuration: true,
            });
        }
        if !rehearsal {
            refusals.extend(self.no_agent(&harnesses));
        }
        refusals.extend(self.no_engine());
        refusals.extend(self.no_hosts());
        let blind_spots = self.blind_spots(&findings, rehearsal);
        Preflight {
            refusals,
            blind_spots,
            findings,
            outlook: self.outlook(),
            harnesses,
        }
    }

    /// A file with errors runs nothing, and what it would run cannot be told.
    fn untrusted(&self, errors: usize) -> Option<Refusal> {
        let what = match self.trust() {
            Ok(trust) if trust.standing.is_trusted() || errors > 0 => return None,
            Ok(trust) => trust.standing.to_string(),
            Err(error) => error.to_string(),
        };
        Some(Refusal {
            what,
            remedy: "`nightshift trust` shows what they would run, and records that you trust them"
                .to_owned(),
            configuration: true,
        })
    }

    /// Looks at what could stop a night that nothing forbids.
    fn outlook(&self) -> Vec<String> {
        let mut found: Vec<_> = outlook::on_battery(Path::new(outlook::POWER))
            .into_iter()
            .collect();
        let wanted = self.policy.breakers().free_disk_bytes;
        let folders = [self.found.root.as_path(), self.layout.rooms()];
        let places = folders
            .into_iter()
            .filter_map(|at| at.ancestors().find(|at| at.exists()));
        let mut disks: Vec<_> = places
            .filter_map(|at| outlook::disk(at, wanted))
            .map(|low| low.what)
            .collect();
        disks.dedup();
        found.append(&mut disks);
        let length = self.config.night.length;
        let now = clock::now().at;
        for name in &self.config.agent.harness {
            if let (Some(config), Some(home)) =
                (self.config.harness.get(name), &self.environment.home)
            {
                found.extend(outlook::login(name, config, home, now, length));
            }
        }
        found
    }

    fn harnesses(&self) -> Vec<(String, Readiness)> {
        let path = &self.environment.path;
        self.config
            .harness
            .iter()
            .map(|(name, config)| {
                (
                    name.clone(),
                    harness::ready(name, config, path, &self.found.root),
                )
            })
            .collect()
    }

    fn no_engine(&self) -> Option<Refusal> {
        let (what, remedy) = match self.engine() {
            Err(error) => (
                format!("agents and gates cannot be confined: {error}"),
                "install bubblewrap, or write `engine = \"off\"` under `[sandbox]` in nightshift.toml to run them unconfined",
            ),
            Ok(Engine::Landlock | Engine::Off)
                if rustix::process::geteuid().is_root() && !self.config.sandbox.allow_root =>
            {
                (
                    "nightshift runs as root, without a user namespace around agents and gates"
                        .to_owned(),
                    "run it as another user, install bubblewrap, or write `allow_root = true` under `[sandbox]`",
                )
            }
            Ok(_) => return None,
        };
        Some(Refusal {
            what,
            remedy: remedy.to_owned(),
            configuration: false,
        })
    }

    /// What forbids the list of hosts.
    fn no_hosts(&self) -> Option<Refusal> {
        let config = &self.config.sandbox;
        if let Err(error) = HostList::parse(&config.hosts) {
            return Some(Refusal {
                what: format!("`hosts` under `[sandbox]`: {error}"),
                remedy: "name hosts as in `registry.npmjs.org`".to_owned(),
                configuration: true,
            });
        }
        match self.engine() {
            Ok(engine @ (Engine::Landlock | Engine::Off)) if config.network == Network::Allow => {
                Some(Refusal {
                    what: format!(
                        "`network = \"allow\"` needs bubblewrap, and the engine is \"{}\"",
                        engine.name()
                    ),
                    remedy: "install bubblewrap, or write `network = \"open\"`".to_owned(),
                    configuration: false,
                })
            }
            _ => None,
        }
    }

    fn no_agent(&self, harnesses: &[(String, Readiness)]) -> Option<Refusal> {
        let wanted = &self.config.agent.harness;
        if wanted.is_empty() {
            return Some(Refusal {
                what: "no agent is named".to_owned(),
                remedy: if self.configured {
                    "set `harness` under `[agent]` in nightshift.toml".to_owned()
                } else {
                    "run `nightshift init`, which looks for agents and writes nightshift.toml"
                        .to_owned()
                },
                configuration: true,
            });
        }
        let ready = |name: &String| harnesses.iter().any(|(known, r)| known == name && r.ok);
        if wanted.iter().any(ready) {
            return None;
        }
        let mut missing = Vec::new();
        let mut configuration = false;
        for name in wanted {
            match harnesses.iter().find(|(known, _)| known == name) {
                Some((_, readiness)) => missing.push(readiness.what.clone()),
                None => {
                    configuration = true;
                    missing.push(format!("`[harness.{name}]` is not configured"));
                }
            }
        }
        Some(Refusal {
            what: format!("no agent is ready: {}", missing.join("; ")),
            remedy: "install it, or name another under `[agent]` in nightshift.toml".to_owned(),
            configuration,
        })
    }

    fn blind_spots(&self, findings: &[Finding], rehearsal: bool) -> Vec<String> {
        let mut spots = Vec::new();
        // Without one the night is refused.
        if let Ok(engine) = self.engine() {
            spots.extend(engine.blind_spots());
        }
        if !rehearsal {
            for name in &self.config.agent.harness {
                let Some(config) = self.config.harness.get(name) else {
                    continue;
                };
                let judged = harness::capabilities(config).hard_deny != Proof::No;
                if !judged && !matches!(config.kind, HarnessKind::Script { .. }) {
                    spots.push(format!(
                        "The tool calls of `{name}` are not judged before they run."
                    ));
                }
            }
        }
        if process::wakekeeper().is_none() {
            spots.push("The machine may fall asleep: there is no `systemd-inhibit` with a running systemd, and no `caffeinate`, to keep it awake.".to_owned());
        }
        if self.config.gate.place == GatePlace::Bench {
            spots.push("Gates run in the agent's own bench (`where = \"bench\"`): what it left there may sway them.".to_owned());
        }
        if self.config.gate.protect.is_empty() {
            spots.push("No file is protected (`protect` under `[gate]` is empty): an agent may change what judges it. Changed tests are named in the report.".to_owned());
        }
        if !self.contracted {
            spots.push(format!(
                "There is no {}: the default contract holds.",
                self.config.policy
            ));
        }
        for finding in findings
            .iter()
            .filter(|finding| finding.verdict == Fit::Note)
        {
            spots.push(format!("{}: {}.", finding.what, finding.why));
        }
        spots
    }
}
