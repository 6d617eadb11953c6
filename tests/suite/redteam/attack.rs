//! One attack as data, and how a table of them is played.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scene::Scene;

/// What is looked at from outside after the night; `Err` says what was reached.
pub(super) type Look = fn(&Scene) -> Result<(), String>;

/// One attack. In all texts `@HOME@`, `@REPO@`, `@SHARED@`, `@OUT@`, `@ROOMS@`, `@VICTIM@`,
/// `@TCP@`, `@UDP@` and `@ABSTRACT@` are what they are on its bed, see `scene.rs`.
#[derive(Clone, Copy)]
pub(super) struct Attack {
    /// What it tries, in a few words.
    pub(super) name: &'static str,
    /// Run by `sh` in the bench.
    pub(super) script: &'static str,
    /// The outcomes that its ticket may have, `|` between them.
    pub(super) outcome: &'static str,
    /// What the journal or the report says of it; empty where it could not be noticed.
    pub(super) told: &'static [&'static str],
    /// Lines for `[sandbox]`.
    pub(super) sandbox: &'static str,
    /// Lines for `[gate]`, the command among them.
    pub(super) gate: &'static str,
    /// More of the configuration.
    pub(super) config: &'static str,
    /// Files of the user's, committed before the night.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// The script of the ticket after it.
    pub(super) next: Option<&'static str>,
    /// Whether the user's repository has a submodule at `vendor/own`.
    pub(super) submodule: bool,
    /// Whether the script gets to its end.
    pub(super) ends: bool,
    /// See [`Look`].
    pub(super) look: Look,
}

impl Attack {
    /// An attack that comes to nothing: its ticket lands as any other.
    pub(super) const fn new(name: &'static str, script: &'static str) -> Self {
        Self {
            name,
            script,
            outcome: "done",
            told: &[],
            sandbox: "",
            gate: "run = \"true\"\n",
            config: "",
            files: &[],
            next: None,
            submodule: false,
            ends: true,
            look: |_| Ok(()),
        }
    }

    pub(super) const fn comes_to(mut self, outcome: &'static str) -> Self {
        self.outcome = outcome;
        self
    }

    pub(super) const fn told(mut self, told: &'static [&'static str]) -> Self {
        self.told = told;
        self
    }

    pub(super) const fn sandbox(mut self, lines: &'static str) -> Self {
        self.sandbox = lines;
        self
    }

    pub(super) const fn gate(mut self, lines: &'static str) -> Self {
        self.gate = lines;
        self
    }

    pub(super) const fn config(mut self, tables: &'static str) -> Self {
        self.config = tables;
        self
    }

    pub(super) const fn files(mut self, files: &'static [(&'static str, &'static str)]) -> Self {
        self.files = files;
        self
    }

    pub(super) const fn next(mut self, script: &'static str) -> Self {
        self.next = Some(script);
        self
    }

    pub(super) const fn submodule(mut self) -> Self {
        self.submodule = true;
        self
    }

    /// The script does not get to its end.
    pub(super) const fn cut_off(mut self) -> Self {
        self.ends = false;
        self
    }

    pub(super) const fn look(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// Plays it and returns everything that is not as it should be.
    fn play(&self) -> Vec<String> {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let scene = Scene::play(self);
            let mut wrong = scene.own(self);
            wrong.extend(scene.general());
            wrong
        }));
        played.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            vec![text.unwrap_or_else(|| "panicked".to_owned())]
        })
    }
}

/// Plays all, and fails with everything that went wrong in any.
#[track_caller]
pub(super) fn play(attacks: &[Attack]) {
    let only = std::env::var("REDTEAM_ONLY").unwrap_or_default();
    let mut failed = Vec::new();
    for attack in attacks.iter().filter(|attack| attack.name.contains(&only)) {
        let wrong = attack.play();
        if !wrong.is_empty() {
            failed.push(format!("{}:\n    {}", attack.name, wrong.join("\n    ")));
        }
    }
    assert!(failed.is_empty(), "\n{}\n", failed.join("\n"));
}
