//! Where a night would run: the repository with its configuration and its contract, as the user's
//! checkout has them now.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
    thread,
};

use crate::{
    config::{self, Config, Environment, NoStateFolder},
    diagnostic::{Diagnostic, Severity, Source},
    layout::{Layout, PathContext, PathError},
    policy::{self, BadGlob, Policy},
    repo::{self, Found, LocateError},
    sandbox::{Engine, NoEngine},
};

/// The name of the configuration file in the repository's root.
pub const CONFIG: &str = "nightshift.toml";

/// A repository with its configuration and contract.
#[derive(Debug)]
pub struct Site {
    /// The repository.
    pub found: Found,
    /// Where its state lives.
    pub layout: Layout,
    /// The environment of this process.
    pub environment: Environment,
    /// What `nightshift.toml` says; defaults when it is missing.
    pub config: Config,
    /// BLAKE3 of its text, hexadecimal.
    pub config_hash: String,
    /// Whether there is a `nightshift.toml`.
    pub configured: bool,
    /// The contract, protected files included.
    pub policy: Policy,
    /// Whether the contract's file is there; otherwise the default contract holds.
    pub contracted: bool,
    /// The contract's text.
    pub contract: String,
    /// What is wrong in these two files.
    pub diagnostics: Vec<Diagnostic>,
    /// What confines here, once it was looked for.
    engine: OnceLock<Result<Engine, NoEngine>>,
}

/// Why a site cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// There is no repository to work in.
    #[error(transparent)]
    Locate(#[from] LocateError),
    /// A file is there and cannot be read.
    #[error(transparent)]
    Io(#[from] PathError),
    /// There is no folder for rooms.
    #[error(transparent)]
    NoHome(#[from] NoStateFolder),
    /// A protected path is no glob; configuration is checked before, so this is rare.
    #[error("a glob under `protect` cannot be used")]
    Protect(#[source] BadGlob),
}

impl Site {
    /// Opens the site that a folder belongs to.
    ///
    /// # Errors
    /// There is no repository, or one of its files cannot be read.
    pub fn open(start: &Path, environment: Environment) -> Result<Self, SiteError> {
        let found = repo::locate(start)?;
        let rooms_home = environment.rooms_home()?;
        let layout = Layout::new(&found.root, &rooms_home);
        let config_text = read(&found.root.join(CONFIG))?;
        let configured = config_text.is_some();
        let source = Source::new(CONFIG, config_text.unwrap_or_default());
        let (config, mut diagnostics) = config::parse(&source);
        let config_hash = blake3::hash(source.text.as_bytes()).to_hex().to_string();

        let policy_text = read(&found.root.join(&config.policy))?;
        let contracted = policy_text.is_some();
        let text = policy_text.unwrap_or_else(|| Policy::default_text().to_owned());
        let (policy, problems) =
            policy::parse(&Source::new(PathBuf::from(&config.policy), text.clone()));
        diagnostics.extend(problems);
        let policy = policy
            .with_protected(&config.gate.protect)
            .map_err(SiteError::Protect)?;
        Ok(Self {
            found,
            layout,
            environment,
            config,
            config_hash,
            configured,
            policy,
            contracted,
            contract: text,
            diagnostics,
            engine: OnceLock::new(),
        })
    }

    /// Returns what confines agents and gates here. The first call tries it on a child.
    ///
    /// # Errors
    /// Nothing does, or not what the configuration names.
    pub fn engine(&self) -> Result<&Engine, &NoEngine> {
        self.engine.get_or_init(|| self.find_engine()).as_ref()
    }

    fn find_engine(&self) -> Result<Engine, NoEngine> {
        let failed = |error: io::Error| NoEngine(vec![error.to_string()]);
        let program = std::env::current_exe().map_err(failed)?;
        let find = || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(failed)?;
            runtime.block_on(Engine::find(
                self.config.sandbox.engine,
                &self.environment.path,
                &program,
                &self.layout.rooms().join("probe"),
            ))
        };
        // A thread of its own, because the caller may be on a runtime already.
        thread::scope(|scope| scope.spawn(find).join())
            .unwrap_or_else(|_panic| Err(NoEngine(vec!["the probe broke".to_owned()])))
    }

    /// Returns the diagnostics that forbid a night.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

fn read(path: &Path) -> Result<Option<String>, PathError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at("read", path),
    }
}
