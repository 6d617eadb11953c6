//! One night: a repository with a bare `origin` beside it, the real binary, one CLI, one script.

use std::{fs, path::PathBuf};

use serde_json::Value;

use super::{agents::Agent, install};
use crate::{
    bed::{Bed, Said},
    hostile,
    model::{Model, Turn},
};

/// A night to be, and after [`Night::run`] what came of it.
pub(super) struct Night {
    pub(super) bed: Bed,
    pub(super) model: Model,
    agent: &'static Agent,
    programs: PathBuf,
}

/// What the night may last, and how long its agent may be still.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) silence: &'static str,
    pub(super) length: &'static str,
}

impl Night {
    /// Makes ready a night with one ticket, `a`; `None` when there are no CLIs to be had.
    pub(super) fn new(agent: &'static Agent, limits: Limits, script: Vec<Turn>) -> Option<Self> {
        let programs = install::programs()?.to_owned();
        let bed = Bed::new();
        let model = Model::serve(script);
        let url = model.url();
        let night = Self {
            bed,
            model,
            agent,
            programs,
        };
        let bed = &night.bed;
        for (path, text) in (agent.files)(&url) {
            let path = bed.home().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        night
            .nightshift(&["init", "--harness", agent.name, "--gate", "test -e README"])
            .code(0);
        night.configure(limits, &url);
        bed.ticket("a", "attempts: 1", "Write the note.");
        bed.commit("the backlog");
        let origin = bed.home().join("origin.git");
        let origin = origin.to_str().unwrap();
        bed.git(&["clone", "-q", "--bare", ".", origin]);
        bed.git(&["remote", "add", "origin", origin]);
        Some(night)
    }

    /// Puts into the table of `init` what a user would: where the model is, and shorter limits.
    fn configure(&self, limits: Limits, url: &str) {
        let mut config: toml::Table = self.bed.read("nightshift.toml").parse().unwrap();
        let string = |text: &str| toml::Value::String(text.to_owned());
        let agent = config["agent"].as_table_mut().unwrap();
        agent.insert("model".into(), string(self.agent.model));
        agent.insert("timeout".into(), string("120s"));
        agent.insert("silence".into(), string(limits.silence));
        let harness = config["harness"][self.agent.name].as_table_mut().unwrap();
        let env = harness
            .entry("env")
            .or_insert_with(|| toml::Table::new().into());
        let env = env.as_table_mut().unwrap();
        for (name, value) in (self.agent.env)(url) {
            env.insert(name.into(), string(&value));
        }
        // Whoever asks for anything but the model finds a door that is shut.
        let shut = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
        for name in shut.iter().filter(|_| self.agent.spares_loopback) {
            env.insert((*name).into(), string("http://127.0.0.1:9"));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            env.insert(name.into(), string("127.0.0.1,localhost"));
        }
        let night = config["night"].as_table_mut().unwrap();
        night.insert("length".into(), string(limits.length));
        self.bed.write("nightshift.toml", &config.to_string());
    }

    /// Runs nightshift with the CLIs on PATH.
    pub(super) fn nightshift(&self, args: &[&str]) -> Said {
        let mut command = self.bed.command(crate::bed::binary());
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.programs.clone()).chain(std::env::split_paths(&path));
        command.env("PATH", std::env::join_paths(folders).unwrap());
        Said::of(&command.args(args).output().unwrap())
    }

    /// Runs the night; afterwards nobody is left, and the remote is as it was.
    #[expect(
        clippy::print_stdout,
        reason = "it is shown when the test fails, and with `--nocapture`"
    )]
    pub(super) fn run(&self) -> Said {
        let before = self.origin();
        let users = self.bed.users();
        let said = self.nightshift(&["run"]);
        println!("{}{}{}", said.out, said.err, self.fact("ended"));
        assert_eq!(
            hostile::left(&self.bed),
            Vec::<String>::new(),
            "processes are left"
        );
        assert_eq!(self.origin(), before, "the remote was moved");
        assert_eq!(self.bed.users(), users, "the user's checkout was written");
        said
    }

    /// The refs of the remote.
    fn origin(&self) -> String {
        let origin = self.bed.home().join("origin.git");
        self.bed
            .git(&["-C", origin.to_str().unwrap(), "for-each-ref"])
    }

    /// The first fact of this name in the journal.
    #[track_caller]
    pub(super) fn fact(&self, name: &str) -> Value {
        let text = self.bed.read(".nightshift/journal/000001.jsonl");
        let found = text.lines().find_map(|line| {
            let record: Value = serde_json::from_str(line).unwrap();
            record["event"].get(name).cloned()
        });
        found.unwrap_or_else(|| panic!("no `{name}` in the journal"))
    }
}
